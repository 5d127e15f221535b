"""What a step of a crossing expects, held against what is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set

from robot.behaviours.motion import Motion
from robot.behaviours.route import Ahead
from robot.behaviours.wish import Situation
from robot.crossing.stance import CrossingPlan, Expect, Step, StepKind
from robot.messages import GRIP, Axis, CarriageState, GuideSwitch, SeenFeature
from robot.safety import support

_AT_ANGLE_RAD = math.radians(0.7)
_STILL_RPS = 0.02
_IN_VIEW_M = 0.45  # from the camera: nearer things leave its picture, and are known by travel alone
_AS_SEEN_M = 0.06  # what a feature may lie off its place before the plan does not fit any more

STATES = {
    StepKind.CLAMP: CarriageState.CLAMPED,
    StepKind.OPEN: CarriageState.OPEN,
    StepKind.LIFT: CarriageState.LIFTED,
    StepKind.LOWER: CarriageState.OPEN,
}
GUIDE = {StepKind.GUIDE_OUT: GuideSwitch.OUT, StepKind.GUIDE_RETRACT: GuideSwitch.RETRACTED}


class Measured:
    """Judges by the robot's own figures; keeps nothing."""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        self._limits = support.SupportLimits.of(motion.profile, motion.parameters)
        self._places_m = dict(zip(CarriageState, self._limits.places_m, strict=True))
        self._camera_m = motion.profile.camera.forward_s_m

    def missing(
        self, step: Step, situation: Situation, arrived: bool, rotor_rad: float | None, strange: str
    ) -> tuple[Expect, ...]:
        """What a step expects and what is not measured.

        Args:
            arrived: a drive has reached its place.
            rotor_rad: where the rotor is to stand, None = geared.
            strange: what is not seen where it is expected, "" = all is.
        """
        return tuple(
            expect
            for expect in map(Expect, step.expects)
            if not self._is_measured(expect, step, situation, arrived, rotor_rad, strange)
        )

    def _is_measured(
        self,
        expect: Expect,
        step: Step,
        situation: Situation,
        arrived: bool,
        rotor_rad: float | None,
        strange: str,
    ) -> bool:
        frame, parameters = situation.frame, self._motion.parameters
        sensors, axes = frame.sensors, frame.axes
        if expect is Expect.TRAVEL:
            return arrived and self._motion.at_rest(situation)
        if expect is Expect.SEEN:
            return strange == ""
        if expect is Expect.NO_CONTACT:
            return abs(axes.effort[Axis.ROTOR]) <= parameters.contact_torque_nm
        if expect is Expect.OTHERS_LOADED:
            return support.holds(frame, self._limits)
        if expect is Expect.GUIDE:
            return sensors.guide_switch == GUIDE[step.kind]
        if expect is Expect.ROTOR:
            if step.kind is StepKind.RELEASE_ROTOR:
                return self._motion.geared
            still = abs(axes.velocity[Axis.ROTOR]) < _STILL_RPS
            return (
                still and rotor_rad is not None and self.rotor_off_rad(situation, rotor_rad) < _AT_ANGLE_RAD
            )
        assert step.carriage is not None
        carriage, state = step.carriage, STATES[step.kind]
        if expect is Expect.PINCH:
            return sensors.pinch_n[carriage] > 0.5 * parameters.crossing_pinch_n
        if expect is Expect.LOADED:
            return sensors.wheel_load_n[carriage] > parameters.support_load_n
        off_m = abs(axes.position[GRIP[carriage]] - self._places_m[state])
        let_go = state is CarriageState.CLAMPED or sensors.pinch_n[carriage] < parameters.support_load_n
        return off_m <= support.PLACE_TOLERANCE_M / 2 and let_go

    def rotor_off_rad(self, situation: Situation, rotor_rad: float) -> float:
        """How far the rotor stands from an angle relative to the body."""
        return abs(math.remainder(situation.estimate.rotor_rad - rotor_rad, 2 * math.pi))

    def fits(self, step: Step, situation: Situation, here_m: float, tolerance_m: float) -> bool:
        """Whether the robot stands as it must to go on with a step; a carriage that it moves may be anywhere."""
        low_m, high_m = step.free_m
        if not low_m - tolerance_m <= here_m <= high_m + tolerance_m:
            return False
        carriages = zip(situation.stance, step.stance.carriages, strict=True)
        if any(is_now is not wanted for i, (is_now, wanted) in enumerate(carriages) if i != step.carriage):
            return False
        switch = GuideSwitch.OUT if step.stance.guide_out else GuideSwitch.RETRACTED
        if step.kind not in GUIDE and situation.frame.sensors.guide_switch != switch:
            return False
        parked_rad = step.rotor_rad
        if parked_rad is None or step.kind is StepKind.PARK_ROTOR:
            return True
        return self._motion.parked and self.rotor_off_rad(situation, parked_rad) < 6 * _AT_ANGLE_RAD

    def strange(
        self,
        ahead: Ahead,
        plan: CrossingPlan,
        seen: Sequence[SeenFeature],
        situation: Situation,
        here_m: float,
    ) -> str:
        """What the camera sees on the rest of the way that is not as planned, "" = nothing.

        Places are compared relative to the robot, as they stand in the plan.
        """
        carriages = self._motion.profile.carriages
        view_m = here_m + self._camera_m + _IN_VIEW_M
        end_m = plan.to_m + carriages.s_m[0] + carriages.half_length_m
        origin_m = situation.estimate.chainage_m - here_m
        planned = {(f.kind, f.at_m - ahead.anchor_m) for f in ahead.features}
        found = {(f.kind, f.at_m - origin_m) for f in seen if f.confirmed}
        for kind, at_m in sorted(found):
            if view_m < at_m < end_m and not _is_among(kind, at_m, planned):
                return f"{kind} at {at_m + origin_m:.2f} m was not planned for"
        for kind, at_m in sorted(planned):
            if view_m < at_m and not _is_among(kind, at_m, found):
                return f"{kind} is not seen at {at_m + origin_m:.2f} m any more"
        return ""


def _is_among(kind: str, at_m: float, others: Set[tuple[str, float]]) -> bool:
    return any(kind == other and abs(at_m - other_m) < _AS_SEEN_M for other, other_m in others)
