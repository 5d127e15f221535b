"""What stands behind a virtual board: something that moves when its drives push.

The virtual board owns the drives (motor, loops, limits); a `Mechanics` owns the bodies. The simulated world
is one, a test's spring and mass is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robot.quick import quick

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@quick
@dataclass(frozen=True, slots=True)
class RawSensors:
    """What the board's sensors read now (noise, scale errors and sensor faults included)."""

    odometer_m: float
    rotor_abs_rad: float
    pinch_n: tuple[float, float, float]
    wheel_load_n: tuple[float, float, float]
    dancer_m: float
    cable_tension_n: float
    guide_switch: int
    accel_mps2: tuple[float, float, float]
    gyro_rps: tuple[float, float, float]
    battery_v: float
    battery_a: float
    battery_used_wh: float
    estop_closed: bool
    imu_age_s: float = 0.0  # since the IMU took what it says


class Mechanics(Protocol):
    """Bodies behind ten axes. Arrays are per axis (`robot.messages.Axis`), at the axis output, and live: the
    same array object is updated in place by every step."""

    position: FloatArray  # rad or m, as the axis' own encoder reads it
    velocity: FloatArray
    braked: BoolArray  # written by the board: spring brakes applied

    def step(self, dt_s: float, effort: FloatArray) -> None:
        """Advance by `dt_s` with these efforts (N m or N) at the axis outputs, along each axis; only the
        cable's is the pull against its pay-out."""

    def sensors(self) -> RawSensors:
        """Read all sensors now; called once per report, not per step."""
