"""Crossing as a search over stances.

A stance of the robot at a chainage is allowed when no part of it overlaps a feature's shape with the margin, and when
it keeps the rules of `stance`. Each part of a configuration forbids intervals of chainage; between the ends of these
intervals nothing changes, so it is enough to change stance there. A* over (chainage, three carriages, rotor) finds the
sequence of least time, plus the named risks. Chainage only grows.
"""

from __future__ import annotations

import dataclasses
import heapq
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from robot.crossing import envelope
from robot.crossing.envelope import Bend, Part
from robot.crossing.stance import (
    CARRIAGES,
    HOME,
    Blocked,
    Carriages,
    Context,
    CrossingPlan,
    Expect,
    Stance,
    Step,
    StepKind,
    may_release,
    stance_fault,
    supports,
)
from robot.line import catalogue
from robot.line.features import Feature, Shape, Sleeve
from robot.messages import CarriageState
from robot.profile import Profile

ROTOR_STEP_DEG = 15.0
TURN_DEG = 90.0  # a parked angle is on average this far away, going the shorter way round
STATES = (CarriageState.CLAMPED, CarriageState.OPEN, CarriageState.LIFTED)
TRIPLES: tuple[Carriages, ...] = tuple(product(STATES, STATES, STATES))
REGROUP_M = 0.5  # features whose crossings leave less than this between them are crossed as one
Rotor = tuple[float | None, bool]  # parked angle or None, guide out
GEARED: Rotor = (None, True)

CARRIAGE_KINDS = {
    CarriageState.CLAMPED: StepKind.CLAMP,
    CarriageState.OPEN: StepKind.OPEN,
    CarriageState.LIFTED: StepKind.LIFT,
}
EXPECTS: dict[StepKind, tuple[Expect, ...]] = {
    StepKind.ADVANCE: (Expect.TRAVEL, Expect.NO_CONTACT, Expect.SEEN),
    StepKind.CLAMP: (Expect.GRIP, Expect.PINCH, Expect.LOADED),
    StepKind.OPEN: (Expect.OTHERS_LOADED, Expect.GRIP),
    StepKind.LIFT: (Expect.OTHERS_LOADED, Expect.GRIP),
    StepKind.LOWER: (Expect.GRIP, Expect.NO_CONTACT),
    StepKind.PARK_ROTOR: (Expect.ROTOR, Expect.NO_CONTACT),
    StepKind.RELEASE_ROTOR: (Expect.ROTOR,),
    StepKind.GUIDE_RETRACT: (Expect.GUIDE,),
    StepKind.GUIDE_OUT: (Expect.GUIDE, Expect.NO_CONTACT),
}


def plan_crossing(
    profile: Profile,
    features: Sequence[Feature],
    conductor_diameter_m: float,
    cable_diameter_m: float,
    context: Context = Context(),  # noqa: B008 - frozen
) -> CrossingPlan | Blocked:
    """The cheapest safe sequence over features within reach of each other, or why there is none.

    Args:
        features: one or more, in any order, chainages in m.
        conductor_diameter_m: bare conductor.
        cable_diameter_m: of the cable that is being wrapped; the guide must let it through.
        context: slope, kink, roll and position uncertainty, coil, grip; stance and chainage to start from.

    Returns:
        A plan that begins at `context.start` and ends all clamped, geared, guide out, every part clear.
    """
    group = tuple(sorted(features, key=lambda f: f.at_m))
    origin = group[0].at_m
    here = tuple(_shifted(f, -origin) for f in group)
    start_m = None if context.start_m is None else round(context.start_m - origin, 6)
    answer = _plan(
        profile, here, conductor_diameter_m, cable_diameter_m, dataclasses.replace(context, start_m=start_m)
    )
    return _moved(answer, group, origin)


def group_features(
    features: Sequence[Feature], profile: Profile, gap_m: float = REGROUP_M
) -> list[tuple[Feature, ...]]:
    """Features that must be crossed together, because the robot is not clear of one before it meets the next."""
    reach = -_rear_m(profile) + profile.carriages.s_m[0] + profile.carriages.half_length_m + gap_m
    groups: list[list[Feature]] = []
    end = -math.inf
    for feature in sorted(features, key=lambda f: f.at_m):
        low, high = envelope.stretch(feature.shapes) if feature.shapes else (0.0, 0.0)
        if feature.at_m + low - end > reach:
            groups.append([])
            end = -math.inf
        groups[-1].append(feature)
        end = max(end, feature.at_m + high)
    return [tuple(g) for g in groups]


def is_pole(feature: Feature) -> bool:
    """Whether the conductor bends there."""
    return bool(feature.pole) or feature.kind in catalogue.INSULATORS


def _rear_m(profile: Profile) -> float:
    return min(profile.guide.s_m[0], profile.rotor.s_m - profile.rotor.width_m / 2)


def _shifted(feature: Feature, by_m: float) -> Feature:
    return dataclasses.replace(feature, at_m=round(feature.at_m + by_m, 6), pole="pole" if feature.pole else "")


def _moved(answer: CrossingPlan | Blocked, group: tuple[Feature, ...], by_m: float) -> CrossingPlan | Blocked:
    """An answer for chainages from the first feature on, at its real place."""
    if isinstance(answer, Blocked):
        kept = tuple(f for f in group if any(abs(f.at_m - by_m - b.at_m) < 1e-5 and f.kind == b.kind for b in answer.features))
        return dataclasses.replace(
            answer, features=kept, at_m=answer.at_m + by_m, reason=_named(answer.reason, by_m)
        )
    return dataclasses.replace(
        answer,
        features=group,
        from_m=answer.from_m + by_m,
        to_m=answer.to_m + by_m,
        steps=tuple(dataclasses.replace(s, s_m=s.s_m + by_m) for s in answer.steps),
        unwrapped=tuple((a + by_m, b + by_m) for a, b in answer.unwrapped),
    )


_CHAINAGE = re.compile(r"\{([-+.0-9e]+)\}")


def _named(reason: str, by_m: float) -> str:
    """Fills `{1.234}` in a reason by the chainage of that place."""
    return _CHAINAGE.sub(lambda found: f"{float(found[1]) + by_m:.2f} m", reason)


# ---------------------------------------------------------------- obstacles


@dataclass(frozen=True, slots=True)
class _Meeting:
    """A part and a shape: they share chainage while the robot is in (low, high); `gap_m` is what then is between them."""

    part: Part
    feature: Feature
    shape: Shape
    gap_m: float
    margin_m: float
    rides: bool  # the part touches the conductor and the bump is one that it takes

    @property
    def low(self) -> float:
        return self.feature.at_m + self.shape.s_m[0] - self.part.s_m[1]

    @property
    def high(self) -> float:
        return self.feature.at_m + self.shape.s_m[1] - self.part.s_m[0]

    @property
    def forbidden(self) -> tuple[float, float]:
        """Open interval of chainage, with the margin; rounded, so that ends that mean the same place are equal."""
        return round(self.low - self.margin_m, 6), round(self.high + self.margin_m, 6)

    @property
    def forbids(self) -> bool:
        return self.gap_m <= 0.0 and not self.rides

    def distance_m(self, from_m: float, to_m: float) -> float:
        """Smallest distance while the robot goes from one chainage to the other."""
        if self.rides:
            return math.inf
        return math.hypot(max(self.low - to_m, from_m - self.high, 0.0), self.gap_m)

    def text(self) -> str:
        return f"{self.part.name} meets {self.feature.kind} ({envelope.describe(self.shape)}) at {{{self.feature.at_m:.6f}}}"


class _Scene:
    """Features and robot, asked for meetings of one configuration of one component."""

    def __init__(self, profile: Profile, features: Sequence[Feature], diameter_m: float, context: Context) -> None:
        self.profile, self.features, self.context = profile, features, context
        self.radius_m, self.diameter_m = diameter_m / 2, diameter_m
        self._bends: dict[tuple[int, Shape], Bend] = {}

    def meetings(self, parts: Sequence[Part], bump_m: float = 0.0) -> tuple[_Meeting, ...]:
        return tuple(
            self._meeting(part, i, shape, bump_m)
            for part in parts
            for i, feature in enumerate(self.features)
            for shape in feature.shapes
        )

    def _meeting(self, part: Part, index: int, shape: Shape, bump_m: float) -> _Meeting:
        feature, context = self.features[index], self.context
        bend = self._bend(index, shape) if part.rigid else Bend()
        gap = envelope.gap_m(part, shape, context.roll_rad, bend)
        sigma = math.hypot(context.position_sigma_m, feature.sigma_m)
        rides = (
            isinstance(shape, Sleeve)
            and envelope.touches_conductor(part, self.diameter_m)
            and shape.r_m - self.radius_m <= bump_m + 1e-9
        )
        return _Meeting(part, feature, shape, gap, context.clearance_m + context.sigmas * sigma, rides)

    def _bend(self, index: int, shape: Shape) -> Bend:
        """Worst bend at a shape: at its place nearest to any pole of the group."""
        key = (index, shape)
        if key not in self._bends:
            at = self.features[index].at_m
            poles = [f.at_m for f in self.features if is_pole(f)]
            beside = min(
                (max(at + shape.s_m[0] - p, p - at - shape.s_m[1], 0.0) for p in poles), default=math.inf
            )
            near = beside < self.profile.carriages.s_m[0]
            self._bends[key] = (
                _bend(self.profile, self.context.kink_rad, self.context.angle_rad, round(beside, 3)) if near else Bend()
            )
        return self._bends[key]

    # configurations

    def carriage(self, index: int, state: CarriageState) -> tuple[_Meeting, ...]:
        limits = self.profile.carriages
        bump = {CarriageState.CLAMPED: limits.clamped_bump_max_m, CarriageState.OPEN: limits.bump_max_m}.get(state, 0.0)
        return self.meetings(envelope.carriage_parts(self.profile, index, state), bump)

    def swing(self, index: int) -> tuple[_Meeting, ...]:
        return self.meetings(envelope.swing_parts(self.profile, index))

    def body(self) -> tuple[_Meeting, ...]:
        return self.meetings(envelope.body_parts(self.profile))

    def rotor(self, rotor: Rotor) -> tuple[_Meeting, ...]:
        return self.meetings(envelope.rotor_parts(self.profile, *rotor, self.diameter_m))


@lru_cache(maxsize=1024)
def _bend(profile: Profile, kink_rad: float, angle_rad: float, beside_m: float) -> Bend:
    return envelope.pod_bend(profile, kink_rad, angle_rad, beside_m)


class _Free:
    """Where a configuration is allowed: outside the union of open intervals."""

    __slots__ = ("meetings", "highs", "lows")

    def __init__(self, meetings: Sequence[_Meeting]) -> None:
        self.meetings = tuple(meetings)
        self.lows: list[float] = []
        self.highs: list[float] = []
        spans = sorted(m.forbidden for m in meetings if m.forbids)
        for low, high in spans:
            if self.highs and low < self.highs[-1]:
                self.highs[-1] = max(self.highs[-1], high)
            else:
                self.lows.append(low)
                self.highs.append(high)

    def at(self, s_m: float) -> bool:
        i = bisect_left(self.lows, s_m) - 1
        return i < 0 or s_m >= self.highs[i]

    def within(self, other: _Free) -> bool:
        """Whether every place that is forbidden here is forbidden there too."""
        return all(
            (i := bisect_right(other.lows, low) - 1) >= 0 and high <= other.highs[i]
            for low, high in zip(self.lows, self.highs, strict=True)
        )

    def blocker(self, s_m: float) -> _Meeting:
        return next(m for m in self.meetings if m.forbids and m.forbidden[0] < s_m < m.forbidden[1])

    def ends(self) -> Iterator[float]:
        yield from self.lows
        yield from self.highs


# ---------------------------------------------------------------- search


@lru_cache(maxsize=512)
def _plan(
    profile: Profile, features: tuple[Feature, ...], conductor_m: float, cable_m: float, context: Context
) -> CrossingPlan | Blocked:
    refused = _limits(profile, features, conductor_m, context) or _never(profile, features)
    if refused is not None:
        return refused
    answer = _Search(profile, features, conductor_m, context).solve()
    return answer if isinstance(answer, CrossingPlan) else _smallest(profile, features, conductor_m, context, answer)


def _limits(
    profile: Profile, features: tuple[Feature, ...], conductor_m: float, context: Context
) -> Blocked | None:
    """What no stance can mend: conductor, kink, slope."""
    limits, at = profile.limits, features[0].at_m
    low, high = limits.conductor_diameter_m
    if not low <= conductor_m <= high:
        text = f"conductor of {conductor_m * 1e3:.1f} mm at {{{at}}}: carriages take {low * 1e3:.0f} to {high * 1e3:.0f} mm"
        return Blocked(features, at, "conductor", "carriages", text)
    poles = tuple(f for f in features if is_pole(f))
    for what, value, limit in (
        ("vertical", context.kink_rad, limits.kink_vertical_max_deg),
        ("plan", context.angle_rad, limits.kink_plan_max_deg),
    ):
        if poles and abs(math.degrees(value)) > limit + 1e-9:
            text = f"kink of {abs(math.degrees(value)):.1f} degrees in {what} at {{{poles[0].at_m}}}: at most {limit:.0f}"
            return Blocked(poles, poles[0].at_m, "kink", "body", text)
    fault = _stance_fault(profile, HOME.carriages, context)
    if fault is not None:
        return Blocked(features, at, fault[0], "carriages", f"{fault[1]}, all clamped, at {{{at}}}")
    return None


def _never(profile: Profile, features: tuple[Feature, ...]) -> Blocked | None:
    """The first feature that the catalogue closes."""
    front = profile.carriages.s_m[0] + profile.carriages.half_length_m
    for feature in features:
        if not feature.crossable:
            low = envelope.stretch(feature.shapes)[0] if feature.shapes else 0.0
            text = f"front wheel meets {feature.kind} at {{{feature.at_m}}}: {feature.kind} is never crossable"
            return Blocked((feature,), feature.at_m + low - front, "feature", "front wheel", text)
    return None


def _smallest(
    profile: Profile, features: tuple[Feature, ...], conductor_m: float, context: Context, whole: Blocked
) -> Blocked:
    """The smallest set of neighbours that already blocks."""
    for size in range(1, len(features)):
        for first in range(len(features) - size + 1):
            answer = _Search(profile, features[first : first + size], conductor_m, context).solve()
            if isinstance(answer, Blocked):
                return answer
    return whole


def _stance_fault(profile: Profile, carriages: Carriages, context: Context) -> tuple[str, str] | None:
    """At a pole the slope under the robot goes from one side of the kink to the other: both must do."""
    for slope in {context.slope_rad, context.slope_rad - context.kink_rad}:
        fault = stance_fault(profile, carriages, context, slope)
        if fault is not None:
            return fault
    return None


_Node = tuple[int, int, int]  # index of the chainage, of the triple, of the rotor


class _Search:
    """A* for one group of features."""

    def __init__(self, profile: Profile, features: tuple[Feature, ...], diameter_m: float, context: Context) -> None:
        self.profile, self.features, self.context = profile, features, context
        self.diameter_m = diameter_m
        self.scene = _Scene(profile, features, diameter_m, context)
        self.speed_mps = profile.times.crossing_speed_mps
        self.body = _Free(self.scene.body())
        self.carriage = [[_Free(self.scene.carriage(i, s)) for s in STATES] for i in range(3)]
        self.swing = [_Free(self.scene.swing(i)) for i in range(3)]
        self.rotors, self.rotor = self._rotors()
        self.faults = {t: _stance_fault(profile, t, context) for t in TRIPLES if supports(t)}
        self.triples = [t for t, fault in self.faults.items() if fault is None]
        self.places = self._places()
        self._changes = self._all_changes()
        self._risks = [self._risk(t) for t in self.triples]
        self._parked = [context.risk.unwrapped_s_per_m * (angle is not None) for angle, _ in self.rotors]
        self._sweeps: dict[Rotor, _Free] = {}
        self.farthest = 0

    def _rotors(self) -> tuple[list[Rotor], list[_Free]]:
        """Geared, and the parked angles that no other is better than; of equal ones the middle one."""
        rotors, free = [GEARED], [_Free(self.scene.rotor(GEARED))]
        if not free[0].lows and self.context.start.rotor_rad is None:
            return rotors, free
        park = self.profile.park_rotor_rad
        angles = [park + math.radians(ROTOR_STEP_DEG * k) for k in range(round(360.0 / ROTOR_STEP_DEG))]
        parked = [(a, _Free(self.scene.rotor((a, False))), _Free(self.scene.rotor((a, True)))) for a in angles]
        kept: list[tuple[float, _Free, _Free]] = []
        for angle, inside, out in parked:
            if not any(k[1].within(inside) and k[2].within(out) for k in kept):
                kept = [k for k in kept if not (inside.within(k[1]) and out.within(k[2]))]
                kept.append((angle, inside, out))
        start = self.context.start.rotor_rad
        if start is not None and all(abs(start - k[0]) > 1e-9 for k in kept):
            kept.append((start, _Free(self.scene.rotor((start, False))), _Free(self.scene.rotor((start, True)))))
        for angle, inside, out in kept:
            rotors += [(angle, True), (angle, False)]
            free += [out, inside]
        return rotors, free

    def _places(self) -> list[float]:
        """Chainages where something changes, from the start to where all is clear again."""
        home = [*(self.carriage[i][0] for i in range(3)), self.rotor[0], self.body]
        ends = sorted({e for f in home for e in f.ends()})
        if not ends:
            return []
        begin = ends[0] if self.context.start_m is None else self.context.start_m
        others = [f for states in self.carriage for f in states[1:]] + self.swing + self.rotor[1:]
        inner = {e for f in others for e in f.ends()}
        return [begin, *(e for e in sorted(inner.union(ends)) if begin + 1e-6 < e <= ends[-1])]

    # ---- answer

    def solve(self) -> CrossingPlan | Blocked:
        if len(self.places) < 2 and self.context.start == HOME:
            return self._drive_through()
        path = self._shortest()
        return self._blocked() if path is None else self._plan(path)

    def _shortest(self) -> list[_Node] | None:
        places = self.places
        start = (0, self._triple_index(self.context.start.carriages), self._rotor_index(self.context.start))
        goal = (len(places) - 1, self._triple_index(HOME.carriages), 0)
        if start[1] < 0:
            return None
        best = {start: 0.0}
        came: dict[_Node, _Node] = {}
        queue = [((places[-1] - places[0]) / self.speed_mps, 0.0, start)]
        done: set[_Node] = set()
        while queue:
            _, cost, node = heapq.heappop(queue)
            if node in done:
                continue
            done.add(node)
            self.farthest = max(self.farthest, node[0])
            if node == goal:
                return _path(came, goal)
            for after, extra in self._moves(node):
                total = cost + extra
                if total < best.get(after, math.inf) - 1e-12:
                    best[after], came[after] = total, node
                    rest = (places[-1] - places[after[0]]) / self.speed_mps
                    heapq.heappush(queue, (total + rest, total, after))
        return None

    def _triple_index(self, carriages: Carriages) -> int:
        return self.triples.index(carriages) if carriages in self.triples else -1

    def _rotor_index(self, stance: Stance) -> int:
        return self.rotors.index((stance.rotor_rad, stance.guide_out))

    # ---- moves

    def _moves(self, node: _Node) -> Iterator[tuple[_Node, float]]:
        place, triple, rotor = node
        s = self.places[place]
        if place + 1 < len(self.places) and self._free_between(place, triple, rotor):
            ahead_m = self.places[place + 1] - s
            yield (place + 1, triple, rotor), ahead_m * (1.0 / self.speed_mps + self._risks[triple] + self._parked[rotor])
        for after, carriage, seconds in self._changes[triple]:
            if self._may_change(carriage, self.triples[triple], self.triples[after], s):
                yield (place, after, rotor), seconds
        for turned, seconds in self._turns(rotor, s):
            yield (place, triple, turned), seconds

    def _free_between(self, place: int, triple: int, rotor: int) -> bool:
        """Whether this stance may drive from one place to the next; nothing changes in between."""
        middle = (self.places[place] + self.places[place + 1]) / 2
        states = self.triples[triple]
        return (
            self.body.at(middle)
            and self.rotor[rotor].at(middle)
            and all(self.carriage[i][STATES.index(states[i])].at(middle) for i in range(3))
        )

    def _may_change(self, carriage: int, before: Carriages, after: Carriages, s_m: float) -> bool:
        """Whether a carriage has the room to change state here."""
        states = self.carriage[carriage]
        swings = CarriageState.CLAMPED in (before[carriage], after[carriage])
        passes_open = not swings or states[1].at(s_m)
        return passes_open and states[STATES.index(after[carriage])].at(s_m) and (not swings or self.swing[carriage].at(s_m))

    def _turns(self, rotor: int, s_m: float) -> Iterator[tuple[int, float]]:
        """Moves of rotor and guide. The guide moves only while the rotor is parked; a geared rotor has it out."""
        times = self.profile.times
        angle, out = self.rotors[rotor]
        for after, (other, other_out) in enumerate(self.rotors):
            if after == rotor or not self.rotor[after].at(s_m):
                continue
            if angle is not None and other == angle:
                yield after, times.guide_s + times.confirm_s
            elif angle is None and other_out:
                yield after, TURN_DEG / self.profile.rotor.park_speed_dps + times.confirm_s
            elif out and other is None:
                yield after, times.confirm_s
            elif angle is not None and other is not None and out == other_out:
                turn = self._parked_turn(angle, other, out, s_m)
                if turn is not None:
                    yield after, turn / self.profile.rotor.park_speed_dps + times.confirm_s

    def _parked_turn(self, angle: float, other: float, out: bool, s_m: float) -> float | None:
        """Degrees of the shorter way from one parked angle to another that is free, None = neither is."""
        ways = [math.degrees(other - angle) % 360.0, -(math.degrees(angle - other) % 360.0)]
        for way in sorted(ways, key=abs):
            count = max(1, math.ceil(abs(way) / ROTOR_STEP_DEG * 3))
            between = (round(angle + math.radians(way) * k / count, 9) for k in range(1, count))
            if all(self._sweep((a, out)).at(s_m) for a in between):
                return abs(way)
        return None

    def _sweep(self, rotor: Rotor) -> _Free:
        if rotor not in self._sweeps:
            self._sweeps[rotor] = _Free(self.scene.rotor(rotor))
        return self._sweeps[rotor]

    def _all_changes(self) -> list[list[tuple[int, int, float]]]:
        """Per triple: (triple after, carriage, seconds), one carriage at a time, the rule held without it."""
        changes: list[list[tuple[int, int, float]]] = []
        for before in self.triples:
            found = []
            for index, after in enumerate(self.triples):
                moved = [i for i in range(3) if before[i] is not after[i]]
                if len(moved) == 1 and (
                    after[moved[0]] is CarriageState.CLAMPED or may_release(before, moved[0])
                ):
                    found.append((index, moved[0], self._change_seconds(before[moved[0]], after[moved[0]])))
            changes.append(found)
        return changes

    def _change_seconds(self, before: CarriageState, after: CarriageState) -> float:
        times = self.profile.times
        lifts = CarriageState.LIFTED in (before, after)
        return (times.lift_s if lifts else times.clamp_s) + times.confirm_s

    def _risk(self, carriages: Carriages) -> float:
        """Seconds per metre that driving like this is worth avoiding."""
        risk = self.context.risk
        hanging = carriages[2] is CarriageState.LIFTED
        return (
            risk.open_s_per_m * carriages.count(CarriageState.OPEN)
            + risk.lifted_s_per_m * carriages.count(CarriageState.LIFTED)
            + risk.rear_hanging_s_per_m * hanging
        )

    # ---- answers

    def _drive_through(self) -> CrossingPlan | Blocked:
        """Nothing has to change; only the speed is limited while the robot passes."""
        if self.body.lows:
            return self._blocked()
        rear, front = _rear_m(self.profile), self.profile.carriages.s_m[0] + self.profile.carriages.half_length_m
        stretches = [(f.at_m, envelope.stretch(f.shapes)) for f in self.features if f.shapes]
        begin = min((at + low for at, (low, _) in stretches), default=0.0) - front
        end = max((at + high for at, (_, high) in stretches), default=0.0) - rear
        clearance = self._clearance(begin, end, HOME, HOME)
        seconds = (end - begin) / self.speed_mps
        return CrossingPlan(self.features, begin, end, self.speed_mps, (), seconds, clearance, (), 0)

    def _plan(self, path: list[_Node]) -> CrossingPlan:
        steps: list[Step] = []
        begin = self.places[0]
        at = begin
        for before, after in zip(path, path[1:], strict=False):
            if after[0] != before[0] and steps and steps[-1].kind is StepKind.ADVANCE:
                steps.pop()
            elif after[0] == before[0]:
                at = self.places[before[0]]
            steps.append(self._step(at, before, after))
        if self.context.start_m is None:
            while steps and steps[0].kind is StepKind.ADVANCE:
                begin = steps.pop(0).s_m
        while steps and steps[-1].kind is StepKind.ADVANCE:
            steps.pop()
        end = steps[-1].s_m if steps else begin
        no_return = next((i for i, s in enumerate(steps) if not s.reversible), len(steps))
        return CrossingPlan(
            features=self.features,
            from_m=begin,
            to_m=end,
            speed_mps=self.speed_mps,
            steps=tuple(steps),
            duration_s=sum(s.duration_s for s in steps),
            clearance_m=min((s.clearance_m for s in steps), default=math.inf),
            unwrapped=self._unwrapped(steps),
            no_return=no_return,
        )

    def _step(self, from_m: float, before: _Node, after: _Node) -> Step:
        s, stance, was = self.places[after[0]], self._stance(after), self._stance(before)
        kind, carriage = self._kind(was, stance) if after[0] == before[0] else (StepKind.ADVANCE, None)
        if kind is StepKind.ADVANCE:
            seconds = (s - from_m) / self.speed_mps
        elif carriage is not None:
            seconds = self._change_seconds(was.carriages[carriage], stance.carriages[carriage])
        else:
            seconds = next(t for turned, t in self._turns(before[2], s) if turned == after[2])
        return Step(
            kind=kind,
            s_m=s,
            carriage=carriage,
            rotor_rad=stance.rotor_rad,
            stance=stance,
            expects=tuple(e.value for e in EXPECTS[kind]),
            reversible=s - self.places[0] <= self.context.retreat_m,
            duration_s=seconds,
            clearance_m=self._clearance(from_m if kind is StepKind.ADVANCE else s, s, was, stance),
        )

    def _stance(self, node: _Node) -> Stance:
        return Stance(self.triples[node[1]], *self.rotors[node[2]])

    @staticmethod
    def _kind(before: Stance, after: Stance) -> tuple[StepKind, int | None]:
        for i in range(3):
            if before.carriages[i] is not after.carriages[i]:
                to = after.carriages[i]
                if to is CarriageState.OPEN and before.carriages[i] is CarriageState.LIFTED:
                    return StepKind.LOWER, i
                return CARRIAGE_KINDS[to], i
        if before.guide_out != after.guide_out:
            return (StepKind.GUIDE_OUT if after.guide_out else StepKind.GUIDE_RETRACT), None
        return (StepKind.RELEASE_ROTOR if after.rotor_rad is None else StepKind.PARK_ROTOR), None

    def _clearance(self, from_m: float, to_m: float, before: Stance, after: Stance) -> float:
        """Smallest distance of all parts in these stances from all shapes on the way."""
        free = [self.body]
        for stance in {before, after}:
            free.append(self.rotor[self._rotor_index(stance)])
            free += [self.carriage[i][STATES.index(c)] for i, c in enumerate(stance.carriages)]
        return min((m.distance_m(from_m, to_m) for f in free for m in f.meetings), default=math.inf)

    def _unwrapped(self, steps: Sequence[Step]) -> tuple[tuple[float, float], ...]:
        guide = sum(self.profile.guide.s_m) / 2
        found, begin = [], self.places[0] if self.context.start.rotor_rad is not None else None
        for step in steps:
            if step.rotor_rad is not None and begin is None:
                begin = step.s_m
            elif step.rotor_rad is None and begin is not None:
                found.append((begin + guide, step.s_m + guide))
                begin = None
        return tuple(found)

    def _blocked(self) -> Blocked:
        """Why nothing leads on: a part without any free state, or else the rules that forbid the free ones."""
        for first, last in zip(self.places, self.places[1:], strict=False):
            s = (first + last) / 2
            for name, options in self._components():
                if not any(f.at(s) for f in options):
                    meeting = self._least(options, s)
                    states = "" if len(options) == 1 else f", whatever the {name} does"
                    place = f" (middle carriage at {{{first:.6f}}})"
                    return Blocked(
                        self.features, first, "overlap", meeting.part.name, meeting.text() + states + place
                    )
        return self._blocked_by_rule()

    def _components(self) -> list[tuple[str, list[_Free]]]:
        named = [(f"{name} carriage", self.carriage[i]) for i, name in enumerate(CARRIAGES)]
        return [("body", [self.body]), *named, ("rotor", self.rotor)]

    @staticmethod
    def _least(options: Sequence[_Free], s_m: float) -> _Meeting:
        """What stands in the way of the option that comes nearest to passing: the last one, lifted or parked."""
        return options[-1].blocker(s_m)

    def _blocked_by_rule(self) -> Blocked:
        """Every part has a state that passes, but no stance of them all does."""
        place = min(self.farthest, len(self.places) - 2)
        first, s = self.places[place], (self.places[place] + self.places[place + 1]) / 2
        needs, part = [], "carriages"
        for i, name in enumerate(CARRIAGES):
            allowed = [state for state, free in zip(STATES, self.carriage[i], strict=True) if free.at(s)]
            if CarriageState.CLAMPED not in allowed:
                meeting = self.carriage[i][0].blocker(s)
                needs.append(f"{name} must be {' or '.join(a.value for a in allowed)} ({meeting.text()})")
                part = meeting.part.name
        rules = {fault[0]: fault[1] for fault in self.faults.values() if fault is not None}
        rule, text = next(iter(rules.items()), ("support", "support rule"))
        reason = f"{text}: with the middle carriage at {{{first:.6f}}} " + ("; ".join(needs) or "no change of stance is free")
        return Blocked(self.features, first, rule, part, reason)


def _path(came: dict[_Node, _Node], goal: _Node) -> list[_Node]:
    path = [goal]
    while path[-1] in came:
        path.append(came[path[-1]])
    return path[::-1]
