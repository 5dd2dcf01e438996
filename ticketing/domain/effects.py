"""What a step asks the world outside to do; it leaves through the outbox (DESIGN, M1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ticketing.domain import actions as do
from ticketing.domain.actions import Alarm, Measure
from ticketing.domain.matters import Urgency
from ticketing.domain.work_order import Event, State, WorkOrder

if TYPE_CHECKING:
    from ticketing.domain.guards import World


class EffectKind(StrEnum):
    """Who is to be told, or what is to be made."""

    TELL_UNIT = "tell_unit"
    TELL_CITIZEN = "tell_citizen"
    TELL_DESK = "tell_desk"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to be done outside.

    Attributes:
        target: a unit's id, or empty for the citizen.
        what: the name of the text or of the paper.
        urgent: also outside office hours.
    """

    kind: EffectKind
    target: str
    what: str
    urgent: bool = False
    data: tuple[tuple[str, str], ...] = field(default=())


_PAPERS = {
    Measure.SUPERVISION: "supervision",
    Measure.NOTICE: "supervision_notice",
    Measure.LISTED: "listed",
}


def effects_of(
    before: WorkOrder | None, after: WorkOrder, event: Event, world: World
) -> tuple[Effect, ...]:
    """What follows outside from ``event``, which has made ``after`` of ``before``."""
    c, holder = event.command, after.holder
    unit = holder.unit if holder is not None else ""
    urgent = after.urgency is not Urgency.NORMAL
    above = holder.by if holder is not None else after.centre

    def to_unit(what: str, target: str = unit) -> Effect:
        return Effect(EffectKind.TELL_UNIT, target, what, urgent)

    def to_desk(what: str) -> Effect:
        return Effect(EffectKind.TELL_UNIT, above, what, urgent)

    def citizen(what: str) -> Effect:
        return Effect(EffectKind.TELL_CITIZEN, "", what)

    def paper(what: str) -> Effect:
        return Effect(EffectKind.PAPER, unit, what)

    match c:
        case do.Receive():
            return (citizen("received"),)
        case do.Decline():
            return (citizen("declined"),)
        case do.Dispatch():
            helpers = tuple(to_unit("assist", helper) for helper in after.assisting)
            return (to_unit("dispatched"), *helpers, paper("dispatch"))
        case do.Forward():
            return (to_unit("dispatched"),)
        case do.AskReturn() | do.AskExtension() | do.AskExemption() | do.ReportBack():
            return (to_desk(c.action),)
        case do.DecideReturn():
            asked = before.return_request if before is not None else None
            return (to_unit(_decided("return", c.accepted), asked.unit if asked else unit),)
        case do.DecideExtension():
            told = (citizen("extended"),) if c.accepted else ()
            return (to_unit(_decided("extension", c.accepted)), *told)
        case do.DecideExemption():
            return (to_unit(_decided("exemption", c.accepted)),)
        case do.Redo():
            return (to_unit("redo"), paper("redo")) if unit else (to_desk("redo"),)
        case do.Review():
            if after.state is State.DISPATCHED:
                return (to_unit("redo"), paper("redo"))
            return (citizen("answered"),) if after.state is State.CALLBACK else ()
        case do.AnswerDirectly() | do.Reply() if after.state is State.CALLBACK:
            return (citizen("answered"),)
        case do.CallBack():
            rated = c.satisfaction is not None and unit
            return (to_unit("evaluated"),) if rated else ()
        case do.Supervise():
            name = _PAPERS.get(c.measure)
            papers = (paper(name),) if name else ()
            return (Effect(EffectKind.TELL_UNIT, unit, c.measure.value, urgent=True), *papers)
        case do.Warn(alarm=Alarm.CALLBACK | Alarm.UNMOVED | Alarm.DELAYED):
            return (to_unit(f"warn_{c.alarm.value}", after.centre),)
        case do.Warn():
            return (to_unit(f"warn_{c.alarm.value}"),)
        case do.Withdraw() | do.SetUrgency() if unit:
            return (to_unit(c.action),)
        case do.Instruct():
            return (to_unit("instructed"),) if unit else ()
        case do.PassOn():
            at_once = Effect(EffectKind.TELL_UNIT, unit, "instruction_passed_on", urgent=True)
            return (at_once, paper("instruction"))
        case do.OpenCase():
            return (to_unit("case_opened"), paper("case_file")) if unit else ()
        case do.Verify():
            return (paper("verification"),) if unit else ()
        case do.AcceptDispatch():
            return (to_unit("dispatch_accepted"), to_desk("dispatch_accepted"))
        case _:
            return ()


def _decided(what: str, accepted: bool) -> str:
    return f"{what}_{'granted' if accepted else 'refused'}"
