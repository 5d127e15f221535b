"""Gusts while a crossing rolls: standing still locks the body before it leans too far.

A body that leans already is let roll on slowly, and only as long as it does not lean much more than when it stood.
"""

from __future__ import annotations

import math

from robot.behaviours.wish import Situation

# Lean that stops a drive, as shares of the roll limit: from here if it grows fast, from there in any case.
_SHARE, _MOST = 0.75, 0.85
_MORE, _END = (
    0.07,
    0.93,
)  # what it may grow by in one roll; half of what is left up to the end, if that is less
_OUTWARDS_RPS, _CALM_S = 0.012, 2.0  # how fast is fast; how long to stand then
_LEANING_MPS = 0.02  # the pinch lets a body go with the way that it rolls: slowly, and it soon stands
_SWING_S = 0.4  # a locked body trembles faster than this; a gust is slower


class Gusts:
    """A lean that is still there after the wait is not a gust: the next stop comes a little later."""

    def __init__(self, roll_max_rad: float) -> None:
        self._limit_rad = roll_max_rad
        self._stops_rad = _SHARE * roll_max_rad
        self._roll_rate_rps = 0.0
        self._calm_s = math.inf  # since the last gust that stopped a drive

    def limit_mps(self, situation: Situation, *, rolling: bool) -> float:
        """As fast as a drive may be now; 0 = stand."""
        lean_rad = abs(situation.estimate.roll_rad)
        share = min(situation.dt_s / _SWING_S, 1.0)
        self._roll_rate_rps += (situation.estimate.roll_rate_rps - self._roll_rate_rps) * share
        if not rolling:
            more_rad = min(_MORE * self._limit_rad, (_END * self._limit_rad - lean_rad) / 2)
            self._stops_rad = max(lean_rad + more_rad, _SHARE * self._limit_rad)
        self._calm_s = 0.0 if rolling and self._leans_more(situation) else self._calm_s + situation.dt_s
        if self._calm_s < _CALM_S:
            return 0.0
        return _LEANING_MPS if lean_rad > _SHARE * self._limit_rad else math.inf

    def _leans_more(self, situation: Situation) -> bool:
        roll_rad = situation.estimate.roll_rad
        if abs(roll_rad) <= self._stops_rad:
            return False
        outwards_rps = math.copysign(1.0, roll_rad) * self._roll_rate_rps
        return outwards_rps > _OUTWARDS_RPS or abs(roll_rad) > _MOST * self._limit_rad
