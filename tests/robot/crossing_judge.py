"""A plan before the referee's geometry: every posture on the way, at the worst roll and bend."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from crossing_cases import CLAMPED, DIAMETER_M, LIFTED, OPEN, PROFILE

from hil.clearance import ClearanceCheck
from hil.world.truth import TruthState
from robot.crossing.stance import HOME, CrossingPlan, Stance
from robot.line import catalogue
from robot.line.features import Feature

_FRONT_M = PROFILE.carriages.s_m[0] + PROFILE.carriages.half_length_m
_REAR_M = PROFILE.guide.s_m[0]
GRIP_M = {CLAMPED: 0.0, OPEN: 0.040, LIFTED: 0.120}
Posture = tuple[float, tuple[float, ...], float, float, float]  # s, grips, rotor, guide's radius, roll


TURNS_RAD = np.radians(
    np.arange(0.0, 360.0, 15.0)
).tolist()  # the rotor's parts, but for the guide, are wider
_ZEROS = {f.name: 0.0 for f in dataclasses.fields(TruthState) if f.default is dataclasses.MISSING}


def truth(posture: Posture, sag_m: float) -> TruthState:
    s_m, (front, middle, rear), rotor_rad, guide_m, roll_rad = posture
    here = {
        "s_m": s_m,
        "grip_m": (front, middle, rear),
        "rotor_rad": rotor_rad,
        "guide_r_m": guide_m,
        "roll_rad": roll_rad,
        "pod_sag_m": sag_m,
    }
    return TruthState(**{**_ZEROS, **here})  # type: ignore[arg-type]


def postures(plan: CrossingPlan, diameter_m: float, roll_rad: float) -> Iterator[Posture]:
    """Every 20 mm, all through every change of stance; leaning both ways, and all round with a geared rotor."""
    at, before = plan.from_m, HOME
    for step in plan.steps:
        count = max(9, math.ceil((step.s_m - at) / 0.02) + 1)
        geared = before.rotor_rad is None or step.stance.rotor_rad is None
        first = before.rotor_rad or 0.0
        way = 0.0 if geared else math.remainder((step.stance.rotor_rad or 0.0) - first, 2 * math.pi)
        for share in np.linspace(0, 1, count).tolist():
            s = at + share * (step.s_m - at)
            grips = tuple(
                GRIP_M[a] + share * (GRIP_M[b] - GRIP_M[a])
                for a, b in zip(before.carriages, step.stance.carriages, strict=True)
            )
            guide = _guide_m(before, diameter_m)
            guide += share * (_guide_m(step.stance, diameter_m) - guide)
            turns = TURNS_RAD if geared else [first + share * way]
            yield s, grips, turns[0], guide, -roll_rad
            yield s, grips, turns[0], guide, roll_rad
            yield from ((s, grips, turn, guide, 0.0) for turn in turns)
        at, before = step.s_m, step.stance


def _guide_m(stance: Stance, diameter_m: float) -> float:
    return PROFILE.guide.out_radius_m(diameter_m) if stance.guide_out else PROFILE.guide.retracted_m


def sag_m(
    s_m: float, grips: Sequence[float], feature: Feature, poles_m: Sequence[float], kink_rad: float
) -> float:
    """How far the body, lying on its outermost standing wheels, hangs below the conductor beside a feature."""
    on = [s for s, grip in zip(PROFILE.carriages.s_m, grips, strict=True) if grip <= GRIP_M[OPEN] + 1e-6]
    ends = s_m + np.array([on[-1], on[0]])
    along = (
        np.linspace(min(s.s_m[0] for s in feature.shapes), max(s.s_m[1] for s in feature.shapes), 9)
        + feature.at_m
    )
    body = np.interp(along, ends, _heights_m(ends, poles_m, kink_rad))
    inside = (along >= ends[0]) & (along <= ends[1])  # beyond its wheels it is above
    return float(np.max((_heights_m(along, poles_m, kink_rad) - body)[inside], initial=0.0))


def _heights_m(s_m: np.ndarray, poles_m: Sequence[float], kink_rad: float) -> np.ndarray:
    return -math.tan(kink_rad / 2) * sum((np.abs(s_m - p) for p in poles_m), start=np.zeros(len(s_m)))


def overlaps(
    plan: CrossingPlan,
    features: Sequence[Feature],
    kink_rad: float,
    roll_rad: float = math.radians(2),
    diameter_m: float = DIAMETER_M,
) -> set[tuple[str, str]]:
    """Parts and features that the referee sees in the same place somewhere on the way."""
    poles = [f.at_m for f in features if f.kind in catalogue.INSULATORS]
    checks = [(f, ClearanceCheck(PROFILE, [f], diameter_m)) for f in features]
    found = set()
    for posture in postures(plan, diameter_m, roll_rad):
        s, grips = posture[:2]
        for feature, check in checks:
            low = feature.at_m + min(shape.s_m[0] for shape in feature.shapes)
            high = feature.at_m + max(shape.s_m[1] for shape in feature.shapes)
            if s + _FRONT_M < low or high < s + _REAR_M:
                continue
            sag = sag_m(s, grips, feature, poles, kink_rad)
            seen = check.check(truth(posture, sag)).overlaps
            found |= {(o.part, o.feature.kind) for o in seen}
    return found
