"""The line on which virtual moteus controllers are: an fdcanusb adapter, or one controller's own UART.

"OK" means that a line was parsed and no more, a UART takes one request at a time, checksums must not be left out once
there was one (a UART forgets that when it restarts), and a wrong prefix or an absent id is silence.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware_bridge.ports import LinkLost, Transport
from firmware_bridge.virtual.moteus import VirtualMoteus

_LINE_MAX, _UART_BUFFER = 1024, 256  # bytes without an end of line that are kept


def _table() -> list[int]:
    """Checksum of every byte: the remainder of its division by x^8 + x^7 + x^4 + x^2 + x + 1."""
    table = list(range(256))
    for _ in range(8):
        table = [(crc << 1) ^ (0x197 if crc & 0x80 else 0) for crc in table]
    return table


_TABLE = _table()


def _checksum(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc = _TABLE[crc ^ byte]
    return crc


def _is_hex(number: bytes, data: bytes) -> bool:
    digits = b"0123456789abcdefABCDEF"
    return not number.strip(digits) and not data.strip(digits) and len(data) % 2 == 0


class VirtualMoteusBus:
    """The line's other end: an fdcanusb with controllers behind it, or one controller's UART."""

    def __init__(self, transport: Transport, devices: Iterable[VirtualMoteus], *, uart: bool = False) -> None:
        self._transport = transport
        self.devices = {device.id: device for device in devices}
        self._uart = uart
        self._checked = uart  # it always emits checksums, and asks for them once it has seen one
        self._asks_checksum = False
        self._buffer = b""
        self._boots = 0

    def advance(self) -> None:
        """Take what came over the wire and answer; the motors move with their bank."""
        for device in self.devices.values():
            device.look()
        boots = sum(device.boots for device in self.devices.values())
        if self._uart and boots != self._boots:
            self._asks_checksum = False
            self._buffer = b""
        self._boots = boots
        try:
            data = self._transport.read()
            *lines, self._buffer = (self._buffer + data).replace(b"\r", b"\n").split(b"\n")
            self._buffer = self._buffer[-_UART_BUFFER if self._uart else -_LINE_MAX :]
            answers = self._answers([line for line in lines if line.strip()])
            if answers:
                self._transport.write(b"".join(answers))
        except LinkLost:
            return

    def _answers(self, lines: list[bytes]) -> list[bytes]:
        answers: list[bytes] = []
        busy = False
        for line in lines:
            words = self._words(line, answers)
            if words is None or self._is_silent():
                continue
            if words[:2] != [b"can", b"send"] or len(words) < 4 or not _is_hex(words[2], words[3]):
                answers.append(self._line(b"ERR unknown command"))
                continue
            answers.append(self._line(b"OK"))
            if busy:  # on a UART there is no second frame while the first is not answered
                continue
            reply = self._send(int(words[2], 16), bytes.fromhex(words[3].decode()))
            if reply is not None:
                answers.append(self._line(reply))
                busy = self._uart
        return answers

    def _is_silent(self) -> bool:
        """Whether it is its UART's only controller and still starting."""
        return self._uart and all(device.is_starting for device in self.devices.values())

    def _words(self, line: bytes, answers: list[bytes]) -> list[bytes] | None:
        content, star, checksum = line.rstrip(b" ").rpartition(b"*")
        if star:
            if checksum.upper() != b"%02X" % _checksum(content):
                answers.append(self._line(b"ERR checksum mismatch"))
                return None
            self._checked = self._asks_checksum = True
            return content.split()
        if self._asks_checksum:
            answers.append(self._line(b"ERR checksum required"))
            return None
        return line.split()

    def _send(self, arbitration_id: int, data: bytes) -> bytes | None:
        device = self.devices.get(arbitration_id & 0x7F)
        if device is None or arbitration_id >> 16 or device.is_starting:
            return None
        answer = device.take(data)
        if answer is None or not arbitration_id & 0x8000:
            return None
        source = arbitration_id >> 8 & 0x7F
        return b"rcv %x %s E B F" % (device.id << 8 | source, answer.hex().upper().encode())

    def _line(self, content: bytes) -> bytes:
        if not self._checked:
            return content + b"\r\n"
        return b"%s *%02X\r\n" % (content, _checksum(content + b" "))
