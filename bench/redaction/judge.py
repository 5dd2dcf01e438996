"""Counts what the rules find in dialogues of which the truth is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from bench.redaction.dialogues import PUBLIC, Dialogue, Said
from speech.redaction import Found, Kind, find_across


@dataclass
class Score:
    """How well one kind of number, or all, is found.

    Attributes:
        stretches: personal stretches said: a number, or its part in one segment.
        hidden: those of which every digit is hidden.
        marks: stretches that the rules hide.
        right: those of them that lie in a personal stretch of the same kind.
    """

    stretches: int = 0
    hidden: int = 0
    marks: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """The share of what is personal that is hidden."""
        return self.hidden / self.stretches if self.stretches else 1.0

    @property
    def precision(self) -> float:
        """The share of what is hidden that is personal."""
        return self.right / self.marks if self.marks else 1.0


@dataclass
class Verdict:
    """The scores of many dialogues.

    Attributes:
        wrong: texts with what was missed in them, or hidden without need.
    """

    dialogues: int = 0
    numbers: int = 0
    whole: Score = field(default_factory=Score)
    kinds: dict[Kind, Score] = field(default_factory=lambda: {kind: Score() for kind in Kind})
    wrong: list[str] = field(default_factory=list)


def judge(dialogues: Iterable[Dialogue]) -> Verdict:
    """Redact each dialogue as the after-call job does, and compare with the truth."""
    verdict = Verdict()
    for dialogue in dialogues:
        verdict.dialogues += 1
        verdict.numbers += dialogue.numbers
        for speaker in ("citizen", "agent"):
            said = [each for each in dialogue.segments if each.speaker == speaker]
            pauses = [b.start - a.end for a, b in pairwise(said)]
            found = find_across([each.text for each in said], pauses, PUBLIC)
            for segment, marks in zip(said, found, strict=True):
                _compare(verdict, segment, marks)
    return verdict


def _compare(verdict: Verdict, segment: Said, marks: tuple[Found, ...]) -> None:
    for kind, start, end in segment.personal:
        hidden = any(mark.start <= start and mark.end >= end for mark in marks)
        for score in (verdict.whole, verdict.kinds[kind]):
            score.stretches += 1
            score.hidden += hidden
        if not hidden:
            verdict.wrong.append(f"missed {kind}: {segment.text}")
    for mark in marks:
        right = any(
            mark.kind is kind and mark.start < end and mark.end > start
            for kind, start, end in segment.personal
        )
        for score in (verdict.whole, verdict.kinds[mark.kind]):
            score.marks += 1
            score.right += right
        if not right:
            verdict.wrong.append(f"without need {mark.kind}: {segment.text}")
