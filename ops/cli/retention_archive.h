/* retention_archive - the set of a purge, written into an archive before it goes.
 *
 *   NNNNN-ID/message.json                      who, to whom, which dossier, when, its digest
 *   NNNNN-ID/document, manifest, signature, certificate      what is still there of them
 *   NNNNN-ID/first, entries     of a head: the ledger's entries that it was the first to cover
 *                                     (their number, sizes and bytes, each number 32 bits,
 *                                     little-endian), and how many stood before them
 *   files/DIGEST                               of these messages, each once
 *   SHA256SUMS
 *
 * NNNNN counts within the set. Read from the store beside the program that owns it.
 */
#pragma once

#include "ops/archive/archive.h"
#include "ops/cli/adapter_call.h"

struct retention_archive {
    const char *state_directory;
    const char *path;     /* of the archive; there is none yet */
    const json_t *job;    /* counted */
    struct digest digest; /* OUT: of the set, as jobs_start wants it (gateway/custody/job.h) */
    uint64_t bytes;       /* OUT */
};

/* EXIT_CODE_OK, or it was printed why; then there is no archive. */
int retention_archive_write(const struct invocation *invocation, struct http *http,
                            struct retention_archive *archive);
