"""Hanging level before a crossing.

A parked robot is locked by its pinch in whatever lean it stopped with. So it rolls to and fro a hand's width, slowly,
until a stop finds it level; gusts are waited out in this way. How long is for the caller to say.

A level moment is no calm: a gust that has come will come again. What the wind does to a body that rolls freely, without
the counterweight against it, is remembered for a while: what was much is waited out, what was less makes a crossing
slow.
"""

from __future__ import annotations

import math
from collections import deque

from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish

_WAY_M = 0.08
_ACCELERATION_MPS2 = 0.1
_PARTS, _PART_S = 12, 5.0  # what is remembered: as long as a crossing takes
_ROLLING_MPS = 0.01  # slower, the pinch holds the body in whatever lean it has
_STEADY_S, _STEADY_MPS = 2.0, 0.02  # after a change of speed the body swings for about so long
_WAIT_SHARE = 7 / 6  # of a crossing's largest lean: its counterweight takes some off what leans the free body
_SLOW_SHARE = 5 / 6
_LEVEL_SHARE = (
    0.6  # of the largest lean: rolling on until it is that small leaves room for what the stop adds
)


class WindMemory:
    """How far the wind has leaned the rolling body of late.

    Args:
        most_deg: largest lean of a crossing.
    """

    def __init__(self, most_deg: float) -> None:
        self._most_rad = math.radians(most_deg)
        self._speed_mps = self._steady_s = 0.0
        self._leans_rad = deque([0.0] * _PARTS, maxlen=_PARTS)  # the largest of each part
        self._part_s = 0.0

    def observe(self, situation: Situation) -> None:
        """One tick of travel with the counterweight where it balances the coil."""
        lean_rad, speed_mps = abs(situation.estimate.roll_rad), situation.estimate.speed_mps
        self._part_s += situation.dt_s
        self._steady_s += situation.dt_s
        if abs(speed_mps - self._speed_mps) > _STEADY_MPS:
            self._speed_mps, self._steady_s = speed_mps, 0.0
        if self._part_s > _PART_S:
            self._leans_rad.append(0.0)
            self._part_s = 0.0
        if abs(speed_mps) > _ROLLING_MPS and self._steady_s > _STEADY_S:
            self._leans_rad[-1] = max(self._leans_rad[-1], lean_rad)

    @property
    def lean_rad(self) -> float:
        """The largest lean that is remembered."""
        return max(self._leans_rad)

    @property
    def over(self) -> bool:
        """Nothing is remembered that a crossing has to wait for."""
        return self.lean_rad < _WAIT_SHARE * self._most_rad

    @property
    def gusty(self) -> bool:
        """What is remembered asks for a slow crossing: a body that rolls slowly gives way slowly, and soon stands."""
        return self.lean_rad > _SLOW_SHARE * self._most_rad


class Levelling:
    """One wait for a level body and no gusts; made anew for every crossing."""

    def __init__(self, motion: Motion, wind: WindMemory, situation: Situation) -> None:
        self._motion = motion
        self._wind = wind
        self._limit_rad = math.radians(motion.parameters.crossing_lean_deg)
        self._start_m = situation.estimate.travel_m
        self._swaying = False
        self._back = True
        self._level_s = 0.0
        self.waited_s = 0.0

    def step(self, wish: Wish, situation: Situation) -> bool:
        """Roll or stand; True once the body has stood level for the time of a confirmation."""
        motion, estimate = self._motion, situation.estimate
        self.waited_s += situation.dt_s
        lean_rad = abs(estimate.roll_rad)
        if lean_rad > self._limit_rad:
            self._swaying = True
        elif lean_rad < _LEVEL_SHARE * self._limit_rad:
            self._swaying = False
        if self._swaying or not self._wind.over:
            self._sway(wish, situation)
            return False
        motion.drive(wish, situation, 0.0, _ACCELERATION_MPS2)
        level = motion.at_rest(situation) and lean_rad <= self._limit_rad
        self._level_s = self._level_s + situation.dt_s if level else 0.0
        return self._level_s >= motion.profile.times.confirm_s

    def _sway(self, wish: Wish, situation: Situation) -> None:
        self._level_s = 0.0
        back_m = self._start_m - situation.estimate.travel_m
        if back_m <= 0.0 or back_m >= _WAY_M:
            self._back = back_m <= 0.0
        speed_mps = self._motion.parameters.sway_speed_mps
        self._motion.drive(wish, situation, -speed_mps if self._back else speed_mps, _ACCELERATION_MPS2)
