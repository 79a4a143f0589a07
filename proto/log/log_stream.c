/* Lines gathered for one write. A reader who is gone or a full disk costs lines and never the work
 * (invariant 10): nothing of this file waits, tries again later or tells its caller of an error. */
#include "proto/log/log_stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void log_stream_init(struct log_stream *stream, int descriptor)
{
    stream->descriptor = descriptor;
    stream->size = 0;
}

void log_stream_flush(struct log_stream *stream)
{
    size_t done = 0;
    while (done < stream->size) {
        ssize_t count = write(stream->descriptor, stream->waiting + done, stream->size - done);
        if (count < 0 && errno != EINTR)
            break; /* nobody listens: work goes on */
        done += count > 0 ? (size_t)count : 0;
    }
    stream->size = 0;
}

/* Written out when the next line does not fit, and by whoever calls log_stream_flush at the end of
 * its round. */
void log_stream_write(void *context, struct bytes line)
{
    struct log_stream *stream = context;
    if (line.size > LOG_STREAM_BYTES - stream->size)
        log_stream_flush(stream);
    if (line.size > LOG_STREAM_BYTES)
        return;
    memcpy(stream->waiting + stream->size, line.data, line.size);
    stream->size += line.size;
}
