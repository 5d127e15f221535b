/* A bridge board: what `docs/board.md` asks of one, in portable C99 without operating system and heap.
 *
 * It has the structure and the names of `firmware_bridge/virtual` (board, permission, support, drives, loops),
 * so that both can be read side by side, and passes the same tests. It gets bytes, a clock that counts up and
 * four functions of its hardware; it keeps no time and owns no memory of its own. */
#ifndef BOARD_H
#define BOARD_H

#include "drives.h"
#include "link.h"
#include "permission.h"
#include "robot.h"

enum { PROTOCOL = 1 };                    /* version of what the messages mean */
enum { FIRMWARE_VERSION = 0x00010000 };   /* 0.1.0 */

/* What the sensors read; NaN = no reading. */
struct sensors {
    double odometer_m;
    double rotor_abs_rad;
    double pinch_n[CARRIAGES];
    double wheel_load_n[CARRIAGES];
    double dancer_m;
    double cable_tension_n;
    uint8_t guide_switch;
    double accel_mps2[3]; /* x forward, y left, z up */
    double gyro_rps[3];
    int64_t imu_age_us; /* since the IMU took what it says */
    double battery_v;
    double battery_a;
    double battery_used_wh;
    bool estop_closed;
};

/* What the board is built on. All are called from `board_take` and `board_advance` alone and must not
 * wait. */
struct hardware {
    void *context;
    void (*encoders)(void *context, double position[AXES], double velocity[AXES]);
    /* Once a step: forces along the axes, brakes, and the relay that feeds external controllers. */
    void (*drive)(void *context, const double force[AXES], const bool braked[AXES], bool relay);
    void (*sensors)(void *context, struct sensors *now);
    void (*send)(void *context, const uint8_t *data, size_t length);
};

struct board {
    const struct robot *robot;
    struct hardware hardware;
    struct drives drives;
    struct permission permission;
    struct link link;
    struct sensors sensors; /* of the last report */
    uint64_t serial_number;
    uint32_t layout_digest;
    uint16_t protocol;
    uint32_t boot_count;
    uint8_t reset_cause;    /* SILKLINE_RESET_CAUSE */
    int64_t booted_us;      /* the caller's clock at boot */
    int64_t now_us;         /* since boot, as are all others */
    int64_t silent_until_us;
    int64_t relay_until_us;
    int64_t test_until_us;  /* of the watchdog test, -1 if there is none */
    int64_t received_us;    /* when setpoints came last, -1 if never */
    uint16_t hellos;
    uint32_t last_seq;
    uint32_t last_counter;
    uint32_t last_command;
    uint32_t dropped;
    int refusals;           /* setpoints in a row that ask to break the support rule */
    uint8_t reported_flags;
    double grip_m[CARRIAGES]; /* as reported last; NaN = not known */
};

/* Power up. `boot_count` counts every start and lives where a loss of power does not reach it; `external`:
 * bit mask of axes with controllers of their own. */
void board_init(struct board *board, const struct robot *robot, const struct hardware *hardware,
                uint64_t serial_number, uint32_t layout_digest, uint32_t boot_count, uint16_t external,
                int64_t t_us);

/* The board restarts where it stands: all drives off, all permission gone, silence while it boots. */
void board_reset(struct board *board, uint8_t cause);

/* Take what came over the wire, in whatever pieces. */
void board_take(struct board *board, const uint8_t *data, size_t length);

/* Run until this time of a clock that counts up; an earlier one does nothing. */
void board_advance(struct board *board, int64_t t_us);

/* The two halves of one step, of which `board_advance` makes as many as are due: */
void board_guard(struct board *board); /* what must be noticed without any message */
void board_step(struct board *board);  /* drives and reports */

#endif
