"""Reads new mails from an IMAP mailbox, each once (M1).

The standard library's client is used, in a thread: it needs no dependency, is kept by CPython
itself, and a poll is one short session, so an event loop of its own would win nothing. The
asyncio clients looked at have open reports of a FETCH that never returns.

What has been read is told by UIDVALIDITY and UID, kept by the caller in the transaction that stores
the mails; flags are never relied upon. When the server renumbers a mailbox, everything in it is
read again, and `IncomingMail.fingerprint` tells what is known.
"""

from __future__ import annotations

import asyncio
import imaplib
import logging
import re
import ssl
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ticketing.channels.errors import Temporary
from ticketing.channels.mail import IncomingMail, MailKey, read_mail
from ticketing.channels.mail_files import Limits

TIMEOUT = 30.0  # seconds for each answer of the server
BATCH = 50  # mails in one go
LARGEST_BATCH = 64 * 1024 * 1024  # bytes; the mail that passes it is the batch's last
_UID_VALIDITY = re.compile(rb"[0-9]{1,10}")
_UID = re.compile(rb"UID ([0-9]{1,10})")
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]{1,40})"')
_FOLDER = re.compile(r"[ -!#-\[\]-~]{1,200}")  # printable ASCII without `"` and `\`

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """Where mails are fetched from.

    Attributes:
        tls: from the first byte on; without it, passwords go in the clear: this machine only.
        trust: checks the certificate; by default the machine's own authorities are trusted.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    tls: bool = True
    trust: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What tells this mailbox from others."""
        return f"{self.user}@{self.host}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Position:
    """All up to ``uid`` has been read, as long as the mailbox has this ``uid_validity``."""

    uid_validity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails in the order of their UIDs; ``position`` is where to go on. ``more``: ask at once."""

    mails: tuple[IncomingMail, ...]
    position: Position
    more: bool


class Mailbox:
    """One mailbox. Each call is a session of its own with the server.

    Args:
        own: our own addresses, by which loops are known.

    Raises:
        ValueError: the folder's name cannot be used.
    """

    def __init__(
        self, account: Account, *, own: Collection[str] = (), limits: Limits | None = None
    ) -> None:
        if not _FOLDER.fullmatch(account.folder):
            raise ValueError("a mail folder's name is plain ASCII; rename it, or take INBOX")
        self._account = account
        self._own = tuple(own)
        self._limits = limits or Limits()

    async def fetch(self, after: Position | None, *, most: int = BATCH) -> Batch:
        """The next mails, oldest first; nothing is changed on the server.

        Args:
            after: what the last batch told; None: from the first mail on.

        Raises:
            Temporary: the server is away, refuses the log-in, or says nonsense.
        """
        return await asyncio.to_thread(self._fetch, after, most)

    async def mark_read(self, keys: Sequence[MailKey]) -> None:
        """Mark mails as seen, for people who look into the mailbox; old keys are passed over.

        Raises:
            Temporary
        """
        await asyncio.to_thread(self._mark, keys)

    def _fetch(self, after: Position | None, most: int) -> Batch:
        with self._session(readonly=True) as (server, validity):
            start = after.uid if after is not None and after.uid_validity == validity else 0
            if after is not None and after.uid_validity != validity:
                _log.warning("mailbox %s was renumbered; it is read again", self._account.folder)
            found = _command(server, "SEARCH", "UID", f"{start + 1}:*")
            uids = sorted({uid for uid in _numbers(found) if uid > start})  # `*` is the last of all
            mails: list[IncomingMail] = []
            last, size = start, 0
            for uid in uids[:most]:
                said, raw = self._download(server, uid)
                if raw:  # else removed in the meantime
                    key = MailKey(self._account.name, validity, uid)
                    mail = read_mail(raw, key, _arrived(said), own=self._own, limits=self._limits)
                    mails.append(mail)
                last, size = uid, size + len(raw)
                if size > LARGEST_BATCH:
                    break
            return Batch(tuple(mails), Position(validity, last), bool(uids) and last < uids[-1])

    def _download(self, server: imaplib.IMAP4, uid: int) -> tuple[bytes, bytes]:
        """What the server tells of a mail, and its bytes, one more than are read at most."""
        most = self._limits.mail + 1
        wanted = f"(UID INTERNALDATE BODY.PEEK[]<0.{most}>)"
        for item in _command(server, "FETCH", str(uid), wanted):
            if not isinstance(item, tuple) or len(item) != 2:
                continue
            said, raw = item
            its_uid = _UID.search(said)
            if its_uid is None or int(its_uid[1]) == uid:
                return said, raw
        return b"", b""

    def _mark(self, keys: Sequence[MailKey]) -> None:
        with self._session(readonly=False) as (server, validity):
            ours = [
                key
                for key in keys
                if key.mailbox == self._account.name and key.uid_validity == validity
            ]
            for start in range(0, len(ours), BATCH):
                uids = ",".join(str(key.uid) for key in ours[start : start + BATCH])
                _command(server, "STORE", uids, "+FLAGS.SILENT", "(\\Seen)")

    @contextmanager
    def _session(self, *, readonly: bool) -> Iterator[tuple[imaplib.IMAP4, int]]:
        """Logged in, with the folder open; gives its UIDVALIDITY too."""
        try:
            server = self._connect()
            try:
                server.login(self._account.user, self._account.password)
                if "ID" in server.capabilities:  # some providers let no one in without it
                    server.xatom("ID", '("name" "hotline" "version" "1")')
                status, _ = server.select(f'"{self._account.folder}"', readonly)
                if status != "OK":
                    raise Temporary("the mail server has no such folder, or does not open it")
                yield server, _validity(server)
                with suppress(imaplib.IMAP4.error, OSError):
                    server.logout()
            finally:
                with suppress(OSError):
                    server.shutdown()
        except imaplib.IMAP4.error as error:
            raise Temporary(f"the mail server refuses: {_told(error)}") from None
        except (OSError, UnicodeError) as error:
            raise Temporary(f"the mail server cannot be reached ({type(error).__name__})") from None

    def _connect(self) -> imaplib.IMAP4:
        account = self._account
        if not account.tls:
            return imaplib.IMAP4(account.host, account.port, timeout=TIMEOUT)
        trust = account.trust or ssl.create_default_context()
        return imaplib.IMAP4_SSL(account.host, account.port, ssl_context=trust, timeout=TIMEOUT)


def _command(server: imaplib.IMAP4, verb: str, *words: str) -> list[object]:
    status, said = server.uid(verb, *words)
    if status != "OK":
        raise Temporary(f"the mail server refuses {verb}")
    return list(said)


def _numbers(said: list[object]) -> Iterator[int]:
    for line in said:
        if isinstance(line, bytes):
            yield from (int(word) for word in line.split() if word.isdigit() and len(word) <= 10)


def _validity(server: imaplib.IMAP4) -> int:
    said = server.response("UIDVALIDITY")[1]
    first = said[-1] if said else None
    number = _UID_VALIDITY.fullmatch(first) if isinstance(first, bytes) else None
    if number is None:
        raise Temporary("the mail server tells no UIDVALIDITY")
    return int(number.group())


def _arrived(said: bytes) -> datetime:
    """INTERNALDATE in UTC; now, when the server tells none."""
    found = _ARRIVED.search(said)
    if found is not None:
        with suppress(ValueError):
            text = found[1].decode("ascii", "replace").strip()
            return datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    return datetime.now(UTC)


def _told(error: Exception) -> str:
    """What the server said, on one short line."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
