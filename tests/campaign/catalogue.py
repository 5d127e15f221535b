"""The catalogue of crossings as short lines, each to be run from both of its ends, on level and on sloping ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hil.scenario import Scenario, Weather
from robot.line.survey import Survey

BEFORE_M, BEHIND_M = 8.0, 8.0  # from the ends to what is crossed
CONDUCTOR, TENSION_N = "LGJ-150/25", 12_000.0  # so taut that the robot bends it by 2 degrees
SLOPES_DEG = (0.0, 15.0)
_SAG_DEG = 1.0  # what the robot's weight adds on either side of a pole

_ABOVE = {
    "kind": "bird-deterrent",
    "box": [{"s_m": (-0.03, 0.03), "x_m": (-0.15, 0.15), "z_m": (0.32, 0.60)}],
}
_LONG_DOUBLE = {
    "kind": "pin-10-double",
    "sleeve": [{"s_m": (-0.75, 0.75), "r_m": 0.0186}],
    "box": [
        {"s_m": (s - 0.06, s + 0.06), "x_m": (-0.06, 0.06), "z_m": (-0.24, -0.004)}
        for s in (-0.55, 0.0, 0.55)
    ],
}


@dataclass(frozen=True, slots=True)
class Case:
    """What stands or hangs in the middle of a short line."""

    name: str
    insulator: str = ""  # of a pole in the middle, "" = there is none
    hung: tuple[tuple[str, float], ...] = ()  # kind, metres behind the middle
    second_m: float = 0.0  # another pole like it so far behind
    turn_deg: float = 0.0
    kink_deg: float = 0.0  # with the robot on it
    envelope: tuple[dict[str, Any], ...] = ()
    refused: str = ""  # what the robot's reason says where it must not cross, "" = it crosses
    refused_mirrored: str = ""  # the same, walked from the other end


def _indicator(gap_m: float) -> Case:
    """Met before the pole, at less than 3 m the rear would have to be lifted while the front only hangs."""
    reason = "rear wheel meets fault-indicator" if gap_m < 3.0 else ""
    hung = (("fault-indicator", gap_m),)
    return Case(f"pin and indicator {gap_m:g} m", "pin-10", hung, refused_mirrored=reason)


_CROSSED = (
    Case("pin", "pin-10"),
    Case("line post", "line-post-10"),
    Case("double pin", "pin-10-double"),
    Case("double line post", "line-post-10-double"),
    Case("fault indicator", hung=(("fault-indicator", 0.0),)),
    Case("splice", hung=(("splice", 0.0),)),
    Case("parallel-groove clamp", hung=(("pg-clamp", 0.0),)),
    Case("spiral diverter", hung=(("spiral-diverter", 0.0),)),
    Case("deterrent beside", "pin-10", (("bird-deterrent", 0.0),)),
    Case("deterrent above", "pin-10", (("bird-deterrent", 0.0),), envelope=(_ABOVE,)),
    *(_indicator(gap_m) for gap_m in (0.3, 0.5, 0.9, 1.5, 3.0)),
    Case("two poles", "pin-10", second_m=2.0),
    Case("angle pole", "line-post-10", turn_deg=7.0),
    Case("kink", "line-post-10", kink_deg=12.0),
    Case("kink at a pin", "pin-10", kink_deg=12.0),
)
_REFUSED = (
    Case("branch", hung=(("branch", 0.0),), refused="branch"),
    Case("strain string", "strain-10", refused="strain-10"),
    Case(
        "deterrent inside the orbit", "pin-10", (("bird-deterrent-low", 0.0),), refused="bird-deterrent-low"
    ),
    Case("spacer", hung=(("spacer", 0.0),), refused="spacer"),
    Case("long double", "pin-10-double", envelope=(_LONG_DOUBLE,), refused="support rule"),
)
CASES = {case.name: case for case in (*_CROSSED, *_REFUSED)}


def survey(case: Case, slope_deg: float, mirrored: bool) -> Survey:
    """The case's line on a slope, or the same line walked from its other end."""
    poles_m = [0.0, BEFORE_M, *([BEFORE_M + case.second_m] if case.second_m else [])]
    poles_m = [*(poles_m if case.insulator else poles_m[:1]), BEFORE_M + case.second_m + BEHIND_M]
    length_m = poles_m[-1]
    heights_m = [_height_m(case, slope_deg, x_m) for x_m in poles_m]
    hung = [(kind, BEFORE_M + at_m) for kind, at_m in case.hung]
    if mirrored:
        poles_m, heights_m = [length_m - x_m for x_m in reversed(poles_m)], heights_m[::-1]
        hung = [(kind, length_m - x_m) for kind, x_m in hung]
    spans_m = [b - a for a, b in pairwise(poles_m)]
    inner = [_pole(case, mirrored) for _ in poles_m[1:-1]]
    poles = [{"kind": "terminal"}, *inner, {"kind": "terminal"}]
    return Survey.model_validate({
        "format": "silkline.line/1",
        "name": f"{case.name}, {slope_deg:g} degrees{', mirrored' if mirrored else ''}",
        "conductor": CONDUCTOR,
        "cable": "wrap-24f-4.0",
        "cable_loaded_m": 150.0,
        "pitch_m": 1.0,
        "lay": "Z",
        "phase_spacing_m": 0.7,
        "stringing": {"temperature_c": 20.0, "horizontal_tension_n": TENSION_N},
        "pole": [
            {"id": f"P{i}", "attachment_height_m": round(height_m - heights_m[0], 3), **pole}
            for i, (pole, height_m) in enumerate(zip(poles, heights_m, strict=True), 1)
        ],
        "span": [{"length_m": round(span_m, 3)} for span_m in spans_m],
        "feature": [_hung(kind, x_m, poles_m) for kind, x_m in hung],
        "envelope": list(case.envelope),
    })  # fmt: skip


def scenario(seed: int = 1) -> Scenario:
    return Scenario(line="case", seed=seed, survey_error_m=0.1, weather=Weather(wind_mps=2.0, gust_mps=3.0))


def _height_m(case: Case, slope_deg: float, x_m: float) -> float:
    """No side of the middle is steeper than the slope; a kink makes the far side the flatter one, or bends level
    ground down on both."""
    bend_deg = max(case.kink_deg - 2 * _SAG_DEG, 0.0)
    near_deg = slope_deg if slope_deg else bend_deg / 2
    far_deg = near_deg - bend_deg
    near_m, far_m = min(x_m, BEFORE_M), max(x_m - BEFORE_M, 0.0)
    return near_m * math.tan(math.radians(near_deg)) + far_m * math.tan(math.radians(far_deg))


def _pole(case: Case, mirrored: bool) -> dict[str, Any]:
    if case.insulator == "strain-10":
        return {"kind": "strain"}
    if case.turn_deg:
        turn_deg = -case.turn_deg if mirrored else case.turn_deg
        return {"kind": "angle", "insulator": case.insulator, "angle_deg": turn_deg}
    return {"kind": "straight", "insulator": case.insulator}


def _hung(kind: str, x_m: float, poles_m: list[float]) -> dict[str, Any]:
    span = max(i for i, pole_m in enumerate(poles_m[:-1], 1) if pole_m <= x_m + 1e-9)
    return {"kind": kind, "span": span, "at_m": round(x_m - poles_m[span - 1], 3)}
