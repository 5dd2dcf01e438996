"""The channels' rules that need no server: numbers, parts, signatures, retries, texts, outcomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.channels import texts
from ticketing.channels.errors import (
    BadPhone,
    BadSignature,
    BadTarget,
    BadText,
    Permanent,
    Temporary,
)
from ticketing.channels.http import Targets
from ticketing.channels.outbound import (
    Channels,
    Delivered,
    Failed,
    OutboxItem,
    TryAgain,
)
from ticketing.channels.phones import PhoneKind, read_phone
from ticketing.channels.signing import DELIVERY, SIGNATURE, TIMESTAMP, signed, verify
from ticketing.channels.sms import ConsoleSms, Receipt, Sms, clean, fitted, parts
from ticketing.channels.smtp import Mail
from ticketing.channels.texts import TEXTS, Notice, needs, scrubbed
from ticketing.channels.webhooks import JITTER, SCHEDULE, Hook, HookEvent, retry_at

NOW = datetime(2026, 2, 13, 8, 40, tzinfo=UTC)
SECRET = b"sixteen bytes or more"
MOBILE = "13812345678"


@pytest.mark.parametrize(
    ("written", "digits", "kind"),
    [
        ("13812345678", "13812345678", PhoneKind.MOBILE),
        ("+86 138-1234-5678", "13812345678", PhoneKind.MOBILE),
        ("0086 19912345678", "19912345678", PhoneKind.MOBILE),
        ("8613812345678", "13812345678", PhoneKind.MOBILE),
        ("\uff11\uff13812345678", "13812345678", PhoneKind.MOBILE),  # full width
        ("0433-2512345", "04332512345", PhoneKind.LANDLINE),
        ("(010) 6512 3456", "01065123456", PhoneKind.LANDLINE),
        ("+86 433 2512345", "04332512345", PhoneKind.LANDLINE),
        ("8155772", "8155772", PhoneKind.LANDLINE),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, digits: str, kind: PhoneKind) -> None:
    phone = read_phone(written)
    assert (phone.digits, phone.kind) == (digits, kind)


@pytest.mark.parametrize(
    "written",
    [
        *("", "12345", "110", "12812345678", "1381234567", "138123456789", "+1 212 555 0100"),
        *("0" * 11, "1381234567x", "13812345678\r\nX: y", "١٣٨١٢٣٤٥٦٧٨", "9" * 1000),
    ],
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(BadPhone):
        read_phone(written)


def test_a_number_is_never_printed_whole() -> None:
    message = Sms("a-1", MOBILE, "您好")
    assert MOBILE not in f"{message} {message!r} {message.phone} {message.phone!r}"
    assert str(message.phone) == "138****5678"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),  # 33 in each part: one unit of each 67 stays empty
        ("😀" * 67, 3),
    ],
)
def test_parts_are_counted_as_carriers_count(text: str, count: int) -> None:
    assert parts(text) == count


@given(st.text(max_size=600), st.integers(1, 6))
def test_a_fitted_text_fits_and_is_not_shorter_than_needed(text: str, most: int) -> None:
    short = fitted(text, most)
    assert parts(short) <= most
    if short != text:
        kept = short.removesuffix("…")
        assert text.startswith(kept)
        assert parts(text[: len(kept) + 1] + "…") > most


def test_control_characters_do_not_leave() -> None:
    assert clean("您好\r\n第二行\x00\x1b[31m\u202e\ud800!\u2028") == "您好 第二行[31m!"


@pytest.mark.parametrize("text", ["", " \x00\u200b ", "字" * 403])
def test_a_message_says_something_and_is_bounded(text: str) -> None:
    with pytest.raises(BadText):
        Sms("a-1", MOBILE, text)


def test_a_landline_takes_no_message() -> None:
    with pytest.raises(BadPhone, match="landline"):
        Sms("a-1", "0433-2512345", "您好")


async def test_the_console_writes_each_message_once(tmp_path: Path) -> None:
    file = tmp_path / "sms.jsonl"
    file.write_text('{"id":"a-0","to":"138', "utf-8")  # torn by a crash
    for message in (Sms("a-1", MOBILE, "一"), Sms("a-1", MOBILE, "一"), Sms("a-2", MOBILE, "二")):
        assert (await ConsoleSms(file).send(message)).segments == 1
    lines = file.read_text("utf-8").splitlines()[1:]
    assert [json.loads(line)["text"] for line in lines] == ["一", "二"]
    assert json.loads(lines[0]) == {"id": "a-1", "to": MOBILE, "text": "一", "segments": 1}


async def test_a_new_file_of_messages_is_the_owners_alone(tmp_path: Path) -> None:
    await ConsoleSms(tmp_path / "sms.jsonl").send(Sms("a-1", MOBILE, "一"))
    assert (tmp_path / "sms.jsonl").stat().st_mode & 0o777 == 0o600


async def test_a_console_that_cannot_write_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(Temporary):
        await ConsoleSms(tmp_path / "missing" / "sms.jsonl").send(Sms("a-1", MOBILE, "一"))


# --- signatures ---------------------------------------------------------------------------------
def test_a_signature_of_the_documented_form_is_what_we_make() -> None:
    """Made by `printf 'v1.1770972000.a-1.{}' | openssl dgst -sha256 -hmac secretsecretsecret`."""
    headers = signed(b"{}", b"secretsecretsecret", "a-1", NOW)
    assert headers == {
        "Hotline-Delivery": "a-1",
        "Hotline-Timestamp": "1770972000",
        "Hotline-Signature": "v1=a2e00ebe0da23241c63a0927a1485ef569b8b43f0647fd8a0bc19c6b90e8bd35",
    }


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=40))
def test_a_receiver_accepts_what_we_sign(body: bytes, secret: bytes) -> None:
    headers = {name.upper(): value for name, value in signed(body, secret, "a-1", NOW).items()}
    assert verify(body, headers, secret, NOW + timedelta(minutes=5)) == "a-1"


@given(st.data())
def test_a_receiver_refuses_any_change(data: st.DataObject) -> None:
    body = b'{"number":"20260213000123"}'
    headers = signed(body, SECRET, "a-1", NOW)
    place = data.draw(st.integers(0, len(body) - 1))
    changed = (
        body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    )
    with pytest.raises(BadSignature):
        verify(changed, headers, SECRET, NOW)
    for name, value in ((DELIVERY, "a-2"), (TIMESTAMP, "1770972001"), (SIGNATURE, "v1=\udc80é")):
        with pytest.raises(BadSignature):
            verify(body, {**headers, name: value}, SECRET, NOW)
        with pytest.raises(BadSignature):
            verify(body, {key: v for key, v in headers.items() if key != name}, SECRET, NOW)
    with pytest.raises(BadSignature):
        verify(body, headers, SECRET + b"!", NOW)


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_an_old_request_is_not_heard_again(off: timedelta) -> None:
    with pytest.raises(BadSignature, match="clock"):
        verify(b"{}", signed(b"{}", SECRET, "a-1", NOW), SECRET, NOW + off)


def test_a_hook_shows_neither_address_nor_secret_and_needs_a_long_one() -> None:
    hook = Hook("https://example.cn/in?token=tok", SECRET)
    assert "tok" not in repr(hook)
    assert SECRET.decode() not in repr(hook)
    with pytest.raises(ValueError, match="16 bytes"):
        Hook("https://example.cn/in", b"short")


def test_the_body_of_an_event_is_the_same_for_each_try() -> None:
    event = HookEvent("a-1", "answered", NOW, {"number": "1", "message": "已办结"})
    same = HookEvent("a-1", "answered", NOW, {"message": "已办结", "number": "1"})
    assert event.body() == same.body()
    assert json.loads(event.body()) == {
        "version": 1,
        "id": "a-1",
        "type": "answered",
        "occurred_at": "2026-02-13T08:40:00Z",
        "data": {"number": "1", "message": "已办结"},
    }


# --- retries ------------------------------------------------------------------------------------
@given(st.integers(1, len(SCHEDULE)), st.text(max_size=20))
def test_a_retry_comes_within_its_bounds(attempt: int, seed: str) -> None:
    at = retry_at(attempt, NOW, seed)
    wait = SCHEDULE[attempt - 1]
    assert at is not None
    assert wait * (1 - JITTER) <= at - NOW <= wait * (1 + JITTER)
    assert at == retry_at(attempt, NOW, seed)


def test_retries_end_and_are_spread() -> None:
    assert retry_at(len(SCHEDULE) + 1, NOW, "a") is None
    assert len({retry_at(1, NOW, str(n)) for n in range(100)}) > 90
    with pytest.raises(ValueError, match="first"):
        retry_at(0, NOW, "a")


# --- targets ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    ],
)
def test_networks_that_are_not_public_are_not_called(address: str) -> None:
    assert not Targets().allows(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(BadTarget):
        Targets().check(f"https://{host}/hook")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_networks_are_called(address: str) -> None:
    assert Targets().allows(ip_address(address))


def test_a_network_that_is_allowed_is_called_and_its_neighbour_is_not() -> None:
    targets = Targets((ip_network("10.1.0.0/16"),))
    assert targets.allows(ip_address("10.1.2.3"))
    assert targets.allows(ip_address("::ffff:10.1.2.3"))
    assert not targets.allows(ip_address("10.2.2.3"))


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.cn/", "ftp://example.cn/", "file:///etc/passwd", "https://", ""),
        *("https://user:word@example.cn/", "https://user@example.cn/", "https://[::1"),
        *("https://a:b/", "https://example.cn/" + "a" * 2000, "javascript:alert(1)", "a.cn"),
    ],
)
def test_a_web_address_is_https_and_plain(url: str) -> None:
    with pytest.raises(BadTarget):
        Targets().check(url)


# --- texts --------------------------------------------------------------------------------------
def test_every_notice_has_the_three_languages_with_the_same_fields() -> None:
    for notice in Notice:
        assert set(TEXTS[notice]) == {"zh", "ko", "en"}
        told = {name: f"<{name}>" for name in needs(notice)}
        assert needs(notice) <= texts.FIELDS
        for language, shown in TEXTS[notice].items():
            message = shown.short.format_map(told)
            assert all(value in message for value in told.values()), (notice, language)
            assert "<number>" in shown.subject.format_map(told)


def test_no_text_is_long_before_people_write_in_it() -> None:
    told = {"number": "20260213000123", "unit": "市住房和城乡建设局", "due": "2026年2月27日"}
    for notice in Notice:
        shown = TEXTS[notice]["zh"].short.format_map({**told, "text": "", "reason": ""})
        assert parts(shown) == 1, notice


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("业主李某 13900001111 已联系", "业主李某 139****1111 已联系"),
        ("联系 139-0000-1111", "联系 139****1111"),
        ("身份证222401199001011234。", "身份证222****1234。"),
        ("证号22240119900101123X", "证号222****123X"),
        ("卡号6222020200112233445", "卡号622****3445"),
        ("请拨打0433-2512345或12345", "请拨打0433-2512345或12345"),
        ("工单20260213000123", "工单20260213000123"),
        ("您的电话13812345678", "您的电话13812345678"),
    ],
)
def test_other_peoples_numbers_are_masked(text: str, told: str) -> None:
    assert scrubbed(text, keep=MOBILE) == told


# --- outcomes -----------------------------------------------------------------------------------
class Recorder:
    """An adapter that remembers, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sms: list[Sms] = []
        self.mails: list[Mail] = []
        self.error = error

    def fail(self) -> None:
        if self.error is not None:
            raise self.error


class SmsRecorder(Recorder):
    async def send(self, message: Sms) -> Receipt:
        self.fail()
        self.sms.append(message)
        return Receipt("gw-1", message.segments)


class MailRecorder(Recorder):
    async def send(self, mail: Mail) -> str:
        self.fail()
        self.mails.append(mail)
        return f"<{mail.id}@example.cn>"


ANSWER = {
    "number": "20260213000123",
    "unit": "市城市管理执法局",
    "text": "已清理。另一投诉人13900001111也已答复。",
    "language": "zh",
}


@pytest.mark.parametrize("channel", ["phone", "sms"])
async def test_a_caller_is_told_by_text_message(channel: str) -> None:
    gateway = SmsRecorder()
    item = OutboxItem("o-1-0", "answered", f"{channel}:+86 {MOBILE}", ANSWER)
    assert await Channels(gateway, None, None, {}).deliver(item) == Delivered("gw-1")
    (message,) = gateway.sms
    assert message.to == MOBILE
    assert message.id == "o-1-0"
    assert "市城市管理执法局" in message.text
    assert "13900001111" not in message.text


@pytest.mark.parametrize(
    ("language", "word"),
    [("ko", "민원"), ("en", "Your matter"), ("zh", "您反映"), ("ja", "您反映")],
)
async def test_a_citizen_is_told_in_his_language(language: str, word: str) -> None:
    gateway = SmsRecorder()
    item = OutboxItem("o-1", "answered", f"phone:{MOBILE}", {**ANSWER, "language": language})
    await Channels(gateway, None, None, {}).deliver(item)
    assert word in gateway.sms[0].text


async def test_a_long_result_is_cut_for_a_text_message_and_whole_in_a_mail() -> None:
    gateway, mail = SmsRecorder(), MailRecorder()
    long = {**ANSWER, "text": "字" * 3000}
    channels = Channels(gateway, mail, None, {})
    for target in (f"sms:{MOBILE}", "email:li@example.cn"):
        assert isinstance(
            await channels.deliver(OutboxItem("o", "answered", target, long)), Delivered
        )
    assert gateway.sms[0].text.endswith("…")
    assert "字" * 3000 in mail.mails[0].text


async def test_a_mail_is_answered_in_its_thread() -> None:
    mail = MailRecorder()
    payload = {
        **ANSWER,
        "subject": "路灯不亮\r\nBcc: x@y.cn",
        "references": ["<b@x>", "bad id\r\n"],
    }
    item = OutboxItem("o-1", "answered", "email:li@example.cn", payload)
    await Channels(None, mail, None, {}).deliver(item)
    (sent,) = mail.mails
    assert sent.subject == "Re: 路灯不亮 Bcc: x@y.cn"
    assert sent.references == ("<b@x>",)
    assert not sent.automatic


@pytest.mark.parametrize(
    ("kind", "target", "payload"),
    [
        ("unknown", f"phone:{MOBILE}", ANSWER),
        ("answered", "pigeon:x", ANSWER),
        ("answered", "", ANSWER),
        ("answered", "phone:12345", ANSWER),
        ("answered", "phone:0433-2512345", ANSWER),
        ("answered", "email:nobody", ANSWER),
        ("answered", "portal:x", ANSWER),
        ("answered", f"phone:{MOBILE}", {**ANSWER, "text": " "}),
        ("answered", f"phone:{MOBILE}", {**ANSWER, "number": "{0}"}),
        ("answered", f"phone:{MOBILE}", {**ANSWER, "unit": 7}),
    ],
)
async def test_what_can_never_be_told_fails_for_good(
    kind: str, target: str, payload: dict[str, object]
) -> None:
    channels = Channels(SmsRecorder(), MailRecorder(), None, {})
    outcome = await channels.deliver(OutboxItem("o-1", kind, target, payload))
    assert isinstance(outcome, Failed)
    assert MOBILE not in outcome.reason


async def test_the_adapters_errors_become_outcomes() -> None:
    item = OutboxItem("o-1", "answered", f"phone:{MOBILE}", ANSWER)
    later = await Channels(SmsRecorder(Temporary("busy", 7)), None, None, {}).deliver(item)
    assert later == TryAgain("busy", 7)
    never = await Channels(SmsRecorder(Permanent("blocked")), None, None, {}).deliver(item)
    assert never == Failed("blocked")


@given(
    st.sampled_from([*Notice, "x"]),
    st.text(max_size=60) | st.sampled_from([f"phone:{MOBILE}", "email:li@example.cn"]),
    st.dictionaries(
        st.sampled_from([*texts.FIELDS, "language", "references", "subject", "occurred_at"]),
        st.text(max_size=50) | st.integers() | st.none() | st.lists(st.text(max_size=5)),
    ),
)
async def test_no_item_whatsoever_breaks_the_delivery(
    kind: str, target: str, payload: dict[str, object]
) -> None:
    gateway, mail = SmsRecorder(), MailRecorder()
    outcome = await Channels(gateway, mail, None, {}).deliver(
        OutboxItem("o", kind, target, payload)
    )
    assert isinstance(outcome, Delivered) == bool(gateway.sms or mail.mails)
