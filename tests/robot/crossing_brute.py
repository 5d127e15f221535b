"""A brute force over crossings: every stance at every 10 mm, the rotor at every 5 degrees, its own geometry.

Parts are sampled points taken from the profile, the body lies on the wheels that stand at that very place. It is slow
and knows nothing of the planner; statics alone (`stance_fault`, proved against levers elsewhere) are shared.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from crossing_cases import CLAMPED, LIFTED, OPEN, PROFILE, STATES

from robot.crossing.stance import Context, stance_fault
from robot.line.features import Feature, Shape, Sleeve
from robot.messages import CarriageState

STEP_M, TURN_DEG = 0.010, 5.0
ROLLS = (-1.0, -0.5, 0.0, 0.5, 1.0)  # shares of the roll that must be clear
ANGLES = np.arange(0.0, 360.0, TURN_DEG)
POLES = ("pin-10", "line-post-10", "pin-10-double", "line-post-10-double")

Stance = tuple[CarriageState, CarriageState, CarriageState]
Points = np.ndarray  # (n, 2), x right and z up
Mask = np.ndarray  # of bool, by place


@dataclass(frozen=True)
class Room:
    """How much more than nothing must be free: along the conductor and in the cross-section."""

    along_m: float
    aside_m: float


def samples(theta_deg: tuple[float, float], r_m: tuple[float, float]) -> Points:
    """Points of a sector, 2 degrees by 4 mm, its edges among them."""
    theta = np.radians(np.linspace(*theta_deg, max(3, math.ceil((theta_deg[1] - theta_deg[0]) / 2.0) + 1)))
    r = np.linspace(*r_m, max(3, math.ceil((r_m[1] - r_m[0]) / 0.004) + 1))
    return np.column_stack(((r[:, None] * np.sin(theta)).ravel(), (r[:, None] * np.cos(theta)).ravel()))


def turned(points: Points, by_rad: float) -> Points:
    """Clockwise."""
    sin, cos = math.sin(by_rad), math.cos(by_rad)
    return points @ np.array([[cos, -sin], [sin, cos]])


def hits(points: Points, shape: Shape, aside_m: float, down_m: float = 0.0) -> bool:
    """Whether any point of a part that hangs lower by `down_m` is within a distance of the shape."""
    x, z = points.T
    z = z - down_m
    if isinstance(shape, Sleeve):
        return bool((np.hypot(x, z) - shape.r_m).min() <= aside_m)
    dx = np.maximum(np.maximum(shape.x_m[0] - x, x - shape.x_m[1]), 0.0)
    dz = np.maximum(np.maximum(shape.z_m[0] - z, z - shape.z_m[1]), 0.0)
    return bool(np.hypot(dx, dz).min() <= aside_m)


class BruteForce:
    """All that is free on a grid, and the cheapest way through it.

    Args:
        features: what is in the way; every pole bends the conductor by `context.kink_rad`.
        room: more than the planner's margins, so that what is free here must be free there.
    """

    def __init__(self, features: Sequence[Feature], diameter_m: float, context: Context, room: Room) -> None:
        self._features, self._diameter_m, self._context, self._room = features, diameter_m, context, room
        shapes = [(f, shape) for f in features for shape in f.shapes]
        low = min(f.at_m + shape.s_m[0] for f, shape in shapes)
        high = max(f.at_m + shape.s_m[1] for f, shape in shapes)
        self.s = np.arange(low - 0.85, high + 1.35, STEP_M)
        self._poles = np.array([f.at_m for f in features if f.kind in POLES])
        self.stances: list[Stance] = [
            (a, b, c)
            for a, b, c in itertools.product(STATES, repeat=3)
            if all(
                stance_fault(PROFILE, (a, b, c), context, way * context.slope_rad) is None for way in (-1, 1)
            )
        ]
        self._carriage = {
            (i, state): self._carriage_free(i, state) for i in range(3) for state in (*STATES, "swing")
        }
        self._pods = {ends: self._pods_free(*ends) for ends in ((0, 2), (0, 1), (1, 2))}
        self._geared, self._parked = self._rotor_free()

    # ---------------------------------------------------------------- what is free

    def _near(self, feature: Feature, shape: Shape, s_m: tuple[float, float]) -> Mask:
        """Places of the middle carriage at which a part shares chainage with a shape."""
        low = feature.at_m + shape.s_m[0] - s_m[1] - self._room.along_m
        high = feature.at_m + shape.s_m[1] - s_m[0] + self._room.along_m
        return (self.s > low) & (self.s < high)

    def _shapes(self) -> Iterator[tuple[Feature, Shape]]:
        return ((f, shape) for f in self._features for shape in f.shapes)

    def _any_roll(self, points: Points, shape: Shape) -> bool:
        roll = self._context.roll_rad
        return any(hits(turned(points, share * roll), shape, self._room.aside_m) for share in ROLLS)

    def _carriage_free(self, index: int, state: CarriageState | str) -> Mask:
        carriages = PROFILE.carriages
        bump_m = {CLAMPED: carriages.clamped_bump_max_m, OPEN: carriages.bump_max_m}.get(state, -1.0)  # type: ignore[call-overload]
        middle, half = carriages.s_m[index], carriages.half_length_m
        free = np.ones(len(self.s), bool)
        for theta_deg, r_m in self._sectors(state):
            points = samples(theta_deg, r_m)
            for feature, shape in self._shapes():
                on_it = isinstance(shape, Sleeve) and r_m[0] < self._diameter_m / 2
                if on_it and isinstance(shape, Sleeve) and shape.r_m - self._diameter_m / 2 <= bump_m:
                    continue
                if self._any_roll(points, shape):
                    free &= ~self._near(feature, shape, (middle - half, middle + half))
        return free

    def _sectors(self, state: CarriageState | str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        carriages = PROFILE.carriages
        if state == "swing":  # each arm from where it is folded to straight below
            arms = [s for s in carriages.open if s.r_m[0] > 0.0]
            down = [(min(*a.theta_deg, 180.0), max(*a.theta_deg, 180.0)) for a in arms]
            return [(theta, a.r_m) for theta, a in zip(down, arms, strict=True)]
        found = {CLAMPED: carriages.clamped, OPEN: carriages.open, LIFTED: carriages.lifted}[state]  # type: ignore[index]
        return [(s.theta_deg, s.r_m) for s in found]

    def _height_m(self, s_m: np.ndarray) -> np.ndarray:
        """Of the conductor, each pole bending it by the kink."""
        away = np.abs(s_m[..., None] - self._poles).sum(axis=-1)
        return -math.tan(self._context.kink_rad / 2) * away

    def _pods_free(self, first: int, last: int) -> Mask:
        """With the body on the line through two wheels, at every single place."""
        wheels, free = PROFILE.carriages.s_m, np.ones(len(self.s), bool)
        for pod in PROFILE.body.parts:
            assert pod.s_m is not None
            rolled = [
                turned(samples(pod.theta_deg, pod.r_m), share * self._context.roll_rad) for share in ROLLS
            ]
            for feature, shape in self._shapes():
                near = self._near(feature, shape, pod.s_m)
                known: dict[int, bool] = {}
                for k in np.flatnonzero(near):
                    ends = self._height_m(self.s[k] + np.array([wheels[first], wheels[last]]))
                    along = np.linspace(*(feature.at_m + s for s in shape.s_m), 5)
                    along = along[(along > self.s[k] + pod.s_m[0]) & (along < self.s[k] + pod.s_m[1])]
                    share = (along - self.s[k] - wheels[last]) / (wheels[first] - wheels[last])
                    body = ends[1] + share * (ends[0] - ends[1])
                    for down_m in np.append(self._height_m(along) - body, 0.0):
                        key = round(down_m / 0.001)
                        if key not in known:
                            known[key] = any(hits(p, shape, self._room.aside_m, key * 0.001) for p in rolled)
                        if known[key]:
                            free[k] = False
        return free

    def _rotor_free(self) -> tuple[Mask, dict[bool, Mask]]:
        """Geared by place; parked with the guide out or in by angle and place."""
        rotor, guide, trim = PROFILE.rotor, PROFILE.guide, PROFILE.trim
        whole = (rotor.s_m - rotor.width_m / 2, rotor.s_m + rotor.width_m / 2)
        slot = (
            rotor.slot_center_deg + rotor.slot_half_deg,
            rotor.slot_center_deg - rotor.slot_half_deg + 360,
        )
        parts = [
            (slot, rotor.ring_r_m, whole),
            (rotor.cradle_theta_deg, rotor.cradle_r_m, whole),
            ((trim.center_deg - trim.half_deg, trim.center_deg + trim.half_deg), trim.envelope_r_m, whole),
        ]
        finger = (guide.center_deg - guide.half_deg, guide.center_deg + guide.half_deg)
        by_angle = self._by_angle(parts)
        parked = {}
        for out in (True, False):
            inner = guide.out_radius_m(self._diameter_m) if out else guide.retracted_m
            parked[out] = by_angle & self._by_angle([(finger, (inner, rotor.ring_r_m[1]), guide.s_m)])
        return parked[True].all(axis=0), parked

    def _by_angle(
        self, parts: list[tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]
    ) -> Mask:
        free = np.ones((len(ANGLES), len(self.s)), bool)
        for theta_deg, r_m, s_m in parts:
            points = samples(theta_deg, r_m)
            for feature, shape in self._shapes():
                near = self._near(feature, shape, s_m)
                if isinstance(shape, Sleeve):
                    if r_m[0] - shape.r_m <= self._room.aside_m:
                        free &= ~near
                    continue
                for a, angle in enumerate(ANGLES):
                    if self._any_roll(turned(points, math.radians(angle)), shape):
                        free[a] &= ~near
        return free

    # ---------------------------------------------------------------- the cheapest way

    def cheapest_s(self) -> float:
        """Cost from one end of the grid to the other, all clamped and geared at both; inf = there is none."""
        times, risk = PROFILE.times, self._context.risk
        standing = np.array([self._standing(stance) for stance in self.stances])
        per_m = 1.0 / times.crossing_speed_mps + np.array([self._risk(stance) for stance in self.stances])
        home = self.stances.index((CLAMPED, CLAMPED, CLAMPED))
        count = len(ANGLES)
        geared = np.full(len(self.stances), np.inf)
        geared[home] = 0.0
        parked = np.full((2, len(self.stances), count), np.inf)  # guide out, retracted
        for k in range(len(self.s)):
            free = np.stack([self._parked[True][:, k], self._parked[False][:, k]])[:, None, :]
            geared[~standing[:, k]] = np.inf
            parked[:, ~standing[:, k]] = np.inf
            if not self._geared[k]:
                geared[:] = np.inf
            parked = np.where(free, parked, np.inf)
            geared, parked = self._change_rotor(geared, parked, free, bool(self._geared[k]))
            both = np.concatenate([geared[:, None], parked[0], parked[1]], axis=1)
            both = self._change_carriages(both, k, standing[:, k])
            geared, parked = both[:, 0], np.stack([both[:, 1 : 1 + count], both[:, 1 + count :]])
            if not np.isfinite(both).any():
                return math.inf
            if k + 1 < len(self.s):
                geared = geared + per_m * STEP_M
                parked = parked + (per_m + risk.unwrapped_s_per_m)[:, None] * STEP_M
        return float(geared[home])

    def _standing(self, stance: Stance) -> Mask:
        ends = (0, 1) if stance[2] is LIFTED else (1, 2) if stance[0] is LIFTED else (0, 2)
        return np.all(
            [self._pods[ends], *(self._carriage[i, state] for i, state in enumerate(stance))], axis=0
        )

    def _risk(self, stance: Stance) -> float:
        risk = self._context.risk
        return (
            risk.open_s_per_m * stance.count(OPEN)
            + risk.lifted_s_per_m * stance.count(LIFTED)
            + risk.rear_hanging_s_per_m * (stance[2] is LIFTED)
            + risk.lone_clamp_s_per_m * (stance.count(CLAMPED) == 1)
        )

    def _change_carriages(self, cost: np.ndarray, k: int, standing: np.ndarray) -> np.ndarray:
        """Any number of changes, one carriage after the other, at one place."""
        times = PROFILE.times
        before = -1.0
        while before != (before := float(cost[np.isfinite(cost)].sum())):
            for a, b in itertools.permutations(range(len(self.stances)), 2):
                moved = [i for i in range(3) if self.stances[a][i] is not self.stances[b][i]]
                if len(moved) > 1 or not standing[b] or not np.isfinite(cost[a]).any():
                    continue
                states = self.stances[a][moved[0]], self.stances[b][moved[0]]
                if CLAMPED in states and not (
                    self._carriage[moved[0], "swing"][k] and self._carriage[moved[0], OPEN][k]
                ):
                    continue
                seconds = (times.lift_s if LIFTED in states else times.clamp_s) + times.confirm_s
                cost[b] = np.minimum(cost[b], cost[a] + seconds)
        return cost

    def _change_rotor(
        self, geared: np.ndarray, parked: np.ndarray, free: np.ndarray, may_gear: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Park, turn, move the guide and gear again at one place."""
        times, speed = PROFILE.times, PROFILE.rotor.park_speed_dps
        if may_gear:
            quarter = 90.0 / speed + times.confirm_s
            parked[0] = np.where(free[0], np.minimum(parked[0], geared[:, None] + quarter), np.inf)
        for _ in range(2):
            guide = times.guide_s + times.confirm_s
            parked = np.where(free, np.minimum(parked, parked[::-1] + guide), np.inf)
            turning = parked + times.confirm_s
            for _ in range(len(ANGLES) // 2):
                beside = (
                    np.minimum(np.roll(turning, 1, axis=2), np.roll(turning, -1, axis=2)) + TURN_DEG / speed
                )
                further = np.where(free, np.minimum(turning, beside), np.inf)
                if np.array_equal(further, turning):
                    break
                turning = further
            parked = np.minimum(parked, turning)
        if may_gear:
            geared = np.minimum(geared, parked[0].min(axis=1) + times.confirm_s)
        return geared, parked
