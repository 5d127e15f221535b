"""What the survey does not know: the camera finds it, and nothing unknown is driven into."""

from __future__ import annotations

from pathlib import Path

import pytest

from missions.job import read_job
from missions.run import simulate
from tests.missions.line_files import TWENTY_METRES

SURPRISE = """
format = "silkline.scenario/1"
line = "line.toml"
[[surprise]]
kind = "{kind}"
span = 1
at_m = 10.0
"""


@pytest.mark.parametrize(("kind", "seed"), [("unknown", 1), ("unknown", 3), ("branch", 1)])
def test_what_cannot_be_crossed_ends_in_hold_before_it(tmp_path: Path, kind: str, seed: int) -> None:
    (tmp_path / "line.toml").write_text(TWENTY_METRES, encoding="utf-8")
    (tmp_path / "scenario.toml").write_text(SURPRISE.format(kind=kind), encoding="utf-8")
    summary = simulate(read_job(str(tmp_path / "scenario.toml"), seed=seed))
    assert summary.outcome == "stopped"
    assert summary.reason.startswith("feature_blocked")
    assert summary.violations == []
    assert 3.7 < summary.travelled_m + 3.7 < 10.0
