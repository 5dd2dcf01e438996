"""Which numbers the hotline may call, and how often: the plan of outward calls. Pure.

A number goes out only when the plan knows what it is: a mobile or a fixed line of the country, or a
number of the number plan (T4, X1). What costs the city money (abroad, premium services) needs a
rule of its own in the policy pack. Emergency calls are never counted out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ticketing.domain.errors import NumberNotAllowed, OutboundLimit
from ticketing.domain.lines import LineKind, LinePlan
from ticketing.domain.roles import mask_number
from ticketing.domain.wording import BadSetting, Text

_COUNTRY = "86"
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LOCAL = re.compile(r"[2-8][0-9]+")
_FAR = re.compile(r"(0(?:10|2[0-9]|[3-9][0-9]{2}))([2-8][0-9]{6,7})")
_PREFIX = re.compile(r"\+?[0-9]{1,12}")
_LONGEST = 20
_WRITTEN = re.compile(r"\+?[0-9](?:[ -]?[0-9])*")
_MOST = 1_000_000


class Purpose(StrEnum):
    """What a call out of the house is for."""

    EXPERT = "expert"  # a unit's expert joins a citizen's call (T5, T6)
    TRANSFER = "transfer"  # a citizen is handed on (T7)
    CALLBACK = "callback"  # a citizen is called back (C1)
    DISPATCH = "dispatch"  # a responsible person is rung for an urgent order (H4)
    PROBE = "probe"  # does a line answer? (T8)
    EMERGENCY = "emergency"  # 110, 119, 120, 122 (X1, X2)


class NumberKind(StrEnum):
    """What a number that may be called is."""

    MOBILE = "mobile"
    LOCAL = "local"  # a fixed line of the city
    FAR = "far"  # a fixed line of another area
    LINE = "line"  # interconnected, or of a utility (T4)
    FORWARDED = "forwarded"  # merged into the hotline: it comes back to us, so probes only (T3)
    EMERGENCY = "emergency"
    RULE = "rule"  # a rule of the pack lets it out


class Refusal(StrEnum):
    """Why a number is not called."""

    MALFORMED = "malformed"  # no telephone number at all
    INTERNATIONAL = "international"
    PREMIUM = "premium"
    FAR = "far"  # another area, and the pack does not let those out
    OURSELVES = "ourselves"  # 12345, or a number that is forwarded to it
    EMERGENCY = "emergency"  # for the purpose of an emergency only
    PURPOSE = "purpose"  # not for this purpose
    UNKNOWN = "unknown"  # no number that the plan knows


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Lets out numbers that begin so, which nothing else would: ``+852`` or ``400``.

    Attributes:
        prefix: as it is written after ``normal``: ``+852``, ``400``.
        why: who wants it and what for; for the auditor.
        until: the last day, or None.
        purposes: what for; every one when empty.
    """

    prefix: str
    why: str
    until: date | None = None
    purposes: tuple[Purpose, ...] = ()

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix) or not self.why.strip():
            raise BadSetting(
                "prefix",
                Text(f"外呼规则 {self.prefix} 不完整", f"the rule {self.prefix} is not whole"),
                Text(
                    '写 {prefix: "+852", why: 用途}，前缀只含数字',
                    'write {prefix: "+852", why: what for}; digits only',
                ),
            )

    def lets_out(self, number: str, purpose: Purpose | None, day: date) -> bool:
        """Whether it does; ``purpose`` None stands for any."""
        return (
            number.startswith(self.prefix)
            and (self.until is None or day <= self.until)
            and (not self.purposes or purpose is None or purpose in self.purposes)
        )


@dataclass(frozen=True, slots=True)
class Outbound:
    """The plan of outward calls: a pack's section ``outbound``.

    Attributes:
        mobiles: mobiles of the mainland may be called.
        far: so may fixed lines of other areas.
        local_digits: how long a local number is.
        premium: beginnings of numbers that cost extra.
        rules: what is let out all the same.
        concurrent: so many calls at once.
        daily: so many in a local day.
        number_daily: so many in a local day to one mobile or fixed line.
    """

    mobiles: bool = True
    far: bool = False
    local_digits: tuple[int, ...] = (7, 8)
    premium: tuple[str, ...] = ("160", "161", "168", "169", "900")
    rules: tuple[OutboundRule, ...] = ()
    concurrent: int = 60
    daily: int = 5000
    number_daily: int = 60

    def __post_init__(self) -> None:
        for name in ("concurrent", "daily", "number_daily"):
            if not 0 <= getattr(self, name) <= _MOST:
                raise BadSetting(
                    name,
                    Text("超出范围", "out of range"),
                    Text(
                        "写 0 至 1000000 之间的整数，0 表示不外呼",
                        "write a whole number from 0 (no calls) to 1000000",
                    ),
                )
        if not self.local_digits or not all(5 <= digits <= 8 for digits in self.local_digits):
            raise BadSetting(
                "local_digits",
                Text("本地号码为 5 至 8 位", "local numbers have 5 to 8 digits"),
                Text("例如写 [7]", "write [7], for example"),
            )
        for prefix in self.premium:
            if not _PREFIX.fullmatch(prefix):
                raise BadSetting(
                    "premium",
                    Text(f"{prefix} 不是号码前缀", f"{prefix} is no beginning of a number"),
                    Text('写带引号的数字，例如 "168"', 'write digits in quotation marks: "168"'),
                )


@dataclass(frozen=True, slots=True)
class Dialled:
    """A number that may be called.

    Attributes:
        number: as it is dialled: digits only.
        kind: what it is.
    """

    number: str
    kind: NumberKind

    @property
    def counted_apart(self) -> bool:
        """Whether calls to this one number have a limit of their own."""
        return self.kind not in {NumberKind.LINE, NumberKind.FORWARDED, NumberKind.EMERGENCY}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What has gone out: calls going on now, and calls of the local day."""

    now: int
    today: int
    number_today: int


def normal(written: str) -> str:
    """A number as people write it, in one way: digits, behind a ``+`` when from abroad.

    ``+86 138-0000-1111`` and ``0086…`` become ``13800001111``; of the mainland's fixed lines the
    area code is given its 0 back.

    Raises:
        NumberNotAllowed: ``malformed``.
    """
    text = written.strip(" ")
    if not text.isascii() or len(text) > 2 * _LONGEST or not _WRITTEN.fullmatch(text):
        raise _refused(written, Refusal.MALFORMED)
    text = text.replace(" ", "").replace("-", "")
    if text.startswith("00"):
        text = f"+{text[2:]}"
    if text.startswith(f"+{_COUNTRY}"):
        text = text.removeprefix(f"+{_COUNTRY}")
        if not text.startswith(("400", "800")) and _FAR.fullmatch(f"0{text}"):
            text = f"0{text}"
    if _MOBILE.fullmatch(text[1:]):
        text = text.removeprefix("0")
    if not 3 <= len(text) <= _LONGEST:
        raise _refused(written, Refusal.MALFORMED)
    return text


def judge(
    plan: Outbound, lines: LinePlan, number: str, purpose: Purpose | None, day: date
) -> Dialled:
    """What ``number`` is, if it may be called.

    Args:
        number: as people write it.
        purpose: what for; None when that is not known yet.
        day: the local day.

    Raises:
        NumberNotAllowed: ``reason`` is a `Refusal`.
    """
    wanted = normal(number)
    for code in lines.area_codes:
        wanted = wanted.removeprefix(code)
    if len(wanted) < 3:
        raise _refused(number, Refusal.MALFORMED)
    line = lines.find(wanted, day)
    if line is not None:
        return Dialled(line.number, _of_line(line.kind, number, purpose))
    if purpose is Purpose.EMERGENCY:
        raise _refused(number, Refusal.PURPOSE)
    if any(rule.lets_out(wanted, purpose, day) for rule in plan.rules):
        return Dialled(wanted.replace("+", "00"), NumberKind.RULE)
    return Dialled(wanted, _kind(plan, number, wanted))


def within(plan: Outbound, dialled: Dialled, purpose: Purpose, traffic: Traffic) -> None:
    """Pass, unless one more call would be too many; an emergency always passes (X1, X2).

    Raises:
        OutboundLimit: ``limit`` names which.
    """
    if purpose is Purpose.EMERGENCY and dialled.kind is NumberKind.EMERGENCY:
        return
    if traffic.now >= plan.concurrent:
        raise OutboundLimit("concurrent", plan.concurrent)
    if traffic.today >= plan.daily:
        raise OutboundLimit("daily", plan.daily)
    if dialled.counted_apart and traffic.number_today >= plan.number_daily:
        raise OutboundLimit("number_daily", plan.number_daily)


def _of_line(kind: LineKind, number: str, purpose: Purpose | None) -> NumberKind:
    """What a number of the number plan is to a caller who wants to reach it."""
    if kind is LineKind.EMERGENCY:
        if purpose not in {None, Purpose.EMERGENCY}:
            raise _refused(number, Refusal.EMERGENCY)
        return NumberKind.EMERGENCY
    if purpose is Purpose.EMERGENCY:
        raise _refused(number, Refusal.PURPOSE)
    if kind is LineKind.MERGED and purpose in {None, Purpose.PROBE}:
        return NumberKind.FORWARDED
    if kind in {LineKind.MERGED, LineKind.HOTLINE}:
        raise _refused(number, Refusal.OURSELVES)
    return NumberKind.LINE


def _kind(plan: Outbound, number: str, wanted: str) -> NumberKind:
    if wanted.startswith("+"):
        raise _refused(number, Refusal.INTERNATIONAL)
    if wanted.startswith(plan.premium):
        raise _refused(number, Refusal.PREMIUM)
    if _MOBILE.fullmatch(wanted) and plan.mobiles:
        return NumberKind.MOBILE
    if len(wanted) in plan.local_digits and _LOCAL.fullmatch(wanted):
        return NumberKind.LOCAL
    far = _FAR.fullmatch(wanted)
    if far is None:
        raise _refused(number, Refusal.UNKNOWN)
    if not plan.far:
        raise _refused(number, Refusal.FAR)
    return NumberKind.FAR


def _refused(number: str, reason: Refusal) -> NumberNotAllowed:
    """What is no number at all is not shown: there is no telling what of it is to be hidden."""
    shown = mask_number(number) if _WRITTEN.fullmatch(number) and len(number) <= _LONGEST else ""
    return NumberNotAllowed(shown, reason)
