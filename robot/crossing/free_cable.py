"""The cable while the rotor is parked: straight, with slack paid out once over each pole, where the tie then holds it.

Places are odometric travel, so that they stay when a better estimate moves chainages.
"""

from __future__ import annotations

from collections.abc import Sequence

from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish
from robot.messages import Axis

_STRAIGHT = (
    3.5  # less than a quarter of the ordered turns counts as straight; a little to be on the safe side
)
_TIED_M = (
    0.13  # with the guide this far past a pole's middle the tie holds the cable and what slack lies behind
)
_SLACK_MPS = 0.5
_SAME_M = 0.3  # a pole this near to where it was is the same


class FreeCable:
    """Keeps where the cable began to lie straight, and what slack each pole has got."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._parked_from_m: float | None = None
        self._slack_m: dict[float, float] = {}  # pole's middle -> slack paid out there

    def begin(self, poles_m: Sequence[float]) -> None:
        """The poles of a crossing, by travel; what was paid out there before is remembered."""
        paid = self._slack_m
        self._slack_m = {
            pole_m: next((slack_m for at_m, slack_m in paid.items() if abs(at_m - pole_m) < _SAME_M), 0.0)
            for pole_m in poles_m
        }

    def parked(self) -> None:
        """The rotor has come to stand; from one parked angle to another the cable stays straight."""
        if self._motion.lay is not None and self._parked_from_m is None:
            self._parked_from_m = self._motion.lay.s_m

    def feed(self, wish: Wish, situation: Situation) -> None:
        """Tension, and once over each pole its slack."""
        motion, estimate = self._motion, situation.estimate
        if self._parked_from_m is not None and motion.lay is not None:  # the guide, retracted, takes some off
            self._parked_from_m = min(self._parked_from_m, motion.lay.s_m)
        wanted_m = motion.parameters.slack_per_pole_m
        guide_m = estimate.travel_m + motion.guide_s_m
        if not motion.geared:
            for pole_m, paid_m in self._slack_m.items():
                if pole_m < guide_m < pole_m + _TIED_M:
                    extra_mps = min(_SLACK_MPS, max(wanted_m - paid_m, 0.0) / situation.dt_s)
                    motion.pay_slack(wish, situation, extra_mps)
                    feed_mps = situation.frame.axes.velocity[Axis.CABLE] - estimate.speed_mps
                    self._slack_m[pole_m] = paid_m + feed_mps * situation.dt_s
                    return
                if guide_m > pole_m + _TIED_M and motion.lay is not None:
                    motion.lay.hold_at(pole_m + estimate.chainage_m - estimate.travel_m)
        motion.keep_tension(wish, situation)

    def end(self, situation: Situation) -> None:
        """The rotor turns with travel again: what lies straight, and the slack in it, go into the record."""
        motion, from_m = self._motion, self._parked_from_m
        motion.parked = False
        if motion.lay is None or from_m is None:
            return
        # a long free cable is drawn up in turns so long that their beginning counts as straight too
        to_m = max(motion.lay.s_m, motion.guide_at_m(situation) - _STRAIGHT * motion.geometry.lag_m)
        motion.record("unwrapped", from_m, to_m, to_m - from_m, situation)
        for slack_m in self._slack_m.values():
            if slack_m > 0.0:
                motion.record("slack", from_m, to_m, slack_m, situation)
        self._parked_from_m = None
