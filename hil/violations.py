"""Broken promises, one entry per episode with its worst value."""

from __future__ import annotations

from dataclasses import dataclass

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
