"""A job on which nothing is wrong is not disturbed: no condition trips, and the gate drops nothing."""

from __future__ import annotations

import pytest

from missions.job import read_job
from missions.run import simulate
from robot.messages import CommandFrame, Mode, SensorFrame
from robot.modes.events import EVENTS, Severity
from robot.safety import failsafe

BOOTED_NS = 1_000_000_000  # until then the board has not spoken
LEAN = {"roll_high"}  # a gust may slow the robot down


@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["short-60m", "jiashan-350m"])
def test_a_good_job_is_not_disturbed(name: str) -> None:
    told: list[tuple[float, str]] = []
    dropped: list[str] = []
    clipped = ticks = 0

    def watch(frame: SensorFrame, command: CommandFrame) -> None:
        nonlocal clipped, ticks
        ticks += 1
        if command.mode is Mode.SAFE and frame.t_ns < BOOTED_NS:
            return
        told.extend((frame.t_ns / 1e9, event.id) for event in command.events if event.detail != "cleared")
        clipped += sum("clipped" in denied for denied in command.denied)
        dropped.extend(denied for denied in command.denied if "clipped" not in denied)

    summary = simulate(read_job(name, seed=1), watch=watch)
    assert summary.outcome == "completed"
    wrong = [(t_s, name) for t_s, name in told if name in failsafe.RULES and name not in LEAN]
    assert wrong == []
    assert max(EVENTS[event].severity for _, event in told) <= Severity.WARNING
    assert dropped == []
    assert clipped <= ticks / 1000
