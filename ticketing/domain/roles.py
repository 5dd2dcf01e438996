"""Roles (R1 to R12, and the system's administrator): who may do what, and see whose number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles of the domain (R), in their order, then the system administrator."""

    AGENT = "agent"  # R1 话务员
    DISPATCHER = "dispatcher"  # R2 调度员
    MANAGER = "manager"  # R3
    UNIT_LEADER = "unit_leader"  # R4
    UNIT_HANDLER = "unit_handler"  # R5
    BUREAU = "bureau"  # R6
    CONTRACTOR = "contractor"  # R7
    LAWYER = "lawyer"  # R8
    LEADING_GROUP = "leading_group"  # R9
    EVALUATOR = "evaluator"  # R10
    JOINT_MEETING = "joint_meeting"  # R11
    ON_CALL = "on_call"  # R12
    ADMIN = "admin"


class Permission(StrEnum):
    """What can be allowed."""

    CALLS_LIST = "calls.list"
    CALLS_RECORDING = "calls.recording"
    CALLS_SEE_NUMBERS = "calls.see_numbers"
    QUEUES_VIEW = "queues.view"
    SEATS_VIEW = "seats.view"
    SEATS_MANAGE = "seats.manage"
    USERS_MANAGE = "users.manage"
    EVENTS_WATCH = "events.watch"
    HEALTH_REASONS = "health.reasons"
    UNITS_VIEW = "units.view"
    UNITS_MANAGE = "units.manage"
    CONTACTS_WRITE = "contacts.write"
    CONTACTS_SEE_PHONES = "contacts.see_phones"
    KNOWLEDGE_READ = "knowledge.read"
    KNOWLEDGE_ASK = "knowledge.ask"
    KNOWLEDGE_WRITE = "knowledge.write"
    KNOWLEDGE_APPROVE = "knowledge.approve"
    NOTICES_VIEW = "notices.view"
    NOTICES_WRITE = "notices.write"
    NOTICES_PUBLISH = "notices.publish"
    POLICY_VIEW = "policy.view"
    ORDERS_VIEW = "orders.view"
    ORDERS_CREATE = "orders.create"
    ORDERS_ACT = "orders.act"
    ORDERS_SEE_CITIZENS = "orders.see_citizens"
    SUPERVISION_DECIDE = "supervision.decide"
    OUTBOX_MANAGE = "outbox.manage"
    DESK_SIT = "desk.sit"  # take a seat, and steer the calls of that seat
    DESK_MANAGE = "desk.manage"  # the same for every seat
    JOBS_MANAGE = "jobs.manage"  # what is done after calls: see what failed, have it done again
    ORDERS_RING = "orders.ring"  # have the persons responsible for an urgent order rung
    CALLS_SUPERVISE = "calls.supervise"  # listen, whisper, barge
    SECURITY_MANAGE = "security.manage"  # who is shut out, what goes out of the house
    PROMPTS_MANAGE = "prompts.manage"  # recordings in the place of prompts
    ASSIST_REVIEW = "assist.review"  # how often agents agree with what is proposed to them


_WATCH = frozenset({Permission.QUEUES_VIEW, Permission.SEATS_VIEW, Permission.EVENTS_WATCH})
_LISTEN = frozenset({Permission.CALLS_LIST, Permission.CALLS_RECORDING})
# What everyone may look up: units, articles, notices, the rules.
_LOOK_UP = frozenset(
    {
        Permission.UNITS_VIEW,
        Permission.KNOWLEDGE_READ,
        Permission.NOTICES_VIEW,
        Permission.POLICY_VIEW,
    }
)
_SERVE = frozenset({Permission.CONTACTS_SEE_PHONES, Permission.KNOWLEDGE_ASK})
# Which order, and which of its actions, is decided by `ticketing.domain.lifecycle` (W8).
_HANDLE = frozenset({Permission.ORDERS_VIEW, Permission.ORDERS_ACT, Permission.ORDERS_SEE_CITIZENS})
_TAKE_IN = _HANDLE | {Permission.ORDERS_CREATE}
_FOLLOW = frozenset({Permission.ORDERS_VIEW})
_WRITE = frozenset({Permission.KNOWLEDGE_WRITE, Permission.NOTICES_WRITE})

# Units and their helpers (R4, R5, R6, R8, R12) work on orders: none of them sees the hotline's
# calls, and what they write (articles, notices, contacts) is their own unit's only. Those who train
# or evaluate (R7, R10) hear calls without knowing whose they are (A5).
MATRIX: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: _LOOK_UP
    | _TAKE_IN
    | _WATCH
    | _SERVE
    | {Permission.CALLS_LIST, Permission.CALLS_SEE_NUMBERS, Permission.DESK_SIT},
    Role.DISPATCHER: _LOOK_UP
    | _TAKE_IN
    | _WATCH
    | _SERVE
    | _LISTEN
    | {
        Permission.CALLS_SEE_NUMBERS,
        Permission.NOTICES_WRITE,
        Permission.NOTICES_PUBLISH,
        Permission.SUPERVISION_DECIDE,
        Permission.ORDERS_RING,
        Permission.DESK_SIT,
    },
    Role.MANAGER: _LOOK_UP
    | _TAKE_IN
    | _WATCH
    | _SERVE
    | _LISTEN
    | _WRITE
    | {
        Permission.CALLS_SEE_NUMBERS,
        Permission.SEATS_MANAGE,
        Permission.HEALTH_REASONS,
        Permission.UNITS_MANAGE,
        Permission.CONTACTS_WRITE,
        Permission.KNOWLEDGE_APPROVE,
        Permission.NOTICES_PUBLISH,
        Permission.SUPERVISION_DECIDE,
        Permission.ORDERS_RING,
        Permission.OUTBOX_MANAGE,
        Permission.JOBS_MANAGE,
        Permission.DESK_SIT,
        Permission.DESK_MANAGE,
        Permission.CALLS_SUPERVISE,
        Permission.SECURITY_MANAGE,
        Permission.PROMPTS_MANAGE,
        Permission.ASSIST_REVIEW,
    },
    Role.UNIT_LEADER: _LOOK_UP
    | _HANDLE
    | _WRITE
    | {Permission.CONTACTS_WRITE, Permission.KNOWLEDGE_APPROVE},
    Role.UNIT_HANDLER: _LOOK_UP | _HANDLE | _WRITE,
    Role.BUREAU: _LOOK_UP | _FOLLOW | _WRITE | {Permission.KNOWLEDGE_APPROVE},
    Role.CONTRACTOR: _LOOK_UP | _FOLLOW | _WATCH | _LISTEN | {Permission.ASSIST_REVIEW},
    Role.LAWYER: _LOOK_UP | _FOLLOW,
    Role.LEADING_GROUP: _LOOK_UP | _FOLLOW | _WATCH,
    Role.EVALUATOR: _LOOK_UP | _FOLLOW | _LISTEN,
    Role.JOINT_MEETING: _LOOK_UP | _FOLLOW | {Permission.QUEUES_VIEW},
    Role.ON_CALL: _LOOK_UP | _HANDLE,
    Role.ADMIN: frozenset(Permission),
}


def allowed(roles: Iterable[Role], permission: Permission) -> bool:
    """Whether any of ``roles`` gives ``permission``."""
    return any(permission in MATRIX[role] for role in roles)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    Attributes:
        username: the user's name; ``operator`` for the local operator.
        must_change_password: nothing else may be done before.
        unit: the id of the unit the user belongs to; empty for the city's hotline itself.
    """

    username: str
    roles: frozenset[Role]
    must_change_password: bool = False
    unit: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether this principal has ``permission``."""
        return allowed(self.roles, permission)


OPERATOR = Principal("operator", frozenset({Role.ADMIN}))


def mask_number(number: str) -> str:
    """Hide the middle of a telephone number: ``13812345678`` becomes ``138****5678``.

    Of a shorter number less is shown, and nothing of one with fewer than seven characters.
    """
    if len(number) >= 10:
        return f"{number[:-8]}****{number[-4:]}"
    if len(number) >= 7:
        return number[:2] + "*" * (len(number) - 4) + number[-2:]
    return "*" * len(number)


def mask_name(name: str) -> str:
    """Keep the first character of a name: ``王小明`` becomes ``王**``. Digits are hidden whole."""
    stripped = name.strip()
    if not stripped:
        return ""
    return "**" if not stripped[0].isalpha() else f"{stripped[0]}**"
