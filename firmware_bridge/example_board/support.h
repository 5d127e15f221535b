/* The support rule, judged again on the board's side of the wire.
 *
 * At least two carriages on the conductor, at least one of them clamped and measured loaded; one changes
 * at a time; the rear may be lifted only while the front is clamped. Closing is always allowed. Grip
 * positions in m, loads in N, both per carriage; NaN = not known. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "robot.h"

/* Whether a grip is asked away from the conductor. */
bool support_is_release(const struct robot *robot, double target_m, double grip_m);

/* Whether this carriage may move away from the conductor towards `target_m`. */
bool support_may_release(const struct robot *robot, int carriage, double target_m,
                         const double grip_m[CARRIAGES], const double load_n[CARRIAGES]);

#endif
