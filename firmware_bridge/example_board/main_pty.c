/* The example board on a computer: it makes a pseudo-terminal, prints its path and runs there over toy
 * mechanics.
 *
 *      example_board              runs by the monotonic clock until it is ended
 *      example_board --lockstep   runs as far as it is told on standard input (see `obey`), for tests
 *
 * This is all that a port to a microcontroller has to replace: a clock, a port, and the functions of
 * `struct hardware`. */
#define _XOPEN_SOURCE 600

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "toy.h"
#include <robot_config.h>

enum { PORT_WAIT_MS = 20000 };
enum { INBOX_MAX = 1 << 17 };

struct bench {
    struct board board;
    struct toy toy;
    int port;        /* the board's end of the pseudo-terminal */
    int far;         /* the host's end, kept open so that the port lives while nobody is there */
    int patience_ms; /* for a port that takes nothing; a board drops what does not fit */
    bool guarded;    /* false: the board's own watchdog is dead */
    unsigned long sent, received; /* bytes since the port was opened */
    uint8_t inbox[INBOX_MAX]; /* in lockstep: what has come and is not due yet */
    size_t waiting;
};

static void close_port(struct bench *bench)
{
    close(bench->port);
    close(bench->far);
    bench->port = bench->far = -1;
}

static void open_port(struct bench *bench)
{
    bench->port = posix_openpt(O_RDWR | O_NOCTTY);
    if (bench->port < 0 || grantpt(bench->port) || unlockpt(bench->port)) {
        perror("example_board: no pseudo-terminal");
        exit(2);
    }
    bench->far = open(ptsname(bench->port), O_RDWR | O_NOCTTY);
    struct termios raw;
    tcgetattr(bench->far, &raw);
    raw.c_iflag = raw.c_oflag = raw.c_lflag = 0;
    raw.c_cflag = CS8 | CREAD | CLOCAL;
    tcsetattr(bench->far, TCSANOW, &raw);
    fcntl(bench->port, F_SETFL, O_NONBLOCK);
    bench->sent = bench->received = 0;
    bench->waiting = 0;
}

static void send_bytes(void *context, const uint8_t *data, size_t length)
{
    struct bench *bench = context;
    while (length > 0 && bench->port >= 0) {
        ssize_t count = write(bench->port, data, length);
        if (count > 0) {
            data += count;
            length -= (size_t)count;
            bench->sent += (unsigned long)count;
        } else if (poll(&(struct pollfd){.fd = bench->port, .events = POLLOUT}, 1, bench->patience_ms) <= 0) {
            return;
        }
    }
}

/* Fetch what has come, within this time. */
static void fetch_bytes(struct bench *bench, int wait_ms)
{
    poll(&(struct pollfd){.fd = bench->port, .events = POLLIN}, 1, wait_ms);
    ssize_t count = read(bench->port, bench->inbox + bench->waiting, INBOX_MAX - bench->waiting);
    if (count > 0) {
        bench->received += (unsigned long)count;
        bench->waiting += (size_t)count;
    }
}

static void take_bytes(struct bench *bench)
{
    board_take(&bench->board, bench->inbox, bench->waiting);
    bench->waiting = 0;
}

static void encoders(void *context, double position[AXES], double velocity[AXES])
{
    toy_encoders(&((struct bench *)context)->toy, position, velocity);
}

static void drive(void *context, const double force[AXES], const bool braked[AXES], bool relay)
{
    toy_drive(&((struct bench *)context)->toy, force, braked, relay);
}

static void sensors(void *context, struct sensors *now)
{
    toy_sensors(&((struct bench *)context)->toy, now);
}

static void power_up(struct bench *bench, unsigned long serial_number, int64_t t_us, uint16_t external)
{
    const struct hardware hardware = {bench, encoders, drive, sensors, send_bytes};
    toy_init(&bench->toy, &ROBOT);
    board_init(&bench->board, &ROBOT, &hardware, serial_number, LAYOUT_DIGEST, 1, external, t_us);
    bench->guarded = true;
}

/* ------------------------------------------------------------------ by the clock */

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void run_by_the_clock(struct bench *bench)
{
    power_up(bench, 1, clock_us(), 0);
    for (;;) {
        fetch_bytes(bench, 1);
        take_bytes(bench);
        board_advance(&bench->board, clock_us());
    }
}

/* ------------------------------------------------------------------ in lockstep */

static void answer(const struct bench *bench)
{
    printf("%lu %d", bench->sent, bench->toy.relay);
    for (int i = 0; i < AXES; i++) {
        printf(" %.17g %.17g %.17g %d", bench->toy.position[i], bench->toy.velocity[i], bench->toy.effort[i],
               bench->toy.braked[i]);
    }
    printf("\n");
}

/* Run until `t_us`, after `count` bytes of the host have come since the port was opened. */
static void run_until(struct bench *bench, int64_t t_us, unsigned long count)
{
    struct board *board = &bench->board;
    while (bench->port >= 0 && bench->received < count) {
        fetch_bytes(bench, PORT_WAIT_MS);
    }
    take_bytes(bench);
    if (bench->guarded) {
        board_advance(board, t_us);
    } else {
        while (board->now_us + STEP_US <= t_us - board->booted_us) {
            board_step(board);
        }
    }
}

/* The drive restarts: configuration gone, a counting encoder at zero, brake falls in. */
static void restart_drive(struct bench *bench, int axis)
{
    struct drive *drive = &bench->board.drives.axis[axis];
    const struct axis_config *motor = &bench->board.robot->axis[axis];
    drive->config = (struct axis_config){
        .continuous = 1.0, .thermal_s = motor->thermal_s, .self_locking = motor->self_locking};
    drive->force = 0.0;
    drive->phase = OFF;
    drive->fault = SILKLINE_AXIS_FAULT_RESET;
    bool counts = axis <= TRACTION_REAR || axis == ROTOR || axis == CABLE;
    bench->toy.offset[axis] = counts ? -bench->toy.position[axis] : 0.0;
}

/* One command a line: a word, up to three figures. Every one is answered by one line: bytes sent since the
 * port was opened, the relay, then position, velocity, effort and brake of every axis; `port` by the path of a
 * new port. */
static bool obey(struct bench *bench, const char *line)
{
    char word[16] = "";
    double a = 0.0, b = 0.0, c = 0.0;
    sscanf(line, "%15s %lf %lf %lf", word, &a, &b, &c);
    struct board *board = &bench->board;
    int axis = a >= 0.0 && a < AXES ? (int)a : 0;
#define IS(name) (strcmp(word, name) == 0)
    if (IS("run")) {
        run_until(bench, (int64_t)a, (unsigned long)b);
    } else if (IS("power")) { /* serial number, time, mask of external axes */
        power_up(bench, (unsigned long)a, (int64_t)b, (uint16_t)c);
    } else if (IS("reboot")) { /* cause */
        board_reset(board, (uint8_t)a);
    } else if (IS("port")) { /* unplugged, and plugged in again under another name */
        close_port(bench);
        open_port(bench);
        printf("%s\n", ptsname(bench->port));
        return true;
    } else if (IS("unplug")) {
        close_port(bench);
    } else if (IS("noise")) { /* bytes in hexadecimal, for the host to hear */
        unsigned int byte;
        for (const char *digits = line + 6; sscanf(digits, "%2x", &byte) == 1; digits += 2) {
            send_bytes(bench, (uint8_t[]){(uint8_t)byte}, 1);
        }
    } else if (IS("guard")) {
        bench->guarded = a != 0.0;
    } else if (IS("layout")) {
        board->layout_digest = (uint32_t)a;
    } else if (IS("protocol")) {
        board->protocol = (uint16_t)a;
    } else if (IS("watchdog")) { /* axis, on */
        board->drives.axis[axis].watchdog = b != 0.0;
    } else if (IS("restart")) { /* axis */
        restart_drive(bench, axis);
    } else if (IS("trip")) { /* axis, fault */
        board->drives.axis[axis].fault = (uint8_t)b;
    } else if (IS("heat")) { /* axis, degrees */
        board->drives.axis[axis].temperature_c = b;
    } else if (IS("load")) { /* axis, push */
        bench->toy.load[axis] = b;
    } else if (IS("offset")) { /* axis, of its encoder */
        bench->toy.offset[axis] = b;
    } else if (IS("estop")) {
        bench->toy.estop_closed = a != 0.0;
    } else if (IS("wheels")) {
        memcpy(bench->toy.wheel_load_n, (double[]){a, b, c}, sizeof bench->toy.wheel_load_n);
    } else if (IS("accel")) {
        memcpy(bench->toy.accel_mps2, (double[]){a, b, c}, sizeof bench->toy.accel_mps2);
    } else {
        fprintf(stderr, "example_board: no command \"%s\"\n", word);
        return false;
    }
#undef IS
    answer(bench);
    return true;
}

static int run_in_lockstep(struct bench *bench)
{
    char line[512];
    bench->patience_ms = PORT_WAIT_MS;
    power_up(bench, 1, 0, 0);
    for (;;) {
        struct pollfd ends[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                                {.fd = bench->port, .events = POLLIN}};
        poll(ends, 2, -1);
        if (ends[1].revents) { /* at once, for a pseudo-terminal holds little */
            fetch_bytes(bench, 0);
        }
        if (ends[0].revents) {
            if (!fgets(line, sizeof line, stdin)) {
                return 0;
            }
            if (!obey(bench, line)) {
                return 2;
            }
            fflush(stdout);
        }
    }
}

int main(int count, char **arguments)
{
    static struct bench bench;
    open_port(&bench);
    printf("%s\n", ptsname(bench.port));
    fflush(stdout);
    if (count > 1 && strcmp(arguments[1], "--lockstep") == 0) {
        return run_in_lockstep(&bench);
    }
    run_by_the_clock(&bench);
    return 0;
}
