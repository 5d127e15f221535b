"""The gate: the only way from a behaviour's wish to the wire (promises S2, S3, S11, S23).

`check` is pure. A mode allows some kinds of setpoint on some axes; everything else is dropped. What is
allowed is clipped to the limits and rates of its axis, starts from the last setpoint or from the measured
state, never releases a carriage unless the support rule is measured to hold without it, and is always a
finite number. What is dropped or clipped is named with its reason. The idea of a small pure gate with an
allow-list per mode is opendbc's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from robot.messages import GRIP, TRACTION, Axis, AxisMode, Mode, SensorFrame, Setpoints
from robot.parameters import Parameters
from robot.profile import Profile
from robot.quick import quick
from robot.safety import support

FEEDBACK_MAX_NS = 100_000_000  # older feedback ends sending (S4)

_HOLD, _VELOCITY, _POSITION, _EFFORT = (int(mode) for mode in AxisMode)
_ROTOR, _CABLE, _TRIM, _GUIDE = int(Axis.ROTOR), int(Axis.CABLE), int(Axis.TRIM), int(Axis.GUIDE)
_WHEELS, _GRIPS = tuple(map(int, TRACTION)), tuple(map(int, GRIP))
_NAMES = tuple(axis.name.lower() for axis in Axis)
_MOVE_M = 0.002  # a grip asked to a place that it misses by no more than this stands there already


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a mode allows. Kinds are the axis modes beside HOLD, which is always allowed."""

    travel: str  # "" no, "ramp" only towards rest, "forward" (back only to sway), "both"
    grip: str  # "" no, "close", "any"
    rotor: str  # "" no, "ramp" only while the wheels come to rest, "any"
    cable: frozenset[int]
    places: bool  # counterweight and guide


_NO_CABLE: frozenset[int] = frozenset()
_TENSION = frozenset({_EFFORT})
_TENSION_OR_FEED = frozenset({_EFFORT, _VELOCITY})

ALLOWED: Mapping[Mode, Allowance] = {
    Mode.SAFE: Allowance("", "", "", _NO_CABLE, False),
    Mode.READY: Allowance("ramp", "", "ramp", _TENSION, False),
    Mode.MANUAL: Allowance("both", "any", "any", _TENSION_OR_FEED, True),
    Mode.MOUNTING: Allowance("ramp", "close", "any", _TENSION_OR_FEED, True),
    Mode.TRAVEL: Allowance("both", "close", "any", _TENSION_OR_FEED, True),
    Mode.WRAP: Allowance("forward", "close", "any", _TENSION_OR_FEED, True),
    Mode.CROSSING: Allowance("both", "any", "any", _TENSION_OR_FEED, True),
    Mode.HOLD: Allowance("ramp", "close", "ramp", _TENSION, False),
    Mode.RETREAT: Allowance("both", "any", "any", _TENSION_OR_FEED, True),
    Mode.STOPPED: Allowance("ramp", "", "ramp", _TENSION, False),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of every axis, in its own units; made once from profile and parameters."""

    wheel_radius_m: float
    speed_mps: Mapping[Mode, float]
    sway_rps: float  # backwards where travel is forwards
    ramp_rps2: float  # slowest ramp of a wheel to rest
    velocity: tuple[float, ...]
    acceleration: tuple[float, ...]
    position: tuple[tuple[float, float], ...]
    effort: tuple[float, ...]
    tension_rate_nps: float
    support: support.SupportLimits

    @classmethod
    def of(cls, profile: Profile, parameters: Parameters) -> Bounds:
        limits, carriages, drives = profile.limits, profile.carriages, profile.drive
        radius_m = carriages.wheel_radius_m
        wheel_rps = limits.speed_max_mps / radius_m
        rotor_rps = profile.rotor.speed_max_rpm * 2 * math.pi / 60
        velocity = [drive.velocity_max for drive in drives]
        acceleration = [math.inf] * len(drives)
        effort = [drive.effort_max for drive in drives]
        for axis in TRACTION:
            velocity[axis] = min(velocity[axis], wheel_rps)
            acceleration[axis] = parameters.travel_accel_mps2 / radius_m
        for axis in GRIP:
            effort[axis] = min(effort[axis], carriages.pinch_max_n)
        velocity[Axis.ROTOR] = min(velocity[Axis.ROTOR], rotor_rps)
        acceleration[Axis.ROTOR] = parameters.rotor_accel_rps2
        acceleration[Axis.CABLE] = parameters.cable_accel_mps2
        return cls(
            wheel_radius_m=radius_m,
            speed_mps={
                **dict.fromkeys(Mode, 0.0),
                Mode.MANUAL: parameters.jog_speed_mps,
                Mode.TRAVEL: limits.speed_max_mps,
                Mode.WRAP: limits.speed_max_mps,
                Mode.CROSSING: profile.times.crossing_speed_mps,
                Mode.RETREAT: profile.times.crossing_speed_mps,
            },
            sway_rps=parameters.sway_speed_mps / radius_m,
            ramp_rps2=parameters.ramp_down_mps2 / radius_m,
            velocity=tuple(velocity),
            acceleration=tuple(acceleration),
            position=profile.axis_travel,
            effort=tuple(effort),
            tension_rate_nps=parameters.tension_rate_nps,
            support=support.SupportLimits.of(profile, parameters),
        )


@quick
@dataclass(frozen=True, slots=True)
class Gated:
    """What may leave, and what was dropped or clipped on the way."""

    setpoints: Setpoints
    denied: tuple[str, ...]  # "axis: reason"
    open: bool  # False: feedback is too old, send no setpoints
    garbage: bool  # the wish held something that is not a number


def closed(bounds: Bounds) -> Setpoints:
    """Every axis on its brake."""
    zeros = (0.0,) * len(Axis)
    return Setpoints((_HOLD,) * len(Axis), zeros, zeros, bounds.effort)


def check(
    mode: Mode,
    wish: Setpoints,
    last: Setpoints | None,
    frame: SensorFrame,
    bounds: Bounds,
    dt_s: float,
    speed_cap_mps: float = math.inf,
) -> Gated:
    """What of a wish may leave in this mode.

    Args:
        mode: mode in force.
        wish: what the behaviour wants.
        last: what left in the tick before; None after a start or a pause.
        frame: what is measured.
        bounds: limits of the axes.
        dt_s: time since `last`.
        speed_cap_mps: travel speed that the failsafe leaves.
    """
    if frame.t_ns - min(frame.axes.t_ns, frame.sensors.t_ns) > FEEDBACK_MAX_NS:
        return Gated(closed(bounds), ("all: feedback is too old",), False, False)
    axes = _Pass(mode, wish, closed(bounds) if last is None else last, frame, bounds, dt_s)
    axes.wheels(speed_cap_mps)
    axes.grips()
    axes.rotor()
    axes.cable()
    axes.place(_TRIM)
    axes.place(_GUIDE)
    return axes.result()


class _Pass:
    """One pass over the axes; lives for one call of `check`."""

    __slots__ = (
        "_allowance",
        "_bounds",
        "_denied",
        "_dt_s",
        "_feedforward",
        "_frame",
        "_garbage",
        "_last",
        "_limit",
        "_mode",
        "_rolling",
        "_speed_mps",
        "_target",
        "_wish",
    )

    def __init__(
        self, mode: Mode, wish: Setpoints, last: Setpoints, frame: SensorFrame, bounds: Bounds, dt_s: float
    ) -> None:
        self._allowance = ALLOWED[mode]
        self._speed_mps = bounds.speed_mps[mode]
        self._wish, self._last, self._frame, self._bounds, self._dt_s = wish, last, frame, bounds, dt_s
        self._mode, self._target = list(wish.mode), list(wish.target)
        self._feedforward, self._limit = list(wish.feedforward), list(wish.limit)
        self._denied: list[str] = []
        self._garbage = False
        self._rolling = False  # some wheel is told to turn

    def result(self) -> Gated:
        if not self._denied:
            return Gated(self._wish, (), True, False)
        mode, target = tuple(self._mode), tuple(self._target)
        passed = Setpoints(mode, target, tuple(self._feedforward), tuple(self._limit))
        return Gated(passed, tuple(self._denied), True, self._garbage)

    # ------------------------------------------------------------------ axes

    def wheels(self, cap_mps: float) -> None:
        """Travel: direction, speed and rate, and only while the robot is measured to hold."""
        travel = self._allowance.travel
        top_rps = min(self._speed_mps, cap_mps) / self._bounds.wheel_radius_m
        low_rps = -top_rps if travel == "both" else -min(top_rps, self._bounds.sway_rps)
        held = None
        for axis in _WHEELS:
            if self._mode[axis] == _HOLD:
                self._stand(axis)
                continue
            if held is None:
                held = self._supported()
            if travel == "":
                self._hold(axis, "no travel in this mode")
            elif self._mode[axis] != _VELOCITY:
                self._ramp(axis, "only speed setpoints")
            elif self._target[axis] != 0.0 and not held:
                self._ramp(axis, "the support rule is not measured to hold")
            elif travel == "ramp":
                self._speed(axis, *self._towards_rest(axis))
            else:
                self._speed(axis, low_rps, top_rps)
            self._rolling = self._rolling or self._target[axis] != 0.0

    def grips(self) -> None:
        """Carriages: closing where the mode lets a grip move at all, releasing only by the support rule."""
        for carriage, axis in enumerate(_GRIPS):
            if self._mode[axis] == _HOLD:
                self._stand(axis)
                continue
            position_m = self._frame.axes.position[axis]
            if self._allowance.grip == "":
                self._hold(axis, "no carriage changes in this mode")
            elif self._mode[axis] != _POSITION:
                self._hold(axis, "only position setpoints")
            elif not math.isfinite(position_m):
                self._hold(axis, "its position is not known")
            elif not self._releases(axis, position_m):
                self._place(axis)
                if self._limit[axis] < self._bounds.support.pinch_n:
                    self._keep_pinch(axis)
            elif (refusal := self._release_refusal(carriage)) != "":
                self._hold(axis, refusal)
            else:
                self._place(axis)

    def rotor(self) -> None:
        """In a mode that only comes to rest the rotor may follow while the wheels still turn."""
        allowed, kind = self._allowance.rotor, self._mode[_ROTOR]
        if kind == _HOLD:
            self._stand(_ROTOR)
        elif allowed == "":
            self._hold(_ROTOR, "no turning in this mode")
        elif allowed == "ramp" and not self._rolling:
            self._ramp(_ROTOR, "no turning in this mode")
        elif kind == _POSITION:
            self._follow()
        elif kind == _VELOCITY:
            self._speed(_ROTOR, -self._bounds.velocity[_ROTOR], self._bounds.velocity[_ROTOR])
        else:
            self._ramp(_ROTOR, "only speed or position setpoints")

    def cable(self) -> None:
        """Tension is kept while the robot stands, too; feeding is for the modes that move."""
        kind = self._mode[_CABLE]
        if kind == _HOLD:
            self._stand(_CABLE)
        elif kind not in self._allowance.cable:
            self._hold(_CABLE, "not in this mode")
        elif kind == _EFFORT:
            self._pull()
        else:
            self._speed(_CABLE, -self._bounds.velocity[_CABLE], self._bounds.velocity[_CABLE])

    def place(self, axis: int) -> None:
        """Counterweight and guide."""
        if self._mode[axis] == _HOLD:
            self._stand(axis)
        elif not self._allowance.places:
            self._hold(axis, "not in this mode")
        elif self._mode[axis] != _POSITION:
            self._hold(axis, "only position setpoints")
        else:
            self._place(axis)

    # ------------------------------------------------------------------ support rule

    def _supported(self) -> bool:
        """Measured to hold, with every carriage at a place where it can stay."""
        limits = self._bounds.support
        if support.all_closed(self._frame, limits):
            return True
        position = self._frame.axes.position
        settled = all(support.at_place(position[axis], limits) for axis in _GRIPS)
        return settled and support.holds(self._frame, limits)

    def _releases(self, axis: int, position_m: float) -> bool:
        """Whether a grip is asked away from the conductor. Only a place is meant within a tolerance: one for every
        target could be walked along, a little further in every tick, until nothing holds the robot."""
        target_m = self._target[axis]
        slack_m = _MOVE_M if target_m in self._bounds.support.places_m else 0.0
        return not target_m <= position_m + slack_m

    def _release_refusal(self, carriage: int) -> str:
        """Why this carriage must not be released now, "" = it may."""
        limits, position = self._bounds.support, self._frame.axes.position
        if self._allowance.grip != "any":
            return "no release in this mode"
        if self._rolling:
            return "no release while rolling"
        for other, axis in enumerate(_GRIPS):
            asked_m = position[axis] if self._mode[axis] == _HOLD else self._target[axis]
            moves = abs(asked_m - position[axis]) > support.PLACE_TOLERANCE_M
            if other != carriage and (moves or not support.at_place(position[axis], limits)):
                return "one carriage changes at a time"
        if not support.holds_without(carriage, self._target[_GRIPS[carriage]], self._frame, limits):
            return "the support rule would not hold without it"
        return ""

    def _keep_pinch(self, axis: int) -> None:
        """Only with all three closed may the pinch fall below what counts as loaded."""
        if not support.all_closed(self._frame, self._bounds.support):
            self._limit[axis] = self._bounds.support.pinch_n
            self._deny(axis, "pinch raised to what the support rule needs")

    # ------------------------------------------------------------------ kinds of setpoint

    def _stand(self, axis: int) -> None:
        """A wish to stand on the brake passes in every mode."""
        at_rest = self._target[axis] == 0.0 and self._feedforward[axis] == 0.0
        if not (at_rest and 0.0 <= self._limit[axis] <= self._bounds.effort[axis]):
            self._hold(axis, "a brake has no target")

    def _speed(self, axis: int, low: float, high: float) -> None:
        """Within the speeds allowed, as far as the rate lets it get there from the last speed."""
        change = self._bounds.acceleration[axis]
        before, step = self._speed_before(axis), change * self._dt_s
        low = min(max(low, before - step), before + step)
        high = min(max(high, before - step), before + step)
        if not self._take(axis, low, high, change):
            self._ramp(axis, "not a number")

    def _follow(self) -> None:
        """The rotor's angle: no further from its last place than it can turn in a tick."""
        went_on = self._last.mode[_ROTOR] == _POSITION
        before = self._last.target[_ROTOR] if went_on else self._frame.axes.position[_ROTOR]
        if not math.isfinite(before):
            self._ramp(_ROTOR, "its position is not known")
            return
        rate = self._bounds.velocity[_ROTOR]
        if not self._take(_ROTOR, before - rate * self._dt_s, before + rate * self._dt_s, rate):
            self._ramp(_ROTOR, "not a number")

    def _place(self, axis: int) -> None:
        low, high = self._bounds.position[axis]
        if not self._take(axis, low, high, self._bounds.velocity[axis]):
            self._hold(axis, "not a number")

    def _pull(self) -> None:
        """The cable's tension; a wish that is not a number leaves it as it was."""
        before = self._last.target[_CABLE] if self._last.mode[_CABLE] == _EFFORT else 0.0
        step, most = self._bounds.tension_rate_nps * self._dt_s, self._bounds.effort[_CABLE]
        if not self._take(_CABLE, max(before - step, 0.0), min(before + step, most), 0.0):
            self._put(_CABLE, _EFFORT, before, 0.0, "not a number")

    def _take(self, axis: int, low: float, high: float, rate: float) -> bool:
        """Clip an axis to its bounds: target, feed-forward and limit. False: one of them is not a number."""
        target, feedforward, limit = self._target[axis], self._feedforward[axis], self._limit[axis]
        most = self._bounds.effort[axis]
        if low <= target <= high and -rate <= feedforward <= rate and 0.0 <= limit <= most:
            return True
        if not all(map(math.isfinite, (target, feedforward, limit))):
            self._garbage = True
            return False
        self._target[axis] = min(max(target, low), high)
        self._feedforward[axis] = min(max(feedforward, -rate), rate)
        self._limit[axis] = min(max(limit, 0.0), most)
        self._deny(axis, f"{target:.4g} clipped to {self._target[axis]:.4g}")
        return True

    def _ramp(self, axis: int, reason: str) -> None:
        """Instead of what was wished: down to rest from the last speed, then the brake."""
        change = self._bounds.acceleration[axis]
        before, step = self._speed_before(axis), change * self._dt_s
        if abs(before) <= step:
            self._hold(axis, reason)
        else:
            down = math.copysign(1.0, before)
            self._put(axis, _VELOCITY, before - down * step, -down * change, reason)

    def _hold(self, axis: int, reason: str) -> None:
        self._put(axis, _HOLD, 0.0, 0.0, reason)

    # ------------------------------------------------------------------ helpers

    def _speed_before(self, axis: int) -> float:
        """Speed of the last setpoint; rest after a brake, whatever was wanted before it (S23)."""
        if self._last.mode[axis] == _VELOCITY:
            return self._last.target[axis]
        return self._last.feedforward[axis] if self._last.mode[axis] == _POSITION else 0.0

    def _towards_rest(self, axis: int) -> tuple[float, float]:
        """Speeds that bring a wheel to rest in bounded time."""
        before = self._speed_before(axis)
        left = math.copysign(max(abs(before) - self._bounds.ramp_rps2 * self._dt_s, 0.0), before)
        return min(left, 0.0), max(left, 0.0)

    def _put(self, axis: int, kind: int, target: float, feedforward: float, reason: str) -> None:
        self._mode[axis], self._limit[axis] = kind, self._bounds.effort[axis]
        self._target[axis], self._feedforward[axis] = target, feedforward
        self._deny(axis, reason)

    def _deny(self, axis: int, reason: str) -> None:
        self._denied.append(f"{_NAMES[axis]}: {reason}")
