"""What the writer of an answer added, without the mail that is quoted below it."""

from __future__ import annotations

import re

from ticketing.channels.mail_text import clean

_LONGEST_MARK = 400  # characters; a longer line is nobody's separator
_COLON = "[:\uff1a]"
_OLD_MAIL = frozenset(
    {"原始邮件", "原邮件", "回复的原邮件", "original message", "원본 메시지", "원본 메일"}
)
_WROTE = re.compile(
    rf"(?:On\s.{{5,200}}\swrote|在.{{5,200}}写道|.{{5,200}}님이 작성"
    rf"|.{{0,60}}于.{{5,100}}写道)\s?{_COLON}"
)
_HEADER = re.compile(rf"\**(?:发件人|寄件者|From|보낸 사람)\**\s?{_COLON}.+")
_NEXT_HEADER = re.compile(
    r"\**(?:发送时间|发送日期|日期|时间|收件人|主题|抄送|Sent|Date|To|Subject|Cc"
    rf"|보낸 날짜|받는 사람|제목)\**\s?{_COLON}.*"
)
_REPLY = re.compile(rf"\s*(?:re|aw|回复|答复|回覆|답장)\s*(?:\[\d+\])?\s*{_COLON}", re.IGNORECASE)
_FORWARD = re.compile(rf"\s*(?:fwd?|wg|转发|转寄|轉寄|전달)\s*{_COLON}", re.IGNORECASE)


def is_forward(subject: str) -> bool:
    """Whether a mail was passed on: then what it quotes is the matter itself."""
    return _FORWARD.match(subject) is not None


def is_reply(subject: str) -> bool:
    """Whether the subject is that of an answer."""
    return _REPLY.match(subject) is not None


def without_quotes(text: str) -> str:
    """What the writer of an answer added; all of ``text`` when nothing else would be left."""
    lines = [line.strip() for line in text.split("\n")]
    kept: list[str] = []
    for place, line in enumerate(lines):
        if len(line) <= _LONGEST_MARK:
            if line.strip("-_—=* ").lower() in _OLD_MAIL or _starts_headers(lines, place):
                break
            if _WROTE.fullmatch(line):
                if not _is_quoted_below(lines, place):
                    break
                continue
        if not line.startswith(">"):
            kept.append(line)
    return clean("\n".join(kept)) or text


def _is_quoted_below(lines: list[str], place: int) -> bool:
    """Whether the next line that is not empty begins with ``>``."""
    for line in lines[place + 1 : place + 6]:
        if line:
            return line.startswith(">")
    return False


def _starts_headers(lines: list[str], place: int) -> bool:
    """Whether the header block of an old mail begins here: 发件人, then two more of its kind."""
    if not _HEADER.fullmatch(lines[place]):
        return False
    following = (line for line in lines[place + 1 : place + 8] if len(line) <= _LONGEST_MARK)
    return sum(1 for line in following if _NEXT_HEADER.fullmatch(line)) >= 2
