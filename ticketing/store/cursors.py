"""Where a page of a list ended: a key and the id of its last row, as one opaque text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from ticketing.domain.errors import BadCursor

Key = TypeVar("Key")
_MOST_DIGITS = 18  # what both databases take as a number


def write(key: str, number: int) -> str:
    """The cursor after the row of this sort key and id."""
    return base64.urlsafe_b64encode(f"{key} {number}".encode()).decode().rstrip("=")


def read(cursor: str, parse: Callable[[str], Key]) -> tuple[Key, int]:
    """The sort key and id that `write` was given.

    Args:
        parse: reads the key; raises ValueError when it cannot be one.

    Raises:
        BadCursor: it is not one of ours.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        plain = base64.b64decode(padded, b"-_", validate=True).decode("ascii")
        key, _, number = plain.rpartition(" ")
        if number.isdigit() and len(number) <= _MOST_DIGITS:
            return parse(key), int(number)
    except ValueError:  # also binascii.Error and UnicodeError
        pass
    raise BadCursor("this cursor is not one of ours; ask again without it")


def write_moment(at: datetime, name: str) -> str:
    """The cursor after the row of this moment and id; the id is ASCII without spaces."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {name}".encode()).decode().rstrip("=")


def read_moment(cursor: str) -> tuple[datetime, str]:
    """The moment and id that `write_moment` was given.

    Raises:
        BadCursor: it is not one of ours.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        moment, space, name = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        at = datetime.fromisoformat(moment)
        if space and name.isascii() and name.isprintable() and at.utcoffset() == timedelta(0):
            return at, name
    except ValueError:  # also binascii.Error and UnicodeError
        pass
    raise BadCursor("this cursor is not one of ours; ask again without it")
