"""The rows of surges in the table of routes, with their handlers and models (K3)."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ivr.api.models import In, Out
from ivr.api.route import Route
from ivr.api.services import Ask
from ivr.surge import shown
from ticketing.domain import errors
from ticketing.domain.roles import Permission
from ticketing.domain.surges import Piece


class AnnounceIn(In):
    """What callers hear, and the order that they may join by key 5 (none: they may not)."""

    piece: Piece
    master: str | None = Field(None, pattern=r"^[0-9]{1,20}$")


class SurgeOut(Out):
    """A notice that callers hear of before the queue."""

    notice: str
    piece: Piece
    zh: str
    ko: str
    master: str | None
    joined: int
    since: datetime
    until: datetime


class SurgesOut(Out):
    """What callers hear now, the newest first; of several, they hear the newest."""

    items: list[SurgeOut]


async def list_surges(ask: Ask) -> SurgesOut:
    """What callers hear of before the queue now; changes come as ``surges`` over the WebSocket."""
    standing = await ask.use.services.surging.surges.standing()
    return SurgesOut(items=[SurgeOut.model_validate(shown(surge)) for surge in standing])


async def announce_notice(ask: Ask) -> SurgeOut:
    """Announce a notice before the queue and on the agents' screens, in one step (K3)."""
    given, surging = ask.body(AnnounceIn), ask.use.services.surging
    surge = await surging.surges.announce(
        ask.who, ask.path("notice_id"), given.piece, given.master or ""
    )
    await surging.look()
    return SurgeOut.model_validate(shown(surge))


async def stop_announcement(ask: Ask) -> None:
    """Announce a notice no longer; it stays a notice."""
    surging = ask.use.services.surging
    await surging.surges.stop(ask.who, ask.path("notice_id"))
    await surging.look()


SURGE_ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/surges", Permission.NOTICES_VIEW, list_surges, SurgesOut),
    Route(
        "POST",
        "/api/v1/notices/{notice_id}/announce",
        Permission.NOTICES_PUBLISH,
        announce_notice,
        SurgeOut,
        body=AnnounceIn,
        raises=(errors.NoticeNotFound, errors.OrderNotFound, errors.GuardFailed),
    ),
    Route(
        "POST",
        "/api/v1/notices/{notice_id}/announce/stop",
        Permission.NOTICES_PUBLISH,
        stop_announcement,
        status=204,
        raises=(errors.NoticeNotFound,),
    ),
)
