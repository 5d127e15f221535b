"""A line as the robot meets it: poles, spans and features by chainage, and its shape under load.

Chainage s is 0 at the first pole's attachment and counts along the unloaded conductor. Heights are relative
to the first pole's attachment.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from robot.line import catalogue, elastic, section
from robot.line.catalogue import Cable, Conductor
from robot.line.elastic import FloatArray
from robot.line.features import Box, Feature, Shape, Sleeve
from robot.line.mechanics import GRAVITY_MPS2, Catenary, tension_from_sag_n
from robot.line.survey import Survey, SurveyFeature, SurveySpan, sections

_TABLE_STEP_M = 0.05
_TABLE_ROWS_MAX = 500_000  # of all spans together; longer lines get coarser tables


class LineError(ValueError):
    """The survey is sound, but no line can be made of it: the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Pole:
    id: str
    kind: str  # straight | angle | strain | terminal
    chainage_m: float
    horizontal_m: float  # in plan, from the first pole
    height_m: float  # of the attachment
    angle_deg: float  # turn in plan, positive to the right
    insulator: str  # catalogue key


@dataclass(frozen=True, slots=True)
class Span:
    number: int  # as in the survey, 1 = its first
    from_m: float  # chainages of its ends
    to_m: float
    length_m: float  # horizontal
    rise_m: float
    horizontal_tension_n: float  # as strung
    sag_m: float  # as strung, below the chord
    over: str | None
    ground_clearance_m: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One section of a surveyed line, or all of it; `section` is 1-based, None = all."""

    name: str
    section: int | None
    conductor: Conductor
    cable: Cable
    cable_loaded_m: float
    pitch_m: float
    hand: int  # +1 Z: theta grows with s, -1 S
    tension_n: float  # of the cable
    phase_spacing_m: float
    energised: bool
    poles: tuple[Pole, ...]
    spans: tuple[Span, ...]
    features: tuple[Feature, ...]  # by chainage: every inner pole's insulator, and what hangs on the spans
    length_m: float  # unloaded conductor from the first attachment to the last
    stringing_temperature_c: float
    slip: float  # 0 fixed at the insulators .. 1 free over the section
    survey: Survey

    @classmethod
    def build(cls, survey: Survey, section: int | None = None) -> Line:
        """The line of a survey, or its section number `section` (1 = first).

        Raises:
            LineError: there is no such section, or the conductor's catalogue row lacks a figure.
        """
        first, last = _pole_range(survey, section)
        conductor = catalogue.CONDUCTORS[survey.conductor]
        if conductor.missing:
            raise LineError(
                f"conductor {conductor.key}: the catalogue gives no {', '.join(conductor.missing)}"
            )
        curves = tuple(_curve(survey, i, conductor) for i in range(first, last))
        poles = _poles(survey, first, curves)
        spans = tuple(
            _span(i + 1, survey.span[i], curve, poles[i - first].chainage_m)
            for i, curve in zip(range(first, last), curves, strict=True)
        )
        length_m = poles[-1].chainage_m
        loaded_m = survey.cable_loaded_m
        return cls(
            name=survey.name,
            section=section,
            conductor=conductor,
            cable=catalogue.CABLES[survey.cable],
            cable_loaded_m=1.05 * length_m + 5.0 if loaded_m is None else loaded_m,
            pitch_m=survey.pitch_m,
            hand=1 if survey.lay == "Z" else -1,
            tension_n=survey.tension_n,
            phase_spacing_m=survey.phase_spacing_m,
            energised=survey.energised,
            poles=poles,
            spans=spans,
            features=_features(survey, first, poles, curves, conductor.radius_m),
            length_m=length_m,
            stringing_temperature_c=survey.stringing.temperature_c,
            slip=survey.stringing.slip,
            survey=survey,
        )

    @property
    def weight_n_per_m(self) -> float:
        return self.conductor.mass_kg_per_m * GRAVITY_MPS2

    def catenary(self, index: int) -> Catenary:
        """Span `index` (0 = first of this line) as strung, without the robot."""
        span = self.spans[index]
        return Catenary(span.length_m, span.rise_m, self.weight_n_per_m, span.horizontal_tension_n)

    def chainage_m(self, number: int, at_m: float) -> float:
        """Chainage of a place given as in the survey: span number, horizontal distance from its first pole.

        Raises:
            LineError: this section has no such span.
        """
        index = number - self.spans[0].number
        if not 0 <= index < len(self.spans):
            raise LineError(f"span {number} is not in {self.spans[0].number} to {self.spans[-1].number}")
        return self.spans[index].from_m + self.catenary(index).arc_m(at_m)

    def feature(self, kind: str, at_m: float) -> Feature:
        """A feature of this kind at a chainage, sized for this line."""
        return _feature(self.survey, kind, at_m, self.conductor.radius_m)

    def slip_groups(self) -> tuple[tuple[int, int], ...]:
        """First span and one past the last (indices) of every stretch between strain poles."""
        cuts = [0, *(i for i, p in enumerate(self.poles[1:-1], 1) if p.kind == "strain"), len(self.spans)]
        return tuple(itertools.pairwise(cuts))


def _pole_range(survey: Survey, number: int | None) -> tuple[int, int]:
    if number is None:
        return 0, len(survey.pole) - 1
    parts = sections(survey)
    if not 1 <= number <= len(parts):
        raise LineError(f"section {number} does not exist; {survey.name} has sections 1 to {len(parts)}")
    return parts[number - 1]


def _curve(survey: Survey, index: int, conductor: Conductor) -> Catenary:
    span = survey.span[index]
    rise_m = survey.pole[index + 1].attachment_height_m - survey.pole[index].attachment_height_m
    weight = conductor.mass_kg_per_m * GRAVITY_MPS2
    strung_n = survey.stringing.horizontal_tension_n
    if span.sag_m is not None:
        strung_n = tension_from_sag_n(span.length_m, rise_m, weight, span.sag_m)
    if strung_n is None:
        raise LineError(f"span {index + 1} has neither a sag nor a stringing tension")
    return Catenary(span.length_m, rise_m, weight, strung_n)


def _span(number: int, span: SurveySpan, curve: Catenary, from_m: float) -> Span:
    return Span(
        number=number,
        from_m=from_m,
        to_m=from_m + curve.length_m,
        length_m=curve.span_m,
        rise_m=curve.rise_m,
        horizontal_tension_n=curve.horizontal_tension_n,
        sag_m=curve.sag_m,
        over=span.over,
        ground_clearance_m=span.ground_clearance_m,
    )


def _poles(survey: Survey, first: int, curves: Sequence[Catenary]) -> tuple[Pole, ...]:
    base_m = survey.pole[first].attachment_height_m
    poles = []
    chainage_m = horizontal_m = 0.0
    for i in range(len(curves) + 1):
        pole = survey.pole[first + i]
        poles.append(
            Pole(
                id=pole.id,
                kind=pole.kind,
                chainage_m=chainage_m,
                horizontal_m=horizontal_m,
                height_m=pole.attachment_height_m - base_m,
                angle_deg=pole.angle_deg,
                insulator=pole.insulator or "strain-10",
            )
        )
        if i < len(curves):
            chainage_m += curves[i].length_m
            horizontal_m += curves[i].span_m
    return tuple(poles)


def _features(
    survey: Survey, first: int, poles: Sequence[Pole], curves: Sequence[Catenary], radius_m: float
) -> tuple[Feature, ...]:
    found = [_feature(survey, p.insulator, p.chainage_m, radius_m, pole=p.id) for p in poles[1:-1]]
    for hung in survey.feature:
        index = hung.span - 1 - first
        if 0 <= index < len(curves):
            at_m = poles[index].chainage_m + curves[index].arc_m(hung.at_m)
            found.append(_feature(survey, hung.kind, at_m, radius_m, hung=hung))
    return tuple(sorted(found, key=lambda f: f.at_m))


def _feature(
    survey: Survey,
    kind: str,
    at_m: float,
    radius_m: float,
    *,
    pole: str = "",
    hung: SurveyFeature | None = None,
) -> Feature:
    shapes, crossable = catalogue.shapes(kind, radius_m), catalogue.crossable(kind)
    for envelope in survey.envelope:
        if envelope.kind == kind:
            shapes = (
                *(Sleeve(s.s_m, s.r_m) for s in envelope.sleeve),
                *(Box(b.s_m, b.x_m, b.z_m) for b in envelope.box),
            )
            crossable = envelope.crossable
    if hung is not None and hung.extent_m is not None:
        shapes = _stretched(shapes, hung.extent_m)
    return Feature(kind=kind, at_m=at_m, shapes=shapes, crossable=crossable, pole=pole)


def _stretched(shapes: Iterable[Shape], extent_m: float) -> tuple[Shape, ...]:
    """The same cross-sections over `extent_m` along the conductor."""
    s_m = (-extent_m / 2, extent_m / 2)
    return tuple(Sleeve(s_m, s.r_m) if isinstance(s, Sleeve) else Box(s_m, s.x_m, s.z_m) for s in shapes)


def span_array(line: Line, temperature_c: float) -> FloatArray:
    """The spans as `robot.line.section` takes them, grown from the stringing to this temperature."""
    growth = 1.0 + line.conductor.expansion_per_k * (temperature_c - line.stringing_temperature_c)
    w, ea = line.weight_n_per_m, line.conductor.stiffness_n
    spans = np.zeros((len(line.spans), section.COLUMNS))
    for row, span, pole in zip(spans, line.spans, line.poles, strict=False):
        _, length0_m, _ = elastic.solve_length(
            span.length_m, span.rise_m, span.horizontal_tension_n, w, ea, np.empty(0), 0.0
        )
        row[section.FROM], row[section.TO], row[section.SPAN] = span.from_m, span.to_m, span.length_m
        row[section.HEIGHT], row[section.RISE], row[section.LENGTH0] = (
            pole.height_m,
            span.rise_m,
            length0_m * growth,
        )
    return spans


class LoadedLine:
    """The line's shape with the robot on it: exact elastic catenaries, tabulated once by the robot's place.

    Args:
        mass_kg: all of the robot.
        wheels_m: where its weight rests in equal shares, from its middle: `profile.carriages.s_m`. The
            default is one point, which bends the conductor sharper than a real robot does.
    """

    def __init__(
        self, line: Line, mass_kg: float, temperature_c: float, wheels_m: Sequence[float] = (0.0,)
    ) -> None:
        self.line = line
        self._w = line.weight_n_per_m
        self._ea = line.conductor.stiffness_n
        self._wheels = np.array(sorted(wheels_m), dtype=np.float64)
        self._load = mass_kg * GRAVITY_MPS2 / len(self._wheels)
        self._half = max(float(self._wheels[-1] - self._wheels[0]) / 2, 1e-3)
        self._spans = span_array(line, temperature_c)
        self._step = self._lay_out_tables()
        self._table = np.empty((int(self._spans[:, section.ROWS].sum()), 3))
        self._fill()
        self._constants = (self._wheels, self._load, self._w, self._ea, self._step)

    def _lay_out_tables(self) -> float:
        """Give every span the rows in which its state changes; returns the step between rows in m."""
        reach_m = self._half + _TABLE_STEP_M
        spans = self._spans
        low, high = spans[:, section.FROM].copy(), spans[:, section.TO].copy()
        if self.line.slip > 0:
            for first, last in self.line.slip_groups():
                low[first:last], high[first:last] = low[first], high[last - 1]
        extent_m = high - low + 2 * reach_m
        step_m = max(_TABLE_STEP_M, float(extent_m.sum()) / _TABLE_ROWS_MAX)
        rows = np.ceil(extent_m / step_m) + 1
        spans[:, section.LOW] = low - reach_m
        spans[:, section.ROWS] = rows
        spans[:, section.OFFSET] = np.cumsum(rows) - rows
        return step_m

    def _fill(self) -> None:
        common = (self._wheels, self._load, self._w, self._ea, self._step)
        if self.line.slip > 0:
            for first, last in self.line.slip_groups():
                section.fill_sliding(self._spans, first, last, *common, self.line.slip, self._table)
        else:
            for k in range(len(self._spans)):
                section.fill_fixed(self._spans, k, *common, self._table)
        if not np.isfinite(self._table).all():
            raise LineError(f"{self.line.name}: no equilibrium of the conductor under {self._load} N a wheel")

    def heights_m(self, s_robot_m: float, s_m: FloatArray) -> FloatArray:
        """Heights of the conductor at chainages `s_m` (float64) with the robot's middle at `s_robot_m`; level
        beyond the line's ends."""
        out = np.empty(len(s_m))
        section.heights(self._spans, self._table, *self._constants, s_robot_m, s_m, out)
        return out

    def slope_rad(self, s_robot_m: float) -> float:
        """Mean slope under the robot, from its last wheel to its first, positive uphill."""
        return float(section.chord_slope(self._spans, self._table, *self._constants, s_robot_m, self._half))

    def kink_rad(self, pole_index: int, s_robot_m: float) -> float:
        """Vertical bend at a pole: slope before it minus slope behind it, 0 at the line's ends."""
        if not 0 < pole_index < len(self.line.poles) - 1:
            return 0.0
        before = self.end_slopes_rad(pole_index - 1, s_robot_m)[1]
        return before - self.end_slopes_rad(pole_index, s_robot_m)[0]

    def end_slopes_rad(self, span_index: int, s_robot_m: float) -> tuple[float, float]:
        """Slopes at both ends of a span, positive where the conductor rises with s."""
        wheels, load, w, _, step = self._constants
        left, right = section.end_slopes(
            self._spans, self._table, wheels, load, w, step, span_index, s_robot_m
        )
        return float(left), float(right)

    def horizontal_tension_n(self, s_robot_m: float) -> float:
        """In the span under the robot's middle."""
        wheels, load, w, _, step = self._constants
        k = section.find_span(self._spans, s_robot_m)
        return float(section.state(self._spans, self._table, k, s_robot_m, wheels, load, w, step)[0])

    def max_slope_rad(self) -> float:
        """Steepest `slope_rad` anywhere on the line, by size."""
        every_m = max(0.1, self._step)
        return float(section.steepest(self._spans, self._table, *self._constants, self._half, every_m))

    def max_kink_rad(self, pole_index: int, within_m: float) -> float:
        """Sharpest bend at a pole with the robot anywhere within this distance of it."""
        at_m = self.line.poles[pole_index].chainage_m
        places = at_m + np.linspace(-within_m, within_m, 81)
        return max(self.kink_rad(pole_index, float(s)) for s in places)

    def lowering_m(self, span_index: int) -> float:
        """How much lower than the span's lowest point without the robot the conductor comes with it."""
        span = self.line.spans[span_index]
        curve = self.line.catenary(span_index)
        lowest_x = min(max(curve.lowest_x_m, 0.0), curve.span_m)
        unloaded_m = self.line.poles[span_index].height_m + min(0.0, curve.rise_m, curve.height_m(lowest_x))
        places = np.linspace(span.from_m, span.to_m, 81)
        loaded_m = min(float(self.heights_m(float(s), places).min()) for s in places)
        return unloaded_m - loaded_m
