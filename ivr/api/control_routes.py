"""The rows of persons at seats, calls going on, and supervision in the table of routes."""

from __future__ import annotations

from ivr.api import control_handlers as handlers
from ivr.api import control_models as models
from ivr.api.models import In
from ivr.api.route import Handler, Route
from ticketing.domain import errors
from ticketing.domain.errors import TicketingError
from ticketing.domain.roles import Permission

_SEAT = (errors.BadSeatNumber, errors.SeatNotFound, errors.NotYourSeat)
_THERE = (*_SEAT, errors.NobodyThere)
_CALL = (errors.CallNotFound, errors.NotYourSeat)
_TALKING = (*_CALL, errors.CallNotConnected)
_PHONE = (errors.SeatNotFound, errors.PhoneNotRegistered, errors.SeatBusy)


def _seat(
    verb: str,
    handler: Handler,
    raises: tuple[type[TicketingError], ...],
    body: type[In] | None = None,
) -> Route:
    path = f"/api/v1/seats/{{number}}/{verb}"
    returns = models.SeatNowOut
    return Route("POST", path, Permission.DESK_SIT, handler, returns, body=body, raises=raises)


def _call(
    verb: str,
    handler: Handler,
    raises: tuple[type[TicketingError], ...],
    body: type[In] | None = None,
) -> Route:
    path = f"/api/v1/calls/{{call_id}}/{verb}"
    returns = models.SteeredOut
    return Route("POST", path, Permission.DESK_SIT, handler, returns, body=body, raises=raises)


def _supervision(verb: str, handler: Handler) -> Route:
    return Route(
        "POST",
        f"/api/v1/supervision/{verb}",
        Permission.CALLS_SUPERVISE,
        handler,
        models.SpyOut,
        body=models.SpyIn,
        raises=(
            *_PHONE,
            errors.NotYourSeat,
            errors.CallNotConnected,
            errors.PhoneNotAnswered,
        ),
    )


CONTROL_ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/desk", Permission.DESK_SIT, handlers.desk, models.DeskOut),
    _seat(
        "login",
        handlers.seat_login,
        (*_SEAT, errors.SeatTaken, errors.PersonSeated, errors.PhoneNotRegistered),
    ),
    _seat("logout", handlers.seat_logout, (*_SEAT, errors.SeatBusy)),
    _seat("pause", handlers.seat_pause, (*_THERE, errors.BadPauseReason), models.SeatPauseIn),
    _seat("resume", handlers.seat_resume, _THERE),
    _seat("wrap-up", handlers.seat_wrap_up, (*_THERE, errors.SeatBusy), models.WrapUpIn),
    Route(
        "GET",
        "/api/v1/seats/{number}/times",
        Permission.DESK_SIT,
        handlers.seat_times,
        models.TimesOut,
        query=models.DayQuery,
        raises=(errors.BadSeatNumber,),
    ),
    Route(
        "GET",
        "/api/v1/figures",
        Permission.QUEUES_VIEW,
        handlers.figures,
        models.FiguresOut,
        query=models.DayQuery,
    ),
    _call("hangup", handlers.call_hangup, _TALKING),
    _call(
        "transfer",
        handlers.call_transfer,
        (
            *_TALKING,
            *_PHONE,
            errors.QueueNotFound,
            errors.ConsultUnderWay,
            errors.CallHeldElsewhere,
            errors.UnitNotFound,
            errors.NobodyOnCall,
            errors.NumberNotAllowed,
            errors.NoTrunk,
        ),
        models.TransferIn,
    ),
    _call("hold", handlers.call_hold, _TALKING),
    _call("resume", handlers.call_resume, (*_TALKING, errors.CallHeldElsewhere)),
    _supervision("listen", handlers.supervise_listen),
    _supervision("whisper", handlers.supervise_whisper),
    _supervision("barge", handlers.supervise_barge),
    Route(
        "POST",
        "/api/v1/supervision/stop",
        Permission.CALLS_SUPERVISE,
        handlers.supervise_stop,
        body=models.StopIn,
        status=204,
        raises=(errors.NotYourSeat,),
    ),
)
