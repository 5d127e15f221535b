/* Who may move the drives: the board's own state of permission, owned by no host.
 *
 * Permission is asked for by a rising edge of the heartbeat's armed intent within a session, after every
 * drive was seen to time out, with the e-stop chain closed and nothing latched. It ends with the intent,
 * the session, a stop request, the chain, a faulted drive, or 150 ms without heartbeat or living setpoint;
 * all but the first two latch. A latched stop is cleared by an explicit reset alone, and a reset does not
 * restart anything. */
#ifndef PERMISSION_H
#define PERMISSION_H

#include <stdbool.h>
#include <stdint.h>

enum { WATCHDOG_MS = 150 };
enum { WATCHDOG_US = WATCHDOG_MS * 1000 };

/* Times in us since boot. Its owner stops the drives when `permitted` falls. */
struct permission {
    uint32_t session;
    bool permitted;
    bool latched;
    uint8_t cause; /* SILKLINE_STOP_CAUSE */
    bool estop_closed;
    bool watchdog_seen;
    uint8_t mode; /* SILKLINE_MODE */
    bool was_armed;
    bool drive_fault;
    int64_t alive_until_us;
    int64_t valid_until_us;
};

void permission_init(struct permission *p);

/* A host has said hello: whatever was permitted to another session is over. */
void permission_open_session(struct permission *p, uint32_t session);

void permission_heartbeat(struct permission *p, int64_t now_us, uint8_t mode, uint8_t intent);

/* Setpoints were taken into force. */
void permission_setpoints(struct permission *p, int64_t now_us, int64_t life_us);

/* What is to be noticed without any message. */
void permission_tick(struct permission *p, int64_t now_us, bool estop_closed, bool drive_fault);

/* The first cause is kept until the reset. */
void permission_latch(struct permission *p, uint8_t cause);

/* Clear the latch; refused while the chain is open. It permits nothing. */
bool permission_reset(struct permission *p);

/* Whether the session's host was heard within the watchdog's time. */
bool permission_host_alive(const struct permission *p, int64_t now_us);

/* What is left of the watchdog's time. */
int64_t permission_margin_us(const struct permission *p, int64_t now_us);

/* Duration of the controlled stop that the mode demands. */
int64_t permission_ramp_us(const struct permission *p);

/* Bits of SILKLINE_SAFETY, but for TESTING. */
uint8_t permission_flags(const struct permission *p);

#endif
