"""Framing: MAVLink 2 packets on a transport, with counts of what was good, bad and lost.

Layouts and checksum seeds come from the generated dialect; packing and parsing are done here because the
generated classes cost five times as much per frame, and a tick has eight of them.
`tests/firmware_bridge/test_link.py` holds both against each other, byte by byte.

Frame: FD, length, incompatible flags, compatible flags, sequence, system, component, id (3 bytes), payload
without trailing zeros, CRC-16/MCRF4XX over all but FD plus the layout's own seed byte.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import fastcrc

from firmware_bridge.dialect import silkline
from firmware_bridge.framing import Framing
from firmware_bridge.ports import Transport

PROTOCOL = 1  # version of what the messages mean; raised when a meaning changes and no layout does
HOST_SYSTEM, BOARD_SYSTEM = 255, 1
COMPONENT = 1

Values = tuple[Any, ...]  # a payload's values in wire order, arrays unrolled

_MAGIC = 0xFD
_HEADER = struct.Struct("<BBBBBBBHB")
_HEADER_IN = struct.Struct("<xBBxBxxHB")  # of it what a receiver looks at
_CRC = struct.Struct("<H")
_OVERHEAD = _HEADER.size + _CRC.size
_mcrf4xx = fastcrc.crc16.mcrf4xx


class Intent(IntFlag):
    """Bits of the host's heartbeat."""

    ARMED = 1
    STOP = 2


class Safety(IntFlag):
    """Bits of the board's safety status."""

    ESTOP_CLOSED = 1
    PERMITTED = 2
    LATCHED_STOP = 4
    WATCHDOG_SEEN = 8
    TESTING = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """How one message stands on the wire."""

    id: int
    name: str
    size: int
    struct: struct.Struct
    seed: bytes  # CRC_EXTRA: a peer built from another XML fails the checksum
    message: type


LAYOUTS: dict[int, Layout] = {
    id_: Layout(id_, cls.msgname, cls.unpacker.size, cls.unpacker, bytes([cls.crc_extra]), cls)
    for id_, cls in sorted(silkline.mavlink_map.items())
    if id_ >= 0
}


def layout_digest() -> int:
    """Digest of all message layouts; both ends must have the same (promise S14)."""
    text = "\n".join(f"{x.id} {x.name} {x.struct.format} {x.seed.hex()}" for _, x in sorted(LAYOUTS.items()))
    return zlib.crc32(text.encode())


class Link(Framing[tuple[int, Values]]):
    """Packets to and from one peer, as (id, values in wire order).

    Attributes:
        lost: frames that the peer's sequence says were sent and did not come.
    """

    def __init__(self, transport: Transport, system: int) -> None:
        super().__init__(transport)
        self._system = system
        self._sequence = 0
        self.lost = 0

    def attach(self, transport: Transport) -> None:
        super().attach(transport)
        self._last_sequence = -1

    def queue(self, id_: int, *values: Any) -> None:
        """Add one message to the next `flush`; values in wire order, arrays unrolled."""
        layout = LAYOUTS[id_]
        payload = layout.struct.pack(*values).rstrip(b"\0") or b"\0"
        header = _HEADER.pack(
            _MAGIC, len(payload), 0, 0, self._sequence, self._system, COMPONENT, id_ & 0xFFFF, id_ >> 16
        )
        crc = _mcrf4xx(header[1:] + payload + layout.seed)
        self._outgoing += header + payload + _CRC.pack(crc)
        self._sequence = (self._sequence + 1) & 0xFF

    def parse(self, data: bytes) -> list[tuple[int, Values]]:
        buffer = self._rest + data if self._rest else data
        messages: list[tuple[int, Values]] = []
        start, end = 0, len(buffer)
        while start < end:
            if buffer[start] != _MAGIC:
                start = self._skip_to_magic(buffer, start)
                continue
            if end - start < _HEADER.size:
                break
            length, flags, sequence, id_low, id_high = _HEADER_IN.unpack_from(buffer, start)
            layout = LAYOUTS.get(id_low | id_high << 16)
            if layout is None or length > layout.size or flags:
                self.bad += 1
                start += 1
                continue
            crc_at = start + _HEADER.size + length
            if crc_at + _CRC.size > end:
                break
            crc = _mcrf4xx(buffer[start + 1 : crc_at] + layout.seed)
            if _CRC.unpack_from(buffer, crc_at)[0] != crc:
                self.bad += 1
                start += 1
                continue
            payload = buffer[start + _HEADER.size : crc_at]
            if length < layout.size:
                payload += bytes(layout.size - length)
            messages.append((layout.id, layout.struct.unpack(payload)))
            self._count(sequence)
            start = crc_at + _CRC.size
        self._rest = buffer[start:]
        return messages

    def _skip_to_magic(self, buffer: bytes, start: int) -> int:
        self.bad += 1
        found = buffer.find(_MAGIC, start)
        return found if found >= 0 else len(buffer)

    def _count(self, sequence: int) -> None:
        """A gap of more than half the circle is an old frame, not a loss of many."""
        self.good += 1
        ahead = (sequence - self._last_sequence - 1) & 0xFF
        if self._last_sequence < 0 or ahead < 128:
            self.lost += ahead if self._last_sequence >= 0 else 0
            self._last_sequence = sequence
