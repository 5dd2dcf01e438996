"""A shift replayed: our figures are those of Asterisk's queue log, to the second (T9).

The journals and queue logs are of two runs of a real Asterisk (``tests/e2e/record_shift.py``). The
short one has everything: calls answered, given up, moved, handed on to another seat, a message, a
seat that lets a call ring. The long one has as many calls as a small city a day, at twenty seats.
"""

from __future__ import annotations

import gzip
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.journal import Journal, parse
from ticketing.domain.calls import CallRecord
from ticketing.domain.floor_figures import Stay, by_queue, by_seat

RECORDED = Path(__file__).with_name("recorded")


def lines(name: str) -> list[str]:
    with gzip.open(RECORDED / f"{name}.gz", "rt", encoding="utf-8") as file:
        return file.read().splitlines()


@dataclass
class Told:
    """What the queue log says of one call: whole seconds, as Asterisk writes them."""

    queue: str = ""
    joined: int = 0
    left: int = 0
    seat: str = ""
    talked: int | None = None
    gone: int = 0
    events: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", params=["shift", "day"])
def run(request: pytest.FixtureRequest) -> str:
    """Each recording in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def queue_log(run: str) -> dict[str, Told]:
    found: dict[str, Told] = {}
    for line in lines(f"{run}_queue_log"):
        at, call, queue, member, event, *data = line.split("|")
        if call in {"NONE", "MANAGER", "REALTIME"}:
            continue
        told = found.setdefault(call, Told(queue, int(at)))
        told.events.append(event)
        if event == "CONNECT":
            told.left, told.seat = int(at), member
        elif event in {"COMPLETECALLER", "COMPLETEAGENT"}:
            told.talked = int(data[1])
        elif event in {"BLINDTRANSFER", "ATTENDEDTRANSFER"}:
            told.talked = int(data[3])
        elif event in {"ABANDON", "EXITWITHKEY"} and not told.seat:
            told.gone = int(at)
    return found


@pytest.fixture(scope="module")
def records(run: str) -> list[CallRecord]:
    rows = [row for line in lines(f"{run}_journal.csv") if (row := parse(line)) is not None]
    return list(Journal().read(rows))


@pytest.fixture(scope="module")
def stays(records: list[CallRecord]) -> list[Stay]:
    return [
        Stay(
            record.queue,
            record.queued_at,
            record.answered_at or record.ended_at,
            record.answered_at is not None,
            tuple(
                (leg.seat, leg.talk_seconds)
                for leg in record.handling.legs
                if leg.seat and leg.answered_at is not None
            ),
        )
        for record in records
        if record.queue is not None and record.queued_at is not None
    ]


def test_the_recording_has_all_that_it_is_for(run: str, queue_log: dict[str, Told]) -> None:
    events = Counter(event for told in queue_log.values() for event in told.events)
    assert {"CONNECT", "ABANDON", "COMPLETECALLER", "COMPLETEAGENT"} <= set(events)
    if run == "day":
        assert len(queue_log) > 150
        assert len({told.seat for told in queue_log.values() if told.seat}) == 20
        return
    assert {"BLINDTRANSFER", "EXITWITHKEY"} <= set(events)
    assert events["ENTERQUEUE"] > len(queue_log)  # one was moved
    assert "RINGNOANSWER" in events


def test_the_calls_of_each_queue_and_seat(
    run: str, stays: list[Stay], queue_log: dict[str, Told]
) -> None:
    ours, seats = by_queue(stays), by_seat(stays)
    queues = Counter(told.queue for told in queue_log.values())
    assert {name: tally.offered for name, tally in ours.items()} == queues
    answered = [told for told in queue_log.values() if told.seat]
    assert sum(tally.answered for tally in ours.values()) == len(answered)
    assert sum(tally.abandoned for tally in ours.values()) == len(queue_log) - len(answered)
    firsts = Counter(told.seat for told in answered)
    handed_on = sum(len(stay.seats) - 1 for stay in stays if stay.seats)
    assert sum(tally.answered for tally in seats.values()) == sum(firsts.values()) + handed_on
    assert handed_on == (1 if run == "shift" else 0)  # of whom the queue log knows nothing more
    assert firsts.keys() <= seats.keys()


def test_the_seconds_of_each_call(records: list[CallRecord], queue_log: dict[str, Told]) -> None:
    """Asterisk's log has whole seconds, cut off at both ends: less than one apart."""
    compared = 0
    for record in records:
        told = queue_log.get(record.id)
        assert (told is None) == (record.queue is None), record.id
        if told is None or record.queued_at is None:
            continue
        assert abs(record.queued_at.timestamp() - told.joined) < 1.05
        if record.answered_at is None:
            continue
        waited = (record.answered_at - record.queued_at).total_seconds()
        assert abs(waited - (told.left - told.joined)) < 1.1, record.id
        legs = [leg for leg in record.handling.legs if leg.seat == told.seat]
        assert told.talked is not None
        assert abs(legs[0].talk_seconds - told.talked) < 1.1, record.id
        compared += 1
    assert compared == sum(bool(told.seat) for told in queue_log.values())


def test_the_sums_of_each_queue_and_seat(stays: list[Stay], queue_log: dict[str, Told]) -> None:
    """To the second for each call in them."""
    for name, tally in by_queue(stays).items():
        calls = [told for told in queue_log.values() if told.queue == name]
        talked = sum(told.talked or 0 for told in calls)
        extra = sum(seconds for stay in stays for _, seconds in stay.seats[1:])
        assert abs(tally.talked_seconds - extra - talked) < len(calls)
    for seat, tally in by_seat(stays).items():
        mine = [told for told in queue_log.values() if told.seat == seat]
        extra = sum(
            seconds for stay in stays for number, seconds in stay.seats[1:] if number == seat
        )
        assert abs(tally.talked_seconds - extra - sum(t.talked or 0 for t in mine)) < len(mine) + 1
        waited = sum(told.left - told.joined for told in mine)
        assert abs(tally.waited_seconds - waited) < len(mine) + 1
