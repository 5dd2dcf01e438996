"""The rows of nuisance callers in the table of routes."""

from __future__ import annotations

from ivr.api import nuisance_handlers as handlers
from ivr.api import nuisance_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

NUISANCE_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/v1/calls/{call_id}/nuisance",
        Permission.DESK_SIT,
        handlers.report_nuisance,
        models.ReportedOut,
        body=models.ReportIn,
        raises=(errors.CallNotFound, errors.CallerUnknown),
    ),
    Route(
        "GET",
        "/api/v1/nuisance",
        Permission.CALLS_SUPERVISE,
        handlers.list_nuisance,
        models.MeasuresOut,
    ),
    Route(
        "POST",
        "/api/v1/nuisance",
        Permission.CALLS_SUPERVISE,
        handlers.block_caller,
        models.MeasureOut,
        body=models.BlockIn,
        status=201,
        raises=(errors.CallerUnknown,),
    ),
    Route(
        "POST",
        "/api/v1/nuisance/{measure}/review",
        Permission.CALLS_SUPERVISE,
        handlers.review_nuisance,
        models.MeasureOut,
        body=models.MeasureReviewIn,
        raises=(errors.MeasureNotFound,),
    ),
)
