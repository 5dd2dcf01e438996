"""Articles, questions and notices on real databases (K1 to K3, H1)."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.api_world import Clock
from tests.integration.reference_samples import (
    AGENT,
    COUNTY_MANAGER,
    HANDLER,
    LEADER,
    MANAGER,
    STRANGER,
    four_units,
)
from ticketing.domain.errors import (
    ArticleChanged,
    ArticleNotFound,
    BadCursor,
    BadPeriod,
    CategoryNotFound,
    GuardFailed,
    NotAllowed,
    NoticeNotFound,
    NotYourUnit,
)
from ticketing.domain.knowledge import Status
from ticketing.domain.notices import Notice, NoticeKind
from ticketing.domain.roles import OPERATOR, Principal
from ticketing.service.categories import Categories
from ticketing.service.knowledge import Knowledge
from ticketing.service.notices import Notices
from ticketing.service.units import Units
from ticketing.store import audit
from ticketing.store.categories import Category
from ticketing.store.database import Database

NEXT_YEAR = date(2027, 3, 1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def units(database: Database, clock: Clock) -> Units:
    return await four_units(database, clock)


@pytest.fixture
async def knowledge(units: Units, database: Database, clock: Clock) -> Knowledge:
    return Knowledge(database, clock)


@pytest.fixture
async def notices(units: Units, database: Database, clock: Clock) -> Notices:
    return Notices(database, clock)


@pytest.fixture
async def categories(units: Units, database: Database, clock: Clock) -> Categories:
    return Categories(database, clock)


async def published(
    knowledge: Knowledge, title: str, text: str = "内容", review_by: date = NEXT_YEAR
) -> str:
    """An article of the housing bureau that is published; gives its id."""
    kept = await knowledge.draft(HANDLER, title=title, text=text, category="")
    kept = await knowledge.submit(HANDLER, kept.article.id, kept.revision)
    kept = await knowledge.approve(LEADER, kept.article.id, kept.revision, review_by)
    return kept.article.id


async def titles(knowledge: Knowledge, who: Principal, **filters: Any) -> list[str]:
    return [row.title for row in (await knowledge.page(who, **filters)).items]


async def test_an_article_from_draft_to_withdrawal(knowledge: Knowledge, clock: Clock) -> None:
    kept = await knowledge.draft(HANDLER, title="供暖费", text="每平方米 23 元", category="")
    name = kept.article.id
    assert (kept.revision, kept.article.unit) == (1, "city.housing")
    with pytest.raises(ArticleNotFound):
        await knowledge.show(AGENT, name)
    kept = await knowledge.submit(HANDLER, name, 1)
    with pytest.raises(GuardFailed) as refused:
        await knowledge.write(HANDLER, name, 2, title="供暖费", text="改")
    assert refused.value.guard == "version_submitted"
    kept = await knowledge.send_back(LEADER, name, 2, "请写明减免")
    kept = await knowledge.write(HANDLER, name, 3, title="供暖费", text="23 元，可减免")
    kept = await knowledge.submit(HANDLER, name, 4)
    kept = await knowledge.approve(LEADER, name, 5, NEXT_YEAR)
    assert (await knowledge.show(AGENT, name)) == kept
    clock.turn(days=1)
    kept = await knowledge.write(HANDLER, name, 6, title="供暖费", text="24 元")
    assert [v.number for v in (await knowledge.show(AGENT, name)).article.versions] == [1]
    kept = await knowledge.submit(HANDLER, name, 7)
    kept = await knowledge.approve(LEADER, name, 8, NEXT_YEAR)
    seen = (await knowledge.show(AGENT, name)).article
    assert [v.status for v in seen.versions] == [Status.SUPERSEDED, Status.PUBLISHED]
    kept = await knowledge.withdraw(LEADER, name, 9, "停止执行")
    assert kept.article.published is None
    cited = await knowledge.version(AGENT, name, 1)  # an old answer's citation (H1)
    assert cited.text == "23 元，可减免"
    with pytest.raises(ArticleNotFound):
        await knowledge.version(AGENT, name, 3)
    assert await titles(knowledge, AGENT, status=Status.WITHDRAWN) == []
    assert await titles(knowledge, HANDLER, status=Status.WITHDRAWN) == ["供暖费"]


async def test_an_article_is_read_as_it_was_written(knowledge: Knowledge) -> None:
    text = "第一条　㎡\n第二条 “50%_减免”😀"
    name = await published(knowledge, "供暖'; DROP TABLE articles;--", text)
    version = await knowledge.version(AGENT, name, 1)
    assert (version.title, version.text) == ("供暖'; DROP TABLE articles;--", text)
    assert (version.written_by, version.approved_by) == ("hu", "lei")


async def test_nobody_approves_their_own(knowledge: Knowledge) -> None:
    kept = await knowledge.draft(LEADER, title="物业", text="内容", category="")
    await knowledge.submit(LEADER, kept.article.id, 1)
    with pytest.raises(GuardFailed) as refused:
        await knowledge.approve(LEADER, kept.article.id, 2, NEXT_YEAR)
    assert refused.value.guard == "own_version"
    await knowledge.approve(MANAGER, kept.article.id, 2, NEXT_YEAR)


async def test_only_the_owners_people_and_the_centre_above_write(knowledge: Knowledge) -> None:
    name = await published(knowledge, "物业")
    for who in (STRANGER, COUNTY_MANAGER):
        with pytest.raises(NotAllowed):
            await knowledge.write(who, name, 3, title="别人的", text="内容")
        with pytest.raises(NotAllowed):
            await knowledge.draft(who, title="别人的", text="x", category="", unit="city.housing")
    towns = await knowledge.draft(
        COUNTY_MANAGER, title="镇上的", text="内容", category="", unit="county.town"
    )
    assert towns.article.unit == "county.town"
    ours = await knowledge.draft(OPERATOR, title="中心的", text="内容", category="")
    assert ours.article.unit == "city"
    assert (await knowledge.write(MANAGER, name, 3, title="改", text="内容")).revision == 4


async def test_of_two_who_change_an_article_one_wins(knowledge: Knowledge) -> None:
    name = await published(knowledge, "物业")
    results = await asyncio.gather(
        *(knowledge.write(HANDLER, name, 3, title=f"第{n}人", text="内容") for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ArticleChanged) for result in results) == 3
    with pytest.raises(ArticleChanged):
        await knowledge.withdraw(LEADER, name, 3, "旧的")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("供暖", ["冬季供暖费标准", "报修"]),
        ("暖 漏水", ["报修"]),
        ("供暖费标", ["冬季供暖费标准"]),
        ("ＰＯＳ机", ["冬季供暖费标准"]),
        ("pos", ["冬季供暖费标准"]),
        ("“供暖”", ["冬季供暖费标准", "报修"]),
        ("%", []),
        ("_", []),
        ("停水", []),
        ("난방", ["报修"]),
    ],
)
async def test_search(knowledge: Knowledge, words: str, found: list[str]) -> None:
    await published(knowledge, "报修", "供暖管道漏水请拨打电话。난방")
    await published(knowledge, "冬季供暖费标准", "可用POS机缴费，每平方米23元。")
    await published(knowledge, "其他", "不相干")
    assert sorted(await titles(knowledge, AGENT, words=words)) == sorted(found)


async def test_search_finds_what_is_published_and_not_the_next_draft(knowledge: Knowledge) -> None:
    name = await published(knowledge, "供暖", "旧标准")
    await knowledge.write(HANDLER, name, 3, title="供暖", text="新标准")
    assert await titles(knowledge, AGENT, words="旧标准") == ["供暖"]
    assert await titles(knowledge, AGENT, words="新标准") == []


async def test_lists_are_narrowed_and_drafts_shown_to_their_writers(
    knowledge: Knowledge, categories: Categories
) -> None:
    for code in ("03", "03.02", "030"):
        await categories.add(MANAGER, Category(code, "类"))
    for code in ("03", "03.02", "030"):
        await knowledge.draft(HANDLER, title=code, text="内容", category=code)
    await published(knowledge, "已发布")
    assert sorted(await titles(knowledge, HANDLER, category="03")) == ["03", "03.02"]
    assert await titles(knowledge, AGENT, category="03") == []
    for who in (AGENT, STRANGER, COUNTY_MANAGER):
        assert await titles(knowledge, who) == ["已发布"], who
        assert await titles(knowledge, who, status=Status.DRAFT) == []
    assert len(await titles(knowledge, MANAGER, status=Status.DRAFT)) == 3
    assert await titles(knowledge, MANAGER, unit="county.town") == []
    with pytest.raises(CategoryNotFound):
        await knowledge.draft(HANDLER, title="x", text="x", category="09")


async def test_pages_hold_every_article_once(knowledge: Knowledge, clock: Clock) -> None:
    for number in range(7):
        await published(knowledge, str(number))
        clock.turn(seconds=number % 2)  # some at the same moment
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await knowledge.page(AGENT, limit=3, cursor=cursor)
        seen += [row.title for row in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    for wrong in ("", "x", "MjAyNg", "6KeG"):
        with pytest.raises(BadCursor):
            await knowledge.page(AGENT, cursor=wrong)


async def test_overdue_for_review_the_longest_first(knowledge: Knowledge, clock: Clock) -> None:
    await published(knowledge, "晚", review_by=date(2026, 3, 5))
    early = await published(knowledge, "早", review_by=date(2026, 3, 3))
    await published(knowledge, "未到")
    assert await titles(knowledge, AGENT, overdue=True) == []
    clock.turn(days=10)
    first = await knowledge.page(AGENT, overdue=True, limit=1)
    rest = await knowledge.page(AGENT, overdue=True, limit=1, cursor=first.next)
    assert [row.title for row in (*first.items, *rest.items)] == ["早", "晚"]
    assert rest.next is None
    await knowledge.confirm(HANDLER, early, 3, NEXT_YEAR)
    assert await titles(knowledge, AGENT, overdue=True) == ["晚"]


async def test_questions_without_an_article_are_grouped_and_counted(
    knowledge: Knowledge, clock: Clock
) -> None:
    name = await published(knowledge, "供暖")
    start = clock.now
    for text in ("公积金怎么提取", "公积金怎样提取？", "公积金怎么提取", "电动车上牌在哪里"):
        await knowledge.ask(AGENT, text, source="call-1")
    await knowledge.ask(AGENT, "几号供暖", article=name)
    with pytest.raises(ArticleNotFound):
        await knowledge.ask(AGENT, "问", article="K999")
    end = start + timedelta(seconds=1)
    report = await knowledge.report(start, end)
    assert (report.asked, report.unanswered, report.grouped) == (5, 4, 4)
    assert [(gap.text, gap.count) for gap in report.gaps] == [
        ("公积金怎么提取", 3),
        ("电动车上牌在哪里", 1),
    ]
    assert (await knowledge.report(end, end + timedelta(days=1))).asked == 0
    for since, until in ((end, start), (start, start + timedelta(days=400))):
        with pytest.raises(BadPeriod):
            await knowledge.report(since, until)


async def test_every_step_of_an_article_is_in_the_audit_log(
    knowledge: Knowledge, database: Database
) -> None:
    name = await published(knowledge, "供暖")
    await knowledge.withdraw(MANAGER, name, 3, "有误")
    async with database.reading() as session:
        entries = await audit.latest(session, 4)
    assert [(e.actor, e.action, e.target) for e in reversed(entries)] == [
        ("hu", "article.draft", name),
        ("hu", "article.submit", name),
        ("lei", "article.approve", name),
        ("meng", "article.withdraw", name),
    ]
    assert entries[0].detail == {"version": 1, "why": "有误"}


# --- notices -----------------------------------------------------------------------------------


def outage(clock: Clock, **changes: Any) -> Notice:
    values: dict[str, Any] = {
        "id": "",
        "unit": "",
        "kind": NoticeKind.TEMPORARY,
        "start": clock.now + timedelta(hours=1),
        "end": clock.now + timedelta(hours=3),
        "zh": "今日停水",
        "ko": "오늘 단수",
    }
    return Notice(**{**values, **changes})


async def test_a_notice_is_shown_from_its_start_to_its_end(notices: Notices, clock: Clock) -> None:
    written = await notices.write(HANDLER, outage(clock))
    assert written.unit == "city.housing"
    unpublished = await notices.write(HANDLER, outage(clock))
    await notices.publish(MANAGER, written.id)
    assert await notices.active() == ()
    clock.turn(hours=1)
    (shown,) = await notices.active()
    assert shown == await notices.show(AGENT, written.id)
    assert shown.published_by == "meng"
    clock.turn(hours=2)
    assert await notices.active() == ()
    with pytest.raises(GuardFailed) as refused:
        await notices.publish(MANAGER, unpublished.id)
    assert refused.value.guard == "notice_over"


async def test_a_notice_ends_before_its_end(notices: Notices, clock: Clock) -> None:
    written = await notices.write(HANDLER, outage(clock, start=clock.now))
    await notices.publish(MANAGER, written.id)
    with pytest.raises(NotYourUnit):
        await notices.end(STRANGER, written.id, "误发")
    ended = await notices.end(LEADER, written.id, "已恢复供水")
    assert (ended.withdrawn_by, ended.withdrawn_why) == ("lei", "已恢复供水")
    assert await notices.active() == ()
    assert await notices.end(MANAGER, written.id, "再次") == ended
    assert await notices.show(AGENT, written.id) == ended


async def test_what_is_not_published_is_seen_by_its_writers_only(
    notices: Notices, clock: Clock
) -> None:
    written = await notices.write(HANDLER, outage(clock))
    for who in (AGENT, STRANGER, COUNTY_MANAGER):
        assert (await notices.page(who)).items == ()
        with pytest.raises(NoticeNotFound):
            await notices.show(who, written.id)
        with pytest.raises(NoticeNotFound):
            await notices.end(who, written.id, "不该看见")
    for who in (LEADER, MANAGER):
        assert (await notices.page(who)).items == (written,)
    with pytest.raises(NotYourUnit):
        await notices.write(STRANGER, outage(clock, unit="city.housing"))
    with pytest.raises(NotYourUnit):
        await notices.publish(COUNTY_MANAGER, written.id)


async def test_publishing_names_what_conflicts(notices: Notices, clock: Clock) -> None:
    first = await notices.write(HANDLER, outage(clock))
    second = await notices.write(HANDLER, outage(clock))
    assert (await notices.publish(MANAGER, first.id)).conflicts == ()
    (conflict,) = (await notices.publish(MANAGER, second.id)).conflicts
    assert {conflict.one, conflict.other} == {first.id, second.id}


async def test_pages_of_notices(notices: Notices, clock: Clock) -> None:
    written = [(await notices.write(HANDLER, outage(clock))).id for _ in range(5)]
    first = await notices.page(LEADER, limit=3)
    rest = await notices.page(LEADER, limit=3, cursor=first.next)
    assert [one.id for one in (*first.items, *rest.items)] == written[::-1]
    assert rest.next is None
