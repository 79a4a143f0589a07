/* manifest - the list of digests that one signature seals when several envelopes go together.
 *
 * It is a text that `sha256sum -c` reads, so that an auditor needs no tool of ours:
 *     openssl cms -verify -binary -inform DER -in signature -content manifest -CAfile anchors.pem
 *     sha256sum -c manifest
 * One line per envelope, in the order of the documents, 112 bytes each:
 *     64 lower-case hex digits of the SHA-256, two spaces, the message id, ".envelope", newline
 * 1 to PARCEL_MESSAGES_MAX lines; no digest and no id twice; nothing else. There is exactly one
 * text for one list. Pure code: no OpenSSL.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/digest.h"
#include "proto/base/id.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"

#define MANIFEST_NAME_SUFFIX ".envelope"

enum { MANIFEST_LINE_BYTES = 64 + 2 + 36 + 9 + 1 };
_Static_assert(MANIFEST_LINE_BYTES *PARCEL_MESSAGES_MAX <= MANIFEST_BYTES_MAX,
               "a full manifest is within its bound");

struct manifest_entry {
    struct digest digest; /* of the envelope's bytes */
    struct message_id id;
};

struct manifest {
    struct manifest_entry entries[PARCEL_MESSAGES_MAX];
    size_t count;
};

/* Text from outside. REASON_MANIFEST_MALFORMED unless it is exactly what manifest_write makes. */
enum reason manifest_parse(struct bytes text, struct manifest *ret_manifest);

/* Appends the text. REASON_MANIFEST_MALFORMED when the entries break the rules above,
 * REASON_OUT_OF_MEMORY at the buffer's limit; the buffer is then as before. */
enum reason manifest_write(const struct manifest_entry *entries, size_t count,
                           struct buffer *ret_text);

/* The entry with that digest, which lives as long as the manifest; NULL when it lists none. The
 * caller still compares the entry's id with the id in the envelope. */
const struct manifest_entry *manifest_find(const struct manifest *manifest,
                                           const struct digest *digest);
