#include "drives.h"

#include <math.h>
#include <string.h>

#include "permission.h"

void drives_init(struct drives *drives, const struct robot *robot, uint16_t external)
{
    drives->robot = robot;
    drives->faulted = false;
    for (int i = 0; i < AXES; i++) {
        struct drive *drive = &drives->axis[i];
        bool grip = i == GRIP_FRONT || i == GRIP_MIDDLE || i == GRIP_REAR;
        drive_init(drive, &robot->axis[i], grip || i == CABLE ? -1.0 : 1.0, robot->brake_us);
        drive->external = external >> i & 1;
    }
}

void drives_accept(struct drives *drives, const mavlink_axis_setpoints_t *points, uint16_t refused,
                   int64_t now_us, int64_t deadline_us)
{
    for (int i = 0; i < AXES; i++) {
        struct drive *drive = &drives->axis[i];
        if (drive->external || drive->fault) {
            continue;
        }
        drive_accept(drive, points->mode[i], points->target[i], points->feedforward[i], points->limit[i],
                     !(refused >> i & 1));
        drive->received_us = now_us;
        drive->deadline_us = deadline_us;
    }
}

void drives_step(struct drives *drives, int64_t now_us, const double position[AXES],
                 const double velocity[AXES], double force[AXES], bool braked[AXES])
{
    drives->faulted = false;
    for (int i = 0; i < AXES; i++) {
        struct drive *drive = &drives->axis[i];
        force[i] = 0.0;
        braked[i] = true;
        if (drive->external) {
            continue;
        }
        braked[i] = drive_step(drive, now_us, drives->robot->brake_us, position[i], velocity[i]);
        force[i] = drive->force;
        drives->faulted = drives->faulted || drive->fault;
    }
}

void drives_stop(struct drives *drives, int64_t now_us, int64_t ramp_us)
{
    drives_set_ramp(drives, ramp_us);
    for (int i = 0; i < AXES; i++) {
        if (drives->axis[i].phase == RUNNING) {
            drive_begin_stop(&drives->axis[i], now_us);
        }
    }
}

void drives_set_ramp(struct drives *drives, int64_t ramp_us)
{
    for (int i = 0; i < AXES; i++) {
        drives->axis[i].ramp_us = ramp_us;
    }
}

void drives_power_off(struct drives *drives)
{
    for (int i = 0; i < AXES; i++) {
        drives->axis[i].phase = OFF;
    }
}

void drives_hold_until(struct drives *drives, int64_t deadline_us)
{
    for (int i = 0; i < AXES; i++) {
        struct drive *drive = &drives->axis[i];
        if (!drive->external) {
            drive->mode = SILKLINE_AXIS_MODE_HOLD;
            drive->deadline_us = deadline_us;
            drive->phase = drive->fault ? OFF : RUNNING;
        }
    }
}

void drives_clear_faults(struct drives *drives)
{
    drives->faulted = false;
    for (int i = 0; i < AXES; i++) {
        struct drive *drive = &drives->axis[i];
        if (drive->fault == SILKLINE_AXIS_FAULT_RESET) {
            drive_configure(drive, &drives->robot->axis[i]);
        }
        if (drive_is_cool(drive)) {
            drive->fault = SILKLINE_AXIS_FAULT_NONE;
        }
        drives->faulted = drives->faulted || drive->fault;
    }
}

bool drives_standing(const struct drives *drives)
{
    bool standing = true;
    for (int i = 0; i < AXES; i++) {
        standing = standing && drives->axis[i].phase == OFF && fabs(drives->axis[i].velocity) < 0.01;
    }
    return standing;
}

bool drives_timed_out(const struct drives *drives)
{
    bool timed_out = true;
    for (int i = 0; i < AXES; i++) {
        const struct drive *drive = &drives->axis[i];
        timed_out = timed_out && (drive->external || drive->fault == SILKLINE_AXIS_FAULT_TIMEOUT);
    }
    return timed_out;
}

uint16_t drives_watchdog_ms(const struct drives *drives)
{
    bool watched = true;
    for (int i = 0; i < AXES; i++) {
        watched = watched && (drives->axis[i].external || drives->axis[i].watchdog);
    }
    return watched ? WATCHDOG_MS : 0;
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return crc;
}

uint32_t drives_digest(const struct drives *drives)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (int i = 0; i < AXES; i++) {
        const struct axis_config *config = &drives->axis[i].config;
        if (drives->axis[i].external) {
            continue;
        }
        const double figures[] = {config->effort_max, config->velocity_max, config->low,
                                  config->high,       config->inertia,      config->continuous};
        for (size_t figure = 0; figure < sizeof figures / sizeof *figures; figure++) {
            uint64_t bits;
            uint8_t bytes[sizeof bits];
            memcpy(&bits, &figures[figure], sizeof bits);
            for (size_t b = 0; b < sizeof bits; b++) { /* little-endian, whatever this processor is */
                bytes[b] = (uint8_t)(bits >> 8 * b);
            }
            crc = crc32(crc, bytes, sizeof bytes);
        }
        uint8_t locking = config->self_locking;
        crc = crc32(crc, &locking, 1);
    }
    return ~crc;
}
