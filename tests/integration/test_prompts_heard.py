"""A prompt in each language is really heard by the recogniser, another one each day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from ivr import heardback
from ivr.asterisk_files import SOUNDS
from ivr.prompts import Language
from speech.catalogue import EngineKind
from speech.engines import batch_engine
from tests import tools

MODEL = "whisper-base"


@pytest.mark.parametrize("language", list(Language))
async def test_a_prompt_is_understood_through_the_telephone(language: Language) -> None:
    model = await asyncio.to_thread(tools.model, MODEL)
    engine = batch_engine(EngineKind.WHISPER, {language.value: model})
    every = [
        each for each in heardback.wanted(SOUNDS) if each.language is language and not each.joined
    ]
    chosen = every[datetime.now(UTC).toordinal() % len(every)]
    wrong = await asyncio.to_thread(heardback.again, engine, chosen)
    assert wrong <= heardback.GOOD[language], f"{chosen.id}: {chosen.text}"
