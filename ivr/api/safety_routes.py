"""The rows of safety in the table of routes: bans, calls out of the house, probes (T8)."""

from __future__ import annotations

from ivr.api import probe_handlers, probe_models
from ivr.api import safety_handlers as handlers
from ivr.api import safety_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

SAFETY_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/bans",
        Permission.SECURITY_MANAGE,
        handlers.list_bans,
        models.BansOut,
    ),
    Route(
        "DELETE",
        "/api/v1/bans/{address}",
        Permission.SECURITY_MANAGE,
        handlers.lift_ban,
        status=204,
        raises=(errors.BanNotFound,),
    ),
    Route(
        "GET",
        "/api/v1/outward-calls",
        Permission.SECURITY_MANAGE,
        handlers.list_outward_calls,
        models.OutwardCallsOut,
        query=models.OutwardQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "GET",
        "/api/v1/probes",
        Permission.SECURITY_MANAGE,
        probe_handlers.list_probes,
        probe_models.ProbesOut,
        query=probe_models.ProbesQuery,
    ),
    Route(
        "POST",
        "/api/v1/probes",
        Permission.SECURITY_MANAGE,
        probe_handlers.make_probe,
        probe_models.ProbeOut,
        body=probe_models.ProbeIn,
        raises=(
            errors.NoPolicy,
            errors.NoTrunk,
            errors.ProbeTargetNotFound,
            errors.UnitNotFound,
        ),
    ),
)
