"""Mainland telephone numbers as people write them, checked and brought into one form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from ticketing.channels.errors import BadPhone
from ticketing.domain.roles import mask_number

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(?:0(?:10|2[0-9]|[3-9][0-9]{2}))?[2-9][0-9]{6,7}")
_COUNTRY = re.compile(r"(?:\+|00)86(?=[0-9])")
_BETWEEN = str.maketrans("", "", " -()\u00a0\u2010\u2011\u2012\u2013\u2014")
_LONGEST = 40


class PhoneKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can exist. ``str()`` of it is masked, for logs.

    Attributes:
        digits: with the area code where one was given, without the country's.
    """

    digits: str
    kind: PhoneKind

    def __str__(self) -> str:
        return mask_number(self.digits)

    def __repr__(self) -> str:
        return f"Phone({mask_number(self.digits)}, {self.kind.value})"


def read_phone(text: str) -> Phone:
    """The number that ``text`` says; full-width digits, spaces, dashes and +86 are allowed.

    Raises:
        BadPhone: neither a mainland mobile nor a landline number.
    """
    if len(text) > _LONGEST:
        raise BadPhone("this is no telephone number: it is too long")
    plain = unicodedata.normalize("NFKC", text).translate(_BETWEEN)
    digits = _COUNTRY.sub("", plain, count=1) if _COUNTRY.match(plain) else plain
    if digits != plain and _LANDLINE.fullmatch(f"0{digits}"):
        digits = f"0{digits}"  # +86 433 … is 0433 … at home
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if _MOBILE.fullmatch(digits):
        return Phone(digits, PhoneKind.MOBILE)
    if _LANDLINE.fullmatch(digits):
        return Phone(digits, PhoneKind.LANDLINE)
    raise BadPhone("neither a mainland mobile nor a landline number; correct it in the order")
