"""Made-up dialogues of which it is known what is personal in them; one seed, the same ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from speech.redaction import Kind, id_card_check, luhn

PUBLIC = frozenset({"04338155772", "8155772", "8182111"})
_HAN = "零一二三四五六七八九"
_HANGUL = "공일이삼사오육칠팔구"
_AREAS = ("0433", "0715", "010", "0451")
_REGIONS = ("222401", "222404", "421202", "110105", "230102", "330106")
_ISSUERS = ("622202", "621700", "436742", "955880", "356833", "524094")


@dataclass(frozen=True, slots=True)
class Said:
    """One segment of a speaker, with the personal stretches in it."""

    speaker: str
    start: float
    end: float
    text: str
    personal: tuple[tuple[Kind, int, int], ...] = ()


@dataclass
class Dialogue:
    """What was said; ``numbers`` counts the personal numbers, also those in several segments."""

    language: str
    segments: list[Said] = field(default_factory=list)
    numbers: int = 0


def dialogues(count: int, seed: int = 12345) -> Iterator[Dialogue]:
    """``count`` dialogues, every eighth Korean."""
    random = Random(seed)
    for index in range(count):
        yield _Writer(random, "ko" if index % 8 == 7 else "zh").write()


# --- numbers --------------------------------------------------------------------------------
def id_card(random: Random) -> str:
    """An ID card's number, its checksum right."""
    born = date(1940, 1, 1) + timedelta(days=random.randrange(75 * 365))
    first = f"{random.choice(_REGIONS)}{born:%Y%m%d}{random.randrange(1000):03d}"
    return first + id_card_check(first)


def bank_card(random: Random) -> str:
    """A bank card's number, its checksum right."""
    length = random.choice((16, 19, 19))
    digits = random.choice(_ISSUERS)
    digits += "".join(str(random.randrange(10)) for _ in range(length - len(digits) - 1))
    return next(digits + str(last) for last in range(10) if luhn(f"{digits}{last}"))


def mobile(random: Random) -> str:
    """A mobile's number."""
    return f"1{random.randrange(3, 10)}{random.randrange(10**9):09d}"


def landline(random: Random) -> str:
    """A landline's number with its area code."""
    area = random.choice(_AREAS)
    return (
        f"{area}{random.randrange(2, 9)}{random.randrange(10 ** (7 if area == '010' else 6)):06d}"
    )


_KINDS: dict[Kind, tuple[Callable[[Random], str], ...]] = {
    Kind.ID_CARD: (id_card,),
    Kind.BANK_CARD: (bank_card,),
    Kind.PHONE: (mobile, mobile, landline),
}


# --- ways of writing and saying -------------------------------------------------------------
def _groups(random: Random, number: str) -> list[str]:
    found, place = [], 0
    while place < len(number):
        step = random.choice((3, 4, 4, 4, 6))
        found.append(number[place : place + step])
        place += step
    if len(found) > 1 and len(found[-1]) == 1:
        last = found.pop()
        found[-1] += last
    return found


def _written(random: Random, number: str) -> str:
    return random.choice(("", "", " ", "-")).join(_groups(random, number))


def _spoken(random: Random, number: str) -> str:
    """In hanzi, with what people do to digits: 幺, 双八, 三个零."""
    said, place = "", 0
    while place < len(number):
        digit = number[place]
        same = len(number[place:]) - len(number[place:].lstrip(digit))
        if digit == "X":
            said += random.choice(("X", "x", "叉", "艾克斯"))
        elif same >= 3 and random.random() < 0.4:
            said += f"{_HAN[same] if same < 10 else ''}个{_one(random, digit)}"
            place += same - 1
        elif same == 2 and random.random() < 0.2:
            said += f"双{_one(random, digit)}"
            place += 1
        else:
            said += _one(random, digit)
        place += 1
    return said


def _one(random: Random, digit: str) -> str:
    return "幺" if digit == "1" and random.random() < 0.5 else _HAN[int(digit)]


def _hangul(number: str) -> str:
    return "".join("엑스" if c == "X" else _HANGUL[int(c)] for c in number)


# --- dialogues ------------------------------------------------------------------------------
_ASKS = {
    Kind.ID_CARD: ("请说一下您的身份证号码。", "证件号是多少？"),
    Kind.BANK_CARD: ("退款退到哪张卡？请报一下银行卡号。", "请问卡号是多少？"),
    Kind.PHONE: ("请留一个联系电话。", "您的手机号是多少？", "怎么跟您联系？"),
}
_LEADS = {
    Kind.ID_CARD: ("身份证号是", "我身份证", "好，", ""),
    Kind.BANK_CARD: ("卡号是", "工商银行的，", "", "记一下啊，"),
    Kind.PHONE: ("我电话", "打我手机吧，", "", "嗯，", "我姓王，"),
}
_TAILS = ("。", "，对。", "，您记下了吗？", "，谢谢。", "")
_FILLERS = ("，", "，嗯，", " ", "、", "，然后", "，呃，", "，后面是")
_KOREAN_LEADS = {
    Kind.ID_CARD: ("신분증 번호는 ", "네, "),
    Kind.BANK_CARD: ("카드 번호는 ", ""),
    Kind.PHONE: ("제 전화번호는 ", "핸드폰은 ", ""),
}
_SMALL_TALK = (
    ("citizen", "小区三号楼二单元的路灯坏了三天了，一到晚上八点就看不见路。"),
    ("citizen", "我家住五零三，水费一个月交了二百三十六块五，以前才八十多。"),
    ("agent", "您好，8001号话务员为您服务，请问有什么可以帮您？"),
    ("citizen", "12路公交车从2026年1月5日起改了线，等了四十五分钟都没来。"),
    ("agent", "这件事三个工作日内答复，工单编号是202611220000158。"),
    ("agent", "工单号二零二六一一二二零零零零三四七，您可以拨打12345查询。"),
    ("agent", "供电公司的电话是0433-8155772，水务是8182111。"),
    ("citizen", "上午十点二十到的，十一点半还没办完，前面排了一百二十三个人。"),
    ("citizen", "电表读数是00238157，上个月是00237702，差了455度。"),
    ("citizen", "营业执照统一社会信用代码是91222401MA0Y4X2K7H。"),
    ("agent", "补贴标准是每平方米3500元，最高不超过28000元，2025年12月31日截止。"),
    ("citizen", "快递单号773150928846215，一个星期了没有消息。"),
    ("citizen", "一共买了二三百斤，五六个人一起，七八天了。"),
    ("citizen", "我是6栋1204的，物业4月1日到6月30日的收费单上写的是1866.50元。"),
    ("agent", "请问您是12月13日14点15分打的电话吗？"),
)
_KOREAN_TALK = (
    ("citizen", "이 일은 사십오 분이나 기다렸는데 아직 연락이 없어요."),
    ("agent", "네, 접수번호는 202611220000158입니다. 삼 일 안에 답변드립니다."),
    ("citizen", "오월 이십일일부터 물이 안 나와요. 삼백이십사 호예요."),
    ("agent", "시민 상담 전화는 12345번입니다."),
)


class _Writer:
    """Writes one dialogue."""

    def __init__(self, random: Random, language: str) -> None:
        self._random, self._at = random, 0.0
        self._dialogue = Dialogue(language)

    def write(self) -> Dialogue:
        random = self._random
        talk = _SMALL_TALK if self._dialogue.language == "zh" else _KOREAN_TALK
        for _ in range(random.randrange(4, 9)):
            if random.random() < 0.4:
                self._give(random.choice(tuple(Kind)))
            else:
                self._say(*random.choice(talk))
        return self._dialogue

    def _say(
        self, speaker: str, text: str, personal: tuple[tuple[Kind, int, int], ...] = ()
    ) -> None:
        length = 0.4 + 0.22 * len(text)
        said = Said(speaker, self._at, self._at + length, text, personal)
        self._dialogue.segments.append(said)
        self._at += length + self._random.uniform(0.2, 1.5)

    def _give(self, kind: Kind) -> None:
        """A personal number is asked for, given in one piece or in several, and read back."""
        random = self._random
        number = random.choice(_KINDS[kind])(random)
        if self._dialogue.language == "ko":
            lead = random.choice(_KOREAN_LEADS[kind])
            joint = random.choice(("", " ", "에 ", "다시 "))
            self._personal("citizen", kind, lead, joint.join(map(_hangul, _groups(random, number))))
            return
        if random.random() < 0.7:
            self._say("agent", random.choice(_ASKS[kind]))
        self._number(kind, number, "citizen", random.choice(_LEADS[kind]))
        if random.random() < 0.3:
            self._number(kind, number, "agent", random.choice(("我核对一下，", "您的号码是")))

    def _number(self, kind: Kind, number: str, speaker: str, lead: str) -> None:
        random = self._random
        if random.random() < 0.4:
            self._personal(speaker, kind, lead, _written(random, number))
        elif random.random() < 0.6:
            joint = random.choice(_FILLERS)
            pieces = [_spoken(random, piece) for piece in _groups(random, number)]
            self._personal(speaker, kind, lead, joint.join(pieces))
        else:  # in several breaths, the other says 嗯 in between
            self._dialogue.numbers += 1
            other = "agent" if speaker == "citizen" else "citizen"
            for piece in _groups(random, number):
                said = _spoken(random, piece)
                place = (kind, len(lead), len(lead) + len(said))
                self._say(speaker, f"{lead}{said}", (place,))
                lead = ""
                if random.random() < 0.5:
                    self._say(other, random.choice(("嗯。", "好的。", "对。")))

    def _personal(self, speaker: str, kind: Kind, lead: str, said: str) -> None:
        tails = _TAILS if self._dialogue.language == "zh" else ("입니다.", "이에요.", "")
        tail = self._random.choice(tails)
        self._dialogue.numbers += 1
        place = (kind, len(lead), len(lead) + len(said))
        self._say(speaker, re.sub(r"\s+$", "", f"{lead}{said}{tail}"), (place,))
