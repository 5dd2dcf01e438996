"""What a caller is told of the queue: who is on duty, and who is before them (T1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ivr.live import Live
from ivr.roster import queues_of
from ivr.switchboard import Event

DAY, NIGHT = "reception", "reception_night"
IDLE, TALKING, AWAY = "1", "2", "5"


def live(queue: str, rosters: Mapping[str, str], **devices: str) -> Live:
    """Seats of these rosters, with phones that are idle unless told otherwise."""
    picture = Live(wrap_up_seconds=0, on_ended=lambda _call, _facts: None, queue_now=lambda: queue)
    picture.resync([], members(rosters, devices))
    return picture


def members(rosters: Mapping[str, str], devices: Mapping[str, str]) -> list[Event]:
    """What ``QueueStatus`` tells of the seats."""
    return [
        {
            "Event": "QueueMember",
            "Queue": queue,
            "Location": f"PJSIP/{number}",
            "Status": devices.get(f"at{number}", IDLE),
        }
        for number, roster in rosters.items()
        for queue in sorted(queues_of(roster))
    ]


def arrives(picture: Live, call: str, queue: str = "", place: int = 1) -> None:
    """A citizen comes into the menu and, where ``queue`` is given, waits there."""
    channel = {"Channel": f"PJSIP/trunk-{call}", "Linkedid": call, "Context": "from-trunk"}
    tell(picture, "Newchannel", Uniqueid=call, **channel)
    if queue:
        tell(picture, "QueueCallerJoin", Uniqueid=call, Queue=queue, Position=str(place))


def tell(picture: Live, event: str, **fields: Any) -> None:
    picture.apply({"Event": event, "Timestamp": "1.0", **fields})


@pytest.mark.parametrize(("queue", "seats"), [(DAY, 3), (NIGHT, 2)])
def test_only_the_roster_on_duty_counts(queue: str, seats: int) -> None:
    rosters = {"8001": "all", "8002": "day", "8003": "day", "8004": "night"}
    seen = live(queue, rosters).outlook("h-1")
    assert (seen.seats, seen.idle) == (seats, seats)


def test_a_seat_of_the_day_answers_nobody_at_night() -> None:
    seen = live(NIGHT, {"8001": "day"}).outlook("h-1")
    assert (seen.seats, seen.idle) == (0, 0)


def test_a_seat_that_is_moved_to_the_night_counts_at_night() -> None:
    picture = live(NIGHT, {"8001": "day", "8002": "night"}, at8002=AWAY)
    picture.keep_seats({"8001": queues_of("night"), "8002": queues_of("night")})
    assert picture.outlook("h-1").seats == 1
    tell(picture, "DeviceStateChange", Device="PJSIP/8002", State="NOT_INUSE")
    assert picture.outlook("h-1").seats == 2


def test_a_seat_of_the_other_roster_does_not_shorten_the_wait() -> None:
    rosters = {"8001": "night", **{f"80{n}": "day" for n in range(10, 20)}}
    picture = live(NIGHT, rosters, at8001=TALKING)
    arrives(picture, "h-1", NIGHT)
    seen = picture.outlook("h-2")
    assert (seen.seats, seen.idle, seen.position, seen.minutes) == (1, 0, 2, 6)


def test_who_is_led_to_the_queue_comes_before_who_is_led_there_later() -> None:
    picture = live(DAY, {"8001": "all"}, at8001=TALKING)
    for call in ("h-1", "h-2"):
        arrives(picture, call)
    assert picture.outlook("h-1").position == 1
    assert picture.outlook("h-2").position == 2
