"""A moteus' register frames, as the controller reads and writes them."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

_TYPES = tuple(struct.Struct(form) for form in ("<b", "<h", "<i", "<f"))
_F32 = 3
_COUNT_MAX = 64  # registers in one block: more do not fit into a frame
_POSITION, _VELOCITY, _TORQUE = (0.01, 0.0001, 0.00001), (0.1, 0.00025, 0.00001), (0.5, 0.01, 0.001)
_SHARE, _VOLTAGE, _CELSIUS = (1 / 127, 1 / 32767, 1 / 2147483647), (0.5, 0.1, 0.001), (1.0, 0.1, 0.001)
_TIME, _CURRENT, _ACCEL = (0.01, 0.001, 0.000001), (1.0, 0.1, 0.001), (0.05, 0.001, 0.00001)
_SCALES = {  # of a register's integer forms; those that are not here are whole numbers
    0x001: _POSITION, 0x002: _VELOCITY, 0x003: _TORQUE, 0x00A: _CELSIUS, 0x00D: _VOLTAGE, 0x00E: _CELSIUS,
    0x01C: _CURRENT, 0x01D: _CURRENT, 0x020: _POSITION, 0x021: _VELOCITY, 0x022: _TORQUE, 0x023: _SHARE,
    0x024: _SHARE, 0x025: _TORQUE, 0x026: _POSITION, 0x027: _TIME, 0x028: _VELOCITY, 0x029: _ACCEL,
    0x02B: _SHARE,
}  # fmt: skip


@dataclass(slots=True)
class Frame:
    """What a frame writes (by register), reads (register and type), and says to the diagnostic channel."""

    writes: dict[int, float] = field(default_factory=dict)
    reads: list[tuple[int, int]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    poll: int | None = None


def parse(data: bytes) -> Frame:
    """Read as far as it makes sense: a controller stops at what it does not know."""
    frame = Frame()
    at = 0
    try:
        while at < len(data):
            at = _subframe(frame, data, at)
    except (IndexError, struct.error):
        pass
    return frame


def _subframe(frame: Frame, data: bytes, at: int) -> int:
    head = data[at]
    at += 1
    if head == 0x50:  # padding
        return at
    if head < 0x20:
        kind, count = head >> 2 & 3, head & 3
        if count == 0:
            count, at = _varuint(data, at)
        register, at = _varuint(data, at)
        if count > _COUNT_MAX:
            return len(data)
        for number in range(register, register + count):
            if head >= 0x10:
                frame.reads.append((number, kind))
            else:
                frame.writes[number] = _decode(number, kind, data, at)
                at += _TYPES[kind].size
        return at
    channel, at = _varuint(data, at)
    length, at = _varuint(data, at)
    if head == 0x40 and channel == 1:
        frame.lines.append(data[at : at + length])
        return at + length
    if head == 0x42 and channel == 1:
        frame.poll = min(length, 61)
        return at
    return len(data)


def _varuint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _decode(number: int, kind: int, data: bytes, at: int) -> float:
    value = _TYPES[kind].unpack_from(data, at)[0]
    scales = _SCALES.get(number)
    if kind == _F32 or scales is None:
        return float(value)
    return math.nan if value == -(1 << 8 * _TYPES[kind].size - 1) else value * scales[kind]


def encode_reply(values: list[tuple[int, int, float | None]]) -> bytes:
    """Registers one after the other in one block; one that there is not is an error of its own."""
    reply = bytearray()
    at = 0
    while at < len(values):
        number, kind, value = values[at]
        if value is None:
            reply += b"\x31" + _varuint_bytes(number) + b"\x01"
            at += 1
            continue
        end = at + 1
        while end < len(values) and _continues(values[end - 1], values[end]):
            end += 1
        count = end - at
        head = 0x20 | kind << 2
        reply += bytes((head | count,)) if count <= 3 else bytes((head, count))
        reply += _varuint_bytes(number)
        for register, _, known in values[at:end]:
            assert known is not None
            reply += _encode(register, kind, known)
        at = end
    return bytes(reply)


def _continues(one: tuple[int, int, float | None], other: tuple[int, int, float | None]) -> bool:
    return other[0] == one[0] + 1 and other[1] == one[1] and other[2] is not None


def _varuint_bytes(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _encode(number: int, kind: int, value: float) -> bytes:
    if kind == _F32:
        return _TYPES[kind].pack(value)
    bits = 8 * _TYPES[kind].size
    scales = _SCALES.get(number)
    if scales is None:  # whole numbers wrap
        return (int(value) & (1 << bits) - 1).to_bytes(bits // 8, "little")
    most = (1 << bits - 1) - 1
    whole = -most - 1 if not math.isfinite(value) else min(max(round(value / scales[kind]), -most), most)
    return _TYPES[kind].pack(whole)
