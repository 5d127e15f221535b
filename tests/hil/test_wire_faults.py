"""A scenario's faults of drives and line begin and end when they are due, and reach the right place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "firmware_bridge"))
from board_rig import Rig, setpoints

from hil.faults import WireFaults
from hil.faulty_line import FaultyTransport
from hil.scenario import Fault
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode, Mode, StopCause

DRIVING = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0))


class ScenarioRig(Rig):
    """A rig that drives, with the faults of a scenario; times count from the end of arming."""

    def __init__(self, *faults: Fault) -> None:
        def wrap(port):
            self.line = FaultyTransport(port, lambda: self.t_ns, seed=1)
            return self.line

        super().__init__(wrap)
        self.arm(Mode.TRAVEL)
        self.run(0.5, self.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
        self.faults = WireFaults(faults, self.board, self.line)
        self.began_ns = self.t_ns
        self.s_m = 0.0

    def play(self, seconds: float, s_m: float = 0.0):
        for _ in range(round(seconds * 100)):
            self.faults.update((self.t_ns - self.began_ns) / 1e9, s_m)
            self.tick()
        return self.readings


def test_a_scenario_without_such_faults_has_none():
    rig = ScenarioRig(Fault(kind="off", target="imu", at_s=0.0))
    assert not rig.faults
    rig.play(0.5)
    assert rig.readings.safety.permitted


def test_a_fault_begins_and_ends_in_time():
    rig = ScenarioRig(Fault(kind="delayed", target="link", at_s=0.2, for_s=0.3, value=0.05))
    ages = []
    for _ in range(80):
        readings = rig.play(0.01)
        ages.append((rig.t_ns - readings.axes.t_ns) / 1e6)
    assert max(ages[:19]) == 0
    assert max(ages[20:52]) == pytest.approx(50, abs=1)
    assert max(ages[60:]) == 0


def test_a_fault_at_a_chainage_waits_for_the_robot():
    rig = ScenarioRig(Fault(kind="reset", target="rotor.drive", at_m=5.0))
    assert rig.play(0.3, s_m=4.9).axes.fault[Axis.ROTOR] == AxisFault.NONE
    assert rig.play(0.1, s_m=5.1).axes.fault[Axis.ROTOR] == AxisFault.RESET


def test_a_hot_drive_first_does_less_and_then_trips():
    rig = ScenarioRig(Fault(kind="over_temperature", target="traction_front.drive", at_s=0.0))
    readings = rig.play(0.3)
    assert readings.axes.limit[0] == AxisLimit.TEMPERATURE
    assert readings.safety.permitted
    readings = rig.play(0.8)
    assert readings.axes.fault[0] == AxisFault.OVER_TEMPERATURE
    assert readings.safety.stop_cause == StopCause.DRIVE_FAULT


def test_over_current_trips_its_drive():
    rig = ScenarioRig(Fault(kind="over_current", target="cable.drive", at_s=0.1))
    readings = rig.play(0.3)
    assert readings.axes.fault[Axis.CABLE] == AxisFault.OVER_CURRENT
    assert readings.safety.latched_stop


def test_a_watchdog_switched_off_is_reported_and_comes_back():
    rig = ScenarioRig(Fault(kind="watchdog_off", target="guide.drive", at_s=0.0, for_s=0.5))
    assert rig.play(0.3).safety.watchdog_ms == 0
    assert rig.play(0.5).safety.watchdog_ms == 150


def test_a_swapped_board_is_a_stranger():
    rig = ScenarioRig(Fault(kind="swap", target="link", at_s=0.0))
    readings = rig.play(1.5)
    assert readings.link.connected
    assert not readings.link.identity_ok
    assert not readings.safety.permitted


@pytest.mark.parametrize(
    ("kind", "stops"),
    [
        ("disconnect", True),
        ("half_open", True),
        ("corrupt", False),
        ("truncate", False),
        ("duplicate", False),
        ("reorder", False),
        ("replay", False),
        ("flood", False),
        ("delayed", True),
    ],
)
def test_every_fault_of_the_line_acts_and_only_a_dead_line_stops(kind, stops):
    rig = ScenarioRig(Fault(kind=kind, target="link", at_s=0.0))
    rig.play(1.0)
    assert rig.board.permission.latched == stops
