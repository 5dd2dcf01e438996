"""Words that a matter must not be overlooked for: what they may mean, and what is to be done (A1).

They are the pack's; finding them is all that is done here. A word that is found may be harmless
("没有人自杀"): a person looks, and a false alarm costs a look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from ticketing.domain.wording import BadSetting, Text


@dataclass(frozen=True, slots=True)
class SensitiveWords:
    """One kind of sensitive matters.

    Attributes:
        kind: its name for people, such as 群体性事件.
        words: any of them tells of it.
        advice: what the agent does, in Chinese.
    """

    kind: str
    words: tuple[str, ...]
    advice: str = ""

    def __post_init__(self) -> None:
        if not self.kind.strip() or not self.words or any(not w.strip() for w in self.words):
            raise BadSetting(
                "words",
                Text("敏感词类别要有名称和至少一个词", "a kind needs a name and a word"),
                Text("写 kind 和 words: [词, 词]", "write a kind, and words: [word, word]"),
            )


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A kind that was found.

    Attributes:
        words: those found, in the order of the text, each once.
        start: where the first of them stands, characters from the beginning.
    """

    kind: str
    words: tuple[str, ...]
    start: int
    advice: str


def sensitive(text: str, kinds: Iterable[SensitiveWords]) -> tuple[Sensitive, ...]:
    """The kinds whose words are in ``text``, in the order of ``kinds``."""
    found = []
    for each in kinds:
        matches = list(_pattern(each.words).finditer(text))
        if matches:
            said = tuple(dict.fromkeys(match[0] for match in matches))
            found.append(Sensitive(each.kind, said, matches[0].start(), each.advice))
    return tuple(found)


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
