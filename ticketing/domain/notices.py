"""Notices (K3): what is true for a time only, shown to agents, and said in the queue if wanted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import combinations

from ticketing.domain.errors import GuardFailed

LONGEST_ANNOUNCEMENT = 200  # characters: some 45 seconds of speech


class NoticeKind(StrEnum):
    """The three kinds (0 附四(二)); a more pressing one is shown first."""

    EMERGENCY = "emergency"  # 应急性
    TEMPORARY = "temporary"  # 临时性
    ADVANCE = "advance"  # 预告性


_RANK = {kind: rank for rank, kind in enumerate(NoticeKind)}


class Extent(StrEnum):
    """Whom a notice concerns."""

    CITY = "city"
    DISTRICTS = "districts"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a notice concerns: all, some districts, or who dialled some lines (T2).

    Attributes:
        codes: of the districts or lines, in order; none for the city.
    """

    extent: Extent = Extent.CITY
    codes: tuple[str, ...] = ()

    def includes(self, district: str, line: str) -> bool:
        """Whether a caller of this district who dialled this line is concerned."""
        match self.extent:
            case Extent.CITY:
                return True
            case Extent.DISTRICTS:
                return district in self.codes
            case Extent.LINES:
                return line in self.codes

    def meets(self, other: Scope) -> bool:
        """Whether one caller may be concerned by both."""
        if self.extent is not other.extent or self.extent is Extent.CITY:
            return True
        return bool(set(self.codes) & set(other.codes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice. It is active from ``start`` to before ``end``; both aware.

    Attributes:
        unit: whose notice it is.
        zh, ko: the text in both languages; ``ko`` may be empty unless it is announced.
        announce: said to those who wait in the queue.

    Raises:
        GuardFailed: ``bad_window``, ``text_missing``, ``scope_missing`` or
            ``announcement_too_long``.
    """

    id: str
    unit: str
    kind: NoticeKind
    start: datetime
    end: datetime
    zh: str
    ko: str = ""
    scope: Scope = Scope()
    announce: bool = False
    published_by: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_why: str = ""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end <= self.start:
            raise GuardFailed(
                "bad_window",
                "公告的结束时间须晚于开始时间，并注明时区。",
                "A notice ends after it starts; give both times with their zone.",
                "공지의 끝은 시작보다 늦어야 하며 시간대를 밝혀야 합니다.",
            )
        if not self.zh.strip() or (self.announce and not self.ko.strip()):
            raise GuardFailed(
                "text_missing",
                "请填写公告内容；在排队时播报的，中文和朝鲜文都要填写。",
                "Give the text; of a notice that is announced, in both languages.",
                "공지 내용을 입력하십시오. 대기 중에 방송하는 것은 두 언어 모두 필요합니다.",
            )
        if (self.scope.extent is Extent.CITY) == bool(self.scope.codes):
            raise GuardFailed(
                "scope_missing",
                "请选择公告涉及的区域或号码；涉及全市的不用选。",
                "Name the districts or lines concerned; none for the whole city.",
                "해당 지역이나 번호를 고르십시오. 시 전체이면 고르지 않습니다.",
            )
        if self.announce and max(len(self.zh), len(self.ko)) > LONGEST_ANNOUNCEMENT:
            raise GuardFailed(
                "announcement_too_long",
                f"播报内容不得超过 {LONGEST_ANNOUNCEMENT} 字，请缩短。",
                f"An announcement has {LONGEST_ANNOUNCEMENT} characters at most; shorten it.",
                f"방송 내용은 {LONGEST_ANNOUNCEMENT}자를 넘을 수 없습니다. 줄여 주십시오.",
            )

    def active_at(self, now: datetime) -> bool:
        """Whether it is shown at ``now``."""
        if self.withdrawn_at is not None and self.withdrawn_at <= now:
            return False
        return self.start <= now < self.end

    def text(self, language: str) -> str:
        """The text for a caller of ``language``; the Chinese one where there is no other."""
        return self.ko if language == "ko" and self.ko.strip() else self.zh


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two notices that one caller would get together; ``start`` to ``end`` is when."""

    one: str
    other: str
    start: datetime
    end: datetime
    why: str


def withdraw(notice: Notice, by: str, at: datetime, why: str) -> Notice:
    """Take ``notice`` back before its end; it stays in the records. Once is enough.

    Raises:
        GuardFailed: ``reason_missing``, or ``notice_over``: there is nothing to take back.
    """
    if notice.withdrawn_at is not None:
        return notice
    if not why.strip():
        raise GuardFailed(
            "reason_missing",
            "请写明撤回公告的理由。",
            "Say why it is withdrawn.",
            "공지를 내리는 사유를 적어 주십시오.",
        )
    if at >= notice.end:
        raise GuardFailed(
            "notice_over",
            "公告已经到期，不用撤回。",
            "The notice is over already.",
            "공지가 이미 끝나 내릴 필요가 없습니다.",
        )
    return replace(notice, withdrawn_at=at, withdrawn_by=by, withdrawn_why=why.strip())


def active(
    notices: Iterable[Notice], now: datetime, *, district: str | None = None, line: str = ""
) -> tuple[Notice, ...]:
    """What an agent is shown now, the most pressing first, then the newest.

    Args:
        district, line: the caller's; with ``district`` None everything active is shown.
    """
    shown = [
        one
        for one in notices
        if one.active_at(now) and (district is None or one.scope.includes(district, line))
    ]
    return tuple(sorted(shown, key=lambda one: (_RANK[one.kind], -one.start.timestamp(), one.id)))


def announcements(
    notices: Iterable[Notice], now: datetime, *, language: str, line: str, district: str = ""
) -> tuple[str, ...]:
    """What a caller in the queue hears now, the most pressing first."""
    shown = active(notices, now, district=district, line=line)
    return tuple(one.text(language) for one in shown if one.announce)


def conflicts(notices: Iterable[Notice]) -> tuple[Conflict, ...]:
    """Pairs that need a person's look: both announced to one caller at one time, or two of one
    unit and kind, of which one has probably replaced the other."""
    standing = [one for one in notices if one.withdrawn_at is None]
    standing.sort(key=lambda one: (one.start, one.id))
    found = []
    for one, other in combinations(standing, 2):
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start >= end or not one.scope.meets(other.scope):
            continue
        if one.announce and other.announce:
            found.append(Conflict(one.id, other.id, start, end, "同一时段会先后播报两条公告"))
        elif one.unit == other.unit and one.kind is other.kind:
            found.append(Conflict(one.id, other.id, start, end, "同一单位同类公告时间重叠"))
    return tuple(found)
