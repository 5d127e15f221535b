/* Toy mechanics for the host build: every axis a mass of its own; grips, trim and guide follow their push
 * through a viscous gear. Brakes hold at once. A grip below 1 mm meets a spring, which is the pinch. */
#ifndef TOY_H
#define TOY_H

#include "board.h"

struct toy {
    const struct robot *robot;
    double position[AXES];
    double velocity[AXES];
    double effort[AXES]; /* of the drive, less its own friction */
    bool braked[AXES];
    bool relay;
    double offset[AXES]; /* of an encoder that began to count anew */
    double load[AXES];   /* constant push along the axis */
    double wheel_load_n[CARRIAGES];
    double accel_mps2[3];
    bool estop_closed;
};

void toy_init(struct toy *toy, const struct robot *robot);

/* The functions of `struct hardware`, with a toy as their context. */
void toy_encoders(void *toy, double position[AXES], double velocity[AXES]);
void toy_drive(void *toy, const double force[AXES], const bool braked[AXES], bool relay);
void toy_sensors(void *toy, struct sensors *now);

#endif
