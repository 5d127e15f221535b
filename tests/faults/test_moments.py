"""The tools of the fault matrix: kept moments, and the limits that every command is held against."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import pytest

from robot.messages import Axis, AxisMode, Mode
from tests.faults.checks import Limits
from tests.faults.moments import FutureFailed, Moments
from tests.faults.rig import Rig, Tick, short_job


def test_futures_of_a_moment_do_not_know_of_each_other() -> None:
    counted = [0]
    moments = Moments()

    def count(by: int) -> int:
        counted[0] += by
        return counted[0]

    moments.keep("zero", count)
    counted[0] = 10
    moments.keep("ten", count)
    counted[0] = 100
    try:
        assert [moments.play("zero", 1), moments.play("zero", 2)] == [1, 2]
        assert moments.play("ten", 1) == 11
        assert counted == [100]
    finally:
        moments.close()


def test_a_future_that_fails_or_dies_is_told() -> None:
    moments = Moments()
    moments.keep("divide", lambda by: 1 / by)
    moments.keep("die", os._exit)
    try:
        with pytest.raises(FutureFailed, match="ZeroDivisionError"):
            moments.play("divide", 0)
        assert moments.play("divide", 2) == 0.5
        with pytest.raises(FutureFailed, match="died"):
            moments.play("die", 3)
    finally:
        moments.close()


@pytest.fixture(scope="module")
def tick() -> Tick:
    return Rig(short_job()).tick()


LIMITS = Limits(short_job().profile, short_job().parameters)


def test_a_quiet_tick_is_inside_all_limits(tick: Tick) -> None:
    assert list(LIMITS.problems(tick)) == []


@pytest.mark.parametrize(
    ("axis", "mode", "target"),
    [
        (Axis.TRACTION_REAR, AxisMode.VELOCITY, 12.1),
        (Axis.TRACTION_REAR, AxisMode.VELOCITY, math.nan),
        (Axis.GRIP_FRONT, AxisMode.POSITION, 0.121),
        (Axis.ROTOR, AxisMode.VELOCITY, -6.4),
        (Axis.CABLE, AxisMode.EFFORT, 41.0),
        (Axis.TRIM, AxisMode.POSITION, 0.07),
    ],
)
def test_a_command_outside_its_limits_is_found(tick: Tick, axis: Axis, mode: AxisMode, target: float) -> None:
    points = tick.command.setpoints
    modes, targets = list(points.mode), list(points.target)
    modes[axis], targets[axis] = int(mode), target
    wrong = replace(points, mode=tuple(modes), target=tuple(targets))
    found = list(LIMITS.problems(replace(tick, command=replace(tick.command, setpoints=wrong))))
    assert len(found) == 1
    assert axis.name in found[0]


def test_a_robot_too_fast_not_held_or_armed_in_a_stop_is_found(tick: Tick) -> None:
    assert list(LIMITS.problems(replace(tick, truth=replace(tick.truth, speed_mps=-0.61))))
    assert list(LIMITS.problems(replace(tick, truth=replace(tick.truth, held=False))))
    armed = replace(tick.command, mode=Mode.STOPPED, armed=True)
    assert list(LIMITS.problems(replace(tick, command=armed)))
    long_lived = replace(tick.command, valid_for_ms=151)
    assert list(LIMITS.problems(replace(tick, command=long_lived)))
