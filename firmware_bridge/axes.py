"""What host and board both know of the ten axes: each drive's figures, and the digest of them all."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from robot.messages import GRIP, Axis, Mode
from robot.profile import Profile

# Of an axis' effort along the axis: grips press and the cable pulls against their own direction.
EFFORT_DIRECTION = tuple(-1.0 if axis in (*GRIP, Axis.CABLE) else 1.0 for axis in Axis)

WATCHDOG_MS = 150  # life of a setpoint at most; of the board's watchdog and of every drive's (promise S4)

# Duration of the ramp to rest before the brakes (stop category 1). 1 s keeps the body's lean from the braking
# rotor in bounds. A crossing holds its stance at once; HOLD may still be coming to rest.
RAMP_MS = dict.fromkeys(Mode, 1000) | dict.fromkeys((Mode.SAFE, Mode.READY, Mode.CROSSING), 100)


@dataclass(frozen=True, slots=True)
class AxisConfig:
    """What a drive is configured with. Values at the output, rad or m, N m or N."""

    effort_max: float
    velocity_max: float
    low: float  # travel of the axis
    high: float
    inertia: float
    friction: float
    continuous: float
    thermal_s: float
    self_locking: bool

    def packed(self) -> bytes:
        values = (self.effort_max, self.velocity_max, self.low, self.high, self.inertia, self.continuous)
        return struct.pack("<6d?", *values, self.self_locking)


def axis_configs(profile: Profile) -> tuple[AxisConfig, ...]:
    """The configuration of every axis, from the robot's profile."""
    configs = []
    for drive, (low, high) in zip(profile.drive, profile.axis_travel, strict=True):
        continuous = drive.effort_max / 2 if drive.continuous is None else drive.continuous
        configs.append(
            AxisConfig(
                effort_max=drive.effort_max,
                velocity_max=drive.velocity_max,
                low=low,
                high=high,
                inertia=drive.inertia,
                friction=drive.friction,
                continuous=continuous,
                thermal_s=drive.thermal_s,
                self_locking=drive.self_locking,
            )
        )
    return tuple(configs)


def config_digest(configs: Iterable[AxisConfig]) -> int:
    """Digest of a configuration; the host compares its own with the board's (promise S14)."""
    return zlib.crc32(b"".join(config.packed() for config in configs))
