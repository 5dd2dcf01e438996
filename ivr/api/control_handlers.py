"""The handlers of persons at seats, calls going on, and supervision."""

from __future__ import annotations

from datetime import timedelta

from ivr.api import control_models as models
from ivr.api.services import Ask
from ivr.steering import Steered
from ivr.switchboard import Spying
from ivr.thirds import Wanted
from ticketing.domain.shifts import Command, Logout, Pause, PersonTimes, Resume, SeatNow, WrapUp


async def desk(ask: Ask) -> models.DeskOut:
    """One's own seat, the reasons for a pause, and how long a wrap-up lasts by itself."""
    there = ask.use.services.desk
    own = there.seat_of(ask.who.username)
    now = None if own is None else there.seat(own)
    return models.DeskOut(
        seat=None if now is None else _seat(ask, now),
        pause_reasons=list(there.reasons),
        wrap_up_seconds=int(there.wrap_up.total_seconds()),
    )


async def seat_login(ask: Ask) -> models.SeatNowOut:
    """Sit down at a seat: its calls are yours until you log out."""
    return _seat(ask, await ask.use.services.desk.login(ask.who, ask.path("number")))


async def seat_logout(ask: Ask) -> models.SeatNowOut:
    """Leave a seat: no call rings there until somebody logs in."""
    return await _do(ask, Logout())


async def seat_pause(ask: Ask) -> models.SeatNowOut:
    """Take no calls for now, and say why; a call going on is not cut off."""
    return await _do(ask, Pause(ask.body(models.SeatPauseIn).reason))


async def seat_resume(ask: Ask) -> models.SeatNowOut:
    """Take calls again after a pause."""
    return await _do(ask, Resume())


async def seat_wrap_up(ask: Ask) -> models.SeatNowOut:
    """Say when the wrap-up ends: later than by itself, or at once."""
    seconds = ask.body(models.WrapUpIn).seconds
    return await _do(ask, WrapUp(timedelta(seconds=seconds)))


async def seat_times(ask: Ask) -> models.TimesOut:
    """How long each person was ready, talking, in wrap-up, on pause … at a seat on a day."""
    number = ask.path("number")
    day, persons = await ask.use.services.shifts.times(
        ask.who, number, ask.query(models.DayQuery).day
    )
    return models.TimesOut(seat=number, day=day, persons=[_times(each) for each in persons])


async def figures(ask: Ask) -> models.FiguresOut:
    """How well the calls of a day were connected, by which formula (T9, GB/T 33358)."""
    found = await ask.use.services.shifts.figures(ask.query(models.DayQuery).day)
    return models.FiguresOut.model_validate(models.figures_out(*found))


async def call_hangup(ask: Ask) -> models.SteeredOut:
    """End the seat's part of a call; the citizen is asked for a rating."""
    return steered(await ask.use.services.control.hangup(ask.who, ask.path("call_id")))


async def call_transfer(ask: Ask) -> models.SteeredOut:
    """Hand a citizen on, unannounced, to a seat, a queue, a unit or a number (T7)."""
    given = ask.body(models.TransferIn)
    if given.unit or given.number:
        wanted = Wanted(unit=given.unit or "", number=given.number or "")
        handing_on = ask.use.services.handing_on
        return steered(await handing_on.transfer(ask.who, ask.path("call_id"), wanted))
    return steered(
        await ask.use.services.control.transfer(
            ask.who, ask.path("call_id"), seat=given.seat, queue=given.queue
        )
    )


async def call_hold(ask: Ask) -> models.SteeredOut:
    """Let the citizen hear music, and nothing of the seat."""
    return steered(await ask.use.services.control.hold(ask.who, ask.path("call_id")))


async def call_resume(ask: Ask) -> models.SteeredOut:
    """Let citizen and seat talk again."""
    return steered(await ask.use.services.control.resume(ask.who, ask.path("call_id")))


async def supervise_listen(ask: Ask) -> models.SpyOut:
    """Hear the call of a seat; nobody hears the supervisor."""
    return await _supervise(ask, Spying.LISTEN)


async def supervise_whisper(ask: Ask) -> models.SpyOut:
    """Hear the call of a seat, and be heard by the seat alone."""
    return await _supervise(ask, Spying.WHISPER)


async def supervise_barge(ask: Ask) -> models.SpyOut:
    """Hear the call of a seat, and be heard by both."""
    return await _supervise(ask, Spying.BARGE)


async def supervise_stop(ask: Ask) -> None:
    """End what a supervisor's phone takes part in; the call goes on."""
    await ask.use.services.control.stop(ask.who, ask.body(models.StopIn).own)


async def _do(ask: Ask, command: Command) -> models.SeatNowOut:
    return _seat(ask, await ask.use.services.desk.do(ask.who, ask.path("number"), command))


async def _supervise(ask: Ask, how: Spying) -> models.SpyOut:
    given = ask.body(models.SpyIn)
    await ask.use.services.control.supervise(ask.who, how, given.seat, given.own)
    return models.SpyOut(how=how, seat=given.seat, own=given.own)


def _seat(ask: Ask, now: SeatNow) -> models.SeatNowOut:
    moment = ask.use.services.now()
    until = now.wrap_up_until
    return models.SeatNowOut(
        number=now.seat,
        person=now.person or None,
        doing=now.doing(moment),
        pause=now.pause or None,
        since=now.since,
        wrap_up_until=until if until is not None and until > moment else None,
    )


def steered(call: Steered) -> models.SteeredOut:
    """A call after a verb, as it is told."""
    return models.SteeredOut(
        call=call.call,
        seats=list(call.seats),
        held=call.held,
        thirds=list(call.thirds),
        recorded=call.recorded,
    )


def _times(found: PersonTimes) -> models.PersonTimesOut:
    return models.PersonTimesOut(
        person=found.person,
        logged_in=found.logged_in.total_seconds(),
        doing={doing: long.total_seconds() for doing, long in found.doing.items()},
        pauses={reason: long.total_seconds() for reason, long in found.pauses.items()},
    )
