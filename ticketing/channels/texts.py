"""What citizens are told, in their language: the one file of these texts (M1, W5, W6).

A text names only what its own matter holds; ``{text}`` and ``{reason}`` are written by people and
lose what looks like somebody's identity card, bank card or mobile number (`scrubbed`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

DEFAULT_LANGUAGE = "zh"
FIELDS = frozenset({"number", "unit", "text", "reason", "due"})
FREE = frozenset({"text", "reason"})  # written by people


class Notice(StrEnum):
    """What a citizen may be told."""

    RECEIVED = "received"
    DECLINED = "declined"  # I2
    EXTENDED = "extended"  # W5
    ANSWERED = "answered"  # W6


@dataclass(frozen=True, slots=True)
class Words:
    """A notice in one language. ``short`` is a text message, and the first lines of a mail."""

    subject: str
    short: str


TEXTS: Mapping[Notice, Mapping[str, Words]] = {
    Notice.RECEIVED: {
        "zh": Words(
            "您反映的事项已受理（{number}）",
            "【12345】您反映的事项已受理，工单号{number}。凭工单号和来电号码可拨打12345查询办理进度。",
        ),
        "ko": Words(
            "접수되었습니다 ({number})",
            "[12345] 귀하의 민원이 접수되었습니다. 접수번호 {number}. 진행 상황은 12345로 "
            "문의하십시오.",
        ),
        "en": Words(
            "Your matter has been received ({number})",
            "[12345] We have received your matter. Its number is {number}. "
            "Call 12345 to ask how it goes.",
        ),
    },
    Notice.DECLINED: {
        "zh": Words(
            "关于您反映事项的答复（{number}）",
            "【12345】您反映的事项（{number}）不属于12345受理范围：{reason}",
        ),
        "ko": Words(
            "민원 안내 ({number})",
            "[12345] 귀하의 민원({number})은 12345 접수 범위에 해당하지 않습니다: {reason}",
        ),
        "en": Words(
            "About your matter ({number})",
            "[12345] Your matter ({number}) is not one that 12345 can take: {reason}",
        ),
    },
    Notice.EXTENDED: {
        "zh": Words(
            "您反映事项的办理期限已延长（{number}）",
            "【12345】您反映的事项（{number}）办理期限延长至{due}，原因：{reason}",
        ),
        "ko": Words(
            "처리 기한 연장 안내 ({number})",
            "[12345] 귀하의 민원({number}) 처리 기한이 {due}까지 연장되었습니다. 사유: {reason}",
        ),
        "en": Words(
            "Your matter takes longer ({number})",
            "[12345] Your matter ({number}) will be handled by {due}. The reason: {reason}",
        ),
    },
    Notice.ANSWERED: {
        "zh": Words(
            "您反映事项的办理结果（{number}）",
            "【12345】您反映的事项（{number}）由{unit}办理，结果：{text}",
        ),
        "ko": Words(
            "민원 처리 결과 ({number})",
            "[12345] 귀하의 민원({number})을 {unit}에서 처리하였습니다. 결과: {text}",
        ),
        "en": Words(
            "The result of your matter ({number})",
            "[12345] Your matter ({number}) was handled by {unit}. The result: {text}",
        ),
    },
}
FOOTER: Mapping[str, str] = {
    "zh": "此邮件由12345热线系统发出。如仍有问题，请直接回复本邮件或拨打12345。",
    "ko": "이 메일은 12345 핫라인에서 발송되었습니다. 문의 사항은 이 메일에 회신하거나 "
    "12345로 전화하십시오.",
    "en": "This mail was sent by the 12345 hotline. Answer it, or call 12345, if you have more "
    "to ask.",
}

_CARD = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15,16}|[0-9]{18,19})(?![0-9])")
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]([ -]?)[0-9]{4}\1[0-9]{4}(?![0-9])")


def words(notice: Notice, language: str) -> Words:
    """The notice in ``language``, or in Chinese where it has none in it."""
    given = TEXTS[notice]
    return given.get(language, given[DEFAULT_LANGUAGE])


def footer(language: str) -> str:
    """What stands at the end of a mail."""
    return FOOTER.get(language, FOOTER[DEFAULT_LANGUAGE])


def needs(notice: Notice) -> frozenset[str]:
    """The fields that the notice names, the same in each language."""
    shown = words(notice, DEFAULT_LANGUAGE)
    named = Formatter().parse(shown.subject + shown.short)
    return frozenset(name for _, name, _, _ in named if name)


def scrubbed(text: str, keep: str = "") -> str:
    """``text`` with card numbers and mobile numbers masked, but for ``keep``, the reader's own."""

    def hidden(found: re.Match[str]) -> str:
        number = found.group()
        digits = "".join(c for c in number if c.isalnum())
        return number if digits == keep else f"{number[:3]}****{number[-4:]}"

    return _MOBILE.sub(hidden, _CARD.sub(hidden, text))
