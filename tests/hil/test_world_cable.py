"""Cable: tension against brake and drive, and the lay as its geometry demands."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from hil.world.truth import TruthState
from robot.messages import Axis
from tests.hil.world_cases import PROFILE, Bench, make_line

DANCER, GUIDE = PROFILE.dancer, PROFILE.guide
BRAKE_N = PROFILE.drive[Axis.CABLE].effort_max * PROFILE.power.brake_factor
GUIDE_S_M = sum(GUIDE.s_m) / 2


def laying(hand: str = "Z", pitch_m: float = 1.0, speed_mps: float = 0.2, **scenario: object) -> Bench:
    """Wrapping: guide out, tension held, rotor turning with travel."""
    bench = Bench(line=make_line(lay=hand, pitch_m=pitch_m), **scenario).clamp(100.0)
    bench.world.position[Axis.GUIDE] = GUIDE.out_radius_m(bench.world.conductor_diameter_m)
    sign = 1.0 if hand == "Z" else -1.0
    return bench.pull(10.0).drive(speed_mps).turn(sign * 2 * math.pi * speed_mps / pitch_m)


def radii_m(bench: Bench) -> tuple[float, float]:
    diameter_m = bench.world.conductor_diameter_m
    return (diameter_m + make_line().cable.diameter_m) / 2, GUIDE.out_radius_m(diameter_m)


@pytest.mark.parametrize("effort_n", [7.0, 10.0, 14.0])
def test_tension_is_what_the_drive_pulls_with_and_the_dancer_shows_it(effort_n: float) -> None:
    bench = Bench().clamp(100.0).drive(0.05).pull(effort_n).run(6.0)
    raw = bench.world.sensors()
    assert raw.cable_tension_n == pytest.approx(effort_n, rel=0.03)
    assert DANCER.tension_n(raw.dancer_m) == pytest.approx(effort_n, rel=0.03)


def test_a_closed_cable_brake_holds_until_its_own_force_and_then_slips() -> None:
    bench = Bench().clamp(400.0).drive(0.1).run(4.0)
    truth = bench.world.truth()
    assert truth.tension_n == pytest.approx(BRAKE_N, rel=0.03)
    assert bench.world.velocity[Axis.CABLE] == pytest.approx(truth.speed_mps, rel=0.02)


def test_a_passive_brake_loses_the_tension_when_the_robot_rolls_back() -> None:
    bench = Bench().clamp(100.0).drive(0.1).run(1.0)
    assert bench.world.truth().tension_n > 20.0
    bench.drive(-0.1).run(1.5)
    assert bench.world.truth().tension_n == 0.0


@pytest.mark.parametrize(("hand", "sign"), [("Z", 1.0), ("S", -1.0)])
def test_turns_are_laid_at_travel_over_rotation(hand: str, sign: float) -> None:
    bench = laying(hand).run(15.0)
    before = bench.world.truth()
    bench.run(5.0)
    after = bench.world.truth()
    turn_rad = after.lay_theta_rad - before.lay_theta_rad
    pitch_m = 2 * math.pi * (after.lay_s_m - before.lay_s_m) / turn_rad
    travel_m = after.s_m - before.s_m
    assert pitch_m == pytest.approx(sign * travel_m, rel=0.003)  # one turn a metre of wheel travel
    assert bench.world.camera(round(after.t_s * 1e9)).lay_pitch_m == pytest.approx(abs(pitch_m), rel=0.01)


@pytest.mark.parametrize("pitch_m", [0.5, 1.0])
def test_the_lay_point_trails_the_guide_as_the_design_says(pitch_m: float) -> None:
    bench = laying(pitch_m=pitch_m).run(20.0)
    truth = bench.world.truth()
    r_0, r_g = radii_m(bench)
    made_m = 2 * math.pi * truth.speed_mps / truth.rotor_rate_rps
    by_hand_m = made_m * math.sqrt(r_g**2 - r_0**2) / (2 * math.pi * r_0)
    assert truth.s_m + GUIDE_S_M - truth.lay_s_m == pytest.approx(by_hand_m, rel=0.02)


def test_the_lay_point_trails_the_guide_in_angle() -> None:
    bench = laying().run(5.0)
    truth = bench.world.truth()
    r_0, r_g = radii_m(bench)
    guide_rad = truth.rotor_rad + truth.roll_rad + math.radians(GUIDE.center_deg)
    # the lay is one step of the bodies behind
    assert guide_rad - truth.lay_theta_rad == pytest.approx(math.acos(r_0 / r_g), abs=0.004)


def test_cable_paid_out_is_the_length_of_the_helix() -> None:
    bench = laying(pitch_m=0.3, speed_mps=0.15).run(10.0)
    before = bench.world.truth()
    bench.run(10.0)
    after = bench.world.truth()
    r_0, _ = radii_m(bench)
    helix_m = math.hypot(after.lay_s_m - before.lay_s_m, r_0 * (after.lay_theta_rad - before.lay_theta_rad))
    assert after.paid_out_m - before.paid_out_m == pytest.approx(helix_m, rel=0.002)


def test_turning_back_takes_the_cable_off_along_the_way_it_was_laid() -> None:
    bench = laying().run(12.0)
    passed = [bench.world.truth()]
    for _ in range(40):
        bench.run(0.1)
        passed.append(bench.world.truth())
    bench.drive(-0.2).turn(-2 * math.pi * 0.2).run(3.0)
    back = bench.world.truth()
    then = min(passed, key=lambda t: abs(t.lay_theta_rad - back.lay_theta_rad))
    assert back.lay_s_m < passed[-1].lay_s_m - 0.2
    assert back.lay_s_m == pytest.approx(then.lay_s_m, abs=0.02)


def over_a_pole(before_m: float) -> tuple[Bench, float]:
    """Rotor parked with its slot down and guide retracted, the guide this far before a pole's middle."""
    pole_m = next(f.at_m for f in make_line().features if f.pole)
    bench = laying(start_s_m=pole_m - GUIDE_S_M - before_m)
    bench.grip(0, PROFILE.carriages.open_m).grip(2, PROFILE.carriages.open_m)  # they ride over the tie
    bench.world.position[Axis.GUIDE] = GUIDE.retracted_m
    bench.world.bodies.qpos[2] = PROFILE.park_rotor_rad
    return bench.turn(0.0).run(0.5), pole_m


def run_until(bench: Bench, done: Callable[[TruthState], bool]) -> TruthState:
    for _ in range(3000):
        truth = bench.run(0.01).world.truth()
        if done(truth):
            return truth
    raise AssertionError("it did not happen within 30 s")


def test_with_the_rotor_parked_the_cable_stays_straight_until_the_tie_takes_it() -> None:
    bench, pole_m = over_a_pole(0.3)
    begin = bench.world.truth()
    before = run_until(bench, lambda t: t.s_m + GUIDE_S_M > pole_m + 0.09)
    assert before.contacts == ()
    assert before.lay_s_m == pytest.approx(begin.lay_s_m, abs=1e-3)
    tied = run_until(bench, lambda t: t.s_m + GUIDE_S_M > pole_m + 0.11)
    assert tied.lay_s_m == pytest.approx(pole_m, abs=1e-9)
    assert tied.slack_m == pytest.approx(0.0, abs=0.01)


def test_slack_paid_out_before_the_tie_stays_behind_it_and_tension_comes_back() -> None:
    bench, pole_m = over_a_pole(0.2)
    begin_m = bench.world.truth().paid_out_m
    bench.pull(-3.0)
    run_until(bench, lambda t: t.paid_out_m > begin_m + 0.3)
    bench.effort[Axis.CABLE] = 0.0
    bench.world.braked[Axis.CABLE] = True
    tied = run_until(bench, lambda t: t.lay_s_m >= pole_m)
    assert 0.0 < tied.slack_m < 0.3
    bench.pull(10.0).run(1.0)
    assert bench.world.truth().tension_n == pytest.approx(10.0, rel=0.05)
    assert bench.world.truth().slack_m == tied.slack_m


def test_a_snag_raises_tension_at_once_and_a_break_takes_it_away() -> None:
    snagged = laying(fault=[{"kind": "snag", "at_s": 6.0}]).run(5.9)
    assert snagged.world.truth().tension_n == pytest.approx(10.0, rel=0.05)
    assert snagged.run(0.4).world.truth().tension_n > 15.0
    broken = laying(fault=[{"kind": "cable_break", "at_s": 6.0}]).run(6.1)
    assert broken.world.truth().tension_n == 0.0
    assert broken.world.sensors().dancer_m == 0.0


def test_the_coil_loses_what_is_paid_out() -> None:
    bench = Bench().clamp(100.0)
    full_kg = bench.world.truth().coil_kg
    truth = bench.drive(0.3).pull(10.0).run(10.0).world.truth()
    per_m = make_line().cable.mass_kg_per_m
    assert full_kg - truth.coil_kg == pytest.approx(truth.paid_out_m * per_m, rel=0.01)
