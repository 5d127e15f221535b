"""What the crew sees to before the robot may be armed: ticked and measured, with name and time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from missions.console.access import write_private
from missions.console.session import Refused

# Items in the order in which a crew goes through them; their texts are in texts.toml.
ITEMS = (
    "line_dead",
    "area_closed",
    "pendant",
    "sound",
    "rope",
    "carriages",
    "coil",
    "cable_end",
    "battery",
    "briefing",
)
# Measured figures: least, most, and whether arming waits for them.
FIGURES: dict[str, tuple[float, float, bool]] = {
    "mass_kg": (5.0, 60.0, True),
    "coil_m": (0.0, 1000.0, True),
    "wind_mps": (0.0, 40.0, True),
    "gust_mps": (0.0, 60.0, False),
    "temperature_c": (-40.0, 60.0, True),
    "humidity_pct": (0.0, 100.0, True),
    "wet": (0.0, 1.0, False),
}


class Checklist:
    """Of one job; kept in a file, so that it outlives this process.

    Args:
        path: the file.
        mass_max_kg: what the robot may weigh with its cable.
    """

    def __init__(self, path: Path, mass_max_kg: float) -> None:
        self._path = path
        self._most = {"mass_kg": mass_max_kg}
        self._job, self._done, self._entered = _read(path)
        self.changes = 0

    def of_job(self, job: str) -> None:
        """Another job begins with an empty list."""
        if job != self._job:
            self._job, self._done, self._entered = job, {}, {}
            self.changes += 1

    def tick(self, item: str, done: bool, by: str, at: str) -> None:
        """Raises Refused: there is no such item."""
        if item not in ITEMS:
            raise Refused("no_item", item)
        if done:
            self._done[item] = {"by": by, "at": at}
        else:
            self._done.pop(item, None)
        self._write()

    def enter(self, values: dict[str, float], by: str, at: str) -> None:
        """Raises Refused: a value cannot be; none of them is taken then."""
        for name, value in values.items():
            low, high, _ = FIGURES[name]
            if not low <= value <= high:
                raise Refused("bad_value", f"{name}: {low:g} to {high:g}")
        self._entered |= {name: {"value": value, "by": by, "at": at} for name, value in values.items()}
        self._write()

    @property
    def weather(self) -> dict[str, Any]:
        """What was entered of it, as a scenario's `[weather]` table."""
        names = "wind_mps", "gust_mps", "temperature_c", "humidity_pct"
        values: dict[str, Any] = {n: self._entered[n]["value"] for n in names if n in self._entered}
        if "gust_mps" in values:
            values["gust_mps"] = max(values["gust_mps"], values.get("wind_mps", 0.0))
        if "wet" in self._entered:
            values["wet"] = self._entered["wet"]["value"] != 0.0
        return values

    @property
    def open(self) -> list[str]:
        """What is still to be seen to."""
        items = [item for item in ITEMS if item not in self._done]
        return items + [name for name, (_, _, needed) in FIGURES.items() if needed and not self._fits(name)]

    def page(self) -> dict[str, Any]:
        none = {"by": None, "at": None}
        return {
            "crew": [{"id": i, "done": i in self._done, **self._done.get(i, none)} for i in ITEMS],
            "entered": {
                name: {
                    **self._entered.get(name, {"value": None, **none}),
                    "low": low,
                    "high": self._most.get(name, high),
                    "needed": needed,
                    "ok": self._fits(name),
                }
                for name, (low, high, needed) in FIGURES.items()
            },
            "open": self.open,
        }

    def _fits(self, name: str) -> bool:
        entered = self._entered.get(name)
        return entered is not None and bool(entered["value"] <= self._most.get(name, FIGURES[name][1]))

    def _write(self) -> None:
        self.changes += 1
        data = {"job": self._job, "done": self._done, "entered": self._entered}
        write_private(self._path, json.dumps(data, ensure_ascii=False))


def _read(path: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A file that is not as it should be is an empty list: the crew goes through it again."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return str(data["job"]), dict(data["done"]), dict(data["entered"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", {}, {}
