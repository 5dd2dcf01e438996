"""Who may do what, cell by cell (R1 to R12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.roles import (
    MATRIX,
    OPERATOR,
    Permission,
    Principal,
    Role,
    allowed,
    mask_name,
    mask_number,
)

COLUMNS = (
    "calls.list",
    "calls.recording",
    "calls.see_numbers",
    "queues.view",
    "seats.view",
    "events.watch",
    "seats.manage",
    "health.reasons",
    "users.manage",
    "units.view",
    "knowledge.read",
    "notices.view",
    "policy.view",
    "contacts.see_phones",
    "knowledge.ask",
    "knowledge.write",
    "notices.write",
    "knowledge.approve",
    "contacts.write",
    "notices.publish",
    "units.manage",
    "orders.view",
    "orders.create",
    "orders.act",
    "orders.see_citizens",
    "supervision.decide",
    "outbox.manage",
    "desk.sit",
    "desk.manage",
    "calls.supervise",
    "orders.ring",
    "assist.review",
    "security.manage",
    "prompts.manage",
    "jobs.manage",
)
EXPECTED = """
agent          x . x x x x . . .  x x x x x x . . . . . .  x x x x . .  x . . . . . . .
dispatcher     x x x x x x . . .  x x x x x x . x . . x .  x x x x x .  x . . x . . . .
manager        x x x x x x x x .  x x x x x x x x x x x x  x x x x x x  x x x x x x x x
unit_leader    . . . . . . . . .  x x x x . . x x x x . .  x . x x . .  . . . . . . . .
unit_handler   . . . . . . . . .  x x x x . . x x . . . .  x . x x . .  . . . . . . . .
bureau         . . . . . . . . .  x x x x . . x x x . . .  x . . . . .  . . . . . . . .
contractor     x x . x x x . . .  x x x x . . . . . . . .  x . . . . .  . . . . x . . .
lawyer         . . . . . . . . .  x x x x . . . . . . . .  x . . . . .  . . . . . . . .
leading_group  . . . x x x . . .  x x x x . . . . . . . .  x . . . . .  . . . . . . . .
evaluator      x x . . . . . . .  x x x x . . . . . . . .  x . . . . .  . . . . . . . .
joint_meeting  . . . x . . . . .  x x x x . . . . . . . .  x . . . . .  . . . . . . . .
on_call        . . . . . . . . .  x x x x . . . . . . . .  x . x x . .  . . . . . . . .
admin          x x x x x x x x x  x x x x x x x x x x x x  x x x x x x  x x x x x x x x
"""
ROWS = {words[0]: words[1:] for words in map(str.split, EXPECTED.strip().splitlines())}
CELLS = [
    (role, permission, mark == "x")
    for role, marks in ROWS.items()
    for permission, mark in zip(COLUMNS, marks, strict=True)
]


def test_the_table_names_every_role_and_permission() -> None:
    assert set(ROWS) == set(Role) == set(MATRIX)
    assert sorted(COLUMNS) == sorted(Permission)


@pytest.mark.parametrize(("role", "permission", "expected"), CELLS)
def test_cell(role: str, permission: str, expected: bool) -> None:
    assert allowed([Role(role)], Permission(permission)) is expected


def test_roles_add_up() -> None:
    both = Principal("li", frozenset({Role.JOINT_MEETING, Role.EVALUATOR}))
    assert both.may(Permission.CALLS_LIST)
    assert both.may(Permission.QUEUES_VIEW)
    assert not both.may(Permission.SEATS_VIEW)


def test_no_role_allows_nothing_and_the_operator_everything() -> None:
    for permission in Permission:
        assert not allowed([], permission)
        assert OPERATOR.may(permission)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("02787654321", "027****4321"),
        ("8155772", "81***72"),
        ("81557721", "81****21"),
        ("12345", "*****"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_mask_number(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@given(st.text("0123456789", min_size=1, max_size=40))
def test_a_masked_number_keeps_its_length_and_hides_at_least_three(number: str) -> None:
    masked = mask_number(number)
    assert len(masked) == len(number)
    assert masked.count("*") >= min(3, len(number))


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王**"),
        ("김", "김**"),
        (" 13812345678", "**"),
        ("", ""),
        (" ", ""),
        ("+86", "**"),
    ],
)
def test_mask_name(name: str, masked: str) -> None:
    assert mask_name(name) == masked
