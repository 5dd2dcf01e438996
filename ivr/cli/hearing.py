"""What ``hotline doctor`` says of speech: in which languages calls become text, and if not, why;
and what recordings are kept as."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Mapping

from ivr.cli.checkup import Finding, Place, State
from ivr.prompts import Language
from ivr.settings import Settings
from speech.catalogue import EngineKind
from speech.engines import choose
from speech.ports import NoModel
from speech.store import Models

_ENGINES = {
    EngineKind.VOSK: ("vosk", "`pip install vosk`"),
    EngineKind.WHISPER: ("faster_whisper", "`pip install '.[whisper]'`"),
}
_NAMES = {Language.ZH: "Chinese", Language.KO: "Korean"}


async def speech(place: Place) -> list[Finding]:
    """Live captions and the text after a call, in each language."""
    return await asyncio.to_thread(_look, place.settings)


async def recordings(place: Place) -> Finding:
    """What encodes recordings after the call."""
    version = place.programs.get("ffmpeg")
    if version is not None:
        return Finding("Recordings", State.GOOD, f"encoded by ffmpeg {version}")
    return Finding(
        "Recordings",
        State.WARNING,
        "no ffmpeg is here: a worker that cannot fetch one keeps them as WAV",
        "`make run` fetches one",
    )


def _look(settings: Settings) -> list[Finding]:
    models = Models(settings.cache)
    live = (EngineKind.VOSK,)
    text = (EngineKind.WHISPER, EngineKind.VOSK)
    found = [_one(models, "Text of calls", text, settings.text_models, name) for name in Language]
    if not settings.captions:
        return [Finding("Captions", State.GOOD, "off (HOTLINE_CAPTIONS)"), *found]
    captions = (_one(models, "Captions", live, settings.live_models, name) for name in Language)
    return [*captions, *found]


def _one(
    models: Models,
    check: str,
    kinds: tuple[EngineKind, ...],
    wanted: Mapping[str, str],
    language: Language,
) -> Finding:
    named = wanted.get(language.value, "")
    spoken = _NAMES[language]
    try:
        model = choose(models, language.value, named=named, kinds=kinds)
    except NoModel as problem:
        text, _, cure = str(problem).partition(": ")
        return Finding(check, State.WARNING, f"none in {spoken}: {text}", cure)
    package, cure = _ENGINES[model.engine]
    if importlib.util.find_spec(package) is None:
        return Finding(check, State.WARNING, f"none in {spoken}: {package} is not installed", cure)
    return Finding(check, State.GOOD, f"{spoken} by {model.name}")
