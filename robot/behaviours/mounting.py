"""MOUNTING: from hung on the wire by the crew to ready for the job.

The carriages are clamped one after the other, each measured loaded before the next; then counterweight and guide
go to their places and the cable, clamped by hand at the pole, is brought to tension.
"""

from __future__ import annotations

from robot.behaviours.lay import LayPoint
from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish
from robot.messages import Axis, CarriageState

_LOADED_N = 20.0
_TENSION_WAIT_S = 2.0


class Mounting:
    """Reports `mounted` when the robot stands clamped, balanced and with its cable in tension."""

    detail = ""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._tensioned_s = 0.0

    def enter(self, situation: Situation) -> None:
        self._motion.forget_speed()
        self._tensioned_s = 0.0
        if self._motion.lay is None:
            self._motion.lay = LayPoint(self._motion.geometry, self._motion.guide_at_m(situation))

    def step(self, wish: Wish, situation: Situation) -> str | None:
        motion = self._motion
        motion.keep_tension(wish, situation)
        motion.balance(wish, situation)
        guided = motion.guide(wish, situation, out=True)
        pinch_n = motion.parameters.wrap_pinch_n
        for carriage, state in enumerate(situation.stance):
            motion.grip(wish, carriage, CarriageState.CLAMPED, pinch_n)
            if state is not CarriageState.CLAMPED or not self._loaded(situation, carriage):
                return None
        trimmed = abs(situation.frame.axes.position[Axis.TRIM] - wish.target[Axis.TRIM]) < 0.002
        in_band = abs(situation.estimate.tension_n - motion.line.tension_n) < 0.2 * motion.line.tension_n
        self._tensioned_s = self._tensioned_s + situation.dt_s if guided and trimmed and in_band else 0.0
        return "mounted" if self._tensioned_s > _TENSION_WAIT_S else None

    def _loaded(self, situation: Situation, carriage: int) -> bool:
        sensors = situation.frame.sensors
        pinched = sensors.pinch_n[carriage] > 0.5 * self._motion.parameters.wrap_pinch_n
        return pinched and sensors.wheel_load_n[carriage] > _LOADED_N
