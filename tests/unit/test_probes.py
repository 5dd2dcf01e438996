"""The plan of probe calls: who, when, how often (T3, T8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.probes import (
    LATE,
    ProbeRules,
    Slot,
    Target,
    TargetKind,
    next_attempt,
    plan,
    targets,
    unanswered,
)
from ticketing.domain.wording import BadSetting
from ticketing.policies.loader import load_pack

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2019, 8, 5)
OFFICE = [
    (datetime(2019, 8, 5, 8, 0, tzinfo=ZONE), datetime(2019, 8, 5, 12, 0, tzinfo=ZONE)),
    (datetime(2019, 8, 5, 14, 30, tzinfo=ZONE), datetime(2019, 8, 5, 17, 30, tzinfo=ZONE)),
]
NUMBERS = [
    Target(f"13{n:09}", TargetKind.MOBILE, f"u{n}") if n % 2 else
    Target(f"81{n:05}", TargetKind.LIAISON, f"u{n}")
    for n in range(200)
]  # fmt: skip


def contact(role: ContactRole, phone: str, until: date | None = None) -> Contact:
    return Contact("city", "王", role, phone, date(2019, 1, 1), until)


def test_whom_it_must_be_possible_to_reach() -> None:
    register = [
        contact(ContactRole.LIAISON, "0715-8123456"),
        contact(ContactRole.LIAISON, "138 0000 1111"),
        contact(ContactRole.ON_CALL, "13800002222"),
        contact(ContactRole.ON_CALL, "8127777"),  # no liaison line: no rule says when it answers
        contact(ContactRole.LEADER, "13800003333"),
        contact(ContactRole.LIAISON, "13800004444", until=date(2019, 8, 4)),
        contact(ContactRole.ON_CALL, "+86 13800001111"),
    ]
    found = targets(load_pack("xianning-2019").lines, register, DAY)
    persons = {t.number: t.kind for t in found if t.kind is not TargetKind.FORWARDED}
    assert persons == {
        "8123456": TargetKind.LIAISON,
        "13800001111": TargetKind.MOBILE,
        "13800002222": TargetKind.MOBILE,
    }
    forwarded = {t.number for t in found if t.kind is TargetKind.FORWARDED}
    assert {"12333", "8126141"} <= forwarded
    assert len(forwarded) == 23
    later = targets(load_pack("xianning-2019").lines, [], date(2020, 2, 1))
    assert later == ()  # their dual track is over


@given(st.binary(min_size=8, max_size=8), st.integers(0, 40), st.integers(1, 30))
def test_every_number_has_its_turn_at_its_hours_within_the_budget(
    seed: bytes, daily: int, every: int
) -> None:
    rules = ProbeRules(every_days=every, daily=daily)
    slots = plan(NUMBERS, DAY, OFFICE, rules, ZONE, seed)
    assert len(slots) <= daily
    assert list(slots) == sorted(slots, key=lambda slot: slot.at)
    assert slots == plan(NUMBERS, DAY, OFFICE, rules, ZONE, seed)
    for slot in slots:
        local = slot.at.astimezone(ZONE)
        if slot.target.kind is TargetKind.LIAISON:
            assert any(begin <= slot.at < end for begin, end in OFFICE)
        else:
            assert time(8, 30) <= local.time() < time(21)


@given(st.binary(min_size=8, max_size=8), st.integers(1, 14))
def test_in_so_many_days_everybody_once(seed: bytes, every: int) -> None:
    rules = ProbeRules(every_days=every, daily=5000)
    mobiles = [t for t in NUMBERS if t.kind is TargetKind.MOBILE]
    met = [
        slot.target.number
        for n in range(every)
        for slot in plan(mobiles, DAY + timedelta(days=n), [], rules, ZONE, seed)
    ]
    assert sorted(met) == sorted(t.number for t in mobiles)


def test_no_office_no_liaison_line() -> None:
    rules = ProbeRules(every_days=1, daily=5000)
    kinds = {slot.target.kind for slot in plan(NUMBERS, DAY, [], rules, ZONE, b"x")}
    assert kinds == {TargetKind.MOBILE}


def test_the_night_is_for_mobiles_and_only_when_wanted() -> None:
    rules = ProbeRules(every_days=1, daily=5000, nights_percent=100)
    for slot in plan(NUMBERS, DAY, OFFICE, rules, ZONE, b"x"):
        if slot.target.kind is TargetKind.MOBILE:
            assert not time(8, 30) <= slot.at.astimezone(ZONE).time() < time(21)
        else:
            assert any(begin <= slot.at < end for begin, end in OFFICE)


def test_the_times_spread_and_differ_from_day_to_day() -> None:
    rules = ProbeRules(every_days=1, daily=5000)
    days = [plan(NUMBERS, DAY + timedelta(days=n), OFFICE, rules, ZONE, b"x") for n in range(2)]
    hours = {slot.at.astimezone(ZONE).hour for slot in days[0]}
    assert len(hours) >= 10
    first, second = (
        {slot.target.number: slot.at.astimezone(ZONE).time() for slot in day} for day in days
    )
    assert sum(first[number] == second[number] for number in first) < 5
    other = plan(NUMBERS, DAY, OFFICE, rules, ZONE, b"another seed")
    assert {slot.at for slot in other} != {slot.at for slot in days[0]}


def test_who_does_not_answer_is_tried_again_until_half_an_hour_is_over() -> None:
    rules = ProbeRules(attempts=3, again_minutes=15)
    start = datetime(2019, 8, 5, 1, 0, tzinfo=UTC)
    slot = Slot(start, NUMBERS[0])
    now, tried = start - timedelta(minutes=5), []
    while now < start + timedelta(hours=5):
        if next_attempt(slot, tried, now, rules):
            tried.append((now, False))
        now += timedelta(minutes=1)
    assert [at - start for at, _ in tried] == [timedelta(minutes=m) for m in (0, 15, 30)]
    assert unanswered(tried, rules)
    assert not unanswered(tried[:2], rules)
    assert not unanswered([*tried[:2], (now, True)], rules)
    answered = [(start, True)]
    assert not any(
        next_attempt(slot, answered, start + timedelta(minutes=m), rules) for m in range(300)
    )


def test_what_was_missed_for_long_is_not_made_up_for() -> None:
    slot = Slot(datetime(2019, 8, 5, 1, 0, tzinfo=UTC), NUMBERS[0])
    assert next_attempt(slot, [], slot.at + LATE - timedelta(seconds=1), ProbeRules())
    assert not next_attempt(slot, [], slot.at + LATE, ProbeRules())


def test_rules_that_cannot_be_are_refused() -> None:
    for wrong in ({"attempts": 0}, {"every_days": 0}, {"day": (time(21), time(8))}):
        with pytest.raises(BadSetting):
            ProbeRules(**wrong)  # type: ignore[arg-type]
