"""The robot's profile: every figure of a robot, as its file states it.

Nothing of a particular robot is written into code; R1 is `missions/robots/r1.toml`. The models below are the file's
schema: unknown keys, wrong types and values out of range are refused where the file is read (`missions.files`).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from robot.messages import GRIP, Axis
from robot.schema import Finite, Name, NotNegative, Positive, Range, Table, wrong


class Sector(Table):
    """A part's space in cylinder coordinates round the conductor. `s_m` is from the middle carriage; None = the
    owner's own length. `theta_deg` runs clockwise from the first to the second value."""

    part: str
    s_m: Range | None = None
    theta_deg: Range
    r_m: tuple[NotNegative, Positive]


class Limits(Table):
    speed_min_mps: Positive
    speed_max_mps: Positive
    mass_max_kg: Positive
    conductor_diameter_m: tuple[Positive, Positive]
    roll_max_deg: Positive
    roll_crossing_max_deg: Positive
    kink_vertical_max_deg: Positive
    kink_plan_max_deg: Positive
    half_width_m: Positive
    spacing_min_m: Positive
    wind_max_mps: Positive
    humidity_max_pct: Positive


class Carriages(Table):
    """The three carriages, front to rear."""

    s_m: tuple[Finite, Finite, Finite]
    half_length_m: Positive
    wheel_radius_m: Positive
    float_m: Positive
    pitch_deg: Positive
    mount_n_per_m: Positive
    middle_raise_m: Finite
    mass_kg: Positive
    center_z_m: Finite
    clamped_m: NotNegative
    open_m: Positive
    lifted_m: Positive
    pinch_max_n: Positive
    hang_max_n: Positive
    wheel_load_max_n: Positive
    bump_max_m: NotNegative
    clamped_bump_max_m: NotNegative
    friction_dry: Positive
    friction_wet: Positive
    rolling: NotNegative
    creep_longitudinal: Positive
    creep_lateral: Positive
    clamped: tuple[Sector, ...]
    open: tuple[Sector, ...]
    lifted: tuple[Sector, ...]


class Body(Table):
    mass_kg: Positive
    center_s_m: Finite
    center_z_m: Finite
    roll_inertia_kgm2: Positive
    wind_area_m2: Positive
    wind_center_z_m: Finite
    parts: tuple[Sector, ...]


class Rotor(Table):
    s_m: Finite
    width_m: Positive
    speed_max_rpm: Positive
    park_speed_dps: Positive
    mass_kg: Positive
    ring_r_m: tuple[Positive, Positive]
    slot_half_deg: Positive
    slot_center_deg: Finite
    residual_m: NotNegative
    cradle_theta_deg: Range
    cradle_r_m: tuple[Positive, Positive]
    cradle_mass_kg: Positive
    cradle_center_r_m: Positive
    coil_center_r_m: Positive


class Guide(Table):
    center_deg: Finite
    half_deg: Positive
    s_m: Range
    out_m: Positive
    retracted_m: Positive
    clearance_m: NotNegative

    def out_radius_m(self, conductor_diameter_m: float) -> float:
        """Inner radius of the finger when out, over a conductor of this diameter."""
        return max(self.out_m, conductor_diameter_m / 2 + self.clearance_m)


class Trim(Table):
    mass_kg: Positive
    center_deg: Finite
    half_deg: Positive
    center_r_m: tuple[Positive, Positive]
    envelope_r_m: tuple[Positive, Positive]


class Dancer(Table):
    """Spring-loaded pulley in the cable's path; `preload_n` is what leaves the slack stop."""

    stiffness_n_per_m: Positive
    travel_m: Positive
    preload_n: NotNegative = 0.0

    def tension_n(self, position_m: float) -> float:
        """Tension at a place between the stops; at the slack stop it is anything from 0 to the preload."""
        return self.preload_n + self.stiffness_n_per_m * position_m


class Camera(Table):
    forward_s_m: Finite
    forward_hz: Positive
    forward_range_m: Positive
    rear_s_m: Finite


class Times(Table):
    clamp_s: Positive
    lift_s: Positive
    guide_s: Positive
    confirm_s: NotNegative
    crossing_speed_mps: Positive


class Power(Table):
    voltage_v: Positive
    capacity_ah: Positive
    idle_w: NotNegative
    brake_s: Positive
    brake_factor: Positive = 1.2  # brake torque over the drive's largest effort
    efficiency: Annotated[float, Field(gt=0, le=1)] = (
        0.6  # of drive and gear while driving; nothing is fed back
    )
    copper_w: NotNegative = 60.0  # loss in a drive at its largest effort; falls with the effort's square

    @property
    def capacity_wh(self) -> float:
        return self.voltage_v * self.capacity_ah


class Electric(Table):
    outline_r_m: Positive
    clearance_m: Positive


class Drive(Table):
    """One axis, values at its output. `inertia` is motor and gear, in kg m2 or kg; `friction` is the gear's own, in
    N m or N; `continuous` is the effort it bears without end, reached with the time constant `thermal_s`."""

    axis: str
    effort_max: Positive
    velocity_max: Positive
    inertia: NotNegative = 0.0
    self_locking: bool = False
    friction: NotNegative = 0.0
    continuous: Positive | None = None  # half of `effort_max` if not given
    thermal_s: Positive = 120.0


class Profile(Table):
    """A robot."""

    format: Literal["silkline.robot/1"]
    name: Name
    limits: Limits
    carriages: Carriages
    body: Body
    rotor: Rotor
    guide: Guide
    trim: Trim
    dancer: Dancer
    camera: Camera
    times: Times
    power: Power
    electric: Electric
    drive: tuple[Drive, ...]

    @model_validator(mode="after")
    def _one_drive_per_axis(self) -> Profile:
        names = [d.axis for d in self.drive]
        expected = [a.name.lower() for a in Axis]
        if names != expected:
            first = next(
                (i for i, pair in enumerate(zip(names, expected, strict=False)) if len(set(pair)) > 1), 0
            )
            raise wrong(
                "drives must be listed once each in the order {order}",
                at=("drive", first, "axis"),
                order=", ".join(expected),
            )
        return self

    def mass_kg(self, coil_kg: float) -> float:
        """All of the robot with a coil of this mass."""
        return (
            3 * self.carriages.mass_kg
            + self.body.mass_kg
            + self.rotor.mass_kg
            + self.rotor.cradle_mass_kg
            + self.trim.mass_kg
            + coil_kg
        )

    def trim_radius_m(self, coil_kg: float) -> float:
        """Radius of the counterweight that balances cradle and coil; may lie outside `trim.center_r_m`."""
        moment_kgm = (
            self.rotor.cradle_mass_kg * self.rotor.cradle_center_r_m + coil_kg * self.rotor.coil_center_r_m
        )
        return moment_kgm / self.trim.mass_kg

    @cached_property
    def axis_travel(self) -> tuple[tuple[float, float], ...]:
        """Ends between which every axis moves, at its output; wheels, rotor and cable have none."""
        ends = [(-math.inf, math.inf)] * len(Axis)
        for axis in GRIP:
            ends[axis] = self.carriages.clamped_m, self.carriages.lifted_m
        ends[Axis.TRIM] = self.trim.center_r_m
        ends[Axis.GUIDE] = self.guide.out_m, self.guide.retracted_m
        return tuple(ends)

    @cached_property
    def park_rotor_rad(self) -> float:
        """Rotor angle that turns the slot straight down, to let an insulator through."""
        return math.radians(180.0 - self.rotor.slot_center_deg)
