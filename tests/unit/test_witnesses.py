"""The other witnesses of a call: queue_log, and whether all agree with the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.queuelog import QueueFacts, QueueLog, QueueRow, parse
from ivr.reconcile import disagreements
from ivr.recordings import salvage
from ivr.roster import on_duty
from ivr.settings import load
from ticketing.domain.calls import CallRecord, HangupSide, Outcome

T0 = 1_795_291_592
RECORD = CallRecord(
    id="h-1.0",
    caller="13812345678",
    caller_name="",
    dialled="12345",
    forwarded_from=None,
    line="12345",
    language="zh",
    menu="1>1",
    queue="reception",
    seat="8001",
    arrived_at=datetime.fromtimestamp(T0 - 5, UTC),
    queued_at=datetime.fromtimestamp(T0, UTC),
    answered_at=datetime.fromtimestamp(T0 + 3, UTC),
    ended_at=datetime.fromtimestamp(T0 + 60, UTC),
    hangup_by=HangupSide.AGENT,
    outcome=Outcome.ANSWERED,
    rating=None,
    recording=None,
    message=None,
)
AMI = {"queue": "reception", "seat": "8001", "answered": T0 + 3.2, "partial": False}
LOG = {
    "queue": "reception",
    "queued": T0,
    "seat": "8001",
    "answered": T0 + 3,
    "ended": "agent",
}


def rows(*lines: str) -> list[QueueRow]:
    read = [parse(line) for line in lines]
    assert all(read)
    return [row for row in read if row]


def test_a_stay_in_the_queue_is_folded() -> None:
    log = QueueLog()
    assert log.read(rows(f"{T0}|h-1.0|reception|NONE|ENTERQUEUE||138|1")) == {}
    assert log.read(
        rows(
            f"{T0 + 3}|h-1.0|reception|8001|CONNECT|3|h-1.1|2",
            f"{T0 + 60}|h-1.0|reception|8001|COMPLETEAGENT|3|57|1",
        )
    ) == {"h-1.0": QueueFacts("reception", T0, "8001", T0 + 3, "agent", T0 + 60)}
    assert log.open == {}


def test_the_first_stay_counts_when_a_call_comes_back() -> None:
    log = QueueLog()
    log.read(
        rows(
            f"{T0}|h-1.0|reception|NONE|ENTERQUEUE||138|1",
            f"{T0 + 3}|h-1.0|reception|8001|CONNECT|3|h-1.1|2",
            f"{T0 + 9}|h-1.0|reception|8001|BLINDTRANSFER|12345|from-seat|3|6|1",
        )
    )
    again = log.read(
        rows(
            f"{T0 + 20}|h-1.0|reception|NONE|ENTERQUEUE||138|1",
            f"{T0 + 22}|h-1.0|reception|8002|CONNECT|2|h-1.2|2",
            f"{T0 + 60}|h-1.0|reception|8002|COMPLETECALLER|2|38|1",
        )
    )
    assert again == {"h-1.0": QueueFacts("reception", T0, "8001", T0 + 3, "caller", T0 + 60)}


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    row = parse(line)
    if row is not None:
        QueueLog().read([row])


def test_witnesses_that_agree() -> None:
    assert disagreements(RECORD, AMI, LOG) == []
    assert disagreements(RECORD, None, LOG) == []
    assert disagreements(RECORD, {**AMI, "seat": None, "partial": True}, LOG) == []


@pytest.mark.parametrize(
    ("ami", "log", "facts"),
    [
        ({**AMI, "seat": "8002"}, LOG, [("ami", "seat")]),
        ({**AMI, "answered": None}, LOG, [("ami", "answered_at")]),
        (AMI, {**LOG, "answered": T0 + 9}, [("queue_log", "answered_at")]),
        (AMI, {**LOG, "ended": "caller"}, [("queue_log", "hangup_by")]),
        (AMI, {**LOG, "queue": "other", "queued": None}, None),
        (AMI, None, [("queue_log", "queue")]),
    ],
)
def test_witnesses_that_disagree(
    ami: dict[str, object], log: dict[str, object] | None, facts: list[tuple[str, str]] | None
) -> None:
    found = [(item.witness, item.fact) for item in disagreements(RECORD, ami, log)]
    assert found == (facts or [("queue_log", "queue"), ("queue_log", "queued_at")])


def test_who_hung_up_is_no_disagreement_when_both_did_at_once() -> None:
    end = int(RECORD.ended_at.timestamp())
    assert disagreements(RECORD, AMI, {**LOG, "ended": "caller", "ended_at": end}) == []
    (found,) = disagreements(RECORD, AMI, {**LOG, "ended": "caller", "ended_at": end - 5})
    assert (found.fact, found.record, found.says) == ("hangup_by", "agent", "caller")


def test_a_call_that_was_cut_off_has_no_ending_in_the_queue_log() -> None:
    cut_off = replace(RECORD, hangup_by=HangupSide.SYSTEM)
    assert disagreements(cut_off, None, None) == []
    assert disagreements(cut_off, None, {**LOG, "ended": None}) == []


def test_a_message_that_was_cut_off_is_salvaged(tmp_path: Path) -> None:
    failed = replace(RECORD, seat=None, answered_at=None, outcome=Outcome.FAILED)
    assert salvage(failed, tmp_path) == failed
    (tmp_path / "messages").mkdir()
    file = tmp_path / "messages" / "h-1.0.wav"
    file.write_bytes(b"RIFF" + bytes(1000))
    assert salvage(failed, tmp_path) == failed, "less than a second is no message"
    file.write_bytes(b"RIFF" + bytes(40) + bytes(16_000))
    saved = salvage(failed, tmp_path)
    assert (saved.outcome, saved.message) == (Outcome.MESSAGE_LEFT, "messages/h-1.0.wav")
    assert int.from_bytes(file.read_bytes()[40:44], "little") == 16_000
    assert salvage(RECORD, tmp_path) == RECORD


@pytest.mark.parametrize(
    ("moment", "roster"),
    [
        ("2026-11-21T13:59:59+00:00", "day"),  # 21:59:59 in China
        ("2026-11-21T14:00:00+00:00", "night"),
        ("2026-11-21T22:59:59+00:00", "night"),
        ("2026-11-21T23:00:00+00:00", "day"),
    ],
)
def test_the_roster_on_duty_follows_the_hotlines_own_clock(moment: str, roster: str) -> None:
    settings = load({}, dotenv=Path("/nonexistent"))
    assert on_duty(datetime.fromisoformat(moment), settings.timezone, settings.night) == roster
