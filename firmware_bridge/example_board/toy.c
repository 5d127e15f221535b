#include "toy.h"

#include <math.h>
#include <string.h>

static const double STEP_S = STEP_US * 1e-6;
static const double TURN_RAD = 6.283185307179586;

void toy_init(struct toy *toy, const struct robot *robot)
{
    *toy = (struct toy){
        .robot = robot,
        .position = {[GRIP_FRONT] = 0.0008, [GRIP_MIDDLE] = 0.0008, [GRIP_REAR] = 0.0008, [TRIM] = 0.15,
                     [GUIDE] = 0.03},
        .wheel_load_n = {130.0, 120.0, 130.0},
        .accel_mps2 = {0.0, 0.0, 9.81},
        .estop_closed = true,
    };
    for (int i = 0; i < AXES; i++) {
        toy->braked[i] = true;
    }
}

static double pinch_n(const struct toy *toy, int axis)
{
    return fmax(500e3 * (0.001 - toy->position[axis]), 0.0);
}

static bool is_grip(int axis)
{
    return axis == GRIP_FRONT || axis == GRIP_MIDDLE || axis == GRIP_REAR;
}

void toy_encoders(void *context, double position[AXES], double velocity[AXES])
{
    const struct toy *toy = context;
    for (int i = 0; i < AXES; i++) {
        position[i] = toy->position[i] + toy->offset[i];
        velocity[i] = toy->velocity[i];
    }
}

void toy_drive(void *context, const double force[AXES], const bool braked[AXES], bool relay)
{
    struct toy *toy = context;
    toy->relay = relay;
    memcpy(toy->braked, braked, sizeof toy->braked);
    for (int i = 0; i < AXES; i++) {
        const struct axis_config *config = &toy->robot->axis[i];
        double v = toy->velocity[i];
        double rubs = config->self_locking ? 0.0 : 2 * config->friction * STEP_US * 1e-6 / config->inertia;
        double fade = rubs + 1e-3; /* speed below which friction fades, for a stable step */
        toy->effort[i] = force[i] - config->friction * v / (fabs(v) + fade);
        double push = toy->effort[i] + toy->load[i] + (is_grip(i) ? pinch_n(toy, i) : 0.0);
        if (braked[i] || (config->self_locking && toy->effort[i] == 0.0)) {
            toy->velocity[i] = 0.0;
        } else if (config->self_locking) {
            toy->velocity[i] = push / (config->effort_max / (2 * config->velocity_max));
        } else {
            toy->velocity[i] = v + STEP_S * push / (i == ROTOR ? 0.5 : config->inertia + 0.03);
        }
        toy->position[i] += STEP_S * toy->velocity[i];
    }
}

void toy_sensors(void *context, struct sensors *now)
{
    const struct toy *toy = context;
    double turned_rad = fmod(toy->position[ROTOR], TURN_RAD);
    *now = (struct sensors){
        .odometer_m = 1234.56789,
        .rotor_abs_rad = turned_rad < 0.0 ? turned_rad + TURN_RAD : turned_rad,
        .dancer_m = 0.031,
        .cable_tension_n = 9.5,
        .gyro_rps = {0.01, 0.02, 0.03},
        .battery_v = 50.2,
        .battery_a = 3.1,
        .battery_used_wh = 12.5,
        .estop_closed = toy->estop_closed,
    };
    for (int i = 0; i < 3; i++) {
        now->pinch_n[i] = pinch_n(toy, GRIP_FRONT + i);
        now->wheel_load_n[i] = toy->wheel_load_n[i];
        now->accel_mps2[i] = toy->accel_mps2[i];
    }
}
