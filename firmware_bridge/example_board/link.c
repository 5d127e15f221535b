#include "link.h"

#include <string.h>

enum { MAGIC = 0xFD, HEADER = 10, CRC = 2 };

/* Frame: FD, length, incompatible flags, compatible flags, sequence, system, component, id (3 bytes),
 * payload without trailing zeros, CRC over all but FD plus the layout's own seed byte, by which a peer
 * built from another XML is not understood. */
static size_t drop(struct link *link, size_t count)
{
    link->bad++;
    return count;
}

/* How many bytes are done with, 0 if more must come; a whole frame is put into `message`, whose magic is
 * set. */
static size_t next(struct link *link, const uint8_t *at, size_t left, mavlink_message_t *message)
{
    if (at[0] != MAGIC) {
        const uint8_t *found = memchr(at, MAGIC, left);
        return drop(link, found ? (size_t)(found - at) : left);
    }
    if (left < HEADER) {
        return 0;
    }
    uint8_t length = at[1], flags = at[2];
    uint32_t id = at[7] | (uint32_t)at[8] << 8 | (uint32_t)at[9] << 16;
    const mavlink_msg_entry_t *layout = mavlink_get_msg_entry(id);
    if (!layout || length > layout->max_msg_len || flags) {
        return drop(link, 1);
    }
    size_t end = HEADER + (size_t)length;
    if (left < end + CRC) {
        return 0;
    }
    uint16_t crc = crc_calculate(at + 1, (uint16_t)(end - 1));
    crc_accumulate(layout->crc_extra, &crc);
    if (crc != (at[end] | at[end + 1] << 8)) {
        return drop(link, 1);
    }
    memset(message, 0, sizeof *message); /* trailing zeros are not sent */
    message->magic = MAGIC;
    message->len = length;
    message->seq = at[4];
    message->sysid = at[5];
    message->compid = at[6];
    message->msgid = id & 0xFFFFFF;
    memcpy(message->payload64, at + HEADER, length);
    return end + CRC;
}

void link_take(struct link *link, const uint8_t *data, size_t length, link_handler *handler, void *context)
{
    while (length > 0) {
        size_t room = LINK_FRAME_MAX - link->held, count = length < room ? length : room;
        memcpy(link->rest + link->held, data, count);
        data += count;
        length -= count;
        size_t start = 0, end = link->held + count, done = 1;
        while (start < end && done > 0) {
            mavlink_message_t message = {.magic = 0};
            done = next(link, link->rest + start, end - start, &message);
            start += done;
            if (message.magic) {
                handler(context, &message);
            }
        }
        link->held = end - start;
        memmove(link->rest, link->rest + start, link->held);
    }
}
