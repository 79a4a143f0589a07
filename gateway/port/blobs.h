/* blobs - attachments by content: written in order, verified, fsynced, then readable by digest.
 *
 * A port. A blob under construction is a partial file that survives restarts and belongs to its
 * source, the participant whose bytes it holds: two sources that send one digest have two partial
 * files, so that nobody can spoil, hold or push out another's. begin tells how much of it is
 * already there, so that a transfer resumes. finish verifies size and SHA-256, fsyncs file and
 * folder and publishes it under its digest for all; a wrong one is removed and its reason given.
 * Memory does not grow with file size, and no file is made before its first byte.
 *
 * No verb but wait waits for a disk or hashes a long file: that is done aside, and until it is done
 * the verb answers BUSY and changes nothing. Call it again when fd is readable, after settle.
 *
 * Bounds: BLOBS_SOURCE_PARTIALS_MAX unfinished files of one source, BLOBS_PARTIALS_MAX of all; at
 * the bound a source's own oldest gives way, or that of whoever has most. They may grow only while
 * the disk keeps free what the source has still to send, once more, and BLOBS_RESERVE_BYTES. One
 * that got no byte for BLOBS_PARTIAL_AGE_S is removed.
 *
 * Errors: REASON_ATTACHMENT_TOO_LARGE, _SHORT, _LONG, _DIGEST, REASON_STORE_FULL,
 * REASON_STORE_FAILED, REASON_STORE_CORRUPT (a finished blob does not match its digest any more: it
 * was put aside, and is NOT_FOUND from now on), REASON_NOT_FOUND, REASON_BUSY.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/digest.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"

enum {
    /* Those under way, and as many again three times from connections that were cut. */
    BLOBS_SOURCE_PARTIALS_MAX = 4 * BLOB_TRANSFERS_MAX,
    /* 64 sources at their bound; 256 with all their transfers under way. */
    BLOBS_PARTIALS_MAX = 64 * BLOBS_SOURCE_PARTIALS_MAX,
    /* A line that was down from Friday to Monday goes on where it was cut. */
    BLOBS_PARTIAL_AGE_S = 3 * 24 * 3600,
};
/* For the store and the log, which must go on when files may not; a sixteenth of a small disk. */
#define BLOBS_RESERVE_BYTES (UINT64_C(256) * 1024 * 1024)

struct blobs;

struct blobs_verbs {
    void (*close)(struct blobs *blobs);
    /* NONE: complete and readable; its size, as the disk says. NOT_FOUND otherwise. */
    enum reason (*find)(struct blobs *blobs, const struct digest *digest, uint64_t *ret_size_bytes);
    /* Opens or resumes the source's partial blob; ret_offset: bytes already kept.
     * ATTACHMENT_DIGEST for one that may be a stand-in: a stranger who names it is after somebody
     * else's upload. */
    enum reason (*begin)(struct blobs *blobs, const struct key *source, const struct digest *digest,
                         uint64_t size_bytes, uint64_t *ret_offset);
    /* Begins a blob whose digest nobody knows before its last byte; ret_stand_in names it until it
     * is finished. It does not survive a restart. BUSY: the source has as many as it may. */
    enum reason (*begin_unnamed)(struct blobs *blobs, const struct key *source,
                                 struct digest *ret_stand_in);
    /* All of it is written: the digest under which finish will publish it. */
    enum reason (*name)(struct blobs *blobs, const struct key *source,
                        const struct digest *stand_in, struct digest *ret_digest,
                        uint64_t *ret_size_bytes);
    /* Appends at offset, which must be the end so far (otherwise FIELD_INVALID, unchanged). */
    enum reason (*write)(struct blobs *blobs, const struct key *source, const struct digest *digest,
                         uint64_t offset, struct bytes content);
    /* The disk has less of it than it should by now: ask for no more until this is false. */
    bool (*is_behind)(struct blobs *blobs, const struct key *source, const struct digest *digest);
    /* When the last byte is there: verify, fsync, publish. digest: or the stand-in. */
    enum reason (*finish)(struct blobs *blobs, const struct key *source,
                          const struct digest *digest);
    /* Forgets a partial blob. */
    void (*abandon)(struct blobs *blobs, const struct key *source, const struct digest *digest);
    /* Reads up to capacity bytes at offset of a finished blob into ret_content. */
    enum reason (*read)(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                        uint8_t *ret_content, size_t capacity, size_t *ret_size);
    /* Somebody who read it says that it does not match: it is verified again before the next read.
     */
    void (*doubt)(struct blobs *blobs, const struct digest *digest);
    /* A finished one is no more; who still reads it hears NOT_FOUND. Only what no message names
     * (gateway/custody/sweep.h). */
    void (*remove)(struct blobs *blobs, const struct digest *digest);
    /* Readable when something that was BUSY may be done; -1: nothing ever is BUSY. */
    int (*fd)(struct blobs *blobs);
    /* Makes fd unreadable, and removes what is too old. */
    void (*settle)(struct blobs *blobs);
    /* Until something that was BUSY may be done: for callers that nobody else waits for. */
    void (*wait)(struct blobs *blobs);
};

/* Stand-ins are numbers: no file hashes to one, nor can anybody make one that does. */
static inline struct digest blobs_stand_in(uint64_t number)
{
    struct digest stand_in = {0};
    memcpy(stand_in.bytes, &number, sizeof number);
    return stand_in;
}

static inline bool blobs_is_stand_in(const struct digest *digest)
{
    uint64_t number;
    memcpy(&number, digest->bytes, sizeof number);
    struct digest stand_in = blobs_stand_in(number);
    return digest_equal(digest, &stand_in);
}

/* Implementations begin with this. */
struct blobs {
    const struct blobs_verbs *verbs;
};
