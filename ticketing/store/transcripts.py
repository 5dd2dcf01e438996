"""What was said in calls, kept so that what was heard twice is there once; found by words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, TextClause, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.transcripts import Hidden, Source, Utterance, Word
from ticketing.store import cursors, search
from ticketing.store.database import dialect_of
from ticketing.store.transcript_tables import SEGMENTS, TRANSCRIPTS

T, S = TRANSCRIPTS.c, SEGMENTS.c
_PARTS = 100  # of one transcript, in the index of words
_PART_CHARACTERS = 3000
_LAST = 2**62
_SHOWN = 3  # utterances shown of each transcript found


@dataclass(frozen=True, slots=True)
class Pass:
    """What one engine heard in a recording.

    Attributes:
        rank: of several passes, the highest is shown.
    """

    engine: str
    rank: int
    language: str
    said: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A pass as it is kept."""

    id: int
    call_id: str
    source: Source
    engine: str
    language: str
    made_at: datetime
    said: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A transcript in which words were found, and where in it."""

    transcript: int
    call_id: str
    source: Source
    made_at: datetime
    said: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class HitPage:
    """One page, the latest transcripts first; ``next`` is the cursor of the page after it."""

    items: tuple[Hit, ...]
    next: str | None


async def save(
    session: AsyncSession, call_id: str, source: Source, passes: Sequence[Pass], now: datetime
) -> None:
    """Keep what was heard, in the place of what the same engines heard before."""
    for one in passes:
        same = (T.call_id == call_id, T.source == source.value, T.engine == one.engine)
        for (old,) in (await session.execute(select(T.id).where(*same))).all():
            await _forget(session, old)
        values = {
            "call_id": call_id,
            "source": source.value,
            "engine": one.engine,
            "rank": one.rank,
            "language": one.language,
            "made_at": now,
        }
        made = await session.execute(insert(TRANSCRIPTS).values(values).returning(T.id))
        number = made.scalar_one()
        if one.said:
            rows = [_row(number, seq, said) for seq, said in enumerate(one.said)]
            await session.execute(insert(SEGMENTS), rows)
    await _index(session, call_id, source)


async def of_call(session: AsyncSession, call_id: str) -> tuple[Transcript, ...]:
    """What was said in a call: the best pass over each of its recordings."""
    query = select(TRANSCRIPTS).where(T.call_id == call_id).order_by(T.source, T.rank)
    best = {row.source: row for row in await session.execute(query)}
    found = []
    for row in best.values():
        said = await _said(session, S.transcript == row.id)
        found.append(_transcript(row, said))
    return tuple(found)


async def remove(session: AsyncSession, call_id: str, source: Source) -> bool:
    """Delete what was said in a recording; whether there was anything."""
    query = select(T.id).where(T.call_id == call_id, T.source == source.value)
    numbers = (await session.execute(query)).scalars().all()
    for number in numbers:
        await _forget(session, number)
    return bool(numbers)


async def find(
    session: AsyncSession, words: str, *, limit: int = 20, cursor: str | None = None
) -> HitPage:
    """The transcripts in which all of ``words`` are found, with the utterances that have them.

    Personal numbers are not found: the text without them is what is looked through.

    Raises:
        BadCursor: ``cursor`` is not one of ours.
    """
    before = None if cursor is None else cursors.read(cursor, str)[1]
    wanted = search.match(dialect_of(session), "transcript_search", words)
    if wanted is None:
        return HitPage((), None)
    numbers = await _numbers(session, *wanted, before, limit + 1)
    shown = numbers[:limit]
    items = [await _hit(session, number, words) for number in shown]
    more = len(numbers) > limit
    return HitPage(
        tuple(item for item in items if item is not None),
        cursors.write("", shown[-1]) if more else None,
    )


# --- words ----------------------------------------------------------------------------------
async def _numbers(
    session: AsyncSession, found: str, grams: str, before: int | None, most: int
) -> list[int]:
    """The transcripts with the words, the latest first; a long one is found by one of its parts."""
    key = "rowid" if dialect_of(session) == "sqlite" else "number"
    query = text(
        f"SELECT {key} FROM transcript_search WHERE {found} AND {key} < :last"  # noqa: S608
        f" ORDER BY {key} DESC LIMIT :most"
    )
    numbers: dict[int, None] = {}
    last = _LAST if before is None else before * _PARTS
    while len(numbers) < most:
        values = {"grams": grams, "last": last, "most": most}
        rows = (await session.execute(query, values)).scalars().all()
        numbers |= dict.fromkeys(row // _PARTS for row in rows)
        if len(rows) < most:
            break
        last = rows[-1]
    return list(numbers)[:most]


async def _hit(session: AsyncSession, number: int, words: str) -> Hit | None:
    row = (await session.execute(select(TRANSCRIPTS).where(T.id == number))).one_or_none()
    if row is None:
        return None
    runs = search.phrases(words)
    said = [
        each
        for each in await _said(session, S.transcript == number)
        if any(_has(each.masked, run) for run in runs)
    ]
    return Hit(number, row.call_id, Source(row.source), row.made_at, tuple(said[:_SHOWN]))


def _has(value: str, run: tuple[str, ...]) -> bool:
    tokens = search.grams(value).split()
    length = len(run)
    alone = length == 1 and len(run[0]) == 1
    return any(
        tuple(tokens[i : i + length]) == run or (alone and tokens[i].startswith(run[0]))
        for i in range(len(tokens))
    )


async def _index(session: AsyncSession, call_id: str, source: Source) -> None:
    """Have a recording found by its best pass, and by no other."""
    query = select(T.id).where(T.call_id == call_id, T.source == source.value)
    numbers = (await session.execute(query.order_by(T.rank))).scalars().all()
    for number in numbers:
        await session.execute(*_unfind(session, number))
    if not numbers:
        return
    best = numbers[-1]
    said = await _said(session, S.transcript == best)
    parts = list(_parts(each.masked for each in said))[:_PARTS]
    found_by = [(str(best * _PARTS + place), part) for place, part in enumerate(parts)]
    if found_by:  # something was said
        await search.add(session, found_by, "transcript_search")


def _parts(lines: Iterable[str]) -> Iterable[str]:
    part = ""
    for line in lines:
        if part and len(part) + len(line) > _PART_CHARACTERS:
            yield part
            part = ""
        part += f"{line}\n"
    if part.strip():
        yield part


async def _forget(session: AsyncSession, number: int) -> None:
    await session.execute(*_unfind(session, number))
    await session.execute(delete(SEGMENTS).where(S.transcript == number))
    await session.execute(delete(TRANSCRIPTS).where(T.id == number))


def _unfind(session: AsyncSession, number: int) -> tuple[TextClause, dict[str, int]]:
    key = "rowid" if dialect_of(session) == "sqlite" else "number"
    statement = f"DELETE FROM transcript_search WHERE {key} >= :first AND {key} < :after"  # noqa: S608
    return text(statement), {"first": number * _PARTS, "after": (number + 1) * _PARTS}


# --- rows -----------------------------------------------------------------------------------
async def _said(session: AsyncSession, condition: Any) -> tuple[Utterance, ...]:
    rows = await session.execute(select(SEGMENTS).where(condition).order_by(S.seq))
    return tuple(_utterance(row) for row in rows)


def _row(number: int, seq: int, said: Utterance) -> dict[str, Any]:
    return {
        "transcript": number,
        "seq": seq,
        "speaker": said.speaker,
        "start": said.start,
        "end": said.end,
        "text": said.text,
        "masked": said.masked,
        "confidence": said.confidence,
        "words": [[word.text, round(word.start, 3), round(word.end, 3)] for word in said.words],
        "hidden": [asdict(item) for item in said.hidden],
    }


def _utterance(row: Row[Any]) -> Utterance:
    return Utterance(
        row.speaker,
        row.start,
        row.end,
        row.text,
        row.masked,
        row.confidence,
        tuple(Word(*word) for word in row.words),
        tuple(Hidden(**item) for item in row.hidden),
    )


def _transcript(row: Row[Any], said: tuple[Utterance, ...]) -> Transcript:
    return Transcript(
        row.id, row.call_id, Source(row.source), row.engine, row.language, row.made_at, said
    )
