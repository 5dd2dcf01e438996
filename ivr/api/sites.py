"""Serves an application on a TCP port or on a Unix socket that only its owner may use."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from aiohttp import web

_SHUTDOWN_SECONDS = 2.0


async def serve_tcp(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Serve on ``host``; a ``port`` of 0 takes a free one.

    Returns:
        the runner, whose ``cleanup()`` stops it, and the port.

    Raises:
        OSError: the address cannot be used.
    """
    runner = await _runner(app)
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner, int(runner.addresses[0][1])


async def serve_unix(app: web.Application, path: Path) -> web.AppRunner:
    """Serve on the Unix socket ``path``, mode 600; what a dead process left there is replaced.

    Raises:
        OSError: the path cannot be used.
    """
    listener = _private_socket(path)
    runner = await _runner(app)
    try:
        await web.SockSite(runner, listener).start()
    except OSError:
        listener.close()
        await runner.cleanup()
        raise
    return runner


def _private_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # before bind: at no moment may others connect
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    return listener


async def _runner(app: web.Application) -> web.AppRunner:
    # No access log: a query may hold a citizen's number.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    return runner
