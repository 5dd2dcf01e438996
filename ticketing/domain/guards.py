"""What must hold before a step is done: guards, each a sentence with a stable id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ticketing.domain import conditions as holds
from ticketing.domain.conditions import Actor, Facts, World

__all__ = ["GUARDS", "Actor", "Facts", "Guard", "World"]


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition, with what is said when it does not hold, in three languages."""

    id: str
    zh: str
    ko: str
    en: str
    holds: Callable[[Facts], bool]


# --- what is said -------------------------------------------------------------------------------
TEXT = Guard(
    "text_missing",
    "请写明内容、理由或依据。",
    "내용과 사유, 근거를 적어 주십시오.",
    "Say what, why, and what shows it.",
    holds.said,
)
REDO_WHY = Guard(
    "redo_reason_missing",
    "退回重办须写明理由。",
    "다시 처리하도록 돌려보내는 사유를 적어 주십시오.",
    "Say why it is to be done again.",
    holds.bad_work_explained,
)
NUMBER = Guard(
    "bad_order_number",
    "工单编号应为 8 至 18 位数字。",
    "민원 번호는 8자리에서 18자리 숫자여야 합니다.",
    "An order's number has 8 to 18 digits.",
    holds.number_well_formed,
)
BY_CENTRE = Guard(
    "centre_unknown",
    "受理单位须是热线机构。",
    "접수 기관은 핫라인 센터여야 합니다.",
    "A matter is taken in by a hotline centre.",
    holds.taken_in_by_a_centre,
)
STATUTORY = Guard(
    "statutory_incomplete",
    "法定时限须为 1 至 3650 天,并写明法律依据。",
    "법정 기한은 1일에서 3650일 사이여야 하며 법적 근거를 적어 주십시오.",
    "A statutory limit has 1 to 3650 days and names the law.",
    holds.statutory_complete,
)
ARTICLE = Guard(
    "article_missing",
    "直接答复须注明知识条目及其版本。",
    "바로 답변할 때는 지식 항목과 그 판을 밝혀 주십시오.",
    "A direct answer cites the article and its version.",
    holds.article_cited,
)
CODE = Guard(
    "unknown_reason_code",
    "没有这个不予受理类别。",
    "그런 미접수 유형은 없습니다.",
    "There is no such class of refusal.",
    holds.reason_known,
)
LINE = Guard(
    "line_takes_it_in",
    "市民拨打的是并入本热线的服务专线,不能以不属于政府职责为由不予受理。",
    "시민이 이 핫라인에 통합된 전용 번호로 전화했으므로 담당 기관을 이유로 거절할 수 없습니다.",
    "The citizen dialled a merged service line: it is not declined for whose matter it is.",
    holds.line_leaves_it_out,
)
REDIRECT = Guard(
    "redirect_missing",
    "这类事项须写明转到何处。",
    "이런 민원은 어디로 연결하는지 적어 주십시오.",
    "Such a matter is diverted: say where to.",
    holds.redirect_named,
)

# --- units --------------------------------------------------------------------------------------
UNIT = Guard(
    "unit_unknown",
    "没有这个单位,或该单位已停用。",
    "그런 기관이 없거나 사용이 중지된 기관입니다.",
    "There is no such unit, or it is closed.",
    holds.known_unit,
)
ASSISTING = Guard(
    "assisting_unknown",
    "协办单位有误:不存在、重复或与主办相同。",
    "협조 기관이 잘못되었습니다. 없는 기관이거나, 중복되었거나, 주관 기관과 같습니다.",
    "An assisting unit is unknown, given twice, or the lead itself.",
    holds.assisting_known,
)
OWN_TREE = Guard(
    "unit_not_in_tree",
    "只能派给本中心辖区内的单位。",
    "우리 센터 관할 안의 기관에만 배정할 수 있습니다.",
    "Dispatch to units below your own centre.",
    holds.in_own_tree,
)
BELOW = Guard(
    "unit_not_below",
    "只能转给本单位的下级单位。",
    "우리 기관의 하급 기관에만 넘길 수 있습니다.",
    "Forward to a unit below your own.",
    holds.below_own,
)
NOT_REFUSED = Guard(
    "unit_refused_before",
    "该单位已退回过此单,请由中心裁定。",
    "이 기관은 이 민원을 반려한 적이 있습니다. 센터가 결정하도록 해 주십시오.",
    "This unit has given the order back; the centre decides.",
    holds.not_refused_before,
)
BY_PHONE = Guard(
    "nobody_on_the_phone",
    "代为签收须写明电话联系的责任人。",
    "대신 접수 서명할 때는 전화로 통화한 책임자를 적어 주십시오.",
    "To sign for a unit, name the person who took it over by telephone.",
    holds.own_or_by_phone,
)
WAY = Guard(
    "way_unknown",
    "本地规定没有这种协调方式。",
    "현지 규정에 없는 협의 방식입니다.",
    "The city's rules do not know this way of coordination.",
    holds.way_known,
)

# --- limits -------------------------------------------------------------------------------------
TIME_LEFT = Guard(
    "no_time_left",
    "已超过办理时限,不能再转下级。",
    "처리 기한이 지나 하급 기관에 넘길 수 없습니다.",
    "The limit has passed; it cannot be forwarded.",
    holds.due_ahead,
)
RUNS = Guard(
    "clock_stands",
    "计时已暂停,请先恢复。",
    "기한 계산이 멈춰 있습니다. 먼저 다시 시작해 주십시오.",
    "The clock stands; resume first.",
    holds.clock_runs,
)
STANDS = Guard(
    "clock_runs",
    "计时没有暂停。",
    "기한 계산이 멈춰 있지 않습니다.",
    "The clock is not paused.",
    holds.clock_stands,
)
NO_RETURN = Guard(
    "return_pending",
    "退回申请尚未处理。",
    "반려 신청이 아직 처리되지 않았습니다.",
    "A return is asked for and not decided.",
    holds.no_return_open,
)
RETURN = Guard(
    "no_return_pending",
    "没有待处理的退回申请。",
    "처리할 반려 신청이 없습니다.",
    "No return is asked for.",
    holds.return_open,
)
NO_EXTENSION = Guard(
    "extension_pending",
    "延期申请尚未处理。",
    "연장 신청이 아직 처리되지 않았습니다.",
    "An extension is asked for and not decided.",
    holds.no_extension_open,
)
EXTENSION = Guard(
    "no_extension_pending",
    "没有待处理的延期申请。",
    "처리할 연장 신청이 없습니다.",
    "No extension is asked for.",
    holds.extension_open,
)
LEFT = Guard(
    "extensions_exhausted",
    "延期次数已用完。",
    "연장 횟수를 모두 사용했습니다.",
    "No further extension may be asked for.",
    holds.extensions_left,
)
IN_TIME = Guard(
    "extension_too_late",
    "已过申请延期的时间。",
    "연장을 신청할 수 있는 시간이 지났습니다.",
    "It is too late to ask for an extension.",
    holds.extension_in_time,
)
NOT_LONGER = Guard(
    "extension_too_long",
    "延期不得超过原办理时限。",
    "연장 기간은 원래 처리 기한보다 길 수 없습니다.",
    "An extension is no longer than the original limit.",
    holds.extension_not_longer,
)
OWN_TIME = Guard(
    "extension_past_own_limit",
    "延期超出本单位的时限,请由中心决定。",
    "우리 기관의 기한을 넘는 연장입니다. 센터가 결정하도록 해 주십시오.",
    "It goes beyond your own unit's limit; the centre decides.",
    holds.extension_own_to_grant,
)
EXEMPTION = Guard(
    "no_exemption_pending",
    "没有待处理的免责申请。",
    "처리할 면책 신청이 없습니다.",
    "No exemption is asked for.",
    holds.exemption_open,
)
NO_EXEMPTION = Guard(
    "exemption_pending",
    "免责申请尚未处理。",
    "면책 신청이 아직 처리되지 않았습니다.",
    "An exemption is asked for and not decided.",
    holds.no_exemption_open,
)
SETTLED = Guard(
    "exemption_undecided",
    "免责申请尚未处理,请先处理。",
    "면책 신청이 아직 처리되지 않았습니다. 먼저 처리해 주십시오.",
    "An exemption is asked for; decide on it first.",
    holds.exemption_settled,
)
WINDOW = Guard(
    "bad_window",
    "起止时间有误:应先起后止,且不晚于现在。",
    "시작과 끝 시각이 잘못되었습니다. 시작이 먼저여야 하고 끝은 지금보다 늦을 수 없습니다.",
    "The times are wrong: start before end, end not after now.",
    holds.exemption_window,
)

# --- answer and callback ------------------------------------------------------------------------
REPLIED = Guard(
    "citizen_not_answered",
    "请先答复市民,再反馈。",
    "먼저 시민에게 답변한 뒤 결과를 보고해 주십시오.",
    "Answer the citizen first, then report back.",
    holds.replied,
)
UNIT_REPLIES = Guard(
    "centre_replies",
    "按规定由中心答复市民。",
    "규정에 따라 센터가 시민에게 답변합니다.",
    "Here the centre answers the citizen.",
    holds.unit_replies,
)
CENTRE_REPLIES = Guard(
    "unit_replies",
    "按规定由承办单位答复市民。",
    "규정에 따라 처리 기관이 시민에게 답변합니다.",
    "Here the unit answers the citizen.",
    holds.centre_replies,
)
ONE_RESULT = Guard(
    "bad_result",
    "接通须有一个评价,未接通则没有。",
    "통화가 되었으면 평가가 하나 있어야 하고, 되지 않았으면 없어야 합니다.",
    "Reached means one rating, not reached means none.",
    holds.one_result,
)
NOT_RATED = Guard(
    "already_rated",
    "本轮已有评价。",
    "이번 차수에는 이미 평가가 있습니다.",
    "This round has its rating.",
    holds.not_rated,
)
NOT_CONTENT = Guard(
    "citizen_content",
    "市民没有表示不满意。",
    "시민이 불만족을 표시하지 않았습니다.",
    "The citizen is not dissatisfied.",
    holds.not_content,
)
REASON = Guard(
    "reason_missing",
    "市民未表示满意,请写明办结理由。",
    "시민이 만족을 표시하지 않았습니다. 종결 사유를 적어 주십시오.",
    "The citizen has not said to be content: say why it is closed.",
    holds.content_or_reason,
)

# --- supervision and links ----------------------------------------------------------------------
MEASURE = Guard(
    "measure_unknown",
    "本地规定没有这种督办方式。",
    "현지 규정에 없는 독촉 방식입니다.",
    "The city's rules do not know this measure.",
    holds.measure_known,
)
LIMIT = Guard(
    "limit_missing",
    "请给出新的办理期限(晚于现在,一年以内);催办不设期限。",
    "새 처리 기한을 지금 이후, 1년 이내로 정해 주십시오. 재촉에는 기한을 두지 않습니다.",
    "Give a new limit, later than now and within a year; a reminder sets none.",
    holds.limit_given,
)
LISTED = Guard(
    "listed_too_long",
    "挂牌督办期限不得超过首次督办期限。",
    "공개 독촉의 기한은 첫 독촉의 기한보다 길 수 없습니다.",
    "A listed order's limit is not longer than the first supervision's.",
    holds.listed_not_longer,
)
PUBLISHED = Guard(
    "not_listed",
    "只有挂牌督办可以公开,且须本地规定允许。",
    "공개 독촉만 공표할 수 있으며 현지 규정이 허용해야 합니다.",
    "Only a listed order may be made public, and only where the city's rules allow it.",
    holds.may_be_published,
)
NEW_DRAFT = Guard(
    "draft_issued",
    "这份督办已经发出。",
    "이 독촉은 이미 발송되었습니다.",
    "This draft has been issued.",
    holds.draft_is_new,
)
INSTRUCTION = Guard(
    "no_such_instruction",
    "没有这条领导批示,或本轮已交办。",
    "그런 지시가 없거나 이번 차수에 이미 전달되었습니다.",
    "There is no such instruction, or it was passed on in this round.",
    holds.instruction_open,
)
INSTRUCTION_LIMIT = Guard(
    "instruction_limit_missing",
    "请给出批示件的办理期限(晚于现在,一年以内)。",
    "지시 사항의 처리 기한을 지금 이후, 1년 이내로 정해 주십시오.",
    "Give the instruction a limit, later than now and within a year.",
    holds.instruction_limited,
)
NEW_FAULT = Guard(
    "fault_known",
    "本轮已认定过这种情形,或已立卷。",
    "이번 차수에 이미 확인되었거나 사건 기록이 만들어졌습니다.",
    "This fault has been found, or its case opened, in this round.",
    holds.fault_is_new,
)
ONCE = Guard(
    "warned_already",
    "已提醒过。",
    "이미 알렸습니다.",
    "This has been told already.",
    holds.not_warned,
)
OTHER = Guard(
    "same_order",
    "须是另一张工单,且未关联过。",
    "다른 민원이어야 하고 아직 연결되지 않은 것이어야 합니다.",
    "Another order, and not linked yet.",
    holds.another_order,
)

GUARDS: Mapping[str, Guard] = {
    guard.id: guard for guard in list(globals().values()) if isinstance(guard, Guard)
}
