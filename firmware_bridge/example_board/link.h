/* Framing: MAVLink 2 frames out of whatever bytes come.
 *
 * The layouts are MAVLink's own generated code; the search for frames is not, because the generated parser
 * gives up all that follows a damaged header, whereas this one looks again right behind it. */
#ifndef LINK_H
#define LINK_H

#include <stddef.h>
#include <stdint.h>

#define MAVLINK_COMM_NUM_BUFFERS 1
#define MAVLINK_NO_SIGN_PACKET /* frames are neither signed nor are signed ones understood */
#include <mavlink/silkline/mavlink.h>

enum { LINK_FRAME_MAX = 280 };

struct link {
    uint8_t rest[LINK_FRAME_MAX]; /* the beginning of what has not come whole yet */
    size_t held;
    uint32_t bad; /* frames or stretches of bytes dropped */
    mavlink_status_t out; /* counts the frames that were sent */
};

typedef void link_handler(void *context, const mavlink_message_t *message);

/* Take bytes in whatever pieces they come; each whole frame goes to the handler. */
void link_take(struct link *link, const uint8_t *data, size_t length, link_handler *handler, void *context);

#endif
