"""The line protocol of the fdcanusb adapter, host's end; a moteus controller speaks it on its UART too.

One line sends a CAN-FD frame, `can send 8001 01000a BF *CC`, and is answered `OK`; a frame that arrives is a line
`rcv 100 2400 E B F *CC`. The checksum at the end of a line is optional on the adapter and must not be left out any
more once the far end has seen a good one; this end does the same.
"""

from __future__ import annotations

from firmware_bridge.framing import Framing
from firmware_bridge.ports import Transport

LINE_MAX = 512  # longest line that is kept; more without an end is noise
DATA_MAX = 64
_CAN_FD_SIZES = (*range(9), 12, 16, 20, 24, 32, 48, 64)
_NOP = b"\x50"  # pads a frame to a size that CAN-FD can carry


def _crc8_table() -> tuple[int, ...]:
    """One entry a byte, of the polynomial 0x97."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value << 1 ^ 0x97) & 0xFF if value & 0x80 else value << 1
        table.append(value)
    return tuple(table)


_CRC8 = _crc8_table()
_PADDING = tuple(next(x for x in _CAN_FD_SIZES if x >= n) - n for n in range(DATA_MAX + 1))


def crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


def with_checksum(line: bytes) -> bytes:
    """The line with what the far end checks it by, and its end."""
    line += b" "
    return b"%s*%02X\n" % (line, crc8(line))


class Fdcanusb(Framing[tuple[int, bytes]]):
    """CAN-FD frames to and from one adapter, as (arbitration id, data).

    Lines dropped for their checksum or form count as bad, and so do requests that the far end did not understand.
    """

    def __init__(self, transport: Transport, checksums: bool = True) -> None:
        super().__init__(transport)
        self._checksums = checksums

    def attach(self, transport: Transport) -> None:
        super().attach(transport)
        self._strict = False  # once a line came with a good checksum, all must

    def queue(self, arbitration_id: int, data: bytes) -> None:
        """Add one frame to the next `flush`."""
        data += _NOP * _PADDING[len(data)]
        line = b"can send %04x %s BF" % (arbitration_id, data.hex().encode())
        self._outgoing += with_checksum(line) if self._checksums else line + b"\n"

    def parse(self, data: bytes) -> list[tuple[int, bytes]]:
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        if len(rest) > LINE_MAX:
            self.bad += 1
            rest = b""
        self._rest = rest
        frames = []
        for line in lines:
            if line and (frame := self._take(line)) is not None:
                frames.append(frame)
        return frames

    def _take(self, line: bytes) -> tuple[int, bytes] | None:
        content, star, checksum = line.rstrip(b" ").rpartition(b"*")
        if star:
            if len(line) > LINE_MAX or checksum.upper() != b"%02X" % crc8(content):
                self.bad += 1
                return None
            self._strict = True
        elif self._strict:
            self.bad += 1
            return None
        words = (content if star else line).split()
        if words and words[0] == b"OK":
            self.good += 1
            return None
        frame = _frame(words)
        if frame is None:
            self.bad += 1
        else:
            self.good += 1
        return frame


def _frame(words: list[bytes]) -> tuple[int, bytes] | None:
    """What a `rcv` line carries; None if it is none or is garbled."""
    if len(words) < 3 or words[0] != b"rcv" or not words[1].isalnum():
        return None
    try:
        arbitration_id, data = int(words[1], 16), bytes.fromhex(words[2].decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return None
    return (arbitration_id, data) if len(data) <= DATA_MAX else None
