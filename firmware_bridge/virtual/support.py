"""The support rule, judged again on the board's side of the wire (design, section 5; promise S11).

At least two carriages on the conductor, at least one of them clamped and measured loaded; one changes at a
time; the rear may be lifted only while the front is clamped. Closing is always allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from robot.profile import Carriages

LOADED_N = 15.0  # wheel load that counts; below the host's own threshold, so that its gate speaks first
_TOLERANCE_M = 0.003
_MISSES_M = 0.001  # a grip asked to a place that it misses by no more than this stands there already
_SAME_M = 1e-6  # places come over the wire in single precision
_FRONT, _MIDDLE, _REAR = range(3)


@dataclass(frozen=True, slots=True)
class SupportRule:
    """Grip positions in m, loads in N, both per carriage (front, middle, rear)."""

    clamped_m: float
    open_m: float
    lifted_m: float

    @classmethod
    def of(cls, carriages: Carriages) -> SupportRule:
        return cls(carriages.clamped_m, carriages.open_m, carriages.lifted_m)

    def is_release(self, target_m: float, grip_m: float) -> bool:
        """Whether a grip is asked away from the conductor. Only a place is meant within a tolerance: one for every
        target could be walked along, a little further with every setpoint."""
        places = (self.clamped_m, self.open_m, self.lifted_m)
        is_place = any(abs(target_m - place_m) < _SAME_M for place_m in places)
        return not target_m <= grip_m + (_MISSES_M if is_place else 0.0)

    def may_release(
        self, carriage: int, target_m: float, grip_m: Sequence[float], load_n: Sequence[float]
    ) -> bool:
        """Whether this carriage may move away from the conductor towards `target_m`."""
        others = [c for c in (_FRONT, _MIDDLE, _REAR) if c != carriage]
        if not all(self._at_rest(grip_m[c]) for c in others):
            return False
        if not any(self._clamped(grip_m[c]) and load_n[c] >= LOADED_N for c in others):
            return False
        lifts = target_m > self.open_m + _TOLERANCE_M
        on_conductor = [c for c in others if self._on_conductor(grip_m[c])]
        if len(on_conductor) + (not lifts) < 2:
            return False
        if carriage == _REAR and lifts and not self._clamped(grip_m[_FRONT]):
            return False
        return not (carriage == _FRONT and not self._on_conductor(grip_m[_REAR]))

    def _clamped(self, grip_m: float) -> bool:
        return grip_m <= self.clamped_m + _TOLERANCE_M

    def _on_conductor(self, grip_m: float) -> bool:
        return grip_m <= self.open_m + _TOLERANCE_M

    def _at_rest(self, grip_m: float) -> bool:
        """At one of its three places; between them a carriage is changing."""
        places = (self.open_m, self.lifted_m)
        return self._clamped(grip_m) or any(abs(grip_m - place_m) <= _TOLERANCE_M for place_m in places)
