"""Four units and people of them, to test reference data with."""

from __future__ import annotations

from tests.integration.api_world import Clock
from ticketing.domain.roles import Principal, Role
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.service.units import Units
from ticketing.store.database import Database

CITY = Unit("city", "市热线中心", UnitKind.CENTRE, Level.CITY, None)
HOUSING = Unit("city.housing", "住建局", UnitKind.DEPARTMENT, Level.CITY, "city")
COUNTY = Unit("county", "县热线中心", UnitKind.CENTRE, Level.COUNTY, "city", "c1")
TOWN = Unit("county.town", "镇政府", UnitKind.TOWN, Level.TOWN, "county", "c1.t1")

MANAGER = Principal("meng", frozenset({Role.MANAGER}))
AGENT = Principal("an", frozenset({Role.AGENT}))
HANDLER = Principal("hu", frozenset({Role.UNIT_HANDLER}), unit="city.housing")
LEADER = Principal("lei", frozenset({Role.UNIT_LEADER}), unit="city.housing")
STRANGER = Principal("shi", frozenset({Role.UNIT_LEADER}), unit="county.town")
COUNTY_MANAGER = Principal("cao", frozenset({Role.MANAGER}), unit="county")


async def four_units(database: Database, clock: Clock) -> Units:
    """The use cases of units, with the four of them added."""
    made = Units(database, clock)
    for unit in (CITY, HOUSING, COUNTY, TOWN):
        await made.add(MANAGER, unit)
    return made
