"""MANUAL: held-to-run jog of single axes, slow, with the stance guarded by the gate.

A jog lives as long as one setpoint: without a fresh message from the operator the axis stops.
"""

from __future__ import annotations

import math

from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish
from robot.messages import GRIP, TRACTION, Axis

_LIFE_NS = 200_000_000
_START_MPS2 = 0.5
_STOP_SHARE = 0.95  # of what the gate lets pass: what was let go stands as soon as it can
_CABLE_MPS = 0.2


class Manual:
    """Obeys `Action.JOG`: "axis:value" in units per second at the axis output, "travel:v" for all wheels."""

    detail = ""

    def __init__(self, motion: Motion) -> None:
        self._motion = motion
        profile, parameters = motion.profile, motion.parameters
        self._stop_mps2 = _STOP_SHARE * parameters.travel_accel_mps2
        wheel_rps = parameters.jog_speed_mps / profile.carriages.wheel_radius_m
        rotor_rps = math.radians(profile.rotor.park_speed_dps)
        self._most = {**dict.fromkeys(TRACTION, wheel_rps), Axis.ROTOR: rotor_rps, Axis.CABLE: _CABLE_MPS}
        self._jog: tuple[str, float] | None = None
        self._jog_t_ns = 0

    def enter(self, situation: Situation) -> None:
        self._motion.forget_speed()
        self._motion.rest_mps2 = self._stop_mps2
        self._jog = None

    def step(self, wish: Wish, situation: Situation) -> str | None:
        if situation.jog is not None:
            self._jog = _parse(situation.jog.argument)
            self._jog_t_ns = situation.t_ns
        if self._motion.lay is not None:
            self._motion.keep_tension(wish, situation)
        speed_mps = 0.0
        if self._jog is not None and situation.t_ns - self._jog_t_ns < _LIFE_NS:
            name, value = self._jog
            if name == "travel":
                limit = self._motion.parameters.jog_speed_mps
                speed_mps = min(max(value, -limit), limit)
            else:
                self._jog_axis(wish, situation, Axis[name.upper()], value)
        slower = abs(speed_mps) < abs(self._motion.speed_mps)
        self._motion.drive(wish, situation, speed_mps, self._stop_mps2 if slower else _START_MPS2)
        return None

    def _jog_axis(self, wish: Wish, situation: Situation, axis: Axis, value: float) -> None:
        if axis in TRACTION or axis in (Axis.ROTOR, Axis.CABLE):
            most = self._most[axis]
            wish.velocity(axis, min(max(value, -most), most))
        else:
            drive = self._motion.profile.drive[axis]
            limit = self._motion.parameters.wrap_pinch_n if axis in GRIP else drive.effort_max
            step = min(max(value, -drive.velocity_max), drive.velocity_max) * 0.1
            low_m, high_m = self._motion.profile.axis_travel[axis]
            target_m = min(max(situation.frame.axes.position[axis] + step, low_m), high_m)
            at_end = target_m in (low_m, high_m)  # it rests there, however long the key is held
            wish.position(axis, target_m, 0.0 if at_end else value, limit)


def _parse(argument: str) -> tuple[str, float] | None:
    """ "axis:value", or None when it is not one: a malformed jog moves nothing."""
    name, _, text = argument.partition(":")
    try:
        value = float(text)
    except ValueError:
        return None
    known = name == "travel" or name.upper() in Axis.__members__
    return (name, value) if known and abs(value) < 1e3 else None
