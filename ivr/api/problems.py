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
    "seat_not_found": Problem(
        404,
        "没有这个座席。",
        "No seat has this number.",
        "해당 좌석이 없습니다.",
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
