"""The journal: Asterisk's CEL rows folded into call records. Pure.

Asterisk writes the journal whether the controller lives or not, so a record is complete whatever
died (see ARCHITECTURE.md). What only a flow or the dialplan knows comes as user events ``HOTLINE``
whose text is ``key=value&key=value``, percent-encoded.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from ivr.legs import Legs
from ivr.numbers import Signalled, signalled
from ticketing.domain.calls import CALLBACK, PLACED, CallRecord, HangupSide, Outcome, Rating
from ticketing.domain.legs import leg_of
from ticketing.domain.lines import LineMatch, LinePlan, line_for

Find = Callable[[Signalled, datetime], LineMatch]
"""Tells the line of a call from the numbers that came with it, and its moment (T2)."""

FIELDS = 11
CITIZEN_CONTEXTS = frozenset({"from-trunk", "from-seat", "reception"})
_DIVERSIONS, _HISTORY = (
    tuple(f"{header}{number}" for number in range(1, 5)) for header in ("diversion", "history")
)
FIRST_COUNTS = {"dialled", "queue", "recording", *_DIVERSIONS, *_HISTORY}
"""Facts that a call transferred back to us would tell a second time."""
RATINGS = {
    "1": Rating.SATISFIED,
    "2": Rating.FAIR,
    "3": Rating.DISSATISFIED,
}
LONGEST_NUMBER, LONGEST_NAME = 64, 200
_ROW = re.compile(r'"(?:[^"]|"")*"(?:,"(?:[^"]|"")*"){10}')
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)  # as SIP writes a quote within a name
_CHANNEL = re.compile(r"PJSIP/(?P<endpoint>.+)-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Row:
    """One CEL event."""

    at: datetime
    event: str
    call: str
    uniqueid: str
    channel: str
    number: str
    name: str
    exten: str
    context: str
    app: str
    extra: Mapping[str, str]


def parse(line: str) -> Row | None:
    """Read one row of the journal; None when it is none of ours (torn or forged).

    Asterisk doubles the quotes in what a caller sent, so a line that a caller made up, after a
    line break in a number, cannot have fields in single quotes.
    """
    if _ROW.fullmatch(line) is None:
        return None
    try:
        fields = next(csv.reader([line.replace("\0", "")], strict=True))
        at, event, call, uniqueid, channel, number, name, exten, context, app, extra = fields
        if not call or not uniqueid or not event:
            return None
        return Row(
            at=datetime.fromtimestamp(float(at), UTC),
            event=event,
            call=call,
            uniqueid=uniqueid,
            channel=channel,
            number=_clean(number, LONGEST_NUMBER),
            name=_clean(_QUOTED_PAIR.sub(r"\1", name), LONGEST_NAME),
            exten=_clean(exten, LONGEST_NUMBER),
            context=context,
            app=app,
            extra=_extra(extra),
        )
    except (ValueError, StopIteration, csv.Error, OverflowError, OSError):
        return None


def _clean(text: str, longest: int) -> str:
    """What a caller sent, without line breaks, control and formatting characters."""
    return "".join(c for c in text if c.isprintable())[:longest].strip()


def _extra(text: str) -> dict[str, str]:
    if not text:
        return {}
    value = json.loads(text)
    if not isinstance(value, dict):
        raise TypeError("extra")
    return {str(key): str(item) for key, item in value.items()}


def seat_of(channel: str) -> str | None:
    """The seat a channel belongs to: ``PJSIP/8001-00000003`` → ``8001``."""
    match = _CHANNEL.fullmatch(channel)
    return match["endpoint"] if match and match["endpoint"].isdigit() else None


def without_plan(came: Signalled, at: datetime) -> LineMatch:
    """The line of a call where there is no number plan: 12345, whatever forwarded it."""
    return line_for(LinePlan(), came.dialled, came.diversions, came.history, at.date())


@dataclass(slots=True)
class Story:
    """What the journal has told of one call so far."""

    id: str
    first: Row
    last: datetime
    find: Find = without_plan
    facts: dict[str, str] = field(default_factory=dict)
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    seat: str | None = None
    seat_channel: str = ""
    ended_at: datetime | None = None
    hung_up_by_seat: bool = False
    hung_up_by_caller: bool = False
    over: bool = False
    legs: Legs = field(init=False)

    def __post_init__(self) -> None:
        self.legs = Legs(self.id)

    def tell(self, row: Row) -> None:
        """Take in one more row of this call."""
        self.last = max(self.last, row.at)
        own = row.uniqueid == self.id
        self.legs.tell(row)
        if row.event == "HOTLINE":
            self._fact(row)
        elif row.event == "BRIDGE_ENTER" and not own:
            self._met(row)
        elif row.event == "HANGUP" and own:
            self.ended_at = row.at
            source = row.extra.get("hangupsource", "")
            self.hung_up_by_caller = source == row.channel
        elif row.event == "HANGUP" and row.channel == self.seat_channel and not self.ended_at:
            self.hung_up_by_seat = row.extra.get("hangupsource") == row.channel
        elif row.event == "LINKEDID_END":
            self.over = True

    def _fact(self, row: Row) -> None:
        told = dict(parse_qsl(row.extra.get("extra", ""), keep_blank_values=True))
        if self.legs.fact(row, told):
            told = {key: told[key] for key in told.keys() & {"case"}}
        if told.keys() & {"queue", "callback"} and self.queued_at is None:
            self.queued_at = row.at
        for key in FIRST_COUNTS & self.facts.keys():
            told.pop(key, None)
        self.facts.update(told)

    def _met(self, row: Row) -> None:
        seat = seat_of(row.channel)
        if seat is None or self.legs.is_third(row.uniqueid):
            return
        self.seat_channel = row.channel
        self.hung_up_by_seat = False
        if self.seat is None:  # I4: the first receiver stays
            self.seat = seat
            self.answered_at = row.at

    def line(self) -> LineMatch:
        """The line the call came for (T2)."""
        came = signalled(
            self.facts.get("dialled", self.first.exten),
            ",".join(self.facts.get(key, "") for key in _DIVERSIONS),
            ",".join(self.facts.get(key, "") for key in _HISTORY),
        )
        return self.find(came, self.first.at)

    def record(self) -> CallRecord:
        """The call as it is kept; complete also when Asterisk died under it."""
        facts, came = self.facts, self.line()
        recording = (facts.get("recording") or None) if self.answered_at else None
        return CallRecord(
            id=self.id,
            caller=self.first.number,
            caller_name=self.first.name,
            dialled=came.number,
            forwarded_from=came.forwarded_from,
            line=came.line.number,
            language=facts.get("language") or "zh",
            menu=facts.get("menu", ""),
            queue=facts.get("queue") or None,
            seat=self.seat,
            arrived_at=self.first.at,
            queued_at=self.queued_at,
            answered_at=self.answered_at,
            ended_at=self.ended_at or self.last,
            hangup_by=self._side(),
            outcome=self._outcome(),
            rating=RATINGS.get(facts.get("rating", "")),
            recording=recording,
            message=facts.get("message") or None,
            callback=self._callback(),
            case_number=_clean(facts.get("case", ""), LONGEST_NUMBER) or None,
            handling=self.legs.handling(self.ended_at or self.last, recording),
        )

    def _side(self) -> HangupSide:
        if self.hung_up_by_seat:
            return HangupSide.AGENT
        return HangupSide.CALLER if self.hung_up_by_caller else HangupSide.SYSTEM

    def _callback(self) -> str | None:
        """Where a caller wants to be called back, who has not talked to anybody."""
        return None if self.answered_at else _clean(self.facts.get("callback", ""), 24) or None

    def _outcome(self) -> Outcome:
        if self.answered_at is not None:
            return Outcome.ANSWERED
        if self.id.startswith(CALLBACK) and "called_back" not in self.facts:
            return Outcome.UNREACHED
        if self._callback():
            return Outcome.CALLBACK_ASKED
        if self.facts.get("surge"):
            return Outcome.REGISTERED
        if self.facts.get("message"):
            return Outcome.MESSAGE_LEFT
        if not self.hung_up_by_caller:
            return Outcome.FAILED
        if self.queued_at is not None:
            return Outcome.ABANDONED_IN_QUEUE
        return Outcome.ABANDONED_IN_MENU


def _is_citizens(row: Row) -> bool:
    """Whether a call is a citizen's: one that came, or in which a citizen is called back."""
    if row.call.startswith(PLACED):
        return row.call.startswith(CALLBACK)
    return row.context in CITIZEN_CONTEXTS


class Journal:
    """All calls the journal has begun and not yet finished telling.

    Args:
        find: the number plan's word on which line a call came for.
    """

    def __init__(self, find: Find = without_plan) -> None:
        self.open: dict[str, Story] = {}
        self._find = find

    def read(self, rows: Iterable[Row]) -> Iterator[CallRecord]:
        """Take in rows in their order; give each call's record when its last row is read."""
        for row in rows:
            third = leg_of(row.call)  # rung for a call, and not in its bridge yet
            if third is not None:
                if third.call in self.open:
                    self.open[third.call].legs.tell(row)
                continue
            story = self.open.get(row.call)
            if story is None:
                if row.event != "CHAN_START" or row.uniqueid != row.call:
                    continue  # the end of a call whose beginning was read long ago
                if not _is_citizens(row):
                    continue
                story = self.open[row.call] = Story(row.call, row, row.at, self._find)
            story.tell(row)
            if story.over:
                yield self.open.pop(row.call).record()

    def end_missing(self, alive: Set[str], before: datetime) -> list[CallRecord]:
        """End the calls that Asterisk no longer carries and whose last row will never come.

        That is what a killed Asterisk leaves behind.

        Args:
            alive: the calls Asterisk carried at the time ``before``; the journal must have been
                read up to a later time.
            before: calls that began later are left alone.
        """
        gone = [
            story
            for story in self.open.values()
            if story.id not in alive and story.first.at < before
        ]
        return [self.open.pop(story.id).record() for story in gone]
