"""One run: sipp's callers at a given rate, what they met, and when each heard the first sound."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.ear import Ear, address
from ivr.demo.leash import Leashed, free_port
from ivr.demo.sipp_scenario import INVITE_BRANCH, request, sdp, send
from ivr.errors import PhoneError

KEYS: tuple[tuple[str, int], ...] = (("1", 100), ("*", 200))
"""What every caller presses, each with the milliseconds before it."""
LINGER_MS = 200
"""From the last key to the hang-up."""
CALL_SECONDS = (sum(pause for _, pause in KEYS) + LINGER_MS) / 1000
_GIVE_UP_MS = 5000  # a caller who is not answered by then counts as failed
_ENDED_WELL = {0, 1}  # sipp's exit codes: all calls successful; some failed


@dataclass(frozen=True)
class Heard:
    """What the callers of one run met.

    Attributes:
        dialled: calls begun.
        failed: calls that were not answered, refused a key, or were cut off.
        retransmissions: SIP messages sent again for want of an answer.
        rate: calls begun a second, as measured.
        first_sound_ms: from INVITE to the first RTP packet of each call that heard one, sorted.
        errors: the first lines of what sipp found wrong.
    """

    dialled: int
    failed: int
    retransmissions: int
    rate: float
    first_sound_ms: tuple[float, ...]
    errors: tuple[str, ...]


async def run(
    sipp: Sequence[str], *, target: str, dialled: str, caller: str, rate: float, calls: int
) -> Heard:
    """Make ``calls`` calls, ``rate`` new ones a second, each with the same keys.

    Args:
        sipp: the program and its first arguments.
        target: host and port of the hotline's SIP.
        dialled: the number called.
        caller: how the number shown begins; seven digits of its own follow for each call.

    Raises:
        PhoneError: sipp cannot work.
        TimeoutError: the calls do not come to an end.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    child: Leashed | None = None
    try:
        async with Ear() as ear:
            (folder / "call.xml").write_text(_scenario(ear.port), "utf-8")
            addresses = "".join(f"{address(n)};{n:07}\n" for n in range(calls))
            (folder / "callers.csv").write_text(f"SEQUENTIAL\n{addresses}", "utf-8")
            reports, writable = await _pipe()
            try:
                child = await Leashed.start(
                    [*sipp, target, *_options(folder, writable, dialled, caller, rate, calls)],
                    log=folder / "sipp.log",
                    cwd=folder,
                    pass_fds=[writable],
                )
            finally:
                os.close(writable)
            async with asyncio.timeout(calls / rate + 4 * _GIVE_UP_MS / 1000 + 10):
                dialled_at = await _follow(reports, ear)
            code = await child.wait(10)
            if code not in _ENDED_WELL:
                raise PhoneError(f"sipp ended with code {code}: {child.tail()[-800:]}")
            return _read(folder, dialled_at, ear)
    finally:
        if child is not None:
            await child.stop()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """A pipe for sipp's log: our end and sipp's."""
    readable, writable = os.pipe()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb")
    )
    return reader, writable


async def _follow(reports: asyncio.StreamReader, ear: Ear) -> dict[int, float]:
    """Follow sipp's log to its end: a caller who is answered says a word. When each dialled."""
    dialled_at: dict[int, float] = {}
    async for line in reports:
        word, call, *rest = line.split()
        if word == b"dials":
            dialled_at[int(call)] = float(rest[0]) + float(rest[1]) / 1e6
        else:
            ear.speak(int(call), int(rest[0]))
    return dialled_at


def _options(
    folder: Path, log: int, dialled: str, caller: str, rate: float, calls: int
) -> list[str]:
    return [
        "-sf", str(folder / "call.xml"), "-inf", str(folder / "callers.csv"),
        "-m", str(calls), "-r", f"{rate:g}", "-l", str(calls),
        "-s", dialled, "-key", "caller", caller, "-key", "display", "",
        "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(free_port()),
        "-ci", "127.0.0.1", "-cp", str(free_port()),
        "-recv_timeout", str(_GIVE_UP_MS), "-nostdin", "-buff_size", str(4 << 20),
        "-trace_stat", "-stf", str(folder / "stat.csv"), "-fd", "1", "-f", "3600",
        "-trace_logs", "-log_file", f"/dev/fd/{log}",
        "-trace_err", "-error_file", str(folder / "errors.log"),
    ]  # fmt: skip


def _scenario(ear_port: int) -> str:
    """The call: dial, note the moment, press the keys, hang up."""
    body = sdp(str(ear_port), 96).replace("[media_ip]", "[field0]")
    invite = request("INVITE", "1", branch=INVITE_BRANCH, body=body)
    parts = []
    for number, (key, pause) in enumerate(KEYS, 2):
        text = request(
            "INFO",
            str(number),
            to_tag="[peer_tag_param]",
            kind="application/dtmf-relay",
            body=f"Signal={key}\nDuration=80",
        )
        parts.append(f'<pause milliseconds="{pause}"/>')
        parts.append(send(text, 'retrans="500" start_txn="info"'))
        parts.append('<recv response="200" response_txn="info"/>')
    bye = request("BYE", str(len(KEYS) + 2), to_tag="[peer_tag_param]")
    ack = request("ACK", "1", to_tag="[peer_tag_param]")
    whole = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="bench">
<nop><action>
<gettimeofday assign_to="seconds,microseconds"/>
<log message="dials [field1] [$seconds] [$microseconds]"/>
</action></nop>
{send(invite, 'retrans="500" start_txn="invite"')}
<recv response="100" optional="true" response_txn="invite"/>
<recv response="183" optional="true" response_txn="invite"/>
<recv response="200" response_txn="invite"><action>
<ereg regexp="m=audio ([0-9]+)" search_in="body" assign_to="whole,port"/>
</action></recv>
{send(ack, 'ack_txn="invite"')}
<nop><action><log message="answered [field1] [$port]"/></action></nop>
{chr(10).join(parts)}
<pause milliseconds="{LINGER_MS}"/>
{send(bye, 'retrans="500" start_txn="bye"')}
<recv response="200" response_txn="bye"/>
<Reference variables="whole"/>
</scenario>
"""
    return whole.replace("[caller]", "[caller][field1]")


def _read(folder: Path, dialled_at: Mapping[int, float], ear: Ear) -> Heard:
    with (folder / "stat.csv").open(encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    span = max(dialled_at.values()) - min(dialled_at.values())
    waits = (ear.first[call] - at for call, at in dialled_at.items() if call in ear.first)
    errors: list[str] = []
    if (folder / "errors.log").exists():
        text = (folder / "errors.log").read_text("utf-8", "replace")
        errors = [line for line in text.splitlines() if line.strip()][:10]
    return Heard(
        dialled=len(dialled_at),
        failed=int(last["FailedCall(C)"]),
        retransmissions=int(last["Retransmissions(C)"]),
        rate=(len(dialled_at) - 1) / span if span else 0.0,
        first_sound_ms=tuple(sorted(round(1000 * wait, 3) for wait in waits)),
        errors=tuple(errors),
    )
