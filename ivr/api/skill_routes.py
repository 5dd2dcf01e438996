"""The rows of skills in the table of routes, with their handlers and models."""

from __future__ import annotations

import logging

from pydantic import Field

from ivr.api.models import In, Out
from ivr.api.route import Route
from ivr.api.services import Ask
from ivr.errors import HotlineError
from ticketing.domain import errors
from ticketing.domain.roles import Permission
from ticketing.domain.skills import BEST

log = logging.getLogger(__name__)


class SkillsIn(In):
    """Skill → level from 1 to 5, the best; what is not there is taken away."""

    skills: dict[str, int] = Field(max_length=100)


class SkilledOut(Out):
    """What a seat or a person can; ``applied``: Asterisk knows it."""

    name: str
    skills: dict[str, int]
    applied: bool


class SkillQueueOut(Out):
    """A queue of its own: who has the skill is rung first, for so many seconds."""

    name: str
    title: str
    skill: str
    first_seconds: int
    spared: bool


class SkillsOut(Out):
    """Who can what, and the queues that ask for it. Levels go from 1 to 5, the best."""

    queues: list[SkillQueueOut]
    seats: dict[str, dict[str, int]]
    persons: dict[str, dict[str, int]]
    best: int = BEST


async def list_skills(ask: Ask) -> SkillsOut:
    """Who can what: skills of persons count where they sit, else those of the seat (T1)."""
    skills = ask.use.services.skills
    book = await skills.book()
    return SkillsOut(
        queues=[SkillQueueOut.model_validate(queue) for queue in skills.queues],
        seats={name: dict(levels) for name, levels in book.seats.items()},
        persons={name: dict(levels) for name, levels in book.persons.items()},
    )


async def set_seat_skills(ask: Ask) -> SkilledOut:
    """Say what can be done at a seat, in place of what was said before."""
    number, wanted = ask.path("number"), ask.body(SkillsIn).skills
    good = await ask.use.services.skills.of_seat(ask.who.username, number, wanted)
    return SkilledOut(name=number, skills=good, applied=await _apply(ask))


async def set_person_skills(ask: Ask) -> SkilledOut:
    """Say what somebody can, in place of what was said before."""
    username, wanted = ask.path("username"), ask.body(SkillsIn).skills
    good = await ask.use.services.skills.of_person(ask.who.username, username, wanted)
    return SkilledOut(name=username, skills=good, applied=await _apply(ask))


async def _apply(ask: Ask) -> bool:
    try:
        await ask.use.services.apply_seats()
    except HotlineError as error:
        log.warning("the skills are changed, the phone system could not be told: %s", error)
        return False
    return True


SKILL_ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/skills", Permission.SEATS_VIEW, list_skills, SkillsOut),
    Route(
        "PUT",
        "/api/v1/seats/{number}/skills",
        Permission.SEATS_MANAGE,
        set_seat_skills,
        SkilledOut,
        body=SkillsIn,
        raises=(errors.BadSeatNumber, errors.SeatNotFound, errors.BadSkill),
    ),
    Route(
        "PUT",
        "/api/v1/users/{username}/skills",
        Permission.SEATS_MANAGE,
        set_person_skills,
        SkilledOut,
        body=SkillsIn,
        raises=(errors.UserNotFound, errors.BadSkill),
    ),
)
