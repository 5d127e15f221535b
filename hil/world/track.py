"""The line as it really is: features away from where the survey has them, slope and bend under the robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hil.scenario import Scenario
from robot.line.features import Feature

FloatArray = NDArray[np.float64]
_NEIGHBOUR_M = 3.0  # survey errors bring features no nearer than this, or than they are in the survey


class Shape(Protocol):
    """Conductor with the robot on it (`robot.line.line.LoadedLine`)."""

    def slope_rad(self, s_robot_m: float) -> float: ...

    def heights_m(self, s_robot_m: float, s_m: FloatArray) -> FloatArray: ...


class Track:
    """True places of features and poles, and the conductor's true shape.

    The survey's errors shift poles and features along the line; the shape shifts with the poles.

    Args:
        poles_m: surveyed chainages of all poles; the end poles are where the survey has them.
        features: surveyed features and, already at their true places, surprises (with `sigma_m` 0 and no pole).
    """

    def __init__(
        self,
        shape: Shape,
        poles: Sequence[tuple[str, float]],
        features: Sequence[Feature],
        surprises: Sequence[Feature],
        scenario: Scenario,
        seed: int,
    ) -> None:
        rng = np.random.default_rng([seed, 1])
        self._shape = shape
        true = _shifted([f.at_m for f in features], scenario.survey_error_m, rng)
        moved = [replace(f, at_m=at_m, sigma_m=0.0) for f, at_m in zip(features, true, strict=True)]
        self.features = tuple(sorted([*moved, *surprises], key=lambda f: f.at_m))
        at = {f.pole: f.at_m for f in moved if f.pole}
        self._surveyed_m = np.array([s_m for _, s_m in poles])
        self._true_m = np.array([at.get(name, s_m) for name, s_m in poles])
        self.poles_m = np.array(sorted(at.values()))

    def slope_rad(self, s_m: float) -> float:
        """Mean slope under the robot, positive uphill."""
        return self._shape.slope_rad(self._to_survey(s_m))

    def heights_m(self, s_m: float, at_m: FloatArray) -> FloatArray:
        """Heights of the conductor at true chainages with the robot at `s_m`."""
        return self._shape.heights_m(self._to_survey(s_m), np.interp(at_m, self._true_m, self._surveyed_m))

    def _to_survey(self, s_m: float) -> float:
        return float(np.interp(s_m, self._true_m, self._surveyed_m))


def _shifted(at_m: Sequence[float], sigma_m: float, rng: np.random.Generator) -> list[float]:
    """Places with survey errors, order and room between neighbours kept."""
    true: list[float] = []
    for index, surveyed_m in enumerate(at_m):
        place_m = surveyed_m + sigma_m * float(rng.standard_normal())
        if index:
            room_m = min(surveyed_m - at_m[index - 1], _NEIGHBOUR_M)
            place_m = max(place_m, true[-1] + room_m)
        true.append(place_m)
    return true
