"""Tries whether lines answer (T8): one call after the other, through the gate, with evidence."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ivr.errors import AmiError
from ivr.outward import Outward
from ivr.switchboard import Board
from ticketing.domain.errors import (
    DatabaseUnavailable,
    NoTrunk,
    NumberNotAllowed,
    OutboundLimit,
)
from ticketing.domain.lines import HOTLINE
from ticketing.domain.outbound import Purpose
from ticketing.domain.probes import TargetKind
from ticketing.domain.roles import Principal
from ticketing.service.probes import Begun, Probes
from ticketing.store.probes import ANSWERED, Probe

LOOK_SECONDS = 20.0
_COMES_BACK_WITHIN = 5.0
_LOOK_AGAIN = 0.1
_FOLDER = "probes"

log = logging.getLogger(__name__)


class Probing:
    """Makes one node's probe calls.

    Args:
        board: the calls that go on now.
        told: of each attempt.
        open: whether there is a way out; without one nothing is due.
    """

    def __init__(
        self,
        probes: Probes,
        outward: Outward,
        board: Callable[[], Board],
        told: Callable[[Probe], None] = lambda _probe: None,
        *,
        open: bool,  # noqa: A002
    ) -> None:
        self._probes, self._outward, self._board = probes, outward, board
        self._told, self._open = told, open
        self._one = asyncio.Lock()  # so that a call that comes back is known whose it is

    async def run(self) -> None:
        """Make what is due, until cancelled."""
        while self._open:
            try:
                begun = await self._probes.begin_due()
                if begun is not None:
                    await self._make(None, begun)
                    continue
            except DatabaseUnavailable as problem:
                log.warning("probes are put off: %s", problem)
            await asyncio.sleep(LOOK_SECONDS)

    async def now(self, who: Principal, number: str) -> Probe:
        """Try a number at once; returns when it was answered, or given up.

        Raises:
            NoTrunk: there is no way out.
            ProbeTargetNotFound, NoPolicy, UnitNotFound, DatabaseUnavailable
        """
        if not self._open:
            raise NoTrunk("HOTLINE_TRUNK_OUT is not set")
        return await self._make(who, await self._probes.begin(who, number))

    async def _make(self, who: Principal | None, begun: Begun) -> Probe:
        file = f"{_FOLDER}/{begun.id}"
        target, back = begun.target, None
        async with self._one:
            before = set(self._board().calls)
            began = time.monotonic()
            try:
                placed = await self._outward.place(
                    who,
                    target.number,
                    purpose=Purpose.PROBE,
                    ref=f"probe {begun.id}",
                    extension=("probe", "s"),
                    ring_for=float(begun.rings),
                    caller_id=f'"{HOTLINE}" <{HOTLINE}>',
                    variables={"HOTLINE_PROBE": file},
                )
                outcome = str(placed.outcome)
            except (NumberNotAllowed, OutboundLimit) as refusal:
                outcome = refusal.id
            except AmiError as problem:
                log.warning("probe %d: %s", begun.id, problem)
                outcome = "failed"
            rang = time.monotonic() - began
            if target.kind is TargetKind.FORWARDED and outcome == ANSWERED:
                back = await self._came_back(before)
        probe = await self._probes.told(
            begun,
            outcome if back is not False else "not_forwarded",
            rang,
            came_back=back,
            recording=f"{file}.wav" if outcome == ANSWERED else None,
        )
        self._told(probe)
        return probe

    async def _came_back(self, before: set[str]) -> bool:
        """Whether the call that was placed has come in again as a call from the hotline (T3)."""
        ends = time.monotonic() + _COMES_BACK_WITHIN
        while time.monotonic() < ends:
            calls = self._board().calls
            if any(calls[new].caller.endswith(HOTLINE) for new in calls.keys() - before):
                return True
            await asyncio.sleep(_LOOK_AGAIN)
        return False
