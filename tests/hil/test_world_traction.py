"""Wheels on the conductor against figures made by hand: slopes, Coulomb's limit, brakes, loads."""

from __future__ import annotations

import math

import pytest

from robot.messages import TRACTION, Axis
from tests.hil.world_cases import DT_S, PROFILE, Bench, G

CARRIAGES = PROFILE.carriages
BRAKE_NM = PROFILE.drive[Axis.TRACTION_FRONT].effort_max * PROFILE.power.brake_factor
DRY, WET = CARRIAGES.friction_dry, CARRIAGES.friction_wet
PARKED = {"weather": {"wind_mps": 0.0, "gust_mps": 0.0, "wet": True}}


def acceleration_mps2(bench: Bench, seconds: float) -> float:
    before = bench.world.truth().speed_mps
    bench.run(seconds)
    return (bench.world.truth().speed_mps - before) / seconds


def loose_cable(bench: Bench) -> Bench:
    """Let the cable pay out freely, so that it pulls with next to nothing."""
    return bench.pull(0.0)


@pytest.mark.parametrize(("degrees", "pinch_n"), [(0.0, 0.0), (5.0, 100.0), (10.0, 400.0), (-5.0, 100.0)])
def test_the_torque_that_balances_slope_and_rolling_keeps_the_speed(degrees: float, pinch_n: float) -> None:
    bench = loose_cable(Bench(degrees=degrees).clamp(pinch_n).drive(0.3)).run(6.0)
    mass = bench.mass_kg
    slope = math.radians(degrees)
    pressed_n = mass * G * math.cos(slope) + 2 * 3 * pinch_n  # wheels, and rollers from below
    by_hand_n = mass * G * math.sin(slope) + CARRIAGES.rolling * pressed_n + bench.world.truth().tension_n
    measured_nm = sum(bench.effort[a] for a in TRACTION)
    assert bench.world.truth().speed_mps == pytest.approx(0.3, rel=0.02)
    assert measured_nm / CARRIAGES.wheel_radius_m == pytest.approx(by_hand_n, rel=0.01)


def test_torque_beyond_the_balance_accelerates_all_that_moves_and_turns() -> None:
    bench = loose_cable(Bench().clamp(100.0).drive(0.3)).run(5.0)
    bench.speed_mps = None
    for axis in TRACTION:
        bench.effort[axis] += 0.5
    wheels_kg = 3 * PROFILE.drive[Axis.TRACTION_FRONT].inertia / CARRIAGES.wheel_radius_m**2
    by_hand = 3 * 0.5 / CARRIAGES.wheel_radius_m / (bench.mass_kg + wheels_kg)
    bench.run(0.1)
    # the cable's drum is dragged along and takes its share
    assert acceleration_mps2(bench, 0.2) == pytest.approx(by_hand, rel=0.03)


@pytest.mark.parametrize(("wet", "friction"), [(True, WET), (False, DRY)])
def test_brakes_hold_up_to_the_angle_of_friction_and_not_beyond(wet: bool, friction: float) -> None:
    weather = {"wind_mps": 0.0, "gust_mps": 0.0, "wet": wet}
    limit_deg = math.degrees(math.atan(friction))
    holding = Bench(degrees=limit_deg - 0.5, weather=weather).clamp(0.0).run(2.0)
    assert abs(holding.world.truth().speed_mps) < 1e-9
    sliding = Bench(degrees=limit_deg + 1.0, weather=weather).clamp(0.0).run(0.1)
    slope = math.radians(limit_deg + 1.0)
    assert acceleration_mps2(sliding, 0.3) == pytest.approx(
        -G * (math.sin(slope) - friction * math.cos(slope)), rel=0.03
    )


def test_a_parked_robot_does_not_creep_in_a_minute() -> None:
    bench = Bench(degrees=20.0).clamp(100.0).run(1.0)
    before_m = bench.world.truth().s_m
    bench.run(60.0)
    assert abs(bench.world.truth().s_m - before_m) < 1e-9


def test_one_clamped_carriage_holds_on_its_brake_at_twenty_degrees() -> None:
    bench = Bench(degrees=20.0).clamp(400.0, 1)
    bench.world.braked[[Axis.TRACTION_FRONT, Axis.TRACTION_REAR]] = False
    bench.run(1.0)
    before_m = bench.world.truth().s_m
    bench.run(10.0)
    assert abs(bench.world.truth().s_m - before_m) < 1e-6


@pytest.mark.parametrize(
    ("degrees", "pinched", "climbs"),
    [(8.0, (), True), (13.0, (), False), (17.0, (1,), True), (27.0, (0, 1), True), (40.0, (0, 1), False)],
)
def test_wet_climbing_ability_is_that_of_the_design(
    degrees: float, pinched: tuple[int, ...], climbs: bool
) -> None:
    bench = Bench(degrees=degrees, **PARKED).clamp(0.0)
    if pinched:
        bench.clamp(400.0, *pinched)
    loose_cable(bench.drive(0.15)).run(6.0)
    assert (bench.world.truth().speed_mps > 0.0) is climbs


@pytest.mark.parametrize("pinch_n", [0.0, 400.0])
def test_stopping_distance_with_spring_brakes(pinch_n: float) -> None:
    bench = loose_cable(Bench().clamp(pinch_n).drive(0.6)).run(8.0)
    truth = bench.world.truth()
    speed, begin_m = truth.speed_mps, truth.s_m
    bench.speed_mps = None
    bench.effort[:3] = 0.0
    bench.world.braked[:3] = True
    bench.run(1.5)
    stopped = bench.world.truth()
    grip_n = sum(
        min(DRY * (load + pinch), BRAKE_NM / CARRIAGES.wheel_radius_m)
        for load, pinch in zip(truth.wheel_load_n, truth.pinch_n, strict=True)
    )
    by_hand_m = speed * PROFILE.power.brake_s + speed**2 * bench.mass_kg / (2 * grip_n)
    assert stopped.speed_mps == pytest.approx(0.0, abs=1e-6)
    assert stopped.s_m - begin_m == pytest.approx(by_hand_m, rel=0.08)


def test_creep_is_linear_in_the_drive_force() -> None:
    bench = loose_cable(Bench(degrees=5.0).clamp(0.0).drive(0.4)).run(6.0)
    truth = bench.world.truth()
    needed = bench.mass_kg * G * math.sin(math.radians(5.0)) + truth.tension_n
    creep = needed / (CARRIAGES.creep_longitudinal * bench.mass_kg * G * math.cos(math.radians(5.0)))
    slip = 1.0 - truth.speed_mps / 0.4
    assert slip == pytest.approx(creep, rel=0.05)


# ---------------------------------------------------------------- loads


def by_hand_loads_n(bench: Bench, standing: tuple[int, ...]) -> list[float]:
    """Two carriages carry weight and moment."""
    coil_kg = bench.world.truth().coil_kg
    rotor, body = PROFILE.rotor, PROFILE.body
    rotor_kg = rotor.mass_kg + rotor.cradle_mass_kg + PROFILE.trim.mass_kg + coil_kg
    weight_n = bench.mass_kg * G
    moment = G * (body.mass_kg * body.center_s_m + rotor_kg * rotor.s_m)
    a, b = (CARRIAGES.s_m[i] for i in standing)
    first_n = (moment - weight_n * b) / (a - b)
    loads = [0.0, 0.0, 0.0]
    loads[standing[0]], loads[standing[1]] = first_n, weight_n - first_n
    return loads


@pytest.mark.parametrize(("lifted", "standing"), [(0, (1, 2)), (1, (0, 2)), (2, (0, 1))])
def test_two_carriages_carry_the_robot_as_the_lever_says(lifted: int, standing: tuple[int, ...]) -> None:
    bench = Bench().clamp(400.0).grip(lifted, CARRIAGES.lifted_m).run(0.2)
    loads = bench.world.truth().wheel_load_n
    assert loads == pytest.approx(by_hand_loads_n(bench, standing), abs=0.1)
    assert bench.world.truth().held


def test_with_the_rear_lifted_the_front_hangs_on_its_roller_within_its_strength() -> None:
    bench = Bench(line=None).clamp(100.0, 0, 1).grip(2, CARRIAGES.lifted_m).run(0.2)
    truth = bench.world.truth()
    assert -CARRIAGES.hang_max_n < truth.wheel_load_n[0] < -50.0
    assert truth.pinch_n[0] == pytest.approx(max(100.0, -truth.wheel_load_n[0]), abs=0.5)


def test_three_clamped_wheels_are_all_loaded() -> None:
    loads = Bench().clamp(100.0).run(0.2).world.truth().wheel_load_n
    assert min(loads) > 20.0
    assert sum(loads) == pytest.approx(Bench().mass_kg * G, rel=1e-6)


def test_a_robot_on_one_carriage_has_fallen() -> None:
    bench = Bench().clamp(400.0, 1).grip(0, CARRIAGES.lifted_m).grip(2, CARRIAGES.lifted_m).run(0.1)
    assert not bench.world.truth().held


def test_an_open_front_cannot_hold_down_a_robot_without_its_rear() -> None:
    bench = Bench().clamp(400.0, 1).grip(0, CARRIAGES.open_m).grip(2, CARRIAGES.lifted_m).run(0.1)
    assert not bench.world.truth().held


def test_a_grip_presses_with_the_effort_of_its_drive_and_keeps_it_without_power() -> None:
    bench = Bench()
    bench.world.braked[Axis.GRIP_FRONT] = False
    bench.effort[Axis.GRIP_FRONT] = -250.0
    bench.run(3.0)
    assert bench.world.truth().pinch_n[0] == pytest.approx(250.0, rel=0.01)
    bench.effort[Axis.GRIP_FRONT] = 0.0
    bench.world.braked[Axis.GRIP_FRONT] = True
    bench.run(5.0)
    assert bench.world.truth().pinch_n[0] == pytest.approx(250.0, rel=0.01)


def test_a_wheel_needs_more_torque_to_climb_a_sleeve_and_less_to_leave_it() -> None:
    bench = Bench(start_s_m=None)
    feature = next(f for f in bench.world.true_features if f.pole)
    begin_m = feature.at_m + min(s.s_m[0] for s in feature.shapes)
    bench = loose_cable(Bench(start_s_m=begin_m - 0.65 - 0.20).clamp(0.0, 1, 2).grip(0, CARRIAGES.open_m))
    bench.drive(0.1).run(1.0)
    flat = sum(bench.effort[:3])
    peak = flat
    while bench.world.truth().s_m < begin_m - 0.65 + 0.02:
        bench.run(DT_S)
        peak = max(peak, sum(bench.effort[:3]))
    assert peak > flat + 0.2
