"""The controller: everything is put together here, and only here."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import redis.asyncio
import uvloop
from redis.exceptions import RedisError

from agi_scripts.callback import callback, called_back, kept_place
from agi_scripts.connected import connected
from agi_scripts.dispatch_call import dispatch_call
from agi_scripts.hand_on import hand_on
from agi_scripts.message import message
from agi_scripts.reception import reception
from agi_scripts.survey import survey
from ivr import clockwork, logs, processes, roster, settings, toolbox
from ivr.agi import AgiServer
from ivr.ami import Ami, AmiEvent
from ivr.answers import Answers
from ivr.api import ApiServices, build_api, serve_tcp, serve_unix
from ivr.api.control_models import figures_out
from ivr.asterisk_files import AsteriskFiles, own_prompts
from ivr.call import Call
from ivr.callbacks import CallingBack
from ivr.captions import Captions, Recorded
from ivr.conference import Conference
from ivr.control import Control
from ivr.desk import Desk
from ivr.dispatch_calls import DispatchCalling
from ivr.doorkeeper import Doorkeeper
from ivr.errors import AmiError, AsteriskError, HotlineError, SettingsError
from ivr.floor import Floor
from ivr.flowdesk import FlowDesk
from ivr.handing_on import HandingOn
from ivr.jobs import Queue, Sweep
from ivr.ledger import Ledger
from ivr.lines import CityLines
from ivr.live import Live
from ivr.lostkeys import LostKeys
from ivr.nuisance import NuisanceDoor
from ivr.outward import Outward
from ivr.passover import PassOver
from ivr.prepare import first_login
from ivr.probing import Probing
from ivr.progress import Progress
from ivr.recordings import salvage
from ivr.seats import SeatPlan, addresses, reload
from ivr.settings import Settings
from ivr.supervisor import with_redis
from ivr.surge import Surging
from ivr.switchboard import Board, genuine
from ivr.thirds import Thirds
from ivr.wiring import Wiring
from speech import encoding
from speech.ports import Unreadable
from speech.recording import join
from ticketing.assist.model import Shelf
from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import TicketingError
from ticketing.domain.intruders import BanRule, Watch
from ticketing.policies.loader import CalendarFile, load_packs
from ticketing.service.accounts import ADMIN, Accounts
from ticketing.service.attachments import Attachments
from ticketing.service.bans import Bans
from ticketing.service.callbacks import Callbacks
from ticketing.service.dispatch_calls import DispatchCalls
from ticketing.service.duties import Duties
from ticketing.service.models import Models
from ticketing.service.nuisance import Nuisance
from ticketing.service.orders import Orders
from ticketing.service.outward import OutwardCalls
from ticketing.service.probes import Probes
from ticketing.service.retention import Deleting
from ticketing.service.seats import Seats
from ticketing.service.shifts import Shifts
from ticketing.service.skills import Skills
from ticketing.service.surges import Surges
from ticketing.service.worlds import SqlWorlds
from ticketing.store.attempts import RedisAttempts
from ticketing.store.calls import Witness
from ticketing.store.database import Database

log = logging.getLogger(__name__)
ROSTER_SECONDS = 15.0
SWEEP_SECONDS = 30.0
LATE_ROWS_SECONDS = 1.0
AFTER_CALL_SECONDS = 3.0  # between two looks for what is to be done after calls
FIGURES_SECONDS = 2.0  # between two that are told
AMI_EVENTS = "call,agent,dtmf,security"


class Controller:
    """One node's controller. Parts are made in :meth:`build` order and given to each other."""

    def __init__(self, chosen: Settings) -> None:
        self.settings = chosen
        self._linked = asyncio.Event()
        self._records = asyncio.Event()
        self._regroup = asyncio.Event()
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
            thirds=lambda leg: self.conference.who(leg),
            captions=lambda call: self.captions.state(call),
        )
        self.captions = Captions(
            self.redis,
            chosen.node,
            calls=self._recorded_now,
            seats=lambda call: self.live.board.parties(call),
            seat_of=lambda person: self.desk.seat_of(person),
            tell=self.live.tell,
            named=chosen.live_models,
            on=chosen.captions,
        )
        self.answers = Answers(
            self.redis, chosen.node, chosen.recordings / "answers", self.captions.knows
        )
        packs = load_packs()
        self.lines = CityLines(packs, chosen.city, chosen.timezone)
        listed = Callbacks(self.database, self.lines.callbacks, chosen.timezone)
        self.ledger = Ledger(
            self.database,
            beside=listed.take,
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
        self.passover = PassOver(lambda member, missed: self.desk.pass_over(member, missed))
        self.shifts = Shifts(self.database, chosen.timezone)
        self.desk = Desk(
            self.shifts,
            act=self.ami.action,
            board=lambda: self.live.board,
            reasons=chosen.pause_reasons,
            wrap_up=timedelta(seconds=chosen.wrap_up_seconds),
            moved=self._regroup.set,
        )
        self.control = Control(
            self.ami,
            lambda: self.live.board,
            self.desk,
            self.shifts,
            ring_seconds=chosen.ring_seconds,
        )
        self.outward_calls = OutwardCalls(self.database, self.lines.outbound, chosen.timezone)
        self.outward = Outward(
            self.ami,
            self.outward_calls,
            lambda: self.live.board,
            open=bool(chosen.trunk_out),
        )
        self.calling_back = CallingBack(
            listed,
            self.outward,
            self.live,
            queue_of=lambda queue: roster.serving(queue, self._roster()),
            alive=self._alive,
            told=self._told,
            open=bool(chosen.trunk_out),
        )
        self.duties = Duties(self.database, chosen.timezone)
        self.conference = Conference(
            self.control.steering,
            Thirds(
                self.control.steering,
                self.outward,
                on_call=self.duties.on_call,
                plan=self.lines.plan,
                today=lambda: datetime.now(chosen.timezone).date(),
                last_leg=self.ledger.last_leg,
                ring_seconds=chosen.ring_seconds,
            ),
            self.shifts,
            pause_seconds=chosen.record_pause_seconds,
        )
        self.handing_on = HandingOn(
            self.control.steering, self.conference.thirds, self.outward, self.shifts
        )
        self.lostkeys = LostKeys(self.live.waits, self._press)
        self.nuisance = Nuisance(self.database, self.lines.nuisance, chosen.timezone)
        self.nuisance_door = NuisanceDoor(
            self.nuisance, lambda kept: self.live.tell({"nuisance": [kept.id]})
        )
        seats = Seats(self.database)
        ban_rule = BanRule()
        self.bans = Bans(self.database, ban_rule)
        self.doorkeeper = Doorkeeper(
            self.bans,
            Watch(ban_rule),
            self.files,
            lambda: addresses(chosen, self.wiring),
            lambda: reload(chosen, self.wiring, "acl"),
            trunk=(chosen.trunk.rpartition("@")[2], chosen.trunk_out),
            told=lambda ban: self.live.tell({"bans": [ban.address]}),
        )
        skills = Skills(self.database, self.lines.queues, chosen.timezone)
        self.seat_plan = SeatPlan(seats, skills, self.desk.person, chosen, self.wiring)
        if chosen.city not in {pack.city for pack in packs}:
            known = ", ".join(sorted({pack.city for pack in packs}))
            raise SettingsError(f"HOTLINE_CITY={chosen.city!r}: there are packs of {known}")
        self.worlds = SqlWorlds(self.database, packs, CalendarFile(), chosen.timezone, chosen.city)
        self.orders = Orders(self.database, self.worlds, changed=lambda: self.clockwork.nudge())
        self.surging = Surging(Surges(self.database, self.orders), self.live.tell)
        self.dispatch_calling = DispatchCalling(
            DispatchCalls(
                self.database,
                self.orders,
                self.worlds,
                self.duties.responsible,
                rules=lambda: self.lines.dispatch(datetime.now(chosen.timezone).date()),
                node=chosen.node,
            ),
            self.outward,
            self.live,
            changed=lambda: self.clockwork.nudge(),
        )
        desk = FlowDesk(
            lines=self.lines,
            timezone=chosen.timezone,
            live=self.live,
            outward=self.outward,
            orders=self.orders,
            calling_back=self.calling_back,
            handing_on=self.handing_on,
            dispatch_calling=self.dispatch_calling,
            nuisance=self.nuisance_door,
            surging=self.surging,
        )
        self.agi = AgiServer(
            chosen.agi_host,
            self.wiring.agi_port,
            {
                "reception": lambda session: reception(Call(session, self.answers), desk),
                "message": lambda session: message(Call(session)),
                "connected": lambda session: connected(Call(session)),
                "survey": lambda session: survey(Call(session)),
                "hand_on": lambda session: hand_on(Call(session), desk),
                "callback": lambda session: callback(Call(session), desk),
                "place": lambda session: kept_place(Call(session), desk),
                "called_back": lambda session: called_back(Call(session), desk),
                "dispatch_call": lambda session: dispatch_call(Call(session), desk),
            },
        )
        self.probes = Probes(self.database, self.worlds, self.wiring.reload_secret.encode())
        self.probing = Probing(
            self.probes,
            self.outward,
            lambda: self.live.board,
            lambda probe: self.live.tell({"probes": [probe.id]}),
            open=bool(chosen.trunk_out),
        )
        files = Attachments(self.database, self.orders, chosen.home / "attachments")
        self.clockwork = clockwork.build(chosen, self.database, self.worlds, self.orders, files)
        self.models = Models(Shelf(chosen.home / "assist"))
        self.queue = Queue(chosen.redis_url or "")
        self.after_calls = Sweep(self.database, self.queue)
        deleting = Deleting(self.database, chosen.recordings, self.lines.retention)
        call_over = self.clockwork.also(
            "jobs after calls", self.after_calls.run_once, AFTER_CALL_SECONDS
        )
        self.clockwork.also("deleting by policy", deleting.run_once, clockwork.TIDY_SECONDS)
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
            beside={
                "captions": self.captions.health,
                "clockwork": self.clockwork.health,
                "transcripts": self.after_calls.health,
                "assist": self.models.health,
            },
            apply_seats=self._apply_seats,
            password_changed=self._password_changed,
            version=version("hotline12345"),
            worlds=self.worlds,
            attachments=chosen.home / "attachments",
            order_changed=self.clockwork.nudge,
            export=self._export,
            call_over=call_over,
            dialled=self.ledger.dialled,
            desk=self.desk,
            control=self.control,
            conference=self.conference,
            handing_on=self.handing_on,
            duties=self.duties,
            models=self.models,
            prompts=own_prompts(chosen),
            shifts=self.shifts,
            calling_back=self.calling_back,
            surging=self.surging,
            floor=Floor(
                self.control.steering, self.conference, self.shifts, self.calling_back.place
            ),
            skills=skills,
            dispatch_calling=self.dispatch_calling,
            captions=self.captions,
            public_attempts=RedisAttempts(self.redis, limit=30, window=3600),
            ban_lifted=self.doorkeeper.lifted,
            nuisance=self.nuisance,
            probing=self.probing,
            probes=self.probes,
            nuisance_changed=self.nuisance_door.changed,
        )

    # --- running ---------------------------------------------------------------------------
    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything is up inside the block, and down and tidied up after it."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            stack.push_async_callback(self.redis.aclose)
            stack.push_async_callback(self.queue.close)
            stack.push_async_callback(self.outward.close)
            await self.ledger.open()
            await self.desk.open()
            self.answers.open()
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
                self.doorkeeper.run(),
                self.nuisance_door.run(),
                self.probing.run(),
                self.captions.run(),
                self.calling_back.run(),
                self._group(),
                self.surging.run(),
                self.dispatch_calling.run(),
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
        self.conference.take(event)
        self.handing_on.take(event)
        self.outward.take(event)
        self.doorkeeper.take(event)
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
        self.conference.linked()
        self._linked.set()

    async def _members(self) -> Sequence[AmiEvent]:
        """The queues, once their members are the seats there are."""
        queues = await self.ami.listing("QueueStatus")
        try:
            seats = await self.seat_plan.queues()
        except TicketingError as problem:
            log.warning("the seats stay as Asterisk knows them: %s", problem)
            return queues
        self._regroup.clear()
        if await self.desk.join(seats, queues):
            queues = await self.ami.listing("QueueStatus")
        return queues

    async def _group(self) -> None:
        """Let a seat's queues follow who sits there, for ever: skills are persons' (T1)."""
        while True:
            await self._regroup.wait()
            self._regroup.clear()
            try:
                if self.ami.connected:
                    await self._join(await self.seat_plan.queues())
            except (HotlineError, TicketingError) as problem:
                log.warning("the seats' queues are put off: %s", problem)
                await asyncio.sleep(1.0)
                self._regroup.set()

    async def _join(self, seats: Mapping[str, Mapping[str, int]]) -> None:
        self.live.keep_seats({number: frozenset(queues) for number, queues in seats.items()})
        await self.desk.join(seats, await self.ami.listing("QueueStatus"))

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

    async def _alive(self) -> set[str]:
        """The calls that Asterisk carries now."""
        rows = await self.ami.listing("CoreShowChannels")
        return {row.get("Linkedid", "") for row in rows}

    async def _told(self, call: str) -> bool:
        """Whether the journal, read to its end, tells nothing more of a call."""
        while await self.ledger.catch_up():
            pass
        return not self.ledger.knows(call)

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

    def _recorded_now(self) -> dict[str, Recorded] | None:
        """The calls that are recorded now; None while Asterisk cannot be asked."""
        if not self.live.connected:
            return None
        found = {call: self.ledger.recorded(call) for call in self.live.board.calls}
        return {
            call: Recorded(told[0], told[1], told[2].timestamp())
            for call, told in found.items()
            if told is not None
        }

    # --- others ----------------------------------------------------------------------------
    async def _recorded(self, records: Sequence[CallRecord]) -> None:
        self.live.tell({"recorded": [record.id for record in records]})
        self.nuisance_door.ended(records)
        self._records.set()
        self.calling_back.nudge()

    def _export(self, place: Path, target: Path, spans: Sequence[tuple[int, float, float]]) -> None:
        """Write a recording with stretches silent; the kept file alone needs ffmpeg to be read."""
        needed = place.is_file() and place.suffix != ".wav"
        program = toolbox.ffmpeg(self.settings.cache, Progress(None)) if needed else None
        try:
            encoding.export(place, target, spans, program.argv if program else None)
        except Unreadable as problem:
            raise FileNotFoundError(str(problem)) from problem

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
        await self.desk.closed(set(seats))
        await self._join(seats)

    def _password_changed(self, username: str) -> None:
        """The first password is worth nothing any more, so its file goes."""
        if username == ADMIN:
            first_login(self.settings).unlink(missing_ok=True)

    async def _asterisk_health(self) -> str | None:
        if not self.ami.connected:
            return f"manager link: {self.ami.status}"
        if not self.live.connected:
            return "what goes on is being asked for"
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
        gc.freeze()  # what is there now stays: no collection need look through it in mid-call
        log.info("controller up")
        await stop.wait()


def main() -> None:
    """``python -m ivr.app``: what the supervisor starts."""
    try:
        chosen = with_redis(settings.load())
        logs.configure(chosen.log_level)
        processes.interrupt_nobody()
        uvloop.run(run(chosen))
    except HotlineError as problem:
        sys.exit(f"{problem}")


if __name__ == "__main__":
    main()
