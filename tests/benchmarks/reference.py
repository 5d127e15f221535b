"""A loop of standard parts that does what the stack does in kind: filter, mode machine, log.

An 8-state extended Kalman filter of filterpy with four measurements, a `HierarchicalMachine` of transitions
with three guards evaluated a tick, and the fields of the stack's own log as JSON by orjson through the
pure-Python mcap writer with zstd. It sees the same frames as the stack and has no wire, no gate and no
behaviours.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from filterpy.kalman import ExtendedKalmanFilter
from mcap.writer import CompressionType, Writer
from transitions.extensions import HierarchicalMachine

from hil.world.truth import TruthState
from missions.recording import INPUTS, TICKS_PER_TRUTH
from robot.messages import TRACTION, CommandFrame, Mode, SensorFrame

DT_S = 0.010
G_MPS2 = 9.81


class Filter:
    """States: chainage, speed, odometer scale, slope, roll, roll rate, cable tension and its rate."""

    def __init__(self, wheel_radius_m: float) -> None:
        self._wheel_radius_m = wheel_radius_m
        self._last_odometer_m: float | None = None
        ekf = self._ekf = ExtendedKalmanFilter(dim_x=8, dim_z=4)
        ekf.x = np.zeros(8)
        ekf.x[2] = 1.0
        ekf.F = np.eye(8)
        ekf.F[0, 1] = ekf.F[4, 5] = ekf.F[6, 7] = DT_S
        ekf.Q = np.diag([1e-8, 1e-4, 1e-12, 1e-8, 1e-8, 1e-4, 1e-3, 1e-1])
        ekf.R = np.diag([1e-6, 1e-4, 1e-3, 1e-2])
        ekf.P = np.diag([0.01, 0.01, 1e-5, 0.01, 0.01, 0.01, 1.0, 1.0])

    def step(self, frame: SensorFrame) -> float:
        """Predict, and correct by odometer, wheels, IMU and load cell. Returns the chainage in m."""
        velocity = frame.axes.velocity
        wheels_rps = [velocity[axis] for axis in TRACTION]
        z = np.array(
            [
                frame.sensors.odometer_m,
                self._wheel_radius_m * sum(wheels_rps) / len(wheels_rps),
                math.atan2(-frame.imu.accel_mps2[1], frame.imu.accel_mps2[2]),
                frame.sensors.cable_tension_n,
            ]
        )
        if not np.isfinite(z).all():
            return float(self._ekf.x[0])
        self._ekf.predict()
        self._ekf.update(z, _jacobian, _expected)
        return float(self._ekf.x[0])


def _expected(x: np.ndarray) -> np.ndarray:
    return np.array([x[0] / x[2], x[1], x[4], x[6]])


def _jacobian(x: np.ndarray) -> np.ndarray:
    h = np.zeros((4, 8))
    h[0, 0], h[0, 2] = 1.0 / x[2], -x[0] / x[2] ** 2
    h[1, 1] = h[2, 4] = h[3, 6] = 1.0
    return h


class Modes:
    """The robot's modes, nested as a hierarchical machine invites to; none of its guards is ever true."""

    def __init__(self) -> None:
        states = [
            "safe",
            "ready",
            {"name": "job", "initial": "wrap", "children": ["mounting", "travel", "wrap", "crossing"]},
            {"name": "waiting", "initial": "hold", "children": ["hold", "manual", "retreat"]},
            "stopped",
        ]
        guarded = [
            {"trigger": "check", "source": "job_wrap", "dest": "stopped", "conditions": "must_stop"},
            {"trigger": "check", "source": "job_wrap", "dest": "waiting_hold", "conditions": "must_hold"},
            {"trigger": "check", "source": "job_wrap", "dest": "job_crossing", "conditions": "sees_feature"},
        ]
        self._frame: SensorFrame | None = None
        self._machine = HierarchicalMachine(
            self, states=states, transitions=guarded, initial="job", auto_transitions=False, send_event=True
        )

    def must_stop(self, _event: Any) -> bool:
        return self._frame is None

    def must_hold(self, _event: Any) -> bool:
        return self._frame is None

    def sees_feature(self, _event: Any) -> bool:
        return self._frame is None

    def step(self, frame: SensorFrame) -> None:
        self._frame = frame
        self.check()  # type: ignore[attr-defined]  # made by the machine


class Log:
    """The fields of `missions.recording`, written when it writes them."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = Writer(self._file, compression=CompressionType.ZSTD)
        self._writer.start()
        schema = self._writer.register_schema("json", "jsonschema", b'{"type": "object"}')
        names = (*INPUTS, "tick", "operator", "command", "events", "mode", "truth")
        self._channels = {n: self._writer.register_channel(f"/{n}", "json", schema) for n in names}
        self._last: dict[str, object] = dict.fromkeys(INPUTS)
        self._mode: Mode | None = None
        self._count = 0

    def step(self, frame: SensorFrame, command: CommandFrame, truth: TruthState) -> None:
        t_ns = frame.t_ns
        for name in INPUTS:
            part = getattr(frame, name)
            if part is not None and part is not self._last[name]:
                self._last[name] = part
                self._write(name, t_ns, part)
        for message in frame.operator:
            self._write("operator", t_ns, message)
        self._write("tick", t_ns, {"t_ns": t_ns, "log_ok": frame.log_ok, "stalled": frame.stalled})
        self._write("command", t_ns, command)  # with the estimate inside
        for event in command.events:
            self._write("events", t_ns, event)
        if command.mode is not self._mode:
            self._mode = command.mode
            self._write("mode", t_ns, {"t_ns": t_ns, "mode": command.mode, "reason": command.reason})
        self._count += 1
        if self._count % TICKS_PER_TRUTH == 0:
            self._write("truth", t_ns, truth)

    def _write(self, name: str, t_ns: int, message: object) -> None:
        self._writer.add_message(self._channels[name], t_ns, orjson.dumps(message), t_ns)

    def close(self) -> None:
        self._writer.finish()
        self._file.close()


class Reference:
    """The three parts together."""

    def __init__(self, path: Path, wheel_radius_m: float) -> None:
        self._filter, self._modes, self._log = Filter(wheel_radius_m), Modes(), Log(path)

    def step(self, frame: SensorFrame, command: CommandFrame, truth: TruthState) -> None:
        self._filter.step(frame)
        self._modes.step(frame)
        self._log.step(frame, command, truth)

    def close(self) -> None:
        self._log.close()
