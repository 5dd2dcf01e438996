"""The controller: everything is put together here, and only here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import redis.asyncio
import uvloop
from redis.exceptions import RedisError

from agi_scripts.connected import connected
from agi_scripts.message import message
from agi_scripts.reception import reception
from agi_scripts.survey import survey
from ivr import clockwork, logs, prompts, roster, settings
from ivr.agi import AgiServer
from ivr.ami import Ami, AmiEvent
from ivr.api import ApiServices, build_api, serve_tcp, serve_unix
from ivr.api.control_models import figures_out
from ivr.asterisk_files import SOUNDS, AsteriskFiles
from ivr.call import Arrival, Call, Outlook
from ivr.control import Control
from ivr.desk import Desk
from ivr.errors import AmiError, AsteriskError, HotlineError, SettingsError
from ivr.ledger import Ledger
from ivr.lines import CityLines
from ivr.live import Live
from ivr.lostkeys import LostKeys
from ivr.numbers import Signalled
from ivr.passover import PassOver
from ivr.prepare import first_login
from ivr.recordings import salvage
from ivr.seats import SeatPlan
from ivr.settings import Settings
from ivr.supervisor import with_redis
from ivr.switchboard import Board, genuine
from ivr.wiring import Wiring
from speech.recording import join
from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import TicketingError
from ticketing.domain.work_order import State
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.accounts import ADMIN, Accounts
from ticketing.service.attachments import Attachments
from ticketing.service.orders import Orders
from ticketing.service.seats import Seats
from ticketing.service.shifts import Shifts
from ticketing.service.worlds import SqlWorlds
from ticketing.store.attempts import RedisAttempts
from ticketing.store.calls import Witness
from ticketing.store.database import Database

log = logging.getLogger(__name__)
ROSTER_SECONDS = 15.0
SWEEP_SECONDS = 30.0
LATE_ROWS_SECONDS = 1.0
FIGURES_SECONDS = 2.0  # between two that are told
AMI_EVENTS = "call,agent,dtmf"


class Controller:
    """One node's controller. Parts are made in :meth:`build` order and given to each other."""

    def __init__(self, chosen: Settings) -> None:
        self.settings = chosen
        self._linked = asyncio.Event()
        self._records = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.wiring = Wiring.load(chosen)
        self.files = AsteriskFiles(chosen)
        self.database = Database(chosen.database_url)
        self.redis = redis.asyncio.Redis.from_url(chosen.redis_url or "", socket_timeout=2)
        self.live = Live(
            wrap_up_seconds=chosen.wrap_up_seconds,
            on_ended=lambda call, facts: self.ledger.testify(Witness.AMI, call, facts),
            queue_now=lambda: roster.QUEUES[self._roster()],
            persons=lambda seat: self.desk.seat(seat),
        )
        packs = load_packs()
        self.lines = CityLines(packs, chosen.city, chosen.timezone)
        self.ledger = Ledger(
            self.database,
            journal=self.files.journal,
            queue_log=self.files.queue_log,
            on_saved=self._recorded,
            salvage=lambda record: salvage(record, chosen.recordings),
            find=self.lines.find,
        )
        self.ami = Ami(
            host=chosen.ami_host,
            port=self.wiring.ami_port,
            username="controller",
            secret=self.wiring.ami_secret,
            on_event=self._heard,
            on_link=self._link,
            events=AMI_EVENTS,
        )
        self.passover = PassOver(
            lambda member, penalty: self.ami.action(
                "QueuePenalty", Interface=member, Penalty=str(penalty)
            )
        )
        self.shifts = Shifts(self.database, chosen.timezone)
        self.desk = Desk(
            self.shifts,
            act=self.ami.action,
            board=lambda: self.live.board,
            reasons=chosen.pause_reasons,
            wrap_up=timedelta(seconds=chosen.wrap_up_seconds),
        )
        self.control = Control(
            self.ami,
            lambda: self.live.board,
            self.desk,
            self.shifts,
            ring_seconds=chosen.ring_seconds,
        )
        self.lostkeys = LostKeys(self.live.waits, self._press)
        self.agi = AgiServer(
            chosen.agi_host,
            self.wiring.agi_port,
            {
                "reception": lambda session: reception(Call(session), self),
                "message": lambda session: message(Call(session)),
                "connected": lambda session: connected(Call(session)),
                "survey": lambda session: survey(Call(session)),
            },
        )
        seats = Seats(self.database)
        self.seat_plan = SeatPlan(seats, chosen, self.wiring)
        if chosen.city not in {pack.city for pack in packs}:
            known = ", ".join(sorted({pack.city for pack in packs}))
            raise SettingsError(f"HOTLINE_CITY={chosen.city!r}: there are packs of {known}")
        self.worlds = SqlWorlds(self.database, packs, load_calendar(), chosen.timezone, chosen.city)
        self.orders = Orders(self.database, self.worlds, changed=lambda: self.clockwork.nudge())
        files = Attachments(self.database, self.orders, chosen.home / "attachments")
        self.clockwork = clockwork.build(chosen, self.database, self.worlds, self.orders, files)
        self.services = ApiServices(
            database=self.database,
            accounts=Accounts(self.database, RedisAttempts(self.redis)),
            live=self.live,
            recordings=chosen.recordings,
            join=join,
            health={
                "asterisk": self._asterisk_health,
                "database": self._database_health,
                "redis": self._redis_health,
            },
            beside={"clockwork": self.clockwork.health},
            apply_seats=self._apply_seats,
            password_changed=self._password_changed,
            version=version("hotline12345"),
            worlds=self.worlds,
            attachments=chosen.home / "attachments",
            order_changed=self.clockwork.nudge,
            dialled=self.ledger.dialled,
            desk=self.desk,
            control=self.control,
            shifts=self.shifts,
            public_attempts=RedisAttempts(self.redis, limit=30, window=3600),
        )

    # --- what flows ask (ivr.call.Desk) ----------------------------------------------------
    def outlook(self, call: str) -> Outlook:
        """What awaits a caller who is led to the queue now."""
        return self.live.outlook(call)

    def arrival(self, came: Signalled) -> Arrival:
        """The line of a call that comes now."""
        line = self.lines.find(came, datetime.now(UTC)).line
        return Arrival(line.number, line.announce, line.queue, line.skill, line.priority)

    async def order_state(self, number: str) -> State | None:
        """Where a work order is; None when there is none of this number."""
        row = await self.orders.find(number)
        return None if row is None else row.state

    # --- running ---------------------------------------------------------------------------
    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything is up inside the block, and down and tidied up after it."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            stack.push_async_callback(self.redis.aclose)
            await self.ledger.open()
            await self.desk.open()
            await self.agi.start()
            stack.push_async_callback(self.agi.close)
            for job in (
                self.ledger.run(),
                self.live.publish(),
                self.passover.run(),
                self.desk.run(),
                self._figures(),
                self._duty(),
                self._sweep(),
                self.clockwork.run(),
            ):
                task = asyncio.create_task(job)
                stack.push_async_callback(_cancel, task)
            await self.ami.start()
            stack.push_async_callback(self.ami.close)
            await self._serve(stack)
            yield

    async def _serve(self, stack: AsyncExitStack) -> None:
        """HTTP for everyone, and the control socket for the local operator."""
        s = self.settings
        control = await serve_unix(build_api(self.services, operator=True), s.control_socket)
        stack.push_async_callback(control.cleanup)
        public, _ = await serve_tcp(build_api(self.services), s.http_host, s.http_port)
        stack.push_async_callback(public.cleanup)

    # --- Asterisk --------------------------------------------------------------------------
    def _heard(self, event: AmiEvent) -> None:
        if not genuine(event):
            log.warning("AMI: an event that a caller forged is passed over")
            return
        before = self.live.board
        self.live.apply(event)
        if event.name == "BridgeEnter":
            self._introduce(before, event)
        self.desk.take(event)
        self.control.take(event)
        self.passover.take(event)
        self.lostkeys.take(event)

    def _introduce(self, before: Board, event: AmiEvent) -> None:
        """Have a citizen who has just met a seat told its number; see ``features.conf``."""
        call = event.get("Linkedid", "")
        if self.live.board.parties(call) and not before.parties(call):
            channel = self.live.board.channels[call].name
            task = asyncio.create_task(self._say_seat(channel))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _say_seat(self, channel: str) -> None:
        try:
            await self._press(channel, "D")
        except AmiError as problem:
            log.info("the seat's number was not said: %s", problem)

    async def _press(self, channel: str, key: str) -> None:
        """Press a key on a channel as if its caller had."""
        await self.ami.action("PlayDTMF", Channel=channel, Digit=key, Duration="50", Receive="true")

    async def _link(self, up: bool) -> None:
        if not up:
            self.live.lost()
            self.desk.lost()
            return
        channels = await self.ami.listing("CoreShowChannels")
        queues = await self._members()
        self.live.resync(list(channels), list(queues))
        self.desk.linked(queues)
        self.passover.resync(queues)
        self._linked.set()

    async def _members(self) -> Sequence[AmiEvent]:
        """The queues, once their members are the seats there are."""
        queues = await self.ami.listing("QueueStatus")
        try:
            seats = await self.seat_plan.queues()
        except TicketingError as problem:
            log.warning("the seats stay as Asterisk knows them: %s", problem)
            return queues
        if await self.desk.join(seats, queues):
            queues = await self.ami.listing("QueueStatus")
        return queues

    async def _sweep(self) -> None:
        """End the records of calls that an Asterisk took with it: at reconnects and at times."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._linked.wait()
            self._linked.clear()
            try:
                asked = datetime.now(UTC)
                rows = await self.ami.listing("CoreShowChannels")
                alive = {row.get("Linkedid", "") for row in rows}
                await asyncio.sleep(LATE_ROWS_SECONDS)
                await self.ledger.end_missing(alive, asked - timedelta(seconds=LATE_ROWS_SECONDS))
            except (HotlineError, TicketingError) as problem:
                log.warning("the sweep is put off: %s", problem)

    async def _duty(self) -> None:
        """Tell the dialplan which roster is on duty (T1)."""
        while True:
            try:
                await self.seat_plan.put_on_duty(self._roster())
                await asyncio.sleep(ROSTER_SECONDS)
            except (AsteriskError, OSError):
                await asyncio.sleep(1.0)

    def _roster(self) -> str:
        return roster.on_duty(datetime.now(UTC), self.settings.timezone, self.settings.night)

    # --- others ----------------------------------------------------------------------------
    async def _recorded(self, records: Sequence[CallRecord]) -> None:
        self.live.tell({"recorded": [record.id for record in records]})
        self._records.set()

    async def _figures(self) -> None:
        """Tell who watches how well calls are connected, as records come (T9)."""
        while True:
            await self._records.wait()
            self._records.clear()
            try:
                self.live.tell({"figures": figures_out(*await self.shifts.figures())})
            except TicketingError as problem:
                log.info("the figures are put off: %s", problem)
            await asyncio.sleep(FIGURES_SECONDS)

    async def _apply_seats(self) -> None:
        seats = await self.seat_plan.apply()
        self.live.keep_seats(seats)
        await self.desk.closed(set(seats))
        await self.desk.join(seats, await self.ami.listing("QueueStatus"))

    def _password_changed(self, username: str) -> None:
        """The first password is worth nothing any more, so its file goes."""
        if username == ADMIN:
            first_login(self.settings).unlink(missing_ok=True)

    async def _asterisk_health(self) -> str | None:
        if not self.ami.connected:
            return f"manager link: {self.ami.status}"
        await self.ami.action("Ping", timeout=1.5)
        return None

    async def _database_health(self) -> str | None:
        await self.database.ping()
        return f"call records wait: {self.ledger.failing}" if self.ledger.failing else None

    async def _redis_health(self) -> str | None:
        try:
            await self.redis.ping()
        except (RedisError, OSError) as problem:
            return type(problem).__name__
        return None


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def run(chosen: Settings) -> None:
    """Run a controller until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Controller(chosen).running():
        log.info("controller up")
        await stop.wait()


def main() -> None:
    """``python -m ivr.app``: what the supervisor starts."""
    try:
        chosen = with_redis(settings.load())
        logs.configure(chosen.log_level)
        prompts.require(SOUNDS)
        uvloop.run(run(chosen))
    except HotlineError as problem:
        sys.exit(f"{problem}")


if __name__ == "__main__":
    main()
