"""Gusts while a crossing rolls: standing still locks the body before it leans too far."""

from __future__ import annotations

import math

from robot.behaviours.wish import Situation

_SHARE, _MORE, _MOST = 0.75, 0.07, 0.88  # lean that stops a drive, as shares of the roll limit
_OUTWARDS_RPS, _CALM_S = 0.012, 2.0  # how fast outwards; how long to stand then
_SWING_S = 0.4  # a locked body trembles faster than this; a gust is slower


class Gusts:
    """A lean that is still there after the wait is not a gust: the next stop comes a little later."""

    def __init__(self, roll_max_rad: float) -> None:
        self._limit_rad = roll_max_rad
        self._lean_rad = self._roll_rate_rps = 0.0
        self._calm_s = math.inf  # since the last gust that stopped a drive

    def wait(self, situation: Situation, *, rolling: bool) -> bool:
        """Whether to stand now."""
        self._calm_s = 0.0 if self._leans(situation, rolling) else self._calm_s + situation.dt_s
        return self._calm_s < _CALM_S

    def _leans(self, situation: Situation, rolling: bool) -> bool:
        estimate = situation.estimate
        share = min(situation.dt_s / _SWING_S, 1.0)
        self._roll_rate_rps += (estimate.roll_rate_rps - self._roll_rate_rps) * share
        if not rolling:
            return False
        roll_rad = abs(estimate.roll_rad)
        outwards_rps = math.copysign(1.0, estimate.roll_rad) * self._roll_rate_rps
        if roll_rad < _SHARE * self._limit_rad:
            self._lean_rad = _SHARE * self._limit_rad
            return False
        if roll_rad <= self._lean_rad or outwards_rps < _OUTWARDS_RPS:
            return False
        self._lean_rad = min(roll_rad + _MORE * self._limit_rad, _MOST * self._limit_rad)
        return True
