"""Recordings after an accident: what an Asterisk that died had taken down is kept."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

from ticketing.domain.calls import CallRecord, Outcome

MESSAGES = "messages"
HEADER_BYTES = 44
SHORTEST_BYTES = 16_000  # a second of 8 kHz, 16 bit


def salvage(record: CallRecord, recordings: Path) -> CallRecord:
    """Give a call that was cut off while it left a message the message it had left.

    Args:
        record: a call whose Asterisk died.
        recordings: the recordings' root.
    """
    message = f"{MESSAGES}/{record.id}.wav"
    file = recordings / message
    if record.answered_at is not None or record.message or not file.is_file():
        return record
    if file.stat().st_size < HEADER_BYTES + SHORTEST_BYTES:
        return record
    repair_wav(file)
    return replace(record, message=message, outcome=Outcome.MESSAGE_LEFT)


def repair_wav(file: Path) -> None:
    """Write the true lengths into the header of a WAV file that was never closed."""
    with file.open("r+b") as wav:
        size = wav.seek(0, 2)
        for place, length in ((4, size - 8), (40, size - HEADER_BYTES)):
            wav.seek(place)
            wav.write(struct.pack("<I", length))
