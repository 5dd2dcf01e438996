"""Recordings of one's own in the place of prompts, kept in the hotline's home.

Asterisk plays from a folder with a link for each language. It leads to the project's sounds, or,
where a prompt of it was replaced, to a folder with a link for each sound: some of them lead to a
recording of one's own. To replace a prompt is to point links elsewhere, one rename each, so the
next call hears it, and nothing is started anew. The project's sounds are never touched.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ivr import soundfile
from ivr.errors import PromptError
from ivr.prompts import ALIASES, CATALOGUE, FORMATS, LEVEL, SECONDS, Language, P, sound
from speech.fitting import BadRecording, fitted

log = logging.getLogger(__name__)
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Own:
    """Whose recording is in a prompt's place.

    Attributes:
        text: of the prompt when it was recorded.
        who: brought it, and when (``at``, ISO 8601).
        source: the name of the file that was brought.
        licence: whose voice it is, on what terms.
        files: of the recording, each with its SHA-256.
    """

    id: str
    language: str
    text: str
    who: str
    at: str
    source: str
    licence: str
    files: dict[str, str]


class OwnPrompts:
    """The recordings of one hotline.

    Args:
        folder: where they are kept.
        shipped: the project's sounds.
        played: the folder of links that Asterisk plays from; beside it are those with a link for
            each sound.
    """

    def __init__(self, folder: Path, shipped: Path, played: Path) -> None:
        self._folder, self._shipped, self._played = folder, shipped, played
        self._opened = played.with_name(f"{played.name}.own")

    def all(self) -> dict[tuple[P, Language], Own]:
        """The prompts that are replaced, and by what.

        Raises:
            PromptError: the list of them cannot be read.
        """
        try:
            rows = json.loads((self._folder / _MANIFEST).read_text("utf-8"))
            found = [Own(**row) for row in rows]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            raise PromptError(
                f"{self._folder / _MANIFEST} cannot be read: put it back from a backup, or "
                "move the folder away and replace the prompts anew"
            ) from error
        known = {id_.value for id_ in P}
        return {(P(each.id), Language(each.language)): each for each in found if each.id in known}

    def replace(
        self,
        prompt: P,
        language: Language,
        recording: bytes,
        *,
        who: str,
        at: datetime,
        source: str,
        licence: str,
    ) -> Own:
        """Put a recording in a prompt's place, fit for the telephone, as of the next playing.

        Raises:
            BadRecording: it cannot become a prompt.
        """
        made = fitted(recording, FORMATS, piece=CATALOGUE[prompt].clipped)
        with self._alone():
            files = {}
            for ending, data in made.items():
                digest = hashlib.sha256(data).hexdigest()
                # a name of its own: who is playing the one before plays it to its end
                name = f"{language.value}/{prompt.value}-{digest[:12]}.{ending}"
                _write(self._folder / name, data)
                problem = soundfile.problem(self._folder / name, FORMATS[ending], SECONDS, LEVEL)
                if problem:
                    (self._folder / name).unlink()
                    raise BadRecording(f"录音不合要求：{problem}", f"it {problem}")
                files[name] = digest
            text = CATALOGUE[prompt].text(language)
            own = Own(
                prompt.value,
                language.value,
                text,
                who,
                at.isoformat(timespec="seconds"),
                source,
                licence,
                files,
            )
            kept = {**self.all(), (prompt, language): own}
            self._lead(prompt, language, own)
            self._save(kept)
        return own

    def restore(self, prompt: P, language: Language) -> bool:
        """Have the project's own sound again; whether there was another one."""
        with self._alone():
            kept = self.all()
            gone = kept.pop((prompt, language), None)
            if gone is None:
                return False
            self._lead(prompt, language, None)
            self._save(kept)
        return True

    def lay_out(self) -> None:
        """Make the folder that Asterisk plays from, with one's own recordings in it.

        A recording that is damaged is left out, with a warning.
        """
        with self._alone():
            if self._played.is_symlink():
                self._played.unlink()
            replaced = {language.value for _, language in self.all()}
            for folder in self._shipped.iterdir():
                if folder.name in replaced:
                    self._open(folder.name)
                else:
                    _point(self._played / folder.name, folder)
                    shutil.rmtree(self._opened / folder.name, ignore_errors=True)
            for (prompt, language), own in self.all().items():
                if self._whole(own):
                    self._lead(prompt, language, own)
                else:
                    log.warning("prompts: the recording of %s is damaged", prompt.value)

    def file(self, prompt: P, language: Language) -> Path:
        """The sound that is played for a prompt, at 16 kHz."""
        own = self.all().get((prompt, language))
        if own is not None and self._whole(own):
            return self._folder / next(name for name in own.files if name.endswith(".wav16"))
        return self._shipped / language.value / f"{sound(prompt)}.wav16"

    def problems(self) -> list[str]:
        """What is wrong with one's own recordings: one sentence each."""
        found = []
        for (prompt, language), own in self.all().items():
            if not self._whole(own):
                found.append(f"{prompt.value} ({language.value}): the recording is damaged")
            elif own.text != CATALOGUE[prompt].text(language):
                found.append(
                    f"{prompt.value} ({language.value}): the text has changed since; "
                    "record it anew, or restore the project's own"
                )
        return found

    def _whole(self, own: Own) -> bool:
        return all(_digest(self._folder / name) == digest for name, digest in own.files.items())

    def _open(self, language: str) -> None:
        """Make the folder with a link for each sound of a language; it is played from now on."""
        opened = self._opened / language
        shipped = self._shipped / language
        wanted = {file.relative_to(shipped) for file in shipped.rglob("*.wav*")}
        for file in wanted:
            _point(opened / file, shipped / file)
        for link in [each for each in opened.rglob("*") if each.is_symlink()]:
            if link.relative_to(opened) not in wanted:
                link.unlink()
        _point(self._played / language, opened)

    def _lead(self, prompt: P, language: Language, own: Own | None) -> None:
        """Point every name of a prompt at its sound."""
        folder = self._opened / language.value
        if not folder.exists():
            self._open(language.value)
        aliases = [alias for alias, id_ in ALIASES.items() if id_ is prompt]
        for name in (sound(prompt), *aliases):
            for ending in FORMATS:
                target = self._shipped / language.value / f"{name}.{ending}"
                if own is not None:
                    mine = next(each for each in own.files if each.endswith(f".{ending}"))
                    target = self._folder / mine
                _point(folder / f"{name}.{ending}", target)

    def _save(self, kept: dict[tuple[P, Language], Own]) -> None:
        """Write the list; files that nothing in it names go."""
        before = {name for own in self.all().values() for name in own.files}
        rows = [asdict(own) for _, own in sorted(kept.items())]
        text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
        _write(self._folder / _MANIFEST, text.encode())
        named = {name for own in kept.values() for name in own.files}
        for name in before - named:  # one that is open is played to its end
            (self._folder / name).unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, of all processes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _point(link: Path, target: Path) -> None:
    """Point a link at a file by one rename: who looks finds the one before or this one."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # once it held the links
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.new")
    with new.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    new.replace(file)


def _digest(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
