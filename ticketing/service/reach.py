"""Whose matters a principal may touch: the units that lie within the principal's own place (R)."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from ticketing.domain.errors import NotYourUnit
from ticketing.domain.roles import Permission, Principal, Role
from ticketing.domain.units import UnitTree

CITY_TIME = ZoneInfo("Asia/Shanghai")
CENTRAL = frozenset({Role.DISPATCHER, Role.MANAGER, Role.ADMIN})  # act for the units below them


def place_of(who: Principal, tree: UnitTree) -> str:
    """The unit of ``who``; one who belongs to none belongs to the city's centre."""
    return who.unit or tree.root.id


def reaches(who: Principal, tree: UnitTree, unit: str, central: Iterable[Role] = CENTRAL) -> bool:
    """Whether ``unit`` is the principal's own, or below it and the principal acts for those.

    Args:
        central: the roles that act for the units below their own.
    """
    own = place_of(who, tree)
    return unit == own or (bool(who.roles & frozenset(central)) and tree.within(unit, own))


def check(who: Principal, tree: UnitTree, unit: str) -> None:
    """Refuse what is not the principal's.

    Raises:
        NotYourUnit
    """
    if not reaches(who, tree, unit):
        raise NotYourUnit(f"{unit} is not your unit, nor below it")


def unpublished_of(
    who: Principal, tree: UnitTree, permission: Permission
) -> tuple[str, ...] | None:
    """The units whose drafts ``who`` may read; None for all of them.

    Args:
        permission: who lacks it reads no drafts.
    """
    if not who.may(permission):
        return ()
    own = place_of(who, tree)
    if not who.roles & CENTRAL:
        return (own,)
    return None if own == tree.root.id else tuple(tree.under(own))
