"""The report as one HTML page that needs nothing from elsewhere, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from missions.report import charts, svg
from missions.report.record import Happening, JobRecord
from missions.report.strip import strips
from missions.report.texts import chinese, english
from missions.summary import Summary
from robot.crossing.along import plan_line
from robot.crossing.stance import Context
from robot.line.line import LoadedLine
from robot.modes.events import EVENTS, Severity

_COLOURS = {
    Severity.INFO: svg.MUTED,
    Severity.WARNING: svg.AMBER,
    Severity.ALARM: svg.RED,
    Severity.SAFETY: svg.RED,
}
_STYLE = """
body{margin:0 auto;max-width:980px;padding:24px;color:#1d2733;background:#fff;
font:14px/1.45 system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC",sans-serif}
h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:32px 0 8px;border-bottom:1px solid #e3e8ed}
h1 span,h2 span,th span,td.z{color:#6b7785;font-weight:400}
p{margin:4px 0;color:#6b7785}p.warn{color:#c8372d}svg{width:100%;height:auto;display:block}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:4px 12px 4px 0}
th{font-weight:600}tr{border-bottom:1px solid #eef1f4}td.n,th.n{text-align:right;white-space:nowrap}
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 32px}
@media print{body{max-width:none;padding:0}h2{break-after:avoid}tr,svg{break-inside:avoid}}
@media(max-width:700px){.two{grid-template-columns:1fr}}
"""


def page(record: JobRecord, summary: Summary | None) -> str:
    """The whole report.

    Args:
        summary: None where there is none, as of a job that was not simulated or not finished.
    """
    name = escape(record.line.name)
    along = [charts.profile(record, _mass_kg(record, summary)), charts.pitch_errors(record)]
    parts = [
        _begin(name, "title"),
        _notes(record, summary),
        _heading("summary"),
        _facts(_job_facts(record) + (_figures(summary) if summary else [])),
        _violations(summary) if summary and summary.violations else "",
        _heading("line"),
        svg.drawing(along, english("profile")),
        _heading("time"),
        svg.drawing(_over_time(record), english("time")),
        _heading("crossings"),
        _crossings(summary) if summary else "",
        _heading("planned"),
        svg.drawing(_planned(record), english("planned")),
        _heading("unwrapped"),
        _unwrapped(record),
        _heading("events"),
        _events(record.happenings),
        _heading("versions"),
        f"<p>{escape(', '.join(f'{name} {version}' for name, version in record.versions.items()))}</p>",
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def bare_page(name: str, drawn: str) -> str:
    """Planned crossings as a page of their own."""
    return "\n".join([_begin(escape(name), "planned"), drawn, "</body></html>\n"])


def _begin(name: str, title: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{name} - {english(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{name} <span>{_both(title)}</span></h1>"
    )


def picture(record: JobRecord, summary: Summary | None) -> str:
    """The run in one SVG."""
    shown = [
        charts.heading(record),
        charts.profile(record, _mass_kg(record, summary)),
        charts.pitch_errors(record),
        charts.modes(record),
        charts.speed(record),
        charts.tension(record),
        charts.roll(record),
    ]
    return svg.drawing(shown, record.line.name)


def _mass_kg(record: JobRecord, summary: Summary | None) -> float:
    """With which the line is drawn bent."""
    return summary.peak_mass_kg if summary else record.profile.limits.mass_max_kg


def _over_time(record: JobRecord) -> list[svg.Chart]:
    shown = [charts.modes, charts.chainage, charts.speed, charts.tension, charts.roll]
    drawn = [chart(record) for chart in shown]
    return [*drawn, charts.drift(record, record.drift)] if record.drift else drawn


def _planned(record: JobRecord) -> list[svg.Chart]:
    """How the crossings of the survey are planned."""
    line, profile = record.line, record.profile
    mass_kg = profile.mass_kg(line.cable_loaded_m * line.cable.mass_kg_per_m)
    loaded = LoadedLine(line, mass_kg, line.stringing_temperature_c, profile.carriages.s_m)
    crossings = plan_line(profile, line, loaded, Context.of(record.parameters))
    return strips(crossings, profile, line.conductor.diameter_m)


def _both(key: str) -> str:
    return f"{escape(english(key))} {chinese(key)}"


def _heading(key: str) -> str:
    return f"<h2>{_titled(key)}</h2>"


def _titled(key: str) -> str:
    return f"{escape(english(key))} <span>{chinese(key)}</span>"


def _notes(record: JobRecord, summary: Summary | None) -> str:
    keys = ["truth" if record.simulated else "belief"]
    if summary is None:
        keys.append("no_summary")
    if record.cut_off:
        keys.append("cut_off")
    return "".join(f"<p{'' if n == 0 else ' class=warn'}>{_both(key)}</p>" for n, key in enumerate(keys))


# ---------------------------------------------------------------- tables


def _table(heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> str:
    """`heads`: text key and whether the column is of numbers; cells are HTML."""
    kinds = [' class="n"' if numeric else "" for _, numeric in heads]
    head = "".join(f"<th{k}>{_titled(key)}</th>" for (key, _), k in zip(heads, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{k}>{c}</td>" for k, c in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>" if body else f"<p>{_both('none')}</p>"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    """Two columns of name and value."""
    rows = [f"<tr><th>{_titled(key)}</th><td class=n>{escape(value)}</td></tr>" for key, value in facts]
    half = (len(rows) + 1) // 2
    tables = (f"<table>{''.join(part)}</table>" for part in (rows[:half], rows[half:]))
    return f'<div class="two">{"".join(tables)}</div>'


def _job_facts(record: JobRecord) -> list[tuple[str, str]]:
    line = record.line
    hand = "Z" if line.hand > 0 else "S"
    return [
        ("began", record.began or "-"),
        ("conductor", f"{line.conductor.key}, {line.conductor.diameter_m * 1e3:.1f} mm"),
        ("cable", f"{line.cable.key}, {line.cable.diameter_m * 1e3:.1f} mm"),
        ("ordered", f"{line.pitch_m:g} m, {hand}, {line.tension_n:g} N"),
    ]


def _figures(summary: Summary) -> list[tuple[str, str]]:
    s, pitch, tension = summary, summary.pitch_error_pct, summary.tension_n
    position, roll = s.position_error_m, s.roll_deg
    return [
        ("outcome", f"{s.outcome} {chinese(s.outcome)}"),
        ("seed", str(s.seed)),
        ("travelled", f"{s.travelled_m:.1f} m / {s.length_m:.1f} m"),
        ("wrapped", f"{s.wrapped_m:.1f} m"),
        ("turns", str(s.turns)),
        ("unwrapped", f"{s.unwrapped_m:.2f} m"),
        ("cable_used", f"{s.cable_used_m:.2f} m ({s.cable_ideal_m:.2f} m)"),
        ("pitch_figures", _figure("%", pitch.p50, pitch.p95, pitch.max)),
        ("tension_figures", _figure("N", tension.p05, tension.p95, tension.max)),
        ("in_band", _figure("%", s.tension_in_band_pct)),
        ("position_error", _figure("m", position.p95, position.max, digits=3)),
        ("approach_error", _figure("m", s.approach_error_m.max, digits=3)),
        ("in_3sigma", _figure("%", s.chainage_in_3sigma_pct)),
        ("roll_figures", f"{_figure('°', roll.max)} ({_figure('°', s.roll_crossing_deg.max)})"),
        ("mass", f"{s.peak_mass_kg:.1f} kg"),
        ("energy", f"{s.energy_wh:.1f} Wh"),
        ("robot_time", f"{svg.clock(s.sim_time_s)} min:s"),
        ("interventions", str(s.interventions)),
        ("violation_count", str(len(s.violations))),
    ]


def _figure(unit: str, *values: float | None, digits: int = 2) -> str:
    return " / ".join("-" if value is None else f"{value:.{digits}f}" for value in values) + f" {unit}"


def _violations(summary: Summary) -> str:
    rows = [
        (
            svg.clock(v.t_s),
            escape(v.rule),
            escape(f"{v.part} {v.feature}".strip()),
            _figure("m", v.at_m),
            f"{'-' if v.value is None else f'{v.value:.4g}'} ({v.limit:.4g})",
        )
        for v in summary.violations
    ]
    heads = [("t", True), ("rule", False), ("feature", False), ("at", True), ("value", True)]
    return _heading("violations") + _table(heads, rows)


def _crossings(summary: Summary) -> str:
    rows = [
        (
            f"{c.at_m:.2f} m",
            escape(", ".join(c.features)),
            _both(c.outcome),
            f"{c.duration_s:.1f} s",
            str(c.retries),
            _figure("mm", c.min_clearance_mm, digits=0),
        )
        for c in summary.crossings
    ]
    numbers = [("duration", True), ("retries", True), ("clearance", True)]
    return _table([("at", True), ("feature", False), ("outcome", False), *numbers], rows)


def _unwrapped(record: JobRecord) -> str:
    rows = [(f"{r.from_m:.2f} m", f"{r.to_m:.2f} m", f"{r.to_m - r.from_m:.2f} m") for r in record.unwrapped]
    return _table([("from", True), ("to", True), ("length", True)], rows)


def _events(happenings: Iterable[Happening]) -> str:
    return _table([("t", True), ("events", False), ("what", False)], map(_event_row, happenings))


def _event_row(happening: Happening) -> tuple[str, str, str]:
    time = svg.clock(happening.t_s)
    if happening.until_s is not None:
        time += f"<br>{english('until')} {svg.clock(happening.until_s)}"
    kind = EVENTS.get(happening.id)
    colour = _COLOURS[kind.severity] if kind else svg.MUTED
    name = f'<b style="color:{colour}">{escape(happening.id)}</b><br>{escape(happening.detail)}'
    words = (
        "<br>".join(escape(kind.text(language).removesuffix(" -")) for language in ("en", "zh"))
        if kind
        else ""
    )
    return time, name, words
