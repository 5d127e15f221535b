"""Support rule, balance and grip of a stance, against levers and friction by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from crossing_cases import CLAMPED, LIFTED, OPEN, PROFILE, STATES

from robot.crossing.search import either_way_fault
from robot.crossing.stance import Context, Risk, gust_mps, stance_fault, supports, wheel_loads_n
from robot.parameters import Parameters

ALL = (CLAMPED, CLAMPED, CLAMPED)
REAR_UP = (CLAMPED, CLAMPED, LIFTED)
FULL_KG = 370 * 0.0127


def test_the_support_rule_over_all_27_stances() -> None:
    for carriages in itertools.product(STATES, repeat=3):
        on, clamped = 3 - carriages.count(LIFTED), carriages.count(CLAMPED)
        hangs = carriages[2] is LIFTED and carriages[0] is not CLAMPED
        assert supports(carriages) == (on >= 2 and clamped >= 1 and not hangs)
    assert sum(supports(c) for c in itertools.product(STATES, repeat=3)) == 15


@pytest.mark.parametrize("carriages", [ALL, REAR_UP, (LIFTED, CLAMPED, OPEN), (CLAMPED, LIFTED, CLAMPED)])
@pytest.mark.parametrize("slope_deg", [-15.0, 0.0, 15.0])
def test_the_loads_carry_weight_and_moment(carriages: tuple, slope_deg: float) -> None:  # type: ignore[type-arg]
    slope = math.radians(slope_deg)
    loads = wheel_loads_n(PROFILE, carriages, FULL_KG, slope)
    weight = PROFILE.mass_kg(FULL_KG) * 9.81 * math.cos(slope)
    assert sum(loads) == pytest.approx(weight)
    turning_kg = 1.5 + 3.0 + 6.5 + FULL_KG
    across = 9.81 * math.cos(slope) * (17.0 * 0.35 - turning_kg * 0.95)
    along = 9.81 * math.sin(slope) * (17.0 * 0.10 - 3 * 2.2 * 0.03)
    assert loads[0] * 0.65 - loads[2] * 0.65 == pytest.approx(across + along)


def test_with_the_rear_lifted_the_front_hangs_on_its_roller_within_the_limit() -> None:
    front, middle, rear = wheel_loads_n(PROFILE, REAR_UP, FULL_KG, 0.0)
    assert rear == 0.0
    assert -PROFILE.carriages.hang_max_n < front < -100.0
    assert middle > 500.0
    assert stance_fault(PROFILE, REAR_UP, Context(coil_kg=FULL_KG), 0.0) is None


def test_too_much_coil_for_the_front_roller_is_a_fault_of_balance() -> None:
    fault = stance_fault(PROFILE, REAR_UP, Context(coil_kg=9.0), 0.0)
    assert fault is not None
    assert fault[0] == "balance"
    assert "front carriage would hang" in fault[1]


def test_an_open_carriage_cannot_hang() -> None:
    """Ten times the coil turns the robot over its rear: an open front comes off and the other two carry."""
    loads = wheel_loads_n(PROFILE, (OPEN, CLAMPED, CLAMPED), 40.0, 0.0)
    assert loads[0] == 0.0
    assert sum(loads) == pytest.approx(PROFILE.mass_kg(40.0) * 9.81)
    assert wheel_loads_n(PROFILE, ALL, 40.0, 0.0)[0] < 0.0


def test_more_than_the_load_cell_takes_is_a_fault_of_balance() -> None:
    weaker = PROFILE.carriages.model_copy(update={"wheel_load_max_n": 500.0})
    fault = stance_fault(
        PROFILE.model_copy(update={"carriages": weaker}), REAR_UP, Context(coil_kg=FULL_KG), 0.0
    )
    assert fault is not None
    assert fault[0] == "balance"
    assert "middle carriage would carry 5" in fault[1]
    assert stance_fault(PROFILE, REAR_UP, Context(coil_kg=FULL_KG), 0.0) is None


def test_a_lone_clamped_carriage_that_carries_nothing_does_not_count() -> None:
    context = Context(coil_kg=FULL_KG, loaded_n=100.0)
    assert stance_fault(PROFILE, (CLAMPED, OPEN, OPEN), context, 0.0) == (
        "support",
        "no clamped carriage would be loaded",
    )
    assert stance_fault(PROFILE, (OPEN, CLAMPED, OPEN), context, 0.0) is None


@pytest.mark.parametrize(
    ("carriages", "friction", "pinch_n", "holds_deg"),
    [
        (ALL, 0.45, 0.0, 20.0),  # design: dry 20 degrees is easy
        (ALL, 0.20, 0.0, 8.0),  # wet 8 degrees without pinch
        ((CLAMPED, CLAMPED, OPEN), 0.20, 400.0, 27.0),  # wet 27 with two at 400 N
        ((OPEN, CLAMPED, OPEN), 0.20, 400.0, 15.0),  # wet 17 with one, by its own load alone
    ],
)
def test_grip_on_a_slope(carriages: tuple, friction: float, pinch_n: float, holds_deg: float) -> None:  # type: ignore[type-arg]
    context = Context(coil_kg=4.45, friction=friction, pinch_n=pinch_n, grip_reserve=1.0)
    for slope in (math.radians(holds_deg), -math.radians(holds_deg)):
        assert stance_fault(PROFILE, carriages, context, slope) is None
    too_steep = stance_fault(PROFILE, carriages, context, math.radians(holds_deg + 20.0))
    assert too_steep is not None
    assert too_steep[0] == "grip"


def test_dry_is_the_profiles_friction() -> None:
    dry, same = Context(), Context(friction=PROFILE.carriages.friction_dry)
    for slope in (0.0, 0.3, 0.6):
        assert stance_fault(PROFILE, ALL, dry, slope) == stance_fault(PROFILE, ALL, same, slope)


def test_uphill_and_downhill_must_both_do() -> None:
    context = Context(coil_kg=8.3, slope_rad=math.radians(15.0))
    up, down = (stance_fault(PROFILE, REAR_UP, context, a) for a in (context.slope_rad, -context.slope_rad))
    assert (up is None) != (down is None)
    assert either_way_fault(PROFILE, REAR_UP, context) == (up or down)


def test_a_head_wind_counts_against_the_grip() -> None:
    steep = math.radians(15.0)
    for wind_mps, holds in ((0.0, True), (10.0, True), (20.0, False)):
        context = Context(coil_kg=4.45, wind_mps=wind_mps, pinch_n=0.0)
        assert (stance_fault(PROFILE, ALL, context, steep) is None) == holds


def test_a_gust_leans_the_body_as_a_lever_by_hand_says() -> None:
    """0.18 N a (m/s)2 at 0.08 m against 14.7 N m a radian."""
    assert gust_mps(PROFILE, math.radians(2.0)) == pytest.approx(6.0, abs=0.1)
    assert gust_mps(PROFILE, math.radians(3.0)) == pytest.approx(7.3, abs=0.1)


def test_the_parameters_are_the_usual_circumstances() -> None:
    usual = Context.of(Parameters())
    assert usual == Context()
    names = {f.name for f in dataclasses.fields(Parameters) if f.name.startswith("risk_")}
    assert names == {f"risk_{f.name}" for f in dataclasses.fields(Risk)}
    for name in names:
        risk = Context.of(dataclasses.replace(Parameters(), **{name: 77.0})).risk
        assert getattr(risk, name.removeprefix("risk_")) == 77.0
