"""A prompt that is replaced while the hotline runs is heard by the next citizen."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.demo.sound import tone, write_wav
from ivr.prompts import P
from tests.e2e.hotline import Hotline
from tests.e2e.listening import said
from tests.sound import find, prompt

pytestmark = pytest.mark.e2e
OURS_HZ = 720


async def test_the_next_call_hears_the_recording_and_later_the_prompt_again(
    tmp_path: Path,
) -> None:
    recording = write_wav(tmp_path / "welcome.wav", tone(OURS_HZ, 2.0))
    async with Hotline() as hotline:
        before = hotline.pids()["asterisk"]

        async def greeted_by_the_project(caller: str) -> None:
            async with hotline.citizen(caller) as citizen:
                await citizen.answered()
                await said(citizen.voice, P.GREETING)
                await citizen.hang_up()

        await greeted_by_the_project("13800000701")
        told = await hotline.cli(
            "prompts", "replace", "greeting", "zh", str(recording), "--licence", "our own"
        )
        assert "is now welcome.wav" in told
        async with hotline.citizen("13800000702") as citizen:
            await citizen.answered()
            await citizen.hears(OURS_HZ, seconds=1.5)
            assert find(citizen.voice.heard(), prompt(P.GREETING)) is None
            await citizen.hang_up()
        await hotline.cli("prompts", "restore", "greeting", "zh")
        await greeted_by_the_project("13800000703")
        assert hotline.pids()["asterisk"] == before, "nothing was started anew"
