"""SAFE, READY, HOLD and STOPPED: come to rest as coupled as before, then stand on the brakes.

Once at rest the tension of the cable is still kept, as long as the board permits its drives to move; after a stop of
the board, and in SAFE, the spring brakes hold everything.
"""

from __future__ import annotations

from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish


class Hold:
    """Nothing is reported; leaving is up to the operator or to the failsafe."""

    detail = ""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion

    def enter(self, situation: Situation) -> None:
        """Nothing to prepare: the ramp goes on from the present speed."""

    def step(self, wish: Wish, situation: Situation) -> str | None:
        self._motion.come_to_rest(wish, situation)
        return None
