"""The rows of transcripts and of the jobs after calls in the table of routes."""

from __future__ import annotations

from ivr.api import transcript_handlers as handlers
from ivr.api import transcript_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

_RECORDED = (errors.CallNotFound, errors.RecordingNotFound)

TRANSCRIPT_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/calls/{call_id}/transcript",
        Permission.CALLS_LIST,
        handlers.transcript,
        models.TranscriptOut,
        raises=_RECORDED,
    ),
    Route(
        "POST",
        "/api/v1/calls/{call_id}/transcript/again",
        Permission.JOBS_MANAGE,
        handlers.again,
        models.AgainOut,
        raises=_RECORDED,
    ),
    Route(
        "GET",
        "/api/v1/calls/{call_id}/recording/export",
        Permission.CALLS_RECORDING,
        handlers.export,
        query=models.ExportQuery,
        raises=(*_RECORDED, errors.RecordingDeleted, errors.NotTranscribed, errors.NotAllowed),
        media="audio/wav",
    ),
    Route(
        "GET",
        "/api/v1/transcripts",
        Permission.CALLS_LIST,
        handlers.find,
        models.HitsOut,
        query=models.FindQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "GET",
        "/api/v1/after-calls",
        Permission.JOBS_MANAGE,
        handlers.jobs,
        models.JobsOut,
        query=models.JobsQuery,
        raises=(errors.BadCursor,),
    ),
)
