"""An Asterisk of the API's tests: it notes what it is told, confirms it, and shows phones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from ivr.ami import Ami, Originated, OriginateOutcome
from ivr.control import Control
from ivr.desk import Desk
from ivr.switchboard import Board, Device, reduce, resync
from ticketing.service.shifts import Shifts

REASONS = ("小休", "用餐")
STATES = {
    Device.UNAVAILABLE: "UNAVAILABLE",
    Device.IDLE: "NOT_INUSE",
    Device.RINGING: "RINGING",
    Device.BUSY: "INUSE",
}


@dataclass
class FakeExchange:
    """What it was told is in ``told``; ``refuses`` is raised instead of a confirmation."""

    board: Board = field(default_factory=Board)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuses: Exception | None = None
    answers: OriginateOutcome = OriginateOutcome.ANSWERED
    # An action that is asked for waits for this before it is confirmed.
    gate: asyncio.Event | None = None
    watchers: list[Callable[[dict[str, Any]], None]] = field(default_factory=list)
    variables: dict[tuple[str, str], str] = field(default_factory=dict)

    def desk(self, shifts: Shifts, now: Callable[[], datetime]) -> Desk:
        """A desk over this exchange."""
        made = Desk(
            shifts,
            act=self.action,
            board=lambda: self.board,
            reasons=REASONS,
            wrap_up=timedelta(seconds=15),
            now=now,
        )
        self.watchers.append(made.take)
        return made

    def control(self, desk: Desk, shifts: Shifts) -> Control:
        """A control over this exchange."""
        made = Control(cast(Ami, self), lambda: self.board, desk, shifts, ring_seconds=5)
        self.watchers.append(made.take)
        return made

    def link(self, desk: Desk, *numbers: str, **paused: str) -> None:
        """Contact is there: these seats are members; ``paused`` are ``s8001="reason"``."""
        rows = [
            {
                "Event": "QueueMember",
                "Queue": "reception",
                "Location": f"PJSIP/{number}",
                "Status": "1",
                "Paused": "1" if f"s{number}" in paused else "0",
                "PausedReason": paused.get(f"s{number}", ""),
            }
            for number in numbers
        ]
        queues = [{"Event": "QueueParams", "Queue": "reception"}, *rows]
        self.board = resync([], queues, 0.0)
        desk.linked(rows)

    def event(self, name: str, **fields: str) -> None:
        """Something happens."""
        told = {"Event": name, "Timestamp": "1795307808.232311", **fields}
        self.board = reduce(self.board, told)
        for watcher in self.watchers:
            watcher(told)

    def phone(self, number: str, device: Device) -> None:
        """A seat's phone does something."""
        self.event("DeviceStateChange", Device=f"PJSIP/{number}", State=STATES[device])

    def talk(self, call: str, seat: str) -> None:
        """A citizen calls and is connected to a seat."""
        names = {call: "PJSIP/trunk-00000001", f"{call}-leg": f"PJSIP/{seat}-00000002"}
        for leg, name in names.items():
            context = "from-trunk" if leg == call else "from-seat"
            ids = {"Uniqueid": leg, "Linkedid": call, "Channel": name}
            self.event("Newchannel", Context=context, CallerIDNum="13812345678", **ids)
        self.event("QueueCallerJoin", Uniqueid=call, Queue="reception", Position="1")
        self.event("AgentConnect", Uniqueid=call, MemberName=seat)
        for leg in names:
            self.event("BridgeEnter", Uniqueid=leg, Linkedid=call, BridgeUniqueid="b1")
        self.phone(seat, Device.BUSY)

    async def action(self, name: str, /, **fields: Any) -> dict[str, str]:
        self.told.append((name, fields))
        if self.gate is not None:
            await self.gate.wait()
        if self.refuses is not None:
            raise self.refuses
        self._confirm(name, fields)
        return {"Response": "Success"}

    async def originate(self, channel: str, **fields: Any) -> Originated:
        await self.action("Originate", channel=channel, **fields)
        if self.answers is OriginateOutcome.ANSWERED:
            ids = {"Uniqueid": fields["channel_id"], "Linkedid": fields["channel_id"]}
            name = f"{channel}-0000000f".replace("/13900000001@trunk-out", "/trunk-out")
            self.event("Newchannel", Context="from-seat", Channel=name, **ids)
            if fields.get("extension") == ("leg", "s"):
                ids["Linkedid"] = next(iter(self.board.calls))
                self.event("BridgeEnter", BridgeUniqueid="b1", Channel=name, **ids)
        return Originated(self.answers, channel, fields["channel_id"])

    def _confirm(self, name: str, fields: dict[str, Any]) -> None:
        """The events by which Asterisk shows that it is done."""
        channels = self.board.channels.values()
        leg = next((c for c in channels if c.name == fields.get("Channel")), None)
        if name == "Hangup" and leg is not None:
            self.event("Hangup", Uniqueid=leg.id, Linkedid=leg.call)
        elif name == "BlindTransfer" and leg is not None:
            for each in tuple(channels):
                self.event("BridgeLeave", Uniqueid=each.id, BridgeUniqueid="b1")
        elif name == "Setvar":
            self.variables[fields["Channel"], fields["Variable"]] = fields["Value"]
        elif name == "PlayDTMF" and leg is not None and fields["Digit"] == "A":
            if self.variables.get((leg.name, "HOTLINE_END")):
                self.event("Hangup", Uniqueid=leg.id, Linkedid=leg.call)
        elif name == "PlayDTMF" and leg is not None and fields["Digit"] == "C":
            held = self.board.calls[leg.call].held
            music = "MusicOnHoldStart" if held is None else "MusicOnHoldStop"
            self.event(music, Uniqueid=leg.id, Context="seat-hold")
