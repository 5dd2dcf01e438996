"""Third parties on the switchboard: ringing, joined, left alone with the citizen (T5, T7)."""

from __future__ import annotations

from ivr.live import Live
from ivr.switchboard import Board, Stage, reduce
from ticketing.domain.legs import LegId

CALL = "1.0"
LEG = str(LegId(CALL, 1, "13900000001"))
COLLEAGUE = str(LegId(CALL, 2, "8003"))
STAMP = {"Timestamp": "1795307808.232311"}


def told(board: Board, *events: tuple[str, dict[str, str]]) -> Board:
    for name, fields in events:
        board = reduce(board, {"Event": name, **STAMP, **fields})
    return board


def began(
    leg: str, channel: str, call: str = CALL, context: str = "leg"
) -> tuple[str, dict[str, str]]:
    return "Newchannel", {"Uniqueid": leg, "Linkedid": call, "Channel": channel, "Context": context}


def joins(leg: str) -> tuple[str, dict[str, str]]:
    return "BridgeEnter", {"Uniqueid": leg, "Linkedid": CALL, "BridgeUniqueid": "b"}


def talking() -> Board:
    return told(
        Board(),
        began(CALL, "PJSIP/trunk-00000000", context="from-trunk"),
        began("1.1", "PJSIP/8001-00000001"),
        ("AgentConnect", {"Uniqueid": CALL, "MemberName": "8001"}),
        joins("1.1"),
        joins(CALL),
    )


def with_third() -> Board:
    return told(talking(), began(LEG, "PJSIP/trunk-out-00000002", call=LEG), joins(LEG))


def test_a_third_party_rings_and_joins() -> None:
    board = told(talking(), began(LEG, "PJSIP/trunk-out-00000002", call=LEG))
    assert set(board.calls) == {CALL}
    assert [leg.id for leg in board.thirds(CALL)] == [LEG]
    assert {leg.id for leg in board.others(CALL)} == {"1.1"}
    board = told(board, joins(LEG))
    assert {leg.id for leg in board.others(CALL)} == {"1.1", LEG}
    assert board.parties(CALL) == {"8001"}


def test_a_seat_that_leaves_the_citizen_to_a_third_party_ends_no_call() -> None:
    complete = ("AgentComplete", {"Uniqueid": CALL, "MemberName": "8001", "Reason": "agent"})
    board = told(with_third(), complete, ("Hangup", {"Uniqueid": "1.1", "Linkedid": CALL}))
    assert board.calls[CALL].stage is Stage.TALKING
    board = told(board, ("Hangup", {"Uniqueid": LEG, "Linkedid": CALL}))
    assert board.calls[CALL].stage is Stage.AFTER


def test_a_seat_without_a_third_party_ends_the_talk() -> None:
    complete = ("AgentComplete", {"Uniqueid": CALL, "MemberName": "8001", "Reason": "agent"})
    assert told(talking(), complete).calls[CALL].stage is Stage.AFTER
    caller = ("AgentComplete", {"Uniqueid": CALL, "MemberName": "8001", "Reason": "caller"})
    assert told(with_third(), caller).calls[CALL].stage is Stage.AFTER


def test_a_colleague_who_rings_is_shown_with_the_citizens_call() -> None:
    board = told(talking(), began(COLLEAGUE, "PJSIP/8003-00000004", call=COLLEAGUE))
    assert board.call_of("8003") == CALL


def test_what_watchers_are_shown() -> None:
    live = Live(wrap_up_seconds=0, on_ended=lambda *_: None, queue_now=lambda: "reception")
    live.board = told(with_third(), ("MixMonitorMute", {"Uniqueid": CALL, "State": "1"}))
    (call,) = live.snapshot()["calls"]
    assert call["recorded"] is False
    (third,) = call["thirds"]
    assert (third["third"], third["talking"], third["seat"]) == (1, True, None)
    assert "13900000001" not in str(third)
