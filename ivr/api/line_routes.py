"""The row of the number plan in the table of routes."""

from __future__ import annotations

from ivr.api import line_handlers as handlers
from ivr.api import line_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

LINE_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/lines",
        Permission.QUEUES_VIEW,
        handlers.list_lines,
        models.LinesOut,
        query=models.LinesQuery,
        raises=(errors.NoPolicy, errors.UnitNotFound),
    ),
)
