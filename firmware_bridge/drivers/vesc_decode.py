"""What recorded bytes of a port with VESCs say; see `firmware_bridge.decode`."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

from firmware_bridge.decode import Said
from firmware_bridge.drivers.vesc_codec import Comm, Packets, parse
from firmware_bridge.ports import MemoryPair

_WORD = struct.Struct(">i")
_UNITS = {  # of what an order says: its name, and how many of it there are in one
    Comm.SET_CURRENT: ("current_a", 1000),
    Comm.SET_CURRENT_BRAKE: ("current_a", 1000),
    Comm.SET_HANDBRAKE: ("current_a", 1000),
    Comm.SET_RPM: ("erpm", 1),
}


class VescDecoder:
    """Packets of the controller at the port and of those behind it."""

    def __init__(self) -> None:
        nobody = MemoryPair().host
        self._packets = {True: Packets(nobody), False: Packets(nobody)}

    @property
    def bad(self) -> int:
        return sum(packets.bad for packets in self._packets.values())

    def take(self, data: bytes, sent: bool) -> list[Said]:
        payloads = self._packets[sent].parse(data)
        return [_told(payload) if sent else _answered(payload) for payload in payloads]


def _told(payload: bytes, whom: str = "") -> Said:
    """What the host said."""
    kind, data = payload[0], payload[1:]
    if kind == Comm.FORWARD_CAN and len(data) > 1:
        return _told(data[1:], f" to {data[0]}")
    if kind in _UNITS and len(data) >= _WORD.size:
        name, parts = _UNITS[Comm(kind)]
        return Said(_name(kind) + whom, {name: _WORD.unpack_from(data)[0] / parts})
    return Said(_name(kind) + whom, {"data": data.hex()} if data else {})


def _answered(payload: bytes) -> Said:
    """What a controller said."""
    told = parse(payload)
    if told is None:
        return Said(_name(payload[0]), {"data": payload[1:].hex()})
    values: dict[str, Any] = dataclasses.asdict(told)
    return Said(_name(payload[0]), values)


def _name(kind: int) -> str:
    return Comm(kind).name if kind in Comm._value2member_map_ else f"COMM_{kind}"
