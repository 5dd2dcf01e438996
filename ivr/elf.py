"""ELF programs: which loader starts them. Standard library only."""

from __future__ import annotations

import struct
from pathlib import Path

from ivr.errors import SetupError

_INTERPRETER = 3  # PT_INTERP
_HEADER = struct.Struct("<IIQQQQQQ")  # type, flags, offset, addresses, sizes in file and memory …


def set_loader(program: Path, loader: str) -> None:
    """Have the kernel start ``program`` with ``loader``.

    Done by hand where the loader cannot be named on the command line: a program that is started
    through its loader takes the loader for itself, and finds neither its data nor its children.
    The new path is put at the end of the file, for it may be longer than the old one.

    Raises:
        SetupError: it is no ELF program for 64 bits with a loader.
    """
    with program.open("r+b") as file:
        head = file.read(64)
        if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
            raise SetupError(f"{program} is no program for this machine")
        (table,) = struct.unpack_from("<Q", head, 0x20)
        size, count = struct.unpack_from("<HH", head, 0x36)
        for place in range(table, table + size * count, size):
            file.seek(place)
            fields = list(_HEADER.unpack(file.read(_HEADER.size)))
            if fields[0] == _INTERPRETER:
                path = loader.encode() + b"\0"
                fields[2], fields[5] = file.seek(0, 2), len(path)
                file.write(path)
                file.seek(place)
                file.write(_HEADER.pack(*fields))
                return
    raise SetupError(f"{program} names no loader")
