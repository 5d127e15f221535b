"""The simulated world: the robot on a real line in real weather, behind ten axes and a set of sensors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from firmware_bridge.virtual.mechanics import BoolArray, FloatArray, RawSensors
from hil.scenario import AXIS_NAMES, Fault, Scenario
from hil.world import plant as plants
from hil.world.bodies import GRAVITY_MPS2, ROLL, ROTOR, TRAVEL, Bodies
from hil.world.cable import CURVE_POINTS, free_cable_m
from hil.world.camera import FeatureCamera
from hil.world.faults import Channel, Schedule, value_of
from hil.world.sensors import Reality, Sensors
from hil.world.track import Shape, Track
from hil.world.truth import Contact, TruthState
from hil.world.weather import Wind
from robot.line import catalogue
from robot.line.features import Feature, Sleeve
from robot.line.line import Line, LoadedLine
from robot.messages import GRIP, Axis, CameraFrame
from robot.profile import Profile

_PLACE_S = 0.010  # slope, wind, payload and features are renewed at this pace
_MOUNT_LAY_M = 2.5  # the crew mounts so that the lay begins this far behind the first pole
_MOUNT_PINCH_M = 0.0008  # grip position that the crew leaves: 100 N
_RECENTRE_M = 0.5
_SLEEVE_RISE_M = 0.03  # a wheel climbs a sleeve over this length
_BEARING_NM = 0.05
_CABLE_FRICTION_N = 0.3


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
        self._profile = profile
        self._line = line
        self._noise = spread.sensor_noise
        self.conductor_diameter_m = line.conductor.diameter_m + spread.conductor_diameter_m * float(
            rng.standard_normal()
        )
        self._cable_kg_per_m = line.cable.mass_kg_per_m * (1.0 + spread.cable_mass * float(rng.standard_normal()))
        coil_kg = line.cable_loaded_m * self._cable_kg_per_m
        if shape is None:
            shape = LoadedLine(line, profile.mass_kg(coil_kg), scenario.weather.temperature_c)
        self._track = Track(shape, _poles(line), line.features, self._surprises(scenario), scenario, seed)
        self.true_features: tuple[Feature, ...] = self._track.features
        self._bodies = Bodies(profile, residual_rad=float(rng.uniform(-math.pi, math.pi)))
        self._wind = Wind(scenario.weather, profile.body, seed)
        guide_out_m = profile.guide.out_radius_m(self.conductor_diameter_m)
        self._sensors = Sensors(profile, spread, guide_out_m, seed)
        self._camera = FeatureCamera(
            profile.camera, self.true_features, tuple(catalogue.FEATURES), spread, scenario.weather.light, seed
        )
        self._schedule = Schedule([*scenario.sensor_faults, *scenario.plant_faults])
        self._faults: dict[str, Fault] = {}
        self._encoders: dict[int, Channel] = {}
        self._seed = seed

        axes = len(Axis)
        self.braked: BoolArray = np.ones(axes, np.bool_)
        self._true_position: FloatArray = np.zeros(axes)
        self._true_velocity: FloatArray = np.zeros(axes)
        spoilt = any(f.target.endswith(".encoder") for f in scenario.sensor_faults)
        self.position: FloatArray = np.zeros(axes) if spoilt else self._true_position
        self.velocity: FloatArray = np.zeros(axes) if spoilt else self._true_velocity
        self._effort: FloatArray = np.zeros(axes)
        self._axes = _axis_figures(profile)
        self._dancer = np.array([profile.dancer.preload_n, profile.dancer.stiffness_n_per_m, profile.dancer.travel_m])
        self._rings = np.zeros((2, CURVE_POINTS))
        friction = profile.carriages.friction_wet if scenario.weather.wet else profile.carriages.friction_dry
        self._friction = friction * max(1.0 + spread.friction * float(rng.standard_normal()), 0.3)
        wheel_scale = 1.0 + spread.wheel_scale * rng.standard_normal(3)
        self._plant = _plant(profile, line.hand, self.conductor_diameter_m, wheel_scale)
        self._plant["friction"] = self._friction
        self._cable = np.zeros(1, plants.CABLE)
        self._bodies_arrays = (
            self._bodies.qpos,
            self._bodies.qvel,
            self._bodies.constraint,
            self._bodies.applied,
        )
        self._sleeves = _sleeve_edges(self.true_features, self.conductor_diameter_m / 2)
        self._t_ns = 0
        self._placed_ns = -1
        self._slope_rad = 0.0
        self._slope_rate_rps = 0.0
        self._sag_m = 0.0
        self._contacts: tuple[Contact, ...] = ()
        self._begin(start_s_m, coil_kg, guide_out_m)

    # ------------------------------------------------------------------ start

    def _surprises(self, scenario: Scenario) -> list[Feature]:
        radius_m = self.conductor_diameter_m / 2
        poles = self._line.poles
        return [
            Feature(
                kind=s.kind,
                at_m=poles[s.span - 1].chainage_m + s.at_m,
                shapes=catalogue.shapes(s.kind, radius_m),
                crossable=catalogue.crossable(s.kind),
            )
            for s in scenario.surprise
        ]

    def _begin(self, start_s_m: float | None, coil_kg: float, guide_out_m: float) -> None:
        """The robot as the crew leaves it: middle carriage clamped, cable clamped at the conductor without turns."""
        profile, line = self._profile, self._line
        guide_s_m = sum(profile.guide.s_m) / 2
        radius_m = (self.conductor_diameter_m + line.cable.diameter_m) / 2
        lag_m = line.pitch_m * math.sqrt(guide_out_m**2 - radius_m**2) / (2 * math.pi * radius_m)
        if start_s_m is None:
            start_s_m = _MOUNT_LAY_M - guide_s_m + lag_m + 0.01
        position = self._true_position
        for axis in GRIP:
            position[axis] = profile.carriages.open_m
        position[Axis.GRIP_MIDDLE] = _MOUNT_PINCH_M
        low_m, high_m = profile.trim.center_r_m
        position[Axis.TRIM] = min(max(profile.trim_radius_m(coil_kg), low_m), high_m)
        position[Axis.GUIDE] = profile.guide.retracted_m
        self._start_s_m = start_s_m
        self._plant["origin_s_m"] = start_s_m
        cable = self._cable[0]
        cable["radius_m"] = radius_m
        cable["friction_n"] = _CABLE_FRICTION_N
        cable["s_m"] = start_s_m + guide_s_m - lag_m
        cable["phi_rad"] = self._plant[0]["guide_phi_rad"] - math.acos(radius_m / profile.guide.retracted_m)
        cable["first_phi_rad"] = cable["phi_rad"]
        cable["offset_m"] = -float(free_cable_m(lag_m, profile.guide.retracted_m, radius_m))
        cable["next_pole"] = int(np.searchsorted(self._track.poles_m, cable["s_m"]))
        self._rings[0, 0] = cable["s_m"]
        self._place()
        np.copyto(self.position, self._true_position)

    # ------------------------------------------------------------------ Mechanics

    @property
    def t_s(self) -> float:
        return self._t_ns * 1e-9

    @property
    def s_m(self) -> float:
        """True chainage of the middle carriage."""
        return float(self._plant["origin_s_m"][0] + self._bodies.qpos[TRAVEL])

    def step(self, dt_s: float, effort: FloatArray) -> None:
        """Advance by `dt_s` with these efforts (N m or N) at the axis outputs."""
        if self._t_ns >= self._placed_ns:
            self._place()
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
            self._true_position,
            self._true_velocity,
            self._bodies_arrays,
        )
        bodies = self._bodies
        bodies.step(dt_s)
        self._true_position[Axis.ROTOR] = bodies.qpos[ROTOR]
        self._true_velocity[Axis.ROTOR] = bodies.qvel[ROTOR]
        self._t_ns += round(dt_s * 1e9)
        self._effort = effort
        if self.position is not self._true_position:
            self._read_encoders()

    def sensors(self) -> RawSensors:
        """Read all sensors now."""
        plant, cable = self._plant[0], self._cable[0]
        qvel, qacc = self._bodies.qvel, self._bodies.qacc
        roll, rate, slope = float(self._bodies.qpos[ROLL]), float(qvel[ROLL]), self._slope_rad
        below_m = self._profile.body.center_z_m  # the IMU sits at the body's middle
        up = GRAVITY_MPS2 * math.cos(slope)
        true = Reality(
            t_s=self.t_s,
            travelled_m=self.s_m - self._start_s_m,
            rotor_rad=float(self._true_position[Axis.ROTOR]),
            pinch_n=tuple(plant["roller_n"].tolist()),
            load_n=tuple(plant["load_n"].tolist()),
            dancer_m=float(plant["stretch_m"]),
            tension_n=float(cable["tension_n"]),
            guide_r_m=float(self._true_position[Axis.GUIDE]),
            accel_mps2=(
                float(qacc[TRAVEL]) + GRAVITY_MPS2 * math.sin(slope),
                up * math.sin(roll) - below_m * float(qacc[ROLL]),
                up * math.cos(roll) - below_m * rate * rate,
            ),
            gyro_rps=(rate, -self._slope_rate_rps, 0.0),
            power_w=float(plant["power_w"]),
            used_wh=float(plant["energy_j"]) / 3600.0,
        )
        return self._sensors.read(true, self._faults)

    # ------------------------------------------------------------------ eyes

    def camera(self, t_ns: int) -> CameraFrame | None:
        """What the cameras report since the last call, None where there is no new picture."""
        pitch_m = self._newest_pitch_m()
        return self._camera.look(
            t_ns,
            self.s_m,
            self.conductor_diameter_m,
            pitch_m,
            0.0 if pitch_m == pitch_m else math.nan,
            self._faults.get("camera"),
        )

    def truth(self) -> TruthState:
        """Everything as it really is now."""
        plant, cable = self._plant[0], self._cable[0]
        position, velocity = self._true_position.tolist(), self._true_velocity.tolist()
        qpos, qvel = self._bodies.qpos.tolist(), self._bodies.qvel.tolist()
        return TruthState(
            t_s=self.t_s,
            s_m=float(plant["origin_s_m"]) + qpos[TRAVEL],
            speed_mps=qvel[TRAVEL],
            roll_rad=qpos[ROLL],
            slope_rad=self._slope_rad,
            pod_sag_m=self._sag_m,
            grip_m=tuple(position[Axis.GRIP_FRONT : Axis.GRIP_REAR + 1]),  # type: ignore[arg-type]
            pinch_n=tuple(plant["roller_n"].tolist()),
            wheel_load_n=tuple(plant["load_n"].tolist()),
            rotor_rad=qpos[ROTOR],
            rotor_rate_rps=qvel[ROTOR],
            guide_r_m=position[Axis.GUIDE],
            trim_r_m=position[Axis.TRIM],
            coil_kg=self._coil_kg(),
            paid_out_m=float(cable["paid_m"]),
            tension_n=float(cable["tension_n"]),
            slack_m=float(cable["slack_m"]),
            lay_s_m=float(cable["s_m"]),
            lay_theta_rad=self._line.hand * float(cable["phi_rad"]),
            effort=tuple(self._effort.tolist()),
            velocity=tuple(velocity),
            energy_wh=float(plant["energy_j"]) / 3600.0,
            contacts=self._contacts,
        )

    # ------------------------------------------------------------------ surroundings

    def _coil_kg(self) -> float:
        return max(self._line.cable_loaded_m - float(self._cable["paid_m"][0]), 0.0) * self._cable_kg_per_m

    def _newest_pitch_m(self) -> float:
        """Axial length of the last whole turn on the conductor, NaN before there is one."""
        last = int(self._cable["last_point"][0])
        if last < 180:
            return math.nan
        ring = self._rings[0]
        return float(ring[last % CURVE_POINTS] - ring[(last - 180) % CURVE_POINTS])

    def _place(self) -> None:
        """Renew what changes slowly: slope, weather, payload, faults."""
        dt_s = _PLACE_S if self._placed_ns >= 0 else 0.0
        self._placed_ns = self._t_ns + round(_PLACE_S * 1e9)
        plant, bodies, profile = self._plant[0], self._bodies, self._profile
        x_m = float(bodies.qpos[TRAVEL])
        if abs(x_m) > _RECENTRE_M:
            bodies.qpos[TRAVEL] = 0.0
            plant["origin_s_m"] += x_m
        s_m = self.s_m
        slope_rad = self._track.slope_rad(s_m)
        self._slope_rate_rps = (slope_rad - self._slope_rad) / dt_s if dt_s else 0.0
        self._slope_rad = slope_rad
        coil_kg = self._coil_kg()
        bodies.set_gravity(slope_rad)
        bodies.set_payload(coil_kg, float(self._true_position[Axis.TRIM]))
        plant["mass_kg"] = profile.mass_kg(coil_kg)
        plant["gravity_across"] = GRAVITY_MPS2 * math.cos(slope_rad)
        plant["gravity_along"] = -GRAVITY_MPS2 * math.sin(slope_rad)
        plant["center_s_m"] = _center_s_m(profile, coil_kg) - _center_z_m(profile, coil_kg) * math.tan(slope_rad)
        plant["wind_nm"] = self._wind.step(dt_s)
        for i, carriage_s_m in enumerate(profile.carriages.s_m):
            plant["climb"][i] = _climb(self._sleeves, s_m + carriage_s_m)
        if self._schedule:
            self._fail()

    def _fail(self) -> None:
        faults = self._faults = self._schedule.update(self.t_s, self.s_m)
        plant, cable = self._plant[0], self._cable[0]
        slip, snag, drag = faults.get("slip"), faults.get("snag"), faults.get("drag")
        plant["friction"] = self._friction * (value_of(slip) if slip else 1.0)
        cable["snag_n"] = value_of(snag) if snag else 0.0
        cable["broken"] = cable["broken"] or "cable_break" in faults
        plant["drag_n"] = value_of(drag) if drag else 0.0

    def _read_encoders(self) -> None:
        """What the axes' encoders show, through any fault."""
        for axis, name in enumerate(AXIS_NAMES):
            fault = self._faults.get(f"{name}.encoder")
            channel = self._encoders.get(axis)
            if channel is None:
                channel = self._encoders[axis] = Channel((self._seed, 6, axis), off=0.0)
            true = (float(self._true_position[axis]), float(self._true_velocity[axis]))
            shown = channel.read(self.t_s, true, fault)
            self.position[axis] = shown[0]
            self.velocity[axis] = 0.0 if fault is not None and fault.kind == "stuck" else shown[1]


def _poles(line: Line) -> list[tuple[str, float]]:
    return [(pole.id, pole.chainage_m) for pole in line.poles]


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


def _plant(profile: Profile, hand: int, diameter_m: float, wheel_scale: FloatArray) -> np.ndarray:
    carriages = profile.carriages
    record = np.zeros(1, plants.PLANT)
    plant = record[0]
    plant["wheel_inertia"] = profile.drive[Axis.TRACTION_FRONT].inertia
    plant["wheel_radius_m"] = carriages.wheel_radius_m * wheel_scale
    plant["carriage_s_m"] = carriages.s_m
    plant["raise_m"] = (0.0, -carriages.middle_raise_m, 0.0)
    plant["mount_n_per_m"] = carriages.mount_n_per_m
    plant["open_m"] = carriages.open_m
    plant["lifted_m"] = carriages.lifted_m
    plant["lift_height_m"] = min(s.r_m[0] for s in carriages.lifted if s.part == "wheel")
    plant["creep"] = carriages.creep_longitudinal
    plant["creep_lateral"] = carriages.creep_lateral
    plant["rolling"] = carriages.rolling
    plant["contact_radius_m"] = diameter_m / 2
    plant["bearing_nm"] = _BEARING_NM
    plant["brake_s"] = profile.power.brake_s
    plant["guide_s_m"] = sum(profile.guide.s_m) / 2
    plant["guide_phi_rad"] = hand * math.radians(profile.guide.center_deg)
    plant["hand"] = hand
    plant["idle_w"] = profile.power.idle_w
    plant["efficiency"] = profile.power.efficiency
    plant["copper_w"] = profile.power.copper_w
    return record


def _center_s_m(profile: Profile, coil_kg: float) -> float:
    """Where along the robot its weight acts."""
    rotor = profile.rotor
    behind_kg = rotor.mass_kg + rotor.cradle_mass_kg + profile.trim.mass_kg + coil_kg
    carriages_kgm = profile.carriages.mass_kg * sum(profile.carriages.s_m)
    moment_kgm = profile.body.mass_kg * profile.body.center_s_m + behind_kg * rotor.s_m + carriages_kgm
    return moment_kgm / profile.mass_kg(coil_kg)


def _center_z_m(profile: Profile, coil_kg: float) -> float:
    """Height of the centre of mass over the conductor; the balanced rotor's is on it."""
    carriages_kgm = 3 * profile.carriages.mass_kg * profile.carriages.center_z_m
    return (profile.body.mass_kg * profile.body.center_z_m + carriages_kgm) / profile.mass_kg(coil_kg)


def _sleeve_edges(features: Sequence[Feature], radius_m: float) -> FloatArray:
    """(n, 3): begin and end of every sleeve, height over the conductor."""
    rows = [
        (f.at_m + shape.s_m[0], f.at_m + shape.s_m[1], shape.r_m - radius_m)
        for f in features
        for shape in f.shapes
        if isinstance(shape, Sleeve)
    ]
    return np.array(sorted(rows)).reshape(-1, 3)


def _climb(sleeves: FloatArray, s_m: float) -> float:
    """Slope of the surface under a wheel from the sleeve it rolls onto or off."""
    first = int(np.searchsorted(sleeves[:, 0], s_m + _SLEEVE_RISE_M)) - 1
    if first < 0:
        return 0.0
    begin_m, end_m, height_m = sleeves[first]
    slope = height_m / _SLEEVE_RISE_M
    if begin_m - _SLEEVE_RISE_M <= s_m < begin_m:
        return float(slope)
    if end_m < s_m <= end_m + _SLEEVE_RISE_M:
        return float(-slope)
    return 0.0
