"""The crossings of a job as they really went: which true features, how long, how near, how they ended."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from robot.line.features import Feature
from robot.messages import Estimate, Mode

REFUSALS = frozenset({"feature_blocked", "feature_not_seen"})  # events that lead to a HOLD before a feature
SAME_PLACE_M = 0.1
FORWARD = frozenset({Mode.WRAP, Mode.TRAVEL})


@dataclass(slots=True)
class Passage:
    """One crossing; `target` is the true feature nearest to where the robot believed its first one."""

    target: Feature
    begin_s: float
    end_s: float
    from_m: float
    to_m: float
    outcome: str  # done, held, refused
    retries: int = 0
    clearance_m: float = math.inf
    features: list[Feature] = field(default_factory=list)


class Passages:
    """Follows the modes of the robot and the true features.

    Args:
        features: the true ones.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.entries: list[Passage] = []
        self.approach_errors_m: list[float] = []
        self._features = sorted(features, key=lambda f: f.at_m)
        self._at_m = [f.at_m for f in self._features]
        self._mode: Mode | None = None

    def nearest(self, s_m: float) -> Feature | None:
        """The true feature nearest to this chainage."""
        i = bisect_left(self._at_m, s_m)
        return min(self._features[max(i - 1, 0) : i + 1], key=lambda f: abs(f.at_m - s_m), default=None)

    def under(self, from_m: float, to_m: float) -> list[Feature]:
        """The true features of a stretch, one for each place: a deterrent is part of its pole."""
        found: list[Feature] = []
        for feature in self._features[bisect_left(self._at_m, from_m) : bisect_left(self._at_m, to_m)]:
            if not found or feature.at_m - found[-1].at_m > SAME_PLACE_M:
                found.append(feature)
        return found

    def passed(self, s_m: float) -> int:
        """How many true features lie behind this chainage."""
        return bisect_left(self._at_m, s_m)

    def observe(
        self, t_s: float, s_m: float, mode: Mode, reason: str, estimate: Estimate, clearance_m: float
    ) -> None:
        """One tick: the robot is truly at s, in this mode for this reason."""
        before, self._mode = self._mode, mode
        if mode is Mode.CROSSING:
            if before is not Mode.CROSSING:
                self._begin(t_s, s_m, estimate)
            if self.entries:
                current = self.entries[-1]
                current.end_s, current.to_m = t_s, max(current.to_m, s_m)
                current.clearance_m = min(current.clearance_m, clearance_m)
        elif before is Mode.CROSSING and self.entries:
            self._end(mode, t_s)
        elif mode is Mode.HOLD and before in FORWARD and reason in REFUSALS:
            self._refuse(t_s, s_m, estimate)

    def _target(self, s_m: float, estimate: Estimate) -> Feature | None:
        distance_m = estimate.distance_to_feature_m
        if math.isnan(distance_m) and estimate.features:
            distance_m = estimate.features[0].at_m - estimate.chainage_m
        return self.nearest(s_m + (0.0 if math.isnan(distance_m) else distance_m))

    def _unfinished(self, s_m: float) -> Passage | None:
        """The last crossing, when it was broken off and the robot is still at it."""
        last = self.entries[-1] if self.entries else None
        if last is None or last.outcome == "done" or s_m < last.from_m - 1.0:
            return None
        return last

    def _begin(self, t_s: float, s_m: float, estimate: Estimate) -> None:
        last, target = self._unfinished(s_m), self._target(s_m, estimate)
        if last is not None and (last.outcome == "held" or last.target is target):
            last.retries += 1
            if last.outcome == "held":
                return
            last.begin_s, last.from_m, last.outcome = t_s, s_m, "held"
        elif target is not None:
            self.entries.append(Passage(target, t_s, t_s, s_m, s_m, "held"))
        if target is not None:
            believed_m = estimate.distance_to_feature_m
            error_m = (0.0 if math.isnan(believed_m) else believed_m) - (target.at_m - s_m)
            self.approach_errors_m.append(abs(error_m))

    def _end(self, mode: Mode, t_s: float) -> None:
        last = self.entries[-1]
        last.end_s = t_s
        if mode in FORWARD:
            last.outcome = "done"

    def _refuse(self, t_s: float, s_m: float, estimate: Estimate) -> None:
        target = self._target(s_m, estimate)
        last = self._unfinished(s_m)
        if target is not None and (last is None or last.target is not target):
            self.entries.append(Passage(target, t_s, t_s, s_m, s_m, "refused"))

    def closed(self) -> list[Passage]:
        """All crossings with the features that each passed."""
        for entry in self.entries:
            inside = [f for f in self._features if entry.from_m < f.at_m < entry.to_m]
            entry.features = inside or [entry.target]
        return self.entries
