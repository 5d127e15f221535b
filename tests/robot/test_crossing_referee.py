"""The referee's clearance check, which shares no code with the planner, finds no overlap on any plan."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
from crossing_cases import CABLE_M, CLAMPED, DIAMETER_M, OPEN, PROFILE, feature

from hil.clearance import ClearanceCheck
from hil.world.truth import TruthState
from robot.crossing.bend import pod_bend
from robot.crossing.planner import plan_crossing
from robot.crossing.stance import HOME, Context, CrossingPlan, Stance, StepKind
from robot.line.features import Feature
from robot.messages import CarriageState

GRIP_M = {CLAMPED: 0.0, OPEN: 0.040, CarriageState.LIFTED: 0.120}
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


def truth(
    s_m: float, grips: tuple[float, ...], rotor_rad: float, guide_m: float, roll_rad: float, sag_m: float
) -> TruthState:
    front, middle, rear = grips
    zeros = {f.name: 0.0 for f in dataclasses.fields(TruthState) if f.default is dataclasses.MISSING}
    here = {
        "s_m": s_m,
        "grip_m": (front, middle, rear),
        "rotor_rad": rotor_rad,
        "guide_r_m": guide_m,
        "roll_rad": roll_rad,
        "pod_sag_m": sag_m,
    }
    return TruthState(**{**zeros, **here})  # type: ignore[arg-type]


def postures(plan: CrossingPlan) -> Iterator[tuple[float, tuple[float, ...], float, float]]:
    """(s, grips, rotor angle, guide radius) every 10 mm and all through every change of stance."""
    at, before = plan.from_m, HOME
    for step in plan.steps:
        shares = np.linspace(0, 1, max(9, math.ceil((step.s_m - at) / 0.01) + 1))
        for share in shares:
            s = at + share * (step.s_m - at)
            grips = tuple(
                GRIP_M[a] + share * (GRIP_M[b] - GRIP_M[a])
                for a, b in zip(before.carriages, step.stance.carriages, strict=True)
            )
            guide = _guide_m(before) + share * (_guide_m(step.stance) - _guide_m(before))
            geared = before.rotor_rad is None or step.stance.rotor_rad is None
            angles = np.radians(np.arange(0, 360, 20)) if geared else (step.stance.rotor_rad,)
            for angle in angles:
                yield s, grips, float(angle), guide
        at, before = step.s_m, step.stance


def _guide_m(stance: Stance) -> float:
    return PROFILE.guide.out_radius_m(DIAMETER_M) if stance.guide_out else PROFILE.guide.retracted_m


def overlaps(plan: CrossingPlan, features: list[Feature]) -> set[tuple[str, str]]:
    check = ClearanceCheck(PROFILE, features, DIAMETER_M)
    sag = pod_bend(PROFILE, KINK_RAD, 0.0, (0.0,)).down_m
    found = set()
    for posture in postures(plan):
        for roll_deg, sag_m in ((-2.0, sag), (2.0, sag), (0.0, 0.0)):
            overlap = check.check(truth(*posture, math.radians(roll_deg), sag_m)).overlaps
            found |= {(o.part, o.feature.kind) for o in overlap}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda c: "+".join(f"{k}@{at:g}" for k, at in c))
def test_a_plan_keeps_clear_even_when_it_is_14_mm_out_of_place(case: tuple[tuple[str, float], ...]) -> None:
    features = [feature(*place) for place in case]
    plan = plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, CONTEXT)
    assert isinstance(plan, CrossingPlan)
    for shift_m in (-0.014, 0.0, 0.014):
        shifted = [dataclasses.replace(f, at_m=f.at_m + shift_m) for f in features]
        assert overlaps(plan, shifted) == set(), shift_m


@pytest.mark.parametrize("shift_m", [-0.02, 0.02])
def test_a_feature_20_mm_from_where_it_was_planned_is_noticed(shift_m: float) -> None:
    plan = plan_crossing(PROFILE, [feature("pin-10")], DIAMETER_M, CABLE_M, CONTEXT)
    assert isinstance(plan, CrossingPlan)
    assert overlaps(plan, [feature("pin-10", shift_m)])


def test_the_planners_clearance_is_no_more_than_what_the_referee_measures() -> None:
    features = [feature("pin-10")]
    plan = plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, CONTEXT)
    assert isinstance(plan, CrossingPlan)
    check = ClearanceCheck(PROFILE, features, DIAMETER_M)
    sag = pod_bend(PROFILE, KINK_RAD, 0.0, (0.0,)).down_m
    parked = [p for p in postures(plan) if p[2] == PROFILE.park_rotor_rad]
    worst = min(
        check.check(truth(*p, math.radians(roll), sag)).distance_m
        for p in parked
        for roll in (-2.0, 0.0, 2.0)
    )
    planned = min(s.clearance_m for s in plan.steps if s.kind is StepKind.ADVANCE and s.rotor_rad is not None)
    assert planned <= worst + 1e-4
    assert worst == pytest.approx(planned, abs=0.002)
