"""Live state without personal data, for those who may not see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ticketing.domain.roles import Permission, Principal, mask_name, mask_number

_PERSONAL: dict[str, Callable[[str], str]] = {
    "caller": mask_number,
    "caller_name": mask_name,
    "callback": mask_number,
}


def shown_to(principal: Principal, value: Any) -> Any:
    """``value`` as this principal may see it: citizens' numbers and names masked at any depth."""
    return value if principal.may(Permission.CALLS_SEE_NUMBERS) else _masked(value)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _PERSONAL[key](each)
            if key in _PERSONAL and isinstance(each, str)
            else _masked(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    return value
