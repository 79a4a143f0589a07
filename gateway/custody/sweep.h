/* sweep - files that no message names any more are removed.
 *
 * Between two steps, so that no message comes to name one meanwhile, and only after a sync: a purge
 * that the disk may still lose must not have taken a file that its messages name again. A message
 * that waits for other files looks at all of them anew when it is taken (fetch.h).
 *
 * A kill in between leaves a name without a file, which the next call takes away.
 */
#pragma once

#include "gateway/port/blobs.h"
#include "gateway/port/store.h"

enum { SWEEP_FILES_MAX = 16, /* of one call: each is a write of a folder */ SWEEP_EVERY_MS = 1000 };

/* How many were removed; SWEEP_FILES_MAX: there may be more. */
enum reason sweep_files(struct store *store, struct blobs *blobs, size_t *ret_count);
