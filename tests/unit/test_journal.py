"""The journal's fold: from Asterisk's event log to call records."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.journal import Journal, Row, parse, seat_of
from ticketing.domain.calls import CallRecord, HangupSide, Outcome, Rating
from ticketing.domain.legs import CallLeg, Handling, LegKind, LegOutcome

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALL = "hotline-1795291538.0"
CITIZEN = "PJSIP/trunk-00000000"


def row(seconds: float, event: str, **fields: str) -> Row:
    """A row of the citizen's channel unless ``fields`` say otherwise."""
    extra = fields.pop("extra", "")
    return Row(
        at=START + timedelta(seconds=seconds),
        event=event,
        call=fields.get("call", CALL),
        uniqueid=fields.get("uniqueid", fields.get("call", CALL)),
        channel=fields.get("channel", CITIZEN),
        number=fields.get("number", "13812345678"),
        name=fields.get("name", ""),
        exten="12345",
        context=fields.get("context", "from-trunk"),
        app="",
        extra=json.loads(extra) if extra else {},
    )


def fact(seconds: float, text: str) -> Row:
    return row(seconds, "HOTLINE", extra=json.dumps({"extra": text}))


def hangup(seconds: float, source: str, **fields: str) -> Row:
    return row(seconds, "HANGUP", extra=json.dumps({"hangupsource": source}), **fields)


SEAT = {"channel": "PJSIP/8001-00000001", "uniqueid": "hotline-1795291538.1"}
BEGIN = [
    row(0, "CHAN_START"),
    fact(0, "dialled=12345"),
    row(0.1, "ANSWER"),
    fact(5, "language=ko&menu=2"),
    fact(8, "menu=2%3E1"),
]
QUEUED = fact(9, f"queue=reception&recording=20261121/{CALL}")
TALK = [
    row(9.1, "CHAN_START", context="from-seat", **SEAT),
    row(12, "ANSWER", **SEAT),
    row(12.5, "BRIDGE_ENTER", **SEAT),
    row(12.5, "BRIDGE_ENTER"),
]
END = [row(90, "CHAN_END"), row(90, "LINKEDID_END")]


def fold(rows: list[Row]) -> CallRecord:
    records = list(Journal().read(rows))
    assert len(records) == 1
    return records[0]


def test_an_answered_call_is_told_whole() -> None:
    agent_left = hangup(60, SEAT["channel"], **SEAT)
    record = fold([*BEGIN, QUEUED, *TALK, agent_left, fact(70, "rating=2"), hangup(90, ""), *END])
    assert record == CallRecord(
        id=CALL,
        caller="13812345678",
        caller_name="",
        dialled="12345",
        forwarded_from=None,
        line="12345",
        language="ko",
        menu="2>1",
        queue="reception",
        seat="8001",
        arrived_at=START,
        queued_at=START + timedelta(seconds=9),
        answered_at=START + timedelta(seconds=12.5),
        ended_at=START + timedelta(seconds=90),
        hangup_by=HangupSide.AGENT,
        outcome=Outcome.ANSWERED,
        rating=Rating.FAIR,
        recording=f"20261121/{CALL}",
        message=None,
        handling=Handling(
            (
                CallLeg(
                    LegKind.SEAT,
                    dialled="8001",
                    begun_at=START + timedelta(seconds=9.1),
                    answered_at=START + timedelta(seconds=12.5),
                    ended_at=START + timedelta(seconds=60),
                    talk_seconds=47.5,
                    outcome=LegOutcome.ANSWERED,
                    seat="8001",
                ),
            )
        ),
    )


def test_a_citizen_who_hangs_up_first_is_the_one_who_ended_it() -> None:
    left = hangup(60, CITIZEN, **SEAT)
    assert fold([*BEGIN, QUEUED, *TALK, left, hangup(60, CITIZEN), *END]).hangup_by == "caller"


def test_the_first_receiver_stays_when_the_call_is_transferred() -> None:
    other = {"channel": "PJSIP/8002-00000002", "uniqueid": "hotline-1795291538.2"}
    second = row(40, "BRIDGE_ENTER", **other)
    record = fold([*BEGIN, QUEUED, *TALK, second, hangup(60, CITIZEN), *END])
    assert (record.seat, record.answered_at) == ("8001", START + timedelta(seconds=12.5))


def test_outcomes_of_calls_without_a_seat() -> None:
    caller_left = hangup(20, CITIZEN)
    kept = fact(19, "message=20261121/x/message.wav")
    cut = hangup(20, "")
    assert fold([*BEGIN, caller_left, *END]).outcome is Outcome.ABANDONED_IN_MENU
    assert fold([*BEGIN, QUEUED, caller_left, *END]).outcome is Outcome.ABANDONED_IN_QUEUE
    assert fold([*BEGIN, QUEUED, kept, caller_left, *END]).outcome is Outcome.MESSAGE_LEFT
    assert fold([*BEGIN, kept, cut, *END]).outcome is Outcome.MESSAGE_LEFT
    assert fold([*BEGIN, QUEUED, cut, *END]).outcome is Outcome.FAILED
    assert fold([*BEGIN, QUEUED, caller_left, *END]).recording is None


def test_a_call_that_asterisk_took_with_it_is_ended_with_what_was_told() -> None:
    journal = Journal()
    assert list(journal.read([*BEGIN, QUEUED, *TALK])) == []
    assert journal.end_missing({CALL}, START + timedelta(hours=1)) == []
    assert journal.end_missing(set(), START) == []
    (record,) = journal.end_missing(set(), START + timedelta(hours=1))
    assert record.outcome is Outcome.ANSWERED
    assert record.hangup_by is HangupSide.SYSTEM
    assert record.ended_at == START + timedelta(seconds=12.5)
    assert list(journal.read(END)) == []


def test_what_is_no_call_of_a_citizen_gives_no_record() -> None:
    probe = [
        row(0, "CHAN_START", call="hotline-1.1", context="default"),
        row(1, "LINKEDID_END", call="hotline-1.1"),
    ]
    assert list(Journal().read(probe)) == []
    assert list(Journal().read(END)) == []


@given(
    name=st.text(
        st.characters(exclude_characters="\\", exclude_categories=["C", "Z"]), max_size=80
    ),
    extra=st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3),
)
def test_a_line_is_read_back_as_asterisk_wrote_it(name: str, extra: dict[str, str]) -> None:
    out = io.StringIO()
    fields = ["1795291538.372046", "ANSWER", CALL, CALL, CITIZEN, "138", name, "12345", "c", "a"]
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([*fields, json.dumps(extra)])
    read = parse(out.getvalue().rstrip("\r\n"))
    assert read is not None
    assert (read.name, read.extra) == (name, extra)
    assert read.at == datetime(2026, 11, 21, 20, 5, 38, 372046, UTC)


@pytest.mark.parametrize(
    "line",
    [
        "1,LINKEDID_END,hotline-1.1,hotline-1.1,,,,,,,",
        '""1"",""HANGUP"",""h-1"",""h-1"","""","""","""","""","""","""",""""',
        '"","","","","","","","","","",""',
    ],
)
def test_a_line_that_a_caller_forged_is_none(line: str) -> None:
    assert parse(line) is None


def test_a_name_is_kept_as_it_was_meant() -> None:
    wire = 'a \\"quoted\\" \\\\ name\u202e'
    fields = [
        "1795291538.372046",
        "ANSWER",
        CALL,
        CALL,
        CITIZEN,
        "1\n38",
        wire,
        "12345",
        "",
        "",
        "",
    ]
    read = parse(",".join('"' + field.replace('"', '""') + '"' for field in fields))
    assert read is not None
    assert (read.number, read.name) == ("138", 'a "quoted" \\ name')


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    parse(line)


@given(
    rows=st.lists(st.sampled_from([*BEGIN, QUEUED, *TALK, hangup(60, CITIZEN)]), max_size=12),
    cut=st.integers(0, 14),
)
def test_reading_in_pieces_gives_the_same_record(rows: list[Row], cut: int) -> None:
    story = [BEGIN[0], *rows, *END]
    whole = list(Journal().read(story))
    journal = Journal()
    assert [*journal.read(story[:cut]), *journal.read(story[cut:])] == whole
    assert len(whole) == 1


def test_seats_are_told_from_other_channels() -> None:
    assert seat_of("PJSIP/8001-00000003") == "8001"
    assert seat_of("PJSIP/trunk-00000003") is None
    assert seat_of("Local/8001@x-00000003;1") is None


def test_a_call_that_the_hotline_places_is_no_citizens() -> None:
    own = {"call": "placed.listen.8001.0f", "channel": "PJSIP/8009-00000002"}
    rows = [
        row(0, "CHAN_START", context="from-seat", **own),
        hangup(5, "", **own),
        row(5, "LINKEDID_END", **own),
    ]
    journal = Journal()
    assert list(journal.read(rows)) == []
    assert journal.open == {}
