"""Pure: personal numbers in what was said, written or spoken: ID cards, telephones, bank cards.

A number is looked for in the digits of one speaker, whatever they are written or spoken with, over
pauses, fillers and the ends of segments: ``138 0013 8000``, ``一三八，嗯，零零幺三…``, ``双八``,
``三个零``, ``일삼팔 공공…``. An ID card is known by its region, its birthday and its checksum
(GB 11643), a bank card by its issuer's digit, its length and its checksum (Luhn). After a word
such as 身份证 or 卡号 a number of about the right length is hidden with a wrong checksum too:
somebody, or the recogniser, may have got one digit wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

NEXT, BREAK = "\n", "\0"  # between segments: the number may go on, or may not
LONGEST_PAUSE = 10.0  # seconds between two pieces of one number


class Kind(StrEnum):
    """What a number is."""

    ID_CARD = "id_card"
    PHONE = "phone"
    BANK_CARD = "bank_card"


@dataclass(frozen=True, slots=True)
class Found:
    """A personal number in a text: characters ``start`` to ``end``."""

    kind: Kind
    start: int
    end: int


MASKS = {
    "zh": {
        Kind.ID_CARD: "〔身份证号〕",
        Kind.PHONE: "〔电话号码〕",
        Kind.BANK_CARD: "〔银行卡号〕",
    },
    "ko": {
        Kind.ID_CARD: "〔신분증 번호〕",
        Kind.PHONE: "〔전화번호〕",
        Kind.BANK_CARD: "〔카드 번호〕",
    },
}

_SPOKEN = {
    **dict(zip("〇零一二三四五六七八九", "00123456789", strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖", "123456789", strict=True)),
    **dict.fromkeys("幺妖夭吆腰", "1"),
    **dict(zip("两洞拐勾", "2079", strict=True)),
    **dict(zip("영공일이삼사오육륙칠팔구", "001234566789", strict=True)),
    **dict(
        zip(
            ("하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉"),
            "123456789",
            strict=True,
        )
    ),
}
_HAN = "零〇一二三四五六七八九幺两"
_WORDS = r"(?!一[下共起直样些般定会家切边旦律]|이(?:에요|예요|[요고라네며죠지야]))"  # no digits
_TOKEN = re.compile(
    _WORDS + r"(?:(?P<written>[0-9０-９])"
    r"|(?P<crossed>[xXＸ叉]|艾克斯|엑스)"
    rf"|(?:(?P<double>双)|(?P<times>[两二三四五六七八九])个)(?P<repeated>[{_HAN}0-9])"
    r"|(?P<tens>[二三四五六七八九]?十[一二三四五六七八九]?|一十[一二三四五六七八九]?)"
    rf"|(?P<spoken>{'|'.join(sorted(_SPOKEN, key=len, reverse=True))})"
    r"|(?P<filler>[\s,，.。、;；:：\-–—_~·/()（）+]"
    r"|那个|然后|后面是?|接着|再来|是的|对的|没错|[嗯啊呃哦噢诶欸哎唔额呢吧嘛杠对]"
    r"|에서|다시|하고|[에음어그네]))"
)
_COUNTS = {"双": 2, "两": 2, "二": 2, **dict(zip("三四五六七八九", range(3, 10), strict=True))}
_TENS = dict(zip("一二三四五六七八九", "123456789", strict=True))

_FIRST_TWO = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
_PROVINCES = frozenset(code for a, b in _FIRST_TWO for code in range(a, b + 1)) | {91}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(?:(?:00)?86)?0(?:10|2[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}")
_KOREAN = re.compile(r"01[016789][0-9]{7,8}")
_LOCAL = re.compile(r"[2-8][0-9]{6,7}")
_PHONE_LENGTHS = range(10, 16)
_CARD_LENGTHS = (19, 18, 17, 16)
_ISSUERS = "34569"

_NEAR = 14  # characters before a number in which a word says what it is
_SAYS: tuple[tuple[re.Pattern[str], Kind | None], ...] = (
    (re.compile(r"身份证|证件号|신분증|주민등록"), Kind.ID_CARD),
    (re.compile(r"银行卡|卡号|账号|帐号|账户|储蓄卡|信用卡|은행|계좌|카드"), Kind.BANK_CARD),
    (re.compile(r"手机|电话|座机|联系方式|号码|打给我|휴대폰|핸드폰|전화|연락처"), Kind.PHONE),
    (re.compile(r"工单|受理|编号|订单|运单|单号|접수번호|주문번호"), None),
)
_UNSURE = {Kind.ID_CARD: range(15, 20), Kind.BANK_CARD: range(15, 21), Kind.PHONE: range(10, 13)}


@dataclass(frozen=True, slots=True)
class _Digit:
    """One digit (or the X of an ID card) with the characters that it was read from.

    Attributes:
        apart: something that is no digit stands between it and the one before.
    """

    value: str
    start: int
    end: int
    spoken: bool
    apart: bool


def find(text: str, public: Collection[str] = ()) -> tuple[Found, ...]:
    """The personal numbers in ``text``, in their order; they do not overlap.

    Args:
        public: telephone numbers, as digits, that are nobody's own: those of the city's lines.
    """
    known = frozenset(public)
    found = [item for run in _runs(text) for item in _in_run(text, run, known)]
    return tuple(sorted(found, key=lambda item: item.start))


def find_across(
    texts: Sequence[str], pauses: Sequence[float] = (), public: Collection[str] = ()
) -> list[tuple[Found, ...]]:
    """The personal numbers in one speaker's consecutive segments; a number may go over several.

    Args:
        texts: what was said, segment by segment.
        pauses: seconds between each segment and the next; none by default.

    Returns:
        what is found in each segment; of a number that goes over several, its part in each.
    """
    whole, starts = "", []
    for index, text in enumerate(texts):
        starts.append(len(whole))
        long = index < len(pauses) and pauses[index] > LONGEST_PAUSE
        whole += text.replace(NEXT, " ").replace(BREAK, " ") + (BREAK if long else NEXT)
    parts: list[tuple[Found, ...]] = []
    found = find(whole, public)
    for text, start in zip(texts, starts, strict=True):
        inside = (
            Found(item.kind, max(item.start - start, 0), min(item.end - start, len(text)))
            for item in found
            if item.start < start + len(text) and item.end > start
        )
        parts.append(tuple(item for item in inside if text[item.start : item.end].strip()))
    return parts


def mask(text: str, found: Iterable[Found], language: str = "zh") -> str:
    """``text`` with what kind of number it was in the place of each."""
    masks = MASKS.get(language, MASKS["zh"])
    shown, end = [], 0
    for item in found:
        shown += [text[end : item.start], masks[item.kind]]
        end = item.end
    return "".join([*shown, text[end:]])


def is_id_card(number: str) -> bool:
    """Whether 18 characters are an ID card's number: region, birthday and checksum (GB 11643)."""
    if len(number) != 18 or not number[:17].isdecimal() or int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return 1900 <= born.year <= 2100 and id_card_check(number[:17]) == number[17]


def id_card_check(first: str) -> str:
    """The last character of an ID card whose first 17 digits are ``first`` (GB 11643)."""
    return _CHECKS[sum(int(c) * w for c, w in zip(first, _WEIGHTS, strict=True)) % 11]


def is_bank_card(number: str) -> bool:
    """Whether it may be a bank card's number: 16 to 19 digits, an issuer's first one, Luhn."""
    return (
        number.isdecimal()
        and len(number) in _CARD_LENGTHS
        and number[0] in _ISSUERS
        and len(set(number)) > 1
        and luhn(number)
    )


def luhn(number: str) -> bool:
    """Whether a number's last digit is its checksum (ISO/IEC 7812-1)."""
    doubled = (int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(number)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def is_phone(number: str) -> bool:
    """Whether it is a mobile's number, or a landline's with its area code."""
    return any(kind.fullmatch(number) for kind in (_MOBILE, _LANDLINE, _KOREAN))


# --- digits ---------------------------------------------------------------------------------
def _runs(text: str) -> Iterator[list[_Digit]]:
    """Digits that follow one another with nothing but fillers in between."""
    run: list[_Digit] = []
    place, apart = 0, True
    while place < len(text):
        match = _TOKEN.match(text, place)
        digits = "" if match is None else _value(match, bool(run))
        if match is None or (digits == "" and match["filler"] is None):
            if run:
                yield run
                run = []
            place, apart = place + 1, True
            continue
        spoken = match["written"] is None
        for value in digits:
            run.append(_Digit(value, match.start(), match.end(), spoken, apart))
            apart = False
        apart = apart or match["filler"] is not None
        place = match.end()
    if run:
        yield run


def _value(match: re.Match[str], within: bool) -> str:
    """The digits that a token stands for."""
    if match["written"]:
        return str(int(match["written"]))
    if match["crossed"]:
        return "X" if within else ""
    if match["repeated"]:
        each = _SPOKEN.get(match["repeated"], match["repeated"])
        return each * _COUNTS[match["double"] or match["times"]]
    if match["tens"]:
        before, after = match["tens"].split("十")
        return _TENS.get(before, "1") + _TENS.get(after, "0")
    return _SPOKEN[match["spoken"]] if match["spoken"] else ""


# --- numbers --------------------------------------------------------------------------------
def _in_run(text: str, run: list[_Digit], public: frozenset[str]) -> Iterator[Found]:
    if len(run) < 7:
        return
    values = "".join(digit.value for digit in run)
    context = _context(text, run[0].start)
    taken: list[tuple[int, int, Kind]] = []
    for i in range(len(run) - 17):
        if is_id_card(values[i : i + 18]) and _edges(run, i, i + 18, taken, len(run)):
            taken.append((i, i + 18, Kind.ID_CARD))
    if context is not None or not _is_other(text, run[0].start):
        taken += _matches(run, values, taken, _CARD_LENGTHS, is_bank_card, Kind.BANK_CARD)
        taken += _matches(
            run,
            values,
            taken,
            tuple(reversed(_PHONE_LENGTHS)),
            lambda number: is_phone(number) and number not in public,
            Kind.PHONE,
        )
    if not taken and context is not None:
        taken += _unsure(values, context, public)
    for first, last, kind in taken:
        yield Found(kind, run[first].start, run[last - 1].end)


def _matches(
    run: list[_Digit],
    values: str,
    taken: list[tuple[int, int, Kind]],
    lengths: Sequence[int],
    test: Callable[[str], bool],
    kind: Kind,
) -> list[tuple[int, int, Kind]]:
    found: list[tuple[int, int, Kind]] = []
    for hanging in (0, 1):  # what stands by itself goes before what has a digit hanging on
        for i in range(len(run)):
            for j in (i + length for length in lengths):
                if j > len(run) or not test(values[i:j]):
                    continue
                if _edges(run, i, j, taken + found, hanging):
                    found.append((i, j, kind))
                    break
    return found


def _edges(
    run: list[_Digit], i: int, j: int, taken: list[tuple[int, int, Kind]], hanging: int
) -> bool:
    """Whether a number may lie from ``i`` to ``j``: not in what is taken, not cut out of a longer
    one.

    Args:
        hanging: how many spoken digits may hang on: 一 and 이 are words as well.
    """
    if any(i < last and j > first for first, last, _ in taken):
        return False
    edges = {0, len(run), *(edge for first, last, _ in taken for edge in (first, last))}

    def edge(place: int) -> bool:
        return place in edges or run[place].apart

    def free(digits: list[_Digit], edges_of_them: Iterable[int]) -> bool:
        return all(digit.spoken for digit in digits) and any(map(edge, edges_of_them))

    before, after = max(0, i - hanging), min(len(run), j + hanging)
    begins = edge(i) or free(run[before : i + 1], range(before, i))
    ends = edge(j) or free(run[j - 1 : after], range(j + 1, after + 1))
    return begins and ends


def _unsure(values: str, context: Kind, public: frozenset[str]) -> list[tuple[int, int, Kind]]:
    """A whole run that only the words before it tell of."""
    likely = len(values) in _UNSURE[context]
    if context is Kind.PHONE:
        likely = likely and re.match(r"(?:86)?1[3-9]", values) is not None
        likely = likely or _LOCAL.fullmatch(values) is not None
    return [(0, len(values), context)] if likely and values not in public else []


def _said(text: str, start: int) -> tuple[bool, Kind | None]:
    """What the last telling word before a number says: whether there is one, and the kind."""
    before = text[max(0, start - _NEAR) : start].rpartition(BREAK)[2]
    hits = [(m.start(), kind) for words, kind in _SAYS for m in words.finditer(before)]
    return (True, max(hits, key=lambda hit: hit[0])[1]) if hits else (False, None)


def _context(text: str, start: int) -> Kind | None:
    return _said(text, start)[1]


def _is_other(text: str, start: int) -> bool:
    """Whether the words before a number say that it is an order's, and nobody's own."""
    there, kind = _said(text, start)
    return there and kind is None
