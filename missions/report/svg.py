"""Drawing a chart as SVG text: scales, ticks, paths. Lengths are in user units of the drawing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

WIDTH, LEFT, RIGHT, TOP = 920.0, 56.0, 906.0, 32.0
INK, MUTED, GRID, PAPER = "#1d2733", "#6b7785", "#e3e8ed", "#ffffff"
BLUE, TEAL, AMBER, RED, GREY = "#2563a8", "#12857a", "#e08a1e", "#c8372d", "#9aa5b1"
STYLE = (
    f"text{{font:12px system-ui,'Segoe UI',Roboto,'Noto Sans','Noto Sans CJK SC','PingFang SC',sans-serif;"
    f"fill:{INK}}}.w{{fill:#fff;font-size:11px}}.m{{fill:{MUTED};font-size:11px}}.b{{font-weight:600;font-size:13px}}.t{{font-weight:600;font-size:17px}}"
    f".e{{text-anchor:end}}.c{{text-anchor:middle}}.h{{paint-order:stroke;stroke:{PAPER};stroke-width:3px}}"
    "path{fill:none;stroke-linejoin:round;stroke-linecap:round}"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values `low` to `high` on the drawing's `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def all(self, values: FloatArray) -> FloatArray:
        return self.start + (values - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int) -> list[float]:
        """Round values in the range, as near to `count` of them as can be."""
        decade = 10.0 ** math.floor(math.log10((self.high - self.low) / count))
        choices = [self._multiples(decade * share) for share in (1.0, 2.0, 5.0, 10.0)]
        return min(choices, key=lambda ticks: abs(len(ticks) - count))

    def _multiples(self, step: float) -> list[float]:
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]


def along(low: float, high: float) -> Scale:
    """The horizontal scale that all charts share."""
    return Scale(low, high, LEFT, RIGHT)


def minutes(time: Scale, count: int = 10) -> list[float]:
    """Ticks of a time scale in s, at round minutes or seconds."""
    steps = (5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
    step = next((s for s in steps if s * count >= time.high - time.low), steps[-1])
    return [n * step for n in range(math.ceil(time.low / step), math.floor(time.high / step) + 1)]


def clock(t_s: float) -> str:
    """Robot time as people read it."""
    return f"{int(t_s) // 60}:{int(t_s) % 60:02d}"


def number(value: float) -> str:
    """A tick's label."""
    return f"{value:.6g}".replace("-", "\u2212")


def text(x: float, y: float, content: str, classes: str = "", fill: str = "") -> str:
    kind = f' class="{classes}"' if classes else ""
    colour = f' style="fill:{fill}"' if fill else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind}{colour}>{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1.0, dash: str = "") -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{width:g}"{dashed}/>'


def rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> str:
    faint = f' fill-opacity="{opacity:g}"' if opacity < 1.0 else ""
    box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.0):.1f}" height="{max(height, 0.0):.1f}"'
    return f'<rect {box} fill="{fill}"{faint}/>'


def path(x: FloatArray, y: FloatArray, stroke: str, width: float = 1.3, extra: str = "") -> str:
    """A curve; gaps where a value is not a number."""
    pieces = []
    pen = "M"
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if math.isfinite(a + b):
            pieces.append(f"{pen}{a:.1f},{b:.1f}")
            pen = " " if pen != "M" else "L"
        else:
            pen = "M"
    return f'<path d="{"".join(pieces)}" stroke="{stroke}" stroke-width="{width:g}"{extra}/>'


def thinned(x: FloatArray, y: FloatArray, step: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Of every `step` of width only the smallest and the largest point, in their order: looks the same."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    column = np.floor(x / step).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1 if len(column) else 0))
    if 2 * len(starts) >= len(x):
        return x, y
    keep: set[int] = {0, len(x) - 1}
    for a, b in zip(starts.tolist(), [*starts[1:].tolist(), len(x)], strict=True):
        keep.add(a + int(np.argmin(y[a:b])))
        keep.add(a + int(np.argmax(y[a:b])))
    chosen = np.array(sorted(keep))
    return x[chosen], y[chosen]


def curve(x: Scale, y: Scale, xs: FloatArray, ys: FloatArray, stroke: str, width: float = 1.3) -> str:
    """A curve of values, clipped to the vertical scale and thinned."""
    low, high = sorted((y.start, y.end))
    return path(*thinned(x.all(xs), y.all(ys).clip(low, high)), stroke, width)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing `WIDTH` wide."""

    height: float
    body: str


def frame(
    title: str,
    unit: str,
    x: Scale,
    y: Scale,
    *,
    x_ticks: Iterable[float] = (),
    x_label: Callable[[float], str] = number,
    x_unit: str = "",
    y_ticks: int = 4,
    note: str = "",
) -> str:
    """Title, grid and tick labels of a chart; without `x_ticks` the horizontal scale is not labelled."""
    parts = [title_row(title, unit, y.end - 12.0, note)]
    for value in y.ticks(y_ticks):
        at = y(value)
        parts.append(line(LEFT, at, RIGHT, at, GRID))
        parts.append(text(LEFT - 7, at + 4, number(value), "m e"))
    ticks = list(x_ticks)
    for value in ticks:
        at = x(value)
        parts.append(line(at, y.start, at, y.start + 4, GREY))
        parts.append(text(at, y.start + 17, x_label(value), "m c"))
    if ticks:
        parts.append(line(LEFT, y.start, RIGHT, y.start, GREY))
        parts.append(text(LEFT - 16, y.start + 17, x_unit, "m e"))
    return "".join(parts)


def title_row(title: str, unit: str, at: float, note: str = "") -> str:
    """Heading at the left, what there is to say at the right."""
    head = f'<tspan class="b">{escape(title)}</tspan><tspan class="m" dx="6">{escape(unit)}</tspan>'
    aside = text(RIGHT, at, note, "m e") if note else ""
    return f'<text x="{LEFT:g}" y="{at:.1f}">{head}</text>{aside}'


def drawing(charts: Sequence[Chart], label: str) -> str:
    """Charts below each other, as one SVG element that needs nothing from elsewhere."""
    height = sum(chart.height for chart in charts)
    body, at = [], 0.0
    for chart in charts:
        body.append(f'<g transform="translate(0 {at:g})">{chart.body}</g>')
        at += chart.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'aria-label="{escape(label, quote=True)}"><style>{STYLE}</style>'
        f'<rect width="{WIDTH:g}" height="{height:g}" fill="{PAPER}"/>{"".join(body)}</svg>\n'
    )
