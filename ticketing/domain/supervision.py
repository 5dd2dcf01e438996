"""Supervision of one order (D1 to D5, D8, D9): what the clock drafts, for a person to issue.

`due_steps` says what an order needs now. A draft's key is made from the facts alone: the same
facts give the same keys, and one that was issued or dismissed does not come again. Issuing is in
`ticketing.domain.measures`; what is drafted for many orders at once (D6, D7) is in
`ticketing.domain.supervision_rounds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ticketing.domain.measures import FAULT_NAMES, Draft, Fault, Issued, Kind, Limit, issue

__all__ = [
    "Draft",
    "Facts",
    "Fault",
    "Issued",
    "Kind",
    "Limit",
    "SupervisionSettings",
    "due_steps",
    "first_limit",
    "issue",
    "next_step_at",
]

_NO_LIMIT = timedelta(days=1)  # how long a measure is waited for that set no limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What supervision needs to know of one order. Times are aware.

    Attributes:
        unit: that holds it.
        remind_at: when the unit is reminded, where the calendar was asked; else as the settings
            say.
        round: 1, and one more for each 退回重办 (W7).
        reported_at: fed back to the dispatching side, which ends the handling (W6).
        late_returns: requests to return it that came too late (W2).
        units: how many units handle it.
        justified: the dispatching side has accepted the reason for being late.
        exempt: system failure or force majeure was approved (W9); nothing is drafted.
        paused: the clock stands still.
        faults: found by a person (D8).
        cases: for which a case file was opened in this round (D8).
        instructions: leaders' instructions on it (D9), oldest first: an id for each.
        passed_on: those that the unit was told to carry out in this round.
        verified: it was looked at on site in this round (D9).
        issued: the measures so far, of all rounds.
        dismissed: keys of drafts that a person has set aside.
    """

    order: str
    unit: str
    due: datetime
    sign_by: datetime | None = None
    remind_at: datetime | None = None
    signed_at: datetime | None = None
    replied_at: datetime | None = None
    reported_at: datetime | None = None
    round: int = 1
    late_returns: int = 0
    extensions: int = 0
    refusals: int = 0
    units: int = 1
    justified: bool = False
    exempt: bool = False
    paused: bool = False
    faults: tuple[Fault, ...] = ()
    cases: tuple[Fault, ...] = ()
    instructions: tuple[str, ...] = ()
    passed_on: tuple[str, ...] = ()
    verified: bool = False
    issued: tuple[Issued, ...] = ()
    dismissed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionSettings:
    """The pack's part in supervision.

    Attributes:
        ladder: the measures for an order that is late, mildest first, not empty; each waits until
            the limit of the one before has passed. Only 督办单 is for lateness with a reason too.
        due_soon: this long before the limit the unit is reminded; hours on the wall clock.
        joint_units: a late order of so many units is supervised jointly (D3).
        delay: an order that is later than this makes a sanction case of delay (D8).
        verify_instructed: what a leader has instructed is looked at on site (D9).
    """

    ladder: tuple[Kind, ...] = (Kind.SUPERVISION, Kind.NOTICE, Kind.LISTED, Kind.ACCOUNTABILITY)
    due_soon: timedelta = timedelta(hours=4)
    joint_units: int = 3
    delay: timedelta = timedelta(days=30)
    verify_instructed: bool = True

    def __post_init__(self) -> None:
        """Check the ladder; raises ValueError."""
        if not self.ladder or len(set(self.ladder)) != len(self.ladder):
            raise ValueError("the ladder of supervision is empty or names a measure twice")


def due_steps(facts: Facts, settings: SupervisionSettings, now: datetime) -> tuple[Draft, ...]:
    """What should be issued for the order now, and was neither issued nor dismissed yet.

    Asking again changes nothing; asking later, after a time in which nobody asked, gives the step
    that is due then, not all those that were missed.
    """
    if facts.exempt:
        return ()
    settled = {one.key for one in facts.issued} | set(facts.dismissed)
    drafts = [*_instructions(facts), *_faults(facts, settings, now)]
    if facts.reported_at is None and not facts.paused:
        drafts += [*_reminders(facts, settings, now), *_ladder(facts, settings, now)]
    drafts += _on_site(facts, settings, now)
    unique: dict[str, Draft] = {}
    listed = False
    for draft in drafts:
        if draft.key in settled or (listed and draft.kind is Kind.LISTED):
            continue
        listed = listed or draft.kind is Kind.LISTED
        unique.setdefault(draft.key, draft)
    return tuple(unique.values())


def first_limit(facts: Facts) -> Limit | None:
    """The limit that the order's first supervision gave; a listing may give no more (D4)."""
    for one in sorted(facts.issued, key=lambda one: one.at):
        if one.kind in (Kind.SUPERVISION, Kind.NOTICE) and one.limit is not None:
            return one.limit
    return None


def next_step_at(facts: Facts, settings: SupervisionSettings) -> datetime | None:
    """After which moment the next measure of the ladder is due: when the limit of the last one
    of this round has passed, and the order's own. None when none was issued, or none is left."""
    last = _last_step(facts, settings)
    if last is None or last.kind is settings.ladder[-1]:
        return None
    return max(facts.due, last.limit.at if last.limit else last.at + _NO_LIMIT)


def _last_step(facts: Facts, settings: SupervisionSettings) -> Issued | None:
    ladder = settings.ladder
    issued = [one for one in facts.issued if one.round == facts.round and one.kind in ladder]
    return max(issued, key=lambda one: (one.at, ladder.index(one.kind)), default=None)


def _reminders(facts: Facts, settings: SupervisionSettings, now: datetime) -> Iterator[Draft]:
    sign_by = facts.sign_by
    if sign_by is not None and facts.signed_at is None and sign_by < now <= facts.due:
        yield _draft(facts, Kind.REMINDER, "D1", f"unsigned@{_stamp(sign_by)}", "逾期未签收")
    remind_at = facts.remind_at or facts.due - settings.due_soon
    if remind_at <= now <= facts.due:
        yield _draft(facts, Kind.REMINDER, "D1", f"due@{_stamp(facts.due)}", "即将到期，尚未反馈")


def _ladder(facts: Facts, settings: SupervisionSettings, now: datetime) -> Iterator[Draft]:
    """The next measure, by the last one that was issued in this round (D1, D2, D4, D5)."""
    ladder = settings.ladder
    last = _last_step(facts, settings)
    if last is None:
        only_unjustified = ladder[0] is not Kind.SUPERVISION
        if only_unjustified and (facts.justified or now <= facts.due):
            return
        if now > facts.due:
            why = f"{_late(facts.due, now)}，尚未反馈办理结果"
            yield _step(facts, ladder[0], f"due@{_stamp(facts.due)}", why)
        elif facts.late_returns:
            yield _step(facts, ladder[0], f"return@{facts.late_returns}", "逾期申请退回")
        return
    waits_until = next_step_at(facts, settings)
    if waits_until is None or now <= waits_until or facts.justified:
        return
    if facts.replied_at is not None:
        why = "已答复诉求人，但未反馈办理结果"
    else:
        why = f"经督办仍未办理，{_late(waits_until, now)}，且未说明理由"
    kind = ladder[ladder.index(last.kind) + 1]
    yield _step(facts, kind, f"after@{_stamp(waits_until)}", why)


def _faults(facts: Facts, settings: SupervisionSettings, now: datetime) -> Iterator[Draft]:
    faults = list(facts.faults)
    open_ = facts.reported_at is None and not facts.paused
    if open_ and not facts.justified and now > facts.due + settings.delay:
        faults.append(Fault.DELAY)
    for fault in faults:
        if fault in facts.cases:
            continue
        draft = _draft(facts, Kind.SANCTION, "D8", fault.value, FAULT_NAMES[fault])
        yield replace(draft, fault=fault)
    if Fault.FALSIFIED in facts.faults and Kind.LISTED in settings.ladder:
        listed = any(one.kind is Kind.LISTED and one.round == facts.round for one in facts.issued)
        if not listed:
            yield _draft(facts, Kind.LISTED, "D4", "falsified", "办理结果弄虚作假")


def _instructions(facts: Facts) -> Iterator[Draft]:
    if facts.reported_at is not None:
        return
    for instruction in facts.instructions:
        if instruction in facts.passed_on:
            continue
        yield _draft(facts, Kind.INSTRUCTION, "D9", instruction, "领导批示，须按批示办理并反馈")


def _on_site(facts: Facts, settings: SupervisionSettings, now: datetime) -> Iterator[Draft]:
    late = facts.reported_at is None and not facts.paused and now > facts.due
    if late and facts.units >= settings.joint_units:
        why = f"涉及 {facts.units} 个单位，逾期未办结"
        yield _draft(facts, Kind.JOINT, "D3", f"due@{_stamp(facts.due)}", why)
    instructed = facts.instructions and settings.verify_instructed
    if instructed and facts.reported_at is not None and not facts.verified:
        yield _draft(facts, Kind.VERIFICATION, "D9", "reported", "领导批示件已反馈，须现场核实")


_RULES: Mapping[Kind, str] = {
    Kind.SUPERVISION: "D1",
    Kind.NOTICE: "D2",
    Kind.JOINT: "D3",
    Kind.LISTED: "D4",
    Kind.ACCOUNTABILITY: "D5",
}


def _step(facts: Facts, kind: Kind, cause: str, why: str) -> Draft:
    return _draft(facts, kind, _RULES.get(kind, "D1"), cause, why)


def _draft(facts: Facts, kind: Kind, rule: str, cause: str, why: str) -> Draft:
    return Draft(
        key=f"{facts.order}/{facts.round}/{kind}/{cause}",
        kind=kind,
        rule=rule,
        why=why,
        order=facts.order,
        unit=facts.unit,
        round=facts.round,
    )


def _late(limit: datetime, now: datetime) -> str:
    whole = (now - limit).days
    return f"已超期 {whole} 天" if whole else "已超期"


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
