"""What the controller does by itself: sweeps, the outbox, the mailbox (D1, M1).

Each job is a loop of its own. What goes wrong in one is logged, told to ``/healthz`` and tried
again; it ends no loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network

from ivr.settings import Endpoint, MailServer, Settings
from ticketing.channels.errors import Permanent, Temporary
from ticketing.channels.http import Poster, Targets
from ticketing.channels.mailbox import Account, Mailbox
from ticketing.channels.outbound import BY_SMS, Channels, Delivered, Failed, Outcome, TryAgain
from ticketing.channels.sms import ConsoleSms, HttpSms, SmsGateway
from ticketing.channels.smtp import Relay, Security, SmtpSender
from ticketing.channels.webhooks import Hook, HookEvent, Webhooks
from ticketing.domain.errors import DatabaseUnavailable, UnitNotFound
from ticketing.domain.matters import Channel
from ticketing.service.attachments import Attachments
from ticketing.service.clock import utc_now
from ticketing.service.clocks import Clocks
from ticketing.service.delivery import OutboxWorker
from ticketing.service.lines import Lines
from ticketing.service.mail_intake import MailIntake
from ticketing.service.orders import Orders, Worlds
from ticketing.service.rounds import Rounds
from ticketing.store.database import Database
from ticketing.store.inbox import Message

SWEEP_SECONDS = 15.0
DELIVERY_SECONDS = 1.0
MAIL_SECONDS = 30.0
TIDY_SECONDS = 3600.0
LINES_SECONDS = 3600.0
ROUNDS_SECONDS = 600.0
NAME = "12345"  # as the sender of mails, where the setting names none
_ANYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))  # whom the operator has named

_log = logging.getLogger(__name__)

Step = Callable[[], Awaitable[bool]]
"""Does what there is to do; gives whether there is more at once."""


@dataclass
class _Job:
    """A step that is done again and again.

    Attributes:
        every: seconds from one look to the next.
        wake: ends the wait.
        failing: why the last look failed, or None.
    """

    name: str
    step: Step
    every: float
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failing: str | None = None

    async def run(self) -> None:
        while True:
            self.wake.clear()
            if not await self._look():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.every):
                        await self.wake.wait()

    async def _look(self) -> bool:
        try:
            more = await self.step()
        except UnitNotFound:
            more = False  # nothing was set up yet, so there are no orders
        except (DatabaseUnavailable, Temporary) as problem:
            _log.warning("%s is put off: %s", self.name, problem)
            self.failing = str(problem)
            return False
        except Exception as error:  # whatever it is, the next look may be better
            _log.exception("%s failed", self.name)
            self.failing = type(error).__name__
            return False
        self.failing = None
        return more


class Clockwork:
    """The jobs.

    Args:
        clocks: sweeps over orders.
        outbox: tells what is to be told.
        files: swept of what no order names.
        mail: takes mails in; None: there is no mailbox.
        posters: closed at the end.
        lines: looks for dual-track periods that end (T3).
        rounds: drafts supervision of many orders when a period is over (D6, D7).
    """

    def __init__(
        self,
        clocks: Clocks,
        outbox: OutboxWorker,
        files: Attachments,
        mail: MailIntake | None = None,
        posters: tuple[Poster, ...] = (),
        lines: Lines | None = None,
        rounds: Rounds | None = None,
    ) -> None:
        self._clocks, self._outbox, self._files = clocks, outbox, files
        self._mail, self._posters = mail, posters
        self._delivery = _Job("the outbox", self._deliver, DELIVERY_SECONDS)
        self._jobs = [
            _Job("the sweep of orders", self._sweep, SWEEP_SECONDS),
            self._delivery,
            _Job("tidying files", self._tidy, TIDY_SECONDS),
        ]
        self._lines = lines
        if lines is not None:
            self._jobs.append(_Job("the number plan", self._remind, LINES_SECONDS))
        self._rounds = rounds
        if rounds is not None:
            self._jobs.append(_Job("rounds of supervision", self._draft, ROUNDS_SECONDS))
        if mail is not None:
            self._jobs.append(_Job("the mailbox", self._read_mails, MAIL_SECONDS))

    def also(self, name: str, step: Step, every: float) -> Callable[[], None]:
        """Have one more job done, from the start on; gives what makes it look at once."""
        job = _Job(name, step, every)
        self._jobs.append(job)
        return job.wake.set

    def nudge(self) -> None:
        """An order has changed: look into the outbox at once."""
        self._delivery.wake.set()

    async def run(self) -> None:
        """Do all jobs until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for job in self._jobs:
                    group.create_task(job.run(), name=job.name)
        finally:
            for poster in self._posters:
                await poster.close()

    async def health(self) -> str | None:
        """Why a job fails, or None."""
        return "; ".join(f"{job.name}: {job.failing}" for job in self._jobs if job.failing) or None

    async def _sweep(self) -> bool:
        await self._clocks.recompute()
        swept = await self._clocks.sweep()
        if swept.steps:
            _log.info("sweep: %d steps on %d orders", swept.steps, swept.looked)
            self.nudge()
        return swept.more and swept.steps > 0

    async def _deliver(self) -> bool:
        return (await self._outbox.run_once()).more

    async def _tidy(self) -> bool:
        await self._files.sweep()
        return False

    async def _remind(self) -> bool:
        assert self._lines is not None  # noqa: S101 - else there is no such job
        await self._lines.remind()
        return False

    async def _draft(self) -> bool:
        assert self._rounds is not None  # noqa: S101 - else there is no such job
        drafted = await self._rounds.draft()
        if drafted:
            _log.info("rounds of supervision: %d drafted", drafted)
        return False

    async def _read_mails(self) -> bool:
        assert self._mail is not None  # noqa: S101 - else there is no such job
        taken = await self._mail.poll()
        if taken.orders or taken.remarks:
            self.nudge()
        return taken.more


def build(
    settings: Settings, database: Database, worlds: Worlds, orders: Orders, files: Attachments
) -> Clockwork:
    """The clockwork that the settings ask for."""
    posters: list[Poster] = []

    def poster(endpoint: Endpoint) -> Poster:
        plain = endpoint.url.startswith("http://")
        posters.append(Poster(Targets(_ANYWHERE, plain=plain)))
        return posters[-1]

    sms: SmsGateway = ConsoleSms(settings.home / "sms.jsonl")
    if settings.sms is not None:
        secret = settings.sms.secret.encode()
        sms = HttpSms(settings.sms.url, secret, poster(settings.sms), utc_now)
    webhooks, hook = None, None
    if settings.webhook is not None:
        webhooks = Webhooks(poster(settings.webhook), utc_now)
        hook = Hook(settings.webhook.url, settings.webhook.secret.encode())
    by_hook = frozenset(Channel) - BY_SMS - {Channel.EMAIL}
    citizens = Channels(
        sms,
        None if settings.smtp is None else SmtpSender(_relay(settings, settings.smtp), utc_now),
        webhooks,
        {} if hook is None else dict.fromkeys(by_hook, hook),
    )
    units = None if webhooks is None or hook is None else UnitWebhook(webhooks, hook)
    mail = None
    if settings.imap is not None:
        account = _account(settings.imap)
        own = (settings.mail_from[1],) if settings.mail_from[1] else ()
        mail = MailIntake(
            database,
            orders,
            worlds,
            name=account.name,
            post=Mailbox(account, own=own),
            files=files,
        )
    return Clockwork(
        Clocks(database, orders, worlds),
        OutboxWorker(database, worlds, citizens, units),
        files,
        mail,
        tuple(posters),
        Lines(database, worlds),
        Rounds(database, worlds),
    )


class UnitWebhook:
    """Tells a system of the units' what is laid into their inboxes."""

    def __init__(self, webhooks: Webhooks, hook: Hook) -> None:
        self._webhooks, self._hook = webhooks, hook

    async def tell(self, message: Message) -> Outcome:
        """See `ticketing.service.delivery.UnitHook`."""
        data = {"unit": message.unit, "number": message.number, "what": message.what}
        event = HookEvent(message.id, "unit", message.at, data)
        try:
            return Delivered(str(await self._webhooks.send(self._hook, event)))
        except Temporary as problem:
            return TryAgain(str(problem), problem.after)
        except Permanent as problem:
            return Failed(str(problem))


def _relay(settings: Settings, server: MailServer) -> Relay:
    security = Security.TLS if server.tls else Security.STARTTLS
    if server.local and not server.tls:
        security = Security.NONE
    name, address = settings.mail_from
    return Relay(
        server.host, server.port, address, name or NAME, server.user, server.password, security
    )


def _account(server: MailServer) -> Account:
    return Account(
        server.host, server.port, server.user, server.password, server.folder, server.tls
    )
