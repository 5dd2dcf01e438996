"""Kinds of fields that the requests for reference data are made of."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any
from unicodedata import category

from pydantic import AfterValidator, BeforeValidator, Field

ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
CODE = r"^[A-Za-z0-9]{1,16}(\.[A-Za-z0-9]{1,16}){0,7}$"
MAYBE_CODE = r"^([A-Za-z0-9]{1,16}(\.[A-Za-z0-9]{1,16}){0,7})?$"
MAYBE_ID = r"^([a-z0-9][a-z0-9._-]{0,63})?$"
PHONE = r"^\+?[0-9][0-9 -]{1,30}$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST, _LATEST = 1900, 2200


def storable(text: str) -> str:
    """No character that a database cannot hold; those of a line's end are good in prose."""
    if any(category(each) in {"Cc", "Cs"} and each not in "\n\r\t" for each in text):
        raise ValueError("a character in it cannot be written here")
    return text


def _one_line(text: str) -> str:
    if any(each in "\n\r\t" for each in text):
        raise ValueError("write it in one line")
    return storable(text)


def _day(value: Any) -> Any:
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise ValueError("write it like 2026-03-01")
        value = date.fromisoformat(value)
        if not _EARLIEST <= value.year <= _LATEST:
            raise ValueError("the day is too far away")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), AfterValidator(_one_line)]
MaybeLine = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Prose = Annotated[
    str, Field(min_length=1, max_length=20_000, pattern=r"\S"), AfterValidator(storable)
]
MaybeProse = Annotated[str, Field(max_length=2_000), AfterValidator(storable)]
