"""The referee's distances against points sampled by brute force, and against figures one can see on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hil.geometry import interval_gap, prism_distance, sector_box_distance, sector_disc_distance

SAMPLES = 160
metres = st.floats(-0.4, 0.4)
widths = st.floats(0.002, 0.5)


def sector(
    middle_deg: float, half_deg: float, r0: float, r1: float
) -> tuple[float, float, float, float, float, float]:
    middle, half = math.radians(middle_deg), math.radians(half_deg)
    return math.sin(middle), math.cos(middle), math.cos(half), math.sin(half), r0, r1


def sampled(middle_deg: float, half_deg: float, r0: float, r1: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Points that fill the sector, and how far any of its points can be from the nearest of them."""
    theta = np.radians(middle_deg) + np.radians(half_deg) * np.linspace(-1.0, 1.0, SAMPLES)
    r = np.linspace(r0, r1, SAMPLES)
    reach = math.hypot((r1 - r0) / (SAMPLES - 1), r1 * 2 * math.radians(half_deg) / (SAMPLES - 1)) / 2
    return np.outer(r, np.sin(theta)), np.outer(r, np.cos(theta)), reach


sectors = st.tuples(st.floats(-360, 360), st.floats(1, 180), st.floats(0, 0.3), widths)


@given(sectors, metres, metres, widths, widths)
@example(
    (0.0, 20.0, 0.1, 0.1), -0.3, 0.14, 0.6, 0.02
)  # the box lies across the sector, no corner in the other
@example((90.0, 130.0, 0.085, 0.065), -0.06, -0.24, 0.12, 0.236)  # the ring round an insulator
@example((0.0, 180.0, 0.1, 0.1), -0.02, -0.02, 0.04, 0.04)  # the box in the hole of a full ring
@example((0.0, 45.0, 0.0, 0.11), -0.5, 0.2, 1.0, 0.1)  # arc against the middle of an edge
@settings(max_examples=300, deadline=None, derandomize=True)
def test_distance_to_a_box_is_that_of_sampled_points(
    part: tuple[float, float, float, float], x0: float, z0: float, width: float, height: float
) -> None:
    middle, half, r0, thickness = part
    x, z, reach = sampled(middle, half, r0, r0 + thickness)
    aside = np.maximum(np.maximum(x0 - x, x - x0 - width), 0.0)
    above = np.maximum(np.maximum(z0 - z, z - z0 - height), 0.0)
    brute = float(np.hypot(aside, above).min())
    exact = sector_box_distance(*sector(middle, half, r0, r0 + thickness), x0, x0 + width, z0, z0 + height)
    assert exact - 1e-9 <= brute <= exact + reach + 1e-9


@given(sectors, metres, metres, widths)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_distance_to_a_disc_is_that_of_sampled_points(
    part: tuple[float, float, float, float], x0: float, z0: float, radius: float
) -> None:
    middle, half, r0, thickness = part
    x, z, reach = sampled(middle, half, r0, r0 + thickness)
    brute = max(float(np.hypot(x - x0, z - z0).min()) - radius, 0.0)
    exact = sector_disc_distance(*sector(middle, half, r0, r0 + thickness), x0, z0, radius)
    assert exact - 1e-9 <= brute <= exact + reach + 1e-9


@given(sectors, metres, metres, widths, widths, st.floats(-180, 180))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_mirror_images_are_as_far_apart(
    part: tuple[float, float, float, float], x0: float, z0: float, width: float, height: float, turn: float
) -> None:
    middle, half, r0, thickness = part
    here = sector_box_distance(
        *sector(middle + turn, half, r0, r0 + thickness), x0, x0 + width, z0, z0 + height
    )
    mirrored = sector_box_distance(
        *sector(-middle - turn, half, r0, r0 + thickness), -x0 - width, -x0, z0, z0 + height
    )
    assert here == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize(
    ("part", "box", "distance_m"),
    [
        ((0, 45, 0.0, 0.11), (-0.06, 0.06, -0.24, -0.004), 0.004),  # a wheel over an insulator's head
        ((180, 45, 0.0, 0.08), (-0.06, 0.06, -0.24, -0.004), 0.0),  # its roller below
        ((0, 180, 0.085, 0.15), (0.2, 0.3, -0.05, 0.05), 0.05),  # a ring beside a box
        ((0, 180, 0.085, 0.15), (-0.01, 0.01, -0.01, 0.01), 0.085 - math.hypot(0.01, 0.01)),  # round it
        ((90, 10, 0.12, 0.27), (-0.5, 0.5, -0.31, -0.24), 0.24 - 0.27 * math.sin(math.radians(10))),
    ],
)
def test_distances_to_boxes_known_from_the_drawing(
    part: tuple[float, float, float, float], box: tuple[float, float, float, float], distance_m: float
) -> None:
    assert sector_box_distance(*sector(*part), *box) == pytest.approx(distance_m, abs=1e-12)


def test_prisms_that_only_meet_in_one_view_do_not_overlap() -> None:
    assert interval_gap(0.0, 1.0, 1.3, 2.0) == pytest.approx(0.3)
    assert interval_gap(0.0, 1.0, 0.8, 2.0) == pytest.approx(-0.2)
    assert prism_distance(0.3, 0.0) == pytest.approx(0.3)
    assert prism_distance(-0.2, 0.4) == pytest.approx(0.4)
    assert prism_distance(0.3, 0.4) == pytest.approx(0.5)
    assert prism_distance(-0.2, 0.0) == 0.0
