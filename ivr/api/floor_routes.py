"""The rows of the supervisors' verbs on the floor, with their handlers and models."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator

from ivr.api import control_models
from ivr.api.models import SEAT_NUMBER, In, Out
from ivr.api.route import Route
from ivr.api.services import Ask
from ticketing.domain import errors
from ticketing.domain.floor_figures import by_queue, by_seat
from ticketing.domain.roles import Permission

_PHONE = (errors.SeatNotFound, errors.PhoneNotRegistered, errors.SeatBusy)


class TakeOverIn(control_models.StopIn):
    """Whose call; and the supervisor's seat, whose phone rings."""

    seat: str = Field(pattern=SEAT_NUMBER)


class TakenOverOut(Out):
    """The call that was taken over, and the seats it is with."""

    call: str
    seats: list[str]


class MoveIn(In):
    """Where a waiting call goes: another queue, a seat, or, with neither, the front of its own."""

    queue: str | None = Field(None, pattern=control_models.QUEUE_NAME)
    seat: str | None = Field(None, pattern=SEAT_NUMBER)

    @model_validator(mode="after")
    def _not_both(self) -> MoveIn:
        if self.queue is not None and self.seat is not None:
            raise ValueError("give queue or seat, or neither")
        return self


class MovedOut(Out):
    """Where the call is now: at a place of a queue, or with a seat that is rung."""

    call: str
    queue: str | None
    position: int | None
    seat: str | None


class TallyOut(Out):
    """Of a queue or a seat: calls, and seconds waited for an answer and talked."""

    offered: int
    answered: int
    abandoned: int
    waited_seconds: float
    talked_seconds: float


class FloorFiguresOut(Out):
    """What each queue and each seat did on a day, so far."""

    day: dt.date
    queues: dict[str, TallyOut]
    seats: dict[str, TallyOut]


async def floor_figures(ask: Ask) -> FloorFiguresOut:
    """What each queue and each seat did on a day: calls, seconds waited and talked (T1, T9)."""
    query = ask.query(control_models.DayQuery)
    day, stays = await ask.use.services.shifts.floor(query.day)
    return FloorFiguresOut(
        day=day,
        queues={n: TallyOut.model_validate(each) for n, each in sorted(by_queue(stays).items())},
        seats={n: TallyOut.model_validate(each) for n, each in sorted(by_seat(stays).items())},
    )


async def take_over(ask: Ask) -> TakenOverOut:
    """Take a seat's call over: the supervisor is put into it, and the agent out of it."""
    given = ask.body(TakeOverIn)
    done = await ask.use.services.floor.take_over(ask.who, given.seat, given.own)
    return TakenOverOut(call=done.call, seats=list(done.seats))


async def move_waiting(ask: Ask) -> MovedOut:
    """Move a waiting call: to the front, to another queue, or to a seat."""
    given = ask.body(MoveIn)
    moved = await ask.use.services.floor.move(
        ask.who, ask.path("queue"), ask.path("call"), to_queue=given.queue, seat=given.seat
    )
    return MovedOut.model_validate(moved)


FLOOR_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/figures/floor",
        Permission.QUEUES_VIEW,
        floor_figures,
        FloorFiguresOut,
        query=control_models.DayQuery,
    ),
    Route(
        "POST",
        "/api/v1/supervision/take-over",
        Permission.CALLS_SUPERVISE,
        take_over,
        TakenOverOut,
        body=TakeOverIn,
        raises=(
            *_PHONE,
            errors.NotYourSeat,
            errors.CallNotFound,
            errors.CallNotConnected,
            errors.CallHeldElsewhere,
            errors.ConsultUnderWay,
            errors.NobodyAnswered,
        ),
    ),
    Route(
        "POST",
        "/api/v1/queues/{queue}/waiting/{call}/move",
        Permission.DESK_MANAGE,
        move_waiting,
        MovedOut,
        body=MoveIn,
        raises=(*_PHONE, errors.QueueNotFound, errors.CallNotFound, errors.CallNotWaiting),
    ),
)
