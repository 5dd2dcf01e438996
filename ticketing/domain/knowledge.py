"""Knowledge base (K1, K2, H1): units own their articles, the centre or the unit's head approves.

An article is a row of versions. One version at most is published; what an answer cites, article
and version, can be read for ever, however the article goes on. Questions that no article answered
are gathered in `ticketing.domain.questions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from ticketing.domain.errors import GuardFailed, NotAllowed
from ticketing.domain.roles import Role

WRITERS = frozenset({Role.UNIT_HANDLER, Role.UNIT_LEADER, Role.BUREAU})
APPROVERS = frozenset({Role.UNIT_LEADER, Role.BUREAU})
CENTRE = frozenset({Role.MANAGER})  # writes and approves for every unit


class Person(Protocol):
    """Who acts: a name, roles, and the unit that the person belongs to."""

    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> frozenset[Role]: ...
    @property
    def unit(self) -> str: ...


class Status(StrEnum):
    """Where a version is."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 待审
    PUBLISHED = "published"  # 已发布
    SUPERSEDED = "superseded"  # 已被新版取代
    WITHDRAWN = "withdrawn"  # 已撤下


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an article; its text changes while it is a draft only.

    Attributes:
        number: 1, 2, 3 …
        written_by, approved_by: names.
        remark: why it was sent back or withdrawn.
    """

    number: int
    title: str
    text: str
    status: Status
    written_by: str
    written_at: datetime
    approved_by: str = ""
    published_at: datetime | None = None
    ended_at: datetime | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article.

    Attributes:
        unit: owns it and keeps it true (K1).
        review_by: the last day by which the owner looks at it again.
        versions: oldest first.
    """

    id: str
    unit: str
    category: str
    review_by: date
    versions: tuple[Version, ...] = ()

    @property
    def published(self) -> Version | None:
        """The version that agents read, or None."""
        return next((v for v in self.versions if v.status is Status.PUBLISHED), None)

    @property
    def open(self) -> Version | None:
        """The version that is being written or waits for approval, or None."""
        waiting = (Status.DRAFT, Status.SUBMITTED)
        return next((v for v in self.versions if v.status in waiting), None)

    def version(self, number: int) -> Version | None:
        """The version of this number, whatever became of it."""
        return next((v for v in self.versions if v.number == number), None)


@dataclass(frozen=True, slots=True)
class Citation:
    """What an answer was taken from (H1)."""

    article: str
    version: int


def write(article: Article, by: Person, title: str, text: str, at: datetime) -> Article:
    """Start a new version as a draft, or change the draft that there is.

    Raises:
        NotAllowed: ``by`` does not write for the owner.
        GuardFailed: ``text_missing``, or ``version_submitted``: one waits for approval.
    """
    _check(by, article, WRITERS)
    if not title.strip() or not text.strip():
        raise GuardFailed(
            "text_missing",
            "请填写标题和内容。",
            "Give a title and a text.",
            "제목과 내용을 입력하십시오.",
        )
    waiting = article.open
    if waiting is not None and waiting.status is Status.SUBMITTED:
        raise GuardFailed(
            "version_submitted",
            "有一个版本正在审核，请等审核后再修改。",
            "A version waits for approval; change it after that.",
            "승인을 기다리는 판이 있습니다. 승인된 뒤에 고치십시오.",
        )
    draft = Version(
        number=waiting.number if waiting else len(article.versions) + 1,
        title=title.strip(),
        text=text.strip(),
        status=Status.DRAFT,
        written_by=by.name,
        written_at=at,
    )
    kept = tuple(v for v in article.versions if v is not waiting)
    return replace(article, versions=(*kept, draft))


def submit(article: Article, by: Person) -> Article:
    """Ask for approval of the draft.

    Raises:
        NotAllowed: ``by`` does not write for the owner.
        GuardFailed: ``no_draft``.
    """
    _check(by, article, WRITERS)
    draft = _open(
        article,
        Status.DRAFT,
        "no_draft",
        "没有可提交的草稿。",
        "There is no draft.",
        "제출할 초안이 없습니다.",
    )
    return _changed(article, replace(draft, status=Status.SUBMITTED))


def approve(
    article: Article, by: Person, at: datetime, review_by: date, *, four_eyes: bool = True
) -> Article:
    """Publish the version that waits; the one published before is superseded.

    Args:
        review_by: when the owner looks at it again.
        four_eyes: nobody approves what they wrote themselves.

    Raises:
        NotAllowed: ``by`` is neither head of the owner nor manager of the centre.
        GuardFailed: ``not_submitted``; ``own_version`` (see ``four_eyes``); ``bad_review_date``:
            it is not in the future.
    """
    waiting = _decidable(article, by)
    if four_eyes and waiting.written_by == by.name:
        raise GuardFailed(
            "own_version",
            "不能审核自己编写的版本，请由他人审核。",
            "Nobody approves their own version; ask somebody else.",
            "자신이 쓴 판은 승인할 수 없습니다. 다른 사람이 승인하게 하십시오.",
        )
    _check_review(review_by, at)
    before = article.published
    if before is not None:
        ended = replace(before, status=Status.SUPERSEDED, ended_at=at)
        article = _changed(article, ended)
    new = replace(waiting, status=Status.PUBLISHED, approved_by=by.name, published_at=at)
    return replace(_changed(article, new), review_by=review_by)


def send_back(article: Article, by: Person, why: str) -> Article:
    """Do not approve: the version is a draft again, with the reason.

    Raises:
        NotAllowed: as for `approve`.
        GuardFailed: ``not_submitted`` or ``reason_missing``.
    """
    waiting = _decidable(article, by)
    return _changed(article, replace(waiting, status=Status.DRAFT, remark=_reason(why)))


def withdraw(article: Article, by: Person, at: datetime, why: str) -> Article:
    """Take the published version away; nothing is published until another is approved.

    Raises:
        NotAllowed: as for `approve`.
        GuardFailed: ``not_published`` or ``reason_missing``.
    """
    _check(by, article, APPROVERS)
    version = _published(article)
    remark = _reason(why)
    return _changed(article, replace(version, status=Status.WITHDRAWN, ended_at=at, remark=remark))


def confirm(article: Article, by: Person, at: datetime, review_by: date) -> Article:
    """The owner has looked at the published version, and it is still true (K1).

    Raises:
        NotAllowed: ``by`` does not write for the owner.
        GuardFailed: ``not_published`` or ``bad_review_date``.
    """
    _check(by, article, WRITERS)
    _published(article)
    _check_review(review_by, at)
    return replace(article, review_by=review_by)


def cite(article: Article) -> Citation:
    """What an answer given now from ``article`` cites (H1).

    Raises:
        GuardFailed: ``not_published``.
    """
    return Citation(article.id, _published(article).number)


def overdue(articles: Iterable[Article], today: date) -> tuple[Article, ...]:
    """Published articles whose review is overdue, the longest first (K1)."""
    late = [one for one in articles if one.published is not None and one.review_by < today]
    return tuple(sorted(late, key=lambda one: (one.review_by, one.id)))


def _check(by: Person, article: Article, roles: frozenset[Role]) -> None:
    if by.roles & CENTRE or (by.unit == article.unit and by.roles & roles):
        return
    raise NotAllowed(f"{article.id} belongs to {article.unit}; its people or the centre do that")


def _decidable(article: Article, by: Person) -> Version:
    _check(by, article, APPROVERS)
    return _open(
        article,
        Status.SUBMITTED,
        "not_submitted",
        "没有待审核的版本。",
        "No version waits for approval.",
        "승인을 기다리는 판이 없습니다.",
    )


def _open(article: Article, status: Status, guard: str, zh: str, en: str, ko: str) -> Version:
    version = article.open
    if version is None or version.status is not status:
        raise GuardFailed(guard, zh, en, ko)
    return version


def _published(article: Article) -> Version:
    version = article.published
    if version is None:
        raise GuardFailed(
            "not_published",
            "该知识条目没有已发布的版本。",
            "No version of this article is published.",
            "이 지식 항목에는 게시된 판이 없습니다.",
        )
    return version


def _changed(article: Article, version: Version) -> Article:
    versions = tuple(version if v.number == version.number else v for v in article.versions)
    return replace(article, versions=versions)


def _check_review(review_by: date, at: datetime) -> None:
    if review_by <= at.date():
        raise GuardFailed(
            "bad_review_date",
            "复核日期须晚于今天。",
            "The day of the next review is after today.",
            "재검토 날짜는 오늘보다 늦어야 합니다.",
        )


def _reason(why: str) -> str:
    if not why.strip():
        raise GuardFailed("reason_missing", "请写明理由。", "Say why.", "사유를 적어 주십시오.")
    return why.strip()
