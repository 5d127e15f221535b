"""`summary.json`: what a job came to, as the referee saw it (format `silkline.summary/1`, design section 13).

The models are the file's schema, keys in their order; numbers that could not be measured are null, never NaN.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
Measured = Number | None  # None = there was nothing to measure

WALL_TIME_KEYS = ("wall_time_s", "realtime_factor")  # all that may differ between two runs of a seed


class Table(BaseModel):
    """A frozen part of the summary; unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Spread(Table):
    p95: Measured
    max: Measured


class PitchError(Table):
    p50: Measured
    p95: Measured
    max: Measured


class Tension(Table):
    setpoint: Number
    p05: Measured
    p95: Measured
    max: Measured


class Largest(Table):
    max: Measured


class CrossingEntry(Table):
    at_m: Number
    features: list[str]
    duration_s: Number
    outcome: Literal["done", "held", "refused"]
    retries: int
    min_clearance_mm: Measured


class ViolationEntry(Table):
    """A promise broken; `value` is the worst of the episode that began at `t_s`."""

    t_s: Number
    rule: str
    part: str
    feature: str
    at_m: Measured
    value: Measured
    limit: Number


class Summary(Table):
    """The whole file."""

    format: Literal["silkline.summary/1"]
    outcome: Literal["completed", "refused", "stopped"]
    reason: str
    line: str
    section: int | None
    seed: int
    length_m: Number
    travelled_m: Number
    wrapped_m: Number
    unwrapped_m: Number
    turns: int
    cable_used_m: Number
    cable_ideal_m: Number
    pitch_error_pct: PitchError
    tension_n: Tension
    tension_in_band_pct: Measured
    position_error_m: Spread
    approach_error_m: Spread
    chainage_error_m: Spread
    chainage_in_3sigma_pct: Measured
    roll_deg: Spread
    roll_crossing_deg: Largest
    crossings: list[CrossingEntry]
    interventions: int
    violations: list[ViolationEntry]
    peak_mass_kg: Number
    energy_wh: Number
    sim_time_s: Number
    wall_time_s: Number
    realtime_factor: Measured
    bytes_sent: int
    bytes_received: int
    frames_bad: int

    @property
    def exit_code(self) -> int:
        """0 done as asked, 1 refused or ended safely without finishing, 3 a promise was broken."""
        if self.violations:
            return 3
        return 0 if self.outcome == "completed" else 1

    def without_wall_time(self) -> dict[str, Any]:
        """What two runs of the same seed have in common."""
        return self.model_dump(exclude=set(WALL_TIME_KEYS))


def write(path: Path, summary: Summary) -> None:
    """Write `summary.json`; the file is there whole or not at all."""
    text = json.dumps(summary.model_dump(), indent=2, ensure_ascii=False, allow_nan=False)
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


def read(path: Path) -> Summary:
    """Read a `summary.json` back.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    return Summary.model_validate_json(path.read_text(encoding="utf-8"))
