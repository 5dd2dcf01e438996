"""Mails become work orders, or remarks on the order they answer (M1).

Each mail once: what became of it is kept by its fingerprint, with the position in the mailbox, in
one transaction at the end. What comes before may be done again without harm: the order is made
under an idempotency key of the fingerprint, and a file that the order has already is passed over.
Of several nodes one reads a mailbox at a time.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from ticketing.channels.errors import Temporary
from ticketing.channels.mail import IncomingMail, MailKey
from ticketing.channels.mail_files import Attachment
from ticketing.channels.mail_kinds import MailKind
from ticketing.channels.mailbox import Batch, Position
from ticketing.domain import actions as do
from ticketing.domain.errors import (
    BadAttachment,
    IllegalAction,
    KeyReused,
    OrderChanged,
    Refused,
)
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel, Citizen
from ticketing.domain.work_order import WorkOrder
from ticketing.service.clock import utc_now
from ticketing.service.letters import mail_source, source_of_mail
from ticketing.service.orders import Orders, Worlds, system_actor
from ticketing.store import history, inbox
from ticketing.store.database import Database
from ticketing.store.inbox import MailRow, Message
from ticketing.store.order_tables import IDEMPOTENCY

POSTMAN = "mail"
TOLD = "citizen_wrote"  # in the centre's inbox
LEASE = timedelta(minutes=3)  # for one mail; a node that dies leaves the mailbox after it
_TRIES = 3
_KNOWN_REFERENCES = 3
_NUMBER = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")
_OURS = re.compile(r"<([0-9]{8,18})-[0-9]+-[0-9]+@")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_CUT = "（邮件内容过长或过于复杂，仅收录了一部分，请到邮箱查看原件。）"

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a mail."""

    ORDER = "order"
    REMARK = "remark"
    IGNORED = "ignored"  # a machine's, a list's, or our own
    FAILED = "failed"  # it stays unread in the mailbox, for a person


class Post(Protocol):
    """Where mails are fetched from: `ticketing.channels.mailbox.Mailbox`."""

    async def fetch(self, after: Position | None, *, most: int = ...) -> Batch:
        """The next mails, oldest first; raises Temporary."""
        ...

    async def mark_read(self, keys: Sequence[MailKey]) -> None:
        """Mark mails as seen, for people; raises Temporary."""
        ...


class Files(Protocol):
    """Where files are kept: `ticketing.service.attachments.Attachments`."""

    async def add(self, actor: Actor, number: str, name: str, content: bytes) -> object:
        """Add a file to an order; raises BadAttachment, Refused."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What one look into the mailbox gave; ``more``: ask again at once."""

    orders: int = 0
    remarks: int = 0
    ignored: int = 0
    failed: int = 0
    known: int = 0
    more: bool = False


class MailIntake:
    """Takes in what is in a mailbox.

    Args:
        database: where it is kept what became of each mail.
        orders: takes matters in.
        worlds: for the centre that takes them in.
        name: of the mailbox; its position is kept under it.
        post: the mailbox.
        files: takes what is attached.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        orders: Orders,
        worlds: Worlds,
        *,
        name: str,
        post: Post,
        files: Files,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._orders, self._worlds, self._now = database, orders, worlds, now
        self._name, self._post, self._files = name[:200], post, files

    async def poll(self) -> Taken:
        """Take in the next mails; nothing while another node does.

        Raises:
            Temporary: the mail server is away, or refuses.
            UnitNotFound: there is no unit yet.
            OrderChanged: an order was changed again and again; its mail comes again.
            DatabaseUnavailable: what was not stored comes again.
        """
        postman = system_actor(POSTMAN, await self._worlds.tree())
        now = self._now()
        async with self._database.session() as session:
            if not await inbox.lease(session, self._name, now, now + LEASE):
                return Taken()
            kept = await inbox.position(session, self._name)
        try:
            return await self._read(postman, None if kept is None else Position(*kept))
        finally:
            async with self._database.session() as session:
                await inbox.release(session, self._name, self._now())

    async def _read(self, postman: Actor, after: Position | None) -> Taken:
        batch = await self._post.fetch(after)
        counts = dict.fromkeys(("orders", "remarks", "ignored", "failed", "known"), 0)
        taken: list[MailKey] = []
        for mail in batch.mails:
            became = await self._take(postman, mail)
            counts[became] += 1
            if became != "failed":
                taken.append(mail.key)
        position = batch.position
        async with self._database.session() as session:
            await inbox.move(session, self._name, position.uid_validity, position.uid)
        if taken:
            try:
                await self._post.mark_read(taken)
            except Temporary as problem:
                _log.info("mails were not marked as read: %s", problem)
        return Taken(**counts, more=batch.more)

    async def _take(self, postman: Actor, mail: IncomingMail) -> str:
        """What became of the mail, as `Taken` counts it."""
        async with self._database.reading() as session:
            known = await inbox.mail(session, mail.fingerprint)
        if known is not None:
            return "known"
        if mail.kind is not MailKind.MATTER:
            _log.info("a mail was passed over: %s", mail.kind.value)
            await self._settle(postman, mail, Outcome.IGNORED)
            return "ignored"
        try:
            order = await self._answered(mail)
            if order is not None and await self._remark(postman, order, mail):
                return "remarks"
            await self._matter(postman, mail, order)
        except OrderChanged:
            raise
        except Refused as refusal:  # it must not keep the mails behind it
            _log.error("mail %d: it was not taken in: %s", mail.key.uid, refusal)
            await self._settle(postman, mail, Outcome.FAILED)
            return "failed"
        return "orders"

    async def _matter(self, postman: Actor, mail: IncomingMail, earlier: WorkOrder | None) -> None:
        """The mail is a matter of its own."""
        title = mail.subject or "来信"
        about = "" if earlier is None else f"（来信人就工单 {earlier.number} 再次来信。）"
        answers = (mail.message_id, *mail.in_reply_to)[:_KNOWN_REFERENCES]
        wanted = do.Receive(
            number="",
            content=_joined(mail.text or title, about, _missing(mail)),
            citizen=Citizen(name=mail.sender_name, email=mail.sender),
            channel=Channel.EMAIL,
            title=title,
            source=source_of_mail(mail.sender, answers),
            language="ko" if _HANGUL.search(mail.text) else "zh",
        )
        key = f"mail-{mail.fingerprint}"
        try:
            number = (await self._orders.receive(postman, wanted, key)).number
        except KeyReused:  # it was read a little differently before a crash
            number = await self._made_before(key)
        refused = await self._attach(postman, number, mail)
        await self._settle(postman, mail, Outcome.ORDER, number, remark=refused)

    async def _remark(self, postman: Actor, order: WorkOrder, mail: IncomingMail) -> bool:
        """The mail is a remark on an order; False when nothing can be added to it any more."""
        said = mail.text or mail.subject or "（无正文）"
        try:
            refused = await self._attach(postman, order.number, mail)
            remark = _joined(f"来信人回信：{said}", _missing(mail), refused)
            await self._settle(
                postman, mail, Outcome.REMARK, order.number, remark=remark, tell=order.centre
            )
        except IllegalAction:  # archived
            return False
        return True

    async def _answered(self, mail: IncomingMail) -> WorkOrder | None:
        """The order that the mail is about: its sender's own, named by what it answers or by its
        subject. Numbers can be guessed, so that of another's order makes it a matter of its own."""
        numbers = [found[1] for known in mail.in_reply_to if (found := _OURS.match(known))]
        async with self._database.reading() as session:
            numbers += await inbox.order_of_mails(session, mail.in_reply_to)
            numbers += _NUMBER.findall(mail.subject)
            for number in dict.fromkeys(numbers):
                events = await history.read(session, number)
                order = fold(events) if events else None
                if order is not None and _wrote(order, mail.sender):
                    return order
        return None

    async def _made_before(self, key: str) -> str:
        columns = IDEMPOTENCY.c
        query = select(columns.number).where(columns.actor == POSTMAN, columns.key == key)
        async with self._database.reading() as session:
            return str((await session.execute(query)).scalar_one())

    async def _attach(self, postman: Actor, number: str, mail: IncomingMail) -> str:
        """Add the mail's files that the order has not yet; gives what to say of those refused."""
        async with self._database.reading() as session:
            events = await history.read(session, number)
        there = {e.command.sha256 for e in events if isinstance(e.command, do.Attach)}
        refused: list[str] = []
        for file in mail.attachments:
            if file.digest in there:
                continue
            try:
                await self._add(postman, number, file)
            except BadAttachment as problem:
                refused.append(f"（附件“{file.name}”未收录：{problem}）")
        return "".join(refused)

    async def _add(self, postman: Actor, number: str, file: Attachment) -> None:
        for attempt in range(_TRIES):
            try:
                await self._files.add(postman, number, file.name, file.data)
            except OrderChanged:
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    async def _settle(
        self,
        postman: Actor,
        mail: IncomingMail,
        outcome: Outcome,
        number: str | None = None,
        *,
        remark: str = "",
        tell: str = "",
    ) -> None:
        """Keep what became of the mail, with its remark on the order, and go on behind it.

        Args:
            tell: the unit that finds it in its inbox.
        """
        now, key = self._now(), mail.key
        row = MailRow(
            mail.fingerprint,
            self._name,
            key.uid_validity,
            key.uid,
            mail.message_id,
            outcome.value,
            number,
            now,
        )
        try:
            async with self._database.session() as session:
                if not await inbox.add_mail(session, row):
                    return
                await inbox.move(session, self._name, key.uid_validity, key.uid)
                await inbox.lease(session, self._name, now, now + LEASE, ours=True)
                if number and tell:
                    message = Message(f"mail-{mail.fingerprint}", tell, number, TOLD, now)
                    await inbox.put(session, message)
                if number and remark:
                    step = do.Note(text=remark)
                    await self._orders.act_within(session, postman, number, step)
        except IntegrityError:
            raise OrderChanged(f"{number}: somebody else was faster") from None


def _wrote(order: WorkOrder, sender: str) -> bool:
    """Whether the order came by mail from this address."""
    address, _ = mail_source(order.source)
    by_mail = order.channel is Channel.EMAIL and bool(sender)
    return by_mail and address.casefold() == sender.casefold()


def _missing(mail: IncomingMail) -> str:
    """What of the mail is not in the order, for people."""
    left = "".join(f"（附件“{file.name}”未收录）" for file in mail.left_out)
    return f"{left}{_CUT if mail.cut else ''}"


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
