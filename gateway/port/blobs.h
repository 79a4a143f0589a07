/* blobs - attachments by content: written in order, verified, fsynced, then readable by digest.
 *
 * A port. A blob under construction is a partial file that survives restarts: begin tells how much
 * of it is already there, so that a transfer resumes. finish verifies size and SHA-256, fsyncs file
 * and folder and publishes it under its digest; a wrong one is removed and its reason given. Memory
 * does not grow with file size.
 *
 * Errors: REASON_ATTACHMENT_TOO_LARGE, _SHORT, _LONG, _DIGEST, REASON_STORE_FULL,
 * REASON_STORE_FAILED, REASON_STORE_CORRUPT (a finished blob no longer matches), REASON_NOT_FOUND,
 * REASON_BUSY (too many partial blobs open).
 */
#ifndef GATEWAY_PORT_BLOBS_H
#define GATEWAY_PORT_BLOBS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/digest.h"
#include "proto/base/reason.h"

struct blobs;

struct blobs_verbs {
    void (*close)(struct blobs *blobs);
    /* NONE: complete and readable; its size. NOT_FOUND otherwise. */
    enum reason (*find)(struct blobs *blobs, const struct digest *digest, uint64_t *ret_size_bytes);
    /* Opens or resumes a partial blob; ret_offset: bytes already kept. ATTACHMENT_DIGEST for one
     * that may be a stand-in: a stranger who names it is after somebody else's upload. */
    enum reason (*begin)(struct blobs *blobs, const struct digest *digest, uint64_t size_bytes,
                         uint64_t *ret_offset);
    /* Begins a blob whose digest nobody knows before its last byte; ret_stand_in names it until
     * then. It does not survive a restart. */
    enum reason (*begin_unnamed)(struct blobs *blobs, struct digest *ret_stand_in);
    /* All of it is written: it goes on under its own digest, to be finished or abandoned. After a
     * failure it is gone. */
    enum reason (*name)(struct blobs *blobs, const struct digest *stand_in,
                        struct digest *ret_digest, uint64_t *ret_size_bytes);
    /* Appends at offset, which must be the end so far (otherwise FIELD_INVALID, unchanged). May
     * wait until the disk has what came before. */
    enum reason (*write)(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                         struct bytes content);
    /* When the last byte is there: verify, fsync, publish. */
    enum reason (*finish)(struct blobs *blobs, const struct digest *digest);
    /* Forgets a partial blob. */
    void (*abandon)(struct blobs *blobs, const struct digest *digest);
    /* Reads up to capacity bytes at offset of a finished blob into ret_content. */
    enum reason (*read)(struct blobs *blobs, const struct digest *digest, uint64_t offset,
                        uint8_t *ret_content, size_t capacity, size_t *ret_size);
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

#endif
