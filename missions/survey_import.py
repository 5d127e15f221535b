"""From a map's poles to a survey: their order, what stands too near or doubles back, angles, sections."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from missions.gis import MapLine, MapPole
from robot.line.catalogue import CONDUCTORS
from robot.line.survey import FORMAT, STRAIGHT_MAX_DEG, Survey

FloatArray = NDArray[np.float64]

NEAR_M = 5.0  # poles nearer than this are one pole mapped twice
DOUBLES_BACK_DEG = 135.0
STRUNG_SHARE = 0.13  # of the rated strength, where the stringing tension is not known
_FILE_ORDER_RATIO = 1.25  # the file's order is kept unless it is longer than the found one by this


@dataclass(frozen=True, slots=True)
class Choices:
    """What a map does not tell."""

    conductor: str = "LGJ-120/20"
    cable: str = "wrap-24f-4.0"
    pitch_m: float = 1.0
    lay: str = "Z"
    insulator: str = "pin-10"
    phase_spacing_m: float = 0.70
    horizontal_tension_n: float | None = None  # None = a share of the conductor's strength
    angle_max_deg: float = 7.0  # the robot's `kink_plan_max_deg`
    order: Literal["auto", "file", "find"] = "auto"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    survey: Survey
    order: str  # "file" | "found"
    notes: tuple[str, ...]  # what was done with poles that do not fit


def import_survey(source: MapLine, choices: Choices) -> Imported:
    """A survey of a mapped line.

    Raises:
        ValueError: fewer than two poles remain, or (pydantic's) a choice is unknown or out of range.
    """
    poles, order, notes = _ordered(source, choices.order)
    poles, left_out = _without_near(poles)
    if len(poles) < 2:
        raise ValueError(f"all poles stand within {NEAR_M:g} m; a line needs two")
    turns = turns_deg(poles)
    notes += left_out
    tables = []
    heights = _heights(poles)
    for i, (pole, turn, height_m) in enumerate(zip(poles, turns, heights, strict=True)):
        kind = _kind(i in (0, len(poles) - 1), turn, choices.angle_max_deg)
        if abs(turn) > DOUBLES_BACK_DEG:
            notes.append(
                f"pole {pole.id} doubles back (turns by {abs(turn):.0f} degrees): strain, ends a section"
            )
        tables.append(_pole_table(pole, kind, turn, height_m, choices.insulator))
    spans = [{"length_m": round(_apart_m(a, b), 2)} for a, b in itertools.pairwise(poles)]
    survey = Survey.model_validate(
        {
            "format": FORMAT,
            "name": choices.name or source.name,
            **{k: v for k, v in (("attribution", source.attribution), ("licence", source.licence)) if v},
            "conductor": choices.conductor,
            "cable": choices.cable,
            "pitch_m": choices.pitch_m,
            "lay": choices.lay,
            "phase_spacing_m": choices.phase_spacing_m,
            "stringing": {
                "temperature_c": 15.0,
                "horizontal_tension_n": _tension_n(choices),
                "slip": "fixed",
            },
            "pole": tables,
            "span": spans,
        }
    )
    return Imported(survey, order, (*source.notes, *notes))


def _tension_n(choices: Choices) -> float:
    if choices.horizontal_tension_n is not None:
        return choices.horizontal_tension_n
    conductor = CONDUCTORS.get(choices.conductor)
    if conductor is None:
        return 1000.0  # the survey's own check names the unknown conductor
    if math.isnan(conductor.strength_n):
        raise ValueError(
            f"the strength of {conductor.key} is not known; give the stringing tension (--tension)"
        )
    return round(STRUNG_SHARE * conductor.strength_n, -1)


def _kind(end: bool, turn_deg: float, angle_max_deg: float) -> str:
    if end:
        return "terminal"
    if abs(turn_deg) <= STRAIGHT_MAX_DEG:
        return "straight"
    return "angle" if abs(turn_deg) <= angle_max_deg else "strain"


def _pole_table(pole: MapPole, kind: str, turn_deg: float, height_m: float, insulator: str) -> dict[str, Any]:
    table: dict[str, Any] = {"id": pole.id, "kind": kind}
    if kind != "terminal":
        table["angle_deg"] = round(turn_deg, 2)
    table["insulator"] = "strain-10" if kind in ("terminal", "strain") else insulator
    if height_m:
        table["attachment_height_m"] = round(height_m, 2)
    return table


def _heights(poles: Sequence[MapPole]) -> list[float]:
    """Relative to the first pole's; level where the map does not know them all."""
    if any(math.isnan(p.height_m) for p in poles):
        return [0.0] * len(poles)
    return [p.height_m - poles[0].height_m for p in poles]


def _apart_m(a: MapPole, b: MapPole) -> float:
    return math.hypot(b.x_m - a.x_m, b.y_m - a.y_m)


def turns_deg(poles: Sequence[MapPole]) -> list[float]:
    """Turn of the line at every pole in plan, positive to the right, 0 at the ends."""
    bearings = [math.atan2(b.x_m - a.x_m, b.y_m - a.y_m) for a, b in itertools.pairwise(poles)]
    inner = [math.degrees(math.remainder(b - a, math.tau)) for a, b in itertools.pairwise(bearings)]
    return [0.0, *inner, 0.0]


def _without_near(poles: Sequence[MapPole]) -> tuple[list[MapPole], list[str]]:
    """Poles of which none stands too near the one before, and what was left out."""
    kept, notes = [poles[0]], []
    for i, pole in enumerate(poles[1:], 1):
        apart_m = _apart_m(kept[-1], pole)
        if apart_m >= NEAR_M:
            kept.append(pole)
            continue
        turn = abs(turns_deg(poles[i - 1 : i + 2])[1]) if i + 1 < len(poles) else 0.0
        back = f" and doubles back (turns by {turn:.0f} degrees)" if turn > DOUBLES_BACK_DEG else ""
        notes.append(f"pole {pole.id} stands too near to {kept[-1].id} ({apart_m:.1f} m){back}: left out")
    return kept, notes


# ---------------------------------------------------------------- order


def _ordered(source: MapLine, wanted: str) -> tuple[list[MapPole], str, list[str]]:
    """Poles in the order of the line: the file's where it makes sense, else the shortest way found."""
    in_file = list(source.poles)
    if wanted == "file" or (wanted == "auto" and source.ordered):
        return in_file, "file", []
    way = shortest_way(np.array([(p.x_m, p.y_m) for p in in_file]))
    found = [in_file[i] for i in way]
    if wanted == "auto" and not _is_better(found, in_file):
        return in_file, "file", []
    lengths = f"{_length_m(in_file):.0f} m in the file's order, {_length_m(found):.0f} m in this one"
    return found, "found", [f"the order of the poles was found: {lengths}"]


def _is_better(found: Sequence[MapPole], in_file: Sequence[MapPole]) -> bool:
    if _length_m(in_file) > _FILE_ORDER_RATIO * _length_m(found):
        return True
    return _reversals(in_file) > _reversals(found)


def _length_m(poles: Sequence[MapPole]) -> float:
    return sum(_apart_m(a, b) for a, b in itertools.pairwise(poles))


def _reversals(poles: Sequence[MapPole]) -> int:
    kept, _ = _without_near(poles)
    return sum(abs(turn) > DOUBLES_BACK_DEG for turn in turns_deg(kept))


def shortest_way(xy: FloatArray) -> list[int]:
    """A short way through all points (n, 2): nearest neighbour from either end, then 2-opt. The
    file's first point stands in its first half."""
    apart = np.hypot(xy[:, None, 0] - xy[None, :, 0], xy[:, None, 1] - xy[None, :, 1])
    way = min(
        (_improved(apart, _greedy(apart, int(end))) for end in _ends(apart)), key=lambda w: _way_m(apart, w)
    )
    return way if way.index(0) <= len(way) // 2 else way[::-1]


def _ends(apart: FloatArray) -> tuple[int, int]:
    """The two points farthest apart."""
    first, last = np.unravel_index(int(apart.argmax()), apart.shape)
    return int(first), int(last)


def _greedy(apart: FloatArray, start: int) -> list[int]:
    way, rest = [start], set(range(len(apart))) - {start}
    while rest:
        way.append(min(rest, key=lambda i: (apart[way[-1], i], i)))
        rest.remove(way[-1])
    return way


def _way_m(apart: FloatArray, way: Sequence[int]) -> float:
    return float(sum(apart[a, b] for a, b in itertools.pairwise(way)))


def _improved(apart: FloatArray, way: list[int]) -> list[int]:
    """2-opt of an open way: reverse any stretch, the ends' too, while that shortens it."""
    better = True
    while better:
        better = False
        for i in range(len(way) - 1):
            order = np.array(way)
            before = apart[order[i - 1], order[i:]] if i else np.zeros(len(way))
            joined = apart[order[i - 1], order[i]] if i else 0.0
            after = np.append(apart[order[i], order[i + 1 :]], 0.0)
            cut = np.append(apart[order[i:-1], order[i + 1 :]], 0.0)
            gain = joined + cut - before - after
            j = int(gain[1:].argmax()) + 1
            if gain[j] > 1e-6:
                way[i : i + j + 1] = way[i : i + j + 1][::-1]
                better = True
    return way
