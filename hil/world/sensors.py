"""The board's sensors: scale errors, noise, bias and faults on the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from firmware_bridge.virtual.mechanics import RawSensors
from hil.scenario import Fault, Spread
from hil.world.bodies import GRAVITY_MPS2
from hil.world.faults import Channel, value_of
from hil.world.plant import Readout as R
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
_FULL, _FALL = 1.08, 0.16  # open-circuit voltage over the rated one: full, and its fall to empty
_VOLT_NOISE_V, _CURRENT_NOISE_A = 0.02, 0.05


class Sensors:
    """Reads reality with the errors drawn from the seed; scale errors stay for the whole job."""

    def __init__(
        self,
        profile: Profile,
        spread: Spread,
        start_s_m: float,
        guide_out_m: float,
        seed: int,
        spoilable: bool,
    ) -> None:
        self._spoilable = spoilable
        self._start_s_m = start_s_m
        self._rng = np.random.default_rng([seed, 2])
        self._noise = spread.sensor_noise
        self._scale = 1.0 + spread.odometer_scale * float(self._rng.standard_normal())
        bias = self._noise * self._rng.standard_normal(6)
        self._accel_bias = tuple((_ACCEL_BIAS_MPS2 * bias[:3]).tolist())
        self._gyro_bias = tuple((_GYRO_BIAS_RPS * bias[3:]).tolist())
        self._guide_out_m = guide_out_m + _SWITCH_M
        self._guide_in_m = profile.guide.retracted_m - _SWITCH_M
        self._dancer_m = profile.dancer.travel_m
        self._imu_z_m = profile.body.center_z_m
        self._open_v = _FULL * profile.power.voltage_v
        self._fall_v_per_wh = _FALL * profile.power.voltage_v / profile.power.capacity_wh
        self._draws: list[list[float]] = []
        self._channels: dict[str, Channel] = {}
        self._seed = seed

    def read(self, t_s: float, true: Sequence[float], faults: Mapping[str, Fault]) -> RawSensors:
        """One reading of everything; `true` as `plant.report` writes it, `faults` by target."""
        if not self._draws:
            self._draws = (self._noise * self._rng.standard_normal((_ROWS, _NOISES))).tolist()
        n = self._draws.pop()
        pinch, load = true[R.PINCH_N], true[R.LOAD_N]
        ax, ay, az = self._accelerations(true)
        bx, by, bz = self._accel_bias
        gx, gy, gz = self._gyro_bias
        open_v = self._open_v - self._fall_v_per_wh * true[R.ENERGY_WH]
        current_a = true[R.POWER_W] / open_v
        odometer_m = self._scale * (true[R.S_M] - self._start_s_m)
        raw = RawSensors(
            odometer_m=round(odometer_m / _ODOMETER_STEP_M) * _ODOMETER_STEP_M,
            rotor_abs_rad=(true[R.ROTOR_RAD] + _ROTOR_NOISE_RAD * n[0]) % _TURN,
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
            dancer_m=_within(true[R.STRETCH_M] + _DANCER_NOISE_M * n[7], self._dancer_m),
            cable_tension_n=true[R.TENSION_N] + _CELL_NOISE_N * n[8],
            guide_switch=self._switch(true[R.GUIDE_R_M]),
            accel_mps2=(
                ax + bx + _ACCEL_NOISE_MPS2 * n[9],
                ay + by + _ACCEL_NOISE_MPS2 * n[10],
                az + bz + _ACCEL_NOISE_MPS2 * n[11],
            ),
            gyro_rps=(
                true[R.ROLL_RATE_RPS] + gx + _GYRO_NOISE_RPS * n[12],
                gy - true[R.SLOPE_RATE_RPS] + _GYRO_NOISE_RPS * n[13],
                gz + _GYRO_NOISE_RPS * n[14],
            ),
            battery_v=open_v - _OHM * current_a + _VOLT_NOISE_V * n[15],
            battery_a=current_a + _CURRENT_NOISE_A * n[16],
            battery_used_wh=true[R.ENERGY_WH],
            estop_closed=True,
        )
        return self._spoil(raw, t_s, faults) if self._spoilable else raw

    def _accelerations(self, true: Sequence[float]) -> tuple[float, float, float]:
        """Specific force at the body's middle, in the body's frame (forward, left, up)."""
        roll, rate, slope = true[R.ROLL_RAD], true[R.ROLL_RATE_RPS], true[R.SLOPE_RAD]
        up = GRAVITY_MPS2 * math.cos(slope)
        return (
            true[R.ACCEL_MPS2] + GRAVITY_MPS2 * math.sin(slope),
            up * math.sin(roll) - self._imu_z_m * true[R.ROLL_ACCEL_RPS2],
            up * math.cos(roll) - self._imu_z_m * rate * rate,
        )

    def _switch(self, guide_r_m: float) -> int:
        if guide_r_m <= self._guide_out_m:
            return int(GuideSwitch.OUT)
        if guide_r_m >= self._guide_in_m:
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
        imu, late = values["imu"], faults.get("imu")
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
            imu_age_s=value_of(late) if late is not None and late.kind == "delayed" else 0.0,
        )


def _within(value: float, top: float) -> float:
    return 0.0 if value < 0.0 else (top if value > top else value)


def _as_switch(value: float) -> int:
    return int(min(max(round(value), 0), 2))
