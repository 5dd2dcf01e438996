"""Questions without an article (K2): gathered as they come, counted, grouped by likeness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ticketing.domain.similarity import bigrams, likeness, normalised


@dataclass(frozen=True, slots=True)
class Question:
    """A consultation that came.

    Attributes:
        id: of the order or call it came with.
        at: aware.
        article: that answered it; empty when none did.
    """

    id: str
    text: str
    at: datetime
    category: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions alike that no article answers.

    Attributes:
        text: as it was asked most often.
        questions: ids, oldest first.
        category: most of them are of it.
    """

    text: str
    count: int
    questions: tuple[str, ...]
    category: str
    last: datetime


def gaps(
    questions: Iterable[Question],
    *,
    since: datetime,
    until: datetime,
    threshold: float = 0.5,
) -> tuple[Gap, ...]:
    """The questions from ``since`` to before ``until`` that no article answered (K2).

    Each question joins the first group whose first question is like it, so the same questions
    give the same groups, in whatever order they are given.

    Args:
        threshold: how alike two questions of a group are at least, 0 to 1.

    Returns:
        the groups, the largest first.
    """
    open_ = [q for q in questions if not q.article and since <= q.at < until]
    open_.sort(key=lambda q: (q.at, q.id))
    groups: list[list[Question]] = []
    heads: list[frozenset[str]] = []
    by_text: dict[str, int] = {}
    by_pair: dict[str, list[int]] = {}
    for question in open_:
        text = normalised(question.text)
        if not text:
            continue
        place = by_text.get(text)
        if place is None:
            pairs = bigrams(text)
            near = sorted({group for pair in pairs for group in by_pair.get(pair, ())})
            place = next((g for g in near if likeness(pairs, heads[g]) >= threshold), None)
            if place is None:
                place = len(groups)
                groups.append([])
                heads.append(pairs)
                for pair in pairs:
                    by_pair.setdefault(pair, []).append(place)
            by_text[text] = place
        groups[place].append(question)
    found = [_gap(group) for group in groups]
    return tuple(sorted(found, key=lambda gap: (-gap.count, -gap.last.timestamp(), gap.text)))


def _gap(group: list[Question]) -> Gap:
    texts = Counter(question.text.strip() for question in group)
    categories = Counter(question.category for question in group)
    return Gap(
        text=texts.most_common(1)[0][0],
        count=len(group),
        questions=tuple(question.id for question in group),
        category=categories.most_common(1)[0][0],
        last=group[-1].at,
    )
