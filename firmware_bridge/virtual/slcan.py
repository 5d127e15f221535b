"""An slcan adapter with CAN nodes behind it, the device's end.

It passes frames on only while its channel is open, at the bus' own bit rate; what it does not understand, or has no
room for, it answers with a bell. It checks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from firmware_bridge.ports import LinkLost, Transport

SPEEDS = (10_000, 20_000, 50_000, 100_000, 125_000, 250_000, 500_000, 800_000, 1_000_000)  # S0 to S8
_LINE_MAX = 32  # bytes without an end of line that are kept
_ROOM = 256  # frames that it can take at a time
_OK, _BELL = b"\r", b"\a"
_HEX = b"0123456789abcdefABCDEF"


class CanNode(Protocol):
    """A node on the bus."""

    outbox: list[tuple[int, bytes]]

    @property
    def id(self) -> int: ...

    @property
    def is_starting(self) -> bool: ...

    def look(self) -> None: ...

    def take(self, can_id: int, data: bytes) -> None: ...


class VirtualSlcan:
    """The adapter and its bus.

    Attributes:
        devices: the nodes by their numbers.
        open: its channel passes frames on.
    """

    def __init__(self, transport: Transport, devices: Iterable[CanNode], speed: int) -> None:
        self._transport = transport
        self.devices = {device.id: device for device in devices}
        self._speed, self._set_speed = speed, -1
        self.open = False
        self._buffer = b""

    def restart(self) -> None:
        """It loses its supply for a moment."""
        self.open, self._set_speed, self._buffer = False, -1, b""

    def advance(self) -> None:
        """Take what came over the wire and answer; the motors move with their bank."""
        answers: list[bytes] = []
        for device in self.devices.values():
            device.look()
        self._collect(self.devices.values(), answers)
        try:
            data = self._transport.read()
            *lines, rest = (self._buffer + data).split(b"\r")
            if len(rest) > _LINE_MAX:
                rest = b""
                answers.append(_BELL)
            self._buffer = rest
            room = _ROOM
            for line in lines:
                if line:
                    answers.append(self._obey(line, answers) if room else _BELL)
                    room -= room > 0
            if answers:
                self._transport.write(b"".join(answers))
        except LinkLost:
            return

    def _collect(self, devices: Iterable[CanNode], answers: list[bytes]) -> None:
        """What the nodes say; on the bus the lowest id goes first."""
        said: list[tuple[int, bytes]] = []
        for device in devices:
            said += device.outbox
            device.outbox.clear()
        if self._passes:
            said.sort(key=lambda frame: frame[0])
            answers += [b"t%03X%d%s\r" % (i, len(data), data.hex().upper().encode()) for i, data in said]

    def _hearing(self, can_id: int) -> Iterable[CanNode]:
        """Those whose number is in the id; all, if it is for all or somebody's heartbeat."""
        number = can_id & 0x7F
        if number == 0 or can_id >> 7 == 0x700 >> 7:
            return self.devices.values()
        return (self.devices[number],) if number in self.devices else ()

    @property
    def _passes(self) -> bool:
        return self.open and self._set_speed == self._speed

    def _obey(self, line: bytes, answers: list[bytes]) -> bytes:
        command, rest = line[:1], line[1:]
        if command == b"t":
            return self._transmit(rest, answers)
        if command == b"S" and len(rest) == 1 and rest in b"012345678" and not self.open:
            self._set_speed = int(rest)
        elif command == b"O" and not rest and not self.open and self._set_speed >= 0:
            self.open = True
        elif command == b"C" and not rest and self.open:
            self.open = False
        elif command == b"V" and not rest:
            return b"V1013\r"
        elif command == b"N" and not rest:
            return b"NA123\r"
        elif command == b"F" and not rest and self.open:
            return b"F00\r"
        else:
            return _BELL
        return _OK

    def _transmit(self, rest: bytes, answers: list[bytes]) -> bytes:
        if not self.open or len(rest) < 4 or rest.strip(_HEX):
            return _BELL
        can_id, size = int(rest[:3], 16), int(rest[3:4], 16)
        if can_id > 0x7FF or size > 8 or len(rest) != 4 + 2 * size:
            return _BELL
        if self._passes:
            data = bytes.fromhex(rest[4:].decode())
            hearing = [device for device in self._hearing(can_id) if not device.is_starting]
            for device in hearing:
                device.take(can_id, data)
            self._collect(hearing, answers)
        return b"z\r"
