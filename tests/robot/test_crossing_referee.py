"""The referee's clearance check, which shares no code with the planner, finds no overlap on any plan."""

from __future__ import annotations

import dataclasses
import math

import pytest
from crossing_cases import CABLE_M, DIAMETER_M, PROFILE, feature
from crossing_judge import overlaps, postures, sag_m, truth

from hil.clearance import ClearanceCheck
from robot.crossing.planner import plan_crossing
from robot.crossing.stance import Context, CrossingPlan, StepKind

KINK_RAD = math.radians(10)
CONTEXT = Context(kink_rad=KINK_RAD, position_sigma_m=0.0)
CASES = [
    (("pin-10", 0.0),),
    (("line-post-10-double", 0.0), ("bird-deterrent", 0.0)),
    (("fault-indicator", 0.0),),
    (("splice", 0.0),),
    (("pg-clamp", 0.0),),
    (("spiral-diverter", 0.0),),
    (("pin-10", 0.0), ("fault-indicator", 0.3)),
    (("pin-10-double", 0.0), ("fault-indicator", 0.5)),
    (("fault-indicator", 0.0), ("line-post-10", 1.8)),
    (("pin-10", 0.0), ("pin-10", 2.0)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: "+".join(f"{k}@{at:g}" for k, at in c))
def test_a_plan_keeps_clear_even_when_it_is_14_mm_out_of_place(case: tuple[tuple[str, float], ...]) -> None:
    features = [feature(*place) for place in case]
    plan = plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, CONTEXT)
    assert isinstance(plan, CrossingPlan)
    for shift_m in (-0.014, 0.0, 0.014):
        shifted = [dataclasses.replace(f, at_m=f.at_m + shift_m) for f in features]
        assert overlaps(plan, shifted, KINK_RAD) == set(), shift_m


@pytest.mark.parametrize("shift_m", [-0.02, 0.02])
def test_a_feature_20_mm_from_where_it_was_planned_is_noticed(shift_m: float) -> None:
    plan = plan_crossing(PROFILE, [feature("pin-10")], DIAMETER_M, CABLE_M, CONTEXT)
    assert isinstance(plan, CrossingPlan)
    assert overlaps(plan, [feature("pin-10", shift_m)], KINK_RAD)


def test_the_planners_clearance_is_no_more_than_what_the_referee_measures() -> None:
    features = [feature("pin-10")]
    plan = plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, CONTEXT)
    assert isinstance(plan, CrossingPlan)
    check = ClearanceCheck(PROFILE, features, DIAMETER_M)
    worst = min(
        check.check(truth(p, sag_m(p[0], p[1], features[0], [0.0], KINK_RAD))).distance_m
        for p in postures(plan, DIAMETER_M, math.radians(2))
        if p[2] == PROFILE.park_rotor_rad
    )
    planned = min(s.clearance_m for s in plan.steps if s.kind is StepKind.ADVANCE and s.rotor_rad is not None)
    assert planned <= worst + 1e-4
    assert worst == pytest.approx(planned, abs=0.002)
