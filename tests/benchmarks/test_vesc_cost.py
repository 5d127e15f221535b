"""What ten VESCs on one line cost the host at 200 Hz, over a pty."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "firmware_bridge"))
sys.path.append(str(Path(__file__).parent.parent / "contract"))
from board_rig import PROFILE, SpringMass
from lines import pty
from vesc_rig import velocity, wheel

from firmware_bridge.axes import axis_configs
from firmware_bridge.drivers.vesc import VescBus
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.vesc import VescPort, VirtualVesc
from robot.messages import Axis

CYCLES = 2000
PERIOD_NS = 5_000_000
SHARE_OF_A_CORE = 0.06


@pytest.mark.acceptance
def test_ten_vescs_at_200_hz_take_their_share_of_a_core_at_most():
    wiring = {axis: wheel(axis + 1, can=axis > 0) for axis in Axis}
    bank = DriveBank(axis_configs(PROFILE), SpringMass(PROFILE), PROFILE.power.brake_s, tuple(Axis))
    with pty() as line:
        far = VescPort(line.far, [VirtualVesc(bank, axis, built) for axis, built in wiring.items()])
        bus = VescBus(line.host, wiring)
        took_ns = []
        for cycle in range(1, CYCLES):
            t_ns = cycle * PERIOD_NS
            bank.uptime_us = t_ns // 1000
            far.advance()
            time.sleep(0.0002)  # the line's own time
            began_ns = time.process_time_ns()
            bus.poll(t_ns)
            for driver in bus.axes.values():
                if driver.watchdog_seen:
                    driver.arm()
                elif cycle == 100:
                    driver.test_watchdog()
                driver.command(velocity(6.0), t_ns + 150_000_000)
            bus.send(t_ns)
            took_ns.append(time.process_time_ns() - began_ns)
        assert bus.health.frames_bad == 0
        assert all(driver.watchdog_seen for driver in bus.axes.values())
    share = statistics.median(took_ns[CYCLES // 2 :]) / PERIOD_NS
    print(f"{100 * share:.1f} % of a core, {statistics.median(took_ns) / 1000:.0f} us a cycle")
    assert share <= SHARE_OF_A_CORE
