"""The estimator: from the sensors of one tick to what the robot believes (design, section 10).

The compiled core takes everything the board reports; pictures, which come less often, go to the landmarks.
"""

from __future__ import annotations

import math
import struct
from typing import TypeGuard

from robot.estimate import filter as joint
from robot.estimate import state as layout
from robot.estimate.core import tick, write
from robot.estimate.landmarks import Landmarks
from robot.estimate.state import CAMERA_HEALTH, CHANNEL, CORE_HEALTH, HEALTH
from robot.line.line import Line
from robot.messages import CameraFrame, CarriageState, Estimate, Mode, SensorFrame
from robot.parameters import Parameters
from robot.profile import Profile

__all__ = ["HEALTH", "Estimator"]

_ON = {CarriageState.LIFTED: 0, CarriageState.OPEN: 1, CarriageState.CLAMPED: 2}
_WRAPPING = (Mode.WRAP, Mode.CROSSING)
_DIAMETER_PRIOR_M = 0.0005  # 1 sigma of the catalogue's conductor diameter
_DIAMETER_SIGMA_M = 0.0005  # of one picture
_PITCH_SIGMA = 0.05  # of the ordered pitch
_GAP_SIGMA_M = 0.002


class Estimator:
    """Filters one job. Pure: the same frames give the same estimates, bit for bit.

    Args:
        survey_sigma_m: assumed 1 sigma of the survey's chainages; it is corrected by what is found.
        start_m: chainage of the middle carriage where the crew hung it; None = so that the lay point is at
            `lay_begin_m`.
    """

    def __init__(
        self,
        profile: Profile,
        line: Line,
        parameters: Parameters,
        survey_sigma_m: float | None = None,
        start_m: float | None = None,
    ) -> None:
        if survey_sigma_m is None:
            survey_sigma_m = parameters.survey_sigma_m
        if start_m is None:
            start_m = mounted_m(profile, line, parameters)
        self._pitch_m = line.pitch_m
        self._trust = parameters.camera_trust
        self._camera_age_ns = round(parameters.camera_age_ms * 1e6)
        self._mean = joint.new_mean(start_m)
        self._covariance = joint.new_covariance(parameters.mount_sigma_m, parameters.scale_sigma)
        self._state = layout.new_state()
        self._config = layout.new_config(profile, line, parameters)
        self._input = layout.new_input()
        self._output = layout.new_output()
        self._input_bytes = memoryview(self._input).cast("B")  # type: ignore[arg-type]
        self._output_bytes = memoryview(self._output).cast("B")  # type: ignore[arg-type]
        self._pack = struct.Struct(layout.INPUT_FORMAT).pack_into
        self._unpack = struct.Struct(layout.OUTPUT_FORMAT).unpack_from
        self._landmarks = Landmarks(profile, line, parameters, self._mean, self._covariance, survey_sigma_m)
        self._landmarks.pass_by(start_m)
        self._diameter_m = line.conductor.diameter_m
        self._diameter_var = _DIAMETER_PRIOR_M**2
        self._camera: CameraFrame | None = None  # newest that was really new
        self._names: dict[tuple[int, bool, bool], frozenset[str]] = {}
        self.health: frozenset[str] = frozenset()  # inputs that cannot be relied upon, names of `HEALTH`

    def update(self, frame: SensorFrame, mode: Mode, stance: tuple[CarriageState, ...]) -> Estimate:
        """Take one frame.

        Args:
            mode: in force when the frame was taken; the lay is only judged while it is made.
            stance: per carriage, as measured.
        """
        axes, board, imu, battery = frame.axes, frame.sensors, frame.imu, frame.battery
        on = (_ON[stance[0]], _ON[stance[1]], _ON[stance[2]])
        self._pack(
            self._input_bytes, 0, frame.t_ns, axes.t_ns, board.t_ns, imu.t_ns, battery.t_ns, *on,
            *axes.position, *axes.velocity, *axes.effort,
            board.odometer_m, board.rotor_abs_rad, *board.pinch_n, *board.wheel_load_n,
            board.dancer_m, board.cable_tension_n, board.guide_switch,
            *imu.accel_mps2, *imu.gyro_rps, battery.voltage_v, battery.current_a, battery.used_wh,
        )  # fmt: skip
        tick(self._input, self._state, self._config, self._mean, self._covariance, self._output)
        if self._is_new(frame.camera, frame.t_ns):
            self._take_camera(frame.camera, mode)
            write(self._state, self._config, self._mean, self._covariance, self._output)
        out = self._unpack(self._output_bytes)
        chainage_m = out[1]
        landmarks = self._landmarks
        if landmarks.pass_by(chainage_m):
            self._state["last_slot"] = landmarks.last_slot
        self.health = self._named(out[0], frame.t_ns)
        values = (
            *out[1:12],  # chainage_m to roll_sigma_rad
            out[21:24],  # slip
            self._diameter_m,
            *out[12:21],  # tension_n to battery_wh
            landmarks.next_m - chainage_m,
            out[24],  # since_feature_m
            out[25:],  # innovation
            landmarks.features,
        )
        return Estimate(*values)

    def look_again(self) -> None:
        """Forget what the camera saw ahead: an operator says that it has changed."""
        self._landmarks.look_again()

    # ------------------------------------------------------------------ camera

    def _is_new(self, camera: CameraFrame | None, t_ns: int) -> TypeGuard[CameraFrame]:
        """Whether this is another picture than the last; the same one again only ages."""
        last = self._camera
        if camera is None or camera is last or camera.t_ns > t_ns:
            return False
        return last is None or (camera.counter != last.counter and camera.content != last.content)

    def _take_camera(self, camera: CameraFrame, mode: Mode) -> None:
        self._camera = camera
        moved_m = joint.moved_since(self._state, camera.t_ns)
        landmarks = self._landmarks
        landmarks.look(camera, moved_m)
        self._state["last_slot"] = landmarks.last_slot
        innovation = self._state["innovation"][0]
        innovation[CHANNEL["camera_range"]] = landmarks.range_error
        innovation[CHANNEL["camera_confidence"]] = _known(1.0 - camera.confidence)
        innovation[CHANNEL["survey"]] = landmarks.survey_error
        self._learn_diameter(camera.conductor_diameter_m)
        if mode in _WRAPPING:
            pitch_error_m = camera.lay_pitch_m - self._pitch_m
            innovation[CHANNEL["lay_pitch"]] = _known(pitch_error_m / (_PITCH_SIGMA * self._pitch_m))
            innovation[CHANNEL["lay_gap"]] = _known(camera.lay_gap_m / _GAP_SIGMA_M)

    def _learn_diameter(self, measured_m: float) -> None:
        innovation_m = measured_m - self._diameter_m
        total = self._diameter_var + _DIAMETER_SIGMA_M**2
        if not innovation_m * innovation_m < 25.0 * total:
            return
        gain = self._diameter_var / total
        self._diameter_m += gain * innovation_m
        self._diameter_var *= 1.0 - gain

    # ------------------------------------------------------------------ health

    def _named(self, bits: int, t_ns: int) -> frozenset[str]:
        camera = self._camera
        blind = camera is None or t_ns - camera.t_ns > self._camera_age_ns
        unsure = camera is not None and (
            not camera.confidence >= self._trust or not self._landmarks.is_consistent
        )
        key = (bits, blind, unsure)
        names = self._names.get(key)
        if names is None:
            found = [name for i, name in enumerate(CORE_HEALTH) if bits >> i & 1]
            found += [name for name, lost in zip(CAMERA_HEALTH, (blind, unsure), strict=True) if lost]
            names = self._names[key] = frozenset(found)
        return names


def mounted_m(profile: Profile, line: Line, parameters: Parameters) -> float:
    """Chainage of the middle carriage as a crew hangs the robot: with the lay point at `lay_begin_m`."""
    radius_m = (line.conductor.diameter_m + line.cable.diameter_m) / 2
    guide_r_m = profile.guide.out_radius_m(line.conductor.diameter_m)
    lag_m = line.pitch_m * math.sqrt(max(guide_r_m**2 - radius_m**2, 0.0)) / (2 * math.pi * radius_m)
    return parameters.lay_begin_m - sum(profile.guide.s_m) / 2 + lag_m


def _known(value: float) -> float:
    """0 where there is nothing to compare."""
    return min(max(value, -99.0), 99.0) if value == value else 0.0
