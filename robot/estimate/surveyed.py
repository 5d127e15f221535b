"""The survey, held against what the camera finds: what was found, what is still expected, what is gone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from robot.line import catalogue
from robot.line.line import Line
from robot.messages import SeenFeature

_REACH_M = 2.5  # surveyed features at least this far off are still considered
_OTHER_KIND_M = 1.0  # what a different insulator than surveyed counts in distance
_SAME_POLE_M = 1.0
_PRIOR = 4.0  # weight of the assumed survey error, in features
_GONE_SIGMAS = 2.6
_GRID_M = 0.5


@dataclass(slots=True)
class Surveyed:
    """A feature of the survey."""

    kind: str
    at_m: float
    is_end: bool  # the last pole: expected by nobody, known when seen
    found: bool = False
    gone: bool = False
    told: bool = False  # its place has corrected the chainage


class SurveyedFeatures:
    """All features of a survey, and how good its chainages turn out to be.

    Args:
        sigma_m: assumed 1 sigma of its chainages; `sigma_m` is corrected by what is found.
    """

    def __init__(self, line: Line, sigma_m: float) -> None:
        self._all = [Surveyed(f.kind, f.at_m, False) for f in line.features]
        self._all.append(Surveyed(line.poles[-1].insulator, line.length_m, True))
        self.sigma_m = sigma_m
        self._sum_m2 = _PRIOR * sigma_m**2
        self._weight = _PRIOR
        self._expected: dict[tuple[str, float, float], SeenFeature] = {}

    def find(self, kind: str, at_m: float) -> tuple[Surveyed | None, bool]:
        """What the survey has for a find, and whether nothing else could be meant."""
        reach_m = max(4.0 * self.sigma_m, _REACH_M)
        near = sorted(
            (abs(s.at_m - at_m) + (0.0 if s.kind == kind else _OTHER_KIND_M), i)
            for i, s in enumerate(self._all)
            if not s.found and abs(s.at_m - at_m) < reach_m and _same_family(s.kind, kind)
        )
        if not near:
            return None, False
        best = self._all[near[0][1]]
        best.found, best.gone = True, False
        clear = len(near) == 1 or near[1][0] > near[0][0] + 2.0 * self.sigma_m
        return best, clear and not any(s.told and abs(s.at_m - best.at_m) < _SAME_POLE_M for s in self._all)

    def learn(self, surveyed: Surveyed, error_m: float, var: float) -> None:
        """A clear match was off by `error_m`, of which `var` is the robot's own uncertainty."""
        surveyed.told = True
        self._sum_m2 += max(error_m**2 - var, 0.0)
        self._weight += 1.0
        self.sigma_m = math.sqrt(self._sum_m2 / self._weight)

    def rule_out(self, free_to_m: float, chainage_var: float, unexplained_m: Iterable[float]) -> None:
        """Drop what would have been seen: it lies well before `free_to_m` and nothing unexplained is near."""
        sigma_m = math.sqrt(self.sigma_m**2 + chainage_var)
        for s in self._all:
            if s.found or s.gone or s.is_end or s.at_m + _GONE_SIGMAS * sigma_m > free_to_m:
                continue
            s.gone = not any(abs(at_m - s.at_m) < 3.0 * sigma_m + 0.3 for at_m in unexplained_m)

    def expected(self, free_to_m: float, count: int) -> list[SeenFeature]:
        """The first of what is not yet found; it can only be where nobody has looked."""
        listed = []
        for s in self._all:
            if s.found or s.gone or s.is_end:
                continue
            at_m = s.at_m if s.at_m > free_to_m else math.ceil(free_to_m / _GRID_M) * _GRID_M
            key = (s.kind, at_m, self.sigma_m)
            if key not in self._expected:
                self._expected[key] = SeenFeature(s.kind, at_m, self.sigma_m, False, True)
            listed.append(self._expected[key])
            if len(listed) == count:
                break
        return listed


def _same_family(a: str, b: str) -> bool:
    """Whether a survey may call `a` what is `b`: insulators for each other, all else only as itself."""
    return a == b or (a in catalogue.INSULATORS and b in catalogue.INSULATORS)
