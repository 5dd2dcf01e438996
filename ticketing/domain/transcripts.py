"""What was said in a call: a dialogue with times, what is silenced of it, and how long it is kept.

Times within a recording are seconds from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ticketing.domain.similarity import bigrams, likeness
from ticketing.domain.wording import BadSetting, Text

CITIZEN, AGENT = "citizen", "agent"
MOST_ATTEMPTS = 5  # how often a job is begun before it is laid aside
_MARGIN = 0.15  # seconds silenced before and after a number: words' times are not that exact
_TAIL = 0.8  # seconds silenced after it up to the next word: its last digits may not be understood
_ALIKE = 0.5  # from which likeness on two recognisers heard the same
_LONGEST_DAYS = 36_500


class Source(StrEnum):
    """What is heard."""

    CALL = "call"  # the legs of a call
    MESSAGE = "message"  # a message left


class Progress(StrEnum):
    """How far the text of a recording is."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    NO_MODEL = "no_model"  # nothing here can hear the language
    FAILED = "failed"  # laid aside until a person has it tried again


@dataclass(frozen=True, slots=True)
class Word:
    """One word, with its times."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Hidden:
    """Characters ``start`` to ``end`` of an utterance are a personal number.

    Attributes:
        kind: ``id_card``, ``phone`` or ``bank_card``.
    """

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one party said in one breath.

    Attributes:
        speaker: ``citizen``, ``agent``, ``expert-1`` …
        start, end: seconds from the beginning of the recording.
        masked: the text without personal numbers.
        confidence: 0 to 1.
        words: with their times; empty when the recogniser gives none.
    """

    speaker: str
    start: float
    end: float
    text: str
    masked: str
    confidence: float = 0.0
    words: tuple[Word, ...] = ()
    hidden: tuple[Hidden, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """Seconds of one party's sound in which a personal number is said."""

    speaker: str
    start: float
    end: float


def dialogue(legs: Mapping[str, Sequence[Utterance]]) -> tuple[Utterance, ...]:
    """What each party said, as it was said: by time, and at one moment the citizen first."""
    order = {speaker: place for place, speaker in enumerate(sorted(legs, key=_place))}
    said = (each for leg in legs.values() for each in leg)
    return tuple(sorted(said, key=lambda each: (each.start, order[each.speaker], each.end)))


def _place(speaker: str) -> tuple[int, str]:
    return (CITIZEN, AGENT, speaker).index(speaker), speaker  # experts after both


def without_echoes(legs: Mapping[str, Sequence[Utterance]]) -> dict[str, tuple[Utterance, ...]]:
    """The legs without what is heard in the agent's of a third party that has a leg of its own.

    The agent's leg is what the citizen hears: after the first consultation others are in it too.
    """
    others = [
        said for speaker, leg in legs.items() if speaker not in {CITIZEN, AGENT} for said in leg
    ]
    return {
        speaker: tuple(
            said
            for said in leg
            if speaker != AGENT or not any(_echoes(said, other) for other in others)
        )
        for speaker, leg in legs.items()
    }


def _echoes(said: Utterance, other: Utterance) -> bool:
    """Whether most of an utterance lies within another one and it is worded like that."""
    together = min(said.end, other.end) - max(said.start, other.start)
    if together * 2 < said.end - said.start:
        return False
    return likeness(bigrams(said.text), bigrams(other.text)) >= _ALIKE


def shifted(leg: Iterable[Utterance], seconds: float) -> tuple[Utterance, ...]:
    """A leg of which the recording began so much later than the others'."""
    return tuple(
        replace(
            said,
            start=said.start + seconds,
            end=said.end + seconds,
            words=tuple(
                Word(word.text, word.start + seconds, word.end + seconds) for word in said.words
            ),
        )
        for said in leg
    )


def silences(utterances: Iterable[Utterance]) -> tuple[Silence, ...]:
    """What is to be silenced so that no personal number is heard, in order, apart.

    Where the times of the words are not known, the whole utterance is.
    """
    spans = sorted(
        (span for each in utterances for span in _spans(each)),
        key=lambda span: (span.speaker, span.start),
    )
    joined: list[Silence] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and last.speaker == span.speaker and span.start <= last.end:
            joined[-1] = Silence(last.speaker, last.start, max(last.end, span.end))
        else:
            joined.append(span)
    return tuple(sorted(joined, key=lambda span: (span.start, span.speaker)))


def _spans(said: Utterance) -> Iterable[Silence]:
    places = _places(said)
    for hidden in said.hidden:
        start, end = said.start, said.end
        if places is not None:
            within = [
                word
                for word, (first, last) in zip(said.words, places, strict=True)
                if first < hidden.end and last > hidden.start
            ]
            if within:
                start = min(word.start for word in within)
                end = max(word.end for word in within)
                after = [word.start for word in said.words if word.start >= end]
                end = min([end + _TAIL - _MARGIN, *(max(end, each - _MARGIN) for each in after)])
        yield Silence(said.speaker, max(0.0, start - _MARGIN), end + _MARGIN)


def _places(said: Utterance) -> list[tuple[int, int]] | None:
    """Where each word stands in the text; None when they are not the text's."""
    places, at = [], 0
    for word in said.words:
        at = said.text.find(word.text, at)
        if at < 0 or not word.text:
            return None
        places.append((at, at + len(word.text)))
        at += len(word.text)
    return places or None


# --- how long it is kept ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Retention:
    """How many days after a call what is deleted; the documents do not say.

    Attributes:
        legs: the raw sound of each party, once the recording is encoded.
        recordings: the recording, and messages left.
        transcripts: what was said in it.
    """

    legs: int = 7
    recordings: int = 730
    transcripts: int = 1095

    def __post_init__(self) -> None:
        for name in ("legs", "recordings", "transcripts"):
            if not 1 <= getattr(self, name) <= _LONGEST_DAYS:
                raise BadSetting(
                    name,
                    Text("保存天数超出范围", "the days to keep are out of range"),
                    Text("写 1 至 36500", "write 1 to 36500"),
                )
        if self.legs > self.recordings:
            raise BadSetting(
                "legs",
                Text("原始录音比录音保存得更久", "the raw legs are kept longer than the recording"),
                Text("legs 不大于 recordings", "legs is not more than recordings"),
            )


@dataclass(frozen=True, slots=True)
class Holdings:
    """What there is of one recording, as far as deleting goes.

    Attributes:
        ended_at: when the call was over.
        encoded: the recording is kept in another file than the raw legs.
        held: an order that links to the call is not archived.
    """

    ended_at: datetime
    encoded: bool
    legs: bool
    sound: bool
    text: bool
    held: bool


class Deletion(StrEnum):
    """What is deleted."""

    LEGS = "legs"
    SOUND = "sound"
    TEXT = "text"


def deletions(there: Holdings, keep: Retention, now: datetime) -> tuple[Deletion, ...]:
    """What is to be deleted of a recording now.

    What an open order links to stays (a hold). Raw legs go early only when the recording is kept
    in another file, and go with the recording otherwise.
    """
    age = now - there.ended_at

    def over(days: int) -> bool:
        return age >= timedelta(days=days)

    found = []
    sound_goes = there.sound and over(keep.recordings) and not there.held
    if there.legs and (sound_goes or (there.encoded and over(keep.legs))):
        found.append(Deletion.LEGS)
    if sound_goes:
        found.append(Deletion.SOUND)
    if there.text and over(keep.transcripts) and not there.held:
        found.append(Deletion.TEXT)
    return tuple(found)
