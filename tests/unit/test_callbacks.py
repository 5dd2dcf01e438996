"""Whose turn it is to be called back, and that nobody is called twice for one attempt (T9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.callbacks import (
    FRESH,
    Attempt,
    Callback,
    CallbackRules,
    Kind,
    Queue,
    State,
    Tried,
    Turn,
    begun,
    born,
    closed,
    due,
    ended,
    merged,
    place,
    seats_soon,
    unplaced,
)
from ticketing.domain.calls import CallRecord, HangupSide, Outcome
from ticketing.domain.wording import BadSetting

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
RULES = CallbackRules(automatic=tuple(Kind))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def row(number: int = 1, kind: Kind = Kind.REQUESTED, joined: float = 0.0) -> Callback:
    return Callback(
        id=number,
        call=f"hotline-{number}.0",
        kind=kind,
        number=f"1380000{number:04}",
        line="12345",
        language="zh",
        queue="reception",
        joined_at=at(joined),
        asked_at=at(joined + 30),
        next_at=at(joined + 30),
    )


def turn(seconds: float = 1000.0, rules: CallbackRules = RULES, lead: float = 15.0) -> Turn:
    return Turn(now=at(seconds), local=time(12), lead=lead, rules=rules)


rows = st.lists(
    st.tuples(st.sampled_from(Kind), st.integers(0, 300)), max_size=8, unique_by=lambda each: each
).map(lambda each: [row(n, kind, joined) for n, (kind, joined) in enumerate(each, 1)])
living = st.lists(st.integers(0, 300), max_size=8).map(lambda each: [at(s) for s in sorted(each)])
queues = st.builds(
    Queue,
    living=living.map(tuple),
    talking=living.map(tuple),
    dialling=st.integers(0, 3),
    free=st.integers(0, 6),
    finishing=st.integers(0, 3),
    busy=st.integers(0, 20),
    handling=st.floats(20, 600),
)


@given(rows, queues, st.floats(0, 60))
def test_nobody_who_holds_the_line_and_came_earlier_is_overtaken(
    waiting: list[Callback], queue: Queue, lead: float
) -> None:
    chosen = due(waiting, queue, turn(lead=lead))
    seats = seats_soon(queue, lead)
    for number, callback in enumerate(chosen):
        earlier = [each for each in queue.living if each <= callback.joined_at]
        before = len(earlier) + queue.dialling + number
        assert before < seats or not before  # each of them has a seat, or there are none
        line = list(queue.living)
        line.insert(place(callback.joined_at, line) - 1, callback.joined_at)
        assert sorted(line) == line


@given(rows, queues)
def test_who_has_not_asked_comes_after_all_who_hold_the_line(
    waiting: list[Callback], queue: Queue
) -> None:
    for callback in due(waiting, queue, turn()):
        if callback.kind is not Kind.REQUESTED:
            assert len(queue.living) + queue.dialling < seats_soon(queue, 15.0)


@given(rows, queues)
def test_the_list_is_called_in_its_order(waiting: list[Callback], queue: Queue) -> None:
    order = [Kind.REQUESTED, Kind.MESSAGE, Kind.ABANDONED]
    chosen = due(waiting, queue, turn())
    keys = [(order.index(each.kind), each.joined_at, each.id) for each in chosen]
    assert keys == sorted(keys)
    left = [each for each in waiting if each not in chosen]
    for each in left:
        key = (order.index(each.kind), each.joined_at, each.id)
        assert not keys or key > keys[-1]


@given(rows.filter(bool), st.integers(1, 20), st.floats(20, 600))
def test_nobody_waits_for_ever(waiting: list[Callback], busy: int, handling: float) -> None:
    """A seat that rests calls the first; seats that never do, once one who came later talks."""
    assert due(waiting, Queue(finishing=1, busy=busy, handling=handling), turn())
    first = replace(min(waiting, key=lambda each: each.joined_at), kind=Kind.REQUESTED)
    never = Queue(living=(at(500),), talking=(at(400),), busy=busy, handling=handling)
    assert due([first], never, turn()) == [first]


def test_who_asked_is_not_called_to_hold_the_line_again() -> None:
    """The only seat talks to one who came earlier: the telephone does not ring yet."""
    busy = Queue(talking=(at(-50),), living=(at(20),), busy=1)
    assert due([row()], busy, turn()) == []
    assert due([row()], replace(busy, busy=0, finishing=1), turn()) == [row()]


def test_without_a_seat_nobody_is_called() -> None:
    assert due([row()], Queue(), turn()) == []


@pytest.mark.parametrize(("living", "expected"), [([], 1), ([0, 5], 3), ([6, 7], 1), ([9, 5], 3)])
def test_the_place_is_behind_all_who_came_earlier(living: list[int], expected: int) -> None:
    """Also where one who came later stands before them, for whatever reason."""
    assert place(at(5), [at(each) for each in living]) == expected


def test_citizens_are_called_at_decent_hours_or_just_after_they_asked() -> None:
    night = Turn(now=at(600), local=time(23), rules=RULES)
    free = Queue(free=3)
    assert due([row(kind=Kind.MESSAGE), row(2)], free, night) == [row(2)]
    late = replace(night, now=row().asked_at + FRESH + timedelta(seconds=1))
    assert due([row()], free, late) == []


def test_only_the_kinds_of_the_pack_are_called_by_the_hotline_itself() -> None:
    assert due([row(kind=Kind.ABANDONED)], Queue(free=3), turn(rules=CallbackRules())) == []


def test_three_attempts_some_time_apart_and_then_no_more() -> None:
    each = row()
    for number in range(1, 4):
        each = begun(each, at(100 * number))
        assert Attempt.of(each.attempt) == Attempt(1, number, NOON.timestamp())
        with pytest.raises(ValueError, match="calling"):
            begun(each, at(100 * number))
        each = ended(each, Tried.NO_ANSWER, at(100 * number), CallbackRules())
        if number < 3:
            assert each.state is State.WAITING
            assert due([each], Queue(free=3), turn(100 * number + 599)) == []
            assert due([each], Queue(free=3), turn(100 * number + 600)) == [each]
    assert (each.state, each.attempts, each.closed_at) == (State.GIVEN_UP, 3, at(300))


def test_an_attempt_is_settled_once() -> None:
    calling = begun(row(), NOON)
    reached = ended(calling, Tried.REACHED, NOON, RULES)
    assert reached.state is State.REACHED
    assert ended(reached, Tried.NO_ANSWER, NOON, RULES) == reached
    assert closed(row(), State.SET_ASIDE, NOON, "wang").state is State.SET_ASIDE


def test_what_did_not_leave_the_house_does_not_count() -> None:
    each = unplaced(begun(row(), NOON), at(60))
    assert (each.attempts, each.state, each.next_at) == (0, State.WAITING, at(60))


@pytest.mark.parametrize(
    "call", ["placed.callback.0.1.5", "placed.callback.1.1", "placed.callback.1.1.5.6", "x.1.1.5"]
)
def test_only_ids_of_ours_are_attempts(call: str) -> None:
    assert Attempt.of(call) is None


CALL = CallRecord(
    id="hotline-1.7",
    caller="13800001111",
    caller_name="",
    dialled="12333",
    forwarded_from=None,
    line="12333",
    language="ko",
    menu="2>1",
    queue="reception",
    seat=None,
    arrived_at=at(0),
    queued_at=at(20),
    answered_at=None,
    ended_at=at(50),
    hangup_by=HangupSide.CALLER,
    outcome=Outcome.ABANDONED_IN_QUEUE,
    rating=None,
    recording=None,
    message=None,
)


def test_who_hangs_up_while_waiting_is_on_the_list() -> None:
    found = born(CALL, RULES)
    assert found is not None
    assert (found.kind, found.number, found.waited_seconds) == (Kind.ABANDONED, "13800001111", 30)
    assert (found.joined_at, found.line, found.language) == (at(20), "12333", "ko")


@pytest.mark.parametrize(
    "changes",
    [
        {"ended_at": at(29)},  # waited too short a time
        {"answered_at": at(40)},
        {"caller": "anonymous"},
        {"outcome": Outcome.ABANDONED_IN_MENU, "queued_at": None},
        {"id": "placed.callback.5.1.1000"},  # a call back that nobody answered
    ],
)
def test_who_is_not(changes: dict[str, object]) -> None:
    assert born(replace(CALL, **changes), RULES) is None  # type: ignore[arg-type]


def test_a_number_of_ones_own_choice_and_a_message() -> None:
    asked = born(replace(CALL, callback="8126141", outcome=Outcome.CALLBACK_ASKED), RULES)
    assert asked is not None
    assert (asked.kind, asked.number, asked.joined_at) == (Kind.REQUESTED, "8126141", at(20))
    left = born(replace(CALL, message="messages/1.wav", outcome=Outcome.MESSAGE_LEFT), RULES)
    assert left is not None
    assert (left.kind, left.message) == (Kind.MESSAGE, "messages/1.wav")


def test_one_number_is_on_the_list_once() -> None:
    gave_up, asked = row(1, Kind.ABANDONED), row(2, Kind.REQUESTED, 100)
    both = merged(gave_up, asked)
    assert (both.id, both.kind, both.joined_at) == (1, Kind.REQUESTED, at(100))
    again = row(3, Kind.REQUESTED, 200)
    assert merged(both, again) == both  # the earlier place stays
    message = replace(row(4, Kind.MESSAGE, 300), message="messages/4.wav")
    assert merged(both, message) == replace(both, message="messages/4.wav")


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"hours": (time(9), time(9))}, {"ring_seconds": 3}]
)
def test_rules_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadSetting):
        CallbackRules(**wrong)  # type: ignore[arg-type]
