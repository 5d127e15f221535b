"""The survey: what the crew knows of a line before the job. These models are the line file's schema.

The checks across tables (span count, places inside their span, catalogue keys) are here too; whoever reads a
file (`missions.files`) turns their errors into one line with file and place.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from robot.line import catalogue
from robot.profile import Range, Table

FORMAT = "silkline.line/1"
STRAIGHT_MAX_DEG = 1.0  # a straight pole may turn by this: what a survey cannot tell from zero

PoleKind = Literal["straight", "angle", "strain", "terminal"]
Over = Literal["river", "road", "railway", "houses", "trees"]


def _number(low: float, high: float, *, above: bool = False) -> Any:
    """A strict number within a range; `above` leaves `low` itself out."""
    gt, ge = (low, None) if above else (None, low)
    return Field(strict=True, allow_inf_nan=False, gt=gt, ge=ge, le=high)


Angle = Annotated[float, _number(-180.0, 180.0)]
Diameter = Annotated[float, _number(0.0, 5.0, above=True)]
Height = Annotated[float, _number(-500.0, 500.0)]
Length = Annotated[float, _number(0.0, 2000.0, above=True)]
Place = Annotated[float, _number(0.0, 2000.0)]
Force = Annotated[float, _number(0.0, 100_000.0, above=True)]
Flag = Annotated[bool, Field(strict=True)]


def _known(key: str, keys: tuple[str, ...], what: str) -> str:
    if key in keys:
        return key
    near = catalogue.nearest(key, keys) or keys[:3]
    raise PydanticCustomError(
        "unknown_key",
        "{what} {key} is not in the catalogue; nearest: {near}",
        {"what": what, "key": repr(key), "near": ", ".join(near)},
    )


def _wrong(text: str, **values: object) -> PydanticCustomError:
    return PydanticCustomError("line", text, values)


def _slip_share(value: Any) -> Any:
    """0 = "fixed" at every insulator, 1 = "free" to slide over all of the section, or between."""
    if not isinstance(value, str):
        return value
    if value not in ("fixed", "free"):
        raise _wrong(
            "slip = {value} is unknown; give 'fixed', 'free' or a number from 0 to 1", value=repr(value)
        )
    return 0.0 if value == "fixed" else 1.0


class Stringing(Table):
    """The state in which sag or tension was measured."""

    temperature_c: Annotated[float, _number(-60.0, 100.0)] = 15.0
    horizontal_tension_n: Force | None = None
    slip: Annotated[float, _number(0.0, 1.0), BeforeValidator(_slip_share)] = 0.0


class SurveyPole(Table):
    id: Annotated[str, Field(min_length=1)]
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
            raise _wrong("a {kind} pole needs an insulator, e.g. insulator = 'pin-10'", kind=self.kind)
        if self.kind == "straight" and abs(self.angle_deg) > STRAIGHT_MAX_DEG:
            raise _wrong(
                "a straight pole cannot turn the line by {turn} degrees; make its kind 'angle'",
                turn=self.angle_deg,
            )
        return self


class SurveySpan(Table):
    length_m: Length  # horizontal
    sag_m: Annotated[float, _number(0.0, 100.0, above=True)] | None = None  # below the chord, when strung
    over: Over | None = None
    ground_clearance_m: Annotated[float, _number(0.0, 200.0)] | None = None  # unloaded, at the lowest point


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
    s_m: Range
    r_m: Diameter

    @model_validator(mode="after")
    def _in_order(self) -> SurveySleeve:
        if self.s_m[0] >= self.s_m[1]:
            low, high = self.s_m
            raise _wrong("s_m = [{low}, {high}] runs backwards; give the smaller first", low=low, high=high)
        return self


class SurveyBox(Table):
    s_m: Range
    x_m: Range
    z_m: Range

    @model_validator(mode="after")
    def _in_order(self) -> SurveyBox:
        for name in ("s_m", "x_m", "z_m"):
            low, high = getattr(self, name)
            if low >= high:
                raise _wrong(
                    "{name} = [{low}, {high}] runs backwards; give the smaller first",
                    name=name,
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
    name: Annotated[str, Field(min_length=1)]
    attribution: str = ""  # of imported data
    licence: str = ""
    conductor: str
    cable: str
    cable_loaded_m: Annotated[float, _number(0.0, 20_000.0, above=True)] | None = None
    pitch_m: Annotated[float, _number(0.2, 1.5)]
    lay: Literal["S", "Z"]
    tension_n: Annotated[float, _number(1.0, 100.0)] = 10.0
    phase_spacing_m: Annotated[float, _number(0.0, 20.0, above=True)]
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
        self._check_counts()
        self._check_spans()
        self._check_features()
        return self

    def _check_counts(self) -> None:
        if len(self.span) != len(self.pole) - 1:
            raise _wrong(
                "{spans} spans do not fit {poles} poles; {right} [[span]] tables would",
                spans=len(self.span),
                poles=len(self.pole),
                right=len(self.pole) - 1,
            )
        seen: set[str] = set()
        for number, pole in enumerate(self.pole, 1):
            if pole.id in seen:
                raise _wrong(
                    "pole {number}: id '{id}' stands twice; ids must differ", number=number, id=pole.id
                )
            seen.add(pole.id)
            if pole.kind == "terminal" and 1 < number < len(self.pole):
                raise _wrong(
                    "pole {number}: a terminal pole cannot stand inside; use 'strain'", number=number
                )

    def _check_spans(self) -> None:
        for number, span in enumerate(self.span, 1):
            if span.sag_m is None and self.stringing.horizontal_tension_n is None:
                raise _wrong(
                    "span {number}: neither sag_m nor stringing.horizontal_tension_n is given; one is needed",
                    number=number,
                )
            if span.sag_m is not None and span.sag_m > 0.25 * span.length_m:
                raise _wrong(
                    "span {number}: sag_m = {sag} is over a quarter of length_m = {length}; both are in m",
                    number=number,
                    sag=span.sag_m,
                    length=span.length_m,
                )

    def _check_features(self) -> None:
        for number, feature in enumerate(self.feature, 1):
            if feature.span > len(self.span):
                raise _wrong(
                    "feature {number}: span {span} does not exist; spans are 1 to {spans}",
                    number=number,
                    span=feature.span,
                    spans=len(self.span),
                )
            length_m = self.span[feature.span - 1].length_m
            if feature.at_m > length_m:
                raise _wrong(
                    "feature {number}: at_m = {at} lies outside span {span}; 0 to {length} m would be inside",
                    number=number,
                    at=feature.at_m,
                    span=feature.span,
                    length=length_m,
                )


def sections(survey: Survey) -> tuple[tuple[int, int], ...]:
    """First and last pole (indices) of every section: the stretches between strain poles."""
    inner = [i for i, pole in enumerate(survey.pole[1:-1], 1) if pole.kind == "strain"]
    ends = [0, *inner, len(survey.pole) - 1]
    return tuple(itertools.pairwise(ends))
