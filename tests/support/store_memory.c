/* The image is plain arrays and chained hash tables; a commit first makes room for everything in
 * the plan and then applies it, so that it is all or nothing. Reads of live entries walk one
 * destination's chain: right for a simulator, where queues are short. */
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

static enum reason recover(struct store *store, uint64_t *ret_count)
{
    struct store_memory_image *image = memory_image_of(store);
    uint64_t count = 0;
    for (size_t i = 0; i < image->entry_count; i++) {
        struct entry *entry = &image->entries[i];
        if (entry->state != ENTRY_LEASED)
            continue;
        entry_move(entry, ENTRY_QUEUED);
        entry->due = (wall_t){0};
        count++;
    }
    *ret_count = count;
    return REASON_NONE;
}

static enum reason positions(struct store *store, struct store_positions *ret_positions)
{
    const struct store_memory_image *image = memory_image_of(store);
    *ret_positions = (struct store_positions){
        .next_parcel_seq =
            image->parcel_count == 0 ? 1 : image->parcels[image->parcel_count - 1].seq + 1,
        .next_message_seq = image->message_count + 1,
        .ledger_size = image->ledger_entry_count,
        .ledger_hashes = image->hash_count,
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
    *ret_message = image->messages[seq - 1];
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
    const struct store_memory_image *image = memory_image_of(store);
    struct message_id last = {0};
    for (size_t i = 0; i < image->message_count; i++) {
        const struct store_message *message = &image->messages[i];
        if (key_equal(&message->sender, sender) && id_compare(&message->id, &last) > 0)
            last = message->id;
    }
    *ret_id = last;
    return REASON_NONE;
}

/* The smallest of those above. */
static enum reason after_id(struct store *store, const struct key *sender,
                            const struct message_id *id, uint64_t *ret_seqs, size_t limit,
                            size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    struct message_id last = *id;
    for (*ret_count = 0; *ret_count < limit && *ret_count < STORE_IDS_MAX; (*ret_count)++) {
        const struct store_message *next = NULL;
        for (size_t i = 0; i < image->message_count; i++) {
            const struct store_message *message = &image->messages[i];
            if (key_equal(&message->sender, sender) && memory_has_row(image, message->seq) &&
                id_compare(&message->id, &last) > 0 &&
                (next == NULL || id_compare(&message->id, &next->id) < 0))
                next = message;
        }
        if (next == NULL)
            break;
        last = next->id;
        ret_seqs[*ret_count] = next->seq;
    }
    return REASON_NONE;
}

static enum reason read_document(struct store *store, uint64_t seq,
                                 struct store_document *ret_document)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (!memory_has_row(image, seq))
        return REASON_NOT_FOUND;
    const struct store_message *message = &image->messages[seq - 1];
    if ((message->gone & STORE_PART_DOCUMENT) != 0)
        return REASON_CONTENT_PURGED;
    const struct store_parcel *parcel = memory_find_parcel(image, message->parcel_seq);
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

static enum reason history(struct store *store, struct bytes dossier_code, uint64_t from_seq,
                           bool is_backwards, uint64_t *ret_seqs, size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    uint64_t last = image->message_count + 1; /* that there is none behind */
    uint64_t seq = is_backwards && from_seq == 0 ? last : from_seq;
    while (count < limit) {
        seq = is_backwards ? seq - 1 : seq + 1;
        if (seq == 0 || seq >= last)
            break;
        if (dossier_code.size > 0 &&
            bytes_equal(image->messages[seq - 1].dossier_code, dossier_code))
            ret_seqs[count++] = seq;
    }
    *ret_count = count;
    return REASON_NONE;
}

/* ---- entries ---- */

static bool comes_before(const struct entry *a, const struct entry *b)
{
    return a->due.ms != b->due.ms ? a->due.ms < b->due.ms : a->message_seq < b->message_seq;
}

/* ---- what is due ---- */

struct candidate {
    const struct entry *entry;
    const struct key *sender;
};

static int compare_keys(const struct key *a, const struct key *b)
{
    return strcmp(a->text, b->text);
}

static int by_sender(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;
    int order = compare_keys(one->sender, other->sender);
    if (order != 0)
        return order;
    return comes_before(one->entry, other->entry) ? -1 : 1;
}

/* Where the next sender's begin. */
static size_t end_of(const struct candidate *due, size_t count, size_t from)
{
    size_t end = from;
    while (end < count && key_equal(due[end].sender, due[from].sender))
        end++;
    return end;
}

/* Each sender's next part of what is left, round and round, from the one that follows after. */
static size_t deal(const struct candidate *due, size_t due_count, const struct key *after,
                   struct entry *ret_entries, size_t limit)
{
    size_t starts[STORE_DUE_SENDERS_MAX], ends[STORE_DUE_SENDERS_MAX];
    size_t first = 0, count = 0, active = 0, senders = 0;
    while (first < due_count && compare_keys(due[first].sender, after) <= 0)
        first = end_of(due, due_count, first);
    for (size_t seen = 0; seen < due_count && senders < STORE_DUE_SENDERS_MAX; senders++) {
        size_t at = (first + seen) % due_count;
        starts[senders] = at;
        ends[senders] = end_of(due, due_count, at);
        seen += ends[senders] - at;
    }
    for (active = senders; active > 0 && count < limit;) {
        size_t part = (limit - count) / active > 0 ? (limit - count) / active : 1;
        for (size_t i = 0; i < senders; i++) {
            bool was_active = starts[i] < ends[i];
            for (size_t n = 0; n < part && starts[i] < ends[i] && count < limit; n++)
                ret_entries[count++] = *due[starts[i]++].entry;
            active -= was_active && starts[i] == ends[i] ? 1 : 0;
        }
    }
    return count;
}

static enum reason due(struct store *store, const struct key *destination, wall_t now,
                       const struct key *after, struct entry *ret_entries, size_t limit,
                       size_t *ret_count, wall_t *ret_next_due)
{
    const struct store_memory_image *image = memory_image_of(store);
    struct candidate *found = malloc((image->live_count + 1) * sizeof *found);
    size_t count = 0;
    wall_t next_due = {0};
    if (found == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < image->live_count; i++) {
        const struct entry *entry = &image->entries[image->live[i]];
        bool waits = entry->state == ENTRY_QUEUED || entry->state == ENTRY_DEFERRED;
        if (!waits || !key_equal(&entry->destination, destination) ||
            memory_is_behind(image, entry))
            continue;
        if (entry->due.ms <= now.ms)
            found[count++] =
                (struct candidate){entry, &image->messages[entry->message_seq - 1].sender};
        else if (next_due.ms == 0 || entry->due.ms < next_due.ms)
            next_due = entry->due;
    }
    qsort(found, count, sizeof *found, by_sender);
    *ret_count = deal(found, count, after, ret_entries, limit);
    *ret_next_due = next_due;
    free(found);
    return REASON_NONE;
}

static bool is_past_its_life(const struct entry *entry, wall_t now, wall_t sent_now)
{
    if (entry->expires.ms == 0 || entry->state == ENTRY_LEASED || entry->expires.ms > now.ms)
        return false;
    return entry->attempts == 0 || (entry->expires.ms <= sent_now.ms && entry->state != ENTRY_HELD);
}

static enum reason expired(struct store *store, wall_t now, wall_t sent_now,
                           struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->live_count; i++) {
        const struct entry *entry = &image->entries[image->live[i]];
        if (!is_past_its_life(entry, now, sent_now))
            continue;
        size_t at = count;
        while (at > 0 && entry->expires.ms < ret_entries[at - 1].expires.ms)
            at--;
        if (at == limit)
            continue;
        if (count < limit)
            count++;
        for (size_t j = count - 1; j > at; j--)
            ret_entries[j] = ret_entries[j - 1];
        ret_entries[at] = *entry;
    }
    *ret_count = count;
    return REASON_NONE;
}

static enum reason read_entry(struct store *store, uint64_t message_seq,
                              const struct key *destination, struct entry *ret_entry)
{
    const struct entry *found = memory_find_entry(memory_image_of(store), message_seq, destination);
    if (found == NULL)
        return REASON_NOT_FOUND;
    *ret_entry = *found;
    return REASON_NONE;
}

static enum reason entries_of(struct store *store, uint64_t message_seq, struct entry *ret_entries,
                              size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->entry_count && count < limit; i++) {
        if (image->entries[i].message_seq == message_seq)
            ret_entries[count++] = image->entries[i];
    }
    *ret_count = count;
    return REASON_NONE;
}

static bool fits_filter(const struct store_memory_image *image, const struct entry *entry,
                        const struct store_filter *filter)
{
    bool state_fits =
        filter->state == 0 ? entry_state_is_live(entry->state) : entry->state == filter->state;
    bool is_after =
        entry->message_seq > filter->after_seq ||
        (entry->message_seq == filter->after_seq &&
         memcmp(&entry->destination, &filter->after_destination, sizeof entry->destination) > 0);
    return state_fits && is_after &&
           (key_is_none(&filter->destination) ||
            key_equal(&filter->destination, &entry->destination)) &&
           (filter->dossier_code.size == 0 ||
            bytes_equal(filter->dossier_code,
                        image->messages[entry->message_seq - 1].dossier_code));
}

static int by_seq(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    if (left->message_seq != right->message_seq)
        return left->message_seq < right->message_seq ? -1 : 1;
    return memcmp(&left->destination, &right->destination, sizeof left->destination);
}

static enum reason list(struct store *store, const struct store_filter *filter,
                        struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    struct entry *found = calloc(image->entry_count + 1, sizeof *found);
    size_t count = 0;
    if (found == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < image->entry_count; i++) {
        if (fits_filter(image, &image->entries[i], filter))
            found[count++] = image->entries[i];
    }
    qsort(found, count, sizeof *found, by_seq);
    *ret_count = count < limit ? count : limit;
    memcpy(ret_entries, found, *ret_count * sizeof *found);
    free(found);
    return REASON_NONE;
}

static enum reason counts(struct store *store, struct store_count *ret_counts, size_t limit,
                          size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->live_count; i++) {
        const struct entry *entry = &image->entries[image->live[i]];
        size_t at = 0;
        while (at < count && !key_equal(&ret_counts[at].destination, &entry->destination))
            at++;
        if (at == limit)
            continue;
        if (at == count)
            ret_counts[count++] = (struct store_count){.destination = entry->destination};
        ret_counts[at].count[entry->state]++;
        wall_t custody = image->messages[entry->message_seq - 1].custody;
        if (ret_counts[at].oldest.ms == 0 || custody.ms < ret_counts[at].oldest.ms)
            ret_counts[at].oldest = custody;
    }
    *ret_count = count;
    return REASON_NONE;
}

/* ---- the rest ---- */

static enum reason find_route(struct store *store, struct bytes dossier_code,
                              struct store_route *ret_route)
{
    const struct store_memory_image *image = memory_image_of(store);
    const struct store_route *found = NULL;
    for (size_t i = 0; i < image->route_count; i++) {
        const struct store_route *route = &image->routes[i];
        if (bytes_equal(route->dossier_code, dossier_code) && !key_is_none(&route->agency) &&
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
    for (size_t i = 0; i < image->file_count && count < limit; i++) {
        if (image->files[i].message_seq == 0)
            ret_digests[count++] = image->files[i].digest;
    }
    *ret_count = count;
    return REASON_NONE;
}

static enum reason ledger_hash(struct store *store, uint64_t position, struct digest *ret_hash)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (position >= image->hash_count)
        return REASON_NOT_FOUND;
    *ret_hash = image->hashes[position];
    return REASON_NONE;
}

static enum reason ledger_entry(struct store *store, uint64_t index, struct bytes *ret_entry)
{
    const struct store_memory_image *image = memory_image_of(store);
    if (index >= image->ledger_entry_count)
        return REASON_NOT_FOUND;
    *ret_entry = image->ledger_entries[index];
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
    .recover = recover,
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
    .due = due,
    .expired = expired,
    .read_entry = read_entry,
    .entries_of = entries_of,
    .list = list,
    .counts = counts,
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
