"""The rotor is parked at any angle that lets a feature through, not only at some of a grid."""

from __future__ import annotations

import math

import pytest
from crossing_cases import DESIGN, DIAMETER_M, PROFILE, planned
from hypothesis import given, settings
from hypothesis import strategies as st

from robot.crossing.bend import Bend
from robot.crossing.envelope import gap_m, rotor_parts
from robot.crossing.parking import directions, parking_angles
from robot.crossing.planner import plan_crossing
from robot.crossing.stance import CrossingPlan
from robot.line.features import Box, Feature

PIN = Box((-0.06, 0.06), (-0.06, 0.06), (-0.24, -0.004))
places = st.floats(-0.3, 0.3)
sizes = st.floats(0.02, 0.3)


def angles(*boxes: Box) -> list[float]:
    return [math.degrees(a) for a in parking_angles(PROFILE, boxes, DIAMETER_M, math.radians(2), 0.001)]


def test_with_nothing_beside_the_conductor_the_slot_stands_down() -> None:
    assert angles() == pytest.approx([90.0])


def test_for_a_pin_the_slot_stands_down_or_the_open_side_of_the_ring_turns_away() -> None:
    assert 90.0 in [round(a, 6) for a in angles(PIN)]
    assert len(angles(PIN)) <= 4


def test_a_box_takes_the_directions_of_its_corners() -> None:
    (taken,) = directions(Box((0, 1), (-0.1, 0.1), (0.1, 0.2)), (0.0, 1.0))
    assert taken == pytest.approx((315.0, 405.0))


def test_a_bar_through_a_ring_takes_two_ranges_of_directions() -> None:
    ranges = directions(Box((0, 1), (-0.9, 0.9), (-0.02, 0.02)), (0.1, 0.2))
    assert sorted((a + b) / 2 % 360 for a, b in ranges) == pytest.approx([90.0, 270.0])


def test_a_box_out_of_reach_takes_none_and_one_round_the_axis_takes_all() -> None:
    assert directions(Box((0, 1), (0.5, 0.6), (0.0, 0.1)), (0.1, 0.2)) == []
    ((begin, end),) = directions(Box((0, 1), (-0.5, 0.6), (-0.5, 0.5)), (0.1, 0.2))
    assert end - begin == 360.0


@settings(max_examples=15, derandomize=True, deadline=None)
@given(st.lists(st.tuples(places, sizes, places, sizes), min_size=1, max_size=3))
def test_no_angle_of_a_fine_grid_is_freer_than_all_parking_angles(
    drawn: list[tuple[float, float, float, float]],
) -> None:
    boxes = [Box((-0.05, 0.05), (x, x + width), (z, z + height)) for x, width, z, height in drawn]

    def met(angle_deg: float, clearance_m: float) -> set[tuple[str, bool, Box]]:
        return {
            (part.name, out, box)
            for out in (True, False)
            for part in rotor_parts(PROFILE, math.radians(angle_deg), out, DIAMETER_M)
            for box in boxes
            if gap_m(part, box, math.radians(2), Bend()) < clearance_m
        }

    known = [met(angle, 0.001) for angle in angles(*boxes)]
    for angle in range(0, 360, 10):
        on_all_sides = set.union(*(met(angle + off, 0.002) for off in (-0.6, 0.0, 0.6)))
        assert any(some <= on_all_sides for some in known), angle


def test_a_gap_between_two_angles_of_a_coarse_grid_is_found() -> None:
    """A box more to the left than to the right: the slot takes it with the rotor at 93 to 101 degrees."""
    aside = Feature(
        "fault-indicator", 0.0, (Box((-0.05, 0.05), (-0.065, 0.05), (-0.20, -0.055)),), crossable=True
    )
    plan = plan_crossing(PROFILE, [aside], DIAMETER_M, 0.004, DESIGN)
    assert isinstance(plan, CrossingPlan)
    (parked,) = {s.rotor_rad for s in plan.steps if s.rotor_rad is not None}
    assert 93.0 < math.degrees(parked) < 101.0


def test_the_catalogue_keeps_the_slot_straight_down() -> None:
    for kind in ("pin-10", "line-post-10-double", "fault-indicator"):
        parked = {s.rotor_rad for s in planned((kind, 0.0)).steps if s.rotor_rad is not None}
        assert parked == {PROFILE.park_rotor_rad}
