"""All crossings of a line: which features belong together, under which circumstances, and their plans."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from robot.crossing import envelope
from robot.crossing.planner import group_features, plan_crossing
from robot.crossing.stance import Blocked, Context, CrossingPlan
from robot.line.features import Feature
from robot.line.line import Line, LoadedLine
from robot.profile import Profile

COIL_STEP_KG = 0.25  # situations that differ by less are planned once; rounded up, for more coil is harder
ANGLE_STEP_RAD = math.radians(0.25)


@dataclass(frozen=True, slots=True)
class Crossing:
    """One group of features and what the planner says of it."""

    features: tuple[Feature, ...]
    context: Context
    answer: CrossingPlan | Blocked


def plan_line(
    profile: Profile,
    line: Line,
    loaded: LoadedLine,
    context: Context = Context(),  # noqa: B008 - frozen
) -> list[Crossing]:
    """Plans for every group of features of a line, in order.

    Args:
        loaded: the line's shape under the full robot.
        context: what does not depend on the place: friction, pinch, uncertainties, margins.
    """
    crossings = []
    for group in group_features(line.features, profile):
        here = context_at(profile, line, loaded, group, context)
        answer = plan_crossing(profile, group, line.conductor.diameter_m, line.cable.diameter_m, here)
        crossings.append(Crossing(group, here, answer))
    return crossings


def context_at(
    profile: Profile, line: Line, loaded: LoadedLine, features: Sequence[Feature], context: Context
) -> Context:
    """`context` with slope, kink and coil as they are where these features are."""
    first, last = profile.carriages.s_m[0], profile.guide.s_m[0]
    begin = min(f.at_m + envelope.stretch(f.shapes)[0] for f in features) - first
    end = max(f.at_m + envelope.stretch(f.shapes)[1] for f in features) - last
    count = max(2, math.ceil((end - begin) / 0.1) + 1)
    slopes = [abs(loaded.slope_rad(begin + (end - begin) * k / (count - 1))) for k in range(count)]
    poles = [i for i, p in enumerate(line.poles) if any(f.pole == p.id for f in features)]
    kinks = [loaded.max_kink_rad(i, first) for i in poles]
    return replace(
        context,
        slope_rad=_up(max(slopes), ANGLE_STEP_RAD),
        kink_rad=_up(max(kinks, default=0.0), ANGLE_STEP_RAD),
        angle_rad=max((abs(math.radians(line.poles[i].angle_deg)) for i in poles), default=0.0),
        coil_kg=_up(coil_kg_at(line, begin), COIL_STEP_KG),
    )


def coil_kg_at(line: Line, s_m: float) -> float:
    """Cable on board when the robot is at a chainage, all behind it wrapped."""
    helix_m = math.pi * (line.conductor.diameter_m + line.cable.diameter_m)
    laid_m = max(s_m, 0.0) * math.hypot(1.0, helix_m / line.pitch_m)
    return max(line.cable_loaded_m - laid_m, 0.0) * line.cable.mass_kg_per_m


def _up(value: float, step: float) -> float:
    return math.ceil(value / step - 1e-9) * step
