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


_WATCH = frozenset({Permission.QUEUES_VIEW, Permission.SEATS_VIEW, Permission.EVENTS_WATCH})
_LISTEN = frozenset({Permission.CALLS_LIST, Permission.CALLS_RECORDING})
_NOTHING: frozenset[Permission] = frozenset()

# Units and their helpers (R4, R5, R6, R8, R12) work on orders: none of them sees the hotline's
# calls. Those who train or evaluate (R7, R10) hear calls without knowing whose they are (A5).
MATRIX: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: _WATCH | {Permission.CALLS_LIST, Permission.CALLS_SEE_NUMBERS},
    Role.DISPATCHER: _WATCH | _LISTEN | {Permission.CALLS_SEE_NUMBERS},
    Role.MANAGER: _WATCH
    | _LISTEN
    | {Permission.CALLS_SEE_NUMBERS, Permission.SEATS_MANAGE, Permission.HEALTH_REASONS},
    Role.UNIT_LEADER: _NOTHING,
    Role.UNIT_HANDLER: _NOTHING,
    Role.BUREAU: _NOTHING,
    Role.CONTRACTOR: _WATCH | _LISTEN,
    Role.LAWYER: _NOTHING,
    Role.LEADING_GROUP: _WATCH,
    Role.EVALUATOR: _LISTEN,
    Role.JOINT_MEETING: frozenset({Permission.QUEUES_VIEW}),
    Role.ON_CALL: _NOTHING,
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
    """

    username: str
    roles: frozenset[Role]
    must_change_password: bool = False

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
