#include "report.h"

#include <math.h>
#include <string.h>

enum { SYSTEM = 1, COMPONENT = 1 };
enum { STATUS_US = 100000 };       /* SAFETY_STATUS, BATTERY_STATUS */
enum { HEARTBEAT_US = 1000000 };   /* MAVLink's own, by which its tools find the board */
enum { UNKNOWN_CELL = 0xFFFF };
enum { ACCEL_AND_GYRO = 0x3F };    /* HIGHRES_IMU_UPDATED_FLAGS */

/* Pack and send one message: its name, and its fields. */
#define SEND(board, name, fields)                                                                     \
    do {                                                                                              \
        mavlink_message_t packed;                                                                     \
        mavlink_msg_##name##_encode_status(SYSTEM, COMPONENT, &(board)->link.out, &packed, &(fields)); \
        send(board, &packed);                                                                         \
    } while (0)

static void send(struct board *board, const mavlink_message_t *message)
{
    uint8_t frame[LINK_FRAME_MAX];
    size_t length = mavlink_msg_to_send_buffer(frame, message);
    board->hardware.send(board->hardware.context, frame, length);
}

static uint8_t flags(const struct board *board)
{
    uint8_t testing = board->test_until_us >= 0 ? SILKLINE_SAFETY_TESTING : 0;
    return (uint8_t)(permission_flags(&board->permission) | testing);
}

static int64_t within(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

void report_status(struct board *board)
{
    const struct permission *permission = &board->permission;
    int64_t margin_us = permission_margin_us(permission, board->now_us);
    int64_t margin_ms = margin_us / 1000 - (margin_us % 1000 < 0); /* towards less */
    board->reported_flags = flags(board);
    const mavlink_safety_status_t status = {
        .device_us = (uint64_t)board->now_us,
        .session = permission->session,
        .boot_count = board->boot_count,
        .config_digest = drives_digest(&board->drives),
        .layout_digest = board->layout_digest,
        .frames_dropped = board->dropped + board->link.bad,
        .watchdog_ms = drives_watchdog_ms(&board->drives),
        .watchdog_margin_ms = (int16_t)within(margin_ms, INT16_MIN, INT16_MAX),
        .flags = board->reported_flags,
        .stop_cause = permission->cause,
        .reset_cause = board->reset_cause,
    };
    SEND(board, safety_status, status);
}

/* Of a grip whose drive is in doubt it is not known where it stands. */
static bool trusted(const struct drive *drive)
{
    return drive->fault == SILKLINE_AXIS_FAULT_NONE || drive->fault == SILKLINE_AXIS_FAULT_TIMEOUT;
}

static void report_axes(struct board *board)
{
    mavlink_axis_states_t states = {
        .device_us = (uint64_t)board->now_us,
        .session = board->permission.session,
        .last_seq = board->last_seq,
        .last_seq_age_ms = UINT16_MAX,
    };
    if (board->received_us >= 0) {
        int64_t age_ms = (board->now_us - board->received_us) / 1000;
        states.last_seq_age_ms = (uint16_t)within(age_ms, 0, UINT16_MAX);
    }
    for (int i = 0; i < AXES; i++) {
        const struct drive *drive = &board->drives.axis[i];
        states.position[i] = drive->external ? NAN : drive->position;
        states.velocity[i] = drive->external ? NAN : (float)drive->velocity;
        states.effort[i] = drive->external ? NAN : (float)(drive->direction * drive->force);
        states.mode[i] = drive->phase == RUNNING ? drive->mode : SILKLINE_AXIS_MODE_HOLD;
        states.fault[i] = drive->fault;
        states.limit_reason[i] = drive->limited;
    }
    for (int carriage = 0; carriage < CARRIAGES; carriage++) {
        const struct drive *drive = &board->drives.axis[GRIP_FRONT + carriage];
        board->grip_m[carriage] = trusted(drive) ? states.position[GRIP_FRONT + carriage] : NAN;
    }
    SEND(board, axis_states, states);
}

static void report_sensors(struct board *board)
{
    const struct sensors *s = &board->sensors;
    const mavlink_board_sensors_t sensors = {
        .device_us = (uint64_t)board->now_us,
        .odometer = s->odometer_m,
        .rotor_abs = s->rotor_abs_rad,
        .pinch = {(float)s->pinch_n[FRONT], (float)s->pinch_n[MIDDLE], (float)s->pinch_n[REAR]},
        .wheel_load = {(float)s->wheel_load_n[FRONT], (float)s->wheel_load_n[MIDDLE],
                       (float)s->wheel_load_n[REAR]},
        .dancer = (float)s->dancer_m,
        .cable_tension = (float)s->cable_tension_n,
        .session = board->permission.session,
        .guide_switch = s->guide_switch,
    };
    SEND(board, board_sensors, sensors);
}

/* A dead IMU sends nothing, so that its last reading ages. On the wire y is to the right and z down. */
static void report_imu(struct board *board)
{
    const struct sensors *s = &board->sensors;
    if (!isfinite(s->accel_mps2[0])) {
        return;
    }
    const mavlink_highres_imu_t imu = {
        .time_usec = (uint64_t)within(board->now_us - s->imu_age_us, 0, INT64_MAX),
        .xacc = (float)s->accel_mps2[0],
        .yacc = (float)-s->accel_mps2[1],
        .zacc = (float)-s->accel_mps2[2],
        .xgyro = (float)s->gyro_rps[0],
        .ygyro = (float)-s->gyro_rps[1],
        .zgyro = (float)-s->gyro_rps[2],
        .xmag = NAN,
        .ymag = NAN,
        .zmag = NAN,
        .abs_pressure = NAN,
        .diff_pressure = NAN,
        .pressure_alt = NAN,
        .temperature = NAN,
        .fields_updated = ACCEL_AND_GYRO,
    };
    SEND(board, highres_imu, imu);
}

static void report_battery(struct board *board)
{
    const struct sensors *s = &board->sensors;
    mavlink_battery_status_t battery = {
        .current_consumed = -1,
        .energy_consumed = (int32_t)lrint(s->battery_used_wh * 3600.0 / 100.0),
        .temperature = INT16_MAX,
        .current_battery = (int16_t)within(lrint(s->battery_a * 100), INT16_MIN, INT16_MAX),
        .battery_remaining = -1,
    };
    memset(battery.voltages, 0xFF, sizeof battery.voltages); /* of its cells nothing is known */
    battery.voltages[0] = (uint16_t)within(lrint(s->battery_v * 1000), 0, UNKNOWN_CELL - 1);
    SEND(board, battery_status, battery);
}

void report(struct board *board)
{
    board->hardware.sensors(board->hardware.context, &board->sensors);
    report_axes(board);
    report_sensors(board);
    report_imu(board);
    if (board->now_us % HEARTBEAT_US == 0) {
        const mavlink_heartbeat_t heartbeat = {
            .custom_mode = flags(board), .autopilot = 8, .system_status = 4};
        SEND(board, heartbeat, heartbeat);
    }
    if (board->now_us % STATUS_US == 0) {
        report_battery(board);
        report_status(board);
    } else if (flags(board) != board->reported_flags) {
        report_status(board);
    }
}

void report_identity(struct board *board)
{
    mavlink_board_identity_t identity = {
        .device_us = (uint64_t)board->now_us,
        .serial_number = board->serial_number,
        .session = board->permission.session,
        .layout_digest = board->layout_digest,
        .config_digest = drives_digest(&board->drives),
        .firmware_version = FIRMWARE_VERSION,
        .protocol = board->protocol,
    };
    memcpy(identity.robot, board->robot->name, sizeof identity.robot);
    SEND(board, board_identity, identity);
}

void report_done(struct board *board, uint16_t command, uint8_t result, uint32_t seq)
{
    const mavlink_command_ack_t ack = {.command = command, .result = result, .result_param2 = (int32_t)seq};
    SEND(board, command_ack, ack);
}

void report_time(struct board *board, int64_t asked_ns)
{
    const mavlink_timesync_t answer = {.tc1 = board->now_us * 1000, .ts1 = asked_ns};
    SEND(board, timesync, answer);
}
