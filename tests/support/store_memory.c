/* A commit first makes room for everything in the plan and then applies it, so that it is all or
 * nothing. Reads of live entries walk one destination's chain: right for a simulator, where queues
 * are short. */
#include "tests/support/store_memory.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/store_memory_image.h"

struct store_memory {
    struct store port;
    struct store_memory_image *image;
};

struct store_memory_image *memory_image_of(struct store *store)
{
    return ((struct store_memory *)store)->image;
}

static void close_store(struct store *store)
{
    free(store);
}

static enum reason positions(struct store *store, struct store_positions *ret_positions)
{
    const struct store_memory_image *image = memory_image_of(store);
    *ret_positions = (struct store_positions){
        .next_parcel_seq =
            image->parcels.count == 0 ? 1 : image->parcels.at[image->parcels.count - 1].row.seq + 1,
        .next_message_seq = image->messages.count + 1,
        .ledger_size = image->ledger_entries.count,
        .ledger_hashes = image->hashes.count,
        .ledger_head_seq = image->head_seq,
    };
    return REASON_NONE;
}

static enum reason commit(struct store *store, const struct store_plan *plan)
{
    struct store_memory_image *image = memory_image_of(store);
    if (!memory_make_room(image, plan))
        return REASON_OUT_OF_MEMORY;
    memory_apply(image, plan);
    return REASON_NONE;
}

/* ---- messages ---- */

static enum reason read_message(struct store *store, uint64_t seq,
                                struct store_message *ret_message)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (!memory_has_row(image, seq))
        return REASON_NOT_FOUND;
    *ret_message = image->messages.at[seq - 1].row;
    return REASON_NONE;
}

static enum reason find_message(struct store *store, const struct key *sender,
                                const struct message_id *id, struct store_message *ret_message)
{
    const struct store_message *found = memory_find_message(memory_image_of(store), sender, id);
    if (found == NULL)
        return REASON_NOT_FOUND;
    *ret_message = *found;
    return REASON_NONE;
}

static enum reason last_id(struct store *store, const struct key *sender, struct message_id *ret_id)
{
    const struct memory_participant *known =
        memory_find_participant(memory_image_of(store), sender);
    *ret_id = known == NULL ? (struct message_id){{0}} : known->last;
    return REASON_NONE;
}

static enum reason after_id(struct store *store, const struct key *sender,
                            const struct message_id *id, uint64_t *ret_seqs, size_t limit,
                            size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    const struct memory_participant *known = memory_find_participant(image, sender);
    size_t count = 0;
    size_t at = known == NULL ? 0 : memory_after_id(image, known, id);
    for (; known != NULL && at < known->ids.count && count < limit && count < STORE_IDS_MAX; at++) {
        uint64_t seq = image->messages.at[known->ids.at[at]].row.seq;
        if (memory_has_row(image, seq))
            ret_seqs[count++] = seq;
    }
    *ret_count = count;
    return REASON_NONE;
}

static enum reason read_document(struct store *store, uint64_t seq,
                                 struct store_document *ret_document)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (!memory_has_row(image, seq))
        return REASON_NOT_FOUND;
    const struct store_message *message = &image->messages.at[seq - 1].row;
    if ((message->gone & STORE_PART_DOCUMENT) != 0)
        return REASON_CONTENT_PURGED;
    const struct memory_parcel *found = memory_find_parcel(image, message->parcel_seq);
    const struct store_parcel *parcel = found == NULL ? NULL : &found->row;
    if (parcel == NULL || message->document_index >= parcel->document_count)
        return REASON_STORE_CORRUPT;
    *ret_document = (struct store_document){
        .message = *message,
        .document = parcel->documents[message->document_index],
        .manifest = parcel->manifest,
        .signature = parcel->signature,
        .certificate = parcel->certificate,
    };
    return REASON_NONE;
}

/* The dossier's message from which a history goes on, not in it itself: that one, or the next in
 * this direction. MEMORY_NONE: there is none behind. */
static uint32_t history_from(const struct store_memory_image *image, uint32_t dossier,
                             uint64_t from_seq, bool is_backwards)
{
    const struct memory_message *messages = image->messages.at;
    if (from_seq > 0 && from_seq <= image->messages.count &&
        messages[from_seq - 1].dossier == dossier)
        return is_backwards ? messages[from_seq - 1].before : messages[from_seq - 1].next;
    uint32_t at =
        is_backwards ? image->dossiers.at[dossier].last : image->dossiers.at[dossier].first;
    if (is_backwards && from_seq == 0)
        return at;
    while (at != MEMORY_NONE &&
           (is_backwards ? messages[at].row.seq >= from_seq : messages[at].row.seq <= from_seq))
        at = is_backwards ? messages[at].before : messages[at].next;
    return at;
}

static enum reason history(struct store *store, struct bytes dossier_code, uint64_t from_seq,
                           bool is_backwards, uint64_t *ret_seqs, size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    const struct memory_message *messages = image->messages.at;
    const struct memory_dossier *dossier = memory_find_dossier(image, dossier_code);
    size_t count = 0;
    uint32_t at = dossier == NULL ? MEMORY_NONE
                                  : history_from(image, (uint32_t)(dossier - image->dossiers.at),
                                                 from_seq, is_backwards);
    for (; at != MEMORY_NONE && count < limit;
         at = is_backwards ? messages[at].before : messages[at].next)
        ret_seqs[count++] = messages[at].row.seq;
    *ret_count = count;
    return REASON_NONE;
}

/* ---- the rest ---- */

static enum reason find_route(struct store *store, struct bytes dossier_code,
                              struct store_route *ret_route)
{
    const struct store_memory_image *image = memory_image_of(store);
    const struct memory_dossier *dossier = memory_find_dossier(image, dossier_code);
    const struct store_route *found = NULL;
    for (uint32_t number = dossier == NULL ? MEMORY_NONE : dossier->first_route;
         number != MEMORY_NONE; number = image->routes.at[number].next) {
        const struct store_route *route = &image->routes.at[number].row;
        if (!key_is_none(&route->agency) &&
            (found == NULL || route->message_seq > found->message_seq))
            found = route;
    }
    if (found == NULL)
        return REASON_NOT_FOUND;
    *ret_route = *found;
    return REASON_NONE;
}

static enum reason unnamed_files(struct store *store, struct digest *ret_digests, size_t limit,
                                 size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->files.count && count < limit; i++) {
        if (image->files.at[i].is_unnamed)
            ret_digests[count++] = image->files.at[i].digest;
    }
    *ret_count = count;
    return REASON_NONE;
}

static enum reason ledger_hash(struct store *store, uint64_t position, struct digest *ret_hash)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (position >= image->hashes.count)
        return REASON_NOT_FOUND;
    *ret_hash = image->hashes.at[position];
    return REASON_NONE;
}

static enum reason ledger_entry(struct store *store, uint64_t index, struct bytes *ret_entry)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (index >= image->ledger_entries.count)
        return REASON_NOT_FOUND;
    *ret_entry = image->ledger_entries.at[index];
    return REASON_NONE;
}

static enum reason read_note(struct store *store, struct bytes name, struct bytes *ret_value)
{
    const struct store_note *note = memory_find_note(memory_image_of(store), name);
    if (note == NULL || note->value.size == 0)
        return REASON_NOT_FOUND;
    *ret_value = note->value;
    return REASON_NONE;
}

/* There is no disk: what is applied is all there is. */
static enum reason sync_nothing(struct store *store)
{
    (void)store;
    return REASON_NONE;
}

static const struct store_verbs verbs = {
    .close = close_store,
    .recover = memory_recover,
    .positions = positions,
    .commit = commit,
    .apply = commit,
    .sync = sync_nothing,
    .find_message = find_message,
    .read_message = read_message,
    .last_id = last_id,
    .next_message = memory_next_message,
    .forgotten_id = memory_forgotten_id,
    .after_id = after_id,
    .read_document = read_document,
    .due = memory_due,
    .expired = memory_expired,
    .read_entry = memory_read_entry,
    .entries_of = memory_entries_of,
    .list = memory_list,
    .counts = memory_counts,
    .history = history,
    .find_route = find_route,
    .read_deadline = memory_read_deadline,
    .list_deadlines = memory_list_deadlines,
    .count_deadlines = memory_count_deadlines,
    .unnamed_files = unnamed_files,
    .ledger_hash = ledger_hash,
    .ledger_entry = ledger_entry,
    .read_note = read_note,
};

enum reason store_memory_open(struct store_memory_image *image, struct store **ret_store)
{
    struct store_memory *store = calloc(1, sizeof *store);
    if (store == NULL)
        return REASON_OUT_OF_MEMORY;
    store->port.verbs = &verbs;
    store->image = image;
    *ret_store = &store->port;
    return REASON_NONE;
}
