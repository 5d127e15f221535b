"""TRAVEL: along the conductor without turning, to where the lay begins."""

from __future__ import annotations

import math

from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish

_ARRIVED_M = 0.005


class Travel:
    """Reports `lay_begin` when the lay point would stand where the lay is to begin."""

    detail = ""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion

    def enter(self, situation: Situation) -> None:
        self._motion.forget_speed()

    def step(self, wish: Wish, situation: Situation) -> str | None:
        motion = self._motion
        parameters = motion.parameters
        begin_m = parameters.lay_begin_m - motion.guide_s_m + motion.geometry.lag_m
        left_m = begin_m - situation.estimate.chainage_m
        motion.keep_tension(wish, situation)
        motion.balance(wish, situation)
        motion.pinch(wish, situation, parameters.wrap_pinch_n)
        arrived = left_m < _ARRIVED_M and motion.speed_mps == 0.0  # the brakes may give a little on a slope
        if arrived and motion.at_rest(situation):
            return "lay_begin"
        acceleration = motion.acceleration_mps2()
        braking_mps = math.sqrt(2 * acceleration * max(left_m - _ARRIVED_M / 2, 0.0))
        speed_mps = 0.0 if arrived else min(parameters.travel_speed_mps, braking_mps)
        motion.drive(wish, situation, speed_mps, 1.5 * acceleration)
        return None
