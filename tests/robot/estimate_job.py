"""A synthetic job for the estimator: frames as a robot on a line would send them, with the truth beside them.

Much cruder than the simulated world and independent of it: motion is prescribed, only the sensors are
modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from robot.line.line import Line
from robot.messages import (
    AxisStates,
    Battery,
    BoardSensors,
    CameraFrame,
    CarriageState,
    Detection,
    GuideSwitch,
    Imu,
    Link,
    SafetyStatus,
    SensorFrame,
)
from robot.profile import Profile

GRAVITY_MPS2 = 9.80665


@dataclass(frozen=True, slots=True)
class Truth:
    s_m: float
    speed_mps: float
    roll_rad: float
    slope_rad: float
    tension_n: float


@dataclass
class Job:
    """One job. Everything is drawn from the seed; the fields change what is drawn."""

    profile: Profile
    line: Line
    seed: int
    start_m: float
    survey_error_m: float = 0.2
    scale_sigma: float = 0.003
    dt_s: float = 0.04
    speed_mps: float = 0.40
    end_m: float | None = None
    misses: float = 0.03
    false_alarms: float = 0.01
    class_errors: float = 0.02
    surprises: tuple[tuple[str, float], ...] = ()  # kind, true chainage
    missing: tuple[int, ...] = ()  # indices of surveyed features that are not there
    camera_delay_s: float = 0.0
    imbalance_rad: tuple[float, float] | None = None  # sin and cos part of a roll that turns with the rotor
    true_features: list[tuple[str, float]] = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        rng = self._rng
        places: list[tuple[str, float]] = []
        for index, feature in enumerate(self.line.features):
            at_m = feature.at_m + self.survey_error_m * rng.standard_normal()
            if places:
                room_m = min(feature.at_m - self.line.features[index - 1].at_m, 3.0)
                at_m = max(at_m, places[-1][1] + room_m)
            places.append((feature.kind, float(at_m)))
        places = [p for i, p in enumerate(places) if i not in self.missing]
        self.true_features = sorted([*places, *self.surprises], key=lambda p: p[1])
        self.odometer_scale = 1.0 + self.scale_sigma * rng.standard_normal()
        self.wheel_scale = 1.0 + self.scale_sigma * rng.standard_normal(3)
        self._kinds = sorted(
            {kind for kind, _ in places} | {"splice", "branch", "fault-indicator", "unknown"}
        )

    def __iter__(self) -> Iterator[tuple[SensorFrame, tuple[CarriageState, ...], Truth]]:
        rng, dt, profile = self._rng, self.dt_s, self.profile
        turn_per_m = self.line.hand * 2 * math.pi / self.line.pitch_m
        end_m = self.line.length_m - 1.5 if self.end_m is None else self.end_m
        s, v, t_ns, tick = self.start_m, 0.0, 0, 0
        angle = np.zeros(3)
        radius = profile.carriages.wheel_radius_m * self.wheel_scale
        camera: CameraFrame | None = None
        waiting: list[CameraFrame] = []
        picture = -1
        slope_before = self._slope(s)
        gyro_bias, accel_bias = 0.001 * rng.standard_normal(3), 0.02 * rng.standard_normal(3)
        while s < end_m:
            tick += 1
            t_ns = round(tick * dt * 1e9)
            near = any(abs(at - s - 0.3) < 1.6 for kind, at in self.true_features if "bird" not in kind)
            wanted = 0.15 if near else self.speed_mps
            accel = min(max((wanted - v) / dt, -0.14), 0.14)
            v += accel * dt
            s += v * dt
            slope = self._slope(s)
            lifted = self._lifted(s)
            stance = tuple(CarriageState.LIFTED if i == lifted else CarriageState.CLAMPED for i in range(3))
            on = np.array([i != lifted for i in range(3)])
            share = 39.0 * (GRAVITY_MPS2 * math.sin(slope) + accel) / on.sum()
            effort = np.where(
                on, (share + 0.02 * (230.0 + 2 * 100.0)) * profile.carriages.wheel_radius_m, 0.0
            )
            creep = share / (profile.carriages.creep_longitudinal * (230.0 + 100.0))
            angle += np.where(on, v * dt * (1.0 + creep) / radius, 0.5 * dt)
            phase_rad = turn_per_m * (s - self.start_m)
            roll, roll_rate, roll_accel = self._roll(t_ns * 1e-9, phase_rad, turn_per_m * v)
            n = rng.standard_normal(16)
            rotor = phase_rad - roll
            rate = turn_per_m * v - roll_rate
            wheels = np.where(on, v * (1.0 + creep) / radius, 0.5)
            zero = (0.0,) * 3
            axes = AxisStates(
                t_ns=t_ns,
                device_us=t_ns // 1000,
                last_seq=tick,
                last_seq_age_ms=10,
                position=(*angle.tolist(), *zero, rotor, s - self.start_m, 0.17, 0.012),
                velocity=(*(wheels + 0.005 * n[:3]).tolist(), *zero, rate, v, 0.0, 0.0),
                effort=(*effort.tolist(), 100.0, 100.0, 100.0, 1.0, 10.0, 0.0, 0.0),
                mode=(1,) * 10,
                fault=(0,) * 10,
                limit=(0,) * 10,
            )
            tension = 10.0 + 0.5 * math.sin(t_ns * 1e-9)
            dancer = profile.dancer
            sensors = BoardSensors(
                t_ns=t_ns,
                odometer_m=round((s - self.start_m) * self.odometer_scale / 1e-4) * 1e-4,
                rotor_abs_rad=(rotor + 0.0005 * n[3]) % (2 * math.pi),
                pinch_n=(100.0, 100.0, 100.0),
                wheel_load_n=tuple((230.0 * on + 3.0 * n[4:7]).tolist()),
                dancer_m=(tension - dancer.preload_n) / dancer.stiffness_n_per_m + 0.0002 * n[7],
                cable_tension_n=tension + 0.15 * n[8],
                guide_switch=int(GuideSwitch.OUT),
            )
            up, below = GRAVITY_MPS2 * math.cos(slope), profile.body.center_z_m
            accels = np.array(
                [
                    accel + GRAVITY_MPS2 * math.sin(slope),
                    up * math.sin(roll) - below * roll_accel,
                    up * math.cos(roll) - below * roll_rate**2,
                ]
            )
            gyros = np.array([roll_rate, -(slope - slope_before) / dt, 0.0])
            slope_before = slope
            imu = Imu(
                t_ns,
                tuple((accels + accel_bias + 0.05 * n[9:12]).tolist()),
                tuple((gyros + gyro_bias + 0.002 * n[12:15]).tolist()),
            )
            if int(t_ns * 15 / 1e9) != picture:
                picture = int(t_ns * 15 / 1e9)
                waiting.append(self._picture(t_ns, picture, s))
            while waiting and waiting[0].t_ns <= t_ns - self.camera_delay_s * 1e9:
                camera = waiting.pop(0)
            frame = SensorFrame(
                t_ns=t_ns,
                axes=axes,
                sensors=sensors,
                imu=imu,
                battery=Battery(t_ns, 50.0, 3.0, 3.0 * 50.0 * t_ns * 1e-9 / 3600),
                safety=SafetyStatus(t_ns, True, True, False, 0, 1, 0, 150, True, 0, 0),
                link=Link(True, tick, 0, 0, 1.0, True),
                camera=camera,
            )
            yield frame, stance, Truth(s, v, roll, slope, tension)

    def _roll(self, t_s: float, phase_rad: float, rate_rps: float) -> tuple[float, float, float]:
        """Roll, its rate and acceleration: swinging in the wind, or with the rotor's imbalance."""
        if self.imbalance_rad is None:
            phase_rad, rate_rps = 2 * math.pi * 0.6 * t_s, 2 * math.pi * 0.6
        a, b = self.imbalance_rad or (math.radians(2.0), 0.0)
        lean_rad = math.radians(1.0)
        swing_rad = a * math.sin(phase_rad) + b * math.cos(phase_rad)
        rate = rate_rps * (a * math.cos(phase_rad) - b * math.sin(phase_rad))
        return lean_rad + swing_rad, rate, -(rate_rps**2) * swing_rad

    def _slope(self, s_m: float) -> float:
        """Like a loaded span: downhill from the pole, uphill to the next."""
        return math.radians(5.0) * math.sin(2 * math.pi * s_m / 48.0)

    def _lifted(self, s_m: float) -> int | None:
        """The carriage that is off the conductor because a feature is under it."""
        for kind, at_m in self.true_features:
            if "bird" in kind:
                continue
            for i, place_m in enumerate(self.profile.carriages.s_m):
                if abs(s_m + place_m - at_m) < 0.3:
                    return i
        return None

    def _picture(self, t_ns: int, counter: int, s_m: float) -> CameraFrame:
        rng, eye_m = self._rng, s_m + self.profile.camera.forward_s_m
        detections = []
        for kind, at_m in self.true_features:
            range_m = at_m - eye_m
            if not 0.15 <= range_m <= self.profile.camera.forward_range_m or rng.random() < self.misses:
                continue
            seen = kind if rng.random() >= self.class_errors else str(rng.choice(self._kinds))
            detections.append(self._detection(seen, range_m, 0.9 if seen == kind else 0.55))
        if rng.random() < self.false_alarms:
            range_m = float(rng.uniform(0.15, self.profile.camera.forward_range_m))
            detections.append(self._detection(str(rng.choice(self._kinds)), range_m, 0.6))
        diameter_m = self.line.conductor.diameter_m + 0.0002 * rng.standard_normal()
        content = int(rng.integers(1 << 31))
        return CameraFrame(
            t_ns, counter, content, 0.95, tuple(detections), diameter_m, self.line.pitch_m, 0.0
        )

    def _detection(self, kind: str, range_m: float, confidence: float) -> Detection:
        sigma_m = 0.02 * range_m + 0.010
        return Detection(kind, float(range_m + sigma_m * self._rng.standard_normal()), sigma_m, confidence)
