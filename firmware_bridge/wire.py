"""What each message of the dialect means in the robot's own messages, in both directions.

The order of values is the wire's: by falling size of type, as MAVLink demands;
`tests/firmware_bridge/test_wire.py` reads every message back by field name with the generated code.
"""

from __future__ import annotations

import math

from firmware_bridge.dialect import silkline
from firmware_bridge.link import Safety, Values
from firmware_bridge.virtual.mechanics import RawSensors
from robot.messages import (
    Action,
    AxisStates,
    Battery,
    BoardSensors,
    CommandFrame,
    Imu,
    OperatorMessage,
    SafetyStatus,
)

HEARTBEAT: int = silkline.MAVLINK_MSG_ID_HEARTBEAT
TIMESYNC: int = silkline.MAVLINK_MSG_ID_TIMESYNC
COMMAND_LONG: int = silkline.MAVLINK_MSG_ID_COMMAND_LONG
COMMAND_ACK: int = silkline.MAVLINK_MSG_ID_COMMAND_ACK
HIGHRES_IMU: int = silkline.MAVLINK_MSG_ID_HIGHRES_IMU
BATTERY_STATUS: int = silkline.MAVLINK_MSG_ID_BATTERY_STATUS
BOARD_HELLO: int = silkline.MAVLINK_MSG_ID_BOARD_HELLO
BOARD_IDENTITY: int = silkline.MAVLINK_MSG_ID_BOARD_IDENTITY
HOST_HEARTBEAT: int = silkline.MAVLINK_MSG_ID_HOST_HEARTBEAT
AXIS_SETPOINTS: int = silkline.MAVLINK_MSG_ID_AXIS_SETPOINTS
AXIS_STATES: int = silkline.MAVLINK_MSG_ID_AXIS_STATES
BOARD_SENSORS: int = silkline.MAVLINK_MSG_ID_BOARD_SENSORS
SAFETY_STATUS: int = silkline.MAVLINK_MSG_ID_SAFETY_STATUS
OPERATOR_COMMAND: int = silkline.MAVLINK_MSG_ID_OPERATOR_COMMAND

CMD_RESET: int = silkline.SILKLINE_CMD_RESET
CMD_TEST_WATCHDOG: int = silkline.SILKLINE_CMD_TEST_WATCHDOG
RESULT_ACCEPTED: int = silkline.MAV_RESULT_ACCEPTED
RESULT_REJECTED: int = silkline.MAV_RESULT_TEMPORARILY_REJECTED
RESULT_UNSUPPORTED: int = silkline.MAV_RESULT_UNSUPPORTED

NAN = math.nan
_ACTIONS = tuple(Action)
_CLIENT_BYTES, _ARGUMENT_BYTES = 20, 64
_JOULE_PER_HECTOJOULE, _JOULE_PER_WH = 100.0, 3600.0
_ACCEL_AND_GYRO = 0b111111  # HIGHRES_IMU_UPDATED_FLAGS
_UNKNOWN_CELL = 0xFFFF


# ---------------------------------------------------------------- host to board


def setpoints_values(session: int, seq: int, host_ms: int, life_ms: int, command: CommandFrame) -> Values:
    """AXIS_SETPOINTS."""
    points = command.setpoints
    return (
        *points.target, *points.feedforward, *points.limit,
        session, seq, host_ms, min(command.valid_for_ms, life_ms), *points.mode,
    )  # fmt: skip


def command_values(command: int, session: int, seq: int) -> Values:
    """COMMAND_LONG: session in halves and sequence, each exact as a float."""
    return (float(session >> 16), float(session & 0xFFFF), float(seq), NAN, NAN, NAN, NAN, command, 1, 1, 0)


def parse_command(values: Values) -> tuple[int, int, int] | None:
    """COMMAND_LONG as (command, session, sequence); None if the parameters are not ours."""
    halves = values[0:3]
    if not all(math.isfinite(x) and 0 <= x < 1 << 24 and x == int(x) for x in halves):
        return None
    return values[7], int(halves[0]) << 16 | int(halves[1]), int(halves[2])


# ---------------------------------------------------------------- console to host


def operator_values(message: OperatorMessage) -> Values:
    """OPERATOR_COMMAND.

    Raises:
        ValueError: client or argument is longer than its field.
    """
    client, argument = message.client.encode(), message.argument.encode()
    if len(client) > _CLIENT_BYTES or len(argument) > _ARGUMENT_BYTES:
        raise ValueError(
            f"operator command {message.action.value}: client is {len(client)} bytes of {_CLIENT_BYTES}, "
            f"argument {len(argument)} of {_ARGUMENT_BYTES}"
        )
    return message.seq, min(message.age_ms, 0xFFFF), _ACTIONS.index(message.action), client, argument


def operator_message(t_ns: int, v: Values) -> OperatorMessage | None:
    """OPERATOR_COMMAND that arrived at `t_ns`; None if its action is unknown or its text is not UTF-8."""
    seq, age_ms, action, client, argument = v
    try:
        who, what = client.rstrip(b"\0").decode(), argument.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return None
    if action >= len(_ACTIONS):
        return None
    return OperatorMessage(t_ns, seq, who, _ACTIONS[action], what, age_ms)


# ---------------------------------------------------------------- board to host


def sensors_values(device_us: int, session: int, raw: RawSensors) -> Values:
    """BOARD_SENSORS."""
    return (
        device_us, raw.odometer_m, raw.rotor_abs_rad, *raw.pinch_n, *raw.wheel_load_n, raw.dancer_m,
        raw.cable_tension_n, session, raw.guide_switch,
    )  # fmt: skip


def imu_values(device_us: int, raw: RawSensors) -> Values:
    """HIGHRES_IMU; its frame has y to the right and z down, ours y to the left and z up."""
    (ax, ay, az), (gx, gy, gz) = raw.accel_mps2, raw.gyro_rps
    return (device_us, ax, -ay, -az, gx, -gy, -gz, NAN, NAN, NAN, NAN, NAN, NAN, NAN, _ACCEL_AND_GYRO, 0)


def battery_values(raw: RawSensors) -> Values:
    """BATTERY_STATUS."""
    used_hj = round(raw.battery_used_wh * _JOULE_PER_WH / _JOULE_PER_HECTOJOULE)
    voltage_mv = min(max(round(raw.battery_v * 1000), 0), _UNKNOWN_CELL - 1)
    current_ca = min(max(round(raw.battery_a * 100), -0x8000), 0x7FFF)
    return (-1, used_hj, 0x7FFF, voltage_mv, *(_UNKNOWN_CELL,) * 9, current_ca, 0, 0, 0, -1)


def axis_states(t_ns: int, v: Values) -> AxisStates:
    """AXIS_STATES. Values: 0 device_us, 1-10 position, 11-20 velocity, 21-30 effort, 31 session, 32 last_seq,
    33 its age, 34-43 mode, 44-53 fault, 54-63 limit reason."""
    return AxisStates(t_ns, v[0], v[32], v[33], v[1:11], v[11:21], v[21:31], v[34:44], v[44:54], v[54:64])


def board_sensors(t_ns: int, v: Values) -> BoardSensors:
    """BOARD_SENSORS."""
    return BoardSensors(t_ns, v[1], v[2], v[3:6], v[6:9], v[9], v[10], v[12])


def imu(t_ns: int, v: Values) -> Imu:
    """HIGHRES_IMU, turned into our frame."""
    return Imu(t_ns, (v[1], -v[2], -v[3]), (v[4], -v[5], -v[6]))


def battery(t_ns: int, v: Values) -> Battery:
    """BATTERY_STATUS."""
    return Battery(t_ns, v[3] / 1000, v[13] / 100, v[1] * _JOULE_PER_HECTOJOULE / _JOULE_PER_WH)


def safety_status(t_ns: int, v: Values) -> SafetyStatus:
    """SAFETY_STATUS. Values: 0 device_us, 1 session, 2 boot_count, 3 config, 4 layout, 5 dropped, 6 watchdog,
    7 margin, 8 flags, 9 cause, 10 reset cause."""
    flags = Safety(v[8])
    return SafetyStatus(
        t_ns=t_ns,
        estop_closed=Safety.ESTOP_CLOSED in flags,
        permitted=Safety.PERMITTED in flags,
        latched_stop=Safety.LATCHED_STOP in flags,
        stop_cause=v[9],
        boot_count=v[2],
        reset_cause=v[10],
        watchdog_ms=v[6],
        watchdog_seen=Safety.WATCHDOG_SEEN in flags,
        config_digest=v[3],
        layout_digest=v[4],
    )
