"""A trained model: what it knows, how it is kept, and how it is read without trusting the file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ticketing.assist.corpus import Kind
from ticketing.assist.linear import Choice, Linear, Vocabulary
from ticketing.assist.words import words

_FORMAT = 1
_CARD, _NUMBERS, _CURRENT = "model.json", "model.npz", "current"
_KEPT = 3


class ModelError(ValueError):
    """A model's files are damaged or of another version; train anew. The text says what."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from.

    Attributes:
        version: its name.
        made_at: UTC.
        until: when the newest order that it has learned from came in, UTC.
        orders: how many it has learned from.
    """

    version: str
    made_at: datetime
    until: datetime
    orders: int


@dataclass(frozen=True)
class Model:
    """One vocabulary, and a linear model for each kind of proposal."""

    origin: Origin
    vocabulary: Vocabulary
    heads: Mapping[Kind, Linear]

    def choices(self, kind: Kind, text: str, most: int = 3) -> tuple[Choice, ...]:
        """The likeliest labels of one kind; nothing for a text without a known word."""
        said = [word.text for word in words(text)]
        return self.heads[kind].choices(self.vocabulary, said, most)

    def weights_of(self, text: str) -> dict[str, float]:
        """The known words of a text, each with how rare it is."""
        known = self.vocabulary
        said = {word.text for word in words(text)} & known.places.keys()
        return {word: float(known.weights[known.places[word]]) for word in said}


class Shelf:
    """The folder of models: each in a folder of its own, named by its version; one is in use.

    A model is complete before it is seen, and is put in use by one rename.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, model: Model) -> Path:
        """Keep a model and put it in use; the oldest ones go.

        Returns:
            its folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / model.origin.version
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as made:
            _write(model, Path(made))
            shutil.rmtree(place, ignore_errors=True)
            Path(made).chmod(0o700)
            shutil.copytree(made, f"{made}.whole")
            os.rename(f"{made}.whole", place)  # noqa: PTH104 - one step
        self.use(model.origin.version)
        for old in self.versions()[:-_KEPT]:
            if old != self.current():
                shutil.rmtree(self.folder / old, ignore_errors=True)
        return place

    def versions(self) -> list[str]:
        """Every model kept, the oldest first."""
        return sorted(each.parent.name for each in self.folder.glob(f"[!.]*/{_CARD}"))

    def current(self) -> str | None:
        """The version in use; None when there is none."""
        try:
            version = (self.folder / _CURRENT).read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        return version if version in self.versions() else None

    def use(self, version: str) -> None:
        """Put a kept model in use, as of the next question.

        Raises:
            ModelError: it is not there.
        """
        if version not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise ModelError(f"{version}: no such model; there are {known}")
        new = self.folder / f".{_CURRENT}"
        new.write_text(version + "\n", "utf-8")
        new.replace(self.folder / _CURRENT)

    def load(self, version: str | None = None) -> Model | None:
        """The model in use, or of this version; None when there is none.

        Raises:
            ModelError: its files are damaged.
        """
        chosen = version or self.current()
        return None if chosen is None else _read(self.folder / chosen)


def _write(model: Model, folder: Path) -> None:
    arrays = {"words": model.vocabulary.weights}
    for kind, head in model.heads.items():
        arrays |= {f"{kind}.weights": head.weights, f"{kind}.bias": head.bias}
    with (folder / _NUMBERS).open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    origin = model.origin
    card = {
        "format": _FORMAT,
        "version": origin.version,
        "made_at": origin.made_at.isoformat(),
        "until": origin.until.isoformat(),
        "orders": origin.orders,
        "sha256": hashlib.sha256((folder / _NUMBERS).read_bytes()).hexdigest(),
        "labels": {kind.value: list(head.labels) for kind, head in model.heads.items()},
        "words": list(model.vocabulary.words),
    }
    (folder / _CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1), "utf-8")


def _read(folder: Path) -> Model:
    try:
        card = json.loads((folder / _CARD).read_text("utf-8"))
        if card["format"] != _FORMAT:
            raise ModelError(f"{folder}: of another version; run `hotline assist train`")
        if hashlib.sha256((folder / _NUMBERS).read_bytes()).hexdigest() != card["sha256"]:
            raise ModelError(f"{folder}: damaged; run `hotline assist train`")
        with np.load(folder / _NUMBERS, allow_pickle=False) as arrays:
            vocabulary = Vocabulary.of(card["words"], arrays["words"])
            heads = {
                kind: Linear(
                    tuple(card["labels"][kind]), arrays[f"{kind}.weights"], arrays[f"{kind}.bias"]
                )
                for kind in Kind
            }
        origin = Origin(
            card["version"],
            datetime.fromisoformat(card["made_at"]),
            datetime.fromisoformat(card["until"]),
            card["orders"],
        )
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as problem:
        if isinstance(problem, ModelError):
            raise
        raise ModelError(f"{folder}: cannot be read; run `hotline assist train`") from problem
    for kind, head in heads.items():
        shape = (len(vocabulary.words), len(head.labels))
        if head.weights.shape != shape or head.bias.shape != shape[1:]:
            raise ModelError(f"{folder}: {kind} does not fit; run `hotline assist train`")
    return Model(origin, vocabulary, heads)
