"""Tension, sag and slope along every span, bare and under a point load."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from robot.line.elastic import FloatArray, place
from robot.line.line import Line, span_array
from robot.line.mechanics import GRAVITY_MPS2, Catenary
from robot.line.section import exact_state

_ITERATIONS = 60


def profile(
    line: Line, load_kg: float | None, shares: Iterable[float], temperature_c: float | None = None
) -> list[dict[str, Any]]:
    """One table a span, as `silkline line profile --json` gives it.

    Args:
        load_kg: mass of the point load, None = without.
        shares: its places, 0..1 of the horizontal span.
        temperature_c: None = as strung.
    """
    spans = span_array(line, line.stringing_temperature_c if temperature_c is None else temperature_c)
    places = tuple(shares)
    tables = []
    for first, last in line.slip_groups():
        for k in range(first, last):
            table = _bare(line, spans, first, last, k)
            if load_kg is not None:
                load_n = load_kg * GRAVITY_MPS2
                table["loaded"] = [_loaded(line, spans, first, last, k, load_n, share) for share in places]
            tables.append(table)
    return tables


def _bare(line: Line, spans: FloatArray, first: int, last: int, k: int) -> dict[str, Any]:
    span, w = line.spans[k], line.weight_n_per_m
    h = exact_state(
        spans, first, last, k, span.from_m, np.empty(0), 0.0, w, line.conductor.stiffness_n, line.slip
    )[0]
    curve = Catenary(span.length_m, span.rise_m, w, h)
    return {
        "span": span.number,
        "length_m": span.length_m,
        "horizontal_tension_n": h,
        "sag_m": curve.sag_m,
        "max_slope_deg": math.degrees(curve.max_slope_rad),
    }


def _loaded(
    line: Line, spans: FloatArray, first: int, last: int, k: int, load_n: float, share: float
) -> dict[str, Any]:
    """The span with the load at `share` of its horizontal length; slopes are positive uphill along +s."""
    span, w, ea = line.spans[k], line.weight_n_per_m, line.conductor.stiffness_n
    on_material = min(max(share, 1e-9), 1.0 - 1e-9)
    for _ in range(_ITERATIONS):  # the load's share of the conductor differs a little from that of the span
        s_m = span.from_m + on_material * (span.to_m - span.from_m)
        h, v, length0, shares = exact_state(spans, first, last, k, s_m, np.zeros(1), load_n, w, ea, line.slip)
        x_m, y_m = place(h, v, length0, on_material, w, ea, shares, load_n)
        miss = share - x_m / span.length_m
        on_material = min(max(on_material + miss, 1e-9), 1.0 - 1e-9)
        if abs(miss) < 1e-8:
            break
    before = v - w * on_material * length0  # vertical force just left of the load
    far = before - load_n - w * (1.0 - on_material) * length0
    at_load = (_slope_deg(before, h), _slope_deg(before - load_n, h))
    return {
        "at_m": share * span.length_m,
        "horizontal_tension_n": h,
        "drop_m": span.rise_m * share - y_m,
        "slope_pole_deg": _slope_deg(v, h) if share < 0.5 else _slope_deg(far, h),
        "slope_at_load_deg": max(at_load, key=lambda slope: (round(abs(slope), 6), slope)),
    }


def _slope_deg(vertical_n: float, horizontal_n: float) -> float:
    """Slope where the conductor carries this vertical force, positive where it runs downhill."""
    return -math.degrees(math.atan2(vertical_n, horizontal_n))
