"""The manager link against a scripted peer; the tests named ``trap`` close panoramisk's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ivr.ami
from ivr.ami import Ami, AmiEvent, OriginateOutcome
from ivr.ami_link import MAX_MESSAGE, AmiReply, Link, Request, parse
from ivr.errors import AmiLost, AmiNotConnected, AmiRefused, AmiTimeout, UnsafeValue

WITHIN = 5.0
Fields = dict[str, list[str]]


def message(**fields: str) -> bytes:
    return "".join(f"{k}: {v}\r\n" for k, v in fields.items()).encode() + b"\r\n"


def done(action_id: str) -> bytes:
    return message(Response="Success", ActionID=action_id, Message="Done")


def silent(_action_id: str) -> bytes:
    return b""


class Peer:
    """Plays Asterisk's manager: keeps what it is sent, answers as told, else ``Success``."""

    def __init__(self) -> None:
        self.actions: list[Fields] = []
        self.answers: dict[str, Callable[[str], bytes]] = {}
        self.links = 0
        self._changed = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop()
        await asyncio.gather(*self._tasks)

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()

    async def send(self, *chunks: bytes) -> None:
        for writer in self._writers:
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(0)

    def named(self, name: str) -> list[Fields]:
        return [fields for fields in self.actions if fields["Action"] == [name]]

    async def got(self, name: str, times: int = 1) -> Fields:
        """Wait until the action has come so many times; return the last one."""
        async with asyncio.timeout(WITHIN), self._changed:
            await self._changed.wait_for(lambda: len(self.named(name)) >= times)
        return self.named(name)[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        self._writers.add(writer)
        if task := asyncio.current_task():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields: Fields = {}
                for line in text.strip().split("\r\n"):
                    key, _, value = line.partition(": ")
                    fields.setdefault(key, []).append(value)
                answer = self.answers.get(fields["Action"][0], done)
                writer.write(answer(fields["ActionID"][0]))
                async with self._changed:
                    self.actions.append(fields)
                    self._changed.notify_all()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class Watcher:
    """Keeps what the link reports and lets a test wait for it."""

    def __init__(self) -> None:
        self.reports: list[bool | AmiEvent] = []
        self._changed = asyncio.Event()

    def on_event(self, event: AmiEvent) -> None:
        self._add(event)

    async def on_link(self, up: bool) -> None:
        self._add(up)

    def _add(self, report: bool | AmiEvent) -> None:
        self.reports.append(report)
        self._changed.set()

    @property
    def events(self) -> list[AmiEvent]:
        return [r for r in self.reports if isinstance(r, AmiEvent)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.reports.count(True) >= times)

    async def down(self) -> None:
        await self.until(lambda: False in self.reports)

    async def event(self, name: str) -> AmiEvent:
        await self.until(lambda: any(e.name == name for e in self.events))
        return next(e for e in self.events if e.name == name)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    await peer.start()
    yield peer
    await peer.stop()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


def client(peer: Peer, watcher: Watcher, **more: Any) -> Ami:
    settings: dict[str, Any] = {
        "on_event": watcher.on_event,
        "on_link": watcher.on_link,
        "ping_every": 60.0,
        **more,
    }
    return Ami(host="127.0.0.1", port=peer.port, username="u", secret="s3cret", **settings)


@pytest.fixture
async def ami(peer: Peer, watcher: Watcher) -> AsyncIterator[Ami]:
    ami = client(peer, watcher)
    await ami.start()
    await watcher.up()
    yield ami
    await ami.close()


# --- the traps of panoramisk ---------------------------------------------------------------


async def test_trap_3_a_character_split_between_two_segments_arrives_whole(
    ami: Ami, peer: Peer, watcher: Watcher
) -> None:
    raw = message(Event="VarSet", Variable="NAME", Value="市民热线")
    cut = raw.index("民".encode()) + 1
    await peer.send(raw[:cut], raw[cut:])
    assert (await watcher.event("VarSet"))["Value"] == "市民热线"


async def test_trap_4_a_handler_that_raises_costs_neither_the_link_nor_the_next_event(
    peer: Peer, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    def on_event(event: AmiEvent) -> None:
        if event.name == "Bad":
            raise ValueError("no good")
        watcher.on_event(event)

    ami = client(peer, watcher, on_event=on_event)
    await ami.start()
    await watcher.up()
    await peer.send(message(Event="Bad") + message(Event="Good"))
    await watcher.event("Good")
    await ami.close()
    assert peer.links == 1
    assert "the handler of Bad failed" in caplog.text


async def test_trap_4_events_are_handled_in_the_order_they_came(
    ami: Ami, peer: Peer, watcher: Watcher
) -> None:
    await peer.send(b"".join(message(Event="N", Number=str(n)) for n in range(1000)))
    await watcher.until(lambda: len(watcher.events) == 1000)
    assert [e["Number"] for e in watcher.events] == [str(n) for n in range(1000)]


async def test_trap_5_an_unanswered_originate_is_reported_and_never_sent_again(
    ami: Ami, peer: Peer, watcher: Watcher
) -> None:
    peer.answers["Originate"] = silent
    call = asyncio.create_task(ami.originate("PJSIP/1", application=("Wait", "1")))
    await peer.got("Originate")
    peer.drop()
    with pytest.raises(AmiLost):
        await call
    await watcher.up(2)
    await peer.send(message(Event="FullyBooted"))
    await watcher.event("FullyBooted")
    await ami.action("Ping")
    assert len(peer.named("Originate")) == 1


async def test_trap_6_a_reply_that_says_queued_is_an_answer_like_any_other(
    ami: Ami, peer: Peer
) -> None:
    peer.answers["Atxfer"] = lambda i: message(
        Response="Success", ActionID=i, Message="Atxfer successfully queued"
    )
    reply = await ami.action("Atxfer", Channel="PJSIP/1", Exten="8002")
    assert reply.message == "Atxfer successfully queued"
    assert peer.links == 1


async def test_trap_6_queue_add_returns(ami: Ami, peer: Peer) -> None:
    peer.answers["QueueAdd"] = lambda i: message(
        Response="Success", ActionID=i, Message="Added interface to queue"
    )
    assert (await ami.action("QueueAdd", Queue="zh", Interface="PJSIP/1")).success


async def test_trap_6_an_action_that_timed_out_is_forgotten(ami: Ami, peer: Peer) -> None:
    peer.answers["Slow"] = silent
    with pytest.raises(AmiTimeout, match=r"Slow: no answer from Asterisk in 0\.05 s"):
        await ami.action("Slow", timeout=0.05)
    assert ami._link is not None
    assert ami._link.responses == {}
    late = (await peer.got("Slow"))["ActionID"][0]
    await peer.send(message(Response="Error", ActionID=late))
    assert (await ami.action("Next")).message == "Done"


async def test_trap_6_an_unanswered_ping_costs_the_link(peer: Peer, watcher: Watcher) -> None:
    peer.answers["Ping"] = silent
    ami = client(peer, watcher, ping_every=0.02, pong_within=0.05)
    await ami.start()
    await watcher.up(2)
    await ami.close()
    assert watcher.reports[:3] == [True, False, True]


async def test_an_answered_ping_keeps_the_link(peer: Peer, watcher: Watcher) -> None:
    ami = client(peer, watcher, ping_every=0.01, pong_within=1.0)
    await ami.start()
    await peer.got("Ping", times=5)
    await ami.close()
    assert peer.links == 1


async def test_trap_6_a_wrong_password_is_told_and_tried_again_slowly(
    peer: Peer,
    watcher: Watcher,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ivr.ami, "REFUSED_PAUSE", 0.05)
    peer.answers["Login"] = lambda i: message(
        Response="Error", ActionID=i, Message="Authentication failed"
    )
    ami = client(peer, watcher)
    await ami.start()
    assert ami.status == "connecting"
    await peer.got("Login", times=3)
    assert ami.status == "refused: Authentication failed"
    assert not ami.connected
    with pytest.raises(AmiNotConnected):
        await ami.action("Ping")
    assert caplog.text.count("refused: Authentication failed") == 1
    assert "s3cret" not in caplog.text
    del peer.answers["Login"]
    await watcher.up()
    assert ami.status == "connected"
    await ami.close()
    assert ami.status == "connecting"


@pytest.mark.parametrize("bad", ["a\r\nAction: Hangup", "a\nb", "a\rb", "a\0b", "a\udc80"])
async def test_trap_6_a_line_break_in_a_value_is_refused(ami: Ami, peer: Peer, bad: str) -> None:
    with pytest.raises(UnsafeValue):
        await ami.action("Setvar", Variable="NAME", Value=bad)
    with pytest.raises(UnsafeValue):
        await ami.action("Setvar", Variable=["fine", bad])
    with pytest.raises(UnsafeValue):
        await ami.listing(bad)
    with pytest.raises(UnsafeValue):
        await ami.action("Setvar", timeout=1.0, **{bad: "value"})
    with pytest.raises(UnsafeValue):
        await ami.originate("PJSIP/1", application=("Wait", "1"), variables={"NAME": bad})
    await ami.action("Ping")
    assert [a["Action"] for a in peer.actions] == [["Login"], ["Ping"]]


async def test_a_key_with_a_colon_or_too_long_a_line_is_refused(ami: Ami, peer: Peer) -> None:
    with pytest.raises(UnsafeValue):
        await ami.action("Setvar", timeout=1.0, **{"Variable: x": "1"})
    with pytest.raises(UnsafeValue):
        await ami.originate("PJSIP/1", application=("Wait", "1"), variables={"A,B": "1"})
    with pytest.raises(AmiRefused, match="longer than Asterisk reads"):
        await ami.action("Setvar", Value="字" * 400)
    await ami.action("Ping")
    assert [a["Action"] for a in peer.actions] == [["Login"], ["Ping"]]


async def test_trap_6_the_originate_response_reaches_the_caller_and_the_handler(
    ami: Ami, peer: Peer, watcher: Watcher
) -> None:
    peer.answers["Originate"] = lambda i: (
        message(Response="Success", ActionID=i, Message="Originate successfully queued")
        + message(
            Event="OriginateResponse",
            ActionID=i,
            Response="Failure",
            Channel="PJSIP/1",
            Reason="5",
            Uniqueid="<null>",
        )
    )
    result = await ami.originate(
        "PJSIP/1", extension=("survey", "s"), ring_for=20, variables={"A": "1,2", "B": "市"}
    )
    assert result.outcome is OriginateOutcome.BUSY
    assert (result.answered, result.uniqueid) == (False, "")
    assert (await watcher.event("OriginateResponse"))["Reason"] == "5"
    sent = await peer.got("Originate")
    assert sent["Variable"] == ["A=1\\,2", "B=市"]
    assert (sent["Async"], sent["Timeout"]) == (["true"], ["20000"])


async def test_trap_7_a_uniqueid_is_kept_whole(ami: Ami, peer: Peer, watcher: Watcher) -> None:
    ids = [f"1763753060.{n}" for n in range(1000)]
    await peer.send(b"".join(message(Event="Newchannel", Uniqueid=i) for i in ids))
    await watcher.until(lambda: len(watcher.events) == 1000)
    assert [e["Uniqueid"] for e in watcher.events] == ids


# --- the link's life -----------------------------------------------------------------------


async def test_events_wait_until_the_resynchronisation_is_done(
    peer: Peer, watcher: Watcher
) -> None:
    """What comes with the login's reply, and during the snapshot, is handled after it."""
    peer.answers["Login"] = lambda i: (
        message(Response="Success", ActionID=i) + message(Event="First")
    )
    peer.answers["CoreShowChannels"] = lambda i: (
        message(Event="Second")
        + message(Response="Success", ActionID=i, EventList="start")
        + message(Event="CoreShowChannel", ActionID=i, Uniqueid="1.1")
        + message(Event="Third")
        + message(Event="CoreShowChannelsComplete", ActionID=i, EventList="Complete")
    )
    seen: list[str] = []

    async def on_link(up: bool) -> None:
        rows = await link.listing("CoreShowChannels") if up else []
        seen.extend(row["Uniqueid"] for row in rows)
        await watcher.on_link(up)

    def on_event(event: AmiEvent) -> None:
        seen.append(event.name)
        watcher.on_event(event)

    link = client(peer, watcher, on_link=on_link, on_event=on_event)
    await link.start()
    await watcher.event("Third")
    await link.close()
    assert seen == ["1.1", "First", "Second", "Third"]


async def test_a_resynchronisation_that_fails_costs_the_link_and_is_tried_again(
    peer: Peer, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [ValueError("odd"), AmiTimeout("slow")]

    async def on_link(up: bool) -> None:
        if up and failures:
            raise failures.pop()
        await watcher.on_link(up)

    ami = client(peer, watcher, on_link=on_link)
    await ami.start()
    await watcher.up()
    await ami.close()
    assert peer.links == 3
    assert "resynchronisation failed: slow" in caplog.text


async def test_the_handler_of_a_lost_link_may_fail(peer: Peer, watcher: Watcher) -> None:
    async def on_link(up: bool) -> None:
        await watcher.on_link(up)
        if not up:
            raise ValueError("odd")

    ami = client(peer, watcher, on_link=on_link)
    await ami.start()
    await watcher.up()
    peer.drop()
    await watcher.up(2)
    await ami.close()


async def test_asterisk_may_start_later_and_may_restart(watcher: Watcher) -> None:
    peer = Peer()
    await peer.start()
    await peer.stop()
    ami = client(peer, watcher)
    await ami.start()
    with pytest.raises(AmiNotConnected):
        await ami.action("Ping")
    await peer.start()
    await watcher.up()
    await peer.stop()
    await watcher.down()
    assert ami.status == "connecting"
    await peer.start()
    await watcher.up(2)
    assert ami.connected
    await ami.close()
    await peer.stop()


async def test_closing_fails_what_is_under_way_and_leaves_no_task(
    peer: Peer, watcher: Watcher
) -> None:
    before = asyncio.all_tasks()
    peer.answers["Slow"] = silent
    ami = client(peer, watcher)
    await ami.start()
    await watcher.up()
    slow = asyncio.create_task(ami.action("Slow"))
    await peer.got("Slow")
    await ami.close()
    await ami.close()
    with pytest.raises(AmiLost):
        await slow
    with pytest.raises(AmiNotConnected):
        await ami.action("Ping")
    await peer.stop()
    assert {t for t in asyncio.all_tasks() - before if t.get_name().startswith("ami")} == set()


async def test_a_cancelled_action_is_forgotten(ami: Ami, peer: Peer) -> None:
    peer.answers["Slow"] = silent
    slow = asyncio.create_task(ami.action("Slow"))
    await peer.got("Slow")
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    assert ami._link is not None
    assert ami._link.responses == {}


async def test_whoever_is_not_asterisk_is_told_apart(
    watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ivr.ami")
    connections: asyncio.Queue[None] = asyncio.Queue()

    async def http(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        connections.put_nowait(None)

    server = await asyncio.start_server(http, "127.0.0.1", 0)
    peer = Peer()
    peer.port = server.sockets[0].getsockname()[1]
    ami = client(peer, watcher)
    await ami.start()
    async with asyncio.timeout(WITHIN):
        await connections.get()
        await connections.get()
    await ami.close()
    server.close()
    assert "what answers there is not Asterisk's manager" in caplog.text


# --- lists and replies ---------------------------------------------------------------------


async def test_a_list_is_its_rows(ami: Ami, peer: Peer, watcher: Watcher) -> None:
    peer.answers["QueueStatus"] = lambda i: (
        message(Response="Success", ActionID=i, EventList="start", Message="will follow")
        + message(Event="QueueParams", ActionID=i, Queue="zh")
        + message(Event="Other")
        + message(Event="QueueMember", ActionID=i, Queue="zh")
        + message(Event="QueueStatusComplete", ActionID=i, EventList="Complete", ListItems="2")
    )
    rows = await ami.listing("QueueStatus")
    assert [row.name for row in rows] == ["QueueParams", "QueueMember"]
    await watcher.event("Other")
    assert [e.name for e in watcher.events] == ["Other"]


async def test_a_list_that_is_refused_or_is_none(ami: Ami, peer: Peer) -> None:
    peer.answers["QueueStatus"] = lambda i: message(
        Response="Error", ActionID=i, Message="Permission denied"
    )
    with pytest.raises(AmiRefused, match="QueueStatus: Permission denied"):
        await ami.listing("QueueStatus")
    assert await ami.listing("Ping") == []


async def test_a_refused_originate_is_an_error(ami: Ami, peer: Peer) -> None:
    peer.answers["Originate"] = lambda i: message(
        Response="Error", ActionID=i, Message="Channel not specified"
    )
    with pytest.raises(AmiRefused, match="Channel not specified"):
        await ami.originate("", extension=("a", "s"))
    with pytest.raises(ValueError, match="extension or application"):
        await ami.originate("PJSIP/1")


def test_a_message_keeps_empty_and_repeated_headers() -> None:
    event = parse("Event: VarSet\r\nChanVariable: a=1\r\nChanVariable: b=2\r\nno colon\r\nValue: ")
    assert isinstance(event, AmiEvent)
    assert event["Value"] == ""
    assert event["ChanVariable"] == "a=1"
    assert event.all("ChanVariable") == ("a=1", "b=2")
    assert event.all("Value") == ("",)
    assert event.all("Nothing") == ()
    assert dict(event) == {"Event": "VarSet", "ChanVariable": "a=1", "Value": ""}
    assert len(event) == 3
    assert "VarSet" in repr(event)
    assert parse("neither: nor") is None


def test_a_response_header_does_not_make_an_event_a_reply() -> None:
    assert isinstance(parse("Response: Failure\r\nEvent: OriginateResponse"), AmiEvent)
    assert isinstance(parse("Response: Goodbye"), AmiReply)


# --- bytes, however they are cut -----------------------------------------------------------


class Transport:
    aborted = False

    def abort(self) -> None:
        self.aborted = True


def fed(chunks: list[bytes]) -> tuple[list[dict[str, str]], bool]:
    """What a link makes of the chunks: its events, and whether it was given up."""
    link, transport = Link(), Transport()
    link.connection_made(transport)  # type: ignore[arg-type]
    for chunk in chunks:
        link.data_received(chunk)
    events = []
    while not link.inbox.empty():
        event = link.inbox.get_nowait()
        if event is not None:
            events.append(dict(event))
    return events, transport.aborted


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20)
PLACES = st.lists(st.integers(0, 10_000), max_size=30)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=8), PLACES)
def test_any_cut_gives_the_same_events(values: list[tuple[str, str]], places: list[int]) -> None:
    events = [{"Event": "E", "A": a, "B": b} for a, b in values]
    stream = b"Asterisk Call Manager/11.0.0\r\n" + b"".join(message(**e) for e in events)
    assert fed(cut(stream, places)) == (events, False)


@given(st.binary(max_size=300), PLACES)
def test_any_bytes_are_survived_and_cut_alike(noise: bytes, places: list[int]) -> None:
    stream = b"Asterisk Call Manager/1\r\nEvent: A\r\nX: " + noise + b"\r\n\r\nEvent: B\r\n\r\n"
    whole = fed([stream])
    assert fed(cut(stream, places)) == whole
    assert whole[0][-1] == {"Event": "B"}


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_message_without_end_costs_the_link(end: bytes) -> None:
    banner = b"Asterisk Call Manager/1\r\nEvent: A\r\n\r\n"
    chunk = b"x" * 65536
    chunks = [chunk] * (MAX_MESSAGE // len(chunk)) + [b"x" + end]
    assert fed([banner, *chunks, message(Event="Late")]) == ([{"Event": "A"}], True)


def test_a_consumer_that_does_not_keep_up_costs_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.ami_link.MAX_BACKLOG", 10)
    stream = b"Asterisk Call Manager/1\r\n" + message(Event="A") * 12
    events, aborted = fed([stream])
    assert aborted
    assert len(events) == 11


async def test_the_bytes_of_an_action() -> None:
    sent = str(Request("Setvar", {"Channel": "PJSIP/1", "Variable": ["a", "b"]}))
    head, action_id, rest = sent.partition("ActionID: ")
    assert (head, action_id) == ("Action: Setvar\r\n", "ActionID: ")
    assert rest.split("\r\n", 1)[1] == "Channel: PJSIP/1\r\nVariable: a\r\nVariable: b\r\n\r\n"
