"""The prompts: one catalogue from id to Mandarin and Korean text to sound.

The sounds lie in ``sounds/<language>/hotline/<id>.wav`` (8 kHz) and ``.wav16`` (16 kHz), rendered
once from these texts by ``speech.voice``. What Asterisk's own applications look for
(``digits/2``, ``queue-youarenext``) lies beside them under the names in ``ALIASES``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    YOU_ARE_FIRST = "you_are_first"
    WAIT_BEFORE = "wait_before"
    WAIT_SHORT = "wait_short"
    MINUTE_AFTER = "minute_after"
    SECOND_AFTER = "second_after"
    THANKS_FOR_WAITING = "thanks_for_waiting"
    QUEUE_HINT = "queue_hint"
    QUEUE_HINT_CALLBACK = "queue_hint_callback"
    # Called back instead of waiting
    CALLBACK_OFFER = "callback_offer"
    CALLBACK_NUMBER_BEFORE = "callback_number_before"
    CALLBACK_CONFIRM = "callback_confirm"
    CALLBACK_TYPE = "callback_type"
    CALLBACK_BAD = "callback_bad"
    CALLBACK_NOTED = "callback_noted"
    CALLBACK_GREETING = "callback_greeting"
    # An urgent order, told to the person responsible (H4)
    DISPATCH_GREETING = "dispatch_greeting"
    DISPATCH_LEADER = "dispatch_leader"
    DISPATCH_NUMBER_BEFORE = "dispatch_number_before"
    DISPATCH_CONSULTATION = "dispatch_consultation"
    DISPATCH_HELP = "dispatch_help"
    DISPATCH_COMPLAINT = "dispatch_complaint"
    DISPATCH_REPORT = "dispatch_report"
    DISPATCH_SUGGESTION = "dispatch_suggestion"
    DISPATCH_EMERGENCY = "dispatch_emergency"
    DISPATCH_NORMAL = "dispatch_normal"
    DISPATCH_URGENT = "dispatch_urgent"
    DISPATCH_CRITICAL = "dispatch_critical"
    DISPATCH_ACCEPT = "dispatch_accept"
    DISPATCH_ACCEPTED = "dispatch_accepted"
    DISPATCH_DECLINED = "dispatch_declined"
    DISPATCH_OVER = "dispatch_over"
    # Nuisance callers; an emergency is never cut off
    PROBE_NOTICE = "probe_notice"
    NUISANCE_BLOCKED = "nuisance_blocked"
    NUISANCE_SLOWED = "nuisance_slowed"
    EMERGENCY_CONNECTING = "emergency_connecting"
    EMERGENCY_110 = "emergency_110"
    EMERGENCY_119 = "emergency_119"
    EMERGENCY_120 = "emergency_120"
    # Many call on one event (K3)
    SURGE_WATER = "surge_water"
    SURGE_POWER = "surge_power"
    SURGE_GAS = "surge_gas"
    SURGE_HEAT = "surge_heat"
    SURGE_TRAFFIC = "surge_traffic"
    SURGE_OTHER = "surge_other"
    SURGE_JOIN = "surge_join"
    SURGE_JOINED = "surge_joined"
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
    # Two digits of a number that is read digit by digit, said in one breath
    PAIR_00 = "pair_00"
    PAIR_01 = "pair_01"
    PAIR_02 = "pair_02"
    PAIR_03 = "pair_03"
    PAIR_04 = "pair_04"
    PAIR_05 = "pair_05"
    PAIR_06 = "pair_06"
    PAIR_07 = "pair_07"
    PAIR_08 = "pair_08"
    PAIR_09 = "pair_09"
    PAIR_10 = "pair_10"
    PAIR_11 = "pair_11"
    PAIR_12 = "pair_12"
    PAIR_13 = "pair_13"
    PAIR_14 = "pair_14"
    PAIR_15 = "pair_15"
    PAIR_16 = "pair_16"
    PAIR_17 = "pair_17"
    PAIR_18 = "pair_18"
    PAIR_19 = "pair_19"
    PAIR_20 = "pair_20"
    PAIR_21 = "pair_21"
    PAIR_22 = "pair_22"
    PAIR_23 = "pair_23"
    PAIR_24 = "pair_24"
    PAIR_25 = "pair_25"
    PAIR_26 = "pair_26"
    PAIR_27 = "pair_27"
    PAIR_28 = "pair_28"
    PAIR_29 = "pair_29"
    PAIR_30 = "pair_30"
    PAIR_31 = "pair_31"
    PAIR_32 = "pair_32"
    PAIR_33 = "pair_33"
    PAIR_34 = "pair_34"
    PAIR_35 = "pair_35"
    PAIR_36 = "pair_36"
    PAIR_37 = "pair_37"
    PAIR_38 = "pair_38"
    PAIR_39 = "pair_39"
    PAIR_40 = "pair_40"
    PAIR_41 = "pair_41"
    PAIR_42 = "pair_42"
    PAIR_43 = "pair_43"
    PAIR_44 = "pair_44"
    PAIR_45 = "pair_45"
    PAIR_46 = "pair_46"
    PAIR_47 = "pair_47"
    PAIR_48 = "pair_48"
    PAIR_49 = "pair_49"
    PAIR_50 = "pair_50"
    PAIR_51 = "pair_51"
    PAIR_52 = "pair_52"
    PAIR_53 = "pair_53"
    PAIR_54 = "pair_54"
    PAIR_55 = "pair_55"
    PAIR_56 = "pair_56"
    PAIR_57 = "pair_57"
    PAIR_58 = "pair_58"
    PAIR_59 = "pair_59"
    PAIR_60 = "pair_60"
    PAIR_61 = "pair_61"
    PAIR_62 = "pair_62"
    PAIR_63 = "pair_63"
    PAIR_64 = "pair_64"
    PAIR_65 = "pair_65"
    PAIR_66 = "pair_66"
    PAIR_67 = "pair_67"
    PAIR_68 = "pair_68"
    PAIR_69 = "pair_69"
    PAIR_70 = "pair_70"
    PAIR_71 = "pair_71"
    PAIR_72 = "pair_72"
    PAIR_73 = "pair_73"
    PAIR_74 = "pair_74"
    PAIR_75 = "pair_75"
    PAIR_76 = "pair_76"
    PAIR_77 = "pair_77"
    PAIR_78 = "pair_78"
    PAIR_79 = "pair_79"
    PAIR_80 = "pair_80"
    PAIR_81 = "pair_81"
    PAIR_82 = "pair_82"
    PAIR_83 = "pair_83"
    PAIR_84 = "pair_84"
    PAIR_85 = "pair_85"
    PAIR_86 = "pair_86"
    PAIR_87 = "pair_87"
    PAIR_88 = "pair_88"
    PAIR_89 = "pair_89"
    PAIR_90 = "pair_90"
    PAIR_91 = "pair_91"
    PAIR_92 = "pair_92"
    PAIR_93 = "pair_93"
    PAIR_94 = "pair_94"
    PAIR_95 = "pair_95"
    PAIR_96 = "pair_96"
    PAIR_97 = "pair_97"
    PAIR_98 = "pair_98"
    PAIR_99 = "pair_99"
    # Dates, times and counts; ``ivr.numerals`` joins them
    MONTH_1 = "month_1"
    MONTH_2 = "month_2"
    MONTH_3 = "month_3"
    MONTH_4 = "month_4"
    MONTH_5 = "month_5"
    MONTH_6 = "month_6"
    MONTH_7 = "month_7"
    MONTH_8 = "month_8"
    MONTH_9 = "month_9"
    MONTH_10 = "month_10"
    MONTH_11 = "month_11"
    MONTH_12 = "month_12"
    HOUR_1 = "hour_1"
    HOUR_2 = "hour_2"
    HOUR_3 = "hour_3"
    HOUR_4 = "hour_4"
    HOUR_5 = "hour_5"
    HOUR_6 = "hour_6"
    HOUR_7 = "hour_7"
    HOUR_8 = "hour_8"
    HOUR_9 = "hour_9"
    HOUR_10 = "hour_10"
    HOUR_11 = "hour_11"
    HOUR_12 = "hour_12"
    HOUR_0 = "hour_0"
    NATIVE_1 = "native_1"
    NATIVE_2 = "native_2"
    NATIVE_3 = "native_3"
    NATIVE_4 = "native_4"
    NATIVE_5 = "native_5"
    NATIVE_6 = "native_6"
    NATIVE_7 = "native_7"
    NATIVE_8 = "native_8"
    NATIVE_9 = "native_9"
    NATIVE_10 = "native_10"
    YEAR_AFTER = "year_after"
    DAY_AFTER = "day_after"
    CLOCK_MINUTE = "clock_minute"
    HALF_PAST = "half_past"
    DAWN = "dawn"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    CASES_AFTER = "cases_after"
    DAYS_AFTER = "days_after"
    HOURS_AFTER = "hours_after"
    PERSONS_AFTER = "persons_after"
    TIMES_AFTER = "times_after"
    MINUTE_PLAIN = "minute_plain"
    SECOND_PLAIN = "second_plain"


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
        P.YOU_ARE_FIRST,
        "您排在第一位，请稍候。",
        "다음 순서입니다. 잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.QUEUE_HINT_CALLBACK,
        "继续等待请不要挂机。需要我们给您回电，请按一键。留言，请按三键。",
        "계속 기다려 주십시오. 회신 전화를 원하시면 일번, 메시지를 남기시려면 삼번을 "
        "눌러 주십시오.",
    ),
    Prompt(
        P.CALLBACK_OFFER,
        "不想等待，请按一键，我们会给您回电，并保留您的排队位置。",
        "기다리지 않으시려면 일번을 눌러 주십시오. 대기 순서를 유지하고 회신 전화를 드립니다.",
    ),
    Prompt(
        P.CALLBACK_CONFIRM,
        "确认，请按一键。换一个号码，请按二键。继续等待，请按星号键。",
        "맞으면 일번, 다른 번호는 이번, 계속 기다리시려면 별표를 눌러 주십시오.",
    ),
    Prompt(
        P.CALLBACK_TYPE,
        "请输入您的电话号码，按井号键结束。",
        "연락받으실 전화번호를 입력하신 후 우물정자를 눌러 주십시오.",
    ),
    Prompt(
        P.CALLBACK_BAD,
        "对不起，这个号码无法回拨。",
        "죄송합니다. 이 번호로는 연락드릴 수 없습니다.",
    ),
    Prompt(
        P.CALLBACK_NOTED,
        "好的，已经保留您的排队位置，轮到您时，我们会给您回电，请保持电话畅通。",
        "대기 순서를 유지합니다. 차례가 되면 연락드리겠습니다.",
    ),
    Prompt(
        P.DISPATCH_GREETING,
        "您好，这里是幺二三四五热线，有一件紧急工单，请您处理。",
        "안녕하십니까. 일이삼사오 상담 전화입니다. 급히 처리하실 민원이 있습니다.",
    ),
    Prompt(
        P.DISPATCH_LEADER,
        "您好，这里是幺二三四五热线，有一件紧急工单，承办单位无人接听，请您处置。",
        "안녕하십니까. 일이삼사오 상담 전화입니다. "
        "급한 민원을 담당 기관에서 아무도 받지 않았습니다.",
    ),
    Prompt(
        P.DISPATCH_NUMBER_BEFORE,
        "工单编号是，",
        "민원 번호는",
    ),
    Prompt(
        P.DISPATCH_CONSULTATION,
        "咨询类，",
        "상담 민원이며",
    ),
    Prompt(
        P.DISPATCH_HELP,
        "求助类，",
        "도움 요청이며",
    ),
    Prompt(
        P.DISPATCH_COMPLAINT,
        "投诉类，",
        "불만 민원이며",
    ),
    Prompt(
        P.DISPATCH_REPORT,
        "举报类，",
        "신고 민원이며",
    ),
    Prompt(
        P.DISPATCH_SUGGESTION,
        "建议类，",
        "건의 민원이며",
    ),
    Prompt(
        P.DISPATCH_EMERGENCY,
        "突发事件，",
        "돌발 사건이며",
    ),
    Prompt(
        P.DISPATCH_NORMAL,
        "一般事项。",
        "일반 사항입니다.",
    ),
    Prompt(
        P.DISPATCH_URGENT,
        "紧急事项。",
        "긴급 사항입니다.",
    ),
    Prompt(
        P.DISPATCH_CRITICAL,
        "特急事项。",
        "매우 긴급한 사항입니다.",
    ),
    Prompt(
        P.DISPATCH_ACCEPT,
        "接单，请按一键。不能处理，请按二键。重听，请按三键。",
        "맡으시려면 일번, 맡을 수 없으면 이번, 다시 들으시려면 삼번을 눌러 주십시오.",
    ),
    Prompt(
        P.DISPATCH_ACCEPTED,
        "已经记录，由您接单，请马上办理，再见。",
        "맡으신 것으로 기록했습니다. 바로 처리해 주십시오. 안녕히 계십시오.",
    ),
    Prompt(
        P.DISPATCH_DECLINED,
        "好的，我们联系其他人，再见。",
        "알겠습니다. 다른 분께 연락하겠습니다. 안녕히 계십시오.",
    ),
    Prompt(
        P.DISPATCH_OVER,
        "这件工单已经有人处理，谢谢，再见。",
        "이 민원은 이미 처리되고 있습니다. 감사합니다. 안녕히 계십시오.",
    ),
    Prompt(
        P.CALLBACK_GREETING,
        "您好，幺二三四五热线给您回电，通话将被录音，请稍候。",
        "안녕하십니까. 일이삼사오 상담 전화의 회신입니다. 통화는 녹음됩니다. "
        "잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.PROBE_NOTICE,
        "您好，这里是幺二三四五热线，正在检查联络电话是否畅通，不需要您办理，谢谢，再见。",
        "안녕하십니까. 일이삼사오 상담 전화입니다. 연락 전화를 점검하고 있습니다. "
        "감사합니다. 안녕히 계십시오.",
    ),
    Prompt(
        P.NUISANCE_BLOCKED,
        "您的号码因多次影响热线正常工作，暂时不能接通人工服务。如有紧急情况，报警请按一键，"
        "火警请按二键，急救请按三键。",
        "고객님의 번호는 상담 업무를 여러 차례 방해하여 당분간 상담원과 연결되지 않습니다. "
        "긴급한 경우 범죄 신고는 일번, 화재 신고는 이번, 구급은 삼번을 눌러 주십시오.",
    ),
    Prompt(
        P.NUISANCE_SLOWED,
        "您近期来电较多，请稍候，稍后为您接通。",
        "최근 전화를 여러 번 하셨습니다. 잠시 기다리시면 연결해 드리겠습니다.",
    ),
    Prompt(
        P.EMERGENCY_CONNECTING,
        "正在为您接通，请不要挂机。",
        "연결하고 있습니다. 끊지 말고 기다려 주십시오.",
    ),
    Prompt(P.EMERGENCY_110, "报警请直接拨打幺幺零。", "범죄 신고는 일일공으로 걸어 주십시오."),
    Prompt(P.EMERGENCY_119, "火警请直接拨打幺幺九。", "화재 신고는 일일구로 걸어 주십시오."),
    Prompt(P.EMERGENCY_120, "急救请直接拨打幺二零。", "구급은 일이공으로 걸어 주십시오."),
    Prompt(
        P.SURGE_WATER,
        "目前部分区域停水，工作人员正在抢修。",
        "현재 일부 지역에 단수가 되어 복구 작업을 하고 있습니다.",
    ),
    Prompt(
        P.SURGE_POWER,
        "目前部分区域停电，工作人员正在抢修。",
        "현재 일부 지역에 정전이 되어 복구 작업을 하고 있습니다.",
    ),
    Prompt(
        P.SURGE_GAS,
        "目前部分区域停气，工作人员正在抢修。",
        "현재 일부 지역에 가스 공급이 중단되어 복구 작업을 하고 있습니다.",
    ),
    Prompt(
        P.SURGE_HEAT,
        "目前部分区域停暖，工作人员正在抢修。",
        "현재 일부 지역에 난방이 중단되어 복구 작업을 하고 있습니다.",
    ),
    Prompt(
        P.SURGE_TRAFFIC,
        "目前部分道路实行交通管制，请您注意绕行。",
        "현재 일부 도로에서 교통을 통제하고 있습니다. 우회해 주십시오.",
    ),
    Prompt(
        P.SURGE_OTHER,
        "目前有较多市民反映同一个问题，工作人员正在处理。",
        "현재 많은 시민이 같은 문제를 알려 주셔서 처리하고 있습니다.",
    ),
    Prompt(
        P.SURGE_JOIN,
        "如果您反映的是这件事，请按五键登记，处理完毕以后，会用短信告知您，不用等待。"
        "其他事项，请稍候。",
        "같은 일로 전화하셨으면 오번을 눌러 주십시오. 접수해 두고 처리가 끝나면 문자로 "
        "알려 드립니다. 다른 용건이시면 잠시만 기다려 주십시오.",
    ),
    Prompt(
        P.SURGE_JOINED,
        "已经为您登记，处理完毕以后，会用短信告知您。",
        "접수되었습니다. 처리가 끝나면 문자로 알려 드리겠습니다.",
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
    (P.CALLBACK_NUMBER_BEFORE, "我们将回拨", "회신드릴 번호는"),
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
    (P.MONTH_1, "一月", "일월"),
    (P.MONTH_2, "二月", "이월"),
    (P.MONTH_3, "三月", "삼월"),
    (P.MONTH_4, "四月", "사월"),
    (P.MONTH_5, "五月", "오월"),
    (P.MONTH_6, "六月", "유월"),
    (P.MONTH_7, "七月", "칠월"),
    (P.MONTH_8, "八月", "팔월"),
    (P.MONTH_9, "九月", "구월"),
    (P.MONTH_10, "十月", "시월"),
    (P.MONTH_11, "十一月", "십일월"),
    (P.MONTH_12, "十二月", "십이월"),
    (P.HOUR_1, "一点", "한시"),
    (P.HOUR_2, "两点", "두시"),
    (P.HOUR_3, "三点", "세시"),
    (P.HOUR_4, "四点", "네시"),
    (P.HOUR_5, "五点", "다섯시"),
    (P.HOUR_6, "六点", "여섯시"),
    (P.HOUR_7, "七点", "일곱시"),
    (P.HOUR_8, "八点", "여덟시"),
    (P.HOUR_9, "九点", "아홉시"),
    (P.HOUR_10, "十点", "열시"),
    (P.HOUR_11, "十一点", "열한시"),
    (P.HOUR_12, "十二点", "열두시"),
    (P.HOUR_0, "零点", "영시"),
    (P.NATIVE_1, "一", "한"),
    (P.NATIVE_2, "两", "두"),
    (P.NATIVE_3, "三", "세"),
    (P.NATIVE_4, "四", "네"),
    (P.NATIVE_5, "五", "다섯"),
    (P.NATIVE_6, "六", "여섯"),
    (P.NATIVE_7, "七", "일곱"),
    (P.NATIVE_8, "八", "여덟"),
    (P.NATIVE_9, "九", "아홉"),
    (P.NATIVE_10, "十", "열"),
    (P.YEAR_AFTER, "年", "년"),
    (P.DAY_AFTER, "日", "일"),
    (P.CLOCK_MINUTE, "分", "분"),
    (P.HALF_PAST, "半", "반"),
    (P.DAWN, "凌晨", "새벽"),
    (P.MORNING, "上午", "오전"),
    (P.AFTERNOON, "下午", "오후"),
    (P.EVENING, "晚上", "저녁"),
    (P.CASES_AFTER, "件", "건"),
    (P.DAYS_AFTER, "天", "일"),
    (P.HOURS_AFTER, "小时", "시간"),
    (P.PERSONS_AFTER, "人", "명"),
    (P.TIMES_AFTER, "次", "번"),
    (P.MINUTE_PLAIN, "分钟", "분"),
    (P.SECOND_PLAIN, "秒", "초"),
)


def _pairs() -> Iterator[tuple[P, str, str]]:
    """Two digits each: alone, Korean ones are hardly understood."""
    zh, ko = "零幺二三四五六七八九", "공일이삼사오육칠팔구"
    for first in range(10):
        for second in range(10):
            yield P(f"pair_{first}{second}"), zh[first] + zh[second], ko[first] + ko[second]


CATALOGUE: Mapping[P, Prompt] = MappingProxyType(
    {prompt.id: prompt for prompt in _WHOLE}
    | {id_: Prompt(id_, zh, ko, clipped=True) for id_, zh, ko in (*_PIECES, *_pairs())}
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
        "queue-youarenext": P.YOU_ARE_FIRST,
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
