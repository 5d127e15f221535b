"""What the server keeps beside the robot's state: alarms, checklist, parameters, plan, curves."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from missions.console.alarms import Alarms
from missions.console.checklist import Checklist
from missions.console.logs import Logs
from missions.console.planning import Planning, places
from missions.console.settings import Settings
from missions.console.setup import LOGS, Setup
from missions.console.snapshot import Snapshot
from missions.console.trends import Trends
from missions.file_errors import InputError
from missions.job import Job
from robot.parameters import ParameterError


class Records:
    """Of one console.

    Args:
        job: as its files describe it now.
    """

    def __init__(self, setup: Setup, job: Job) -> None:
        home = Path(setup.home)
        self._setup = setup
        self.alarms = Alarms()
        self.checklist = Checklist(home / "checks.json", job.profile.limits.mass_max_kg)
        self.settings = Settings(setup.parameter_file, job.parameters)
        self.trends = Trends()
        self.logs = Logs(home / LOGS)
        self.planning = Planning(setup, places(job.profile), self._planned)
        self.job = ""  # name of the log that is written
        self.plans = self.jobs = self.tokens = 0

    def update(self, snapshot: Snapshot, shown: dict[str, Any], now_ms: int) -> None:
        """Take in what the robot says."""
        if snapshot.log != self.job:
            self.job = snapshot.log
            self.jobs += 1
            self.checklist.of_job(snapshot.log)
            with contextlib.suppress(InputError, ParameterError):  # the robot's software has said so
                self.settings.in_force = self._setup.job().parameters
            self.settings.changes += 1
        self.alarms.update(snapshot, now_ms)
        self.trends.add(shown["values"], snapshot.t_ns / 1e9, now_ms)

    @property
    def open_checks(self) -> list[str]:
        """What the crew has still to see to before arming."""
        return self.checklist.open + ([] if self.planning.fit else ["plan"])

    @property
    def changed(self) -> dict[str, int]:
        """Counts of changes, by what a page fetches."""
        return {
            "checks": self.checklist.changes + self.plans,
            "alarms": self.alarms.changes,
            "parameters": self.settings.changes,
            "logs": self.jobs,
            "plan": self.plans,
            "tokens": self.tokens,
        }

    def _planned(self) -> None:
        self.plans += 1


def stamp() -> str:
    """The time of day, for people."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")
