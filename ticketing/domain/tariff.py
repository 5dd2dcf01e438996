"""The table of points that units are assessed by, as data of a policy pack (S1 to S28).

Nothing is computed here. Notes 1 to 6 and 15 say how the documents' gaps are closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ticketing.domain.wording import BadSetting, Text

FULL = Decimal(100)


class Per(StrEnum):
    """What a tariff is for."""

    WHOLE = "whole"  # all or nothing, once in a period
    CASE = "case"  # each order, call or time
    PERCENT = "percent"  # each percentage point below what gives full marks


class Quarter(StrEnum):
    """How a quarter is made of its months (note 5)."""

    MEAN_OF_MONTHS = "mean_of_months"  # and the points of the parts that no month has


class Year(StrEnum):
    """How a year is made of its quarters (note 5)."""

    MEAN_OF_QUARTERS = "mean_of_quarters"


class Denominator(StrEnum):
    """What the rate of satisfaction is a rate of (note 4)."""

    FORWARDED = "forwarded"  # all orders forwarded to the unit: the document's words
    REACHED = "reached"  # citizens who were reached


class Period(StrEnum):
    """How often a bulletin comes out (S28, A4)."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Tariff:
    """What is taken off, or given where ``bonus`` is set.

    Attributes:
        points: None where the document gives no figure (note 2).
    """

    code: str
    per: Per
    points: Decimal | None = None
    bonus: bool = False

    def __post_init__(self) -> None:
        if self.points is not None and self.points <= 0:
            raise BadSetting(
                "points",
                Text("扣分或加分应大于 0", "points are more than 0"),
                Text("写正数；加分另写 bonus: true", "write a positive number; bonus: true gives"),
            )


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """One item.

    Attributes:
        points: the most it can cost; None when its part's points are shared by all its items.
        full_from: the percentage from which full marks are given (S15).
    """

    id: str
    title: str
    tariffs: tuple[Tariff, ...]
    points: Decimal | None = None
    full_from: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ScorePart:
    """Items that are shown together.

    Attributes:
        monthly: assessed each month, else each quarter (S28).
        offsets: bonus makes up for penalty, from ``points`` on, within 0 and ``points`` (note 3).
    """

    title: str
    points: Decimal
    monthly: bool
    items: tuple[ScoreItem, ...]
    offsets: bool = False

    def __post_init__(self) -> None:
        own = [item.points for item in self.items if item.points is not None]
        if own and (len(own) != len(self.items) or sum(own) != self.points):
            raise BadSetting(
                "points",
                Text(
                    f"“{self.title}”共 {self.points} 分，各项相加为 {sum(own)} 分",
                    f"{self.title} has {self.points} points, its items {sum(own)} together",
                ),
                Text("改分值，使两者相等", "change the points until both agree"),
            )


@dataclass(frozen=True, slots=True)
class Bulletin:
    """The published summary (S28, A4): how often, and what is in it."""

    every: Period
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """The whole table.

    Attributes:
        assumed: taken over from elsewhere, because the city's own document gives none.
        unset_blocks_quarter: no quarter is published while a tariff has no figure (note 2).
        suggested: the figure suggested for such a tariff.
        open_costs_once: an order open at the period's end costs what ``not_done`` costs, and
            nothing more when it is finished later (note 6).
        denominator: of the satisfaction that counts; ``beside`` is shown with it (note 4).
        rate_per: deductions are also shown as a rate for so many orders (note 15).
    """

    parts: tuple[ScorePart, ...]
    bulletin: Bulletin
    assumed: bool = False
    unset_blocks_quarter: bool = True
    suggested: Decimal = Decimal("2.5")
    open_costs_once: bool = True
    quarter: Quarter = Quarter.MEAN_OF_MONTHS
    year: Year = Year.MEAN_OF_QUARTERS
    denominator: Denominator = Denominator.FORWARDED
    beside: Denominator = Denominator.REACHED
    rate_per: int = 100

    def __post_init__(self) -> None:
        total = sum(part.points for part in self.parts)
        if total != FULL:
            raise BadSetting(
                "parts",
                Text(f"各部分共 {total} 分，不是 100 分", f"the parts add up to {total}, not 100"),
                Text("改各部分的 points", "change the parts' points"),
            )
        ids = [item.id for part in self.parts for item in part.items]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise BadSetting(
                "parts",
                Text(f"{twice[0]} 出现了两次", f"{twice[0]} is there twice"),
                Text("删去一处", "take one away"),
            )
