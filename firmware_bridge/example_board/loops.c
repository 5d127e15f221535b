#include "loops.h"

#include <math.h>
#include <string.h>

static const double STEP_S = STEP_US * 1e-6;
static const double DAMPING = 0.4;         /* share of the speed error that is corrected in one step */
static const double INTEGRAL_PER_S = 8.0;  /* velocity loop: integral over proportional gain */
static const double LOCKING_GAIN = 0.25;   /* of full effort at full speed error; the gear is the damper */
static const double LOCKING_INTEGRAL_PER_S = 120.0;
static const double POSITION_PER_S = 6.0;
static const double LOCKING_POSITION_PER_S = 20.0;
static const double GEAR_LOSS = 0.5;       /* of a self-locking gear at full speed, over full effort */
static const double APPROACH_M = 0.003;    /* the last way, where the limit is what it may press with */
static const int64_t EXTRAPOLATE_US = 20000; /* a moving position target is followed for two ticks */
static const double STILL = 1e-3;          /* speed below which a self-locking drive counts as standing */
static const double ABSURD = 10.0;         /* times its largest speed: its encoder is broken */
static const double AWAY = 0.05;           /* of its largest speed: a drive this much faster than told ... */
static const int AWAY_STEPS = 5;           /* ... and ever faster over these many steps runs away */
static const double AMBIENT_C = 25.0;
static const double RISE_C = 55.0;         /* at continuous effort */
static const double DERATE_C = 95.0;       /* from here the effort is cut back, to nothing at the trip */
static const double TRIP_C = 115.0;

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

void drive_init(struct drive *drive, const struct axis_config *config, double direction, int64_t brake_us)
{
    memset(drive, 0, sizeof *drive);
    drive->direction = direction;
    drive->temperature_c = AMBIENT_C;
    drive->held_us = brake_us;
    drive_configure(drive, config);
}

void drive_configure(struct drive *drive, const struct axis_config *config)
{
    drive->config = *config;
    drive->watchdog = true;
    if (config->self_locking) {
        drive->kp = LOCKING_GAIN * config->effort_max / config->velocity_max;
        drive->ki = drive->kp * LOCKING_INTEGRAL_PER_S;
        drive->position_gain = LOCKING_POSITION_PER_S;
    } else {
        drive->kp = DAMPING * config->inertia / STEP_S;
        drive->ki = drive->kp * INTEGRAL_PER_S;
        drive->position_gain = POSITION_PER_S;
    }
}

void drive_accept(struct drive *drive, uint8_t mode, double target, double feedforward, double limit,
                  bool may_move)
{
    uint8_t refused = SILKLINE_AXIS_LIMIT_NONE;
    bool known = mode <= SILKLINE_AXIS_MODE_EFFORT;
    if (!isfinite(target) || !isfinite(feedforward) || !isfinite(limit) || !known) {
        mode = SILKLINE_AXIS_MODE_HOLD;
        target = feedforward = limit = 0.0;
        refused = SILKLINE_AXIS_LIMIT_INVALID;
    } else if (!may_move) {
        mode = SILKLINE_AXIS_MODE_HOLD;
        target = feedforward = 0.0;
        refused = SILKLINE_AXIS_LIMIT_SUPPORT_RULE;
    }
    const struct axis_config *config = &drive->config;
    limit = clamp(limit, 0.0, config->effort_max);
    if (mode == SILKLINE_AXIS_MODE_VELOCITY && fabs(target) > config->velocity_max) {
        target = copysign(config->velocity_max, target);
        refused = SILKLINE_AXIS_LIMIT_VELOCITY;
    } else if (mode == SILKLINE_AXIS_MODE_POSITION && !(config->low <= target && target <= config->high)) {
        target = clamp(target, config->low, config->high);
        refused = SILKLINE_AXIS_LIMIT_RANGE;
    } else if (mode == SILKLINE_AXIS_MODE_EFFORT && fabs(target) > limit) {
        target = copysign(limit, target);
        refused = SILKLINE_AXIS_LIMIT_EFFORT;
    }
    if (drive->phase != RUNNING || mode != drive->mode) {
        drive->integral = 0.0;
    }
    drive->mode = mode;
    drive->target = target;
    drive->feedforward = feedforward;
    drive->limit = limit;
    drive->refused = refused;
    drive->phase = RUNNING;
}

static double warm_limit(struct drive *drive)
{
    if (drive->temperature_c <= DERATE_C) {
        return drive->config.effort_max;
    }
    drive->limited = SILKLINE_AXIS_LIMIT_TEMPERATURE;
    return drive->config.effort_max * fmax((TRIP_C - drive->temperature_c) / (TRIP_C - DERATE_C), 0.0);
}

/* Velocity loop: PI with conditional integration. */
static void follow(struct drive *drive, double wish, double ahead, double limit)
{
    limit = fmin(fmin(limit, drive->config.effort_max), warm_limit(drive));
    double error = wish - drive->velocity;
    double force = ahead + drive->kp * error + drive->integral;
    drive->force = clamp(force, -limit, limit);
    if (drive->force == force || (force > 0.0) != (error > 0.0)) {
        drive->integral += drive->ki * error * STEP_S;
    }
    if (drive->force != force && drive->limited == SILKLINE_AXIS_LIMIT_NONE) {
        drive->limited = SILKLINE_AXIS_LIMIT_EFFORT;
    }
}

/* Effort, let go above the drive's largest speed. */
static void push(struct drive *drive, double force)
{
    double limit = fmin(drive->limit, warm_limit(drive));
    double top = drive->config.velocity_max;
    double over = top > 0.0 ? fabs(drive->velocity) / top - 1.0 : 1.0;
    if (over > 0.0 && force * drive->velocity > 0.0) {
        force *= fmax(1.0 - 10.0 * over, 0.0);
        drive->limited = SILKLINE_AXIS_LIMIT_VELOCITY;
    }
    drive->force = clamp(force, -limit, limit);
}

/* Brake on; the drive holds at rest until it has fallen in, then it is off. */
static bool brake(struct drive *drive, int64_t brake_us)
{
    if (drive->config.self_locking || drive->held_us >= brake_us) {
        drive->force = 0.0;
        drive->integral = 0.0;
        if (drive->phase == STOPPING) {
            drive->phase = OFF;
        }
        return true;
    }
    follow(drive, 0.0, 0.0, drive->config.effort_max);
    drive->held_us += STEP_US;
    return true;
}

/* Whether something pulls the axis faster than `wish`, and ever faster, with no effort left to hold it. */
static bool runs_away(struct drive *drive, double wish, double limit)
{
    double velocity = drive->velocity, seen = drive->seen_velocity;
    drive->seen_velocity = velocity;
    double margin = AWAY * drive->config.velocity_max;
    bool too_fast = velocity > fmax(wish, 0.0) + margin || velocity < fmin(wish, 0.0) - margin;
    bool spent = drive->force == 0.0 || fabs(drive->force) >= 0.95 * fmin(limit, warm_limit(drive));
    bool pushes = drive->force * velocity > 0.0; /* the drive itself does it */
    if (!too_fast || !spent || pushes || fabs(velocity) <= fabs(seen)) {
        drive->away = 0;
        return false;
    }
    drive->away++;
    return drive->away >= AWAY_STEPS;
}

void drive_begin_stop(struct drive *drive, int64_t now_us)
{
    drive->stop_us = now_us;
    drive->stop_velocity = drive->velocity;
    bool stands = drive->config.self_locking || drive->mode == SILKLINE_AXIS_MODE_HOLD;
    drive->phase = stands ? OFF : STOPPING;
}

/* The ramp of a controlled stop; returns whether the brake is to be on. */
static bool ramp_down(struct drive *drive, int64_t now_us, int64_t brake_us)
{
    int64_t since_us = now_us - drive->stop_us;
    double left = drive->ramp_us > 0 ? 1.0 - (double)since_us / (double)drive->ramp_us : 0.0;
    if (drive->mode == SILKLINE_AXIS_MODE_EFFORT && left > 0.0) { /* the cable keeps its pull */
        push(drive, drive->direction * drive->target);
        return false;
    }
    double wish = drive->stop_velocity * fmax(left, 0.0);
    if (runs_away(drive, wish, drive->config.effort_max)) { /* no ramp will help: brake */
        drive->stop_us = now_us - drive->ramp_us - STOP_GRACE_US - 1;
    }
    int64_t late_us = now_us - drive->stop_us - drive->ramp_us;
    if (late_us >= 0 && (fabs(drive->velocity) < 0.02 || late_us > STOP_GRACE_US)) {
        return brake(drive, brake_us);
    }
    follow(drive, wish, 0.0, drive->config.effort_max);
    drive->held_us = 0;
    return false;
}

/* Set `force` from setpoint or stop ramp; returns whether the brake is to be on. */
static bool run(struct drive *drive, int64_t now_us, int64_t brake_us)
{
    const struct axis_config *config = &drive->config;
    if (drive->phase == OFF) {
        drive->force = 0.0;
        return true;
    }
    if (drive->phase == STOPPING) {
        return ramp_down(drive, now_us, brake_us);
    }
    if (drive->mode == SILKLINE_AXIS_MODE_VELOCITY) {
        follow(drive, drive->target, config->inertia * drive->feedforward, drive->limit);
    } else if (drive->mode == SILKLINE_AXIS_MODE_POSITION) {
        int64_t since_us = now_us - drive->received_us;
        double ahead_s = (double)(since_us < EXTRAPOLATE_US ? since_us : EXTRAPOLATE_US) * 1e-6;
        double error = drive->target + drive->feedforward * ahead_s - drive->position;
        double wish = drive->feedforward + drive->position_gain * error;
        double limit = drive->limit;
        if (config->self_locking && fabs(error) > APPROACH_M) {
            limit += GEAR_LOSS * config->effort_max * fabs(drive->velocity) / config->velocity_max;
        }
        follow(drive, clamp(wish, -config->velocity_max, config->velocity_max), 0.0, limit);
    } else if (drive->mode == SILKLINE_AXIS_MODE_EFFORT) {
        push(drive, drive->direction * drive->target);
    } else {
        return brake(drive, brake_us);
    }
    drive->held_us = 0;
    return false;
}

/* What the encoder says; no reading, or a speed out of all reason, is the drive's own fault. */
static void read_encoder(struct drive *drive, double position, double velocity)
{
    drive->position = position;
    drive->velocity = velocity;
    bool dead = !isfinite(position) || !isfinite(velocity);
    if (dead || fabs(velocity) > ABSURD * drive->config.velocity_max) {
        drive->velocity = 0.0;
        if (!drive->fault) {
            drive->fault = SILKLINE_AXIS_FAULT_ENCODER;
        }
    }
}

/* Heating by the square of the effort; a self-locking gear carries its load without current. */
static void heat(struct drive *drive)
{
    bool idle = drive->config.self_locking && fabs(drive->velocity) < STILL;
    double load = idle ? 0.0 : drive->force / drive->config.continuous;
    drive->temperature_c +=
        STEP_S / drive->config.thermal_s * (load * load * RISE_C - (drive->temperature_c - AMBIENT_C));
    if (drive->temperature_c > TRIP_C && !drive->fault) {
        drive->fault = SILKLINE_AXIS_FAULT_OVER_TEMPERATURE;
    }
}

bool drive_step(struct drive *drive, int64_t now_us, int64_t brake_us, double position, double velocity)
{
    read_encoder(drive, position, velocity);
    heat(drive);
    if (drive->watchdog && drive->phase == RUNNING && now_us >= drive->deadline_us) {
        drive->fault = SILKLINE_AXIS_FAULT_TIMEOUT;
        drive_begin_stop(drive, now_us);
    }
    bool driven = drive->phase == RUNNING && drive->mode == SILKLINE_AXIS_MODE_VELOCITY;
    if (!drive->fault && driven && !drive->config.self_locking &&
        runs_away(drive, drive->target, drive->limit)) {
        drive->fault = SILKLINE_AXIS_FAULT_RUNAWAY;
    }
    if (drive->fault && drive->phase == RUNNING) {
        drive_begin_stop(drive, now_us);
    }
    drive->limited = drive->phase == RUNNING ? drive->refused : SILKLINE_AXIS_LIMIT_NONE;
    bool braked = run(drive, now_us, brake_us);
    if (drive->fault && drive->fault != SILKLINE_AXIS_FAULT_TIMEOUT) {
        drive->force = 0.0;
    }
    return braked;
}

bool drive_is_cool(const struct drive *drive)
{
    return drive->temperature_c < DERATE_C;
}
