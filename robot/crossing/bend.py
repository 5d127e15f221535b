"""Where the stiff body leaves the conductor that bends at poles.

In the vertical the body follows the straight line through the outermost wheels that stand on the conductor: with all
three on it hangs below the pole, R1's pods by 0.65 m tan(kink / 2); with an end wheel lifted it may also be above
the far side. In plan it follows the straight line nearest to all three wheels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robot.messages import CarriageState
from robot.profile import Profile

_STEP_M = 0.01  # of the robot's places that are looked at
Ends = tuple[int, int]  # first and last wheel on the conductor
ENDS: tuple[Ends, ...] = ((0, 2), (0, 1), (1, 2))


@dataclass(frozen=True, slots=True)
class Bend:
    """How far the pods leave the bent conductor at their worst places: down, up and to either side, m."""

    down_m: float = 0.0
    up_m: float = 0.0
    side_m: float = 0.0


def ends_of(carriages: Sequence[CarriageState]) -> int:
    """Which of `ENDS` carries the body; at most one carriage is lifted."""
    if carriages[2] is CarriageState.LIFTED:
        return 1
    return 2 if carriages[0] is CarriageState.LIFTED else 0


def pod_bend(
    profile: Profile,
    kink_rad: float,
    angle_rad: float,
    places_m: Sequence[float],
    poles_m: Sequence[float] = (0.0,),
    ends: Ends = ENDS[0],
) -> Bend:
    """How far the pods leave the conductor, at worst on their whole way past some places.

    Args:
        kink_rad: of every pole, positive where the conductor falls away on both sides.
        angle_rad: of every pole in plan; the side is not told.
        places_m, poles_m: along the conductor, from anywhere.
    """
    wheels, poles = np.array(profile.carriages.s_m), np.array(poles_m)
    along = [s for part in profile.body.parts for s in part.s_m or (wheels[2], wheels[0])]
    first, last = ends
    arms = wheels - wheels.mean()
    below: list[float] = [0.0]
    aside: list[float] = [0.0]
    for place in places_m:
        robot = np.arange(place - max(along), place - min(along) + _STEP_M, _STEP_M)  # middle carriage
        away = np.abs(robot[:, None, None] + wheels[:, None] - poles).sum(axis=2)  # of each wheel, all poles
        here = float(np.abs(place - poles).sum())
        share = (place - robot - wheels[last]) / (wheels[first] - wheels[last])
        chord = away[:, last] * (1 - share) + away[:, first] * share
        fit = away.mean(axis=1) + (away @ arms) / (arms @ arms) * (place - robot - wheels.mean())
        below += [float((chord - here).min()), float((chord - here).max())]
        aside.append(float(np.abs(fit - here).max()))
    steep = math.tan(kink_rad / 2)
    down, up = sorted((steep * max(below), steep * min(below)), reverse=True)
    return Bend(down, -up, max(aside) * math.tan(abs(angle_rad) / 2))
