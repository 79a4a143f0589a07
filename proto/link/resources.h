/* resources - what a link needs of the operating system, asked for before ZeroMQ does: it asserts
 * where a thread or a descriptor cannot be had, and the program would end without a word.
 */
#pragma once

#include <stddef.h>

#include "proto/base/reason.h"

enum {
    RESOURCES_DESCRIPTORS_MIN = 96,           /* a link's own, a store's, a log's, a few peers' */
    RESOURCES_DESCRIPTORS_MAX = 64 * 1024,    /* the limit is raised to this, if it may be */
    RESOURCES_DESCRIPTORS_RESERVED = 256,     /* files, the local API: never for connections */
    RESOURCES_THREADS = 4,                    /* ZeroMQ's two, ours */
    RESOURCES_MEMORY_BYTES = 8 * 1024 * 1024, /* their arenas and first buffers */
};

/* REASON_DESCRIPTORS_TOO_FEW, REASON_OUT_OF_MEMORY (threads too). ret_connections: how many a
 * server may hold, so that RESOURCES_DESCRIPTORS_RESERVED, or half of few, are left. */
enum reason resources_check(size_t *ret_connections);
