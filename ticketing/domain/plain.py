"""Frozen dataclasses as plain JSON values and back, guided by their annotations."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Hashable, Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """``value`` as JSON knows it; fields that have their default value are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if not _is_default(field, getattr(value, field.name))
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple | list | frozenset):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass ``kind`` from what `to_plain` made of it.

    Raises:
        ValueError, KeyError, TypeError: it is not of that kind.
    """
    hints = _hints(cast("Hashable", kind))
    return kind(**{name: _value(hints[name], item) for name, item in plain.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    if field.default is not dataclasses.MISSING:
        return bool(value == field.default) and type(value) is type(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(value == field.default_factory())
    return False


def _value(hint: Any, plain: Any) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if plain is None:
            return None
        return _value(next(arg for arg in get_args(hint) if arg is not type(None)), plain)
    if origin is Literal:
        return plain
    if origin is tuple:
        return _items(get_args(hint), plain)
    if origin is frozenset:
        return frozenset(_value(get_args(hint)[0], item) for item in plain)
    if isinstance(hint, type):
        if dataclasses.is_dataclass(hint):
            return from_plain(hint, plain)
        if issubclass(hint, datetime | date):
            return hint.fromisoformat(plain)
        if issubclass(hint, Enum):
            return hint(plain)
    return plain


def _items(hints: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if len(hints) == 2 and hints[1] is Ellipsis:
        return tuple(_value(hints[0], item) for item in plain)
    return tuple(_value(hint, item) for hint, item in zip(hints, plain, strict=True))
