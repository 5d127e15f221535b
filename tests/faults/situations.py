"""The starting situations of the fault matrix: one job on a short line that comes through every mode.

The job is run once. Each situation is kept as a moment (`moments`), from which any number of faults can be tried.
"""

from __future__ import annotations

from collections.abc import Callable

from robot.messages import Action, Mode
from tests.faults.moments import Moments, Play
from tests.faults.rig import Rig

APPROACH = "WRAP before a feature"
GEARED = "CROSSING"  # moving, the rotor turning with it
CLAMPING = "CROSSING clamping"
_APPROACH_M = 0.8  # left to the place where the robot stops for the feature


def step_name(number: int) -> str:
    """The situation in the middle of a crossing's step, 0 = first."""
    return f"CROSSING step {number}"


class Job:
    """Carries the rig through the whole job and keeps the situations on its way."""

    def __init__(self, rig: Rig, moments: Moments, play: Callable[[Rig], Play]) -> None:
        self._rig = rig
        self._moments = moments
        self._play = play
        self.steps: list[str] = []  # kinds of the crossing's steps

    def run(self) -> None:
        """From power-up to the end of the first crossing."""
        rig = self._rig
        self._wait_for(lambda: rig.now.frame.safety.watchdog_seen)
        self._wait(1.0)
        self._keep("SAFE")
        self._ask(Action.ARM, Mode.READY)
        self._ask(Action.MOUNT, Mode.MOUNTING)
        self._wait(0.5)
        self._keep("MOUNTING")
        self._wait_for(lambda: rig.mode is Mode.READY)
        self._wait(1.0)
        self._keep("READY")
        self._drive_by_hand()
        self._ask(Action.HOLD, Mode.HOLD)
        self._wait_for(lambda: abs(rig.now.truth.speed_mps) < 0.001)
        self._ask(Action.RESUME, Mode.TRAVEL)
        self._wait(1.8)
        self._keep("TRAVEL")
        self._wait_for(lambda: rig.mode is Mode.WRAP)
        self._wait(8.0)
        self._keep("WRAP")
        self._hold_and_retreat()
        self._stop_and_begin_again()
        self._cross()

    def run_over_the_pole(self) -> None:
        """From power-up just before a pole over that pole; only the steps of the crossing are kept."""
        rig = self._rig
        self._wait_for(lambda: rig.now.frame.safety.watchdog_seen)
        self._wait(1.0)
        self._ask(Action.ARM, Mode.READY)
        self._ask(Action.MOUNT, Mode.MOUNTING)
        self._wait_for(lambda: rig.mode is Mode.READY)
        self._ask(Action.START, Mode.TRAVEL)
        self._wait_for(lambda: rig.mode is Mode.WRAP)
        self._cross()

    def _drive_by_hand(self) -> None:
        rig = self._rig
        self._ask(Action.MANUAL, Mode.MANUAL)
        rig.crew.jog = "travel:0.1"
        self._wait(2.0)
        self._keep("MANUAL")
        rig.crew.jog = ""

    def _hold_and_retreat(self) -> None:
        rig = self._rig
        self._ask(Action.HOLD, Mode.HOLD)
        self._wait(5.0)
        self._keep("HOLD")
        self._ask(Action.BACK_OFF, Mode.RETREAT)
        self._wait(1.2)
        self._keep("RETREAT")
        self._wait_for(lambda: rig.mode is Mode.HOLD)
        self._ask(Action.RESUME, Mode.WRAP)
        self._wait(5.0)

    def _stop_and_begin_again(self) -> None:
        self._ask(Action.STOP, Mode.STOPPED)
        self._wait(2.5)
        self._keep("STOPPED")
        self._ask(Action.RESET, Mode.SAFE)
        self._wait(1.0)
        self._ask(Action.ARM, Mode.READY)
        self._wait(0.5)
        self._ask(Action.START, Mode.WRAP)

    def _cross(self) -> None:
        rig = self._rig
        pole_m = next(f.at_m for f in rig.plant.world.true_features)
        self._wait_for(lambda: rig.now.truth.s_m > pole_m - 1.0 - _APPROACH_M)
        self._keep(APPROACH)
        self._wait_for(lambda: rig.mode is Mode.CROSSING and self._step() == 0)
        status = rig.now.command.crossing
        assert status is not None
        for number in range(status.steps):
            self._wait_for(lambda number=number: self._step() >= number)
            self._cross_step(number)
        self._wait_for(lambda: rig.mode is Mode.WRAP)

    def _cross_step(self, number: int) -> None:
        status = self._rig.now.command.crossing
        if status is None or status.step != number:
            self.steps.append("at once")
            return
        self.steps.append(status.action)
        if status.action != "release rotor":  # it is done at once
            self._wait(0.5)
        self._keep(step_name(number))
        if status.action == "advance" and GEARED not in self._moments and "open" in self.steps[1:]:
            self._wait(0.7)
            self._keep(GEARED)
        if status.action == "clamp" and CLAMPING not in self._moments:
            self._keep(CLAMPING)

    # ------------------------------------------------------------------ helpers

    def _step(self) -> int:
        status = self._rig.now.command.crossing
        return -1 if status is None else status.step

    def _keep(self, name: str) -> None:
        self._moments.keep(name, self._play(self._rig))

    def _ask(self, action: Action, wanted: Mode) -> None:
        self._rig.crew.ask(action)
        self._wait_for(lambda: self._rig.mode is wanted, 3.0)

    def _wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self._rig.tick()

    def _wait_for(self, reached: Callable[[], bool], at_most_s: float = 120.0) -> None:
        for _ in range(round(at_most_s * 100)):
            self._rig.tick()
            if reached():
                return
        now = self._rig.now
        raise AssertionError(f"not reached in {at_most_s} s: {now.command.mode} {now.command.reason}")
