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
from robot.line.line import Line
from robot.messages import Estimate, SeenFeature
from robot.parameters import Parameters
from robot.profile import Profile

_PASSED_M = 0.30  # a feature this close behind the last crossing is the one just crossed
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
        end_m = self._line.length_m
        is_end = bool(self._line.poles) and any(
            f.surveyed and abs(f.at_m - end_m) < 3.0 and not catalogue.hung(f.kind) for f in first
        )
        plan = self._plan(first, estimate)
        return Ahead(first[0].at_m, first, plan, all(f.confirmed for f in first), is_end)

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
        context = Context(
            slope_rad=self._slope_rad(group),
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


def _same(before: tuple[SeenFeature, ...], now: tuple[SeenFeature, ...]) -> bool:
    """Whether two groups are the same for planning: kinds, and places relative to the first."""
    if [f.kind for f in before] != [f.kind for f in now]:
        return False
    return all(
        abs((b.at_m - before[0].at_m) - (n.at_m - now[0].at_m)) < _SAME_M for b, n in zip(before, now, strict=True)
    )
