"""``python -m bench.backlog.standin``: the product's worker with a stand-in for the recogniser.

It hears at once as many utterances as a call of four minutes has: all the rest is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ivr import logs, settings, worker
from speech.ports import Segment

UTTERANCES = 30  # of each party
_SAID = (
    "您好我们小区三号楼的路灯坏了好几天了晚上看不见路",
    "请问您具体是哪个小区什么时候开始的",
    "我的电话是一三八零零一三八零零零有结果打给我",
    "好的已经为您登记三个工作日内答复请您保持电话畅通",
)


class StandIn:
    """Hears the same in every recording."""

    name = "stand-in"

    def transcribe(self, file: Path, language: str) -> Sequence[Segment]:
        """Thirty utterances."""
        own = 0 if file.stem == "citizen" else 1
        return [
            Segment(8.0 * i + 4 * own, 8.0 * i + 4 * own + 3, _SAID[(2 * i + own) % 4], 0.9)
            for i in range(UTTERANCES)
        ]


if __name__ == "__main__":
    logs.configure("WARNING")
    worker.run(settings.load(), lambda language: [StandIn()])
