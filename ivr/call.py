"""One call, by its verbs: play, ask, digits, record, fact. What ``agi_scripts`` speak.

A caller who hangs up ends the flow where it stands: every verb raises ``HungUp`` then, and
``ivr.agi`` absorbs it. Keys pressed while something is played interrupt it and count as the answer
to the next question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from ivr.agi import Reply
from ivr.numbers import Signalled
from ivr.prompts import Language, P, sound
from ticketing.domain.errors import TicketingError

ALL_KEYS = "0123456789*#"
TRIES = 3
PATIENCE_SECONDS = 5.0
RECORD_SECONDS = 180
SAMPLES_PER_SECOND = 8000
_SPEECH_SECONDS = 1.3  # of a recording that a second of silence ends
_SHORTEST_ANSWER_SECONDS = 2.0
_SHORTEST_WAIT_SECONDS = 0.2

NO_ANSWER = (TicketingError, TimeoutError)
"""What there is to catch when a desk cannot answer now."""

Said = P | tuple[P, Language]
"""A prompt in the caller's language, or in a language of its own."""


class Session(Protocol):
    """The FastAGI session a call talks through."""

    @property
    def call_id(self) -> str: ...
    @property
    def env(self) -> EnvLike: ...
    async def command(
        self, name: str, *args: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply: ...


class EnvLike(Protocol):
    """The session's variables, read only."""

    def get(self, key: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Outlook:
    """What awaits a caller who queues now.

    Attributes:
        seats: seats whose phone is there.
        idle: of these, seats that could answer this caller at once: not needed for those before.
        position: the place in the queue, 1 for the next to be served.
        minutes: estimated wait, whole minutes rounded up; 0 when less than one.
        soon: this caller is next, and a seat is about to be free.
        callbacks: one may be called back instead of waiting.
    """

    seats: int
    idle: int
    position: int
    minutes: int
    soon: bool = False
    callbacks: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """The line a caller came for (T2).

    Attributes:
        line: its number.
        merged: the caller is to hear that it was merged into 12345.
        queue: where its callers wait.
        skill: what a seat should know best; empty for any seat.
        priority: in the queue; the higher is served first.
    """

    line: str
    merged: bool
    queue: str
    skill: str
    priority: int


@dataclass(frozen=True, slots=True)
class Greeted:
    """How a caller is met.

    Attributes:
        wait_seconds: before being led on, for who calls too often.
        blocked: reaches no seat.
        connect: is put through to 110, 119 or 120 all the same, by a key.
    """

    wait_seconds: int = 0
    blocked: bool = False
    connect: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is rung next for a citizen who is handed on (T7).

    Attributes:
        channel: as Asterisk dials it.
        seconds: of ringing.
        leg: what is to be noted of the leg.
        file: where the leg is recorded, without the ending; empty for nowhere.
    """

    channel: str
    seconds: int
    leg: str
    file: str


class Urgent(Protocol):
    """What somebody who is rung for an urgent order hears of it (H4)."""

    @property
    def number(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def urgency(self) -> str: ...
    @property
    def leader(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Event:
    """What many call on now (K3).

    Attributes:
        id: of the notice.
        said: what is told of it.
        joinable: this caller may be registered by a key instead of waiting.
    """

    id: str
    said: P
    joinable: bool


class Desk(Protocol):
    """What a flow may ask of the rest of the hotline."""

    async def urgent(self, attempt: str) -> Urgent | None:
        """The order that somebody is rung for, or None when that is over (H4).

        Raises:
            TicketingError: it cannot be told now; flows catch ``NO_ANSWER``.
        """
        ...

    async def takes(self, attempt: str, accepted: bool) -> bool:
        """Keep that somebody who was rung takes the order over, or cannot; whether it is theirs.

        Raises:
            TicketingError: it cannot be kept now; flows catch ``NO_ANSWER``.
        """
        ...

    def arrival(self, came: Signalled) -> Arrival:
        """The line of a call that comes now with these numbers (T2)."""
        ...

    def greeted(self, caller: str) -> Greeted:
        """How a caller is to be met: nuisance callers are slowed or blocked."""
        ...

    def emergency(self, call: str, number: str) -> AbstractAsyncContextManager[str]:
        """Leave to call an emergency number for a citizen, while the block lasts (X1, X2).

        Gives the channel to dial.

        Raises:
            TicketingError: no call can go out.
        """
        ...

    def outlook(self, call: str) -> Outlook:
        """What awaits a caller who is led to the queue now; it is kept in mind for the next."""
        ...

    def event(self, caller: str, line: str) -> Event | None:
        """What many call on now of those who came for a line, or None."""
        ...

    async def join(self, event: str, call: str, caller: str, language: str, line: str) -> bool:
        """Register a caller with an event; False when it is over.

        Raises:
            TicketingError: it cannot be done now; flows catch ``NO_ANSWER``.
        """
        ...

    def own_queue(self, skill: str) -> str | None:
        """The queue of the seats with a skill, or None."""
        ...

    def callable(self, number: str) -> bool:
        """Whether a citizen can be called back on a number."""
        ...

    def place(self, call: str, queue: str) -> int | None:
        """The place that is kept for a call in a queue, or in the common one; None: the last."""
        ...

    async def next_to_ring(self, call: str, before: str) -> Rung | None:
        """Who is rung next for a citizen who is handed on to the outside; None: nobody any more.

        Args:
            before: how it went with the one before, in Asterisk's word; empty at first.

        Raises:
            TicketingError: it cannot be told now; flows catch ``NO_ANSWER``.
        """
        ...

    async def order_state(self, number: str) -> str | None:
        """The state of a work order (W8) by its number, or None when there is no such order.

        Raises:
            TicketingError: it cannot be told now; flows catch ``NO_ANSWER``.
        """
        ...


class Ears(Protocol):
    """Hears short answers; ``ivr.answers``."""

    def knows(self, language: str) -> bool:
        """Whether answers in a language can be heard now."""
        ...

    def place(self) -> str:
        """Where an answer is to be recorded, without the ending."""
        ...

    def forget(self, place: str) -> None:
        """Remove the recording at a place."""
        ...

    async def hear(
        self, place: str, language: str, phrases: Mapping[str, Sequence[str]]
    ) -> str | None:
        """The key whose phrase was said, or None; within a few seconds."""
        ...


class Call:
    """The caller's side of one AGI session.

    Args:
        ears: hear what is said instead of a key; without them keys only.
    """

    def __init__(self, session: Session, ears: Ears | None = None) -> None:
        self._session = session
        self._ears = ears
        self._ahead = ""
        self.id = session.call_id
        self.language = Language.KO if self._env("agi_language") == "ko" else Language.ZH

    @property
    def called(self) -> str:
        """The number in the caller's request."""
        return self._env("agi_extension")

    @property
    def caller(self) -> str:
        """The caller's number as it is shown; empty when it is withheld."""
        number = self._env("agi_callerid")
        return "" if number == "unknown" else number

    def argument(self, number: int) -> str:
        """An argument the dialplan gave to this step, counted from 1; empty if there is none."""
        return self._env(f"agi_arg_{number}")

    def keep(self, key: str) -> None:
        """Take a key that was pressed before the flow began; it answers the next question."""
        self._ahead = key

    async def speak(self, language: Language) -> None:
        """From now on use ``language``, also in what Asterisk itself says (the queue)."""
        self.language = language
        await self._session.command("SET VARIABLE", "CHANNEL(language)", language.value)

    async def play(self, *what: Said) -> str:
        """Say ``what``, one after the other; a key ends it. Returns that key, or nothing.

        The key is kept for the next :meth:`ask` or :meth:`digits`.
        """
        if not self._ahead:
            self._ahead = await self._play(what)
        return self._ahead

    async def ask(
        self,
        *question: Said,
        keys: str,
        tries: int = TRIES,
        patience: float = PATIENCE_SECONDS,
        no_key: P = P.NO_KEY,
        wrong_key: P = P.WRONG_KEY,
        spoken: Mapping[str, Sequence[str]] | None = None,
    ) -> str | None:
        """Ask for one key, or for a word that means one.

        Args:
            question: what is said; any key interrupts it.
            keys: the keys that answer it.
            tries: how often it is asked before giving up.
            patience: seconds to wait for a key after each time.
            spoken: key → phrases in the caller's language that mean it. A key that is pressed
                always wins; what is not surely one of the phrases counts as nothing.

        Returns:
            one of ``keys``, or None: the caller could not or would not choose.
        """
        for attempt in range(1, tries + 1):
            key = await self._next_key(question, patience, spoken or {})
            if key and key in keys:
                return key
            if attempt < tries:
                await self.play(wrong_key if key else no_key)
        return None

    async def digits(
        self, *question: Said, at_most: int, patience: float = PATIENCE_SECONDS
    ) -> str:
        """Ask for a number; it ends with ``#``, a silence, or its last possible digit.

        One command takes all of it: a key that is pressed between two commands is lost.
        """
        typed, self._ahead = self._ahead, ""
        if typed == "#":
            return ""
        question = () if typed else question
        prompts = "&".join(self._file(said) for said in question)
        rest = at_most - len(typed)
        if rest > 0:
            read = f"HOTLINE_DIGITS,{prompts},{rest},,1,{patience:g}"
            await self._session.command("EXEC", "Read", read)
            typed += await self.variable("HOTLINE_DIGITS")
        return typed

    async def record(self, file: str, *, seconds: int = RECORD_SECONDS, silence: int = 10) -> float:
        """Record the caller after a beep, until ``#``, silence or the time is up.

        Args:
            file: path without extension; ``.wav`` is added.
            seconds: the longest recording.
            silence: seconds of silence that end it.

        Returns:
            the length of the recording in seconds.
        """
        reply = await self._session.command(
            "RECORD FILE", file, "wav", "#", str(seconds * 1000), "0", "BEEP", f"s={silence}"
        )
        return (reply.endpos or 0) / SAMPLES_PER_SECOND

    async def music(self, seconds: int) -> None:
        """Let the caller hear music for so long."""
        await self._session.command("EXEC", "MusicOnHold", f"default,{seconds}")

    async def connect(self, channel: str, *, ring_seconds: int = 60) -> bool:
        """Connect the caller with a channel, until one of them hangs up; whether it answered."""
        await self._session.command("EXEC", "Dial", f"{channel},{ring_seconds},g")
        return await self.variable("DIALSTATUS") == "ANSWER"

    async def fact(self, **facts: str) -> None:
        """Write into the journal what only the flow knows: ``call.fact(language="ko")``.

        A fact is written also when the caller has hung up in the meantime.
        """
        told = "&".join(f"{key}={quote(value, safe='')}" for key, value in facts.items())
        await self._session.command("EXEC", "CELGenUserEvent", f"HOTLINE,{told}", after_hangup=True)

    async def variable(self, name: str) -> str:
        """A channel variable; empty when it is not set."""
        reply = await self._session.command("GET VARIABLE", name)
        return reply.data or ""

    async def tell(self, **variables: str) -> None:
        """Set channel variables that the dialplan goes by."""
        for name, value in variables.items():
            await self._session.command("SET VARIABLE", name, value)

    async def leave(self, step: str) -> None:
        """Tell the dialplan which step comes next; what follows is its own business."""
        await self._session.command("SET VARIABLE", "HOTLINE_NEXT", step)

    async def done(self, step: str) -> None:
        """Tell the dialplan that ``step`` ran to its end, so that its fallback is not needed."""
        await self._session.command("SET VARIABLE", "HOTLINE_DONE", step, after_hangup=True)

    async def _next_key(
        self, question: Sequence[Said], patience: float, spoken: Mapping[str, Sequence[str]]
    ) -> str:
        if not self._ahead:
            self._ahead = await self._play(question)
        if not self._ahead:
            ears = self._ears
            if spoken and ears is not None and ears.knows(self.language.value):
                self._ahead = await self._key_or_word(ears, patience, spoken)
            else:
                self._ahead = await self._wait_for_key(patience)
        key, self._ahead = self._ahead, ""
        return key

    async def _wait_for_key(self, seconds: float) -> str:
        return _key(await self._session.command("WAIT FOR DIGIT", str(round(seconds * 1000))))

    async def _key_or_word(
        self, ears: Ears, patience: float, spoken: Mapping[str, Sequence[str]]
    ) -> str:
        """Record until a second of silence or a key; what is longer than that was speech."""
        while patience > 0:
            place = ears.place()
            most = max(patience, _SHORTEST_ANSWER_SECONDS)
            record = (place, "wav", ALL_KEYS, str(round(most * 1000)), "0", "s=1")
            reply = await self._session.command("RECORD FILE", *record)
            # where silence ended it, the result is how long that was
            key = _key(reply) if reply.data == "dtmf" else ""
            seconds = (reply.endpos or 0) / SAMPLES_PER_SECOND
            if key or seconds < _SPEECH_SECONDS:
                ears.forget(place)
            if key:
                return key
            if seconds >= _SPEECH_SECONDS:
                return await self._key_or_meaning(ears, place, spoken)
            patience -= max(seconds, _SHORTEST_WAIT_SECONDS)
        return ""

    async def _key_or_meaning(
        self, ears: Ears, place: str, spoken: Mapping[str, Sequence[str]]
    ) -> str:
        """What was recorded means; a key that is pressed meanwhile wins."""
        hearing = asyncio.create_task(ears.hear(place, self.language.value, spoken))
        try:
            while not hearing.done():
                if key := await self._wait_for_key(_SHORTEST_WAIT_SECONDS):
                    return key
            return hearing.result() or ""
        finally:
            hearing.cancel()

    async def _play(self, what: Sequence[Said]) -> str:
        for said in what:
            name = self._file(said)
            key = _key(await self._session.command("STREAM FILE", name, ALL_KEYS))
            if key:
                return key
        return ""

    def _file(self, said: Said) -> str:
        if isinstance(said, tuple):
            prompt, language = said
            return f"{language.value}/{sound(prompt)}"
        return sound(said)

    def _env(self, key: str) -> str:
        return self._session.env.get(key, "")


def _key(reply: Reply) -> str:
    """The key a command ended with: its character code, or 0 for none."""
    return chr(reply.number) if reply.number > 0 else ""
