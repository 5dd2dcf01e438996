"""HTTP and WebSocket: one table of routes, one place where permission is checked."""

from __future__ import annotations

from ivr.api.app import build_api
from ivr.api.live import Broadcast, Lagging, Live
from ivr.api.services import ApiServices
from ivr.api.sites import serve_tcp, serve_unix

__all__ = [
    "ApiServices",
    "Broadcast",
    "Lagging",
    "Live",
    "build_api",
    "serve_tcp",
    "serve_unix",
]
