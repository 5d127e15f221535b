"""Broken promises, one entry per episode with its worst value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RULES: Mapping[str, str] = {
    "overlap": "a part and a feature are in the same place; value is minus the depth along the conductor, m",
    "contact": "a part and a feature touch according to the physics engine; value is minus the depth, m",
    "support": "the support rule; part says which half of it",
    "speed": "travel speed, m/s",
    "roll": "roll, degrees",
    "roll_crossing": "roll while crossing, degrees",
    "rotor_speed": "rotor speed, rpm",
    "mass": "all of the robot with its coil, kg",
    "pinch": "pinch force, N",
    "effort": "effort of a drive, N m or N",
    "rate": "speed of a drive, rad/s or m/s",
    "range": "place of an axis outside its travel, m",
    "standstill": "it moves in a mode that must stand, m/s",
    "tension": "cable tension above what the capstan holds, N",
    "tension_lost": "travelled with a loose or torn cable, m",
    "wheel_on_cable": "the rear wheel has rolled back onto laid cable; chainage of wheel and lay, m",
    "unwrapped": "unwrapped cable at one feature, m; part says whether truly or in the robot's record",
    "unrecorded": "unwrapped cable at one feature beyond what the robot recorded, m",
    "end_pole": "the robot has run into an end pole, m",
    "lost": "the robot is off the conductor; value is its roll, rad; also where too few carriages carry it",
}
APART_S = 1.0  # the same rule broken again after this time is a new entry


@dataclass(slots=True)
class Violation:
    """A promise broken from `t_s` on; `value` is the worst of the episode."""

    t_s: float
    rule: str
    part: str
    feature: str
    at_m: float
    value: float
    limit: float


class Violations:
    """Collects violations; what goes on without a break of `APART_S` is one entry."""

    def __init__(self) -> None:
        self.entries: list[Violation] = []
        self._open: dict[tuple[str, str, str], tuple[Violation, float]] = {}

    def report(
        self,
        t_s: float,
        rule: str,
        *,
        value: float,
        limit: float,
        at_m: float,
        part: str = "",
        feature: str = "",
    ) -> None:
        """A rule is broken in this instant."""
        key = (rule, part, feature)
        entry, seen_s = self._open.get(key, (None, 0.0))
        if entry is None or t_s - seen_s > APART_S:
            entry = Violation(t_s, rule, part, feature, at_m, value, limit)
            self.entries.append(entry)
        elif abs(value - limit) > abs(entry.value - limit):
            entry.value = value
        self._open[key] = (entry, t_s)
