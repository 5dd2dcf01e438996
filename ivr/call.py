"""One call, by its verbs: play, ask, digits, record, fact. What ``agi_scripts`` speak.

A caller who hangs up ends the flow where it stands: every verb raises ``HungUp`` then, and
``ivr.agi`` absorbs it. Keys pressed while something is played interrupt it and count as the answer
to the next question.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """

    seats: int
    idle: int
    position: int
    minutes: int


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


class Desk(Protocol):
    """What a flow may ask of the rest of the hotline."""

    def arrival(self, came: Signalled) -> Arrival:
        """The line of a call that comes now with these numbers (T2)."""
        ...

    def outlook(self, call: str) -> Outlook:
        """What awaits a caller who is led to the queue now; it is kept in mind for the next."""
        ...

    async def order_state(self, number: str) -> str | None:
        """The state of a work order (W8) by its number, or None when there is no such order.

        Raises:
            TicketingError: it cannot be told now; flows catch ``NO_ANSWER``.
        """
        ...


class Call:
    """The caller's side of one AGI session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ahead = ""
        self.id = session.call_id
        self.language = Language.KO if self._env("agi_language") == "ko" else Language.ZH

    @property
    def called(self) -> str:
        """The number in the caller's request."""
        return self._env("agi_extension")

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
    ) -> str | None:
        """Ask for one key.

        Args:
            question: what is said; any key interrupts it.
            keys: the keys that answer it.
            tries: how often it is asked before giving up.
            patience: seconds to wait for a key after each time.

        Returns:
            one of ``keys``, or None: the caller could not or would not choose.
        """
        for attempt in range(1, tries + 1):
            key = await self._next_key(question, patience)
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

    async def _next_key(self, question: Sequence[Said], patience: float) -> str:
        if not self._ahead:
            self._ahead = await self._play(question)
        if not self._ahead:
            reply = await self._session.command("WAIT FOR DIGIT", str(round(patience * 1000)))
            self._ahead = _key(reply)
        key, self._ahead = self._ahead, ""
        return key

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
