/* Answers whose bytes come from elsewhere, at their own pace: of another program, say. While there
 * are none the connection is suspended, and whoever brings some wakes it; so that a slow source
 * costs no turn of the loop, and a slow reader holds up nobody but his source. */
#include <stdlib.h>

#include "gateway/api/api_parts.h"

struct api_stream {
    struct api *api;
    struct MHD_Connection *connection;
    api_read *read;
    void (*release)(void *context);
    void *context;
    bool is_suspended;
    struct api_stream *next;
};

/* -1 cuts the connection, so that the reader knows that he has not all. */
static ssize_t read_some(void *context, uint64_t position, char *ret_content, size_t capacity)
{
    struct api_stream *stream = context;
    if (stream->api->is_ending)
        return -1;
    ssize_t size = stream->read(stream->context, position, ret_content, capacity);
    if (size == 0) {
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    return size;
}

/* By libmicrohttpd, when nobody reads any more. */
static void end(void *context)
{
    struct api_stream *stream = context;
    struct api_stream **at = &stream->api->streams;
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    stream->release(stream->context);
    free(stream);
}

struct api_stream *api_answer_slowly(struct api_request *request, unsigned status,
                                     uint64_t size_bytes, api_read *read, void *context,
                                     void (*release)(void *context))
{
    struct api *api = request->api;
    struct api_stream *stream = malloc(sizeof *stream);
    if (stream == NULL) {
        release(context);
        api_answer_reason(request, REASON_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    *stream =
        (struct api_stream){api, request->connection, read, release, context, false, api->streams};
    api->streams = stream;
    api_answer_stream(request, status, size_bytes, read_some, stream, end);
    return api->streams == stream ? stream : NULL; /* without memory it has ended already */
}

/* In the next run of the doors it is read on; one that does not wait is left alone. */
void api_stream_wake(struct api_stream *stream)
{
    if (!stream->is_suspended)
        return;
    stream->is_suspended = false;
    MHD_resume_connection(stream->connection);
}

/* libmicrohttpd ends the process when a daemon is stopped with a connection suspended. */
void api_streams_end(struct api *api)
{
    for (struct api_stream *at = api->streams; at != NULL; at = at->next)
        api_stream_wake(at);
}
