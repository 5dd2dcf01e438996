"""Sends mails: answers to citizens who wrote one (M1).

The standard library's client in a thread, for the same reasons as in `ticketing.channels.mailbox`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from typing import Protocol

from ticketing.channels.errors import BadText, Permanent, Temporary
from ticketing.channels.mail import LONGEST_SUBJECT, check_address
from ticketing.channels.mail_kinds import LOOP_HEADER
from ticketing.channels.mail_text import clean, one_line
from ticketing.channels.signing import check_id

TIMEOUT = 30.0  # seconds for each answer of the server
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_MOST_REFERENCES = 20

_log = logging.getLogger(__name__)


class Security(StrEnum):
    TLS = "tls"  # from the first byte on
    STARTTLS = "starttls"
    NONE = "none"  # this machine only


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mails, and the address they come from.

    Attributes:
        user: empty: no log-in.
        trust: checks the certificate; by default the machine's own authorities are trusted.
    """

    host: str
    port: int
    address: str
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = Security.TLS
    trust: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, checked.

    Args:
        id: of the outbox row; the Message-ID is made of it, so that a mail sent twice is one.
        references: ids of the mails it answers, nearest first; what is no id is left out.
        automatic: nobody wrote it; then no machine answers it, and no bounce comes back.

    Raises:
        ValueError: the id cannot be used.
        BadAddress, BadText
    """

    id: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    references: tuple[str, ...] = ()
    automatic: bool = False

    def __post_init__(self) -> None:
        check_id(self.id)
        check_address(self.to)
        subject, text = one_line(self.subject)[:LONGEST_SUBJECT], clean(self.text)
        if not subject or not text:
            raise BadText("the mail has no subject or no text")
        known = tuple(each for each in self.references if _MESSAGE_ID.fullmatch(each))
        object.__setattr__(self, "subject", subject)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "references", known[:_MOST_REFERENCES])


class MailSender(Protocol):
    """A way out for mails."""

    async def send(self, mail: Mail) -> str:
        """Hand ``mail`` over; gives its Message-ID.

        Raises:
            Temporary, Permanent
        """


class SmtpSender:
    """Sends by SMTP.

    Args:
        now: the clock, for the mail's date.

    Raises:
        BadAddress: the relay's own address is none.
    """

    def __init__(self, relay: Relay, now: Callable[[], datetime]) -> None:
        check_address(relay.address)
        self._relay = relay
        self._now = now

    async def send(self, mail: Mail) -> str:
        """See `MailSender.send`."""
        message = self._message(mail)
        await asyncio.to_thread(self._send, mail, message)
        _log.info("mail %s: handed over", mail.id)
        return str(message["Message-ID"])

    def _message(self, mail: Mail) -> EmailMessage:
        relay = self._relay
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(one_line(relay.name), addr_spec=relay.address)
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._now())
        message["Message-ID"] = f"<{mail.id}@{relay.address.rpartition('@')[2]}>"
        if mail.references:
            message["In-Reply-To"] = mail.references[0]
            message["References"] = " ".join(reversed(mail.references))
        message["Auto-Submitted"] = "auto-replied" if mail.automatic else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message[LOOP_HEADER] = "1"
        message.set_content(mail.text + "\n", cte="base64")
        return message

    def _send(self, mail: Mail, message: EmailMessage) -> None:
        relay = self._relay
        trust = relay.trust or ssl.create_default_context()
        try:
            if relay.security is Security.TLS:
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    relay.host, relay.port, timeout=TIMEOUT, context=trust
                )
            else:
                server = smtplib.SMTP(relay.host, relay.port, timeout=TIMEOUT)
            try:
                if relay.security is Security.STARTTLS:
                    server.starttls(context=trust)
                if relay.user:
                    server.login(relay.user, relay.password)
                sender = "" if mail.automatic else relay.address  # RFC 3834: no bounces to machines
                server.send_message(message, from_addr=sender, to_addrs=[mail.to])
                with suppress(smtplib.SMTPException, OSError):  # it is sent all the same
                    server.quit()
            finally:
                server.close()
        except smtplib.SMTPAuthenticationError:
            raise Temporary("the mail server refuses the log-in; check user and password") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(max(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise Temporary(f"the mail server cannot be reached ({type(error).__name__})") from None


def _refused(code: int) -> Temporary | Permanent:
    if 500 <= code < 600:
        return Permanent(f"the mail server answered {code}: it refuses this mail")
    return Temporary(f"the mail server answered {code}: later")
