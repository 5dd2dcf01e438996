"""The one table of routes: the door, the handlers and the API's description are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import web
from pydantic import BaseModel

from ivr.api import handlers, models
from ivr.api.events import events
from ivr.api.health import healthz
from ivr.api.services import Ask
from ticketing.domain import errors
from ticketing.domain.errors import TicketingError
from ticketing.domain.roles import Permission

Handler = Callable[[Ask], Awaitable[BaseModel | web.StreamResponse | None]]


class Access(Enum):
    """Who may come in where no permission is asked for."""

    PUBLIC = auto()
    ANY_USER = auto()


@dataclass(frozen=True)
class Route:
    """One row.

    Attributes:
        access: the permission that is needed, or `Access`.
        returns: the model of the answer; None for a file, a socket or nothing.
        status: of the answer when all is well.
        raises: what the use case may refuse with, besides what every route may.
        media: what is answered when it is not JSON.
        locked: may be used by one who must change the password first.
        also: further answers that are not errors: status → model.
    """

    method: str
    path: str
    access: Permission | Access
    handler: Handler
    returns: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    raises: tuple[type[TicketingError], ...] = ()
    media: str = "application/json"
    locked: bool = False
    also: dict[int, type[BaseModel] | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The handler's name: the operation's id."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """The first line of what the handler says of itself."""
        return (self.handler.__doc__ or "").partition("\n")[0]


_SEAT = (errors.BadSeatNumber, errors.SeatNotFound)
_PASSWORD = (errors.WrongPassword, errors.WeakPassword, errors.TooManyAttempts)

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/healthz",
        Access.PUBLIC,
        healthz,
        models.HealthOut,
        also={503: models.HealthOut},
    ),
    Route(
        "POST",
        "/api/v1/session",
        Access.PUBLIC,
        handlers.login,
        models.LoginOut,
        body=models.LoginIn,
        raises=(errors.WrongCredentials, errors.TooManyAttempts),
    ),
    Route("DELETE", "/api/v1/session", Access.ANY_USER, handlers.logout, status=204, locked=True),
    Route(
        "POST",
        "/api/v1/session/password",
        Access.ANY_USER,
        handlers.change_password,
        body=models.PasswordIn,
        status=204,
        raises=_PASSWORD,
        locked=True,
    ),
    Route("GET", "/api/v1/me", Access.ANY_USER, handlers.me, models.MeOut, locked=True),
    Route("GET", "/api/v1/users", Permission.USERS_MANAGE, handlers.list_users, models.UsersOut),
    Route(
        "POST",
        "/api/v1/users",
        Permission.USERS_MANAGE,
        handlers.add_user,
        models.FirstPasswordOut,
        body=models.UserIn,
        status=201,
        raises=(errors.BadUsername, errors.UserExists),
    ),
    Route(
        "PATCH",
        "/api/v1/users/{username}",
        Permission.USERS_MANAGE,
        handlers.change_user,
        models.UserOut,
        body=models.UserChangeIn,
        raises=(errors.UserNotFound, errors.LastAdministrator),
    ),
    Route(
        "POST",
        "/api/v1/users/{username}/password",
        Permission.USERS_MANAGE,
        handlers.reset_password,
        models.FirstPasswordOut,
        raises=(errors.UserNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/calls",
        Permission.CALLS_LIST,
        handlers.list_calls,
        models.CallsOut,
        query=models.CallsQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "GET",
        "/api/v1/calls/{call_id}",
        Permission.CALLS_LIST,
        handlers.show_call,
        models.CallOut,
        raises=(errors.CallNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/calls/{call_id}/recording",
        Permission.CALLS_RECORDING,
        handlers.recording,
        raises=(errors.CallNotFound, errors.RecordingNotFound),
        media="audio/wav",
        also={206: None, 304: None, 412: None, 416: models.ErrorOut},
    ),
    Route("GET", "/api/v1/queues", Permission.QUEUES_VIEW, handlers.list_queues, models.QueuesOut),
    Route("GET", "/api/v1/seats", Permission.SEATS_VIEW, handlers.list_seats, models.SeatsOut),
    Route(
        "POST",
        "/api/v1/seats",
        Permission.SEATS_MANAGE,
        handlers.add_seat,
        models.SeatSecretOut,
        body=models.SeatIn,
        status=201,
        raises=(errors.BadSeatNumber, errors.SeatExists),
    ),
    Route(
        "GET",
        "/api/v1/seats/{number}",
        Permission.SEATS_MANAGE,
        handlers.show_seat,
        models.SeatSecretOut,
        raises=_SEAT,
    ),
    Route(
        "PATCH",
        "/api/v1/seats/{number}",
        Permission.SEATS_MANAGE,
        handlers.change_seat,
        models.SeatSecretOut,
        body=models.SeatChangeIn,
        raises=_SEAT,
    ),
    Route(
        "DELETE",
        "/api/v1/seats/{number}",
        Permission.SEATS_MANAGE,
        handlers.remove_seat,
        models.SeatRemovedOut,
        raises=_SEAT,
    ),
    Route(
        "POST",
        "/api/v1/seats/{number}/password",
        Permission.SEATS_MANAGE,
        handlers.new_seat_password,
        models.SeatSecretOut,
        raises=_SEAT,
    ),
    Route(
        "GET",
        "/api/v1/events",
        Permission.EVENTS_WATCH,
        events,
        status=101,
        also={426: models.ErrorOut},
    ),
)
