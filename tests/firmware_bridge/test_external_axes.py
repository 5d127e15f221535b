"""A board beside other controllers: what it judges, what it leaves alone, and the relay."""

from __future__ import annotations

import numpy as np
import pytest
from board_rig import PROFILE, SpringMass, setpoints
from fleet_rig import FleetRig, only

from firmware_bridge.axes import axis_configs, config_digest
from firmware_bridge.virtual import loops
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import STEP_US
from robot.messages import GRIP, Axis, AxisFault, AxisLimit, AxisMode, Mode

FRONT, REAR = Axis.TRACTION_FRONT, Axis.TRACTION_REAR


class Bench:
    """Drives with a few external axes, stepped by hand."""

    def __init__(self, *external: Axis) -> None:
        self.mechanics = SpringMass(PROFILE)
        self.bank = DriveBank(axis_configs(PROFILE), self.mechanics, PROFILE.power.brake_s, external)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 1e6 / STEP_US)):
            self.bank.step(self.bank.now_us)

    def turn(self, axis: Axis, speed: float, life_us: int = 10_000_000) -> None:
        """As an external controller's front end would have it."""
        drive = self.bank.drives[axis]
        drive["mode"], drive["target"], drive["limit"] = AxisMode.VELOCITY, speed, drive["effort_max"]
        drive["deadline_us"] = self.bank.now_us + life_us
        drive["phase"] = loops.RUNNING


def test_setpoints_stops_and_tests_of_the_board_leave_other_controllers_alone():
    bench = Bench(FRONT)
    bench.bank.relay = True
    bench.turn(FRONT, 5.0)
    bench.bank.accept(np.zeros((3, len(Axis))), np.zeros(len(Axis), np.int64), 0, 0, 150_000)
    bench.bank.stop(0, 100_000)
    bench.bank.hold_until(0, 150_000)
    bench.bank.power_off()
    bench.run(0.5)
    assert bench.mechanics.velocity[FRONT] == pytest.approx(5.0, abs=0.1)


def test_a_fault_elsewhere_is_none_of_the_boards():
    bench = Bench(FRONT)
    bench.bank.trip(FRONT, AxisFault.OVER_CURRENT)
    bench.run(0.01)
    assert not bench.bank.faulted
    bench.bank.clear_faults()
    assert bench.bank.drives[FRONT]["fault"] == AxisFault.OVER_CURRENT
    bench.bank.clear_fault(FRONT)
    assert bench.bank.drives[FRONT]["fault"] == AxisFault.NONE


def test_the_digest_is_of_the_boards_own_axes():
    configs = axis_configs(PROFILE)
    own = [config for axis, config in zip(Axis, configs, strict=True) if axis != FRONT]
    assert Bench(FRONT).bank.digest() == config_digest(own)
    assert Bench().bank.digest() == config_digest(configs)


def test_without_the_relay_there_is_neither_effort_nor_a_free_brake():
    bench = Bench(FRONT)
    bench.turn(FRONT, 5.0)
    bench.run(0.1)
    assert bench.mechanics.braked[FRONT]
    assert bench.bank.effort[FRONT] == 0.0


def test_a_restart_of_the_board_does_not_lengthen_a_life():
    bench = Bench(FRONT)
    bench.bank.relay = True
    bench.run(1.0)
    bench.turn(FRONT, 5.0, life_us=100_000)
    bench.run(0.05)
    bench.bank.restart_clock()
    bench.run(0.06)
    assert bench.bank.drives[FRONT]["fault"] == AxisFault.TIMEOUT


@pytest.mark.parametrize(("mode", "ramp_s"), [(Mode.TRAVEL, 1.0), (Mode.CROSSING, 0.1)])
def test_the_relay_outlives_a_stop_by_its_ramp_and_a_grace(mode: Mode, ramp_s: float):
    rig = FleetRig(only(FRONT))
    rig.arm(mode)
    assert rig.board.drives.relay
    rig.tick(rig.frame(stop=True, mode=mode))
    rig.run(ramp_s + 0.17, silent=True)
    assert rig.board.drives.relay
    rig.run(0.06, silent=True)
    assert not rig.board.drives.relay


def test_the_support_rule_is_judged_for_the_boards_own_grips():
    release = setpoints(**{f"grip_{name}": (AxisMode.POSITION, 0.12, 0.0) for name in ("front", "middle")})
    rig = FleetRig(only(Axis.GRIP_FRONT))
    rig.arm(Mode.CROSSING)
    readings = rig.run(0.03, rig.frame(release, armed=True, mode=Mode.CROSSING))  # before the stop latches
    assert readings.axes.limit[Axis.GRIP_MIDDLE] == AxisLimit.SUPPORT_RULE
    assert set(GRIP) - rig.drives.external == {Axis.GRIP_MIDDLE, Axis.GRIP_REAR}
