"""What lies ahead: the next group of features, with the plan that crosses it or the reason why none does.

Plans are made relative to the group's first feature, so that a better estimate of where it is moves the plan with it;
a plan is made again only when the group itself is seen differently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from robot.crossing.planner import Blocked, Context, CrossingPlan, group_features, plan_crossing
from robot.line import catalogue
from robot.line.features import Feature
from robot.line.line import Line, LoadedLine
from robot.messages import Estimate, SeenFeature
from robot.parameters import Parameters
from robot.profile import Profile

_PASSED_M = 0.30  # a feature this close behind the last crossing is the one just crossed
_REACH_M = 1.5  # the robot's half length, and a little
_SAME_M = 0.012  # relative shift of features within a group that asks for a new plan


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next group: where its first feature is, how it was planned, and whether all of it has been seen."""

    anchor_m: float  # estimated chainage of the first feature's middle
    features: tuple[SeenFeature, ...]
    plan: CrossingPlan | Blocked  # relative to the anchor
    confirmed: bool
    is_end: bool  # the last pole: the job ends before it

    @property
    def stop_m(self) -> float:
        """Chainage of the middle carriage at which to stop for it."""
        if isinstance(self.plan, Blocked):
            return self.anchor_m + self.plan.at_m
        return self.anchor_m + self.plan.from_m


class Route:
    """Groups what the estimator sees and keeps the plan of the next group."""

    def __init__(self, profile: Profile, line: Line, parameters: Parameters) -> None:
        self._profile = profile
        self._line = line
        self._parameters = parameters
        mass_kg = profile.mass_kg(line.cable_loaded_m * line.cable.mass_kg_per_m)
        self._shape = LoadedLine(line, mass_kg, line.stringing_temperature_c, profile.carriages.s_m)
        self._passed_to_m = float("-inf")
        self._treated: list[SeenFeature] = []  # what the operator said an unknown thing is
        self._plan_of: tuple[tuple[SeenFeature, ...], CrossingPlan | Blocked] | None = None

    def passed(self, chainage_m: float) -> None:
        """Everything up to here has been crossed."""
        self._passed_to_m = max(self._passed_to_m, chainage_m)

    def treat_as(self, kind: str, seen: SeenFeature) -> None:
        """An operator says what a thing is."""
        self._treated.append(replace(seen, kind=kind, confirmed=True))

    def ahead(self, estimate: Estimate) -> Ahead | None:
        """The next group of features, or None when nothing is known ahead."""
        seen = [self._named(f) for f in estimate.features if f.at_m > self._passed_to_m + _PASSED_M]
        seen = [f for f in seen if f.confirmed or f.surveyed]
        if not seen:
            return None
        groups = group_features([self._feature(f, 0.0) for f in seen], self._profile)
        first = tuple(seen[: len(groups[0])])
        is_end = any(f.kind in catalogue.INSULATORS and f.surveyed and self._is_last(f) for f in first)
        plan = self._plan(first, estimate)
        return Ahead(first[0].at_m, first, plan, all(f.confirmed for f in first), is_end)

    def _is_last(self, seen: SeenFeature) -> bool:
        """Whether a pole is the last of the line: nearer to it than to the one before."""
        before, last = self._line.poles[-2], self._line.poles[-1]
        return seen.at_m > (before.chainage_m + last.chainage_m) / 2

    def _named(self, seen: SeenFeature) -> SeenFeature:
        for treated in self._treated:
            if abs(treated.at_m - seen.at_m) < 0.3:
                return replace(seen, kind=treated.kind, confirmed=True)
        return seen

    def _feature(self, seen: SeenFeature, origin_m: float) -> Feature:
        radius_m = self._line.conductor.diameter_m / 2
        return Feature(
            kind=seen.kind,
            at_m=round(seen.at_m - origin_m, 2),  # like groups share one plan; sigma covers the rounding
            shapes=catalogue.shapes(seen.kind, radius_m),
            crossable=catalogue.crossable(seen.kind),
            sigma_m=math.ceil(100 * seen.sigma_m) / 100,
        )

    def _plan(self, group: tuple[SeenFeature, ...], estimate: Estimate) -> CrossingPlan | Blocked:
        if self._plan_of is not None and _same(self._plan_of[0], group):
            return self._plan_of[1]
        origin_m = group[0].at_m
        slope_rad, kink_rad, angle_rad = self._bends(group)
        context = Context(
            slope_rad=slope_rad,
            kink_rad=kink_rad,
            angle_rad=angle_rad,
            coil_kg=round(max(estimate.coil_m, 0.0) * self._line.cable.mass_kg_per_m, 1),
            pinch_n=self._parameters.crossing_pinch_n,
            clearance_m=self._parameters.clearance_m,
        )
        plan = plan_crossing(
            self._profile,
            [self._feature(f, origin_m) for f in group],
            self._line.conductor.diameter_m,
            self._line.cable.diameter_m,
            context,
        )
        self._plan_of = (group, plan)
        return plan


    def _bends(self, group: tuple[SeenFeature, ...]) -> tuple[float, float, float]:
        """Steepest slope on the way over the group, and the sharpest bends at its poles, vertical and in plan.

        Rounded up, so that like situations share one plan; poles are where the survey has them.
        """
        first_m, last_m = group[0].at_m, group[-1].at_m
        places = [first_m - _REACH_M + i * 0.1 for i in range(math.ceil((last_m - first_m + 2 * _REACH_M) / 0.1))]
        slope_rad = max((self._shape.slope_rad(s_m) for s_m in places), key=abs)
        poles = [
            (i, pole)
            for i, pole in enumerate(self._line.poles)
            if first_m - _REACH_M < pole.chainage_m < last_m + _REACH_M
        ]
        kink_rad = max((self._shape.max_kink_rad(i, _REACH_M) for i, _ in poles), default=0.0)
        angle_deg = max((abs(pole.angle_deg) for _, pole in poles), default=0.0)
        return _up(slope_rad), _up(kink_rad), math.radians(angle_deg)


def _up(angle_rad: float) -> float:
    """Away from zero to whole degrees."""
    return math.copysign(math.radians(math.ceil(abs(math.degrees(angle_rad)))), angle_rad)


def _same(before: tuple[SeenFeature, ...], now: tuple[SeenFeature, ...]) -> bool:
    """Whether two groups are the same for planning: kinds, and places relative to the first."""
    if [f.kind for f in before] != [f.kind for f in now]:
        return False
    return all(
        abs((b.at_m - before[0].at_m) - (n.at_m - now[0].at_m)) < _SAME_M for b, n in zip(before, now, strict=True)
    )
