"""What a citizen is told goes back by the way the matter came (M1).

The one who empties the outbox gives items to a `Delivery` and acts on what it says; here nothing is
remembered and nothing is tried twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from ticketing.channels.errors import BadText, Permanent, Temporary
from ticketing.channels.mail_quotes import is_reply
from ticketing.channels.mail_text import clean as clean_text
from ticketing.channels.signing import check_id
from ticketing.channels.sms import Sms, SmsGateway, clean, fitted
from ticketing.channels.smtp import Mail, MailSender
from ticketing.channels.texts import FREE, Notice, footer, needs, scrubbed, words
from ticketing.channels.webhooks import Hook, HookEvent, Webhooks
from ticketing.domain.matters import Channel

BY_SMS = frozenset({Channel.PHONE, Channel.SMS})
LONGEST_FIELD = 10_000  # characters
_LONGEST_REFERENCE = 200
_ORDER_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One thing to be told.

    Attributes:
        id: the same for every try.
        kind: a `Notice`'s value.
        target: ``<channel>:<address>``: ``phone:13812345678``, ``email:li@example.cn``,
            ``portal:<the portal's own reference of the matter>`` (may be empty).
        payload: the fields of the text (``number``, ``unit``, ``text``, ``reason``, ``due``);
            ``language``; ``occurred_at`` (ISO 8601 with a zone); of e-mail ``subject`` and
            ``references`` (ids of the citizen's mails, nearest first).
    """

    id: str
    kind: str
    target: str = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Handed over. Attributes: reference: the other side's id of it, or empty."""

    reference: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not now. Attributes: after: seconds to wait at least; None: as usual."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Never this way; a person should tell the citizen."""

    reason: str


Outcome: TypeAlias = Delivered | TryAgain | Failed


class Delivery(Protocol):
    """Tells what is in the outbox."""

    async def deliver(self, item: OutboxItem) -> Outcome:
        """Try once; what goes wrong with a channel is an outcome, not an error."""


class Channels:
    """Chooses the adapter by the channel of an item's target.

    Args:
        sms: for `BY_SMS`.
        mail: for e-mail; None: no mail is sent.
        hooks: the receiver of each other channel that has one.
    """

    def __init__(
        self,
        sms: SmsGateway | None,
        mail: MailSender | None,
        webhooks: Webhooks | None,
        hooks: Mapping[Channel, Hook],
    ) -> None:
        self._sms = sms
        self._mail = mail
        self._webhooks = webhooks
        self._hooks = dict(hooks)

    async def deliver(self, item: OutboxItem) -> Outcome:
        """See `Delivery.deliver`."""
        try:
            return Delivered(await self._send(item))
        except Temporary as error:
            return TryAgain(str(error), error.after)
        except Permanent as error:
            return Failed(str(error))

    async def _send(self, item: OutboxItem) -> str:
        try:
            check_id(item.id)
            notice = Notice(item.kind)
            name, _, address = item.target.partition(":")
            channel = Channel(name)
        except ValueError:
            raise Permanent("this item of the outbox is not one that can be told") from None
        told = _fields(notice, item.payload, address)
        if channel in BY_SMS:
            return await self._by_sms(item, notice, address, told)
        if channel is Channel.EMAIL:
            return await self._by_mail(item, notice, address, told)
        return await self._by_hook(item, notice, channel, address, told)

    async def _by_sms(
        self, item: OutboxItem, notice: Notice, address: str, told: Mapping[str, str]
    ) -> str:
        if self._sms is None:
            raise Permanent("no gateway for text messages is set up")
        text = fitted(clean(words(notice, _language(item)).short.format_map(told)))
        return (await self._sms.send(Sms(item.id, address, text))).reference

    async def _by_mail(
        self, item: OutboxItem, notice: Notice, address: str, told: Mapping[str, str]
    ) -> str:
        if self._mail is None:
            raise Permanent("no mail server is set up")
        language = _language(item)
        shown = words(notice, language)
        theirs = _text(item.payload.get("subject"))
        subject = shown.subject.format_map(told)
        if theirs:
            subject = theirs if is_reply(theirs) else f"Re: {theirs}"
        text = f"{shown.short.format_map(told)}\n\n{footer(language)}"
        references = item.payload.get("references")
        mail = Mail(
            item.id,
            address,
            subject,
            text,
            tuple(map(str, references)) if isinstance(references, list | tuple) else (),
            automatic=notice is Notice.RECEIVED,
        )
        return await self._mail.send(mail)

    async def _by_hook(
        self,
        item: OutboxItem,
        notice: Notice,
        channel: Channel,
        address: str,
        told: Mapping[str, str],
    ) -> str:
        hook = self._hooks.get(channel)
        if hook is None or self._webhooks is None:
            raise Permanent(f"no receiver is set up for the channel {channel.value}")
        language = _language(item)
        data = {
            **told,
            "channel": channel.value,
            "reference": address[:_LONGEST_REFERENCE],
            "language": language,
            "message": words(notice, language).short.format_map(told),
        }
        event = HookEvent(item.id, notice.value, _moment(item.payload), data)
        return str(await self._webhooks.send(hook, event))


def _fields(notice: Notice, payload: Mapping[str, Any], own: str) -> dict[str, str]:
    """What the notice names, and nothing else of the payload.

    Raises:
        BadText: something is not there.
    """
    told = {name: _text(payload.get(name)) for name in needs(notice)}
    missing = sorted(name for name, text in told.items() if not text)
    if missing or not _ORDER_NUMBER.fullmatch(told["number"]):
        raise BadText(f"the notice lacks {', '.join(missing) or 'a usable number'}")
    return {name: scrubbed(text, keep=own) if name in FREE else text for name, text in told.items()}


def _text(value: object) -> str:
    return clean_text(value)[:LONGEST_FIELD] if isinstance(value, str) else ""


def _language(item: OutboxItem) -> str:
    return _text(item.payload.get("language")) or "zh"


def _moment(payload: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(payload.get("occurred_at")))
    except ValueError:
        raise BadText("the notice lacks occurred_at") from None
    if moment.tzinfo is None:
        raise BadText("the notice's occurred_at has no time zone")
    return moment
