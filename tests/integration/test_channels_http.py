"""Webhooks and text messages against a real HTTP server that checks what it gets."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from ivr import certificates
from ticketing.channels.errors import BadTarget, Permanent, Temporary
from ticketing.channels.http import LARGEST_ANSWER, Poster, Targets
from ticketing.channels.outbound import Channels, Delivered, OutboxItem, TryAgain
from ticketing.channels.signing import signed, verify
from ticketing.channels.sms import HttpSms, Receipt, Sms
from ticketing.channels.webhooks import LARGEST_BODY, Hook, HookEvent, Webhooks
from ticketing.domain.matters import Channel

NOW = datetime(2026, 2, 13, 8, 40, tzinfo=UTC)
SECRET = b"a secret of enough bytes"
HERE = Targets((ip_network("127.0.0.0/8"), ip_network("::1/128")), plain=True)
EVENT = HookEvent("o-1-0", "answered", NOW, {"number": "20260213000123"})


class Receiver:
    """A receiver that verifies each request and answers what it was told to."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[tuple[str, bytes, dict[str, str]]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b'{"id": "gw-77"}'
        self.hold = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = dict(request.headers)
        verify(body, headers, SECRET, NOW)
        self.seen.append((request.path_qs, body, headers))
        if self.hold:
            request.transport.abort()  # type: ignore[union-attr]
        return web.Response(status=self.status, headers=self.headers, body=self.body)

    async def start(self, trust: ssl.SSLContext | None = None) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in?token=tok"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    runner = await receiver.start()
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def poster() -> AsyncIterator[Poster]:
    poster = Poster(HERE, timeout=5)
    yield poster
    await poster.close()


def webhooks(poster: Poster) -> Webhooks:
    return Webhooks(poster, lambda: NOW)


async def test_a_webhook_arrives_signed_and_the_same_each_time(
    receiver: Receiver, poster: Poster
) -> None:
    for _ in range(2):
        assert await webhooks(poster).send(Hook(receiver.url, SECRET), EVENT) == 200
    (path, body, headers), (_, again, _) = receiver.seen
    assert path == "/in?token=tok"
    assert body == again == EVENT.body()
    assert headers["Hotline-Delivery"] == "o-1-0"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((500, Temporary), (503, Temporary), (429, Temporary), (409, Temporary)),
        *((400, Permanent), (410, Permanent), (422, Permanent), (301, Permanent), (307, Permanent)),
    ],
)
async def test_the_status_says_whether_to_try_again(
    receiver: Receiver, poster: Poster, status: int, error: type[Exception]
) -> None:
    receiver.status = status
    receiver.headers = {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    with pytest.raises(error, match=str(status)) as caught:
        await webhooks(poster).send(Hook(receiver.url, SECRET), EVENT)
    assert len(receiver.seen) == 1, "a redirect was followed"
    assert "tok" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "after"), [("120", 120), ("9999999", 24 * 3600), ("soon", None), ("-1", None)]
)
async def test_the_receiver_may_ask_for_time(
    receiver: Receiver, poster: Poster, said: str, after: float | None
) -> None:
    receiver.status, receiver.headers = 503, {"Retry-After": said}
    with pytest.raises(Temporary) as caught:
        await webhooks(poster).send(Hook(receiver.url, SECRET), EVENT)
    assert caught.value.after == after


async def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver, poster: Poster) -> None:
    receiver.body = b"x" * (20 * 1024 * 1024)
    headers = signed(EVENT.body(), SECRET, EVENT.id, NOW)
    answer = await poster.post(receiver.url, EVENT.body(), headers)
    assert len(answer.body) == LARGEST_ANSWER


async def test_a_body_that_is_too_long_is_not_sent(receiver: Receiver, poster: Poster) -> None:
    event = HookEvent("o-1", "answered", NOW, {"text": "x" * LARGEST_BODY})
    with pytest.raises(Permanent, match="bytes"):
        await webhooks(poster).send(Hook(receiver.url, SECRET), event)
    assert not receiver.seen


async def test_a_receiver_that_hangs_up_or_is_not_there_is_tried_again(
    receiver: Receiver, poster: Poster
) -> None:
    receiver.hold = True
    with pytest.raises(Temporary) as caught:
        await webhooks(poster).send(Hook(receiver.url, SECRET), EVENT)
    assert "tok" not in str(caught.value)
    with pytest.raises(Temporary):
        await webhooks(poster).send(Hook("http://127.0.0.1:1/in", SECRET), EVENT)
    with pytest.raises(Temporary, match="looked up"):
        await webhooks(poster).send(Hook("http://nowhere.invalid/in", SECRET), EVENT)


async def test_a_receiver_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side hangs up
        writer.close()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    poster = Poster(HERE, timeout=0.2)
    with pytest.raises(Temporary, match=r"0\.2 s"):
        await webhooks(poster).send(Hook(f"http://127.0.0.1:{port}/", SECRET), EVENT)
    await poster.close()
    await gone.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_this_machine_is_not_called_by_any_of_its_names(
    receiver: Receiver, host: str
) -> None:
    poster = Poster(Targets(plain=True), timeout=5)
    with pytest.raises((BadTarget, Temporary)) as caught:
        await webhooks(poster).send(Hook(f"http://{host}:{receiver.port}/", SECRET), EVENT)
    await poster.close()
    assert not receiver.seen
    if host in {"localhost", "127.0.0.1"}:
        assert isinstance(caught.value, BadTarget)


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificates.make(*files, "127.0.0.1")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*files)
    receiver = Receiver()
    runner = await receiver.start(server)
    url = receiver.url.replace("http:", "https:")
    stranger, friend = Poster(HERE), Poster(HERE, trust=ssl.create_default_context(cafile=files[0]))
    with pytest.raises(Temporary, match="certificate"):
        await webhooks(stranger).send(Hook(url, SECRET), EVENT)
    assert not receiver.seen
    assert await webhooks(friend).send(Hook(url, SECRET), EVENT) == 200
    for poster in (stranger, friend):
        await poster.close()
    await runner.cleanup()


# --- text messages ------------------------------------------------------------------------------
async def test_a_text_message_goes_out_with_its_key(receiver: Receiver, poster: Poster) -> None:
    gateway = HttpSms(receiver.url, SECRET, poster, lambda: NOW)
    receipt = await gateway.send(Sms("o-1-0", "+86 13812345678", "【12345】已办结"))
    assert receipt == Receipt("gw-77", 1)
    ((_, body, headers),) = receiver.seen
    assert json.loads(body) == {
        "id": "o-1-0",
        "to": "13812345678",
        "text": "【12345】已办结",
        "segments": 1,
    }
    assert headers["Idempotency-Key"] == "o-1-0"


@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"id": null}', b"\xff", b"[" * 60_000])
async def test_a_gateway_that_tells_no_id_has_taken_it_all_the_same(
    receiver: Receiver, poster: Poster, body: bytes
) -> None:
    receiver.body = body
    gateway = HttpSms(receiver.url, SECRET, poster, lambda: NOW)
    assert (await gateway.send(Sms("o-1", "13812345678", "您好"))).reference == ""


async def test_a_gateway_is_set_up_with_a_usable_address(poster: Poster) -> None:
    with pytest.raises(BadTarget):
        HttpSms("ftp://gateway.example.cn", SECRET, poster, lambda: NOW)


# --- the way back -------------------------------------------------------------------------------
@pytest.mark.parametrize("channel", ["portal", "app", "wechat", "mailbox"])
async def test_the_result_goes_back_to_where_the_matter_came_from(
    receiver: Receiver, poster: Poster, channel: str
) -> None:
    hooks = {Channel(channel): Hook(receiver.url, SECRET)}
    channels = Channels(None, None, webhooks(poster), hooks)
    payload = {
        "number": "20260213000123",
        "unit": "市水务局",
        "text": "已恢复供水",
        "language": "zh",
        "occurred_at": "2026-02-13T16:40:00+08:00",
        "citizen_phone": "13812345678",
    }
    item = OutboxItem("o-1-0", "answered", f"{channel}:their-9", payload)
    assert await channels.deliver(item) == Delivered("200")
    told = json.loads(receiver.seen[0][1])
    assert told["type"] == "answered"
    assert told["occurred_at"] == "2026-02-13T08:40:00Z"
    assert told["data"]["reference"] == "their-9"
    assert told["data"]["text"] == "已恢复供水"
    assert "13812345678" not in receiver.seen[0][1].decode(), "only what the notice names leaves"
    receiver.status, receiver.headers = 503, {"Retry-After": "60"}
    assert await channels.deliver(item) == TryAgain("the receiver answered 503", 60)
