"""HTML of a mail to text, by a small reader of our own whose time grows with the length only."""

from __future__ import annotations

import html
import re

from ticketing.channels.mail_text import clean

LONGEST = 1_000_000  # characters
SEPARATOR = "-----原始邮件-----"

_SKIPPED = frozenset({"script", "style", "title", "template", "noscript", "svg", "math"})
_BLOCK_NAMES = """
address article aside blockquote center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6
header hr includetail li main nav ol p pre section table tbody tfoot thead tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_CELLS = frozenset({"td", "th"})
_TAG = re.compile(r"/?([A-Za-z][A-Za-z0-9:_-]{0,40})")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_REPLY = re.compile(
    r"isReplyContent|divRplyFwdMsg|gmail_quote|ntes-mailmaster-quote|mail_quote|OLK_SRC_BODY"
)


def html_to_text(source: str) -> str:
    """The text of a page, with ``> `` before quoted lines and ``SEPARATOR`` before an old mail."""
    shown = _Shown()
    place, text = 0, source[:LONGEST]
    while (start := text.find("<", place)) >= 0:
        shown.text(text[place:start])
        name = _TAG.match(text, start + 1)
        if name is None and text[start + 1 : start + 2] not in {"!", "?", "/"}:
            shown.text("<")
            place = start + 1
            continue
        comment = text.startswith("<!--", start)
        end = text.find("-->" if comment else ">", start + (4 if comment else 1))
        if end < 0:  # never closed: what follows is no tag
            place = start if name else len(text)
            break
        place = end + (3 if comment else 1)
        if name is None:
            continue
        word, tag = name[1].lower(), text[start + 1 : end]
        if word in _SKIPPED and not tag.startswith("/") and not tag.endswith("/"):
            place = _after(text, word, place)
        else:
            shown.tag(word, tag)
    shown.text(text[place:])
    return shown.done()


def _after(text: str, name: str, place: int) -> int:
    """Where the element ``name`` ends; the end of the text when it does not."""
    closing = re.compile(rf"</{name}[^>]{{0,20}}>", re.IGNORECASE).search(text, place)
    return closing.end() if closing else len(text)


class _Shown:
    """Collects the lines that a reader sees."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0

    def text(self, source: str) -> None:
        if source:
            self._line.append(_SPACE.sub(" ", _unescaped(source)))

    def tag(self, name: str, tag: str) -> None:
        closing = tag.startswith("/")
        if name == "br":
            self._end(keep=True)
        elif name in _BLOCKS:
            self._end()
            if name == "blockquote":
                self._quotes = max(0, self._quotes + (-1 if closing else 1))
            elif name == "li" and not closing:
                self._line.append("· ")
        elif name in _CELLS and not closing:
            self._line.append("\t")
        if not closing and (name == "includetail" or _REPLY.search(tag[:500])):
            self._end()
            self._lines.append(SEPARATOR)

    def _end(self, *, keep: bool = False) -> None:
        line = "".join(self._line).strip(" \t")
        self._line = []
        if line or keep:
            self._lines.append(f"> {line}" if self._quotes else line)

    def done(self) -> str:
        self._end()
        return clean("\n".join(self._lines))


def _unescaped(source: str) -> str:
    try:
        return html.unescape(source).replace("\u00a0", " ")
    except ValueError:  # a character number of thousands of digits
        return source
