"""Persons at seats: who may sit where, what a seat does, and times that add up (T1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.errors import (
    BadPauseReason,
    NobodyThere,
    PersonSeated,
    PhoneNotRegistered,
    SeatBusy,
    SeatTaken,
    TicketingError,
)
from ticketing.domain.figures import Waited, figures
from ticketing.domain.shifts import (
    Asked,
    Command,
    Doing,
    Kind,
    Login,
    Logout,
    Pause,
    PhoneNow,
    Resume,
    SeatNow,
    ShiftEvent,
    WrapUp,
    after,
    decide,
    fold,
    spans,
    times,
)

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
REASONS = ("小休", "用餐")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def idle(seat: str = "8001") -> SeatNow:
    return SeatNow(seat, phone=PhoneNow.IDLE)


class Room:
    """Seats with phones, and all that happened at them."""

    def __init__(self, *numbers: str) -> None:
        self.seats = {number: idle(number) for number in numbers}
        self.log: list[ShiftEvent] = []

    def ask(
        self, seat: str, command: Command, seconds: float = 0, actor: str = "li"
    ) -> tuple[ShiftEvent, ...]:
        events = decide(Asked(seat, command, actor, at(seconds)), self.seats, REASONS)
        for event in events:
            self.take(event)
        return events

    def take(self, event: ShiftEvent) -> None:
        self.log.append(event)
        self.seats[event.seat] = after(self.seats[event.seat], event)

    def phone(self, seat: str, phone: PhoneNow, seconds: float) -> None:
        self.take(ShiftEvent(seat, Kind.PHONE, at(seconds), phone=phone))

    def doing(self, seat: str, seconds: float) -> Doing:
        return self.seats[seat].doing(at(seconds))


def test_one_person_at_one_seat_and_one_seat_for_a_person() -> None:
    room = Room("8001", "8002")
    (event,) = room.ask("8001", Login("li"))
    assert (event.kind, event.person, event.phone) == (Kind.LOGIN, "li", PhoneNow.IDLE)
    with pytest.raises(SeatTaken):
        room.ask("8001", Login("wang"))
    with pytest.raises(PersonSeated) as seated:
        room.ask("8002", Login("li"))
    assert seated.value.seat == "8001"
    room.ask("8001", Logout())
    assert room.ask("8002", Login("li"))
    assert room.ask("8001", Login("wang"))


def test_a_second_click_does_nothing_twice() -> None:
    room = Room("8001")
    for command in (Login("li"), Pause("小休"), Resume(), Logout()):
        assert len(room.ask("8001", command)) == 1
        assert room.ask("8001", command) == ()
    assert [event.kind for event in room.log] == [Kind.LOGIN, Kind.PAUSE, Kind.RESUME, Kind.LOGOUT]


def test_nobody_logs_in_where_no_call_can_come() -> None:
    room = Room("8001")
    room.phone("8001", PhoneNow.AWAY, 0)
    with pytest.raises(PhoneNotRegistered):
        room.ask("8001", Login("li"))
    assert room.seats["8001"].person == ""


@pytest.mark.parametrize("phone", [PhoneNow.RINGING, PhoneNow.BUSY])
def test_a_call_comes_before_the_way_home_and_not_before_a_pause(phone: PhoneNow) -> None:
    room = Room("8001")
    room.ask("8001", Login("li"))
    room.phone("8001", phone, 1)
    with pytest.raises(SeatBusy):
        room.ask("8001", Logout(), 2)
    with pytest.raises(SeatBusy):
        room.ask("8001", WrapUp(timedelta(seconds=60)), 2)
    room.ask("8001", Pause("用餐"), 3)
    assert room.doing("8001", 4) is (Doing.RINGING if phone is PhoneNow.RINGING else Doing.TALKING)
    room.phone("8001", PhoneNow.IDLE, 5)
    assert room.doing("8001", 6) is Doing.PAUSED


def test_a_pause_has_a_reason_of_the_list_and_may_change_it() -> None:
    room = Room("8001")
    room.ask("8001", Login("li"))
    with pytest.raises(BadPauseReason) as refused:
        room.ask("8001", Pause("no reason"))
    assert refused.value.reasons == REASONS
    room.ask("8001", Pause("小休"), 10)
    room.ask("8001", Pause("用餐"), 30)
    room.ask("8001", Resume(), 100)
    (li,) = times("8001", room.log, NOON, at(200))
    assert li.pauses == {"小休": timedelta(seconds=20), "用餐": timedelta(seconds=70)}


@pytest.mark.parametrize("command", [Pause("小休"), Resume(), WrapUp(timedelta(seconds=9))])
def test_a_seat_without_a_person_has_no_pause(command: Command) -> None:
    with pytest.raises(NobodyThere):
        Room("8001").ask("8001", command)


def test_wrap_up_ends_by_itself_or_by_hand_or_later() -> None:
    room = Room("8001")
    room.ask("8001", Login("li"))

    def call_over(seconds: float) -> None:
        until = at(seconds + 15)
        room.take(ShiftEvent("8001", Kind.CALL_OVER, at(seconds), until=until))

    call_over(10)
    assert (room.doing("8001", 24.9), room.doing("8001", 25)) == (Doing.WRAP_UP, Doing.READY)
    call_over(100)
    room.ask("8001", WrapUp(timedelta()), 105)
    assert room.doing("8001", 105) is Doing.READY
    assert room.ask("8001", WrapUp(timedelta()), 106) == ()
    call_over(200)
    room.ask("8001", WrapUp(timedelta(seconds=60)), 210)
    assert room.seats["8001"].extended
    assert (room.doing("8001", 269), room.doing("8001", 270)) == (Doing.WRAP_UP, Doing.READY)
    (li,) = times("8001", room.log, NOON, at(300))
    assert li.doing[Doing.WRAP_UP] == timedelta(seconds=15 + 5 + 70)


def test_a_wrap_up_cannot_last_all_day() -> None:
    room = Room("8001")
    room.ask("8001", Login("li"))
    (event,) = room.ask("8001", WrapUp(timedelta(hours=8)))
    assert event.until == NOON + timedelta(minutes=30)


def test_time_that_nobody_watched_is_told_as_such() -> None:
    room = Room("8001")
    room.ask("8001", Login("li"))
    room.take(ShiftEvent("8001", Kind.UNSEEN, at(60)))
    assert room.doing("8001", 61) is Doing.UNSEEN
    room.ask("8001", Pause("小休"), 70)
    room.phone("8001", PhoneNow.IDLE, 100)
    (li,) = times("8001", room.log, NOON, at(110))
    assert li.doing == {
        Doing.READY: timedelta(seconds=60),
        Doing.UNSEEN: timedelta(seconds=40),
        Doing.PAUSED: timedelta(seconds=10),
    }


def test_a_day_takes_its_own_part_of_a_night_shift() -> None:
    room = Room("8001")
    room.ask("8001", Login("li"), -3600)
    room.phone("8001", PhoneNow.BUSY, -10)
    room.phone("8001", PhoneNow.IDLE, 20)
    room.ask("8001", Logout(), 50)
    room.ask("8001", Login("wang"), 60, actor="wang")
    before, day = (
        times("8001", room.log, at(-86400), NOON),
        times("8001", room.log, NOON, at(100)),
    )
    assert [(p.person, p.logged_in.total_seconds()) for p in before] == [("li", 3600)]
    assert [(p.person, p.logged_in.total_seconds()) for p in day] == [("li", 50), ("wang", 40)]
    assert day[0].doing[Doing.TALKING] == timedelta(seconds=20)


def test_who_leaves_takes_pause_and_wrap_up_along() -> None:
    room = Room("8001")
    room.ask("8001", Login("li"))
    room.ask("8001", Pause("用餐"), 1)
    room.ask("8001", WrapUp(timedelta(seconds=600)), 2)
    room.ask("8001", Logout(), 3)
    assert (room.doing("8001", 4), room.seats["8001"].managed) == (Doing.LOGGED_OUT, True)
    room.ask("8001", Login("wang"), 5)
    assert room.doing("8001", 6) is Doing.READY


_COMMANDS = st.one_of(
    st.builds(Login, st.sampled_from(["li", "wang"])),
    st.just(Logout()),
    st.builds(Pause, st.sampled_from(REASONS)),
    st.just(Resume()),
    st.builds(WrapUp, st.integers(0, 100).map(lambda n: timedelta(seconds=n))),
)
_DAYS = st.lists(
    st.tuples(
        st.integers(0, 40_000_000),  # microseconds since the step before
        st.sampled_from(["8001", "8002"]),
        st.one_of(
            _COMMANDS, st.sampled_from(PhoneNow), st.sampled_from([Kind.CALL_OVER, Kind.UNSEEN])
        ),
    ),
    max_size=40,
)


def played(steps: list[tuple[int, str, Command | PhoneNow | Kind]]) -> Room:
    """A day in which people and phones do anything, in any order."""
    room, moment = Room("8001", "8002"), NOON
    for pause, seat, what in steps:
        moment += timedelta(microseconds=pause)
        if isinstance(what, PhoneNow):
            room.take(ShiftEvent(seat, Kind.PHONE, moment, phone=what))
        elif isinstance(what, Kind):
            until = moment + timedelta(seconds=15)
            room.take(ShiftEvent(seat, what, moment, until=until))
        else:
            try:
                room.ask(seat, what, (moment - NOON).total_seconds())
            except TicketingError:
                continue
    return room


@given(_DAYS, st.integers(0, 900), st.integers(0, 900))
def test_the_times_of_a_day_add_up_to_the_time_logged_in(
    steps: list[tuple[int, str, Command | PhoneNow | Kind]], begin: int, length: int
) -> None:
    room = played(steps)
    first, last = at(begin), at(begin + length)
    for seat in room.seats:
        log = [event for event in room.log if event.seat == seat]
        counted = times(seat, log, first, last)
        logged_in: dict[str, timedelta] = {}
        turns = [event for event in log if event.kind in {Kind.LOGIN, Kind.LOGOUT}]
        ends = [*(event.at for event in turns[1:]), last][: len(turns)]
        for turn, end in zip(turns, ends, strict=True):
            inside = min(end, last) - max(turn.at, first)
            if turn.kind is Kind.LOGIN and inside > timedelta():
                logged_in[turn.person] = logged_in.get(turn.person, timedelta()) + inside
        assert {each.person: each.logged_in for each in counted} == logged_in
        for each in counted:
            assert sum(each.doing.values(), timedelta()) == each.logged_in
            paused = each.doing.get(Doing.PAUSED, timedelta())
            assert sum(each.pauses.values(), timedelta()) == paused
        told = list(spans(seat, log, first, last))
        assert all(a.end <= b.begin for a, b in pairwise(told))


@given(_DAYS)
def test_no_person_ever_sits_at_two_seats(
    steps: list[tuple[int, str, Command | PhoneNow | Kind]],
) -> None:
    room = played(steps)
    people = [seat.person for seat in room.seats.values() if seat.person]
    assert len(people) == len(set(people))
    for seat, now in room.seats.items():
        log = [event for event in room.log if event.seat == seat]
        turns = [n for n, event in enumerate(log) if event.kind in {Kind.LOGIN, Kind.LOGOUT}]
        if turns:  # what SQL tells after a restart: all since the last of them
            again = fold(seat, log[turns[-1] :])
            assert (again if now.person else replace(again, phone=now.phone)) == now


def test_the_figures_count_every_call_that_came_to_the_queue() -> None:
    calls = [
        Waited(None, None),  # ended in the menu
        Waited(NOON, at(3)),
        Waited(NOON, at(15)),
        Waited(NOON, at(15.001)),
        Waited(NOON, None),
    ]
    counted = figures(calls)
    assert (counted.offered, counted.connected, counted.prompt) == (4, 3, 2)
    assert (counted.connect_rate, counted.prompt_rate) == (0.75, 0.5)
    assert figures([]).connect_rate is None
