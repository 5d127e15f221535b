"""A scenario: a line, and what its survey does not know (design, section 8).

The models are the schema of `silkline.scenario/1` files; they are read by `missions.files`, which turns a
refusal into one line with file and place. Unknown keys, wrong types and values out of range are refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field, model_validator

from robot.line.catalogue import nearest
from robot.messages import GRIP, Action, Axis
from robot.schema import Finite, Name, Table, Text, number, wrong

Wind = Annotated[float, number(0.0, 60.0)]
Seconds = Annotated[float, number(0.0, 1e6)]
Chainage = Annotated[float, number(0.0, 100000.0)]
Share = Annotated[float, number(0.0, 1.0)]

SensorFaultKind = Literal["ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent"]
PlantFaultKind = Literal["slip", "snag", "cable_break", "drag", "contact", "jam", "tilt"]
DriveFaultKind = Literal["reset", "over_temperature", "over_current", "watchdog_off"]
LinkFaultKind = Literal[
    "disconnect",
    "corrupt",
    "truncate",
    "duplicate",
    "reorder",
    "replay",
    "swap",
    "flood",
    "half_open",
    "delayed",
]

AXIS_NAMES = tuple(a.name.lower() for a in Axis)
SENSOR_TARGETS = (
    "imu",
    "cable_tension",
    "dancer",
    "camera",
    "odometer",
    "rotor_abs",
    "guide_switch",
    "battery",
    "estop",
    *(f"{name}.encoder" for name in AXIS_NAMES),
    *(f"{AXIS_NAMES[a]}.{what}" for a in GRIP for what in ("load", "pinch")),
)
DRIVE_TARGETS = tuple(f"{name}.drive" for name in AXIS_NAMES)
LINK_TARGETS = ("link", "bus")  # the line to the board; those to the controllers beside it
HOST_TARGETS = ("loop", "log")  # the host's own: a blocked loop, a full disk (kinds "slow", "off")

SEED_MAX = 2**63 - 1
GUST_FACTOR = 1.5  # gusts over mean wind where a file gives none


class Size(NamedTuple):
    """How big a fault may be."""

    default: float
    low: float
    high: float
    unit: str


_CHANCE = "of 1, the share of chunks"
SIZES: Mapping[str, Size] = {  # by kind; the others have no size
    "wrong": Size(1.2, -100.0, 100.0, "times the true value"),
    "slow": Size(1.0, 0.01, 60.0, "s"),
    "delayed": Size(0.2, 0.0, 10.0, "s"),
    "slip": Size(0.1, 0.0, 1.0, "times the friction"),
    "snag": Size(60.0, 0.0, 1000.0, "N"),
    "drag": Size(60.0, -1000.0, 1000.0, "N against the travel"),
    "contact": Size(150.0, -1000.0, 1000.0, "N against the travel"),
    "jam": Size(60.0, 0.0, 1000.0, "N m against the rotor"),
    "tilt": Size(-20.0, -30.0, 30.0, "degrees by which the conductor rises ahead"),
    "corrupt": Size(1e-4, 0.0, 1.0, "of 1, the share of bytes"),
    "truncate": Size(0.05, 0.0, 1.0, _CHANCE),
    "duplicate": Size(0.2, 0.0, 1.0, _CHANCE),
    "reorder": Size(0.2, 0.0, 1.0, _CHANCE),
    "replay": Size(1.0, 0.0, 1.0, _CHANCE),
    "flood": Size(1.0, 0.0, 1.0, _CHANCE),
}


class Weather(Table):
    """What blows, falls and shines. Wind blows across the line, with gusts to `gust_mps`."""

    wind_mps: Wind = 4.0
    gust_mps: Wind = Field(default_factory=lambda known: GUST_FACTOR * known.get("wind_mps", 0.0))
    temperature_c: Annotated[float, number(-40.0, 60.0)] = 20.0
    wet: bool = False
    light: Literal["sun", "overcast", "dusk", "backlight"] = "overcast"
    humidity_pct: Annotated[float, number(0.0, 100.0)] = 60.0

    @model_validator(mode="after")
    def _gusts_are_not_below_the_mean(self) -> Weather:
        if self.gust_mps < self.wind_mps:
            raise wrong(
                "{gust} is below wind_mps = {wind}; it must be at least that",
                at=("gust_mps",),
                gust=f"{self.gust_mps:g}",
                wind=f"{self.wind_mps:g}",
            )
        return self


class Spread(Table):
    """What else is drawn from the seed: 1 sigma of each, 0 = exactly as the profile says."""

    odometer_scale: Annotated[float, number(0.0, 0.05)] = 0.003
    wheel_scale: Annotated[float, number(0.0, 0.05)] = 0.003
    conductor_diameter_m: Annotated[float, number(0.0, 0.001)] = 0.0003
    friction: Annotated[float, number(0.0, 0.2)] = 0.10
    cable_mass: Annotated[float, number(0.0, 0.2)] = 0.01
    sensor_noise: Annotated[float, number(0.0, 100.0)] = 1.0  # factor on every sensor's
    camera_misses: Share = 0.03
    camera_false_alarms: Share = 0.01
    camera_class_errors: Share = 0.02


class Surprise(Table):
    """A feature that the survey does not know. `kind` is a key of the catalogue."""

    kind: Text
    span: Annotated[int, Field(ge=1)]
    at_m: Chainage


class Mistake(Table):
    """What the survey has wrong of one feature, named as it stands there by `kind`, `span` and `at_m`.

    An inner pole's insulator stands at 0 m of the span that begins there. What is doubled on the line is a
    surprise, what is doubled in the survey a mistake.
    """

    kind: Text
    span: Annotated[int, Field(ge=1)]
    at_m: Chainage
    really: Text | Literal[""] = ""  # the kind that is there, "nothing", or "" = as surveyed
    shift_m: Annotated[float, number(-5.0, 5.0)] = 0.0  # how much further along the line it is


class Fault(Table):
    """Something breaks: at a time or at a chainage, on a target, for a while (None = to the end).

    `value` is its size (`SIZES`).
    """

    kind: SensorFaultKind | PlantFaultKind | DriveFaultKind | LinkFaultKind
    target: Text = ""
    at_s: Seconds | None = None
    at_m: Chainage | None = None
    for_s: Annotated[float, number(0.0, 1e6, above=True)] | None = None
    value: Finite | None = None

    @model_validator(mode="after")
    def _kind_fits_target(self) -> Fault:
        if (self.at_s is None) == (self.at_m is None):
            raise wrong("a fault starts either at_s or at_m; give exactly one of them")
        if self.kind in get_args(PlantFaultKind):
            if self.target:
                text = "fault '{kind}' acts on the robot as a whole; leave out its target"
                raise wrong(text, at=("target",), kind=self.kind)
            return self
        kinds = kinds_of(self.target)
        if not kinds:
            near = nearest(self.target, ALL_TARGETS) or ALL_TARGETS
            text = "'{target}' is unknown; nearest: {near}"
            raise wrong(text, at=("target",), target=self.target, near=", ".join(near))
        if self.kind not in kinds:
            raise wrong(
                "fault '{kind}' does not fit target '{target}'; it can be {kinds}",
                at=("kind",),
                kind=self.kind,
                target=self.target,
                kinds=", ".join(kinds),
            )
        return self

    @model_validator(mode="after")
    def _size_is_in_range(self) -> Fault:
        if self.value is None:
            return self
        size = SIZES.get(self.kind)
        if size is None:
            raise wrong("fault '{kind}' has no size; leave value out", at=("value",), kind=self.kind)
        if not size.low <= self.value <= size.high:
            raise wrong(
                "{value} is out of range for fault '{kind}'; it can be {low} to {high} {unit}",
                at=("value",),
                value=f"{self.value:g}",
                kind=self.kind,
                low=f"{size.low:g}",
                high=f"{size.high:g}",
                unit=size.unit,
            )
        return self


ALL_TARGETS = SENSOR_TARGETS + DRIVE_TARGETS + LINK_TARGETS + HOST_TARGETS


def kinds_of(target: str) -> tuple[str, ...]:
    """The kinds of fault that a target can have; empty for an unknown target."""
    if target in SENSOR_TARGETS:
        return get_args(SensorFaultKind)
    if target in DRIVE_TARGETS:
        return get_args(DriveFaultKind)
    if target in LINK_TARGETS:
        return get_args(LinkFaultKind)
    if target in HOST_TARGETS:
        return ("off", "slow")
    return ()


class OperatorAct(Table):
    """One scripted act. `argument` is what the action needs, e.g. the catalogue key for `treat_as`."""

    at_s: Seconds
    action: Action
    argument: Text = ""
    client: Name = "crew"


class Scenario(Table):
    """The world for one simulated job."""

    format: Literal["silkline.scenario/1"] = "silkline.scenario/1"
    line: Name
    section: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0, le=SEED_MAX)] = 1
    survey_error_m: Annotated[float, number(0.0, 5.0)] = 0.2
    weather: Weather = Weather()
    world: Spread = Spread()
    surprise: tuple[Surprise, ...] = ()
    mistake: tuple[Mistake, ...] = ()
    fault: tuple[Fault, ...] = ()
    operator: tuple[OperatorAct, ...] = ()

    @property
    def sensor_faults(self) -> tuple[Fault, ...]:
        """Faults of the world's sensors and cameras."""
        return tuple(f for f in self.fault if f.target in SENSOR_TARGETS)

    @property
    def plant_faults(self) -> tuple[Fault, ...]:
        """Faults of the world's mechanics."""
        return tuple(f for f in self.fault if f.kind in get_args(PlantFaultKind))

    @property
    def wire_faults(self) -> tuple[Fault, ...]:
        """Faults of drives, link and host; they act outside the world."""
        return tuple(f for f in self.fault if f.target in DRIVE_TARGETS + LINK_TARGETS + HOST_TARGETS)
