"""Robot parts and features as shapes, and the distance between them in the cross-section.

A part is a sector in cylinder coordinates round the conductor, a feature's shape a sleeve or a box in (x, z).
Carriages and rotor follow the bent conductor at a pole; the pods are rigid: they sink below it and, at an
angle in plan, move to its side. Moving the feature the other way by the same amount is the same thing, so a
shape is grown by that range. Roll widens every sector on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from robot.crossing.bend import Bend
from robot.line.features import Shape, Sleeve
from robot.messages import CarriageState
from robot.profile import Profile, Sector

FULL_DEG = (0.0, 360.0)
STEP_DEG = 1.0  # of the polygon that stands for an arc; 0.01 mm off at 0.27 m
Rect = tuple[float, float, float, float]  # x0, x1, z0, z1


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the robot: s from the middle carriage in m, theta clockwise in degrees, r in m."""

    name: str
    s_m: tuple[float, float]
    theta_deg: tuple[float, float]
    r_m: tuple[float, float]
    rigid: bool = False  # does not follow the bent conductor


# ---------------------------------------------------------------- parts


def carriage_parts(profile: Profile, index: int, state: CarriageState) -> tuple[Part, ...]:
    """Parts of one carriage in a state."""
    carriages = profile.carriages
    sectors = {
        CarriageState.CLAMPED: carriages.clamped,
        CarriageState.OPEN: carriages.open,
        CarriageState.LIFTED: carriages.lifted,
    }[state]
    return tuple(_carriage_part(profile, index, s) for s in sectors)


def swing_parts(profile: Profile, index: int) -> tuple[Part, ...]:
    """What the roller arms sweep between open and clamped: from their folded place to below the conductor."""
    parts = []
    for arm in (s for s in profile.carriages.open if s.r_m[0] > 0.0):
        first, last = arm.theta_deg
        theta = (first, 180.0) if (first + last) / 2 < 180.0 else (180.0, last)
        parts.append(
            _carriage_part(profile, index, Sector(part=f"{arm.part} swinging", theta_deg=theta, r_m=arm.r_m))
        )
    return tuple(parts)


def _carriage_part(profile: Profile, index: int, sector: Sector) -> Part:
    half, s = profile.carriages.half_length_m, profile.carriages.s_m[index]
    low, high = sector.s_m or (-half, half)
    return Part(
        f"{('front', 'middle', 'rear')[index]} {sector.part}",
        (s + low, s + high),
        sector.theta_deg,
        sector.r_m,
    )


def body_parts(profile: Profile) -> tuple[Part, ...]:
    """The pods."""
    outer = profile.carriages.half_length_m + profile.carriages.s_m[0]
    return tuple(
        Part(s.part, s.s_m or (-outer, outer), s.theta_deg, s.r_m, rigid=True) for s in profile.body.parts
    )


def rotor_parts(
    profile: Profile, rotor_rad: float | None, guide_out: bool, conductor_diameter_m: float
) -> tuple[Part, ...]:
    """Ring, cradle, trim and guide with the rotor parked at an angle, or what they sweep when geared."""
    rotor, guide, trim = profile.rotor, profile.guide, profile.trim
    s_m = (rotor.s_m - rotor.width_m / 2, rotor.s_m + rotor.width_m / 2)
    inner = guide.out_radius_m(conductor_diameter_m) if guide_out else guide.retracted_m
    guide_r = (inner, rotor.ring_r_m[1])
    if rotor_rad is None:
        return (
            Part("turning ring", s_m, FULL_DEG, rotor.ring_r_m),
            Part("turning cradle", s_m, FULL_DEG, rotor.cradle_r_m),
            Part("turning trim", s_m, FULL_DEG, trim.envelope_r_m),
            Part("turning guide", guide.s_m, FULL_DEG, guide_r),
        )
    angle = math.degrees(rotor_rad)
    slot = angle + rotor.slot_center_deg
    cradle = (angle + rotor.cradle_theta_deg[0], angle + rotor.cradle_theta_deg[1])
    return (
        Part("ring", s_m, (slot + rotor.slot_half_deg, slot + 360.0 - rotor.slot_half_deg), rotor.ring_r_m),
        Part("cradle", s_m, cradle, rotor.cradle_r_m),
        Part("trim", s_m, _around(angle + trim.center_deg, trim.half_deg), trim.envelope_r_m),
        Part("guide", guide.s_m, _around(angle + guide.center_deg, guide.half_deg), guide_r),
    )


def turning_parts(
    profile: Profile, rotor_rad: float, way_rad: float, guide_out: bool, conductor_diameter_m: float
) -> tuple[Part, ...]:
    """What the rotor's parts sweep as it turns from a parked angle by a way, either sense."""
    low, high = (math.degrees(min(way_rad, 0.0)), math.degrees(max(way_rad, 0.0)))
    return tuple(
        replace(part, theta_deg=(part.theta_deg[0] + low, part.theta_deg[1] + high))
        for part in rotor_parts(profile, rotor_rad, guide_out, conductor_diameter_m)
    )


def _around(center: float, half: float) -> tuple[float, float]:
    return center - half, center + half


# ---------------------------------------------------------------- distances


def gap_m(part: Part, shape: Shape, roll_rad: float, bend: Bend) -> float:
    """Distance of a part from a shape in the cross-section at the worst roll within +-, 0 = they overlap."""
    roll = math.degrees(roll_rad)
    if isinstance(shape, Sleeve):
        core, radius = (0.0, 0.0, 0.0, 0.0), shape.r_m
    else:
        core, radius = (*shape.x_m, *shape.z_m), 0.0
    if part.rigid:
        core = (
            core[0] - bend.side_m,
            core[1] + bend.side_m,
            core[2] - bend.up_m,
            core[3] + bend.down_m,
        )
    elif radius:
        return max(part.r_m[0] - radius, 0.0)
    first, last = part.theta_deg[0] - roll, part.theta_deg[1] + roll
    if last - first >= 360.0:
        return max(_annulus_gap_m(part.r_m, core) - radius, 0.0)
    turn = 360.0 * math.floor(first / 360.0)
    key = (round(first - turn, 6), round(last - turn, 6), *part.r_m)
    return max(_sector_gap_m(key, core) - radius, 0.0)


def _annulus_gap_m(r_m: tuple[float, float], rect: Rect) -> float:
    """A ring against a rectangle, which takes every radius between its least and greatest."""
    x0, x1, z0, z1 = rect
    nearest = math.hypot(max(x0, 0.0, -x1), max(z0, 0.0, -z1))
    farthest = math.hypot(max(abs(x0), abs(x1)), max(abs(z0), abs(z1)))
    return max(nearest - r_m[1], r_m[0] - farthest, 0.0)


@lru_cache(maxsize=65536)
def _sector_gap_m(sector: tuple[float, float, float, float], rect: Rect) -> float:
    """An annular sector (theta in degrees, r in m) against a rectangle; exact for the sector's polygon."""
    first, last, inner, outer = sector
    x0, x1, z0, z1 = rect
    middle = math.degrees(math.atan2((x0 + x1) / 2, (z0 + z1) / 2))
    if (
        inner <= math.hypot((x0 + x1) / 2, (z0 + z1) / 2) <= outer
        and (middle - first) % 360.0 <= last - first
    ):
        return 0.0
    begin = _polygon(first, last, inner, outer)
    end = np.roll(begin, -1, axis=0)
    if _crosses(begin, end, rect):
        return 0.0
    outside = np.maximum(np.maximum([x0, z0] - begin, begin - [x1, z1]), 0.0)
    nearest = float(np.hypot(outside[:, 0], outside[:, 1]).min())
    edge = end - begin
    length2 = np.maximum((edge**2).sum(axis=1), 1e-18)
    for corner in ((x0, z0), (x0, z1), (x1, z0), (x1, z1)):
        along = np.clip(((np.array(corner) - begin) * edge).sum(axis=1) / length2, 0.0, 1.0)
        miss = begin + along[:, None] * edge - corner
        nearest = min(nearest, float(np.sqrt((miss**2).sum(axis=1).min())))
    return nearest


@lru_cache(maxsize=4096)
def _polygon(first: float, last: float, inner: float, outer: float) -> npt.NDArray[np.float64]:
    """Corners (n, 2) of an annular sector; x right, z up, theta = 0 up."""
    theta = np.radians(np.linspace(first, last, max(2, math.ceil((last - first) / STEP_DEG) + 1)))
    arc = np.column_stack((np.sin(theta), np.cos(theta)))
    return np.concatenate((outer * arc, inner * arc[::-1]))


def _crosses(begin: npt.NDArray[np.float64], end: npt.NDArray[np.float64], rect: Rect) -> bool:
    """Whether any of the segments has a point inside the rectangle (clipping by slabs)."""
    step = end - begin
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        enter = (np.array([rect[0], rect[2]]) - begin) / step
        leave = (np.array([rect[1], rect[3]]) - begin) / step
    beside = (step == 0) & ((begin < [rect[0], rect[2]]) | (begin > [rect[1], rect[3]]))
    low, high = np.fmin(enter, leave), np.fmax(enter, leave)
    low, high = np.where(step == 0, -np.inf, low), np.where(step == 0, np.inf, high)
    first, last = np.maximum(low.max(axis=1), 0.0), np.minimum(high.min(axis=1), 1.0)
    return bool(np.any((first <= last) & ~beside.any(axis=1)))


def touches_conductor(part: Part, conductor_diameter_m: float) -> bool:
    """Wheels and rollers ride on the conductor; for them a sleeve is a bump, not an obstacle."""
    return part.r_m[0] < conductor_diameter_m / 2


def describe(shape: Shape) -> str:
    """A shape in words, for reasons."""
    if isinstance(shape, Sleeve):
        return f"sleeve of radius {shape.r_m * 1e3:.0f} mm"
    (x0, x1), (z0, z1) = shape.x_m, shape.z_m
    return f"body at x {x0:+.2f} to {x1:+.2f}, z {z0:+.2f} to {z1:+.2f} m"


def stretch(shapes: Sequence[Shape]) -> tuple[float, float]:
    """Range of s that shapes take, relative to the feature's middle."""
    return min((s.s_m[0] for s in shapes), default=0.0), max((s.s_m[1] for s in shapes), default=0.0)
