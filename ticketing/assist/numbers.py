"""Numbers as people say them → digits: 两千五百块 is 2500块, 幺三八零零… is 13800…

Only what surely is a number is taken for one: it stands before a measure, or is a row of digits.
万达广场 and 一下 stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_DIGITS = "零〇一二三四五六七八九"
_READ = str.maketrans("零〇幺一二两三四五六七八九", "0011223456789")
_WHOLE = rf"(?:[{_DIGITS}两十百千万亿廿卅]+(?:点[{_DIGITS}]+)?|俩|仨)"
_MEASURES = (
    "平方米|平方|立方米|立方|平米|公里|千米|毫米|厘米|公斤|千克|摄氏度|百分点|号楼|单元|楼层|人次|"
    "万元|亿元|个月|个人|个小时|小时|分钟|秒钟|星期|礼拜|年级|"
    "元|块|毛|角|米|吨|斤|克|亩|度|层|楼|栋|幢|号|室|户|家|人|口|名|辆|台|盏|棵|株|根|只|头|"
    "天|周|月|年|岁|次|遍|回|趟|件|张|份|条|处|间|套|袋|箱|瓶|路|级|倍|折|瓦|升|顿|场|位|个"
)
_BEFORE_MEASURE = re.compile(rf"({_WHOLE})([多余来]?)(?=(?:{_MEASURES}))")
_ROW = re.compile(r"[零〇幺一二三四五六七八九]{3,}")
_PERCENT = re.compile(rf"百分之({_WHOLE})")
# 一 before these is no number that matters: 一次, 一个, 一家
_COUNTED_ONE = re.compile(r"号楼|单元|楼|层|栋|幢|号|室|元|块|年级")
_SPOKEN = {"俩": "2", "仨": "3"}


class What(StrEnum):
    """What a fact is."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something said, and what it means in digits.

    Attributes:
        start, end: its place in the text, characters from the beginning.
    """

    said: str
    means: str
    what: What
    start: int
    end: int


def value(said: str) -> str | None:
    """The digits of a number in Chinese numerals; None when it is none.

    ``二零二六`` is read digit by digit, ``两百五`` as people mean it: 250.
    """
    if said in _SPOKEN:
        return _SPOKEN[said]
    plain = said.replace("卅", "三十").replace("廿", "二十")
    import cn2an  # it takes a third of a second to come

    try:
        number = cn2an.cn2an(plain, "smart")
    except (ValueError, KeyError):  # what it cannot read, it fails on in two ways
        return None
    return f"{number:g}" if isinstance(number, float) else str(number)


def numbers(text: str) -> tuple[Fact, ...]:
    """The numbers that are said in ``text``, in order; what is in digits already is left out."""
    found: list[Fact] = []
    for fact in sorted(_all(text), key=lambda each: (each.start, -each.end)):
        if not found or fact.start >= found[-1].end:
            found.append(fact)
    return tuple(found)


def _all(text: str) -> Iterator[Fact]:
    for match in _PERCENT.finditer(text):
        means = value(match[1])
        if means is not None:
            yield Fact(match[0], f"{means}%", What.NUMBER, match.start(), match.end())
    for match in _ROW.finditer(text):
        yield Fact(match[0], match[0].translate(_READ), What.NUMBER, match.start(), match.end())
    for match in _BEFORE_MEASURE.finditer(text):
        if match[1] == "一" and not _COUNTED_ONE.match(text, match.end()):
            continue
        means = value(match[1])
        if means is not None:
            yield Fact(match[0], means + match[2], What.NUMBER, match.start(), match.end())
