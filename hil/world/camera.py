"""The cameras in feature mode (`--camera features`): what vision would report, without pictures."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hil.scenario import Fault, Spread
from hil.world.faults import value_of
from robot.line.features import Feature
from robot.messages import CameraFrame, Detection
from robot.profile import Camera

_RANGE_NOISE = 0.02
_RANGE_NOISE_M = 0.010
_NEAREST_M = 0.15  # nearer, a feature is under the picture's edge
_DIAMETER_NOISE_M = 0.0002
_PITCH_NOISE = 0.02
_GAP_NOISE_M = 0.0002
_SLOW = 10.0  # a slow camera takes this many times longer
_CONFIDENCE = {"sun": 0.90, "overcast": 0.95, "dusk": 0.75, "backlight": 0.60}


class FeatureCamera:
    """Detections with range noise of 2 % and 10 mm, misses, false alarms and wrong classes.

    Args:
        features: true features, in order.
        kinds: catalogue keys that a wrong class is drawn from.
    """

    def __init__(
        self,
        camera: Camera,
        features: Sequence[Feature],
        kinds: Sequence[str],
        spread: Spread,
        light: str,
        seed: int,
    ) -> None:
        self._camera = camera
        self._features = tuple(features)
        self._at_m = np.array([f.at_m for f in features])
        self._kinds = tuple(kinds)
        self._spread = spread
        self._confidence = _CONFIDENCE[light]
        self._rng = np.random.default_rng([seed, 4])
        self._pictures = 0
        self._last: CameraFrame | None = None
        self._waiting: list[CameraFrame] = []

    def due(self, t_ns: int, fault: Fault | None) -> bool:
        """Whether a picture was taken since the last look."""
        return self._number(t_ns, fault) != self._pictures

    def _number(self, t_ns: int, fault: Fault | None) -> int:
        slow = _SLOW if fault is not None and fault.kind == "slow" else 1.0
        return int(t_ns * self._camera.forward_hz / slow / 1e9)

    def look(
        self, t_ns: int, s_m: float, diameter_m: float, pitch_m: float, gap_m: float, fault: Fault | None
    ) -> CameraFrame | None:
        """The newest picture's result, None where the camera delivers none.

        Args:
            s_m: true chainage of the middle carriage; pitch_m, gap_m: of the newest turn, NaN = none.
        """
        self._pictures = self._number(t_ns, fault)
        frame = self._frame(t_ns, self._pictures, s_m, diameter_m, pitch_m, gap_m)
        if fault is None:
            self._last = frame
            self._waiting.clear()
            return frame
        return self._spoil(frame, fault)

    def _frame(
        self, t_ns: int, counter: int, s_m: float, diameter_m: float, pitch_m: float, gap_m: float
    ) -> CameraFrame:
        rng, noise = self._rng, self._spread.sensor_noise
        camera_m = s_m + self._camera.forward_s_m
        first = int(np.searchsorted(self._at_m, camera_m + _NEAREST_M))
        last = int(np.searchsorted(self._at_m, camera_m + self._camera.forward_range_m))
        seen = [self._detect(f, f.at_m - camera_m) for f in self._features[first:last]]
        detections = [d for d in seen if d is not None]
        if rng.random() < self._spread.camera_false_alarms:
            detections.append(self._false_alarm())
        draws = rng.standard_normal(4)
        return CameraFrame(
            t_ns=t_ns,
            counter=counter,
            content=zlib.crc32(draws.tobytes()),
            confidence=min(max(self._confidence + 0.02 * float(draws[0]), 0.0), 1.0),
            detections=tuple(detections),
            conductor_diameter_m=diameter_m + noise * _DIAMETER_NOISE_M * float(draws[1]),
            lay_pitch_m=pitch_m * (1.0 + noise * _PITCH_NOISE * float(draws[2])),
            lay_gap_m=math.nan
            if math.isnan(gap_m)
            else max(gap_m + noise * _GAP_NOISE_M * float(draws[3]), 0.0),
        )

    def _detect(self, feature: Feature, range_m: float) -> Detection | None:
        rng = self._rng
        missed, mistaken, sure = rng.random(3)
        error = float(rng.standard_normal())
        if missed < self._spread.camera_misses:
            return None
        sigma_m = _RANGE_NOISE * range_m + _RANGE_NOISE_M
        kind, confidence = feature.kind, 0.80 + 0.19 * float(sure)
        if mistaken < self._spread.camera_class_errors:
            kind, confidence = str(rng.choice([*self._kinds, "unknown"])), 0.40 + 0.30 * float(sure)
        return Detection(kind, range_m + self._spread.sensor_noise * sigma_m * error, sigma_m, confidence)

    def _false_alarm(self) -> Detection:
        rng = self._rng
        range_m = _NEAREST_M + (self._camera.forward_range_m - _NEAREST_M) * float(rng.random())
        sigma_m = _RANGE_NOISE * range_m + _RANGE_NOISE_M
        return Detection(
            str(rng.choice([*self._kinds, "unknown"])), range_m, sigma_m, 0.40 + 0.40 * float(rng.random())
        )

    def _spoil(self, frame: CameraFrame, fault: Fault) -> CameraFrame | None:
        if fault.kind == "off" or (fault.kind == "intermittent" and frame.counter % 2):
            return None
        if fault.kind == "stuck":
            return None if self._last is None else replace(self._last, t_ns=frame.t_ns)
        if fault.kind == "garbage":
            return replace(frame, confidence=0.1, detections=(self._false_alarm(), self._false_alarm()))
        if fault.kind == "wrong":
            scale = value_of(fault)
            return replace(
                frame, detections=tuple(replace(d, range_m=d.range_m * scale) for d in frame.detections)
            )
        if fault.kind == "delayed":
            self._waiting.append(frame)
            due = [f for f in self._waiting if frame.t_ns - f.t_ns >= value_of(fault) * 1e9]
            self._waiting = self._waiting[len(due) :]
            return due[-1] if due else None
        return frame
