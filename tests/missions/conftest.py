"""A short stretch of a real job, run once for all tests that look at it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from missions.job import Job, read_job
from missions.run import simulate
from missions.summary import Summary
from robot.messages import CommandFrame, Mode, SensorFrame


class Run(NamedTuple):
    job: Job
    out: Path
    summary: Summary
    modes: list[Mode]

    @property
    def log(self) -> Path:
        return self.out / "mission.mcap"


def run_until(job: Job, out: Path, until_s: float) -> Run:
    """Run `job` and break it off at robot time `until_s`."""
    interrupted = threading.Event()
    modes: list[Mode] = []

    def watch(frame: SensorFrame, command: CommandFrame) -> None:
        if not modes or modes[-1] is not command.mode:
            modes.append(command.mode)
        if frame.t_ns >= until_s * 1e9:
            interrupted.set()

    return Run(job, out, simulate(job, out, watch=watch, interrupted=interrupted), modes)


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The first 14 s of the short line's job: mounted, lay begun, broken off while wrapping."""
    return run_until(read_job("short-60m"), tmp_path_factory.mktemp("short"), 14.0)
