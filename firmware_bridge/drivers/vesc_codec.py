"""Packets of the VESC serial protocol, and the few payloads that the driver speaks.

Packet: 02, length, payload, CRC-16/XMODEM of the payload, 03; payloads above 255 bytes begin with 03 and have
two bytes of length. Numbers are big-endian integers with fixed scales.

A reply carries no sequence number. It does repeat the mask of values that was asked for, unknown bits and all,
so the bits above those that have a meaning carry a tag that binds a reply to its request.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from dataclasses import dataclass
from enum import IntEnum

from firmware_bridge.framing import Framing
from robot.messages import AxisFault
from robot.quick import quick

MAX_PAYLOAD = 512
TAGS = 1 << 10  # tags count modulo this

_SHORT, _LONG, _END = 2, 3, 3
_TAIL = 3  # checksum and end
_TAG_SHIFT = 22
_MEANING = (1 << _TAG_SHIFT) - 1


class Comm(IntEnum):
    """Kinds of payload, of them what is used here."""

    FW_VERSION = 0
    SET_CURRENT = 6
    SET_CURRENT_BRAKE = 7
    SET_RPM = 8
    SET_HANDBRAKE = 10
    FORWARD_CAN = 34
    GET_VALUES_SELECTIVE = 50
    GET_VALUES_SETUP_SELECTIVE = 51


# As plain numbers: to look a member up costs more than to pack it.
_FW_VERSION, _FORWARD = int(Comm.FW_VERSION), int(Comm.FORWARD_CAN)
_SET_CURRENT, _SET_BRAKE = int(Comm.SET_CURRENT), int(Comm.SET_CURRENT_BRAKE)
_SET_RPM, _SET_HANDBRAKE = int(Comm.SET_RPM), int(Comm.SET_HANDBRAKE)
_SELECTIVE, _SETUP = int(Comm.GET_VALUES_SELECTIVE), int(Comm.GET_VALUES_SETUP_SELECTIVE)


# ---------------------------------------------------------------- packets


_HEADS = [bytes((_SHORT, length)) for length in range(256)]


def packet(payload: bytes) -> bytes:
    """The payload as it goes over the line."""
    length = len(payload)
    head = _HEADS[length] if length <= 255 else bytes((_LONG, length >> 8, length & 0xFF))
    return b"%b%b%b\x03" % (head, payload, crc_hqx(payload, 0).to_bytes(2, "big"))


# Longer than the longest packet that a damaged header can make the far end wait for: it ends the wait. None of
# these bytes begins a packet.
FLUSH = bytes(MAX_PAYLOAD + 2 * _TAIL)


class Packets(Framing[bytes]):
    """Payloads to and from a port whose bytes may be damaged."""

    def queue(self, data: bytes) -> None:
        """Add packets, or other bytes, to the next `flush`."""
        self._outgoing += data

    def parse(self, data: bytes) -> list[bytes]:
        """Payloads of the packets that are whole by now.

        What looks like the beginning of a long packet does not hold back whole packets behind it, so a damaged
        header costs no more than its own packet.
        """
        buffer = self._rest + data if self._rest else data
        payloads: list[bytes] = []
        start, skipped = 0, False
        while start < len(buffer):
            size = _size(buffer, start)
            if size == 0:
                behind = _next_whole(buffer, start + 1)
                if behind < 0:
                    break
                start, skipped = behind, True
            elif size < 0:
                start, skipped = start + 1, True
            else:
                head = buffer[start]
                payloads.append(buffer[start + head : start + size - _TAIL])
                self.good += 1
                self.bad += skipped
                start, skipped = start + size, False
        self.bad += skipped
        self._rest = buffer[start:]
        return payloads


def _size(buffer: bytes, start: int) -> int:
    """Bytes of the packet that begins here; 0 if that needs more bytes, -1 if none begins here."""
    head = buffer[start]
    if head not in (_SHORT, _LONG):
        return -1
    left = len(buffer) - start
    if left < head:
        return 0
    length = buffer[start + 1] if head == _SHORT else buffer[start + 1] << 8 | buffer[start + 2]
    if not (0 < length <= 255 if head == _SHORT else 255 <= length <= MAX_PAYLOAD):
        return -1
    size = head + length + _TAIL
    if left < size:
        return 0
    end = start + size
    crc = buffer[end - 3] << 8 | buffer[end - 2]
    whole = buffer[end - 1] == _END and crc_hqx(buffer[start + head : end - _TAIL], 0) == crc
    return size if whole else -1


def _next_whole(buffer: bytes, start: int) -> int:
    """Where the next whole packet begins, -1 if there is none yet."""
    for at in range(start, len(buffer)):
        if _size(buffer, at) > 0:
            return at
    return -1


# ---------------------------------------------------------------- what the host says

_COMMAND = struct.Struct(">Bi")
_REQUEST = struct.Struct(">BI")

# Of GET_VALUES_SELECTIVE: MOSFET temperature, torque current, ERPM, tachometer, fault, id, status. The torque
# current (q axis) has the sign of the torque; the plain motor current has that of the power.
_VALUES_MASK = sum(1 << bit for bit in (0, 5, 7, 13, 15, 17, 21))
# Of GET_VALUES_SETUP_SELECTIVE: id, up-time.
_UPTIME_MASK = sum(1 << bit for bit in (17, 21))


def set_rpm(erpm: float) -> bytes:
    return _COMMAND.pack(_SET_RPM, round(erpm))


def set_current(amperes: float) -> bytes:
    return _COMMAND.pack(_SET_CURRENT, round(amperes * 1000))


def set_brake(amperes: float) -> bytes:
    return _COMMAND.pack(_SET_BRAKE, round(amperes * 1000))


def set_handbrake(amperes: float) -> bytes:
    return _COMMAND.pack(_SET_HANDBRAKE, round(amperes * 1000))


def ask_version() -> bytes:
    return bytes((_FW_VERSION,))


def ask_values(tag: int) -> bytes:
    return _REQUEST.pack(_SELECTIVE, _VALUES_MASK | tag << _TAG_SHIFT)


def ask_uptime(tag: int) -> bytes:
    return _REQUEST.pack(_SETUP, _UPTIME_MASK | tag << _TAG_SHIFT)


def forward(controller_id: int, payload: bytes) -> bytes:
    """For the controller with this id on the CAN bus; if there is none, nobody says so."""
    return bytes((_FORWARD, controller_id)) + payload


# ---------------------------------------------------------------- what a controller says


@dataclass(frozen=True, slots=True)
class Version:
    """Answer to FW_VERSION; the oldest firmwares give no name and no serial number."""

    major: int
    minor: int
    hardware: str
    uuid: str

    @property
    def text(self) -> str:
        return f"{self.major}.{self.minor:02d}"


@quick
@dataclass(frozen=True, slots=True)
class Values:
    """Answer to GET_VALUES_SELECTIVE. `timed_out` is None from firmware that does not know it."""

    tag: int
    controller_id: int
    mosfet_c: float
    current_a: float
    erpm: int
    tachometer: int  # six counts an electrical turn
    fault: int
    timed_out: bool | None
    killed: bool  # kill switch on


@quick
@dataclass(frozen=True, slots=True)
class Uptime:
    """Answer to GET_VALUES_SETUP_SELECTIVE. `ms` is None from firmware that does not know it."""

    tag: int
    controller_id: int
    ms: int | None


_VALUES = struct.Struct(">xIhiiiBB")
_UPTIME = struct.Struct(">xIB")
_MS = struct.Struct(">I")
_TIMED_OUT, _KILLED = 1, 2


def parse(payload: bytes) -> Version | Values | Uptime | None:
    """What a controller says with this payload; None if it is not one that was asked for."""
    kind = payload[0]
    if kind == _SELECTIVE and len(payload) >= _VALUES.size:
        mask, mosfet, current, erpm, tachometer, fault, controller_id = _VALUES.unpack_from(payload)
        if mask & _MEANING == _VALUES_MASK:
            status = payload[_VALUES.size] if len(payload) > _VALUES.size else None
            return Values(
                mask >> _TAG_SHIFT, controller_id, mosfet / 10, current / 100, erpm, tachometer, fault,
                None if status is None else bool(status & _TIMED_OUT), bool((status or 0) & _KILLED),
            )  # fmt: skip
    elif kind == _SETUP and len(payload) >= _UPTIME.size:
        mask, controller_id = _UPTIME.unpack_from(payload)
        if mask & _MEANING == _UPTIME_MASK:
            known = len(payload) >= _UPTIME.size + _MS.size
            ms = _MS.unpack_from(payload, _UPTIME.size)[0] if known else None
            return Uptime(mask >> _TAG_SHIFT, controller_id, ms)
    elif kind == _FW_VERSION and len(payload) >= 3:
        name, _, rest = payload[3:].partition(b"\0")
        return Version(payload[1], payload[2], name.decode("ascii", "replace"), rest[:12].hex())
    return None


_T, _E, _R = AxisFault.OVER_TEMPERATURE, AxisFault.ENCODER, AxisFault.RESET
_C, _O = AxisFault.OVER_CURRENT, AxisFault.OTHER

# What a controller finds wrong with itself: kind for the robot, text for people.
FAULTS: dict[int, tuple[AxisFault, str]] = {
    1: (_O, "voltage too high"),
    2: (_O, "voltage too low"),
    3: (_C, "gate driver fault"),
    4: (_C, "current above the absolute limit"),
    5: (_T, "MOSFETs too hot"),
    6: (_T, "motor too hot"),
    7: (_O, "gate driver voltage too high"),
    8: (_O, "gate driver voltage too low"),
    9: (_O, "processor voltage too low"),
    10: (_R, "restarted by its own watchdog"),
    11: (_E, "encoder does not answer"),
    12: (_E, "encoder signal too small"),
    13: (_E, "encoder signal too large"),
    14: (_R, "program memory damaged"),
    15: (_O, "offset of current sensor 1"),
    16: (_O, "offset of current sensor 2"),
    17: (_O, "offset of current sensor 3"),
    18: (_C, "phase currents not balanced"),
    19: (_O, "brake resistor fault"),
    20: (_E, "resolver lost its position"),
    21: (_E, "resolver signal degraded"),
    22: (_E, "resolver signal lost"),
    23: (_R, "application settings damaged"),
    24: (_R, "motor settings damaged"),
    25: (_E, "encoder magnet missing"),
    26: (_E, "encoder magnet too strong"),
    27: (_O, "phase filter fault"),
}
