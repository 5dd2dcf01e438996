"""The rows of the sound of jobs in the table of routes: for workers on other machines."""

from __future__ import annotations

from pydantic import BaseModel

from ivr.api import sound_handlers as handlers
from ivr.api import sound_models as models
from ivr.api.route import Access, Route
from ticketing.domain import errors

_JOB = "/api/v1/after-calls/{call_id}/{source}"
_FILE = (errors.JobNotHeld, errors.RecordingNotFound)
_RANGES: dict[int, type[BaseModel] | None] = {206: None, 304: None, 412: None, 416: None}

SOUND_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        f"{_JOB}/sound",
        Access.WORKER,
        handlers.job_sound,
        models.JobSoundOut,
        raises=(errors.JobNotHeld,),
    ),
    Route(
        "GET",
        f"{_JOB}/sound/{{leg}}",
        Access.WORKER,
        handlers.job_leg,
        raises=_FILE,
        media="application/octet-stream",
        also=_RANGES,
    ),
    Route(
        "GET",
        f"{_JOB}/kept",
        Access.WORKER,
        handlers.job_kept,
        raises=_FILE,
        media="application/octet-stream",
        also=_RANGES,
    ),
    Route(
        "PUT",
        f"{_JOB}/kept",
        Access.WORKER,
        handlers.keep_job,
        query=models.KeepQuery,
        upload=True,
        status=204,
        raises=(*_FILE, errors.UploadBroken),
    ),
)
