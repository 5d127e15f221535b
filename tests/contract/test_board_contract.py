"""The same conversation between host and board over every kind of line."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
from board_rig import TICK_NS, Rig, SpringMass, setpoints
from c_board import CRig, example_board
from lines import TWO_ENDED, Line

from firmware_bridge.ports import SerialPort
from firmware_bridge.virtual.board import VirtualBoard
from robot.messages import AxisMode, CommandFrame, Mode, StopCause
from robot.profile import Profile

DRIVING = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0), rotor=(AxisMode.POSITION, 0.5, 0.0))


class LineRig(Rig):
    """A rig over a line of the operating system: its time is the rig's, its bytes take their own."""

    def __init__(self, line: Line) -> None:
        self.line = line
        super().__init__()

    def power_up(self, profile: Profile, serial_number: int) -> None:
        self.host = self.line.host
        self.mechanics = SpringMass(profile)
        self.board = VirtualBoard(self.line.far, profile, self.mechanics, serial_number)

    def unplug(self) -> None:
        self.line.unplug()
        self.line.host.close()

    def hear(self, noise: bytes) -> None:
        self.line.far.write(noise)

    def tick(self, command=None, silent: bool = False):
        received = self.driver.bytes_received
        readings = super().tick(command, silent)
        until_s = time.monotonic() + 1.0
        while self.driver.bytes_received == received and not self.driver.lost and time.monotonic() < until_s:
            readings = self.readings = self.driver.poll(self.t_ns)
        return readings


@pytest.fixture(params=[*TWO_ENDED, "example board"])
def rig(request):
    if request.param in TWO_ENDED:
        with TWO_ENDED[request.param]() as line:
            yield LineRig(line)
    else:
        rig = CRig()
        yield rig
        rig.close()


def test_connect_arm_and_drive(rig: Rig):
    readings = rig.connect()
    assert readings.link.connected
    assert readings.link.identity_ok
    readings = rig.run(0.2, rig.frame(armed=True, mode=Mode.TRAVEL))
    assert readings.safety.permitted
    readings = rig.run(0.6, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert readings.axes.velocity[0] == pytest.approx(6.0, abs=0.1)
    assert readings.axes.position[6] == pytest.approx(0.5, abs=0.05)
    assert readings.link.frames_bad == readings.link.frames_lost == 0


def test_silence_stops_the_board(rig: Rig):
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    readings = rig.run(1.5, silent=True)
    assert readings.safety.stop_cause == StopCause.WATCHDOG
    assert rig.mechanics.braked.all()


def test_an_unplugged_line_is_told_and_stops_the_board(rig: Rig):
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    rig.unplug()
    readings = rig.run(1.5)
    assert not readings.link.connected
    assert rig.mechanics.braked.all()


def test_bytes_of_a_stranger_do_no_harm(rig: Rig):
    """A modem manager's probe, a bootloader's banner, a line at another speed."""
    rig.arm()
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    for noise in (b"AT\r\nATZ\r\n", b"\x00" * 64, b"\xff" * 64, b"\xfd" * 64, "über".encode("latin-1")):
        rig.hear(noise)
        rig.host.write(noise)
        readings = rig.tick()
    readings = rig.run(0.1)
    assert readings.safety.permitted
    assert readings.link.frames_bad > 0
    assert readings.axes.velocity[0] == pytest.approx(6.0, abs=0.1)


# ---------------------------------------------------------------- by the clock


class ClockedRig(Rig):
    """The example board by the monotonic clock; a tick takes its time, and a host that was late begins anew."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def power_up(self, profile: Profile, serial_number: int) -> None:
        self.host = SerialPort(self.address)

    def tick(self, command: CommandFrame | None = None, silent: bool = False):
        until_ns = self.t_ns + TICK_NS
        time.sleep(max(until_ns - time.monotonic_ns(), 0) / 1e9)
        self.t_ns = time.monotonic_ns()
        self.readings = self.driver.poll(self.t_ns)
        if not silent:
            self.driver.send(self.t_ns, command)
        return self.readings

    def drive(self) -> Iterator[CommandFrame]:
        """What an operator asks for who wants to drive, whatever stops him."""
        reset = False
        while True:
            safety = self.readings.safety
            reset = safety.latched_stop and not reset
            if safety.latched_stop:
                yield self.frame(mode=Mode.STOPPED, reset=reset)
            elif not safety.watchdog_seen:
                yield self.frame()
            else:
                yield self.frame(DRIVING, armed=True, mode=Mode.TRAVEL)


@pytest.fixture
def clocked():
    with subprocess.Popen([example_board()], stdout=subprocess.PIPE, text=True) as board:
        rig = ClockedRig(board.stdout.readline().strip())
        yield rig
        rig.host.close()
        board.kill()


def test_the_example_board_drives_and_stops_by_the_clock(clocked: ClockedRig):
    """Its times are those of the tests in lockstep; here the machine may be busy with something else."""
    for command in clocked.drive():
        readings = clocked.tick(command)
        if readings.axes.velocity[0] == pytest.approx(6.0, abs=0.1):
            break
    clocked.tick(clocked.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    fell_silent_ns = clocked.t_ns
    while not clocked.readings.safety.latched_stop:
        readings = clocked.tick(silent=True)
    assert readings.safety.stop_cause == StopCause.WATCHDOG
    while any(readings.axes.mode) or abs(readings.axes.velocity[0]) > 0.01:
        readings = clocked.tick(silent=True)
    assert (clocked.t_ns - fell_silent_ns) / 1e9 < 10.0
