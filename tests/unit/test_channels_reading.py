"""Mails as they come: charsets, parts, quotes, machines, and what means us harm."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketing.channels.errors import BadAddress, BadText
from ticketing.channels.mail import IncomingMail, MailKey, check_address, read_mail
from ticketing.channels.mail_files import Limits, media_type, safe_name
from ticketing.channels.mail_html import html_to_text
from ticketing.channels.mail_kinds import MailKind
from ticketing.channels.mail_quotes import without_quotes
from ticketing.channels.mail_text import clean, decode, decode_header
from ticketing.channels.smtp import Mail

KEY = MailKey("hotline@example.cn/INBOX", 7, 1)
NOW = datetime(2026, 2, 13, 8, 40, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
SECONDS = 20.0  # far more than the worst mail below needs, far less than one that runs away


def read(raw: bytes, limits: Limits | None = None, own: tuple[str, ...] = ()) -> IncomingMail:
    mail = read_mail(raw, KEY, NOW, limits=limits, own=own)
    for text in (mail.subject, mail.text, mail.whole_text, mail.sender, mail.sender_name):
        text.encode()
        assert "\0" not in text
    assert mail.fingerprint
    return mail


def plain(headers: str = "", body: bytes = b"hello") -> bytes:
    return b"From: Li <li@example.cn>\r\n" + headers.encode() + b"\r\n" + body


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "gbk", "gb2312", "big5", "GB2312"])
def test_a_chinese_mail_is_read_in_each_charset(charset: str) -> None:
    words = "路灯壞了請修理" if charset == "big5" else "小区路灯坏了，请修理"
    words = words if charset != "big5" else "路燈壞了請修理"
    body = words.encode(charset)
    for encoding, sent in (("8bit", body), ("base64", base64.encodebytes(body))):
        subject = f"=?{charset}?B?{base64.b64encode(body).decode()}?="
        mail = read(
            f"From: =?{charset}?B?{base64.b64encode('李明'.encode(charset)).decode()}?="
            f" <li@example.cn>\r\nSubject: {subject}\r\nMessage-ID: <a@b>\r\n"
            f"Content-Type: text/plain; charset={charset}\r\n"
            f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
            + sent
        )
        assert (mail.text, mail.subject) == (words, words)
        assert (mail.sender, mail.sender_name) == ("li@example.cn", "李明")
        assert (mail.message_id, mail.kind, mail.cut) == ("<a@b>", MailKind.MATTER, False)


def test_gb18030_characters_beyond_gb2312_survive_a_wrong_declaration() -> None:
    name = "\u9555\u5586\u4dae\U00020bb7"  # 镕, 喆, and two that GB2312 and GBK have not
    assert decode(name.encode("gb18030"), "gb2312") == name


def test_a_character_cut_between_two_encoded_words_is_joined() -> None:
    data = "反映噪音扰民".encode("gb18030")
    halves = (base64.b64encode(half).decode() for half in (data[:5], data[5:]))
    assert decode_header("\r\n ".join(f"=?gb18030?B?{half}?=" for half in halves)) == "反映噪音扰民"


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_raw_bytes_in_headers_are_guessed(charset: str) -> None:
    mail = read("From: 李 <li@example.cn>\r\nSubject: 停水三天了\r\n\r\n小区停水".encode(charset))
    assert (mail.subject, mail.sender_name, mail.text) == ("停水三天了", "李", "小区停水")


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80))
def test_any_subject_that_python_encodes_is_read_back(subject: str) -> None:
    encoded = Header(subject, "utf-8").encode(linesep="\r\n")
    assert decode_header(encoded) == subject


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "unicode_escape", "rot13", "zlib", "undefined", "x" * 99, "\0"]
)
def test_charsets_that_are_traps_are_not_used(charset: str) -> None:
    assert decode("已办".encode(), charset) == "已办"


# --- parts --------------------------------------------------------------------------------------
def mail_with_files() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "li@example.cn"
    message["Subject"] = "照片"
    message.set_content("见附件")
    message.add_alternative("<p>见<b>附件</b></p><img src='cid:1'>", subtype="html")
    message.add_attachment(PNG, maintype="application", subtype="x-foo", filename="现场 照片.png")
    message.add_attachment(b"MZ\x90\0", maintype="image", subtype="png", filename="photo.png")
    return message


def test_files_are_taken_by_what_they_are() -> None:
    mail = read(mail_with_files().as_bytes())
    assert mail.text == "见附件"
    (file,) = mail.attachments
    assert (file.name, file.type, file.data) == ("现场 照片.png", "image/png", PNG)
    (left,) = mail.left_out
    assert (left.name, left.reason) == ("photo.png", "type")


def test_the_number_and_size_of_files_are_bounded() -> None:
    message = mail_with_files()
    message.add_attachment(PNG * 9, maintype="image", subtype="png", filename="big.png")
    for place in range(3):
        message.add_attachment(PNG, maintype="image", subtype="png", filename=f"{place}.png")
    mail = read(message.as_bytes(), Limits(files=3, file=200))
    assert [file.name for file in mail.attachments] == ["现场 照片.png", "0.png", "1.png"]
    reasons = {left.name: left.reason for left in mail.left_out}
    assert reasons == {"photo.png": "type", "big.png": "size", "2.png": "count"}


def test_a_name_encoded_as_qq_and_outlook_do_is_read() -> None:
    word = "=?gb18030?B?" + base64.b64encode("合同.pdf".encode("gb18030")).decode() + "?="
    raw = plain(
        'Content-Type: multipart/mixed; boundary="b"\r\n',
        b'--b\r\nContent-Type: application/octet-stream;\r\n name="' + word.encode() + b'"\r\n'
        b"Content-Disposition: attachment\r\n\r\n%PDF-1.4\r\n--b--\r\n",
    )
    assert [file.name for file in read(raw).attachments] == ["合同.pdf"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nb.pdf", "a b.pdf"),
        ("C:\\x\\y.doc", "C__x_y.doc"),
        ("", "attachment"),
        ("...", "attachment"),
        ("\u202egnp.exe", "gnp.exe"),
    ],
)
def test_names_lead_nowhere(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("字" * 300 + ".docx").endswith("字.docx")
    assert len(safe_name("字" * 300 + ".docx")) == 120


def test_documents_with_macros_and_unknown_archives_are_not_taken() -> None:
    assert media_type(b"PK\x03\x04....word/document.xml", "a.docx") is not None
    assert media_type(b"PK\x03\x04....word/vbaProject.bin", "a.docx") is None
    assert media_type(b"PK\x03\x04....evil.js", "a.docx") is None
    assert media_type(b"<html>", "a.png") is None
    assert media_type("一,二".encode("gbk"), "a.csv") == "text/plain"


def test_html_alone_is_read_as_a_person_sees_it() -> None:
    page = (
        "<!DOCTYPE html><html><head><title>t</title><style>p{}</style></head><body>"
        "<!-- hidden > --><p>1&lt;2 &amp; 路灯&nbsp;坏了</p><script>alert('x')</script>"
        "<div>第二行<br>第三行</div><ul><li>一</li><li>二</li></ul>"
        "<table><tr><td>甲</td><td>乙</td></tr></table>3 < 4<p>尾"
    )
    shown = "1<2 & 路灯 坏了|第二行|第三行|· 一|· 二|甲\t乙|3 < 4|尾"
    assert html_to_text(page).split("\n") == shown.split("|")


# --- quotes -------------------------------------------------------------------------------------
OWN = "还是没有修好。\n请再来一次。"


@pytest.mark.parametrize(
    "quoted",
    [
        "------------------ 原始邮件 ------------------\n发件人: 12345\n答复内容",
        "-----Original Message-----\nFrom: 12345\nanswer",
        "On Fri, 13 Feb 2026 at 16:40, 12345 <h@example.cn> wrote:\n> answer\n> more",
        "在2026-02-13 16:40:00，12345 <h@example.cn> 写道：\n答复内容",
        "在 2026年2月13日，下午4:40，12345 <h@example.cn> 写道\uff1a\n\n> 答复",
        "发件人\uff1a12345\n发送时间\uff1a2026年2月13日\n收件人\uff1a李明\n主题\uff1a答复\n答复内容",
        "2026년 2월 13일 (금) 16:40, 12345 <h@example.cn>님이 작성:\n> 답변",
        "> 答复内容\n> 第二行",
    ],
)
def test_the_quoted_mail_is_cut(quoted: str) -> None:
    assert without_quotes(f"{OWN}\n\n{quoted}") == OWN


def test_what_was_written_below_a_quote_is_kept() -> None:
    text = "On Friday, 12345 <h@example.cn> wrote:\n> answer\n> more\n\n" + OWN
    assert without_quotes(text) == OWN


@pytest.mark.parametrize(
    "text", ["> 全是引用", "-----原始邮件-----\n内容", "发件人很多，没有写道：不算"]
)
def test_nothing_is_cut_when_nothing_else_is_left_or_it_is_no_quote(text: str) -> None:
    assert without_quotes(text) == text


def test_only_answers_are_cut_and_what_is_passed_on_is_the_matter() -> None:
    body = f"{OWN}\n-----原始邮件-----\n旧内容".encode()
    kind = "Content-Type: text/plain; charset=utf-8\r\n"
    assert read(plain(f"Subject: 回复\uff1a路灯\r\n{kind}", body)).text == OWN
    assert read(plain(f"In-Reply-To: <a@b>\r\n{kind}", body)).in_reply_to == ("<a@b>",)
    assert read(plain(f"In-Reply-To: <a@b>\r\n{kind}", body)).text == OWN
    assert "旧内容" in read(plain(f"In-Reply-To: <a@b>\r\n{kind}", body)).whole_text
    assert "旧内容" in read(plain(f"Subject: 路灯\r\n{kind}", body)).text
    forwarded = f"Subject: 转发\uff1a路灯\r\nReferences: <a@b>\r\n{kind}"
    assert "旧内容" in read(plain(forwarded, body)).text


def test_quotes_in_html_are_cut_too() -> None:
    page = f"<div>{OWN}</div><blockquote><div>旧</div></blockquote>"
    other = f'<div>{OWN}</div><div id="isReplyContent"><p>旧</p></div>'
    head = "Subject: Re: x\r\nContent-Type: text/html; charset=utf-8\r\n"
    for body in (page, other):
        assert "旧" not in read(plain(head, body.encode())).text


# --- machines -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Subject: 路灯\r\n", MailKind.MATTER),
        ("Auto-Submitted: no\r\n", MailKind.MATTER),
        ("Return-Path: <li@example.cn>\r\n", MailKind.MATTER),
        ("X-Auto-Response-Suppress: All\r\n", MailKind.MATTER),  # Exchange, on people's mails
        ("Auto-Submitted: auto-replied (vacation)\r\n", MailKind.AUTO_REPLY),
        ("Auto-Submitted: auto-generated; x=y\r\n", MailKind.AUTO_REPLY),
        ("Precedence: auto_reply\r\n", MailKind.AUTO_REPLY),
        ("Subject: 自动回复: 我在休假\r\n", MailKind.AUTO_REPLY),
        ("Subject: Automatic reply: x\r\n", MailKind.AUTO_REPLY),
        ("Return-Path: <>\r\n", MailKind.AUTO_REPLY),
        ("Precedence: bulk\r\n", MailKind.LIST),
        ("List-Unsubscribe: <https://example.cn>\r\n", MailKind.LIST),
        ("Return-Path: <>\r\nSubject: Undelivered Mail Returned\r\n", MailKind.BOUNCE),
        ("X-Failed-Recipients: x@y.cn\r\n", MailKind.BOUNCE),
        ('Content-Type: multipart/report; boundary="b"\r\n', MailKind.BOUNCE),
        ("X-Hotline-Loop: 1\r\n", MailKind.LOOP),
        ("Received: x\r\n" * 31, MailKind.LOOP),
    ],
)
def test_machines_are_told_from_people(headers: str, kind: MailKind) -> None:
    assert read(plain(headers)).kind is kind


def test_our_own_mail_and_the_postmasters_are_no_matters() -> None:
    assert read(plain(), own=("LI@example.cn",)).kind is MailKind.LOOP
    assert read(b"From: MAILER-DAEMON@example.cn\r\n\r\nx").kind is MailKind.BOUNCE


def test_no_name_can_pose_as_another_address() -> None:
    hidden = base64.b64encode(b"<mayor@example.cn>,").decode()
    for name in (f"=?utf-8?B?{hidden}?=", '"<mayor@example.cn>"', "mayor@example.cn"):
        assert read(f"From: {name} <li@evil.cn>\r\n\r\nx".encode()).sender == "li@evil.cn"


@pytest.mark.parametrize(
    "header", ["", "nobody", "<>", "a@b", "a b@c.cn", "x@y.cn\r\n Bcc: z@y.cn", "@" * 999]
)
def test_a_sender_that_cannot_be_answered_is_empty(header: str) -> None:
    mail = read(f"From: {header}\r\n\r\nx".encode())
    assert mail.sender == ""


# --- identity -----------------------------------------------------------------------------------
def test_the_same_mail_is_known_again_wherever_it_lies() -> None:
    raw = plain("Message-ID: <a@b>\r\nSubject: x\r\n")
    again = read_mail(b"Received: other way\r\n" + raw, MailKey("other", 8, 9), NOW)
    assert again.fingerprint == read(raw).fingerprint


def test_a_stolen_message_id_makes_no_mail_disappear() -> None:
    mine = plain("Message-ID: <a@b>\r\nSubject: x\r\n", b"mine")
    theirs = plain("Message-ID: <a@b>\r\nSubject: x\r\n", b"theirs")
    assert read(mine).fingerprint != read(theirs).fingerprint
    assert read(plain()).message_id != read(plain(body=b"other")).message_id


# --- harm ---------------------------------------------------------------------------------------
def nested(depth: int, kind: str = "multipart/mixed") -> bytes:
    raw = b"From: li@example.cn\r\nSubject: deep\r\n"
    for level in range(depth):
        raw += f'Content-Type: {kind}; boundary="b{level}"\r\n\r\n--b{level}\r\n'.encode()
    return raw + b"Content-Type: text/plain\r\n\r\nat the bottom\r\n"


HOSTILE = {
    "deep": nested(5000),
    "deep messages": b"Content-Type: message/rfc822\r\n\r\n" * 5000,
    "deep digests": nested(2000, "multipart/digest"),
    "lone returns": nested(3000).replace(b"\r\n", b"\r"),
    "many parts": plain(
        'Content-Type: multipart/mixed; boundary="b"\r\n', b"--b\r\n\r\n" * 900_000
    ),
    "many lines": plain(body=b"\n" * 5_000_000),
    "many headers": b"X: y\r\n" * 1_000_000,
    "endless header": b"Subject: " + b"a" * 5_000_000,
    "folded header": b"Subject: x\r\n" + b" =?utf-8?B?5Lit?=\r\n" * 300_000,
    "open comments": plain("Content-Type: text/html\r\n", b"<!--" * 500_000),
    "open tags": plain("Content-Type: text/html\r\n", b"<a " * 700_000),
    "less-than": plain("Content-Type: text/html\r\n", b"< " * 500_000 + b">"),
    "scripts": plain("Content-Type: text/html\r\n", b"<script></x" * 200_000),
    "entities": plain("Content-Type: text/html\r\n", b"&" * 1_000_000),
    "huge entity": plain("Content-Type: text/html\r\n", b"&#" + b"9" * 100_000 + b";"),
    "blockquotes": plain("Content-Type: text/html\r\n", b"<blockquote>x" * 80_000),
    "spaces": plain("Subject: Re: x\r\n", b" " * 2_000_000 + b"x"),
    "separators": plain("Subject: Re: x\r\n", (b"-" * 390 + b" \n") * 3_000),
    "attributions": plain("Subject: Re: x\r\n", ("On " + "在于 " * 90 + "\n").encode() * 3_000),
    "commas": b"From: " + b'"a" <b@c>,' * 200_000 + b"\r\n\r\nx",
    "parentheses": b"From: " + b"(" * 1_000_000 + b"\r\n\r\nx",
    "uuencode": plain("Content-Transfer-Encoding: x-uuencode\r\n", b"begin 6 x\n\xff\xff\nend"),
    "base64": plain("Content-Transfer-Encoding: base64\r\n", b"a" * 5),
    "parameters": plain("Content-Type: text/plain; " + ";".join(f"a*{n}*=x" for n in range(9999))),
    "charset parts": plain("Content-Type: text/plain; charset*0*=u''a; charset*x=b; name*=z'\r\n"),
    "utf-7": plain("Content-Type: text/plain; charset=utf-7\r\n", b"+2AA-+AAA-"),
    "zeros": b"\0" * 1_000_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_in_bounded_time(name: str) -> None:
    started = time.process_time()
    mail = read(HOSTILE[name])
    assert time.process_time() - started < SECONDS
    assert len(mail.text) <= Limits().text
    assert len(mail.subject) <= 200


def test_an_intricate_mail_is_marked_and_keeps_its_subject() -> None:
    mail = read(nested(41))
    assert (mail.cut, mail.subject, mail.text) == (True, "deep", "")
    assert read(nested(40)).text == "at the bottom"


def test_a_mail_that_is_too_big_is_read_up_to_there() -> None:
    mail = read(plain(body=b"a" * 5000), Limits(mail=1000))
    assert mail.cut
    assert 900 < len(mail.text) < 1000


PIECES = st.sampled_from(
    [
        *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"\r\n--b\r\n", b"\r\n--b--\r\n"),
        *(b"Content-Type: text/html; charset=", b"gb2312", b"utf-16", b"hz", b"x\r\n", b"\r\n"),
        *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uue\r\n"),
        *(b"Content-Type: message/rfc822\r\n", b"Content-Type: multipart/alternative\r\n"),
        *(b"Content-Disposition: attachment; filename*=gbk''%D6%D0\r\n", b"Subject: =?gbk?b?"),
        *(b"1tDO?=\r\n", b"=?utf-8?q?=E4=B8?=", b"<p>", b"<!--", b"&#x1F600;", b"</p>", b"begin 6"),
        *(b"From: ", b"<li@example.cn>", b"\xd6\xd0", b"\xe4\xb8\xad", b"\0", b"\r", b"\n", b" "),
    ]
)


@settings(max_examples=400)
@given(st.lists(PIECES | st.binary(max_size=12), max_size=60).map(b"".join))
def test_whatever_comes_is_read(raw: bytes) -> None:
    read(raw)


@settings(max_examples=200)
@given(st.text(st.sampled_from("<>/!-?&#;\"' abpdivbrscript=\n\u4e2d"), max_size=300))
def test_any_html_becomes_clean_text(source: str) -> None:
    shown = html_to_text(source)
    assert shown == clean(shown)


def test_many_changed_real_mails_are_read() -> None:
    """Each byte of a mail with files, replaced one at a time."""
    raw = mail_with_files().as_bytes()
    for place in range(0, len(raw), 3):
        read(raw[:place] + bytes([raw[place] ^ 0x55]) + raw[place + 1 :])
        read(raw[:place])


# --- what we send -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address", ["", "a", "a@b", "a@b.cn\r\nRCPT TO:<x@y.cn>", "a@b.cn>", "a b@c.cn", "李@c.cn"]
)
def test_addresses_that_could_do_more_than_name_a_box_are_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        check_address(address)


def test_a_mail_without_words_is_not_sent() -> None:
    with pytest.raises(BadText):
        Mail("a-1", "li@example.cn", "\r\n", "text")
    with pytest.raises(ValueError, match="id"):
        Mail("a\r\n1", "li@example.cn", "s", "text")
