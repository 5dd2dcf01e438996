"""What supervision and a dispatch by telephone do to an order: faults, case files, instructions
that are passed on (D8, D9), and who took it over (H4). They are commands as those of
`ticketing.domain.actions`, under whose name they are used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ticketing.domain.matters import Urgency
from ticketing.domain.measures import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class FindFault:
    """A person has found that the unit was perfunctory, lied, shirked or dallied (D8).

    Neither ``why`` nor ``evidence`` is empty.
    """

    action: Literal["find_fault"] = "find_fault"
    fault: Fault
    why: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """问责案卷: a case file of a fault is opened (D8).

    Attributes:
        text: what it is opened for; not empty.
        draft: the key of the clock's draft that it comes from.
    """

    action: Literal["open_case"] = "open_case"
    fault: Fault
    text: str
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOn:
    """领导批示交办: a leader's instruction goes to the unit, with a limit of its own (D9).

    Attributes:
        instruction: the number of the step in which it was written down.
        text: what the unit is told; not empty.
        limit: aware, within a year; the order is due no later than this.
        urgency: set with it; None leaves it as it is.
        draft: the key of the clock's draft that it comes from.
    """

    action: Literal["pass_on"] = "pass_on"
    instruction: int
    text: str
    limit: datetime
    urgency: Urgency | None = None
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptDispatch:
    """直接办理: the responsible person has taken the order over on the telephone (H4).

    Attributes:
        person: by name; not empty.
        call: the id of the call in which the key was pressed.
    """

    action: Literal["accept_dispatch"] = "accept_dispatch"
    person: str
    call: str = ""
