"""One row of the table of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from aiohttp import web
from pydantic import BaseModel

from ivr.api.services import Ask
from ticketing.domain.errors import TicketingError
from ticketing.domain.roles import Permission

Handler = Callable[[Ask], Awaitable[BaseModel | web.StreamResponse | None]]


class Access(Enum):
    """Who may come in where no permission is asked for.

    ``WORKER``: no user, but a worker process that has a job in hand, by a token of its own; whether
    it is this job is judged by the use case (`ticketing.service.sounds`).
    """

    PUBLIC = auto()
    ANY_USER = auto()
    WORKER = auto()


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
        upload: the body is a file, of any kind; the handler reads it.
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
    upload: bool = False
    also: dict[int, type[BaseModel] | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The handler's name: the operation's id."""
        return self.handler.__name__

    @property
    def summary(self) -> str:
        """The first line of what the handler says of itself."""
        return (self.handler.__doc__ or "").partition("\n")[0]
