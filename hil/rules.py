"""The promises that hold in every instant, apart from clearances: limits, support rule, standstill, cable."""

from __future__ import annotations

import math
from operator import le

from hil.violations import Violations
from hil.world.truth import TruthState
from robot.messages import Axis, Mode
from robot.profile import Profile

PLACE_TOLERANCE_M = 0.005  # of a grip's place
RANGE_TOLERANCE_M = 0.003  # of trim and guide beyond their travel
LOADED_N = 20.0  # a carriage with less between wheel and roller does not hold
TOLERANCE = 0.02  # of drive limits
PINCH_TOLERANCE = 0.10  # the mounts give while a wheel rides over a tie
SPEED_TOLERANCE_MPS = 0.002
LOST_ROLL_RAD = math.radians(60.0)
STANDING = frozenset({Mode.SAFE, Mode.READY, Mode.HOLD, Mode.STOPPED})
SETTLE_S = 4.0  # for the ramp down after a mode that must stand was entered
CREEP_MPS = 0.02
LOST_TENSION = 0.10  # of the ordered tension: less is a loose or torn cable
LOST_TENSION_M = 0.80  # travelled so: more than a controlled stop takes

CARRIAGES = ("front", "middle", "rear")
GRIPS = tuple(f"grip_{name}" for name in CARRIAGES)


class Rules:
    """Holds the truth against the profile.

    Args:
        profile: the robot.
        length_m: of the line, pole to pole.
        tension_n: ordered.
        violations: where broken rules go.
    """

    def __init__(self, profile: Profile, length_m: float, tension_n: float, violations: Violations) -> None:
        self._profile = profile
        self._limits = profile.limits
        self._report = violations.report
        self._roll_rad = math.radians(profile.limits.roll_max_deg)
        self._roll_crossing_rad = math.radians(profile.limits.roll_crossing_max_deg)
        self._rotor_rps = profile.rotor.speed_max_rpm * 2 * math.pi / 60 * (1 + TOLERANCE)
        self._pinch_n = profile.carriages.pinch_max_n * (1 + PINCH_TOLERANCE)
        self._closed_m = profile.carriages.clamped_m + PLACE_TOLERANCE_M
        self._on_m = profile.carriages.open_m + PLACE_TOLERANCE_M
        self._lifted_m = profile.carriages.lifted_m
        self._effort = tuple(d.effort_max * (1 + TOLERANCE) for d in profile.drive)
        self._rate = tuple(d.velocity_max * (1 + TOLERANCE) for d in profile.drive)
        cable = profile.drive[Axis.CABLE]
        self._tension_max_n = cable.effort_max * profile.power.brake_factor  # what the capstan holds at most
        self._tension_lost_n = LOST_TENSION * tension_n
        self._tight_at_m: float | None = None  # where the cable last was tight
        self._front_m = profile.carriages.s_m[0] + profile.carriages.half_length_m
        self._back_m = min(profile.guide.s_m[0], profile.rotor.s_m - profile.rotor.width_m / 2)
        self._length_m = length_m
        self._standing_s: float | None = None  # since when the mode asks to stand

    def observe(self, truth: TruthState, mode: Mode, t_s: float) -> bool:
        """Judge one instant. False = the robot is no longer on the line and nothing else can be judged."""
        if not self._on_line(truth, t_s):
            return False
        self._motion(truth, mode, t_s)
        self._axes(truth, t_s)
        self._support(truth, t_s)
        return True

    def _on_line(self, truth: TruthState, t_s: float) -> bool:
        """On the conductor, and not against an end pole."""
        s_m, roll_rad = truth.s_m, truth.roll_rad
        there = math.isfinite(s_m + truth.speed_mps + roll_rad) and abs(roll_rad) < LOST_ROLL_RAD
        if not (there and truth.held):
            self._report(t_s, "lost", value=roll_rad, limit=LOST_ROLL_RAD, at_m=s_m)
            return False
        if s_m + self._back_m < 0.0:
            self._report(t_s, "end_pole", value=s_m + self._back_m, limit=0.0, at_m=0.0)
        elif s_m + self._front_m > self._length_m:
            end_m = self._length_m
            self._report(t_s, "end_pole", value=s_m + self._front_m, limit=end_m, at_m=end_m)
        return True

    def _motion(self, truth: TruthState, mode: Mode, t_s: float) -> None:
        limits, s_m = self._limits, truth.s_m
        speed_mps, roll_rad = abs(truth.speed_mps), abs(truth.roll_rad)
        if speed_mps > limits.speed_max_mps + SPEED_TOLERANCE_MPS:
            self._report(t_s, "speed", value=speed_mps, limit=limits.speed_max_mps, at_m=s_m)
        if roll_rad > self._roll_rad:
            self._report(t_s, "roll", value=math.degrees(roll_rad), limit=limits.roll_max_deg, at_m=s_m)
        if roll_rad > self._roll_crossing_rad and mode is Mode.CROSSING:
            limit_deg = limits.roll_crossing_max_deg
            self._report(t_s, "roll_crossing", value=math.degrees(roll_rad), limit=limit_deg, at_m=s_m)
        if abs(truth.rotor_rate_rps) > self._rotor_rps:
            rpm = abs(truth.rotor_rate_rps) * 30 / math.pi
            self._report(t_s, "rotor_speed", value=rpm, limit=self._profile.rotor.speed_max_rpm, at_m=s_m)
        mass_kg = self._profile.mass_kg(truth.coil_kg)
        if mass_kg > limits.mass_max_kg:
            self._report(t_s, "mass", value=mass_kg, limit=limits.mass_max_kg, at_m=s_m)
        if mode not in STANDING:
            self._standing_s = None
        elif self._standing_s is None:
            self._standing_s = t_s
        elif speed_mps > CREEP_MPS and t_s - self._standing_s > SETTLE_S:
            self._report(t_s, "standstill", value=speed_mps, limit=CREEP_MPS, at_m=s_m)

    def _axes(self, truth: TruthState, t_s: float) -> None:
        """Drives and pinch within their limits, axes within their travel."""
        s_m, trim, guide = truth.s_m, self._profile.trim, self._profile.guide
        if not (
            all(map(le, map(abs, truth.effort), self._effort))
            and all(map(le, map(abs, truth.velocity), self._rate))
        ):
            self._drives(truth, t_s)
        for i, (grip_m, pinch_n) in enumerate(zip(truth.grip_m, truth.pinch_n, strict=True)):
            if pinch_n > self._pinch_n:
                limit_n = self._profile.carriages.pinch_max_n
                self._report(t_s, "pinch", part=CARRIAGES[i], value=pinch_n, limit=limit_n, at_m=s_m)
            self._within(t_s, GRIPS[i], grip_m, 0.0, self._lifted_m, PLACE_TOLERANCE_M, s_m)
        self._within(t_s, "trim", truth.trim_r_m, *trim.center_r_m, RANGE_TOLERANCE_M, s_m)
        self._within(t_s, "guide", truth.guide_r_m, guide.out_m, guide.retracted_m, RANGE_TOLERANCE_M, s_m)

    def _drives(self, truth: TruthState, t_s: float) -> None:
        """Name the drives beyond their limits."""
        for i, (effort, rate) in enumerate(zip(truth.effort, truth.velocity, strict=True)):
            drive = self._profile.drive[i]
            if abs(effort) > self._effort[i]:
                limit = drive.effort_max
                self._report(t_s, "effort", part=drive.axis, value=abs(effort), limit=limit, at_m=truth.s_m)
            if abs(rate) > self._rate[i]:
                limit = drive.velocity_max
                self._report(t_s, "rate", part=drive.axis, value=abs(rate), limit=limit, at_m=truth.s_m)

    def _within(
        self, t_s: float, axis: str, value: float, low: float, high: float, tolerance: float, s_m: float
    ) -> None:
        if not low - tolerance <= value <= high + tolerance:
            self._report(t_s, "range", part=axis, value=value, limit=low if value < low else high, at_m=s_m)

    def _support(self, truth: TruthState, t_s: float) -> None:
        """The support rule: two on, one of them clamped and loaded, one changes at a time, the rear off only
        while the front holds.
        """
        front, middle, rear = truth.grip_m
        closed_m = self._closed_m
        if front <= closed_m and middle <= closed_m and rear <= closed_m:
            return
        on = [grip_m <= self._on_m for grip_m in truth.grip_m]
        holds = [self._holds(truth, i) for i in range(3)]
        moving = sum(self._between(grip_m) for grip_m in truth.grip_m)
        s_m = truth.s_m
        if sum(on) < 2:
            self._report(t_s, "support", part="on the conductor", value=float(sum(on)), limit=2.0, at_m=s_m)
        if not any(holds):
            self._report(t_s, "support", part="clamped and loaded", value=0.0, limit=1.0, at_m=s_m)
        if moving > 1:
            self._report(t_s, "support", part="changing", value=float(moving), limit=1.0, at_m=s_m)
        if not on[2] and not holds[0]:
            self._report(t_s, "support", part="rear off, front free", value=0.0, limit=1.0, at_m=s_m)

    def _holds(self, truth: TruthState, i: int) -> bool:
        return truth.grip_m[i] <= self._closed_m and truth.wheel_load_n[i] + truth.pinch_n[i] >= LOADED_N

    def _between(self, grip_m: float) -> bool:
        """Neither clamped, open nor lifted."""
        if grip_m <= self._closed_m or grip_m >= self._lifted_m - PLACE_TOLERANCE_M:
            return False
        return abs(grip_m - self._profile.carriages.open_m) > PLACE_TOLERANCE_M

    def observe_cable(self, truth: TruthState, lay_end_m: float, t_s: float) -> None:
        """Judge the cable once the lay has begun: not torn, not loose, not under the rear wheel."""
        s_m = truth.s_m
        if truth.tension_n > self._tension_max_n:
            self._report(t_s, "tension", value=truth.tension_n, limit=self._tension_max_n, at_m=s_m)
        if truth.tension_n >= self._tension_lost_n or self._tight_at_m is None:
            self._tight_at_m = s_m
        loose_m = abs(s_m - self._tight_at_m)
        if loose_m > LOST_TENSION_M:
            self._report(t_s, "tension_lost", value=loose_m, limit=LOST_TENSION_M, at_m=s_m)
        wheel_m = s_m + self._profile.carriages.s_m[2]
        if wheel_m < lay_end_m and truth.grip_m[2] <= self._on_m:
            self._report(t_s, "wheel_on_cable", part="rear wheel", value=wheel_m, limit=lay_end_m, at_m=s_m)
