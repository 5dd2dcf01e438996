"""Rendering the prompts: texts to sound files, and the manifest that says what each file is.

Run ahead of time, never on a call: ``python -m speech.voice render SCRIPT SOUNDS`` where SCRIPT is
a JSON list of lines (``-``: standard input), or ``take`` to put a recording of your own in place of
one prompt. What is already there for the same text is kept, one's own recordings too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from speech.levels import Sound, band_limit, resample, set_level, tone, trim, write
from speech.voices import RATE, VOICES, Credit, Voice, speak

FORMATS = {"wav": 8000, "wav16": 16000}
"""File extension, as Asterisk knows it, to sampling rate in Hz."""

MANIFEST = "manifest.json"
_CLIPPED = (0.01, 0.03)  # silence kept around a piece of a longer utterance, seconds
_SHORT = 4  # pieces of so few characters have a pace of their own
_TONE = (0.3, -14.0)  # seconds, dB
_OURS = Credit(voice="made by speech.voice", licence="the project's own")


@dataclass(frozen=True)
class Line:
    """One thing to render.

    Attributes:
        id: the prompt.
        language: of the text; picks the voice.
        text: what to say; not used when there is a ``tone``.
        clipped: a piece of a longer utterance: no silence around it.
        tone: frequency in Hz in place of speech, or None.
        names: the files to write, relative to the language's folder, without extension.
    """

    id: str
    language: str
    text: str
    clipped: bool
    tone: float | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Made:
    """A row of the manifest: what was rendered, by whom, and the files with their SHA-256."""

    id: str
    language: str
    text: str
    seconds: float
    voice: str
    licence: str
    files: dict[str, str]


def lines(script: Iterable[dict[str, object]]) -> list[Line]:
    """Lines from plain data (as in JSON)."""
    return [Line(**{**row, "names": tuple(row["names"])}) for row in script]  # type: ignore[arg-type]


def manifest(dest: Path) -> dict[tuple[str, str], Made]:
    """The manifest of the folder ``dest`` by id and language; empty when there is none."""
    try:
        rows = json.loads((dest / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {(row["id"], row["language"]): Made(**row) for row in rows}


def render(
    script: Sequence[Line],
    dest: Path,
    *,
    languages: Collection[str] = tuple(VOICES),
    again: bool = False,
    progress: Callable[[Made], None] = lambda made: None,
    voices: dict[str, Callable[[], Voice]] | None = None,
) -> list[Made]:
    """Render the lines that are not yet in ``dest``; drop what the script no longer has.

    Args:
        script: every line there is, in all languages.
        dest: the folder of sounds; made when missing.
        languages: render these only.
        again: render also what is there already (one's own recordings too).
        progress: told of each line made.
        voices: language to what makes its voice; the built-in ones by default.

    Returns:
        What was made, in order.

    Raises:
        ModuleNotFoundError: a voice's package is not installed (group ``voice``).
    """
    known = manifest(dest)
    before = _all_files(known)
    makers: dict[str, Callable[[], Voice]] = voices if voices is not None else {**VOICES}
    speaking: dict[str, Voice] = {}
    made: list[Made] = []
    for line in script:
        key = (line.id, line.language)
        if line.language not in languages or (not again and _current(known.get(key), line, dest)):
            continue
        if line.tone is not None:
            sound, credit = tone(line.tone, _TONE[0], RATE) * 10 ** (_TONE[1] / 20), _OURS
        else:
            if line.language not in speaking:
                speaking[line.language] = makers[line.language]()
            voice = speaking[line.language]
            pace = voice.short_pace if line.clipped and len(line.text) <= _SHORT else 1.0
            sound, credit = speak(voice, line.text, pace), voice.credit
        known[key] = _publish(line, sound, credit, dest)
        made.append(known[key])
        progress(known[key])
    _save(known, script, dest, before)
    return made


def take(
    recording: Path,
    script: Sequence[Line],
    id_: str,
    language: str,
    dest: Path,
    licence: str = "not stated",
) -> Made:
    """Put a recording in place of one prompt, trimmed and levelled as the others.

    Args:
        recording: WAV, or whatever ``ffmpeg`` reads when that is installed.
        licence: whose it is and on what terms, for the manifest.

    Raises:
        LookupError: the script has no such line.
    """
    from pydub import AudioSegment

    found = [line for line in script if (line.id, line.language) == (id_, language)]
    if not found:
        raise LookupError(f"there is no prompt {id_!r} in {language!r}")
    with recording.open("rb") as file:
        segment = AudioSegment.from_file(file, format=recording.suffix.removeprefix("."))
    segment = segment.set_channels(1).set_sample_width(2)
    sound = resample(
        np.array(segment.get_array_of_samples(), np.float64) / 32768, segment.frame_rate, RATE
    )
    credit = Credit(voice=f"recording {recording.name}", licence=licence)
    known = manifest(dest)
    before = _all_files(known)
    known[id_, language] = _publish(found[0], band_limit(sound, RATE), credit, dest)
    _save(known, script, dest, before)
    return known[id_, language]


def _current(made: Made | None, line: Line, dest: Path) -> bool:
    """Whether what was made still is what the line asks for, and all its files are whole."""
    if made is None or made.text != line.text or set(made.files) != set(_files(line)):
        return False
    return all(_digest(dest / file) == digest for file, digest in made.files.items())


def _files(line: Line) -> list[str]:
    return [f"{line.language}/{name}.{form}" for name in line.names for form in FORMATS]


def _digest(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _publish(line: Line, sound: Sound, credit: Credit, dest: Path) -> Made:
    """Fit a sound for the telephone, write its files, tell what was made."""
    if line.tone is None:
        sound = trim(sound, RATE, *_CLIPPED) if line.clipped else trim(sound, RATE)
    files = {}
    for form, rate in FORMATS.items():
        fitted = resample(sound, RATE, rate)
        if line.tone is None:
            fitted = set_level(fitted, rate)
        for name in line.names:
            file = f"{line.language}/{name}.{form}"
            (dest / file).parent.mkdir(parents=True, exist_ok=True)
            write(dest / file, fitted, rate)
            files[file] = hashlib.sha256((dest / file).read_bytes()).hexdigest()
    return Made(
        id=line.id,
        language=line.language,
        text=line.text,
        seconds=round(len(sound) / RATE, 3),
        voice=credit.voice,
        licence=credit.licence,
        files=files,
    )


def _all_files(known: dict[tuple[str, str], Made]) -> set[str]:
    return {file for made in known.values() for file in made.files}


def _save(
    known: dict[tuple[str, str], Made], script: Sequence[Line], dest: Path, before: set[str]
) -> None:
    """Write the manifest in the script's order; remove files of ``before`` no longer used."""
    wanted = {key: known[key] for line in script if (key := (line.id, line.language)) in known}
    for file in before - _all_files(wanted):
        (dest / file).unlink(missing_ok=True)
    dest.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(made) for made in wanted.values()], ensure_ascii=False, indent=1)
    (dest / MANIFEST).write_text(text + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m speech.voice``; the exit status."""
    parser = argparse.ArgumentParser(prog="speech.voice", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    rendering = commands.add_parser("render", help="render what is missing or has a new text")
    taking = commands.add_parser("take", help="put a recording in place of one prompt")
    for command in (rendering, taking):
        command.add_argument("script", help="JSON list of lines, or - for standard input")
        command.add_argument("dest", type=Path, help="the folder of sounds")
    rendering.add_argument("--language", action="append", choices=sorted(VOICES))
    rendering.add_argument("--again", action="store_true", help="render everything anew")
    taking.add_argument("id")
    taking.add_argument("language")
    taking.add_argument("recording", type=Path)
    taking.add_argument("--licence", default="not stated", help="who spoke it, on what terms")
    chosen = parser.parse_args(arguments)
    text = sys.stdin.read() if chosen.script == "-" else Path(chosen.script).read_text("utf-8")
    script = lines(json.loads(text))

    def tell(made: Made) -> None:
        print(f"{made.language} {made.id} {made.seconds:.2f} s {made.text}", flush=True)

    if chosen.command == "render":
        render(
            script,
            chosen.dest,
            languages=chosen.language or tuple(VOICES),
            again=chosen.again,
            progress=tell,
        )
    else:
        where = (chosen.id, chosen.language, chosen.dest)
        tell(take(chosen.recording, script, *where, chosen.licence))
    return 0


if __name__ == "__main__":
    sys.exit(main())
