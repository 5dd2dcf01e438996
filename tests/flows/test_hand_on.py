"""A citizen is handed on outside: the dialplan is told whom to ring, or nobody (T7)."""

from __future__ import annotations

from collections.abc import Iterator

from agi_scripts.hand_on import hand_on
from ivr.call import Call, Rung
from tests.flows.test_reception import Caller
from tests.flows.test_reception import Desk as Hotline
from ticketing.domain.errors import OutboundLimit

FIRST = Rung("PJSIP/13900000001@trunk-out", 20, "leg=1&kind=transfer", "day/x/expert-1")


class Desk(Hotline):
    """It names one after the other; a problem is raised."""

    def __init__(self, *answers: Rung | Exception | None) -> None:
        self._answers: Iterator[Rung | Exception | None] = iter(answers)
        self.told: list[tuple[str, str]] = []

    async def next_to_ring(self, call: str, before: str) -> Rung | None:
        self.told.append((call, before))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_the_dialplan_is_told_whom_to_ring() -> None:
    caller, desk = Caller("", {"agi_arg_1": "NOANSWER"}), Desk(FIRST)
    await hand_on(Call(caller), desk)
    assert desk.told == [("h-1.0", "NOANSWER")]
    assert caller.variables == {
        "HOTLINE_DIAL": FIRST.channel,
        "HOTLINE_RING": "20",
        "_HOTLINE_LEG": FIRST.leg,
        "_HOTLINE_LEG_FILE": FIRST.file,
    }


async def test_with_nobody_left_or_no_leave_to_call_nothing_is_dialled() -> None:
    for answer in (None, OutboundLimit("daily", 1)):
        caller = Caller("")
        await hand_on(Call(caller), Desk(answer))
        assert "HOTLINE_DIAL" not in caller.variables
