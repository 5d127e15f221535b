"""Other ways than straight on: a step tried again from a little aside, and the steps that undo what was done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from robot.crossing.planner import EXPECTS, step_moved
from robot.crossing.stance import HOME, Context, CrossingPlan, Expect, Stance, Step, StepKind
from robot.messages import CarriageState

BACK_MPS = 0.05  # driving backwards on purpose
_SHIFTS_M = (-0.03, 0.03, -0.02, 0.02)  # where a grip that missed is tried again: behind, if there is room
_BACK_MOST_M = Context().retreat_m + 0.01  # with what a place may be overrun

_BACK_TO = {
    CarriageState.CLAMPED: StepKind.CLAMP,
    CarriageState.OPEN: StepKind.OPEN,
    CarriageState.LIFTED: StepKind.LIFT,
}
_GUIDE = {StepKind.GUIDE_RETRACT: StepKind.GUIDE_OUT, StepKind.GUIDE_OUT: StepKind.GUIDE_RETRACT}


@dataclass(frozen=True, slots=True)
class Course:
    """A plan with the stance that it begins in."""

    plan: CrossingPlan
    start: Stance = HOME

    def before(self, index: int) -> Stance:
        """The stance that a step begins in."""
        return self.plan.steps[index - 1].stance if index > 0 else self.start

    def from_m(self, index: int) -> float:
        """Where the middle carriage is when a step begins."""
        return self.plan.steps[index - 1].s_m if index > 0 else self.plan.from_m

    def drive(self, index: int, from_m: float, to_m: float) -> Step:
        """A drive from one place to another in the stance that a step begins in."""
        return drive(self.before(index), from_m, to_m, self.plan.speed_mps)

    def undone(self, index: int) -> Step | None:
        """The step that undoes one; None where there is nothing to undo.

        A rotor stays parked: it may stand at any angle where it may be geared.
        """
        step, before = self.plan.steps[index], self.before(index)
        if step.kind is StepKind.ADVANCE:
            return drive(before, step.s_m, self.from_m(index), BACK_MPS)
        kind = _GUIDE.get(step.kind)
        if step.carriage is not None:
            was, now = before.carriages[step.carriage], step.stance.carriages[step.carriage]
            lowers = (was, now) == (CarriageState.OPEN, CarriageState.LIFTED)
            kind = StepKind.LOWER if lowers else _BACK_TO[was]
        if kind is None:
            return None
        expects = tuple(expect.value for expect in EXPECTS[kind])
        return replace(step, kind=kind, rotor_rad=before.rotor_rad, stance=before, expects=expects)

    def tried_again(self, index: int, tries: int) -> list[Step]:
        """What is done instead of a step that failed `tries` times: brought back and done again, a missed grip from
        a shifted chainage as far as the plan leaves room."""
        step, undone = self.plan.steps[index], self.undone(index)
        if undone is None or step.kind is StepKind.ADVANCE:
            return [step]
        low_m, high_m = step.free_m
        shifts_m = [shift for shift in _SHIFTS_M if low_m <= step.s_m + shift <= high_m]
        if step.kind is not StepKind.CLAMP or not shifts_m:
            return [undone, step]
        place_m = step.s_m + shifts_m[(tries - 1) % len(shifts_m)]
        shifted = step_moved(step, place_m - step.s_m)
        again = [undone, self.drive(index, step.s_m, place_m), shifted]
        following = self.plan.steps[index + 1 : index + 2]
        if following and following[0].kind is not StepKind.ADVANCE:
            again.append(drive(step.stance, place_m, step.s_m, self.plan.speed_mps))
        return again

    def way_back(self, index: int, here_m: float) -> tuple[int, list[Step]] | None:
        """The step before which all carriages were clamped last, and what leads back there with a step under way.

        None where the way back would be too long: the rear wheel would stand on laid cable.
        """
        first = next((i for i in range(index, -1, -1) if self.before(i).carriages == HOME.carriages), None)
        if first is None or here_m - self.from_m(first) > _BACK_MOST_M:
            return None
        if first == index and self.plan.steps[index].kind is StepKind.ADVANCE:
            return first, []
        undone = [self.undone(i) for i in range(index, first - 1, -1)]
        return first, [step for step in undone if step is not None]

    def last_drive_from_m(self, index: int) -> float:
        """From where the robot drove, in its present stance, to where a step is done."""
        drives = (i for i in range(index, -1, -1) if self.plan.steps[i].kind is StepKind.ADVANCE)
        first = next(drives, None)
        same = first is not None and self.before(first).carriages == self.before(index).carriages
        return self.from_m(first) if first is not None and same else self.from_m(index)


def drive(stance: Stance, from_m: float, to_m: float, speed_mps: float) -> Step:
    """A drive that no plan holds: a little aside, or back."""
    return Step(
        kind=StepKind.ADVANCE,
        s_m=to_m,
        carriage=None,
        rotor_rad=stance.rotor_rad,
        stance=stance,
        expects=(Expect.TRAVEL.value, Expect.NO_CONTACT.value),
        reversible=True,
        duration_s=abs(to_m - from_m) / (speed_mps if to_m > from_m else BACK_MPS),
        clearance_m=0.0,
        nearest="",
        free_m=(min(from_m, to_m), max(from_m, to_m)),
    )
