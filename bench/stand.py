"""The stand: a hotline of the bench's own, one measured run on it, and its records counted."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench import crowd
from bench.meter import PARTS, Reading
from ivr import toolbox
from ivr.errors import AsteriskError, PhoneError
from ivr.progress import Progress
from tests.e2e.hotline import Hotline
from tests.tools import CACHE

PLAIN = Path(__file__).with_name("plain.conf")
RECORDS_WITHIN = 30.0  # seconds after the last call in which every record must be in SQL
GOOD_SOUND_MS = 1000.0  # a caller who hears nothing for longer counts as failed
_MENU = ">".join(key for key, _ in crowd.KEYS)
QUIET_WITHIN = 6.0  # seconds that a run waits for the machine to be at rest
_QUIET = 0.1  # share of the machine in use that counts as rest
_SETTLE = 1.0  # seconds: sockets close, the controller's timers go round


class Side(StrEnum):
    """Who answers."""

    OURS = "reception"
    PLAIN = "plain dialplan"


DIALLED = {Side.OURS: "12345", Side.PLAIN: "99"}


@dataclass(frozen=True)
class Run:
    """One measured run.

    Attributes:
        wanted_rate: new calls a second asked of sipp.
        rate: new calls a second that it made.
        failed: calls that met any trouble: see :attr:`trouble`.
        trouble: what went wrong, by kind.
        cpu_ms: milliseconds of CPU for each call: of ``asterisk`` and ``controller``.
        others: CPU used by other programs during the run, as a share of the whole machine; with
            more than a few percent the figures are blurred.
        record_lag: seconds from the last hang-up until every record was in SQL.
    """

    side: Side
    wanted_rate: float
    calls: int
    rate: float
    failed: int
    trouble: dict[str, int]
    first_sound_ms: dict[str, float]
    cpu_ms: dict[str, float]
    others: float
    record_lag: float
    errors: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether no call failed and sipp kept its pace."""
        return not self.failed and self.rate >= 0.95 * self.wanted_rate


class Stand:
    """A running hotline with the plain menu beside its own. Use :func:`stand`."""

    def __init__(self, hotline: Hotline) -> None:
        self.hotline = hotline
        self.pids = hotline.pids()
        self._etc = hotline.home / "asterisk" / "etc"
        self._asterisk = toolbox.asterisk(CACHE, progress=Progress(None)).argv
        self._sipp = toolbox.program("sipp", CACHE, Progress(None)).argv
        self._callers = (str(number) for number in itertools.count(1001))

    async def run(self, side: Side, *, rate: float, calls: int) -> Run:
        """Make calls and measure them; the hotline is at rest before and after.

        Raises:
            PhoneError: sipp cannot work.
        """
        caller = next(self._callers)
        await self._quiet()
        before = Reading.take(self.pids)
        heard = await crowd.run(
            self._sipp,
            target=f"127.0.0.1:{self.hotline.sip_port}",
            dialled=DIALLED[side],
            caller=caller,
            rate=rate,
            calls=calls,
        )
        ended = time.monotonic()
        if heard.failed:
            await self._clear()
        whole, right = await self._records(caller, heard.dialled)
        lag = time.monotonic() - ended
        await asyncio.sleep(_SETTLE)
        after = Reading.take(self.pids)
        sounds = heard.first_sound_ms
        trouble = {
            "cut off or refused": heard.failed,
            "no sound": heard.dialled - len(sounds),
            "sound late": sum(wait > GOOD_SOUND_MS for wait in sounds),
            "no record": heard.dialled - whole,
            "keys not understood": whole - right,
        }
        return Run(
            side=side,
            wanted_rate=rate,
            calls=heard.dialled,
            rate=round(heard.rate, 1),
            failed=min(sum(abs(count) for count in trouble.values()), heard.dialled),
            trouble={kind: count for kind, count in trouble.items() if count}
            | ({"sent again": heard.retransmissions} if heard.retransmissions else {}),
            first_sound_ms={
                "p50": percentile(sounds, 50),
                "p95": percentile(sounds, 95),
                "max": sounds[-1] if sounds else 0.0,
            },
            cpu_ms={
                part: round(1000 * (after.parts[part] - before.parts[part]) / heard.dialled, 3)
                for part in PARTS
            },
            others=after.others(before),
            record_lag=round(lag, 2),
            errors=heard.errors,
        )

    async def add_plain_menu(self) -> None:
        """Write the plain menu into this hotline's dialplan; the product has none of it.

        Raises:
            AsteriskError: Asterisk does not take it.
        """
        extensions = self._etc / "extensions.conf"
        extensions.write_text(extensions.read_text("utf-8") + PLAIN.read_text("utf-8"), "utf-8")
        answer = await self._cli("dialplan reload")
        if "reloaded" not in answer:
            raise AsteriskError(f"the plain menu could not be added: {answer}")

    async def _cli(self, command: str) -> str:
        """Run one command of Asterisk; what it printed."""
        process = await asyncio.create_subprocess_exec(
            *self._asterisk, "-C", str(self._etc / "asterisk.conf"), "-rx", command,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate()
        return output.decode("utf-8", "replace")

    async def _quiet(self) -> None:
        """Wait until nobody is busy, nor the hotline with the run before; but not for ever."""
        deadline = time.monotonic() + QUIET_WITHIN
        while time.monotonic() < deadline:
            before = Reading.take(self.pids)
            await asyncio.sleep(1.0)
            if Reading.take(self.pids).load(before) < _QUIET:
                return

    async def _clear(self) -> None:
        """Hang up what callers who gave up have left behind."""
        await self._cli("channel request hangup all")
        deadline = time.monotonic() + RECORDS_WITHIN
        while "0 active channels" not in await self._cli("core show channels count"):
            if time.monotonic() > deadline:
                raise PhoneError("calls of the last run do not end; the hotline is overloaded")
            await asyncio.sleep(0.5)

    async def _records(self, caller: str, wanted: int) -> tuple[int, int]:
        """Wait for the run's records; how many there are, and how many tell of the right keys."""
        deadline = time.monotonic() + RECORDS_WITHIN
        while True:
            whole, right = await asyncio.to_thread(self._count, caller)
            if whole >= wanted or time.monotonic() > deadline:
                return whole, right
            await asyncio.sleep(0.1)

    def _count(self, caller: str) -> tuple[int, int]:
        database = f"file:{self.hotline.home / 'hotline.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(database, uri=True)) as connection:
            row = connection.execute(
                "SELECT count(*), coalesce(sum(menu = ? AND language = 'zh' AND "
                "outcome = 'abandoned_in_menu' AND hangup_by = 'caller'), 0) "
                "FROM calls WHERE caller LIKE ?",
                (_MENU, f"{caller}%"),
            ).fetchone()
        return int(row[0]), int(row[1])


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    """A hotline at its own ports, with the plain menu added to its dialplan.

    Raises:
        SetupError: a program is missing.
        AsteriskError: the plain menu cannot be added.
        AssertionError: the hotline does not start.
    """
    async with Hotline() as hotline:
        ready = Stand(hotline)
        await ready.add_plain_menu()
        yield ready


def percentile(ordered: tuple[float, ...], percent: float) -> float:
    """The given percentile of sorted numbers; 0 when there are none."""
    if not ordered:
        return 0.0
    return round(ordered[round(percent / 100 * (len(ordered) - 1))], 2)
