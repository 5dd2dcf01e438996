"""``/healthz``: 200 only when everything the hotline leans on answers."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ivr.api.models import CheckOut, HealthOut
from ivr.api.services import Ask, Check
from ticketing.domain.roles import Permission

LIMIT = 2.0  # seconds for each check; they run together


async def healthz(ask: Ask) -> web.Response:
    """Whether Asterisk, database and Redis answer; other checks are shown beside them."""
    leaned_on, beside = ask.use.services.health, ask.use.services.beside
    checks = {**leaned_on, **beside}
    reasons = await asyncio.gather(*(_run(check) for check in checks.values()))
    told = ask.principal is not None and ask.principal.may(Permission.HEALTH_REASONS)
    well = not any(
        reason for name, reason in zip(checks, reasons, strict=True) if name in leaned_on
    )
    answer = HealthOut(
        status="ok" if well else "degraded",
        checks={
            name: CheckOut(ok=reason is None, reason=reason if told else None)
            for name, reason in zip(checks, reasons, strict=True)
        },
    )
    return web.Response(
        status=200 if well else 503,
        body=answer.model_dump_json(exclude_none=True),
        content_type="application/json",
    )


async def _run(check: Check) -> str | None:
    try:
        async with asyncio.timeout(LIMIT):
            return await check()
    except TimeoutError:
        return f"no answer within {LIMIT:g} s"
    except Exception as error:  # a check that fails in any way tells that it is not well
        return f"{type(error).__name__}: {error}"
