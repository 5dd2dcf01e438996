"""The handlers of transcripts, exports and the jobs after calls."""

from __future__ import annotations

from aiohttp import web

from ivr.api import transcript_models as models
from ivr.api.passing import Passing
from ivr.api.services import Ask
from ticketing.domain.transcripts import Utterance
from ticketing.service.transcripts import Said
from ticketing.store.recordings import Recording


async def transcript(ask: Ask) -> models.TranscriptOut:
    """What was said in a call, as a dialogue with times, and how far its text is."""
    found = await ask.use.transcripts.of_call(ask.who, ask.path("call_id"))
    return models.TranscriptOut(items=[_said(each) for each in found])


async def find(ask: Ask) -> models.HitsOut:
    """Calls in which words were said, Chinese or Korean; each with where to play from."""
    query = ask.query(models.FindQuery)
    page = await ask.use.transcripts.find(query.words, limit=query.limit, cursor=query.cursor)
    return models.HitsOut(
        items=[
            models.HitOut(
                call_id=hit.call_id,
                source=hit.source,
                made_at=hit.made_at,
                said=[_utterance(each, each.masked) for each in hit.said],
            )
            for hit in page.items
        ],
        next=page.next,
    )


async def export(ask: Ask) -> web.FileResponse:
    """The sound of a call to be handed out, personal numbers silent; it is noted who took it."""
    query, call_id = ask.query(models.ExportQuery), ask.path("call_id")
    file = await ask.use.transcripts.export(ask.who, call_id, query.source, redact=query.redact)
    named = f'attachment; filename="{query.source.value}.wav"'
    return Passing(file, headers={"Content-Type": "audio/wav", "Content-Disposition": named})


async def jobs(ask: Ask) -> models.JobsOut:
    """Recordings that wait, fail, or have no model of their language."""
    query = ask.query(models.JobsQuery)
    items, following, counts = await ask.use.transcripts.jobs(
        query.state, limit=query.limit, cursor=query.cursor
    )
    return models.JobsOut(items=[_recording(one) for one in items], next=following, counts=counts)


async def again(ask: Ask) -> models.AgainOut:
    """Have a call heard again: what was laid aside, or with a model that is here now."""
    done = await ask.use.transcripts.again(ask.who, ask.path("call_id"))
    return models.AgainOut(recordings=done)


def _recording(one: Recording) -> models.RecordingOut:
    return models.RecordingOut.model_validate(one)


def _said(each: Said) -> models.SaidOut:
    text = each.transcript
    said = None if text is None else [_utterance(one, one.text) for one in text.said]
    return models.SaidOut(
        **_recording(each.recording).model_dump(),
        masked=each.masked,
        engine=None if text is None else text.engine,
        made_at=None if text is None else text.made_at,
        said=said,
    )


def _utterance(said: Utterance, text: str) -> models.UtteranceOut:
    words = said.words if text == said.text else ()  # words would tell what the text hides
    return models.UtteranceOut(
        speaker=said.speaker,
        start=said.start,
        end=said.end,
        text=text,
        confidence=said.confidence,
        words=[models.WordOut.model_validate(word) for word in words],
        hides=sorted({item.kind for item in said.hidden}),
    )
