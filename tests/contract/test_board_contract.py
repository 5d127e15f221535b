"""The same conversation between host and board over every kind of line."""

from __future__ import annotations

import time

import pytest
from board_rig import PROFILE, Rig, SpringMass, setpoints
from lines import TWO_ENDED, Line

from firmware_bridge.drivers.board import BoardDriver
from firmware_bridge.virtual.board import VirtualBoard
from robot.messages import AxisMode, Mode, StopCause
from robot.parameters import Parameters

DRIVING = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0), rotor=(AxisMode.POSITION, 0.5, 0.0))


class LineRig(Rig):
    """A rig over a line of the operating system: its time is the rig's, its bytes take their own."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line
        self.board = VirtualBoard(line.far, PROFILE, SpringMass(PROFILE))
        self.mechanics = self.board._mechanics
        self.driver = BoardDriver(line.host, PROFILE, Parameters())

    def tick(self, command=None, silent: bool = False):
        received = self.driver.bytes_received
        readings = super().tick(command, silent)
        until_s = time.monotonic() + 1.0
        while self.driver.bytes_received == received and not self.driver.lost and time.monotonic() < until_s:
            readings = self.readings = self.driver.poll(self.t_ns)
        return readings


@pytest.fixture(params=TWO_ENDED)
def rig(request):
    with TWO_ENDED[request.param]() as line:
        yield LineRig(line)


def test_connect_arm_and_drive(rig: LineRig):
    readings = rig.connect()
    assert readings.link.connected
    assert readings.link.identity_ok
    readings = rig.run(0.2, rig.frame(armed=True, mode=Mode.TRAVEL))
    assert readings.safety.permitted
    readings = rig.run(0.6, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert readings.axes.velocity[0] == pytest.approx(6.0, abs=0.1)
    assert readings.axes.position[6] == pytest.approx(0.5, abs=0.05)
    assert readings.link.frames_bad == readings.link.frames_lost == 0


def test_silence_stops_the_board(rig: LineRig):
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    readings = rig.run(1.5, silent=True)
    assert readings.safety.stop_cause == StopCause.WATCHDOG
    assert rig.mechanics.braked.all()


def test_an_unplugged_line_is_told_and_stops_the_board(rig: LineRig):
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    rig.line.unplug()
    rig.line.host.close()
    readings = rig.run(1.5)
    assert not readings.link.connected
    assert rig.mechanics.braked.all()


def test_bytes_of_a_stranger_do_no_harm(rig: LineRig):
    """A modem manager's probe, a bootloader's banner, a line at another speed."""
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    for noise in (b"AT\r\nATZ\r\n", b"\x00" * 64, b"\xff" * 64, b"\xfd" * 64, "über".encode("latin-1")):
        rig.line.far.write(noise)
        rig.line.host.write(noise)
        readings = rig.tick()
    readings = rig.run(0.1)
    assert readings.safety.permitted
    assert readings.link.frames_bad > 0
    assert readings.axes.velocity[0] == pytest.approx(6.0, abs=0.1)
