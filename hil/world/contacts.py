"""Features near the robot as geometry that its parts can touch, and what they touch.

Shapes of features come from a pool in the bodies' model, so that the cost of a step does not grow with the
line; they are moved to where the line has them. Carriages and rotor follow the bent conductor, so for them a
feature stands straight on it. The pods are stiff: for them the feature's boxes are where the bend puts them
against the straight body. A shape can touch only the parts that it is beside, so that MuJoCo looks closely
at few pairs; when it is beside none, nothing is geometry.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

from hil.world.bodies import Bodies, Pool
from hil.world.parts import ALL_OTHERS, ALL_WHEELS, CARRIAGE_BITS, POD_BIT, reaches_m
from hil.world.track import Track
from hil.world.truth import Contact
from robot.line.features import Box, Feature, Sleeve
from robot.messages import GRIP
from robot.profile import Profile

_AHEAD_M, _BEHIND_M = 1.3, 1.7  # features this near the middle carriage are geometry
_ROLLER_AWAY_M = 0.030  # grip position at which the roller has swung clear
_ARM_OUT_M = 0.010  # grip position at which the arm begins to be where it is when open
_SLOPE_STEP_M = 0.05
_STEP_M = 0.010  # the bend is renewed when the robot has moved this far; heights then err by 1 mm at most
_BESIDE_M = 0.05  # what a shape is further from along the conductor it does not touch before the next renewal
_Shape = TypeVar("_Shape", Box, Sleeve)
_ALONG_X = (math.sqrt(0.5), 0.0, math.sqrt(0.5), 0.0)  # turns a cylinder's axis from z to x


def pool_for(features: Sequence[Feature]) -> Pool:
    """Geometry enough for any stretch of the line that the robot can be near to."""
    solid = [f for f in features if f.shapes]
    begins_m = [_begin_m(f) for f in solid]
    window_m = _AHEAD_M + _BEHIND_M
    crowd = [sum(end - window_m <= b <= end + window_m for b in begins_m) for end in map(_end_m, solid)]
    boxes = [sum(isinstance(s, Box) for s in f.shapes) for f in solid]
    sleeves = [sum(isinstance(s, Sleeve) for s in f.shapes) for f in solid]
    return Pool(max(crowd, default=0), max(boxes, default=0), max(sleeves, default=0))


def _begin_m(feature: Feature) -> float:
    return feature.at_m + min(s.s_m[0] for s in feature.shapes)


def _end_m(feature: Feature) -> float:
    return feature.at_m + max(s.s_m[1] for s in feature.shapes)


class Contacts:
    """Keeps parts and features in step with robot and line.

    Attributes:
        sag_m: how far the stiff body hangs below the bent conductor at its worst place, 0 far from features.
    """

    def __init__(
        self, profile: Profile, bodies: Bodies, pool: Pool, track: Track, conductor_radius_m: float
    ) -> None:
        self._bodies, model = bodies, bodies.model
        self._track = track
        self._low_m = conductor_radius_m + profile.carriages.bump_max_m
        self._carriage_s_m = profile.carriages.s_m
        self._open_m = profile.carriages.open_m
        self._lift_per_m = bodies.lift_height_m / (profile.carriages.lifted_m - self._open_m)
        self._guide_out_m = profile.guide.out_m
        self._guide_rad = math.radians(profile.guide.center_deg)
        pods = [s.s_m for s in profile.body.parts if s.s_m is not None]
        self._pods_m = (min(p[0] for p in pods), max(p[1] for p in pods))
        self._reaches_m = [(a - _BESIDE_M, b + _BESIDE_M, bits) for a, b, bits in reaches_m(profile)]
        self._slots = [
            tuple(bodies.geoms(f"{name} {n} ") for name in ("box", "sleeve", "stiff box"))
            for n in range(pool.features)
        ]
        self._rollers = [bodies.geoms(f"roller {i} ") for i in range(len(GRIP))]
        self._arms = [bodies.geoms(f"arm {i} ") for i in range(len(GRIP))]
        self._wheels = [bodies.body(f"wheel {i}") for i in range(len(GRIP))]
        self._guide = bodies.body("guide")
        self._part = [_part_name(model.geom(g).name) for g in range(model.ngeom)]
        self._owner: dict[int, str] = {}
        self._along: dict[int, tuple[float, float, int]] = {}  # shape's begin and end, what it is there for
        self._features = [f for f in track.features if f.shapes]
        enter_m = [_begin_m(f) - _AHEAD_M for f in self._features]
        self._changes_m = sorted([*enter_m, *(_end_m(f) + _BEHIND_M for f in self._features)])
        self._stretch = -1
        self._near: list[Feature] = []
        self._origin_m = self._bent_at_m = math.nan
        self._parts_at: tuple[Sequence[float], float] = (), math.nan
        self._body_pos = model.body_pos  # live views
        self._contype, self._conaffinity = model.geom_contype, model.geom_conaffinity
        self._size, self._bound = model.geom_size, model.geom_rbound
        self._pos, self._quat = model.geom_pos, model.geom_quat
        for geoms in (g for slot in self._slots for g in slot):
            self._conaffinity[geoms] = 0  # until a feature needs them
        self.sag_m = 0.0

    def place(self, s_m: float, origin_m: float, grip_m: Sequence[float], guide_r_m: float) -> None:
        """Renew all geometry for the robot at `s_m`, the bodies' origin being at chainage `origin_m`."""
        stretch = bisect_right(self._changes_m, s_m)
        if stretch != self._stretch or (self._near and origin_m != self._origin_m):
            self._stretch, self._origin_m = stretch, origin_m
            self._choose(s_m)
        if not self._near:
            return
        if (grip_m, guide_r_m) != self._parts_at:
            self._parts_at = grip_m, guide_r_m
            self._place_parts(grip_m, guide_r_m)
        if not abs(s_m - self._bent_at_m) < _STEP_M:
            self._bend(s_m, grip_m)

    def read(self) -> tuple[Contact, ...]:
        """What touches in the newest step."""
        data = self._bodies.data
        if not data.ncon:
            return ()
        deepest: dict[tuple[str, str], float] = {}
        contacts = data.contact
        for (first, second), distance in zip(contacts.geom.tolist(), contacts.dist.tolist(), strict=True):
            if first in self._owner:
                first, second = second, first
            pair = (self._part[first], self._owner.get(second, ""))
            deepest[pair] = max(deepest.get(pair, 0.0), -distance)
        return tuple(Contact(part, feature, depth) for (part, feature), depth in sorted(deepest.items()))

    # ------------------------------------------------------------------ geometry

    def _choose(self, s_m: float) -> None:
        """Put the features within reach of a robot at `s_m` into the pool."""
        self._near = [f for f in self._features if _begin_m(f) - _AHEAD_M <= s_m <= _end_m(f) + _BEHIND_M]
        self._bent_at_m = math.nan
        for geom in self._owner:
            self._conaffinity[geom] = 0
        self._owner.clear()
        self._along.clear()
        if not self._near:
            self.sag_m = 0.0
            self._bodies.among_features(False)
            return
        for feature, (boxes, sleeves, _) in zip(self._near, self._slots, strict=False):
            x_m = feature.at_m - self._origin_m
            for geom, box in zip(boxes, _shapes(feature, Box), strict=False):
                self._put_box(geom, feature.kind, box, (x_m, 0.0), 0.0, ALL_OTHERS | ALL_WHEELS)
            for geom, sleeve in zip(sleeves, _shapes(feature, Sleeve), strict=False):
                self._put_sleeve(geom, feature.kind, sleeve, x_m)

    def _place_parts(self, grip_m: Sequence[float], guide_r_m: float) -> None:
        for i, grip in enumerate(grip_m):
            self._body_pos[self._wheels[i], 2] = max(grip - self._open_m, 0.0) * self._lift_per_m
            self._contype[self._rollers[i]] = CARRIAGE_BITS[i] if grip < _ROLLER_AWAY_M else 0
            self._contype[self._arms[i]] = CARRIAGE_BITS[i] if grip > _ARM_OUT_M else 0
        out_m = guide_r_m - self._guide_out_m
        self._body_pos[self._guide, 1] = -out_m * math.sin(self._guide_rad)
        self._body_pos[self._guide, 2] = out_m * math.cos(self._guide_rad)

    def _bend(self, s_m: float, grip_m: Sequence[float]) -> None:
        """Put the boxes to where the bent conductor has them against the straight pods."""
        self._bent_at_m = s_m
        height_m, slope = self._body_line(s_m, grip_m)
        places = [a for f in self._near for a in (f.at_m - _SLOPE_STEP_M, f.at_m, f.at_m + _SLOPE_STEP_M)]
        places += [s_m + self._pods_m[0], s_m, s_m + self._pods_m[1]]
        heights = self._track.heights_m(s_m, places)
        above = [h - height_m - slope * (p - s_m) for h, p in zip(heights, places, strict=True)]
        along_pods = [a for a, p in zip(above, places, strict=True) if places[-3] <= p <= places[-1]]
        self.sag_m = max(0.0, *along_pods)
        for n, feature in enumerate(self._near):
            before, at, after = above[3 * n : 3 * n + 3]
            pitch = math.atan((after - before) / (2 * _SLOPE_STEP_M))
            middle = (feature.at_m - self._origin_m, at)
            for geom, box in zip(self._slots[n][2], _shapes(feature, Box), strict=False):
                self._put_box(geom, feature.kind, box, middle, pitch, POD_BIT)
        self._look_closely(s_m)

    def _look_closely(self, s_m: float) -> None:
        """Every shape can touch the parts that it is beside, until the robot has moved on."""
        touchable = 0
        for geom, (begin_m, end_m, bits) in self._along.items():
            beside = 0
            for from_m, to_m, part_bits in self._reaches_m:
                if begin_m < s_m + to_m and end_m > s_m + from_m:
                    beside |= part_bits
            self._conaffinity[geom] = beside & bits
            touchable |= beside & bits
        self._bodies.among_features(touchable != 0)

    def _body_line(self, s_m: float, grip_m: Sequence[float]) -> tuple[float, float]:
        """The straight body through its outermost standing carriages: height at `s_m`, and slope."""
        places = [s_m + a for a in self._carriage_s_m]
        heights = self._track.heights_m(s_m, places)
        standing = [i for i, grip in enumerate(grip_m) if grip <= self._open_m + 0.001]
        first, last = (standing[0], standing[-1]) if len(standing) > 1 else (0, len(places) - 1)
        slope = (heights[last] - heights[first]) / (places[last] - places[first])
        return heights[first] + slope * (s_m - places[first]), slope

    def _put_box(
        self, geom: int, kind: str, box: Box, middle: tuple[float, float], pitch: float, bits: int
    ) -> None:
        """A box of a feature whose middle is at (x, z) and which is tilted nose up by `pitch`."""
        cos, sin = math.cos(pitch), math.sin(pitch)
        x_m, z_m = sum(box.s_m) / 2, sum(box.z_m) / 2
        size = [(high - low) / 2 for low, high in (box.s_m, box.x_m, box.z_m)]
        self._size[geom] = size
        self._bound[geom] = math.hypot(*size)
        self._pos[geom] = (
            middle[0] + x_m * cos - z_m * sin,
            -sum(box.x_m) / 2,
            middle[1] + x_m * sin + z_m * cos,
        )
        self._quat[geom] = (math.cos(pitch / 2), 0.0, -math.sin(pitch / 2), 0.0)
        half_m = size[0] * cos + size[2] * abs(sin)
        self._own(geom, kind, half_m, bits)

    def _put_sleeve(self, geom: int, kind: str, sleeve: Sleeve, x_m: float) -> None:
        half_m = (sleeve.s_m[1] - sleeve.s_m[0]) / 2
        self._size[geom] = (sleeve.r_m, half_m, 0.0)
        self._bound[geom] = math.hypot(sleeve.r_m, half_m)
        self._pos[geom] = (x_m + sum(sleeve.s_m) / 2, 0.0, 0.0)
        self._quat[geom] = _ALONG_X
        low = sleeve.r_m <= self._low_m
        self._own(geom, kind, half_m, ALL_OTHERS if low else ALL_OTHERS | ALL_WHEELS)

    def _own(self, geom: int, kind: str, half_m: float, bits: int) -> None:
        """The shape is a feature's and has its place: so long to both sides, there for parts with these bits."""
        middle_m = self._origin_m + float(self._pos[geom, 0])
        self._along[geom] = (middle_m - half_m, middle_m + half_m, bits)
        self._owner[geom] = kind


def _shapes(feature: Feature, form: type[_Shape]) -> list[_Shape]:
    return [s for s in feature.shapes if isinstance(s, form)]


def _part_name(geom: str) -> str:
    """A part's name without the numbers of its boxes: `roller 2 7` is `rear roller`."""
    words = geom.split()
    numbers = [int(w) for w in words if w.isdigit()]
    name = " ".join(w for w in words if not w.isdigit())
    return f"{('front', 'middle', 'rear')[numbers[0]]} {name}" if len(numbers) > 1 else name
