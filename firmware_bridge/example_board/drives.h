/* The drives' loops, limits, heat, watchdogs and faults, stepped at 500 Hz.
 *
 * Each drive closes velocity by PI with acceleration feed-forward, position by P over velocity, or passes effort
 * through, within the smallest of its own effort limit, the setpoint's and what heat leaves. Each has its own
 * watchdog: a setpoint that outlives its life latches a time-out and the drive ramps down and brakes by itself,
 * whatever the board does. An external axis has a controller of its own, of which nothing is known here.
 *
 * Efforts on the wire have the sign of the robot's messages: of a grip the pinch force, of the cable the pull
 * against pay-out. Forces here are along the axis. */
#ifndef DRIVES_H
#define DRIVES_H

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

struct drives {
    const struct robot *robot;
    struct drive axis[AXES];
    bool faulted; /* whether one had a fault in the last step */
};

/* `external`: bit mask of axes with controllers of their own. */
void drives_init(struct drives *drives, const struct robot *robot, uint16_t external);

/* Take setpoints into force until `deadline_us`, but for axes of the mask `refused`, which hold. */
void drives_accept(struct drives *drives, const mavlink_axis_setpoints_t *points, uint16_t refused,
                   int64_t now_us, int64_t deadline_us);

/* Run all loops once with what the encoders say. */
void drives_step(struct drives *drives, int64_t now_us, const double position[AXES],
                 const double velocity[AXES], double force[AXES], bool braked[AXES]);

/* Controlled stop: all axes ramp down together within `ramp_us`, then brakes go on and power off. */
void drives_stop(struct drives *drives, int64_t now_us, int64_t ramp_us);

/* The ramp with which a drive whose watchdog runs out stops. */
void drives_set_ramp(struct drives *drives, int64_t ramp_us);

/* At once, without ramp; the brakes fall in. */
void drives_power_off(struct drives *drives);

/* Enable every drive with its brake on, to see whether it times out when nothing more comes. */
void drives_hold_until(struct drives *drives, int64_t deadline_us);

/* Clear what is latched; a drive that lost its configuration gets it back, a hot one stays off. */
void drives_clear_faults(struct drives *drives);

/* Whether every drive is off and stands. */
bool drives_standing(const struct drives *drives);

/* Whether every drive's watchdog has run out. */
bool drives_timed_out(const struct drives *drives);

/* Life time in force in the drives; 0 if one of them has none. */
uint16_t drives_watchdog_ms(const struct drives *drives);

/* CRC-32 of the configuration that the drives have, not of the one they should have. */
uint32_t drives_digest(const struct drives *drives);

#endif
