"""The search of a crossing: A* over (chainage, three carriages, rotor with guide), cost = time plus risks.

Each configuration of a component forbids intervals of chainage. Between the ends of all these intervals
nothing changes, so it is enough to change stance there. Chainage only grows.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from itertools import product

from robot.crossing import envelope
from robot.crossing.bend import ENDS, ends_of
from robot.crossing.scene import Free, Rotor, Scene
from robot.crossing.stance import HOME, Carriages, Context, Stance, stance_fault, supports
from robot.line.features import Feature
from robot.messages import CarriageState
from robot.profile import Profile

TURN_DEG = 90.0  # a parked angle is on average this far away, going the shorter way round
STATES = (CarriageState.CLAMPED, CarriageState.OPEN, CarriageState.LIFTED)
TRIPLES: tuple[Carriages, ...] = tuple(product(STATES, STATES, STATES))
GEARED: Rotor = (None, True)

Node = tuple[int, int, int]  # index of the chainage, of the triple of carriage states, of the rotor
Fault = tuple[str, str]  # rule, text


class Search:
    """What is allowed where for one group of features, and the cheapest way through."""

    def __init__(
        self, profile: Profile, features: tuple[Feature, ...], conductor_diameter_m: float, context: Context
    ) -> None:
        self.profile, self.features, self.context = profile, features, context
        self.speed_mps = profile.times.crossing_speed_mps
        self.scene = Scene(profile, features, conductor_diameter_m, context)
        self.bodies = [self.scene.body(ends) for ends in ENDS]
        self.carriage = [[self.scene.carriage(i, s) for s in STATES] for i in range(3)]
        self.swing = [self.scene.swing(i) for i in range(3)]
        self.rotors, self.rotor = self._rotors()
        self.faults = {t: either_way_fault(profile, t, context) for t in TRIPLES if supports(t)}
        self.triples = [t for t, fault in self.faults.items() if fault is None]
        self.places = self._places()
        self.farthest = 0  # index of the place that the search came to
        self._changes = self._all_changes()
        self._risks = [self._risk(t) for t in self.triples]
        self._swept: dict[tuple[float, float, bool], Free] = {}

    def stance(self, node: Node) -> Stance:
        return Stance(self.triples[node[1]], *self.rotors[node[2]])

    def rotor_index(self, stance: Stance) -> int:
        return self.rotors.index((stance.rotor_rad, stance.guide_out))

    # ---------------------------------------------------------------- space

    def _rotors(self) -> tuple[list[Rotor], list[Free]]:
        """Geared, and the parked angles."""
        start_rad = self.context.start.rotor_rad
        geared = self.scene.rotor(GEARED)
        if not geared.lows and start_rad is None:
            return [GEARED], [geared]
        angles = self.scene.parking_angles()
        if start_rad is not None and start_rad not in angles:
            angles.append(start_rad)
        parked = [(angle, out) for angle in angles for out in (True, False)]
        return [GEARED, *parked], [geared, *(self.scene.rotor(rotor) for rotor in parked)]

    def _places(self) -> list[float]:
        """Chainages where something changes, from the start to where all is clear; none = nothing to do."""
        home = [*(self.carriage[i][0] for i in range(3)), self.rotor[0], self.bodies[0]]
        ends = sorted({e for f in home for e in f.ends()})
        if not ends and self.context.start == HOME:
            return []
        begin = self.context.start_m if self.context.start_m is not None else ends[0] if ends else 0.0
        end = max(ends[-1], begin) if ends else begin
        others = [f for states in self.carriage for f in states[1:]]
        others += self.swing + self.rotor[1:] + self.bodies[1:]
        inner = {e for f in others for e in f.ends()}
        return [begin, *sorted(e for e in inner.union(ends) if begin + 1e-6 < e <= end)]

    @property
    def begin_m(self) -> float:
        """How far the middle carriage may come as the robot stands at the start."""
        if self.places:
            return self.places[0]
        carriages = self.profile.carriages
        first = min(f.at_m + envelope.stretch(f.shapes)[0] for f in self.features)
        return first - carriages.s_m[0] - carriages.half_length_m

    def forbids_anything(self, feature: Feature) -> bool:
        """Whether a feature is in the way of any part in any of its states."""
        states = [f for frees in self.carriage for f in frees]
        free = [*self.bodies, *states, *self.swing, *self.rotor]
        return any(m.forbids and m.feature is feature for f in free for m in f.meetings)

    # ---------------------------------------------------------------- A*

    def shortest(self) -> list[Node] | None:
        """Nodes from the start to all clamped, geared and clear; None = there is no way."""
        places, speed = self.places, self.speed_mps
        start = (0, self.triples.index(self.context.start.carriages), self.rotor_index(self.context.start))
        goal = (len(places) - 1, self.triples.index(HOME.carriages), 0)
        best: dict[Node, float] = {start: 0.0}
        came: dict[Node, Node] = {}
        queue = [((places[-1] - places[0]) / speed, 0.0, start)]
        done: set[Node] = set()
        while queue:
            _, cost, node = heapq.heappop(queue)
            if node in done:
                continue
            if node == goal:
                return _path(came, goal)
            done.add(node)
            self.farthest = max(self.farthest, node[0])
            for after, extra in self._moves(node):
                total = cost + extra
                if total < best.get(after, math.inf) - 1e-12:
                    best[after], came[after] = total, node
                    heapq.heappush(queue, (total + (places[-1] - places[after[0]]) / speed, total, after))
        return None

    def _moves(self, node: Node) -> Iterator[tuple[Node, float]]:
        place, triple, rotor = node
        s = self.places[place]
        if place + 1 < len(self.places) and self._free_ahead(place, triple, rotor):
            parked = self.context.risk.unwrapped_s_per_m if self.rotors[rotor] != GEARED else 0.0
            per_m = 1.0 / self.speed_mps + self._risks[triple] + parked
            yield (place + 1, triple, rotor), (self.places[place + 1] - s) * per_m
        for after, carriage, seconds in self._changes[triple]:
            if self._may_change(carriage, self.triples[triple], self.triples[after], s):
                yield (place, after, rotor), seconds
        for turned, seconds in self.turns(rotor, s):
            yield (place, triple, turned), seconds

    def _free_ahead(self, place: int, triple: int, rotor: int) -> bool:
        """Whether this stance may drive from a place to the next; nothing changes in between."""
        middle = (self.places[place] + self.places[place + 1]) / 2
        states = self.triples[triple]
        return (
            self.bodies[ends_of(states)].at(middle)
            and self.rotor[rotor].at(middle)
            and all(self.carriage[i][STATES.index(states[i])].at(middle) for i in range(3))
        )

    # ---------------------------------------------------------------- changes of stance

    def _all_changes(self) -> list[list[tuple[int, int, float]]]:
        """Per triple the (triple after, carriage, seconds): one carriage at a time."""
        changes = []
        for before in self.triples:
            found = []
            for index, after in enumerate(self.triples):
                moved = [i for i in range(3) if before[i] is not after[i]]
                if len(moved) == 1:
                    found.append((index, moved[0], self.change_s(before[moved[0]], after[moved[0]])))
            changes.append(found)
        return changes

    def change_s(self, before: CarriageState, after: CarriageState) -> float:
        times = self.profile.times
        lifts = CarriageState.LIFTED in (before, after)
        return (times.lift_s if lifts else times.clamp_s) + times.confirm_s

    def _may_change(self, carriage: int, before: Carriages, after: Carriages, s_m: float) -> bool:
        """Whether a carriage has the room to change state here; to or from clamped its arms swing."""
        states = self.carriage[carriage]
        if not (states[STATES.index(after[carriage])].at(s_m) and self.bodies[ends_of(after)].at(s_m)):
            return False
        swings = CarriageState.CLAMPED in (before[carriage], after[carriage])
        return not swings or (states[1].at(s_m) and self.swing[carriage].at(s_m))

    def turns(self, rotor: int, s_m: float) -> Iterator[tuple[int, float]]:
        """Moves of rotor and guide at a chainage: (rotor after, seconds). The guide moves only while the
        rotor is parked, and is out before it is geared."""
        times = self.profile.times
        angle, out = self.rotors[rotor]
        for after, (other, other_out) in enumerate(self.rotors):
            if after == rotor or not self.rotor[after].at(s_m):
                continue
            if angle is not None and other == angle:
                yield after, times.guide_s + times.confirm_s
            elif out != other_out:
                continue
            elif angle is None:
                yield after, TURN_DEG / self.profile.rotor.park_speed_dps + times.confirm_s
            elif other is None:
                yield after, times.confirm_s
            elif (turn := self._turn(angle, other, out, s_m)) is not None:
                yield after, math.degrees(turn[0]) / self.profile.rotor.park_speed_dps + times.confirm_s

    def _turn(self, angle: float, other: float, out: bool, s_m: float) -> tuple[float, Free] | None:
        """The shorter free way from one parked angle to another: rad, what it sweeps. None = neither is."""
        forward = (other - angle) % (2 * math.pi)
        for way in sorted((forward, forward - 2 * math.pi), key=abs):
            key = angle, way, out
            if key not in self._swept:
                self._swept[key] = self.scene.turn(*key)
            if self._swept[key].at(s_m):
                return abs(way), self._swept[key]
        return None

    def swept(self, before: Stance, after: Stance, s_m: float) -> list[Free]:
        """What the rotor sweeps between two parked angles; nothing in other steps."""
        angle, other = before.rotor_rad, after.rotor_rad
        if angle is None or other is None or angle == other:
            return []
        turn = self._turn(angle, other, after.guide_out, s_m)
        return [] if turn is None else [turn[1]]

    def _risk(self, carriages: Carriages) -> float:
        """Seconds per metre that driving like this is worth avoiding."""
        risk = self.context.risk
        clamped, is_open, lifted = (carriages.count(s) for s in STATES)
        return (
            risk.open_s_per_m * is_open
            + risk.lifted_s_per_m * lifted
            + risk.rear_hanging_s_per_m * (carriages[2] is CarriageState.LIFTED)
            + risk.lone_clamp_s_per_m * (clamped == 1)
        )


def either_way_fault(profile: Profile, carriages: Carriages, context: Context) -> Fault | None:
    """Why the robot may not stand like this, uphill or downhill: at a pole both come one after the other."""
    for slope in {context.slope_rad, -context.slope_rad}:
        fault = stance_fault(profile, carriages, context, slope)
        if fault is not None:
            return fault
    return None


def _path(came: dict[Node, Node], goal: Node) -> list[Node]:
    path = [goal]
    while path[-1] in came:
        path.append(came[path[-1]])
    return path[::-1]
