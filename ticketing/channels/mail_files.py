"""What is attached to a mail, and what of it is taken over: by content, not by name."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from ticketing.channels.mail_text import decode, one_line

LONGEST_NAME = 120  # characters
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')
_STARTS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
)
_OFFICE = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_NAMES = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".wps": "application/vnd.ms-works",
}
_FTYP = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one mail is taken over; sizes in bytes."""

    mail: int = 25 * 1024 * 1024
    files: int = 20
    file: int = 10 * 1024 * 1024
    text: int = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail. Attributes: type: media type, told by its content."""

    name: str
    type: str
    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that was not taken over. Attributes: reason: ``type``, ``size`` or ``count``."""

    name: str
    size: int
    reason: str


def safe_name(name: str) -> str:
    """``name`` without folders and characters that file systems refuse; never empty."""
    plain = _UNSAFE.sub("_", one_line(name)).strip(" .")
    if len(plain) > LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        ending = f"{dot}{ending}" if dot and len(ending) <= 10 else ""
        plain = (stem if ending else plain)[: LONGEST_NAME - len(ending)] + ending
    return plain or "attachment"


def media_type(data: bytes, name: str) -> str | None:
    """The type that the content shows; None when it is none that is taken over."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    if data[4:8] == b"ftyp":
        return _FTYP.get(data[8:12], "video/mp4")
    if data.startswith(_OLE):
        return _OLE_NAMES.get(_ending(name))
    if data.startswith(b"PK\x03\x04"):
        office = next((kind for part, kind in _OFFICE.items() if part in data), None)
        return office if b"vbaProject" not in data else None
    if _ending(name) in {".txt", ".csv"} and b"\0" not in data:
        return None if "\ufffd" in decode(data) else "text/plain"
    return None


def _ending(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}"
