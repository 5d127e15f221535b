#include "support.h"

#include <math.h>

static const double LOADED_N = 15.0;    /* wheel load that counts */
static const double TOLERANCE_M = 0.003;
static const double MISSES_M = 0.001;   /* a grip this near to its place stands there already */
static const double SAME_M = 1e-6;      /* places come over the wire in single precision */

static bool clamped(const struct robot *robot, double grip_m)
{
    return grip_m <= robot->clamped_m + TOLERANCE_M;
}

static bool on_conductor(const struct robot *robot, double grip_m)
{
    return grip_m <= robot->open_m + TOLERANCE_M;
}

/* At one of its three places; between them a carriage is changing. */
static bool at_rest(const struct robot *robot, double grip_m)
{
    return clamped(robot, grip_m) || fabs(grip_m - robot->open_m) <= TOLERANCE_M ||
           fabs(grip_m - robot->lifted_m) <= TOLERANCE_M;
}

/* Only a place is meant within a tolerance: one for every target could be walked along, a little further with
 * every setpoint. */
bool support_is_release(const struct robot *robot, double target_m, double grip_m)
{
    bool is_place = fabs(target_m - robot->clamped_m) < SAME_M || fabs(target_m - robot->open_m) < SAME_M ||
                    fabs(target_m - robot->lifted_m) < SAME_M;
    return !(target_m <= grip_m + (is_place ? MISSES_M : 0.0));
}

bool support_may_release(const struct robot *robot, int carriage, double target_m,
                         const double grip_m[CARRIAGES], const double load_n[CARRIAGES])
{
    bool lifts = target_m > robot->open_m + TOLERANCE_M;
    bool carried = false;
    int on = lifts ? 0 : 1;
    for (int other = 0; other < CARRIAGES; other++) {
        if (other == carriage) {
            continue;
        }
        if (!at_rest(robot, grip_m[other])) {
            return false;
        }
        carried = carried || (clamped(robot, grip_m[other]) && load_n[other] >= LOADED_N);
        on += on_conductor(robot, grip_m[other]);
    }
    if (!carried || on < 2) {
        return false;
    }
    if (carriage == REAR && lifts && !clamped(robot, grip_m[FRONT])) {
        return false;
    }
    return !(carriage == FRONT && !on_conductor(robot, grip_m[REAR]));
}
