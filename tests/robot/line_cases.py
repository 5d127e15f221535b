"""Surveys for the tests of the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from robot.line.line import Line
from robot.line.survey import Survey

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def survey_table(spans_m: tuple[float, ...] = (50.0, 50.0), **changes: Any) -> dict[str, Any]:
    """The tables of a plain line of straight pin poles; `changes` replace whole tables or keys."""
    poles = [{"id": f"P{i}", "kind": "straight", "insulator": "pin-10"} for i in range(len(spans_m) + 1)]
    return {
        "format": "silkline.line/1",
        "name": "test line",
        "conductor": "LGJ-120/20",
        "cable": "wrap-24f-4.0",
        "pitch_m": 1.0,
        "lay": "Z",
        "phase_spacing_m": 0.70,
        "stringing": {"temperature_c": 15.0, "horizontal_tension_n": 3000.0},
        "pole": poles,
        "span": [{"length_m": length} for length in spans_m],
        **changes,
    }


def line(spans_m: tuple[float, ...] = (50.0, 50.0), section: int | None = None, **changes: Any) -> Line:
    return Line.build(Survey.model_validate(survey_table(spans_m, **changes)), section)


def strung(horizontal_tension_n: float, slip: str | float = "fixed") -> dict[str, Any]:
    return {"temperature_c": 15.0, "horizontal_tension_n": horizontal_tension_n, "slip": slip}
