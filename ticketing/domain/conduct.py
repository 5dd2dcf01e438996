"""Marks on how a unit's person behaved on a call: rude, refusing, perfunctory (S26). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Conduct(StrEnum):
    """What was wrong."""

    RUDE = "rude"  # 态度生硬、语言粗暴
    REFUSED = "refused"  # 推诿、拒绝解答
    PERFUNCTORY = "perfunctory"  # 敷衍应付


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on a third party's leg of a call; the leg's recording is the evidence.

    Attributes:
        leg: the number of the leg within the call.
        unit, person: whose leg it was.
        words: what was said.
        withdrawn_at: it counts no more, but stays.
    """

    call: str
    leg: int
    unit: str
    person: str
    kind: Conduct
    words: str
    marked_at: datetime
    marked_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is to be deducted."""
        return self.withdrawn_at is None
