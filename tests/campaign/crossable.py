"""What counts as crossable, from the robot's description: kinds, distances, bends, slopes. The planner is not asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from hil.scenario import Weather
from robot.line.features import Feature, Sleeve
from robot.line.line import Line, LoadedLine

SINGLE = frozenset({"pin-10", "line-post-10"})
POLES = SINGLE | {"pin-10-double", "line-post-10-double"}
SMALL = frozenset({"fault-indicator", "splice", "pg-clamp", "spiral-diverter"})
BESIDE = frozenset({"bird-deterrent"})  # outside of everything that moves
APART_M = 2.0  # from middle to middle, as of two poles
SLEEVE_MAX_M = 0.029  # folded roller arms begin 30 mm from the conductor's middle
INDICATOR_M = 0.3  # behind a single insulator
SLOPE_MAX_DEG = {False: 15.0, True: 8.0}  # dry, wet
KINK_MAX_DEG, TURN_MAX_DEG = 12.0, 7.0
CALM_MPS = 6.0  # gusts below this lean the robot by less than 3 degrees
_REACH_M = 1.5  # half of the robot's length


def why_not(line: Line, features: Sequence[Feature], shapes: Sequence[LoadedLine], weather: Weather) -> str:
    """Why a line does not count as crossable, "" = it does.

    Args:
        features: what is really there.
        shapes: of the conductor under the robot, as cold and as warm as it may be.
    """
    for feature in features:
        if feature.kind not in POLES | SMALL | BESIDE:
            return f"{feature.kind} at {feature.at_m:.1f} m"
        thickest_m = max((s.r_m for s in feature.shapes if isinstance(s, Sleeve)), default=0.0)
        if thickest_m > SLEEVE_MAX_M:
            return f"{feature.kind} of radius {1e3 * thickest_m:.0f} mm at {feature.at_m:.1f} m"
    for one, other in pairwise(f for f in features if f.kind not in BESIDE):
        if other.at_m - one.at_m < _apart_m(one.kind, other.kind) - 0.005:
            return f"{one.kind} and {other.kind} {other.at_m - one.at_m:.2f} m apart"
    slope_deg = math.degrees(max(shape.max_slope_rad() for shape in shapes))
    if slope_deg > SLOPE_MAX_DEG[weather.wet]:
        return f"slope of {slope_deg:.1f} degrees, {'wet' if weather.wet else 'dry'}"
    for index, pole in enumerate(line.poles[1:-1], 1):
        kink_deg = math.degrees(max(shape.max_kink_rad(index, _REACH_M) for shape in shapes))
        if kink_deg > KINK_MAX_DEG:
            return f"kink of {kink_deg:.1f} degrees at {pole.id}"
        if abs(pole.angle_deg) > TURN_MAX_DEG:
            return f"turn of {pole.angle_deg:.1f} degrees at {pole.id}"
    return ""


def _apart_m(one: str, other: str) -> float:
    """From middle to middle: an indicator may hang close behind a single insulator, all else is as far apart as two
    poles. Before the insulator the robot would hang on its front roller alone, which carries no wheel load.
    """
    near = one in SINGLE and other == "fault-indicator"
    return INDICATOR_M if near else APART_M
