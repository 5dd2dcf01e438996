"""The handlers of third parties in calls, of how calls were dealt with, and of the duty roster."""

from __future__ import annotations

from dataclasses import asdict
from datetime import time
from typing import Any

from aiohttp import web

from ivr.api import conference_models as models
from ivr.api import control_models
from ivr.api.control_handlers import steered
from ivr.api.paths import number_in
from ivr.api.services import Ask
from ivr.thirds import Wanted
from ticketing.domain.duty import Duty
from ticketing.domain.errors import DutyNotFound, LegNotFound, MarkNotFound
from ticketing.domain.legs import CallLeg
from ticketing.domain.roles import Permission, mask_number
from ticketing.service.handling import Dealt
from ticketing.store import conduct, duties


async def call_consult(ask: Ask) -> control_models.SteeredOut:
    """Ring a unit's person on call, a seat or a number until one has joined (T5, T6)."""
    given = ask.body(models.ConsultIn)
    wanted = Wanted(given.unit or "", given.seat or "", given.number or "", given.line or "")
    conference = ask.use.services.conference
    return steered(
        await conference.consult(ask.who, ask.path("call_id"), wanted, private=given.private)
    )


async def call_emergency(ask: Ask) -> control_models.SteeredOut:
    """Have 110, 119, 120 or 122 join at once; the seat stays until it leaves (X1, X2)."""
    number = ask.body(models.EmergencyIn).number
    conference = ask.use.services.conference
    return steered(await conference.emergency(ask.who, ask.path("call_id"), number))


async def call_merge(ask: Ask) -> control_models.SteeredOut:
    """Let citizen, seat and third party talk to each other."""
    return steered(await ask.use.services.conference.merge(ask.who, ask.path("call_id")))


async def call_leave(ask: Ask) -> control_models.SteeredOut:
    """The seat leaves; the citizen goes on with the third party (T7)."""
    return steered(await ask.use.services.conference.leave(ask.who, ask.path("call_id")))


async def call_drop(ask: Ask) -> control_models.SteeredOut:
    """Send the third party away, also one that still rings; take the citizen back."""
    third = ask.body(models.DropIn).third
    return steered(await ask.use.services.conference.drop(ask.who, ask.path("call_id"), third))


async def call_record_pause(ask: Ask) -> control_models.SteeredOut:
    """Record silence while the citizen says what nobody shall hear again."""
    conference = ask.use.services.conference
    return steered(await conference.pause_recording(ask.who, ask.path("call_id"), True))


async def call_record_resume(ask: Ask) -> control_models.SteeredOut:
    """Go on recording."""
    conference = ask.use.services.conference
    return steered(await conference.pause_recording(ask.who, ask.path("call_id"), False))


async def call_case(ask: Ask) -> control_models.SteeredOut:
    """Keep the number under which another body, such as 110, knows the matter (X1)."""
    number = ask.body(models.CaseIn).case
    return steered(await ask.use.services.conference.case(ask.who, ask.path("call_id"), number))


async def call_handling(ask: Ask) -> models.HandlingOut:
    """Who took part in a call, for how long, what happened, and the marks on it (T7)."""
    dealt = await ask.use.handlings.show(ask.who, ask.path("call_id"))
    return models.HandlingOut(
        call=dealt.record.id,
        case_number=dealt.record.case_number,
        legs=[_leg(dealt, leg) for leg in dealt.handling.legs],
        events=[
            models.CallEventOut(at=event.at, kind=event.kind, detail=dict(event.detail))
            for event in dealt.handling.events
        ],
        marks=[_mark(entry) for entry in dealt.marks],
    )


async def leg_recording(ask: Ask) -> web.FileResponse:
    """Listen to what a third party said."""
    number = number_in(ask.path("third"), LegNotFound)
    file = await ask.use.handlings.recording(ask.who, ask.path("call_id"), number)
    return web.FileResponse(
        file, headers={"Content-Type": "audio/wav", "Cache-Control": "no-store"}
    )


async def mark_conduct(ask: Ask) -> models.MarkOut:
    """Mark how a third party behaved; the recording of that leg is the evidence (S26)."""
    number = number_in(ask.path("third"), LegNotFound)
    given = ask.body(models.MarkIn)
    return _mark(
        await ask.use.handlings.mark(ask.who, ask.path("call_id"), number, given.kind, given.words)
    )


async def list_marks(ask: Ask) -> models.MarksOut:
    """The marks of conduct, of a unit and some days (S26)."""
    query = ask.query(models.MarksQuery)
    found = await ask.use.handlings.marks(query.unit, query.since, query.until)
    return models.MarksOut(items=[_mark(entry) for entry in found])


async def withdraw_mark(ask: Ask) -> models.MarkOut:
    """Let a mark count no more; it stays, with who withdrew it."""
    number = number_in(ask.path("mark"), MarkNotFound)
    return _mark(await ask.use.handlings.withdraw(ask.who, number))


async def list_on_call(ask: Ask) -> models.CascadeOut:
    """Who is rung for a unit at a moment, one after the other."""
    query = ask.query(models.CascadeQuery)
    found = await ask.use.services.duties.on_call(query.unit, at=query.at)
    return models.CascadeOut(
        items=[
            models.OnCallOut(**{**asdict(one), "phone": _phone(ask, one.phone)}) for one in found
        ]
    )


async def list_duties(ask: Ask) -> models.DutiesOut:
    """The rows of the duty roster."""
    found = await ask.use.services.duties.roster(ask.query(models.DutiesQuery).unit)
    return models.DutiesOut(items=[_duty(ask, entry) for entry in found])


async def add_duty(ask: Ask) -> models.DutyOut:
    """Enter a row of the duty roster."""
    given = _hours(ask.body(models.DutyIn).model_dump())
    return _duty(ask, await ask.use.services.duties.add(ask.who, Duty(**given)))


async def change_duty(ask: Ask) -> models.DutyOut:
    """Change a row of the duty roster."""
    number = number_in(ask.path("duty"), DutyNotFound)
    changes = _hours(ask.body(models.DutyChangeIn).model_dump(exclude_unset=True))
    kept = {name: value for name, value in changes.items() if value is not None or name == "until"}
    return _duty(ask, await ask.use.services.duties.change(ask.who, number, **kept))


async def remove_duty(ask: Ask) -> None:
    """Take a row off the duty roster."""
    await ask.use.services.duties.remove(ask.who, number_in(ask.path("duty"), DutyNotFound))


def _leg(dealt: Dealt, leg: CallLeg) -> models.LegOut:
    begun = dealt.record.answered_at
    offset = None
    if leg.recorded_from is not None and begun is not None:
        offset = round((leg.recorded_from - begun).total_seconds(), 3)
    return models.LegOut(
        number=leg.number,
        kind=leg.kind,
        dialled=leg.dialled,
        seat=leg.seat,
        unit=leg.unit,
        person=leg.person,
        asked_by=leg.asked_by,
        begun_at=leg.begun_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        talk_seconds=leg.talk_seconds,
        outcome=leg.outcome,
        recorded=leg.recording is not None,
        offset=offset,
    )


def _mark(entry: conduct.Entry) -> models.MarkOut:
    values = asdict(entry.mark)
    return models.MarkOut(id=entry.id, third=values.pop("leg"), **values)


def _duty(ask: Ask, entry: duties.Entry) -> models.DutyOut:
    values = asdict(entry.duty)
    values |= {"days": sorted(entry.duty.days), "phone": _phone(ask, entry.duty.phone)}
    values |= {name: f"{values[name]:%H:%M}" for name in ("begins", "ends")}
    return models.DutyOut(id=entry.id, **values)


def _phone(ask: Ask, phone: str) -> str:
    return phone if ask.who.may(Permission.CONTACTS_SEE_PHONES) else mask_number(phone)


def _hours(given: dict[str, Any]) -> dict[str, Any]:
    """The days as a set, and hours as times; they are local."""
    if given.get("days") is not None:
        given["days"] = frozenset(given["days"])
    for name in ("begins", "ends"):
        if given.get(name) is not None:
            given[name] = time.fromisoformat(given[name])
    return given
