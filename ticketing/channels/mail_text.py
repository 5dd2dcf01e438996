"""Bytes of a mail to text: charsets, encoded headers, nothing invisible.

Hostile input is expected: nothing here fails, and time grows with the length only.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re
import unicodedata

_CHARSETS = {  # codec as Python names it → the superset that is read instead
    "ascii": "utf-8",
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "utf-7": "utf-7",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
    "euc_kr": "cp949",
    "cp949": "cp949",
    "iso2022_kr": "iso2022_kr",
    "euc_jp": "euc_jp",
    "shift_jis": "cp932",
    "cp932": "cp932",
    "iso2022_jp": "iso2022_jp",
    "koi8-r": "koi8-r",
    "cp1251": "cp1251",
    "cp1252": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-15": "iso8859-15",
}
_NAMED = {"ks_c_5601-1987": "cp949", "x-gbk": "gb18030", "unicode-1-1-utf-7": "utf-7"}
_CHARSET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\n]*)\?=")
_BLANKS = re.compile(r"\n{3,}")
_KEPT_FORMAT = "\u200d"  # joins the parts of one emoji


def decode(data: bytes, charset: str = "") -> str:
    """``data`` as text: as declared, else as UTF-8, else as GB18030, else with U+FFFD."""
    declared = _codec(charset)
    for codec in dict.fromkeys((declared, "utf-8", "gb18030")):
        if codec is not None:
            try:
                return data.decode(codec)
            except UnicodeError:
                continue
    return data.decode(declared or "utf-8", errors="replace")


def decode_header(value: str, longest: int = 2000) -> str:
    """A header's text on one line, its encoded words decoded.

    Neighbouring words of one charset are joined before they are decoded, since senders cut
    between the bytes of one character.
    """
    text = value[: longest * 4]
    found: list[str] = []
    pending: tuple[str, bytes] | None = None
    end = 0
    for word in _WORD.finditer(text):
        between = text[end : word.start()]
        charset, data = word[1].partition("*")[0], _word_bytes(word[2], word[3])
        if pending and pending[0].lower() == charset.lower() and not between.strip():
            pending = (charset, pending[1] + data)
        else:
            if pending:
                found.append(decode(pending[1], pending[0]))
            if between.strip() or not pending:
                found.append(between)
            pending = (charset, data)
        end = word.end()
    if pending:
        found.append(decode(pending[1], pending[0]))
    found.append(text[end:])
    return one_line("".join(found))[:longest]


def one_line(text: str) -> str:
    """``text`` with each run of white space as one space, and nothing invisible."""
    return " ".join(clean(text).split())


def clean(text: str) -> str:
    """``text`` with Unix line ends, at most one blank line in a row, and nothing invisible."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    shown = "".join(
        c
        for c in lines
        if c in "\n\t" or c == _KEPT_FORMAT or unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
    )
    return _BLANKS.sub("\n\n", "\n".join(line.rstrip() for line in shown.split("\n"))).strip()


def _codec(charset: str) -> str | None:
    """The codec for a declared charset. Only known ones: some codecs of Python's are traps."""
    name = charset.strip().strip("\"'").lower()
    if not _CHARSET_NAME.fullmatch(name):
        return None
    if name in _NAMED:
        return _NAMED[name]
    try:
        return _CHARSETS.get(codecs.lookup(name).name)
    except (LookupError, ValueError):
        return None


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(data, header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:
        return data
