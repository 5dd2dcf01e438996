"""Unpacks an archive that need not be well meant: nothing lands outside, nothing grows for ever."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from speech.ports import SpeechError

MOST_FILES = 10_000
MOST_BYTES = 8 << 30
LARGEST_RATIO = 200  # of what is unpacked to the archive itself
_PIECE = 1 << 20
_SMALL = 1 << 20  # up to here a ratio says nothing


class BadArchive(SpeechError):
    """An archive is damaged, or unpacking it would do harm."""

    id = "bad_archive"


def unpack(archive: Path, target: Path, *, within: str = "", most: int = MOST_BYTES) -> None:
    """Unpack a ZIP into ``target``; a single folder that holds all of it is left out.

    Args:
        within: take only what is below this folder of the archive.
        most: bytes that may come out.

    Raises:
        BadArchive: it is no ZIP, is damaged, or holds what would do harm.
    """
    try:
        with zipfile.ZipFile(archive) as zip_:
            members = [each for each in zip_.infolist() if not each.is_dir()]
            names = {each: _safe(each) for each in members}
            top = PurePosixPath(within) if within else _common(names.values())
            chosen = [(e, p.relative_to(top)) for e, p in names.items() if p.is_relative_to(top)]
            if not chosen or len(members) > MOST_FILES:
                raise BadArchive(f"{archive.name}: it holds nothing of use, or too many files")
            left = min(most, max(archive.stat().st_size * LARGEST_RATIO, _SMALL))
            for member, path in chosen:
                left = _one(zip_, member, target / path, left, archive.name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadArchive(f"{archive.name}: it cannot be unpacked ({error})") from error


def _safe(member: zipfile.ZipInfo) -> PurePosixPath:
    """A member's path, when it stays below the folder it is unpacked into."""
    name = member.filename
    path = PurePosixPath(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    leads_out = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
    if leads_out or not path.parts or kind not in {0, stat.S_IFREG} or not name.isprintable():
        raise BadArchive(f"it holds a path that leads out, or a link: {name[:80]!r}")
    return path


def _common(paths: Iterable[PurePosixPath]) -> PurePosixPath:
    """The folder that holds everything, or the root."""
    tops = {path.parts[0] if len(path.parts) > 1 else "" for path in paths}
    return PurePosixPath(tops.pop()) if len(tops) == 1 else PurePosixPath()


def _one(zip_: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path, left: int, name: str) -> int:
    """Unpack one file, counting what really comes out; gives what may still come."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with zip_.open(member) as source, file.open("xb") as out:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise BadArchive(f"{name}: far more would come out of it than any model holds")
            out.write(piece)
    return left
