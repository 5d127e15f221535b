#include "permission.h"

#include "link.h"

void permission_init(struct permission *p)
{
    *p = (struct permission){
        .cause = SILKLINE_STOP_CAUSE_BOOT,
        .estop_closed = true,
        .mode = SILKLINE_MODE_SAFE,
        .was_armed = true, /* until the host has been seen unarmed there is no rising edge */
    };
}

void permission_open_session(struct permission *p, uint32_t session)
{
    p->session = session;
    p->permitted = false;
    p->was_armed = true;
    p->alive_until_us = 0;
}

void permission_heartbeat(struct permission *p, int64_t now_us, uint8_t mode, uint8_t intent)
{
    if (mode != SILKLINE_MODE_STOPPED) { /* a stop is made as the mode demands that it was made from */
        p->mode = mode;
    }
    p->alive_until_us = now_us + WATCHDOG_US;
    if (intent & SILKLINE_INTENT_STOP) {
        permission_latch(p, SILKLINE_STOP_CAUSE_HOST);
    }
    bool armed = intent & SILKLINE_INTENT_ARMED;
    bool may = p->estop_closed && p->watchdog_seen && !p->latched && !p->drive_fault;
    if (!armed) {
        p->permitted = false;
    } else if (!p->was_armed && may) {
        p->permitted = true;
        p->cause = SILKLINE_STOP_CAUSE_NONE;
        p->valid_until_us = now_us + WATCHDOG_US;
    }
    p->was_armed = armed;
}

void permission_setpoints(struct permission *p, int64_t now_us, int64_t life_us)
{
    p->valid_until_us = now_us + life_us;
}

void permission_tick(struct permission *p, int64_t now_us, bool estop_closed, bool drive_fault)
{
    p->estop_closed = estop_closed;
    p->drive_fault = drive_fault;
    if (!estop_closed) {
        permission_latch(p, SILKLINE_STOP_CAUSE_ESTOP);
    }
    if (!p->permitted) {
        return;
    }
    if (drive_fault) {
        permission_latch(p, SILKLINE_STOP_CAUSE_DRIVE_FAULT);
    } else if (permission_margin_us(p, now_us) <= 0) {
        permission_latch(p, SILKLINE_STOP_CAUSE_WATCHDOG);
    }
}

void permission_latch(struct permission *p, uint8_t cause)
{
    p->permitted = false;
    if (!p->latched) {
        p->latched = true;
        p->cause = cause;
    }
}

bool permission_reset(struct permission *p)
{
    if (!p->estop_closed) {
        return false;
    }
    if (p->latched) {
        p->latched = false;
        p->cause = SILKLINE_STOP_CAUSE_NONE;
    }
    return true;
}

bool permission_host_alive(const struct permission *p, int64_t now_us)
{
    return now_us < p->alive_until_us;
}

int64_t permission_margin_us(const struct permission *p, int64_t now_us)
{
    int64_t until_us = p->alive_until_us < p->valid_until_us ? p->alive_until_us : p->valid_until_us;
    return until_us - now_us;
}

/* 1 s keeps the body's lean from the braking rotor in bounds; a crossing holds its stance at once. */
int64_t permission_ramp_us(const struct permission *p)
{
    bool at_once =
        p->mode == SILKLINE_MODE_SAFE || p->mode == SILKLINE_MODE_READY || p->mode == SILKLINE_MODE_CROSSING;
    return at_once ? 100000 : 1000000;
}

uint8_t permission_flags(const struct permission *p)
{
    return (uint8_t)((p->estop_closed ? SILKLINE_SAFETY_ESTOP_CLOSED : 0) |
                     (p->permitted ? SILKLINE_SAFETY_PERMITTED : 0) |
                     (p->latched ? SILKLINE_SAFETY_LATCHED_STOP : 0) |
                     (p->watchdog_seen ? SILKLINE_SAFETY_WATCHDOG_SEEN : 0));
}
