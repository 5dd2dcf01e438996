"""``hotline demo``: the hotline with simulated citizens and agents on real SIP."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from ivr import logs, roster, toolbox
from ivr.asterisk import Asterisk
from ivr.asterisk_files import SOUNDS, AsteriskFiles
from ivr.cli.board import clean, ranges
from ivr.cli.control import Declined, NotRunning, ask
from ivr.cli.serve import run
from ivr.cli.watch import messages
from ivr.demo import speech
from ivr.demo.actors import CLOSE_SECONDS, Agents, Exchange, Record, Town
from ivr.demo.baresip import Seat
from ivr.demo.phones import SeatPhones
from ivr.demo.town import visits
from ivr.errors import SettingsError, SetupError
from ivr.progress import Progress
from ivr.settings import Settings

_REACHED_FROM_HERE = {"127.0.0.1", "localhost", "0.0.0.0"}  # noqa: S104 - only compared
_RECORD_SECONDS = 8.0
_LOOK_SECONDS = 0.5
_RATINGS = {"satisfied": "satisfied", "fair": "fair", "dissatisfied": "not satisfied"}


@click.command()
@click.option(
    "--calls-per-minute",
    type=click.FloatRange(0, 60, min_open=True),
    default=6,
    show_default=True,
    help="How many citizens call, on average.",
)
@click.option(
    "--seats",
    type=click.IntRange(0, 20),
    default=5,
    show_default=True,
    help="How many simulated agents there are.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="When to stop calling and end; 0 for never.",
)
@click.option("--seed", type=int, default=12345, help="Another seed, other citizens.")
@click.pass_obj
def demo(
    settings: Settings, calls_per_minute: float, seats: int, minutes: float, seed: int
) -> None:
    """Start the hotline with simulated citizens and agents; Ctrl-C stops all of it.

    They are real SIP phones that press keys and speak, and each call is told in one line. Your own
    phones may take part: agents are simulated on seats without a phone only.
    """
    logs.configure(settings.log_level)
    if settings.trunk != "loopback" or settings.sip_host not in _REACHED_FROM_HERE:
        raise SettingsError(
            "the simulated citizens call from this machine: for the demo leave out HOTLINE_TRUNK "
            "and HOTLINE_SIP_HOST"
        )
    progress = Progress(sys.stderr)
    programs = {
        name: toolbox.program(name, settings.cache, progress) for name in ("sipp", "baresip")
    }
    play = _Play(settings, programs["sipp"], programs["baresip"])
    asyncio.run(run(settings, lambda: play.run(seats, visits(seed, calls_per_minute), minutes)))


class _Play:
    """Puts the actors together around a running hotline."""

    def __init__(self, settings: Settings, sipp: toolbox.Program, baresip: toolbox.Program) -> None:
        self._settings, self._baresip = settings, baresip
        target = f"127.0.0.1:{settings.sip_port}"
        self._exchange = Exchange(sipp.argv, sipp.env, target)
        if baresip.root is None:
            raise SetupError("the simulated phones are not whole; remove the cache and try again")
        self._modules = baresip.root / "usr/lib/baresip/modules"

    async def run(self, wanted: int, plan: Iterable[Any], minutes: float) -> None:
        """Play until cancelled, or ``minutes`` and the last calls are over."""
        free = await self._free_seats()
        with tempfile.TemporaryDirectory(
            prefix="hotline-demo-", ignore_cleanup_errors=True
        ) as folder:
            tempfile.tempdir = folder  # so that nothing stays of an actor who had no time to tidy
            chosen = free[:wanted]
            said = await asyncio.to_thread(speech.prepare, SOUNDS, Path(folder), chosen)
            accounts = [await self._account(number, said.seats[number]) for number in chosen]
            phones = SeatPhones(self._baresip.argv, self._modules, accounts, env=self._baresip.env)
            agents = Agents(phones, self._tell)
            listening = asyncio.create_task(self._listen(agents))
            try:
                await phones.start()
                await phones.registered()
                self._introduce(wanted, chosen, free[wanted:])
                town = Town(
                    self._exchange,
                    agents,
                    said,
                    find=self._find,
                    tell=self._tell,
                    line=line,
                )
                await town.live(plan, minutes * 60)
            finally:
                listening.cancel()
                stopping = asyncio.create_task(phones.stop())
                await asyncio.wait([listening, stopping], timeout=CLOSE_SECONDS)

    async def _listen(self, agents: Agents) -> None:
        """Tell the agents of calls that a phone of your own has taken."""
        with suppress(NotRunning):
            async with aclosing(messages(self._settings)) as told:
                async for message in told:
                    for call in message.get("calls", ()):
                        agents.taken(call["caller"], call["seats"])

    def _introduce(self, wanted: int, chosen: Sequence[str], rest: Sequence[str]) -> None:
        if len(chosen) < wanted:
            click.echo(
                f"Only {len(chosen)} of {wanted} agents are simulated: the other seats on duty "
                "have a phone already. It rings for the simulated citizens too."
            )
        lines = [
            ("Simulated", f"agents on {ranges(chosen)}" if chosen else "no agents"),
            ("Your own phone", f"on {ranges(rest)}" if rest else "on any seat you add"),
            ("Recordings", str(self._settings.recordings)),
        ]
        click.echo("\n".join(f"  {name:<16} {value}" for name, value in lines) + "\n")

    async def _free_seats(self) -> list[str]:
        """Seats on duty that no phone is registered for, nor was before the hotline stopped."""
        s = self._settings
        program = toolbox.asterisk(s.cache, given=s.asterisk, progress=Progress(None))
        contacts = await Asterisk(AsteriskFiles(s), program).cli("pjsip show contacts")
        seats = (await ask(s, "GET", "/api/v1/seats"))["items"]
        duty = roster.on_duty(datetime.now(UTC), s.timezone, s.night)
        return without_phone(seats, contacts, duty)

    async def _account(self, number: str, speaks: Path) -> Seat:
        shown = await ask(self._settings, "GET", f"/api/v1/seats/{number}")
        over_tls = self._settings.seat_encryption
        return Seat(
            number,
            shown["password"],
            user=shown["user"],
            registrar=f"127.0.0.1:{self._settings.sip_port + over_tls}",
            transport="tls" if over_tls else "udp",
            encrypts=over_tls,
            answer_delay=1.5,
            speaks=speaks,
        )

    def _tell(self, text: str) -> None:
        """One line of what happens, with the time."""
        click.echo(f"{datetime.now(self._settings.timezone):%H:%M:%S}  {text}")

    async def _find(self, caller: str, since: datetime) -> Record | None:
        query = urlencode({"caller": caller, "since": since.isoformat(), "limit": 1})
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _RECORD_SECONDS
        while loop.time() < deadline:
            with suppress(NotRunning, Declined):  # its controller may just be starting again
                found = (await ask(self._settings, "GET", f"/api/v1/calls?{query}"))["items"]
                if found:
                    record: Record = found[0]
                    return record
            await asyncio.sleep(_LOOK_SECONDS)
        return None


def without_phone(seats: Iterable[Mapping[str, Any]], contacts: str, duty: str) -> list[str]:
    """Numbers of the seats that are on duty and have no phone.

    Args:
        seats: as ``GET /api/v1/seats`` tells.
        contacts: what Asterisk prints at ``pjsip show contacts``. A seat's state would not do: it
            says nothing of a phone until Asterisk has probed it, some seconds after its start.
        duty: the roster on duty, ``day`` or ``night``.
    """
    registered = set(re.findall(r"^\s*Contact:\s+(\d+)/sips?:", contacts, re.MULTILINE))
    numbers = (str(seat["number"]) for seat in seats if seat["roster"] in {"all", duty})
    return sorted(number for number in numbers if number not in registered)


def line(record: Record) -> str:
    """A call's record in one line: who, to whom, how long, how it ended."""
    who = clean(str(record["caller"])) + (" (ko)" if record["language"] == "ko" else "")
    ended = datetime.fromisoformat(record["ended_at"])

    def seconds(since: str) -> str:
        moment = record[since]
        if moment is None:
            return "an unknown time"
        return f"{(ended - datetime.fromisoformat(moment)).total_seconds():.0f} s"

    match record["outcome"]:
        case "answered":
            rated = _RATINGS.get(record["rating"] or "", "not rated")
            return f"{who} → {record['seat']}, {seconds('answered_at')}, {rated}"
        case "abandoned_in_queue":
            return f"{who} gave up after {seconds('queued_at')} in the queue"
        case "abandoned_in_menu" if "2" in record["menu"].split(">")[1:]:
            return f"{who} asked for the progress of an order, {seconds('arrived_at')}"
        case "abandoned_in_menu":
            return f"{who} hung up in the menu after {seconds('arrived_at')}"
        case "message_left":
            return f"{who} left a message: {record['message']}"
        case outcome:
            return f"{who}: the call {outcome}"
