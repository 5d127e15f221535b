"""Every part of the robot in every state meets features where the drawing says so."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import stage

from hil.clearance import HORIZON_M, Clearance, ClearanceCheck
from robot.line.features import Box, Feature, Sleeve

PARK_RAD = stage.PROFILE.park_rotor_rad
AT_M = 40.0
CLAMPED, OPEN, LIFTED = 0.0, 0.040, 0.120


def feature(*shapes: Sleeve | Box, pole: str = "") -> Feature:
    return Feature("thing", AT_M, shapes, crossable=True, pole=pole)


def check(thing: Feature, ahead_m: float, *, turn_deg: float = 0.0, **changes: object) -> Clearance:
    """Clearance with the middle carriage `ahead_m` past the feature's middle."""
    truth = dataclasses.replace(stage.TRUTH, s_m=AT_M + ahead_m, **changes)  # type: ignore[arg-type]
    turns = {thing.pole: turn_deg} if thing.pole else {}
    return ClearanceCheck(stage.PROFILE, [thing], stage.CONDUCTOR_M, turns).check(truth)


def parts(clearance: Clearance) -> set[str]:
    return {overlap.part for overlap in clearance.overlaps}


TIE = feature(Sleeve((-0.20, 0.20), 0.0175))
THICK = feature(Sleeve((-0.15, 0.15), 0.0275))
POST = feature(Box((-0.06, 0.06), (-0.06, 0.06), (-0.24, -0.004)))
PIN = dataclasses.replace(stage.pin(AT_M), kind="thing")


def test_far_from_all_features_nothing_is_near() -> None:
    clearance = check(PIN, -3.0)
    assert clearance.distance_m == HORIZON_M
    assert clearance.feature is None


def test_a_clamped_carriage_stops_short_of_a_tie_by_the_gap_along_the_line() -> None:
    clearance = check(TIE, -0.65 - 0.06 - 0.20 - 0.018)
    assert clearance.distance_m == pytest.approx(0.018, abs=1e-9)
    assert clearance.part in ("front wheel", "front roller")
    assert clearance.feature is TIE
    assert not clearance.overlaps


def test_a_clamped_carriage_on_a_tie_is_an_overlap_as_deep_as_it_stands_on_it() -> None:
    clearance = check(TIE, -0.65 - 0.06 - 0.20 + 0.005)
    assert parts(clearance) == {"front wheel", "front roller"}
    assert clearance.overlaps[0].depth_m == pytest.approx(0.005)
    assert clearance.distance_m < 1e-6


def test_an_open_carriage_rides_over_a_tie_and_a_lifted_one_passes_above() -> None:
    for place in (OPEN, LIFTED):
        assert not check(TIE, -0.65, grip_m=(place, 0.0, 0.0)).overlaps


def test_a_wheel_on_the_conductor_counts_as_near_to_sleeves_ahead_but_not_to_what_lies_below() -> None:
    assert check(POST, -0.65, grip_m=(OPEN, 0.0, 0.0)).part.startswith("front roller arm")
    clearance = check(THICK, -0.65 - 0.06 - 0.15 - 0.018, grip_m=(OPEN, 0.0, 0.0))
    assert (clearance.part, clearance.distance_m) == ("front wheel", pytest.approx(0.018))


def test_an_open_carriage_does_not_ride_over_twenty_millimetres() -> None:
    assert parts(check(THICK, -0.65, grip_m=(OPEN, 0.0, 0.0))) == {"front wheel"}
    assert not check(THICK, -0.65, grip_m=(LIFTED, 0.0, 0.0)).overlaps
    assert parts(check(THICK, -0.65, grip_m=(0.050, 0.0, 0.0))) == {"front wheel"}


def test_a_clamped_wheel_rides_over_two_millimetres_only() -> None:
    low, high = (Sleeve((-0.05, 0.05), stage.CONDUCTOR_M / 2 + h) for h in (0.0019, 0.0021))
    assert parts(check(feature(low), -0.65)) == {"front roller"}
    assert parts(check(feature(high), -0.65)) == {"front roller", "front wheel"}


def test_a_roller_is_in_the_way_until_its_arms_are_folded() -> None:
    assert parts(check(POST, 0.0)) == {"middle roller"}
    assert "middle roller" in parts(check(POST, 0.0, grip_m=(0.0, 0.030, 0.0)))
    assert not check(POST, 0.0, grip_m=(0.0, OPEN, 0.0)).overlaps


def test_roller_arms_sweep_the_space_below_while_they_swing() -> None:
    beside = feature(
        Box((-0.05, 0.05), (0.085, 0.095), (-0.06, -0.05))
    )  # right and below, clear of both ends
    for place in (CLAMPED, OPEN, LIFTED):
        assert not check(beside, 0.0, grip_m=(0.0, place, 0.0)).overlaps
    assert parts(check(beside, 0.0, grip_m=(0.0, 0.020, 0.0))) == {"middle roller arm right"}


def test_the_slot_lets_an_insulator_through_only_when_it_is_turned_down() -> None:
    over = {"grip_m": (0.0, 0.0, 0.0), "guide_r_m": 0.050}
    assert not check(PIN, 0.95, rotor_rad=PARK_RAD, **over).overlaps
    assert parts(check(PIN, 0.95, rotor_rad=PARK_RAD + math.pi, **over)) == {"ring"}
    assert "ring" in parts(check(PIN, 0.95, rotor_rad=PARK_RAD + math.radians(15.0), **over))
    assert {"ring", "cradle"} <= parts(check(PIN, 0.95, rotor_rad=math.pi, **over))


def test_roll_turns_the_slot_with_the_body() -> None:
    over = {"rotor_rad": PARK_RAD, "guide_r_m": 0.050}
    assert not check(PIN, 0.95, roll_rad=math.radians(3.0), **over).overlaps
    assert parts(check(PIN, 0.95, roll_rad=math.radians(10.0), **over)) == {"ring"}
    assert not check(
        PIN, 0.95, roll_rad=math.radians(10.0), **over | {"rotor_rad": PARK_RAD - math.radians(10.0)}
    ).overlaps


def test_the_guide_must_be_retracted_over_a_tie() -> None:
    assert parts(check(TIE, 1.12, rotor_rad=PARK_RAD)) == {"guide"}
    assert parts(check(TIE, 1.12, rotor_rad=PARK_RAD, guide_r_m=0.017)) == {"guide"}
    assert check(TIE, 1.12, rotor_rad=PARK_RAD, guide_r_m=0.0185).distance_m == pytest.approx(0.001, abs=1e-9)


def test_pods_hang_below_a_bent_conductor_onto_the_arm() -> None:
    high = feature(Box((-0.035, 0.035), (-0.75, 0.75), (-0.30, -0.20)))
    assert not check(high, 0.3).overlaps
    assert check(high, 0.3).distance_m == pytest.approx(0.20 - 0.27 * math.cos(math.radians(50.0)), abs=1e-9)
    assert parts(check(high, 0.3, pod_sag_m=0.05)) == {"left pod", "right pod"}


def test_at_a_turn_of_the_line_the_straight_body_stands_aside() -> None:
    """Where a pole turns the line by 7 degrees under the middle, the outer wheels stand 0.65 tan 3.5 degrees
    to the inside of the bend, the middle one on it: the nearest line has two thirds of that.
    """
    aside_m = 0.65 * math.tan(math.radians(3.5)) * 2 / 3
    outer_m = 0.27 * math.sin(math.radians(98.0))  # edge of a pod
    gap_m = 0.010
    left = feature(Box((-0.03, 0.03), (-outer_m - 0.2, -outer_m - gap_m), (-0.05, -0.038)), pole="P2")
    straight = check(left, 0.0, grip_m=(0.0, OPEN, 0.0)).distance_m
    to_the_right = check(left, 0.0, turn_deg=7.0, grip_m=(0.0, OPEN, 0.0)).distance_m
    to_the_left = check(left, 0.0, turn_deg=-7.0, grip_m=(0.0, OPEN, 0.0))
    assert straight == pytest.approx(gap_m, abs=1e-3)
    assert to_the_right == pytest.approx(straight + aside_m, abs=1e-3)
    assert parts(to_the_left) == {"left pod"}


def test_many_features_are_judged_as_each_one_alone() -> None:
    rng = np.random.default_rng(5)
    places = np.cumsum(rng.uniform(0.3, 4.0, 12))
    kinds = [PIN.shapes, TIE.shapes, THICK.shapes, POST.shapes]
    things = [Feature(f"thing {i}", float(at), kinds[i % 4], True) for i, at in enumerate(places)]
    together = ClearanceCheck(stage.PROFILE, things, stage.CONDUCTOR_M)
    alone = [ClearanceCheck(stage.PROFILE, [thing], stage.CONDUCTOR_M) for thing in things]
    seen = 0
    for _ in range(500):
        truth = dataclasses.replace(
            stage.TRUTH,
            s_m=float(rng.uniform(-3.0, places[-1] + 3.0)),
            roll_rad=float(rng.normal(0.0, 0.05)),
            rotor_rad=float(rng.uniform(0.0, 2 * math.pi)),
            guide_r_m=float(rng.uniform(0.012, 0.05)),
            pod_sag_m=float(rng.uniform(0.0, 0.05)),
            grip_m=tuple(rng.choice([CLAMPED, 0.02, OPEN, 0.08, LIFTED], 3).tolist()),
        )
        answer, answers = together.check(truth), [each.check(truth) for each in alone]
        assert answer.distance_m == min(a.distance_m for a in answers)
        told = {(o.part, o.feature.kind) for o in answer.overlaps}
        assert told == {(o.part, o.feature.kind) for a in answers for o in a.overlaps}
        seen += bool(told)
    assert seen > 100


def test_a_line_without_features_is_free() -> None:
    assert ClearanceCheck(stage.PROFILE, [], stage.CONDUCTOR_M).check(stage.TRUTH).distance_m == HORIZON_M
