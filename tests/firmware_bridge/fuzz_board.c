/* Random bytes, spoilt frames and valid frames with wild contents for the example board: fuzz_board SEED
 * COUNT.
 *
 * After every input two good frames are sent, of which the board must understand one; after every step no
 * force leaves its axis' limits, and what is not permitted is not driven. Says what went wrong, and with
 * which input. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toy.h"
#include <robot_config.h>

static uint64_t state;
static unsigned long input;
static struct board board;
static struct toy toy;
static mavlink_status_t host;
static uint32_t counter = 1;
static unsigned long permitted;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static void fail(const char *what)
{
    printf("input %lu: %s\n", input, what);
    exit(1);
}

static void nothing(void *context, const uint8_t *data, size_t length)
{
    (void)context;
    if (length == 0 || length > LINK_FRAME_MAX || data[0] != 0xFD) {
        fail("no frame was sent");
    }
}

static void drive(void *context, const double force[AXES], const bool braked[AXES], bool relay)
{
    for (int i = 0; i < AXES; i++) {
        const struct drive *axis = &board.drives.axis[i];
        if (!(fabs(force[i]) <= ROBOT.axis[i].effort_max)) {
            fail("a force beyond its limit");
        }
        bool tested = board.test_until_us >= 0 && axis->mode == SILKLINE_AXIS_MODE_HOLD;
        if (axis->phase == RUNNING && !board.permission.permitted && !tested) {
            fail("driven without permission");
        }
    }
    permitted += board.permission.permitted;
    toy_drive(context, force, braked, relay);
}

static double wild(void)
{
    static const double SOME[] = {0.0, -0.0, 1e-300, 1e300, -1e300, 0.04, 0.12, NAN, INFINITY, -INFINITY};
    return draw(3) ? ((double)draw(2000) - 1000.0) / 100.0 : SOME[draw(10)];
}

static size_t setpoints(uint8_t *frame, uint32_t session, bool sane)
{
    mavlink_axis_setpoints_t points = {.session = session, .seq = ++counter};
    points.valid_for_ms = (uint16_t)(sane ? 150 : draw(65536));
    for (int i = 0; i < AXES; i++) {
        points.target[i] = sane ? 0.1 : wild();
        points.feedforward[i] = sane ? 0.0f : (float)fmax(fmin(wild(), 1e30), -1e30);
        points.limit[i] = sane ? 1.0f : (float)fmax(fmin(wild(), 1e30), -1e30);
        points.mode[i] = (uint8_t)(sane ? draw(4) : draw(draw(4) ? 4 : 256));
    }
    mavlink_message_t message;
    mavlink_msg_axis_setpoints_encode_status(255, 1, &host, &message, &points);
    return mavlink_msg_to_send_buffer(frame, &message);
}

static size_t hello(uint8_t *frame)
{
    mavlink_message_t message;
    mavlink_board_hello_t hello = {.protocol = 1};
    mavlink_msg_board_hello_encode_status(255, 1, &host, &message, &hello);
    return mavlink_msg_to_send_buffer(frame, &message);
}

static size_t heartbeat(uint8_t *frame, uint8_t mode, uint8_t intent)
{
    mavlink_message_t message;
    mavlink_host_heartbeat_t beat = {.session = board.permission.session, .counter = ++counter};
    beat.mode = mode;
    beat.intent = intent;
    mavlink_msg_host_heartbeat_encode_status(255, 1, &host, &message, &beat);
    return mavlink_msg_to_send_buffer(frame, &message);
}

static size_t command(uint8_t *frame, uint16_t what, float high)
{
    mavlink_message_t message;
    mavlink_command_long_t order = {.param1 = high, .param3 = (float)++counter, .command = what};
    order.param2 = (float)(board.permission.session & 0xFFFF);
    mavlink_msg_command_long_encode_status(255, 1, &host, &message, &order);
    return mavlink_msg_to_send_buffer(frame, &message);
}

/* A whole frame of a host that behaves, or nearly so. */
static size_t valid(uint8_t *frame)
{
    uint32_t session = board.permission.session;
    uint32_t kind = draw(12);
    if (kind == 0) {
        return hello(frame);
    }
    if (kind == 1) {
        float high = draw(8) ? (float)(session >> 16) : (float)fmax(fmin(wild(), 1e30), -1e30);
        return command(frame, (uint16_t)(SILKLINE_CMD_RESET + draw(3)), high);
    }
    if (kind == 2) {
        mavlink_message_t message;
        mavlink_timesync_t question = {.ts1 = (int64_t)state};
        mavlink_msg_timesync_encode_status(255, 1, &host, &message, &question);
        return mavlink_msg_to_send_buffer(frame, &message);
    }
    if (kind < 7) {
        uint8_t mode = (uint8_t)(draw(16) ? draw(SILKLINE_MODE_ENUM_END) : draw(256));
        return heartbeat(frame, mode, (uint8_t)(draw(32) ? draw(2) : draw(256)));
    }
    return setpoints(frame, session, draw(2));
}

/* All that it takes until a drive may move, in a silence of the host. */
static int64_t arm(int64_t t_us)
{
    uint8_t frame[LINK_FRAME_MAX];
    board_take(&board, frame, hello(frame));
    float high = (float)(board.permission.session >> 16);
    board_take(&board, frame, command(frame, SILKLINE_CMD_RESET, high));
    board_advance(&board, t_us += 1500000);
    board_take(&board, frame, command(frame, SILKLINE_CMD_TEST_WATCHDOG, high));
    board_advance(&board, t_us += 200000);
    board_take(&board, frame, heartbeat(frame, SILKLINE_MODE_TRAVEL, 0));
    board_take(&board, frame, heartbeat(frame, SILKLINE_MODE_TRAVEL, SILKLINE_INTENT_ARMED));
    return t_us;
}

static size_t spoilt(uint8_t *data)
{
    size_t length = valid(data);
    switch (draw(4)) {
    case 0: /* flipped bits */
        for (uint32_t flips = 1 + draw(4); flips > 0; flips--) {
            data[draw((uint32_t)length)] ^= (uint8_t)(1u << draw(8));
        }
        return length;
    case 1: /* cut off */
        return draw((uint32_t)length);
    case 2: /* another length than it has */
        data[1] = (uint8_t)draw(256);
        return length;
    default: /* a known message's header and nothing behind it */
        memcpy(data, (uint8_t[]){0xFD, 208, 0, 0, 0, 255, 1, 0xB4, 0xB3, 0}, 10);
        return 10;
    }
}

static size_t noise(uint8_t *data)
{
    size_t length = draw(300);
    for (size_t i = 0; i < length; i++) {
        data[i] = draw(4) ? (uint8_t)draw(256) : 0xFD;
    }
    return length;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        return 2;
    }
    state = strtoull(arguments[1], NULL, 10) * 0x9E3779B97F4A7C15u + 1;
    unsigned long inputs = strtoul(arguments[2], NULL, 10);
    int64_t t_us = 0;
    const struct hardware hardware = {&toy, toy_encoders, drive, toy_sensors, nothing};
    toy_init(&toy, &ROBOT);
    board_init(&board, &ROBOT, &hardware, 1, LAYOUT_DIGEST, 1, 0, 0);
    for (input = 0; input < inputs; input++) {
        uint8_t data[LINK_FRAME_MAX + 20];
        uint32_t kind = draw(4);
        size_t length = kind == 0 ? noise(data) : kind == 1 ? spoilt(data) : valid(data);
        size_t cut = draw((uint32_t)length + 1);
        board_take(&board, data, cut);
        board_take(&board, data + cut, length - cut);
        uint32_t before = board.dropped;
        for (int good = 0; good < 2; good++) { /* of another session, and so counted */
            length = setpoints(data, board.permission.session ^ 1, true);
            board_take(&board, data, length);
        }
        if (board.dropped == before) {
            fail("two good frames in a row were not understood");
        }
        if (draw(16) == 0) {
            t_us += 1000 * draw(draw(64) ? 20 : 400);
            board_advance(&board, t_us);
        }
        if (draw(512) == 0) {
            t_us = arm(t_us);
        }
        if (draw(4096) == 0) {
            board_reset(&board, SILKLINE_RESET_CAUSE_WATCHDOG);
            t_us += 250000;
            board_advance(&board, t_us);
        }
    }
    printf("%lu inputs, %u bad, %u dropped, %lu steps permitted\n", inputs, board.link.bad, board.dropped,
           permitted);
    return 0;
}
