"""Robot, features and a brute-force witness for the tests of the crossing planner.

The witness has its own geometry, sampled points, and its own search, every stance at every grid place. It is
slow and coarse; it shares nothing with the planner but the robot's figures and the statics.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from pathlib import Path

import numpy as np

from robot.crossing.bend import pod_bend
from robot.crossing.envelope import Part, body_parts, carriage_parts, rotor_parts, swing_parts
from robot.crossing.planner import plan_crossing
from robot.crossing.stance import Blocked, Context, CrossingPlan, Risk, StepKind, stance_fault
from robot.line import catalogue
from robot.line.features import Feature, Shape, Sleeve
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


# ---------------------------------------------------------------- witness


def points(part: Part, roll_rad: float) -> np.ndarray:
    """Sample points (n, 2) of a part's cross-section at one roll: 2 degrees by 4 mm."""
    first, last = (math.radians(t) + roll_rad for t in part.theta_deg)
    theta = np.linspace(first, last, max(3, math.ceil((last - first) / math.radians(2)) + 1))
    r = np.linspace(*part.r_m, max(3, math.ceil((part.r_m[1] - part.r_m[0]) / 0.004) + 1))
    theta, r = np.meshgrid(theta, r)
    return np.column_stack(((r * np.sin(theta)).ravel(), (r * np.cos(theta)).ravel()))


def touches(part: Part, shape: Shape, context: Context, kink_rad: float, grown_m: float = 0.0) -> bool:
    """Whether any sample of the part is within `grown_m` of the shape, at some roll and sag."""
    sag = pod_bend(PROFILE, kink_rad, 0.0, (0.0,)).down_m if part.rigid else 0.0
    for roll, share in itertools.product((-1.0, -0.5, 0.0, 0.5, 1.0), (0.0, 0.5, 1.0) if sag else (0.0,)):
        x, z = (points(part, roll * context.roll_rad) - [0.0, share * sag]).T
        if isinstance(shape, Sleeve):
            away = np.hypot(x, z) - shape.r_m
        else:
            dx = np.maximum(shape.x_m[0] - x, x - shape.x_m[1])
            dz = np.maximum(shape.z_m[0] - z, z - shape.z_m[1])
            away = np.hypot(np.maximum(dx, 0), np.maximum(dz, 0))
        if away.min() <= grown_m:
            return True
    return False


class Witness:
    """Which part meets which shape, by samples; margins may differ from the planner's."""

    def __init__(
        self, features: list[Feature], diameter_m: float, context: Context, margin_m: float, grown_m: float
    ) -> None:
        self.features, self.diameter_m, self.context = features, diameter_m, context
        self.margin_m, self.grown_m = margin_m, grown_m
        self._known: dict[tuple[tuple[Part, ...], float], list[tuple[float, float]]] = {}

    def forbidden(self, parts: tuple[Part, ...], bump_m: float = 0.0) -> list[tuple[float, float]]:
        """Intervals of the middle carriage's chainage."""
        key = parts, bump_m
        if key not in self._known:
            self._known[key] = self._forbidden(parts, bump_m)
        return self._known[key]

    def _forbidden(self, parts: tuple[Part, ...], bump_m: float) -> list[tuple[float, float]]:
        found = []
        for part, at in itertools.product(parts, self.features):
            for shape in at.shapes:
                rides = (
                    isinstance(shape, Sleeve)
                    and part.r_m[0] < self.diameter_m / 2
                    and shape.r_m <= self.diameter_m / 2 + bump_m
                )
                if not rides and touches(part, shape, self.context, self.context.kink_rad, self.grown_m):
                    low = at.at_m + shape.s_m[0] - part.s_m[1] - self.margin_m
                    found.append((low, at.at_m + shape.s_m[1] - part.s_m[0] + self.margin_m))
        return found

    def carriage(self, index: int, state: CarriageState) -> list[tuple[float, float]]:
        bump = {CLAMPED: PROFILE.carriages.clamped_bump_max_m, OPEN: PROFILE.carriages.bump_max_m}.get(
            state, 0.0
        )
        return self.forbidden(carriage_parts(PROFILE, index, state), bump)

    def swing(self, index: int) -> list[tuple[float, float]]:
        return self.forbidden(swing_parts(PROFILE, index))

    def body(self) -> list[tuple[float, float]]:
        return self.forbidden(body_parts(PROFILE))

    def rotor(self, angle: float | None, out: bool) -> list[tuple[float, float]]:
        return self.forbidden(rotor_parts(PROFILE, angle, out, self.diameter_m))


def misses(intervals: list[tuple[float, float]], s: np.ndarray) -> np.ndarray:
    """Whether each s is outside all intervals."""
    free = np.ones(len(s), bool)
    for low, high in intervals:
        free &= (s <= low) | (s >= high)
    return free


def brute_force(witness: Witness, step_m: float = 0.010, rotor_step_deg: float = 15.0) -> bool:
    """Whether some sequence of stances leads from clear to clear, by trying all on a grid."""
    context = witness.context
    begin = min(f.at_m + sh.s_m[0] for f in witness.features for sh in f.shapes) - 0.9
    end = max(f.at_m + sh.s_m[1] for f in witness.features for sh in f.shapes) + 1.4
    s = np.arange(begin, end, step_m)
    stances = [c for c in itertools.product(STATES, repeat=3) if _stands(c, context)]
    angles = [None, *(math.radians(a) for a in np.arange(0.0, 360.0, rotor_step_deg))]
    rotors = [(a, out) for a in angles for out in (True, False) if a is not None or out]
    carriage = {(i, st): misses(witness.carriage(i, st), s) for i in range(3) for st in STATES}
    swing = [misses(witness.swing(i), s) for i in range(3)]
    rotor = np.array([misses(witness.rotor(*r), s) for r in rotors])
    body = misses(witness.body(), s)
    standing = np.array([np.all([carriage[i, st] for i, st in enumerate(c)], axis=0) for c in stances]) & body
    changes = [
        (a, b, i, CLAMPED in (stances[a][i], stances[b][i]))
        for a, b in itertools.permutations(range(len(stances)), 2)
        for i in [_only_change(stances[a], stances[b])]
        if i is not None
    ]
    turns = [
        (a, b)
        for a, b in itertools.permutations(range(len(rotors)), 2)
        if _neighbours(rotors[a], rotors[b], rotor_step_deg)
    ]
    reach = np.zeros((len(stances), len(rotors)), bool)
    home = stances.index((CLAMPED,) * 3)
    reach[home, 0] = True
    for k in range(len(s)):
        reach &= standing[:, k, None] & rotor[None, :, k]
        before = -1
        while before != (before := int(reach.sum())):
            for a, b, i, swings in changes:
                if standing[b, k] and (not swings or (swing[i][k] and carriage[i, OPEN][k])):
                    reach[b] |= reach[a]
            for a, b in turns:
                if rotor[b, k]:
                    reach[:, b] |= reach[:, a]
            if int(reach.sum()) == before:
                break
        if not reach.any():
            return False
    return bool(reach[home, 0])


def _stands(carriages: tuple[CarriageState, ...], context: Context) -> bool:
    first, second, third = carriages
    triple = (first, second, third)
    return all(
        stance_fault(PROFILE, triple, context, a) is None for a in (context.slope_rad, -context.slope_rad)
    )


def _only_change(a: tuple[CarriageState, ...], b: tuple[CarriageState, ...]) -> int | None:
    moved = [i for i in range(3) if a[i] is not b[i]]
    return moved[0] if len(moved) == 1 else None


def _neighbours(a: tuple[float | None, bool], b: tuple[float | None, bool], step_deg: float) -> bool:
    if a[0] is None or b[0] is None:
        return a[1] and b[1]
    turn = math.degrees(abs(a[0] - b[0]))
    return (turn < 1e-6) != (a[1] == b[1]) and (turn < 1e-6 or min(turn, 360 - turn) < step_deg + 1e-6)
