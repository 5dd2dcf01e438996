"""The rows of work orders in the table of routes."""

from __future__ import annotations

from ivr.api import file_handlers as files
from ivr.api import order_handlers as handlers
from ivr.api import order_models as models
from ivr.api import public_handlers as public
from ivr.api.route import Access, Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

_ACT = (
    errors.OrderNotFound,
    errors.OrderChanged,
    errors.IllegalAction,
    errors.NotYours,
    errors.GuardFailed,
    errors.ExtensionRefused,
)

ORDER_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/orders",
        Permission.ORDERS_VIEW,
        handlers.list_orders,
        models.OrdersOut,
        query=models.OrdersQuery,
        raises=(errors.BadCursor, errors.UnitNotFound),
    ),
    Route(
        "POST",
        "/api/v1/orders",
        Permission.ORDERS_CREATE,
        handlers.create_order,
        models.OrderOut,
        body=models.OrderIn,
        status=201,
        raises=(errors.KeyReused, errors.GuardFailed, errors.NotYours, errors.UnitNotFound),
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}",
        Permission.ORDERS_VIEW,
        handlers.show_order,
        models.OrderOut,
        raises=(errors.OrderNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/history",
        Permission.ORDERS_VIEW,
        handlers.order_history,
        models.HistoryOut,
        raises=(errors.OrderNotFound,),
    ),
    Route(
        "POST",
        "/api/v1/orders/{order}/actions",
        Permission.ORDERS_ACT,
        handlers.act_on_order,
        models.OrderOut,
        body=models.ActionIn,
        raises=_ACT,
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/attachments",
        Permission.ORDERS_VIEW,
        files.list_attachments,
        files.AttachmentsOut,
        raises=(errors.OrderNotFound,),
    ),
    Route(
        "POST",
        "/api/v1/orders/{order}/attachments",
        Permission.ORDERS_ACT,
        files.add_attachment,
        files.AttachmentOut,
        query=files.UploadQuery,
        upload=True,
        status=201,
        raises=(*_ACT, errors.BadAttachment),
    ),
    Route(
        "GET",
        "/api/v1/attachments/{attachment}",
        Permission.ORDERS_VIEW,
        files.read_attachment,
        raises=(errors.AttachmentNotFound,),
        media="application/octet-stream",
        also={206: None, 304: None, 412: None, 416: None},
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/papers",
        Permission.ORDERS_VIEW,
        files.list_papers,
        files.PapersOut,
        raises=(errors.OrderNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/papers/{seq}",
        Permission.ORDERS_VIEW,
        files.read_paper,
        query=files.PaperQuery,
        media="application/pdf",
        raises=(errors.OrderNotFound, errors.PaperNotFound),
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/proposal",
        Permission.ORDERS_VIEW,
        handlers.order_proposal,
        models.ProposalOut,
        raises=(errors.OrderNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/orders/{order}/repeats",
        Permission.ORDERS_VIEW,
        handlers.order_repeats,
        models.RepeatsOut,
        raises=(errors.OrderNotFound,),
    ),
    Route(
        "POST",
        "/api/v1/public/orders",
        Access.PUBLIC,
        public.public_intake,
        models.ReceiptOut,
        body=models.PublicOrderIn,
        status=201,
        raises=(
            errors.KeyReused,
            errors.GuardFailed,
            errors.TooManyAttempts,
            errors.UnitNotFound,
        ),
    ),
    Route(
        "POST",
        "/api/v1/public/progress",
        Access.PUBLIC,
        public.public_progress,
        models.ProgressOut,
        body=models.AskProgressIn,
        raises=(errors.OrderNotFound, errors.TooManyAttempts),
    ),
)
