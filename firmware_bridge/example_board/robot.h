/* What the board knows of the robot that it is in; `generate.py` writes it from the robot's profile. */
#ifndef ROBOT_H
#define ROBOT_H

#include <stdbool.h>
#include <stdint.h>

enum { CARRIAGES = 3 };
enum { FRONT, MIDDLE, REAR };

enum axis {
    TRACTION_FRONT, TRACTION_MIDDLE, TRACTION_REAR,
    GRIP_FRONT, GRIP_MIDDLE, GRIP_REAR,
    ROTOR, CABLE, TRIM, GUIDE,
    AXES
};

/* What a drive is configured with. Values at the output, rad or m, N m or N. */
struct axis_config {
    double effort_max;
    double velocity_max;
    double low; /* travel of the axis */
    double high;
    double inertia;
    double friction; /* for the toy mechanics alone */
    double continuous;
    double thermal_s;
    bool self_locking;
};

struct robot {
    char name[17];
    double clamped_m; /* positions of a grip */
    double open_m;
    double lifted_m;
    int64_t brake_us; /* until a brake has fallen in */
    struct axis_config axis[AXES];
};

#endif
