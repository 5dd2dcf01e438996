"""The handlers of those who are to be called back."""

from __future__ import annotations

from dataclasses import asdict

from ivr.api import callback_models as models
from ivr.api.paths import number_in
from ivr.api.services import Ask
from ticketing.domain.callbacks import Callback
from ticketing.domain.errors import CallbackNotFound


async def list_callbacks(ask: Ask) -> models.CallbacksOut:
    """Who is to be called back: asked for it, hung up while waiting, or left a message (T9)."""
    query = ask.query(models.CallbacksQuery)
    found = await ask.use.services.calling_back.listed.page(
        ask.who,
        open_only=not query.all,
        kind=query.kind,
        limit=query.limit,
        cursor=query.cursor,
    )
    return models.CallbacksOut(items=[_row(each) for each in found.items], next=found.next)


async def call_callback(ask: Ask) -> models.CallbackOut:
    """Call somebody on the list now; the call comes to one's own seat."""
    services = ask.use.services
    seat = services.desk.seat_of(ask.who.username)
    return _row(await services.calling_back.call_now(ask.who, _id(ask), seat))


async def set_callback_aside(ask: Ask) -> models.CallbackOut:
    """Take somebody off the list, and say why."""
    note = ask.body(models.SetAsideIn).note
    return _row(await ask.use.services.calling_back.listed.set_aside(ask.who, _id(ask), note))


def _id(ask: Ask) -> int:
    return number_in(ask.path("callback"), CallbackNotFound)


def _row(callback: Callback) -> models.CallbackOut:
    values = {**asdict(callback), "message": bool(callback.message)}
    return models.CallbackOut.model_validate(values)
