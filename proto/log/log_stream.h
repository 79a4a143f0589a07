/* log_stream - log lines to a descriptor, gathered: one write for many lines.
 *
 * A loop that logs thousands of transitions a second would spend more on writing its lines than on
 * what they tell. So lines wait in the stream until log_stream_flush, which the loop calls when its
 * step is over, or until the room is used up. A line is never split over two writes. When nobody
 * takes the lines (a full disk, a closed pipe) they are dropped, and work goes on.
 *
 * One thread uses a stream. Lines that still wait when the process dies are lost: a step's worth.
 */
#pragma once

#include "proto/log/log.h"

enum { LOG_STREAM_BYTES = 4 * LOG_LINE_BYTES_MAX };

struct log_stream {
    int descriptor; /* the caller's */
    size_t size;
    uint8_t waiting[LOG_STREAM_BYTES];
};

void log_stream_init(struct log_stream *stream, int descriptor);
/* A log_sink whose context is a struct log_stream *. */
void log_stream_write(void *stream, struct bytes line);
void log_stream_flush(struct log_stream *stream);
