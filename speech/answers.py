"""Spoken answers: which of a few phrases was said, if any. Pure.

A recogniser that knows only the phrases of a question hears one of them in anything. So the same
sound is heard twice: with the phrases only, and with all the words of the language. An answer
counts when the first pass is sure of one phrase and of nothing else, and what the second pass heard
sounds alike. What is not sure is no answer: the caller is asked again, or presses a key.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from speech.ports import Segment

SURE = 0.95
"""Confidence of the first pass; ``bench/speech`` measures what it lets through."""
ALIKE = 0.35
"""Likeness of the second pass to the phrase."""
LONGEST_SECONDS = 6.0
_DIGITS = {"zh": "零一二三四五六七八九", "ko": "영일이삼사오육칠팔구"}


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass heard: all its text, and how sure it is of the least sure word."""

    text: str
    confidence: float


def of(segments: Sequence[Segment]) -> Pass:
    """What was heard, taken together."""
    words = [word for segment in segments for word in segment.words]
    text = " ".join(segment.text for segment in segments if segment.text)
    return Pass(text, min((word.confidence for word in words), default=0.0))


def judge(
    phrases: Mapping[str, Sequence[str]], narrow: Pass, open_: Pass, language: str
) -> str | None:
    """The key whose phrase was said, or None.

    Args:
        phrases: key → the phrases that mean it.
        narrow: heard with the phrases only.
        open_: heard with all words.
    """
    key = named(phrases, narrow, language)
    alike = likeness(narrow.text, open_.text, language) >= ALIKE
    return key if alike else None


def named(phrases: Mapping[str, Sequence[str]], narrow: Pass, language: str) -> str | None:
    """The key whose phrase the first pass is sure of, and of nothing else; or None."""
    if narrow.confidence < SURE:
        return None
    said = _letters(narrow.text, language)
    keys = {
        key for key, ways in phrases.items() if any(_letters(way, language) == said for way in ways)
    }
    return keys.pop() if len(keys) == 1 else None


def likeness(one: str, other: str, language: str) -> float:
    """How alike two texts sound, 0 to 1: by their letters, in Korean those within a syllable."""
    a, b = _letters(one, language), _letters(other, language)
    return SequenceMatcher(None, a, b, autojunk=False).ratio() if a and b else 0.0


def _letters(text: str, language: str) -> str:
    spoken = "".join(
        _DIGITS[language][int(c)] if c.isdecimal() and c.isascii() and language in _DIGITS else c
        for c in text
    )
    return "".join(c for c in unicodedata.normalize("NFD", spoken) if c.isalpha())
