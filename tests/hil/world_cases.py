"""Small worlds for tests: R1 on the packaged short line, or on a straight slope, driven without a board."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from importlib.resources import files
from typing import Any

import numpy as np

from hil.scenario import Scenario, Spread, Weather
from hil.world.world import World
from robot.line.line import Line
from robot.line.survey import Survey
from robot.messages import GRIP, TRACTION, Axis
from robot.profile import Profile

G = 9.80665
DT_S = 0.002
CLAMPED_M = 0.001  # grip position at which the roller meets the conductor
PINCH_N_PER_M = 500e3


def _toml(path: str) -> dict[str, Any]:
    return tomllib.loads(files("missions").joinpath(path).read_text("utf-8"))


PROFILE = Profile.model_validate(_toml("robots/r1.toml"))
EXACT = Spread(
    odometer_scale=0.0,
    wheel_scale=0.0,
    conductor_diameter_m=0.0,
    friction=0.0,
    cable_mass=0.0,
    sensor_noise=0.0,
    camera_misses=0.0,
    camera_false_alarms=0.0,
    camera_class_errors=0.0,
)


class Incline:
    """A conductor that does not bend."""

    def __init__(self, degrees: float = 0.0) -> None:
        self._rad = math.radians(degrees)

    def slope_rad(self, s_robot_m: float) -> float:
        return self._rad

    def heights_m(self, s_robot_m: float, s_m: np.ndarray) -> np.ndarray:
        return np.asarray(s_m) * math.tan(self._rad)


def make_line(name: str = "short-60m", **changes: Any) -> Line:
    """A packaged line, with changes to its survey."""
    return Line.build(Survey.model_validate({**_toml(f"lines/{name}.toml"), **changes}))


def make_scenario(**changes: Any) -> Scenario:
    """No wind, no errors, no faults, unless changed."""
    calm = {
        "line": "x",
        "survey_error_m": 0.0,
        "weather": Weather(wind_mps=0.0, gust_mps=0.0),
        "world": EXACT,
    }
    return Scenario.model_validate({**calm, **changes})


class Bench:
    """A world with hands on its axes: simple speed loops for wheels and rotor, the rest put in place."""

    def __init__(
        self,
        line: Line | None = None,
        degrees: float | None = 0.0,
        start_s_m: float | None = None,
        **scenario: Any,
    ) -> None:
        shape = None if degrees is None else Incline(degrees)
        seed = scenario.pop("seed", 1)
        self.world = World(PROFILE, line or make_line(), make_scenario(**scenario), seed, start_s_m, shape)
        self.effort = np.zeros(len(Axis))
        self.speed_mps: float | None = None
        self.rotor_rps: float | None = None
        self._integral = np.zeros(len(Axis))

    def clamp(self, pinch_n: float, *carriages: int) -> Bench:
        """Put carriages at a pinch (all, if none is named), as a self-locking grip would hold it."""
        for i in carriages or range(len(GRIP)):
            self.world.position[GRIP[i]] = CLAMPED_M - pinch_n / PINCH_N_PER_M
        return self

    def grip(self, carriage: int, position_m: float) -> Bench:
        self.world.position[GRIP[carriage]] = position_m
        return self

    def drive(self, speed_mps: float) -> Bench:
        """Turn all wheels for this speed from now on."""
        self.speed_mps = speed_mps
        self.world.braked[list(TRACTION)] = False
        return self

    def turn(self, rps: float) -> Bench:
        """Turn the rotor at this rate against the body from now on."""
        self.rotor_rps = rps
        self.world.braked[Axis.ROTOR] = False
        return self

    def pull(self, effort_n: float) -> Bench:
        """Hold the cable with this effort from now on."""
        self.effort[Axis.CABLE] = effort_n
        self.world.braked[Axis.CABLE] = False
        return self

    def run(self, seconds: float) -> Bench:
        for _ in range(round(seconds / DT_S)):
            self.step()
        return self

    def step(self) -> None:
        if self.speed_mps is not None:
            for axis in TRACTION:
                self._follow(axis, self.speed_mps / PROFILE.carriages.wheel_radius_m, 4.0, 32.0)
        if self.rotor_rps is not None:
            self._follow(Axis.ROTOR, self.rotor_rps, 60.0, 200.0)
        self.world.step(DT_S, self.effort)

    def _follow(self, axis: Axis, rate: float, gain: float, integral: float) -> None:
        limit = PROFILE.drive[axis].effort_max
        error = rate - self.world.velocity[axis]
        self._integral[axis] = np.clip(self._integral[axis] + integral * error * DT_S, -limit, limit)
        self.effort[axis] = np.clip(gain * error + self._integral[axis], -limit, limit)

    @property
    def mass_kg(self) -> float:
        return PROFILE.mass_kg(self.world.truth().coil_kg)

    def biggest_roll_deg(self, seconds: float) -> float:
        biggest = 0.0
        for _ in range(round(seconds / DT_S)):
            self.step()
            biggest = max(biggest, abs(self.world.truth().roll_rad))
        return math.degrees(biggest)


def without_times(truth: Any) -> dict[str, Any]:
    return {k: v for k, v in dataclasses.asdict(truth).items() if k != "t_s"}
