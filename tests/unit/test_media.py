"""What a file is, is told by its content."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ticketing.service.attachments import safe_name
from ticketing.store import media
from ticketing.store.media import ENDINGS, kind_of

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = f"{OFFICE}wordprocessingml.document", f"{OFFICE}spreadsheetml.sheet"
WORD = b'<Override ContentType="application/' + DOCX.encode()[12:] + b'.main+xml"/>'
SHEET = b'<Override ContentType="application/' + XLSX.encode()[12:] + b'.main+xml"/>'
MACRO = b'<Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as written:
        for name, content in members:
            written.writestr(name, content)
    return made.getvalue()


def docx(
    *more: tuple[str, bytes], types: bytes = WORD, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    members = (("[Content_Types].xml", types), ("word/document.xml", b"<w:document/>"))
    return archive(*members, *more, method=method)


def wav() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 80)
    return made.getvalue()


FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413  # MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes
SHORT_FRAME = b"\xff\xf3\x40\xc4" + b"\0" * 140  # MPEG 2, 32 kbit/s, 22.05 kHz: 144 * 32000 / 44100
TAG = b"ID3\x04\x00\x00\x00\x00\x02\x01" + b"x" * 257

GOOD: dict[str, tuple[str, bytes]] = {
    "jpeg": ("image/jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"x" * 50),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 20),
    "gif": ("image/gif", b"GIF89a" + b"\0" * 20),
    "webp": ("image/webp", b"RIFF\x20\0\0\0WEBPVP8 " + b"\0" * 20),
    "pdf": ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "docx": (DOCX, docx()),
    "docx with pictures": (DOCX, docx(("word/media/a.png", b"\x89PNG" * 2000))),
    "xlsx": (XLSX, archive(("[Content_Types].xml", SHEET), ("xl/workbook.xml", b"<workbook/>"))),
    "mp3": ("audio/mpeg", FRAME * 3),
    "mp3 with a tag": ("audio/mpeg", TAG + FRAME * 2),
    "mp3 with a large tag": (
        "audio/mpeg",
        b"ID3\x03\x00\x00\x00\x08\x00\x00" + b"\0" * 131072 + FRAME * 2,
    ),
    "mp3, mpeg 2": ("audio/mpeg", SHORT_FRAME[:104] + SHORT_FRAME[:104]),
    "wav": ("audio/wav", wav()),
    "m4a": ("audio/mp4", b"\0\0\0\x20ftypM4A \0\0\0\0" + b"\0" * 20),
    "mp4": ("video/mp4", b"\0\0\0\x20ftypisom\0\0\2\0" + b"\0" * 20),
    "amr": ("audio/amr", b"#!AMR\n\x3c" + b"\0" * 31),
    "wide amr": ("audio/amr", b"#!AMR-WB\n" + b"\0" * 31),
    "utf-8": ("text/plain", "路灯不亮\r\n\t第二行 😀".encode()),
    "utf-8 with a mark": ("text/plain", "路灯".encode("utf-8-sig")),
    "gb18030": ("text/plain", "路灯不亮，㐀𠮷".encode("gb18030")),
    "ascii": ("text/plain", b"no light"),
}


@pytest.mark.parametrize("name", GOOD)
def test_kinds_that_are_taken(name: str, tmp_path: Path) -> None:
    kind, content = GOOD[name]
    assert told(tmp_path, content) == kind
    assert kind in ENDINGS


def told(folder: Path, content: bytes) -> str | None:
    file = folder / "no ending"
    file.write_bytes(content)
    return kind_of(file)


def encrypted() -> bytes:
    made = bytearray(docx())
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def lying() -> bytes:
    """A list of members that is said to be 2 MiB long."""
    made = bytearray(docx())
    struct.pack_into("<I", made, len(made) - 10, 2 * 1024 * 1024)
    return bytes(made)


def crowded() -> bytes:
    return docx(*((f"word/{n}", b"") for n in range(media._MEMBERS)), method=zipfile.ZIP_STORED)


BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a program": lambda: b"\x7fELF\2\1\1" + b"\0" * 60,
    "a Windows program": lambda: b"MZ\x90\0\3\0\0\0" + b"\0" * 60,
    "jpeg cut off": lambda: b"\xff\xd8",
    "png without its head": lambda: b"\x89PNG\r\n\x1a\n",
    "an archive": lambda: archive(("a.txt", b"x")),
    "an archive named like a document": lambda: archive(("word/document.xml", b"x")),
    "a document without its types": lambda: docx(types=b"<Types/>"),
    "a document with macros": lambda: docx(types=MACRO),
    "a document with a hidden macro": lambda: docx(("word/vbaProject.bin", b"x")),
    "a document that bursts": lambda: docx(("word/a", b"\0" * 60_000_000)),
    "types that burst": lambda: docx(types=WORD + b" " * 60_000_000),
    "a document that unpacks slowly": lambda: docx(method=zipfile.ZIP_BZIP2),
    "a locked document": encrypted,
    "a list that lies": lying,
    "too many members": crowded,
    "a document cut off": lambda: docx()[:-30],
    "a document with a broken member": lambda: docx().replace(b"PK\x03\x04", b"PK\x03\x05", 2),
    "an odd film": lambda: b"\0\0\0\x20ftypxxxx",
    "an odd sound": lambda: b"RIFF\0\0\0\0AVI LIST",
    "one frame": lambda: FRAME,
    "a tag and no sound": lambda: TAG + b"hello" * 20,
    "nearly a frame": lambda: b"\xff\xfb\xf0\x00" * 300,
    "utf-16": lambda: "路灯不亮".encode("utf-16"),
    "text with a bell": lambda: b"ding \x07",
    "text with an end": lambda: b"a\0b",
    "no text": lambda: b"\x80\x81\xff\xfe" * 10,
    "half a character": lambda: "路灯".encode()[:-1] + b"\xff",
    "text without end": lambda: b"a" * (media._LONGEST_TEXT + 1),
}


@pytest.mark.parametrize("name", BAD)
def test_kinds_that_are_not_taken(name: str, tmp_path: Path) -> None:
    assert told(tmp_path, BAD[name]()) is None


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([b"", b"PK\3\4", b"RIFF", b"ID3", b"\xff\xfb", b"PK\5\6", docx()]),
    rest=st.binary(max_size=200),
)
def test_no_content_is_an_error(start: bytes, rest: bytes, tmp_path: Path) -> None:
    assert told(tmp_path, start + rest) in {None, *ENDINGS}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(docx()) - 1), value=st.integers(0, 255))
def test_a_document_with_one_wrong_byte_is_no_error(place: int, value: int, tmp_path: Path) -> None:
    made = bytearray(docx())
    made[place] = value
    assert told(tmp_path, bytes(made)) in {None, DOCX}


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("照片.JPG", "image/jpeg", "照片.jpg"),
        ("a.jpeg", "image/jpeg", "a.jpeg"),
        ("report.pdf.exe", "application/pdf", "report.pdf.exe.pdf"),
        ("x.html", "text/plain", "x.html.txt"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\用户\\说明.txt", "text/plain", "说明.txt"),
        ("gnp.\u202eexe.png", "image/png", "gnp.exe.png"),
        (' a "b"\r\n<c>: *?|.txt ', "text/plain", "a _b_ _c__ ___.txt"),
        ("", "image/png", "附件.png"),
        ("...", "image/png", "附件.png"),
        (".png", "image/png", "附件.png"),
        ("\0\x01\ud800", "image/png", "附件.png"),
        ("长" * 500 + ".docx", DOCX, "长" * 120 + ".docx"),
        ("e\u0301.png", "image/png", "\u00e9.png"),
    ],
)
def test_names_are_cleaned_and_end_as_their_kind(name: str, kind: str, clean: str) -> None:
    assert safe_name(name, kind) == clean


@given(name=st.text(st.characters(), max_size=300))
def test_every_name_becomes_one_that_can_be_used(name: str) -> None:
    clean = safe_name(name, "text/plain")
    assert clean.endswith(".txt")
    assert clean == clean.strip()
    assert not set(clean) & set('/\\\0\r\n"')
    assert 4 < len(clean) <= 124
    clean.encode()
