"""The simulated world: the robot on a real line in real weather, behind ten axes and a set of sensors."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.virtual.mechanics import BoolArray, FloatArray, RawSensors
from hil.scenario import AXIS_NAMES, Fault, Mistake, Scenario
from hil.world import plant as plants
from hil.world.bodies import Bodies, lift_height_m
from hil.world.cable import CURVE_POINTS, CURVE_STEP_RAD, free_cable_m
from hil.world.camera import FeatureCamera
from hil.world.contacts import Contacts, pool_for
from hil.world.faults import Channel, Schedule, value_of
from hil.world.plant import Readout as R
from hil.world.sensors import Sensors
from hil.world.track import Shape, Track
from hil.world.truth import TruthState
from hil.world.weather import Wind
from robot.line import catalogue
from robot.line.features import Feature, Sleeve
from robot.line.line import Line, LoadedLine
from robot.messages import GRIP, Axis, CameraFrame
from robot.profile import Profile

_PLACE_S = 0.010  # slope, wind, payload and features are renewed at this pace
_PLACE_NS = round(_PLACE_S * 1e9)
_MOUNT_LAY_M = 2.5  # the crew mounts so that the lay begins this far behind the first pole
_MOUNT_GRIP_M = 0.0008  # where the crew leaves the middle grip: a pinch of 100 N
_GAP_MAX_M = 0.05  # loose cable hangs no further off the conductor within a turn
_TILT_RPS = 0.7  # how fast a fault turns the conductor
_TURN_POINTS = round(2 * math.pi / CURVE_STEP_RAD)
_ROTOR, _TRIM = int(Axis.ROTOR), int(Axis.TRIM)


class World:
    """Bodies, axes and sensors of one robot on one line; implements `Mechanics`.

    Args:
        profile: the robot.
        line: what the survey knows of the line.
        scenario: weather, faults and how far the world is from the survey.
        seed: of everything drawn; two worlds of one seed are bit-equal.
        start_s_m: chainage of the middle carriage at the start; None = as a crew mounts it.
        shape: the loaded conductor; None = from the line's mechanics.
    """

    def __init__(
        self,
        profile: Profile,
        line: Line,
        scenario: Scenario,
        seed: int,
        start_s_m: float | None = None,
        shape: Shape | None = None,
    ) -> None:
        rng = np.random.default_rng([seed, 0])
        spread = scenario.world
        diameter_m = line.conductor.diameter_m + spread.conductor_diameter_m * float(rng.standard_normal())
        cable_kg_per_m = line.cable.mass_kg_per_m * (1.0 + spread.cable_mass * float(rng.standard_normal()))
        coil_kg = line.cable_loaded_m * cable_kg_per_m
        if shape is None:
            mean_kg = profile.mass_kg(max(coil_kg - line.length_m * cable_kg_per_m / 2, 0.0))
            shape = LoadedLine(line, mean_kg, scenario.weather.temperature_c, profile.carriages.s_m)
        self.conductor_diameter_m = diameter_m
        self._profile, self._line, self._seed = profile, line, seed
        surprises, mistakes = _surprises(scenario, line), _mistakes(scenario, line)
        self._track = Track(shape, line, surprises, mistakes, scenario.survey_error_m, seed)
        self.true_features: tuple[Feature, ...] = self._track.features
        pool = pool_for(self.true_features)
        self.bodies = Bodies(profile, float(rng.uniform(-math.pi, math.pi)), pool)
        self._touch = Contacts(profile, self.bodies, pool, self._track, diameter_m / 2)
        self._wind = Wind(scenario.weather, profile.body, seed)
        guide_out_m = profile.guide.out_radius_m(diameter_m)
        radius_m = (diameter_m + line.cable.diameter_m) / 2
        lag_m = line.pitch_m * math.sqrt(guide_out_m**2 - radius_m**2) / (2 * math.pi * radius_m)
        if start_s_m is None:
            start_s_m = _MOUNT_LAY_M - sum(profile.guide.s_m) / 2 + lag_m + 0.01
        kinds = tuple(catalogue.FEATURES)
        self._sensors = Sensors(
            profile, spread, start_s_m, guide_out_m, seed, spoilable=bool(scenario.sensor_faults)
        )
        end = line.poles[-1]
        in_sight = (*self.true_features, line.feature(end.insulator, end.chainage_m))
        self._camera = FeatureCamera(profile.camera, in_sight, kinds, spread, scenario.weather.light, seed)
        self._schedule = Schedule([*scenario.sensor_faults, *scenario.plant_faults])
        self._faults: dict[str, Fault] = {}
        self._slope_rad = self._tilt_rad = 0.0
        self._encoders: dict[int, Channel] = {}

        friction = profile.carriages.friction_wet if scenario.weather.wet else profile.carriages.friction_dry
        self._friction = friction * max(1.0 + spread.friction * float(rng.standard_normal()), 0.3)
        self._plant = _plant(profile, line, diameter_m, cable_kg_per_m, start_s_m)
        self._plant["wheel_radius_m"] *= 1.0 + spread.wheel_scale * rng.standard_normal(3)
        self._plant["friction"] = self._friction
        self._cable, self._rings = _clamped_cable(
            self._plant[0], start_s_m, radius_m, lag_m, profile.guide.retracted_m, self._track.poles_m
        )
        self._sleeves = _sleeves(self.true_features, diameter_m / 2)
        self._axes = _axis_figures(profile)
        dancer = profile.dancer
        self._dancer = np.array([dancer.preload_n, dancer.stiffness_n_per_m, dancer.travel_m])

        self.braked: BoolArray = np.ones(len(Axis), np.bool_)
        self._position = _mounted(profile, coil_kg)
        self._velocity: FloatArray = np.zeros(len(Axis))
        self._effort: FloatArray = np.zeros(len(Axis))
        self._misread = any(f.target.endswith(".encoder") for f in scenario.sensor_faults)
        self.position: FloatArray = self._position.copy() if self._misread else self._position
        self.velocity: FloatArray = self._velocity.copy() if self._misread else self._velocity
        self._out: FloatArray = np.zeros(R.SIZE)
        self._read: list[float] = []
        self._t_ns = self._place_ns = 0
        self._place(0.0)

    # ------------------------------------------------------------------ Mechanics

    @property
    def t_s(self) -> float:
        return self._t_ns * 1e-9

    def step(self, dt_s: float, effort: FloatArray) -> None:
        """Advance by `dt_s` with these efforts at the axis outputs (N m or N)."""
        if self._t_ns >= self._place_ns:
            self._place(_PLACE_S)
        bodies = self.bodies
        plants.advance(
            dt_s,
            self._plant,
            self._cable,
            self._rings,
            self._track.poles_m,
            self._axes,
            self._dancer,
            effort,
            self.braked,
            self._position,
            self._velocity,
            *bodies.arrays,
        )
        bodies.step(dt_s)
        self._position[_ROTOR] = bodies.qpos[2]
        self._velocity[_ROTOR] = bodies.qvel[2]
        self._effort = effort
        self._t_ns += round(dt_s * 1e9)
        self._read = []
        if self._misread:
            self._read_encoders()

    def sensors(self) -> RawSensors:
        """Read all sensors now."""
        return self._sensors.read(self.t_s, self._readout(), self._faults)

    # ------------------------------------------------------------------ eyes

    def camera(self, t_ns: int) -> CameraFrame | None:
        """What the cameras report since the last call, None where there is no new picture."""
        if not self._camera.due(t_ns, self._faults.get("camera")):
            return None
        pitch_m = self._newest_pitch_m()
        gap_m = math.nan if math.isnan(pitch_m) else self._lay_gap_m()
        return self._camera.look(
            t_ns,
            self._readout()[R.S_M],
            self.conductor_diameter_m,
            pitch_m,
            gap_m,
            self._faults.get("camera"),
        )

    def truth(self) -> TruthState:
        """Everything as it really is now."""
        now = self._readout()
        return TruthState(
            t_s=self.t_s,
            s_m=now[R.S_M],
            speed_mps=now[R.SPEED_MPS],
            roll_rad=now[R.ROLL_RAD],
            slope_rad=now[R.SLOPE_RAD],
            pod_sag_m=self._touch.sag_m,
            grip_m=tuple(now[R.GRIP_M]),  # type: ignore[arg-type]
            pinch_n=tuple(now[R.PINCH_N]),  # type: ignore[arg-type]
            wheel_load_n=tuple(now[R.LOAD_N]),  # type: ignore[arg-type]
            rotor_rad=now[R.ROTOR_RAD],
            rotor_rate_rps=now[R.ROTOR_RATE_RPS],
            guide_r_m=now[R.GUIDE_R_M],
            trim_r_m=now[R.TRIM_R_M],
            coil_kg=now[R.COIL_KG],
            paid_out_m=now[R.PAID_M],
            tension_n=now[R.TENSION_N],
            slack_m=now[R.SLACK_M],
            lay_s_m=now[R.LAY_S_M],
            lay_theta_rad=now[R.LAY_THETA_RAD],
            effort=tuple(now[R.EFFORT]),
            velocity=tuple(now[R.VELOCITY]),
            energy_wh=now[R.ENERGY_WH],
            contacts=self._touch.read(),
            held=now[R.HELD] > 0.0,
        )

    def _readout(self) -> list[float]:
        if not self._read:
            arrays = self.bodies.arrays[:3]
            plants.report(
                self._plant, self._cable, self._effort, self._position, self._velocity, *arrays, self._out
            )
            self._read = self._out.tolist()
        return self._read

    def _newest_pitch_m(self) -> float:
        """Axial length of the last whole turn on the conductor, NaN before there is one."""
        last = int(self._cable["last_point"][0])
        if last < _TURN_POINTS:
            return math.nan
        curve_s_m = self._rings[0]
        return float(curve_s_m[last % CURVE_POINTS] - curve_s_m[(last - _TURN_POINTS) % CURVE_POINTS])

    def _lay_gap_m(self) -> float:
        """Gap between the newest turn and the conductor: none in tension, the loose length's arch without."""
        return min(max(-self._readout()[R.STRETCH_M], 0.0), _GAP_MAX_M)

    # ------------------------------------------------------------------ surroundings

    def _place(self, dt_s: float) -> None:
        """Renew what changes slowly: slope, weather, payload, faults."""
        self._place_ns += _PLACE_NS
        bodies, plant = self.bodies, self._plant
        now = self._readout()
        s_m = now[R.S_M]
        before_rad, slope_rad = self._slope_rad, self._track.slope_rad(s_m) + self._tilt(dt_s)
        self._slope_rad = slope_rad
        rate_rps = (slope_rad - before_rad) / dt_s if dt_s else 0.0
        plants.surround(
            plant, self._cable, self._sleeves, bodies.qpos, slope_rad, rate_rps, self._wind.step(dt_s)
        )
        self._touch.place(s_m, plant["origin_s_m"][0], now[R.GRIP_M], now[R.GUIDE_R_M])
        bodies.set_gravity(slope_rad)
        bodies.set_payload(plant["coil_kg"][0], self._position[_TRIM])
        if self._schedule:
            self._fail(s_m)
        self._read = []

    def _tilt(self, dt_s: float) -> float:
        """How far a fault has turned the conductor by now; it does not jump."""
        wanted_rad = math.radians(value_of(self._faults["tilt"])) if "tilt" in self._faults else 0.0
        step_rad = _TILT_RPS * dt_s
        self._tilt_rad += min(max(wanted_rad - self._tilt_rad, -step_rad), step_rad)
        return self._tilt_rad

    def inject(self, faults: Sequence[Fault]) -> None:
        """From now on these faults act, and none of those before.

        Sensors can only be spoilt where the scenario has faults of sensors, if but of kind `ok`.
        """
        self._schedule = Schedule(faults)
        self._fail(self._readout()[R.S_M])

    def _fail(self, s_m: float) -> None:
        """Put the faults that act now into force."""
        faults = self._faults = self._schedule.update(self.t_s, s_m)
        plant, cable = self._plant[0], self._cable[0]
        sizes = {kind: value_of(fault) for kind, fault in faults.items()}
        plant["friction"] = self._friction * sizes.get("slip", 1.0)
        plant["drag_n"] = sizes.get("drag", 0.0) + sizes.get("contact", 0.0)
        plant["jam_nm"] = sizes.get("jam", 0.0)
        cable["snag_n"] = sizes.get("snag", 0.0)
        cable["broken"] = cable["broken"] or "cable_break" in faults

    def _read_encoders(self) -> None:
        """What the axes' encoders show, through any fault."""
        for axis, name in enumerate(AXIS_NAMES):
            fault = self._faults.get(f"{name}.encoder")
            channel = self._encoders.get(axis)
            if channel is None:
                channel = self._encoders[axis] = Channel((self._seed, 6, axis), off=0.0)
            true = (float(self._position[axis]), float(self._velocity[axis]))
            self.position[axis], self.velocity[axis] = channel.read(self.t_s, true, fault)
            if fault is not None and fault.kind == "stuck":
                self.velocity[axis] = 0.0


# ---------------------------------------------------------------- how the world is set up


def _surprises(scenario: Scenario, line: Line) -> list[Feature]:
    """Features that the survey does not know; those of other sections are left out."""
    numbers = {span.number for span in line.spans}
    return [
        line.feature(s.kind, line.chainage_m(s.span, s.at_m)) for s in scenario.surprise if s.span in numbers
    ]


def _mistakes(scenario: Scenario, line: Line) -> list[Mistake]:
    """What the survey has wrong within this section."""
    numbers = {span.number for span in line.spans}
    return [mistake for mistake in scenario.mistake if mistake.span in numbers]


def _mounted(profile: Profile, coil_kg: float) -> FloatArray:
    """Axes as the crew leaves them: middle carriage clamped, the others open, coil balanced, guide away."""
    position = np.zeros(len(Axis))
    for axis in GRIP:
        position[axis] = profile.carriages.open_m
    position[Axis.GRIP_MIDDLE] = _MOUNT_GRIP_M
    low_m, high_m = profile.trim.center_r_m
    position[Axis.TRIM] = min(max(profile.trim_radius_m(coil_kg), low_m), high_m)
    position[Axis.GUIDE] = profile.guide.retracted_m
    return position


def _clamped_cable(
    plant: np.void, start_s_m: float, radius_m: float, lag_m: float, guide_r_m: float, poles_m: FloatArray
) -> tuple[NDArray[np.void], FloatArray]:
    """The cable as the crew leaves it, clamped behind the guide and without slack; its laid curve."""
    record = np.zeros(1, plants.CABLE)
    cable = record[0]
    cable["radius_m"] = radius_m
    cable["s_m"] = start_s_m + plant["guide_s_m"] - lag_m
    cable["phi_rad"] = cable["first_phi_rad"] = plant["guide_phi_rad"] - math.acos(radius_m / guide_r_m)
    cable["offset_m"] = -float(free_cable_m(lag_m, guide_r_m, radius_m))
    cable["next_pole"] = bisect_left(poles_m.tolist(), cable["s_m"])
    rings = np.zeros((2, CURVE_POINTS))
    rings[0, 0] = cable["s_m"]
    return record, rings


def _axis_figures(profile: Profile) -> FloatArray:
    """(5, axes): largest effort, largest speed, inertia, brake torque, whether self-locking."""
    drives = profile.drive
    return np.array(
        [
            [d.effort_max for d in drives],
            [d.velocity_max for d in drives],
            [d.inertia for d in drives],
            [d.effort_max * profile.power.brake_factor for d in drives],
            [float(d.self_locking) for d in drives],
        ]
    )


def _plant(
    profile: Profile, line: Line, diameter_m: float, cable_kg_per_m: float, start_s_m: float
) -> NDArray[np.void]:
    """The record of figures and state at the start."""
    carriages, body, rotor, power = profile.carriages, profile.body, profile.rotor, profile.power
    on_rotor_kg = rotor.mass_kg + rotor.cradle_mass_kg + profile.trim.mass_kg
    carriages_kg = len(carriages.s_m) * carriages.mass_kg
    record = np.zeros(1, plants.PLANT)
    figures = {
        "wheel_inertia": profile.drive[Axis.TRACTION_FRONT].inertia,
        "wheel_radius_m": carriages.wheel_radius_m,
        "carriage_s_m": carriages.s_m,
        "raise_m": (0.0, -carriages.middle_raise_m, 0.0),
        "mount_n_per_m": carriages.mount_n_per_m,
        "open_m": carriages.open_m,
        "lifted_m": carriages.lifted_m,
        "lift_height_m": lift_height_m(profile),
        "creep": carriages.creep_longitudinal,
        "creep_lateral": carriages.creep_lateral,
        "rolling": carriages.rolling,
        "contact_radius_m": diameter_m / 2,
        "brake_s": power.brake_s,
        "guide_s_m": sum(profile.guide.s_m) / 2,
        "guide_phi_rad": line.hand * math.radians(profile.guide.center_deg),
        "hand": line.hand,
        "body_kg": profile.mass_kg(0.0),
        "body_along_kgm": body.mass_kg * body.center_s_m
        + on_rotor_kg * rotor.s_m
        + carriages.mass_kg * sum(carriages.s_m),
        "body_across_kgm": body.mass_kg * body.center_z_m + carriages_kg * carriages.center_z_m,
        "rotor_s_m": rotor.s_m,
        "coil_kg_per_m": cable_kg_per_m,
        "coil_loaded_m": line.cable_loaded_m,
        "idle_w": power.idle_w,
        "efficiency": power.efficiency,
        "copper_w": power.copper_w,
        "origin_s_m": start_s_m,
        "closed": 1.0,
    }
    for name, value in figures.items():
        record[name] = value
    return record


def _sleeves(features: Sequence[Feature], radius_m: float) -> FloatArray:
    """(n, 3), sorted: begin and end of every sleeve, height over the conductor."""
    rows = [
        (f.at_m + shape.s_m[0], f.at_m + shape.s_m[1], max(shape.r_m - radius_m, 0.0))
        for f in features
        for shape in f.shapes
        if isinstance(shape, Sleeve)
    ]
    return np.array(sorted(rows)).reshape(-1, 3)
