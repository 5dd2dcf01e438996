"""Mails in from a real IMAP server, and out to a real SMTP server."""

from __future__ import annotations

import imaplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from ivr import certificates
from ticketing.channels.errors import Permanent, Temporary
from ticketing.channels.mail import IncomingMail, MailKey, read_mail
from ticketing.channels.mail_files import Limits
from ticketing.channels.mail_kinds import MailKind
from ticketing.channels.mailbox import Account, Mailbox, Position
from ticketing.channels.outbound import Channels, Delivered, OutboxItem
from ticketing.channels.smtp import Mail, Relay, Security, SmtpSender

USER, PASSWORD = "hotline@example.cn", "geheim"
NOW = datetime(2026, 2, 13, 8, 40, tzinfo=UTC)


class ImapServer:
    """pymap, a real IMAP server, in a process of its own; its mails are lost when it ends."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            (
                *(sys.executable, "-c", "from pymap.main import main; main()"),
                *("--host", "127.0.0.1", "--port", str(self.port), "--no-tls"),
                *("dict", "--demo-user", USER, "--demo-password", PASSWORD),
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):  # 30 s
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"pymap ended: {self._process.wait(0.1)}")
        raise AssertionError("pymap does not listen")

    def admin(self) -> imaplib.IMAP4:
        """A session that may change what is there."""
        server = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        server.login(USER, PASSWORD)
        return server

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


_numbers = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    server = ImapServer()
    yield server
    server.stop()


@pytest.fixture
def folder(server: ImapServer) -> Iterator[Folder]:
    folder = Folder(server, f"folder{next(_numbers)}")
    yield folder
    folder.admin.logout()


class Folder:
    """A mail folder of one test."""

    def __init__(self, server: ImapServer, name: str) -> None:
        self.name = name
        self.port = server.port
        self.admin = server.admin()
        assert self.admin.create(name)[0] == "OK"

    def add(self, raw: bytes, at: datetime = NOW) -> None:
        assert self.admin.append(self.name, "", at, raw)[0] == "OK"

    def mailbox(self, password: str = PASSWORD, limits: Limits | None = None) -> Mailbox:
        account = Account("127.0.0.1", self.port, USER, password, self.name, tls=False)
        return Mailbox(account, own=(USER,), limits=limits)


def letter(number: int, text: str = "路灯坏了") -> bytes:
    message = EmailMessage()
    message["From"] = "李明 <li@example.cn>"
    message["To"] = USER
    message["Subject"] = f"来信 {number}"
    message["Message-ID"] = f"<{number}@example.cn>"
    message.set_content(text, charset="gb18030")
    return message.as_bytes()


async def test_each_mail_is_read_once_in_order(folder: Folder) -> None:
    mailbox = folder.mailbox()
    empty = await mailbox.fetch(None)
    assert (empty.mails, empty.more) == ((), False)
    for number in range(5):
        folder.add(letter(number))
    position, seen = empty.position, list[IncomingMail]()
    for expected in (True, True, False):
        batch = await mailbox.fetch(position, most=2)
        assert batch.more is expected
        position = batch.position
        seen += batch.mails
    assert [mail.subject for mail in seen] == [f"来信 {number}" for number in range(5)]
    assert seen[0].text == "路灯坏了"
    assert seen[0].received_at == NOW
    assert len({mail.key for mail in seen}) == 5
    nothing = await mailbox.fetch(position)
    assert (nothing.mails, nothing.position) == ((), position)
    folder.add(letter(9))
    assert [mail.message_id for mail in (await mailbox.fetch(position)).mails] == ["<9@example.cn>"]


async def test_reading_changes_nothing_until_it_is_marked(folder: Folder) -> None:
    mailbox = folder.mailbox()
    folder.add(letter(1))
    folder.add(letter(2))
    first, second = (await mailbox.fetch(None)).mails
    folder.admin.select(folder.name, readonly=True)
    assert folder.admin.uid("SEARCH", "UNSEEN")[1] == [f"{first.key.uid} {second.key.uid}".encode()]
    renumbered = MailKey(second.key.mailbox, second.key.uid_validity + 1, second.key.uid)
    await mailbox.mark_read([first.key, renumbered])
    folder.admin.select(folder.name, readonly=True)
    assert folder.admin.uid("SEARCH", "UNSEEN")[1] == [str(second.key.uid).encode()]


async def test_a_renumbered_mailbox_is_read_again_and_its_mails_are_known(folder: Folder) -> None:
    mailbox = folder.mailbox()
    for number in range(3):
        folder.add(letter(number))
    before = await mailbox.fetch(None)
    folder.admin.delete(folder.name)
    folder.admin.create(folder.name)
    for number in range(4):
        folder.add(letter(number))
    after = await mailbox.fetch(before.position)
    assert after.position.uid_validity != before.position.uid_validity
    known = {mail.fingerprint for mail in before.mails}
    assert [mail.subject for mail in after.mails if mail.fingerprint not in known] == ["来信 3"]


async def test_removed_mails_and_gaps_do_not_matter(folder: Folder) -> None:
    for number in range(4):
        folder.add(letter(number))
    folder.admin.select(folder.name)
    folder.admin.store("2,4", "+FLAGS", "(\\Deleted)")
    folder.admin.expunge()
    batch = await folder.mailbox().fetch(None)
    assert [mail.subject for mail in batch.mails] == ["来信 0", "来信 2"]


async def test_a_mail_that_is_too_big_is_fetched_in_part(folder: Folder) -> None:
    folder.add(letter(1, "字" * 50_000))
    folder.add(letter(2))
    big, small = (await folder.mailbox(limits=Limits(mail=2000)).fetch(None)).mails
    assert (big.cut, big.subject) == (True, "来信 1")
    assert (small.cut, small.text) == (False, "路灯坏了")


async def test_mails_of_machines_are_told_and_hostile_ones_pass(folder: Folder) -> None:
    folder.add(b"Auto-Submitted: auto-replied\r\n" + letter(1))
    folder.add(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 300)
    folder.add(
        b"From: \xc0\xee <li@example.cn>\r\nSubject: \xcd\xa3\xcb\xae\xc8\xfd\xcc\xec\r\n\r\nx"
    )
    auto, deep, raw = (await folder.mailbox().fetch(None)).mails
    assert auto.kind is MailKind.AUTO_REPLY
    assert deep.cut
    assert raw.subject == "停水三天"


async def test_a_server_that_refuses_or_is_away_is_tried_again(folder: Folder) -> None:
    with pytest.raises(Temporary) as caught:
        await folder.mailbox(password="wrong").fetch(None)
    assert "wrong" not in str(caught.value)
    account = Account("127.0.0.1", folder.port, USER, PASSWORD, "nowhere", tls=False)
    with pytest.raises(Temporary):
        await Mailbox(account).fetch(Position(1, 1))
    with pytest.raises(Temporary):
        await Mailbox(Account("127.0.0.1", 1, USER, PASSWORD, tls=False)).fetch(None)
    with pytest.raises(Temporary):  # TLS where there is none
        await Mailbox(Account("127.0.0.1", folder.port, USER, PASSWORD)).fetch(None)
    assert PASSWORD not in repr(account)


def test_a_folder_whose_name_could_be_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        Mailbox(Account("127.0.0.1", 1, USER, PASSWORD, 'a"\r\nx DELETE b'))


# --- out ----------------------------------------------------------------------------------------
class Post:
    """What a mail server got, and what it refuses."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.refuse = ""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.got.append(envelope)
        return "250 OK"

    @staticmethod
    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
        return AuthResult(success=known, handled=False)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificates.make(*files, "127.0.0.1")
    return files


@pytest.fixture
def relay(post: Post, files: tuple[Path, Path]) -> Iterator[Relay]:
    """A server that speaks to those only who log in over TLS."""
    offered = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    offered.load_cert_chain(*files)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        post,
        hostname="127.0.0.1",
        port=port,
        tls_context=offered,
        require_starttls=True,
        auth_required=True,
        authenticator=post.authenticate,
    )
    controller.start()
    yield Relay(
        *("127.0.0.1", port, USER, "12345 热线", USER, PASSWORD),
        security=Security.STARTTLS,
        trust=ssl.create_default_context(cafile=files[0]),
    )
    controller.stop()


async def test_an_answer_arrives_in_the_citizens_thread(relay: Relay, post: Post) -> None:
    theirs = read_mail(letter(1), MailKey("m", 1, 1), NOW)
    payload = {
        "number": "20260213000123",
        "unit": "市城市管理执法局",
        "text": "路灯已修好。",
        "language": "zh",
        "subject": theirs.subject,
        "references": [theirs.message_id],
    }
    channels = Channels(None, SmtpSender(relay, lambda: NOW), None, {})
    item = OutboxItem("o-1-0", "answered", f"email:{theirs.sender}", payload)
    assert await channels.deliver(item) == Delivered("<o-1-0@example.cn>")
    (envelope,) = post.got
    assert (envelope.mail_from, envelope.rcpt_tos) == (USER, ["li@example.cn"])
    content = envelope.content
    assert isinstance(content, bytes)
    sent = message_from_bytes(content, policy=default)
    assert sent["Subject"] == "Re: 来信 1"
    assert sent["In-Reply-To"] == sent["References"] == "<1@example.cn>"
    assert sent["From"].addresses[0].display_name == "12345 热线"
    assert "路灯已修好。" in sent.get_content()
    back = read_mail(content, MailKey("m", 1, 2), NOW)
    assert back.kind is MailKind.LOOP, "our own mail must never become a matter"


async def test_a_notice_that_nobody_wrote_wants_no_bounce(relay: Relay, post: Post) -> None:
    mail = Mail("o-1-1", "li@example.cn", "已受理", "您好", automatic=True)
    await SmtpSender(relay, lambda: NOW).send(mail)
    assert post.got[0].mail_from == "<>"
    assert b"Auto-Submitted: auto-replied" in (post.got[0].content or b"")


@pytest.mark.parametrize(
    ("answer", "error"), [("550 no such user", Permanent), ("451 greylisted", Temporary)]
)
async def test_the_servers_answer_says_whether_to_try_again(
    relay: Relay, post: Post, answer: str, error: type[Exception]
) -> None:
    post.refuse = answer
    with pytest.raises(error, match=answer[:3]) as caught:
        await SmtpSender(relay, lambda: NOW).send(Mail("o-1", "li@example.cn", "s", "t"))
    assert "li@example.cn" not in str(caught.value)


async def test_a_log_in_or_a_certificate_that_is_refused_is_no_fault_of_the_mail(
    relay: Relay, post: Post
) -> None:
    mail = Mail("o-1", "li@example.cn", "s", "t")
    wrong = Relay(
        *(relay.host, relay.port, USER, "12345", USER, "wrong"),
        security=Security.STARTTLS,
        trust=relay.trust,
    )
    strange = Relay(*(relay.host, relay.port, USER, "12345"), security=Security.STARTTLS)
    away = Relay("127.0.0.1", 1, USER, "12345", security=Security.NONE)
    for server, why in ((wrong, "log-in"), (strange, "SSLCert"), (away, "ConnectionRefused")):
        with pytest.raises(Temporary, match=why) as caught:
            await SmtpSender(server, lambda: NOW).send(mail)
        assert wrong.password not in str(caught.value)
    assert not post.got
