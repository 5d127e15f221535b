"""What a behaviour wishes the axes to do in this tick, and what it is told to decide it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from robot.messages import Axis, AxisMode, CarriageState, Estimate, OperatorMessage, SensorFrame, Setpoints
from robot.profile import Profile
from robot.quick import quick

_HOLD, _VELOCITY, _POSITION, _EFFORT = (int(mode) for mode in AxisMode)
_ALL_HOLD = (_HOLD,) * len(Axis)
_ZEROS = (0.0,) * len(Axis)


@quick
@dataclass(frozen=True, slots=True)
class Situation:
    """All that a behaviour may look at."""

    t_ns: int
    dt_s: float
    frame: SensorFrame
    estimate: Estimate
    stance: tuple[CarriageState, ...]  # per carriage, as measured
    speed_cap_mps: float = math.inf  # what the failsafe leaves of the speed
    jog: OperatorMessage | None = None  # newest of the holder of authority in this tick


class Wish:
    """Setpoints under construction. An axis that nobody wishes for holds with its brake on."""

    __slots__ = ("_efforts", "feedforward", "limit", "mode", "target")

    def __init__(self, profile: Profile) -> None:
        self._efforts = tuple(drive.effort_max for drive in profile.drive)
        self.clear()

    def clear(self) -> None:
        self.mode = list(_ALL_HOLD)
        self.target = list(_ZEROS)
        self.feedforward = list(_ZEROS)
        self.limit = list(self._efforts)

    def velocity(self, axis: Axis, value: float, acceleration: float = 0.0) -> None:
        """`value` in rad/s or m/s at the axis output."""
        self._set(axis, _VELOCITY, value, acceleration, self._efforts[axis])

    def position(self, axis: Axis, value: float, velocity: float = 0.0, limit: float | None = None) -> None:
        """`value` in rad or m at the axis output, with the velocity at which it moves there."""
        self._set(axis, _POSITION, value, velocity, self._efforts[axis] if limit is None else limit)

    def effort(self, axis: Axis, value: float) -> None:
        """`value` in N m or N at the axis output."""
        self._set(axis, _EFFORT, value, 0.0, self._efforts[axis])

    def _set(self, axis: Axis, mode: int, target: float, feedforward: float, limit: float) -> None:
        self.mode[axis] = mode
        self.target[axis] = target
        self.feedforward[axis] = feedforward
        self.limit[axis] = limit

    def setpoints(self) -> Setpoints:
        return Setpoints(tuple(self.mode), tuple(self.target), tuple(self.feedforward), tuple(self.limit))
