"""Acts out a town (``ivr.demo.town``) on real SIP: citizens who call, agents who answer."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ivr.demo.phones import SeatPhone, SeatPhones
from ivr.demo.sipp import Citizen
from ivr.demo.speech import Speech
from ivr.demo.town import Errand, Visit
from ivr.errors import PhoneError

MOST_AT_ONCE = 40  # calls; more would be too much for the machine that also runs the hotline
CLOSE_SECONDS = 1.2
_RINGS_SECONDS = 30.0
_LONGEST_SECONDS = 900.0
_FAREWELL_SECONDS = 60.0  # for the hotline's own last words
_SAYS_BYE_SECONDS = 1.0
_LAST_CALLS_SECONDS = 90.0
_WATCH_SECONDS = 3600.0

Record = Mapping[str, Any]
Taken = asyncio.Future[SeatPhone | None]
Tell = Callable[[str], None]
Find = Callable[[str, datetime], Awaitable[Record | None]]


class Agents:
    """The simulated agents. They take every call; a call that was expected is told who took it."""

    def __init__(self, phones: SeatPhones, tell: Tell) -> None:
        self._phones = phones
        self._tell = tell
        self._expected: dict[str, asyncio.Future[SeatPhone | None]] = {}

    def expect(self, caller: str) -> asyncio.Future[SeatPhone | None]:
        """The phone that will take the call of ``caller``; None: one that is not simulated."""
        future: asyncio.Future[SeatPhone | None] = asyncio.get_running_loop().create_future()
        self._expected[caller] = future
        return future

    def forget(self, caller: str) -> None:
        """``caller`` is not coming any more."""
        self._expected.pop(caller, None)

    def taken(self, caller: str, seats: Iterable[str]) -> None:
        """The hotline says that ``caller`` talks to ``seats``."""
        talking, simulated = set(seats), {phone.number for phone in self._phones}
        waiting = self._expected.get(caller)
        if waiting is not None and not waiting.done() and talking and not talking & simulated:
            waiting.set_result(None)

    async def work(self) -> None:
        """Note who talks to whom, until cancelled."""
        await asyncio.gather(*(self._attend(phone) for phone in self._phones))

    async def _attend(self, phone: SeatPhone) -> None:
        while True:
            try:
                event = await phone.talking(_WATCH_SECONDS)
            except TimeoutError:
                continue
            caller = caller_of(event.get("peeruri", ""))
            waiting = self._expected.get(caller)
            if waiting is None:
                self._tell(f"{caller} (a call of your own) → {phone.number}")
            elif not waiting.done():
                waiting.set_result(phone)


@dataclass(frozen=True)
class Exchange:
    """What citizens need to call.

    Attributes:
        sipp: the program and its first arguments; ``env`` goes with it.
        target: ``host:port`` of the hotline's SIP.
    """

    sipp: tuple[str, ...]
    env: Mapping[str, str]
    target: str


class Town:
    """Everybody in the play.

    Args:
        find: the record of the latest call from a number since a moment, or None when there is
            none in good time.
        tell: told one line for each call that is over.
        line: makes that line of a record.
    """

    def __init__(
        self,
        exchange: Exchange,
        agents: Agents,
        speech: Speech,
        *,
        find: Find,
        tell: Tell,
        line: Callable[[Record], str],
    ) -> None:
        self._exchange, self._agents, self._speech = exchange, agents, speech
        self._find, self._tell, self._line = find, tell, line
        self._calling: set[asyncio.Task[None]] = set()

    async def live(self, plan: Iterable[Visit], seconds: float) -> None:
        """Act out the plan.

        Args:
            seconds: after which nobody calls any more and the last calls come to their end; 0
                for ever.

        When cancelled, all calls end within ``CLOSE_SECONDS``.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        room = asyncio.Semaphore(MOST_AT_ONCE)
        working = asyncio.create_task(self._agents.work())
        try:
            for visit in plan:
                if seconds and visit.at > seconds:
                    break
                await asyncio.sleep(max(0.0, began + visit.at - loop.time()))
                await room.acquire()
                task = asyncio.create_task(self._visit(visit))
                self._calling.add(task)
                task.add_done_callback(self._calling.discard)
                task.add_done_callback(lambda _: room.release())
            if self._calling:
                self._tell(f"nobody else calls; {len(self._calling)} calls come to their end")
                await asyncio.wait(self._calling, timeout=_LAST_CALLS_SECONDS)
        finally:
            ending = {working, *self._calling}
            for task in ending:
                task.cancel()
            await asyncio.wait(ending, timeout=CLOSE_SECONDS)

    async def _visit(self, visit: Visit) -> None:
        """One call, and what is told of it."""
        began = datetime.now(UTC)
        try:
            await self._call(visit)
            record = await self._find(visit.caller, began)
            self._tell(self._line(record) if record else f"{visit.caller} has no record yet")
        except (PhoneError, TimeoutError) as problem:
            self._tell(f"{visit.caller}: {str(problem) or 'the call did not come to its end'}")
        finally:
            self._agents.forget(visit.caller)

    async def _call(self, visit: Visit) -> None:
        taken = self._agents.expect(visit.caller)
        async with Citizen(
            self._exchange.sipp,
            target=self._exchange.target,
            caller=visit.caller,
            env=self._exchange.env,
        ) as citizen:
            await citizen.answered(_RINGS_SECONDS)
            acting = asyncio.create_task(self._act(visit, citizen, taken))
            over = asyncio.create_task(citizen.wait(_LONGEST_SECONDS))
            try:
                await asyncio.wait({acting, over}, return_when=asyncio.FIRST_COMPLETED)
                if not over.done():
                    acting.result()
                    async with asyncio.timeout(_FAREWELL_SECONDS):
                        await asyncio.shield(over)
                over.result()
            finally:
                for task in (acting, over):
                    task.cancel()
                await asyncio.gather(acting, over, return_exceptions=True)

    async def _act(self, visit: Visit, citizen: Citizen, taken: Taken) -> None:
        """What the citizen does; on return the call is over or the hotline will end it."""
        errand = visit.errand
        if errand is not Errand.SILENT:
            await self._press(visit, citizen, visit.language_key)
            if visit.slips:
                await self._press(visit, citizen, "7")
        match errand:
            case Errand.SECOND_THOUGHTS:
                await asyncio.sleep(visit.hesitation)
                await citizen.hang_up()
            case Errand.MESSAGE:
                await self._press(visit, citizen, "3")
                await self._leave_message(visit, citizen)
            case Errand.PROGRESS | Errand.PROGRESS_AND_AGENT:
                await self._press(visit, citizen, "2")
                await self._press(visit, citizen, f"{visit.order}#")
                await asyncio.sleep(2 * visit.hesitation)
                if errand is Errand.PROGRESS:
                    await citizen.hang_up()
                    return
                await citizen.press("1")
                await self._talk(visit, citizen, taken)
            case Errand.AGENT:
                await self._press(visit, citizen, "1")
                await self._talk(visit, citizen, taken)
            case Errand.SILENT:
                await self._talk(visit, citizen, taken)

    async def _talk(self, visit: Visit, citizen: Citizen, taken: Taken) -> None:
        patience = visit.patience + (60.0 if visit.errand is Errand.SILENT else 0.0)
        try:
            async with asyncio.timeout(patience):
                phone = await taken
        except TimeoutError:
            await citizen.hang_up()
            return
        await asyncio.gather(self._speak(visit, citizen), asyncio.sleep(visit.talk))
        if phone is None or not visit.seat_ends:
            await citizen.hang_up()
            return
        with contextlib.suppress(PhoneError):  # the other party was faster
            await phone.hangup()
        await asyncio.sleep(_SAYS_BYE_SECONDS + visit.hesitation)
        if visit.rating is None:
            await citizen.hang_up()
        else:
            await citizen.press(visit.rating)

    async def _leave_message(self, visit: Visit, citizen: Citizen) -> None:
        await asyncio.sleep(self._speech.intro[visit.language] + _SAYS_BYE_SECONDS)
        await self._speak(visit, citizen)
        await citizen.press("#")

    async def _speak(self, visit: Visit, citizen: Citizen) -> None:
        await citizen.say(self._speech.citizens[visit.language], visit.talk)

    async def _press(self, visit: Visit, citizen: Citizen, keys: str) -> None:
        await asyncio.sleep(visit.hesitation)
        await citizen.press(keys)


def caller_of(address: str) -> str:
    """The user part of a SIP address; ``?`` when there is none."""
    found = re.match(r"<?sips?:([^@;>]+)@", address)
    return found[1] if found else "?"
