"""The drives are released only when everything is as it must be; all that is not is told at once."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import pytest
import safety_cases as cases
from safety_cases import T_NS, estimate, frame

from robot.messages import AxisFault
from robot.modes.events import EVENTS
from robot.parameters import Parameters
from robot.safety import arming

NAN = math.nan
NONE = frozenset[str]()
READY = arming.Preparation(frame(), estimate(), NONE, cases.PARAMETERS)


def with_part(name: str, **changes: Any) -> arming.Preparation:
    return replace(
        READY, frame=replace(READY.frame, **{name: replace(getattr(READY.frame, name), **changes)})
    )


def with_parameter(**changes: float) -> arming.Preparation:
    return replace(READY, parameters=replace(cases.PARAMETERS, **changes))


REFUSALS: list[tuple[arming.Preparation, str]] = [
    (with_part("link", connected=False), "arm_link"),
    (with_part("link", identity_ok=False), "arm_identity"),
    (with_part("axes", t_ns=T_NS - 30_000_001), "arm_feedback"),
    (with_part("sensors", t_ns=T_NS - 30_000_001), "arm_feedback"),
    (with_part("imu", t_ns=T_NS - 30_000_001), "arm_feedback"),
    (with_part("safety", t_ns=T_NS - 500_000_001), "arm_feedback"),
    (with_part("axes", position=(NAN,) * 10), "arm_feedback"),
    (with_part("sensors", pinch_n=(NAN, 1.0, 1.0)), "arm_feedback"),
    (with_part("sensors", wheel_load_n=(1.0, 1.0, NAN)), "arm_feedback"),
    (with_part("safety", estop_closed=False), "arm_estop"),
    (with_part("safety", latched_stop=True), "arm_latched"),
    (with_part("axes", fault=(0,) * 9 + (AxisFault.ENCODER,)), "arm_drive_fault"),
    (with_part("axes", fault=(AxisFault.RESET,) + (0,) * 9), "arm_drive_fault"),
    (with_part("safety", watchdog_ms=0), "arm_watchdog"),
    (with_part("safety", watchdog_ms=151), "arm_watchdog"),
    (with_part("safety", watchdog_seen=False), "arm_watchdog_unseen"),
    (with_parameter(wrap_speed_mps=NAN), "arm_parameters"),
    (with_parameter(wrap_speed_mps=0.61), "arm_parameters"),
    (with_parameter(clearance_m=-0.001), "arm_parameters"),
    (replace(READY, frame=replace(READY.frame, log_ok=False)), "arm_log"),
    (replace(READY, estimate=estimate(battery_wh=59.9)), "arm_battery"),
    (replace(READY, estimate=estimate(battery_wh=NAN)), "arm_battery"),
    (replace(READY, estimate=estimate(coil_m=0.9)), "arm_coil"),
    (replace(READY, estimate=estimate(coil_m=NAN)), "arm_coil"),
    (replace(READY, estimate=estimate(rotor_abs_rad=NAN)), "arm_estimate"),
    (replace(READY, estimate=estimate(travel_m=math.inf)), "arm_estimate"),
    (replace(READY, active=frozenset({"encoder_wrong"})), "arm_condition"),
]


def test_a_robot_that_is_well_may_be_armed() -> None:
    assert arming.check(READY) == ()


@pytest.mark.parametrize(("preparation", "refusal"), REFUSALS)
def test_one_thing_wrong_is_told_by_its_name(preparation: arming.Preparation, refusal: str) -> None:
    assert arming.check(preparation) == (refusal,)


@pytest.mark.parametrize(
    "preparation",
    [
        with_part("axes", t_ns=T_NS - 30_000_000),
        with_part("safety", t_ns=T_NS - 500_000_000),
        with_part("safety", watchdog_ms=150),
        with_part("safety", watchdog_ms=1),
        with_part("axes", fault=(AxisFault.TIMEOUT,) * 10),
        with_parameter(wrap_speed_mps=0.60, clearance_m=0.0),
        replace(READY, estimate=estimate(battery_wh=60.0, coil_m=1.0)),
        replace(READY, active=frozenset({"link_noisy", "imu_lost"})),
    ],
)
def test_at_the_edge_it_may_still_be_armed(preparation: arming.Preparation) -> None:
    assert arming.check(preparation) == ()


def test_all_that_is_wrong_is_told_at_once() -> None:
    nothing_known = replace(
        READY,
        frame=replace(
            READY.frame,
            link=replace(READY.frame.link, connected=False, identity_ok=False),
            safety=replace(READY.frame.safety, watchdog_seen=False),
            log_ok=False,
        ),
    )
    assert arming.check(nothing_known) == ("arm_link", "arm_identity", "arm_watchdog_unseen", "arm_log")


def test_every_check_can_refuse_and_says_what_to_do() -> None:
    assert {refusal for _, refusal in REFUSALS} == set(arming.CHECKS)
    for name in arming.CHECKS:
        assert EVENTS[name].texts["en"].remedy
        assert EVENTS[name].texts["zh"].remedy


def test_every_parameter_has_a_range_that_holds_its_default() -> None:
    for field in fields(Parameters):
        assert field.metadata["low"] <= field.default <= field.metadata["high"], field.name
