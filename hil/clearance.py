"""Where every part of the robot really is, and how near it comes to the features.

The robot's envelope is taken from its profile afresh and placed with the world's truth: grips between two
states fill what they sweep, carriages and rotor follow the conductor, the pods hang below it by the true sag.
A wheel that rests on the conductor may ride over a sleeve as high as the profile allows; whatever else
touches is an overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hil.geometry import interval_gap, prism_distance, sector_box_distance, sector_disc_distance
from hil.world.truth import TruthState
from robot.line.features import Feature, Shape, Sleeve
from robot.profile import Profile, Sector

GRIP_TOLERANCE_M = 0.005  # a grip is in a state when this near to its place
HORIZON_M = 0.10  # clearances above are not told apart
TOUCH_M = 1e-6
MAX_OVERLAPS = 16

# How a part is carried.
BODY, PODS, ROTOR, GUIDE, CARRIAGE = range(5)
# When a carriage's part is there: the roller until the arms are folded, the arms from the first millimetre.
ALWAYS, CLOSED, RELEASED = range(3)

FloatArray = NDArray[np.float64]

PART = np.dtype(
    [
        ("carried", np.int8),
        ("when", np.int8),
        ("carriage", np.int8),
        ("wheel", np.bool_),
        ("s0", np.float64),
        ("s1", np.float64),
        ("angle", np.float64),  # of the middle, rad
        ("swing", np.float64),  # of an arm from folded to closed, rad
        ("cos_half", np.float64),
        ("sin_half", np.float64),
        ("r0", np.float64),
        ("r1", np.float64),
        ("r0_lifted", np.float64),
        ("r1_lifted", np.float64),
    ]
)

SHAPE = np.dtype(
    [
        ("feature", np.int32),
        ("sleeve", np.bool_),
        ("s0", np.float64),  # chainage
        ("s1", np.float64),
        ("r", np.float64),
        ("x0", np.float64),
        ("x1", np.float64),
        ("z0", np.float64),
        ("z1", np.float64),
    ]
)


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
    """

    def __init__(self, profile: Profile, features: Sequence[Feature], conductor_diameter_m: float) -> None:
        self._features = sorted(features, key=lambda f: f.at_m)
        self._names, self._parts = _parts(profile)
        self._shapes = _shapes(self._features)
        carriages = profile.carriages
        self._grips = np.array([carriages.open_m, carriages.lifted_m])
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
            self._grips,
            self._bump_r,
            self._found,
        )
        if part < 0:
            return FREE
        nearest = self._features[self._shapes["feature"][first + shape]]
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


# ---------------------------------------------------------------- tables


def _sector_row(sector: Sector, s_m: tuple[float, float], carried: int, **more: float) -> tuple[float, ...]:
    first, last = (math.radians(t) for t in sector.theta_deg)
    half = (last - first) / 2
    row = dict.fromkeys(PART.names or (), 0.0)
    row |= {"carried": carried, "carriage": -1, "s0": s_m[0], "s1": s_m[1], "angle": (first + last) / 2}
    row |= {"cos_half": math.cos(half), "sin_half": math.sin(half), "r0": sector.r_m[0], "r1": sector.r_m[1]}
    row |= {"r0_lifted": sector.r_m[0], "r1_lifted": sector.r_m[1]} | more
    return tuple(row.values())


def _carriage_rows(profile: Profile, index: int) -> list[tuple[str, tuple[float, ...]]]:
    """Parts of a carriage in all its states: rising wheel, roller while closed, arms swinging and folded."""
    carriages = profile.carriages
    name, s, half = ("front", "middle", "rear")[index], carriages.s_m[index], carriages.half_length_m
    lifted = {p.part: p for p in carriages.lifted}
    standing = {p.part for p in carriages.open}
    rows = []

    def add(sector: Sector, **more: float) -> None:
        low, high = sector.s_m or (-half, half)
        row = _sector_row(sector, (s + low, s + high), CARRIAGE, carriage=index, **more)
        rows.append((f"{name} {sector.part}", row))

    for part in carriages.clamped:
        is_wheel = part.part in standing
        add(part, when=CLOSED, wheel=is_wheel)
    for part in carriages.open:
        end = lifted.get(part.part, part)
        is_wheel = part.r_m[0] == 0.0
        near_edge = part.theta_deg[1] if sum(part.theta_deg) < 360.0 else part.theta_deg[0]
        swing = 0.0 if is_wheel else 180.0 - near_edge
        add(
            part,
            when=RELEASED,
            wheel=is_wheel,
            swing=math.radians(swing),
            r0_lifted=end.r_m[0],
            r1_lifted=end.r_m[1],
        )
    return rows


def _parts(profile: Profile) -> tuple[list[str], NDArray[np.void]]:
    """All parts of the robot in all their states, as names and rows of `PART`."""
    carriages, rotor, guide, trim = profile.carriages, profile.rotor, profile.guide, profile.trim
    rows = [row for index in range(3) for row in _carriage_rows(profile, index)]
    whole = (carriages.s_m[2] - carriages.half_length_m, carriages.s_m[0] + carriages.half_length_m)
    rows += [(p.part, _sector_row(p, p.s_m or whole, PODS)) for p in profile.body.parts]
    ring = (rotor.slot_center_deg + rotor.slot_half_deg, rotor.slot_center_deg - rotor.slot_half_deg + 360.0)
    turning = [
        Sector(part="ring", theta_deg=ring, r_m=rotor.ring_r_m),
        Sector(part="cradle", theta_deg=rotor.cradle_theta_deg, r_m=rotor.cradle_r_m),
        Sector(part="trim", theta_deg=_around(trim.center_deg, trim.half_deg), r_m=trim.envelope_r_m),
    ]
    along = (rotor.s_m - rotor.width_m / 2, rotor.s_m + rotor.width_m / 2)
    rows += [(p.part, _sector_row(p, along, ROTOR)) for p in turning]
    finger_deg = _around(guide.center_deg, guide.half_deg)
    finger = Sector(part="guide", theta_deg=finger_deg, r_m=(0.0, rotor.ring_r_m[1]))
    rows.append((finger.part, _sector_row(finger, guide.s_m, GUIDE)))
    return [name for name, _ in rows], np.array([row for _, row in rows], dtype=PART)


def _around(center_deg: float, half_deg: float) -> tuple[float, float]:
    return center_deg - half_deg, center_deg + half_deg


def _shape_row(index: int, at_m: float, shape: Shape) -> tuple[float, ...]:
    s0, s1 = at_m + shape.s_m[0], at_m + shape.s_m[1]
    if isinstance(shape, Sleeve):
        return (index, True, s0, s1, shape.r_m, 0.0, 0.0, 0.0, 0.0)
    return (index, False, s0, s1, 0.0, *shape.x_m, *shape.z_m)


def _shapes(features: Sequence[Feature]) -> NDArray[np.void]:
    return np.array([_shape_row(i, f.at_m, s) for i, f in enumerate(features) for s in f.shapes], dtype=SHAPE)


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
def _section_distance(shape, mx, mz, cos_half, sin_half, r0, r1, drop_m):  # type: ignore[no-untyped-def]
    """In the cross-section. To a part that hangs below the conductor the shape is that much higher."""
    if shape.sleeve:
        return sector_disc_distance(mx, mz, cos_half, sin_half, r0, r1, drop_m, shape.r)
    z0, z1 = shape.z0 + drop_m, shape.z1 + drop_m
    return sector_box_distance(mx, mz, cos_half, sin_half, r0, r1, shape.x0, shape.x1, z0, z1)


@njit(cache=True, nogil=True)
def _scan(parts, shapes, s_m, roll, rotor, guide_r, sag, grips, places, bumps, found):  # type: ignore[no-untyped-def]
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
            section = _section_distance(shape, mx, mz, part.cos_half, part.sin_half, r0, r1, 0.0)
            if drop != 0.0:
                hung = _section_distance(shape, mx, mz, part.cos_half, part.sin_half, r0, r1, drop)
                section = min(section, hung)
            distance = prism_distance(gap, section)
            if distance < TOUCH_M and gap < 0.0 and count < found.shape[0]:
                found[count, 0], found[count, 1], found[count, 2] = i, shape.feature, -gap
                count += 1
            if distance < best and not (rests and distance >= TOUCH_M):
                best, best_part, best_shape = max(distance, TOUCH_M / 2), i, j
    return count, best, best_part, best_shape
