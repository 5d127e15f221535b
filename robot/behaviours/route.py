"""What lies ahead: the next group of features, with the plan that crosses it or the reason why none does.

Plans are made relative to the group's first feature, so that a better estimate of where it is moves the plan with
it; a plan is made again only when the group itself is seen differently.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from robot.crossing.planner import group_features, plan_crossing
from robot.crossing.stance import Blocked, Context, CrossingPlan, Stance
from robot.line import catalogue
from robot.line.features import Feature
from robot.line.line import Line, LoadedLine
from robot.messages import Estimate, SeenFeature
from robot.parameters import Parameters
from robot.profile import Profile

_PASSED_M = 0.30  # a feature this close behind the last crossing is the one just crossed
_REACH_M = 1.5  # the robot's half length, and a little
_THERE_M = 0.3  # what an operator named is known again this near
_SAME_M = 0.012  # relative shift of features within a group that asks for a new plan


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next group: where its first feature is, how it was planned, and whether all of it has been seen."""

    anchor_m: float  # estimated chainage of the first feature's middle
    stop_m: float  # chainage of the middle carriage at which to stop for it
    features: tuple[SeenFeature, ...]
    plan: CrossingPlan | Blocked  # relative to the anchor
    confirmed: bool
    is_end: bool  # the last pole: the job ends before it


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
        self._plans: deque[tuple[tuple[SeenFeature, ...], CrossingPlan | Blocked]] = deque(maxlen=4)
        self._looked_at: tuple[SeenFeature, ...] | None = None
        self._ahead: Ahead | None = None
        self._beside: list[tuple[float, float, float]] = []

    def passed(self, chainage_m: float) -> None:
        """Everything up to here has been crossed."""
        self._passed_to_m = max(self._passed_to_m, chainage_m)
        self._looked_at = None

    def treat_as(self, kind: str, ahead: Ahead) -> None:
        """An operator says what that is which is not known, or else which blocks the way."""
        doubtful = [f for f in ahead.features if f.kind == "unknown"]
        if not doubtful and isinstance(ahead.plan, Blocked):
            blocking_m = [f.at_m for f in ahead.plan.features]
            doubtful = [f for f in ahead.features if round(f.at_m - ahead.anchor_m, 2) in blocking_m]
        self._treated = [t for t in self._treated if all(abs(t.at_m - f.at_m) > _THERE_M for f in doubtful)]
        self._treated += [replace(f, kind=kind, confirmed=True) for f in doubtful]
        self._looked_at = None

    def ahead(self, estimate: Estimate) -> Ahead | None:
        """The next group that asks for a crossing or a stop, or None when nothing is known ahead."""
        if estimate.features is not self._looked_at:
            self._looked_at = estimate.features
            self._ahead = self._look(estimate)
        return self._ahead

    def speed_limit_mps(self, chainage_m: float) -> float:
        """Limit beside features that are passed without a crossing."""
        return min((v for low, high, v in self._beside if low <= chainage_m <= high), default=math.inf)

    def seen(self, estimate: Estimate) -> list[SeenFeature]:
        """What is not yet crossed, by the names that operators gave; glimpses of what no survey knows are left out."""
        seen = [self._named(f) for f in estimate.features if f.at_m > self._passed_to_m + _PASSED_M]
        return [f for f in seen if f.confirmed or f.surveyed]

    def reason(self, ahead: Ahead, estimate: Estimate) -> str:
        """Why there is no way over what lies ahead, with its chainages."""
        answer = self._solve(ahead.features, self._context(ahead.features, estimate), ahead.anchor_m)
        return answer.reason if isinstance(answer, Blocked) else ""

    def again(self, estimate: Estimate, start: Stance) -> Ahead | None:
        """The group that the robot is at, planned anew from where and how it stands; None = there is none."""
        seen = self.seen(estimate)
        groups = group_features([self._feature(f, 0.0) for f in seen], self._profile)
        if not groups:
            return None
        members = tuple(seen[: len(groups[0])])
        anchor_m = members[0].at_m
        start_m = round(estimate.chainage_m - anchor_m, 3)
        context = replace(self._context(members, estimate), start=start, start_m=start_m)
        plan = self._solve(members, context)
        return Ahead(anchor_m, anchor_m + start_m, members, plan, confirmed=True, is_end=False)

    def _look(self, estimate: Estimate) -> Ahead | None:
        seen = self.seen(estimate)
        self._beside = []
        for group in group_features([self._feature(f, 0.0) for f in seen], self._profile):
            members, seen = tuple(seen[: len(group)]), seen[len(group) :]
            anchor_m, plan = members[0].at_m, self._plan(members, estimate)
            if isinstance(plan, Blocked) or plan.steps:
                is_end = any(f.kind in catalogue.INSULATORS and self._is_last(f) for f in members)
                stop_m = anchor_m + (plan.at_m if isinstance(plan, Blocked) else plan.from_m)
                if is_end:
                    stop_m = anchor_m - self._parameters.end_gap_m
                return Ahead(anchor_m, stop_m, members, plan, all(f.confirmed for f in members), is_end)
            self._beside.append((anchor_m + plan.from_m, anchor_m + plan.to_m, plan.speed_mps))
        return None

    def _is_last(self, seen: SeenFeature) -> bool:
        """Whether a pole is the last of the line: nearer to it than to the one before."""
        before, last = self._line.poles[-2], self._line.poles[-1]
        return seen.at_m > (before.chainage_m + last.chainage_m) / 2

    def _named(self, seen: SeenFeature) -> SeenFeature:
        for treated in self._treated:
            if abs(treated.at_m - seen.at_m) < _THERE_M:
                return replace(seen, kind=treated.kind, confirmed=True)
        return seen

    def _feature(self, seen: SeenFeature, origin_m: float) -> Feature:
        at_m = round(
            seen.at_m - origin_m, 2
        )  # like groups share one plan; the planner's margin covers the rounding
        return self._line.feature(seen.kind, at_m)

    def _plan(self, group: tuple[SeenFeature, ...], estimate: Estimate) -> CrossingPlan | Blocked:
        for planned, plan in self._plans:
            if _same(planned, group):
                return plan
        plan = self._solve(group, self._context(group, estimate))
        self._plans.appendleft((group, plan))
        return plan

    def _context(self, group: tuple[SeenFeature, ...], estimate: Estimate) -> Context:
        slope_rad, kink_rad, angle_rad = self._bends(group)
        return Context.of(
            self._parameters,
            slope_rad=slope_rad,
            kink_rad=kink_rad,
            angle_rad=angle_rad,
            coil_kg=round(max(estimate.coil_m, 0.0) * self._line.cable.mass_kg_per_m, 1),
        )

    def _solve(
        self, group: tuple[SeenFeature, ...], context: Context, origin_m: float = 0.0
    ) -> CrossingPlan | Blocked:
        """Places in the answer are relative to the first feature, which stands at `origin_m`."""
        features = [self._feature(f, group[0].at_m) for f in group]
        return plan_crossing(
            self._profile,
            [replace(f, at_m=f.at_m + origin_m) for f in features],
            self._line.conductor.diameter_m,
            self._line.cable.diameter_m,
            context,
        )

    def _bends(self, group: tuple[SeenFeature, ...]) -> tuple[float, float, float]:
        """Steepest slope on the way over a group, and the sharpest bends at its poles, vertical and in plan.

        Rounded up, so that like situations share one plan; poles are where the survey has them.
        """
        first_m, last_m = group[0].at_m, group[-1].at_m
        places = [
            first_m - _REACH_M + i * 0.1 for i in range(math.ceil((last_m - first_m + 2 * _REACH_M) / 0.1))
        ]
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
    """Away from zero to quarters of a degree."""
    return math.copysign(math.radians(math.ceil(4 * abs(math.degrees(angle_rad))) / 4), angle_rad)


def _same(before: tuple[SeenFeature, ...], now: tuple[SeenFeature, ...]) -> bool:
    """Whether two groups are the same for planning: kinds, and places relative to the first."""
    if [f.kind for f in before] != [f.kind for f in now] or abs(before[0].at_m - now[0].at_m) > _REACH_M:
        return False
    return all(
        abs((b.at_m - before[0].at_m) - (n.at_m - now[0].at_m)) < _SAME_M
        for b, n in zip(before, now, strict=True)
    )
