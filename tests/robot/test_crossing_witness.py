"""Plans against two witnesses that share nothing with the planner: the referee's geometry and a brute force.

Random features, sizes, distances, diameters, slopes, bends and rolls. What is planned, the referee finds free, and the
brute force finds nothing cheaper; where the planner says "none", the brute force finds none either.
"""

from __future__ import annotations

import math
from collections import Counter

import pytest
from crossing_brute import BruteForce, Room
from crossing_cases import CABLE_M, DIAMETER_M, PROFILE, feature, planned
from crossing_judge import overlaps
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from robot.crossing.planner import plan_crossing
from robot.crossing.stance import Blocked, Context, CrossingPlan, StepKind
from robot.line.features import Box, Feature, Shape, Sleeve
from robot.messages import CarriageState

ROOM = Room(along_m=0.015 + 0.011, aside_m=0.005)  # the planner's margins, the grid's steps and more
GRID_S = 0.5  # what a plan may cost more than the best of the grid: nothing, but for rounding


def millimetres(low: int, high: int) -> st.SearchStrategy[float]:
    return st.integers(low, high).map(lambda n: n / 1000)


def degrees(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 4), round(high * 4)).map(lambda n: math.radians(n / 4))


@st.composite
def shapes(draw: st.DrawFn, diameter_m: float) -> tuple[Shape, ...]:
    """A sleeve, a box below or beside it, or both."""
    found: list[Shape] = []
    which = draw(st.sampled_from(("both", "both", "sleeve", "box")))
    if which != "box":
        half = draw(millimetres(30, 350))
        found.append(Sleeve((-half, half), diameter_m / 2 + draw(millimetres(3, 22))))
    if which != "sleeve":
        half, depth, width = draw(millimetres(30, 120)), draw(millimetres(30, 330)), draw(millimetres(20, 80))
        middle = draw(st.one_of(st.just(0.0), st.just(0.0), millimetres(-300, 300)))
        top = draw(st.one_of(st.just(-0.005), st.just(-0.005), millimetres(-200, 300)))
        found.append(Box((-half, half), (middle - width, middle + width), (top - depth, top)))
    return tuple(found)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Feature], float, Context]:
    """One to three features within reach of each other, some of them poles that bend the conductor."""
    diameter_m = draw(millimetres(8, 27))
    features, at_m = [], 0.0
    for _ in range(draw(st.sampled_from((1, 1, 2, 2, 3)))):
        kind = draw(st.sampled_from(("pin-10", "fault-indicator")))
        features.append(Feature(kind, at_m, draw(shapes(diameter_m)), crossable=True))
        at_m += draw(millimetres(200, 2200))
    context = Context(
        slope_rad=draw(degrees(-15, 15)),
        kink_rad=draw(degrees(0, 12)),
        roll_rad=draw(degrees(1, 3)),
        coil_kg=draw(st.integers(0, 48)) / 10,
        position_sigma_m=0.0,
    )
    return features, diameter_m, context


def cost_s(plan: CrossingPlan, brute: BruteForce, context: Context) -> float:
    """What the plan costs over the whole of the brute force's grid."""
    driven_m = brute.s[-1] - brute.s[0] - (plan.to_m - plan.from_m)
    total, at = driven_m / plan.speed_mps, plan.from_m
    for step in plan.steps:
        total += step.duration_s
        if step.kind is StepKind.ADVANCE:
            parked = context.risk.unwrapped_s_per_m * (step.rotor_rad is not None)
            total += (step.s_m - at) * (risk_s_per_m(step.stance.carriages, context) + parked)
            at = step.s_m
    return total


def risk_s_per_m(carriages: tuple[CarriageState, ...], context: Context) -> float:
    states = [c.value for c in carriages]
    return (
        context.risk.open_s_per_m * states.count("open")
        + context.risk.lifted_s_per_m * states.count("lifted")
        + context.risk.rear_hanging_s_per_m * (states[2] == "lifted")
        + context.risk.lone_clamp_s_per_m * (states.count("clamped") == 1)
    )


@pytest.mark.parametrize(
    "draws",
    [25, pytest.param(300, marks=[pytest.mark.acceptance, pytest.mark.timeout(7200)])],
)
def test_what_is_planned_is_free_and_cheapest_and_none_means_none(draws: int) -> None:
    counts: Counter[bool] = Counter()

    @settings(
        max_examples=draws,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(situations())
    def judge(situation: tuple[list[Feature], float, Context]) -> None:
        features, diameter_m, context = situation
        answer = plan_crossing(PROFILE, features, diameter_m, CABLE_M, context)
        brute = BruteForce(features, diameter_m, context, ROOM)
        cheapest_s = brute.cheapest_s()
        counts[isinstance(answer, CrossingPlan)] += 1
        if isinstance(answer, Blocked):
            assert cheapest_s == math.inf, answer.reason
        else:
            assert overlaps(answer, features, context.kink_rad, context.roll_rad, diameter_m) == set()
            assert cost_s(answer, brute, context) <= cheapest_s + GRID_S

    judge()
    assert counts[True] >= 0.3 * counts.total()
    assert counts[False] >= 0.15 * counts.total()


@pytest.mark.parametrize(
    "places",
    [(("pin-10", 0.0),), (("pin-10", 0.0), ("fault-indicator", 0.5)), (("line-post-10-double", 0.0),)],
    ids=lambda places: "+".join(kind for kind, _ in places),
)
def test_the_brute_force_finds_planted_ways_and_the_plan_is_a_little_cheaper(
    places: tuple[tuple[str, float], ...],
) -> None:
    context = Context(kink_rad=math.radians(8), position_sigma_m=0.0)
    room = Room(along_m=0.020, aside_m=0.0015)
    brute = BruteForce([feature(*place) for place in places], DIAMETER_M, context, room)
    cheapest_s = brute.cheapest_s()
    grid_s = (
        2 * 0.010 * context.risk.unwrapped_s_per_m
    )  # parked and released up to a step of the grid too far
    assert cheapest_s - 1.0 - grid_s < cost_s(planned(*places, context=context), brute, context) <= cheapest_s


def test_the_brute_force_finds_none_past_a_spacer() -> None:
    context = Context(position_sigma_m=0.0)
    assert BruteForce([feature("spacer")], DIAMETER_M, context, Room(0.015, 0.0)).cheapest_s() == math.inf
