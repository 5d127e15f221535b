"""What ten axes on other controllers cost the host at 200 Hz over a pty, as a share of a core."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import tty
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent.parent / name) for name in ("firmware_bridge", "contract")]
from board_rig import PROFILE, SpringMass
from lines import FileEnd

from firmware_bridge.axes import axis_configs
from firmware_bridge.drivers.axis import AxisSetpoint
from firmware_bridge.drivers.buses import bus_driver
from firmware_bridge.ports import SerialPort
from firmware_bridge.virtual.buses import virtual_bus
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US
from missions.files import read_drives
from robot.messages import Axis, AxisMode

PERIOD_NS = 5_000_000
SECONDS = 4.0
MOST = {"moteus": 0.15, "cia402": 0.15}  # share of a core, of the bus of the packaged file


def far_end(name: str, master: int, ready) -> None:
    """Controllers in a process of their own."""
    drives = read_drives(name)
    bank = DriveBank(axis_configs(PROFILE), SpringMass(PROFILE), PROFILE.power.brake_s, drives.external)
    bank.relay = True
    bus = virtual_bus(drives, drives.bus[0], bank, FileEnd(master))
    bank.step(0)
    began_ns = time.monotonic_ns()
    ready.set()
    while True:
        bus.advance()
        while bank.now_us + STEP_US <= (time.monotonic_ns() - began_ns) // 1000:
            bank.step(bank.now_us)
        time.sleep(0.0003)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", list(MOST))
def test_the_host_spends_no_more_than_its_share(name: str):
    drives = read_drives(name)
    master, slave = os.openpty()
    tty.setraw(master)
    process = multiprocessing.get_context("fork")
    ready = process.Event()
    child = process.Process(target=far_end, args=(name, master, ready), daemon=True)
    child.start()
    try:
        assert ready.wait(60)
        bus = bus_driver(drives, drives.bus[0], PROFILE, SerialPort(os.ttyname(slave)))
        drivers = bus.axes.values()
        until(bus, lambda: all(driver.found and not driver.mismatch for driver in drivers))
        rounds(bus, 0.5, move=False)
        for driver in drivers:
            driver.test_watchdog()
        until(bus, lambda: all(driver.watchdog_seen for driver in drivers))
        rounds(bus, 0.5, move=False)
        for driver in drivers:
            driver.arm()
        spent_s = rounds(bus, SECONDS, move=True)
        assert all(driver.watchdog_seen for driver in bus.axes.values())
        front = bus.axes[Axis.TRACTION_FRONT].state
        assert front.velocity == pytest.approx(6.0, abs=0.3), front.text
    finally:
        child.kill()
        child.join()
        os.close(master)
        os.close(slave)
    print(f"{name}: {len(bus.axes)} axes at 200 Hz take {100 * spent_s / SECONDS:.1f} % of a core")
    assert spent_s / SECONDS <= MOST[name]


def until(bus, done) -> None:
    """Rounds until it is so; a busy machine takes longer."""
    for _ in range(100):
        if done():
            return
        rounds(bus, 0.1, move=False)


def rounds(bus, seconds: float, move: bool) -> float:
    """CPU time of so many rounds, the waiting between them included."""
    wish = AxisSetpoint(AxisMode.VELOCITY, 6.0, 0.0, 15.0)
    began_s = time.process_time()
    next_ns = time.monotonic_ns()
    for _ in range(round(seconds * 1e9 / PERIOD_NS)):
        now_ns = time.monotonic_ns()
        bus.poll(now_ns)
        if move:
            for axis, driver in bus.axes.items():
                still = AxisSetpoint(AxisMode.POSITION, driver.state.position, 0.0, 1.0)
                driver.command(wish if axis == Axis.TRACTION_FRONT else still, now_ns + 150_000_000)
        bus.send(now_ns)
        next_ns += PERIOD_NS
        time.sleep(max(next_ns - time.monotonic_ns(), 0) * 1e-9)
    return time.process_time() - began_s
