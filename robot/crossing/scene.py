"""Features and robot together: which part meets which shape, and where each configuration is allowed."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from robot.crossing import envelope
from robot.crossing.bend import ENDS, Bend, Ends, pod_bend
from robot.crossing.envelope import Part
from robot.crossing.parking import parking_angles
from robot.crossing.stance import Context
from robot.line import catalogue
from robot.line.features import Box, Feature, Shape, Sleeve
from robot.messages import CarriageState
from robot.profile import Profile

Rotor = tuple[float | None, bool]  # parked angle in rad or None = geared, guide out


@dataclass(frozen=True, slots=True)
class Meeting:
    """A part and a shape. They share chainage while the middle carriage is between `low_m` and `high_m`."""

    part: Part
    feature: Feature
    shape: Shape
    bend: Bend
    gap_m: float  # between them in the cross-section then
    margin_m: float  # along the conductor
    forbids: bool
    rides: bool  # the part stands on the conductor and takes the bump

    @property
    def low_m(self) -> float:
        return self.feature.at_m + self.shape.s_m[0] - self.part.s_m[1]

    @property
    def high_m(self) -> float:
        return self.feature.at_m + self.shape.s_m[1] - self.part.s_m[0]

    @property
    def interval_m(self) -> tuple[float, float]:
        """With the margin, open; rounded, so that ends that mean the same place are equal."""
        return round(self.low_m - self.margin_m, 6), round(self.high_m + self.margin_m, 6)

    def distance_m(self, from_m: float, to_m: float) -> float:
        """Smallest distance while the robot goes from one chainage to the other."""
        if self.rides:
            return math.inf
        return math.hypot(max(self.low_m - to_m, from_m - self.high_m, 0.0), self.gap_m)

    def text(self) -> str:
        """Part, feature and place in words; `{place}` is made a chainage in the end (`planner`)."""
        hangs = f", {self.bend.down_m * 1e3:.0f} mm below the bent conductor," if self.bend.down_m else ""
        what = f"{self.feature.kind} ({envelope.describe(self.shape)})"
        return f"{self.part.name}{hangs} meets {what} at {{{self.feature.at_m:.6f}}}"


class Free:
    """Where a configuration is allowed: outside the union of open intervals."""

    __slots__ = ("highs", "lows", "meetings")

    def __init__(self, meetings: Sequence[Meeting]) -> None:
        self.meetings = tuple(meetings)
        self.lows: list[float] = []
        self.highs: list[float] = []
        for low, high in sorted(m.interval_m for m in meetings if m.forbids):
            if self.highs and low < self.highs[-1]:
                self.highs[-1] = max(self.highs[-1], high)
            else:
                self.lows.append(low)
                self.highs.append(high)

    def at(self, s_m: float) -> bool:
        i = bisect_left(self.lows, s_m) - 1
        return i < 0 or s_m >= self.highs[i]

    def within(self, other: Free) -> bool:
        """Whether every place that is forbidden here is forbidden there too."""
        return all(
            (i := bisect_right(other.lows, low) - 1) >= 0 and high <= other.highs[i]
            for low, high in zip(self.lows, self.highs, strict=True)
        )

    def blocker(self, s_m: float) -> Meeting:
        """What forbids a place that is not allowed."""
        return next(m for m in self.meetings if m.forbids and m.interval_m[0] < s_m < m.interval_m[1])

    def ends(self) -> Iterator[float]:
        yield from self.lows
        yield from self.highs


class Scene:
    """Meetings of each configuration of each component with all features."""

    def __init__(
        self, profile: Profile, features: Sequence[Feature], conductor_diameter_m: float, context: Context
    ) -> None:
        self._profile, self._features, self._context = profile, features, context
        self._diameter_m = conductor_diameter_m

    def carriage(self, index: int, state: CarriageState) -> Free:
        limits = self._profile.carriages
        bumps = {CarriageState.CLAMPED: limits.clamped_bump_max_m, CarriageState.OPEN: limits.bump_max_m}
        return self._free(envelope.carriage_parts(self._profile, index, state), bumps.get(state, 0.0))

    def swing(self, index: int) -> Free:
        """A carriage between clamped and open."""
        return self._free(envelope.swing_parts(self._profile, index))

    def body(self, ends: Ends) -> Free:
        """The pods with these wheels the outermost on the conductor."""
        return self._free(envelope.body_parts(self._profile), ends=ends)

    def rotor(self, rotor: Rotor) -> Free:
        return self._free(envelope.rotor_parts(self._profile, *rotor, self._diameter_m))

    def turn(self, angle_rad: float, way_rad: float, guide_out: bool) -> Free:
        """The rotor while it turns from a parked angle by a way."""
        return self._free(
            envelope.turning_parts(self._profile, angle_rad, way_rad, guide_out, self._diameter_m)
        )

    def parking_angles(self) -> list[float]:
        """Angles at which the rotor may be parked, in rad."""
        boxes = [s for f in self._features for s in f.shapes if isinstance(s, Box)]
        context = self._context
        return parking_angles(
            self._profile, boxes, self._diameter_m, context.roll_rad, context.section_clearance_m
        )

    def _free(self, parts: Sequence[Part], bump_m: float = 0.0, ends: Ends = ENDS[0]) -> Free:
        features = enumerate(self._features)
        shapes = [(i, shape) for i, feature in features for shape in feature.shapes]
        return Free([self._meeting(part, i, shape, bump_m, ends) for part in parts for i, shape in shapes])

    def _meeting(self, part: Part, index: int, shape: Shape, bump_m: float, ends: Ends) -> Meeting:
        context = self._context
        bend = self._bend(index, shape, ends) if part.rigid else Bend()
        gap = envelope.gap_m(part, shape, context.roll_rad, bend)
        stands = envelope.touches_conductor(part, self._diameter_m)
        rides = isinstance(shape, Sleeve) and stands and shape.r_m - self._diameter_m / 2 <= bump_m + 1e-9
        forbids = gap < context.section_clearance_m and not rides
        return Meeting(part, self._features[index], shape, bend, gap, context.margin_m, forbids, rides)

    def _bend(self, index: int, shape: Shape, ends: Ends) -> Bend:
        """Of the pods on their way past this shape."""
        begin, end = (self._features[index].at_m + s for s in shape.s_m)
        wheels = self._profile.carriages.s_m
        reach = 2 * (wheels[0] - wheels[2])
        poles = [f.at_m for f in self._features if is_pole(f) and begin - reach < f.at_m < end + reach]
        places = {begin, end, *(p for p in poles if begin < p < end)}
        angles = self._context.kink_rad, self._context.angle_rad
        relative = (tuple(sorted(round(p - begin, 3) for p in some)) for some in (places, poles))
        return _pod_bend(self._profile, *angles, *relative, ends) if poles and any(angles) else Bend()


@lru_cache(maxsize=1024)
def _pod_bend(
    profile: Profile,
    kink_rad: float,
    angle_rad: float,
    places_m: tuple[float, ...],
    poles_m: tuple[float, ...],
    ends: Ends,
) -> Bend:
    return pod_bend(profile, kink_rad, angle_rad, places_m, poles_m, ends)


def is_pole(feature: Feature) -> bool:
    """Whether the conductor bends there."""
    return bool(feature.pole) or feature.kind in catalogue.INSULATORS
