"""The prompts: one catalogue from id to Mandarin and Korean text to sound.

The sounds lie in ``sounds/<language>/hotline/<id>.wav`` (8 kHz) and ``.wav16`` (16 kHz), rendered
once from these texts by ``speech.voice``. What Asterisk's own applications look for
(``digits/2``, ``queue-youarenext``) lies beside them under the names in ``ALIASES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from ivr import soundfile
from ivr.errors import PromptError

FORMATS: Mapping[str, int] = MappingProxyType({"wav": 8000, "wav16": 16000})
"""File extension, as Asterisk knows it, to the sampling rate in Hz it must have."""

SECONDS = (0.1, 30.0)
"""Shortest and longest prompt, in seconds."""

LEVEL = (-32.0, -12.0)
"""Quietest and loudest prompt: mean level of the whole file, in dB of full scale."""


class Language(StrEnum):
    """What the hotline speaks; the value is Asterisk's name of the language."""

    ZH = "zh"
    KO = "ko"


class P(StrEnum):
    """Every prompt there is. The value is also the sound's file name."""

    # Reception
    GREETING = "greeting"
    LANGUAGE_MENU = "language_menu"
    RECORDED_NOTICE = "recorded_notice"
    MAIN_MENU = "main_menu"
    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    TO_AGENT = "to_agent"
    TRANSFERRING = "transferring"
    GOODBYE = "goodbye"
    SYSTEM_TROUBLE = "system_trouble"
    BEEP = "beep"
    # A number that was merged into 12345
    LINE_BEFORE = "line_before"
    LINE_AFTER = "line_after"
    # Progress of a work order
    ASK_ORDER_NUMBER = "ask_order_number"
    ORDER_NUMBER_AFTER = "order_number_after"
    ORDER_NOT_FOUND = "order_not_found"
    ORDER_NOT_FOUND_BEFORE = "order_not_found_before"
    ORDER_NOT_FOUND_AFTER = "order_not_found_after"
    PROGRESS_BEFORE = "progress_before"
    PROGRESS_AFTER = "progress_after"
    PROGRESS_IN_HAND = "progress_in_hand"
    PROGRESS_DISPATCHED = "progress_dispatched"
    PROGRESS_HANDLING = "progress_handling"
    PROGRESS_ANSWERED = "progress_answered"
    PROGRESS_DONE = "progress_done"
    PROGRESS_DECLINED = "progress_declined"
    PROGRESS_WITHDRAWN = "progress_withdrawn"
    PROGRESS_UNAVAILABLE = "progress_unavailable"
    # Message
    MESSAGE_INTRO = "message_intro"
    MESSAGE_SAVED = "message_saved"
    MESSAGE_TOO_SHORT = "message_too_short"
    # Queue
    NO_AGENTS = "no_agents"
    ALL_BUSY = "all_busy"
    POSITION_BEFORE = "position_before"
    POSITION_AFTER = "position_after"
    POSITION_BEYOND = "position_beyond"
    YOU_ARE_NEXT = "you_are_next"
    WAIT_BEFORE = "wait_before"
    WAIT_SHORT = "wait_short"
    MINUTE_AFTER = "minute_after"
    SECOND_AFTER = "second_after"
    THANKS_FOR_WAITING = "thanks_for_waiting"
    QUEUE_HINT = "queue_hint"
    AGENT_AFTER = "agent_after"
    # Survey
    RATE = "rate"
    RATE_THANKS = "rate_thanks"
    # Numbers; ``ivr.numerals`` joins them
    N0 = "n0"
    N1 = "n1"
    N2 = "n2"
    N3 = "n3"
    N4 = "n4"
    N5 = "n5"
    N6 = "n6"
    N7 = "n7"
    N8 = "n8"
    N9 = "n9"
    N10 = "n10"
    N11 = "n11"
    N12 = "n12"
    N13 = "n13"
    N14 = "n14"
    N15 = "n15"
    N16 = "n16"
    N17 = "n17"
    N18 = "n18"
    N19 = "n19"
    N20 = "n20"
    N30 = "n30"
    N40 = "n40"
    N50 = "n50"
    N60 = "n60"
    N70 = "n70"
    N80 = "n80"
    N90 = "n90"
    HUNDRED = "hundred"
    THOUSAND = "thousand"
    MYRIAD = "myriad"
    TWO_OF = "two_of"
    DIGIT_ZERO = "digit_zero"
    DIGIT_ONE = "digit_one"
    POINT = "point"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing the hotline says.

    Attributes:
        id: its name.
        zh: what is said in Mandarin; numbers in hanzi, full-width punctuation (the voice
            reads these best).
        ko: what is said in Korean; numbers in hangul.
        clipped: a piece of a longer utterance: rendered without the pauses around it.
        tone: frequency in Hz of a tone in place of speech; None for speech.
    """

    id: P
    zh: str
    ko: str
    clipped: bool = False
    tone: float | None = None

    def text(self, language: Language) -> str:
        """What is said in ``language``."""
        return self.zh if language is Language.ZH else self.ko


_WHOLE = (
    Prompt(
        P.GREETING,
        "您好，这里是幺二三四五，市民服务热线。",
        "안녕하십니까. 일이삼사오 시민 상담 전화입니다.",
    ),
    Prompt(P.LANGUAGE_MENU, "普通话服务，请按一键。", "한국어 서비스는 이번을 눌러 주십시오."),
    Prompt(
        P.RECORDED_NOTICE,
        "为了保证服务质量，本次通话将被录音。",
        "서비스 품질 향상을 위해 통화 내용이 녹음됩니다.",
    ),
    Prompt(
        P.MAIN_MENU,
        "人工服务，请按一键。查询工单进度，请按二键。留言，请按三键。"
        "转接话务员，请按零键。再听一遍，请按星号键。",
        "상담원 연결은 일번, 민원 처리 상황 조회는 이번, 음성 메시지는 삼번, "
        "상담원 호출은 영번, 다시 들으시려면 별표를 눌러 주십시오.",
    ),
    Prompt(
        P.NO_KEY,
        "没有收到您的按键，请重新选择。",
        "입력이 확인되지 않았습니다. 다시 선택해 주십시오.",
    ),
    Prompt(
        P.WRONG_KEY,
        "您的按键有误，请重新选择。",
        "잘못 누르셨습니다. 다시 선택해 주십시오.",
    ),
    Prompt(
        P.TO_AGENT,
        "没有收到有效按键，正在为您转接人工服务，请稍候。",
        "입력이 확인되지 않아 상담원에게 연결해 드리겠습니다. 잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.TRANSFERRING,
        "正在为您转接话务员，请稍候。",
        "상담원에게 연결해 드리겠습니다. 잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.GOODBYE,
        "感谢您的来电，再见。",
        "전화해 주셔서 감사합니다. 안녕히 계십시오.",
    ),
    Prompt(
        P.SYSTEM_TROUBLE,
        "对不起，系统暂时繁忙，正在为您转接话务员，请不要挂机。",
        "죄송합니다. 시스템에 문제가 있어 상담원에게 바로 연결해 드리겠습니다. "
        "잠시만 기다려 주십시오.",
    ),
    Prompt(P.BEEP, "", "", tone=1000.0),
    Prompt(
        P.ASK_ORDER_NUMBER,
        "请输入工单编号，按井号键结束。",
        "접수 번호를 입력하신 후 우물정자를 눌러 주십시오.",
    ),
    Prompt(
        P.ORDER_NOT_FOUND,
        "对不起，没有查到这个编号的工单，请您核对编号。",
        "죄송합니다. 입력하신 접수 번호의 민원을 찾을 수 없습니다. 번호를 다시 확인해 주십시오.",
    ),
    # What follows the number of a work order: 您查询的…号工单，承办单位正在办理。
    Prompt(
        P.PROGRESS_IN_HAND,
        "热线中心已经受理，正在处理。",
        "상담 센터에서 접수하여 처리하고 있습니다.",
    ),
    Prompt(
        P.PROGRESS_DISPATCHED,
        "已经派发到承办单位，等待签收。",
        "담당 기관에 보냈습니다. 기관의 확인을 기다리고 있습니다.",
    ),
    Prompt(
        P.PROGRESS_HANDLING,
        "承办单位正在办理。",
        "담당 기관에서 처리하고 있습니다.",
    ),
    Prompt(
        P.PROGRESS_ANSWERED,
        "已经有了答复，审核以后会给您回访。",
        "답변이 나왔습니다. 확인 후 연락드리겠습니다.",
    ),
    Prompt(
        P.PROGRESS_DONE,
        "已经办理完毕，感谢您的来电。",
        "처리가 완료되었습니다. 감사합니다.",
    ),
    Prompt(
        P.PROGRESS_DECLINED,
        "按照规定没有受理。需要了解原因，请按零键转接话务员。",
        "규정에 따라 접수되지 않았습니다. 이유를 알고 싶으시면 영번을 눌러 주십시오.",
    ),
    Prompt(
        P.PROGRESS_WITHDRAWN,
        "已经撤回。如果有疑问，请按零键转接话务员。",
        "신청이 취소되었습니다. 문의하시려면 영번을 눌러 주십시오.",
    ),
    Prompt(
        P.PROGRESS_UNAVAILABLE,
        "对不起，查询暂时不可用，请稍后再试，或者按零键转接话务员。",
        "죄송합니다. 지금은 조회할 수 없습니다. "
        "잠시 후 다시 이용하시거나 영번을 눌러 상담원과 통화해 주십시오.",
    ),
    Prompt(
        P.MESSAGE_INTRO,
        "请在提示音后留言，留言结束请按井号键。",
        "신호음이 들리면 메시지를 남겨 주시고, 녹음을 마치시면 우물정자를 눌러 주십시오.",
    ),
    Prompt(
        P.MESSAGE_SAVED,
        "您的留言已经保存，我们会尽快与您联系。",
        "메시지를 잘 받았습니다. 확인 후 연락드리겠습니다.",
    ),
    Prompt(
        P.MESSAGE_TOO_SHORT,
        "您的留言太短，请重新留言。",
        "메시지가 너무 짧습니다. 다시 남겨 주십시오.",
    ),
    Prompt(
        P.NO_AGENTS,
        "对不起，当前没有话务员在线。留言请按三键，继续等待请稍候。",
        "죄송합니다. 지금은 연결 가능한 상담원이 없습니다. "
        "메시지를 남기시려면 삼번을 누르시고, 기다리시려면 잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.ALL_BUSY,
        "目前所有话务员都在通话中，请您稍候。",
        "지금은 모든 상담원이 통화 중입니다. 잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.YOU_ARE_NEXT,
        "您排在第一位，马上为您接通。",
        "다음 순서입니다. 곧 연결해 드리겠습니다.",
    ),
    Prompt(
        P.WAIT_SHORT,
        "等待时间预计不到一分钟。",
        "예상 대기 시간은 일분 미만입니다.",
    ),
    Prompt(
        P.THANKS_FOR_WAITING,
        "感谢您的耐心等待。",
        "기다려 주셔서 감사합니다.",
    ),
    Prompt(
        P.QUEUE_HINT,
        "继续等待请不要挂机，留言请按三键。",
        "계속 기다려 주십시오. 메시지를 남기시려면 삼번을 눌러 주십시오.",
    ),
    Prompt(
        P.RATE,
        "请对本次服务做出评价。满意，请按一键。基本满意，请按二键。不满意，请按三键。",
        "오늘 상담 서비스를 평가해 주십시오. "
        "만족은 일번, 보통은 이번, 불만족은 삼번을 눌러 주십시오.",
    ),
    Prompt(
        P.RATE_THANKS,
        "感谢您的评价，再见。",
        "평가해 주셔서 감사합니다. 안녕히 계십시오.",
    ),
)

_PIECES = (
    (P.LINE_BEFORE, "您拨打的", "지금 거신 번호"),
    (
        P.LINE_AFTER,
        "已经并入幺二三四五，市民服务热线",
        "번은 일이삼사오 시민 상담 전화로 통합되었습니다.",
    ),
    (P.ORDER_NUMBER_AFTER, "正在为您查询，请稍候", "번입니다. 잠시만 기다려 주십시오."),
    (P.ORDER_NOT_FOUND_BEFORE, "没有查到编号为", "접수 번호"),
    (P.ORDER_NOT_FOUND_AFTER, "的工单", "번에 해당하는 민원을 찾을 수 없습니다."),
    (P.PROGRESS_BEFORE, "您查询的", "접수 번호"),
    (P.PROGRESS_AFTER, "号工单", "번 민원은"),
    (P.POSITION_BEFORE, "您目前排在第", "현재 대기 순번은"),
    (P.POSITION_AFTER, "位", "번입니다."),
    (P.POSITION_BEYOND, "位以后", "번 이후입니다."),
    (P.WAIT_BEFORE, "大约需要等待", "예상 대기 시간은 약"),
    (P.MINUTE_AFTER, "分钟", "분입니다."),
    (P.SECOND_AFTER, "秒", "초입니다."),
    (P.AGENT_AFTER, "号话务员为您服务", "번 상담원이 도와드리겠습니다."),
    (P.N0, "零", "영"),
    (P.N1, "一", "일"),
    (P.N2, "二", "이"),
    (P.N3, "三", "삼"),
    (P.N4, "四", "사"),
    (P.N5, "五", "오"),
    (P.N6, "六", "육"),
    (P.N7, "七", "칠"),
    (P.N8, "八", "팔"),
    (P.N9, "九", "구"),
    (P.N10, "十", "십"),
    (P.N11, "十一", "십일"),
    (P.N12, "十二", "십이"),
    (P.N13, "十三", "십삼"),
    (P.N14, "十四", "십사"),
    (P.N15, "十五", "십오"),
    (P.N16, "十六", "십육"),
    (P.N17, "十七", "십칠"),
    (P.N18, "十八", "십팔"),
    (P.N19, "十九", "십구"),
    (P.N20, "二十", "이십"),
    (P.N30, "三十", "삼십"),
    (P.N40, "四十", "사십"),
    (P.N50, "五十", "오십"),
    (P.N60, "六十", "육십"),
    (P.N70, "七十", "칠십"),
    (P.N80, "八十", "팔십"),
    (P.N90, "九十", "구십"),
    (P.HUNDRED, "百", "백"),
    (P.THOUSAND, "千", "천"),
    (P.MYRIAD, "万", "만"),
    (P.TWO_OF, "两", "이"),  # before a measure word: 两分钟
    (P.DIGIT_ZERO, "零", "공"),  # in a number read digit by digit
    (P.DIGIT_ONE, "幺", "일"),
    (P.POINT, "点", "점"),
)

CATALOGUE: Mapping[P, Prompt] = MappingProxyType(
    {prompt.id: prompt for prompt in _WHOLE}
    | {id_: Prompt(id_, zh, ko, clipped=True) for id_, zh, ko in _PIECES}
)
"""Every prompt by its id."""

ALIASES: Mapping[str, P] = MappingProxyType(
    {f"digits/{n}": P(f"n{n}") for n in (*range(2, 20), *range(20, 100, 10))}
    | {
        "digits/0": P.DIGIT_ZERO,
        "digits/1": P.N1,
        "digits/hundred": P.HUNDRED,
        "digits/thousand": P.THOUSAND,
        "digits/wan": P.MYRIAD,
        "queue-thereare": P.POSITION_BEFORE,
        "queue-callswaiting": P.POSITION_AFTER,
        "queue-quantity1": P.POSITION_BEFORE,
        "queue-quantity2": P.POSITION_BEYOND,
        "queue-youarenext": P.YOU_ARE_NEXT,
        "queue-holdtime": P.WAIT_BEFORE,
        "queue-minute": P.MINUTE_AFTER,
        "queue-minutes": P.MINUTE_AFTER,
        "queue-seconds": P.SECOND_AFTER,
        "queue-thankyou": P.THANKS_FOR_WAITING,
        "queue-periodic-announce": P.QUEUE_HINT,
        "beep": P.BEEP,
    }
)
"""Names under which Asterisk's own applications look for a sound, in each language's folder."""


def sound(prompt: P) -> str:
    """The name to give Asterisk: without extension and language, which it adds itself."""
    return f"hotline/{prompt}"


def script() -> list[dict[str, object]]:
    """What ``speech.voice`` renders, as plain data: one entry for each prompt and language."""
    names = {id_: [a for a, p in ALIASES.items() if p is id_] for id_ in P}
    return [
        {
            "id": str(prompt.id),
            "language": str(language),
            "text": prompt.text(language),
            "clipped": prompt.clipped,
            "tone": prompt.tone,
            "names": [sound(prompt.id), *names[prompt.id]],
        }
        for prompt in CATALOGUE.values()
        for language in Language
    ]


def check(sounds: Path) -> list[str]:
    """What is wrong with the sounds in the folder ``sounds``: one sentence for each problem.

    Every prompt and every alias must be there in both languages and both rates, as 16-bit mono
    WAV, within ``SECONDS`` and ``LEVEL``. An empty list: all is well.
    """
    names = [*(sound(id_) for id_ in CATALOGUE), *ALIASES]
    problems = []
    for language in Language:
        for name in names:
            for extension, rate in FORMATS.items():
                file = sounds / language / f"{name}.{extension}"
                problem = soundfile.problem(file, rate, SECONDS, LEVEL)
                if problem:
                    problems.append(f"{file}: {problem}")
    return problems


def require(sounds: Path) -> None:
    """Refuse to start without every prompt.

    Raises:
        PromptError: a prompt is missing or unusable; the text names the first few.
    """
    problems = check(sounds)
    if problems:
        shown = "\n  ".join(problems[:5])
        more = f"\n  and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise PromptError(
            f"{len(problems)} prompts cannot be used; put the folder back as it was "
            f"published or run `hotline prompts render`:\n  {shown}{more}"
        )
