"""``python -m speech.trial ENGINE FOLDER``: can the engine load this model?

It is asked in a process of its own, which may die of it.

Exit status 0: it can. 1: it cannot. 3: the engine is not installed. Anything else: it died of it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from speech.catalogue import EngineKind
from speech.engines import batch_engine
from speech.ports import BYTES_PER_SECOND, NoModel, SpeechError


def main(engine: str, folder: str) -> int:
    """Load the model and hear a second of silence."""
    try:
        heard = batch_engine(EngineKind(engine), {"zh": Path(folder)})
        with tempfile.TemporaryDirectory() as scratch:
            silence = Path(scratch) / "silence.sln16"
            silence.write_bytes(bytes(BYTES_PER_SECOND))
            heard.transcribe(silence, "zh")
    except NoModel as problem:
        print(problem, file=sys.stderr)
        return 3
    except SpeechError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
