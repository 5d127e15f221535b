"""Where every part of the robot really is, and how near it comes to the features.

The robot's envelope is taken from its profile afresh and placed with the world's truth: grips between two
states fill what they sweep, carriages and rotor follow the conductor, the stiff pods leave it where it bends.
A wheel that rests on the conductor may ride over a sleeve as high as the profile allows; whatever else
touches is an overlap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hil.geometry import interval_gap, prism_distance, sector_box_distance, sector_disc_distance
from hil.outline import CARRIAGE, CLOSED, GUIDE, PODS, ROTOR, part_table, shape_table
from hil.world.truth import TruthState
from robot.line.features import Feature
from robot.profile import Profile

GRIP_TOLERANCE_M = 0.005  # a grip is in a state when this near to its place
HORIZON_M = 0.10  # clearances above are not told apart
TOUCH_M = 1e-6
MAX_OVERLAPS = 16

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A part and a feature in the same place; `depth_m` is how far along the conductor."""

    part: str
    feature: Feature
    depth_m: float


@dataclass(frozen=True, slots=True)
class Clearance:
    """The nearest part and feature, and what overlaps. `distance_m` is at most `HORIZON_M`."""

    distance_m: float
    part: str = ""
    feature: Feature | None = None
    overlaps: tuple[Overlap, ...] = ()


FREE = Clearance(HORIZON_M)


class ClearanceCheck:
    """Distances between one robot and all features of a line.

    Args:
        profile: the robot.
        features: the true ones, with shapes.
        conductor_diameter_m: the true one.
        turns_deg: turn of the line in plan at poles, by the pole's id, positive to the right.
    """

    def __init__(
        self,
        profile: Profile,
        features: Sequence[Feature],
        conductor_diameter_m: float,
        turns_deg: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._features = sorted(features, key=lambda f: f.at_m)
        self._names, self._parts = part_table(profile)
        self._shapes = shape_table(self._features, turns_deg)
        carriages = profile.carriages
        self._wheels_s_m = np.array(carriages.s_m)
        self._places = np.array([carriages.open_m, carriages.lifted_m])
        bumps_m = np.array([carriages.clamped_bump_max_m, carriages.bump_max_m])
        self._bump_r = conductor_diameter_m / 2 + bumps_m
        self._found = np.zeros((MAX_OVERLAPS, 3))
        self._zones = _zones(self._parts, self._shapes)
        self._zone = (-math.inf, -math.inf)  # of the last look-up: shapes first..last matter within it
        self._range = (0, 0)

    def check(self, truth: TruthState) -> Clearance:
        """Distances now."""
        first, last = self._near(truth.s_m)
        if first == last:
            return FREE
        count, distance_m, part, shape = _scan(
            self._parts,
            self._shapes[first:last],
            truth.s_m,
            truth.roll_rad,
            truth.rotor_rad,
            truth.guide_r_m,
            truth.pod_sag_m,
            truth.grip_m,
            self._places,
            self._bump_r,
            self._wheels_s_m,
            self._found,
        )
        if part < 0:
            return FREE
        nearest = self._features[self._shapes["feature"][first + shape]]
        if not count:
            return Clearance(distance_m, self._names[part], nearest)
        overlaps = tuple(
            Overlap(self._names[int(i)], self._features[int(j)], float(depth_m))
            for i, j, depth_m in self._found[:count]
        )
        return Clearance(distance_m, self._names[part], nearest, overlaps)

    def _near(self, s_m: float) -> tuple[int, int]:
        """Shapes within reach of the robot at s; the answer is kept until the robot leaves its zone."""
        if not self._zone[0] <= s_m < self._zone[1]:
            edges, ranges = self._zones
            i = int(np.searchsorted(edges, s_m, side="right"))
            self._zone = (float(edges[i - 1]), float(edges[i]))
            self._range = ranges[i - 1]
        return self._range


def _zones(parts: NDArray[np.void], shapes: NDArray[np.void]) -> tuple[FloatArray, list[tuple[int, int]]]:
    """Edges of s between which the same shapes matter, and for each zone the first and last + 1 of them."""
    low = shapes["s0"] - parts["s1"].max() - HORIZON_M
    high = shapes["s1"] - parts["s0"].min() + HORIZON_M
    edges = np.unique(np.concatenate([[-np.inf, np.inf], low, high]))
    ranges = []
    for a, b in pairwise(edges):
        within = np.flatnonzero((low < b) & (high > a))
        ranges.append((int(within[0]), int(within[-1]) + 1) if within.size else (0, 0))
    return edges, ranges


# ---------------------------------------------------------------- the scan


@njit(cache=True, nogil=True)
def _presence(part, grip_m, open_m, lifted_m):  # type: ignore[no-untyped-def]
    """With the grip here: is the part there, how far are the arms folded, the wheel lifted (0..1)?"""
    folded = min(max(grip_m / open_m, 0.0), 1.0)
    lifted = min(max((grip_m - open_m) / (lifted_m - open_m), 0.0), 1.0)
    if part.when == CLOSED:
        return grip_m < open_m - GRIP_TOLERANCE_M, folded, lifted
    return grip_m > GRIP_TOLERANCE_M, folded, lifted


@njit(cache=True, nogil=True)
def _aside_m(wheels_s_m, pole_m, tan_half):  # type: ignore[no-untyped-def]
    """How far right of the conductor the body is at a pole that turns the line, `pole_m` ahead.

    The body lies along the straight line nearest to its three wheels (least squares).
    """
    s, x, ss, sx = 0.0, 0.0, 0.0, 0.0
    for wheel_m in wheels_s_m:
        along, aside = wheel_m - pole_m, abs(wheel_m - pole_m) * tan_half
        s, x, ss, sx = s + along, x + aside, ss + along * along, sx + along * aside
    n = wheels_s_m.shape[0]
    slope = (n * sx - s * x) / (n * ss - s * s)
    return (x - slope * s) / n


@njit(cache=True, nogil=True)
def _section_distance(shape, mx, mz, cos_half, sin_half, r0, r1, x, z):  # type: ignore[no-untyped-def]
    """In the cross-section, with the shape moved by (x, z)."""
    if shape.sleeve:
        return sector_disc_distance(mx, mz, cos_half, sin_half, r0, r1, x, z, shape.r)
    x0, x1, z0, z1 = shape.x0 + x, shape.x1 + x, shape.z0 + z, shape.z1 + z
    return sector_box_distance(mx, mz, cos_half, sin_half, r0, r1, x0, x1, z0, z1)


@njit(cache=True, nogil=True)
def _scan(parts, shapes, s_m, roll, rotor, guide_r, sag, grips, places, bumps, wheels, found):  # type: ignore[no-untyped-def]
    """All parts against all shapes.

    Returns:
        Number of overlaps (rows part, feature, depth in `found`), least distance, its part and shape, -1 =
        none within the horizon.
    """
    count, best, best_part, best_shape = 0, HORIZON_M, -1, -1
    for i in range(parts.shape[0]):
        part = parts[i]
        angle, r0, r1, drop, rests, bump = part.angle + roll, part.r0, part.r1, 0.0, False, 0.0
        if part.carried == CARRIAGE:
            grip = grips[part.carriage]
            there, folded, lifted = _presence(part, grip, places[0], places[1])
            if not there:
                continue
            angle += part.swing * (1.0 - folded)
            r0 += (part.r0_lifted - part.r0) * lifted
            r1 += (part.r1_lifted - part.r1) * lifted
            rests = part.wheel and grip < places[1] - GRIP_TOLERANCE_M
            bump = bumps[0] if part.when == CLOSED else bumps[1]
        elif part.carried == ROTOR:
            angle += rotor
        elif part.carried == GUIDE:
            angle += rotor
            r0 = min(guide_r, r1)
        elif part.carried == PODS:
            drop = sag
        mx, mz = math.sin(angle), math.cos(angle)
        for j in range(shapes.shape[0]):
            shape = shapes[j]
            if rests and shape.sleeve and shape.r <= bump:
                continue
            gap = interval_gap(part.s0 + s_m, part.s1 + s_m, shape.s0, shape.s1)
            if gap >= best:
                continue
            x = 0.0
            if part.carried == PODS and shape.tan_half != 0.0:
                x = -_aside_m(wheels, shape.at - s_m, shape.tan_half)
            section = _section_distance(shape, mx, mz, part.cos_half, part.sin_half, r0, r1, x, 0.0)
            if drop != 0.0:
                hung = _section_distance(shape, mx, mz, part.cos_half, part.sin_half, r0, r1, x, drop)
                section = min(section, hung)
            distance = prism_distance(gap, section)
            if distance < TOUCH_M and gap < 0.0 and count < found.shape[0]:
                found[count, 0], found[count, 1], found[count, 2] = i, shape.feature, -gap
                count += 1
            beside = rests and not shape.sleeve and distance >= TOUCH_M  # as near as the conductor itself
            if distance < best and not beside:
                best, best_part, best_shape = max(distance, TOUCH_M / 2), i, j
    return count, best, best_part, best_shape
