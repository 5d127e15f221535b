"""CiA 402 drives on a sound line: what they are told, what it takes, how they stop."""

from __future__ import annotations

import math

import pytest
from board_rig import HOLD, setpoints
from cia402_rig import ALL, CABLE, DRIVING, FRONT, GRIP, ROTOR, CiaRig, driving
from fleet_rig import only

from firmware_bridge.drivers.slcan import Slcan
from firmware_bridge.ports import MemoryPair
from firmware_bridge.virtual.cia402 import CSP, CST, OPERATION_ENABLED, SWITCH_ON_DISABLED, SWITCHED_ON
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode, Mode

GOING = {"armed": True, "mode": Mode.TRAVEL}
BUSY = setpoints(
    **dict.fromkeys(("traction_front", "traction_middle", "traction_rear"), (AxisMode.VELOCITY, 6.0, 0.0)),
    **dict.fromkeys(("grip_front", "grip_middle", "grip_rear"), (AxisMode.POSITION, 0.0, 0.0, 100.0)),
    rotor=(AxisMode.POSITION, 1.0, 0.5), cable=(AxisMode.EFFORT, 10.0, 0.0),
    trim=(AxisMode.POSITION, 0.15, 0.0), guide=(AxisMode.POSITION, 0.03, 0.0),
)  # fmt: skip


def wishing(rig: CiaRig, seconds: float, **axes) -> None:
    rig.run(seconds, rig.frame(setpoints(**axes), **GOING))


def bits(frame: tuple[int, bytes]) -> int:
    """Of a frame on the bus with all the stuffing that there can be."""
    size = len(frame[1])
    return 47 + 8 * size + (34 + 8 * size - 1) // 4


def test_ten_axes_take_less_than_half_of_the_bus():
    rig = CiaRig(ALL)
    rig.mechanics.load[CABLE] = 10.0
    rig.arm()
    rig.run(1.0, rig.frame(BUSY, **GOING))
    assert all(driver.armed for driver in rig.bus.axes.values())
    spent, parser = 0, Slcan(MemoryPair().host)
    sent, received = rig.bus.health.bytes_sent, rig.bus.health.bytes_received
    for _ in range(100):
        rig.far.advance()
        spent += sum(map(bits, parser.parse(b"".join(rig.line.host._inbox))))
        rig.tick()
        spent += sum(map(bits, parser.parse(b"".join(rig.line.device._inbox))))
    assert spent < 0.5e6
    assert rig.bus.health.bytes_sent - sent < 34_000
    assert rig.bus.health.bytes_received - received < 46_000


def test_meeting_and_test_move_nothing():
    rig = CiaRig()
    rig.mechanics.load[FRONT] = 5.0
    rig.connect()
    assert rig.readings.safety.watchdog_seen
    assert rig.mechanics.position[FRONT] == 0.0
    assert rig.mechanics.braked.all()


def test_a_controlword_is_not_repeated_to_a_drive_that_runs():
    rig = driving(CiaRig())
    said = []
    for _ in range(50):
        rig.tick()
        said += Slcan(MemoryPair().host).parse(b"".join(rig.line.device._inbox))
    assert not [can_id for can_id, _ in said if can_id >> 7 == 0x200 >> 7]
    assert [can_id for can_id, _ in said if can_id == 0x301]


def test_a_held_axis_is_braked_before_its_motor_is_off():
    rig = driving(CiaRig())
    rig.mechanics.load[FRONT] = 3.0
    rig.run(0.04, rig.frame(**GOING))
    assert rig.device(FRONT).drive_state == SWITCHED_ON
    assert rig.mechanics.braked[FRONT]
    assert rig.board.drives.drives[FRONT]["force"] != 0.0
    rig.run(0.1)
    assert rig.board.drives.drives[FRONT]["force"] == 0.0


def test_each_axis_has_the_mode_that_its_wish_needs():
    rig = driving(CiaRig(only(FRONT, ROTOR, CABLE, GRIP, drives=ALL)))
    wishing(rig, 0.5, cable=(AxisMode.EFFORT, 10.0, 0.0), rotor=(AxisMode.POSITION, 1.0, 0.0),
            grip_front=(AxisMode.POSITION, 0.04, 0.0, 300.0))  # fmt: skip
    assert rig.device(CABLE)._mode == CST
    assert rig.device(ROTOR)._mode == rig.device(GRIP)._mode == CSP
    states = rig.readings.axes
    assert states.mode[CABLE] == AxisMode.EFFORT
    assert states.effort[CABLE] == pytest.approx(10.0, abs=0.2)
    wishing(rig, 2.0, rotor=(AxisMode.POSITION, 1.0, 0.0), grip_front=(AxisMode.POSITION, 0.04, 0.0, 300.0))
    assert rig.mechanics.position[ROTOR] == pytest.approx(1.0, abs=0.05)
    assert rig.mechanics.position[GRIP] == pytest.approx(0.04, abs=0.002)


def test_a_moving_place_is_followed_by_its_speed():
    """Electronic gearing: the place of each tick with its speed ahead."""
    rig = CiaRig(only(ROTOR, drives=ALL))
    rig.arm()
    for tick in range(200):
        place = max(tick - 20, 0) * 0.02
        wish = setpoints(rotor=(AxisMode.POSITION, place, 2.0 if tick > 20 else 0.0))
        rig.tick(rig.frame(wish, **GOING))
    assert rig.mechanics.position[ROTOR] == pytest.approx(place, abs=0.04)


@pytest.mark.parametrize(
    ("axis", "wish", "target", "refused"),
    [
        (
            "rotor",
            (AxisMode.VELOCITY, 99.0, 0.0),
            0.95 * 6.3,
            AxisLimit.VELOCITY,
        ),  # its own limit stands lower
        ("trim", (AxisMode.POSITION, 9.0, 0.0), 0.24, AxisLimit.RANGE),
        ("cable", (AxisMode.EFFORT, 50.0, 0.0, 12.0), 12.0, AxisLimit.EFFORT),
        ("cable", (AxisMode.POSITION, 1.0, 0.0), 1.0, AxisLimit.NONE),
    ],
)
def test_what_an_axis_cannot_do_is_not_even_sent(axis: str, wish: tuple, target: float, refused: AxisLimit):
    place = Axis[axis.upper()]
    rig = CiaRig(only(place, drives=ALL))
    rig.arm()
    rig.run(0.15, rig.frame(setpoints(**{axis: wish}), **GOING))
    assert rig.board.drives.drives[place]["target"] == pytest.approx(target, rel=2e-3)
    assert rig.readings.axes.limit[place] in (refused, AxisLimit.EFFORT)


@pytest.mark.parametrize("wish", [(AxisMode.VELOCITY, math.nan, 0.0), (AxisMode.VELOCITY, 1.0, math.inf)])
def test_what_is_no_number_holds(wish: tuple):
    rig = CiaRig(only(ROTOR, drives=ALL))
    rig.arm()
    rig.run(0.15, rig.frame(setpoints(rotor=wish), **GOING))
    assert rig.device(ROTOR).drive_state != OPERATION_ENABLED
    assert rig.readings.axes.limit[ROTOR] == AxisLimit.INVALID


def test_disarmed_all_ramp_down_together_and_lose_their_voltage():
    rig = driving(CiaRig())
    rig.run(0.5, rig.frame(HOLD, mode=Mode.TRAVEL))
    assert rig.speed(FRONT) / 6.0 == pytest.approx(rig.speed(ROTOR) / 2.0, abs=0.1)
    assert 0.2 < rig.speed(FRONT) / 6.0 < 0.8
    rig.run(1.0)
    for axis in (FRONT, ROTOR, CABLE):
        assert rig.device(axis).drive_state == SWITCH_ON_DISABLED
        assert rig.mechanics.braked[axis]


def test_a_drive_in_profiled_velocity_turns_as_well():
    rig = CiaRig(only(FRONT, drives=ALL))
    rig.device(FRONT).entries[0x6502, 0].value = 0x0004
    rig.arm()
    rig.run(0.6, rig.frame(DRIVING, **GOING))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)
    assert rig.front.capabilities().modes == {AxisMode.HOLD, AxisMode.VELOCITY}


def test_objects_that_can_be_done_without_are_left_out():
    rig = CiaRig(only(FRONT, drives=ALL))
    device = rig.device(FRONT)
    missing, serve = (0x6077, 0x60B1, 0x60B2, 0x6007, 0x605A, 0x605E, 0x60C2, 0x1029), device._serve

    def serve_without(data: bytes) -> bytes:
        hidden = int.from_bytes(data[1:3], "little") in missing
        return b"\x80" + data[1:4] + b"\0\0\2\6" if hidden else serve(data)

    device._serve = serve_without
    rig.arm()
    rig.run(0.6, rig.frame(DRIVING, **GOING))
    assert rig.front.mismatch == ""
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_a_position_goes_round_beyond_32_bits():
    rig = CiaRig(only(ROTOR, drives=ALL))
    per_rad = 1.909859 * 65536
    rig.mechanics.position[ROTOR] = (2**31 - 20_000) / per_rad
    rig.arm()
    began = float(rig.mechanics.position[ROTOR])
    wishing(rig, 2.0, rotor=(AxisMode.POSITION, began + 1.0, 0.0))
    assert rig.mechanics.position[ROTOR] == pytest.approx(began + 1.0, abs=0.05)
    assert rig.readings.axes.position[ROTOR] == pytest.approx(began + 1.0, abs=0.05)
    assert rig.readings.axes.fault[ROTOR] == AxisFault.NONE
