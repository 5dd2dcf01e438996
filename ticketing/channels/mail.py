"""A mail as bytes → what is needed to take a matter in (M1).

Read with the standard library's lenient parser, which is fenced: a mail with too many parts or
lines is not taken apart, only its headers and, if it has one, its plain text are read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

from ticketing.channels.errors import BadAddress
from ticketing.channels.mail_files import Attachment, LeftOut, Limits, media_type, safe_name
from ticketing.channels.mail_html import html_to_text
from ticketing.channels.mail_kinds import MailKind, kind_of
from ticketing.channels.mail_quotes import is_forward, is_reply, without_quotes
from ticketing.channels.mail_text import clean, decode, decode_header, one_line

MOST_NESTED = 40  # multipart or message parts
MOST_LINES = 600_000
MOST_BOUNDARIES = 5_000
LONGEST_HEADER = 8_000  # characters
LONGEST_HEADERS = 256 * 1024  # bytes
LONGEST_SUBJECT = 200
_NESTED = re.compile(rb"(?:^|[\r\n])content-type:\s*(?:multipart|message)/", re.IGNORECASE)
_BOUNDARY = re.compile(rb"[\r\n]--")
_END_OF_HEADERS = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,10}[A-Za-z0-9-]{1,62}[A-Za-z0-9]"
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_MOST_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class MailKey:
    """Where a mail lies; what has been read from here is never read again from here."""

    mailbox: str
    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """A mail, read.

    Attributes:
        key: where it lies.
        message_id: with its ``<>``; made from the content where the mail has none.
        sender: the address, empty when there is none that can be answered.
        text: what the sender wrote, without the mail quoted below.
        whole_text: with it.
        received_at: when the mail server got it, UTC.
        in_reply_to: ids of the mails it answers or reports on, nearest first.
        left_out: files that were not taken over.
        cut: something is missing of the text, or the mail was too big or too intricate; a person
            should look into the mailbox.
    """

    key: MailKey
    kind: MailKind
    message_id: str
    sender: str = field(repr=False)
    sender_name: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    whole_text: str = field(repr=False)
    attachments: tuple[Attachment, ...]
    left_out: tuple[LeftOut, ...]
    received_at: datetime
    in_reply_to: tuple[str, ...]
    cut: bool

    @property
    def fingerprint(self) -> str:
        """The same for the same mail wherever it lies: delivered twice, moved, or renumbered.

        A forged Message-ID alone does not make two mails one.
        """
        parts = (
            self.message_id,
            self.sender.lower(),
            self.subject,
            self.whole_text,
            *(each.digest for each in self.attachments),
        )
        digest = hashlib.sha256()
        for part in parts:
            data = part.encode()
            digest.update(b"%d:%b" % (len(data), data))
        return digest.hexdigest()


def check_address(address: str) -> str:
    """``address`` itself, when a mail can be sent to it.

    Raises:
        BadAddress
    """
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise BadAddress("this is no e-mail address; correct it in the order")
    return address


def read_mail(
    raw: bytes,
    key: MailKey,
    received_at: datetime,
    *,
    own: Collection[str] = (),
    limits: Limits | None = None,
    cut: bool = False,
) -> IncomingMail:
    """Read a mail; whatever the bytes are, it gives one.

    Args:
        raw: the mail as the server keeps it.
        own: our own addresses: what they send is a loop.
        cut: ``raw`` is a beginning only.
    """
    limits = limits or Limits()
    cut = cut or len(raw) > limits.mail
    raw = raw[: limits.mail]
    headers = _END_OF_HEADERS.search(raw)
    intricate = _intricate(raw)
    if (headers.start() if headers else len(raw)) > LONGEST_HEADERS:
        raw, intricate = raw[:LONGEST_HEADERS], True
    message = BytesParser(policy=_READ).parsebytes(raw, headersonly=intricate)
    found = _Found(limits)
    if not intricate or message.get_content_maintype() == "text":
        found.collect(message)
    subject = decode_header(_header(message, "Subject"), LONGEST_SUBJECT)
    name, sender = _sender(_header(message, "From"))
    whole = clean(found.text())
    references = _references(message)
    answer = (is_reply(subject) or bool(references)) and not is_forward(subject)
    text = without_quotes(whole) if answer else whole
    ids = _MESSAGE_ID.findall(_header(message, "Message-ID"))
    made = f"<{hashlib.sha256(raw).hexdigest()}@without-message-id.invalid>"
    return IncomingMail(
        key=key,
        kind=kind_of(
            lambda header: _header(message, header),
            hops=len(message.get_all("Received", [])),
            report=message.get_content_type() == "multipart/report",
            sender=sender,
            subject=subject,
            own={address.lower() for address in own},
        ),
        message_id=ids[0] if ids else made,
        sender=sender,
        sender_name=name,
        subject=subject,
        text=text[: limits.text],
        whole_text=whole[: limits.text],
        attachments=tuple(found.attachments),
        left_out=tuple(found.left_out),
        received_at=received_at,
        in_reply_to=references,
        cut=cut or intricate or len(whole) > limits.text,
    )


class _Reading(Compat32):
    """Headers as plain text, raw bytes in them guessed, none of them endless."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        raw = value[:LONGEST_HEADER].encode("utf-8", "surrogateescape")
        return decode(raw)


_READ = _Reading()


def _intricate(raw: bytes) -> bool:
    """Whether taking the mail apart would cost too much."""
    return (
        raw.count(b"\n") + raw.count(b"\r") > 2 * MOST_LINES
        or _more(_NESTED, raw, MOST_NESTED)
        or _more(_BOUNDARY, raw, MOST_BOUNDARIES)
    )


def _more(pattern: re.Pattern[bytes], raw: bytes, most: int) -> bool:
    return any(count > most for count, _ in enumerate(pattern.finditer(raw), 1))


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""


def _sender(header: str) -> tuple[str, str]:
    """Name and address; taken apart before it is decoded, so that no name can pose as one.

    The standard library's reader is not used: nested comments exhaust its stack.
    """
    line = " ".join(header.split())
    name, opened, rest = line.rpartition("<")
    address = rest.partition(">")[0].strip() if opened else line.strip()
    usable = len(address) <= 254 and _ADDRESS.fullmatch(address)
    return decode_header(name.strip(' "'), 100), address if usable else ""


def _references(message: Message) -> tuple[str, ...]:
    nearest = _MESSAGE_ID.findall(_header(message, "In-Reply-To"))
    older = _MESSAGE_ID.findall(_header(message, "References"))[::-1]
    return tuple(dict.fromkeys((*nearest, *older)))[:_MOST_REFERENCES]


class _Found:
    """Texts and files of a mail, as its parts are walked through."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._texts: list[str] = []
        self.attachments: list[Attachment] = []
        self.left_out: list[LeftOut] = []

    def text(self) -> str:
        return "\n\n".join(text for text in self._texts if text.strip())

    def collect(self, part: Message) -> None:
        """Take in ``part`` and all below it; depth is bounded before."""
        kind = part.get_content_type()
        if part.is_multipart() and kind == "multipart/alternative":
            self._alternative(part)
        elif part.is_multipart() and kind.startswith("multipart/"):
            for child in _children(part):
                self.collect(child)
        elif kind in {"text/plain", "text/html"} and not _is_file(part):
            self._texts.append(_text(part, kind))
        elif kind.startswith("multipart/"):
            self._texts.append(_text(part, "text/plain"))  # it claims parts and has none
        else:
            self._file(part)

    def _alternative(self, part: Message) -> None:
        """The first alternative that says something; files of the others are taken all the same."""
        said = False
        for child in _children(part):
            before = len(self._texts)
            self.collect(child)
            new = [text for text in self._texts[before:] if text.strip()]
            self._texts[before:] = [] if said else new
            said = said or bool(new)

    def _file(self, part: Message) -> None:
        name = safe_name(decode_header(_file_name(part), 500))
        data = _payload(part)
        kind = media_type(data, name)
        if kind is None:
            reason = "type"
        elif len(data) > self._limits.file:
            reason = "size"
        elif len(self.attachments) >= self._limits.files:
            reason = "count"
        else:
            self.attachments.append(Attachment(name, kind, data))
            return
        if len(self.left_out) < self._limits.files:
            self.left_out.append(LeftOut(name, len(data), reason))


def _children(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (child for child in payload if isinstance(child, Message))


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_file_name(part))


def _file_name(part: Message) -> str:
    try:
        return one_line(str(part.get_filename() or ""))
    except (ValueError, LookupError, TypeError):  # parameters that the standard library trips over
        return ""


def _payload(part: Message) -> bytes:
    if part.is_multipart():
        return b""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError):  # of an encoding that lies
        return b""
    return data if isinstance(data, bytes) else b""


def _text(part: Message, kind: str) -> str:
    try:
        charset = str(part.get_param("charset") or "")
    except (ValueError, LookupError, TypeError):
        charset = ""
    text = decode(_payload(part), charset)
    return html_to_text(text) if kind == "text/html" else text
