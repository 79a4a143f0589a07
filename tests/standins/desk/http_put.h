/* http_put - bytes that are in memory sent as a file, which is what http_put_file takes. */
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include "ops/client/http.h"

static inline enum reason http_put(struct http *http, const char *path, struct bytes content,
                                   struct api_reply *ret_reply)
{
    enum reason reason = REASON_OUT_OF_MEMORY;
    int file = memfd_create("content", MFD_CLOEXEC);
    if (file >= 0 && pwrite(file, content.data, content.size, 0) == (ssize_t)content.size)
        reason = http_put_file(http, path, file, content.size, ret_reply);
    if (file >= 0)
        (void)close(file);
    return reason;
}
