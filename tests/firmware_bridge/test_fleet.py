"""One robot on a bridge board and other controllers."""

from __future__ import annotations

import pytest
from board_rig import PROFILE, setpoints
from fleet_rig import MOTEUS, FleetRig, finite, only

from firmware_bridge.drivers.board import BoardDriver
from missions.files import read_drives
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode, Mode, StopCause
from robot.parameters import Parameters

FRONT, CABLE = Axis.TRACTION_FRONT, Axis.CABLE
DRIVING = setpoints(
    traction_front=(AxisMode.VELOCITY, 6.0, 0.0),
    traction_middle=(AxisMode.VELOCITY, 6.0, 0.0),
    rotor=(AxisMode.POSITION, 0.5, 0.0),
    cable=(AxisMode.EFFORT, 10.0, 0.0),
)


@pytest.fixture(params=["all ten axes", "traction and cable", "mixed"])
def rig(request) -> FleetRig:
    if request.param == "all ten axes":
        return FleetRig()
    if request.param == "mixed":
        return FleetRig(read_drives("mixed"))
    return FleetRig(only(Axis.TRACTION_FRONT, Axis.TRACTION_MIDDLE, Axis.TRACTION_REAR, Axis.CABLE))


def drive(rig: FleetRig, seconds: float = 0.6):
    """Arm and drive; something pulls at the cable as much as the drive does."""
    rig.mechanics.load[CABLE] = 10.0
    rig.arm()
    return rig.run(seconds, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))


def test_before_anything_is_armed_everybody_is_known_and_was_seen_to_time_out(rig: FleetRig):
    readings = rig.connect()
    assert readings.link.connected
    assert readings.link.identity_ok
    assert readings.safety.watchdog_seen
    assert not rig.driver.mismatch
    assert rig.mechanics.braked.all()
    assert rig.mechanics.t_s > 0.5
    assert finite(readings.axes.position)


def test_setpoints_reach_every_axis(rig: FleetRig):
    readings = drive(rig)
    assert readings.axes.velocity[FRONT] == pytest.approx(6.0, abs=0.1)
    assert readings.axes.position[Axis.ROTOR] == pytest.approx(0.5, abs=0.05)
    assert readings.axes.effort[CABLE] == pytest.approx(10.0, abs=0.5)
    assert readings.axes.mode[FRONT] == AxisMode.VELOCITY
    assert readings.axes.mode[CABLE] == AxisMode.EFFORT
    assert readings.axes.fault == (0,) * len(Axis)
    assert readings.link.frames_bad == readings.link.frames_lost == 0


def test_the_board_says_nothing_of_axes_that_are_not_its_own(rig: FleetRig):
    drive(rig)
    own = rig.driver._board.poll(rig.t_ns).axes
    for axis in rig.drives.external:
        assert own.position[axis] != own.position[axis]
        assert own.mode[axis] == AxisMode.HOLD


def test_feedback_is_as_old_as_its_oldest_axis(rig: FleetRig):
    drive(rig)
    rig.device(CABLE).take = lambda data: None  # it alone has fallen silent
    last_ns = rig.readings.axes.t_ns
    rig.run(0.05)
    assert rig.readings.axes.t_ns <= last_ns + 10_000_000


def test_a_stop_ramps_down_brakes_and_cuts_the_power(rig: FleetRig):
    drive(rig)
    rig.run(0.5, rig.frame(armed=False, mode=Mode.TRAVEL, stop=True))
    assert 2.0 < rig.speed(FRONT) < 4.0
    rig.run(1.0)
    assert rig.mechanics.braked.all()
    assert not rig.board.drives.relay
    assert rig.readings.safety.stop_cause == StopCause.HOST


def test_an_open_chain_stops_all_even_if_the_host_says_nothing_any_more(rig: FleetRig):
    drive(rig)
    rig.mechanics.estop_closed = False
    rig.run(1.4, silent=True)
    assert rig.mechanics.braked.all()
    assert not rig.board.drives.relay


def test_a_silent_host_is_stopped_by_the_controllers_own_watchdogs(rig: FleetRig):
    drive(rig)
    rig.run(0.2, silent=True)
    for axis in (FRONT, CABLE):
        assert rig.timed_out(axis)
    rig.run(3.5, silent=True)
    assert rig.mechanics.braked.all()


def test_after_a_silence_nothing_moves_until_reset_and_arming(rig: FleetRig):
    drive(rig)
    rig.run(2.0, silent=True)
    readings = rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert readings.axes.fault[FRONT] == AxisFault.TIMEOUT
    assert rig.mechanics.braked.all()
    rig.run(0.1, rig.frame(reset=True))
    readings = rig.run(0.5, rig.frame())
    assert readings.axes.fault == (0,) * len(Axis)
    assert rig.mechanics.braked.all()
    readings = rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert readings.axes.velocity[FRONT] == pytest.approx(6.0, abs=0.2)


def test_a_restarted_board_takes_the_power_from_all(rig: FleetRig):
    drive(rig)
    rig.board.reset()
    rig.run(0.4)
    assert rig.mechanics.braked[list(rig.drives.external)].all()
    assert not rig.readings.safety.permitted


def test_a_wrong_controller_is_named_and_never_armed():
    rig = FleetRig()
    rig.device(FRONT).registers[0x102] = 4
    readings = rig.connect()
    assert not readings.link.identity_ok
    assert rig.driver.mismatch == "traction_front: register map: controller 4, host 5"
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.mechanics.braked[list(rig.drives.external)].all()


def test_what_was_stopped_within_an_arming_is_not_taken_up_again_in_it():
    """Feedback that was late and comes again must not set the robot in motion (promise S7)."""
    rig = FleetRig()
    drive(rig)
    device = rig.device(CABLE)
    take, device.take = device.take, lambda data: None
    rig.run(0.13)
    device.take = take
    rig.run(2.5)
    assert rig.mechanics.braked[FRONT]


def test_what_a_controller_does_not_take_is_not_permitted():
    """The host must not drive on with an axis that has dropped out."""
    rig = FleetRig()
    drive(rig)
    assert rig.readings.safety.permitted
    rig.axis(FRONT).disarm(0.1)
    assert not rig.run(0.02).safety.permitted


def test_armed_again_while_it_still_stops_all_take_part():
    rig = FleetRig()
    drive(rig)
    rig.run(0.3, rig.frame(mode=Mode.TRAVEL))
    readings = rig.run(0.6, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert readings.safety.permitted
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_a_limit_is_no_fault():
    rig = FleetRig()
    drive(rig)
    rig.mechanics.load[FRONT] = -30.0
    readings = rig.run(0.1)
    assert readings.axes.limit[FRONT] == AxisLimit.EFFORT
    assert readings.axes.fault[FRONT] == AxisFault.NONE


def test_host_and_board_must_agree_on_who_serves_what():
    rig = FleetRig()
    rig.driver._board = BoardDriver(rig.pair.host, PROFILE, Parameters())
    readings = rig.connect()
    assert not readings.link.identity_ok
    assert "configuration" in rig.driver.mismatch


def test_the_packaged_file_serves_every_axis():
    assert MOTEUS.external == frozenset(Axis)


def test_what_was_stopped_for_old_feedback_is_told_and_stops_the_board_too(rig: FleetRig):
    """Whoever goes on as if nothing had been must not have a rotor that turns and wheels that stand."""
    drive(rig)
    device, hears = rig.device(CABLE), rig.device(CABLE).take
    device.take = lambda data: None
    rig.run(0.13)
    device.take = hears
    readings = rig.run(2.0)
    assert not readings.safety.permitted
    assert not rig.board.permission.permitted
    assert abs(rig.speed(FRONT)) < 0.05
    assert abs(rig.speed(Axis.ROTOR)) < 0.05
