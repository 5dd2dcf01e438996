"""What the carrier tells of the numbers of a call (T2). Pure.

The citizen dials 12345, or an old number that its owner forwards to us. The carrier says so in the
``Diversion`` (RFC 5806) or ``History-Info`` (RFC 7044) header; both may name several numbers. Which
line that is, is the number plan's business (``ticketing.domain.lines``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

HOTLINE = "12345"
LONGEST_HEADER = 4096
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ADDRESS = re.compile(r"<([^<>]*)>")
_URI_USER = re.compile(r"\s*(?:sips?|tel):(\+?[^@;?>\s]+)", re.IGNORECASE)
_BARE = re.compile(r"\s*(\+?[0-9][0-9\-. ()]*)(?:;|$)")
_DIGITS = re.compile(r"[0-9]{3,15}")
_INDEX = re.compile(r";\s*index\s*=\s*([0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signalled:
    """The numbers that came with a call, in plain digits.

    Attributes:
        dialled: the number in the request.
        diversions: the numbers that forwarded the call, the oldest first.
        history: the numbers it was sent to before, the oldest first.
    """

    dialled: str
    diversions: tuple[str, ...] = ()
    history: tuple[str, ...] = ()


def signalled(called: str, diversion: str = "", history: str = "") -> Signalled:
    """Read the called number and the carrier's headers.

    Args:
        called: the number in the request, as the carrier sent it.
        diversion: all ``Diversion`` values, newest first, joined by commas; may be hostile.
        history: all ``History-Info`` values, joined by commas; may be hostile.
    """
    dialled = plain(called) or HOTLINE
    before = _history(history)
    if before and before[-1] == dialled:  # the request itself
        before = before[:-1]
    return Signalled(dialled, _diversions(diversion), before)


def plain(number: str) -> str:
    """A number without separators, ``+`` and China's country code: ``+86 12333`` → ``12333``."""
    digits = re.sub(r"[\s\-().]", "", number)
    if digits.startswith("+86"):
        digits = digits[3:]
    elif digits.startswith("0086"):
        digits = digits[4:]
    digits = digits.removeprefix("+")
    return digits if _DIGITS.fullmatch(digits) else ""


def _diversions(header: str) -> tuple[str, ...]:
    numbers = [_number(part) for part in _split(header)]
    return tuple(number for number in reversed(numbers) if number)


def _history(header: str) -> tuple[str, ...]:
    """By their index where there is one, else as they stand."""
    entries = []
    for place, part in enumerate(_split(header)):
        number = _number(part)
        if number:
            index = _INDEX.search(part)
            steps = index.group(1).strip(".").split(".") if index else []
            order = [int(step) for step in steps if step and len(step) < 6]
            entries.append((order or [place + 1], number))
    return tuple(number for _, number in sorted(entries))


def _number(part: str) -> str:
    """The number of one address; what stands in a display name is none."""
    text = _QUOTED.sub("", part)
    address = _ADDRESS.search(text)
    text = address.group(1) if address else text
    found = _URI_USER.match(text) or (_BARE.match(text) if ":" not in text else None)
    return plain(unquote(found.group(1))) if found else ""


def _split(header: str) -> list[str]:
    """Split a header at the commas that are not inside quotes or angle brackets."""
    parts, current, quoted, escaped, depth = [], "", False, False, 0
    for character in header[:LONGEST_HEADER]:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "<>":
            depth = 1 if character == "<" else 0
        if character == "," and not quoted and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]
