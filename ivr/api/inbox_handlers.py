"""The handlers of inboxes, drafts of supervision and the outbox."""

from __future__ import annotations

from aiohttp import web

from ivr.api import inbox_models as models
from ivr.api.file_handlers import PaperQuery, paper
from ivr.api.services import Ask
from ticketing.service.supervision import key_of, read_key
from ticketing.store.drafts import Kept


async def list_inbox(ask: Ask) -> models.InboxOut:
    """What one's own unit was told; what is not read comes first."""
    query = ask.query(models.PageQuery)
    actor = await ask.use.orders.actor(ask.who)
    page = await ask.use.inbox.page(actor, limit=query.limit, cursor=query.cursor)
    return models.InboxOut.model_validate(page)


async def read_message(ask: Ask) -> models.MessageOut:
    """Say that a message was read, for the whole unit."""
    actor = await ask.use.orders.actor(ask.who)
    return models.MessageOut.model_validate(await ask.use.inbox.read(actor, ask.path("message")))


async def list_drafts(ask: Ask) -> models.DraftsOut:
    """What the clock has drafted for supervision, for a person to issue or set aside (D1 to D9)."""
    query = ask.query(models.DraftsQuery)
    actor = await ask.use.orders.actor(ask.who)
    page = await ask.use.supervision.page(
        actor, query.state, limit=query.limit, cursor=query.cursor
    )
    return models.DraftsOut(items=[_draft(kept) for kept in page.items], next=page.next)


async def issue_draft(ask: Ask) -> models.DraftOut:
    """Issue a draft: the measure becomes a step of its order, and the unit is told."""
    given = ask.body(models.IssueIn)
    kept = await ask.use.supervision.issue(
        await ask.use.orders.actor(ask.who),
        read_key(ask.path("draft")),
        text=given.text,
        limit=given.limit,
        attendees=tuple(given.attendees),
        evidence=given.evidence,
        urgency=given.urgency,
        publish=given.publish,
    )
    return _draft(kept)


async def dismiss_draft(ask: Ask) -> models.DraftOut:
    """Set a draft aside; it does not come again."""
    actor = await ask.use.orders.actor(ask.who)
    why = ask.body(models.DismissIn).why
    return _draft(await ask.use.supervision.dismiss(actor, read_key(ask.path("draft")), why))


async def list_rounds(ask: Ask) -> models.DraftsOut:
    """What was issued about many orders: to one's own unit, or by one's hotline body (D6, D7)."""
    query = ask.query(models.PageQuery)
    actor = await ask.use.orders.actor(ask.who)
    page = await ask.use.round_papers.page(actor, limit=query.limit, cursor=query.cursor)
    return models.DraftsOut(items=[_draft(kept) for kept in page.items], next=page.next)


async def read_round(ask: Ask) -> web.Response:
    """The paper of what was issued about many orders, to be printed (D6, D7)."""
    actor, chosen = await ask.use.orders.actor(ask.who), ask.query(PaperQuery).format
    key = read_key(ask.path("draft"))
    title, content = await ask.use.round_papers.make(actor, key, chosen)
    return paper(f"{title}.{chosen}", chosen, content)


async def list_outbox(ask: Ask) -> models.OutboxOut:
    """What nobody could be told, and why."""
    query = ask.query(models.OutboxQuery)
    page = await ask.use.inbox.failures(limit=query.limit, cursor=query.cursor)
    return models.OutboxOut.model_validate(page)


async def retry_delivery(ask: Ask) -> models.FailureOut:
    """Try once more to tell what has failed."""
    found = await ask.use.inbox.retry(ask.who.username, ask.path("item"))
    return models.FailureOut.model_validate(found)


def _draft(kept: Kept) -> models.DraftOut:
    draft = kept.draft
    return models.DraftOut(
        id=key_of(draft),
        kind=draft.kind,
        rule=draft.rule,
        why=draft.why,
        order=draft.order,
        unit=draft.unit,
        round=draft.round,
        fault=draft.fault,
        state=kept.state,
        drafted_at=kept.drafted_at,
        limit=kept.limit,
        decided_by=kept.decided_by,
        decided_at=kept.decided_at,
        reason=kept.reason,
        centre=draft.centre,
        orders=list(draft.orders),
        said=kept.said,
    )
