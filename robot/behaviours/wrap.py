"""WRAP: travel with the rotor geared to it, until something ahead asks for another mode.

Speed is planned, not just set: the rotor stays below the roll resonance, braking begins early enough for the next
stop, and a feature that the survey announces but the camera has not confirmed is waited for, never passed.
"""

from __future__ import annotations

import math

from robot.behaviours.levelling import Levelling, WindMemory
from robot.behaviours.motion import Motion
from robot.behaviours.route import Ahead, Route
from robot.behaviours.wish import Situation, Wish
from robot.crossing.stance import Blocked

_ARRIVED_M = 0.004
_SLOW_M = 0.5  # the last stretch before a stop, taken at crossing speed
_WIND_S = 180.0  # how long to wait for a level body before people are asked
_LOOK_S = 5.0  # how long to look for a surveyed feature that is not seen
_LOOK_AGAIN_S = 1.5  # standing, before moving towards where something was


class Wrap:
    """Reports `crossing_ahead`, `feature_blocked`, `feature_not_seen` or `lay_end`."""

    def __init__(self, motion: Motion, route: Route, wind: WindMemory) -> None:
        self._motion = motion
        self._route = route
        self._wind = wind
        self._drawn_up = False
        self._looked_s = 0.0
        self._pinch_n = (
            motion.parameters.wrap_pinch_n
        )  # more on the last stretch, so that the roll is damped there
        self._levelling: Levelling | None = None
        self._look_first_s = 0.0
        self.ahead: Ahead | None = None  # what the last report was about
        self.detail = ""

    def enter(self, situation: Situation) -> None:
        self._drawn_up = False
        self._looked_s = 0.0
        self._levelling = None
        self._motion.forget_speed()
        self._motion.begin_draw_up(situation)

    def look_first(self) -> None:
        """Something ahead is said to have changed: see what is there before moving."""
        self._look_first_s = _LOOK_AGAIN_S

    def step(self, wish: Wish, situation: Situation) -> str | None:
        motion = self._motion
        motion.keep_tension(wish, situation)
        motion.balance(wish, situation)
        motion.guide(wish, situation, out=True)
        motion.pinch(wish, situation, self._pinch_n)
        self._wind.observe(situation)
        if self._look_first_s > 0.0:
            self._look_first_s -= situation.dt_s
            return None
        if not self._drawn_up:
            self._drawn_up = motion.draw_up(wish, situation)
            if self._drawn_up:
                motion.begin_lay(situation)
            return None
        motion.turn_with_travel(wish, situation)
        estimate = situation.estimate
        self.ahead = self._route.ahead(estimate)
        stop_m = self.ahead.stop_m if self.ahead else motion.line.length_m - motion.parameters.end_gap_m
        left_m = stop_m - estimate.chainage_m
        parameters = motion.parameters
        damped = left_m < _SLOW_M and self._wind.over  # a body that is held tells nothing about the wind
        self._pinch_n = parameters.crossing_pinch_n if damped else parameters.wrap_pinch_n
        if self._levelling is not None:
            return self._level(self._levelling, wish, situation)
        arrived = left_m < _ARRIVED_M and motion.speed_mps == 0.0  # the brakes may give a little on a slope
        if arrived and motion.at_rest(situation):
            return self._arrived(situation)
        limit_mps = self._route.speed_limit_mps(estimate.chainage_m)
        speed_mps = 0.0 if arrived else min(self._speed_mps(left_m), limit_mps)
        motion.drive(wish, situation, speed_mps, 1.5 * motion.acceleration_mps2())
        return None

    def _level(self, levelling: Levelling, wish: Wish, situation: Situation) -> str | None:
        if levelling.step(wish, situation):
            return "crossing_ahead"
        if levelling.waited_s < _WIND_S:
            return None
        lean_deg = math.degrees(max(abs(situation.estimate.roll_rad), self._wind.lean_rad))
        self.detail = f"the body leans by up to {lean_deg:.1f} degrees: wait for less wind"
        return "feature_blocked"

    def _speed_mps(self, left_m: float) -> float:
        motion = self._motion
        parameters, pitch_m = motion.parameters, motion.line.pitch_m
        quiet_mps = 0.97 * parameters.resonance_low_rpm / 60 * pitch_m
        top_mps = min(parameters.wrap_speed_mps, quiet_mps, motion.profile.rotor.speed_max_rpm / 60 * pitch_m)
        if left_m < _SLOW_M:
            top_mps = min(top_mps, motion.profile.times.crossing_speed_mps)
        braking = math.sqrt(2 * motion.acceleration_mps2() * max(left_m - _ARRIVED_M / 2, 0.0))
        return min(top_mps, braking)

    def _arrived(self, situation: Situation) -> str | None:
        ahead = self.ahead
        self.detail = ""
        if ahead is None or ahead.is_end:
            self._motion.end_lay(situation)
            return "lay_end"
        if not ahead.confirmed:
            self._looked_s += situation.dt_s
            if self._looked_s < _LOOK_S:
                return None
            self.detail = ", ".join(f"{f.kind} at {f.at_m:.2f} m" for f in ahead.features if not f.confirmed)
            return "feature_not_seen"
        if isinstance(ahead.plan, Blocked):
            self.detail = self._route.reason(ahead, situation.estimate)
            return "feature_blocked"
        self.detail = ", ".join(f.kind for f in ahead.features)
        self._levelling = Levelling(self._motion, self._wind, situation)
        return None
