"""Notices (K3) and the register of contacts (K4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.contacts import (
    ChangeKind,
    Contact,
    ContactRole,
    appoint,
    changes,
    in_force,
)
from ticketing.domain.errors import GuardFailed
from ticketing.domain.notices import (
    Extent,
    Notice,
    NoticeKind,
    Scope,
    active,
    announcements,
    conflicts,
    withdraw,
)

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RIVER = Scope(Extent.DISTRICTS, ("river",))
HILL = Scope(Extent.DISTRICTS, ("hill", "mill"))
WATER = Scope(Extent.LINES, ("8182111",))


def notice(id_: str = "1", start: float = 0, end: float = 4, **more: object) -> Notice:
    made = Notice(
        id=id_,
        unit="water",
        kind=NoticeKind.TEMPORARY,
        start=NOW + start * HOUR,
        end=NOW + end * HOUR,
        zh="今天停水",
        ko="오늘 단수",
    )
    return replace(made, **more)


def refused(**more: object) -> str:
    with pytest.raises(GuardFailed) as told:
        notice(**more)
    assert told.value.zh
    return told.value.guard


def test_a_notice_is_active_from_start_to_before_end() -> None:
    shown = [notice().active_at(NOW + hours * HOUR) for hours in (-0.01, 0, 3.99, 4)]
    assert shown == [False, True, True, False]


def test_a_notice_that_makes_no_sense_is_refused() -> None:
    assert refused(end=0) == "bad_window"
    assert refused(start=5, end=4) == "bad_window"
    naive = {"start": NOW.replace(tzinfo=None), "end": NOW.replace(tzinfo=None) + HOUR}
    with pytest.raises(GuardFailed, match="bad_window"):
        replace(notice(), **naive)
    assert refused(zh=" ") == "text_missing"
    assert refused(ko="", announce=True) == "text_missing"
    assert notice(ko="").text("ko") == "今天停水"
    assert refused(scope=Scope(Extent.LINES)) == "scope_missing"
    assert refused(scope=Scope(Extent.CITY, ("river",))) == "scope_missing"
    assert refused(zh="水" * 201, announce=True) == "announcement_too_long"
    assert notice(zh="水" * 201)


def test_withdrawal() -> None:
    gone = withdraw(notice(), "李", NOW + HOUR, "已恢复供水")
    assert gone.active_at(NOW)
    assert not gone.active_at(NOW + HOUR)
    assert (gone.withdrawn_by, gone.withdrawn_why) == ("李", "已恢复供水")
    assert withdraw(gone, "王", NOW + 2 * HOUR, "再撤") == gone
    with pytest.raises(GuardFailed, match="reason_missing"):
        withdraw(notice(), "李", NOW, " ")
    with pytest.raises(GuardFailed, match="notice_over"):
        withdraw(notice(), "李", NOW + 4 * HOUR, "晚了")


def test_the_agent_sees_what_concerns_the_caller_most_pressing_first() -> None:
    notices = [
        notice("advance", kind=NoticeKind.ADVANCE),
        notice("old", start=-2),
        notice("new", start=-1),
        notice("emergency", kind=NoticeKind.EMERGENCY, start=-3),
        notice("river", scope=RIVER),
        notice("water", scope=WATER),
        notice("later", start=1),
    ]

    def ids(**caller: str) -> list[str]:
        return [one.id for one in active(notices, NOW, **caller)]

    common = ["emergency", "new", "old", "advance"]
    assert ids(district="hill", line="12345") == common
    assert set(ids(district="river", line="12345")) == {*common, "river"}
    assert set(ids(district="", line="8182111")) == {*common, "water"}
    assert set(ids()) == {*common, "river", "water"}


def test_the_queue_hears_announcements_in_the_callers_language() -> None:
    notices = [notice("1", announce=True), notice("2"), notice("3", announce=True, scope=WATER)]
    assert announcements(notices, NOW, language="ko", line="12345") == ("오늘 단수",)
    assert announcements(notices, NOW, language="zh", line="8182111") == ("今天停水",) * 2


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        (notice("1", 0, 2), notice("2", 1, 3), 1),
        (notice("1", 0, 2), notice("2", 2, 3), 0),
        (notice("1"), notice("2", unit="power"), 0),
        (notice("1"), notice("2", kind=NoticeKind.EMERGENCY), 0),
        (notice("1", announce=True), notice("2", unit="power", announce=True), 1),
        (notice("1", scope=RIVER), notice("2", scope=HILL), 0),
        (notice("1", scope=RIVER), notice("2", scope=WATER), 1),
        (notice("1", scope=RIVER), notice("2"), 1),
        (notice("1"), withdraw(notice("2"), "李", NOW, "撤"), 0),
    ],
)
def test_conflicts(one: Notice, other: Notice, count: int) -> None:
    assert len(conflicts([one, other])) == count
    assert conflicts([other, one]) == conflicts([one, other])


def test_a_conflict_tells_when() -> None:
    (found,) = conflicts([notice("1", 0, 2), notice("2", 1, 3)])
    assert (found.one, found.other) == ("1", "2")
    assert (found.start, found.end) == (NOW + HOUR, NOW + 2 * HOUR)


spans = st.tuples(st.integers(-5, 5), st.integers(1, 6))
some = st.lists(
    st.tuples(spans, st.sampled_from([Scope(), RIVER, HILL, WATER]), st.sampled_from(NoticeKind)),
    max_size=5,
)


@given(some, st.integers(-6, 12), st.sampled_from(["river", "hill", "else"]))
def test_two_announcements_at_once_are_a_conflict(
    given_: list[tuple[tuple[int, int], Scope, NoticeKind]], hour: int, district: str
) -> None:
    notices = [
        notice(str(n), start, start + length, scope=scope, kind=kind, announce=True)
        for n, ((start, length), scope, kind) in enumerate(given_)
    ]
    heard = active(notices, NOW + hour * HOUR, district=district, line="8182111")
    pairs = {frozenset((one.one, one.other)) for one in conflicts(notices)}
    for one in heard:
        for other in heard:
            assert one is other or frozenset((one.id, other.id)) in pairs


def contact(person: str, since: date, until: date | None = None, **more: object) -> Contact:
    made = Contact("water", person, ContactRole.LIAISON, "0433-8182111", since, until)
    return replace(made, **more)


MAR_1, MAR_10, MAR_31 = date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 31)


def test_contacts_in_force_on_a_day() -> None:
    register = (
        contact("王", MAR_1, MAR_10),
        contact("李", MAR_10),
        contact("赵", MAR_1, role=ContactRole.ON_CALL),
        contact("钱", MAR_1, unit="power"),
    )

    def names(day: date, **more: object) -> list[str]:
        return [one.person for one in in_force(register, day, **more)]

    assert names(date(2026, 2, 28)) == []
    assert names(MAR_1, unit="water") == ["王", "赵"]
    assert names(MAR_10, unit="water", role=ContactRole.LIAISON) == ["王", "李"]
    assert names(date(2026, 3, 11)) == ["钱", "李", "赵"]


def test_a_new_person_takes_over() -> None:
    register = appoint((contact("王", MAR_1),), contact("李", MAR_10), instead_of="王")
    assert [one.person for one in in_force(register, date(2026, 3, 9))] == ["王"]
    assert [one.person for one in in_force(register, MAR_10)] == ["李"]
    both = appoint(register, contact("赵", MAR_31))
    assert [one.person for one in in_force(both, MAR_31)] == ["李", "赵"]
    told = [(c.day, c.kind, c.contact.person) for c in changes(both, MAR_1, MAR_31)]
    assert told == [
        (MAR_1, ChangeKind.JOINED, "王"),
        (MAR_10, ChangeKind.LEFT, "王"),
        (MAR_10, ChangeKind.JOINED, "李"),
        (MAR_31, ChangeKind.JOINED, "赵"),
    ]
    assert changes(both, date(2026, 3, 11), date(2026, 3, 30)) == ()


def test_a_new_number_is_a_change_and_renewal_is_none() -> None:
    register = appoint((contact("王", MAR_1),), contact("王", MAR_10, phone="13812345678"))
    register = appoint(register, contact("王", MAR_31, phone="13812345678"))
    joined, changed = changes(register, MAR_1, MAR_31)
    assert joined.kind is ChangeKind.JOINED
    assert (changed.kind, changed.day) == (ChangeKind.CHANGED, MAR_10)
    assert changed.before is not None
    assert (changed.before.phone, changed.contact.phone) == ("0433-8182111", "13812345678")


def test_contacts_that_make_no_sense_are_refused() -> None:
    for more in ({"person": " "}, {"phone": ""}, {"phone": "见通讯录"}):
        with pytest.raises(GuardFailed, match="contact_incomplete"):
            replace(contact("王", MAR_1), **more)
    with pytest.raises(GuardFailed, match="bad_window"):
        contact("王", MAR_10, MAR_1)
    for since in (MAR_1, MAR_10):
        with pytest.raises(GuardFailed, match="contact_overlaps"):
            appoint((contact("王", MAR_10),), contact("王", since))


days = st.integers(0, 30).map(lambda n: MAR_1 + timedelta(days=n))


@given(st.lists(st.tuples(st.sampled_from("王李赵"), days), max_size=10), days)
def test_nobody_is_there_twice(steps: list[tuple[str, date]], day: date) -> None:
    register: tuple[Contact, ...] = ()
    for person, since in steps:
        try:
            register = appoint(register, contact(person, since))
        except GuardFailed:
            continue
    names = [one.person for one in in_force(register, day)]
    assert len(set(names)) == len(names)
    people = {one.person for one in register if one.since <= day}
    assert set(names) == people
