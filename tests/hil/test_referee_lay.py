"""The lay as made is measured as a ruler would measure it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hil.lay import AsLaid, Stretch, pitch_errors_pct

R_M = 0.0095


def lay(
    points: list[tuple[float, float]], *, pitch_m: float = 1.0, hand: int = 1, off_m: float = 0.0
) -> AsLaid:
    laid = AsLaid(pitch_m, hand, R_M)
    for s_m, theta in points:
        laid.observe(s_m, theta, s_m + off_m)
    return laid


def helix(
    from_m: float, to_m: float, pitch_m: float, theta: float = 0.0, hand: int = 1
) -> list[tuple[float, float]]:
    s = np.arange(from_m, to_m + 1e-9, 0.004)
    return [(float(x), theta + hand * 2 * math.pi * float(x - from_m) / pitch_m) for x in s]


@pytest.mark.parametrize("hand", [1, -1])
@pytest.mark.parametrize("pitch_m", [0.3, 0.5, 1.0])
def test_a_perfect_helix_has_perfect_turns_and_the_length_of_the_book(pitch_m: float, hand: int) -> None:
    laid = lay(helix(2.5, 12.5, pitch_m, theta=1.0, hand=hand), pitch_m=pitch_m, hand=hand)
    turns = laid.turns()
    assert len(turns) == int(10.0 / pitch_m + 1e-6)
    assert [t.length_m for t in turns] == pytest.approx([pitch_m] * len(turns), rel=1e-6)
    assert laid.cable_m() == pytest.approx(10.0 * math.hypot(1.0, 2 * math.pi * R_M / pitch_m), rel=1e-5)
    assert laid.unwrapped() == []


def test_a_helix_of_the_wrong_hand_makes_no_turns_and_counts_as_unwrapped() -> None:
    laid = lay(helix(0.0, 5.0, 1.0), hand=-1)
    assert laid.turns() == []
    assert sum(u.length_m for u in laid.unwrapped()) == pytest.approx(5.0, abs=0.03)


def test_one_long_turn_is_found_where_it_is() -> None:
    first = helix(0.0, 3.0, 1.0)
    second = helix(3.0, 4.2, 1.2, theta=first[-1][1])
    third = helix(4.2, 7.3, 1.0, theta=second[-1][1])
    errors = pitch_errors_pct(lay(first + second + third).turns(), 1.0, [])
    assert np.flatnonzero(errors > 1.0).tolist() == [3]
    assert errors[3] == pytest.approx(20.0, abs=0.5)


def test_only_turns_that_overlap_a_recorded_stretch_are_excused() -> None:
    turns = [Stretch(0.0, 1.0), Stretch(1.0, 2.5), Stretch(2.5, 3.5)]
    assert pitch_errors_pct(turns, 1.0, [Stretch(1.2, 1.4)]) == pytest.approx([0.0, 0.0])
    assert pitch_errors_pct(turns, 1.0, [Stretch(0.2, 1.0)]) == pytest.approx([50.0, 0.0])
    assert pitch_errors_pct(turns, 1.0, []) == pytest.approx([0.0, 50.0, 0.0])


def test_a_straight_stretch_is_unwrapped_as_long_as_it_is() -> None:
    first = helix(0.0, 3.3, 1.0)
    straight = [(s, first[-1][1]) for s in np.arange(3.304, 3.9, 0.004)]
    last = helix(3.9, 6.0, 1.0, theta=first[-1][1])
    (stretch,) = lay(first + straight + last).unwrapped()
    assert stretch.from_m == pytest.approx(3.3, abs=0.01)
    assert stretch.to_m == pytest.approx(3.9, abs=0.01)


def test_a_jump_of_the_lay_point_to_a_tie_is_straight_cable_too() -> None:
    first = helix(0.0, 3.3, 1.0)
    laid = lay(first + helix(3.8, 6.0, 1.0, theta=first[-1][1]))
    (stretch,) = laid.unwrapped()
    assert stretch.length_m == pytest.approx(0.5, abs=0.02)
    whole = (first[-1][0] + 2.2) * math.hypot(1.0, 2 * math.pi * R_M)
    assert laid.cable_m() == pytest.approx(whole + 0.5, abs=1e-3)


@pytest.mark.parametrize(("rate", "straight"), [(0.30, False), (0.20, True)])
def test_less_than_a_quarter_of_the_ordered_turning_counts_as_unwrapped(rate: float, straight: bool) -> None:
    assert bool(lay(helix(0.0, 3.0, 1.0 / rate)).unwrapped()) is straight


def test_cable_taken_up_again_is_not_part_of_the_lay() -> None:
    there = helix(0.0, 5.0, 1.0)
    back = there[::-1][:500]
    again = helix(back[-1][0], 6.0, 1.0, theta=back[-1][1])
    laid = lay(there + back + again)
    assert laid.cable_m() == pytest.approx(6.0 * math.hypot(1.0, 2 * math.pi * R_M), rel=1e-4)
    assert [t.length_m for t in laid.turns()] == pytest.approx([1.0] * len(laid.turns()), abs=1e-3)


def test_standing_still_adds_nothing_however_long_it_takes() -> None:
    points = helix(0.0, 2.0, 1.0)
    laid = lay(points)
    before = len(laid)
    for _ in range(1000):
        assert laid.observe(*points[-1], points[-1][0]) is False
    assert len(laid) == before


def test_progress_is_told_in_steps_larger_than_the_swing_of_a_standing_body() -> None:
    laid = lay(helix(0.0, 2.0, 1.0))
    s_m, turned = laid.end_m, laid.furthest_rad
    assert laid.observe(s_m + 1e-5, turned + 0.04, s_m) is False
    assert laid.observe(s_m + 0.02, turned + 0.12, s_m) is True


def test_a_recorded_stretch_is_moved_to_its_true_place() -> None:
    laid = lay(helix(0.0, 10.0, 1.0), off_m=0.25)
    stretch = laid.true_stretch(4.25, 4.85)
    assert stretch.from_m == pytest.approx(4.0, abs=1e-3)
    assert stretch.to_m == pytest.approx(4.6, abs=1e-3)


def test_a_lay_that_is_taken_up_altogether_begins_anew() -> None:
    laid = lay([(2.5, 1.0), (2.4, 0.5)])
    assert laid.turns() == []
    assert lay([(2.5, 1.0), *helix(2.4, 4.5, 1.0, theta=0.5)]).turns()[0].length_m == pytest.approx(1.0)


def test_no_lay_has_no_figures() -> None:
    laid = AsLaid(1.0, 1, R_M)
    assert laid.turns() == []
    assert laid.unwrapped() == []
    assert laid.cable_m() == 0.0
    assert math.isnan(laid.end_m)
