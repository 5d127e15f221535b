"""The charts of a job: the line in profile with its lay, pitch by turn, and what went on over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from missions.report import svg
from missions.report.record import Drift, JobRecord, Phase
from missions.report.svg import (
    AMBER,
    BLUE,
    GREY,
    INK,
    LEFT,
    MUTED,
    RED,
    RIGHT,
    TEAL,
    TOP,
    Chart,
    FloatArray,
    Scale,
)
from missions.report.texts import chinese, english
from robot.line.features import Feature
from robot.line.line import LoadedLine
from robot.messages import Mode

MODE_COLOURS = {
    Mode.SAFE: "#c3cad2",
    Mode.READY: "#a9b6c3",
    Mode.MANUAL: "#9d7cc4",
    Mode.MOUNTING: "#7fa8d1",
    Mode.TRAVEL: "#4d82bd",
    Mode.WRAP: "#3aa396",
    Mode.CROSSING: "#eca544",
    Mode.HOLD: "#dcc65a",
    Mode.RETREAT: "#c67a46",
    Mode.STOPPED: "#c8372d",
}
_TENSION_BAND = 0.20  # of the ordered tension
_PROFILE_STEPS = 400
_LETTER_PX, _CAPITAL_PX, _HAN_PX = 5.6, 7.7, 11.0  # widths in small type
_WAVE_PX = 4.0  # how far a turn swings from the conductor
_AT_POLE_M = 0.5  # nearer than this to a pole, a feature is drawn beside its insulator
_WOOD = "#8d7b68"


def _title(key: str) -> str:
    return f"{english(key)} {chinese(key)}"


def heading(record: JobRecord) -> Chart:
    """What the picture shows, in a line."""
    crossed = len(_crossings(record.phases))
    minutes = float(record.curves.t_s[-1]) / 60.0
    facts = f"{len(record.turns)} turns, {crossed} crossings, {minutes:.0f} minutes"
    return Chart(22.0, svg.text(LEFT, 24.0, record.line.name, "t") + svg.text(RIGHT, 24.0, facts, "m e"))


# ---------------------------------------------------------------- along the line


def profile(record: JobRecord, mass_kg: float) -> Chart:
    """The line from the side: poles, features, the conductor bare and under the robot, the lay on it.

    The lay is drawn turn by turn as it was laid, stretches laid straight in another colour.
    """
    line = record.line
    x = svg.along(0.0, line.length_m)
    places = np.linspace(0.0, line.length_m, _PROFILE_STEPS)
    bare = _bare_heights(record, places)
    loaded = LoadedLine(line, mass_kg, line.stringing_temperature_c, record.profile.carriages.s_m)
    under = np.array([loaded.heights_m(s, np.array([s]))[0] for s in places.tolist()])
    low, high = float(under.min()), float(bare.max())
    reach = max(high - low, 0.5)
    y = Scale(low - 0.65 * reach, high + 0.25 * reach, TOP + 210.0, TOP + 14.0)
    parts = [
        svg.frame(_title("profile"), "m", x, y, x_ticks=x.ticks(12), x_unit="m", y_ticks=5),
        _legend(y.end - 12.0, ((GREY, "loaded"), (AMBER, "straight"), (TEAL, "turn"))),
        _spans(record, x, y),
        _poles(record, x, y),
        svg.path(x.all(places), y.all(under), GREY, 1.0, ' stroke-dasharray="4 3"'),
        svg.path(x.all(places), y.all(bare), INK, 1.1),
        _lay(record, x, y, places, bare),
        _hung(line.features, x, y, places, bare),
        _robot(x(float(record.curves.s_m[-1])), y(float(np.interp(record.curves.s_m[-1], places, bare)))),
    ]
    return Chart(y.start + 26.0, "".join(parts))


def _bare_heights(record: JobRecord, places: FloatArray) -> FloatArray:
    """Of the conductor as strung, by chainage."""
    line = record.line
    heights = np.empty(len(places))
    index = 0
    for i, s in enumerate(places.tolist()):
        while index + 1 < len(line.spans) and s > line.spans[index].to_m:
            index += 1
        curve = line.catenary(index)
        heights[i] = line.poles[index].height_m + curve.height_m(
            curve.x_at_arc_m(s - line.spans[index].from_m)
        )
    return heights


def _spans(record: JobRecord, x: Scale, y: Scale) -> str:
    """What the spans go over."""
    parts = []
    for span in record.line.spans:
        if span.over is None:
            continue
        a, b = x(span.from_m), x(span.to_m)
        colour = {"river": "#4d82bd", "trees": "#5b9b56"}.get(span.over, MUTED)
        parts.append(svg.rect(a + 6, y.start - 7, b - a - 12, 7, colour, 0.25))
        words = f"{english(span.over)} {chinese(span.over)}"
        parts.append(svg.text((a + b) / 2, y.start - 12, words, "m c", colour))
    return "".join(parts)


def _poles(record: JobRecord, x: Scale, y: Scale) -> str:
    parts = []
    poles = record.line.poles
    for index, pole in enumerate(poles):
        at, top = x(pole.chainage_m), y(pole.height_m)
        anchor = "" if index == 0 else "e" if index == len(poles) - 1 else "c"
        parts.append(svg.line(at, top + 7, at, y.start, _WOOD, 3.0))
        parts.append(svg.line(at - 9, top + 9, at + 9, top + 9, _WOOD, 2.5))
        parts.append(svg.line(at, top, at, top + 9, INK, 4.0))
        parts.append(svg.text(at, top - 22, pole.id, f"b h {anchor}"))
        if 0 < index < len(poles) - 1:
            parts.append(svg.text(at, top - 10, pole.insulator, "m h c"))
    return "".join(parts)


def _hung(features: Iterable[Feature], x: Scale, y: Scale, places: FloatArray, bare: FloatArray) -> str:
    """Features that hang on the spans, named in rows below; what is at a pole stands beside its insulator."""
    at_poles = [feature.at_m for feature in features if feature.pole]
    parts = []
    rows = [0.0, 0.0]  # where the last name of each ends
    for feature in features:
        if feature.pole:
            continue
        at, height = x(feature.at_m), y(float(np.interp(feature.at_m, places, bare))) + 5.0
        if any(abs(feature.at_m - pole_m) < _AT_POLE_M for pole_m in at_poles):
            at, height = at + 8.0, height + 4.0
        colour = BLUE if feature.crossable else RED
        row = 0 if rows[0] < at else 1
        rows[row] = at + 8.0 + len(feature.kind) * _LETTER_PX
        name_at = y.start - 28.0 - 14.0 * row
        parts.append(svg.line(at, height, at, name_at, colour, 0.8, "1 3"))
        parts.append(f'<circle cx="{at:.1f}" cy="{height:.1f}" r="4.5" fill="{colour}" stroke="#fff"/>')
        parts.append(svg.text(at + 4, name_at, feature.kind, "m h", colour))
    return "".join(parts)


def _lay(record: JobRecord, x: Scale, y: Scale, places: FloatArray, bare: FloatArray) -> str:
    """One wave a turn; straight pieces as bars."""
    if not record.turns:
        return ""
    edges = np.array([turn.stretch.from_m for turn in record.turns] + [record.turns[-1].stretch.to_m])
    middle = (edges[1:] + edges[:-1]) / 2
    quarter = (3 * edges[:-1] + edges[1:]) / 4

    def at(s: FloatArray) -> list[tuple[float, float]]:
        return list(zip(x.all(s).tolist(), y.all(np.interp(s, places, bare)).tolist(), strict=True))

    ends = at(edges)
    wave = [f"M{ends[0][0]:.1f},{ends[0][1]:.1f}"]
    for (qx, qy), (mx, my), (ex, ey) in zip(at(quarter), at(middle), ends[1:], strict=True):
        wave.append(f"Q{qx:.1f},{qy - 2 * _WAVE_PX:.1f} {mx:.1f},{my:.1f}T{ex:.1f},{ey:.1f}")
    parts = [f'<path d="{"".join(wave)}" stroke="{TEAL}" stroke-width="1.2"/>']
    for straight in record.unwrapped:
        s = np.array([straight.from_m, straight.to_m])
        parts.append(svg.path(x.all(s), y.all(np.interp(s, places, bare)), AMBER, 6.0))
    return "".join(parts)


def _robot(at: float, height: float) -> str:
    """Where the robot came to; larger than it is."""
    wheels = "".join(f'<circle cx="{dx}" cy="-4" r="3.2" fill="{INK}"/>' for dx in (-8, 0, 8))
    pod = f'<rect x="-12" y="2" width="24" height="7" rx="3" fill="{INK}"/>'
    rotor = f'<ellipse cx="-18" cy="0" rx="3.5" ry="10" fill="none" stroke="{INK}" stroke-width="2.2"/>'
    return f'<g transform="translate({at - 12.0:.1f} {height:.1f})">{wheels}{pod}{rotor}</g>'


def _legend(at: float, entries: Sequence[tuple[str, str]]) -> str:
    """Colours and their text keys, up to the right edge."""
    words = [f"{english(key)} {chinese(key)}" for _, key in entries]
    widths = [len(english(key)) * _LETTER_PX + len(chinese(key)) * _HAN_PX + 34.0 for _, key in entries]
    left = RIGHT - sum(widths)
    parts = []
    for (colour, _), word, width in zip(entries, words, widths, strict=True):
        parts.append(svg.rect(left + 6, at - 6, 12, 4, colour) + svg.text(left + 23, at, word, "m"))
        left += width
    return "".join(parts)


def pitch_errors(record: JobRecord) -> Chart:
    """A bar a turn, by chainage; turns with a stretch laid straight on purpose are not judged."""
    x = svg.along(0.0, record.line.length_m)
    judged = [turn for turn in record.turns if not turn.excused]
    reach = max([2.0, *(abs(turn.error_pct) * 1.1 for turn in judged)])
    y = Scale(-reach, reach, TOP + 92.0, TOP)
    note = ""
    if judged:
        p50, p95 = np.percentile([abs(turn.error_pct) for turn in judged], [50, 95])
        note = f"p50 {p50:.2f} %, p95 {p95:.2f} %"
    parts = [svg.frame(_title("pitch_error"), "%", x, y, x_ticks=x.ticks(12), x_unit="m", note=note)]
    zero, width = y(0.0), max(1.0, x(record.line.pitch_m) - x(0.0) - 1.0)
    for turn in record.turns:
        a, b = x(turn.stretch.from_m), x(turn.stretch.to_m)
        if turn.excused:
            parts.append(svg.rect(a, y.end, b - a, y.start - y.end, AMBER, 0.3))
        else:
            top = y(turn.error_pct)
            height = max(abs(top - zero), 0.6)
            parts.append(svg.rect((a + b - width) / 2, min(top, zero), width, height, TEAL))
    parts.append(svg.line(LEFT, zero, RIGHT, zero, GREY))
    return Chart(y.start + 26.0, "".join(parts))


# ---------------------------------------------------------------- over time


def modes(record: JobRecord) -> Chart:
    """The mode as a band, named once where it fits."""
    x = _time(record)
    top, height = TOP, 22.0
    parts = [svg.title_row(_title("mode"), "", TOP - 12.0)]
    shown = [mode for mode in Mode if any(phase.mode is mode for phase in record.phases)]
    widths = [len(mode.value) * _CAPITAL_PX + 28.0 for mode in shown]
    left = RIGHT - sum(widths)
    for mode, width in zip(shown, widths, strict=True):
        parts.append(svg.rect(left + 8, TOP - 20.5, 9, 9, MODE_COLOURS[mode]))
        parts.append(svg.text(left + 22, TOP - 12.0, mode.value, "m"))
        left += width
    for phase in record.phases:
        a, b = x(phase.from_s), x(phase.to_s)
        parts.append(svg.rect(a, top, b - a, height, MODE_COLOURS[phase.mode]))
        if b - a > len(phase.mode.value) * _CAPITAL_PX + 6:
            parts.append(svg.text((a + b) / 2, top + 15, phase.mode.value, "w c"))
    return Chart(top + height + 10.0, "".join(parts))


def chainage(record: JobRecord) -> Chart:
    x, curves = _time(record), record.curves
    y = Scale(0.0, record.line.length_m, TOP + 110.0, TOP)
    poles = "".join(
        svg.line(LEFT, y(pole.chainage_m), RIGHT, y(pole.chainage_m), GREY, 0.7, "2 4")
        + svg.text(RIGHT - 4, y(pole.chainage_m) - 3, pole.id, "m e")
        for pole in record.line.poles[1:-1]
    )
    body = _crossing_shades(record.phases, x, y) + svg.frame(_title("chainage"), "m", x, y) + poles
    return Chart(y.start + 10.0, body + svg.curve(x, y, curves.t_s, curves.s_m, BLUE, 1.8))


def speed(record: JobRecord) -> Chart:
    x, curves = _time(record), record.curves
    limit = record.profile.limits.speed_max_mps
    y = Scale(min(-0.05, float(np.nanmin(curves.speed_mps))), limit * 1.08, TOP + 80.0, TOP)
    body = _crossing_shades(record.phases, x, y) + svg.frame(_title("speed"), "m/s", x, y, y_ticks=3)
    body += svg.line(LEFT, y(limit), RIGHT, y(limit), RED, 1.0, "6 4")
    return Chart(y.start + 10.0, body + svg.curve(x, y, curves.t_s, curves.speed_mps, BLUE))


def tension(record: JobRecord) -> Chart:
    """With the band in which it shall be."""
    x, curves = _time(record), record.curves
    ordered = record.line.tension_n
    top = max(ordered * 1.6, min(float(np.nanmax(curves.tension_n)) * 1.05, ordered * 3.0))
    y = Scale(0.0, top, TOP + 80.0, TOP)
    low, high = y(ordered * (1 - _TENSION_BAND)), y(ordered * (1 + _TENSION_BAND))
    body = _crossing_shades(record.phases, x, y) + svg.frame(_title("tension"), "N", x, y)
    body += svg.rect(LEFT, high, RIGHT - LEFT, low - high, TEAL, 0.16)
    return Chart(y.start + 10.0, body + svg.curve(x, y, curves.t_s, curves.tension_n, TEAL))


def roll(record: JobRecord) -> Chart:
    """With the limit, and the closer one while crossing."""
    x, curves = _time(record), record.curves
    limits = record.profile.limits
    wide = limits.roll_max_deg * 1.1
    y = Scale(-wide, wide, TOP + 80.0, TOP)
    body = _crossing_shades(record.phases, x, y) + svg.frame(_title("roll"), "°", x, y, **_clock_ticks(x))
    for sign in (-1, 1):
        outer = y(sign * limits.roll_max_deg)
        body += svg.line(LEFT, outer, RIGHT, outer, RED, 1.0, "6 4")
        for phase in _crossings(record.phases):
            inner = y(sign * limits.roll_crossing_max_deg)
            body += svg.line(x(phase.from_s), inner, x(phase.to_s), inner, RED, 1.0, "3 2")
    return Chart(y.start + 26.0, body + svg.curve(x, y, curves.t_s, curves.roll_deg, BLUE))


def drift(record: JobRecord, off: Drift) -> Chart:
    """Estimated minus true chainage, in the band of three of its own standard deviations."""
    x = _time(record)
    wide = max(
        0.05, float(np.max(3.0 * off.sigma_m, initial=0.0)), float(np.max(np.abs(off.error_m), initial=0.0))
    )
    y = Scale(-1.05 * wide, 1.05 * wide, TOP + 90.0, TOP)
    every = max(1, len(off.t_s) // 600)
    t, sigma = x.all(off.t_s[::every]), off.sigma_m[::every]
    edge = np.concatenate([y.all(3.0 * sigma), y.all(-3.0 * sigma)[::-1]])
    points = zip(np.concatenate([t, t[::-1]]).tolist(), edge.tolist(), strict=True)
    band = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    ticks = svg.minutes(x)
    body = svg.frame(
        _title("chainage_error"), "m, ±3σ", x, y, x_ticks=ticks, x_label=svg.clock, x_unit="min:s"
    )
    body += f'<polygon points="{band}" fill="{BLUE}" fill-opacity="0.13"/>'
    return Chart(y.start + 26.0, body + svg.curve(x, y, off.t_s, off.error_m, BLUE))


def _time(record: JobRecord) -> Scale:
    return svg.along(0.0, max(float(record.curves.t_s[-1]), 1.0))


def _clock_ticks(x: Scale) -> dict[str, Any]:
    """How a time scale is labelled."""
    return {"x_ticks": svg.minutes(x), "x_label": svg.clock, "x_unit": "min:s"}


def _crossings(phases: Iterable[Phase]) -> list[Phase]:
    return [phase for phase in phases if phase.mode is Mode.CROSSING]


def _crossing_shades(phases: Iterable[Phase], x: Scale, y: Scale) -> str:
    colour = MODE_COLOURS[Mode.CROSSING]
    return "".join(
        svg.rect(x(p.from_s), y.end, x(p.to_s) - x(p.from_s), y.start - y.end, colour, 0.13)
        for p in _crossings(phases)
    )
