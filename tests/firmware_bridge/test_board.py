"""Host and board together: who may move the drives, and when that ends."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from board_rig import EFFORTS, HOLD, NAN, PROFILE, Recorder, Rig, setpoints

from firmware_bridge.dialect import silkline
from firmware_bridge.drivers.board import BoardDriver
from firmware_bridge.link import LAYOUTS
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode, Mode, StopCause
from robot.parameters import Parameters
from robot.profile import Profile


def wheels(speed_rps: float) -> dict[str, tuple[AxisMode, float, float]]:
    return {f"traction_{where}": (AxisMode.VELOCITY, speed_rps, 0.0) for where in ("front", "middle", "rear")}


DRIVING = setpoints(**wheels(8.0), rotor=(AxisMode.VELOCITY, 2.5, 0.0))


def driving(new_rig, mode: Mode = Mode.TRAVEL) -> Rig:
    rig = new_rig()
    rig.arm(mode)
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=mode))
    assert rig.readings.axes.velocity[0] == pytest.approx(8.0, abs=0.1)
    return rig


def ms_until(rig: Rig, condition, silent: bool = False, limit_ms: int = 3000) -> int:
    for tick in range(limit_ms // 10):
        if condition(rig):
            return tick * 10
        rig.tick(silent=silent)
    raise AssertionError("never happened")


def at_rest(rig: Rig) -> bool:
    return bool(np.all(np.abs(rig.mechanics.velocity) < 0.05) and rig.mechanics.braked.all())


# ---------------------------------------------------------------- connecting


def test_before_hello_nothing_is_known_and_nothing_moves(new_rig):
    rig = new_rig()
    assert not rig.readings.link.connected
    assert math.isnan(rig.readings.axes.position[0])
    assert rig.readings.axes.t_ns == 0
    assert rig.mechanics.braked.all()


def test_the_host_learns_who_the_board_is(new_rig):
    rig = new_rig()
    readings = rig.connect()
    assert readings.link.connected
    assert readings.link.identity_ok
    assert readings.link.frames_bad == readings.link.frames_lost == 0
    assert readings.link.round_trip_ms == 10.0
    assert rig.driver.identity.robot == "R1"
    assert readings.safety.boot_count == 1
    assert readings.safety.stop_cause == StopCause.BOOT


def test_stamps_are_the_hosts_time(new_rig):
    rig = new_rig()
    readings = rig.connect()
    stamps = {readings.axes.t_ns, readings.sensors.t_ns, readings.imu.t_ns}
    assert stamps == {rig.t_ns}


def test_every_reading_arrives(new_rig):
    rig = new_rig()
    readings = rig.connect()
    raw = rig.mechanics.sensors()
    assert readings.sensors.odometer_m == raw.odometer_m
    assert readings.sensors.rotor_abs_rad == raw.rotor_abs_rad
    assert readings.sensors.pinch_n == pytest.approx(raw.pinch_n)
    assert readings.imu.accel_mps2 == pytest.approx(raw.accel_mps2)
    assert readings.battery.used_wh == pytest.approx(raw.battery_used_wh)
    assert readings.safety.estop_closed


def test_mavlinks_tools_find_the_board(new_rig):
    rig = new_rig()
    rig.board.advance(1_000_000_000)
    parser = silkline.MAVLink(None)
    names = [message.get_type() for message in parser.parse_buffer(rig.host.read())]
    assert names.count("HEARTBEAT") == 1
    assert names.count("AXIS_STATES") == 100


def test_a_dead_imu_sends_nothing_and_its_stamp_ages(new_rig):
    rig = new_rig()
    rig.connect()
    rig.mechanics.accel_mps2 = (NAN, NAN, NAN)
    readings = rig.run(0.2)
    assert rig.t_ns - readings.imu.t_ns == 200_000_000
    assert all(math.isfinite(a) for a in readings.imu.accel_mps2)


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("configuration", lambda rig, _: rig.replace_board(other_robot(effort_max=14.0))),
        ("protocol version", lambda rig, patch: rig.pretend(patch, protocol=2)),
        ("robot", lambda rig, _: rig.replace_board(PROFILE.model_copy(update={"name": "R2"}))),
        ("message layouts", lambda rig, patch: rig.pretend(patch, layout_digest=1)),
    ],
)
def test_a_board_that_is_not_as_expected_is_named_and_never_armed(new_rig, what, spoil, monkeypatch):
    rig = new_rig()
    spoil(rig, monkeypatch)
    readings = rig.arm()
    assert not readings.link.identity_ok
    assert what in rig.driver.mismatch
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.readings.axes.last_seq == 0
    assert at_rest(rig)


def other_robot(**changes) -> Profile:
    drives = (PROFILE.drive[0].model_copy(update=changes), *PROFILE.drive[1:])
    return PROFILE.model_copy(update={"drive": drives})


def test_another_board_after_replugging_is_a_stranger(new_rig):
    rig = new_rig()
    rig.arm()
    rig.replace_board(serial_number=2)
    readings = rig.run(0.5)
    assert readings.link.connected
    assert not readings.link.identity_ok
    assert "serial number" in rig.driver.mismatch
    assert not readings.safety.permitted


def test_the_same_board_after_replugging_needs_arming_again(new_rig):
    rig = driving(new_rig)
    rig.replug()
    readings = rig.run(1.5)
    assert readings.link.identity_ok
    assert not readings.safety.permitted
    assert at_rest(rig)


# ---------------------------------------------------------------- arming


def test_no_setpoint_leaves_before_arming(new_rig):
    rig = new_rig()
    rig.connect()
    readings = rig.run(0.5, rig.frame(DRIVING))
    assert readings.axes.last_seq == 0
    assert at_rest(rig)


def test_every_drive_is_seen_to_time_out_before_it_is_armed(new_rig):
    rig = new_rig()
    rig.run(0.15, rig.frame())
    assert not rig.readings.safety.watchdog_seen
    took_ms = ms_until(rig, lambda r: r.readings.safety.watchdog_seen)
    assert took_ms <= 400
    assert rig.readings.axes.fault == (0,) * len(Axis)
    assert at_rest(rig)


@pytest.mark.parametrize("axis", [Axis.TRACTION_REAR, Axis.GRIP_FRONT, Axis.GUIDE])
def test_a_drive_without_watchdog_is_never_permitted(new_rig, axis):
    rig = new_rig()
    rig.board.drives.watch(axis, False)
    readings = rig.arm()
    assert readings.safety.watchdog_ms == 0
    assert not readings.safety.watchdog_seen
    assert not readings.safety.permitted
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert at_rest(rig)


def test_the_watchdog_test_is_repeated_after_a_reset(new_rig):
    rig = new_rig()
    rig.board.drives.watch(Axis.ROTOR, False)
    rig.run(2.0, rig.frame())
    rig.board.drives.watch(Axis.ROTOR, True)
    assert not rig.run(1.0, rig.frame()).safety.watchdog_seen
    assert rig.run(1.0, rig.frame(reset=True)).safety.watchdog_seen


def test_permission_needs_a_rising_edge_of_intent(new_rig):
    rig = new_rig()
    rig.run(0.6, rig.frame(armed=True, mode=Mode.READY))
    assert not rig.readings.safety.permitted
    rig.connect()
    assert rig.run(0.1, rig.frame(armed=True, mode=Mode.READY)).safety.permitted


def test_what_is_permitted_ends_with_the_intent_and_does_not_latch(new_rig):
    rig = driving(new_rig)
    rig.run(1.5, rig.frame(mode=Mode.SAFE))
    assert not rig.readings.safety.permitted
    assert not rig.readings.safety.latched_stop
    assert at_rest(rig)


# ---------------------------------------------------------------- stopping


def test_a_silent_host_is_stopped_within_the_watchdogs_time(new_rig):
    rig = driving(new_rig)
    took_ms = ms_until(rig, lambda r: r.readings.safety.latched_stop, silent=True)
    assert 140 <= took_ms <= 170
    assert rig.readings.safety.stop_cause == StopCause.WATCHDOG
    ms_until(rig, at_rest, silent=True, limit_ms=1500)


def test_setpoints_that_dry_up_stop_it_even_with_heartbeats(new_rig):
    rig = driving(new_rig)
    said = dataclasses.replace(rig.command, armed=True)
    rig.driver._config_digest += 1  # the driver now takes the board for a stranger: heartbeats, no setpoints
    rig.run(0.3, said)
    assert rig.readings.safety.stop_cause == StopCause.WATCHDOG


def test_a_short_life_is_honoured(new_rig):
    rig = driving(new_rig)
    rig.tick(rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL, valid_for_ms=50))
    assert 40 <= ms_until(rig, lambda r: r.readings.safety.latched_stop, silent=True) <= 70


def test_every_drive_stops_by_itself_when_the_board_does_not(new_rig):
    rig = driving(new_rig)
    rig.let_the_guard_die()
    rig.run(0.17, silent=True)
    assert rig.readings.axes.fault == (AxisFault.TIMEOUT,) * len(Axis)
    rig.run(1.3, silent=True)
    assert at_rest(rig)


def test_a_latched_stop_outlives_its_cause_and_needs_reset_and_arming(new_rig):
    rig = driving(new_rig)
    rig.run(1.5, silent=True)
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.readings.safety.latched_stop
    rig.run(0.2, rig.frame(mode=Mode.STOPPED))
    assert rig.readings.safety.latched_stop
    rig.tick(rig.frame(mode=Mode.STOPPED, reset=True))
    rig.run(0.2, rig.frame(mode=Mode.SAFE))
    assert not rig.readings.safety.latched_stop
    assert not rig.readings.safety.permitted
    assert at_rest(rig)
    rig.run(0.1, rig.frame(HOLD, armed=True, mode=Mode.READY))
    assert rig.readings.safety.permitted


def test_a_reset_while_armed_does_not_restart(new_rig):
    rig = driving(new_rig)
    rig.run(0.3, silent=True)
    rig.run(2.0, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL, reset=True))
    assert not rig.readings.safety.permitted
    assert at_rest(rig)


def test_stop_is_on_the_board_one_tick_after_it_was_asked_for(new_rig):
    rig = driving(new_rig)
    rig.tick(rig.frame(DRIVING, armed=True, mode=Mode.STOPPED, stop=True))
    rig.tick()
    assert rig.readings.safety.latched_stop
    assert rig.readings.safety.stop_cause == StopCause.HOST


def test_stop_breaks_the_silence_of_the_watchdog_test(new_rig):
    rig = new_rig()
    rig.run(0.15, rig.frame())
    rig.run(0.05, rig.frame(stop=True, mode=Mode.STOPPED))
    assert rig.readings.safety.latched_stop


def test_the_open_chain_stops_and_cannot_be_reset_away(new_rig):
    rig = driving(new_rig)
    rig.mechanics.estop_closed = False
    assert ms_until(rig, lambda r: r.readings.safety.latched_stop) <= 30
    assert rig.readings.safety.stop_cause == StopCause.ESTOP
    rig.tick(rig.frame(mode=Mode.STOPPED, reset=True))
    rig.run(0.3, rig.frame(mode=Mode.STOPPED))
    assert rig.readings.safety.latched_stop
    rig.mechanics.estop_closed = True
    rig.run(0.1, rig.frame(mode=Mode.STOPPED))
    assert rig.readings.safety.latched_stop
    rig.tick(rig.frame(mode=Mode.STOPPED, reset=True))
    assert not rig.run(0.2, rig.frame(mode=Mode.SAFE)).safety.latched_stop


def test_carriage_and_rotor_ramp_down_together(new_rig):
    rig = driving(new_rig, Mode.WRAP)
    rig.mechanics.load[Axis.CABLE] = 10.0
    rig.run(0.15, silent=True)
    ratios = []
    for _ in range(80):
        rig.tick(silent=True)
        wheel, rotor = rig.mechanics.velocity[0], rig.mechanics.velocity[Axis.ROTOR]
        ratios.append(rotor / wheel)
    assert ratios == pytest.approx([2.5 / 8.0] * len(ratios), rel=0.25)
    assert rig.mechanics.velocity[0] > 0.5  # cat 1: no brake before the ramp's end
    assert not rig.mechanics.braked[0]
    rig.run(0.5, silent=True)
    assert at_rest(rig)


def test_a_crossing_holds_its_stance_at_once(new_rig):
    rig = new_rig()
    rig.arm(Mode.CROSSING)
    slow = setpoints(traction_front=(AxisMode.VELOCITY, 3.0, 0.0), grip_middle=(AxisMode.POSITION, 0.04, 0.0))
    half_way_s = 0.5 * PROFILE.carriages.open_m / PROFILE.drive[Axis.GRIP_MIDDLE].velocity_max
    rig.run(half_way_s, rig.frame(slow, armed=True, mode=Mode.CROSSING))
    grip_m = rig.mechanics.position[Axis.GRIP_MIDDLE]
    assert 0.01 < grip_m < 0.03
    rig.tick(rig.frame(slow, armed=True, mode=Mode.STOPPED, stop=True))
    rig.run(0.3)
    assert at_rest(rig)
    assert rig.mechanics.position[Axis.GRIP_MIDDLE] == pytest.approx(grip_m, abs=0.001)


def test_the_mode_of_the_heartbeat_decides_how_fast_a_lost_host_is_stopped(new_rig):
    distance = {}
    for mode in (Mode.TRAVEL, Mode.CROSSING):
        rig = driving(new_rig, mode)
        before = rig.mechanics.position[0]
        rig.run(2.0, silent=True)
        distance[mode] = rig.mechanics.position[0] - before
    assert distance[Mode.CROSSING] < 8.0 * 0.30
    assert 8.0 * 0.5 < distance[Mode.TRAVEL] < 8.0 * 0.8


def test_the_host_stops_sending_when_feedback_is_old(new_rig):
    rig = driving(new_rig)
    seq = rig.driver._setpoint_seq
    for _ in range(30):
        rig.t_ns += 10_000_000
        rig.driver.poll(rig.t_ns)
        rig.driver.send(rig.t_ns, rig.command)
    assert rig.driver._setpoint_seq - seq <= 10


def test_a_board_without_link_stops_its_drives(new_rig):
    rig = driving(new_rig)
    rig.unplug()
    rig.run(2.0)
    assert at_rest(rig)
    assert not rig.readings.link.connected


# ---------------------------------------------------------------- restarts


def test_a_restarted_board_is_noticed_and_needs_arming(new_rig):
    rig = driving(new_rig)
    rig.board.reset()
    rig.run(0.1)
    assert rig.mechanics.braked.all()
    assert rig.t_ns - rig.readings.axes.t_ns >= 90_000_000  # silence
    readings = rig.run(1.0)
    assert readings.safety.boot_count == 2
    assert readings.link.connected
    assert not readings.safety.permitted
    assert at_rest(rig)
    assert readings.axes.last_seq == 0


def test_a_restarted_drive_stops_all_and_shows_a_wrong_configuration(new_rig):
    rig = driving(new_rig)
    rig.board.drives.reset(Axis.TRACTION_MIDDLE)
    took_ms = ms_until(rig, lambda r: r.readings.safety.latched_stop and not r.readings.link.identity_ok)
    assert took_ms <= 150
    assert rig.readings.safety.stop_cause == StopCause.DRIVE_FAULT
    assert rig.readings.axes.fault[Axis.TRACTION_MIDDLE] == AxisFault.RESET
    assert rig.readings.axes.position[Axis.TRACTION_MIDDLE] == pytest.approx(0.0, abs=0.5)
    assert "configuration" in rig.driver.mismatch
    rig.run(1.5)
    assert at_rest(rig)
    rig.tick(rig.frame(mode=Mode.STOPPED, reset=True))
    rig.run(0.3, rig.frame(mode=Mode.SAFE))
    assert rig.readings.link.identity_ok
    assert rig.readings.axes.fault == (0,) * len(Axis)


# ---------------------------------------------------------------- what the board does not do


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["target", "feedforward", "limit"])
def test_what_is_no_number_moves_nothing(new_rig, value, field):
    rig = driving(new_rig)
    bad = dataclasses.replace(DRIVING, **{field: (value, *getattr(DRIVING, field)[1:])})
    rig.run(0.3, rig.frame(bad, armed=True, mode=Mode.TRAVEL))
    assert rig.readings.axes.limit[0] == AxisLimit.INVALID
    assert rig.readings.axes.mode[0] == AxisMode.HOLD
    assert abs(rig.mechanics.velocity[0]) < 0.05
    assert rig.readings.axes.velocity[1] == pytest.approx(8.0, abs=0.1)  # the others go on


def test_an_unknown_axis_mode_moves_nothing(new_rig):
    rig = driving(new_rig)
    bad = dataclasses.replace(DRIVING, mode=(9, *DRIVING.mode[1:]))
    rig.run(0.3, rig.frame(bad, armed=True, mode=Mode.TRAVEL))
    assert rig.readings.axes.limit[0] == AxisLimit.INVALID
    assert abs(rig.mechanics.velocity[0]) < 0.05


def test_speed_and_effort_are_clipped_to_the_profile(new_rig):
    rig = driving(new_rig)
    wild = setpoints(
        traction_front=(AxisMode.VELOCITY, 500.0, 0.0, 1e6),
        rotor=(AxisMode.EFFORT, 1e6, 0.0, 1e6),
        trim=(AxisMode.POSITION, 5.0, 0.0, 1e6),
    )
    for _ in range(200):
        rig.tick(rig.frame(wild, armed=True, mode=Mode.TRAVEL))
        assert np.all(np.abs(rig.board.drives.effort) <= np.array(EFFORTS) * 1.02)
    velocity, limit = rig.readings.axes.velocity, rig.readings.axes.limit
    assert velocity[0] == pytest.approx(PROFILE.drive[0].velocity_max, rel=0.01)
    assert velocity[Axis.ROTOR] < 1.2 * PROFILE.drive[Axis.ROTOR].velocity_max
    assert limit[0] == AxisLimit.VELOCITY
    assert limit[Axis.TRIM] == AxisLimit.RANGE
    assert rig.run(5.0).axes.position[Axis.TRIM] == pytest.approx(PROFILE.trim.center_r_m[1], abs=1e-3)


def test_a_release_that_breaks_the_support_rule_is_refused_and_then_latched(new_rig):
    rig = new_rig()
    rig.arm(Mode.CROSSING)
    rig.mechanics.wheel_load_n = (200.0, 0.0, 0.0)
    release = setpoints(grip_front=(AxisMode.POSITION, 0.04, 0.0))
    rig.tick(rig.frame(release, armed=True, mode=Mode.CROSSING))
    rig.tick()
    assert rig.readings.axes.limit[Axis.GRIP_FRONT] == AxisLimit.SUPPORT_RULE
    rig.run(0.3)
    assert rig.readings.safety.stop_cause == StopCause.SUPPORT_RULE
    assert rig.mechanics.position[Axis.GRIP_FRONT] < 0.001


def test_the_setpoint_that_latches_the_stop_moves_nothing_on(new_rig):
    rig = driving(new_rig, Mode.CROSSING)
    rig.mechanics.wheel_load_n = (200.0, 0.0, 0.0)
    release = {**wheels(8.0), "grip_front": (AxisMode.POSITION, 0.04, 0.0)}
    rig.run(0.05, rig.frame(setpoints(**release), armed=True, mode=Mode.CROSSING))
    assert rig.readings.safety.stop_cause == StopCause.SUPPORT_RULE
    rig.run(0.1)
    assert rig.readings.axes.mode == (AxisMode.HOLD,) * len(Axis)
    assert rig.readings.axes.velocity[0] < 1.0
    assert rig.readings.axes.fault == (AxisFault.NONE,) * len(Axis)


@pytest.mark.parametrize("wish", [(AxisMode.VELOCITY, 0.02, 0.0), (AxisMode.EFFORT, -200.0, 0.0)])
def test_the_support_rule_knows_every_way_to_release(new_rig, wish):
    rig = new_rig()
    rig.arm(Mode.MANUAL)
    rig.mechanics.wheel_load_n = (200.0, 0.0, 0.0)
    rig.run(0.5, rig.frame(setpoints(grip_front=wish), armed=True, mode=Mode.MANUAL))
    assert rig.readings.safety.stop_cause == StopCause.SUPPORT_RULE
    assert rig.mechanics.position[Axis.GRIP_FRONT] < 0.001


def test_two_carriages_are_not_released_together(new_rig):
    rig = new_rig()
    rig.arm(Mode.CROSSING)
    both = setpoints(grip_front=(AxisMode.POSITION, 0.04, 0.0), grip_middle=(AxisMode.POSITION, 0.04, 0.0))
    rig.run(0.5, rig.frame(both, armed=True, mode=Mode.CROSSING))
    moved = rig.mechanics.position[[Axis.GRIP_FRONT, Axis.GRIP_MIDDLE]] > 0.002
    assert moved.sum() <= 1


def test_no_grip_is_walked_open_in_small_steps(new_rig):
    rig = new_rig()
    rig.arm(Mode.MANUAL)
    rig.mechanics.wheel_load_n = (200.0, 0.0, 0.0)
    for _ in range(50):
        further_m = rig.mechanics.position[Axis.GRIP_FRONT] + 0.0008
        step = setpoints(grip_front=(AxisMode.POSITION, further_m, 0.0))
        rig.run(0.02, rig.frame(step, armed=True, mode=Mode.MANUAL))
    assert rig.readings.safety.stop_cause == StopCause.SUPPORT_RULE
    assert rig.mechanics.position[Axis.GRIP_FRONT] < 0.001


def test_a_grip_whose_drive_has_restarted_supports_nothing(new_rig):
    rig = new_rig()
    rig.arm(Mode.CROSSING)
    rig.let_the_guard_die()  # even if nothing stopped the robot
    rig.mechanics.wheel_load_n = (150.0, 150.0, 0.0)
    rig.board.drives.reset(Axis.GRIP_FRONT)
    release = setpoints(grip_middle=(AxisMode.POSITION, 0.04, 0.0))
    rig.run(0.03, rig.frame(release, armed=True, mode=Mode.CROSSING))
    assert rig.readings.axes.limit[Axis.GRIP_MIDDLE] == AxisLimit.SUPPORT_RULE


def test_an_allowed_release_opens_and_closes_in_the_profiles_time(new_rig):
    rig = new_rig()
    rig.arm(Mode.CROSSING)
    opening = setpoints(grip_middle=(AxisMode.POSITION, 0.04, 0.0))
    rig.run(2.0, rig.frame(opening, armed=True, mode=Mode.CROSSING))
    assert rig.mechanics.position[Axis.GRIP_MIDDLE] == pytest.approx(0.04, abs=0.001)
    closing = setpoints(grip_middle=(AxisMode.POSITION, 0.0, 0.0, 150.0))
    rig.run(2.0, rig.frame(closing, armed=True, mode=Mode.CROSSING))
    assert rig.readings.sensors.pinch_n[1] == pytest.approx(150.0, rel=0.03)


# ---------------------------------------------------------------- beside other controllers


def test_of_axes_with_controllers_of_their_own_the_board_knows_nothing(new_rig):
    rig = new_rig(external=(Axis.TRACTION_FRONT, Axis.GRIP_REAR))
    rig.arm()
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.readings.link.identity_ok
    axes = rig.readings.axes
    assert math.isnan(axes.position[Axis.TRACTION_FRONT])
    assert math.isnan(axes.effort[Axis.GRIP_REAR])
    assert axes.velocity[Axis.TRACTION_MIDDLE] == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize(("mode", "ramp_s"), [(Mode.TRAVEL, 1.0), (Mode.CROSSING, 0.1)])
def test_the_relay_that_feeds_them_outlives_a_stop_by_its_ramp_and_a_grace(new_rig, mode, ramp_s):
    rig = new_rig(external=(Axis.TRACTION_FRONT,))
    rig.connect()
    assert not rig.board.drives.relay
    rig.arm(mode)
    assert rig.board.drives.relay
    rig.tick(rig.frame(stop=True, mode=mode))
    rig.run(ramp_s + 0.17, silent=True)
    assert rig.board.drives.relay
    rig.run(0.06, silent=True)
    assert not rig.board.drives.relay


def test_messages_of_another_session_are_dropped(new_rig):
    rig = driving(new_rig)
    before = rig.tick(silent=True).axes.last_seq
    rig.driver._session ^= 1
    rig.driver.send(rig.t_ns, rig.command)
    rig.driver._session ^= 1
    rig.tick(silent=True)
    assert rig.readings.axes.last_seq == before


def a_drive_with_a_stop(new_rig) -> bytes:
    """What the host hears in it."""
    rig = new_rig(Recorder)
    rig.arm(Mode.WRAP)
    rig.run(0.3, rig.frame(DRIVING, armed=True, mode=Mode.WRAP))
    rig.run(1.5, silent=True)
    return rig.driver._link._transport.heard


def test_the_same_run_gives_the_same_bytes(new_rig):
    assert a_drive_with_a_stop(new_rig) == a_drive_with_a_stop(new_rig)


def test_driver_and_board_agree_on_a_profile_of_another_robot(new_rig):
    drives = tuple(d.model_copy(update={"effort_max": d.effort_max * 2}) for d in PROFILE.drive)
    profile = PROFILE.model_copy(update={"name": "R9", "drive": drives})
    rig = new_rig(profile=profile)
    rig.driver = BoardDriver(rig.host, profile, Parameters())
    rig.arm()
    assert rig.readings.safety.permitted


def test_the_layouts_in_use_are_few():
    assert len(LAYOUTS) < 24
