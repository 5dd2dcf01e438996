"""``hotline deadline``: the limits of an order, and the days that decide them."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from ivr.cli.control import as_json, show
from ivr.cli.policy import open_pack
from ticketing.domain.deadlines import CountedDay, Deadline, Deadlines, set_deadlines
from ticketing.domain.errors import NoPolicy
from ticketing.domain.matters import OrderType, StatutoryLimit, Urgency
from ticketing.domain.policy import PolicyPack
from ticketing.policies.loader import load_calendar

_TITLES = {
    "sign_by": "签收",
    "return_by": "申请退回",
    "return_by_site_check": "申请退回（现场核查）",
    "extension_by": "申请延期",
    "due": "办结",
}
_WEEKDAYS = "一二三四五六日"
_YEARS = (2000, 2100)
_LONGEST = 3650


class _Moment(click.ParamType[datetime]):
    """A moment as in ISO 8601; without an offset it is local time of the pack's city."""

    name = "moment"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no moment; write it like 2026-02-13T16:40+08:00", param, ctx)
        if not _YEARS[0] <= moment.year < _YEARS[1]:
            self.fail(f"the year is from {_YEARS[0]} to {_YEARS[1] - 1}", param, ctx)
        return moment


@click.command()
@click.option("--pack", required=True, help="The policy pack: an id, or a file.")
@click.option(
    "--type", "kind", required=True, type=click.Choice([each.value for each in OrderType])
)
@click.option("--dispatched", required=True, type=_Moment(), help="Such as 2026-02-13T16:40+08:00.")
@click.option(
    "--urgency",
    type=click.Choice([each.value for each in Urgency]),
    default=Urgency.NORMAL.value,
    show_default=True,
)
@click.option("--complex", "complex_matter", is_flag=True, help="A complex matter (W4).")
@click.option(
    "--statutory-days", type=click.IntRange(1, _LONGEST), help="A limit that a law sets (W4)."
)
@click.option("--calendar-days", is_flag=True, help="The law counts every day, not working days.")
@click.option("--basis", default="", help="The law and its article; with --statutory-days.")
@as_json
def deadline(
    pack: str,
    kind: str,
    dispatched: datetime,
    urgency: str,
    complex_matter: bool,
    statutory_days: int | None,
    calendar_days: bool,
    basis: str,
    as_json: bool,
) -> None:
    """Compute the limits of an order (W1 to W5), with the rule and the days that decide each."""
    if bool(statutory_days) != bool(basis.strip()):
        raise click.UsageError("--statutory-days and --basis go together: a law names both")
    if calendar_days and not statutory_days:
        raise click.UsageError("--calendar-days goes with --statutory-days")
    chosen, _ = open_pack(pack)
    zone = chosen.zone
    moment = dispatched if dispatched.tzinfo else dispatched.replace(tzinfo=zone)
    if not chosen.in_force_on(moment.astimezone(zone).date()):
        raise NoPolicy(
            f"{chosen.id} 的有效期为 {chosen.in_force} 至 {chosen.until or '今'}，派单当日不适用。"
            f"{chosen.id} is not in force on the day of dispatch."
        )
    law = None
    if statutory_days:
        law = StatutoryLimit(statutory_days, not calendar_days, basis.strip())
    found = set_deadlines(
        chosen,
        load_calendar(),
        type=OrderType(kind),
        dispatched=moment,
        urgency=Urgency(urgency),
        complex_matter=complex_matter,
        statutory=law,
    )
    if as_json:
        show({name: _plain(each, zone) for name, each in _each(found)})
    else:
        _print(chosen, moment.astimezone(zone), found)


def _each(found: Deadlines) -> list[tuple[str, Deadline]]:
    named = ((field.name, getattr(found, field.name)) for field in fields(found))
    return [(name, value) for name, value in named if isinstance(value, Deadline)]


def _plain(each: Deadline, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "at": each.at.astimezone(zone).isoformat(),
        "rule": each.rule,
        "days": [
            {
                "day": day.day.isoformat(),
                "working": day.working,
                "reason": day.reason,
                "provisional": day.provisional,
            }
            for day in each.days
        ],
        "provisional": each.provisional,
        "why": each.why,
    }


def _print(pack: PolicyPack, dispatched: datetime, found: Deadlines) -> None:
    """A table for people, then the days that were looked at, longest list only."""
    click.echo(f"{pack.name}（{pack.id}）")
    click.echo(f"派单  {_moment(dispatched)}")
    for name, each in _each(found):
        flag = "  暂定" if each.provisional else ""
        title = f"{_TITLES[name]}截止"
        click.echo(
            f"{_padded(title, 26)}{_moment(each.at.astimezone(pack.zone))}  {each.rule}{flag}"
        )
        click.echo(f"{'':26}{each.why}")
    longest = max((each.days for _, each in _each(found)), key=len)
    if longest:
        click.echo("日历")
    for day in longest:
        click.echo(f"  {_day(day)}")
    if any(each.provisional for _, each in _each(found)):
        click.echo("暂定：所涉年份的放假安排尚未公布，仅按周末推算，公布后重新计算。")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d} 周{_WEEKDAYS[moment.weekday()]} {moment:%H:%M}"


def _day(day: CountedDay) -> str:
    worked = "上班" if day.working else "休息"
    reason = f"（{day.reason}）" if day.reason else ""
    flag = "  未公布" if day.provisional else ""
    return f"{day.day} 周{_WEEKDAYS[day.day.weekday()]}  {worked}{reason}{flag}"


def _padded(text: str, width: int) -> str:
    """``text`` and spaces up to ``width`` columns; a Chinese character takes two."""
    taken = sum(1 if char.isascii() else 2 for char in text)
    return text + " " * max(1, width - taken)
