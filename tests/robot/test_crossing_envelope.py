"""Distances between robot parts and shapes agree with figures had by hand, and with sampled points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from crossing_cases import CLAMPED, LIFTED, OPEN, PROFILE, points
from hypothesis import given, settings
from hypothesis import strategies as st

from robot.crossing.bend import Bend, pod_bend
from robot.crossing.envelope import (
    Part,
    body_parts,
    carriage_parts,
    gap_m,
    rotor_parts,
    stretch,
    swing_parts,
    touches_conductor,
)
from robot.line.features import Box, Sleeve

STRAIGHT = Bend()
PIN_BODY = Box((-0.06, 0.06), (-0.06, 0.06), (-0.24, -0.004))
PIN_ARM = Box((-0.035, 0.035), (-0.75, 0.75), (-0.31, -0.24))


def part(theta_deg: tuple[float, float], r_m: tuple[float, float], rigid: bool = False) -> Part:
    return Part("part", (0.0, 0.1), theta_deg, r_m, rigid)


def pod(side: int) -> Part:
    return body_parts(PROFILE)[side]


# ---------------------------------------------------------------- by hand


def test_the_pods_pass_a_pin_by_their_inner_lower_corner() -> None:
    by_hand = 0.12 * math.sin(math.radians(130)) - 0.06
    assert gap_m(pod(0), PIN_BODY, 0.0, STRAIGHT) == pytest.approx(by_hand, abs=1e-5)
    assert gap_m(pod(1), PIN_BODY, 0.0, STRAIGHT) == pytest.approx(by_hand, abs=1e-5)


def test_roll_and_sag_take_from_the_height_over_the_arm() -> None:
    roll, sag = math.radians(2), 0.65 * math.tan(math.radians(5))
    by_hand = 0.24 - 0.27 * math.cos(math.radians(180 - 132)) - sag
    assert by_hand == pytest.approx(0.0025, abs=0.0002)
    assert gap_m(pod(0), PIN_ARM, roll, Bend(down_m=sag)) == pytest.approx(by_hand, abs=2e-5)


def test_a_pod_that_is_displaced_to_the_side_comes_nearer_on_both_sides() -> None:
    straight = gap_m(pod(0), PIN_BODY, 0.0, STRAIGHT)
    for side in (0, 1):
        assert gap_m(pod(side), PIN_BODY, 0.0, Bend(side_m=0.02)) == pytest.approx(straight - 0.02, abs=1e-5)


def test_carriages_do_not_sink() -> None:
    wheel = carriage_parts(PROFILE, 0, CLAMPED)[0]
    box = Box((-0.1, 0.1), (-0.1, 0.1), (0.15, 0.2))
    assert gap_m(wheel, box, 0.0, Bend(down_m=0.05)) == pytest.approx(0.15 - 0.11, abs=1e-5)


def test_the_slot_lets_a_pin_through_when_it_stands_straight_down_and_not_otherwise() -> None:
    def ring(angle: float) -> Part:
        return rotor_parts(PROFILE, angle, False, 0.015)[0]

    by_hand = 0.085 * math.sin(math.radians(50)) - 0.06
    assert gap_m(ring(PROFILE.park_rotor_rad), PIN_BODY, 0.0, STRAIGHT) == pytest.approx(by_hand, abs=1e-5)
    assert gap_m(ring(PROFILE.park_rotor_rad + math.radians(15)), PIN_BODY, 0.0, STRAIGHT) == 0.0
    assert gap_m(ring(PROFILE.park_rotor_rad + 2 * math.pi), PIN_BODY, 0.0, STRAIGHT) > 0.0


def test_a_geared_rotor_sweeps_all_round() -> None:
    ring, cradle, trim, guide = rotor_parts(PROFILE, None, True, 0.015)
    assert gap_m(cradle, PIN_ARM, 0.0, STRAIGHT) == 0.0  # 0.25 m reaches an arm at 0.24 m
    far = Box((-0.1, 0.1), (0.30, 0.60), (-0.24, 0.25))
    assert gap_m(cradle, far, 0.0, STRAIGHT) == pytest.approx(0.05)
    inside = Box((-0.1, 0.1), (-0.03, 0.03), (-0.05, 0.0))
    assert gap_m(ring, inside, 0.0, STRAIGHT) == pytest.approx(0.085 - math.hypot(0.03, 0.05))
    assert gap_m(trim, inside, 0.0, STRAIGHT) == pytest.approx(0.07 - math.hypot(0.03, 0.05))
    assert gap_m(guide, inside, 0.0, STRAIGHT) == 0.0


def test_the_guide_stands_off_thick_conductors_and_clears_ties_only_when_retracted() -> None:
    tie = Sleeve((-0.2, 0.2), 0.0235)
    for out, expected in ((True, 0.0), (False, 0.05 - 0.0235)):
        guide = rotor_parts(PROFILE, None, out, 0.027)[3]
        assert gap_m(guide, tie, 0.0, STRAIGHT) == pytest.approx(expected)
    assert rotor_parts(PROFILE, 0.0, True, 0.027)[3].r_m[0] == pytest.approx(0.018)


def test_lifted_roller_arms_leave_room_for_a_sleeve_of_30_mm() -> None:
    for lifted in carriage_parts(PROFILE, 1, LIFTED):
        assert gap_m(lifted, Sleeve((0, 1), 0.028), math.radians(2), STRAIGHT) >= 0.002 - 1e-9
    arms = carriage_parts(PROFILE, 1, LIFTED)[1:]
    assert all(gap_m(arm, Sleeve((0, 1), 0.030), 0.0, STRAIGHT) == 0.0 for arm in arms)


def test_swinging_arms_meet_an_insulator_that_folded_ones_pass() -> None:
    assert all(gap_m(p, PIN_BODY, math.radians(2), STRAIGHT) > 0 for p in carriage_parts(PROFILE, 0, OPEN))
    assert all(gap_m(p, PIN_BODY, 0.0, STRAIGHT) == 0.0 for p in swing_parts(PROFILE, 0))


def test_wheels_and_rollers_touch_the_conductor_and_lifted_ones_do_not() -> None:
    touching = {
        s: [touches_conductor(p, 0.015) for p in carriage_parts(PROFILE, 0, s)]
        for s in (CLAMPED, OPEN, LIFTED)
    }
    assert touching == {CLAMPED: [True, True], OPEN: [True, False, False], LIFTED: [False, False, False]}


def test_parts_stand_where_the_profile_says() -> None:
    assert carriage_parts(PROFILE, 2, OPEN)[0].s_m == pytest.approx((-0.71, -0.59))
    assert rotor_parts(PROFILE, 0.0, True, 0.015)[0].s_m == pytest.approx((-1.10, -0.80))
    assert stretch((PIN_BODY, PIN_ARM)) == (-0.06, 0.06)
    assert stretch(()) == (0.0, 0.0)


# ---------------------------------------------------------------- the bent conductor


def test_at_a_kink_of_10_degrees_the_pods_sink_57_mm() -> None:
    assert pod_bend(PROFILE, math.radians(10), 0.0, (0.0,)).down_m == pytest.approx(0.0569, abs=0.0001)


def test_beside_the_pole_they_sink_less_and_beyond_the_wheels_not_at_all() -> None:
    sinks = [pod_bend(PROFILE, math.radians(10), 0.0, (away,)).down_m for away in (0.0, 0.2, 0.5, 1.3)]
    assert sinks == sorted(sinks, reverse=True)
    assert sinks[-1] == pytest.approx(0.0, abs=1e-4)


def test_at_an_angle_pole_the_body_stands_where_all_three_wheels_agree() -> None:
    bend = pod_bend(PROFILE, 0.0, math.radians(7), (0.0,))
    assert bend.down_m == 0.0
    assert bend.side_m == pytest.approx(2 / 3 * 0.65 * math.tan(math.radians(3.5)), rel=0.05)


# ---------------------------------------------------------------- against samples

angles = st.floats(-180, 360)
lengths = st.floats(0.002, 0.3)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    angles,
    st.floats(4, 200),
    st.floats(0.0, 0.2),
    lengths,
    st.floats(-0.3, 0.3),
    lengths,
    st.floats(-0.3, 0.3),
    lengths,
)
def test_the_distance_is_that_of_the_nearest_samples(
    first: float, span: float, r0: float, depth: float, x0: float, width: float, z0: float, height: float
) -> None:
    sector = part((first, first + span), (r0, r0 + depth))
    box = Box((0.0, 0.1), (x0, x0 + width), (z0, z0 + height))
    x, z = points(sector, 0.0).T
    away = np.hypot(
        np.maximum(np.maximum(box.x_m[0] - x, x - box.x_m[1]), 0),
        np.maximum(np.maximum(box.z_m[0] - z, z - box.z_m[1]), 0),
    )
    spacing = math.hypot((r0 + depth) * math.radians(1), 0.002)  # half of the sampling grid's
    gap = gap_m(sector, box, 0.0, STRAIGHT)
    assert gap <= away.min() + 2e-5
    assert gap >= away.min() - spacing - 2e-5


@settings(max_examples=60, derandomize=True, deadline=None)
@given(angles, st.floats(4, 120), st.floats(0.02, 0.2), lengths, st.floats(0.004, 0.05), st.floats(0.0, 0.07))
def test_a_sleeve_seen_from_a_sinking_part_moves_up(
    first: float, span: float, r0: float, depth: float, radius: float, sag: float
) -> None:
    sinking = part((first, first + span), (r0, r0 + depth), rigid=True)
    x, z = points(sinking, 0.0).T
    away = min(np.hypot(x, z - share * sag).min() - radius for share in np.linspace(0, 1, 15))
    gap = gap_m(sinking, Sleeve((0, 1), radius), 0.0, Bend(down_m=sag))
    assert gap <= max(away, 0.0) + 2e-4
    assert gap >= away - math.hypot((r0 + depth) * math.radians(1), 0.002) - 0.003


@settings(max_examples=60, derandomize=True, deadline=None)
@given(angles, st.floats(4, 120), st.floats(0.02, 0.2), lengths, st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_more_roll_never_makes_room(
    first: float, span: float, r0: float, depth: float, a: float, b: float
) -> None:
    sector = part((first, first + span), (r0, r0 + depth))
    less, more = sorted((math.radians(a), math.radians(b)))
    assert gap_m(sector, PIN_BODY, more, STRAIGHT) <= gap_m(sector, PIN_BODY, less, STRAIGHT) + 2e-5
