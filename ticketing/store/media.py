"""What a file is, told by its content; never by its name or by what its sender says.

Only kinds that a citizen or a unit has a use for are known. An office file is looked into, but
hardly anything of it is unpacked, so that one made to burst does no harm.
"""

from __future__ import annotations

import os
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

# Kind → the endings of a name that fit it; the first is given to a name that has none of them.
ENDINGS: dict[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/mp4": (".m4a",),
    "video/mp4": (".mp4",),
    "audio/amr": (".amr",),
    "text/plain": (".txt",),
}
_STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-1.", "application/pdf"),
    (b"%PDF-2.", "application/pdf"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_FTYP = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"} | dict.fromkeys(
    (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"),
    "video/mp4",
)
_HEAD = 64 * 1024

_LONGEST_TEXT = 2 * 1024 * 1024
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_NOTHING = {"Cn", "Cs", "Co"}  # not assigned, half a character, private

_END = b"PK\x05\x06"
_END_SIZE = 22
_ZIP64 = b"PK\x06\x07"
_ZIP64_SIZE = 20
_DIRECTORY = 1024 * 1024  # bytes of a list of members that are read
_MEMBERS = 5000
_UNPACKED = 512 * 1024 * 1024
_RATIO = 200
# what `zipfile` raises for an archive that is damaged; OSError for places before its beginning
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    KeyError,
    ValueError,
    EOFError,
    OSError,
)
_TYPES = "[Content_Types].xml"
_OFFICE = (
    ("word/document.xml", b"wordprocessingml.document.main+xml", ".docx"),
    ("xl/workbook.xml", b"spreadsheetml.sheet.main+xml", ".xlsx"),
)


def kind_of(file: Path) -> str | None:
    """The kind of a file, one of `ENDINGS`; None when it is none of them, or broken.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
        for start, kind in _STARTS:
            if head.startswith(start):
                return kind
        if head[:4] == b"RIFF":
            return _RIFF.get(head[8:12])
        if head[4:8] == b"ftyp":
            return _FTYP.get(head[8:12])
        if head.startswith(b"PK\x03\x04"):
            return _office(stream)
        if _is_mp3(head, lambda place: _at(stream, place)):
            return "audio/mpeg"
        return "text/plain" if _is_text(stream) else None


def _at(stream: BinaryIO, place: int) -> bytes:
    stream.seek(place)
    return stream.read(4)


def _is_mp3(head: bytes, at: Callable[[int], bytes]) -> bool:
    """Two frames of sound, one right behind the other, after the tags if there are any."""
    place = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        size = 0
        for part in head[6:10]:
            size = size << 7 | (part & 0x7F)
        place = 10 + size
    first = _frame(at(place))
    return bool(first) and bool(_frame(at(place + first)))


_KBITS = {  # of layer III: MPEG 1, then MPEG 2 and 2.5
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)


def _frame(header: bytes) -> int:
    """The length of the frame of layer III that ``header`` begins; 0 when it begins none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, bits, rate = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or bits in {0, 15} or rate == 3:
        return 0
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 144 if version == 3 else 72
    return samples * _KBITS[version == 3][bits] * 1000 // hertz + (header[2] >> 1 & 1)


def _is_text(stream: BinaryIO) -> bool:
    """Text in UTF-8 or GB18030, and nothing but text."""
    stream.seek(0)
    data = stream.read(_LONGEST_TEXT + 1)
    if not data or len(data) > _LONGEST_TEXT:
        return False
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not _CONTROLS.search(text) and not any(
            unicodedata.category(character) in _NOTHING for character in set(text)
        )
    return False


def _office(stream: BinaryIO) -> str | None:
    """A text or table document; None for other archives, and for what should not be opened."""
    if not _short_directory(stream):
        return None
    try:
        with zipfile.ZipFile(stream) as archive:
            if not _harmless(archive.infolist()):
                return None
            with archive.open(_TYPES) as types:
                told = types.read(_DIRECTORY)
            names = set(archive.namelist())
    except _BROKEN:
        return None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return None
    for member, kind, ending in _OFFICE:
        if member in names and kind in told:
            return next(name for name, endings in ENDINGS.items() if ending in endings)
    return None


def _short_directory(stream: BinaryIO) -> bool:
    """Whether the list of members is short enough to be read at all."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _END_SIZE - 0xFFFF - _ZIP64_SIZE))
    tail = stream.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        return False
    if tail[max(0, place - _ZIP64_SIZE) :].startswith(_ZIP64):
        return False
    return int.from_bytes(tail[place + 12 : place + 16], "little") <= _DIRECTORY


def _harmless(members: list[zipfile.ZipInfo]) -> bool:
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    return (
        len(members) <= _MEMBERS
        and unpacked <= min(_UNPACKED, _RATIO * (packed + 64 * 1024))
        and len({member.filename for member in members}) == len(members)
        and all(
            member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            and not member.flag_bits & 1
            for member in members
        )
    )
