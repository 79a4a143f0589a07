/* Who may have a file: the one that a message with this file in its list was owed to, who names
 * that message. A digest alone entitles to nothing, since digests stand in logs and receipts; a
 * sender does not get his own file back by it (invariant 3). */
#include "gateway/custody/entitle.h"

#include "proto/codec/envelope.h"

/* What ended before it was ever sent is owed to nobody; what was sent, its recipient has read. */
static bool was_promised(const struct entry *entry)
{
    return entry_state_is_live(entry->state) || entry->attempts > 0;
}

static bool lists(struct bytes document, struct arena *scratch, const struct digest *digest,
                  uint64_t *ret_size_bytes)
{
    struct envelope envelope;
    arena_reset(scratch);
    if (envelope_parse(document, scratch, &envelope) != REASON_NONE)
        return false;
    for (size_t i = 0; i < envelope.attachment_count; i++) {
        if (!digest_equal(&envelope.attachments[i].digest, digest))
            continue;
        *ret_size_bytes = envelope.attachments[i].size_bytes;
        return true;
    }
    return false;
}

static enum reason unless_missing(enum reason reason)
{
    return reason == REASON_NOT_FOUND ? REASON_ATTACHMENT_FORBIDDEN : reason;
}

/* Every answer but success is the same to the peer (fetch_serve.c, refuse): the reasons here are
 * for our own log. What costs least is asked first, since a stranger to the file pays nothing. */
enum reason entitle_check(struct store *store, struct arena *scratch, const struct key *peer,
                          const struct frame_blob *want, uint64_t *ret_size_bytes)
{
    struct store_message message;
    struct entry entry;
    struct store_document found;
    if (key_equal(&want->sender, peer))
        return REASON_ATTACHMENT_FORBIDDEN;
    enum reason reason =
        store->verbs->find_message(store, &want->sender, &want->message_id, &message);
    if (reason != REASON_NONE)
        return unless_missing(reason);
    uint64_t seq = message.seq;
    reason = store->verbs->read_entry(store, seq, peer, &entry);
    if (reason != REASON_NONE)
        return unless_missing(reason);
    if (!was_promised(&entry))
        return REASON_ATTACHMENT_FORBIDDEN;
    reason = store->verbs->read_document(store, seq, &found);
    if (reason != REASON_NONE)
        return unless_missing(reason);
    return lists(found.document, scratch, &want->digest, ret_size_bytes)
               ? REASON_NONE
               : REASON_ATTACHMENT_FORBIDDEN;
}
