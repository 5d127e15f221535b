/* The loops of one drive, stepped at 500 Hz.
 *
 * It closes velocity by PI with acceleration feed-forward, position by P over velocity, or passes effort
 * through, within the smallest of its own effort limit, the setpoint's and what heat leaves. It has its
 * own watchdog: a setpoint that outlives its life latches a time-out, and the drive ramps down and brakes
 * by itself, whatever the board does.
 *
 * Efforts on the wire have the sign of the robot's messages: of a grip the pinch force, of the cable the
 * pull against pay-out. Forces here are along the axis. */
#ifndef LOOPS_H
#define LOOPS_H

#include "link.h"
#include "robot.h"

enum { STEP_US = 2000 };            /* period of the loops */
enum { STOP_GRACE_US = 200000 };    /* after the ramp the brakes go on even if the axis still moves */

enum phase { OFF, RUNNING, STOPPING };

struct drive {
    struct axis_config config; /* in force; a drive that restarts has lost it */
    bool external;
    bool watchdog;
    double direction; /* of the effort along the axis */
    double kp, ki, position_gain;
    /* setpoint */
    uint8_t mode; /* SILKLINE_AXIS_MODE */
    double target, feedforward, limit;
    int64_t received_us, deadline_us;
    uint8_t refused; /* SILKLINE_AXIS_LIMIT given with the setpoint */
    /* state */
    enum phase phase;
    int64_t stop_us, ramp_us;
    double stop_velocity;
    double seen_velocity;   /* in the step before */
    int away;               /* steps in a row in which it ran away */
    int64_t held_us;        /* time since the brake was told to fall in */
    double position, velocity;
    double integral;
    double force;
    double temperature_c;
    uint8_t fault;   /* SILKLINE_AXIS_FAULT */
    uint8_t limited; /* SILKLINE_AXIS_LIMIT */
};

/* Power up; `direction`: of the effort along the axis. */
void drive_init(struct drive *drive, const struct axis_config *config, double direction, int64_t brake_us);

/* The configuration comes into force. */
void drive_configure(struct drive *drive, const struct axis_config *config);

/* Take a setpoint into force, as far as it may be followed; without `may_move` the axis holds. */
void drive_accept(struct drive *drive, uint8_t mode, double target, double feedforward, double limit,
                  bool may_move);

/* Ramp down within `ramp_us`, then brake and switch off. */
void drive_begin_stop(struct drive *drive, int64_t now_us);

/* Run all loops once with what the encoder says; returns whether the brake is to be on. */
bool drive_step(struct drive *drive, int64_t now_us, int64_t brake_us, double position, double velocity);

/* Whether it has cooled down far enough to be switched on again. */
bool drive_is_cool(const struct drive *drive);

#endif
