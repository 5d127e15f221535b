"""What all behaviours share: the ramp of travel speed, the rotor's gear, the cable's tension, pinch and trim.

One `Motion` lives as long as the controller, so that phase, tension and speed are kept when the mode changes.
Every start is made from the measured state: after a stop nothing remembers an old target (promise S23).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from robot.behaviours.lay import LayGeometry, LayPoint
from robot.behaviours.wish import Situation, Wish
from robot.crossing.stance import HOME
from robot.line.line import Line
from robot.messages import GRIP, TRACTION, Axis, CarriageState, GuideSwitch, LayRecord
from robot.parameters import Parameters
from robot.profile import Profile

_STANDSTILL_MPS = 0.003
_DAMPING_NS_PER_M = 10.0  # of the cable's pay-out
_DAMPING_LATE_NS_PER_M = 2.0  # as much as is stable on feedback that is 60 ms old
_LATE_NS = 30_000_000
_BRAKE_MPS = 0.010  # slow enough for the spring brakes
_BRAKING_MPS = 0.030  # until they have closed, a slope may pull it as fast as this
_CROSSING_SHARE = 0.4
_LEAN_S = 5.0  # far longer than the body swings
_TURNING_RPS = 1.0  # slower turns tell nothing about the balance, and the counterweight can follow them
_TRIM_MAX_M, _LEAN_MAX_M = 0.030, 0.020
_LITTLE_BEHIND_RAD = math.radians(45.0)
_SWING_RPS2 = 0.6  # leans a body that is not locked by its pinch by less than 3 degrees


@dataclass(frozen=True, slots=True)
class _Swing:
    """A turn of the rotor under way: trapezoid in speed."""

    to_rad: float
    at_rad: float
    rate_rps: float

    def advanced(self, top_rps: float, acceleration_rps2: float, dt_s: float) -> _Swing:
        left_rad = self.to_rad - self.at_rad
        wanted_rps = math.copysign(min(top_rps, math.sqrt(2 * acceleration_rps2 * abs(left_rad))), left_rad)
        step_rps = acceleration_rps2 * dt_s
        rate_rps = self.rate_rps + min(max(wanted_rps - self.rate_rps, -1.5 * step_rps), step_rps)
        if abs(left_rad) <= abs(rate_rps) * dt_s or abs(left_rad) < 1e-4:
            return _Swing(self.to_rad, self.to_rad, 0.0)
        return _Swing(self.to_rad, self.at_rad + rate_rps * dt_s, rate_rps)


class Motion:
    """Shared motion of the robot along the conductor."""

    def __init__(self, profile: Profile, line: Line, parameters: Parameters) -> None:
        self.profile = profile
        self.line = line
        self.parameters = parameters
        diameter_m = line.conductor.diameter_m
        self.guide_out_m = profile.guide.out_radius_m(diameter_m)
        self.geometry = LayGeometry(diameter_m, line.cable.diameter_m, self.guide_out_m, line.pitch_m)
        self.guide_s_m = sum(profile.guide.s_m) / 2
        carriages = profile.carriages
        places_m = carriages.clamped_m, carriages.open_m, carriages.lifted_m
        self._grip_m = dict(zip(CarriageState, places_m, strict=True))
        self.turn_per_m = line.hand * 2 * math.pi / line.pitch_m
        times = profile.times
        self.crossing_speed_mps = min(times.crossing_speed_mps, _TURNING_RPS / abs(self.turn_per_m))
        self.lay: LayPoint | None = None  # set when the cable is on the conductor
        self.speed_mps = 0.0
        self.rest_mps2: float | None = (
            None  # how it comes to rest after it was driven by hand; None = as usual
        )
        self._braked = False
        self._last_lay_rad = math.nan
        self._gear: tuple[float, float] | None = (
            None  # rotor angle in space and travel at which the gear engaged
        )
        self._lean_rad = 0.0  # lasting, without the swing; only while geared
        self._tension_integral_n = 0.0
        self._draw_up_to_rad = 0.0
        self._trim_m = 0.0  # what the roll has taught about the balance
        self._lean_m = 0.0  # the counterweight's part against a lasting lean
        self.records: list[LayRecord] = []  # as built, since the controller last took them
        self._turns = 0  # completed since the lay began
        self._turns_from_rad: float | None = None
        self._turn_from_m = self._turn_paid_m = 0.0
        self.farthest_m = -math.inf  # travel up to which the robot has been
        self.free_from_m = math.nan  # travel from which it came with all clamped and the rotor geared
        self.parked = False  # the rotor stands still for a crossing, the cable lies straight
        self._swing: _Swing | None = None

    # ------------------------------------------------------------------ state

    def at_rest(self, situation: Situation) -> bool:
        return (
            self.speed_mps == 0.0
            and abs(situation.estimate.speed_mps) < _STANDSTILL_MPS
            and abs(situation.frame.axes.velocity[Axis.ROTOR]) < 0.02
        )

    def guide_at_m(self, situation: Situation) -> float:
        """Chainage of the guide's finger."""
        return situation.estimate.chainage_m + self.guide_s_m

    def observe(self, situation: Situation) -> None:
        """Follow the lay point; called once a tick whatever the mode."""
        travel_m = situation.estimate.travel_m
        self.farthest_m = max(self.farthest_m, travel_m)
        if math.isnan(self.free_from_m) or self.parked or situation.stance != HOME.carriages:
            self.free_from_m = travel_m
        guide_m = situation.frame.axes.position[Axis.GUIDE]
        lay_rad = self.line.hand * situation.estimate.rotor_abs_rad - self.geometry.trails_rad(guide_m)
        turned_rad = 0.0 if math.isnan(self._last_lay_rad) else lay_rad - self._last_lay_rad
        self._last_lay_rad = lay_rad
        if self.lay is not None:
            self.lay.advance(self.guide_at_m(situation), turned_rad)
            self._record_turn(self.lay, situation)

    def begin_lay(self, situation: Situation) -> None:
        """The first turn begins here; later calls change nothing."""
        if self.lay is not None and self._turns_from_rad is None:
            self._turns_from_rad = self.lay.turned_rad
            self._turn_from_m, self._turn_paid_m = self.lay.s_m, situation.estimate.paid_out_m
            self.record("begin", self.lay.s_m, self.lay.s_m, 0.0, situation)

    def end_lay(self, situation: Situation) -> None:
        """The lay ends here."""
        if self.lay is not None:
            self.record("end", self.lay.s_m, self.lay.s_m, 0.0, situation)

    def _record_turn(self, lay: LayPoint, situation: Situation) -> None:
        """Every completed turn goes into the as-built record, with the tension at which it closed."""
        if self._turns_from_rad is None:
            return
        turns = int((lay.turned_rad - self._turns_from_rad) / (2 * math.pi))
        if turns > self._turns:
            paid_m = situation.estimate.paid_out_m
            self.record("turn", self._turn_from_m, lay.s_m, paid_m - self._turn_paid_m, situation)
            self._turns, self._turn_from_m, self._turn_paid_m = turns, lay.s_m, paid_m

    def record(self, kind: str, from_m: float, to_m: float, length_m: float, situation: Situation) -> None:
        """Add to the as-built record; the controller takes it from here once a tick."""
        self.records.append(LayRecord(kind, from_m, to_m, situation.estimate.tension_n, length_m))

    def forget_speed(self) -> None:
        """Start again from rest: nothing of an earlier motion is taken over (promise S23)."""
        self.speed_mps = 0.0
        self.rest_mps2 = None
        self._gear = None
        self._swing = None

    # ------------------------------------------------------------------ travel

    def drive(self, wish: Wish, situation: Situation, speed_mps: float, acceleration_mps2: float) -> None:
        """Ramp towards `speed_mps` with all wheels that stand on the conductor; brakes at rest."""
        speed_mps = min(max(speed_mps, -situation.speed_cap_mps), situation.speed_cap_mps)
        step_mps = acceleration_mps2 * situation.dt_s
        before_mps = self.speed_mps
        self.speed_mps += min(max(speed_mps - self.speed_mps, -step_mps), step_mps)
        braked_mps = _BRAKING_MPS if self._braked else _BRAKE_MPS
        stands = self.speed_mps == 0.0 and speed_mps == 0.0
        self._braked = stands and abs(situation.estimate.speed_mps) < braked_mps
        if self._braked:
            return
        radius_m = self.profile.carriages.wheel_radius_m
        acceleration = (self.speed_mps - before_mps) / situation.dt_s / radius_m
        for axis, state in zip(TRACTION, situation.stance, strict=True):
            if state is not CarriageState.LIFTED:
                wish.velocity(axis, self.speed_mps / radius_m, acceleration)

    def acceleration_mps2(self) -> float:
        """What the rotor can follow without leaning the body too far (design, section 5)."""
        return min(0.25, self.parameters.rotor_accel_factor * self.line.pitch_m)

    def crossing_acceleration_mps2(self) -> float:
        """The same while crossing, where the body may lean three degrees only; a parked rotor does not lean it."""
        return self.acceleration_mps2() * (_CROSSING_SHARE if self.geared else 1.0)

    def grip(self, wish: Wish, carriage: int, state: CarriageState, pinch_n: float) -> None:
        """Bring one carriage into a state; self-locking, so that the wish may end when it is there."""
        limit_n = None
        if state is CarriageState.CLAMPED:
            limit_n = min(max(pinch_n, 1.0), self.profile.carriages.pinch_max_n)
        wish.position(GRIP[carriage], self._grip_m[state], 0.0, limit_n)

    def pinch(self, wish: Wish, situation: Situation, pinch_n: float) -> None:
        """The same pinch on all clamped carriages; the others keep their state."""
        for carriage, state in enumerate(situation.stance):
            if state is CarriageState.CLAMPED:
                self.grip(wish, carriage, state, pinch_n)

    # ------------------------------------------------------------------ rotor

    @property
    def geared(self) -> bool:
        return self._gear is not None

    def engage(self, situation: Situation) -> None:
        """Couple the rotor to travel at the phase that it has now."""
        self._gear = (situation.estimate.rotor_abs_rad, situation.estimate.travel_m)
        self._lean_rad = situation.estimate.roll_rad

    def release(self) -> None:
        self._gear = None

    def turn_with_travel(self, wish: Wish, situation: Situation) -> None:
        """Hold the rotor's absolute phase to the distance travelled; the body's lasting lean is taken out of it.

        It turns along with a body that swings: to hold it still in space it would have to be driven against the swing
        without any lag, and with lag its reaction feeds the swing (on an 8 mm conductor to more than 10 degrees).
        """
        if self._gear is None:
            self.engage(situation)
        assert self._gear is not None
        estimate = situation.estimate
        phase_rad, travel_m = self._gear
        in_space_rad = phase_rad + self.turn_per_m * (estimate.travel_m - travel_m)
        self._lean_rad += (estimate.roll_rad - self._lean_rad) * min(situation.dt_s / _LEAN_S, 1.0)
        self._turn(wish, in_space_rad - self._lean_rad, self.turn_per_m * estimate.speed_mps)

    def _turn(self, wish: Wish, rotor_rad: float, rate_rps: float) -> None:
        wish.position(Axis.ROTOR, rotor_rad, rate_rps, self.parameters.rotor_effort_nm)

    def begin_draw_up(self, situation: Situation) -> None:
        """Decide how far the rotor has to turn until the lay point is as near the guide as in steady lay."""
        free_m = self.guide_at_m(situation) - self.lay.s_m if self.lay is not None else 0.0
        turn_rad = self.geometry.turn_to_recover_rad(free_m)
        self._draw_up_to_rad = situation.estimate.rotor_rad + self.line.hand * turn_rad
        self.release()

    def draw_up(self, wish: Wish, situation: Situation) -> bool:
        """Turn at standstill as decided; True when the lay can go on geared, with the gear engaged."""
        if not self.turn_to(wish, situation, self._draw_up_to_rad):
            return False
        self.engage(situation)
        return True

    def coupling_error_rad(self, situation: Situation) -> float:
        """How far the rotor is from where the gear wants it; 0 when not geared."""
        if self._gear is None:
            return 0.0
        phase_rad, travel_m = self._gear
        wanted_rad = phase_rad + self.turn_per_m * (situation.estimate.travel_m - travel_m)
        return situation.estimate.rotor_abs_rad - wanted_rad

    def turn_to(self, wish: Wish, situation: Situation, rotor_rad: float) -> bool:
        """Swing the rotor at standstill to an angle relative to the body; True when it stands there."""
        if self._swing is None or self._swing.to_rad != rotor_rad:
            self._swing = _Swing(rotor_rad, situation.estimate.rotor_rad, 0.0)
        top_rps = math.radians(self.profile.rotor.park_speed_dps)
        self._swing = self._swing.advanced(top_rps, _SWING_RPS2, situation.dt_s)
        self._turn(wish, self._swing.at_rad, self._swing.rate_rps)
        near = abs(rotor_rad - situation.estimate.rotor_rad) < math.radians(0.7)
        arrived = near and abs(situation.frame.axes.velocity[Axis.ROTOR]) < 0.02
        if arrived:
            self._swing = None
        return arrived

    def next_angle(self, situation: Situation, rotor_rad: float) -> float:
        """The next continuous rotor angle, in the hand of the lay, that equals `rotor_rad` modulo a turn.

        One that lies a little behind is nearer: the cable lies straight from there on anyway.
        """
        now = situation.estimate.rotor_rad
        turn = 2 * math.pi
        ahead = (self.line.hand * (rotor_rad - now)) % turn
        if ahead > turn - _LITTLE_BEHIND_RAD:
            ahead -= turn
        return now + self.line.hand * ahead

    # ------------------------------------------------------------------ cable, trim, guide

    def keep_tension(self, wish: Wish, situation: Situation) -> None:
        """Hold the cable's tension with the cable drive; pay-out follows travel."""
        frame, tension_n = situation.frame, self.line.tension_n
        feed_mps = situation.estimate.speed_mps * self.geometry.length_factor
        error_n = tension_n - situation.estimate.tension_n
        if abs(error_n) < 0.5 * tension_n:  # slack is taken up first
            self._tension_integral_n = min(
                max(self._tension_integral_n + 2.0 * error_n * situation.dt_s, -5.0), 5.0
            )
        late = situation.t_ns - frame.axes.t_ns > _LATE_NS
        damping = _DAMPING_LATE_NS_PER_M if late else _DAMPING_NS_PER_M
        damping_n = damping * (frame.axes.velocity[Axis.CABLE] - feed_mps)
        wish.effort(Axis.CABLE, max(tension_n + 0.3 * error_n + self._tension_integral_n + damping_n, 0.0))

    def pay_slack(self, wish: Wish, situation: Situation, extra_mps: float) -> None:
        """Pay out more than travel takes."""
        self._tension_integral_n = 0.0
        wish.velocity(Axis.CABLE, max(situation.estimate.speed_mps, 0.0) + extra_mps)

    def balance(self, wish: Wish, situation: Situation, *, upright: bool = False) -> None:
        """Move the counterweight to where it balances cradle and coil.

        What the turning rotor tells corrects it: a cradle that is too heavy leans the body once per turn towards the
        side on which it is. `upright` holds the weight against a lasting lean, as of wind, which it can while the rotor
        turns as slowly as in a crossing: what the turning weight does comes and goes twice a turn.
        """
        estimate, parameters, dt_s = situation.estimate, self.parameters, situation.dt_s
        low_m, high_m = self.profile.trim.center_r_m
        coil_kg = max(estimate.coil_m, 0.0) * self.line.cable.mass_kg_per_m
        target_m = self.profile.trim_radius_m(coil_kg) + self._trim_m
        if upright:
            # over the way, because the pinch lets a body go with it; a parked one is locked and tells nothing
            step_m = parameters.upright_gain * estimate.roll_rad * abs(self.speed_mps) * dt_s
            self._lean_m = min(max(self._lean_m + step_m, -_LEAN_MAX_M), _LEAN_MAX_M)
            target_m += self._lean_m * math.sin(estimate.rotor_abs_rad)
        else:
            self._lean_m = 0.0
            if abs(estimate.rotor_rate_rps) > _TURNING_RPS and self.geared:
                step_m = parameters.trim_gain * estimate.imbalance_sin * dt_s
                self._trim_m = min(max(self._trim_m + step_m, -_TRIM_MAX_M), _TRIM_MAX_M)
        wish.position(Axis.TRIM, min(max(target_m, low_m), high_m))

    def guide(self, wish: Wish, situation: Situation, out: bool) -> bool:
        """Move the guide; True when its switch confirms the place."""
        wish.position(Axis.GUIDE, self.guide_out_m if out else self.profile.guide.retracted_m)
        wanted = GuideSwitch.OUT if out else GuideSwitch.RETRACTED
        return situation.frame.sensors.guide_switch == wanted

    # ------------------------------------------------------------------ stopping

    def come_to_rest(self, wish: Wish, situation: Situation) -> None:
        """Controlled stop: travel and rotor ramp down together, tension is kept, then brakes."""
        if self.at_rest(situation):
            self.rest_mps2 = None
        else:
            self.drive(wish, situation, 0.0, self.rest_mps2 or max(self.acceleration_mps2(), 0.10))
            if self._gear is not None:
                self.turn_with_travel(wish, situation)
        if self.lay is not None:
            self.keep_tension(wish, situation)
