"""The catalogue of crossings, carried out in the simulated world: from both ends, on level and on sloping ground."""

from __future__ import annotations

import pytest

from robot.messages import Mode
from tests.campaign.catalogue import CASES, SLOPES_DEG, scenario, survey
from tests.campaign.play import job_of, run

SAMPLE = {("deterrent beside", 15.0, True), ("pin and indicator 0.5 m", 0.0, False)}
ALL = [
    (name, slope_deg, mirrored) for name in CASES for slope_deg in SLOPES_DEG for mirrored in (False, True)
]
ROWS = [pytest.param(*row, marks=[] if row in SAMPLE else pytest.mark.acceptance) for row in ALL]


@pytest.mark.parametrize(("name", "slope_deg", "mirrored"), ROWS)
def test_it_is_crossed_or_refused_with_the_right_reason(name: str, slope_deg: float, mirrored: bool) -> None:
    case = CASES[name]
    reason, mode, summary = run(job_of(survey(case, slope_deg, mirrored), scenario()))
    assert summary.violations == []
    refused = (case.refused_mirrored if mirrored else "") or case.refused
    if refused:
        assert mode is Mode.HOLD
        assert reason.startswith("feature_blocked")
        assert refused in reason
        assert all(crossing.outcome == "refused" for crossing in summary.crossings)
    else:
        assert summary.outcome == "completed", reason
        assert [crossing.outcome for crossing in summary.crossings] == ["done"] * len(summary.crossings)
