"""The journal's rows of one call, folded into who took part in it and what happened. Pure.

The legs of third parties are known by their ids (``ticketing.domain.legs``), before and after they
join. What only the controller knew of them comes as facts: ``leg=2&unit=…&person=…&by=8001``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ticketing.domain.legs import (
    CallEvent,
    CallEventKind,
    CallLeg,
    Handling,
    LegKind,
    LegOutcome,
    leg_of,
)

OWN_FACTS = frozenset({"leg", "event", "transfer_to", "transfer"})
"""A row of facts with one of these keys is about legs and events, not about the call as a whole."""
_CHANNEL = re.compile(r"PJSIP/(?P<endpoint>[\w.-]+)-[0-9a-f]{8}")
_CAUSES = {"17": LegOutcome.BUSY, "21": LegOutcome.REFUSED, "18": LegOutcome.NO_ANSWER}
_LONGEST = 200


class Row(Protocol):
    """What is read of a row of the journal."""

    @property
    def at(self) -> datetime: ...
    @property
    def event(self) -> str: ...
    @property
    def uniqueid(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def extra(self) -> Mapping[str, str]: ...


@dataclass(slots=True)
class _Leg:
    """A leg so far. ``since`` is set while it is in a bridge."""

    begun_at: datetime
    channel: str
    number: int | None = None
    dialled: str = ""
    answered_at: datetime | None = None
    joined_at: datetime | None = None
    since: datetime | None = None
    talked: float = 0.0
    ended_at: datetime | None = None
    cause: str = ""

    @property
    def seat(self) -> str | None:
        match = _CHANNEL.fullmatch(self.channel)
        return match["endpoint"] if match and match["endpoint"].isdigit() else None

    def left(self, at: datetime) -> None:
        """It is in no bridge any more."""
        if self.since is not None:
            self.talked += (at - self.since).total_seconds()
            self.since = None


@dataclass(slots=True)
class Legs:
    """The legs of one call, beside the citizen's, and what happened.

    Attributes:
        call: the citizen's channel.
        facts: what the controller told of each third party, by the leg's number.
    """

    call: str
    facts: dict[int, dict[str, str]] = field(default_factory=dict)
    _legs: dict[str, _Leg] = field(default_factory=dict)
    _files: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _events: list[CallEvent] = field(default_factory=list)

    def tell(self, row: Row) -> None:
        """Take in one more row of this call, or of a leg rung for it."""
        if row.uniqueid == self.call:
            return
        if row.event == "CHAN_START":
            known = leg_of(row.uniqueid)
            leg = _Leg(row.at, row.channel)
            if known is not None:
                leg.number, leg.dialled = known.number, known.dialled
            self._legs[row.uniqueid] = leg
        leg_now = self._legs.get(row.uniqueid)
        if leg_now is None:
            return
        if row.event == "ANSWER" and leg_now.answered_at is None:
            leg_now.answered_at = row.at
        elif row.event == "BRIDGE_ENTER":
            leg_now.joined_at = leg_now.joined_at or row.at
            leg_now.since = leg_now.since or row.at
        elif row.event == "BRIDGE_EXIT":
            leg_now.left(row.at)
        elif row.event == "HANGUP":
            leg_now.left(row.at)
            leg_now.ended_at = row.at
            leg_now.cause = row.extra.get("hangupcause", "")

    def fact(self, row: Row, told: Mapping[str, str]) -> bool:
        """Take in what a row of facts tells; whether it was about legs and events at all."""
        if not OWN_FACTS & told.keys():
            return False
        if told.get("leg", "").isdecimal():
            number = int(told["leg"])
            self.facts.setdefault(number, {}).update(told)
            leg = self._legs.get(row.uniqueid)
            if leg is not None and leg.seat is None and leg.number is None:
                leg.number, leg.dialled = number, told.get("to", "")
        if "file" in told:
            self._files.setdefault(row.uniqueid, (told["file"], row.at))
        for kind, detail in _events(told):
            self._events.append(CallEvent(row.at, kind, detail))
        return True

    def with_somebody(self) -> bool:
        """Whether a third party is in the bridge now."""
        return any(leg.since and leg.number is not None for leg in self._legs.values())

    def is_third(self, channel_id: str) -> bool:
        """Whether this is the leg of a third party, who joined a call of others."""
        leg = self._legs.get(channel_id)
        return leg is not None and leg.number is not None

    def handling(self, ended_at: datetime, recording: str | None) -> Handling:
        """The legs and events; those that are not over ended with the call.

        Args:
            recording: the folder of the call's recording.
        """
        legs = [self._leg(key, leg, ended_at, recording) for key, leg in self._legs.items()]
        shown = (leg for leg in legs if leg.number is not None or leg.talk_seconds)
        return Handling(tuple(shown), tuple(self._events))

    def _leg(self, key: str, leg: _Leg, ended_at: datetime, recording: str | None) -> CallLeg:
        told = self.facts.get(leg.number or 0, {})
        end = leg.ended_at or max(ended_at, leg.begun_at)
        talked = leg.talked + (0.0 if leg.since is None else (end - leg.since).total_seconds())
        kind = LegKind.SEAT
        if leg.number is not None:
            kind = _kind(told.get("kind", ""))
        file, since = self._files.get(key, ("", leg.begun_at))
        if leg.number is not None and leg.joined_at is not None:
            file, since = f"expert-{leg.number}", leg.joined_at
        return CallLeg(
            kind=kind,
            dialled=leg.dialled or leg.seat or "",
            begun_at=leg.begun_at,
            answered_at=leg.answered_at if leg.number is not None else leg.joined_at,
            ended_at=end,
            talk_seconds=round(max(talked, 0.0), 3),
            outcome=_outcome(leg, told),
            number=leg.number,
            seat=leg.seat,
            unit=told.get("unit", "")[:64],
            person=told.get("person", "")[:_LONGEST],
            asked_by=told.get("by", "")[:64],
            recording=f"{recording}/{file}.sln16" if recording and file else None,
            recorded_from=since if recording and file else None,
        )


def _events(told: Mapping[str, str]) -> list[tuple[CallEventKind, dict[str, str]]]:
    found = []
    if told.get("event") in set(CallEventKind):
        rest = {
            key: value[:_LONGEST] for key, value in told.items() if key not in {"event", "file"}
        }
        found.append((CallEventKind(told["event"]), rest))
    if "transfer_to" in told:
        found.append((CallEventKind.TRANSFER, {"to": told["transfer_to"][:_LONGEST]}))
    if told.get("transfer"):
        outcome = told["transfer"]
        found.append((CallEventKind.TRANSFER_OUTCOME, {"outcome": outcome.lower()[:_LONGEST]}))
    return found


def _kind(told: str) -> LegKind:
    return LegKind(told) if told in set(LegKind) else LegKind.CONSULT


def _outcome(leg: _Leg, told: Mapping[str, str]) -> LegOutcome:
    if leg.joined_at is not None or leg.answered_at is not None:
        return LegOutcome.ANSWERED
    said = told.get("outcome", "")
    if said in set(LegOutcome):
        return LegOutcome(said)
    return _CAUSES.get(leg.cause, LegOutcome.NO_ANSWER)
