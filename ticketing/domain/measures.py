"""What supervision issues (D1 to D9): the kinds of measures, who may issue which, with what limit.

The clock drafts (`ticketing.domain.supervision`, `ticketing.domain.supervision_rounds`); here a
person issues a draft, and says what a visit has found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticketing.domain.errors import GuardFailed, NotAllowed
from ticketing.domain.roles import Role


class Kind(StrEnum):
    """What can be drafted; the first six have the names of `ticketing.domain.actions.Measure`."""

    REMINDER = "reminder"  # 催办 (D1)
    SUPERVISION = "supervision"  # 督办单 (D1)
    NOTICE = "notice"  # 督办通知书 (D2)
    JOINT = "joint"  # 联合、现场督办 (D3)
    LISTED = "listed"  # 挂牌督办 (D4)
    ACCOUNTABILITY = "accountability"  # 责任追究 (D5)
    HARD_CASES = "hard_cases"  # 疑难件报送 (D6)
    BULLETIN = "bulletin"  # 办理情况通报 (D7)
    RECTIFICATION = "rectification"  # 整改建议 (D7)
    REPORT = "report"  # 向政府报告 (D7)
    SANCTION = "sanction"  # 问责案卷 (D8)
    INSTRUCTION = "instruction"  # 领导批示交办 (D9)
    VERIFICATION = "verification"  # 现场核实 (D9)


class Fault(StrEnum):
    """What a sanction case is opened for (D8)."""

    PERFUNCTORY = "perfunctory"  # 敷衍
    FALSIFIED = "falsified"  # 弄虚作假
    SHIRKING = "shirking"  # 推诿
    DELAY = "delay"  # 拖延


FAULT_NAMES: Mapping[Fault, str] = {
    Fault.PERFUNCTORY: "敷衍应付",
    Fault.FALSIFIED: "弄虚作假",
    Fault.SHIRKING: "推诿扯皮",
    Fault.DELAY: "拖延不办",
}
MEASURE_NAMES: Mapping[str, str] = {
    Kind.REMINDER: "催办",
    Kind.SUPERVISION: "督办单",
    Kind.NOTICE: "督办通知书",
    Kind.JOINT: "联合督办",
    Kind.LISTED: "挂牌督办",
    Kind.ACCOUNTABILITY: "责任追究",
}
ROUNDS = frozenset({Kind.HARD_CASES, Kind.BULLETIN, Kind.RECTIFICATION, Kind.REPORT})
"""The kinds that are about many orders (D6, D7)."""
# An administrator may do all that the centre's head may, as with orders (`lifecycle.CHIEF`).
_MANAGER = frozenset({Role.MANAGER, Role.ADMIN})
_CENTRE = _MANAGER | {Role.DISPATCHER}
ISSUERS: Mapping[Kind, frozenset[Role]] = {
    Kind.REMINDER: _CENTRE,
    Kind.SUPERVISION: _CENTRE,
    Kind.NOTICE: _MANAGER,
    Kind.JOINT: _MANAGER,
    Kind.LISTED: _MANAGER,
    Kind.ACCOUNTABILITY: _MANAGER,
    Kind.HARD_CASES: _MANAGER,
    Kind.BULLETIN: _MANAGER,
    Kind.RECTIFICATION: _MANAGER,
    Kind.REPORT: _MANAGER,
    Kind.SANCTION: _MANAGER,
    Kind.INSTRUCTION: _CENTRE,
    Kind.VERIFICATION: _CENTRE,
}
WITH_LIMIT = frozenset({Kind.SUPERVISION, Kind.NOTICE, Kind.LISTED, Kind.INSTRUCTION})


@dataclass(frozen=True, slots=True)
class Limit:
    """A new limit: when it ends (aware), and how many working days it gives."""

    at: datetime
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A measure that a person has issued.

    Attributes:
        key: of the draft it comes from; empty when the person needed none.
        order: empty for what concerns many.
        attendees: who was asked to come (D3), or has come (D9).
        evidence: what a verification has shown (D9).
        publish: a listed order is made public (D4).
    """

    kind: Kind
    order: str
    unit: str
    at: datetime
    by: str
    key: str = ""
    round: int = 1
    limit: Limit | None = None
    text: str = ""
    attendees: tuple[str, ...] = ()
    evidence: str = ""
    publish: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the clock proposes to issue.

    Attributes:
        key: the same for the same facts.
        rule: the id of the domain's rule.
        why: for people, in Chinese.
        orders: the orders it is about, where there are many (D6, D7).
        centre: the hotline body whose round it is, where it is about many.
        fault: of a sanction case (D8).
    """

    key: str
    kind: Kind
    rule: str
    why: str
    order: str = ""
    unit: str = ""
    round: int = 1
    orders: tuple[str, ...] = ()
    centre: str = ""
    fault: Fault | None = None


def issue(
    draft: Draft,
    limit: Limit | None,
    actor_roles: Iterable[Role],
    first: Limit | None,
    *,
    by: str,
    now: datetime,
    text: str = "",
    attendees: tuple[str, ...] = (),
    evidence: str = "",
    publish: bool = False,
    settled: Iterable[str] = (),
) -> Issued:
    """A person issues ``draft``.

    Args:
        limit: the new limit; for the kinds of `WITH_LIMIT` only.
        first: the limit of the order's first supervision (`first_limit` of
            `ticketing.domain.supervision`).
        attendees: who is asked to come to a joint supervision (D3); who has come to a verification
            on site (D9).
        evidence: what a verification has shown (D9).
        publish: make a listed order public (D4).
        settled: keys that were issued or dismissed already.

    Raises:
        NotAllowed: none of the roles may issue this kind.
        GuardFailed: ``draft_issued``: somebody was faster; ``limit_missing``: there is none, or it
            is not in the future; ``limit_not_wanted``: this kind sets none; ``listed_too_long``: a
            listing gives more working days than the first supervision (D4); ``attendees_missing``:
            nobody is asked to come to a joint supervision (D3); ``evidence_missing``: nobody has
            come to a verification, or nothing shows what was found (D9); ``not_listed``:
            ``publish`` with another kind (D4).
    """
    if not ISSUERS[draft.kind] & frozenset(actor_roles):
        raise NotAllowed(f"{draft.key}: none of your roles may issue a {draft.kind}")
    if draft.key in frozenset(settled):
        raise GuardFailed(
            "draft_issued",
            "这份督办已经发出或已搁置，请刷新后再看。",
            "This draft has been issued or set aside; load it again.",
            "이미 발송되었거나 보류된 초안입니다. 새로 고친 뒤 다시 보십시오.",
        )
    if draft.kind in WITH_LIMIT:
        if limit is None or limit.days < 1 or limit.at <= now:
            raise GuardFailed(
                "limit_missing",
                "请给出新的办理期限（须晚于现在，至少一个工作日）。",
                "Give a new limit, later than now and of one working day or more.",
                "새 처리 기한을 정해 주십시오(지금 이후, 근무일 하루 이상).",
            )
    elif limit is not None:
        raise GuardFailed(
            "limit_not_wanted",
            "这种督办不设期限，请删去期限。",
            "This measure sets no limit; drop it.",
            "이런 독촉에는 기한이 없습니다. 기한을 지워 주십시오.",
        )
    if draft.kind is Kind.LISTED and limit and first and limit.days > first.days:
        raise GuardFailed(
            "listed_too_long",
            f"挂牌督办期限不得超过首次督办期限（{first.days} 个工作日）。",
            f"A listed order's limit is not longer than the first supervision's: "
            f"{first.days} working days.",
            f"공개 독촉의 기한은 첫 독촉의 기한({first.days}근무일)보다 길 수 없습니다.",
        )
    if draft.kind is Kind.JOINT and not _named(attendees):
        raise GuardFailed(
            "attendees_missing",
            "请写明参加联合督办的单位和人员。",
            "Say who is asked to come to the joint supervision.",
            "합동 독촉에 참가할 기관과 사람을 적어 주십시오.",
        )
    if draft.kind is Kind.VERIFICATION and not (_named(attendees) and evidence.strip()):
        raise _without_evidence()
    if publish and draft.kind is not Kind.LISTED:
        raise GuardFailed(
            "not_listed",
            "只有挂牌督办可以公开。",
            "Only a listed order may be made public.",
            "공개 독촉만 공표할 수 있습니다.",
        )
    return Issued(
        kind=draft.kind,
        order=draft.order,
        unit=draft.unit,
        at=now,
        by=by,
        key=draft.key,
        round=draft.round,
        limit=limit,
        text=text,
        attendees=attendees,
        evidence=evidence.strip(),
        publish=publish,
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """What a joint supervision or an on-site verification has found (D3, D9)."""

    order: str
    at: datetime
    by: str
    attended: tuple[str, ...]
    evidence: tuple[str, ...]
    found: str


def conclude(
    measure: Issued,
    *,
    attended: tuple[str, ...],
    evidence: tuple[str, ...],
    found: str,
    by: str,
    at: datetime,
) -> Visit:
    """Who came, what was found, and what shows it (D3, D9).

    Raises:
        GuardFailed: ``evidence_missing``: nobody came, nothing shows it, or nothing is said of it.
        ValueError: ``measure`` is no visit.
    """
    if measure.kind not in (Kind.JOINT, Kind.VERIFICATION):
        raise ValueError(f"a {measure.kind} is no visit")
    if not _named(attended) or not _named(evidence) or not found.strip():
        raise _without_evidence()
    return Visit(measure.order, at, by, attended, evidence, found.strip())


def _without_evidence() -> GuardFailed:
    return GuardFailed(
        "evidence_missing",
        "请写明到场人员、核实情况和依据。",
        "Say who came, what was found, and what shows it.",
        "현장에 온 사람과 확인한 내용, 그 근거를 적어 주십시오.",
    )


def referrals(issued: Iterable[Issued], since: datetime, until: datetime) -> Mapping[str, int]:
    """How many accountability referrals each unit had from ``since`` to before ``until`` (D5)."""
    return Counter(
        one.unit for one in issued if one.kind is Kind.ACCOUNTABILITY and since <= one.at < until
    )


def _named(names: Iterable[str]) -> bool:
    return any(name.strip() for name in names)
