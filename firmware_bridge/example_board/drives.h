/* All drives of the board, as one.
 *
 * An external axis has a controller of its own, of which nothing is known here. */
#ifndef DRIVES_H
#define DRIVES_H

#include "loops.h"

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
