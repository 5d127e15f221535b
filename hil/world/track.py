"""The line as it really is: features away from where the survey has them, slope and bend under the robot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from firmware_bridge.virtual.mechanics import FloatArray
from hil.scenario import Mistake
from robot.line.features import Feature
from robot.line.line import Line

_TOGETHER_M = 0.5  # features this near belong to one pole
_SAME_M = 0.01  # places in the survey this near are the same
_NOTHING = "nothing"  # what is where the survey has a feature that is not there
_NEIGHBOUR_M = 3.0  # survey errors bring features no nearer than this, or than they are in the survey


class Shape(Protocol):
    """Conductor with the robot on it (`robot.line.line.LoadedLine`)."""

    def slope_rad(self, s_robot_m: float) -> float: ...

    def heights_m(self, s_robot_m: float, s_m: FloatArray) -> FloatArray: ...


class Track:
    """True places of features and poles, and the conductor's true shape.

    The survey's errors shift poles and features along the line, and with its poles the shape. The end poles,
    where the crew stands, are where the survey has them.

    Args:
        shape: the conductor as surveyed, with the robot on it.
        surprises: features that the survey does not know, at their true places.
        mistakes: what the survey has wrong of its features, beside its errors.
    """

    def __init__(
        self,
        shape: Shape,
        line: Line,
        surprises: Sequence[Feature],
        mistakes: Sequence[Mistake],
        survey_error_m: float,
        seed: int,
    ) -> None:
        rng = np.random.default_rng([seed, 1])
        self._shape = shape
        true_m = _shifted([f.at_m for f in line.features], survey_error_m, line.length_m, rng)
        moved = [replace(f, at_m=at_m, sigma_m=0.0) for f, at_m in zip(line.features, true_m, strict=True)]
        for mistake in mistakes:
            _correct(moved, line, mistake)
        moved = [f for f in moved if f.kind != _NOTHING]
        self.features = tuple(sorted([*moved, *surprises], key=lambda f: f.at_m))
        at_m = {f.pole: f.at_m for f in moved if f.pole}
        self._surveyed = [pole.chainage_m for pole in line.poles]
        self._true = [at_m.get(pole.id, pole.chainage_m) for pole in line.poles]
        self.poles_m: FloatArray = np.array(sorted(at_m.values()), dtype=np.float64)

    def slope_rad(self, s_m: float) -> float:
        """Mean slope under the robot standing at `s_m`, positive uphill."""
        return self._shape.slope_rad(self._to_survey(s_m))

    def heights_m(self, s_m: float, at_m: Sequence[float]) -> list[float]:
        """Heights of the conductor at true chainages with the robot at `s_m`."""
        surveyed = np.array([self._to_survey(a) for a in at_m])
        heights: list[float] = self._shape.heights_m(self._to_survey(s_m), surveyed).tolist()
        return heights

    def _to_survey(self, s_m: float) -> float:
        """Where the survey has what is really at `s_m`: poles apart, everything between in proportion."""
        true, surveyed = self._true, self._surveyed
        i = min(max(bisect_right(true, s_m), 1), len(true) - 1)
        share = (s_m - true[i - 1]) / (true[i] - true[i - 1])
        return surveyed[i - 1] + share * (surveyed[i] - surveyed[i - 1])


def _correct(true: list[Feature], line: Line, mistake: Mistake) -> None:
    """Put what is really there in the place of what the survey has wrong; a pole stays a pole."""
    at_m = line.chainage_m(mistake.span, mistake.at_m)
    index = next(
        i for i, f in enumerate(line.features) if f.kind == mistake.kind and abs(f.at_m - at_m) < _SAME_M
    )
    was = true[index]
    place_m = was.at_m + mistake.shift_m
    if mistake.really == _NOTHING:
        true[index] = replace(was, kind=_NOTHING)
    elif mistake.really:
        true[index] = replace(line.feature(mistake.really, place_m), pole=was.pole)
    else:
        true[index] = replace(was, at_m=place_m)


def _shifted(at_m: Sequence[float], sigma_m: float, length_m: float, rng: np.random.Generator) -> list[float]:
    """Places with survey errors; order, room between neighbours and what hangs together are kept."""
    true: list[float] = []
    for index, surveyed_m in enumerate(at_m):
        gap_m = surveyed_m - (at_m[index - 1] if index else 0.0)
        before_m = true[-1] if index else 0.0
        place_m = surveyed_m + sigma_m * float(rng.standard_normal())
        together = index > 0 and gap_m < _TOGETHER_M
        true.append(before_m + gap_m if together else max(place_m, before_m + min(gap_m, _NEIGHBOUR_M)))
    for index in reversed(range(len(true))):
        last = index + 1 == len(true)
        gap_m = (length_m if last else at_m[index + 1]) - at_m[index]
        room_m = gap_m if gap_m < _TOGETHER_M else min(gap_m, _NEIGHBOUR_M)
        true[index] = min(true[index], (length_m if last else true[index + 1]) - room_m)
    return true
