/* blobs_memory - the blobs port in memory, for tests: small files, few of them, no disk.
 * Contract: gateway/port/blobs.h (REASON_BUSY at BLOBS_MEMORY_MAX). */
#ifndef TESTS_SUPPORT_BLOBS_MEMORY_H
#define TESTS_SUPPORT_BLOBS_MEMORY_H

#include "gateway/port/blobs.h"

enum { BLOBS_MEMORY_MAX = 64 };

/* NULL when memory is short. */
struct blobs *blobs_memory_new(uint64_t size_max_bytes);

#endif
