"""What stands in a path, read as what it is meant to be."""

from __future__ import annotations

from ticketing.domain.errors import NotFound

_MOST_DIGITS = 9


def number_in(text: str, missing: type[NotFound]) -> int:
    """A number in a path.

    Raises:
        missing: it is none, so nothing has it.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise missing(f"{text} is no number")
    return int(text)
