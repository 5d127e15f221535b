"""Every input counts: nothing that a sensor says can change without the estimate showing it."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from estimate_cases import LINE, PROFILE, START_M, estimator, job, run

from robot.estimate.state import CHANNELS
from robot.messages import AxisStates, Battery, BoardSensors, Imu, Mode, SensorFrame

PARTS: dict[str, Any] = {"axes": AxisStates, "sensors": BoardSensors, "imu": Imu, "battery": Battery}
NOT_FUSED = {"t_ns", "device_us", "last_seq", "last_seq_age_ms", "mode", "fault", "limit"}  # the monitor's


def places() -> Iterator[tuple[str, str, int | None]]:
    """Every number of the fused messages: part, field, index in it."""
    frame = next(iter(job(1)))[0]
    for part in PARTS:
        for f in fields(PARTS[part]):
            if f.name in NOT_FUSED:
                continue
            value = getattr(getattr(frame, part), f.name)
            yield from (
                ((part, f.name, i) for i in range(len(value)))
                if isinstance(value, tuple)
                else ((part, f.name, None),)
            )


def altered(frame: SensorFrame, part: str, name: str, index: int | None) -> SensorFrame:
    """The frame with one number 5 % larger; a zero becomes 0.05."""
    message = getattr(frame, part)
    value = getattr(message, name)

    def more(v: float) -> float:
        return 1.05 * v if v else 0.05

    value = more(value) if index is None else (*value[:index], more(value[index]), *value[index + 1 :])
    return replace(frame, **{part: replace(message, **{name: value})})


@pytest.fixture(scope="module")
def some_frames() -> list[tuple[SensorFrame, Any]]:
    return [(frame, stance) for frame, stance, _ in job(1, dt_s=0.02, end_m=START_M + 2.0)]


@pytest.mark.parametrize(("part", "name", "index"), list(places()))
def test_a_number_that_is_five_percent_off_changes_the_estimate(
    some_frames: list[tuple[SensorFrame, Any]], part: str, name: str, index: int | None
) -> None:
    plain, other = estimator(), estimator()
    for frame, stance in some_frames[-60:-1]:
        plain.update(frame, Mode.WRAP, stance)
        other.update(frame, Mode.WRAP, stance)
    frame, stance = some_frames[-1]
    before = repr(plain.update(frame, Mode.WRAP, stance))
    assert before != repr(other.update(altered(frame, part, name, index), Mode.WRAP, stance))


@pytest.mark.parametrize(
    "name", ["confidence", "conductor_diameter_m", "lay_pitch_m", "lay_gap_m", "range_m"]
)
def test_a_picture_that_is_five_percent_off_changes_the_estimate(name: str) -> None:
    frames = [(f, s) for f, s, _ in job(1, dt_s=0.04, end_m=29.0)]
    new = max(
        i
        for i, (f, _) in enumerate(frames)
        if f.camera is not frames[i - 1][0].camera and f.camera.detections
    )
    plain, other = estimator(), estimator()
    for frame, stance in frames[:new]:
        plain.update(frame, Mode.WRAP, stance)
        other.update(frame, Mode.WRAP, stance)
    frame, stance = frames[new]
    if name == "range_m":
        seen = tuple(replace(d, range_m=1.05 * d.range_m) for d in frame.camera.detections)
        camera = replace(frame.camera, detections=seen)
    else:
        camera = replace(frame.camera, **{name: 1.05 * getattr(frame.camera, name) or 0.001})
    before = repr(plain.update(frame, Mode.WRAP, stance))
    assert before != repr(other.update(replace(frame, camera=camera), Mode.WRAP, stance))


def test_innovations_come_in_the_order_of_the_channels_and_are_numbers() -> None:
    result = run(job(1, dt_s=0.04, end_m=START_M + 3.0), estimator())
    for estimate in result.estimate:
        assert len(estimate.innovation) == len(CHANNELS)
        assert all(math.isfinite(v) for v in estimate.innovation)


def test_coil_battery_and_diameter_are_followed() -> None:
    result = run(job(1, dt_s=0.04, end_m=START_M + 20.0), estimator())
    last, way_m = result.estimate[-1], result.truth[-1].s_m - result.truth[0].s_m
    assert last.paid_out_m == pytest.approx(way_m, abs=0.05)
    assert last.coil_m == pytest.approx(LINE.cable_loaded_m - way_m, abs=0.05)
    used_wh = 3.0 * 50.0 * result.t_s[-1] / 3600
    assert last.battery_wh == pytest.approx(PROFILE.power.capacity_wh - used_wh, abs=0.01)
    assert last.conductor_diameter_m == pytest.approx(LINE.conductor.diameter_m, abs=0.0001)


@pytest.mark.parametrize("imbalance_deg", [(1.5, 0.0), (0.0, -0.8), (-0.6, 1.2)])
def test_the_once_per_turn_part_of_roll_is_separated_from_lean(imbalance_deg: tuple[float, float]) -> None:
    sin_rad, cos_rad = (math.radians(v) for v in imbalance_deg)
    work = job(2, dt_s=0.01, end_m=START_M + 16.0, imbalance_rad=(sin_rad, cos_rad))
    last = run(work, estimator()).estimate[-1]
    assert last.imbalance_sin == pytest.approx(sin_rad, abs=math.radians(0.15))
    assert last.imbalance_cos == pytest.approx(cos_rad, abs=math.radians(0.15))


def test_an_update_takes_some_microseconds(some_frames: list[tuple[SensorFrame, Any]]) -> None:
    """Budget 20 us hot; the limit leaves room for a slow and shared machine."""
    robot, rounds = estimator(), []
    for _ in range(7):
        started = time.process_time()
        for frame, stance in some_frames:
            robot.update(frame, Mode.WRAP, stance)
        rounds.append((time.process_time() - started) / len(some_frames))
    assert statistics.median(rounds) < 60e-6
