"""Texts in two languages, and what is wrong with a setting of a policy pack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in Chinese and in English."""

    zh: str
    en: str


class BadSetting(ValueError):
    """A setting that cannot be used.

    Args:
        field: the field of the dataclass that raises; empty for the whole.
        problem: what is wrong.
        cure: what to write instead.
    """

    def __init__(self, field: str, problem: Text, cure: Text) -> None:
        super().__init__(f"{field}: {problem.en}: {cure.en}")
        self.field = field
        self.problem = problem
        self.cure = cure
