"""What goes in and out of the routes of articles, notices, the calendar and policy packs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ivr.api.fields import MAYBE_CODE, MAYBE_ID, Day, Line, MaybeLine, MaybeProse, Prose, storable
from ivr.api.models import In, Moment, Out
from ticketing.domain.knowledge import Status
from ticketing.domain.notices import Extent, NoticeKind
from ticketing.domain.policy import PolicyPack

_CLOCK = "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$"


class VersionHeadOut(Out):
    """A version of an article, without its text."""

    number: int
    title: str
    status: Status
    written_by: str
    written_at: datetime
    approved_by: str
    published_at: datetime | None
    ended_at: datetime | None
    remark: str


class VersionOut(VersionHeadOut):
    """A version of an article: what an answer cites (H1)."""

    text: str


class ArticleOut(Out):
    """An article.

    ``published`` is the version that agents read, ``open`` the one that is being written or waits
    for approval. ``revision`` is sent back with each change.
    """

    id: str
    unit: str
    category: str
    review_by: date | None
    revision: int
    changed_at: datetime
    published: VersionOut | None
    open: VersionOut | None
    versions: list[VersionHeadOut]


class ArticleRowOut(Out):
    """A line of the list: ``published`` is a version's number, ``waiting`` a version's status."""

    id: str
    unit: str
    category: str
    title: str
    published: int | None
    waiting: Status | None
    review_by: date | None
    changed_at: datetime
    revision: int


class ArticlesOut(Out):
    """A page of articles."""

    items: list[ArticleRowOut]
    next: str | None


class PageQuery(In):
    limit: int = Field(50, ge=1, le=200, description="the most on a page")
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")


class ArticlesQuery(PageQuery):
    words: MaybeLine = Field("", description="every one of them is in title or text")
    category: str = Field("", pattern=MAYBE_CODE, description="this one and all below it")
    unit: str = Field("", pattern=MAYBE_ID, description="the owner")
    status: Status | None = Field(None, description="of a version that stands")
    overdue: bool = Field(False, description="only those whose review is overdue, longest first")


class ArticleIn(In):
    title: Line
    text: Prose
    category: str = Field("", pattern=MAYBE_CODE)
    unit: str = Field("", pattern=MAYBE_ID, description="the owner; one's own unit when empty")


class RevisionIn(In):
    revision: int = Field(ge=1, le=2**31 - 1, description="of the article that was looked at")


class ArticleWriteIn(RevisionIn):
    title: Line
    text: Prose
    category: str | None = Field(None, pattern=MAYBE_CODE)


class ArticleReviewIn(RevisionIn):
    review_by: Day = Field(description="the last day by which the owner looks at it again")


class RevisionWhyIn(RevisionIn):
    why: Line


class QuestionIn(In):
    """A question as it was asked, without anything personal (K2)."""

    text: Line
    category: str = Field("", pattern=MAYBE_CODE)
    article: str = Field(
        "", pattern=r"^(K[0-9]{1,9})?$", description="that answered it, if one did"
    )
    source: str = Field(
        "", pattern=r"^[A-Za-z0-9._:-]{0,80}$", description="its call or work order"
    )


class QuestionOut(Out):
    id: str
    text: str
    at: datetime
    category: str
    article: str


class QuestionsQuery(In):
    since: Moment = Field(description="asked then or later")
    until: Moment = Field(description="asked before then; at most a year later")


class GapOut(Out):
    """Questions alike that no article answers."""

    text: str
    count: int
    questions: list[str]
    category: str
    last: datetime


class QuestionReportOut(Out):
    """What was asked in a time. ``gaps`` is made of the newest ``grouped`` without an article."""

    asked: int
    unanswered: int
    grouped: int
    gaps: list[GapOut]


class ScopeOut(Out):
    """Whom a notice concerns; ``codes`` of districts or lines, none for the whole city."""

    extent: Extent
    codes: list[str]


class ScopeIn(In):
    """Whom a notice concerns; ``codes`` of districts or lines, none for the whole city."""

    extent: Extent = Extent.CITY
    codes: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]] = Field(
        default_factory=list, max_length=200
    )


class NoticeOut(Out):
    """A notice (K3); it is not published while ``published_by`` is empty."""

    id: str
    unit: str
    kind: NoticeKind
    start: datetime
    end: datetime
    zh: str
    ko: str
    scope: ScopeOut
    announce: bool
    published_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str


class NoticesOut(Out):
    """A page of notices."""

    items: list[NoticeOut]
    next: str | None


class NoticesQuery(PageQuery):
    unit: str = Field("", pattern=MAYBE_ID)


class ActiveNoticesQuery(In):
    district: str | None = Field(
        None, pattern=MAYBE_CODE, description="the caller's; without it all that is active"
    )
    line: str = Field("", pattern=r"^[0-9]{0,20}$", description="the number that was dialled")


class ActiveNoticesOut(Out):
    """What is to be shown now, the most pressing first."""

    items: list[NoticeOut]


class NoticeIn(In):
    kind: NoticeKind
    start: Moment
    end: Moment
    zh: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(storable)]
    ko: MaybeProse = ""
    scope: ScopeIn = Field(default_factory=ScopeIn)
    announce: bool = False
    unit: str = Field("", pattern=MAYBE_ID, description="whose it is; one's own when empty")


class WhyIn(In):
    why: Line


class ConflictOut(Out):
    """Two notices that one caller would get together."""

    one: str
    other: str
    start: datetime
    end: datetime
    why: str


class PublishedOut(Out):
    notice: NoticeOut
    conflicts: list[ConflictOut]


class CalendarQuery(In):
    year: int = Field(ge=2000, le=2100)


class DayOut(Out):
    """A day, and why it is worked or not."""

    day: date
    working: bool
    reason: str
    provisional: bool


class CalendarOut(Out):
    """A year's days; while it is provisional, only its weekends are known to be free (note 7)."""

    year: int
    provisional: bool
    working_days: int
    days: list[DayOut]


class PolicyHeadOut(Out):
    """A policy pack; ``until`` is its last day, or null."""

    id: str
    city: str
    name: str
    source: str
    in_force: date
    until: date | None


class PoliciesOut(Out):
    items: list[PolicyHeadOut]


class PolicyOut(Out):
    """A policy pack, with everything that it sets."""

    pack: PolicyPack

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Office hours are local times, which the format ``time`` (with an offset) does not fit."""
        schema = handler(core_schema)
        whole = handler.resolve_ref_schema(schema)
        pack = handler.resolve_ref_schema(whole["properties"]["pack"])
        spans = pack["properties"]["office_hours"]["items"]
        spans["prefixItems"] = [{"type": "string", "pattern": _CLOCK}] * 2
        return schema


class RuleOut(Out):
    """A rule as this city has it; ``source`` is where in its document, empty when it is silent."""

    id: str
    source: str
    text: str


class SettingOut(Out):
    """A setting that carries the rule."""

    path: str
    value: Any


class ExplainedOut(Out):
    pack: str
    rule: RuleOut
    settings: list[SettingOut]
