"""The robot's outline and the features' shapes as the referee's tables, taken from the profile afresh.

A part is a sector along a range of s; what moves it (grip, rotor, guide) is told by how it is carried.
Nothing here is shared with the crossing planner.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from robot.line.features import Feature, Shape, Sleeve
from robot.profile import Profile, Sector

# How a part is carried.
BODY, PODS, ROTOR, GUIDE, CARRIAGE = range(5)
# When a carriage's part is there: the roller until the arms are folded, the arms from the first millimetre.
ALWAYS, CLOSED, RELEASED = range(3)

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
        ("at", np.float64),  # middle of the feature
        ("tan_half", np.float64),  # of the turn in plan at its pole, positive to the right
    ]
)


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


def part_table(profile: Profile) -> tuple[list[str], NDArray[np.void]]:
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


def _shape_row(index: int, at_m: float, shape: Shape, turn_deg: float) -> tuple[float, ...]:
    s0, s1, tan_half = at_m + shape.s_m[0], at_m + shape.s_m[1], math.tan(math.radians(turn_deg) / 2)
    if isinstance(shape, Sleeve):
        return (index, True, s0, s1, shape.r_m, 0.0, 0.0, 0.0, 0.0, at_m, tan_half)
    return (index, False, s0, s1, 0.0, *shape.x_m, *shape.z_m, at_m, tan_half)


def shape_table(features: Sequence[Feature], turns_deg: Mapping[str, float]) -> NDArray[np.void]:
    rows = [
        _shape_row(i, f.at_m, shape, turns_deg.get(f.pole, 0.0))
        for i, f in enumerate(features)
        for shape in f.shapes
    ]
    return np.array(rows, dtype=SHAPE)
