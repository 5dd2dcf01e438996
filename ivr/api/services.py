"""What the API is given, and what a handler is given of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel

from ivr.api.live import Live
from ivr.callbacks import CallingBack
from ivr.captions import Captions
from ivr.conference import Conference
from ivr.control import Control
from ivr.desk import Desk
from ivr.dispatch_calls import DispatchCalling
from ivr.floor import Floor
from ivr.handing_on import HandingOn
from ivr.ownprompts import OwnPrompts
from ivr.probing import Probing
from ivr.settings import PROJECT
from ivr.surge import Surging
from speech import encoding
from ticketing.domain.roles import Principal
from ticketing.service.accounts import Accounts, Attempts
from ticketing.service.advice import Advice
from ticketing.service.assist import Assist
from ticketing.service.attachments import Attachments
from ticketing.service.bans import Bans
from ticketing.service.calls import Calls, Join
from ticketing.service.categories import Categories
from ticketing.service.clock import utc_now
from ticketing.service.duties import Duties
from ticketing.service.handling import Handlings
from ticketing.service.inbox import Inbox
from ticketing.service.knowledge import Knowledge
from ticketing.service.lines import Lines
from ticketing.service.models import Models
from ticketing.service.notices import Notices
from ticketing.service.nuisance import Nuisance
from ticketing.service.orders import Orders, Worlds
from ticketing.service.outward import OutwardLog
from ticketing.service.papers import Papers
from ticketing.service.policies import Policies
from ticketing.service.probes import Probes
from ticketing.service.round_papers import RoundPapers
from ticketing.service.seats import Seats
from ticketing.service.shifts import Shifts
from ticketing.service.skills import Skills
from ticketing.service.sounds import JobSounds
from ticketing.service.supervision import Supervision
from ticketing.service.transcripts import Export, Transcripts
from ticketing.service.units import Units
from ticketing.store.database import Database

Check = Callable[[], Awaitable[str | None]]


def export_plain(place: Path, target: Path, spans: Sequence[tuple[int, float, float]]) -> None:
    """Writes a recording of which the legs are there, or that is kept as WAV."""
    encoding.export(place, target, spans, None)


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
        worlds: units, policy packs and calendar.
        attachments: the folder of the orders' files.
        desk, shifts: who sits where, and how long.
        control: steers the calls going on.
        conference: those with a third party in them.
        handing_on: hands citizens on to the outside.
        duties: who is on call for a unit.
        calling_back: who is to be called back.
        surging: what callers hear before the queue.
        floor: calls taken over, waiting calls moved.
        skills: who can what.
        dispatch_calling: who is rung for urgent orders.
        captions: what is being said in the calls going on.
        prompts: recordings in the place of prompts.
        models: what help for agents is proposed from.
        public_attempts: how often an address is heard that needs no log-in.
        now: the clock of the work orders, UTC.
        beside: checks that are shown, and do not make the hotline unwell.
        order_changed: told after each step of an order.
        nuisance: who keeps others from being heard; ``nuisance_changed`` is told of each review.
        probes, probing: which lines answer; tries one at once.
        ban_lifted: told which address is let in again.
        export: writes a recording with stretches silent.
        pages: the folder of the console's pages.
        call_over: told when there is something to be done after calls.
        dialled: the number that the citizen of a call still going on has dialled (T2), or None.
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
    worlds: Worlds
    attachments: Path
    public_attempts: Attempts
    desk: Desk
    control: Control
    conference: Conference
    handing_on: HandingOn
    duties: Duties
    shifts: Shifts
    calling_back: CallingBack
    floor: Floor
    surging: Surging
    skills: Skills
    dispatch_calling: DispatchCalling
    captions: Captions
    models: Models
    prompts: OwnPrompts
    nuisance: Nuisance
    probes: Probes
    probing: Probing
    now: Callable[[], datetime] = utc_now
    beside: Mapping[str, Check] = field(default_factory=dict)
    order_changed: Callable[[], None] = lambda: None
    nuisance_changed: Callable[[], None] = lambda: None
    ban_lifted: Callable[[str], None] = lambda _address: None
    dialled: Callable[[str], str | None] = lambda _call: None
    export: Export = export_plain
    call_over: Callable[[], None] = lambda: None
    pages: Path = PROJECT / "web/dist"


@dataclass(frozen=True)
class UseCases:
    """`ApiServices`, with the use cases made from them."""

    services: ApiServices
    accounts: Accounts
    calls: Calls
    seats: Seats
    orders: Orders
    advice: Advice
    attachments: Attachments
    papers: Papers
    round_papers: RoundPapers
    units: Units
    categories: Categories
    knowledge: Knowledge
    notices: Notices
    policies: Policies
    inbox: Inbox
    supervision: Supervision
    lines: Lines
    transcripts: Transcripts
    sounds: JobSounds
    bans: Bans
    outward: OutwardLog
    handlings: Handlings
    assist: Assist

    @classmethod
    def of(cls, services: ApiServices) -> UseCases:
        """Make them."""
        database = services.database
        orders = Orders(database, services.worlds, services.now, services.order_changed)
        advice = Advice(database, orders, services.worlds, services.now)
        return cls(
            services,
            services.accounts,
            Calls(database, services.recordings, services.join),
            Seats(database),
            orders,
            advice,
            Attachments(database, orders, services.attachments, now=services.now),
            Papers(database, orders, services.worlds),
            RoundPapers(database, services.worlds),
            Units(database, services.now, services.worlds.zone),
            Categories(database, services.now),
            Knowledge(database, services.now, services.worlds.zone),
            Notices(database, services.now),
            Policies(),
            Inbox(database, services.now),
            Supervision(database, orders, services.worlds, services.now),
            Lines(database, services.worlds, services.now),
            Transcripts(
                database, services.recordings, services.export, services.call_over, services.now
            ),
            JobSounds(database, services.recordings, services.now),
            Bans(database, now=services.now),
            OutwardLog(database),
            Handlings(database, services.recordings, services.worlds.zone, services.now),
            Assist(
                database,
                orders,
                advice,
                services.worlds,
                services.models,
                services.now,
            ),
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
