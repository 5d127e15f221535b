"""RETREAT: a little way back from what stopped the robot, the rotor geared backwards and the cable taken up.

Farther back the rear wheel would stand on laid cable, so the way is short and slow, also when it is asked for again.
It leads only over what the robot came over just so, all clamped and geared: not into what was crossed, wholly or half.
"""

from __future__ import annotations

import math

from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish
from robot.crossing.stance import HOME

_SPEED_MPS = 0.05
_BACK_MOST_M = 0.30  # from where the robot has been
_ARRIVED_M = 0.003


class Retreat:
    """Reports `retreated` when it stands `retreat_m` behind where it began or as far back as it may, `retreat_blocked`
    where a carriage is not clamped or the rotor is parked."""

    detail = ""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._to_m = 0.0

    def enter(self, situation: Situation) -> None:
        self._motion.forget_speed()
        self._motion.engage(situation)
        motion = self._motion
        to_m = situation.estimate.travel_m - motion.parameters.retreat_m
        self._to_m = max(to_m, motion.farthest_m - _BACK_MOST_M, motion.free_from_m)

    def step(self, wish: Wish, situation: Situation) -> str | None:
        motion = self._motion
        if motion.parked or situation.stance != HOME.carriages:
            return "retreat_blocked"
        motion.keep_tension(wish, situation)
        motion.pinch(wish, situation, motion.parameters.wrap_pinch_n)
        motion.turn_with_travel(wish, situation)
        left_m = situation.estimate.travel_m - self._to_m
        if left_m < _ARRIVED_M and motion.at_rest(situation):
            return "retreated"
        speed_mps = min(_SPEED_MPS, math.sqrt(2 * 0.05 * max(left_m - _ARRIVED_M / 2, 0.0)))
        motion.drive(wish, situation, -speed_mps, 0.08)
        return None
