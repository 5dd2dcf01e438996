"""The rows of inboxes, drafts of supervision and the outbox in the table of routes."""

from __future__ import annotations

from ivr.api import inbox_handlers as handlers
from ivr.api import inbox_models as models
from ivr.api.file_handlers import PaperQuery
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

_UNITS = (errors.UnitNotFound,)

INBOX_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/inbox",
        Permission.ORDERS_ACT,
        handlers.list_inbox,
        models.InboxOut,
        query=models.PageQuery,
        raises=(errors.BadCursor, *_UNITS),
    ),
    Route(
        "POST",
        "/api/v1/inbox/{message}/read",
        Permission.ORDERS_ACT,
        handlers.read_message,
        models.MessageOut,
        raises=(errors.MessageNotFound, *_UNITS),
    ),
    Route(
        "GET",
        "/api/v1/supervision/drafts",
        Permission.SUPERVISION_DECIDE,
        handlers.list_drafts,
        models.DraftsOut,
        query=models.DraftsQuery,
        raises=(errors.BadCursor, *_UNITS),
    ),
    Route(
        "POST",
        "/api/v1/supervision/drafts/{draft}/issue",
        Permission.SUPERVISION_DECIDE,
        handlers.issue_draft,
        models.DraftOut,
        body=models.IssueIn,
        raises=(
            errors.DraftNotFound,
            errors.GuardFailed,
            errors.IllegalAction,
            errors.NotYours,
            errors.OrderChanged,
            *_UNITS,
        ),
    ),
    Route(
        "POST",
        "/api/v1/supervision/drafts/{draft}/dismiss",
        Permission.SUPERVISION_DECIDE,
        handlers.dismiss_draft,
        models.DraftOut,
        body=models.DismissIn,
        raises=(errors.DraftNotFound, errors.GuardFailed, *_UNITS),
    ),
    Route(
        "GET",
        "/api/v1/supervision/rounds",
        Permission.ORDERS_VIEW,
        handlers.list_rounds,
        models.DraftsOut,
        query=models.PageQuery,
        raises=(errors.BadCursor, *_UNITS),
    ),
    Route(
        "GET",
        "/api/v1/supervision/rounds/{draft}/paper",
        Permission.ORDERS_VIEW,
        handlers.read_round,
        query=PaperQuery,
        media="application/pdf",
        raises=(errors.PaperNotFound, *_UNITS),
    ),
    Route(
        "GET",
        "/api/v1/outbox",
        Permission.OUTBOX_MANAGE,
        handlers.list_outbox,
        models.OutboxOut,
        query=models.OutboxQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "POST",
        "/api/v1/outbox/{item}/retry",
        Permission.OUTBOX_MANAGE,
        handlers.retry_delivery,
        models.FailureOut,
        raises=(errors.DeliveryNotFound,),
    ),
)
