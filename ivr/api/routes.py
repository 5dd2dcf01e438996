"""The one table of routes: the door, the handlers and the API's description are made from it."""

from __future__ import annotations

from ivr.api import handlers, models
from ivr.api.assist_routes import ASSIST_ROUTES
from ivr.api.callback_routes import CALLBACK_ROUTES
from ivr.api.caption_routes import CAPTION_ROUTES
from ivr.api.conference_routes import CONFERENCE_ROUTES
from ivr.api.control_routes import CONTROL_ROUTES
from ivr.api.dispatch_routes import DISPATCH_ROUTES
from ivr.api.events import events
from ivr.api.floor_routes import FLOOR_ROUTES
from ivr.api.health import healthz
from ivr.api.inbox_routes import INBOX_ROUTES
from ivr.api.line_routes import LINE_ROUTES
from ivr.api.nuisance_routes import NUISANCE_ROUTES
from ivr.api.order_routes import ORDER_ROUTES
from ivr.api.prompt_routes import PROMPT_ROUTES
from ivr.api.reference_routes import REFERENCE_ROUTES
from ivr.api.route import Access, Route
from ivr.api.safety_routes import SAFETY_ROUTES
from ivr.api.skill_routes import SKILL_ROUTES
from ivr.api.sound_routes import SOUND_ROUTES
from ivr.api.surge_routes import SURGE_ROUTES
from ivr.api.transcript_routes import TRANSCRIPT_ROUTES
from ticketing.domain import errors
from ticketing.domain.roles import Permission

__all__ = ["ROUTES", "Access", "Route"]

_SEAT = (errors.BadSeatNumber, errors.SeatNotFound)
_PASSWORD = (errors.WrongPassword, errors.WeakPassword, errors.TooManyAttempts)

_CALL_ROUTES: tuple[Route, ...] = (
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
        raises=(errors.BadUsername, errors.UserExists, errors.UnitNotFound),
    ),
    Route(
        "PATCH",
        "/api/v1/users/{username}",
        Permission.USERS_MANAGE,
        handlers.change_user,
        models.UserOut,
        body=models.UserChangeIn,
        raises=(errors.UserNotFound, errors.UnitNotFound, errors.LastAdministrator),
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
        raises=(
            errors.CallNotFound,
            errors.RecordingNotFound,
            errors.RecordingDeleted,
            errors.NotTranscribed,
        ),
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

ROUTES: tuple[Route, ...] = (
    *_CALL_ROUTES,
    *CONTROL_ROUTES,
    *CONFERENCE_ROUTES,
    *CAPTION_ROUTES,
    *CALLBACK_ROUTES,
    *FLOOR_ROUTES,
    *SURGE_ROUTES,
    *SKILL_ROUTES,
    *DISPATCH_ROUTES,
    *ORDER_ROUTES,
    *INBOX_ROUTES,
    *LINE_ROUTES,
    *SAFETY_ROUTES,
    *NUISANCE_ROUTES,
    *ASSIST_ROUTES,
    *PROMPT_ROUTES,
    *REFERENCE_ROUTES,
    *TRANSCRIPT_ROUTES,
    *SOUND_ROUTES,
)
