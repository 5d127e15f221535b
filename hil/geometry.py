"""The referee's own plane geometry: exact distances between a robot part and a feature.

Parts are annular sectors, features are discs and axis-parallel boxes, all in the cross-section normal to the
conductor (x right, z up, angles clockwise from up looking along +s). A part and a feature both are prisms
along s, so their distance in space follows from the gap along s and the distance in the cross-section
(`prism_distance`).

A sector is given by the unit vector (mx, mz) to its middle, the cosine and sine of its half angle (up to 180
degrees) and its radii r0 <= r1. All lengths in m. Nothing here is shared with the crossing planner: it is the
second witness.
"""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True)
def interval_gap(a0: float, a1: float, b0: float, b1: float) -> float:
    """Distance between two intervals; minus the length of their overlap when they overlap."""
    return max(a0 - b1, b0 - a1)


@njit(cache=True, nogil=True)
def prism_distance(gap: float, section: float) -> float:
    """Distance in space of two prisms, from their gap along s and their distance in the cross-section."""
    along = max(gap, 0.0)
    return math.sqrt(along * along + section * section)


@njit(cache=True, nogil=True)
def _within_angle(x: float, z: float, mx: float, mz: float, cos_half: float) -> bool:
    return x * mx + z * mz >= cos_half * math.hypot(x, z)


@njit(cache=True, nogil=True)
def _segment_distance(x: float, z: float, ux: float, uz: float, r0: float, r1: float) -> float:
    """From a point to the radial segment r0..r1 along the unit vector u."""
    along = min(max(x * ux + z * uz, r0), r1)
    return math.hypot(x - along * ux, z - along * uz)


@njit(cache=True, nogil=True)
def sector_point_distance(
    mx: float, mz: float, cos_half: float, sin_half: float, r0: float, r1: float, x: float, z: float
) -> float:
    """From a point to the sector, 0 inside."""
    if _within_angle(x, z, mx, mz, cos_half):
        rho = math.hypot(x, z)
        return max(r0 - rho, rho - r1, 0.0)
    right = _segment_distance(x, z, mx * cos_half + mz * sin_half, mz * cos_half - mx * sin_half, r0, r1)
    left = _segment_distance(x, z, mx * cos_half - mz * sin_half, mz * cos_half + mx * sin_half, r0, r1)
    return min(right, left)


@njit(cache=True, nogil=True)
def sector_disc_distance(
    mx: float,
    mz: float,
    cos_half: float,
    sin_half: float,
    r0: float,
    r1: float,
    x: float,
    z: float,
    radius: float,
) -> float:
    """From a disc round (x, z) to the sector, 0 when they overlap."""
    return max(sector_point_distance(mx, mz, cos_half, sin_half, r0, r1, x, z) - radius, 0.0)


@njit(cache=True, nogil=True)
def _box_point_distance(x0: float, x1: float, z0: float, z1: float, x: float, z: float) -> float:
    return math.hypot(max(x0 - x, x - x1, 0.0), max(z0 - z, z - z1, 0.0))


@njit(cache=True, nogil=True)
def _segment_meets_box(
    ax: float, az: float, bx: float, bz: float, x0: float, x1: float, z0: float, z1: float
) -> bool:
    """Does the segment a-b touch the box? (Liang and Barsky's clipping.)"""
    t0, t1 = 0.0, 1.0
    for p, d, low, high in ((ax, bx - ax, x0, x1), (az, bz - az, z0, z1)):
        if d == 0.0:
            if p < low or p > high:
                return False
        else:
            ta, tb = (low - p) / d, (high - p) / d
            t0 = max(t0, min(ta, tb))
            t1 = min(t1, max(ta, tb))
    return t0 <= t1


@njit(cache=True, nogil=True)
def _arc_meets_line(
    mx: float, mz: float, cos_half: float, radius: float, level: float, low: float, high: float, upright: bool
) -> bool:
    """Does the arc cross the edge x = level (upright) or z = level of a box, between low and high?"""
    square = radius * radius - level * level
    if square < 0.0:
        return False
    root = math.sqrt(square)
    for other in (-root, root):
        if low <= other <= high:
            x, z = (level, other) if upright else (other, level)
            if _within_angle(x, z, mx, mz, cos_half):
                return True
    return False


@njit(cache=True, nogil=True)
def _sector_meets_box(
    mx: float,
    mz: float,
    cos_half: float,
    sin_half: float,
    r0: float,
    r1: float,
    x0: float,
    x1: float,
    z0: float,
    z1: float,
) -> bool:
    """Neither has a corner in the other: do their outlines cross?"""
    for side in (-1.0, 1.0):
        ux, uz = mx * cos_half + side * mz * sin_half, mz * cos_half - side * mx * sin_half
        if _segment_meets_box(r0 * ux, r0 * uz, r1 * ux, r1 * uz, x0, x1, z0, z1):
            return True
    for radius in (r0, r1):
        for level in (x0, x1):
            if _arc_meets_line(mx, mz, cos_half, radius, level, z0, z1, True):
                return True
        for level in (z0, z1):
            if _arc_meets_line(mx, mz, cos_half, radius, level, x0, x1, False):
                return True
    return False


@njit(cache=True, nogil=True)
def sector_box_distance(
    mx: float,
    mz: float,
    cos_half: float,
    sin_half: float,
    r0: float,
    r1: float,
    x0: float,
    x1: float,
    z0: float,
    z1: float,
) -> float:
    """From the box x0..x1, z0..z1 to the sector, 0 when they overlap.

    The nearest pair of two outlines that do not cross has a corner in it, or is the foot of the centre's
    perpendicular on an edge of the box against the outer arc.
    """
    best = math.inf
    for x in (x0, x1, min(max(0.0, x0), x1)):
        for z in (z0, z1, min(max(0.0, z0), z1)):
            best = min(best, sector_point_distance(mx, mz, cos_half, sin_half, r0, r1, x, z))
    for side in (-1.0, 1.0):
        ux, uz = mx * cos_half + side * mz * sin_half, mz * cos_half - side * mx * sin_half
        for r in (r0, r1):
            best = min(best, _box_point_distance(x0, x1, z0, z1, r * ux, r * uz))
    if best > 0.0 and _sector_meets_box(mx, mz, cos_half, sin_half, r0, r1, x0, x1, z0, z1):
        return 0.0
    return best
