"""Text as the words that a model may know: no numbers, no names, nothing that tells who it was."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rjieba

_NUMERAL = "零〇一二三四五六七八九十百千万亿两幺俩仨廿"
# What is taken out before a text is parted into words.
_PRIVATE = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),  # mail addresses
    re.compile(r"(?:https?://|www\.)\S+"),
    re.compile(r"\d[\dxX\s-]{2,}"),  # telephone, identity card, bank card
    re.compile(rf"[{_NUMERAL}]{{4,}}"),  # the same, spoken
    re.compile(
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·\s]?\w{5,6}"
    ),
    re.compile(r"(?:我叫|名叫|名字叫|名字是|姓名是?|联系人是?|本人)[:：]?[\u4e00-\u9fff·]{2,4}"),
    re.compile(r"[\u4e00-\u9fff](?:先生|女士|小姐|师傅|某某|某)"),
)
_NAMES = frozenset({"nr", "nrfg", "nrt"})
_NUMBERS = frozenset({"m", "mq"})
_SHORT = 2
_NOT = frozenset("不没无未乱")
_HANGUL = re.compile(r"[\uac00-\ud7a3]+")
_WORD = re.compile(r"[^\W\d_]{2,12}")
# Said of any matter: they tell nothing.
_COMMON_WORDS = (
    "来电 来电人 市民 反映 希望 请问 您好 你好 我们 你们 他们 这个 那个 就是 还是 还有 已经 现在 "
    "一个 一下 没有 什么 怎么 可以 因为 所以 但是 如果 以后 以前 时候 左右 附近 有关 相关 部门 "
    "有人 进行 情况 问题 一直 非常 比较 谢谢 电话"
)
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, with its place there (characters from the start)."""

    text: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of ``text`` that tell what it is about, in order.

    Numbers, names of persons, addresses of mail and the like are left out; so are words of one
    character. Whatever is written wide is taken for narrow.
    """
    narrow = _narrow(text)
    found: list[Word] = []
    place, before = 0, ""
    # unknown words are guessed for names only: a guess goes wrong too often
    for word, tag in _segmenter().tag(_nameless(_blanked(narrow)), False):
        start, place = place, place + len(word)
        if 1 in {len(before), len(word)} and _known(before[-1:] + word[0]):
            found.append(Word(before[-1] + word[0], start - 1, start + 1))
        before = word
        if tag in _NAMES or tag in _NUMBERS or word in _COMMON:
            continue
        if _WORD.fullmatch(word) and not set(word) <= set(_NUMERAL) and not _HANGUL.search(word):
            found.append(Word(word.casefold(), start, place))
            found += _within(word, start)
    for match in _HANGUL.finditer(narrow):  # Korean has spaces
        if len(match[0]) > 1:
            found.append(Word(match[0][:12], match.start(), match.end()))
    return found


def _within(word: str, start: int) -> Iterator[Word]:
    """The words of two characters within a longer one: 暖气 in 暖气片."""
    for place in range(len(word) - 1 if len(word) > _SHORT else 0):
        pair = word[place : place + _SHORT]
        if _known(pair):
            yield Word(pair, start + place, start + place + _SHORT)


def _known(pair: str) -> bool:
    """Whether two characters are a word, or deny something: 不亮, 没水."""
    if len(pair) < _SHORT or not all("\u4e00" <= each <= "\u9fff" for each in pair):
        return False
    denies = pair[0] in _NOT and pair[1] not in _NUMERAL
    return (denies or _segmenter().has_word(pair)) and pair not in _COMMON


def without(text: str, *private: str) -> str:
    """``text`` without what is known to be the citizen's own: name, telephone, mail address."""
    for each in private:
        if len(each.strip()) > 1:
            text = text.replace(each.strip(), "。")
    return text


def _narrow(text: str) -> str:
    """Each character in its usual width, so that places in the text stay what they were."""
    return "".join(
        folded if len(folded := unicodedata.normalize("NFKC", character)) == 1 else character
        for character in text
    )


def _blanked(text: str) -> str:
    for pattern in _PRIVATE:
        text = pattern.sub(lambda match: "。" * len(match[0]), text)
    return text


def _nameless(text: str) -> str:
    return "".join(
        "。" * len(word) if tag in _NAMES else word for word, tag in _segmenter().tag(text)
    )


@cache
def _segmenter() -> rjieba.Jieba:
    import rjieba  # its dictionary comes with it

    return rjieba.Jieba()
