"""The handlers of the help for agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Any

from ivr.api import assist_models as models
from ivr.api.order_models import MatchOut, ProposalOut
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ticketing.assist.linear import Choice
from ticketing.assist.model import Origin
from ticketing.assist.places import district_name
from ticketing.service.assist import ArticleFound, Asked, SimilarOrder, Tally

_USUAL, _LONGEST = timedelta(days=30), timedelta(days=367)
_TYPES = {
    "consultation": "咨询",
    "help": "求助",
    "complaint": "投诉",
    "report": "举报",
    "suggestion": "建议",
    "emergency": "突发",
}


async def assist(ask: Ask) -> models.AssistOut:
    """Propose type, category, district, unit, articles and a draft from what a citizen says."""
    given = ask.body(models.AssistIn)
    actor = await ask.use.orders.actor(ask.who)
    captions, text = ask.use.services.captions, given.text
    if not text.strip() and captions.may_read(ask.who, given.call):
        text = await captions.said(given.call)
    found = await ask.use.assist.propose(
        actor, Asked(text=text, call=given.call, address=given.address, phone=given.phone)
    )
    districts = {
        unit.district: district_name(unit)
        for unit in await ask.use.services.worlds.tree()
        if unit.district
    }
    return models.AssistOut(
        id=found.id,
        model=_model(found.model),
        types=_choices(found.types, _TYPES),
        categories=_choices(found.categories, found.names),
        districts=_choices(found.districts, districts),
        unit=None if found.unit is None else _proposal(found.unit),
        articles=[_article(each) for each in found.articles],
        repeats=[MatchOut.model_validate(each) for each in found.repeats],
        similar=[_similar(each) for each in found.similar],
        sensitive=[models.SensitiveOut.model_validate(each) for each in found.sensitive],
        draft=models.DraftTextOut.model_validate(found.draft),
    )


async def assist_used(ask: Ask) -> None:
    """Say which order became of a proposal, so that agreement can be counted."""
    actor = await ask.use.orders.actor(ask.who)
    await ask.use.assist.used(actor, ask.path("proposal"), ask.body(models.UsedIn).order)


async def assist_agreement(ask: Ask) -> models.AgreementOut:
    """How often persons have chosen what was proposed to them, by kind and by person."""
    query, worlds = ask.query(models.AgreementQuery), ask.use.services.worlds
    now = ask.use.services.now()
    last = query.until or now.astimezone(worlds.zone).date()
    first = query.since or last - _USUAL
    if last < first or last - first > _LONGEST:
        raise ApiError("bad_request", detail="until: not before since, a year after it at most")
    since = datetime.combine(first, time(), worlds.zone).astimezone(UTC)
    until = datetime.combine(last + timedelta(days=1), time(), worlds.zone).astimezone(UTC)
    found = await ask.use.assist.agreement(since, until)
    model = await ask.use.services.models.current()
    return models.AgreementOut(
        since=since,
        until=until,
        model=None if model is None else _model(model.origin),
        asked=found.asked,
        orders=found.orders,
        kinds=_tallies(found.kinds),
        persons=[
            models.PersonTallyOut(person=person, kinds=_tallies(kinds))
            for person, kinds in sorted(found.persons.items())
        ],
    )


def _model(origin: Origin | None) -> models.ModelOut | None:
    return None if origin is None else models.ModelOut.model_validate(origin)


def _choices(choices: Sequence[Choice], names: Mapping[str, str]) -> list[models.ChoiceOut]:
    return [
        models.ChoiceOut(
            label=each.label,
            name=names.get(each.label, ""),
            share=round(each.share, 3),
            words=[models.BecauseOut.model_validate(because) for because in each.words],
        )
        for each in choices
    ]


def _proposal(found: Any) -> ProposalOut:
    return ProposalOut.model_validate(
        {
            **{name: getattr(found, name) for name in ProposalOut.model_fields},
            "refusals": [asdict(refusal) for refusal in found.refusals],
        },
        from_attributes=True,
    )


def _article(found: ArticleFound) -> models.ArticleFoundOut:
    article = found.article
    return models.ArticleFoundOut(
        id=article.article,
        version=article.version,
        title=article.title,
        category=article.category,
        unit=article.unit,
        score=found.score,
        words=list(found.words),
    )


def _similar(found: SimilarOrder) -> models.SimilarOut:
    row = found.row
    return models.SimilarOut(
        number=row.number,
        title=row.title,
        state=row.state,
        type=row.type,
        category=row.category,
        district=row.district,
        received_at=row.received_at,
        master=row.master,
        likeness=found.likeness,
        same_event=found.same_event,
    )


def _tallies(kinds: Mapping[str, Tally]) -> dict[str, models.TallyOut]:
    return {kind: models.TallyOut.model_validate(tally) for kind, tally in kinds.items()}
