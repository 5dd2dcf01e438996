"""Skills and levels: which queue rings which seat, and in what order (T1, T2). Pure.

A queue of its own rings those who have its skill, the best first. Who has waited there for some
seconds goes on to the common queue, which rings everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ticketing.domain.errors import BadSkill
from ticketing.domain.wording import BadSetting, Text

BEST = 5
"""The highest level of a skill; 1 is the lowest."""
MISSED = 10
"""What a seat that let a call ring is put back by: behind all levels."""
_NAME = re.compile(r"[a-z][a-z0-9_]{1,31}")
_COMMON = frozenset({"reception", "reception_night"})
_LONGEST = 600

Levels = Mapping[str, int]
"""Skill → level."""


@dataclass(frozen=True, slots=True)
class SkillQueue:
    """A queue of the pack, for callers who need a skill.

    Attributes:
        name: of the queue.
        title: what it is called, in Chinese.
        skill: what its seats must have. A language's is its code: ``ko``.
        first_seconds: so long only they are rung; then everybody.
        spared: its seats come last in the common queue, so that they are free when needed.
    """

    name: str
    title: str
    skill: str
    first_seconds: int = 20
    spared: bool = False

    def __post_init__(self) -> None:
        for name, value in (("name", self.name), ("skill", self.skill)):
            if not _NAME.fullmatch(value) or value in _COMMON or value.endswith("_night"):
                raise BadSetting(
                    name,
                    Text(f"{value} 不能作名称", f"{value} cannot be a name"),
                    Text(
                        "写小写英文字母、数字和下划线，以字母开头，不以 _night 结尾",
                        "write small letters, digits and underscores, a letter first, and no "
                        "_night at the end",
                    ),
                )
        if not 1 <= self.first_seconds <= _LONGEST:
            raise BadSetting(
                "first_seconds",
                Text("超出范围", "out of range"),
                Text(f"写 1 至 {_LONGEST} 之间的整数", f"write 1 to {_LONGEST}"),
            )


@dataclass(frozen=True, slots=True)
class Skillbook:
    """Who can what.

    Attributes:
        seats, persons: by number and by user's name. Those of a person count where the person
            sits; of one who has none, and where nobody sits, those of the seat.
    """

    seats: Mapping[str, Levels] = field(default_factory=dict)
    persons: Mapping[str, Levels] = field(default_factory=dict)

    def at(self, seat: str, person: str) -> Levels:
        """The skills at a seat with a person, or with nobody."""
        return self.persons.get(person) or self.seats.get(seat, {})


def checked(levels: Levels, queues: Iterable[SkillQueue]) -> dict[str, int]:
    """The levels, if they can be somebody's; level 0 takes a skill away.

    Raises:
        BadSkill: not a skill of the pack, or a level out of range.
    """
    known = {queue.skill for queue in queues}
    for skill, level in levels.items():
        if skill not in known or not 0 <= level <= BEST:
            raise BadSkill(f"{skill}={level}", sorted(known))
    return {skill: level for skill, level in levels.items() if level}


def queue_for(queues: Iterable[SkillQueue], *skills: str) -> str | None:
    """The queue of the first of these skills that has one."""
    by_skill = {queue.skill: queue.name for queue in queues}
    return next((by_skill[skill] for skill in skills if skill in by_skill), None)


def members(common: Iterable[str], levels: Levels, queues: Iterable[SkillQueue]) -> dict[str, int]:
    """The queues that ring a seat, each with the seat's penalty in it: the lower is rung first.

    Args:
        common: the common queues of its roster: ``reception``, ``reception_night``.
    """
    rosters = tuple(common)
    able = [queue for queue in queues if levels.get(queue.skill)]
    spared = int(any(queue.spared for queue in able))
    own = {_own(q.name, name): BEST - levels[q.skill] for q in able for name in rosters}
    return dict.fromkeys(rosters, spared) | own


def _own(queue: str, common: str) -> str:
    """A queue of its own beside a common one: of the day or of the night."""
    return f"{queue}_night" if common.endswith("_night") else queue
