"""Every value stands in the field whose name it bears, read by the generated code."""

from __future__ import annotations

import pytest
from board_rig import PROFILE, Rig, SpringMass, setpoints

from firmware_bridge import wire
from firmware_bridge.dialect import silkline
from firmware_bridge.link import HOST_SYSTEM, LAYOUTS, Link
from firmware_bridge.ports import MemoryPair
from robot.messages import Action, AxisMode, OperatorMessage


def by_name(id_: int, values: tuple):
    """The message as the generated code reads it."""
    memory = MemoryPair()
    link = Link(memory.host, HOST_SYSTEM)
    link.queue(id_, *values)
    link.flush()
    (message,) = silkline.MAVLink(None).parse_buffer(memory.device.read())
    return message


def filled(id_: int) -> tuple[tuple, object]:
    """Values all different, and the same message by field name."""
    layout = LAYOUTS[id_]
    values = layout.struct.unpack(bytes(1 + i % 119 for i in range(layout.size)))
    return values, by_name(id_, values)


def test_setpoints():
    points = setpoints(
        traction_rear=(AxisMode.VELOCITY, 3.25, 0.5, 7.0), guide=(AxisMode.POSITION, 0.0125, 0.25, 9.0)
    )
    command = Rig().frame(points, valid_for_ms=140)
    message = by_name(wire.AXIS_SETPOINTS, wire.setpoints_values(7, 8, 9, 150, command))
    assert (message.session, message.seq, message.host_ms, message.valid_for_ms) == (7, 8, 9, 140)
    assert message.target == list(points.target)
    assert message.feedforward == list(points.feedforward)
    assert message.limit == list(points.limit)
    assert message.mode == list(points.mode)


def test_a_setpoint_lives_no_longer_than_the_parameter_says():
    message = by_name(wire.AXIS_SETPOINTS, wire.setpoints_values(7, 8, 9, 150, Rig().frame(valid_for_ms=400)))
    assert message.valid_for_ms == 150


def test_command():
    values = wire.command_values(wire.CMD_RESET, 0x00030007, 41)
    message = by_name(wire.COMMAND_LONG, values)
    assert (message.param1, message.param2, message.param3) == (3.0, 7.0, 41.0)
    assert (message.command, message.target_system, message.confirmation) == (wire.CMD_RESET, 1, 0)
    assert wire.parse_command(values) == (wire.CMD_RESET, 0x00030007, 41)


@pytest.mark.parametrize("spoilt", [float("nan"), -1.0, 0.5, 1e30])
def test_a_command_with_parameters_that_are_not_ours_is_none(spoilt):
    values = wire.command_values(wire.CMD_RESET, 1, 1)
    assert wire.parse_command((*values[:2], spoilt, *values[3:])) is None


def test_axis_states():
    values, message = filled(wire.AXIS_STATES)
    states = wire.axis_states(5, values)
    assert (states.t_ns, states.device_us, states.last_seq) == (5, message.device_us, message.last_seq)
    assert states.last_seq_age_ms == message.last_seq_age_ms
    for name in ("position", "velocity", "effort", "mode", "fault"):
        assert list(getattr(states, name)) == getattr(message, name)
    assert list(states.limit) == message.limit_reason
    assert values[31] == message.session  # where the driver looks for it


def test_board_sensors():
    mechanics = SpringMass(PROFILE)
    raw = mechanics.sensors()
    values = wire.sensors_values(11, 12, raw)
    message = by_name(wire.BOARD_SENSORS, values)
    assert (message.device_us, message.session, message.guide_switch) == (11, 12, raw.guide_switch)
    assert values[11] == 12
    assert (message.odometer, message.rotor_abs) == (raw.odometer_m, raw.rotor_abs_rad)
    assert message.pinch == pytest.approx(raw.pinch_n)
    assert message.wheel_load == pytest.approx(raw.wheel_load_n)
    assert (message.dancer, message.cable_tension) == pytest.approx((raw.dancer_m, raw.cable_tension_n))
    sensors = wire.board_sensors(1, values)
    assert (sensors.pinch_n, sensors.wheel_load_n) == (raw.pinch_n, raw.wheel_load_n)
    assert (sensors.dancer_m, sensors.cable_tension_n, sensors.guide_switch) == (
        raw.dancer_m,
        raw.cable_tension_n,
        raw.guide_switch,
    )


def test_imu_is_turned_into_mavlinks_frame_and_back():
    raw = SpringMass(PROFILE).sensors()
    message = by_name(wire.HIGHRES_IMU, wire.imu_values(3, raw))
    assert (message.xacc, message.yacc, message.zacc) == pytest.approx((0.0, 0.0, -9.81))
    assert (message.xgyro, message.ygyro, message.zgyro) == pytest.approx((0.01, -0.02, -0.03))
    imu = wire.imu(3, wire.imu_values(3, raw))
    assert imu.accel_mps2 == raw.accel_mps2
    assert imu.gyro_rps == raw.gyro_rps


def test_battery():
    raw = SpringMass(PROFILE).sensors()
    values = wire.battery_values(raw)
    message = by_name(wire.BATTERY_STATUS, values)
    assert (message.voltages[0], message.current_battery, message.energy_consumed) == (50200, 310, 450)
    battery = wire.battery(3, values)
    assert (battery.voltage_v, battery.current_a, battery.used_wh) == pytest.approx((50.2, 3.1, 12.5))


def test_safety_status():
    values, message = filled(wire.SAFETY_STATUS)
    status = wire.safety_status(9, values)
    assert values[1] == message.session
    assert (status.stop_cause, status.reset_cause) == (message.stop_cause, message.reset_cause)
    assert (status.boot_count, status.watchdog_ms) == (message.boot_count, message.watchdog_ms)
    assert (status.config_digest, status.layout_digest) == (message.config_digest, message.layout_digest)


@pytest.mark.parametrize("bit", range(4))
def test_every_safety_bit_means_one_thing(bit):
    status = wire.safety_status(0, (0, 0, 0, 0, 0, 0, 0, 0, 1 << bit, 0, 0))
    said = (status.estop_closed, status.permitted, status.latched_stop, status.watchdog_seen)
    assert said == tuple(i == bit for i in range(4))


@pytest.mark.parametrize("action", list(Action))
def test_operator_command(action):
    message = OperatorMessage(7, 12, "tablet 东", action, "fault-indicator", 30)
    values = wire.operator_values(message)
    read = by_name(wire.OPERATOR_COMMAND, values)
    assert (read.seq, read.age_ms) == (12, 30)
    assert silkline.enums["SILKLINE_ACTION"][read.action].name == f"SILKLINE_ACTION_{action.name}"
    assert read.argument == "fault-indicator"
    layout = LAYOUTS[wire.OPERATOR_COMMAND].struct
    assert wire.operator_message(7, layout.unpack(layout.pack(*values))) == message


def test_operator_text_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="argument 80 of 64"):
        wire.operator_values(OperatorMessage(0, 1, "tablet", Action.JOG, "x" * 80))


def test_operator_commands_that_are_not_ours_are_none():
    assert wire.operator_message(0, (1, 0, 200, b"tablet", b"")) is None
    assert wire.operator_message(0, (1, 0, 0, b"\xff\xfe", b"")) is None
