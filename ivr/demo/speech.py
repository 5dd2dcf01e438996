"""What simulated people say: real speech, put together from the hotline's own prompts."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from ivr.demo.sound import RATE, read_sound, silence, write_wav
from ivr.errors import PhoneError
from ivr.prompts import Language, P, sound

_BREATH = 0.25  # seconds between two pieces
_LISTEN = 3.0  # seconds between two turns
_CITIZEN_SECONDS = 20.0
_AGENT_SECONDS = 60.0
_TELEPHONE = (P.DIGIT_ONE, P.N3, P.N8, P.DIGIT_ZERO, P.DIGIT_ZERO, P.DIGIT_ONE, P.N2, P.N3, P.N4)
_ADDRESS = (P.N20, P.POINT, P.N6, P.HUNDRED, P.N15, P.N3, P.N8)
_CITIZEN = (_TELEPHONE, _ADDRESS, _TELEPHONE)
_AGENT_LATER = ((P.ORDER_NUMBER_AFTER,), (P.THANKS_FOR_WAITING,), (P.WAIT_SHORT,))


@dataclass(frozen=True)
class Speech:
    """Sound files of 8 kHz: what citizens say in each language, and what each seat says."""

    citizens: dict[str, Path]
    seats: dict[str, Path]
    intro: dict[str, float]
    """Seconds that the hotline asks for a message, in each language."""


def prepare(sounds: Path, folder: Path, seats: Sequence[str]) -> Speech:
    """Write the files into ``folder``.

    Args:
        sounds: the folder of the prompts' sounds.
        seats: numbers of the seats; an agent says its own.

    Raises:
        PhoneError: a prompt's sound is missing.
    """
    said: dict[tuple[str, P], array[int]] = {}

    def turn(language: str, prompts: Sequence[P]) -> array[int]:
        spoken = array("h")
        for prompt in prompts:
            if (language, prompt) not in said:
                said[language, prompt] = _read(sounds / language / f"{sound(prompt)}.wav")
            spoken += said[language, prompt] + silence(_BREATH)
        return spoken + silence(_LISTEN)

    def write(name: str, language: Language, turns: Sequence[Sequence[P]], seconds: float) -> Path:
        """The first turn, then the others in turn until ``seconds`` are full."""
        first, *later = (turn(language, prompts) for prompts in turns)
        whole = array("h", first)
        for following in cycle(later):
            if len(whole) >= seconds * RATE:
                break
            whole += following
        return write_wav(folder / f"{name}.wav", whole)

    citizens = {
        language.value: write(f"citizen-{language}", language, _CITIZEN, _CITIZEN_SECONDS)
        for language in Language
    }
    spoken = {}
    for number in seats:
        name = (*(P(f"n{digit}") for digit in number), P.AGENT_AFTER)
        turns = (name, *_AGENT_LATER)
        spoken[number] = write(f"seat-{number}", Language.ZH, turns, _AGENT_SECONDS)
    intro = {
        language.value: len(turn(language, (P.MESSAGE_INTRO, P.BEEP))) / RATE - _LISTEN
        for language in Language
    }
    return Speech(citizens, spoken, intro)


def _read(file: Path) -> array[int]:
    try:
        samples, rate = read_sound(file)
    except (OSError, ValueError) as error:
        raise PhoneError(f"{file.name}: simulated people have nothing to say: {error}") from error
    if rate != RATE:
        raise PhoneError(f"{file.name}: a telephone speaks {RATE} Hz, this has {rate} Hz")
    return samples
