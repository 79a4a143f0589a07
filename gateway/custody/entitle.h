/* entitle - who may have a file: default deny holds for files as for messages (invariant 3).
 *
 * A digest is no secret: it stands in every message that names the file, and who once saw one would
 * have the content. So whoever wants a file names the message that it belongs to, and gets it when
 *
 *   - this store has that message, by (sender, id);
 *   - it is owed to the one who asks, or was handed to it once;
 *   - its document lists the digest.
 *
 * Its sender is not among them: it has the file, and to name a digest in a message of one's own is
 * no proof of that.
 *
 * Cost: two look-ups by index and one document parsed, whatever the history; asked once when a
 * transfer begins, not for its chunks.
 */
#pragma once

#include "gateway/port/store.h"
#include "proto/base/arena.h"
#include "proto/codec/frame.h"

/* want: a FRAME_BLOB_WANT. scratch (ENVELOPE_ARENA_BYTES) is reset.
 * ret_size_bytes: of the file, as its message says.
 * ATTACHMENT_FORBIDDEN: not entitled; STORE_…: the store cannot say. */
enum reason entitle_check(struct store *store, struct arena *scratch, const struct key *peer,
                          const struct frame_blob *want, uint64_t *ret_size_bytes);
