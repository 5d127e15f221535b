"""A robot as it is measured and believed in a quiet moment, for the tests of modes and safety to disturb."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from pathlib import Path

from robot.messages import (
    Axis,
    AxisMode,
    AxisStates,
    Battery,
    BoardSensors,
    CommandFrame,
    Estimate,
    GuideSwitch,
    Imu,
    Link,
    Mode,
    SafetyStatus,
    SensorFrame,
    Setpoints,
)
from robot.parameters import Parameters
from robot.profile import Profile

ROOT = Path(__file__).parents[2]
PROFILE = Profile.model_validate(
    tomllib.loads((ROOT / "missions/robots/r1.toml").read_text(encoding="utf-8"))
)
PARAMETERS = Parameters()
HOLD, VELOCITY, POSITION, EFFORT = (int(mode) for mode in AxisMode)
AXES = len(Axis)
TICK_NS = 10_000_000
DT_S = 0.010
T_NS = 5_000_000_000
EFFORTS = tuple(drive.effort_max for drive in PROFILE.drive)
CLAMPED_M, OPEN_M, LIFTED_M = 0.0, 0.040, 0.120

Wanted = tuple[int, float, float, float]  # mode, target, feed-forward, limit


def wish(axes: dict[Axis, tuple[float, ...]] | None = None) -> Setpoints:
    """Setpoints that hold every axis but those given as (mode, target[, feed-forward[, limit]])."""
    rows: list[tuple[float, ...]] = [(HOLD, 0.0, 0.0, EFFORTS[axis]) for axis in Axis]
    for axis, given in (axes or {}).items():
        rows[axis] = (*given, *rows[axis][len(given) :])
    mode, target, feedforward, limit = zip(*rows, strict=True)
    return Setpoints(tuple(int(m) for m in mode), target, feedforward, limit)


def frame(
    t_ns: int = T_NS,
    grip_m: tuple[float, float, float] = (CLAMPED_M, CLAMPED_M, CLAMPED_M),
    pinch_n: tuple[float, float, float] = (100.0, 100.0, 100.0),
    load_n: tuple[float, float, float] = (200.0, 200.0, 200.0),
    rotor_rad: float = 0.0,
    **axes: object,
) -> SensorFrame:
    """A frame with everything as it should be; keywords replace fields of its axis states."""
    zeros = (0.0,) * AXES
    position = (0.0, 0.0, 0.0, *grip_m, rotor_rad, 0.0, 0.15, 0.012)
    states = AxisStates(
        t_ns, t_ns // 1000, 1, 10, position, zeros, zeros, (HOLD,) * AXES, (0,) * AXES, (0,) * AXES
    )
    return SensorFrame(
        t_ns=t_ns,
        axes=replace(states, **axes),
        sensors=BoardSensors(t_ns, 0.0, 0.0, pinch_n, load_n, 0.03, 10.0, int(GuideSwitch.OUT)),
        imu=Imu(t_ns, (0.0, 0.0, 9.81), (0.0, 0.0, 0.0)),
        battery=Battery(t_ns, 50.0, 3.0, 10.0),
        safety=SafetyStatus(t_ns, True, True, False, 0, 1, 0, 150, True, 1, 1),
        link=Link(True, 1000, 0, 0, 5.0, True),
    )


def estimate(**changes: object) -> Estimate:
    """A robot at rest on a level line that knows where it is."""
    quiet = Estimate(
        chainage_m=10.0,
        chainage_sigma_m=0.1,
        travel_m=10.0,
        speed_mps=0.0,
        speed_sigma_mps=0.01,
        odometer_scale=1.0,
        slope_rad=0.0,
        slope_sigma_rad=0.005,
        roll_rad=0.0,
        roll_rate_rps=0.0,
        roll_sigma_rad=0.01,
        slip=(0.0, 0.0, 0.0),
        conductor_diameter_m=0.015,
        tension_n=10.0,
        coil_m=300.0,
        paid_out_m=10.0,
        rotor_rad=0.0,
        rotor_abs_rad=0.0,
        rotor_rate_rps=0.0,
        imbalance_sin=0.0,
        imbalance_cos=0.0,
        battery_wh=900.0,
        distance_to_feature_m=math.nan,
        since_feature_m=math.nan,
        innovation=(),
        features=(),
    )
    return replace(quiet, **changes)


def command(setpoints: Setpoints | None = None, mode: Mode = Mode.WRAP, t_ns: int = T_NS) -> CommandFrame:
    """What was answered in the tick before."""
    return CommandFrame(
        t_ns=t_ns,
        seq=1,
        mode=mode,
        reason="power_up",
        armed=mode not in (Mode.SAFE, Mode.STOPPED),
        stop=False,
        reset=False,
        valid_for_ms=150,
        setpoints=setpoints or wish(),
        estimate=estimate(),
    )


def wrapping(speed_mps: float = 0.4) -> Setpoints:
    """What WRAP sends while nothing happens."""
    wheel_rps = speed_mps / PROFILE.carriages.wheel_radius_m
    return wish(
        {
            Axis.TRACTION_FRONT: (VELOCITY, wheel_rps),
            Axis.TRACTION_MIDDLE: (VELOCITY, wheel_rps),
            Axis.TRACTION_REAR: (VELOCITY, wheel_rps),
            Axis.GRIP_FRONT: (POSITION, CLAMPED_M, 0.0, 100.0),
            Axis.GRIP_MIDDLE: (POSITION, CLAMPED_M, 0.0, 100.0),
            Axis.GRIP_REAR: (POSITION, CLAMPED_M, 0.0, 100.0),
            Axis.ROTOR: (POSITION, 0.0, 2.5),
            Axis.CABLE: (EFFORT, 10.0),
            Axis.TRIM: (POSITION, 0.15),
            Axis.GUIDE: (POSITION, 0.012),
        }
    )
