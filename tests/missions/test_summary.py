"""`summary.json` has exactly the promised keys, in their order, and no number that JSON does not know."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from missions.summary import Summary, read, write

NOTHING: dict[str, Any] = {
    "format": "silkline.summary/1",
    "outcome": "completed",
    "reason": "job_done: the job is done.",
    "line": "三乡 10 kV",
    "section": None,
    "seed": 1,
    "length_m": 350.0,
    "travelled_m": 345.0,
    "wrapped_m": 340.0,
    "unwrapped_m": 5.0,
    "turns": 340,
    "cable_used_m": 348.0,
    "cable_ideal_m": 346.0,
    "pitch_error_pct": {"p50": 0.1, "p95": 1.0, "max": 4.0},
    "tension_n": {"setpoint": 10.0, "p05": 9.5, "p95": 10.5, "max": 12.0},
    "tension_in_band_pct": 99.0,
    "position_error_m": {"p95": 0.05, "max": 0.1},
    "approach_error_m": {"p95": None, "max": None},
    "chainage_error_m": {"p95": 0.2, "max": 0.3},
    "chainage_in_3sigma_pct": 100.0,
    "roll_deg": {"p95": 2.0, "max": 5.0},
    "roll_crossing_deg": {"max": 1.0},
    "crossings": [
        {
            "at_m": 50.0,
            "features": ["pin-10"],
            "duration_s": 34.0,
            "outcome": "done",
            "retries": 0,
            "min_clearance_mm": 4.0,
        }
    ],
    "interventions": 0,
    "violations": [],
    "peak_mass_kg": 39.1,
    "energy_wh": 60.0,
    "sim_time_s": 1200.0,
    "wall_time_s": 25.0,
    "realtime_factor": 48.0,
    "bytes_sent": 10,
    "bytes_received": 20,
    "frames_bad": 0,
}
VIOLATION = {"t_s": 1.0, "rule": "roll", "part": "", "feature": "", "at_m": 4.0, "value": 11.0, "limit": 10.0}


def test_it_is_written_and_read_back_with_its_keys_in_order(tmp_path: Path) -> None:
    summary = Summary.model_validate(NOTHING)
    write(tmp_path / "summary.json", summary)
    text = (tmp_path / "summary.json").read_text(encoding="utf-8")
    assert list(json.loads(text)) == list(NOTHING)
    assert "三乡" in text
    assert read(tmp_path / "summary.json") == summary
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"outcome": "stopped"}, 1),
        ({"outcome": "refused"}, 1),
        ({"violations": [VIOLATION]}, 3),
        ({"violations": [VIOLATION], "outcome": "stopped"}, 3),
    ],
)
def test_exit_codes(change: dict[str, Any], code: int) -> None:
    assert Summary.model_validate(NOTHING | change).exit_code == code


@pytest.mark.parametrize(
    "change",
    [
        {"energy_wh": math.nan},
        {"tension_in_band_pct": math.inf},
        {"outcome": "perhaps"},
        {"format": "silkline.summary/2"},
        {"extra": 1},
        {"turns": None},
        {"violations": [VIOLATION | {"value": math.nan}]},
    ],
)
def test_what_is_not_a_summary_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Summary.model_validate(NOTHING | change)


def test_two_runs_of_a_seed_may_differ_in_wall_time_only() -> None:
    slow = Summary.model_validate(NOTHING | {"wall_time_s": 99.0, "realtime_factor": 12.0})
    fast = Summary.model_validate(NOTHING)
    other = Summary.model_validate(NOTHING | {"turns": 339})
    assert slow.without_wall_time() == fast.without_wall_time()
    assert other.without_wall_time() != fast.without_wall_time()
