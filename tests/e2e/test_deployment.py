"""docker-compose.yml's own services as processes: Asterisk and controller apart, PostgreSQL, Redis.

The commands, the environment and the health checks are those of the file; only ports and the home
are the test's own. Here the whole path is walked on PostgreSQL, and the database and Redis are
killed in mid call.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.e2e.hotline import Hotline, eventually, free_tcp_port, to_the_queue
from tests.integration.test_compose import COMPOSE, environment
from tests.servers import PostgresServer, RedisServer

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
PARTS = ("asterisk", "hotline")


def here(command: list[str]) -> list[str]:
    """A command of the image, with the program of this environment."""
    assert command[0] == "hotline"
    return [str(Path(sys.executable).parent / "hotline"), *command[1:]]


class Deployment(Hotline):
    """A hotline whose parts are started one by one, as Compose starts them."""

    def __init__(self, postgres: PostgresServer, redis: RedisServer) -> None:
        super().__init__()
        given = environment(
            "hotline",
            POSTGRES_PASSWORD="unused",
            POSTGRES_PORT=str(postgres.port),
            REDIS_PORT=str(redis.port),
            HOTLINE_TRUNK="loopback",
            HOTLINE_AMI_PORT=str(free_tcp_port()),
            HOTLINE_AGI_PORT=str(free_tcp_port()),
            HOTLINE_WS_PORT=str(free_tcp_port()),
        )
        self.env |= given | {"HOTLINE_HOME": str(self.home)}
        self.parts: dict[str, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        for name in PARTS:
            await self.run(name)

    async def run(self, name: str) -> None:
        """Start one service and wait until its own health check is content."""
        with (self.home / "serve.log").open("ab") as log:
            self.parts[name] = await asyncio.create_subprocess_exec(
                *here(COMPOSE["services"][name]["command"]),
                env=self.env,
                cwd=self.home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await eventually(lambda: self.well(name), f"healthy {name}", 60)

    async def well(self, name: str) -> bool:
        """What the service's health check says."""
        check = COMPOSE["services"][name]["healthcheck"]["test"][1:]
        process = await asyncio.create_subprocess_exec(
            *here(check),
            env=self.env,
            cwd=self.home,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait() == 0

    async def stop(self) -> float:
        for process in self.parts.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()
        return await super().stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def postgres() -> AsyncIterator[PostgresServer]:
    server = PostgresServer(free_tcp_port())
    await asyncio.to_thread(server.start)
    admin = await asyncpg.connect(
        host="127.0.0.1", port=server.port, user="hotline", database="postgres"
    )
    await admin.execute("CREATE DATABASE hotline")
    await admin.close()
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def redis() -> AsyncIterator[RedisServer]:
    server = RedisServer(free_tcp_port())
    await asyncio.to_thread(server.start)
    yield server
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(postgres: PostgresServer, redis: RedisServer) -> AsyncIterator[Deployment]:
    async with Deployment(postgres, redis) as running:
        yield running


async def test_the_whole_path_on_postgresql(hotline: Deployment) -> None:
    async with hotline.seats("8001") as seats, hotline.citizen("13800020001") as citizen:
        await to_the_queue(citizen)
        await seats["8001"].talking(timeout=30)
        await citizen.hears(600, timeout=15)
        await seats["8001"].hangup()
        await citizen.press("2")
        await citizen.wait(30)
    record = await hotline.record("13800020001")
    assert (record["outcome"], record["seat"]) == ("answered", "8001")
    assert (record["rating"], record["hangup_by"]) == ("fair", "agent")


async def test_the_database_is_killed_in_mid_call(
    hotline: Deployment, postgres: PostgresServer
) -> None:
    async with hotline.seats("8001") as seats:
        async with hotline.citizen("13800020002") as citizen:
            await to_the_queue(citizen)
            await seats["8001"].talking(timeout=30)
            postgres.kill()
            await citizen.hears(600, timeout=15)
            await citizen.hang_up()
        async with hotline.citizen("13800020003") as other:  # answered all the same
            await to_the_queue(other)
            await seats["8001"].talking(timeout=30)
            await other.hang_up()
        assert not await hotline.well("hotline")
        await asyncio.to_thread(postgres.start)
    for caller in ("13800020002", "13800020003"):
        assert (await hotline.record(caller, timeout=30))["outcome"] == "answered"
    await eventually(lambda: hotline.well("hotline"), "healthy hotline", 30)


async def test_redis_is_killed_in_mid_call(hotline: Deployment, redis: RedisServer) -> None:
    async with hotline.seats("8001") as seats, hotline.citizen("13800020004") as citizen:
        await to_the_queue(citizen)
        await seats["8001"].talking(timeout=30)
        redis.kill()
        await citizen.hears(600, timeout=15)
        assert not await hotline.well("hotline")
        await asyncio.to_thread(redis.start)
        await eventually(lambda: hotline.well("hotline"), "healthy hotline", 30)
        await citizen.hang_up()
    assert (await hotline.record("13800020004"))["outcome"] == "answered"


async def test_a_controller_started_again_finds_the_call_that_went_on(
    hotline: Deployment,
) -> None:
    async with hotline.seats("8001") as seats, hotline.citizen("13800020005") as citizen:
        await to_the_queue(citizen)
        await seats["8001"].talking(timeout=30)
        os.kill(hotline.pids()["controller"], signal.SIGKILL)
        await hotline.parts["hotline"].wait()
        await citizen.hears(600, timeout=15)
        await hotline.run("hotline")
        await citizen.hang_up()
    assert (await hotline.record("13800020005"))["outcome"] == "answered"
    assert " 0 disagreements" in await hotline.cli("calls", "reconcile")
