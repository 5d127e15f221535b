"""Features near the robot as geometry that its parts can touch, and what they touch.

All shapes of features come from one pool of boxes and one of cylinders in the bodies' model, so that the cost of a
step does not grow with the line; shapes are moved to where the line has them, in the frame of the robot's straight
body: the conductor may bend away from it, and they bend with the conductor. Far from features contacts are off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import mujoco

from hil.world.bodies import Bodies, Pool
from hil.world.parts import OTHER_BIT, WHEEL_BIT
from hil.world.track import Track
from hil.world.truth import Contact
from robot.line.features import Box, Feature, Sleeve
from robot.messages import GRIP
from robot.profile import Profile

_AHEAD_M, _BEHIND_M = 1.3, 1.7  # features this near the middle carriage are geometry
_ROLLER_AWAY_M = 0.030  # grip position at which the roller has swung clear
_ARM_OUT_M = 0.010  # grip position at which the arm begins to be where it is when open
_CONTACT_OFF = int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
_SLOPE_STEP_M = 0.05
_STEP_M = (
    0.010  # geometry is renewed when robot or grips have moved this far: heights then err by 1 mm at most
)


def pool_for(features: Sequence[Feature]) -> Pool:
    """Geometry enough for any stretch of the line that the robot can be near to."""
    solid = [f for f in features if f.shapes]
    ends_m = [f.at_m + max(s.s_m[1] for s in f.shapes) for f in solid]
    begins_m = [f.at_m + min(s.s_m[0] for s in f.shapes) for f in solid]
    window_m = _AHEAD_M + _BEHIND_M
    crowd = [sum(end_m - window_m <= b <= end_m + window_m for b in begins_m) for end_m in ends_m]
    boxes = [sum(isinstance(s, Box) for s in f.shapes) for f in solid]
    sleeves = [2 * sum(isinstance(s, Sleeve) for s in f.shapes) for f in solid]
    return Pool(max(crowd, default=0), max(boxes, default=0), max(sleeves, default=0))


class Contacts:
    """Keeps parts and features in step with robot and line."""

    def __init__(
        self, profile: Profile, bodies: Bodies, pool: Pool, track: Track, conductor_radius_m: float
    ) -> None:
        model = self._model = bodies.model
        self._data = bodies.data
        self._track = track
        self._low_m = conductor_radius_m + profile.carriages.bump_max_m
        self._carriage_s_m = profile.carriages.s_m
        self._open_m = profile.carriages.open_m
        self._lift_per_m = bodies.lift_height_m / (profile.carriages.lifted_m - profile.carriages.open_m)
        self._guide_out_m = profile.guide.out_m
        self._guide_theta = math.radians(profile.guide.center_deg)
        pods = [s.s_m for s in profile.body.parts if s.s_m is not None]
        self._pods_m = (min(p[0] for p in pods), max(p[1] for p in pods))
        self._slots = [
            (bodies.geoms(f"box {n} "), bodies.geoms(f"sleeve {n} ")) for n in range(pool.features)
        ]
        self._used: list[int] = []
        self._rollers = [bodies.geoms(f"roller {i} ") for i in range(len(GRIP))]
        self._arms = [bodies.geoms(f"arm {i} ") for i in range(len(GRIP))]
        self._carriages = [bodies.body(f"carriage {i}") for i in range(len(GRIP))]
        self._wheels = [bodies.body(f"wheel {i}") for i in range(len(GRIP))]
        self._guide = bodies.body("guide")
        self._part = [_part_name(model.geom(g).name) for g in range(model.ngeom)]
        self._owner: dict[int, str] = {}
        self._begins_m = [f.at_m + min(s.s_m[0] for s in f.shapes) for f in track.features if f.shapes]
        self._ends_m = [f.at_m + max(s.s_m[1] for s in f.shapes) for f in track.features if f.shapes]
        self._features = [f for f in track.features if f.shapes]
        self._first = 0
        self._near = True
        self._last: tuple[float, ...] = ()
        self._body_pos = model.body_pos  # live views
        self._contype, self._conaffinity = model.geom_contype, model.geom_conaffinity
        self._size, self._rbound = model.geom_size, model.geom_rbound
        self._pos, self._quat = model.geom_pos, model.geom_quat
        self.sag_m = 0.0

    def place(self, s_m: float, origin_s_m: float, grip_m: Sequence[float], guide_r_m: float) -> None:
        """Renew all geometry for the robot at `s_m`, the bodies' origin being at chainage `origin_s_m`."""
        near = self._near_features(s_m)
        if not near:
            if self._near:
                self._near, self._last = False, ()
                self.sag_m = 0.0
                self._model.opt.disableflags |= _CONTACT_OFF
            return
        pose = (s_m, origin_s_m, *grip_m, guide_r_m)
        if (
            self._near
            and self._last
            and max(abs(a - b) for a, b in zip(pose, self._last, strict=True)) < _STEP_M
        ):
            return
        self._last = pose
        self._near = True
        self._model.opt.disableflags &= ~_CONTACT_OFF
        line = self._body_line(s_m, grip_m)
        self._place_parts(line, s_m, grip_m, guide_r_m)
        self._place_features(near, line, s_m, origin_s_m)

    def read(self) -> tuple[Contact, ...]:
        """What touches in the newest step."""
        if not self._near or not self._data.ncon:
            return ()
        deepest: dict[tuple[str, str], float] = {}
        contacts = self._data.contact
        for (first, second), distance in zip(contacts.geom.tolist(), contacts.dist.tolist(), strict=True):
            if first in self._owner:
                first, second = second, first
            pair = (self._part[first], self._owner.get(second, ""))
            deepest[pair] = max(deepest.get(pair, 0.0), -distance)
        return tuple(Contact(part, feature, depth) for (part, feature), depth in sorted(deepest.items()))

    # ------------------------------------------------------------------ geometry

    def _near_features(self, s_m: float) -> list[Feature]:
        while self._first < len(self._features) and self._ends_m[self._first] < s_m - _BEHIND_M - 1.0:
            self._first += 1
        while self._first and self._ends_m[self._first - 1] >= s_m - _BEHIND_M:
            self._first -= 1
        last = self._first
        while last < len(self._features) and self._begins_m[last] <= s_m + _AHEAD_M:
            last += 1
        return [
            f
            for f, end_m in zip(
                self._features[self._first : last], self._ends_m[self._first : last], strict=True
            )
            if end_m >= s_m - _BEHIND_M
        ]

    def _body_line(self, s_m: float, grip_m: Sequence[float]) -> tuple[float, float, list[float]]:
        """The straight body: height at `s_m` and slope of the line through its outermost carriages that stand on the
        conductor; and how far each carriage floats above that line."""
        places = [s_m + a for a in self._carriage_s_m]
        heights = self._track.heights_m(s_m, places)
        standing = [i for i, grip in enumerate(grip_m) if grip <= self._open_m + 0.001]
        first, last = (standing[0], standing[-1]) if len(standing) > 1 else (0, len(places) - 1)
        slope = (heights[last] - heights[first]) / (places[last] - places[first])
        height_m = heights[first] + slope * (s_m - places[first])
        floats = [h - height_m - slope * (p - s_m) for h, p in zip(heights, places, strict=True)]
        return height_m, slope, floats

    def _place_parts(
        self, line: tuple[float, float, list[float]], s_m: float, grip_m: Sequence[float], guide_r_m: float
    ) -> None:
        for i, grip in enumerate(grip_m):
            self._body_pos[self._carriages[i], 2] = line[2][i]
            self._body_pos[self._wheels[i], 2] = max(grip - self._open_m, 0.0) * self._lift_per_m
            self._contype[self._rollers[i]] = OTHER_BIT if grip < _ROLLER_AWAY_M else 0
            self._contype[self._arms[i]] = OTHER_BIT if grip > _ARM_OUT_M else 0
        out_m = guide_r_m - self._guide_out_m
        self._body_pos[self._guide, 1] = -out_m * math.sin(self._guide_theta)
        self._body_pos[self._guide, 2] = out_m * math.cos(self._guide_theta)

    def _place_features(
        self, near: Sequence[Feature], line: tuple[float, float, list[float]], s_m: float, origin_s_m: float
    ) -> None:
        height_m, slope, _ = line
        pods = (s_m + self._pods_m[0], s_m + self._pods_m[1])
        places = [a for f in near for a in (f.at_m - _SLOPE_STEP_M, f.at_m, f.at_m + _SLOPE_STEP_M)]
        places += [*pods, s_m]
        heights = self._track.heights_m(s_m, places)
        above = [h - height_m - slope * (p - s_m) for h, p in zip(heights, places, strict=True)]
        self.sag_m = max([0.0, *(a for a, p in zip(above, places, strict=True) if pods[0] <= p <= pods[1])])
        self._conaffinity[self._used] = 0
        self._used.clear()
        for n, feature in enumerate(near):
            before, at, after = above[3 * n : 3 * n + 3]
            middle = (feature.at_m - origin_s_m, at)
            pitches = (math.atan((at - before) / _SLOPE_STEP_M), math.atan((after - at) / _SLOPE_STEP_M))
            boxes, sleeves = (iter(geoms) for geoms in self._slots[n])
            for shape in feature.shapes:
                if isinstance(shape, Sleeve):
                    for half, pitch in zip(_halves(shape), pitches, strict=True):
                        if half is not None:
                            self._put_sleeve(next(sleeves), feature.kind, half, middle, pitch)
                else:
                    self._put_box(next(boxes), feature.kind, shape, middle, sum(pitches) / 2)

    def _put_sleeve(
        self, geom: int, kind: str, sleeve: Sleeve, middle: tuple[float, float], pitch: float
    ) -> None:
        size = (sleeve.r_m, (sleeve.s_m[1] - sleeve.s_m[0]) / 2, 0.0)
        bits = OTHER_BIT if sleeve.r_m <= self._low_m else OTHER_BIT | WHEEL_BIT
        turn = math.pi / 2 - pitch  # a cylinder's own axis is z
        self._put(geom, kind, size, (sum(sleeve.s_m) / 2, 0.0, 0.0), middle, pitch, turn, bits)

    def _put_box(self, geom: int, kind: str, box: Box, middle: tuple[float, float], pitch: float) -> None:
        size = tuple((high - low) / 2 for low, high in (box.s_m, box.x_m, box.z_m))
        center = (sum(box.s_m) / 2, -sum(box.x_m) / 2, sum(box.z_m) / 2)
        self._put(geom, kind, size, center, middle, pitch, -pitch, OTHER_BIT | WHEEL_BIT)

    def _put(
        self,
        geom: int,
        kind: str,
        size: tuple[float, ...],
        center: tuple[float, float, float],
        middle: tuple[float, float],
        pitch: float,
        turn: float,
        bits: int,
    ) -> None:
        """A shape of a feature whose middle is at (x, z) and which is tilted nose up by `pitch`.

        Args:
            size: MuJoCo's half sizes; center: in the feature's own frame; turn: of the geom about y.
        """
        cos, sin = math.cos(pitch), math.sin(pitch)
        self._size[geom] = size
        self._rbound[geom] = math.hypot(*size)
        self._pos[geom] = (
            middle[0] + center[0] * cos - center[2] * sin,
            center[1],
            middle[1] + center[0] * sin + center[2] * cos,
        )
        self._quat[geom] = (math.cos(turn / 2), 0.0, math.sin(turn / 2), 0.0)
        self._conaffinity[geom] = bits
        self._owner[geom] = kind
        self._used.append(geom)


def _halves(sleeve: Sleeve) -> tuple[Sleeve | None, Sleeve | None]:
    """A sleeve's parts before and behind the feature's middle, where the conductor may bend."""
    begin_m, end_m = sleeve.s_m
    before = Sleeve((begin_m, min(end_m, 0.0)), sleeve.r_m) if begin_m < 0.0 else None
    after = Sleeve((max(begin_m, 0.0), end_m), sleeve.r_m) if end_m > 0.0 else None
    return before, after


def _part_name(geom: str) -> str:
    """A part's name without the numbers of its boxes: `roller 2 7` is `rear roller`."""
    words = geom.split()
    numbers = [int(w) for w in words if w.isdigit()]
    name = " ".join(w for w in words if not w.isdigit())
    return f"{('front', 'middle', 'rear')[numbers[0]]} {name}" if len(numbers) > 1 else name
