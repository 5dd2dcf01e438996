"""The handler of the number plan."""

from __future__ import annotations

from dataclasses import asdict

from ivr.api import line_models as models
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ticketing.service.lines import LineTraffic


async def list_lines(ask: Ask) -> models.LinesOut:
    """Every number of the plan: whose it is, what becomes of it, its calls day by day (T2, T3)."""
    query = ask.query(models.LinesQuery)
    if query.since is not None and query.until is not None and query.until < query.since:
        raise ApiError("bad_request", detail="until: not before since")
    found = await ask.use.lines.traffic(query.since, query.until)
    return models.LinesOut(
        since=found.first,
        until=found.last,
        recognise=list(found.recognise),
        calls=found.calls,
        others=found.others,
        items=[_line(each) for each in found.items],
    )


def _line(traffic: LineTraffic) -> models.LineOut:
    alarm = traffic.alarm
    return models.LineOut(
        **asdict(traffic.line),
        in_plan=traffic.in_plan,
        calls=traffic.calls,
        days=[models.LineDayOut(day=day, calls=calls) for day, calls in traffic.days],
        alarm=None
        if alarm is None
        else models.LineAlarmOut(
            kind=alarm.kind,
            last=alarm.last,
            days=alarm.days,
            zh=alarm.text.zh,
            en=alarm.text.en,
        ),
    )
