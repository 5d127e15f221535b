"""The survey: what the crew knows of a line before the job. These models are the line file's schema.

The checks across tables (span count, places inside their span, catalogue keys) are here too; whoever reads a
file (`missions.files`) turns their errors into one line with file and place.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from robot.line import catalogue
from robot.line.mechanics import GRAVITY_MPS2
from robot.schema import Flag, Name, Table, Text, number, wrong

FORMAT = "silkline.line/1"
TENSION_MAX_N = 100_000.0
SAG_MAX = 0.25  # of the span's length
STRAIGHT_MAX_DEG = 1.0  # a straight pole may turn by this: what a survey cannot tell from zero

PoleKind = Literal["straight", "angle", "strain", "terminal"]
Over = Literal["river", "road", "railway", "houses", "trees"]


Angle = Annotated[float, number(-180.0, 180.0)]
Diameter = Annotated[float, number(0.0, 5.0, above=True)]
Height = Annotated[float, number(-500.0, 500.0)]
Length = Annotated[float, number(0.0, 2000.0, above=True)]
Place = Annotated[float, number(0.0, 2000.0)]
Force = Annotated[float, number(0.0, TENSION_MAX_N, above=True)]
Side = Annotated[float, number(-50.0, 50.0)]
Extent = tuple[Side, Side]


def _known(key: str, keys: tuple[str, ...], what: str) -> str:
    if key in keys:
        return key
    near = catalogue.nearest(key, keys) or keys[:3]
    raise PydanticCustomError(
        "unknown_key",
        "{what} {key} is not in the catalogue; nearest: {near}",
        {"what": what, "key": repr(key), "near": ", ".join(near)},
    )


def _slip_share(value: Any) -> Any:
    """0 = "fixed" at every insulator, 1 = "free" to slide over all of the section, or between."""
    if not isinstance(value, str):
        return value
    if value not in ("fixed", "free"):
        raise wrong(
            "slip = {value} is unknown; give 'fixed', 'free' or a number from 0 to 1", value=repr(value)
        )
    return 0.0 if value == "fixed" else 1.0


class Stringing(Table):
    """The state in which sag or tension was measured."""

    temperature_c: Annotated[float, number(-60.0, 100.0)] = 15.0
    horizontal_tension_n: Force | None = None
    slip: Annotated[float, number(0.0, 1.0), BeforeValidator(_slip_share)] = 0.0


class SurveyPole(Table):
    id: Name
    kind: PoleKind
    angle_deg: Angle = 0.0  # turn of the line in plan, positive to the right
    insulator: str = ""  # catalogue key; strain and terminal poles need none
    attachment_height_m: Height = 0.0  # relative to the first pole's

    @field_validator("insulator")
    @classmethod
    def _known_insulator(cls, key: str) -> str:
        return _known(key, tuple(catalogue.INSULATORS), "insulator")

    @model_validator(mode="after")
    def _kind_fits(self) -> SurveyPole:
        if self.kind in ("straight", "angle") and not self.insulator:
            raise wrong(
                "a {kind} pole needs an insulator, e.g. insulator = 'pin-10'",
                at=("insulator",),
                kind=self.kind,
            )
        if self.kind == "straight" and abs(self.angle_deg) > STRAIGHT_MAX_DEG:
            raise wrong(
                "a straight pole cannot turn the line by {turn} degrees; make its kind 'angle'",
                at=("angle_deg",),
                turn=self.angle_deg,
            )
        return self


class SurveySpan(Table):
    length_m: Annotated[float, number(1.0, 2000.0)]  # horizontal
    sag_m: Annotated[float, number(0.001, 100.0)] | None = None  # below the chord, when strung
    over: Over | None = None
    ground_clearance_m: Annotated[float, number(0.0, 200.0)] | None = None  # unloaded, at the lowest point


class SurveyFeature(Table):
    kind: str
    span: Annotated[int, Field(strict=True, ge=1)]  # 1 = first span
    at_m: Place  # horizontal, from the span's first pole
    extent_m: Length | None = None  # length along the line, where it differs from the catalogue's

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, key: str) -> str:
        return _known(key, tuple(catalogue.FEATURES), "feature")


class SurveySleeve(Table):
    s_m: Extent
    r_m: Diameter

    @model_validator(mode="after")
    def _in_order(self) -> SurveySleeve:
        if self.s_m[0] >= self.s_m[1]:
            low, high = self.s_m
            raise wrong(
                "[{low}, {high}] runs backwards; give the smaller first", at=("s_m",), low=low, high=high
            )
        return self


class SurveyBox(Table):
    s_m: Extent
    x_m: Extent
    z_m: Extent

    @model_validator(mode="after")
    def _in_order(self) -> SurveyBox:
        for name in ("s_m", "x_m", "z_m"):
            low, high = getattr(self, name)
            if low >= high:
                raise wrong(
                    "[{low}, {high}] runs backwards; give the smaller first",
                    at=(name,),
                    low=low,
                    high=high,
                )
        return self


class Envelope(Table):
    """A kind's envelope on this line, in place of the catalogue's. Radii are from the conductor's axis."""

    kind: str
    crossable: Flag = True
    sleeve: tuple[SurveySleeve, ...] = ()
    box: tuple[SurveyBox, ...] = ()

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, key: str) -> str:
        return _known(key, tuple(catalogue.KINDS), "feature or insulator")


class Survey(Table):
    """A line file."""

    format: Literal["silkline.line/1"]
    name: Name
    attribution: Text = ""  # of imported data
    licence: Text = ""
    conductor: str
    cable: str
    cable_loaded_m: Annotated[float, number(0.0, 20_000.0, above=True)] | None = None
    pitch_m: Annotated[float, number(0.2, 1.5)]
    lay: Literal["S", "Z"]
    tension_n: Annotated[float, number(1.0, 100.0)] = 10.0
    phase_spacing_m: Annotated[float, number(0.0, 20.0, above=True)]
    energised: Flag = False
    stringing: Stringing = Stringing()
    pole: Annotated[tuple[SurveyPole, ...], Field(min_length=2)]
    span: Annotated[tuple[SurveySpan, ...], Field(min_length=1)]
    feature: tuple[SurveyFeature, ...] = ()
    envelope: tuple[Envelope, ...] = ()

    @field_validator("conductor")
    @classmethod
    def _known_conductor(cls, key: str) -> str:
        return _known(key, tuple(catalogue.CONDUCTORS), "conductor")

    @field_validator("cable")
    @classmethod
    def _known_cable(cls, key: str) -> str:
        return _known(key, tuple(catalogue.CABLES), "cable")

    @model_validator(mode="after")
    def _tables_fit(self) -> Survey:
        self._check_poles()
        self._check_spans()
        self._check_stringing()
        self._check_features()
        self._check_envelopes()
        return self

    def _check_poles(self) -> None:
        if len(self.span) != len(self.pole) - 1:
            raise wrong(
                "{spans} spans do not fit {poles} poles; {right} [[span]] tables would",
                at=("span", len(self.span) - 1),
                spans=len(self.span),
                poles=len(self.pole),
                right=len(self.pole) - 1,
            )
        seen: set[str] = set()
        for i, pole in enumerate(self.pole):
            if pole.id in seen:
                raise wrong("'{id}' stands twice; ids must differ", at=("pole", i, "id"), id=pole.id)
            seen.add(pole.id)
            if pole.kind == "terminal" and 0 < i < len(self.pole) - 1:
                raise wrong("a terminal pole cannot stand inside; use 'strain'", at=("pole", i, "kind"))

    def _check_spans(self) -> None:
        for i, (span, pair) in enumerate(zip(self.span, itertools.pairwise(self.pole), strict=True)):
            rise_m = pair[1].attachment_height_m - pair[0].attachment_height_m
            if abs(rise_m) > span.length_m:
                raise wrong(
                    "{rise} m of height over a span of {length} m are steeper than 45 degrees; both are in m",
                    at=("pole", i + 1, "attachment_height_m"),
                    rise=f"{abs(rise_m):g}",
                    length=f"{span.length_m:g}",
                )
            if span.sag_m is not None and span.sag_m > SAG_MAX * span.length_m:
                raise wrong(
                    "{sag} is over a quarter of length_m = {length}; both are in m",
                    at=("span", i, "sag_m"),
                    sag=span.sag_m,
                    length=span.length_m,
                )

    def _check_stringing(self) -> None:
        """Every span hangs as a line does, and its conductor bears the tension, by the parabola."""
        conductor, strung_n = catalogue.CONDUCTORS[self.conductor], self.stringing.horizontal_tension_n
        most_n = TENSION_MAX_N if math.isnan(conductor.strength_n) else conductor.strength_n
        for i, span in enumerate(self.span):
            tension_by_sag_nm = conductor.mass_kg_per_m * GRAVITY_MPS2 * span.length_m**2 / 8
            least_n = tension_by_sag_nm / (SAG_MAX * span.length_m)
            if span.sag_m is None and strung_n is None:
                raise wrong(
                    "neither sag_m nor stringing.horizontal_tension_n is given; one is needed", at=("span", i)
                )
            if span.sag_m is not None and tension_by_sag_nm > most_n * span.sag_m:
                raise wrong(
                    "{sag} would take more than the {most} N that {conductor} bears; give at least {least} m",
                    at=("span", i, "sag_m"),
                    sag=span.sag_m,
                    most=f"{most_n:.0f}",
                    conductor=conductor.key,
                    least=f"{tension_by_sag_nm / most_n:.3g}",
                )
            if span.sag_m is None and strung_n is not None and not _within(strung_n, least_n, most_n):
                raise wrong(
                    "{tension} N does not suit {conductor} over the {length} m of span {number}: "
                    "{least} to {most} N would",
                    at=("stringing", "horizontal_tension_n"),
                    tension=f"{strung_n:g}",
                    conductor=conductor.key,
                    length=f"{span.length_m:g}",
                    number=i + 1,
                    least=f"{math.ceil(least_n)}" if least_n == least_n else "1",
                    most=f"{most_n:.0f}",
                )

    def _check_features(self) -> None:
        for i, feature in enumerate(self.feature):
            if feature.span > len(self.span):
                raise wrong(
                    "{span} does not exist; spans are 1 to {spans}",
                    at=("feature", i, "span"),
                    span=feature.span,
                    spans=len(self.span),
                )
            length_m = self.span[feature.span - 1].length_m
            if feature.at_m > length_m:
                raise wrong(
                    "{at_m} lies outside span {span}; 0 to {length} m would be inside",
                    at=("feature", i, "at_m"),
                    at_m=feature.at_m,
                    span=feature.span,
                    length=length_m,
                )

    def _check_envelopes(self) -> None:
        seen: set[str] = set()
        for i, envelope in enumerate(self.envelope):
            if envelope.kind in seen:
                raise wrong(
                    "'{kind}' has an envelope already; put all its sleeves and boxes into one [[envelope]]",
                    at=("envelope", i, "kind"),
                    kind=envelope.kind,
                )
            seen.add(envelope.kind)


def _within(value: float, low: float, high: float) -> bool:
    """Whether `value` is between the two; a limit that is not known (NaN) forbids nothing."""
    return not (value < low or value > high)


def sections(survey: Survey) -> tuple[tuple[int, int], ...]:
    """First and last pole (indices) of every section: the stretches between strain poles."""
    inner = [i for i, pole in enumerate(survey.pole[1:-1], 1) if pole.kind == "strain"]
    ends = [0, *inner, len(survey.pole) - 1]
    return tuple(itertools.pairwise(ends))
