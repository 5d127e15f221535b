"""VESCs at the other end of the wire: one at the port, others behind it on a CAN bus.

Written from what the firmware does, with what makes it hard to live with: its parser waits for the end of
whatever looks like a packet, however long that takes, and then works off what it swallowed; commands are not
acknowledged; a time-out ends with the next command; faults clear themselves; a speed below the least lets go of
the motor; a CAN id that is not there is silent; after a restart it takes commands at once.

A controller is a front end on its axis' record in a `DriveBank`: motor and loops are there.
"""

from __future__ import annotations

import math
import struct
from binascii import crc_hqx
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from firmware_bridge.drivers.vesc_feedback import VescAxis
from firmware_bridge.ports import LinkLost, Transport
from firmware_bridge.virtual import loops
from firmware_bridge.virtual.drives import DriveBank
from robot.messages import Axis, AxisFault, AxisMode

BOOT_NS = 500_000_000  # silence after a restart
FAULT_NS = 500_000_000  # after this a fault has cleared itself

_PARSED_MAX = 512
_CREEP_ERPM = 300.0  # under a load that takes the whole brake current
_FW_VERSION, _GET_VALUES, _SET_DUTY, _SET_CURRENT, _SET_BRAKE, _SET_RPM, _SET_POS = 0, 4, 5, 6, 7, 8, 9
_HANDBRAKE, _REBOOT, _ALIVE, _FORWARD, _SELECTIVE, _SETUP, _ESTOP = 10, 29, 30, 34, 50, 51, 159
_SETS = (_SET_DUTY, _SET_CURRENT, _SET_BRAKE, _SET_RPM, _SET_POS, _HANDBRAKE)

# Values by bit of the mask: format of each; 6x are the three temperatures of bit 18.
_VALUES = ("h", "h", "i", "i", "i", "i", "h", "i", "h", *"iiiiii", "B", "i", "B", "6x", "i", "i", "B")
_SETUP_VALUES = ("h", "h", "i", "i", "h", "i", "i", "h", "h", *"iiiiiii", "B", "B", "B", "i", "I", "I")
_STATUS_BIT = _UPTIME_BIT = 21

# Kinds of fault that the motor's loops find, as this firmware numbers them.
_CODES = {AxisFault.OVER_TEMPERATURE: 5, AxisFault.ENCODER: 11, AxisFault.OVER_CURRENT: 4}


@dataclass(slots=True)
class Settings:
    """What is set in a controller, and which firmware it has."""

    timeout_ms: int = 150
    timeout_brake_a: float = 5.0  # 0 = coasts
    erpm_min: float = 900.0
    firmware: tuple[int, int] = (6, 5)
    hardware: str = "60_MK6"
    has_status: bool = True  # not before mid-2021
    has_uptime: bool = True  # not before the end of 2021
    uuid: bytes = field(default=bytes(range(12)))


class VirtualVesc:
    """One controller.

    Attributes:
        settings: may be changed at any time, as by its own tool.
        timed_out: its time-out has run out, until the next command.
        stuck: the numbers of its feedback stand still.
        tachometer_offset: added to the count.
    """

    def __init__(
        self, bank: DriveBank, axis: Axis, wiring: VescAxis, settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings(
            timeout_brake_a=wiring.brake_a, erpm_min=wiring.erpm_min, uuid=bytes((wiring.id,) * 12)
        )
        self.id, self.axis = wiring.id, axis
        self._bank = bank
        self._drive = bank.drives[axis]
        self.wiring = wiring
        self._t_ns = bank.uptime_us * 1000
        self.stuck = False
        self.tachometer_offset = 0
        self._start(self._t_ns, 0)

    def _start(self, t_ns: int, silent_ns: int) -> None:
        self._booted_ns = t_ns
        self._silent_until_ns = t_ns + silent_ns
        self._fed_ns = self._silent_until_ns
        self.timed_out = False
        self._code = 0
        self._fault_ns = 0
        self._zero = float(self._drive["position"])
        self._braking_a = 0.0
        self._read_ns = -1
        self._frozen: list[int] = []
        self._drive["watchdog"] = False  # its own is below
        self._drive["fault"] = AxisFault.NONE
        self._brake(0.0)

    def restart(self, by_watchdog: bool = False) -> None:
        """Brown-out, or its own watchdog: all is forgotten, then it takes commands as if nothing had been."""
        self._start(self._t_ns, BOOT_NS)
        if by_watchdog:
            self._code, self._fault_ns = 10, self._silent_until_ns

    def trip(self, code: int) -> None:
        """It finds this fault in itself."""
        self._code, self._fault_ns = code, self._t_ns
        self._drive["fault"] = AxisFault.OVER_CURRENT

    def advance(self) -> None:
        """What it does without being told: time-out, faults that clear themselves, a brake that does not hold."""
        self._t_ns = t_ns = self._bank.uptime_us * 1000
        drive = self._drive
        fault = AxisFault(int(drive["fault"]))
        if fault and not self._code:
            self._code, self._fault_ns = _CODES.get(fault, 4), t_ns
        if self._code and t_ns - self._fault_ns > FAULT_NS and drive["temperature_c"] < loops.DERATE_C:
            self._code = 0
            drive["fault"] = AxisFault.NONE
            self._brake(0.0)
        life_ns = self.settings.timeout_ms * 1_000_000
        if life_ns and t_ns - self._fed_ns > life_ns:
            self.timed_out = True
            self._brake(self.settings.timeout_brake_a)
        elif self._braking_a:
            self._brake(self._braking_a)

    # ------------------------------------------------------------------ what it is told

    def take(self, payload: bytes) -> bytes | None:
        """Do what the payload says; the answer, if there is one."""
        if self._t_ns < self._silent_until_ns:
            return None
        kind, data = payload[0], payload[1:]
        word = struct.unpack(">I", data[:4].ljust(4, b"\0"))[0]
        if kind in _SETS:
            self._feed()
            self._set(kind, word - (word >> 31 << 32))
        elif kind == _ALIVE:
            self._feed()
        elif kind == _ESTOP:
            self._brake(0.0)
        elif kind == _REBOOT:
            self.restart()
        elif kind == _FW_VERSION:
            return self._version()
        elif kind == _GET_VALUES:
            return payload[:1] + _masked(self._known(0xFFFFFFFF), _VALUES, self._values())
        elif kind == _SELECTIVE:
            return payload[:5] + _masked(self._known(word), _VALUES, self._values())
        elif kind == _SETUP:
            known = word if self.settings.has_uptime else word & ~(1 << _UPTIME_BIT)
            return payload[:5] + _masked(known, _SETUP_VALUES, self._setup_values())
        return None

    def _feed(self) -> None:
        """A time-out is over with the next command."""
        self._fed_ns = self._t_ns
        self.timed_out = False

    def _set(self, kind: int, value: int) -> None:
        wiring = self.wiring
        if self._code:
            return
        if kind == _SET_RPM and abs(value) >= self.settings.erpm_min:
            self._run(AxisMode.VELOCITY, value * wiring.per_erpm, wiring.effort_max)
        elif kind == _SET_CURRENT:
            self._run(AxisMode.EFFORT, value / 1000 * wiring.effort_per_a, wiring.effort_max)
        elif kind == _SET_BRAKE:
            self._brake(abs(value) / 1000)
        elif kind == _HANDBRAKE:
            self._run(AxisMode.VELOCITY, 0.0, abs(value / 1000 * wiring.effort_per_a))
        else:
            self._brake(0.0)

    def _run(self, mode: AxisMode, target: float, limit: float) -> None:
        drive = self._drive
        if drive["phase"] != loops.RUNNING or drive["mode"] != mode:
            drive["integral"] = 0.0
        drive["mode"], drive["target"], drive["feedforward"], drive["limit"] = mode, target, 0.0, limit
        drive["timeout_phase"] = loops.DAMPED  # where a fault leads
        drive["damping"] = 0.0
        drive["phase"] = loops.RUNNING
        self._braking_a = 0.0

    def _brake(self, amperes: float) -> None:
        """Brake by this current what turns. Under a load it creeps, as a shorted motor does; 0 lets go."""
        drive = self._drive
        if amperes:
            most = amperes * abs(self.wiring.effort_per_a)
            load = min(max(-float(drive["force"]) / most, -1.0), 1.0)
            self._run(AxisMode.VELOCITY, load * _CREEP_ERPM * abs(self.wiring.per_erpm), most)
        else:
            drive["damping"] = 0.0
            drive["phase"] = loops.DAMPED
        self._braking_a = amperes

    # ------------------------------------------------------------------ what it says

    def _version(self) -> bytes:
        settings = self.settings
        return bytes((_FW_VERSION, *settings.firmware)) + b"%b\0%b" % (
            settings.hardware.encode(), settings.uuid + bytes(8)
        )  # fmt: skip

    def _known(self, mask: int) -> int:
        return mask if self.settings.has_status else mask & ~(1 << _STATUS_BIT)

    def _values(self) -> list[int]:
        """GET_VALUES by bit."""
        if self.stuck and self._frozen:
            return self._frozen
        drive = self._drive
        turned = (float(drive["position"]) - self._zero) / self.wiring.per_count
        count = (math.floor(turned) + self.tachometer_offset + (1 << 31)) % (1 << 32) - (1 << 31)
        values = [0] * len(_VALUES)
        values[0] = values[1] = round(float(drive["temperature_c"]) * 10)
        values[5] = round(self._current_a() * 100)
        values[7] = round(self._erpm())
        values[2] = values[5] if values[7] >= 0 else -values[5]  # has the sign of the power
        values[8], values[13], values[14], values[15] = 480, count, abs(count), self._code
        values[17], values[_STATUS_BIT] = self.id, self.timed_out
        self._frozen = values
        return values

    def _setup_values(self) -> list[int]:
        """GET_VALUES_SETUP by bit."""
        values = [0] * len(_SETUP_VALUES)
        values[5], values[16], values[17] = round(self._erpm()), self._code, self.id
        values[_UPTIME_BIT] = (self._t_ns - self._booted_ns) // 1_000_000
        return values

    def _current_a(self) -> float:
        """Of the torque; an average since the last reading, which is nothing if that was just now."""
        just_read, self._read_ns = self._read_ns == self._t_ns, self._t_ns
        effort = float(self._drive["direction"]) * float(self._drive["force"])
        return 0.0 if just_read else effort / self.wiring.effort_per_a

    def _erpm(self) -> float:
        return float(self._drive["velocity"]) / self.wiring.per_erpm


class VescPort:
    """The line's far end: the controller at the port, and those behind it on its CAN bus.

    Attributes:
        devices: controllers by id; one that is taken out is absent.
    """

    def __init__(self, transport: Transport, vescs: Sequence[VirtualVesc]) -> None:
        self._transport = transport
        (self._at_port,) = (vesc for vesc in vescs if not vesc.wiring.can)
        self.devices = {vesc.id: vesc for vesc in vescs}
        self._received = _Received()

    def advance(self) -> None:
        """Take what came over the wire and answer."""
        for vesc in self.devices.values():
            vesc.advance()
        try:
            data = self._transport.read()
            answers = [
                _packet(answer) for payload in self._received.take(data) if (answer := self._do(payload))
            ]
            if answers:
                self._transport.write(b"".join(answers))
        except LinkLost:
            return

    def _do(self, payload: bytes) -> bytes | None:
        if payload[0] != _FORWARD:
            return self._at_port.take(payload)
        addressed = self.devices.get(payload[1]) if len(payload) > 2 else None
        if addressed is None or addressed is self._at_port:
            return None
        return addressed.take(payload[2:])


class _Received:
    """The controller's parser: what has begun as a packet is waited for, for ever, whatever comes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def take(self, data: bytes) -> Iterator[bytes]:
        buffer = self._buffer
        buffer += data
        at = 0
        while at < len(buffer):
            whole = self._whole(at)
            if whole is None:
                break
            if whole:
                yield bytes(buffer[at + buffer[at] : at + whole - 3])
            at += whole or 1
        del buffer[:at]

    def _whole(self, at: int) -> int | None:
        """Length of the packet here; 0 if this is none, None if that cannot be said yet."""
        buffer = self._buffer
        head, there = buffer[at], len(buffer) - at
        if head not in (2, 3):
            return 0
        if there < head:
            return None
        length = buffer[at + 1] if head == 2 else int.from_bytes(buffer[at + 1 : at + 3], "big")
        if length == 0 or length > _PARSED_MAX or (head == 3 and length < 255):
            return 0
        if there < head + length + 3:
            return None
        payload, rest = buffer[at + head : at + head + length], buffer[at + head + length :]
        return head + length + 3 if rest[2] == 3 and crc_hqx(payload, 0) == rest[0] << 8 | rest[1] else 0


def _masked(mask: int, formats: tuple[str, ...], values: list[int]) -> bytes:
    """The values of the mask, one after the other; bits without a meaning give nothing."""
    packer, bits = _plan(mask, formats)
    return packer.pack(*[values[bit] for bit in bits])


@lru_cache(maxsize=4096)
def _plan(mask: int, formats: tuple[str, ...]) -> tuple[struct.Struct, tuple[int, ...]]:
    bits = [bit for bit in range(len(formats)) if mask >> bit & 1]
    packer = struct.Struct(">" + "".join(formats[bit] for bit in bits))
    return packer, tuple(bit for bit in bits if "x" not in formats[bit])


def _packet(payload: bytes) -> bytes:
    size = len(payload)
    head = b"\2" + size.to_bytes(1, "big") if size < 256 else b"\3" + size.to_bytes(2, "big")
    return head + payload + crc_hqx(payload, 0).to_bytes(2, "big") + b"\3"
