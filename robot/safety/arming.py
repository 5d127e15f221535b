"""Arming: what must be right before the drives may move (promises S1, S4, S14, S17).

A list of small checks, each the id of an event whose text says what to do. All that fail are told at once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from robot.messages import AxisFault, Estimate, Mode, SensorFrame
from robot.parameters import Parameters
from robot.safety import failsafe

FEEDBACK_MAX_NS = 30_000_000
STATUS_MAX_NS = 500_000_000
WATCHDOG_MAX_MS = 150


@dataclass(frozen=True, slots=True)
class Preparation:
    """What the checks look at."""

    frame: SensorFrame
    estimate: Estimate
    active: frozenset[str]  # conditions that hold
    parameters: Parameters


def check(preparation: Preparation) -> tuple[str, ...]:
    """Ids of the events that forbid arming, in the order of `CHECKS`; empty = it may be armed."""
    return tuple(name for name, passes in CHECKS.items() if not passes(preparation))


def _feedback_is_fresh(preparation: Preparation) -> bool:
    frame = preparation.frame
    oldest_ns = min(frame.axes.t_ns, frame.sensors.t_ns, frame.imu.t_ns)
    measured = sum(frame.axes.position) + sum(frame.sensors.pinch_n) + sum(frame.sensors.wheel_load_n)
    return (
        frame.t_ns - oldest_ns <= FEEDBACK_MAX_NS
        and frame.t_ns - frame.safety.t_ns <= STATUS_MAX_NS
        and math.isfinite(measured)
    )


def _drives_are_well(preparation: Preparation) -> bool:
    # A drive that timed out while nothing was sent to it is as it should be.
    return all(fault in (AxisFault.NONE, AxisFault.TIMEOUT) for fault in preparation.frame.axes.fault)


def _parameters_are_in_range(preparation: Preparation) -> bool:
    parameters = preparation.parameters
    return all(
        field.metadata["low"] <= getattr(parameters, field.name) <= field.metadata["high"]
        for field in dataclasses.fields(parameters)
    )


def _estimate_is_finite(preparation: Preparation) -> bool:
    e = preparation.estimate
    return math.isfinite(e.chainage_m + e.travel_m + e.speed_mps + e.rotor_abs_rad)


CHECKS: Mapping[str, Callable[[Preparation], bool]] = {
    "arm_link": lambda p: p.frame.link.connected,
    "arm_identity": lambda p: p.frame.link.identity_ok,
    "arm_feedback": _feedback_is_fresh,
    "arm_estop": lambda p: p.frame.safety.estop_closed,
    "arm_latched": lambda p: not p.frame.safety.latched_stop,
    "arm_drive_fault": _drives_are_well,
    "arm_watchdog": lambda p: 0 < p.frame.safety.watchdog_ms <= WATCHDOG_MAX_MS,
    "arm_watchdog_unseen": lambda p: p.frame.safety.watchdog_seen,
    "arm_parameters": _parameters_are_in_range,
    "arm_log": lambda p: p.frame.log_ok,
    "arm_battery": lambda p: p.estimate.battery_wh >= p.parameters.battery_reserve_wh,
    "arm_coil": lambda p: p.estimate.coil_m >= p.parameters.coil_reserve_m,
    "arm_estimate": _estimate_is_finite,
    "arm_condition": lambda p: not failsafe.obstacles(Mode.READY, p.active),
}
