"""Every error the API answers with: its id, its status, its text in three languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ivr.errors import HotlineError

LANGUAGES = ("zh-CN", "en", "ko")


class ApiError(HotlineError):
    """A request is refused at the door, before any use case.

    Args:
        id: of a row of `PROBLEMS`.
        headers: to go with the answer.
        values: for the places in the row's text.
    """

    def __init__(self, id: str, headers: dict[str, str] | None = None, **values: Any) -> None:  # noqa: A002
        super().__init__(PROBLEMS[id].en.format_map(_Blank(values)))
        self.id = id
        self.headers = headers or {}
        self.values = values


@dataclass(frozen=True, slots=True)
class Problem:
    """One row: the HTTP status, and what to tell people."""

    status: int
    zh: str
    en: str
    ko: str


PROBLEMS: dict[str, Problem] = {
    "bad_request": Problem(
        400,
        "请求有误，请改正：{detail}",
        "The request cannot be used; correct it: {detail}",
        "요청을 처리할 수 없습니다. 고쳐 주십시오: {detail}",
    ),
    "bad_cursor": Problem(
        400,
        "分页标记无效，请从第一页重新查询。",
        "The cursor is not valid; start again from the first page.",
        "페이지 표시가 올바르지 않습니다. 첫 페이지부터 다시 조회하십시오.",
    ),
    "bad_seat_number": Problem(
        400,
        "座席号应为 3 至 6 位数字，例如 8001。",
        "A seat's number is 3 to 6 digits, for example 8001.",
        "좌석 번호는 3~6자리 숫자입니다. 예: 8001",
    ),
    "bad_username": Problem(
        400,
        "用户名最多 64 个字符，只能用文字、数字和 . _ @ -，且不能是 operator。",
        "A user's name is up to 64 letters, digits and . _ @ -, and not operator.",
        "사용자 이름은 64자 이내의 문자, 숫자, . _ @ - 이며 operator는 쓸 수 없습니다.",
    ),
    "weak_password": Problem(
        400,
        "新密码应为 10 至 200 个字符，不能与用户名或旧密码相同。",
        "The new password must have 10 to 200 characters and differ from the name and the old one.",
        "새 비밀번호는 10~200자여야 하며 사용자 이름이나 이전 비밀번호와 달라야 합니다.",
    ),
    "wrong_credentials": Problem(
        401,
        "用户名或密码不正确。",
        "The name or the password is wrong.",
        "사용자 이름 또는 비밀번호가 올바르지 않습니다.",
    ),
    "not_logged_in": Problem(
        401,
        "请先登录。",
        "Log in first.",
        "먼저 로그인하십시오.",
    ),
    "wrong_password": Problem(
        403,
        "旧密码不正确。",
        "The old password is wrong.",
        "이전 비밀번호가 올바르지 않습니다.",
    ),
    "not_allowed": Problem(
        403,
        "您的角色没有此权限，请联系系统管理员。",
        "Your roles do not allow this; ask the system administrator.",
        "권한이 없습니다. 시스템 관리자에게 문의하십시오.",
    ),
    "password_change_required": Problem(
        403,
        "请先修改密码，再使用系统。",
        "Change your password first.",
        "먼저 비밀번호를 변경하십시오.",
    ),
    "foreign_origin": Problem(
        403,
        "请求来自其他网站，已拒绝。请在本系统页面内操作。",
        "The request comes from another site and is refused; use this system's own pages.",
        "다른 사이트에서 온 요청이라 거부되었습니다. 이 시스템의 화면에서 다시 하십시오.",
    ),
    "not_found": Problem(
        404,
        "没有这个地址，请查看 /openapi.json。",
        "There is nothing at this address; see /openapi.json.",
        "없는 주소입니다. /openapi.json을 확인하십시오.",
    ),
    "call_not_found": Problem(
        404,
        "没有这个通话。",
        "No call has this id.",
        "해당 통화가 없습니다.",
    ),
    "recording_not_found": Problem(
        404,
        "该通话没有录音。",
        "This call has no recording.",
        "이 통화의 녹음이 없습니다.",
    ),
    "recording_deleted": Problem(
        410,
        "已按保存期限于 {at} 删除。",
        "It was deleted, as the policy on keeping recordings wants it; when: {at}",
        "보존 기한에 따라 {at}에 삭제되었습니다.",
    ),
    "not_transcribed": Problem(
        409,
        "该通话尚未转成文字，无法确定哪些地方要静音；请稍后再试，或由有权查看号码的人员导出原始录音。",
        "This call has not become text, so it is not known what to silence; try again later, or "
        "have somebody who may see numbers export the sound as it is.",
        "아직 글로 옮겨지지 않아 가릴 부분을 알 수 없습니다. 나중에 다시 하거나 번호를 볼 수 있는 "
        "담당자가 원본을 내보내십시오.",
    ),
    "order_not_found": Problem(
        404,
        "没有这张工单，或您无权查看。",
        "No work order has this number, or none that you may see.",
        "해당 번호의 접수 건이 없거나 볼 권한이 없습니다.",
    ),
    "paper_not_found": Problem(
        404,
        "这一步没有公文，请从工单的公文清单中选择。",
        "This step has no official paper; choose one of the order's list of papers.",
        "이 단계에는 공문이 없습니다. 공문 목록에서 고르십시오.",
    ),
    "illegal_action": Problem(
        409,
        "工单当前状态不能这样操作，请刷新后再看可做的操作。",
        "The order's state does not allow this; load it again and see what can be done.",
        "현재 상태에서는 할 수 없는 작업입니다. 새로 고쳐 가능한 작업을 확인하십시오.",
    ),
    "guard_failed": Problem(
        409,
        "{zh}",
        "A condition does not hold: {en}",
        "{ko}",
    ),
    "order_changed": Problem(
        409,
        "工单刚被他人改动，请刷新后再操作。",
        "Somebody else has just changed the order; load it again.",
        "다른 사람이 방금 변경했습니다. 새로 고친 뒤 다시 하십시오.",
    ),
    "key_reused": Problem(
        409,
        "这个 Idempotency-Key 已用于另一个请求，请换一个。",
        "This Idempotency-Key was used for another request; take a new one.",
        "이 Idempotency-Key는 다른 요청에 사용되었습니다. 새 키를 쓰십시오.",
    ),
    "attachment_not_found": Problem(
        404,
        "没有这个附件，或您无权查看。",
        "There is no such file, or none that you may see.",
        "해당 첨부 파일이 없거나 볼 권한이 없습니다.",
    ),
    "draft_not_found": Problem(
        404,
        "没有这份督办草稿，或您无权查看。",
        "There is no such draft of supervision, or none that you may see.",
        "해당 독촉 초안이 없거나 볼 권한이 없습니다.",
    ),
    "message_not_found": Problem(
        404,
        "本单位的消息中没有这一条。",
        "Your unit's inbox has no such message.",
        "소속 기관의 수신함에 해당 알림이 없습니다.",
    ),
    "delivery_not_found": Problem(
        404,
        "没有这条发送失败的通知，可能已重新发送，请刷新后再看。",
        "Nothing with this id has failed; it may be on its way again. Load the list again.",
        "해당 발송 실패 건이 없습니다. 이미 다시 발송되었을 수 있으니 새로 고치십시오.",
    ),
    "prompt_not_found": Problem(
        404,
        "没有这个提示音，请从提示音清单中选择。",
        "There is no such prompt; choose one of the list of prompts.",
        "해당 안내 음성이 없습니다. 목록에서 고르십시오.",
    ),
    "proposal_not_found": Problem(
        404,
        "没有这条辅助建议，或不是给您的，请重新获取建议。",
        "Nothing with this id was proposed to you; ask for proposals again.",
        "해당 제안이 없거나 본인에게 한 제안이 아닙니다. 제안을 다시 받으십시오.",
    ),
    "nothing_said": Problem(
        409,
        "这通电话还没有文字，请输入市民所说的内容。",
        "Nothing that was said in this call is known yet; write down what the citizen says.",
        "이 통화의 내용이 아직 없습니다. 시민이 말한 내용을 입력하십시오.",
    ),
    "bad_attachment": Problem(
        422,
        "不能上传此文件：{detail}",
        "This file is not taken: {detail}",
        "이 파일은 올릴 수 없습니다: {detail}",
    ),
    "upload_broken": Problem(
        422,
        "收到的录音与所报的大小或校验值不符，未保存，请重新发送。",
        "What came is not the recording that was announced, by size or checksum; nothing was "
        "kept. Send it again.",
        "받은 녹음이 알린 크기나 체크섬과 달라 저장하지 않았습니다. 다시 보내십시오.",
    ),
    "job_not_held": Problem(
        403,
        "这项通话后处理此刻不在该工作进程手中，请重新领取任务。",
        "This job is not this worker's at this moment; take it from the queue again.",
        "이 통화 후 작업은 지금 이 작업 프로세스의 것이 아닙니다. 대기열에서 다시 받으십시오.",
    ),
    "not_yours": Problem(
        403,
        "您的角色或单位不能对这张工单这样操作。",
        "Your role or your unit may not do this to the order.",
        "역할 또는 소속 부서에 이 작업의 권한이 없습니다.",
    ),
    "seat_not_found": Problem(
        404,
        "没有这个座席。",
        "No seat has this number.",
        "해당 좌석이 없습니다.",
    ),
    "dispatch_call_not_found": Problem(
        404,
        "这张工单没有电话派单，或已经结束。",
        "Nobody was rung for this order, or it is over.",
        "이 민원의 전화 배정이 없거나 이미 끝났습니다.",
    ),
    "dispatch_call_going": Problem(
        409,
        "正在逐个拨打责任人，请等结果，或先停止。",
        "The persons responsible are being rung; wait for the end, or stop it first.",
        "담당자에게 전화하고 있습니다. 결과를 기다리거나 먼저 멈추십시오.",
    ),
    "callback_not_found": Problem(
        404,
        "待回拨名单中没有这一条。",
        "Nobody on the list of callbacks has this number.",
        "회신 목록에 해당 항목이 없습니다.",
    ),
    "bad_skill": Problem(
        422,
        "技能须为政策包 queues 中的一项，等级 0 至 5（0 表示取消）：{skills}",
        "A skill is one of the pack's queues with a level from 0 (none) to 5: {skills}",
        "기능은 정책 묶음 queues의 항목이며 등급은 0(없음)부터 5까지입니다: {skills}",
    ),
    "callback_closed": Problem(
        409,
        "这一条已经处理完毕，或正在回拨；请刷新名单。",
        "It is settled already, or being called now; look at the list again.",
        "이미 처리되었거나 지금 회신 중입니다. 목록을 새로 고치십시오.",
    ),
    "call_not_waiting": Problem(
        409,
        "这个来电现在不在排队，可能已接通或已挂断；请刷新队列。",
        "The call waits in no queue now: it may have been answered, or be over.",
        "이 통화는 지금 대기 중이 아닙니다. 연결되었거나 끝났을 수 있습니다.",
    ),
    "queue_not_found": Problem(
        404,
        "没有这个队列。",
        "No queue has this name.",
        "해당 대기열이 없습니다.",
    ),
    "user_not_found": Problem(
        404,
        "没有这个用户。",
        "No user has this name.",
        "해당 사용자가 없습니다.",
    ),
    "method_not_allowed": Problem(
        405,
        "此地址不支持该方法，可用：{allow}",
        "This address does not know the method; it knows: {allow}",
        "지원하지 않는 메서드입니다. 사용 가능: {allow}",
    ),
    "request_timeout": Problem(
        408,
        "请求发送过慢，请重试。",
        "The request came too slowly; try again.",
        "요청이 너무 느립니다. 다시 시도하십시오.",
    ),
    "seat_exists": Problem(
        409,
        "该座席已存在。",
        "The seat is there already.",
        "이미 있는 좌석입니다.",
    ),
    "user_exists": Problem(
        409,
        "该用户名已被使用。",
        "The name is taken.",
        "이미 사용 중인 이름입니다.",
    ),
    "last_administrator": Problem(
        409,
        "这是最后一位系统管理员，请先指定另一位。",
        "This is the last administrator; appoint another one first.",
        "마지막 시스템 관리자입니다. 먼저 다른 관리자를 지정하십시오.",
    ),
    "phone_not_registered": Problem(
        409,
        "座席话机未注册，请先接通话机。",
        "The seat's phone is not registered; switch it on first.",
        "좌석 전화기가 등록되어 있지 않습니다. 먼저 전화기를 켜십시오.",
    ),
    "phone_not_answered": Problem(
        409,
        "话机振铃后无人接听，请重试。",
        "The phone rang and nobody answered; try again.",
        "전화기가 울렸지만 받지 않았습니다. 다시 시도하십시오.",
    ),
    "seat_busy": Problem(
        409,
        "座席正在通话或振铃，请等通话结束后再操作。",
        "The seat has a call, or one rings there; wait until it is over.",
        "좌석이 통화 중이거나 벨이 울리고 있습니다. 끝난 뒤 다시 하십시오.",
    ),
    "seat_taken": Problem(
        409,
        "该座席已有人签入，请换一个座席，或请对方先签出。",
        "Somebody sits at this seat; take another one, or have them log out first.",
        "다른 사람이 로그인한 좌석입니다. 다른 좌석을 쓰거나 먼저 로그아웃하게 하십시오.",
    ),
    "person_seated": Problem(
        409,
        "此人已在别的座席签入，请先在那里签出：{seat}",
        "This person is logged in at another seat; log out there first: {seat}",
        "이미 다른 좌석에 로그인되어 있습니다. 먼저 그곳에서 로그아웃하십시오: {seat}",
    ),
    "nobody_there": Problem(
        409,
        "该座席无人签入，请先签入。",
        "Nobody is logged in at this seat; log in first.",
        "로그인한 사람이 없는 좌석입니다. 먼저 로그인하십시오.",
    ),
    "probe_target_not_found": Problem(
        404,
        "这个号码不在应当接听的号码之列（转接号码、单位联络电话和联络人手机）。",
        "This is none of the numbers that must answer: forwarded ones, liaison lines, mobiles of "
        "contacts.",
        "응답 점검 대상 번호(전환 번호, 기관 연락 전화, 담당자 휴대전화)가 아닙니다.",
    ),
    "measure_not_found": Problem(
        404,
        "没有这条来电管控记录。",
        "There is no such measure against a caller.",
        "해당 발신자 조치 기록이 없습니다.",
    ),
    "caller_unknown": Problem(
        409,
        "来电没有显示号码，或者是号码表中的单位号码，不能管控。",
        "The caller's number is withheld, or belongs to the number plan: nothing can be done "
        "against it.",
        "발신 번호가 표시되지 않았거나 번호표의 기관 번호이므로 조치할 수 없습니다.",
    ),
    "ban_not_found": Problem(
        404,
        "这个地址目前没有被封禁。",
        "This address is not shut out now.",
        "이 주소는 현재 차단되어 있지 않습니다.",
    ),
    "number_not_allowed": Problem(
        422,
        "号码 {number} 不在允许外呼的范围内；确有需要的，请在政策包 outbound 中添加规则。",
        "This number may not be called; if it is needed, have a rule added under `outbound` in "
        "the policy pack: {number}",
        "이 번호({number})는 발신이 허용되지 않습니다. 필요하면 정책 묶음의 outbound에 규칙을 "
        "추가하십시오.",
    ),
    "outbound_limit": Problem(
        429,
        "外呼已达上限（{limit}：{most}），请稍后再试或请主管调整。",
        "No more outward calls now; try later, or have the limit raised: {limit} {most}",
        "발신 한도({limit}: {most})에 도달했습니다. 나중에 다시 하거나 한도를 조정하십시오.",
    ),
    "no_trunk": Problem(
        503,
        "没有可外呼的线路，请管理员设置 HOTLINE_TRUNK_OUT。",
        "There is no way out; have HOTLINE_TRUNK_OUT set.",
        "발신 회선이 없습니다. HOTLINE_TRUNK_OUT을 설정하십시오.",
    ),
    "bad_pause_reason": Problem(
        422,
        "示忙原因须为其中之一：{reasons}",
        "The reason for a pause is one of: {reasons}",
        "휴식 사유는 다음 중 하나여야 합니다: {reasons}",
    ),
    "call_not_connected": Problem(
        409,
        "该通话已结束，或当前不在与座席通话。",
        "The call is over, or not with a seat now.",
        "통화가 끝났거나 지금 좌석과 통화 중이 아닙니다.",
    ),
    "leg_not_found": Problem(
        404,
        "这通电话没有这个第三方。",
        "No third party of this call has this number.",
        "이 통화에는 해당 제3자가 없습니다.",
    ),
    "mark_not_found": Problem(
        404, "没有这条态度标记。", "No such mark of conduct.", "해당 태도 표시가 없습니다."
    ),
    "duty_not_found": Problem(
        404,
        "值班表中没有这一条。",
        "The duty roster has no such row.",
        "근무표에 해당 항목이 없습니다.",
    ),
    "nobody_on_call": Problem(
        409,
        "该单位此刻没有可拨打的人员，请维护值班表或联系人。",
        "The unit has nobody to ring now; enter a duty or a contact.",
        "해당 기관에 지금 연락할 사람이 없습니다. 근무표나 연락처를 입력하십시오.",
    ),
    "nobody_answered": Problem(
        409,
        "依次拨打后无人接听，市民已接回：{tried}",
        "Nobody who was rung answered; the citizen is back with you: {tried}",
        "차례로 걸었으나 아무도 받지 않았습니다. 시민과 다시 연결되었습니다: {tried}",
    ),
    "consult_under_way": Problem(
        409,
        "正在为这通电话拨打第三方，或第三方已在通话中，请先取消或请其退出。",
        "A third party is being rung for this call or is in it; cancel that, or drop it, first.",
        "이 통화에 제3자를 호출 중이거나 제3자가 참여하고 있습니다. 먼저 취소하거나 내보내십시오.",
    ),
    "no_third_party": Problem(
        409,
        "这通电话没有第三方。",
        "There is no third party in this call.",
        "이 통화에는 제3자가 없습니다.",
    ),
    "call_not_recorded": Problem(
        409,
        "这通电话没有在录音。",
        "This call is not being recorded.",
        "이 통화는 녹음되고 있지 않습니다.",
    ),
    "call_held_elsewhere": Problem(
        409,
        "通话是在话机上保持的，请在话机上恢复。",
        "The call was put on hold on the telephone; resume it there.",
        "전화기에서 보류한 통화입니다. 전화기에서 재개하십시오.",
    ),
    "not_your_seat": Problem(
        403,
        "这是他人的座席或通话，只有本人或管理人员可以操作。",
        "This is another person's seat or call; that person and managers may do this.",
        "다른 사람의 좌석이나 통화입니다. 본인이나 관리자만 할 수 있습니다.",
    ),
    "no_policy": Problem(
        404,
        "没有适用的政策包，请查看 hotline policy check。",
        "No policy pack applies; see hotline policy check.",
        "적용할 정책 묶음이 없습니다. hotline policy check를 확인하십시오.",
    ),
    "bad_policy": Problem(
        500,
        "政策包有误，请用 hotline policy check 查看并改正。",
        "A policy pack is wrong; hotline policy check says where and what to do.",
        "정책 묶음에 오류가 있습니다. hotline policy check로 확인하고 고치십시오.",
    ),
    "extension_refused": Problem(
        409,
        "不能延期：次数已用完，或超过原办理时限。",
        "It cannot be extended: there were too many extensions, or this one is longer than the "
        "original limit.",
        "연장할 수 없습니다. 횟수를 다 썼거나 원래 기한보다 깁니다.",
    ),
    "not_your_unit": Problem(
        403,
        "这不属于您的单位或下级单位，请由该单位或热线中心办理。",
        "This belongs to another unit; its own people or the centre do that.",
        "다른 부서의 소관입니다. 해당 부서나 센터에서 처리해야 합니다.",
    ),
    "unit_not_found": Problem(
        404,
        "没有这个单位，或尚未建立单位。",
        "No unit has this id, or there is none yet.",
        "해당 부서가 없거나 아직 등록된 부서가 없습니다.",
    ),
    "category_not_found": Problem(
        404,
        "没有这个事项分类；新增下级分类前，请先建立上级分类。",
        "No category has this code; before one below another is added, the upper one is.",
        "해당 분류가 없습니다. 하위 분류를 추가하기 전에 상위 분류를 먼저 만드십시오.",
    ),
    "responsibility_not_found": Problem(
        404,
        "没有这条职责记录。",
        "No responsibility has this number.",
        "해당 소관 기록이 없습니다.",
    ),
    "contact_not_found": Problem(
        404,
        "没有这条联系人记录。",
        "No contact has this number.",
        "해당 연락처 기록이 없습니다.",
    ),
    "article_not_found": Problem(
        404,
        "没有这条知识或这个版本，或您无权查看。",
        "There is no such article or version, or none that you may read.",
        "해당 지식 항목이나 버전이 없거나 볼 권한이 없습니다.",
    ),
    "notice_not_found": Problem(
        404,
        "没有这条公告，或您无权查看。",
        "There is no such notice, or none that you may read.",
        "해당 공지가 없거나 볼 권한이 없습니다.",
    ),
    "rule_not_found": Problem(
        404,
        "该政策包没有这条规则，请查看政策包的规则列表。",
        "The policy pack has no such rule; see the rules it lists.",
        "이 정책 묶음에 해당 규칙이 없습니다. 규칙 목록을 확인하십시오.",
    ),
    "unit_exists": Problem(
        409,
        "该单位编码已被使用，请换一个。",
        "The unit's id is taken; take another one.",
        "이미 사용 중인 부서 코드입니다. 다른 코드를 쓰십시오.",
    ),
    "bad_unit_tree": Problem(
        409,
        "单位须组成一棵树：只有一个顶层单位，上级单位须已存在，单位之间不能互为上下级。",
        "The units make one tree: one root, every parent there, and none above each other in "
        "a circle.",
        "부서는 하나의 트리여야 합니다. 최상위는 하나이고, 상위 부서가 있어야 하며, "
        "서로 상하위가 될 수 없습니다.",
    ),
    "unit_inactive": Problem(
        409,
        "单位或其上级已停用：请先启用上级单位，或先停用、移走下级单位；顶层单位不能停用。",
        "The unit or one above it is not active: activate the upper one first, or deactivate or "
        "move those below; the root stays active.",
        "부서나 상위 부서가 비활성 상태입니다. 상위 부서를 먼저 활성화하거나 하위 부서를 먼저 "
        "비활성화하거나 옮기십시오. 최상위 부서는 비활성화할 수 없습니다.",
    ),
    "category_exists": Problem(
        409,
        "该分类编码已被使用。",
        "The category's code is taken.",
        "이미 사용 중인 분류 코드입니다.",
    ),
    "responsibility_exists": Problem(
        409,
        "该单位在这段时间内已有同样的职责。",
        "The unit has the same responsibility in these days already.",
        "해당 부서에 같은 기간의 동일한 소관이 이미 있습니다.",
    ),
    "bad_period": Problem(
        400,
        "起止时间有误：结束不能早于开始，也不能相隔过长。",
        "The period is wrong: it ends before it begins, or is too long.",
        "기간이 잘못되었습니다. 끝이 시작보다 빠르거나 너무 깁니다.",
    ),
    "article_changed": Problem(
        409,
        "这条知识刚被他人改动，请刷新后再操作。",
        "Somebody else has just changed the article; load it again.",
        "다른 사람이 방금 변경했습니다. 새로 고친 뒤 다시 하십시오.",
    ),
    "body_too_large": Problem(
        413,
        "请求内容过大，上限为 {limit} 字节。",
        "The body is too large; the limit is {limit} bytes.",
        "요청 본문이 너무 큽니다. 한도는 {limit}바이트입니다.",
    ),
    "unsupported_media_type": Problem(
        415,
        "请以 application/json 发送内容。",
        "Send the body as application/json.",
        "본문을 application/json으로 보내십시오.",
    ),
    "range_not_satisfiable": Problem(
        416,
        "请求的范围超出录音长度（{size} 字节）。",
        "The range is outside the recording, which has {size} bytes.",
        "요청한 범위가 녹음 길이({size}바이트)를 벗어났습니다.",
    ),
    "websocket_required": Problem(
        426,
        "请用 WebSocket 连接此地址。",
        "Connect to this address with a WebSocket.",
        "이 주소에는 WebSocket으로 연결하십시오.",
    ),
    "too_many_attempts": Problem(
        429,
        "尝试次数过多，请在 {retry_after} 秒后再试。",
        "Too many attempts; try again in {retry_after} s.",
        "시도 횟수가 너무 많습니다. {retry_after}초 후에 다시 시도하십시오.",
    ),
    "internal_error": Problem(
        500,
        "系统出错，已记入日志，请联系系统管理员。",
        "Something went wrong and is in the log; tell the system administrator.",
        "시스템 오류가 기록되었습니다. 시스템 관리자에게 알리십시오.",
    ),
    "database_unavailable": Problem(
        503,
        "数据库暂时不可用，请稍后重试。",
        "The database does not answer now; try again soon.",
        "데이터베이스가 잠시 응답하지 않습니다. 잠시 후 다시 시도하십시오.",
    ),
    "phones_unavailable": Problem(
        503,
        "电话系统暂时不可用，请稍后重试。",
        "The phone system does not answer now; try again soon.",
        "전화 시스템이 잠시 응답하지 않습니다. 잠시 후 다시 시도하십시오.",
    ),
}


def text(id: str, language: str, values: dict[str, Any]) -> str:  # noqa: A002
    """What to tell people of a problem, in one of `LANGUAGES`."""
    problem = PROBLEMS[id]
    template = {"en": problem.en, "ko": problem.ko}.get(language, problem.zh)
    return template.format_map(_Blank(values))


def choose_language(accept: str) -> str:
    """The best of `LANGUAGES` for an ``Accept-Language`` header; Chinese when none fits."""
    best, best_weight = LANGUAGES[0], 0.0
    for part in accept.split(","):
        tag, _, parameter = part.strip().partition(";")
        name, _, number = parameter.strip().partition("=")
        try:
            weight = float(number) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().partition("-")[0]
        for language in LANGUAGES:
            if language.partition("-")[0] == primary and weight > best_weight:
                best, best_weight = language, weight
    return best


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""
