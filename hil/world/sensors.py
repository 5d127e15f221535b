"""The board's sensors: scale errors, noise, bias and faults on the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firmware_bridge.virtual.mechanics import RawSensors
from hil.scenario import Fault, Spread
from hil.world.faults import Channel
from robot.messages import GuideSwitch
from robot.profile import Profile

_TURN = 2 * math.pi
_ODOMETER_STEP_M = 0.0001
_ROTOR_NOISE_RAD = 0.0005
_PINCH_NOISE_N, _PINCH_MAX_N = 3.0, 500.0
_LOAD_NOISE_N, _LOAD_MAX_N = 3.0, 800.0
_DANCER_NOISE_M = 0.0002
_CELL_NOISE_N = 0.15
_ACCEL_NOISE_MPS2, _ACCEL_BIAS_MPS2 = 0.05, 0.02
_GYRO_NOISE_RPS, _GYRO_BIAS_RPS = 0.002, 0.001
_SWITCH_M = 0.001  # the guide's switches close this near to its places
_NOISES = 17  # draws for one reading
_ROWS = 512

_OHM = 0.05
_FULL, _SLOPE = 1.08, 0.16  # open-circuit voltage over the rated one: full, and its fall to empty


@dataclass(frozen=True, slots=True)
class Reality:
    """What there is to measure."""

    t_s: float
    travelled_m: float
    rotor_rad: float
    pinch_n: tuple[float, float, float]
    load_n: tuple[float, float, float]
    dancer_m: float
    tension_n: float
    guide_r_m: float
    accel_mps2: tuple[float, float, float]
    gyro_rps: tuple[float, float, float]
    power_w: float
    used_wh: float


class Sensors:
    """Reads reality with the errors drawn from the seed; scale errors stay for the whole job."""

    def __init__(self, profile: Profile, spread: Spread, guide_out_m: float, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 2])
        self._profile = profile
        self._noise = spread.sensor_noise
        self._scale = 1.0 + spread.odometer_scale * float(self._rng.standard_normal())
        bias = self._noise * self._rng.standard_normal(6)
        self._accel_bias = tuple((_ACCEL_BIAS_MPS2 * bias[:3]).tolist())
        self._gyro_bias = tuple((_GYRO_BIAS_RPS * bias[3:]).tolist())
        self._guide_out_m = guide_out_m
        self._draws: list[list[float]] = []
        self._channels: dict[str, Channel] = {}
        self._seed = seed

    def read(self, true: Reality, faults: Mapping[str, Fault]) -> RawSensors:
        """One reading of everything; `faults` by target."""
        if not self._draws:
            self._draws = (self._noise * self._rng.standard_normal((_ROWS, _NOISES))).tolist()
        n = self._draws.pop()
        accel, bias = true.accel_mps2, self._accel_bias
        gyro, drift = true.gyro_rps, self._gyro_bias
        pinch, load = true.pinch_n, true.load_n
        current_a, voltage_v = self._battery(true)
        raw = RawSensors(
            odometer_m=round(self._scale * true.travelled_m / _ODOMETER_STEP_M) * _ODOMETER_STEP_M,
            rotor_abs_rad=(true.rotor_rad + _ROTOR_NOISE_RAD * n[0]) % _TURN,
            pinch_n=(
                _within(pinch[0] + _PINCH_NOISE_N * n[1], _PINCH_MAX_N),
                _within(pinch[1] + _PINCH_NOISE_N * n[2], _PINCH_MAX_N),
                _within(pinch[2] + _PINCH_NOISE_N * n[3], _PINCH_MAX_N),
            ),
            wheel_load_n=(
                _within(load[0] + _LOAD_NOISE_N * n[4], _LOAD_MAX_N),
                _within(load[1] + _LOAD_NOISE_N * n[5], _LOAD_MAX_N),
                _within(load[2] + _LOAD_NOISE_N * n[6], _LOAD_MAX_N),
            ),
            dancer_m=_within(true.dancer_m + _DANCER_NOISE_M * n[7], self._profile.dancer.travel_m),
            cable_tension_n=true.tension_n + _CELL_NOISE_N * n[8],
            guide_switch=self._switch(true.guide_r_m),
            accel_mps2=(
                accel[0] + bias[0] + _ACCEL_NOISE_MPS2 * n[9],
                accel[1] + bias[1] + _ACCEL_NOISE_MPS2 * n[10],
                accel[2] + bias[2] + _ACCEL_NOISE_MPS2 * n[11],
            ),
            gyro_rps=(
                gyro[0] + drift[0] + _GYRO_NOISE_RPS * n[12],
                gyro[1] + drift[1] + _GYRO_NOISE_RPS * n[13],
                gyro[2] + drift[2] + _GYRO_NOISE_RPS * n[14],
            ),
            battery_v=voltage_v + 0.02 * n[15],
            battery_a=current_a + 0.05 * n[16],
            battery_used_wh=true.used_wh,
            estop_closed=True,
        )
        return self._spoil(raw, true.t_s, faults) if faults or self._channels else raw

    def _battery(self, true: Reality) -> tuple[float, float]:
        power = self._profile.power
        open_v = power.voltage_v * (_FULL - _SLOPE * true.used_wh / power.capacity_wh)
        current_a = true.power_w / open_v
        return current_a, open_v - _OHM * current_a

    def _switch(self, guide_r_m: float) -> int:
        if guide_r_m <= self._guide_out_m + _SWITCH_M:
            return int(GuideSwitch.OUT)
        if guide_r_m >= self._profile.guide.retracted_m - _SWITCH_M:
            return int(GuideSwitch.RETRACTED)
        return int(GuideSwitch.BETWEEN)

    def _spoil(self, raw: RawSensors, t_s: float, faults: Mapping[str, Fault]) -> RawSensors:
        """The same reading through every channel that has or had a fault."""
        values: dict[str, tuple[float, ...]] = {
            "imu": raw.accel_mps2 + raw.gyro_rps,
            "cable_tension": (raw.cable_tension_n,),
            "dancer": (raw.dancer_m,),
            "odometer": (raw.odometer_m,),
            "rotor_abs": (raw.rotor_abs_rad,),
            "guide_switch": (float(raw.guide_switch),),
            "battery": (raw.battery_v, raw.battery_a, raw.battery_used_wh),
            "estop": (1.0,),
        }
        for i, name in enumerate(("front", "middle", "rear")):
            values[f"grip_{name}.pinch"] = (raw.pinch_n[i],)
            values[f"grip_{name}.load"] = (raw.wheel_load_n[i],)
        for index, (name, value) in enumerate(values.items()):
            channel = self._channels.get(name)
            if channel is None:
                off = 0.0 if name in ("guide_switch", "estop") else math.nan
                channel = self._channels[name] = Channel((self._seed, 5, index), off)
            values[name] = channel.read(t_s, value, faults.get(name))
        imu = values["imu"]
        return RawSensors(
            odometer_m=values["odometer"][0],
            rotor_abs_rad=values["rotor_abs"][0],
            pinch_n=tuple(values[f"grip_{n}.pinch"][0] for n in ("front", "middle", "rear")),  # type: ignore[arg-type]
            wheel_load_n=tuple(values[f"grip_{n}.load"][0] for n in ("front", "middle", "rear")),  # type: ignore[arg-type]
            dancer_m=values["dancer"][0],
            cable_tension_n=values["cable_tension"][0],
            guide_switch=_as_switch(values["guide_switch"][0]),
            accel_mps2=imu[:3],  # type: ignore[arg-type]
            gyro_rps=imu[3:],  # type: ignore[arg-type]
            battery_v=values["battery"][0],
            battery_a=values["battery"][1],
            battery_used_wh=values["battery"][2],
            estop_closed=abs(values["estop"][0] - 1.0) < 0.5,
        )


def _within(value: float, top: float) -> float:
    return 0.0 if value < 0.0 else (top if value > top else value)


def _as_switch(value: float) -> int:
    return int(min(max(round(value), 0), 2))
