"""What a VESC is told, so that it does what a setpoint means; what it cannot do is held by braking, and told.

It turns no slower than a least speed, below which it lets go of the motor; it has no limit of effort that goes
with a speed, and no position over more than one turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.drivers.axis import AxisSetpoint, AxisState
from firmware_bridge.drivers.vesc_codec import set_current, set_rpm
from firmware_bridge.drivers.vesc_feedback import VescAxis
from robot.messages import AxisLimit, AxisMode
from robot.quick import quick

_HOLD, _VELOCITY, _EFFORT = AxisMode.HOLD, AxisMode.VELOCITY, AxisMode.EFFORT  # looked up once


@quick
@dataclass(frozen=True, slots=True)
class Order:
    """A command, and what is to be told with it."""

    payload: bytes
    turns: bool = False  # it must be seen to turn
    limit: AxisLimit = AxisLimit.NONE
    hint: str = ""


def order_for(setpoint: AxisSetpoint, wiring: VescAxis, brake: Callable[[], bytes]) -> Order:
    """
    Args:
        brake: gives the command that brakes it as it is now.
    """
    if not (math.isfinite(setpoint.target) and math.isfinite(setpoint.limit)):
        return Order(brake(), False, AxisLimit.INVALID, "setpoint is not a number: held")
    if setpoint.mode == _VELOCITY:
        return _turn(setpoint.target, setpoint.limit, wiring, brake)
    if setpoint.mode == _EFFORT:
        return _push(setpoint.target, setpoint.limit, wiring)
    if setpoint.mode == _HOLD:
        return Order(brake())
    return Order(brake(), False, AxisLimit.INVALID, "a VESC has no position over several turns: held")


def as_measured(setpoint: AxisSetpoint, state: AxisState) -> AxisSetpoint:
    """The setpoint with which a mode begins: to go on as it is (promise S23)."""
    target = state.velocity if setpoint.mode == _VELOCITY else state.effort
    return AxisSetpoint(setpoint.mode, target, 0.0, setpoint.limit)


def _turn(velocity: float, limit: float, wiring: VescAxis, brake: Callable[[], bytes]) -> Order:
    erpm = velocity / wiring.per_erpm
    if velocity == 0.0:
        return Order(brake())
    if limit < 0.999 * wiring.effort_max:
        return Order(brake(), False, AxisLimit.EFFORT, "a VESC has no limit of effort at a speed: held")
    if abs(erpm) < wiring.erpm_min:
        hint = f"{velocity:.3g} is slower than {wiring.speed_min:.3g}: held"
        return Order(brake(), False, AxisLimit.VELOCITY, hint)
    if abs(erpm) > wiring.erpm_max:
        fastest = math.copysign(wiring.erpm_max, erpm)
        return Order(set_rpm(fastest), True, AxisLimit.VELOCITY, "faster than its largest speed")
    return Order(set_rpm(erpm), True)


def _push(effort: float, limit: float, wiring: VescAxis) -> Order:
    most = min(max(limit, 0.0), wiring.effort_max)
    payload = set_current(min(max(effort, -most), most) / wiring.effort_per_a)
    return Order(payload, False, AxisLimit.EFFORT) if abs(effort) > most else Order(payload)
