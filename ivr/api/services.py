"""What the API is given, and what a handler is given of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

from ivr.api.live import Live
from ticketing.domain.roles import Principal
from ticketing.service.accounts import Accounts
from ticketing.service.calls import Calls, Join
from ticketing.service.seats import Seats
from ticketing.store.database import Database

Check = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class ApiServices:
    """All that the API needs of the rest.

    Attributes:
        recordings: the folder that ``CallRecord.recording`` is relative to.
        join: makes one file of the legs in a recording's folder.
        health: name → a check that gives None when well, or the reason why not.
        apply_seats: tells Asterisk of changed seats; may raise ``HotlineError``.
        password_changed: told whose password was changed by its owner.
        version: the program's, for the API's description.
    """

    database: Database
    accounts: Accounts
    live: Live
    recordings: Path
    join: Join
    health: Mapping[str, Check]
    apply_seats: Callable[[], Awaitable[None]]
    password_changed: Callable[[str], None]
    version: str


@dataclass(frozen=True)
class UseCases:
    """`ApiServices`, with the use cases made from them."""

    services: ApiServices
    accounts: Accounts
    calls: Calls
    seats: Seats

    @classmethod
    def of(cls, services: ApiServices) -> UseCases:
        """Make them."""
        database = services.database
        return cls(
            services,
            services.accounts,
            Calls(database, services.recordings, services.join),
            Seats(database),
        )


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Ask:
    """One request that has passed every check of the door.

    Attributes:
        principal: who asks; None on a public route without a session.
        token: the session's, or empty.
    """

    request: web.Request
    use: UseCases
    principal: Principal | None
    token: str
    parsed_query: BaseModel | None
    parsed_body: BaseModel | None

    @property
    def who(self) -> Principal:
        """Who asks, on a route that is not public."""
        assert self.principal is not None  # noqa: S101 - the door has seen to it
        return self.principal

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def query(self, model: type[Model]) -> Model:
        """The query, as the route's table declares it."""
        assert isinstance(self.parsed_query, model)  # noqa: S101
        return self.parsed_query

    def body(self, model: type[Model]) -> Model:
        """The body, as the route's table declares it."""
        assert isinstance(self.parsed_body, model)  # noqa: S101
        return self.parsed_body
