"""Shared motion: gear, swing of the rotor, ramp and tension start from what is measured."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from missions import files
from robot.behaviours.lay import LayPoint
from robot.behaviours.levelling import Levelling, WindMemory
from robot.behaviours.motion import Motion
from robot.behaviours.wish import Situation, Wish
from robot.messages import TRACTION, Axis, AxisMode, CarriageState
from robot.parameters import Parameters
from tests.robot.safety_cases import DT_S, PROFILE, T_NS, estimate, frame

CLAMPED = (CarriageState.CLAMPED,) * 3


@pytest.fixture
def motion() -> Motion:
    return Motion(PROFILE, files.read_line("short-60m"), Parameters())


def situation(**beliefs: object) -> Situation:
    return Situation(T_NS, DT_S, frame(), replace(estimate(), **beliefs), CLAMPED)


def test_the_gear_engages_at_the_phase_that_the_rotor_has(motion: Motion) -> None:
    wish = Wish(PROFILE)
    here = situation(rotor_abs_rad=7.0, rotor_rad=7.0, travel_m=12.0, roll_rad=0.0, speed_mps=0.0)
    motion.turn_with_travel(wish, here)
    assert wish.target[Axis.ROTOR] == pytest.approx(7.0)


def test_one_pitch_of_travel_is_one_turn(motion: Motion) -> None:
    wish = Wish(PROFILE)
    motion.engage(situation(rotor_abs_rad=0.0, travel_m=0.0, roll_rad=0.0))
    motion.turn_with_travel(wish, situation(travel_m=motion.line.pitch_m, roll_rad=0.0, speed_mps=0.4))
    assert wish.target[Axis.ROTOR] == pytest.approx(2 * math.pi)
    assert wish.feedforward[Axis.ROTOR] == pytest.approx(2 * math.pi * 0.4 / motion.line.pitch_m)


def test_a_lasting_lean_is_taken_out_of_the_phase_and_a_swing_is_not(motion: Motion) -> None:
    """A rotor that works against the swing feeds it, since its drive lags."""
    wish = Wish(PROFILE)
    motion.engage(situation(rotor_abs_rad=0.0, travel_m=0.0, roll_rad=0.0))
    for n in range(round(30.0 / DT_S)):
        swing_rad = 0.05 * math.sin(2 * math.pi * 0.65 * n * DT_S)
        motion.turn_with_travel(wish, situation(travel_m=0.0, roll_rad=0.03 + swing_rad, speed_mps=0.0))
        if n * DT_S > 25.0:
            assert wish.target[Axis.ROTOR] == pytest.approx(-0.03, abs=0.004)


def test_the_next_park_angle_lies_ahead_in_the_hand_of_the_lay_or_a_little_behind(motion: Motion) -> None:
    for now in (0.0, 1.0, 2.0, 100.0):
        angle = motion.next_angle(situation(rotor_rad=now), PROFILE.park_rotor_rad)
        assert -math.radians(45.01) <= motion.line.hand * (angle - now) < math.radians(315.01)
        assert math.isclose(math.cos(angle - PROFILE.park_rotor_rad), 1.0, abs_tol=1e-9)


def test_a_rotor_at_its_angle_counts_as_arrived_only_at_rest(motion: Motion) -> None:
    assert motion.turn_to(Wish(PROFILE), situation(rotor_rad=1.0), 1.0)
    turning = replace(situation(rotor_rad=1.0), frame=frame(velocity=tuple(0.5 for _ in Axis)))
    assert not motion.turn_to(Wish(PROFILE), turning, 1.0)


def test_the_rotor_swings_with_a_ramp_and_never_faster_than_it_parks(motion: Motion) -> None:
    top_rps = math.radians(PROFILE.rotor.park_speed_dps)
    rates = []
    for _ in range(700):
        wish = Wish(PROFILE)
        motion.turn_to(wish, situation(rotor_rad=0.0), 3.0)
        rates.append(wish.feedforward[Axis.ROTOR])
    assert 0.9 * top_rps < max(rates) <= top_rps + 1e-9
    steps = [abs(later - earlier) for earlier, later in pairwise(rates)]
    assert max(steps) < 0.016  # 1.5 times 0.6 rad/s2 in a tick, and what is left at the end
    assert rates[-1] == 0.0


def test_wheels_that_are_lifted_are_not_driven(motion: Motion) -> None:
    wish = Wish(PROFILE)
    lifted = replace(situation(), stance=(CarriageState.LIFTED, CarriageState.CLAMPED, CarriageState.CLAMPED))
    motion.drive(wish, lifted, 0.1, 0.5)
    assert wish.mode[Axis.TRACTION_FRONT] == AxisMode.HOLD
    assert wish.mode[Axis.TRACTION_MIDDLE] == AxisMode.VELOCITY


def test_a_capped_speed_is_reached_by_the_same_ramp(motion: Motion) -> None:
    for _ in range(200):
        motion.drive(Wish(PROFILE), replace(situation(), speed_cap_mps=0.1), 0.4, 0.5)
    assert motion.speed_mps == pytest.approx(0.1)


def test_after_a_pause_nothing_remembers_an_earlier_speed(motion: Motion) -> None:
    motion.engage(situation())
    motion.drive(Wish(PROFILE), situation(), 0.4, 0.5)
    motion.forget_speed()
    assert motion.speed_mps == 0.0
    assert not motion.geared


def test_slack_cable_does_not_wind_up_the_tension(motion: Motion) -> None:
    for _ in range(500):
        wish = Wish(PROFILE)
        motion.keep_tension(wish, situation(tension_n=0.0))
    assert wish.target[Axis.CABLE] < 1.5 * motion.line.tension_n


def test_a_heavy_cradle_moves_the_counterweight_outwards(motion: Motion) -> None:
    turning = situation(imbalance_sin=0.02, rotor_rate_rps=2.5, coil_m=60.0)
    motion.engage(turning)
    first, later = Wish(PROFILE), Wish(PROFILE)
    motion.balance(first, turning)
    for _ in range(1000):
        motion.balance(later, turning)
    assert later.target[Axis.TRIM] > first.target[Axis.TRIM] + 0.001


@pytest.mark.parametrize("pitch_m", [0.3, 0.5, 1.0])
def test_a_crossing_turns_the_rotor_so_slowly_that_the_counterweight_can_hold_a_lean(pitch_m: float) -> None:
    line = replace(files.read_line("short-60m"), pitch_m=pitch_m)
    motion = Motion(PROFILE, line, Parameters())
    motion.speed_mps = 0.1
    leaning = situation(roll_rad=0.03, rotor_abs_rad=math.pi / 2, coil_m=60.0)
    motion.engage(leaning)
    before, after = Wish(PROFILE), Wish(PROFILE)
    motion.balance(before, leaning)
    for _ in range(200):
        motion.balance(after, leaning, upright=True)
    assert after.target[Axis.TRIM] - before.target[Axis.TRIM] > 0.001
    assert motion.crossing_speed_mps * abs(motion.turn_per_m) <= 1.0


def test_a_straight_stretch_is_drawn_up_by_less_than_a_turn(motion: Motion) -> None:
    here = situation(chainage_m=10.0, rotor_rad=0.0, rotor_abs_rad=0.0)
    motion.lay = LayPoint(motion.geometry, motion.guide_at_m(here) - 0.8)
    motion.begin_draw_up(here)
    wish = Wish(PROFILE)
    assert not motion.draw_up(wish, here)
    assert not motion.geared
    assert motion.draw_up(wish, situation(rotor_rad=motion._draw_up_to_rad))
    assert 0.5 < abs(motion._draw_up_to_rad) < 2 * math.pi
    assert motion.geared


def test_brakes_that_are_on_stay_on_until_it_is_to_move_again(motion: Motion) -> None:
    """On a slope it slides a little while they fall in; to let go for that would make it slide on and on."""

    def modes(speed_mps: float, measured_mps: float) -> set[int]:
        wish = Wish(PROFILE)
        motion.drive(wish, situation(speed_mps=measured_mps), speed_mps, 0.1)
        return {wish.mode[axis] for axis in TRACTION}

    assert modes(0.0, 0.05) == {AxisMode.VELOCITY}
    assert modes(0.0, 0.005) == {AxisMode.HOLD}
    assert modes(0.0, -0.02) == {AxisMode.HOLD}
    assert modes(0.1, 0.0) == {AxisMode.VELOCITY}


def test_a_level_body_may_cross_after_a_confirmation(motion: Motion) -> None:
    level = Levelling(motion, WindMemory(3.0), situation())
    ticks = next(n for n in range(1, 100) if level.step(Wish(PROFILE), situation(roll_rad=0.01)))
    assert ticks * DT_S == pytest.approx(PROFILE.times.confirm_s, abs=2 * DT_S)


def test_a_leaning_body_rolls_to_and_fro_until_it_hangs_level(motion: Motion) -> None:
    level = Levelling(motion, WindMemory(3.0), situation(travel_m=5.0))
    travel_m, seen = 5.0, []
    for _ in range(1500):
        assert not level.step(Wish(PROFILE), situation(travel_m=travel_m, roll_rad=0.05))
        travel_m += motion.speed_mps * DT_S
        seen.append(travel_m)
    assert 4.90 < min(seen) < 4.93
    assert max(seen[700:]) > 4.97
    assert max(seen) < 5.02


def test_a_gust_is_remembered_and_waited_out(motion: Motion) -> None:
    """Level for the moment, but a while ago the wind leaned the rolling body too far."""
    gusts = WindMemory(3.0)
    for _ in range(round(3.0 / DT_S)):
        gusts.observe(situation(speed_mps=0.4, roll_rad=math.radians(4.5)))
    level = Levelling(motion, gusts, situation(travel_m=5.0))
    travel_m, waited_s = 5.0, 0.0
    while not level.step(Wish(PROFILE), calm := situation(travel_m=travel_m, roll_rad=0.005, speed_mps=0.0)):
        gusts.observe(calm)
        travel_m += motion.speed_mps * DT_S
        waited_s += DT_S
    assert 55.0 < waited_s < 61.0


@pytest.mark.parametrize(
    ("lean_deg", "gusty", "waits"), [(2.4, False, False), (2.6, True, False), (3.6, True, True)]
)
def test_the_more_the_wind_has_leaned_it_the_slower_it_crosses_until_it_waits(
    lean_deg: float, gusty: bool, waits: bool
) -> None:
    wind = WindMemory(3.0)
    for roll_deg in (lean_deg, 0.1):
        for _ in range(round(3.0 / DT_S)):
            wind.observe(situation(speed_mps=0.4, roll_rad=-math.radians(roll_deg)))
    assert wind.gusty is gusty
    assert wind.over is not waits


def test_a_swing_after_a_change_of_speed_is_no_gust(motion: Motion) -> None:
    wind = WindMemory(3.0)
    for tick in range(round(1.5 / DT_S)):
        wind.observe(situation(speed_mps=0.25 * tick * DT_S, roll_rad=math.radians(5.0)))
    assert wind.over


def test_every_turn_is_recorded_with_its_place_and_its_cable(motion: Motion) -> None:
    motion.lay = LayPoint(motion.geometry, motion.guide_at_m(situation(chainage_m=10.0)))
    motion.observe(situation(chainage_m=10.0, rotor_abs_rad=0.0, paid_out_m=0.0))
    motion.begin_lay(situation(chainage_m=10.0, paid_out_m=0.0))
    for step in range(1, 351):
        way_m = step * 0.01
        turned_rad = motion.turn_per_m * way_m
        motion.observe(situation(chainage_m=10.0 + way_m, rotor_abs_rad=turned_rad, paid_out_m=1.002 * way_m))
    begin, *turns = motion.records
    assert begin.kind == "begin"
    assert [turn.kind for turn in turns] == ["turn"] * 3
    assert turns[0].from_m == begin.from_m
    for earlier, later in pairwise(turns):
        assert later.from_m == earlier.to_m
    for turn in turns:
        assert turn.to_m - turn.from_m == pytest.approx(motion.line.pitch_m, rel=0.02)
        assert turn.length_m == pytest.approx(1.002 * motion.line.pitch_m, rel=0.02)
