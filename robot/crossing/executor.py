"""CROSSING: carries out a plan step by step, each step only after the last one was measured to be done.

The plan's places are relative to the group's first feature. They are tied to odometric travel once, at the start,
when the camera has just seen the feature from near; from then on wheels and odometer carry the robot over.

A step that is not measured to be done in time is tried again, a grip that missed from a little aside. When that does
not help either, the steps are undone back to where all carriages were clamped last, as long as the way there is short
enough; the crossing then has failed. After a contact the robot first goes back a little. Going on after that, or after
people have moved the robot, begins with a new plan from the measured stance wherever the old one does not fit any more.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from robot.behaviours.levelling import WindMemory
from robot.behaviours.motion import Motion
from robot.behaviours.route import Ahead, Route
from robot.behaviours.wish import Situation, Wish
from robot.crossing.free_cable import FreeCable
from robot.crossing.gusts import Gusts
from robot.crossing.measured import STATES, Measured
from robot.crossing.stance import CARRIAGES, HOME, Blocked, CrossingPlan, Expect, Stance, Step, StepKind
from robot.crossing.times import StepTimes
from robot.crossing.undo import BACK_MPS, Course
from robot.line import catalogue
from robot.messages import CrossingStatus, GuideSwitch

_ARRIVED_M = 0.002
_OFF_M = 0.006  # this far from its place a step has not arrived after all
_CREEP_M, _CREEP_MPS = 0.02, 0.02  # to make up for a place that was overrun
_ASTRAY_M = 0.03  # this far from where a step may be done, its plan does not fit any more
_MISSED_S = 0.5  # a grip that is closed and after this time not loaded has missed
_TRIES_MORE = 2
_CONTACT_BACK_M = 0.03
_CONTACTS = 2  # of one step, and it is given up


@dataclass(slots=True)
class _Progress:
    """Where the crossing stands."""

    step: int = 0
    in_step_s: float = 0.0
    confirmed_s: float = 0.0
    missed_s: float = 0.0  # a grip is closed and not loaded
    tries: int = 0  # of this step, after the first
    contacts: int = 0  # in this step
    rotor_rad: float | None = None  # where the rotor is being parked
    arrived: bool = False  # an advance has reached its place and only comes to rest

    @property
    def untouched(self) -> bool:
        """Nothing has been done yet."""
        return self.step == 0 and self.in_step_s == 0.0

    def begin_step(self) -> None:
        self.in_step_s = self.confirmed_s = self.missed_s = 0.0
        self.rotor_rad = None
        self.arrived = False


class Crossing:
    """Reports `crossing_done` or `crossing_failed`; `status` tells console and log where it stands."""

    def __init__(self, motion: Motion, route: Route, wind: WindMemory) -> None:
        self._motion = motion
        self._route = route
        self._wind = wind
        self._measured = Measured(motion)
        self._cable = FreeCable(motion)
        self._gusts = Gusts(math.radians(motion.profile.limits.roll_crossing_max_deg))
        self._ahead: Ahead | None = None
        self._course: Course | None = None
        self._progress = _Progress()
        self._instead: deque[Step] = deque()  # done instead of the plan's step, or to undo what was done
        self._undone_to: int | None = None  # the step with which to go on once all is undone
        self._travel_origin_m = 0.0
        self._clamped = True  # all carriages, when last measured
        self._retries = 0
        self._times = StepTimes()
        self._touched = False  # the last stop came from a contact
        self._grasp_s = 0.0  # left for the drives to take the grips over from their brakes
        self._refusal = ""  # why it cannot go on from where it stands, or has failed
        self._speed_mps = motion.crossing_speed_mps
        self.detail = ""

    @property
    def status(self) -> CrossingStatus | None:
        if self._course is None:
            return None
        steps = self._course.plan.steps
        index = min(self._progress.step, len(steps) - 1)
        step = self._instead[0] if self._instead else steps[index]
        action = f"undo: {step.kind.value}" if self._undone_to is not None else step.kind.value
        expects = "; ".join(step.expects)
        return CrossingStatus(index, len(steps), action, expects, steps[index].reversible, self._retries)

    @property
    def mid_way(self) -> bool:
        """Whether some carriage is not clamped, or about to be released, because of the crossing."""
        if self._course is None or self._progress.step >= len(self._course.plan.steps):
            return False
        return not self._clamped or (self._current.kind in STATES and self._progress.in_step_s > 0.0)

    def begin(self, ahead: Ahead, situation: Situation) -> None:
        """Take up a new plan from where the robot stands all clamped before the features."""
        self._retries = 0
        self._times = StepTimes()
        self._touched = False
        motion = self._motion
        self._speed_mps = motion.crossing_speed_mps
        if self._wind.gusty:
            self._speed_mps = min(self._speed_mps, motion.parameters.crossing_gusty_mps)
        self._take_up(ahead, situation, HOME)

    def touched(self) -> None:
        """Something was touched in the present step; it is gone back from before anything else."""
        self._touched = True
        self._progress.contacts += 1
        self._instead.clear()

    def enter(self, situation: Situation) -> None:
        """Go on from the measured state, also after a HOLD in the middle."""
        self._motion.forget_speed()
        if not self._progress.untouched:
            self._grasp_s = self._motion.profile.times.confirm_s
        self._progress.begin_step()
        self._progress.tries = 0
        if not self._motion.parked:
            self._motion.engage(situation)
        self._refusal = ""
        if self._course is None or self._progress.step >= len(self._course.plan.steps):
            return
        touched, self._touched = self._touched, False
        if touched:
            self._go_back(self._course, situation)
        elif not self._fits(situation):
            self._plan_again(situation)
        elif not self._instead and self._current.kind is not StepKind.ADVANCE:
            here_m, step = self._here_m(situation), self._current
            if abs(here_m - step.s_m) > _OFF_M:
                self._instead.extend((self._course.drive(self._progress.step, here_m, step.s_m), step))

    def step(self, wish: Wish, situation: Situation) -> str | None:
        course, progress, motion = self._course, self._progress, self._motion
        self._clamped = situation.stance == HOME.carriages
        if course is None or self._refusal:
            motion.come_to_rest(wish, situation)
            return self._failed(self._refusal or "no plan")
        motion.balance(wish, situation, upright=True)
        motion.pinch(wish, situation, motion.parameters.crossing_pinch_n)
        self._cable.feed(wish, situation)
        if progress.step == len(course.plan.steps):
            return self._finish(situation)
        if self._grasp_s > 0.0:
            self._grasp_s -= situation.dt_s
            return None
        step = self._current
        progress.in_step_s += situation.dt_s
        self._times.spend(course.plan.steps[progress.step].kind, situation.dt_s)
        self._carry_out(step, wish, situation)
        missing = self._missing(step, situation)
        if missing:
            progress.confirmed_s = 0.0
            return self._not_yet(step, missing, situation)
        progress.confirmed_s += situation.dt_s
        return self._done(step, situation) if progress.confirmed_s >= self._confirm_s(step) else None

    # ------------------------------------------------------------------ plan and place

    @property
    def _current(self) -> Step:
        assert self._course is not None
        return self._instead[0] if self._instead else self._course.plan.steps[self._progress.step]

    def _here_m(self, situation: Situation) -> float:
        """The middle carriage's place in the plan's coordinates."""
        return situation.estimate.travel_m - self._travel_origin_m

    def _take_up(self, ahead: Ahead, situation: Situation, start: Stance) -> None:
        """Its places are tied to travel here."""
        assert isinstance(ahead.plan, CrossingPlan)
        self._ahead, self._course = ahead, Course(ahead.plan, start)
        self._progress = _Progress()
        self._instead.clear()
        self._undone_to = None
        travel_from_m = situation.estimate.travel_m - situation.estimate.chainage_m
        self._travel_origin_m = ahead.anchor_m + travel_from_m
        self._cable.begin([f.at_m + travel_from_m for f in ahead.features if f.kind in catalogue.INSULATORS])

    def _fits(self, situation: Situation) -> bool:
        return self._measured.fits(self._current, situation, self._here_m(situation), _ASTRAY_M) and (
            self._undone_to is not None or self._strange(situation) == ""
        )

    def _strange(self, situation: Situation) -> str:
        assert self._ahead is not None
        assert self._course is not None
        seen = self._route.seen(situation.estimate)
        here_m = self._here_m(situation)
        return self._measured.strange(self._ahead, self._course.plan, seen, situation, here_m)

    def _plan_again(self, situation: Situation) -> None:
        """From the stance that is measured; where there is no way, the next step reports so."""
        motion = self._motion
        guide_out = situation.frame.sensors.guide_switch == GuideSwitch.OUT
        motion.parked = motion.parked or not guide_out
        rotor_rad = math.remainder(situation.estimate.rotor_rad, 2 * math.pi) if motion.parked else None
        front, middle, rear = situation.stance
        stance = Stance((front, middle, rear), rotor_rad, guide_out)
        ahead = self._route.again(situation.estimate, stance)
        if ahead is None:
            self._refusal = "nothing is seen that asks for a crossing"
            return
        if isinstance(ahead.plan, Blocked):
            self._refusal = ahead.plan.reason
            return
        self._take_up(ahead, situation, stance)

    # ------------------------------------------------------------------ steps

    @property
    def _slowness(self) -> float:
        """Times of the plan that a drive takes: a fine pitch and gusts are crossed more slowly."""
        return self._motion.profile.times.crossing_speed_mps / self._speed_mps

    def _confirm_s(self, step: Step) -> float:
        return 0.0 if step.kind is StepKind.RELEASE_ROTOR else self._motion.profile.times.confirm_s

    def _missing(self, step: Step, situation: Situation) -> tuple[Expect, ...]:
        looks = self._progress.arrived and Expect.SEEN.value in step.expects
        strange = self._strange(situation) if looks else ""
        return self._measured.missing(
            step, situation, self._progress.arrived, self._progress.rotor_rad, strange
        )

    def _done(self, step: Step, situation: Situation) -> str | None:
        """On to the next step; a crossing whose steps are undone has failed."""
        progress = self._progress
        progress.begin_step()
        if step.kind is StepKind.PARK_ROTOR:
            self._cable.parked()
        if self._instead:
            self._instead.popleft()
            if self._instead:
                return None
        if self._undone_to is not None:
            progress.step, self._undone_to = self._undone_to, None
            progress.contacts = 0
            return self._failed(self.detail)
        assert self._course is not None
        self._times.done(self._course.plan.steps[progress.step])
        progress.step += 1
        progress.tries = progress.contacts = 0
        if step.kind is StepKind.RELEASE_ROTOR:
            self._cable.end(situation)
        return None

    def _not_yet(self, step: Step, missing: tuple[Expect, ...], situation: Situation) -> str | None:
        """A grip that is closed and not loaded has missed; everything else has its time."""
        progress = self._progress
        missed = step.kind is StepKind.CLAMP and Expect.GRIP not in missing
        progress.missed_s = progress.missed_s + situation.dt_s if missed else 0.0
        if (
            progress.missed_s < _MISSED_S
            and progress.in_step_s < 3.0 * self._slowness * step.duration_s + 5.0
        ):
            return None
        assert self._course is not None
        what = [step.kind.value, *([CARRIAGES[step.carriage]] if step.carriage is not None else [])]
        why = [self._strange(situation) if expect is Expect.SEEN else expect.value for expect in missing]
        number, count = progress.step + 1, len(self._course.plan.steps)
        text = f"step {number} of {count}, {' '.join(what)}: not measured: {', '.join(why)}"
        if self._undone_to is not None:
            self._instead.clear()
            self._undone_to = None
            return self._failed(f"{self.detail}; on the way back: {text}")
        if progress.tries == _TRIES_MORE:
            return None if self._give_up(self._course, text, situation) else self._failed(text)
        progress.tries += 1
        self._retries += 1
        progress.begin_step()
        self._instead = deque(self._course.tried_again(progress.step, progress.tries))
        return None

    def _failed(self, why: str) -> str:
        """Nothing more is done until the crossing is entered again, however late this is heard."""
        self.detail = self._refusal = why
        return "crossing_failed"

    def _give_up(self, course: Course, why: str, situation: Situation) -> bool:
        """Back to where all were clamped; False where that is too far: the robot stays as it stands."""
        self.detail = why
        self._instead.clear()
        back = course.way_back(self._progress.step, self._here_m(situation))
        if back is None or not back[1]:
            return False
        self._progress.begin_step()
        self._undone_to, steps = back
        self._instead.extend(steps)
        return True

    def _go_back(self, course: Course, situation: Situation) -> None:
        """Away from what was touched, with the rotor as it is; then the step again, or all undone."""
        index, here_m = self._progress.step, self._here_m(situation)
        planned = course.plan.steps[index]
        text = f"step {index + 1} of {len(course.plan.steps)}, {planned.kind.value}: contact"
        if self._undone_to is not None:
            self._undone_to, self._refusal = None, f"{text} on the way back"
            return
        to_m = here_m
        if planned.kind not in STATES:  # a carriage between its places must not roll
            to_m = max(here_m - _CONTACT_BACK_M, min(course.last_drive_from_m(index), here_m))
        back = course.drive(index, here_m, to_m)
        if self._progress.contacts >= _CONTACTS:
            self._give_up(course, f"{text} again", situation)
            self._undone_to = index if self._undone_to is None else self._undone_to
            self._instead.appendleft(back)
            return
        self._instead = deque((back, planned))
        if planned.kind is not StepKind.ADVANCE:
            self._instead.insert(1, course.drive(index, to_m, planned.s_m))

    def _carry_out(self, step: Step, wish: Wish, situation: Situation) -> None:
        """Wish for what the step needs."""
        motion = self._motion
        if motion.geared and step.kind is not StepKind.PARK_ROTOR:
            motion.turn_with_travel(wish, situation)
        if step.kind is StepKind.ADVANCE:
            self._drive(step, wish, situation)
            return
        motion.drive(wish, situation, 0.0, motion.acceleration_mps2())
        if step.kind in STATES and step.carriage is not None:
            motion.grip(wish, step.carriage, STATES[step.kind], motion.parameters.crossing_pinch_n)
        elif step.kind is StepKind.PARK_ROTOR and step.rotor_rad is not None:
            self._park(step, step.rotor_rad, wish, situation)
        elif step.kind is StepKind.RELEASE_ROTOR:
            if not motion.geared:  # WRAP draws the free cable up, as it does at every start
                motion.engage(situation)
        else:
            motion.guide(wish, situation, out=step.kind is StepKind.GUIDE_OUT)

    def _drive(self, step: Step, wish: Wish, situation: Situation) -> None:
        motion, progress = self._motion, self._progress
        left_m = step.s_m - self._here_m(situation)
        acceleration = motion.crossing_acceleration_mps2()
        if abs(left_m) < _ARRIVED_M:
            progress.arrived = True
        elif abs(left_m) > _OFF_M:
            progress.arrived = False
        speed = 0.0
        wind_mps = self._gusts.limit_mps(situation, rolling=motion.speed_mps != 0.0)
        if wind_mps < self._speed_mps:
            progress.in_step_s -= situation.dt_s  # waiting for the wind is no failure
        if wind_mps > 0.0 and not progress.arrived:
            top = min(self._speed_mps, wind_mps)
            if left_m < 0.0:
                top = BACK_MPS if left_m < -_CREEP_M else _CREEP_MPS
            speed = math.copysign(min(top, math.sqrt(2 * acceleration * abs(left_m)) + 0.003), left_m)
        motion.drive(wish, situation, speed, 1.5 * acceleration)

    def _park(self, step: Step, rotor_rad: float, wish: Wish, situation: Situation) -> None:
        motion = self._motion
        if self._progress.rotor_rad is None:
            motion.release()
            motion.parked = True
            self._progress.rotor_rad = self._parking_rad(step, rotor_rad, situation)
        motion.turn_to(wish, situation, self._progress.rotor_rad)

    def _parking_rad(self, step: Step, rotor_rad: float, situation: Situation) -> float:
        """Where it was geared the rotor may turn either way; from one parked angle to another only as planned."""
        assert self._course is not None
        if self._course.before(self._progress.step).rotor_rad is None:
            return self._motion.next_angle(situation, rotor_rad)
        profile, now_rad = self._motion.profile, situation.estimate.rotor_rad
        turn_s = step.duration_s - profile.times.confirm_s
        planned_rad = turn_s * math.radians(profile.rotor.park_speed_dps)
        short_rad = math.remainder(rotor_rad - now_rad, 2 * math.pi)
        ways_rad = short_rad, short_rad - math.copysign(2 * math.pi, short_rad)
        return now_rad + min(ways_rad, key=lambda way_rad: abs(abs(way_rad) - planned_rad))

    # ------------------------------------------------------------------ end

    def _finish(self, situation: Situation) -> str:
        assert self._ahead is not None
        self._cable.end(situation)
        self._route.passed(self._ahead.features[-1].at_m)
        self.detail = self._times.text
        return "crossing_done"
