"""Supervision (D1 to D9): what is due, when, in which order, and who may issue it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.actions import Measure
from ticketing.domain.errors import GuardFailed, NotAllowed
from ticketing.domain.measures import (
    FAULT_NAMES,
    ISSUERS,
    Draft,
    Fault,
    Issued,
    Kind,
    Limit,
    conclude,
    issue,
    referrals,
)
from ticketing.domain.roles import Role
from ticketing.domain.supervision import Facts, SupervisionSettings, due_steps, first_limit
from ticketing.domain.supervision_rounds import Period, hard_cases, unit_rounds

DUE = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YANJI = SupervisionSettings()
XIANNING = SupervisionSettings(ladder=(Kind.NOTICE, Kind.ACCOUNTABILITY))
OPEN = Facts(order="20260301", unit="housing", due=DUE)
MANAGER = {Role.MANAGER}


def kinds(facts: Facts, now: datetime, settings: SupervisionSettings = YANJI) -> list[str]:
    return [draft.kind.value for draft in due_steps(facts, settings, now)]


def issued(kind: Kind, at: datetime, days: int = 3, **more: object) -> Issued:
    limit = Limit(at + days * DAY, days)
    measure = Issued(kind=kind, order=OPEN.order, unit=OPEN.unit, at=at, by="主任", limit=limit)
    return replace(measure, **more)


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        (OPEN, DUE - 5 * HOUR, []),
        (OPEN, DUE - 4 * HOUR, ["reminder"]),
        (OPEN, DUE, ["reminder"]),
        (OPEN, DUE + HOUR, ["supervision"]),
        (OPEN, DUE + 90 * DAY, ["sanction", "supervision"]),
        (replace(OPEN, sign_by=DUE - DAY), DUE - DAY, []),
        (replace(OPEN, sign_by=DUE - DAY), DUE - 20 * HOUR, ["reminder"]),
        (replace(OPEN, sign_by=DUE - DAY, signed_at=DUE), DUE - 20 * HOUR, []),
        (replace(OPEN, late_returns=1), DUE - DAY, ["supervision"]),
        (replace(OPEN, reported_at=DUE), DUE + HOUR, []),
        (replace(OPEN, replied_at=DUE), DUE + HOUR, ["supervision"]),
        (replace(OPEN, exempt=True, faults=(Fault.SHIRKING,)), DUE + HOUR, []),
        (replace(OPEN, paused=True), DUE + 90 * DAY, []),
        (replace(OPEN, units=3), DUE + HOUR, ["supervision", "joint"]),
        (replace(OPEN, justified=True), DUE + HOUR, ["supervision"]),
        (replace(OPEN, faults=(Fault.PERFUNCTORY,)), DUE - DAY, ["sanction"]),
        (
            replace(OPEN, faults=(Fault.FALSIFIED,), reported_at=DUE),
            DUE + HOUR,
            ["sanction", "listed"],
        ),
        (replace(OPEN, instructions=("a", "b")), DUE - DAY, ["instruction", "instruction"]),
        (
            replace(OPEN, instructions=("a",), reported_at=DUE),
            DUE,
            ["verification"],
        ),
        (replace(OPEN, instructions=("a", "b"), passed_on=("a",)), DUE - DAY, ["instruction"]),
        (
            replace(OPEN, faults=(Fault.PERFUNCTORY,), cases=(Fault.PERFUNCTORY,)),
            DUE - DAY,
            [],
        ),
    ],
)
def test_what_is_due(facts: Facts, now: datetime, expected: list[str]) -> None:
    assert kinds(facts, now) == expected


def test_the_ladder_waits_for_each_limit() -> None:
    facts, seen, now = OPEN, [], DUE + HOUR
    for _ in range(6):
        drafts = due_steps(facts, YANJI, now)
        seen += [(draft.kind.value, draft.rule) for draft in drafts]
        if drafts:
            (draft,) = drafts
            limit = Limit(now + DAY, 1) if draft.kind is not Kind.ACCOUNTABILITY else None
            done = issue(draft, limit, MANAGER, first_limit(facts), by="主任", now=now)
            facts = replace(facts, issued=(*facts.issued, done))
            assert due_steps(facts, YANJI, now + DAY) == ()  # its limit has not passed
        now += DAY + HOUR
    assert seen == [
        ("supervision", "D1"),
        ("notice", "D2"),
        ("listed", "D4"),
        ("accountability", "D5"),
    ]


def test_a_reason_that_was_accepted_ends_the_ladder() -> None:
    once = replace(OPEN, issued=(issued(Kind.SUPERVISION, DUE + HOUR),))
    assert kinds(once, DUE + 4 * DAY) == ["notice"]
    assert kinds(replace(once, justified=True), DUE + 4 * DAY) == []


def test_a_city_without_the_supervision_order_begins_with_the_notice() -> None:
    assert kinds(OPEN, DUE + HOUR, XIANNING) == ["notice"]
    assert kinds(replace(OPEN, justified=True), DUE + HOUR, XIANNING) == []
    assert kinds(replace(OPEN, late_returns=1), DUE - DAY, XIANNING) == []
    noticed = replace(OPEN, issued=(issued(Kind.NOTICE, DUE + HOUR),))
    assert kinds(noticed, DUE + 4 * DAY, XIANNING) == ["accountability"]


def test_a_measure_without_a_limit_is_waited_for_a_day() -> None:
    by_hand = issued(Kind.SUPERVISION, DUE + HOUR, limit=None)
    once = replace(OPEN, issued=(by_hand,))
    assert kinds(once, DUE + 25 * HOUR) == []
    assert kinds(once, DUE + 26 * HOUR) == ["notice"]
    assert first_limit(once) is None


def test_the_calendar_may_say_when_to_remind() -> None:
    early = replace(OPEN, remind_at=DUE - 18 * HOUR)
    assert kinds(early, DUE - 19 * HOUR) == []
    (draft,) = due_steps(early, YANJI, DUE - 18 * HOUR)
    assert draft.key == due_steps(OPEN, YANJI, DUE)[0].key


def test_a_redo_starts_the_ladder_anew_but_keeps_the_first_limit() -> None:
    first = issued(Kind.SUPERVISION, DUE + HOUR, days=2)
    again = replace(OPEN, issued=(first,), round=2, due=DUE + 10 * DAY)
    assert kinds(again, DUE + 9 * DAY) == []
    assert kinds(again, DUE + 11 * DAY) == ["supervision"]
    assert first_limit(again) == first.limit


def test_who_listed_an_order_for_falsification_sees_no_second_listing() -> None:
    supervised = issued(Kind.SUPERVISION, DUE, days=1)
    noticed = issued(Kind.NOTICE, DUE + DAY, days=1)
    facts = replace(OPEN, faults=(Fault.FALSIFIED,), issued=(supervised, noticed))
    late = DUE + 3 * DAY
    assert kinds(facts, late) == ["sanction", "listed"]
    listed = issued(Kind.LISTED, late, days=1)
    assert kinds(replace(facts, issued=(*facts.issued, listed)), late + HOUR) == ["sanction"]


def test_what_was_dismissed_does_not_come_again() -> None:
    (draft,) = due_steps(OPEN, YANJI, DUE + HOUR)
    dismissed = replace(OPEN, dismissed=(draft.key,))
    assert due_steps(dismissed, YANJI, DUE + 20 * DAY) == ()


def test_the_key_is_of_the_moment_not_of_its_zone() -> None:
    there = replace(OPEN, due=DUE.astimezone(timezone(8 * HOUR)))
    here, elsewhere = (due_steps(facts, YANJI, DUE + HOUR) for facts in (OPEN, there))
    assert [draft.key for draft in here] == [draft.key for draft in elsewhere]


def draft_of(kind: Kind) -> Draft:
    return Draft(key="k", kind=kind, rule="D", why="", order=OPEN.order, unit=OPEN.unit)


def valid(kind: Kind) -> tuple[Limit | None, tuple[str, ...]]:
    with_limit = kind in (Kind.SUPERVISION, Kind.NOTICE, Kind.LISTED, Kind.INSTRUCTION)
    people = ("王某",) if kind in (Kind.JOINT, Kind.VERIFICATION) else ()
    return Limit(DUE + DAY, 1) if with_limit else None, people


CENTRE_MAY = {"reminder", "supervision", "instruction", "verification"}


@pytest.mark.parametrize("kind", Kind)
def test_who_may_issue(kind: Kind) -> None:
    limit, attendees = valid(kind)
    allowed = set()
    for role in Role:
        try:
            done = issue(
                draft_of(kind),
                limit,
                {role},
                None,
                by="王",
                now=DUE,
                attendees=attendees,
                evidence="照片",
            )
        except NotAllowed:
            continue
        assert (done.key, done.order, done.limit) == ("k", OPEN.order, limit)
        allowed.add(role)
    also = {Role.DISPATCHER} if kind.value in CENTRE_MAY else set()
    assert allowed == {Role.MANAGER, Role.ADMIN} | also
    assert kind in ISSUERS


def refused(kind: Kind, limit: Limit | None, first: Limit | None = None, **more: object) -> str:
    with pytest.raises(GuardFailed) as told:
        issue(draft_of(kind), limit, MANAGER, first, by="王", now=DUE, **more)
    assert told.value.zh
    return told.value.guard


def test_refusals() -> None:
    good, past = Limit(DUE + DAY, 1), Limit(DUE, 1)
    assert refused(Kind.SUPERVISION, None) == "limit_missing"
    assert refused(Kind.SUPERVISION, past) == "limit_missing"
    assert refused(Kind.REMINDER, good) == "limit_not_wanted"
    assert refused(Kind.NOTICE, good, settled=("k",)) == "draft_issued"
    assert refused(Kind.NOTICE, good, publish=True) == "not_listed"
    assert refused(Kind.JOINT, None, attendees=("  ",)) == "attendees_missing"
    assert refused(Kind.LISTED, Limit(DUE + 9 * DAY, 4), Limit(DUE, 3)) == "listed_too_long"


def test_a_listing_is_measured_in_working_days_and_may_be_public() -> None:
    over_the_holidays = Limit(DUE + 12 * DAY, 3)
    first = Limit(DUE - DAY, 3)
    done = issue(
        draft_of(Kind.LISTED), over_the_holidays, MANAGER, first, by="王", now=DUE, publish=True
    )
    assert done.publish


def test_a_visit_needs_people_and_evidence() -> None:
    joint = issued(Kind.JOINT, DUE, limit=None)
    visit = {"attended": ("王某",), "evidence": ("照片 1",), "found": "已清理", "by": "王"}
    assert conclude(joint, at=DUE, **visit).attended == ("王某",)
    for missing in ({"attended": ()}, {"evidence": ("",)}, {"found": " "}):
        with pytest.raises(GuardFailed, match="evidence_missing"):
            conclude(joint, at=DUE, **{**visit, **missing})
    with pytest.raises(ValueError, match="no visit"):
        conclude(issued(Kind.NOTICE, DUE), at=DUE, **visit)


def test_referrals_are_counted() -> None:
    three = [issued(Kind.ACCOUNTABILITY, DUE + n * DAY) for n in range(3)]
    others = [issued(Kind.NOTICE, DUE), issued(Kind.ACCOUNTABILITY, DUE, unit="police")]
    counted = referrals([*three, *others], DUE, DUE + 2 * DAY)
    assert counted == {"housing": 2, "police": 1}


FEBRUARY = Period("2026-02", DUE - 30 * DAY, DUE + DAY)


def test_hard_cases_go_out_once_when_the_period_is_over() -> None:
    orders = [
        replace(OPEN, order="4", issued=(issued(Kind.LISTED, DUE),)),
        replace(OPEN, order="1", round=3),
        replace(OPEN, order="2", refusals=2),
        replace(OPEN, order="3", extensions=3),
        replace(OPEN, order="5", round=3, reported_at=DUE),
        replace(OPEN, order="6", round=2, issued=(issued(Kind.NOTICE, DUE),)),
    ]
    assert hard_cases(orders, FEBRUARY, FEBRUARY.end - HOUR, centre="centre") is None
    draft = hard_cases(orders, FEBRUARY, FEBRUARY.end, centre="centre")
    assert draft is not None
    assert draft.orders == ("1", "2", "3", "4")
    again = {"centre": "centre", "settled": [draft.key]}
    assert hard_cases(orders, FEBRUARY, FEBRUARY.end, **again) is None
    assert hard_cases(orders[4:], FEBRUARY, FEBRUARY.end, centre="centre") is None


def test_each_unit_is_told_and_who_is_at_fault_is_advised() -> None:
    orders = [
        replace(OPEN, order="1", reported_at=DUE),
        replace(OPEN, order="2", reported_at=DUE + HOUR),
        replace(OPEN, order="3", reported_at=DUE + HOUR, justified=True),
        replace(OPEN, order="4", exempt=True),
        replace(OPEN, order="5", reported_at=DUE, faults=(Fault.FALSIFIED,)),
        replace(OPEN, order="6", unit="police", reported_at=DUE),
        replace(OPEN, order="7", due=FEBRUARY.end),
    ]
    drafts = unit_rounds(orders, FEBRUARY, FEBRUARY.end + DAY, centre="centre")
    told = [(draft.kind.value, draft.unit, draft.orders) for draft in drafts]
    assert told == [
        ("bulletin", "housing", ("1", "2", "3", "4", "5")),
        ("rectification", "housing", ("2", "5")),
        ("bulletin", "police", ("6",)),
        ("report", "centre", ()),
    ]
    assert drafts[0].why == "2026-02 到期 5 件，其中超期 2 件"
    assert unit_rounds(orders, FEBRUARY, DUE, centre="centre") == ()
    keys = [draft.key for draft in drafts[1:]]
    (left,) = unit_rounds(orders, FEBRUARY, FEBRUARY.end, centre="centre", settled=keys)
    assert left == drafts[0]


@pytest.mark.parametrize("ladder", [(), (Kind.NOTICE, Kind.NOTICE)])
def test_a_wrong_ladder_is_refused(ladder: tuple[Kind, ...]) -> None:
    with pytest.raises(ValueError, match="ladder"):
        SupervisionSettings(ladder=ladder)


def test_every_measure_of_an_order_is_a_kind() -> None:
    assert {measure.value for measure in Measure} <= {kind.value for kind in Kind}


def test_every_fault_has_a_name() -> None:
    assert set(FAULT_NAMES) == set(Fault)


hours = st.integers(-200, 2000)
anything = st.builds(
    lambda at, **more: replace(OPEN, reported_at=at and DUE + at * HOUR, **more),
    st.none() | hours,
    sign_by=st.none() | hours.map(lambda n: DUE + n * HOUR),
    late_returns=st.integers(0, 2),
    units=st.integers(1, 4),
    justified=st.booleans(),
    exempt=st.booleans(),
    paused=st.booleans(),
    faults=st.lists(st.sampled_from(Fault), unique=True).map(tuple),
    instructions=st.sampled_from([(), ("a",), ("a", "b")]),
)


@given(anything, st.sampled_from([YANJI, XIANNING]), st.lists(hours, max_size=12))
def test_nothing_comes_twice_and_the_ladder_is_climbed_in_order(
    facts: Facts, settings: SupervisionSettings, times: list[int]
) -> None:
    seen: list[str] = []
    for hour in sorted(times):
        now = DUE + hour * HOUR
        drafts = due_steps(facts, settings, now)
        assert due_steps(facts, settings, now) == drafts
        for draft in drafts:
            assert draft.key not in seen
            seen.append(draft.key)
            limit = Limit(now + DAY, 1) if valid(draft.kind)[0] else None
            people = valid(draft.kind)[1]
            done = issue(
                draft, limit, MANAGER, None, by="王", now=now, attendees=people, evidence="照片"
            )
            facts = replace(facts, issued=(*facts.issued, done))
        assert due_steps(facts, settings, now) == ()
    rungs = [settings.ladder.index(x.kind) for x in facts.issued if x.kind in settings.ladder]
    if Fault.FALSIFIED not in facts.faults:
        assert rungs == list(range(len(rungs)))
    assert not (facts.exempt and seen)
