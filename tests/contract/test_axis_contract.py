"""The contract of a motor controller's driver (`firmware_bridge.drivers.axis`), for every protocol on every line.

A row of `PROTOCOLS` makes a driver and its virtual controllers known here; nothing below knows a protocol.
"""

from __future__ import annotations

import contextlib
import math
import random
import time

import pytest
from board_rig import PROFILE, TICK_NS, SpringMass
from fleet_rig import only
from lines import CONVERSING, Line

from firmware_bridge.axes import axis_configs
from firmware_bridge.drivers.axis import AxisDriver, AxisSetpoint, AxisState
from firmware_bridge.drivers.buses import bus_driver
from firmware_bridge.ports import MemoryPair, Transport
from firmware_bridge.virtual.buses import virtual_bus
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US
from missions.files import read_drives
from robot.messages import Axis, AxisFault, AxisMode

FRONT, CABLE = Axis.TRACTION_FRONT, Axis.CABLE
PROTOCOLS = {name: only(FRONT, CABLE, drives=read_drives(file)) for name, file in
             {"moteus": "moteus", "vesc": "mixed", "cia402": "cia402"}.items()}  # fmt: skip
LIFE_NS = 150_000_000
LIMITS = {axis: PROFILE.drive[axis].effort_max for axis in (FRONT, CABLE)}


def turn(speed: float) -> AxisSetpoint:
    return AxisSetpoint(AxisMode.VELOCITY, speed, 0.0, LIMITS[FRONT])


def pull(effort: float) -> AxisSetpoint:
    return AxisSetpoint(AxisMode.EFFORT, effort, 0.0, LIMITS[CABLE])


PATIENCE_S = 5.0  # for bytes under way, on a machine that has other things to do


class Counted:
    """One end of a line, with how much went through it."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.read_bytes = self.written_bytes = 0

    def read(self) -> bytes:
        data = self._inner.read()
        self.read_bytes += len(data)
        return data

    def write(self, data: bytes) -> None:
        self._inner.write(data)
        self.written_bytes += len(data)

    def close(self) -> None:
        self._inner.close()


class AxisRig:
    """One bus with two controllers, over a line of any kind. Its time is the rig's, its bytes take their own: a tick
    goes on when all that was said has arrived and was answered, however long that takes."""

    def __init__(self, protocol: str, line: Line) -> None:
        drives = PROTOCOLS[protocol]
        self.t_ns = 0
        self.line = self._counted(line)
        self.mechanics = SpringMass(PROFILE)
        self.bank = DriveBank(axis_configs(PROFILE), self.mechanics, PROFILE.power.brake_s, drives.external)
        self.bank.relay = True
        self.far = virtual_bus(drives, drives.bus[0], self.bank, self.line.far)
        self.bus = bus_driver(drives, drives.bus[0], PROFILE, self.line.host)
        self.setpoints: dict[Axis, AxisSetpoint] = {}

    @property
    def front(self) -> AxisDriver:
        return self.bus.axes[FRONT]

    def state(self, axis: Axis = FRONT) -> AxisState:
        return self.bus.axes[axis].state

    def speed(self, axis: Axis = FRONT) -> float:
        return float(self.mechanics.velocity[axis])

    @staticmethod
    def _counted(line: Line) -> Line:
        return Line(Counted(line.host), Counted(line.far), line.unplug)

    def plug_in(self, line: Line) -> None:
        """Both ends go on over another line."""
        self.line = self._counted(line)
        self.far._transport = self.line.far
        self.bus.attach(self.line.host)

    def tick(self, silent: bool = False) -> None:
        self.t_ns += TICK_NS
        self.far.advance()
        until_s = time.monotonic() + PATIENCE_S
        while not silent and not self.bus.lost:
            self.bus.poll(self.t_ns)
            if self._arrived() or time.monotonic() > until_s:
                break
            self.far.advance()
        while self.bank.now_us + STEP_US <= self.t_ns // 1000:
            self.bank.step(self.bank.now_us)
        if silent:
            return
        for axis, setpoint in self.setpoints.items():
            self.bus.axes[axis].command(setpoint, self.t_ns + LIFE_NS)
        self.bus.send(self.t_ns)

    def _arrived(self) -> bool:
        host, far = self.line.host, self.line.far
        return far.read_bytes == host.written_bytes and host.read_bytes == far.written_bytes

    def run(self, seconds: float, silent: bool = False) -> None:
        for _ in range(round(seconds * 100)):
            self.tick(silent)

    def each(self, act: str, *arguments: float) -> None:
        for driver in self.bus.axes.values():
            getattr(driver, act)(*arguments)

    def prepare(self) -> None:
        for _ in range(300):  # a CANopen node is asked one thing after the other
            self.tick()
            if all(driver.found and not driver.mismatch for driver in self.bus.axes.values()):
                break
        self.run(0.2)
        self.each("test_watchdog")
        self.run(0.6)

    def drive(self, speed: float = 6.0) -> None:
        self.prepare()
        self.each("arm")
        self.mechanics.load[CABLE] = 10.0
        self.setpoints = {FRONT: turn(speed), CABLE: pull(10.0)}
        self.run(0.6)


@pytest.fixture(params=[(p, line) for p in PROTOCOLS for line in CONVERSING], ids="-".join)
def rig(request):
    """On every line."""
    protocol, line = request.param
    with CONVERSING[line]() as ends:
        yield AxisRig(protocol, ends)


@pytest.fixture(params=PROTOCOLS)
def near(request):
    """In memory, for what the kind of line has no part in."""
    with CONVERSING["memory"]() as ends:
        yield AxisRig(request.param, ends)


# ---------------------------------------------------------------- on every line


def test_everybody_is_met_seen_to_time_out_and_moves_as_wished(rig: AxisRig):
    rig.drive()
    for driver in rig.bus.axes.values():
        assert driver.found is not None
        assert driver.found.model
        assert driver.found.firmware
        assert driver.mismatch == ""
        assert driver.watchdog_seen
        assert driver.state.fault == AxisFault.NONE
    assert rig.speed() == pytest.approx(6.0, abs=0.2)
    assert rig.state().velocity == pytest.approx(6.0, abs=0.2)
    assert rig.state(CABLE).effort == pytest.approx(10.0, abs=0.5)
    assert 0 < rig.t_ns - rig.state().t_ns <= 30_000_000


def test_an_unplugged_line_is_told_and_nothing_is_armed_on_the_next(rig: AxisRig):
    rig.drive()
    rig.line.unplug()
    with contextlib.suppress(Exception):
        rig.line.host.close()
    rig.run(0.3)
    assert rig.bus.lost
    again = MemoryPair()
    rig.plug_in(Line(again.host, again.device, again.device.close))
    assert rig.bus.lost == ""
    for driver in rig.bus.axes.values():
        assert driver.found is None
        assert not driver.watchdog_seen  # whoever is met anew is tested anew
        assert not driver.armed
    rig.run(3.0)
    assert abs(rig.speed()) < 0.05
    assert rig.state().fault == AxisFault.TIMEOUT


def test_a_strangers_bytes_do_no_harm(rig: AxisRig):
    rig.drive()
    for noise in (b"AT\r\nATZ\r\n", b"\x00" * 64, b"\xff" * 64, b"\x02" * 64, "über".encode("latin-1")):
        with contextlib.suppress(Exception):
            rig.line.far.write(noise)
        rig.tick()
    rig.run(0.2)
    assert rig.state().fault == AxisFault.NONE
    assert rig.speed() == pytest.approx(6.0, abs=0.2)


# ---------------------------------------------------------------- rule 1: nothing beyond its life


def test_what_is_not_renewed_ends(near: AxisRig):
    near.drive()
    near.setpoints = {}
    near.run(0.3)
    speed = near.speed()
    near.run(4.0)
    assert speed < 6.0
    assert abs(near.speed()) < 0.05
    assert near.state().fault == AxisFault.TIMEOUT


def test_a_silent_host_ends_it_too(near: AxisRig):
    near.drive()
    near.run(4.0, silent=True)
    assert abs(near.speed()) < 0.05


def test_a_setpoint_that_is_past_its_life_is_not_carried_out(near: AxisRig):
    near.prepare()
    near.each("arm")
    for _ in range(50):
        near.front.command(turn(6.0), near.t_ns)
        near.tick()
    assert abs(near.speed()) < 0.01


# ---------------------------------------------------------------- rule 2: only readings that can be


def test_stamps_go_forward_and_never_ahead_of_their_arrival(near: AxisRig):
    near.drive()
    last_ns = 0
    for _ in range(100):
        near.tick()
        assert last_ns <= near.state().t_ns <= near.t_ns
        last_ns = near.state().t_ns


def test_noise_never_becomes_a_reading(near: AxisRig):
    near.drive()
    rng = random.Random(4)
    for _ in range(300):
        near.line.far.write(rng.randbytes(rng.randrange(30)))
        near.tick()
        velocity = near.state().velocity
        assert math.isnan(velocity) or abs(velocity) < 1.2 * PROFILE.drive[FRONT].velocity_max


# ---------------------------------------------------------------- rule 4: what has stopped stays stopped


def test_nobody_is_armed_who_was_not_seen_to_time_out_by_its_own_protocol_or_is_unknown(near: AxisRig):
    near.each("arm")
    near.setpoints = {FRONT: turn(6.0)}
    near.run(0.05)
    assert near.speed() == 0.0


def test_a_time_out_is_latched_until_it_is_cleared_and_clearing_moves_nothing(near: AxisRig):
    near.drive()
    near.run(4.0, silent=True)
    near.run(0.5)
    assert near.state().fault == AxisFault.TIMEOUT
    near.each("arm")
    near.run(0.3)
    assert abs(near.speed()) < 0.05
    near.each("clear_fault")
    near.run(0.5)
    assert near.state().fault == AxisFault.NONE
    assert abs(near.speed()) < 0.05


def test_cleared_and_armed_again_it_moves(near: AxisRig):
    near.drive()
    near.run(4.0, silent=True)
    near.setpoints = {}
    near.run(2.0)
    near.each("clear_fault")
    near.run(0.5)
    near.each("arm")
    near.setpoints = {FRONT: turn(6.0)}
    near.run(0.6)
    assert near.speed() == pytest.approx(6.0, abs=0.2)


def test_disarmed_it_comes_to_rest_within_its_ramp_and_takes_nothing_more(near: AxisRig):
    near.drive()
    near.each("disarm", 1.0)
    near.run(0.5)
    assert 2.0 < near.speed() < 4.0
    near.run(0.9)
    assert abs(near.speed()) < 0.05
    near.run(1.0)
    assert abs(near.speed()) < 0.05


def test_the_first_command_keeps_to_what_is_measured(near: AxisRig):
    near.prepare()
    near.each("arm")
    near.setpoints = {FRONT: turn(6.0)}
    near.tick()
    near.setpoints = {FRONT: AxisSetpoint(AxisMode.HOLD, 0.0, 0.0, LIMITS[FRONT])}
    near.run(0.1)
    assert abs(float(near.mechanics.position[FRONT])) < 0.01


def test_the_watchdog_test_moves_nothing(near: AxisRig):
    near.prepare()
    assert near.mechanics.position[FRONT] == pytest.approx(0.0, abs=0.001)


# ---------------------------------------------------------------- what it can do


def test_a_mode_or_speed_that_it_does_not_offer_is_not_tried(near: AxisRig):
    near.prepare()
    near.each("arm")
    capabilities = near.front.capabilities()
    assert AxisMode.VELOCITY in capabilities.modes
    if AxisMode.POSITION not in capabilities.modes:
        near.setpoints = {FRONT: AxisSetpoint(AxisMode.POSITION, 1.0, 0.0, LIMITS[FRONT])}
        near.run(0.5)
        assert near.speed() == 0.0
        assert near.state().limit
    if capabilities.speed_min:
        near.setpoints = {FRONT: turn(0.5 * capabilities.speed_min)}
        near.run(0.5)
        assert near.speed() == 0.0
        assert near.state().limit


def test_it_says_at_what_effort_it_ends(near: AxisRig):
    assert near.front.capabilities().effort_max == pytest.approx(LIMITS[FRONT])
