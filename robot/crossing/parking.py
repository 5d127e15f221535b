"""Where the rotor may be parked: as few angles as there are ways for its parts to lie between the boxes.

From the conductor each box takes a range of directions. A part of the rotor meets it while its own range overlaps
that one, so that between two neighbouring ends of such overlaps nothing changes. Of those sectors it is enough to
know the ones from which every turn, either way, meets something more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from robot.crossing.envelope import Part, rotor_parts
from robot.line.features import Box
from robot.profile import Profile

LEAST_DEG = 1.0  # of room for the rotor to be parked in: so exactly it stands

Range = tuple[float, float]  # degrees, the second not below the first


@dataclass(frozen=True, slots=True)
class _Sector:
    """Rotor angles between which nothing changes, and what is met there."""

    low_deg: float
    high_deg: float
    met: frozenset[int]

    @property
    def wide(self) -> bool:
        return self.high_deg - self.low_deg >= LEAST_DEG

    def angle_deg(self, wished_deg: float) -> float:
        """The wished angle where it is inside, else the middle."""
        inside = (wished_deg - self.low_deg) % 360.0 <= self.high_deg - self.low_deg
        return wished_deg if inside else (self.low_deg + self.high_deg) / 2 % 360.0


def parking_angles(
    profile: Profile, boxes: Iterable[Box], conductor_diameter_m: float, roll_rad: float, clearance_m: float
) -> list[float]:
    """Rotor angles in rad; the first is the one with the slot down.

    Args:
        boxes: what is beside the conductor; it is kept off by `clearance_m` at any roll within +- `roll_rad`.
    """
    parts = {
        part
        for out in (True, False)
        for part in rotor_parts(profile, 0.0, guide_out=out, conductor_diameter_m=conductor_diameter_m)
    }
    sections = {(box.x_m, box.z_m): box for box in boxes}.values()
    meets = [
        met
        for part, box in product(parts, sections)
        for met in _meeting_angles(part, box, math.degrees(roll_rad), clearance_m)
    ]
    sectors = _sectors(meets)
    count = len(sectors)
    best = [
        sector
        for i, sector in enumerate(sectors)
        if sector.wide
        and not any(
            _leads_to_better([sectors[(i + way * k) % count] for k in range(count)]) for way in (1, -1)
        )
    ]
    park_deg = math.degrees(profile.park_rotor_rad)
    others = {sector.angle_deg(park_deg) for sector in best} - {park_deg}
    return [profile.park_rotor_rad, *(math.radians(angle) for angle in sorted(others))]


def _sectors(meets: Sequence[Range]) -> list[_Sector]:
    """All round, from the ranges of rotor angles in which something is met."""
    ends = sorted({round(end % 360.0, 6) for met in meets for end in met})
    sectors = []
    for low, high in zip(ends, [*ends[1:], ends[0] + 360.0] if ends else [], strict=True):
        middle = (low + high) / 2
        met = frozenset(i for i, (a, b) in enumerate(meets) if (middle - a) % 360.0 < b - a)
        sectors.append(_Sector(low, high, met))
    return sectors


def _leads_to_better(onwards: Sequence[_Sector]) -> bool:
    """Whether the next sector that is wide enough to park in is freer than the first, and all up to it as free."""
    first = onwards[0]
    for sector in onwards[1:]:
        if not sector.met <= first.met:
            return False
        if sector.wide:
            return sector.met != first.met
    return False


def _meeting_angles(part: Part, box: Box, roll_deg: float, clearance_m: float) -> list[Range]:
    """Rotor angles at which a part, given as it lies at angle 0, meets a box."""
    first, last = part.theta_deg[0] - roll_deg, part.theta_deg[1] + roll_deg
    radii = max(part.r_m[0] - clearance_m, 0.0), part.r_m[1] + clearance_m
    grown = Box(
        box.s_m,
        (box.x_m[0] - clearance_m, box.x_m[1] + clearance_m),
        (box.z_m[0] - clearance_m, box.z_m[1] + clearance_m),
    )
    seen = ((low - last, high - first) for low, high in directions(grown, radii))
    return [(low, high) for low, high in seen if high - low < 360.0]


def directions(box: Box, r_m: Range) -> list[Range]:
    """In which directions from the conductor's axis, in degrees, a box has a point within a range of radii.

    They begin and end at corners of the box or where its edges cross the two circles.
    """
    ends = sorted({_direction(x, z) for x, z in _corners(box, r_m)})
    if not ends:
        return [(0.0, 360.0)] if _reaches(box, r_m, 0.0) else []
    gaps = list(zip(ends, [*ends[1:], ends[0] + 360.0], strict=True))
    inside = [_reaches(box, r_m, (a + b) / 2) for a, b in gaps]
    if all(inside):
        return [(ends[0], ends[0] + 360.0)]
    begin = inside.index(False)
    found: list[Range] = []
    joins = False
    for (a, b), within in zip(gaps[begin:] + gaps[:begin], inside[begin:] + inside[:begin], strict=True):
        if within and joins:
            found[-1] = found[-1][0], found[-1][1] + b - a
        elif within:
            found.append((a, b))
        joins = within
    return found


def _direction(x: float, z: float) -> float:
    """Clockwise from up, 0 to 360."""
    return math.degrees(math.atan2(x, z)) % 360.0


def _corners(box: Box, r_m: Range) -> list[tuple[float, float]]:
    """Points at which the range of directions may begin or end."""
    found = list(product(box.x_m, box.z_m))
    for radius in r_m:
        for x in box.x_m:
            found += [(x, z) for z in _on_circle(radius, x, box.z_m)]
        for z in box.z_m:
            found += [(x, z) for x in _on_circle(radius, z, box.x_m)]
    return found


def _on_circle(radius: float, level: float, within: Sequence[float]) -> list[float]:
    """Where a line at this distance from the axis crosses a circle, between two ends."""
    if abs(level) > radius:
        return []
    half = math.sqrt(radius * radius - level * level)
    return [other for other in (-half, half) if within[0] <= other <= within[1]]


def _reaches(box: Box, r_m: Range, direction_deg: float) -> bool:
    """Whether a ray from the axis is inside the box somewhere within the range of radii."""
    near, far = r_m
    for low, high, slope in (
        (*box.x_m, math.sin(math.radians(direction_deg))),
        (*box.z_m, math.cos(math.radians(direction_deg))),
    ):
        if abs(slope) < 1e-12:
            if not low <= 0.0 <= high:
                return False
            continue
        enter, leave = sorted((low / slope, high / slope))
        near, far = max(near, enter), min(far, leave)
    return near <= far
