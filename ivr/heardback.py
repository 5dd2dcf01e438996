"""Which prompts were heard back by a recogniser, and how well: a table kept beside the sounds.

An entry stands for one sound, by the SHA-256 of its file: a sound that has not changed need not be
heard again. Prompts too short for a recogniser are heard within the sentences they are said in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, time
from pathlib import Path

from ivr.numerals import Measure, calendar_day, clock, counted, digits
from ivr.prompts import CATALOGUE, Language, P, sound
from speech.hearback import SHORTEST, Hears, error, errors_of, listen, units

TABLE = "heard.json"
GOOD: Mapping[Language, float] = {Language.ZH: 0.34, Language.KO: 0.5}
"""Up to this share of wrong syllables (Mandarin) or letters (Korean) a prompt is well understood:
a general recogniser hears names of keys and short commands less well than people do."""
_WINDOW, _BETWEEN = 24.0, 1.0  # seconds of prompts heard at once, and between two of them
_JOINT = 0.1  # seconds that pass on a call between two sounds of a sentence
_AGAIN = 0.1  # a prompt with more errors among others is heard once more by itself


@dataclass(frozen=True, slots=True)
class Heard:
    """How well one sound, or one sentence joined of several, was understood.

    Attributes:
        id: the prompt's, or the sentence's name.
        error: the share of what was heard wrong.
    """

    id: str
    language: str
    text: str
    error: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be heard: files said one after the other, with the text they should say.

    Attributes:
        key: changes when any of the files does.
        joined: of several prompts.
    """

    id: str
    language: Language
    text: str
    files: tuple[Path, ...]
    key: str
    joined: bool = False


def wanted(sounds: Path) -> Iterator[Wanted]:
    """Everything that is to be heard of the sounds in a folder."""
    for language in Language:
        for id_, prompt in CATALOGUE.items():
            text = prompt.text(language)
            if prompt.tone is None and len(units(text, language)) >= _least(language):
                yield _wanted(id_.value, language, text, (id_,), sounds)
        for name, pieces in sentences(language).items():
            text = " ".join(CATALOGUE[piece].text(language) for piece in pieces)
            yield _wanted(name, language, text, pieces, sounds)


def sentences(language: Language) -> dict[str, tuple[P, ...]]:
    """Sentences joined of pieces, so that every piece of a number is heard in one."""
    handling = (P.PROGRESS_AFTER, P.PROGRESS_HANDLING)
    return {
        "order-even": (P.PROGRESS_BEFORE, *digits("26802460"), *handling),
        "order-odd": (P.PROGRESS_BEFORE, *digits("13579135"), *handling),
        "day": tuple(calendar_day(date(2026, 3, 25), language, year=True)),
        "clock": tuple(clock(time(15, 45), language)),
        "wait": (P.WAIT_BEFORE, *counted(12, Measure.MINUTES, language)),
    }


def read(sounds: Path) -> dict[str, Heard]:
    """The table of a folder of sounds, by key; empty when there is none."""
    try:
        rows = json.loads((sounds / TABLE).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {key: Heard(**row) for key, row in rows.items()}


def hear(
    sounds: Path,
    engine: Hears,
    *,
    again: bool = False,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[str, Heard]:
    """Hear what has not been heard yet, and keep the table beside the sounds.

    Args:
        again: hear everything.
        told: how many of how many have been heard.

    Returns:
        the whole table.
    """
    every = list(wanted(sounds))
    known = {} if again else read(sounds)
    table = {each.key: known[each.key] for each in every if each.key in known}
    missing = [each for each in every if each.key not in table]
    done = 0
    for group in _groups(missing):
        for each, wrong in zip(group, _judged(engine, group), strict=True):
            # a recogniser may go round in circles: nothing was understood is the worst there is
            heard = Heard(each.id, each.language.value, each.text, round(min(wrong, 1.0), 3))
            table[each.key] = heard
        done += len(group)
        told(done, len(missing))
        _save(sounds, {each.key: table[each.key] for each in every if each.key in table})
    if not missing:
        _save(sounds, table)
    return table


def again(engine: Hears, one: Wanted) -> float:
    """Hear one by itself, joined as on a call: the share of what was heard wrong."""
    heard = listen(engine, one.files, one.language.value, _JOINT)
    return error(one.text, heard, one.language.value)


def _judged(engine: Hears, group: Sequence[Wanted]) -> list[float]:
    """Errors of prompts heard together; of those heard badly, what they are by themselves."""
    if len(group) == 1:
        return [again(engine, group[0])]
    language = group[0].language.value
    files = [file for each in group for file in each.files]
    text = listen(engine, files, language, _BETWEEN)
    parts = [units(each.text, language) for each in group]
    shares = [
        wrong / len(part)
        for wrong, part in zip(errors_of(parts, units(text, language)), parts, strict=True)
    ]
    return [
        share if share <= _AGAIN else min(share, again(engine, each))
        for each, share in zip(group, shares, strict=True)
    ]


def _groups(missing: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    group: list[Wanted] = []
    room = 0.0
    for each in missing:
        seconds = sum(file.stat().st_size for file in each.files) / 16_000 + _BETWEEN
        alone = each.joined or (group and group[0].language is not each.language)
        if group and (alone or group[-1].joined or seconds > room):
            yield group
            group = []
        room = (room if group else _WINDOW) - seconds
        group.append(each)
    if group:
        yield group


def _wanted(name: str, language: Language, text: str, pieces: Sequence[P], sounds: Path) -> Wanted:
    files = tuple(sounds / language.value / f"{sound(piece)}.wav" for piece in pieces)
    whole = hashlib.sha256(text.encode())
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return Wanted(name, language, text, files, whole.hexdigest(), len(pieces) > 1)


def _least(language: Language) -> int:
    """In units: syllables in Mandarin, some two and a half letters for each in Korean."""
    return SHORTEST if language is Language.ZH else SHORTEST * 5 // 2


def _save(sounds: Path, table: Mapping[str, Heard]) -> None:
    rows = {key: asdict(heard) for key, heard in sorted(table.items(), key=lambda e: _place(e[1]))}
    text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    new = sounds / f".{TABLE}.new"
    new.write_text(text, "utf-8")
    new.replace(sounds / TABLE)


def _place(heard: Heard) -> tuple[str, str]:
    return heard.language, heard.id
