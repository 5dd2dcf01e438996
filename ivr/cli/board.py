"""The picture ``hotline watch`` shows: its state and how it is drawn. Pure; the time is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]
WIDE = 120  # columns from which seats stand beside the rest
_SEAT_WIDTH = 38  # columns of one seat
_KINDS = {"calls": "id", "seats": "number", "queues": "name"}
_SEAT_LOOKS = {
    "idle": ("free", "green"),
    "ringing": ("ringing", "bold yellow"),
    "busy": ("talking", "bold red"),
    "wrap_up": ("wrap-up", "cyan"),
    "paused": ("paused", "magenta"),
    "logged_out": ("logged out", "bright_black"),
    "unavailable": ("no phone", "bright_black"),
}
_STAGE_LOOKS = {
    "menu": ("in the menu", "blue"),
    "queue": ("waiting", "yellow"),
    "talking": ("talking", "green"),
    "after": ("last words", "magenta"),  # the rating, or a message
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known, as the hotline told it.

    Attributes:
        linked: whether the hotline answers us.
        connected: whether the hotline has contact with Asterisk.
    """

    linked: bool = False
    connected: bool = False
    calls: Mapping[str, Row] = field(default_factory=dict)
    seats: Mapping[str, Row] = field(default_factory=dict)
    queues: Mapping[str, Row] = field(default_factory=dict)

    def after(self, message: Row) -> Picture:
        """The picture after one message of ``/api/v1/events``, or ``{"type": "lost"}``."""
        if message["type"] == "lost":
            return replace(self, linked=False)
        fresh = message["type"] == "snapshot"
        kinds: dict[str, dict[str, Row]] = {}
        for kind, key in _KINDS.items():
            gone = set(message.get(f"gone_{kind}", ()))
            kept = {} if fresh else {k: v for k, v in getattr(self, kind).items() if k not in gone}
            kinds[kind] = {**kept, **{row[key]: row for row in message.get(kind, ())}}
        connected = bool(message.get("connected", self.connected))
        return Picture(linked=True, connected=connected, **kinds)

    def state(self, seat: Row) -> str:
        """What a seat does, as one of the words of its state."""
        return str(seat.get("state", "unavailable"))


def draw(
    picture: Picture, *, now: float, zone: ZoneInfo, width: int, height: int | None = None
) -> RenderableType:
    """The whole picture.

    Args:
        now: seconds since the epoch.
        zone: time zone of the clock.
        width: columns of the terminal.
        height: its lines; None for as many as needed.
    """
    present = sorted(
        (seat for seat in picture.seats.values() if picture.state(seat) != "unavailable"),
        key=lambda seat: seat["number"],
    )
    away = sorted(n for n, s in picture.seats.items() if picture.state(s) == "unavailable")
    top = [_head(picture, now, zone), _trouble(picture), _queues(picture, now)]
    room = None if height is None else height - 3 - 3 - len(picture.queues)
    if width >= WIDE:
        body = Table.grid(padding=(0, 3), expand=True)
        body.add_column(ratio=1)
        body.add_column(width=_SEAT_WIDTH)
        seats = _seats(picture, present, away, now, 1, None if room is None else room - 2)
        body.add_row(_calls(picture, now, None if room is None else room - 2), seats)
        return Group(*top, body)
    columns = max(1, width // _SEAT_WIDTH)
    lines = -(-len(present) // columns)
    most = None if room is None else max(1, min(lines, (room - 5) // 2))
    below = None if room is None or most is None else room - min(lines, most) - 5
    return Group(
        *top, _seats(picture, present, away, now, columns, most), _calls(picture, now, below)
    )


def clean(text: str) -> str:
    """``text`` without what could steer a terminal: callers choose what they are called."""
    return "".join(c if c.isprintable() else "?" for c in text)


def lasting(since: float | None, now: float) -> str:
    """How long something lasts: ``0:07``, ``1:02:03``; empty when it has not begun."""
    if since is None:
        return ""
    minutes, seconds = divmod(max(int(now - since), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def ranges(numbers: Iterable[str]) -> str:
    """Seat numbers in short: ``8001–8003, 8007``."""
    keyed = enumerate(sorted(int(number) for number in numbers))
    runs = [[n for _, n in run] for _, run in groupby(keyed, lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)


def _head(picture: Picture, now: float, zone: ZoneInfo) -> Text:
    calls = list(picture.calls.values())
    counts = {stage: sum(call["stage"] == stage for call in calls) for stage in _STAGE_LOOKS}
    free = sum(picture.state(seat) == "idle" for seat in picture.seats.values())
    return Text.assemble(
        (" 12345 ", "bold reverse"),
        f"  {datetime.fromtimestamp(now, zone):%H:%M:%S}   ",
        (f"{len(calls)} calls", "bold"),
        f"   {counts['queue']} waiting   {counts['talking']} talking   {free} seats free",
        no_wrap=True,
        overflow="ellipsis",
    )


def _trouble(picture: Picture) -> Text:
    if not picture.linked:
        text = " Connection lost: the hotline does not answer. Trying again; this is old."
        return Text(text, "bold white on red", no_wrap=True, overflow="ellipsis")
    if not picture.connected:
        text = " Asterisk is away and is being started again; what is shown may be old."
        return Text(text, "bold black on yellow", no_wrap=True, overflow="ellipsis")
    return Text("")


def _queues(picture: Picture, now: float) -> RenderableType:
    table = _table("Queue", ("waiting", 7), ("longest", 7), "who, in order")
    for name, queue in sorted(picture.queues.items()):
        waiting = queue.get("waiting", ())
        since = [place["since"] for place in waiting if place.get("since") is not None]
        order = [
            f"{place['position']} {_caller(picture, place['call'])} "
            f"{lasting(place.get('since'), now)}".rstrip()
            for place in waiting
        ]
        table.add_row(
            _text(name, "bold"),
            _text(str(len(waiting)), "bold yellow" if waiting else ""),
            _text(lasting(min(since), now) if since else ""),
            _text(" · ".join(order)),
        )
    return table


def _seats(
    picture: Picture,
    present: Sequence[Row],
    away: Sequence[str],
    now: float,
    columns: int,
    lines: int | None,
) -> RenderableType:
    cells = [_seat(picture, seat, now) for seat in present]
    rows = -(-len(cells) // columns)
    shown = rows if lines is None else min(rows, max(lines, 1))
    grid = Table.grid(padding=(0, 1))
    for _ in range(columns):
        grid.add_column(width=_SEAT_WIDTH - 1, no_wrap=True, overflow="ellipsis")
    for row in range(shown):  # numbers run downwards
        line = [cells[at] for at in range(row, len(cells), rows)]
        grid.add_row(*line, *[Text("")] * (columns - len(line)))
    notes = []
    if shown < rows:
        notes.append(f"{sum(len(cells[row::rows]) for row in range(shown, rows))} more")
    if away:
        notes.append(f"no phone: {ranges(away)}")
    head = Text.assemble(("Seats", "bold underline"), f"  {len(present)} of {len(picture.seats)}")
    note = Text(", ".join(notes), "bright_black", no_wrap=True, overflow="ellipsis")
    return Group(head, grid, note)


def _seat(picture: Picture, seat: Row, now: float) -> Text:
    word, style = _SEAT_LOOKS.get(picture.state(seat), (picture.state(seat), ""))
    call = seat.get("call")
    return Text.assemble(
        (f"{clean(seat['number']):<7}", "bold"),
        (f"{word:<8}", style),
        f"{lasting(seat.get('since') or None, now):>8}",
        f"  {_caller(picture, call)}" if call else "",
    )


def _calls(picture: Picture, now: float, lines: int | None) -> RenderableType:
    calls = sorted(picture.calls.values(), key=lambda call: call["arrived"])
    shown = calls if lines is None or len(calls) <= lines else calls[: max(lines - 1, 0)]
    table = _table("Caller", "stage", "where", ("called", 8), ("talking", 8))
    for call in shown:
        word, style = _STAGE_LOOKS.get(call["stage"], (call["stage"], ""))
        where = ", ".join(call.get("seats") or ()) or call.get("queue") or ""
        table.add_row(
            _text(call["caller"] or "unknown", "bold"),
            _text(word, style),
            _text(where),
            _text(lasting(call["arrived"], now)),
            _text(lasting(call["answered"], now) if call["stage"] == "talking" else ""),
        )
    if len(shown) < len(calls):
        table.add_row(_text(f"{len(calls) - len(shown)} more", "bright_black"))
    if not calls:
        table.add_row(_text("no calls now", "bright_black"))
    return table


def _caller(picture: Picture, call: str) -> str:
    known = picture.calls.get(call)
    return clean(known["caller"] or "unknown") if known else ""


def _table(*columns: str | tuple[str, int]) -> Table:
    """A table without lines; a column with a width is for numbers."""
    table = Table(box=None, expand=True, pad_edge=False, header_style="bold underline")
    for column in columns:
        if isinstance(column, tuple):
            name, width = column
            table.add_column(name, width=width, justify="right", no_wrap=True)
        else:
            table.add_column(column, no_wrap=True, overflow="ellipsis", ratio=1)
    return table


def _text(text: str, style: str = "") -> Text:
    return Text(clean(text), style, no_wrap=True, overflow="ellipsis")
