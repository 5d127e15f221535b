"""Plans against a witness of its own geometry and search: what is planned is free, and "none" means none.

Random features, sizes, distances, diameters and slopes. The witness samples parts by points and tries every
stance on a grid of 10 mm. Where it finds a way with more room than the planner asks for, the planner must
find one; where the planner finds one, no sample of any part may be inside any shape on the way.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter

import numpy as np
import pytest
from crossing_cases import PROFILE, Witness, brute_force, feature, misses

from robot.crossing.planner import plan_crossing
from robot.crossing.stance import HOME, Blocked, Context, CrossingPlan
from robot.line.features import Box, Feature, Shape, Sleeve

DRAWS = 30


def draw(rng: random.Random) -> tuple[list[Feature], float, Context]:
    """One to three features of random shape, near each other, on a random conductor and slope."""
    diameter_m = rng.uniform(0.008, 0.027)
    features = []
    at_m = 0.0
    for _ in range(rng.choice((1, 1, 2, 2, 3))):
        shapes: list[Shape] = []
        if rng.random() < 0.8:
            half = rng.uniform(0.03, 0.35)
            shapes.append(Sleeve((-half, half), diameter_m / 2 + rng.uniform(0.0, 0.022)))
        if rng.random() < 0.7 or not shapes:
            half, depth = rng.uniform(0.03, 0.12), rng.uniform(0.03, 0.33)
            middle, width = rng.choice((0.0, 0.0, 0.0, rng.uniform(-0.3, 0.3))), rng.uniform(0.02, 0.08)
            top = rng.choice((-0.005, -0.005, rng.uniform(-0.2, 0.3)))
            shapes.append(Box((-half, half), (middle - width, middle + width), (top - depth, top)))
        features.append(
            Feature(rng.choice(("pin-10", "fault-indicator")), at_m, tuple(shapes), crossable=True)
        )
        at_m += rng.uniform(0.2, 2.2)
    context = Context(
        slope_rad=math.radians(rng.uniform(-15, 15)),
        kink_rad=math.radians(rng.uniform(0, 12)),
        position_sigma_m=0.0,
        coil_kg=rng.uniform(0.0, 4.8),
    )
    return features, diameter_m, context


def inside(plan: CrossingPlan, witness: Witness) -> list[str]:
    """Steps on which some sample of some part is inside some shape."""
    found, at, before = [], plan.from_m, HOME
    for step in plan.steps:
        s = np.linspace(at, step.s_m, max(2, math.ceil((step.s_m - at) / 0.01)))
        for stance in (before, step.stance):
            intervals = [*witness.body(), *witness.rotor(stance.rotor_rad, stance.guide_out)]
            for i, state in enumerate(stance.carriages):
                intervals += witness.carriage(i, state)
            if not misses(intervals, s).all():
                found.append(f"{step.kind.value} at {step.s_m:.3f}")
        at, before = step.s_m, step.stance
    return found


@pytest.fixture(scope="module")
def verdicts() -> list[tuple[bool, bool | None, list[str]]]:
    """Per draw: planned, found by brute force with more room (None = not tried), overlaps of the plan."""
    rng = random.Random(20)
    out = []
    for _ in range(DRAWS):
        features, diameter_m, context = draw(rng)
        answer = plan_crossing(PROFILE, features, diameter_m, 0.004, context)
        if isinstance(answer, Blocked):
            roomy = Witness(features, diameter_m, context, margin_m=0.015 + 0.011, grown_m=0.005)
            out.append((False, brute_force(roomy), []))
        else:
            exact = Witness(features, diameter_m, context, margin_m=0.0, grown_m=-1e-4)
            out.append((True, None, inside(answer, exact)))
    return out


def test_no_plan_brings_a_part_into_a_shape(verdicts: list[tuple[bool, bool | None, list[str]]]) -> None:
    assert [v for v in verdicts if v[2]] == []


def test_where_the_planner_says_none_brute_force_finds_none(
    verdicts: list[tuple[bool, bool | None, list[str]]],
) -> None:
    assert [i for i, v in enumerate(verdicts) if v[1]] == []


def test_both_answers_are_drawn_often_enough(verdicts: list[tuple[bool, bool | None, list[str]]]) -> None:
    counts = Counter(v[0] for v in verdicts)
    assert counts[True] >= 0.3 * DRAWS
    assert counts[False] >= 0.15 * DRAWS


@pytest.mark.parametrize("kinds", [("pin-10",), ("pin-10", "fault-indicator")])
def test_brute_force_finds_planted_ways_too(kinds: tuple[str, ...]) -> None:
    context = Context(kink_rad=math.radians(8), position_sigma_m=0.0)
    features = [feature(kind, 0.5 * i) for i, kind in enumerate(kinds)]
    roomy = Witness(features, 0.01507, context, margin_m=0.020, grown_m=0.001)
    assert brute_force(roomy, rotor_step_deg=90.0)
    assert isinstance(plan_crossing(PROFILE, features, 0.01507, 0.004, context), CrossingPlan)


def test_brute_force_finds_none_past_a_spacer() -> None:
    context = Context(position_sigma_m=0.0)
    assert not brute_force(Witness([feature("spacer")], 0.01507, context, 0.015, 0.0), rotor_step_deg=90.0)


def test_the_witness_sees_a_feature_that_was_shifted_by_20_mm() -> None:
    """The plan keeps 15 mm, so that a shift of 20 mm along the conductor brings some part into the shape."""
    context = Context(kink_rad=math.radians(10), position_sigma_m=0.0)
    plan = plan_crossing(PROFILE, [feature("pin-10")], 0.01507, 0.004, context)
    assert isinstance(plan, CrossingPlan)
    for shift_m in (-0.020, 0.020):
        shifted = [dataclasses.replace(feature("pin-10"), at_m=shift_m)]
        assert inside(plan, Witness(shifted, 0.01507, context, 0.0, -1e-4))
