"""The world behind the virtual board: the same bytes, drives and brakes that a real robot has."""

from __future__ import annotations

import math

import pytest

from firmware_bridge.virtual.board import VirtualBoard
from hil.world.world import World
from robot.messages import GRIP, Axis, AxisMode, Mode
from tests.firmware_bridge.board_rig import Rig, setpoints
from tests.hil.world_cases import PROFILE, make_line, make_scenario

RADIUS_M = PROFILE.carriages.wheel_radius_m
PINCH_N = 100.0


def armed_on_the_line() -> tuple[Rig, World]:
    """A rig whose board stands on a line, armed in TRAVEL with all carriages clamped."""
    world = World(PROFILE, make_line(), make_scenario(), seed=1)
    rig = Rig()
    rig.board = VirtualBoard(rig.pair.device, PROFILE, world)
    rig.arm()
    grips = {Axis(a).name.lower(): (AxisMode.POSITION, 0.0, 0.0, PINCH_N) for a in GRIP}
    rig.run(4.0, rig.frame(setpoints(**grips), armed=True, mode=Mode.MOUNTING))
    return rig, world


def wheels(speed_mps: float) -> dict[str, tuple]:
    wish = (AxisMode.VELOCITY, speed_mps / RADIUS_M, 0.0)
    return {f"traction_{name}": wish for name in ("front", "middle", "rear")}


def test_the_grips_close_to_the_pinch_that_was_asked_for() -> None:
    _, world = armed_on_the_line()
    assert world.truth().pinch_n == pytest.approx((PINCH_N,) * 3, rel=0.02)
    assert min(world.truth().wheel_load_n) > 20.0


def test_the_robot_drives_at_the_speed_on_the_wire_and_reports_what_it_did() -> None:
    rig, world = armed_on_the_line()
    cable = {"cable": (AxisMode.EFFORT, 10.0, 0.0)}
    begin_m, before = world.truth().s_m, rig.readings.sensors.odometer_m
    rig.run(5.0, rig.frame(setpoints(**wheels(0.3), **cable), armed=True, mode=Mode.TRAVEL))
    truth = world.truth()
    assert truth.speed_mps == pytest.approx(0.3, rel=0.02)
    assert rig.readings.sensors.odometer_m - before == pytest.approx(truth.s_m - begin_m, abs=0.01)
    assert truth.tension_n == pytest.approx(10.0, rel=0.1)
    assert rig.readings.sensors.cable_tension_n == pytest.approx(truth.tension_n, abs=0.5)


def test_a_silent_host_lets_the_robot_stop_by_itself_and_stay() -> None:
    rig, world = armed_on_the_line()
    rig.run(3.0, rig.frame(setpoints(**wheels(0.4)), armed=True, mode=Mode.TRAVEL))
    begin_m = world.truth().s_m
    rig.run(2.0, silent=True)
    stopped = world.truth()
    assert stopped.speed_mps == pytest.approx(0.0, abs=1e-9)
    assert stopped.s_m - begin_m < 0.4 * 0.150 + 0.25
    rig.run(5.0, silent=True)
    assert world.truth().s_m == pytest.approx(stopped.s_m, abs=1e-6)


def test_the_rotor_parks_where_it_is_sent() -> None:
    rig, world = armed_on_the_line()
    park = {"rotor": (AxisMode.POSITION, PROFILE.park_rotor_rad, 0.0)}
    rig.run(6.0, rig.frame(setpoints(**park), armed=True, mode=Mode.TRAVEL))
    assert world.truth().rotor_rad == pytest.approx(PROFILE.park_rotor_rad, abs=math.radians(1.0))
