"""CROSSING: carries out a plan step by step, each step only after the last one was measured to be done.

The plan's places are relative to the group's first feature. They are tied to odometric travel once, at the start,
when the camera has just seen the feature from near; from then on wheels and odometer carry the robot over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from robot.behaviours.motion import Motion
from robot.behaviours.route import Ahead, Route
from robot.behaviours.wish import Situation, Wish
from robot.crossing.stance import CrossingPlan, Step, StepKind
from robot.line import catalogue
from robot.messages import GRIP, Axis, CarriageState, CrossingStatus
from robot.safety.support import PLACE_TOLERANCE_M

_ARRIVED_M = 0.002
_OFF_M = 0.006  # this far from its place a step has not arrived after all
_GUST_SHARE, _GUST_MORE, _GUST_MOST = (
    0.75,
    0.07,
    0.88,
)  # lean that stops an advance, as shares of the roll limit
_GUST_RPS, _GUST_S = 0.012, 2.0  # how fast outwards; how long to stand then
_SWING_S = 0.4  # a locked body trembles faster than this; a gust is slower
_STRAIGHT = 4.0  # cable with less than a quarter of the ordered turns counts as straight
_BACK_MPS = 0.02  # to make up for a place that was overrun
_LOADED_N = 20.0
_TIED_M = (
    0.13  # with the guide this far past a pole's middle the tie holds the cable and what slack lies behind
)
_SLACK_MPS = 0.5

_CARRIAGE_STEPS = {
    StepKind.CLAMP: CarriageState.CLAMPED,
    StepKind.OPEN: CarriageState.OPEN,
    StepKind.LIFT: CarriageState.LIFTED,
    StepKind.LOWER: CarriageState.OPEN,
}


@dataclass(slots=True)
class _Progress:
    """Where the crossing stands."""

    step: int = 0
    in_step_s: float = 0.0
    confirmed_s: float = 0.0
    rotor_rad: float | None = None  # where the rotor is being parked
    arrived: bool = False  # an advance has reached its place and only comes to rest


class Crossing:
    """Reports `crossing_done` or `crossing_failed`; `status` tells console and log where it stands."""

    def __init__(self, motion: Motion, route: Route) -> None:
        self._motion = motion
        self._route = route
        self._ahead: Ahead | None = None
        self._plan: CrossingPlan | None = None
        self._progress = _Progress()
        self._travel_origin_m = 0.0
        self._parked_from_m: float | None = None
        self._slack_m: dict[float, float] = {}  # pole's middle, relative -> slack paid out there
        self._lean_rad = self._roll_rate_rps = 0.0
        self._calm_s = math.inf  # since the last gust that stopped an advance
        # a fine pitch is crossed more slowly than the plan's times say
        self._slowness = motion.profile.times.crossing_speed_mps / motion.crossing_speed_mps
        self.detail = ""

    @property
    def status(self) -> CrossingStatus | None:
        if self._plan is None:
            return None
        index = min(self._progress.step, len(self._plan.steps) - 1)
        step = self._plan.steps[index]
        return CrossingStatus(
            index, len(self._plan.steps), step.kind.value, "; ".join(step.expects), step.reversible
        )

    @property
    def mid_way(self) -> bool:
        """Whether some carriage is open or lifted, or the rotor parked, because of the crossing."""
        return self._plan is not None and 0 < self._progress.step < len(self._plan.steps)

    def begin(self, ahead: Ahead, situation: Situation) -> None:
        """Take up a new plan. Its places are tied to travel here, with the feature just seen from near."""
        assert isinstance(ahead.plan, CrossingPlan)
        self._ahead, self._plan = ahead, ahead.plan
        self._progress = _Progress()
        self._travel_origin_m = situation.estimate.travel_m + ahead.anchor_m - situation.estimate.chainage_m
        self._parked_from_m = None
        self._slack_m = {
            f.at_m - ahead.anchor_m: 0.0 for f in ahead.features if f.kind in catalogue.INSULATORS
        }

    def enter(self, situation: Situation) -> None:
        """Go on from the measured state, also after a HOLD in the middle."""
        self._motion.forget_speed()
        self._progress.in_step_s = self._progress.confirmed_s = 0.0
        self._progress.rotor_rad = None
        self._progress.arrived = False
        if not self._motion.parked:
            self._motion.engage(situation)

    def step(self, wish: Wish, situation: Situation) -> str | None:
        plan, progress = self._plan, self._progress
        if plan is None:
            self.detail = "no plan"
            return "crossing_failed"
        motion = self._motion
        motion.balance(wish, situation, upright=True)
        motion.pinch(wish, situation, motion.parameters.crossing_pinch_n)
        self._feed_cable(wish, situation)
        if progress.step == len(plan.steps):
            return self._finish(situation)
        step = plan.steps[progress.step]
        progress.in_step_s += situation.dt_s
        carried_out = self._carry_out(step, wish, situation)
        if carried_out:
            progress.confirmed_s += situation.dt_s
        else:
            progress.confirmed_s = 0.0
            if progress.in_step_s > 3.0 * self._slowness * step.duration_s + 5.0:
                self.detail = (
                    f"step {progress.step + 1} of {len(plan.steps)}, {step.kind.value}: not confirmed in time"
                )
                return "crossing_failed"
        if carried_out and progress.confirmed_s >= self._confirm_s(step):
            self._done(step, situation)
        return None

    # ------------------------------------------------------------------ steps

    def _confirm_s(self, step: Step) -> float:
        return 0.0 if step.kind is StepKind.RELEASE_ROTOR else self._motion.profile.times.confirm_s

    def _done(self, step: Step, situation: Situation) -> None:
        self._progress.step += 1
        self._progress.in_step_s = self._progress.confirmed_s = 0.0
        self._progress.rotor_rad = None
        self._progress.arrived = False
        if step.kind is StepKind.RELEASE_ROTOR:
            self._end_unwrapped(situation)

    def _carry_out(self, step: Step, wish: Wish, situation: Situation) -> bool:
        """Wish for what the step needs; True while it is measured to be done."""
        motion = self._motion
        if motion.geared and step.kind is not StepKind.PARK_ROTOR:
            motion.turn_with_travel(wish, situation)
        if step.kind is StepKind.ADVANCE:
            return self._advance(step, wish, situation)
        motion.drive(wish, situation, 0.0, motion.acceleration_mps2())
        if step.kind in _CARRIAGE_STEPS and step.carriage is not None:
            return self._move_carriage(step.carriage, _CARRIAGE_STEPS[step.kind], wish, situation)
        if step.kind is StepKind.PARK_ROTOR and step.rotor_rad is not None:
            return self._park(step.rotor_rad, wish, situation)
        if step.kind is StepKind.RELEASE_ROTOR:
            if self._progress.rotor_rad is None:
                motion.begin_draw_up(situation)
                self._progress.rotor_rad = 0.0
            drawn_up = motion.geared or motion.draw_up(wish, situation)
            return drawn_up or self._is_last_step  # what comes after the crossing goes on with it
        return motion.guide(wish, situation, out=step.kind is StepKind.GUIDE_OUT)

    @property
    def _is_last_step(self) -> bool:
        return self._plan is not None and self._progress.step + 1 == len(self._plan.steps)

    def _advance(self, step: Step, wish: Wish, situation: Situation) -> bool:
        motion = self._motion
        left_m = step.s_m + self._travel_origin_m - situation.estimate.travel_m
        acceleration = motion.crossing_acceleration_mps2()
        if abs(left_m) < _ARRIVED_M:
            self._progress.arrived = True
        elif abs(left_m) > _OFF_M:
            self._progress.arrived = False
        speed = 0.0
        self._calm_s = 0.0 if self._leans(situation) else self._calm_s + situation.dt_s
        if self._calm_s < _GUST_S:
            self._progress.in_step_s -= situation.dt_s  # waiting for the wind is no failure
        elif not self._progress.arrived:
            top = motion.crossing_speed_mps if left_m > 0.0 else _BACK_MPS
            speed = math.copysign(min(top, math.sqrt(2 * acceleration * abs(left_m)) + 0.003), left_m)
        motion.drive(wish, situation, speed, 1.5 * acceleration)
        return self._progress.arrived and motion.at_rest(situation)

    def _leans(self, situation: Situation) -> bool:
        """A gust leans the rolling body further outwards; standing still locks it before it leans too far.

        A lean that is still there after the wait is not a gust: the next stop comes a little later.
        """
        estimate = situation.estimate
        self._roll_rate_rps += (estimate.roll_rate_rps - self._roll_rate_rps) * min(
            situation.dt_s / _SWING_S, 1.0
        )
        if self._motion.speed_mps == 0.0:
            return False
        roll_rad = abs(estimate.roll_rad)
        outwards_rps = math.copysign(1.0, estimate.roll_rad) * self._roll_rate_rps
        limit_rad = math.radians(self._motion.profile.limits.roll_crossing_max_deg)
        if roll_rad < _GUST_SHARE * limit_rad:
            self._lean_rad = _GUST_SHARE * limit_rad
            return False
        if roll_rad <= self._lean_rad or outwards_rps < _GUST_RPS:
            return False
        self._lean_rad = min(roll_rad + _GUST_MORE * limit_rad, _GUST_MOST * limit_rad)
        return True

    def _move_carriage(self, carriage: int, state: CarriageState, wish: Wish, situation: Situation) -> bool:
        motion = self._motion
        motion.grip(wish, carriage, state, motion.parameters.crossing_pinch_n)
        off_m = abs(situation.frame.axes.position[GRIP[carriage]] - wish.target[GRIP[carriage]])
        if off_m > PLACE_TOLERANCE_M / 2:
            return False
        sensors = situation.frame.sensors
        if state is CarriageState.CLAMPED:
            pinched = sensors.pinch_n[carriage] > 0.5 * motion.parameters.crossing_pinch_n
            return pinched and sensors.wheel_load_n[carriage] > _LOADED_N
        return sensors.pinch_n[carriage] < _LOADED_N

    def _park(self, rotor_rad: float, wish: Wish, situation: Situation) -> bool:
        motion = self._motion
        if self._progress.rotor_rad is None:
            motion.release()
            motion.parked = True
            self._progress.rotor_rad = motion.next_angle(situation, rotor_rad)
            if motion.lay is not None and self._parked_from_m is None:
                self._parked_from_m = motion.lay.s_m
        return motion.turn_to(wish, situation, self._progress.rotor_rad)

    # ------------------------------------------------------------------ cable

    def _feed_cable(self, wish: Wish, situation: Situation) -> None:
        """Tension, and once over each pole its slack; the tie then holds the cable."""
        motion = self._motion
        wanted_m = motion.parameters.slack_per_pole_m
        guide_m = situation.estimate.travel_m - self._travel_origin_m + motion.guide_s_m
        if not motion.geared:
            for pole_m, paid_m in self._slack_m.items():
                if pole_m < guide_m < pole_m + _TIED_M:
                    extra_mps = min(_SLACK_MPS, max(wanted_m - paid_m, 0.0) / situation.dt_s)
                    motion.pay_slack(wish, situation, extra_mps)
                    feed_mps = situation.frame.axes.velocity[Axis.CABLE] - situation.estimate.speed_mps
                    self._slack_m[pole_m] = paid_m + feed_mps * situation.dt_s
                    return
                if guide_m > pole_m + _TIED_M and motion.lay is not None:
                    motion.lay.hold_at(pole_m + situation.estimate.chainage_m - self._plan_m(situation))
        motion.keep_tension(wish, situation)

    def _plan_m(self, situation: Situation) -> float:
        """The middle carriage's place in the plan's coordinates."""
        return situation.estimate.travel_m - self._travel_origin_m

    def _end_unwrapped(self, situation: Situation) -> None:
        lay = self._motion.lay
        if lay is None or self._parked_from_m is None:
            self._motion.parked = False
            return
        motion, from_m = self._motion, self._parked_from_m
        # a long free cable is drawn up in turns so long that their beginning counts as straight too
        to_m = max(lay.s_m, motion.guide_at_m(situation) - _STRAIGHT * motion.geometry.lag_m)
        motion.record("unwrapped", from_m, to_m, to_m - from_m, situation)
        for slack_m in self._slack_m.values():
            if slack_m > 0.0:
                motion.record("slack", from_m, to_m, slack_m, situation)
        self._parked_from_m = None
        self._motion.parked = False

    # ------------------------------------------------------------------ begin and end

    def _finish(self, situation: Situation) -> str:
        assert self._ahead is not None
        self._end_unwrapped(situation)
        self._route.passed(self._ahead.features[-1].at_m)
        self._plan = self._ahead = None
        return "crossing_done"
