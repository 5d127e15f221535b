"""Frames to and from one moteus, made by the codec of the `moteus` package.

Every frame that is answered asks for the same registers, so that a reply tells all there is to know: mode, position,
velocity, torque, temperatures, voltage, fault code, and the millisecond counter by which late, repeated and stuck
replies and a restart are told.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import moteus
from moteus import multiplex, protocol

from robot.quick import quick

REPLY_BIT = 0x8000  # in the arbitration id of a request that is to be answered
COUNTER_MODULUS = 1 << 32  # ms
_TORQUE_ALONE = {
    "kp_scale": 0.0,
    "kd_scale": 0.05,
    "ilimit_scale": 0.0,
}  # never current mode: it has no watchdog
BROKEN = (
    struct.error,
    IndexError,
    RuntimeError,
    ValueError,
    OverflowError,
)  # what the package raises for noise
_AUX1_OUT = 0x05C
_MODEL, _FIRMWARE, _MAP, _ID, _SERIAL = 0x100, 0x101, 0x102, 0x110, 0x120
_IDENTITY = dict.fromkeys((_MODEL, _FIRMWARE, _MAP, _ID, _SERIAL, _SERIAL + 1, _SERIAL + 2), multiplex.INT32)
_F32, _I16 = struct.Struct("<f"), struct.Struct("<h")
_REPLY = struct.Struct(
    "<2sb2sfff2sb2sbbb2sI"
)  # blocks of registers with their heads, in the order of `_Query`
_HEADS = (b"\x21\x00", b"\x2f\x01", b"\x21\x0a", b"\x23\x0d", b"\x29\x70")
_NONE, _VOLT = -128, 0.5  # int8 for "not a number", and of voltages
_READ_MAX = 48  # bytes of its diagnostic channel in one reply


@quick
@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says, in the controller's own units (revolutions, N m)."""

    counter_ms: int
    mode: int
    position: float
    velocity: float
    torque: float
    temperature_c: float
    voltage_v: float
    code: int


@dataclass(frozen=True, slots=True)
class Card:
    """Who it says it is."""

    model: int
    firmware: int
    register_map: int
    id: int
    serial_number: str


class _Query(moteus.QueryResolution):  # type: ignore[misc]
    motor_temperature = multiplex.INT8
    _extra = {protocol.Register.MILLISECOND_COUNTER: multiplex.INT32}  # noqa: RUF012


class _Position(moteus.PositionResolution):  # type: ignore[misc]
    kp_scale = kd_scale = ilimit_scale = multiplex.INT8
    watchdog_timeout = multiplex.INT16
    velocity_limit = accel_limit = multiplex.INT8


class Codec:
    """Frames for the controller with this id."""

    def __init__(self, id_: int) -> None:
        self._controller = moteus.Controller(
            id=id_, query_resolution=_Query(), position_resolution=_Position()
        )
        self.query = bytes(self._controller.make_query().data)
        self.identify = bytes(self._controller.make_custom_query(_IDENTITY).data)
        self.read = bytes(self._controller.make_diagnostic_read(_READ_MAX).data)
        self._stop = bytes(self._controller.make_stop(query=True).data)
        self._follow = _Template(self._controller, {})
        self._push = _Template(self._controller, _TORQUE_ALONE)

    def ask(self, line: str) -> bytes:
        """A line for its diagnostic channel; the answer is fetched by `read`."""
        return bytes(self._controller.make_diagnostic_write(line.encode() + b"\n").data)

    def stop(self) -> bytes:
        """Motor off, whatever was latched is cleared; the brake falls in."""
        return self._stop + _brake(released=False)

    def put_brake_on(self) -> bytes:
        """Without changing its mode, so that a latched fault stays as it is."""
        return self.query + _brake(released=False)

    def follow(
        self,
        position: float,
        velocity: float,
        feedforward: float,
        limit: float,
        life_s: float,
        brake: bool = False,
    ) -> bytes:
        """Follow a place (NaN = from where it is) at a speed; `feedforward` and `limit` are torques. The limits of its
        own trajectories are set aside: they are there for its time-out."""
        return self._follow.fill(position, velocity, feedforward, limit, life_s) + _brake(released=not brake)

    def push(self, velocity: float, torque: float, limit: float, life_s: float) -> bytes:
        """Nothing but a torque, and a little damping about this speed."""
        return self._push.fill(math.nan, velocity, torque, limit, life_s) + _brake(released=True)


class _Template:
    """A position command as the package makes it, into which each tick's values are put: that takes a tenth of the
    time of making it anew. Where they stand is found by values that stand nowhere else."""

    def __init__(self, controller: moteus.Controller, scales: dict[str, float]) -> None:
        values, life_s = (1.25, 2.5, 3.75, 5.625), 0.123
        command = controller.make_position(
            position=values[0], velocity=values[1], feedforward_torque=values[2], maximum_torque=values[3],
            watchdog_timeout=life_s, velocity_limit=-1.0, accel_limit=-1.0, query=True, **scales,
        )  # fmt: skip
        self._bytes = bytes(command.data)
        self._places = [self._bytes.index(_F32.pack(value)) for value in values]
        self._life_at = self._bytes.index(_I16.pack(round(1000 * life_s)))

    def fill(
        self, position: float, velocity: float, feedforward: float, limit: float, life_s: float
    ) -> bytes:
        frame = bytearray(self._bytes)
        for at, value in zip(self._places, (position, velocity, feedforward, limit), strict=True):
            _F32.pack_into(frame, at, value)
        _I16.pack_into(
            frame, self._life_at, min(max(int(1000 * life_s), 1), 0x7FFF)
        )  # 0 would be its default
        return bytes(frame)


def _brake(*, released: bool) -> bytes:
    """Pin 1 of aux 1 feeds the brake's coil; without it the brake falls in."""
    return bytes((multiplex.WRITE_INT8 | 1, _AUX1_OUT, int(released)))


def _values(data: bytes) -> dict[int, float]:
    """Registers of a reply. It is left at the first thing that is none: a garbled block of questions would name
    billions of them.

    Raises:
        Any of `BROKEN`: the frame ends within a value, or a value cannot be.
    """
    values: dict[int, float] = {}
    for part in multiplex.parse_frame(data):
        if isinstance(part, multiplex.ErrorSubframe):
            continue
        if not isinstance(part, multiplex.RegisterSubframe) or part.type != multiplex.SubframeType.RESPONSE:
            raise ValueError("no reply")
        values[part.register] = protocol.scale_register(part.register, part.resolution, part.value)
    return values


def reading(data: bytes) -> Reading | None:
    """None if it is no reply to `Codec.query` or is broken."""
    if len(data) >= _REPLY.size:
        (
            head,
            mode,
            second,
            position,
            velocity,
            torque,
            third,
            motor_c,
            fourth,
            volts,
            board_c,
            code,
            fifth,
            ms,
        ) = _REPLY.unpack_from(data)
        # as every firmware answers that has all registers; the package takes ten times as long
        if (head, second, third, fourth, fifth) == _HEADS and motor_c != _NONE and board_c != _NONE:
            return Reading(
                ms, mode, position, velocity, torque, float(max(motor_c, board_c)),
                math.nan if volts == _NONE else _VOLT * volts, code,
            )  # fmt: skip
    try:
        values = _values(data)
        hottest_c = max(values.get(0x00E, math.nan), values.get(0x00A, math.nan))
        return Reading(
            int(values[0x070]) % COUNTER_MODULUS, int(values[0x000]), values[0x001], values[0x002], values[0x003],
            hottest_c, values.get(0x00D, math.nan), int(values[0x00F]),
        )  # fmt: skip
    except (KeyError, *BROKEN):
        return None


def card(data: bytes) -> Card | None:
    """None if it is no reply to `Codec.identify` or is broken."""
    try:
        values = _values(data)
        serial = "".join(f"{int(values[_SERIAL + i]) & 0xFFFFFFFF:08x}" for i in (2, 1, 0))
        return Card(int(values[_MODEL]), int(values[_FIRMWARE]), int(values[_MAP]), int(values[_ID]), serial)
    except (KeyError, TypeError, *BROKEN):
        return None


def text(data: bytes) -> bytes | None:
    """What its diagnostic channel says, None if the frame is no answer of that."""
    return moteus.moteus.parse_diagnostic_message(_Message(data), 1)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Message:
    data: bytes
