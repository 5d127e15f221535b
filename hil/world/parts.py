"""The robot's parts as boxes for MuJoCo's contacts, from the sectors of the profile.

Every box lies inside its sector, so that a contact always means an overlap; along the conductor, where
margins count most, the ends of boxes and sectors are the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from robot.profile import Profile, Sector
from robot.schema import Range

# Contact types: wheels roll over low sleeves, nothing else does; pods are stiff and leave the bent conductor;
# what stands elsewhere along the conductor has a bit of its own.
WHEEL_BITS, CARRIAGE_BITS = (1, 2, 4), (8, 16, 32)
ROTOR_BIT, POD_BIT = 64, 128
ALL_WHEELS = sum(WHEEL_BITS)
ALL_OTHERS = sum(CARRIAGE_BITS) + ROTOR_BIT
_SLICE_DEG = 30.0  # widest part of a sector that one box stands for
_INNERMOST_M = 0.012  # nearer to the axis than this there is the conductor itself


def reaches_m(profile: Profile) -> Iterator[tuple[float, float, int]]:
    """From where to where along the conductor, from the middle carriage, parts with these bits stand."""
    carriages, rotor, guide = profile.carriages, profile.rotor, profile.guide
    for i, s_m in enumerate(carriages.s_m):
        bits = WHEEL_BITS[i] | CARRIAGE_BITS[i]
        yield s_m - carriages.half_length_m, s_m + carriages.half_length_m, bits
    half_m = rotor.width_m / 2
    yield min(rotor.s_m - half_m, guide.s_m[0]), max(rotor.s_m + half_m, guide.s_m[1]), ROTOR_BIT
    pods = [s.s_m for s in profile.body.parts if s.s_m is not None]
    yield min(p[0] for p in pods), max(p[1] for p in pods), POD_BIT


def carriage(profile: Profile, i: int) -> str:
    """Wheel (in a body of its own that lifts), roller and folded roller arms of one carriage."""
    carriages = profile.carriages
    half_m = carriages.half_length_m
    extent = (-half_m, half_m)
    clamped = {s.part: s for s in carriages.clamped}
    wheel = _boxes(f"wheel {i}", clamped["wheel"], extent, WHEEL_BITS[i])
    roller = _boxes(f"roller {i}", clamped["roller"], extent, CARRIAGE_BITS[i])
    folded = [s for s in carriages.open if s.part != "wheel"]
    arms = "".join(_boxes(f"arm {i} {n}", s, extent, CARRIAGE_BITS[i]) for n, s in enumerate(folded))
    return f'<body name="wheel {i}">{wheel}</body>{roller}{arms}'


def pods(profile: Profile) -> str:
    return "".join(_boxes(s.part, s, s.s_m or (0.0, 0.0), POD_BIT) for s in profile.body.parts)


def ring(profile: Profile) -> str:
    """Everything of the rotor that does not move on it, in the rotor's own frame."""
    rotor = profile.rotor
    extent = (-rotor.width_m / 2, rotor.width_m / 2)
    begin = rotor.slot_center_deg + rotor.slot_half_deg
    end = rotor.slot_center_deg - rotor.slot_half_deg + 360.0
    closed = Sector(part="ring", theta_deg=(begin, end), r_m=rotor.ring_r_m)
    cradle = Sector(part="cradle", theta_deg=rotor.cradle_theta_deg, r_m=rotor.cradle_r_m)
    trim = profile.trim
    theta = (trim.center_deg - trim.half_deg, trim.center_deg + trim.half_deg)
    weight = Sector(part="trim", theta_deg=theta, r_m=trim.envelope_r_m)
    return "".join(_boxes(s.part, s, extent, ROTOR_BIT) for s in (closed, cradle, weight))


def finger(profile: Profile) -> str:
    """The guide's finger when out, in the frame of its own body, which moves outwards to retract it."""
    guide, rotor = profile.guide, profile.rotor
    theta = (guide.center_deg - guide.half_deg, guide.center_deg + guide.half_deg)
    reach_m = rotor.ring_r_m[1] - guide.retracted_m + guide.out_m  # stays inside the ring when retracted
    extent = (guide.s_m[0] - rotor.s_m, guide.s_m[1] - rotor.s_m)
    sector = Sector(part="guide", theta_deg=theta, r_m=(guide.out_m, reach_m))
    return _boxes("guide", sector, extent, ROTOR_BIT)


def _boxes(name: str, sector: Sector, extent_m: Range, bit: int) -> str:
    return "".join(
        f'<geom name="{name} {n}" type="box" contype="{bit}" conaffinity="0" {box}/>'
        for n, box in enumerate(_inside(sector, extent_m))
    )


def _inside(sector: Sector, extent_m: Range) -> Iterator[str]:
    """Boxes inside a sector: slices in theta, layers in r that double."""
    begin, end = sector.theta_deg
    slices = math.ceil((end - begin) / _SLICE_DEG)
    half = math.radians((end - begin) / slices / 2)
    middle_m, half_m = sum(extent_m) / 2, (extent_m[1] - extent_m[0]) / 2
    for inner_m, outer_m in _layers(max(sector.r_m[0], _INNERMOST_M), sector.r_m[1]):
        half_width_m = inner_m * math.tan(half)
        top_m = math.sqrt(outer_m**2 - half_width_m**2)
        if top_m <= inner_m:
            continue
        r_m = (inner_m + top_m) / 2
        for n in range(slices):
            theta = math.radians(begin) + (2 * n + 1) * half
            y, z = -r_m * math.sin(theta), r_m * math.cos(theta)
            yield (
                f'pos="{middle_m} {y} {z}" euler="{theta} 0 0" '
                f'size="{half_m} {half_width_m} {(top_m - inner_m) / 2}"'
            )


def _layers(inner_m: float, outer_m: float) -> Iterable[tuple[float, float]]:
    while inner_m < outer_m:
        top_m = min(2 * inner_m, outer_m)
        yield inner_m, top_m
        inner_m = top_m
