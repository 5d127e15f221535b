"""Robot, features and plans for the tests of the crossing planner."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np

from robot.crossing.envelope import Part
from robot.crossing.planner import plan_crossing
from robot.crossing.stance import Blocked, Context, CrossingPlan, Risk, StepKind
from robot.line import catalogue
from robot.line.features import Feature
from robot.line.line import Line
from robot.line.survey import Survey
from robot.messages import CarriageState
from robot.profile import Profile

ROOT = Path(__file__).parents[2]
PROFILE = Profile.model_validate(
    tomllib.loads((ROOT / "missions/robots/r1.toml").read_text(encoding="utf-8"))
)
DIAMETER_M, CABLE_M = 0.01507, 0.004

TIME_ALONE = Risk(
    unwrapped_s_per_m=0, open_s_per_m=0, lifted_s_per_m=0, rear_hanging_s_per_m=0, lone_clamp_s_per_m=0
)
DESIGN = Context(
    kink_rad=math.radians(10), position_sigma_m=0.0, risk=TIME_ALONE
)  # of the design's own search

CLAMPED, OPEN, LIFTED = CarriageState.CLAMPED, CarriageState.OPEN, CarriageState.LIFTED
STATES = (CLAMPED, OPEN, LIFTED)


def feature(kind: str, at_m: float = 0.0, diameter_m: float = DIAMETER_M) -> Feature:
    return Feature(kind, at_m, catalogue.shapes(kind, diameter_m / 2), catalogue.crossable(kind))


def answer(
    *places: tuple[str, float], diameter_m: float = DIAMETER_M, context: Context = DESIGN
) -> CrossingPlan | Blocked:
    features = [feature(kind, at_m, diameter_m) for kind, at_m in places]
    return plan_crossing(PROFILE, features, diameter_m, CABLE_M, context)


def planned(
    *places: tuple[str, float], diameter_m: float = DIAMETER_M, context: Context = DESIGN
) -> CrossingPlan:
    found = answer(*places, diameter_m=diameter_m, context=context)
    assert isinstance(found, CrossingPlan), found.reason
    return found


def blocked(*places: tuple[str, float], diameter_m: float = DIAMETER_M, context: Context = DESIGN) -> Blocked:
    found = answer(*places, diameter_m=diameter_m, context=context)
    assert isinstance(found, Blocked), f"{places} crossed in {found.duration_s:.0f} s"
    return found


def seconds_over(plan: CrossingPlan, length_m: float) -> float:
    """Time over a longer stretch as the design counts it: without the guide and the rotor's confirmations."""
    times = PROFILE.times
    extra = {
        StepKind.GUIDE_OUT: times.guide_s + times.confirm_s,
        StepKind.GUIDE_RETRACT: times.guide_s + times.confirm_s,
        StepKind.PARK_ROTOR: times.confirm_s,
        StepKind.RELEASE_ROTOR: times.confirm_s,
    }
    driven_s = (length_m - (plan.to_m - plan.from_m)) / times.crossing_speed_mps
    return plan.duration_s + driven_s - sum(extra.get(s.kind, 0.0) for s in plan.steps)


def points(part: Part, roll_rad: float) -> np.ndarray:
    """Sample points (n, 2) of a part's cross-section at one roll: 2 degrees by 4 mm."""
    first, last = (math.radians(t) + roll_rad for t in part.theta_deg)
    theta = np.linspace(first, last, max(3, math.ceil((last - first) / math.radians(2)) + 1))
    r = np.linspace(*part.r_m, max(3, math.ceil((part.r_m[1] - part.r_m[0]) / 0.004) + 1))
    theta, r = np.meshgrid(theta, r)
    return np.column_stack(((r * np.sin(theta)).ravel(), (r * np.cos(theta)).ravel()))


def long_line(poles: int, feature_every: int) -> Line:
    """Equal spans of 50 m with post insulators, an indicator in every few spans."""
    pole = {"kind": "straight", "insulator": "line-post-10"}
    survey = {
        "format": "silkline.line/1",
        "name": "long",
        "conductor": "LGJ-120/20",
        "cable": "wrap-24f-4.0",
        "cable_loaded_m": 380.0,
        "pitch_m": 1.0,
        "lay": "Z",
        "phase_spacing_m": 0.7,
        "stringing": {"temperature_c": 15.0, "horizontal_tension_n": 5500.0},
        "pole": [{"id": f"P{i}", **pole} for i in range(poles)],
        "span": [{"length_m": 50.0}] * (poles - 1),
        "feature": [
            {"kind": "fault-indicator", "span": i, "at_m": 2.0} for i in range(2, poles, feature_every)
        ],
    }
    return Line.build(Survey.model_validate(survey))
