"""Two things so near to each other that one crossing takes both: the cable is wrapped between them."""

from __future__ import annotations

from pathlib import Path

from missions.job import Job, read_job
from missions.plan import plan
from missions.run import simulate
from robot.crossing.stance import CrossingPlan
from tests.missions.line_files import TWENTY_METRES

INDICATORS = """
feature = [{ kind = "fault-indicator", span = 1, at_m = 8.0 }, { kind = "fault-indicator", span = 1, at_m = 9.6 }]
"""


def job(folder: Path) -> Job:
    (folder / "line.toml").write_text(TWENTY_METRES + INDICATORS, encoding="utf-8")
    return read_job(str(folder / "line.toml"))


def test_the_rotor_turns_between_two_features_of_one_crossing(tmp_path: Path) -> None:
    two = job(tmp_path)
    (crossing,) = plan(two).crossings
    assert isinstance(crossing.answer, CrossingPlan)
    assert len(crossing.answer.unwrapped) == 2
    summary = simulate(two)
    assert summary.outcome == "completed"
    assert summary.violations == []
    assert summary.unwrapped_m < 1.0
