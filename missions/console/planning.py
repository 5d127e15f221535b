"""Plan, crossings and report, made by the commands of the same names in processes of their own: the server's time
belongs to the crew."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from missions.console.setup import Setup

PENDING = {"pending": True}
_CARRIAGES = ("front", "middle", "rear")
_GRIP_M = {"clamped": "clamped_m", "open": "open_m", "lifted": "lifted_m"}


class Planning:
    """What is known of the job before it begins.

    Args:
        places_m: of grips and guide, by name, for what leads to a stance by hand.
        changed: called when there is something new.
    """

    def __init__(self, setup: Setup, places_m: dict[str, float], changed: Callable[[], None]) -> None:
        self._setup, self._places_m, self._changed = setup, places_m, changed
        self._task: asyncio.Task[None] | None = None
        self._asked: dict[str, Any] | None = None
        self.plan: dict[str, Any] = dict(PENDING)
        self.crossings: dict[str, Any] = dict(PENDING)

    def make(self, weather: dict[str, Any]) -> None:
        """Plan anew for this weather, if it was not done for it already; {} = the scenario's."""
        if weather == self._asked:
            return
        self._asked, self.plan = dict(weather), dict(PENDING)
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._make(dict(weather)))

    @property
    def fit(self) -> bool:
        return bool(self.plan.get("fit"))

    async def _make(self, weather: dict[str, Any]) -> None:
        options = []
        if weather:
            path = Path(self._setup.folder) / "weather.toml"
            path.write_text(
                "\n".join(["[weather]", *(f"{k} = {json.dumps(v)}" for k, v in weather.items()), ""])
            )
            options = ["--weather", str(path)]
        self.plan = await self._command("plan", options)
        self._changed()
        if "pending" in self.crossings:
            crossings = await self._command("crossing", [])
            for crossing in crossings.get("crossings", ()):
                by_hand(crossing, self._places_m)
            self.crossings = crossings
            self._changed()

    async def _command(self, name: str, options: list[str]) -> dict[str, Any]:
        setup = self._setup
        arguments = [name, setup.line, "--json", *options]
        if setup.section is not None:
            arguments += ["--section", str(setup.section)]
        for option, value in (("--robot", setup.robot), ("--parameters", setup.parameters)):
            arguments += [option, value] if value else []
        arguments += [
            part for name, value in setup.settings.items() for part in ("--set", f"{name}={value!r}")
        ]
        out, error = await silkline(arguments)
        try:
            answer: dict[str, Any] = json.loads(out)
        except ValueError:
            return {"error": error.strip()}
        return answer


async def silkline(arguments: list[str]) -> tuple[str, str]:
    """What a command of ours says on stdout and stderr; the robot's and the crew's processes come first."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "missions.cli",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_politely,
    )
    try:
        out, error = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    return out.decode(errors="replace"), error.decode(errors="replace")


def _politely() -> None:
    os.nice(5)


def by_hand(crossing: dict[str, Any], places_m: dict[str, float]) -> None:
    """Add to every step the jogs that lead to its stance from the one before."""
    before: dict[str, Any] = {**dict.fromkeys(_CARRIAGES, "clamped"), "rotor_deg": None, "guide": "out"}
    before["s_m"] = crossing["from_m"]
    for step in crossing["steps"]:
        jogs: list[dict[str, Any]] = [
            {"axis": f"grip_{name}", "to": places_m[step[name]]}
            for name in _CARRIAGES
            if step[name] != before[name]
        ]
        if step["guide"] != before["guide"]:
            jogs.append({"axis": "guide", "to": places_m[step["guide"]]})
        if step["rotor_deg"] not in (None, before["rotor_deg"]):
            jogs.append({"axis": "rotor", "to": step["rotor_deg"], "unit": "deg"})
        if abs(step["s_m"] - before["s_m"]) > 1e-6:
            jogs.append({"axis": "travel", "to": step["s_m"]})
        step["jogs"] = jogs
        before = step


def places(profile: Any) -> dict[str, float]:
    """Where grips and guide stand, by the name of the place."""
    carriages, guide = profile.carriages, profile.guide
    grips = {state: getattr(carriages, field) for state, field in _GRIP_M.items()}
    return {**grips, "out": guide.out_m, "retracted": guide.retracted_m}
