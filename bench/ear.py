"""The callers' telephones: hears when the first sound of each call arrives, and says one word.

One UDP socket serves all calls: each caller has a loopback address of its own, and the kernel tells
to which one a packet came and at what moment. So a busy bench does not blur the figures.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

# Linux' own numbers; Python names them only from 3.14 on or not at all.
_IP_PKTINFO = 8
_SO_TIMESTAMPNS = 35
_BATCH = 256  # packets taken before the other tasks get their turn
_ANCILLARY = socket.CMSG_SPACE(12) + socket.CMSG_SPACE(16)
_FIRST = 0x7F400000  # 127.64.0.0
_WORD = struct.pack("!BBHII", 0x80, 8, 1, 160, 12345) + b"\xd5" * 160  # RTP: 20 ms of A-law


def address(call: int) -> str:
    """The loopback address of the caller number ``call``, counted from 0."""
    return socket.inet_ntoa(struct.pack("!I", _FIRST + call))


class Ear:
    """Listens on ``port`` of every loopback address. Use ``async with``.

    Attributes:
        first: number of the call → when its first sound came, seconds since the epoch.
        packets: how many packets came in all.
    """

    def __init__(self) -> None:
        self.first: dict[int, float] = {}
        self.packets = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    @property
    def port(self) -> int:
        """The UDP port listened on."""
        return int(self._socket.getsockname()[1])

    async def __aenter__(self) -> Self:
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.setblocking(False)
        self._socket.bind(("0.0.0.0", 0))  # noqa: S104 - 127.0.0.0/8 cannot be bound as a whole
        asyncio.get_running_loop().add_reader(self._socket, self._take)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def speak(self, call: int, port: int) -> None:
        """Send one packet of sound to a port of Asterisk, as the call's own telephone.

        Asterisk answers a call only when the caller's sound arrives, or half a second later.
        """
        packet_info = struct.pack("!I4s4s", 0, socket.inet_aton(address(call)), bytes(4))
        self._socket.sendmsg(
            [_WORD], [(socket.IPPROTO_IP, _IP_PKTINFO, packet_info)], 0, ("127.0.0.1", port)
        )

    def _take(self) -> None:
        for _ in range(_BATCH):
            try:
                _, ancillary, _, _ = self._socket.recvmsg(16, _ANCILLARY)
            except BlockingIOError:
                return
            self.packets += 1
            self._note(ancillary)

    def _note(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        call, moment = -1, 0.0
        for level, kind, data in ancillary:
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                call = struct.unpack("!I", data[8:12])[0] - _FIRST
            elif level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("qq", data[:16])
                moment = seconds + nanoseconds / 1e9
        if call >= 0:
            self.first.setdefault(call, moment)
