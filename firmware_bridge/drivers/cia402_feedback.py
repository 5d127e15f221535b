"""Which reports of a CiA 402 controller are taken: complete, such as the axis can have, and in line with the last.

Nothing checks them on the serial leg: a flipped bit gives another digit. So the way made must agree with the speeds
told, and a state that ends something counts only once two reports in a row say it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from firmware_bridge.axes import AxisConfig
from firmware_bridge.drivers import cia402_codes as codes
from robot.quick import quick

_WILD = 4.0  # times its largest speed or effort: no reading of this axis
_SLACK_TURNS = 0.05  # by which the way made may differ from the speeds told, beside ...
_SLACK = 0.5  # ... this share of the way at its largest speed
_MAIN = struct.Struct("<Hbi")  # statusword, mode, position
_WITH_TORQUE, _WITHOUT_TORQUE = struct.Struct("<ih"), struct.Struct("<i")


@quick
@dataclass(frozen=True, slots=True)
class Report:
    """What it said of itself, in turns of the motor and N m."""

    word: int
    state: str
    mode: int
    position: float
    velocity: float
    torque: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Units of one controller, as the host set or read them."""

    counts_per_turn: float
    velocity_per_turn: float  # its velocity units of one turn a second
    rated_torque: float  # N m; torques are in thousandths of it
    tells_torque: bool = True


class Feedback:
    """Reports of one controller.

    Attributes:
        last: the newest that was taken, None = none since it was met.
        state: what the last two of them say it is in; "" until two agree.
        t_ns: host time at which that was taken, 0 = none.
        rejected: how many were not taken.
    """

    def __init__(self, config: AxisConfig, turns: float, torque: float) -> None:
        self._speed_max = _WILD * config.velocity_max * abs(turns)
        self._step_max = _SLACK * config.velocity_max * abs(turns)
        self._torque_max = _WILD * config.effort_max * abs(torque)
        self.rejected = 0
        self.forget(Scale(1.0, 1.0, 1.0))

    def forget(self, scale: Scale) -> None:
        """It is met anew."""
        self._scale = scale
        self._rest = _WITH_TORQUE if scale.tells_torque else _WITHOUT_TORQUE
        self.last: Report | None = None
        self.state = ""
        self.t_ns = 0
        self._counts = 0
        self.drop()

    def drop(self) -> None:
        """What came and is not taken yet is old."""
        self._main: bytes | None = None
        self._second: bytes | None = None

    def hear(self, number: int, data: bytes) -> None:
        """A report; it counts with `take`, once it is known to which SYNC it belongs."""
        if number == 0 and len(data) == _MAIN.size:
            self._main = data
        elif number == 1 and len(data) == self._rest.size:
            self._second = data
        else:
            self.rejected += 1

    def take(self, t_ns: int) -> bool:
        """Whether what came is taken as of this time."""
        main, second = self._main, self._second
        if main is None or second is None:
            return False
        self._main = self._second = None
        word, mode, counts = _MAIN.unpack(main)
        velocity, torque = (
            self._rest.unpack(second) if self._scale.tells_torque else (*self._rest.unpack(second), 0)
        )
        scale, last = self._scale, self.last
        if last is not None:  # the count goes round beyond 32 bits
            counts = self._counts + ((counts - self._counts + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
        state = codes.STATES[word & 0x7F]
        report = Report(
            word, state or "", mode, counts / scale.counts_per_turn, velocity / scale.velocity_per_turn,
            torque * 1e-3 * scale.rated_torque,
        )  # fmt: skip
        if t_ns <= self.t_ns or state is None or not self._can_be(report, t_ns):
            self.rejected += 1
            return False
        if last is not None and last.state == state:
            self.state = state
        self.last, self.t_ns, self._counts = report, t_ns, counts
        return True

    def _can_be(self, report: Report, t_ns: int) -> bool:
        if abs(report.velocity) > self._speed_max or abs(report.torque) > self._torque_max:
            return False
        if report.mode not in codes.MODES:
            return False
        last = self.last
        if last is None:
            return True
        passed_s = (t_ns - self.t_ns) * 1e-9
        told = 0.5 * (last.velocity + report.velocity) * passed_s
        off = abs(report.position - last.position - told)
        return not off > _SLACK_TURNS + self._step_max * passed_s  # nothing is known of turns without a scale
