"""Seats from SQL into Asterisk: their endpoints, without a restart. `ivr.desk` does the queues."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address

from ivr import roster
from ivr.ami_link import Link, ListRequest, Request, open_link
from ivr.asterisk_files import AsteriskFiles
from ivr.errors import AmiRefused
from ivr.settings import Settings
from ivr.wiring import Wiring
from ticketing.domain.seats import Seat
from ticketing.domain.skills import members
from ticketing.service.seats import Seats
from ticketing.service.skills import Skills

_RELOAD_SECONDS = 10.0
_HOST = re.compile(r"@(\[[0-9A-Fa-f:.]+\]|[0-9]+(?:\.[0-9]+){3})[:;]")
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


async def reload(settings: Settings, wiring: Wiring, *modules: str) -> None:
    """Have Asterisk read the files of some modules again.

    Raises:
        AmiError: Asterisk is away; it reads them when it starts.
    """
    async with manager(settings, wiring) as link:
        for module in modules:
            await link.ask(Request("Reload", {"Module": module}), _RELOAD_SECONDS)


async def addresses(settings: Settings, wiring: Wiring) -> frozenset[str]:
    """The addresses at which telephones are registered now.

    Raises:
        AmiError: Asterisk is away.
    """
    async with manager(settings, wiring) as link:
        try:
            rows = await link.ask(ListRequest("PJSIPShowContacts", {}), _RELOAD_SECONDS)
        except AmiRefused as refusal:
            if "No Contacts" not in str(refusal):  # that is how it says that there are none
                raise
            rows = []
    hosts = (host for row in rows for host in _HOST.findall(row.get("Uri", "")))
    return frozenset(str(ip_address(host.strip("[]"))) for host in hosts)


class SeatPlan:
    """Keeps Asterisk's seats as SQL has them.

    Args:
        person: who sits at a seat; empty when nobody does.
    """

    def __init__(
        self,
        seats: Seats,
        skills: Skills,
        person: Callable[[str], str],
        settings: Settings,
        wiring: Wiring,
    ) -> None:
        self._seats = seats
        self._skills, self._person = skills, person
        self._settings = settings
        self._wiring = wiring
        self._files = AsteriskFiles(settings)
        self._lock = asyncio.Lock()

    async def apply(self) -> Mapping[str, Mapping[str, int]]:
        """Write the seats' files and have Asterisk read them; calls going on are not touched.

        Returns:
            the seats there are now, as `queues` does.

        Raises:
            AmiError: Asterisk is away; it will read the files when it starts.
        """
        async with self._lock:
            seats = await self._seats.list()
            self._files.render_seats(seats)
            await reload(self._settings, self._wiring, *_MODULES)
            return await self._queues(seats)

    async def queues(self) -> Mapping[str, Mapping[str, int]]:
        """The seats there are: the number of each, and the queues that ring it, with its penalty.

        Raises:
            DatabaseUnavailable
        """
        return await self._queues(await self._seats.list())

    async def _queues(self, seats: Iterable[Seat]) -> dict[str, dict[str, int]]:
        """See `ticketing.domain.skills.members`: who sits there counts."""
        book, queues = await self._skills.book(), self._skills.queues
        return {
            seat.number: members(
                sorted(roster.queues_of(seat.roster)),
                book.at(seat.number, self._person(seat.number)),
                queues,
            )
            for seat in seats
        }

    async def put_on_duty(self, on_duty: str) -> None:
        """Tell the dialplan which roster is on duty (T1)."""
        fields = {"Family": "hotline", "Key": "roster", "Val": on_duty}
        async with manager(self._settings, self._wiring) as link:
            await link.ask(Request("DBPut", fields), _RELOAD_SECONDS)
