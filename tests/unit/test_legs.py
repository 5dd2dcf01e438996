"""The legs of third parties: their ids; the journal folded into who talked for how long."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ivr.journal import Journal, Row
from ticketing.domain.calls import PLACED, CallRecord
from ticketing.domain.legs import CallEventKind, LegId, LegKind, LegOutcome, leg_of

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALL = "hotline-1795291538.0"
CITIZEN = {"uniqueid": CALL, "channel": "PJSIP/trunk-00000000"}
SEAT = {"uniqueid": "hotline-1795291538.1", "channel": "PJSIP/8001-00000001"}
EXPERT_ID = LegId(CALL, 1, "13900000001")
EXPERT = {"uniqueid": str(EXPERT_ID), "channel": "PJSIP/trunk-out-00000002"}
COLLEAGUE = {"uniqueid": str(LegId(CALL, 2, "8003")), "channel": "PJSIP/8003-00000003"}


def row(seconds: float, event: str, who: dict[str, str], call: str = CALL, **extra: Any) -> Row:
    return Row(
        at=START + timedelta(seconds=seconds),
        event=event,
        call=call,
        number="",
        name="",
        exten="s",
        context="from-trunk",
        app="",
        extra={key: str(value) for key, value in extra.items()},
        **who,
    )


def fact(seconds: float, who: dict[str, str], text: str) -> Row:
    return row(seconds, "HOTLINE", who, extra=text)


TALK = [
    row(0, "CHAN_START", CITIZEN),
    fact(1, CITIZEN, "queue=reception&recording=day/x"),
    row(2, "CHAN_START", SEAT),
    row(3, "BRIDGE_ENTER", SEAT),
    row(3, "BRIDGE_ENTER", CITIZEN),
]
ASKED = [
    fact(9, SEAT, "event=private"),
    fact(
        9.5,
        SEAT,
        "leg=1&kind=consult&to=13900000001&unit=water&person=%E7%94%B2&by=8001&file=seat-8001-1",
    ),
    row(10, "CHAN_START", EXPERT, call=EXPERT["uniqueid"]),
]
JOINED = [
    row(14, "ANSWER", EXPERT, call=EXPERT["uniqueid"]),
    row(14.1, "LINKEDID_END", EXPERT, call=EXPERT["uniqueid"]),
    row(14.2, "BRIDGE_ENTER", EXPERT),
]


def gone(seconds: float, who: dict[str, str], call: str = CALL, **extra: Any) -> list[Row]:
    source = extra.pop("source", who["channel"])
    return [
        row(seconds, "BRIDGE_EXIT", who, call),
        row(seconds, "HANGUP", who, call, hangupsource=source, **extra),
    ]


END = [row(100, "LINKEDID_END", CITIZEN)]


def fold(*rows: Row) -> CallRecord:
    (record,) = Journal().read(rows)
    return record


def test_an_expert_joins_and_each_talk_is_booked_to_who_talked() -> None:
    record = fold(
        *TALK, *ASKED, *JOINED, fact(20, SEAT, "event=merged"),
        *gone(30, SEAT), *gone(50, EXPERT), *gone(60, CITIZEN), *END,
    )  # fmt: skip
    seat, expert = record.handling.legs
    assert (seat.kind, seat.talk_seconds, seat.recording) == (
        LegKind.SEAT,
        27,
        "day/x/seat-8001-1.sln16",
    )
    assert seat.recorded_from == START + timedelta(seconds=9.5)
    assert (expert.kind, expert.number, expert.dialled) == (LegKind.CONSULT, 1, "13900000001")
    assert (expert.unit, expert.person, expert.asked_by) == ("water", "甲", "8001")
    assert expert.talk_seconds == 35.8
    assert expert.recording == "day/x/expert-1.sln16"
    assert expert.recorded_from == START + timedelta(seconds=14.2)
    kinds = [event.kind for event in record.handling.events]
    assert kinds == [CallEventKind.PRIVATE, CallEventKind.MERGED]
    assert (record.seat, record.hangup_by) == ("8001", "agent")


def test_an_attempt_that_nobody_answers_is_kept() -> None:
    busy = gone(15, EXPERT, call=EXPERT["uniqueid"], hangupcause=17)[1:]
    record = fold(*TALK, *ASKED, *busy, *gone(30, SEAT), *gone(40, CITIZEN), *END)
    _, expert = record.handling.legs
    assert (expert.outcome, expert.talk_seconds, expert.recording) == (LegOutcome.BUSY, 0, None)
    told = fact(16, SEAT, "leg=1&outcome=cancelled")
    record = fold(*TALK, *ASKED, *busy, told, *gone(30, SEAT), *gone(40, CITIZEN), *END)
    assert record.handling.legs[1].outcome is LegOutcome.CANCELLED
    assert record.handling.legs[1].unit == "water"


def test_a_leg_that_rings_on_after_the_call_does_not_keep_its_record_back() -> None:
    record = fold(
        *TALK, *ASKED, *gone(12, CITIZEN), *gone(12, SEAT, source=CITIZEN["channel"]), *END
    )
    assert record.handling.legs[1].ended_at == START + timedelta(seconds=12)
    assert record.hangup_by == "caller"


def test_the_citizen_hangs_up_first_whoever_hangs_up_later() -> None:
    """Seat and expert go on after the citizen; it was the citizen who ended the call."""
    record = fold(
        *TALK, *ASKED, *JOINED, *gone(30, CITIZEN), *gone(40, SEAT), *gone(40, EXPERT), *END
    )
    assert record.hangup_by == "caller"
    assert record.handling.legs[0].talk_seconds == 37


def test_a_colleague_who_is_consulted_is_not_the_first_receiver() -> None:
    joined = [
        row(14, "CHAN_START", COLLEAGUE, call=COLLEAGUE["uniqueid"]),
        row(15, "BRIDGE_ENTER", COLLEAGUE),
    ]
    record = fold(*TALK, *joined, *gone(20, SEAT), *gone(30, COLLEAGUE), *gone(40, CITIZEN), *END)
    assert (record.seat, record.hangup_by) == ("8001", "agent")
    assert [leg.seat for leg in record.handling.legs] == ["8001", "8003"]
    assert [leg.number for leg in record.handling.legs] == [None, 2]


def test_a_blind_transfer_and_how_it_went() -> None:
    record = fold(
        *TALK, *gone(10, SEAT), fact(11, CITIZEN, "transfer_to=8004"),
        fact(20, CITIZEN, "transfer=NOANSWER"), *gone(40, CITIZEN), *END,
    )  # fmt: skip
    asked, outcome = record.handling.events
    assert (asked.kind, asked.detail) == (CallEventKind.TRANSFER, {"to": "8004"})
    assert (outcome.kind, outcome.detail) == (
        CallEventKind.TRANSFER_OUTCOME,
        {"outcome": "noanswer"},
    )


def test_a_case_number_stays_with_the_call() -> None:
    typed = fact(10, SEAT, "event=case&case=J4223-0815&by=8001")
    record = fold(*TALK, typed, *gone(30, SEAT), *gone(40, CITIZEN), *END)
    assert record.case_number == "J4223-0815"
    header = fact(0.5, CITIZEN, "case=110-7")
    assert fold(*TALK, header, *gone(40, CITIZEN), *END).case_number == "110-7"


@given(
    st.from_regex(r"[a-z0-9-]{1,20}-[0-3][0-9]{9}\.[0-9]{1,6}", fullmatch=True),
    st.integers(1, 999),
    st.from_regex(r"[0-9]{1,20}", fullmatch=True),
)
def test_a_leg_is_known_by_its_id(call: str, number: int, dialled: str) -> None:
    made = LegId(call, number, dialled)
    assert leg_of(str(made)) == made
    assert str(made).startswith(PLACED)
    # Asterisk takes what follows the last hyphen for the age: the citizen's call must be older
    age = str(made).rpartition("-")[2].partition(".")[0]
    assert int(age) > int(call.rpartition("-")[2].partition(".")[0])
    assert leg_of(call) is None


@given(st.lists(st.sampled_from([*TALK[2:], *ASKED, *JOINED, *gone(20, SEAT), *gone(21, EXPERT)])))
def test_whatever_order_rows_come_in_no_time_is_negative(rows: list[Row]) -> None:
    record = fold(TALK[0], TALK[1], *rows, *gone(60, CITIZEN), *END)
    for leg in record.handling.legs:
        assert leg.talk_seconds >= 0
    assert json.dumps([leg.unit for leg in record.handling.legs])
