/* archive - a plain container of what is purged afterwards: a tar (POSIX ustar, uncompressed).
 *
 *   archive_new(path)
 *   archive_add, archive_add_file …      one member each
 *   archive_finish                       SHA256SUMS as the last member, flushed, read back from the
 *                                        disk and compared, and only then under its name
 *   archive_release                      what was not finished is removed
 *
 * `tar xf` takes it apart, and `sha256sum -c SHA256SUMS` checks it, without any program of ours.
 * The same members in the same order give the same bytes: no member has a time or an owner.
 *
 * Errors: REASON_STORE_FULL, REASON_STORE_FAILED (the disk), REASON_BACKUP_DAMAGED (what was read
 * back is not what was written), REASON_STATE_IN_PLACE (there is a file of that name),
 * REASON_FILE_UNREADABLE, REASON_FIELD_TOO_LONG.
 */
#pragma once

#include "ops/client/file.h"
#include "proto/base/digest.h"
#include "proto/seal/sha256.h"

enum {
    ARCHIVE_NAME_BYTES_MAX = 99,
    ARCHIVE_SUMS_BYTES_MAX = 64 * 1024 * 1024,
};

struct archive {
    int file; /* -1: none */
    char path[PATH_BYTES_MAX], part[PATH_BYTES_MAX];
    struct buffer sums;
    uint64_t members, bytes;
};

/* The part file beside path is one that an earlier call left: it is written anew. */
enum reason archive_new(const char *path, struct archive *ret_archive);
enum reason archive_add(struct archive *archive, const char *name, struct bytes content);
/* REASON_FILE_UNREADABLE: there is no such file. */
enum reason archive_add_file(struct archive *archive, const char *name, const char *path,
                             const struct digest *digest);
enum reason archive_finish(struct archive *archive);
void archive_release(struct archive *archive);
