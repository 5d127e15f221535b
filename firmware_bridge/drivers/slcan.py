"""CAN frames over a serial adapter that speaks slcan (LAWICEL's ASCII protocol).

A frame is `t`, three hex digits of its id, its length, its data in hex, and a carriage return; a bell instead of an
answer means that the adapter refused a line. Nothing on this leg is checked: a flipped bit may give another valid
frame. So what does not have exactly its length is dropped here, and what stands above judges every value.
"""

from __future__ import annotations

import binascii

from firmware_bridge.framing import Framing
from firmware_bridge.ports import Transport

LINE_MAX = 30  # longest line that is kept; more without an end is noise
BIT_RATES = {10_000: 0, 20_000: 1, 50_000: 2, 100_000: 3, 125_000: 4, 250_000: 5, 500_000: 6, 800_000: 7,
             1_000_000: 8}  # fmt: skip
_OTHERS = b"zZVNFTrR"  # answers, and frames of kinds that nobody here sends

# Ids as they stand in a line. A table, because `int` also takes signs, blanks and underscores.
_IDS = {digits % number: number for number in range(0x800) for digits in (b"%03X", b"%03x")}
_HEADS = tuple(b"t%03X" % number for number in range(0x800))


class Slcan(Framing[tuple[int, bytes]]):
    """Frames with 11-bit ids, as (id, data).

    Attributes:
        refused: how often the adapter rang its bell: channel closed, buffer full, or a line that it did not understand.
    """

    def __init__(self, transport: Transport, bit_rate: int = 1_000_000) -> None:
        self._speed = b"S%d\r" % BIT_RATES[bit_rate]
        self.refused = 0
        super().__init__(transport)

    def attach(self, transport: Transport) -> None:
        super().attach(transport)
        self._excused = 0  # bells for closing what is not open

    def open(self) -> None:
        """With the next `flush`: end a line that was begun, close, set the bit rate, open."""
        self._excused += 1
        self._outgoing += b"\r\rC\r" + self._speed + b"O\r"

    def queue(self, can_id: int, data: bytes) -> None:
        """Add one frame to the next `flush`."""
        self._outgoing += b"%s%d%s\r" % (_HEADS[can_id], len(data), data.hex().upper().encode())

    def parse(self, data: bytes) -> list[tuple[int, bytes]]:
        pieces = (self._rest + data).replace(b"\a", b"\a\r").replace(b"\n", b"").split(b"\r")
        rest = pieces.pop()
        if len(rest) > LINE_MAX:
            self.bad += 1
            rest = b""
        self._rest = rest
        frames = []
        for line in pieces:
            if line and (frame := self._take(line)) is not None:
                frames.append(frame)
        return frames

    def _take(self, line: bytes) -> tuple[int, bytes] | None:
        if line[0] == 0x74:  # t
            can_id = _IDS.get(line[1:4])
            if can_id is not None and len(line) >= 5 and len(line) == 5 + 2 * (line[4] - 0x30) <= 21:
                try:
                    data = binascii.unhexlify(line[5:])
                except binascii.Error:
                    data = None
                if data is not None:
                    self.good += 1
                    self._excused = 0
                    return can_id, data
            self.bad += 1
        elif line == b"\a":
            self.refused += self._excused == 0
            self._excused = max(self._excused - 1, 0)
        elif line[0] not in _OTHERS or line[-1] == 7 or len(line) > LINE_MAX:
            self.bad += 1
        return None
