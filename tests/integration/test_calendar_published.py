"""A year is published while the hotline runs: limits follow by themselves (note 7)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.integration.order_desk import DISPATCHER, UNITS, Clock, Desk, write_units
from ticketing.domain.errors import PolicyError
from ticketing.policies.loader import FOLDER, WORKDAYS, CalendarFile, load_packs
from ticketing.service.clocks import Clocks
from ticketing.service.orders import Orders
from ticketing.service.worlds import SqlWorlds
from ticketing.store.database import Database

BEFORE_NATIONAL_DAY = datetime(2026, 9, 29, 1, 0, tzinfo=UTC)


def without_2026(folder: Path) -> Path:
    """The working days as they are known before the year is published."""
    table = yaml.safe_load((FOLDER / WORKDAYS).read_text("utf-8"))
    table["years"] = [year for year in table["years"] if year["year"] < 2026]
    file = folder / WORKDAYS
    file.write_text(yaml.safe_dump(table, allow_unicode=True), "utf-8")
    return file


async def test_limits_follow_a_year_that_is_published_without_a_restart(
    database: Database, tmp_path: Path
) -> None:
    file, clock = without_2026(tmp_path), Clock(BEFORE_NATIONAL_DAY)
    packs = load_packs()
    worlds = SqlWorlds(database, packs, CalendarFile(tmp_path), packs[0].zone, "yanji")
    orders = Orders(database, worlds, clock)
    await write_units(database, UNITS)
    desk = Desk(database, clock)
    desk.worlds, desk.orders = worlds, orders
    number = (await desk.dispatched()).number
    clocks = Clocks(database, orders, worlds, clock)
    assert (await clocks.recompute()).steps == 0, "nothing is published yet"
    before = (await orders.open(DISPATCHER, number)).order.holder
    assert before is not None
    assert before.moments.provisional
    file.write_bytes((FOLDER / WORKDAYS).read_bytes())
    assert (await clocks.recompute()).steps == 1
    after = (await orders.open(DISPATCHER, number)).order.holder
    assert after is not None
    assert not after.moments.provisional
    assert after.moments.due.date() > before.moments.due.date(), "not within the holiday"


def test_a_table_that_is_wrong_does_not_take_the_place_of_a_right_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = without_2026(tmp_path)
    calendar = CalendarFile(tmp_path)
    known = calendar()
    file.write_text("years: [", "utf-8")
    assert calendar() is known
    assert calendar() is known
    assert caplog.text.count("stay as they were") == 1
    file.unlink()
    assert calendar() is known
    file.write_bytes((FOLDER / WORKDAYS).read_bytes())
    assert 2026 in calendar().years
    with pytest.raises(PolicyError):
        CalendarFile(tmp_path / "nowhere")
