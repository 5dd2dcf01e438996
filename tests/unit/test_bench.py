"""The bench's own arithmetic: a wrong ratio would be believed."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from bench.ear import Ear, address
from bench.plan import Results, Spread
from bench.stand import Run, Side, percentile


def run(
    side: Side,
    *,
    rate: float = 100.0,
    wanted: float = 100.0,
    failed: int = 0,
    p95: float = 10.0,
    cpu: tuple[float, float] = (5.0, 2.0),
) -> Run:
    return Run(
        side=side,
        wanted_rate=wanted,
        calls=100,
        rate=rate,
        failed=failed,
        trouble={},
        first_sound_ms={"p50": 5.0, "p95": p95, "max": 20.0},
        cpu_ms={"asterisk": cpu[0], "controller": cpu[1]},
        others=0.0,
        record_lag=0.1,
        errors=(),
    )


def test_ratios_are_ours_to_plain_over_the_pairs() -> None:
    results = Results(
        pairs=[
            (run(Side.OURS, p95=12), run(Side.PLAIN, p95=10)),
            (run(Side.OURS, p95=11), run(Side.PLAIN, p95=10)),
            (run(Side.OURS, p95=20), run(Side.PLAIN, p95=10)),
        ]
    )
    assert results.ratios()["first sound, p95"] == Spread(1.1, 1.2, 2.0)


def test_all_of_our_cpu_is_set_against_the_plain_asterisk_alone() -> None:
    pair = (run(Side.OURS, cpu=(6.0, 3.0)), run(Side.PLAIN, cpu=(5.0, 1.0)))
    ratios = Results(pairs=[pair]).ratios()
    assert ratios["CPU, to Asterisk alone"].median == pytest.approx(9 / 5)
    assert ratios["CPU, with the controller"].median == pytest.approx(9 / 6)
    assert ratios["CPU, Asterisk alone"].median == pytest.approx(6 / 5)


def test_the_highest_rate_is_that_of_a_run_without_a_failure() -> None:
    results = Results()
    results.ladder[Side.OURS] = [
        run(Side.OURS, rate=149.0, wanted=150),
        run(Side.OURS, rate=199.0, wanted=200, failed=1),
        run(Side.OURS, rate=210.0, wanted=250),  # sipp did not keep its pace
    ]
    assert results.best(Side.OURS) == 149.0
    assert results.best(Side.PLAIN) == 0.0


def test_memory_growth_is_the_last_reading_to_the_first() -> None:
    results = Results(memory_mib={1000: {"asterisk": 80}, 10_000: {"asterisk": 84}})
    assert results.growth() == {"asterisk": pytest.approx(1.05)}


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 3.0), (95, 5.0), (100, 5.0)])
def test_percentiles(percent: float, value: float) -> None:
    assert percentile((1.0, 2.0, 3.0, 4.0, 5.0), percent) == value


def test_no_percentile_of_nothing() -> None:
    assert percentile((), 95) == 0.0


async def test_the_ear_tells_the_callers_apart_and_notes_their_first_packets() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asterisk:
        before = time.time()
        async with Ear() as ear:
            for call in (0, 300, 300):
                asterisk.sendto(b"sound", (address(call), ear.port))
            async with asyncio.timeout(5):
                while ear.packets < 3:
                    await asyncio.sleep(0.01)
        assert set(ear.first) == {0, 300}
        assert before <= ear.first[0] <= ear.first[300] <= time.time()


async def test_a_caller_speaks_from_an_address_of_its_own() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asterisk:
        asterisk.bind(("127.0.0.1", 0))
        asterisk.settimeout(5)
        async with Ear() as ear:
            ear.speak(7, asterisk.getsockname()[1])
            packet, source = await asyncio.to_thread(asterisk.recvfrom, 2048)
            assert source == (address(7), ear.port)
            assert len(packet) == 12 + 160
