"""Knowledge base (K1, K2, H1): who writes, who approves, what is cited, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain import knowledge
from ticketing.domain.errors import GuardFailed, NotAllowed
from ticketing.domain.knowledge import Article, Status, Version
from ticketing.domain.questions import Question, gaps
from ticketing.domain.roles import Role

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NEXT = date(2026, 9, 1)


@dataclass(frozen=True)
class Somebody:
    name: str
    roles: frozenset[Role]
    unit: str


def somebody(name: str, role: Role, unit: str = "housing") -> Somebody:
    return Somebody(name, frozenset({role}), unit)


HANDLER = somebody("承办员", Role.UNIT_HANDLER)
LEADER = somebody("局长", Role.UNIT_LEADER)
MANAGER = somebody("主任", Role.MANAGER, "centre")
EMPTY = Article(id="a1", unit="housing", category="housing", review_by=NEXT)


def submitted(article: Article = EMPTY, text: str = "带身份证") -> Article:
    return knowledge.submit(knowledge.write(article, HANDLER, "公积金提取", text, NOW), HANDLER)


def published(article: Article = EMPTY, text: str = "带身份证", review_by: date = NEXT) -> Article:
    return knowledge.approve(submitted(article, text), LEADER, NOW, review_by)


def states(article: Article) -> list[str]:
    return [version.status.value for version in article.versions]


def refused(call: object, *arguments: object, **more: object) -> str:
    assert callable(call)
    with pytest.raises(GuardFailed) as told:
        call(*arguments, **more)
    assert told.value.zh
    return told.value.guard


def test_from_draft_to_superseded() -> None:
    article = knowledge.write(EMPTY, HANDLER, "公积金提取", "第一稿", NOW)
    article = knowledge.write(article, HANDLER, "公积金提取", "第二稿", NOW)
    assert states(article) == ["draft"]
    article = knowledge.submit(article, HANDLER)
    assert states(article) == ["submitted"]
    article = knowledge.approve(article, LEADER, NOW, NEXT)
    first = article.published
    assert first is not None
    assert (first.number, first.text, first.approved_by) == (1, "第二稿", "局长")
    article = published(article, "第三稿")
    assert states(article) == ["superseded", "published"]
    assert knowledge.cite(article) == knowledge.Citation("a1", 2)
    cited = article.version(1)
    assert cited is not None
    assert (cited.text, cited.ended_at) == ("第二稿", NOW)


def test_the_published_version_stands_while_the_next_is_written() -> None:
    article = published()
    article = submitted(article, "新稿")
    assert states(article) == ["published", "submitted"]
    assert knowledge.cite(article).version == 1
    article = knowledge.send_back(article, LEADER, "缺材料清单")
    assert article.open is not None
    assert (article.open.status, article.open.remark) == (Status.DRAFT, "缺材料清单")
    assert knowledge.cite(article).version == 1


def test_withdrawn_is_not_cited_any_more() -> None:
    article = knowledge.withdraw(published(), LEADER, NOW, "政策已废止")
    assert states(article) == ["withdrawn"]
    assert refused(knowledge.cite, article) == "not_published"
    assert knowledge.cite(published(article)).version == 2


def test_what_is_not_possible_in_a_state() -> None:
    draft = knowledge.write(EMPTY, HANDLER, "题", "文", NOW)
    assert refused(knowledge.submit, EMPTY, HANDLER) == "no_draft"
    assert refused(knowledge.submit, submitted(), HANDLER) == "no_draft"
    assert refused(knowledge.approve, draft, LEADER, NOW, NEXT) == "not_submitted"
    assert refused(knowledge.send_back, published(), LEADER, "x") == "not_submitted"
    assert refused(knowledge.send_back, submitted(), LEADER, "") == "reason_missing"
    assert refused(knowledge.write, submitted(), HANDLER, "题", "文", NOW) == "version_submitted"
    assert refused(knowledge.write, EMPTY, HANDLER, "题", " ", NOW) == "text_missing"
    assert refused(knowledge.withdraw, submitted(), LEADER, NOW, "x") == "not_published"
    assert refused(knowledge.withdraw, published(), LEADER, NOW, " ") == "reason_missing"
    assert refused(knowledge.confirm, submitted(), HANDLER, NOW, NEXT) == "not_published"
    today = NOW.date()
    assert refused(knowledge.approve, submitted(), LEADER, NOW, today) == "bad_review_date"


def test_nobody_approves_their_own_unless_the_city_lets_them() -> None:
    own = knowledge.submit(knowledge.write(EMPTY, LEADER, "题", "文", NOW), LEADER)
    assert refused(knowledge.approve, own, LEADER, NOW, NEXT) == "own_version"
    assert states(knowledge.approve(own, LEADER, NOW, NEXT, four_eyes=False)) == ["published"]
    assert states(knowledge.approve(own, MANAGER, NOW, NEXT)) == ["published"]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("unit", ["housing", "police"])
def test_who_writes_and_who_approves(role: Role, unit: str) -> None:
    person = somebody("某人", role, unit)

    def may(call: object, *arguments: object) -> bool:
        assert callable(call)
        try:
            call(*arguments)
        except NotAllowed:
            return False
        return True

    own = unit == "housing"
    writes = role is Role.MANAGER or (
        own and role in (Role.UNIT_HANDLER, Role.UNIT_LEADER, Role.BUREAU)
    )
    approves = role is Role.MANAGER or (own and role in (Role.UNIT_LEADER, Role.BUREAU))
    assert may(knowledge.write, EMPTY, person, "题", "文", NOW) == writes
    assert may(knowledge.confirm, published(), person, NOW, NEXT) == writes
    assert may(knowledge.approve, submitted(), person, NOW, NEXT) == approves
    assert may(knowledge.send_back, submitted(), person, "因") == approves
    assert may(knowledge.withdraw, published(), person, NOW, "因") == approves


def test_overdue_reviews() -> None:
    march = published(review_by=date(2026, 3, 31))
    today = date(2026, 4, 1)
    assert knowledge.overdue([march], date(2026, 3, 31)) == ()
    assert knowledge.overdue([march, published()], today) == (march,)
    assert knowledge.overdue([submitted(march)], today) != ()
    gone = knowledge.withdraw(march, LEADER, NOW, "废止")
    assert knowledge.overdue([gone], today) == ()
    confirmed = knowledge.confirm(march, HANDLER, NOW + 30 * DAY, NEXT)
    assert knowledge.overdue([confirmed], today) == ()
    assert confirmed.versions == march.versions


acts = st.sampled_from(["write", "submit", "approve", "send_back", "withdraw", "confirm"])


@given(st.lists(acts, max_size=40))
def test_one_published_one_open_and_the_past_stands(walk: list[str]) -> None:
    article = EMPTY
    ever: dict[int, Version] = {}
    for number, act in enumerate(walk):
        try:
            match act:
                case "write":
                    article = knowledge.write(article, HANDLER, "题", f"文{number}", NOW)
                case "submit":
                    article = knowledge.submit(article, HANDLER)
                case "approve":
                    article = knowledge.approve(article, LEADER, NOW, NEXT)
                case "send_back":
                    article = knowledge.send_back(article, LEADER, "因")
                case "withdraw":
                    article = knowledge.withdraw(article, LEADER, NOW, "因")
                case _:
                    article = knowledge.confirm(article, HANDLER, NOW, NEXT)
        except GuardFailed:
            continue
        found = states(article)
        assert found.count("published") <= 1
        assert found.count("draft") + found.count("submitted") <= 1
        assert [version.number for version in article.versions] == list(range(1, len(found) + 1))
        if article.published is not None:
            ever.setdefault(article.published.number, article.published)
        for version, first in ever.items():
            now = article.version(version)
            assert now is not None
            assert (now.text, now.title) == (first.text, first.title)


def question(number: int, text: str, article: str = "", category: str = "housing") -> Question:
    return Question(str(number), text, NOW + number * timedelta(minutes=1), category, article)


def test_questions_without_an_article_are_grouped_and_counted() -> None:
    asked = [
        question(1, "公积金怎么提取？"),
        question(2, "请问公积金怎么提取"),
        question(3, "公积金怎么提取？"),
        question(4, "老年公交卡在哪里办理", category="bus"),
        question(5, "公积金怎么提取", article="a1"),
        question(6, "？？"),
    ]
    big, small = gaps(asked, since=NOW, until=NOW + DAY)
    assert (big.text, big.count, big.questions) == ("公积金怎么提取？", 3, ("1", "2", "3"))
    assert (big.category, big.last) == ("housing", asked[2].at)
    assert (small.text, small.questions, small.category) == ("老年公交卡在哪里办理", ("4",), "bus")
    assert [gap.count for gap in gaps(asked, since=asked[1].at, until=asked[3].at)] == [2]
    reworded = [question(1, "公积金怎么提取？"), question(2, "怎么提取住房公积金")]
    for threshold, counts in ((0.5, [2]), (1.0, [1, 1])):
        found = gaps(reworded, since=NOW, until=NOW + DAY, threshold=threshold)
        assert [gap.count for gap in found] == counts


texts = st.text(alphabet="公积金怎么提取办理卡 ？", max_size=8)
asked_questions = st.lists(
    st.builds(question, st.integers(0, 50), texts, st.sampled_from(["", "", "a1"])),
    unique_by=lambda one: one.id,
)


@given(asked_questions, st.randoms())
def test_every_open_question_is_in_one_group(asked: list[Question], chance: object) -> None:
    found = gaps(asked, since=NOW, until=NOW + DAY)
    grouped = [id_ for gap in found for id_ in gap.questions]
    meant = [q.id for q in asked if not q.article and q.text.strip(" ？")]
    assert sorted(grouped) == sorted(meant)
    assert all(gap.count == len(gap.questions) for gap in found)
    shuffled = list(asked)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert gaps(shuffled, since=NOW, until=NOW + DAY) == found
