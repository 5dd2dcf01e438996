"""The handlers of sessions, users, seats and calls: parse is done, one use case, answer."""

from __future__ import annotations

import logging
from pathlib import Path

from aiohttp import web

from ivr.api import models
from ivr.api.masking import shown_to
from ivr.api.passing import Passing
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ivr.errors import HotlineError
from speech import encoding
from ticketing.domain.roles import MATRIX, Permission, Principal
from ticketing.domain.seats import Seat
from ticketing.store.users import User

logger = logging.getLogger(__name__)
COOKIE = "hotline_session"


def session_cookie(request: web.Request) -> str:
    """The name of the cookie: browsers keep one for a host, whatever its port, and two hotlines may
    be on one machine."""
    port = request.host.rpartition(":")[2]
    plain = not (port.isascii() and port.isdecimal()) or port in {"80", "443"}
    return COOKIE if plain else f"{COOKIE}_{port[:5]}"


async def login(ask: Ask) -> web.Response:
    """Log in: a cookie for browsers, a token for programs."""
    given = ask.body(models.LoginIn)
    address = ask.request.remote or "local"
    opened = await ask.use.accounts.login(given.username, given.password, address)
    answer = models.LoginOut(
        token=opened.token, expires_at=opened.expires_at, **_me(opened.principal).model_dump()
    )
    response = web.Response(
        status=200, body=answer.model_dump_json(), content_type="application/json"
    )
    response.set_cookie(
        session_cookie(ask.request),
        opened.token,
        httponly=True,
        samesite="Strict",
        path="/",
        secure=ask.request.secure,
    )
    return response


async def logout(ask: Ask) -> web.Response:
    """Log out: the token and the cookie are worth nothing from now on."""
    await ask.use.accounts.logout(ask.token)
    response = web.Response(status=204)
    response.del_cookie(session_cookie(ask.request), path="/", httponly=True, samesite="Strict")
    return response


async def change_password(ask: Ask) -> None:
    """Change one's own password; all other sessions of the user end."""
    given = ask.body(models.PasswordIn)
    address = ask.request.remote or "local"
    await ask.use.accounts.change_password(ask.token, given.old, given.new, address)
    ask.use.services.password_changed(ask.who.username)


async def me(ask: Ask) -> models.MeOut:
    """Who is asking, and what they may do."""
    return _me(ask.who)


async def list_users(ask: Ask) -> models.UsersOut:
    """All users."""
    return models.UsersOut(items=[_user(user) for user in await ask.use.accounts.list()])


async def add_user(ask: Ask) -> models.FirstPasswordOut:
    """Add a user; the answer holds a first password, to be changed at the first login."""
    given = ask.body(models.UserIn)
    user, password = await ask.use.accounts.create(
        ask.who.username, given.username, given.roles, given.unit
    )
    return models.FirstPasswordOut(username=user.username, password=password)


async def change_user(ask: Ask) -> models.UserOut:
    """Give a user other roles, disable or enable it."""
    given = ask.body(models.UserChangeIn)
    return _user(
        await ask.use.accounts.update(
            ask.who.username,
            ask.path("username"),
            roles=given.roles,
            disabled=given.disabled,
            unit=given.unit,
        )
    )


async def reset_password(ask: Ask) -> models.FirstPasswordOut:
    """Make a new password for a user, to be changed at the next login."""
    name = ask.path("username")
    password = await ask.use.accounts.reset_password(ask.who.username, name)
    return models.FirstPasswordOut(username=name.casefold(), password=password)


async def list_calls(ask: Ask) -> models.CallsOut:
    """The calls that are over, newest first."""
    query = ask.query(models.CallsQuery)
    page = await ask.use.calls.page(
        ask.who,
        caller=query.caller,
        since=query.since,
        until=query.until,
        limit=query.limit,
        cursor=query.cursor,
    )
    return models.CallsOut.model_validate(page)


async def show_call(ask: Ask) -> models.CallOut:
    """One call."""
    record = await ask.use.calls.get(ask.who, ask.path("call_id"))
    return models.CallOut.model_validate(record)


async def recording(ask: Ask) -> web.FileResponse:
    """The sound of a call, the citizen left and the agent right, or the message that was left.

    Personal numbers are silent in it for those who may not see them.
    """
    call_id = ask.path("call_id")
    if not ask.who.may(Permission.CALLS_SEE_NUMBERS):
        made = await ask.use.transcripts.hear(ask.who, call_id)
        try:
            _check_range(ask.request, made)
        except ApiError:
            made.unlink()
            raise
        return Passing(made, headers={"Content-Type": "audio/wav"})
    file = await ask.use.calls.recording(ask.who, call_id)
    _check_range(ask.request, file)
    return web.FileResponse(file, headers={"Content-Type": encoding.media(file)})


async def list_queues(ask: Ask) -> models.QueuesOut:
    """The queues as they are now."""
    queues = shown_to(ask.who, ask.use.services.live.snapshot()["queues"])
    return models.QueuesOut(items=list(queues))


async def list_seats(ask: Ask) -> models.SeatsOut:
    """The seats, with what is known of each now."""
    live = {
        seat["number"]: seat
        for seat in shown_to(ask.who, ask.use.services.live.snapshot()["seats"])
    }
    return models.SeatsOut(
        items=[
            models.SeatOut(
                **{
                    **live.get(seat.number, {}),
                    "number": seat.number,
                    "roster": seat.roster,
                    "phone": seat.phone,
                }
            )
            for seat in await ask.use.seats.list()
        ]
    )


async def add_seat(ask: Ask) -> models.SeatSecretOut:
    """Add a seat; it may be used at once."""
    given = ask.body(models.SeatIn)
    seat = await ask.use.seats.add(ask.who.username, given.number, given.roster, given.phone)
    return _secret(seat, await _apply(ask))


async def show_seat(ask: Ask) -> models.SeatSecretOut:
    """A seat with its password."""
    return _secret(await ask.use.seats.show(ask.path("number")), applied=True)


async def change_seat(ask: Ask) -> models.SeatSecretOut:
    """Say when a seat takes calls, and with what kind of phone."""
    given, number = ask.body(models.SeatChangeIn), ask.path("number")
    if given.roster is not None:
        await ask.use.seats.set_roster(ask.who.username, number, given.roster)
    if given.phone is not None:
        await ask.use.seats.set_phone(ask.who.username, number, given.phone)
    seat = await ask.use.seats.show(number)
    return _secret(seat, await _apply(ask))


async def new_seat_password(ask: Ask) -> models.SeatSecretOut:
    """Give a seat a new password; its phone must log in again."""
    seat = await ask.use.seats.new_password(ask.who.username, ask.path("number"))
    return _secret(seat, await _apply(ask))


async def remove_seat(ask: Ask) -> models.SeatRemovedOut:
    """Remove a seat; a call that is going on there is not cut off."""
    seat = await ask.use.seats.remove(ask.who.username, ask.path("number"))
    return models.SeatRemovedOut(number=seat.number, applied=await _apply(ask))


async def _apply(ask: Ask) -> bool:
    try:
        await ask.use.services.apply_seats()
    except HotlineError as error:
        logger.warning("the seats are changed, the phone system could not be told: %s", error)
        return False
    return True


def _check_range(request: web.Request, file: Path) -> None:
    size = file.stat().st_size
    try:
        start = request.http_range.start
    except ValueError:
        start = size
    if start is not None and start >= size:
        raise ApiError("range_not_satisfiable", {"Content-Range": f"bytes */{size}"}, size=size)


def _me(principal: Principal) -> models.MeOut:
    granted = {permission for role in principal.roles for permission in MATRIX[role]}
    return models.MeOut(
        username=principal.username,
        roles=sorted(principal.roles),
        unit=principal.unit,
        permissions=sorted(granted),
        must_change_password=principal.must_change_password,
    )


def _user(user: User) -> models.UserOut:
    return models.UserOut(
        username=user.username,
        roles=sorted(user.roles),
        unit=user.unit,
        must_change_password=user.must_change_password,
        disabled=user.disabled,
        created_at=user.created_at,
    )


def _secret(seat: Seat, applied: bool) -> models.SeatSecretOut:
    return models.SeatSecretOut(
        number=seat.number,
        user=seat.number,
        password=seat.password,
        roster=seat.roster,
        phone=seat.phone,
        created_at=seat.created_at,
        applied=applied,
    )
