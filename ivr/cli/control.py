"""Talks to a running hotline over its control socket, as the local operator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import click

from ivr.errors import HotlineError
from ivr.settings import Settings

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


class NotRunning(HotlineError):
    """No hotline runs with this home."""

    id = "not_running"


class Declined(HotlineError):
    """The hotline said no; the text is its reason."""

    id = "declined"


@asynccontextmanager
async def session(settings: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the running hotline's API."""
    connector = aiohttp.UnixConnector(str(settings.control_socket))
    timeout = aiohttp.ClientTimeout(total=15, sock_connect=3)
    async with aiohttp.ClientSession("http://control", connector=connector, timeout=timeout) as it:
        yield it


async def ask(settings: Settings, method: str, path: str, body: Any = None) -> Any:
    """One request; the decoded answer.

    Raises:
        NotRunning: nobody answers at the socket.
        Declined: the API refused.
    """
    headers = {"Accept-Language": "en"}
    try:
        async with (
            session(settings) as client,
            client.request(method, path, json=body, headers=headers) as answer,
        ):
            value: Any = await answer.json() if answer.status != 204 else {}
            if answer.status >= 400:
                raise Declined(value.get("message", f"status {answer.status}"))
            return value
    except (aiohttp.ClientConnectionError, TimeoutError, FileNotFoundError):
        raise NotRunning(
            f"no hotline is running in {settings.home}: start it with `make run`"
        ) from None


def show(value: Any) -> None:
    """Print JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
