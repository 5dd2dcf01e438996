"""Processes: a leash to the parent, giving way, and stopping one that need not be our child."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1


def leash(number: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """For ``preexec_fn``: the kernel sends ``number`` to the child when we die, however."""
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def hold() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return hold


def leashed(argv: Sequence[str]) -> tuple[str, ...]:
    """``argv`` on a leash of its own: the kernel kills it when we die, however.

    For a process with threads, where nothing of ours may run between fork and exec: util-linux's
    ``setpriv`` does it, and becomes the program.
    """
    return ("setpriv", "--pdeathsig", "KILL", "--", *argv)


def interrupt_nobody() -> None:
    """Have a full share of the processor, but never take it from whoever is at work (Linux's batch
    policy): Asterisk's threads finish the packet in hand first, so what a caller hears begins in
    time, and on a full machine keys are still understood."""
    with contextlib.suppress(OSError):  # a container may forbid it
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def give_way(steps: int) -> None:
    """Let Asterisk go first on a busy machine: what a caller hears must not stutter.

    Where Linux shares the processor between sessions first, a session of our own gives way too.

    Args:
        steps: of niceness.
    """
    os.nice(steps)
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(steps))


async def ended(pid: int) -> None:
    """Wait for the end of a process."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(handle, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def stop(pid: int, seconds: float) -> None:
    """Stop a process: SIGTERM, then SIGKILL after ``seconds``."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        process.terminate()
        try:
            async with asyncio.timeout(seconds):
                await ended(pid)
        except TimeoutError:
            process.kill()
            await ended(pid)
