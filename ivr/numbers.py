"""Which line a call came in on (T2, T3). Pure.

The citizen dials 12345, or an old number that its owner forwards to us. The carrier says so in the
``Diversion`` (RFC 5806) or ``History-Info`` (RFC 7044) header; the number the citizen really
dialled is the oldest one named there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

HOTLINE = "12345"
_URI_USER = re.compile(r"(?:sips?|tel):(\+?[^@;>\s]+)", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{3,15}")
_INDEX = re.compile(r";\s*index\s*=\s*([0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a call reached us.

    Attributes:
        dialled: the number the citizen dialled.
        forwarded_from: the number that was forwarded to us, or None.
        line: the hotline the call counts for.
    """

    dialled: str
    forwarded_from: str | None
    line: str


def arrival(called: str, diversion: str = "", history: str = "") -> Arrival:
    """Tell the line from the called number and the carrier's forwarding headers.

    Args:
        called: the number in the request, as the carrier sent it.
        diversion: all ``Diversion`` values, newest first, joined by commas; may be hostile.
        history: all ``History-Info`` values, joined by commas; may be hostile.
    """
    called = plain(called) or HOTLINE
    original = _oldest_diversion(diversion) or _oldest_history(history)
    if original is None or _same_line(original, called):
        return Arrival(called, None, HOTLINE if _same_line(called, HOTLINE) else called)
    return Arrival(original, original, original)


def plain(number: str) -> str:
    """A number without separators, ``+`` and China's country code: ``+86 12333`` → ``12333``."""
    digits = re.sub(r"[\s\-().]", "", number)
    if digits.startswith("+86"):
        digits = digits[3:]
    elif digits.startswith("0086"):
        digits = digits[4:]
    digits = digits.removeprefix("+")
    return digits if _DIGITS.fullmatch(digits) else ""


def _oldest_diversion(header: str) -> str | None:
    numbers = [_number(part) for part in _split(header)]
    return next((number for number in reversed(numbers) if number), None)


def _oldest_history(header: str) -> str | None:
    entries = []
    for place, part in enumerate(_split(header)):
        number = _number(part)
        if number:
            index = _INDEX.search(part)
            steps = index.group(1).strip(".").split(".") if index else []
            order = [int(step) for step in steps if step and len(step) < 6]
            entries.append((order or [place + 1], number))
    # one entry is only the request itself; a forward needs an older one before it
    return min(entries)[1] if len(entries) > 1 else None


def _number(part: str) -> str | None:
    uri = _URI_USER.search(part)
    return plain(unquote(uri.group(1))) or None if uri else None


def _split(header: str) -> list[str]:
    """Split a header at the commas that are not inside quotes or angle brackets."""
    parts, current, quoted, depth = [], "", False, 0
    for character in header[:4096]:
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "<>":
            depth = 1 if character == "<" else 0
        if character == "," and not quoted and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def _same_line(one: str, other: str) -> bool:
    """``043312345`` is ``12345`` with an area code."""
    return one == other or (one.startswith("0") and one.endswith(other) and len(one) <= 9)
