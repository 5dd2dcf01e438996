"""A draft of an order's title and text, drawn from what the citizen said.

Nothing is made up: each sentence of the draft is one that was said, less its fillers, with days,
hours and numbers written in digits. Each tells where it stands in what was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from ticketing.assist.dates import days, hours
from ticketing.assist.numbers import Fact, What, numbers

TITLE = 30
"""The longest title, in characters."""
_LONGEST = 600  # characters of a draft's text
_SENTENCES = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]?")
_FILLERS = re.compile(
    r"(?:^|(?<=[，,。！？\s]))(?:喂+|哎+|唉+|嗯+|呃+|啊+|哦+|那个+|这个嘛|就是说|怎么说呢|你知道吧|"
    r"是这样的?|我跟你说|我想问一下|我想反映一下|我要反映一下|麻烦你|麻烦您|不好意思|"
    r"[你您]好|同志|对对?对?|是吧|话务员)+[，,。！？\s]*"
)
_TAIL = re.compile(r"(?:啊|呢|嘛|呀|哈|吧)+(?=[，,。！？]|$)")
_EMPTY = re.compile(r"(?:好的?|谢谢[你您]?|再见|没有了|不客气|行|[，,。！？；\s])*")
_DEMAND = re.compile(
    "希望|要求|请|建议|盼|想问|咨询|怎么办|能不能|可不可以|什么时候|尽快|查处|解决"
)
_PLACE = re.compile(r"[路街道巷镇乡村区县市]|小区|花园|大厦|广场|学校|医院|号楼")
_LEAD = re.compile(
    r"^(?:市民|来电人|诉求人|本人|我们?|我家|群众)?(?:来电)?(?:反映|投诉|称|咨询|举报|说|想)?[，,：:]?"
)
_ABSOLUTE = re.compile(r"^[\d零〇一二三四五六七八九十]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the draft, and where it stands in what was said (characters)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What an order may be called and say; a person changes it as they like.

    Attributes:
        facts: the days, hours and numbers in what was said, with their meaning.
    """

    title: str
    content: str
    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]


def draft(said: str, today: date, weights: Mapping[str, float] | None = None) -> Draft:
    """A draft from what a citizen said.

    Args:
        today: the local day of the call.
        weights: of words; sentences with weighty ones are kept before others.
    """
    known = weights or {}
    facts = found(said, today)
    kept = _chosen(list(_spoken(said)), known)
    sentences = tuple(_written(each, facts) for each in kept)
    content = "".join(each.text for each in sentences)
    return Draft(_title(kept, facts, known), content, sentences, facts)


def found(said: str, today: date) -> tuple[Fact, ...]:
    """The days, hours and numbers that are said, in order; where two overlap, the longer one."""
    every = [*days(said, today), *hours(said), *numbers(said)]
    every.sort(key=lambda each: (each.start, each.start - each.end))
    kept: list[Fact] = []
    for fact in every:
        if not kept or fact.start >= kept[-1].end:
            kept.append(fact)
    return tuple(kept)


def _spoken(said: str) -> Iterator[Sentence]:
    for match in _SENTENCES.finditer(said):
        if not _EMPTY.fullmatch(_plain(match[0])):
            yield Sentence(match[0], match.start(), match.end())


def _plain(sentence: str) -> str:
    """A sentence without what people say while they think."""
    return _TAIL.sub("", _FILLERS.sub("", sentence.strip())).strip()


def _chosen(sentences: list[Sentence], weights: Mapping[str, float]) -> list[Sentence]:
    """All of a short text; of a long one the sentences that say most, in their order."""
    ranked = sorted(sentences, key=lambda each: (-_says(each.text, weights), each.start))
    room = _LONGEST
    kept: list[Sentence] = []
    for each in ranked:
        if len(each.text) <= room or not kept:
            kept.append(each)
            room -= len(each.text)
    return sorted(kept, key=lambda each: each.start)


def _says(sentence: str, weights: Mapping[str, float]) -> float:
    heard = sum(weight for word, weight in weights.items() if word in sentence)
    asks = 4.0 if _DEMAND.search(sentence) else 0.0
    where = 2.0 if _PLACE.search(sentence) else 0.0
    return heard + asks + where


def _written(sentence: Sentence, facts: tuple[Fact, ...]) -> Sentence:
    """A sentence with its facts in digits; what is told from the day of the call is kept beside."""
    text = _plain(_with(sentence, facts, _in_digits))
    ended = text if text.endswith(tuple("。！？!?；;")) else f"{text}。"
    return Sentence(ended, sentence.start, sentence.end)


def _with(sentence: Sentence, facts: tuple[Fact, ...], written: Callable[[Fact], str]) -> str:
    text, place = "", sentence.start
    for fact in facts:
        if place <= fact.start and fact.end <= sentence.end:
            before = sentence.text[place - sentence.start : fact.start - sentence.start]
            text += before + written(fact)
            place = fact.end
    return text + sentence.text[place - sentence.start :]


def _plain_digits(fact: Fact) -> str:
    return fact.means if fact.what is What.NUMBER else fact.said


def _in_digits(fact: Fact) -> str:
    if fact.what is What.DATE and fact.said != fact.means and not _ABSOLUTE.match(fact.said):
        return f"{fact.said}（{fact.means}）"
    if fact.what is What.DATE and fact.said.endswith("前"):
        return f"{fact.said}（{fact.means}）"
    return fact.means


def _title(sentences: list[Sentence], facts: tuple[Fact, ...], weights: Mapping[str, float]) -> str:
    """The clause that says most, cut to its length."""
    clauses = [
        _LEAD.sub("", part.strip(), count=1)
        for each in sentences
        for part in re.split(r"[，,。！？!?；;：:\n]", _plain(_with(each, facts, _plain_digits)))
    ]
    clauses = [clause for clause in clauses if len(clause) > 1]
    if not clauses:
        return ""

    def said(clause: str) -> float:
        heard = sum(weight for word, weight in weights.items() if word in clause)
        asks = 3.0 if _DEMAND.search(clause) else 0.0
        return heard - asks + (1.0 if _PLACE.search(clause) else 0.0)

    best = max(range(len(clauses)), key=lambda place: (said(clauses[place]), -place))
    return clauses[best][:TITLE]
