/* blobs_memory - the blobs port in memory, for tests: small files, few of them, no disk.
 * Contract: gateway/port/blobs.h (REASON_BUSY at BLOBS_MEMORY_MAX). */
#pragma once

#include "gateway/port/blobs.h"

enum { BLOBS_MEMORY_MAX = 64 };

/* NULL when memory is short. */
struct blobs *blobs_memory_new(uint64_t size_max_bytes);
/* A finished one, as a local system uploads it; nothing when it is here. */
void blobs_memory_put(struct blobs *blobs, struct bytes content, struct digest *ret_digest);
/* One bit turns: of the source's partial blob, or of the finished one (NULL). False: there is none.
 */
bool blobs_memory_damage(struct blobs *blobs, const struct key *source,
                         const struct digest *digest);
/* The finished one is gone, and its place free. */
void blobs_memory_forget(struct blobs *blobs, const struct digest *digest);
/* As after a crash that the disk did not follow. */
void blobs_memory_lose_partials(struct blobs *blobs);
/* Unfinished ones, of one source or of all (NULL). */
size_t blobs_memory_partials(struct blobs *blobs, const struct key *source);
/* The unfinished one at that place below BLOBS_MEMORY_MAX, and what is there of it. False: none. */
bool blobs_memory_partial(struct blobs *blobs, size_t place, struct key *ret_source,
                          struct digest *ret_digest, struct bytes *ret_content);

/* For callers that nobody else waits for: the verbs of the same name, never BUSY for what is only
 * being done. */
static inline enum reason blobs_finish(struct blobs *blobs, const struct key *source,
                                       const struct digest *digest)
{
    enum reason reason;
    while ((reason = blobs->verbs->finish(blobs, source, digest)) == REASON_BUSY)
        blobs->verbs->wait(blobs);
    return reason;
}
