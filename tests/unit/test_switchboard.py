"""The switchboard's reducer: who talks to whom, from Asterisk's events."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.switchboard import Board, Device, LiveCall, Spy, Spying, Stage, reduce, resync

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.jsonl.gz"))
Event = dict[str, Any]


def call_events(number: int, ending: str) -> list[Event]:
    """The events of one call, as Asterisk 22 sends them (only the fields that matter)."""
    call, seat = f"h-1.{number}", str(8000 + number)
    leg, bridge = f"h-2.{number}", f"b{number}"
    agent = {"Queue": "reception", "MemberName": seat, "Uniqueid": call, "Linkedid": call}
    events: list[Event] = [
        {
            "Event": "Newchannel",
            "Uniqueid": call,
            "Linkedid": call,
            "Channel": f"PJSIP/trunk-{number:08x}",
            "CallerIDNum": f"138{number:08}",
            "Context": "from-trunk",
        }
    ]
    if ending == "menu":
        return [*events, {"Event": "Hangup", "Uniqueid": call}]
    queue = {"Queue": "reception", "Uniqueid": call}
    events.append({"Event": "QueueCallerJoin", **queue, "Position": "99"})
    if ending == "queue":
        events += [{"Event": name, **queue} for name in ("QueueCallerAbandon", "QueueCallerLeave")]
        return [*events, {"Event": "Hangup", "Uniqueid": call}]
    ringing = {"Uniqueid": leg, "Linkedid": call, "Channel": f"PJSIP/{seat}-{number:08x}"}
    both = [{"BridgeUniqueid": bridge, "Linkedid": call, "Uniqueid": one} for one in (call, leg)]
    events += [
        {"Event": "Newchannel", **ringing, "Context": "from-seat"},
        {"Event": "DeviceStateChange", "Device": f"PJSIP/{seat}", "State": "RINGING"},
        {"Event": "DeviceStateChange", "Device": f"PJSIP/{seat}", "State": "INUSE"},
        {"Event": "QueueCallerLeave", **queue},
        {"Event": "AgentConnect", **agent},
        *({"Event": "BridgeEnter", **one} for one in both),
        *({"Event": "BridgeLeave", **one} for one in reversed(both)),
        {"Event": "AgentComplete", **agent, "Reason": "agent"},
        {"Event": "Hangup", "Uniqueid": leg},
        {"Event": "DeviceStateChange", "Device": f"PJSIP/{seat}", "State": "NOT_INUSE"},
        {"Event": "Hangup", "Uniqueid": call},
    ]
    return events


@st.composite
def days(draw: st.DrawFn) -> list[Event]:
    """Several calls, their events interleaved in any way, each in its own order."""
    endings = draw(st.lists(st.sampled_from(["menu", "queue", "talk"]), min_size=1, max_size=6))
    stories = [call_events(number, ending) for number, ending in enumerate(endings)]
    merged: list[Event] = []
    while any(stories):
        story = draw(st.sampled_from([s for s in stories if s]))
        merged.append({**story.pop(0), "Timestamp": str(float(len(merged)))})
    return merged


def play(events: list[Event], board: Board | None = None) -> Iterator[Board]:
    board = board or Board()
    for event in events:
        board = reduce(board, event)
        yield board


def check(board: Board) -> None:
    """What must hold at any time."""
    waiting = [call for ids in board.queues.values() for call in ids]
    assert len(waiting) == len(set(waiting)), "a call waits in one place only"
    for call in waiting:
        assert board.calls[call].stage is Stage.QUEUE
    bridged: dict[str, list[str | None]] = {}
    for channel in board.channels.values():
        if channel.bridge:
            bridged.setdefault(channel.bridge, []).append(channel.seat)
    for call in board.calls.values():
        own = board.channels.get(call.id)
        expected = {s for s in bridged.get(own.bridge or "", []) if s} if own else set()
        assert board.parties(call.id) == expected


@given(days())
def test_every_call_comes_and_goes_once(events: list[Event]) -> None:
    ended: list[LiveCall] = []
    last = Board()
    for board in play(events):
        check(board)
        ended += board.ended
        last = board
    begun = {event["Linkedid"] for event in events if event["Event"] == "Newchannel"}
    assert sorted(call.id for call in ended) == sorted(begun)
    assert (last.calls, last.channels) == ({}, {})
    assert not any(last.queues.values())
    for call in ended:
        assert (call.seat is not None) == (call.answered_at is not None)


@given(days(), st.sets(st.integers(0, 90)))
def test_lost_events_never_break_it(events: list[Event], lost: set[int]) -> None:
    kept = [e for number, e in enumerate(events) if e["Event"] == "Hangup" or number not in lost]
    last = Board()
    for board in play(kept):
        check(board)
        last = board
    assert (last.calls, last.channels) == ({}, {})


@given(days(), st.integers(0, 40))
def test_a_resync_in_the_middle_leads_to_the_same_end(events: list[Event], cut: int) -> None:
    before = Board()
    for board in play(events[:cut]):
        before = board
    after = resync(*asked(before), now=1000.0, before=before)
    check(after)
    assert after.calls.keys() == before.calls.keys()
    assert {c: after.parties(c) for c in after.calls} == {
        c: before.parties(c) for c in before.calls
    }
    last = after
    ended = []
    for board in play(events[cut:], after):
        check(board)
        ended += board.ended
        last = board
    assert (last.calls, last.channels) == ({}, {})
    assert all(call.partial for call in ended if call.id in before.calls)


def asked(board: Board) -> tuple[list[Event], list[Event]]:
    """What Asterisk would answer to CoreShowChannels and QueueStatus."""
    channels = [
        {
            "Event": "CoreShowChannel",
            "Uniqueid": channel.id,
            "Linkedid": channel.call,
            "Channel": f"PJSIP/{channel.seat or 'trunk'}-00000001",
            "BridgeId": channel.bridge or "",
            "CallerIDNum": board.calls[channel.id].caller if channel.id in board.calls else "",
            "Duration": "00:00:05",
        }
        for channel in board.channels.values()
    ]
    queues: list[Event] = []
    for name, ids in board.queues.items():
        queues.append({"Event": "QueueParams", "Queue": name})
        for place, call in enumerate(ids, 1):
            entry = {"Event": "QueueEntry", "Queue": name, "Position": str(place)}
            queues.append({**entry, "Uniqueid": call})
    return channels, queues


def test_a_call_found_after_a_restart_is_known_as_talking() -> None:
    before = list(play(call_events(1, "talk")[:9]))[-1]
    board = resync(*asked(before), now=100.0)
    (call,) = board.calls.values()
    assert (call.stage, call.seat, call.partial) == (Stage.TALKING, "8001", True)
    assert call.arrived_at == 95.0


def test_a_call_that_ended_without_our_seeing_it_is_told_as_ended() -> None:
    before = list(play(call_events(1, "talk")[:3]))[-1]
    board = resync([], [], now=100.0, before=before)
    assert [call.id for call in board.ended] == ["h-1.1"]
    assert reduce(board, {"Event": "Other"}).ended == ()


def test_devices_of_seats_are_followed() -> None:
    event = {"Event": "DeviceStateChange", "Device": "PJSIP/8001", "Timestamp": "5.0"}
    board = reduce(Board(), {**event, "State": "NOT_INUSE"})
    assert board.seats["8001"].device is Device.IDLE
    again = reduce(board, {**event, "State": "NOT_INUSE", "Timestamp": "9.0"})
    assert again.seats["8001"].since == 5.0
    assert reduce(board, {**event, "Device": "PJSIP/trunk", "State": "INUSE"}) == board


@pytest.mark.parametrize("log", RECORDED, ids=lambda file: file.name)
def test_recorded_logs_of_real_calls(log: Path) -> None:
    """Events as a real Asterisk sent them; each log ends with no call going on."""
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    last, ended, most = Board(), [], 0
    for board in play(events):
        check(board)
        ended += board.ended
        most = max(most, sum(bool(board.parties(call)) for call in board.calls))
        last = board
    begun = {
        e["Uniqueid"] for e in events if e["Event"] == "Newchannel" and e["Context"] == "from-trunk"
    }
    assert {call.id for call in ended} == begun
    assert (last.calls, last.channels) == ({}, {})
    assert most > 0


def test_there_are_recorded_logs() -> None:
    assert RECORDED


def talking() -> Board:
    """A citizen, 1.0, talks to seat 8001."""
    board = Board()
    for leg, name, context in (("1.0", "trunk", "from-trunk"), ("1.1", "8001", "from-seat")):
        channel = {"Channel": f"PJSIP/{name}-00000001", "Uniqueid": leg, "Linkedid": "1.0"}
        board = reduce(board, {"Event": "Newchannel", "Context": context, **channel})
    board = reduce(board, {"Event": "AgentConnect", "Uniqueid": "1.0", "MemberName": "8001"})
    for leg in ("1.0", "1.1"):
        entered = {"Uniqueid": leg, "Linkedid": "1.0", "BridgeUniqueid": "b"}
        board = reduce(board, {"Event": "BridgeEnter", **entered})
    return board


@pytest.mark.parametrize(("context", "held"), [("seat-hold", "desk"), ("queue", "phone")])
def test_music_within_a_call_is_a_hold_and_music_in_the_queue_is_none(
    context: str, held: str
) -> None:
    board = reduce(talking(), {"Event": "MusicOnHoldStart", "Uniqueid": "1.0", "Context": context})
    assert board.calls["1.0"].held == held
    assert reduce(board, {"Event": "MusicOnHoldStop", "Uniqueid": "1.0"}).calls["1.0"].held is None
    waiting = replace(talking().calls["1.0"], stage=Stage.QUEUE)
    board = Board(calls={"1.0": waiting})
    board = reduce(board, {"Event": "MusicOnHoldStart", "Uniqueid": "1.0", "Context": context})
    assert board.calls["1.0"].held is None


def test_a_call_handed_on_talks_again_until_the_second_seat_is_gone() -> None:
    board = reduce(talking(), {"Event": "BridgeLeave", "Uniqueid": "1.1", "BridgeUniqueid": "b"})
    board = reduce(board, {"Event": "BridgeLeave", "Uniqueid": "1.0", "BridgeUniqueid": "b"})
    board = reduce(board, {"Event": "AgentComplete", "Uniqueid": "1.0", "MemberName": "8001"})
    board = reduce(board, {"Event": "Hangup", "Uniqueid": "1.1", "Linkedid": "1.0"})
    assert board.calls["1.0"].stage is Stage.AFTER
    leg = {"Channel": "PJSIP/8002-00000003", "Uniqueid": "1.2", "Linkedid": "1.0"}
    board = reduce(board, {"Event": "Newchannel", "Context": "from-seat", **leg})
    for each in ("1.0", "1.2"):
        entered = {"Uniqueid": each, "Linkedid": "1.0", "BridgeUniqueid": "c"}
        board = reduce(board, {"Event": "BridgeEnter", **entered})
    assert board.calls["1.0"].stage is Stage.TALKING
    assert board.parties("1.0") == {"8002"}
    assert board.calls["1.0"].seat == "8001"  # I4
    board = reduce(board, {"Event": "Hangup", "Uniqueid": "1.2", "Linkedid": "1.0"})
    assert board.calls["1.0"].stage is Stage.AFTER


def test_a_supervisors_leg_is_no_citizens_call_and_says_what_it_is() -> None:
    call = Spy(Spying.WHISPER, "8001").call_id("0f")
    leg = {"Channel": "PJSIP/8009-00000003", "Uniqueid": call, "Linkedid": call}
    board = reduce(talking(), {"Event": "Newchannel", "Context": "from-seat", **leg})
    assert set(board.calls) == {"1.0"}
    assert board.channels[call].spy == Spy(Spying.WHISPER, "8001")
    assert board.channels["1.1"].spy is None
    row = {"Event": "CoreShowChannel", "BridgeId": "", **leg}
    again = resync([row], [], 0.0)
    assert (set(again.calls), set(again.channels)) == (set(), {call})
