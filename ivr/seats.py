"""Seats from SQL into Asterisk: their endpoints, without a restart. `ivr.desk` does the queues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from ivr import roster
from ivr.ami_link import Link, Request, open_link
from ivr.asterisk_files import AsteriskFiles
from ivr.settings import Settings
from ivr.wiring import Wiring
from ticketing.domain.seats import Seat
from ticketing.service.seats import Seats

_RELOAD_SECONDS = 10.0
_MODULES = ("res_rtp_asterisk.so", "res_pjsip.so")


@asynccontextmanager
async def manager(settings: Settings, wiring: Wiring) -> AsyncIterator[Link]:
    """A short-lived manager link as ``reloader``, the only user that may change Asterisk."""
    link = await open_link(settings.ami_host, wiring.ami_port)
    try:
        login = {"Username": "reloader", "Secret": wiring.reload_secret, "Events": "off"}
        await link.ask(Request("Login", login), _RELOAD_SECONDS)
        yield link
    finally:
        link.close()


class SeatPlan:
    """Keeps Asterisk's seats as SQL has them."""

    def __init__(self, seats: Seats, settings: Settings, wiring: Wiring) -> None:
        self._seats = seats
        self._settings = settings
        self._wiring = wiring
        self._files = AsteriskFiles(settings)
        self._lock = asyncio.Lock()

    async def apply(self) -> Mapping[str, frozenset[str]]:
        """Write the seats' files and have Asterisk read them; calls going on are not touched.

        Returns:
            the seats there are now: the number of each, and the queues that ring it.

        Raises:
            AmiError: Asterisk is away; it will read the files when it starts.
        """
        async with self._lock:
            seats = await self._seats.list()
            self._files.render_seats(seats)
            async with manager(self._settings, self._wiring) as link:
                for module in _MODULES:
                    await link.ask(Request("Reload", {"Module": module}), _RELOAD_SECONDS)
            return _queues(seats)

    async def queues(self) -> Mapping[str, frozenset[str]]:
        """The seats there are: the number of each, and the queues that ring it.

        Raises:
            DatabaseUnavailable
        """
        return _queues(await self._seats.list())

    async def put_on_duty(self, on_duty: str) -> None:
        """Tell the dialplan which roster is on duty (T1)."""
        fields = {"Family": "hotline", "Key": "roster", "Val": on_duty}
        async with manager(self._settings, self._wiring) as link:
            await link.ask(Request("DBPut", fields), _RELOAD_SECONDS)


def _queues(seats: Iterable[Seat]) -> dict[str, frozenset[str]]:
    return {seat.number: roster.queues_of(seat.roster) for seat in seats}
