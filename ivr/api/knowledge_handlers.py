"""The handlers of articles, questions, notices, the calendar and policy packs."""

from __future__ import annotations

from ivr.api import knowledge_models as models
from ivr.api.paths import number_in
from ivr.api.services import Ask
from ticketing.domain.errors import ArticleNotFound
from ticketing.domain.notices import Notice, Scope
from ticketing.store.knowledge import Kept


async def list_articles(ask: Ask) -> models.ArticlesOut:
    """Articles, the last changed first: by words, category, owner, status, overdue review."""
    query = ask.query(models.ArticlesQuery)
    page = await ask.use.knowledge.page(ask.who, **query.model_dump())
    rows = [models.ArticleRowOut.model_validate(row) for row in page.items]
    for row in rows:
        row.review_by = None if row.published is None else row.review_by
    return models.ArticlesOut(items=rows, next=page.next)


async def show_article(ask: Ask) -> models.ArticleOut:
    """One article."""
    return _article(await ask.use.knowledge.show(ask.who, ask.path("article_id")))


async def show_article_version(ask: Ask) -> models.VersionOut:
    """One version of an article, whatever became of it."""
    number = number_in(ask.path("version"), ArticleNotFound)
    version = await ask.use.knowledge.version(ask.who, ask.path("article_id"), number)
    return models.VersionOut.model_validate(version)


async def add_article(ask: Ask) -> models.ArticleOut:
    """Begin an article, as a draft."""
    given = ask.body(models.ArticleIn)
    return _article(await ask.use.knowledge.draft(ask.who, **given.model_dump()))


async def write_article(ask: Ask) -> models.ArticleOut:
    """Change an article's draft, or begin its next version."""
    given = ask.body(models.ArticleWriteIn)
    kept = await ask.use.knowledge.write(ask.who, ask.path("article_id"), **given.model_dump())
    return _article(kept)


async def submit_article(ask: Ask) -> models.ArticleOut:
    """Ask for approval of the draft."""
    revision = ask.body(models.RevisionIn).revision
    return _article(await ask.use.knowledge.submit(ask.who, ask.path("article_id"), revision))


async def approve_article(ask: Ask) -> models.ArticleOut:
    """Publish the version that waits for approval; nobody approves their own."""
    given = ask.body(models.ArticleReviewIn)
    kept = await ask.use.knowledge.approve(
        ask.who, ask.path("article_id"), given.revision, given.review_by
    )
    return _article(kept)


async def send_article_back(ask: Ask) -> models.ArticleOut:
    """Do not approve: the version is a draft again, with the reason."""
    given = ask.body(models.RevisionWhyIn)
    kept = await ask.use.knowledge.send_back(
        ask.who, ask.path("article_id"), given.revision, given.why
    )
    return _article(kept)


async def withdraw_article(ask: Ask) -> models.ArticleOut:
    """Take the published version away."""
    given = ask.body(models.RevisionWhyIn)
    kept = await ask.use.knowledge.withdraw(
        ask.who, ask.path("article_id"), given.revision, given.why
    )
    return _article(kept)


async def confirm_article(ask: Ask) -> models.ArticleOut:
    """Say that the published version is still true, until the next review."""
    given = ask.body(models.ArticleReviewIn)
    kept = await ask.use.knowledge.confirm(
        ask.who, ask.path("article_id"), given.revision, given.review_by
    )
    return _article(kept)


async def ask_question(ask: Ask) -> models.QuestionOut:
    """Count a question that was asked, with the article that answered it, if one did."""
    given = ask.body(models.QuestionIn).model_dump()
    question = await ask.use.knowledge.ask(ask.who, given.pop("text"), **given)
    return models.QuestionOut.model_validate(question)


async def report_questions(ask: Ask) -> models.QuestionReportOut:
    """The questions that no article answered, those alike together."""
    query = ask.query(models.QuestionsQuery)
    report = await ask.use.knowledge.report(query.since, query.until)
    return models.QuestionReportOut.model_validate(report)


async def list_notices(ask: Ask) -> models.NoticesOut:
    """Notices, the newest first."""
    query = ask.query(models.NoticesQuery)
    page = await ask.use.notices.page(ask.who, **query.model_dump())
    return models.NoticesOut.model_validate(page)


async def list_active_notices(ask: Ask) -> models.ActiveNoticesOut:
    """The notices that are in force now."""
    query = ask.query(models.ActiveNoticesQuery)
    found = await ask.use.notices.active(query.district, query.line)
    return models.ActiveNoticesOut.model_validate({"items": found})


async def show_notice(ask: Ask) -> models.NoticeOut:
    """One notice."""
    notice = await ask.use.notices.show(ask.who, ask.path("notice_id"))
    return models.NoticeOut.model_validate(notice)


async def add_notice(ask: Ask) -> models.NoticeOut:
    """Write a notice; it is shown to nobody before it is published."""
    given = ask.body(models.NoticeIn)
    fields = given.model_dump(exclude={"scope"})
    scope = Scope(given.scope.extent, tuple(given.scope.codes))
    written = await ask.use.notices.write(ask.who, Notice(id="", scope=scope, **fields))
    return models.NoticeOut.model_validate(written)


async def publish_notice(ask: Ask) -> models.PublishedOut:
    """Publish a notice; the answer names others that should be looked at beside it."""
    published = await ask.use.notices.publish(ask.who, ask.path("notice_id"))
    return models.PublishedOut.model_validate(published)


async def end_notice(ask: Ask) -> models.NoticeOut:
    """Take a notice back before its end."""
    why = ask.body(models.WhyIn).why
    notice = await ask.use.notices.end(ask.who, ask.path("notice_id"), why)
    return models.NoticeOut.model_validate(notice)


async def show_calendar(ask: Ask) -> models.CalendarOut:
    """A year's days: which are worked, and why."""
    year = await ask.use.policies.calendar(ask.query(models.CalendarQuery).year)
    return models.CalendarOut.model_validate(year)


async def list_policies(ask: Ask) -> models.PoliciesOut:
    """The policy packs."""
    return models.PoliciesOut.model_validate({"items": await ask.use.policies.list()})


async def show_policy(ask: Ask) -> models.PolicyOut:
    """One policy pack, with everything that it sets."""
    return models.PolicyOut(pack=await ask.use.policies.show(ask.path("pack")))


async def explain_policy(ask: Ask) -> models.ExplainedOut:
    """What a rule says in a city, and the settings that carry it."""
    explained = await ask.use.policies.explain(ask.path("pack"), ask.path("rule"))
    return models.ExplainedOut.model_validate(explained)


def _article(kept: Kept) -> models.ArticleOut:
    article = kept.article
    shown = {each.number: models.VersionOut.model_validate(each) for each in article.versions}
    published, waiting = article.published, article.open
    return models.ArticleOut(
        id=article.id,
        unit=article.unit,
        category=article.category,
        review_by=article.review_by if published else None,
        revision=kept.revision,
        changed_at=kept.changed_at,
        published=shown[published.number] if published else None,
        open=shown[waiting.number] if waiting else None,
        versions=[models.VersionHeadOut.model_validate(each) for each in article.versions],
    )
