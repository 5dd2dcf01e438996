"""Captions in Redis: what the controller asks for, what the worker tells. Names and one script.

Nothing here is the only copy: the recordings are on the disk, and what Redis forgets is told again
by the worker, or heard again.

- ``calls``: the calls to caption (JSON), set by the controller every moment;
- ``worker``: how the worker is (JSON), gone when it is; ``off``: calls it turned off;
- ``mark:CALL``: a hash, for each leg ``seq`` and ``offset`` (:class:`speech.captions.Mark`);
- ``text:CALL``: a list, the final captions of a call;
- ``feed``: a stream of all captions, partial ones too;
- ``asks``, ``answer:ID``: spoken answers (``speech.answers``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from speech.captions import Caption, Mark

KEEP_SECONDS = 6 * 3600
WORKER_SECONDS = 6
FEED_LENGTH = 2000

# KEYS: mark, text, feed. ARGV: leg, captions that are there already, new mark's seq and offset,
# seconds to keep, length of the feed, captions. Gives how many there were before.
STORE = """
local at = redis.call('HGET', KEYS[1], ARGV[1])
local had = 0
if at then had = tonumber(string.match(at, '^%d+')) end
if had ~= tonumber(ARGV[2]) then return had end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3] .. ' ' .. ARGV[4])
for i = 7, #ARGV do
  redis.call('RPUSH', KEYS[2], ARGV[i])
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'caption', ARGV[i])
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
return had
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """The names, for one node."""

    node: str

    def of(self, name: str) -> str:
        """The full name of a key."""
        return f"hotline:{self.node}:captions:{name}"

    def mark(self, call: str) -> str:
        """Of a call's marks."""
        return self.of(f"mark:{call}")

    def text(self, call: str) -> str:
        """Of a call's final captions."""
        return self.of(f"text:{call}")

    def answer(self, ask: str) -> str:
        """Where the answer to an ask is put."""
        return self.of(f"answer:{ask}")


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call to caption.

    Attributes:
        folder: of its recording, below the folder of recordings.
        since: when it was answered, seconds since 1970.
        ended: it is over, and only its last words may be unheard.
    """

    id: str
    folder: str
    language: str
    since: float
    ended: bool = False


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How the worker is.

    Attributes:
        lacking: language → why nothing is heard in it; ``broken``: those with a model that is
            here and cannot be used.
        on, off: calls captioned now, and calls whose captions were turned off for want of power.
        done: calls that are over, and heard to the last word.
        late: 95 of 100 sounds are heard within so many seconds of being on the disk.
    """

    lacking: Mapping[str, str] = field(default_factory=dict)
    broken: Sequence[str] = ()
    on: Sequence[str] = ()
    off: Sequence[str] = ()
    done: Sequence[str] = ()
    late: float = 0.0


def told_calls(calls: Sequence[LiveCall]) -> str:
    """For the wire."""
    return json.dumps([asdict(call) for call in calls])


def heard_calls(text: str | bytes) -> list[LiveCall]:
    """The reverse of :func:`told_calls`."""
    return [LiveCall(**each) for each in json.loads(text)]


def told_state(state: WorkerState) -> str:
    """For the wire."""
    return json.dumps(asdict(state), ensure_ascii=False)


def heard_state(text: str | bytes) -> WorkerState:
    """The reverse of :func:`told_state`."""
    return WorkerState(**json.loads(text))


def heard_mark(text: str | bytes | None) -> Mark:
    """A leg's mark as it is kept; the beginning where there is none."""
    if text is None:
        return Mark()
    seq, offset = (int(part) for part in text.split())
    return Mark(seq, offset)


def arguments(leg: str, had: int, mark: Mark, captions: Sequence[Caption]) -> list[str | int]:
    """What ``STORE`` is given."""
    plain: list[Any] = [leg, had, mark.seq, mark.offset, KEEP_SECONDS, FEED_LENGTH]
    return plain + [caption.json() for caption in captions]
