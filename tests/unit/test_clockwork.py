"""The controller's own jobs: each by itself, none ended by another's trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from ivr import clockwork
from ivr.clockwork import Clockwork
from ivr.settings import load
from ticketing.channels.errors import Temporary
from ticketing.domain.errors import DatabaseUnavailable, UnitNotFound
from ticketing.service.clocks import Swept
from ticketing.service.delivery import Emptied
from ticketing.service.mail_intake import Taken


class Part:
    """A part that does as it is told, and tells how often it was asked."""

    def __init__(self, idle: Any, *outcomes: Any) -> None:
        self.idle, self.outcomes, self.asked = idle, list(outcomes), 0
        self.looked = asyncio.Event()

    async def _look(self) -> Any:
        self.asked += 1
        self.looked.set()
        outcome = self.outcomes.pop(0) if self.outcomes else self.idle
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    sweep = run_once = poll = remind = _look

    async def recompute(self) -> Swept:
        return Swept()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                self.looked.clear()
                await self.looked.wait()


class Later(Part):
    """A part that answers when another has been asked."""

    def __init__(self, other: Part, idle: Any, *outcomes: Any) -> None:
        super().__init__(idle, *outcomes)
        self.other = other

    async def _look(self) -> Any:
        await self.other.until(lambda: self.other.asked > 0)
        return await super()._look()

    sweep = poll = _look


@pytest.fixture(autouse=True)
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked at again by itself within a test."""
    for name in (
        "SWEEP_SECONDS",
        "DELIVERY_SECONDS",
        "MAIL_SECONDS",
        "TIDY_SECONDS",
        "LINES_SECONDS",
    ):
        monkeypatch.setattr(clockwork, name, 3600.0)


@asynccontextmanager
async def running(it: Clockwork) -> AsyncIterator[None]:
    task = asyncio.create_task(it.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def parts(*, clocks: Any = None, outbox: Any = None, mail: Any = None) -> tuple[Any, ...]:
    return (
        clocks or Part(Swept()),
        outbox or Part(Emptied()),
        mail or Part(Taken()),
    )


async def test_each_job_is_looked_at_and_asked_again_while_there_is_more() -> None:
    clocks, outbox, mail = parts(
        outbox=Part(Emptied(), Emptied(taken=20, more=True), Emptied(taken=20, more=True)),
        mail=Part(Taken(), Taken(more=True)),
    )
    async with running(Clockwork(clocks, outbox, Part(0), mail)):
        await outbox.until(lambda: outbox.asked == 3)
        await mail.until(lambda: mail.asked == 2)
        await clocks.until(lambda: clocks.asked == 1)


async def test_the_number_plan_is_looked_at() -> None:
    clocks, outbox, _ = parts()
    lines = Part(2)
    async with running(Clockwork(clocks, outbox, Part(0), lines=lines)):  # type: ignore[arg-type]
        await lines.until(lambda: lines.asked == 1)


async def test_a_change_wakes_the_outbox_at_once() -> None:
    clocks, outbox, mail = parts()
    it = Clockwork(clocks, outbox, Part(0), mail)
    async with running(it):
        await outbox.until(lambda: outbox.asked == 1)
        it.nudge()
        await outbox.until(lambda: outbox.asked == 2)
    assert (clocks.asked, mail.asked) == (1, 1)


async def test_a_sweep_with_steps_and_a_mail_wake_the_outbox() -> None:
    for name, idle, found in (
        ("clocks", Swept(), Swept(looked=1, steps=1)),
        ("mail", Taken(), Taken(orders=1)),
    ):
        outbox = Part(Emptied())
        both = {"clocks": Part(Swept()), "mail": Part(Taken()), name: Later(outbox, idle, found)}
        async with running(Clockwork(both["clocks"], outbox, Part(0), both["mail"])):  # type: ignore[arg-type]
            await outbox.until(lambda outbox=outbox: outbox.asked == 2)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (DatabaseUnavailable("the database is locked or away"), "locked or away"),
        (Temporary("the mail server cannot be reached"), "cannot be reached"),
        (ZeroDivisionError("13812345678"), "ZeroDivisionError"),
    ],
)
async def test_trouble_is_told_and_ends_nothing(trouble: Exception, told: str) -> None:
    clocks, outbox, mail = parts(outbox=Part(Emptied(), trouble))
    it = Clockwork(clocks, outbox, Part(0), mail)
    async with running(it):
        await outbox.until(lambda: outbox.asked == 1)
        await asyncio.sleep(0)
        reason = await it.health()
        assert reason is not None
        assert reason.startswith("the outbox: ")
        assert told in reason
        assert "138" not in reason
        it.nudge()
        await outbox.until(lambda: outbox.asked == 2)
        await asyncio.sleep(0)
        assert await it.health() is None
    assert (clocks.asked, mail.asked) == (1, 1)


async def test_a_hotline_without_units_is_well() -> None:
    clocks, outbox, mail = parts(clocks=Part(Swept(), UnitNotFound("none yet")))
    it = Clockwork(clocks, outbox, Part(0), mail)
    async with running(it):
        await clocks.until(lambda: clocks.asked == 1)
        await asyncio.sleep(0)
        assert await it.health() is None


async def test_without_a_mailbox_there_is_no_job_for_it() -> None:
    clocks, outbox, mail = parts()
    async with running(Clockwork(clocks, outbox, Part(0))):
        await outbox.until(lambda: outbox.asked == 1)
    assert mail.asked == 0


async def test_posters_are_closed_at_the_end() -> None:
    class Poster:
        closed = False

        async def close(self) -> None:
            self.closed = True

    poster: Any = Poster()
    clocks, outbox, _ = parts()
    async with running(Clockwork(clocks, outbox, Part(0), None, (poster,))):
        await outbox.until(lambda: outbox.asked == 1)
        assert not poster.closed
    assert poster.closed


@pytest.mark.parametrize(
    ("given", "jobs"),
    [
        ({}, 5),
        (
            {
                "HOTLINE_SMS_URL": "https://sms.example.cn/send",
                "HOTLINE_SMS_SECRET": "s" * 16,
                "HOTLINE_WEBHOOK_URL": "http://10.0.0.7:8000/hook?token=1",
                "HOTLINE_WEBHOOK_SECRET": "w" * 16,
                "HOTLINE_IMAP_URL": "imaps://hotline%40example.cn:p%3Aw@mail.example.cn",
                "HOTLINE_SMTP_URL": "smtp://hotline%40example.cn:p%3Aw@mail.example.cn",
                "HOTLINE_MAIL_FROM": "12345热线 <hotline@example.cn>",
            },
            6,
        ),
    ],
)
async def test_it_is_built_from_the_settings(
    given: dict[str, str], jobs: int, tmp_path: Any
) -> None:
    nothing: Any = None
    settings = load({**given, "HOTLINE_HOME": str(tmp_path)}, dotenv=tmp_path / ".env")
    it = clockwork.build(settings, nothing, nothing, nothing, nothing)
    assert len(it._jobs) == jobs
    if settings.imap is not None:
        assert (settings.imap.user, settings.imap.password) == ("hotline@example.cn", "p:w")
        assert (settings.imap.port, settings.imap.folder) == (993, "INBOX")
        assert "p:w" not in repr(settings)
        assert "token" not in repr(settings)
