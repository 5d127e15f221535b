"""Roll, the hard axis: stiffness, resonance and lean against the prototype and the pendulum's formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from robot.messages import Axis
from tests.hil.world_cases import PROFILE, Bench, G, make_line

ROTOR, BODY, CARRIAGES = PROFILE.rotor, PROFILE.body, PROFILE.carriages
STIFFNESS_NM = G * (-BODY.mass_kg * BODY.center_z_m - 3 * CARRIAGES.mass_kg * CARRIAGES.center_z_m)
FULL_M, EMPTY_M = 380.0, 0.5


def unbalanced(coil_m: float, offset_m: float) -> Bench:
    """Rolling without cable, with the centre of everything on the rotor `offset_m` beside the axis."""
    bench = Bench(line=make_line(cable_loaded_m=coil_m), fault=[{"kind": "cable_break", "at_s": 0.0}])
    rotor_kg = ROTOR.mass_kg + ROTOR.cradle_mass_kg + PROFILE.trim.mass_kg + bench.world.truth().coil_kg
    bench.world.position[Axis.TRIM] += rotor_kg * offset_m / PROFILE.trim.mass_kg
    return bench


def rotor_inertia_kgm2(coil_m: float) -> float:
    bench = unbalanced(coil_m, 0.0)
    truth = bench.world.truth()
    points = [
        (ROTOR.cradle_mass_kg, ROTOR.cradle_center_r_m),
        (truth.coil_kg, ROTOR.coil_center_r_m),
        (PROFILE.trim.mass_kg, truth.trim_r_m),
    ]
    ring = ROTOR.mass_kg * (ROTOR.ring_r_m[0] ** 2 + ROTOR.ring_r_m[1] ** 2) / 2
    return ring + sum(m * r**2 for m, r in points)


def resonance_rpm(coil_m: float) -> float:
    """A rotor whose drive holds it against the body rolls with it."""
    inertia = BODY.roll_inertia_kgm2 + rotor_inertia_kgm2(coil_m)
    return 60 * math.sqrt(STIFFNESS_NM / inertia) / (2 * math.pi)


def test_stiffness_is_that_of_the_design() -> None:
    assert pytest.approx(15.0, abs=0.5) == STIFFNESS_NM


def test_resonance_moves_with_the_coil_from_32_to_41_rpm() -> None:
    assert resonance_rpm(FULL_M) == pytest.approx(32.0, abs=1.0)
    assert resonance_rpm(EMPTY_M) == pytest.approx(41.0, abs=1.0)


@pytest.mark.parametrize("coil_m", [FULL_M, EMPTY_M])
def test_the_body_swings_at_the_pendulums_frequency(coil_m: float) -> None:
    bench = unbalanced(coil_m, 0.0).clamp(0.0).drive(0.6).run(6.0)
    bench.world.bodies.qvel[1] = 0.5
    crossings: list[float] = []
    before = bench.world.truth().roll_rad
    while len(crossings) < 7:
        bench.step()
        truth = bench.world.truth()
        if before < 0.0 <= truth.roll_rad or truth.roll_rad < 0.0 <= before:
            crossings.append(truth.t_s)
        before = truth.roll_rad
    period_s = (crossings[-1] - crossings[0]) / 3
    assert 60 / period_s == pytest.approx(resonance_rpm(coil_m), rel=0.04)


@pytest.mark.parametrize(
    ("coil_m", "pinch_n", "low_deg", "high_deg"),
    [
        (FULL_M, 0.0, 13.0, 17.5),
        (EMPTY_M, 0.0, 10.0, 17.0),
        (FULL_M, 400.0, 2.5, 4.5),
        (EMPTY_M, 400.0, 2.0, 4.5),
    ],
)
def test_lean_at_resonance_with_5_mm_of_imbalance_is_the_prototypes(
    coil_m: float, pinch_n: float, low_deg: float, high_deg: float
) -> None:
    rpm = resonance_rpm(coil_m)
    bench = unbalanced(coil_m, 0.005).clamp(pinch_n).drive(rpm / 60).turn(rpm * 2 * math.pi / 60).run(20.0)
    assert low_deg < bench.biggest_roll_deg(2.5) < high_deg


def test_an_unbalanced_coil_leans_the_rolling_body_as_statics_say() -> None:
    bench = unbalanced(FULL_M, 0.005).clamp(100.0)
    bench.world.position[Axis.ROTOR] = 0.0
    bench.world.bodies.qpos[2] = math.pi / 2
    bench.drive(0.5).run(12.0)
    truth = bench.world.truth()
    rotor_kg = ROTOR.mass_kg + ROTOR.cradle_mass_kg + PROFILE.trim.mass_kg + truth.coil_kg
    moment = rotor_kg * G * 0.005
    # the counterweight is too far out and points to theta = 270, so the body turns that way
    residual = ROTOR.mass_kg * G * ROTOR.residual_m
    leans = -truth.roll_rad * STIFFNESS_NM
    assert leans == pytest.approx(moment, abs=residual + 0.02)


def test_pinch_locks_roll_while_parked_and_lets_it_go_while_rolling() -> None:
    bench = unbalanced(FULL_M, 0.005).clamp(400.0)
    bench.world.bodies.qpos[2] = math.pi / 2
    parked = abs(bench.run(3.0).world.truth().roll_rad)
    rolling = abs(bench.drive(0.3).run(10.0).world.truth().roll_rad)
    assert math.degrees(parked) < 0.3
    assert math.degrees(rolling) > 2.0


def test_rotor_acceleration_leans_the_body_against_it() -> None:
    """Design: 3.7 degrees per N m, and about twice that for a step."""
    bench = unbalanced(FULL_M, 0.0).clamp(0.0).drive(0.6).run(6.0)
    bench.world.braked[Axis.ROTOR] = False
    bench.effort[Axis.ROTOR] = 1.0
    rolls = []
    for _ in range(600):
        bench.step()
        rolls.append(bench.world.truth().roll_rad)
    assert 1.4 * 3.7 < -math.degrees(min(rolls)) < 2.1 * 3.7


def test_wind_of_8_mps_leans_the_body_by_what_its_drag_area_says() -> None:
    bench = Bench(weather={"wind_mps": 8.0, "gust_mps": 8.0}).clamp(100.0).drive(0.3).run(15.0)
    torque = 0.5 * 1.225 * BODY.wind_area_m2 * 8.0**2 * abs(BODY.wind_center_z_m)
    rolls = []
    for _ in range(1000):
        bench.step()
        rolls.append(abs(bench.world.truth().roll_rad))
    assert np.mean(rolls) == pytest.approx(torque / STIFFNESS_NM, rel=0.1)


def test_gusts_keep_their_mean_and_their_limit() -> None:
    from hil.scenario import Weather
    from hil.world.weather import Wind

    wind = Wind(Weather(wind_mps=4.0, gust_mps=6.0), BODY, seed=3)
    factor = 0.5 * 1.225 * BODY.wind_area_m2 * abs(BODY.wind_center_z_m)
    speeds = [math.sqrt(abs(wind.step(0.01)) / factor) for _ in range(200_000)]
    assert np.mean(speeds) == pytest.approx(4.0, abs=0.15)
    assert max(speeds) == pytest.approx(6.0, abs=1e-6)


def test_a_braked_rotor_stands() -> None:
    bench = unbalanced(FULL_M, 0.005).clamp(100.0)
    bench.world.bodies.qpos[2] = math.pi / 2
    begin = bench.run(10.0).world.truth().rotor_rad
    assert bench.run(30.0).world.truth().rotor_rad == pytest.approx(begin, abs=1e-6)
