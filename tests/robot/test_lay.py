"""The lay: the lay point follows the guide as a taut cable does."""

from __future__ import annotations

import math

import pytest

from robot.behaviours.lay import LayGeometry, LayPoint

LGJ_120 = LayGeometry(conductor_diameter_m=0.01507, cable_diameter_m=0.004, guide_radius_m=0.012, pitch_m=1.0)


def test_the_lay_point_stands_a_hand_behind_the_guide_at_one_metre_pitch() -> None:
    assert LGJ_120.lag_m == pytest.approx(0.12, abs=0.005)  # design, section 5


def test_one_metre_of_conductor_takes_the_helix_length() -> None:
    assert LGJ_120.length_factor == pytest.approx(1.0018, abs=1e-4)  # domain figures, section 6: 0.18 %


def test_a_steady_gear_lays_the_ordered_pitch() -> None:
    lay = LayPoint(LGJ_120, guide_s_m=0.0)
    before = lay.s_m
    for i in range(1, 1001):
        lay.advance(i * 0.001, 2 * math.pi * 0.001)
    assert lay.s_m - before == pytest.approx(1.0, rel=1e-3)


def test_after_a_straight_stretch_the_lay_point_is_drawn_up_to_the_guide() -> None:
    lay = LayPoint(LGJ_120, guide_s_m=0.0)
    lay.advance(0.75, 0.0)
    turn_rad = LGJ_120.turn_to_recover_rad(0.75 - lay.s_m)
    for _ in range(100):
        lay.advance(0.75, turn_rad / 100)
    assert 0.75 - lay.s_m == pytest.approx(LGJ_120.lag_m, rel=1e-6)
    assert turn_rad < 2 * math.pi / 3


def test_a_tie_holds_the_cable_and_a_turn_backwards_does_not_draw_it_back() -> None:
    lay = LayPoint(LGJ_120, guide_s_m=0.0)
    lay.hold_at(0.05)
    lay.advance(0.2, -1.0)
    assert lay.s_m == 0.05


def test_what_is_turned_back_comes_off_as_it_was_laid_and_a_swing_leaves_everything_as_it_was() -> None:
    lay = LayPoint(LGJ_120, guide_s_m=0.0)
    lay.advance(0.5, 0.3)
    laid_m = lay.s_m
    lay.advance(0.5, -0.2)
    assert laid_m - lay.s_m == pytest.approx(0.2 / (2 * math.pi))
    lay.advance(0.5, 0.2)
    assert lay.s_m == pytest.approx(laid_m)
