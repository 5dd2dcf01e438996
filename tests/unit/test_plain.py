"""Values as plain JSON and back: what is stored of an order is what was meant."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.order_worlds import MONDAY, SAMPLES
from ticketing.domain import actions as do
from ticketing.domain.actions import Alarm, Command
from ticketing.domain.matters import Channel, Citizen, OrderType, StatutoryLimit
from ticketing.domain.plain import from_plain, to_plain
from ticketing.domain.work_order import Moments

MOMENTS = st.datetimes(timezones=st.just(UTC))
FLAT = st.builds(Moments, above=st.just(()))


def through_json(value: Any) -> Any:
    return from_plain(type(value), json.loads(json.dumps(to_plain(value), ensure_ascii=False)))


@pytest.mark.parametrize("command", SAMPLES.values(), ids=lambda command: command.action)
def test_the_samples_come_back(command: Command) -> None:
    again = through_json(command)
    assert again == command
    assert type(again) is type(command)


@settings(max_examples=300, deadline=None)
@given(st.one_of(*(st.from_type(kind) for kind in get_args(Command))))
def test_every_command_comes_back(command: Command) -> None:
    assert through_json(command) == command


@settings(deadline=None)
@given(st.builds(Moments, above=st.lists(FLAT, max_size=2).map(tuple)))
def test_limits_come_back(moments: Moments) -> None:
    assert through_json(moments) == moments


def test_what_is_kept() -> None:
    """Names and values are those of the stored history: they may not change."""
    command = do.Classify(
        type=OrderType.REPORT, category="lamp", statutory=StatutoryLimit(10, True, "某法")
    )
    assert to_plain(command) == {
        "type": "report",
        "category": "lamp",
        "statutory": {"days": 10, "working": True, "basis": "某法"},
    }
    warned = do.Warn(alarm=Alarm.OVERDUE, limit=MONDAY)
    assert to_plain(warned) == {"alarm": "overdue", "limit": "2026-03-02T01:00:00+00:00"}
    citizen = do.Receive(number="26030200017", content="路灯", citizen=Citizen(name="金"))
    assert to_plain(citizen) == {
        "number": "26030200017",
        "content": "路灯",
        "citizen": {"name": "金"},
    }


def test_a_value_that_only_looks_like_the_default_is_kept() -> None:
    """0 equals False, but is not it."""

    @dataclass(frozen=True)
    class Odd:
        flag: bool = False
        count: int = 0

    assert to_plain(Odd(flag=0)) == {"flag": 0}  # type: ignore[arg-type]
    assert to_plain(Odd(count=1)) == {"count": 1}


@dataclass(frozen=True)
class Mixed:
    pair: tuple[Alarm, date]
    many: tuple[tuple[str, int], ...]
    some: frozenset[Channel]
    maybe: date | None = None


def test_pairs_and_sets() -> None:
    mixed = Mixed(
        (Alarm.OVERDUE, date(2026, 3, 2)), (("K-1", 3), ("K-2", 1)), frozenset(Channel), None
    )
    again = through_json(mixed)
    assert again == mixed
    assert isinstance(again.pair[1], date)
    assert isinstance(again.pair[0], Alarm)


@pytest.mark.parametrize(
    ("plain", "error"),
    [
        ({"alarm": "tired", "limit": "2026-03-02T01:00:00+00:00"}, ValueError),
        ({"alarm": "overdue", "limit": "gestern"}, ValueError),
        ({"alarm": "overdue"}, TypeError),
        ({"alarm": "overdue", "limit": "2026-03-02T01:00:00+00:00", "more": 1}, KeyError),
    ],
)
def test_what_is_not_of_the_kind_is_refused(plain: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        from_plain(do.Warn, plain)


def test_a_pair_of_three_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        from_plain(Mixed, {"pair": ["overdue", "2026-03-02", "x"], "many": [], "some": []})
