"""The campaign's figures in one table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from tests.campaign.play import Played


def table(lines: Sequence[Played]) -> str:
    """Counts of all lines, crossing times by what was crossed, and every line that did not complete."""
    crossable = [line for line in lines if not line.why_not]
    rows = [
        ("lines", len(lines)),
        ("violations", sum(len(line.violations) for line in lines)),
        ("robots lost", sum(line.lost for line in lines)),
        ("count as crossable", len(crossable)),
        ("of those completed", sum(line.completed for line in crossable)),
        ("of those waited for the wind", sum(line.waited for line in crossable)),
        ("others completed", sum(line.completed for line in lines if line.why_not)),
        ("held", sum(line.held for line in lines)),
    ]
    text = [f"{name:30} {count:5}" for name, count in rows]
    text += [f"{kinds:50} {len(times):3} x {mean(times):6.1f} s" for kinds, times in _times_s(lines).items()]
    text += [f"{line.name}: {line.reason[:140]}" for line in lines if not line.completed]
    return "\n".join(text)


def _times_s(lines: Sequence[Played]) -> dict[str, list[float]]:
    """Durations of crossings that were carried out, by what was crossed."""
    times: dict[str, list[float]] = {}
    for line in lines:
        for crossing in line.summary.crossings:
            if crossing.outcome == "done":
                times.setdefault(", ".join(crossing.features), []).append(crossing.duration_s)
    return dict(sorted(times.items()))
