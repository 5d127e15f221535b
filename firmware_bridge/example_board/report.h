/* What the board says. */
#ifndef REPORT_H
#define REPORT_H

#include "board.h"

enum { REPORT_US = 10000 }; /* AXIS_STATES, BOARD_SENSORS, HIGHRES_IMU */

/* What is due now: sensors are read, and everything is said of which it is time or which has changed. */
void report(struct board *board);

/* SAFETY_STATUS, at once. */
void report_status(struct board *board);

/* BOARD_IDENTITY: who we are, and the session that has just begun. */
void report_identity(struct board *board);

/* COMMAND_ACK with MAV_RESULT. */
void report_done(struct board *board, uint16_t command, uint8_t result, uint32_t seq);

/* TIMESYNC: our time, and the asker's own. */
void report_time(struct board *board, int64_t asked_ns);

#endif
