"""Addresses that try again and again are shut out, each time for longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.intruders import (
    Attempt,
    BanRule,
    Failed,
    Watch,
    own_machine,
    plain_address,
)

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
RULE = BanRule(failures=5, within=timedelta(seconds=60))
ADDRESSES = ("203.0.113.7", "203.0.113.8", "2001:db8::1")


def failed(seconds: float, address: str = ADDRESSES[0]) -> Failed:
    return Failed(START + timedelta(seconds=seconds), address, "8001", Attempt.PASSWORD)


def bans(attempts: list[Failed]) -> list[tuple[Failed, ...]]:
    watch = Watch(RULE)
    return [ban for one in attempts if (ban := watch.observe(one)) is not None]


def test_so_many_in_so_short_a_time() -> None:
    assert bans([failed(n) for n in range(4)]) == []
    [ban] = bans([failed(n) for n in range(5)])
    assert len(ban) == 5
    assert bans([failed(n * 15.0) for n in range(50)]) == []  # never five within a minute


def test_two_who_try_are_counted_apart() -> None:
    both = [failed(n, address) for n in range(4) for address in ADDRESSES]
    assert bans(both) == []


@given(
    st.lists(st.tuples(st.floats(0, 30, allow_nan=False), st.sampled_from(ADDRESSES)), max_size=60)
)
def test_a_ban_has_its_reason_whoever_else_tries(steps: list[tuple[float, str]]) -> None:
    at, attempts = 0.0, []
    for wait, address in steps:
        at += wait
        attempts.append(failed(at, address))
    found = bans(attempts)
    for ban in found:
        assert len(ban) == RULE.failures
        assert len({one.address for one in ban}) == 1
        assert ban[-1].at - ban[0].at < RULE.within
    for address in ADDRESSES:
        alone = bans([one for one in attempts if one.address == address])
        assert alone == [ban for ban in found if ban[0].address == address]


def test_no_flood_of_addresses_fills_the_memory() -> None:
    watch = Watch(RULE, most=50)
    for n in range(500):
        watch.observe(failed(n / 100, f"198.51.{n // 256}.{n % 256}"))
    assert len(watch) == 50
    watch.observe(failed(120, "198.51.100.1"))
    assert len(watch) == 1


@given(st.integers(0, 40))
def test_each_ban_is_longer_up_to_the_longest(before: int) -> None:
    rule = BanRule()
    assert rule.length(0) == rule.first
    assert rule.length(before) <= rule.length(before + 1) <= rule.longest
    assert rule.length(before + 40) == rule.longest


def test_addresses() -> None:
    assert plain_address("::ffff:203.0.113.7") == "203.0.113.7"
    assert plain_address("[2001:DB8::1]") == "2001:db8::1"
    assert own_machine("127.0.0.1")
    assert not own_machine("127.0.0.66")
    with pytest.raises(ValueError, match="not appear"):
        plain_address("evil.example")
