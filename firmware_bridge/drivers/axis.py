"""One motor controller, whatever protocol it speaks.

A controller is reached over a bus that it may share with others. Once a tick the bus is polled, its controllers
are told what they are wished to do, and the bus sends (`Bus`). Nothing of it waits, and nothing raises for what
the wire or the controller does: what is wrong shows in `AxisState`, in `mismatch` and in `Bus.lost`.

Four rules hold for every driver, and `tests/contract` runs the same suite on all of them:

1. Nothing is commanded beyond the life of its setpoint: what is not renewed ends at the controller, by its own
   watchdog, or is stopped by the driver where it has none for that mode.
2. A reading out of range, of an unknown mode, or older than the one before is never taken (promise S10).
3. No call takes longer than a share of a tick.
4. What has stopped stays stopped: time-outs and faults are latched, in the controller or here, until
   `clear_fault`, and clearing moves nothing (promise S7).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.axes import AxisConfig
from firmware_bridge.ports import Transport
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode
from robot.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class AxisSetpoint:
    """What one axis is to do; values at its output, as in `robot.messages.Setpoints`."""

    mode: AxisMode
    target: float
    feedforward: float
    limit: float  # largest effort


def within(setpoint: AxisSetpoint, config: AxisConfig) -> tuple[AxisSetpoint, AxisLimit]:
    """The setpoint within what the axis can do, and what was refused of it (promise S3)."""
    mode, target, ahead, limit = setpoint.mode, setpoint.target, setpoint.feedforward, setpoint.limit
    if not (math.isfinite(target) and math.isfinite(ahead) and math.isfinite(limit)):
        return AxisSetpoint(AxisMode.HOLD, 0.0, 0.0, 0.0), AxisLimit.INVALID
    limit, refused = min(max(limit, 0.0), config.effort_max), AxisLimit.NONE
    if mode == AxisMode.VELOCITY and abs(target) > config.velocity_max:
        target, refused = math.copysign(config.velocity_max, target), AxisLimit.VELOCITY
    elif mode == AxisMode.POSITION and not config.low <= target <= config.high:
        target, refused = min(max(target, config.low), config.high), AxisLimit.RANGE
    elif mode == AxisMode.EFFORT and abs(target) > limit:
        target, refused = math.copysign(limit, target), AxisLimit.EFFORT
    return AxisSetpoint(mode, target, ahead, limit), refused


@quick
@dataclass(frozen=True, slots=True)
class AxisState:
    """What a controller last said of itself; values at the output. `t_ns` is 0 until it has spoken."""

    t_ns: int = 0  # host time at which the reading was taken
    position: float = math.nan
    velocity: float = math.nan
    effort: float = math.nan
    mode: AxisMode = AxisMode.HOLD
    fault: AxisFault = AxisFault.NONE
    limit: AxisLimit = AxisLimit.NONE
    code: int = 0  # the controller's own number of mode or fault
    text: str = ""  # what that number means, for people
    temperature_c: float = math.nan


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a controller can do on its axis."""

    modes: frozenset[AxisMode]
    effort_max: float
    watchdog_s: tuple[float, float]  # within which its time-out can be set
    latches: bool  # time-outs and faults stay by themselves until they are cleared
    speed_min: float = 0.0  # slowest that it can turn under control; below it the axis is refused


@dataclass(frozen=True, slots=True)
class Found:
    """Who answered."""

    protocol: str  # moteus | vesc | cia402
    id: int
    model: str
    firmware: str
    serial_number: str
    details: Mapping[str, str]  # register map, watchdog and what else decides whether it may be used


class AxisDriver(Protocol):
    """The host's end of one controller."""

    axis: Axis
    watchdog_seen: bool  # it was seen to time out when commands were withheld
    state: AxisState

    @property
    def found(self) -> Found | None:
        """Who it is, None until it has answered."""

    @property
    def mismatch(self) -> str:
        """Why it must not be armed, for people; empty if all is well."""

    @property
    def armed(self) -> bool:
        """It takes commands."""

    def capabilities(self) -> Capabilities:
        """What it can do; as configured until it has answered."""

    def arm(self) -> None:
        """Take commands from now on, if nothing forbids it (`armed`); the first one starts from the measured state
        (promise S23)."""

    def disarm(self, ramp_s: float) -> None:
        """Take no more commands; come to rest within this time, put the brake on, then drive no more."""

    def clear_fault(self) -> None:
        """Clear what is latched, in the controller and here; nothing moves."""

    def test_watchdog(self) -> None:
        """Enable without motion, then withhold commands until it times out; sets `watchdog_seen`."""

    def command(self, setpoint: AxisSetpoint, valid_until_ns: int) -> None:
        """Wish for this until then; goes out with the next `Bus.send` and is not repeated by itself."""


@dataclass(frozen=True, slots=True)
class BusHealth:
    """Counters of one line, since it was made."""

    frames_good: int
    frames_bad: int  # dropped for checksum, form, value or age
    frames_lost: int  # asked for, and no answer in time
    round_trip_ms: float
    bytes_sent: int
    bytes_received: int


class Bus(Protocol):
    """One line and the controllers on it."""

    lost: str  # why the line is gone, empty while it is there

    @property
    def axes(self) -> Mapping[Axis, AxisDriver]:
        """The controllers by the axis that they serve."""

    @property
    def health(self) -> BusHealth:
        """Counters until now."""

    def attach(self, transport: Transport) -> None:
        """Speak over this transport from now on; everybody on it is asked anew who he is, and is not armed."""

    def poll(self, t_ns: int) -> None:
        """Take what has arrived."""

    def send(self, t_ns: int) -> None:
        """Say what every controller has to be told or asked now, in as few writes as the protocol allows."""
