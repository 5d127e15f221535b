"""A scenario: a line, and what its survey does not know (design, section 8).

The models are the schema of `silkline.scenario/1` files; they are read by `missions.files`, which turns a
refusal into one line with file and place. Unknown keys, wrong types and values out of range are refused here.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from robot.messages import GRIP, Action, Axis

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

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


class Table(BaseModel):
    """A frozen table of a file; unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Weather(Table):
    """What blows, falls and shines. Wind blows across the line."""

    wind_mps: NotNegative = 4.0
    gust_mps: NotNegative = 6.0
    temperature_c: Annotated[float, Field(ge=-40, le=60, allow_inf_nan=False)] = 20.0
    wet: bool = False
    light: Literal["sun", "overcast", "dusk", "backlight"] = "overcast"
    humidity_pct: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 60.0

    @model_validator(mode="after")
    def _gusts_are_not_below_the_mean(self) -> Weather:
        if self.gust_mps < self.wind_mps:
            raise ValueError(
                f"gust_mps {self.gust_mps:g} is below wind_mps {self.wind_mps:g}; it must be at least that"
            )
        return self


class Spread(Table):
    """What else is drawn from the seed: 1 sigma of each, 0 = exactly as the profile says."""

    odometer_scale: NotNegative = 0.003
    wheel_scale: NotNegative = 0.003
    conductor_diameter_m: NotNegative = 0.0003
    friction: NotNegative = 0.10
    cable_mass: NotNegative = 0.01
    sensor_noise: NotNegative = 1.0  # factor on every sensor's noise
    camera_misses: Annotated[float, Field(ge=0, le=1)] = 0.03
    camera_false_alarms: Annotated[float, Field(ge=0, le=1)] = 0.01
    camera_class_errors: Annotated[float, Field(ge=0, le=1)] = 0.02


class Surprise(Table):
    """A feature that the survey does not know. `kind` is a key of the catalogue."""

    kind: str
    span: Annotated[int, Field(ge=1)]
    at_m: NotNegative


class Fault(Table):
    """Something breaks: at a time or at a chainage, on a target, for a while (None = to the end).

    `value` scales the fault: factor for `wrong` (default 1.2) and `slip` (0.1), seconds for `delayed` (0.2),
    newtons for `snag` (60), `drag` (60) and `contact` (150), newton metres against the rotor for `jam` (60),
    degrees by which the conductor rises ahead of the robot for `tilt` (-20).
    """

    kind: SensorFaultKind | PlantFaultKind | DriveFaultKind | LinkFaultKind
    target: str = ""
    at_s: NotNegative | None = None
    at_m: NotNegative | None = None
    for_s: Positive | None = None
    value: Finite | None = None

    @model_validator(mode="after")
    def _kind_fits_target(self) -> Fault:
        if (self.at_s is None) == (self.at_m is None):
            raise ValueError("a fault starts either at_s or at_m; give exactly one of them")
        if self.kind in get_args(PlantFaultKind):
            if self.target:
                raise ValueError(f"fault {self.kind!r} acts on the robot as a whole; leave out its target")
            return self
        kinds = kinds_of(self.target)
        if not kinds:
            raise ValueError(f"target {self.target!r} is unknown; known are {', '.join(ALL_TARGETS)}")
        if self.kind not in kinds:
            raise ValueError(
                f"fault {self.kind!r} does not fit target {self.target!r}; it can be {', '.join(kinds)}"
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

    at_s: NotNegative
    action: Action
    argument: str = ""
    client: str = "crew"


class Scenario(Table):
    """The world for one simulated job."""

    format: Literal["silkline.scenario/1"] = "silkline.scenario/1"
    line: str
    section: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 1
    survey_error_m: NotNegative = 0.2
    weather: Weather = Weather()
    world: Spread = Spread()
    surprise: tuple[Surprise, ...] = ()
    fault: tuple[Fault, ...] = ()
    operator: tuple[OperatorAct, ...] = ()

    @field_validator("line")
    @classmethod
    def _line_is_named(cls, value: str) -> str:
        if not value:
            raise ValueError("the line's file must be named")
        return value

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
