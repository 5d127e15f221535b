"""Where the time of a crossing goes: per kind of step what was planned and what was taken."""

from __future__ import annotations

from robot.crossing.stance import Step, StepKind


class StepTimes:
    """Sums over one crossing."""

    def __init__(self) -> None:
        self._taken_s: dict[StepKind, float] = {}
        self._planned_s: dict[StepKind, float] = {}

    def spend(self, kind: StepKind, dt_s: float) -> None:
        """Time that went by in a step of this kind, whatever had to be done for it."""
        self._taken_s[kind] = self._taken_s.get(kind, 0.0) + dt_s

    def done(self, step: Step) -> None:
        self._planned_s[step.kind] = self._planned_s.get(step.kind, 0.0) + step.duration_s

    @property
    def text(self) -> str:
        """In one line, the longest first."""
        kinds = sorted(self._taken_s, key=lambda kind: -self._taken_s[kind])
        parts = [f"{k.value} {self._taken_s[k]:.1f} ({self._planned_s.get(k, 0.0):.1f})" for k in kinds]
        taken_s, planned_s = sum(self._taken_s.values()), sum(self._planned_s.values())
        return f"{taken_s:.1f} s (planned {planned_s:.1f}): {', '.join(parts)}"
