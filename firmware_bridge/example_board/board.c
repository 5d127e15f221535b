#include "board.h"

#include <math.h>
#include <string.h>

#include "report.h"
#include "support.h"

enum { BOOT_US = 200000 };         /* silence after a reset */
enum { TEST_GRACE_US = 20000 };
enum { REFUSALS_TO_LATCH = 3 };    /* setpoints in a row that ask to break the support rule */

static void forget_sequences(struct board *board)
{
    board->last_seq = 0;
    board->last_counter = 0;
    board->last_command = 0;
    board->received_us = -1;
}

static void boot(struct board *board, int64_t t_us, uint8_t cause, int64_t silent_us)
{
    board->booted_us = t_us;
    board->reset_cause = cause;
    board->now_us = 0;
    board->silent_until_us = silent_us;
    board->relay_until_us = 0;
    board->test_until_us = -1;
    board->hellos = 0;
    board->dropped = 0;
    board->refusals = 0;
    board->reported_flags = 0;
    memset(&board->link, 0, sizeof board->link);
    permission_init(&board->permission);
    forget_sequences(board);
    for (int carriage = 0; carriage < CARRIAGES; carriage++) {
        board->grip_m[carriage] = NAN;
    }
    board->hardware.sensors(board->hardware.context, &board->sensors);
    drives_power_off(&board->drives);
}

void board_init(struct board *board, const struct robot *robot, const struct hardware *hardware,
                uint64_t serial_number, uint32_t layout_digest, uint32_t boot_count, uint16_t external,
                int64_t t_us)
{
    memset(board, 0, sizeof *board);
    board->robot = robot;
    board->hardware = *hardware;
    board->serial_number = serial_number;
    board->layout_digest = layout_digest;
    board->protocol = PROTOCOL;
    board->boot_count = boot_count;
    drives_init(&board->drives, robot, external);
    boot(board, t_us, SILKLINE_RESET_CAUSE_POWER, 0);
}

void board_reset(struct board *board, uint8_t cause)
{
    board->boot_count++;
    boot(board, board->booted_us + board->now_us, cause, BOOT_US);
}

/* ------------------------------------------------------------------ what is permitted */

/* Controlled stop if permission was taken away; other controllers keep their power for as long at most. */
static void stop_if_withdrawn(struct board *board, bool was_permitted)
{
    if (was_permitted && !board->permission.permitted) {
        int64_t ramp_us = permission_ramp_us(&board->permission);
        drives_stop(&board->drives, board->now_us, ramp_us);
        board->relay_until_us = board->now_us + ramp_us + STOP_GRACE_US;
    }
}

/* The watchdog test is over, by time or because the host was not silent. */
static void end_test(struct board *board)
{
    if (board->test_until_us >= 0) {
        board->test_until_us = -1;
        drives_power_off(&board->drives);
        drives_clear_faults(&board->drives);
    }
}

/* Enable every drive with its brake on and wait for silence to time it out. */
static bool begin_test(struct board *board)
{
    if (board->permission.permitted || board->drives.faulted || !drives_standing(&board->drives)) {
        return false;
    }
    board->test_until_us = board->now_us + WATCHDOG_US + TEST_GRACE_US;
    drives_hold_until(&board->drives, board->now_us + WATCHDOG_US);
    return true;
}

static bool reset_latch(struct board *board)
{
    if (!permission_reset(&board->permission)) {
        return false;
    }
    drives_clear_faults(&board->drives);
    board->refusals = 0;
    return true;
}

/* Bit mask of the grips whose setpoint would break the support rule as measured now; of several that would be
 * released together only the first may go. */
static uint16_t judge_releases(struct board *board, const mavlink_axis_setpoints_t *points)
{
    uint16_t refused = 0;
    bool released = false;
    for (int carriage = 0; carriage < CARRIAGES; carriage++) {
        int axis = GRIP_FRONT + carriage;
        double target = points->target[axis], target_m = INFINITY;
        bool releases;
        if (board->drives.axis[axis].external) {
            continue;
        }
        if (points->mode[axis] == SILKLINE_AXIS_MODE_POSITION) {
            target_m = target;
            releases = support_is_release(board->robot, target_m, board->grip_m[carriage]);
        } else {
            releases = (points->mode[axis] == SILKLINE_AXIS_MODE_VELOCITY && target > 0.0) ||
                       (points->mode[axis] == SILKLINE_AXIS_MODE_EFFORT && target < 0.0);
        }
        if (!releases) {
            continue;
        }
        if (released || !support_may_release(board->robot, carriage, target_m, board->grip_m,
                                             board->sensors.wheel_load_n)) {
            refused |= (uint16_t)(1u << axis);
        } else {
            released = true;
        }
    }
    board->refusals = refused ? board->refusals + 1 : 0;
    if (board->refusals >= REFUSALS_TO_LATCH) {
        bool was_permitted = board->permission.permitted;
        permission_latch(&board->permission, SILKLINE_STOP_CAUSE_SUPPORT_RULE);
        stop_if_withdrawn(board, was_permitted);
    }
    return refused;
}

/* ------------------------------------------------------------------ what comes in */

/* Answer who we are, whatever the caller was built from: it is the host that must refuse. While one host's
 * heart beats, no other (and no old hello) begins a session. */
static void on_hello(struct board *board)
{
    if (permission_host_alive(&board->permission, board->now_us)) {
        board->dropped++;
        return;
    }
    bool was_permitted = board->permission.permitted;
    board->hellos++;
    permission_open_session(&board->permission, board->boot_count << 16 | board->hellos);
    stop_if_withdrawn(board, was_permitted);
    forget_sequences(board);
    report_identity(board);
    report_status(board);
}

static void on_heartbeat(struct board *board, const mavlink_host_heartbeat_t *heartbeat)
{
    if (heartbeat->session != board->permission.session || heartbeat->counter <= board->last_counter ||
        heartbeat->mode >= SILKLINE_MODE_ENUM_END) {
        board->dropped++;
        return;
    }
    board->last_counter = heartbeat->counter;
    end_test(board);
    bool was_permitted = board->permission.permitted;
    permission_heartbeat(&board->permission, board->now_us, heartbeat->mode, heartbeat->intent);
    stop_if_withdrawn(board, was_permitted);
    drives_set_ramp(&board->drives, permission_ramp_us(&board->permission));
}

static void on_setpoints(struct board *board, const mavlink_axis_setpoints_t *points)
{
    if (points->session != board->permission.session || points->seq <= board->last_seq) {
        board->dropped++;
        return;
    }
    end_test(board);
    if (!board->permission.permitted) {
        return;
    }
    int64_t life_us = points->valid_for_ms < WATCHDOG_MS ? points->valid_for_ms * 1000 : WATCHDOG_US;
    board->last_seq = points->seq;
    board->received_us = board->now_us;
    uint16_t refused = judge_releases(board, points);
    if (!board->permission.permitted) { /* what has just stopped the drives does not start them again */
        return;
    }
    drives_accept(&board->drives, points, refused, board->now_us, board->now_us + life_us);
    permission_setpoints(&board->permission, board->now_us, life_us);
}

static bool is_whole(float x)
{
    return isfinite(x) && x >= 0.0f && x < 16777216.0f && x == floorf(x);
}

/* One-shot commands carry session (in halves) and sequence, each exact as a float. */
static void on_command(struct board *board, const mavlink_command_long_t *command)
{
    bool ours = is_whole(command->param1) && is_whole(command->param2) && is_whole(command->param3);
    if (!ours || ((uint64_t)command->param1 << 16 | (uint64_t)command->param2) != board->permission.session) {
        board->dropped++;
        return;
    }
    uint32_t seq = (uint32_t)command->param3;
    uint8_t result = MAV_RESULT_ACCEPTED; /* a repetition is acknowledged again, not done again */
    if (seq > board->last_command) {
        board->last_command = seq;
        if (command->command == SILKLINE_CMD_RESET) {
            result = reset_latch(board) ? MAV_RESULT_ACCEPTED : MAV_RESULT_TEMPORARILY_REJECTED;
        } else if (command->command == SILKLINE_CMD_TEST_WATCHDOG) {
            result = begin_test(board) ? MAV_RESULT_ACCEPTED : MAV_RESULT_TEMPORARILY_REJECTED;
        } else {
            result = MAV_RESULT_UNSUPPORTED;
        }
    }
    report_done(board, command->command, result, seq);
}

static void on_message(void *context, const mavlink_message_t *message)
{
    struct board *board = context;
    if (board->now_us < board->silent_until_us) {
        return;
    }
    switch (message->msgid) {
    case MAVLINK_MSG_ID_AXIS_SETPOINTS: {
        mavlink_axis_setpoints_t points;
        mavlink_msg_axis_setpoints_decode(message, &points);
        on_setpoints(board, &points);
        break;
    }
    case MAVLINK_MSG_ID_HOST_HEARTBEAT: {
        mavlink_host_heartbeat_t heartbeat;
        mavlink_msg_host_heartbeat_decode(message, &heartbeat);
        on_heartbeat(board, &heartbeat);
        break;
    }
    case MAVLINK_MSG_ID_BOARD_HELLO:
        on_hello(board);
        break;
    case MAVLINK_MSG_ID_COMMAND_LONG: {
        mavlink_command_long_t command;
        mavlink_msg_command_long_decode(message, &command);
        on_command(board, &command);
        break;
    }
    case MAVLINK_MSG_ID_TIMESYNC: {
        mavlink_timesync_t question;
        mavlink_msg_timesync_decode(message, &question);
        report_time(board, question.ts1);
        break;
    }
    default:
        break;
    }
}

void board_take(struct board *board, const uint8_t *data, size_t length)
{
    link_take(&board->link, data, length, on_message, board);
}

/* ------------------------------------------------------------------ time */

void board_guard(struct board *board)
{
    struct permission *permission = &board->permission;
    bool was_permitted = permission->permitted;
    permission_tick(permission, board->now_us, board->sensors.estop_closed, board->drives.faulted);
    stop_if_withdrawn(board, was_permitted);
    if (board->test_until_us >= 0 && board->now_us >= board->test_until_us) {
        permission->watchdog_seen = drives_timed_out(&board->drives);
        end_test(board);
        report_status(board);
    }
}

void board_step(struct board *board)
{
    double position[AXES], velocity[AXES], force[AXES];
    bool braked[AXES];
    bool relay = board->permission.permitted || board->now_us < board->relay_until_us;
    board->hardware.encoders(board->hardware.context, position, velocity);
    drives_step(&board->drives, board->now_us, position, velocity, force, braked);
    board->hardware.drive(board->hardware.context, force, braked, relay);
    board->now_us += STEP_US;
    if (board->now_us % REPORT_US == 0 && board->now_us >= board->silent_until_us) {
        report(board);
    }
}

void board_advance(struct board *board, int64_t t_us)
{
    while (board->now_us + STEP_US <= t_us - board->booted_us) {
        board_guard(board);
        board_step(board);
    }
}
