"""Many calls at once from one sipp process, for load: all alike, counted, not led."""

from __future__ import annotations

import asyncio
import csv
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.demo.leash import Leashed, free_port
from ivr.demo.sipp_scenario import crowd as crowd_scenario
from ivr.errors import PhoneError

_EXPECTED = "receive timeout on message"  # how sipp tells that a pause is over
_ENDED_WELL = {0, 1}  # sipp's exit codes: all calls successful; some failed


@dataclass(frozen=True)
class CrowdResult:
    """Counts of the calls.

    Attributes:
        made: calls that were dialled.
        succeeded: answered, keys sent, ended in order, by either side.
        failed: all others.
        answer_ms: for each answered call, milliseconds from INVITE to answer, sorted.
        errors: first lines of what sipp found wrong.
    """

    made: int
    succeeded: int
    failed: int
    answer_ms: tuple[float, ...]
    errors: tuple[str, ...]

    def answer_percentile(self, percent: float) -> float:
        """The given percentile of ``answer_ms``; 0 when nothing was answered."""
        if not self.answer_ms:
            return 0.0
        at = round(percent / 100 * (len(self.answer_ms) - 1))
        return self.answer_ms[at]


class Crowd:
    """``calls`` calls, ``rate`` new ones a second.

    Args:
        sipp: the program and its first arguments.
        calls: how many in all.
        rate: how many new ones a second.
        at_once: never more than so many at a time; no limit by default.
        keys: keys to press, each with the seconds before it (the first: after the answer). They
            go as SIP INFO, which Asterisk takes when ``res_pjsip_dtmf_info`` is loaded.
        talk: seconds on the line after the last key.
        forwarded: numbers that forward the calls to ``dialled``, one after the other, again and
            again.
    """

    def __init__(
        self,
        sipp: Sequence[str],
        *,
        calls: int,
        rate: float,
        at_once: int | None = None,
        target: str = "127.0.0.1:5060",
        dialled: str = "12345",
        caller: str = "13812345678",
        keys: Sequence[tuple[str, float]] = (),
        talk: float = 1.0,
        forwarded: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._sipp = list(sipp)
        self._calls = calls
        self._rate = rate
        self._at_once = at_once
        self._target = target
        self._dialled = dialled
        self._caller = caller
        self._keys = list(keys)
        self._talk = talk
        self._forwarded = list(forwarded)
        self._env = env

    async def run(self, timeout: float) -> CrowdResult:
        """Make all the calls and count them.

        Raises:
            TimeoutError: not over in ``timeout`` seconds; what still ran was stopped.
            PhoneError: sipp cannot work.
        """
        folder = Path(tempfile.mkdtemp(prefix="crowd-"))
        sipp: Leashed | None = None
        try:
            scenario = crowd_scenario(self._keys, self._talk, forwarded=bool(self._forwarded))
            (folder / "crowd.xml").write_text(scenario, "utf-8")
            numbers = "\n".join(["SEQUENTIAL", *self._forwarded, ""])
            (folder / "numbers.csv").write_text(numbers, "utf-8")
            sipp = await Leashed.start(
                self._argv(folder), log=folder / "sipp.log", cwd=folder, env=self._env
            )
            code = await sipp.wait(timeout)
            if code not in _ENDED_WELL:
                raise PhoneError(f"sipp ended with code {code}: {sipp.tail()[-800:]}")
            return await asyncio.to_thread(_read_result, folder)
        finally:
            if sipp is not None:
                await sipp.stop()
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _argv(self, folder: Path) -> list[str]:
        most = self._at_once if self._at_once is not None else self._calls
        return [
            *self._sipp, self._target, "-sf", str(folder / "crowd.xml"), "-aa", "-nostdin",
            "-m", str(self._calls), "-r", f"{self._rate:g}", "-l", str(most),
            "-s", self._dialled, "-i", "127.0.0.1", "-mi", "127.0.0.1",
            "-p", str(free_port()), "-ci", "127.0.0.1", "-cp", str(free_port()),
            "-key", "caller", self._caller, "-key", "display", "",
            *(["-inf", str(folder / "numbers.csv")] if self._forwarded else []),
            "-trace_stat", "-stf", str(folder / "stat.csv"), "-fd", "1",
            "-trace_rtt", "-rtt_freq", "1",
            "-trace_err", "-error_file", str(folder / "errors.log"), "-f", "3600",
        ]  # fmt: skip


def _read_result(folder: Path) -> CrowdResult:
    with (folder / "stat.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    if not rows:
        raise PhoneError("sipp left no statistics")
    last = rows[-1]
    times: list[float] = []
    for trace in folder.glob("*_rtt.csv"):
        for line in trace.read_text("utf-8").splitlines():
            fields = line.split(";")
            if len(fields) >= 2 and fields[0][:1].isdigit():
                times.append(float(fields[1]))
    errors: list[str] = []
    if (folder / "errors.log").exists():
        text = (folder / "errors.log").read_text("utf-8", "replace")
        lines = (line for line in text.splitlines() if line.strip())
        errors = [line for line in lines if _EXPECTED not in line][1:21]
    return CrowdResult(
        made=int(last["TotalCallCreated"]),
        succeeded=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        answer_ms=tuple(sorted(times)),
        errors=tuple(errors),
    )
