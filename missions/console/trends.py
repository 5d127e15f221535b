"""The last minutes of what a crew wants to see as a curve."""

from __future__ import annotations

from collections import deque
from typing import Any

EVERY_MS = 500
KEPT_S = 1800
SERIES = ("tension_n", "speed_mps", "chainage_m", "roll_deg", "slope_deg", "battery_v", "rotor_rpm", "coil_m")


class Trends:
    """A ring of samples."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, tuple[float | None, ...]]] = deque(maxlen=KEPT_S * 1000 // EVERY_MS)
        self._due_ms = 0

    def add(self, values: dict[str, Any], t_s: float, now_ms: int) -> None:
        """Take a sample when it is time; `t_s` is robot time."""
        if now_ms < self._due_ms:
            return
        self._due_ms = now_ms + EVERY_MS
        if self._rows and t_s < self._rows[-1][0]:
            self._rows.clear()  # the robot's software began anew
        self._rows.append((t_s, tuple(values[name] for name in SERIES)))

    def page(self, seconds: float) -> dict[str, Any]:
        count = min(max(round(seconds * 1000 / EVERY_MS), 1), len(self._rows))
        rows = list(self._rows)[len(self._rows) - count :]
        return {
            "every_s": EVERY_MS / 1000,
            "t_s": [t_s for t_s, _ in rows],
            "series": {name: [values[i] for _, values in rows] for i, name in enumerate(SERIES)},
        }
