/* Entries in memory: what is due, what is past its life, and lists of them. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/store_memory_image.h"

/* NULL: no more of them. */
static struct memory_entry *entry_at(const struct store_memory_image *image, uint32_t number)
{
    return number == MEMORY_NONE ? NULL : &image->entries.at[number];
}

/* A destination's live entries stand in order of arrival. */
static struct memory_entry *first_live(const struct store_memory_image *image,
                                       const struct memory_participant *participant)
{
    return entry_at(image, participant->first_live);
}

enum reason memory_recover(struct store *store, uint64_t *ret_count)
{
    struct store_memory_image *image = memory_image_of(store);
    uint64_t count = 0;
    for (size_t i = 0; i < image->participants.count; i++) {
        for (struct memory_entry *live = first_live(image, &image->participants.at[i]);
             live != NULL; live = entry_at(image, live->live_next)) {
            if (live->row.state != ENTRY_LEASED)
                continue;
            entry_move(&live->row, ENTRY_QUEUED);
            live->row.due = (wall_t){0};
            count++;
        }
    }
    *ret_count = count;
    return REASON_NONE;
}

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

/* Those that may go now, as candidates; the others' earliest moment. */
static size_t find_due(const struct store_memory_image *image,
                       const struct memory_participant *participant, wall_t now,
                       struct candidate *ret_found, wall_t *ret_next_due)
{
    size_t count = 0;
    for (const struct memory_entry *live = first_live(image, participant); live != NULL;
         live = entry_at(image, live->live_next)) {
        const struct entry *entry = &live->row;
        /* Before it in its class: an earlier one of the same destination is ahead. */
        bool is_behind = live->class_before != MEMORY_NONE;
        bool waits = entry->state == ENTRY_QUEUED || entry->state == ENTRY_DEFERRED;
        if (!waits || is_behind)
            continue;
        if (entry->due.ms <= now.ms)
            ret_found[count++] =
                (struct candidate){entry, &image->messages.at[entry->message_seq - 1].row.sender};
        else if (ret_next_due->ms == 0 || entry->due.ms < ret_next_due->ms)
            *ret_next_due = entry->due;
    }
    return count;
}

enum reason memory_due(struct store *store, const struct key *destination, wall_t now,
                       const struct key *after, struct entry *ret_entries, size_t limit,
                       size_t *ret_count, wall_t *ret_next_due)
{
    const struct store_memory_image *image = memory_image_of(store);
    const struct memory_participant *participant = memory_find_participant(image, destination);
    *ret_count = 0;
    *ret_next_due = (wall_t){0};
    if (participant == NULL || participant->live_count == 0)
        return REASON_NONE;
    struct candidate *found = malloc(participant->live_count * sizeof *found);
    if (found == NULL)
        return REASON_OUT_OF_MEMORY;
    size_t count = find_due(image, participant, now, found, ret_next_due);
    qsort(found, count, sizeof *found, by_sender);
    *ret_count = deal(found, count, after, ret_entries, limit);
    free(found);
    return REASON_NONE;
}

/* ---- what is past its life ---- */

static bool is_past_its_life(const struct entry *entry, wall_t now, wall_t sent_now)
{
    if (entry->expires.ms == 0 || entry->state == ENTRY_LEASED || entry->expires.ms > now.ms)
        return false;
    return entry->attempts == 0 || (entry->expires.ms <= sent_now.ms && entry->state != ENTRY_HELD);
}

static bool ends_before(const struct entry *a, const struct entry *b)
{
    return a->expires.ms != b->expires.ms ? a->expires.ms < b->expires.ms
                                          : a->message_seq < b->message_seq;
}

/* Among the oldest so far, of which there are at most limit. */
static size_t put_among(struct entry *entries, size_t count, size_t limit,
                        const struct entry *entry)
{
    size_t at = count;
    while (at > 0 && ends_before(entry, &entries[at - 1]))
        at--;
    if (at == limit)
        return count;
    size_t kept = count < limit ? count + 1 : count;
    memmove(&entries[at + 1], &entries[at], (kept - 1 - at) * sizeof *entries);
    entries[at] = *entry;
    return kept;
}

enum reason memory_expired(struct store *store, wall_t now, wall_t sent_now,
                           struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->participants.count; i++) {
        for (const struct memory_entry *live = first_live(image, &image->participants.at[i]);
             live != NULL; live = entry_at(image, live->live_next)) {
            if (is_past_its_life(&live->row, now, sent_now))
                count = put_among(ret_entries, count, limit, &live->row);
        }
    }
    *ret_count = count;
    return REASON_NONE;
}

/* ---- one message's ---- */

enum reason memory_read_entry(struct store *store, uint64_t message_seq,
                              const struct key *destination, struct entry *ret_entry)
{
    const struct memory_entry *found =
        memory_find_entry(memory_image_of(store), message_seq, destination);
    if (found == NULL)
        return REASON_NOT_FOUND;
    *ret_entry = found->row;
    return REASON_NONE;
}

enum reason memory_entries_of(struct store *store, uint64_t message_seq, struct entry *ret_entries,
                              size_t limit, size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    bool is_here = message_seq > 0 && message_seq <= image->messages.count;
    uint32_t number = is_here ? image->messages.at[message_seq - 1].first_entry : MEMORY_NONE;
    size_t count = 0;
    for (; number != MEMORY_NONE && count < limit; number = image->entries.at[number].next)
        ret_entries[count++] = image->entries.at[number].row;
    *ret_count = count;
    return REASON_NONE;
}

/* ---- lists ---- */

/* What was found so far. */
struct found {
    const struct store_memory_image *image;
    const struct store_filter *filter;
    MEMORY_ROWS(struct entry) rows;
    bool has_failed; /* no memory */
};

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
                        image->messages.at[entry->message_seq - 1].row.dossier_code));
}

static void find(struct found *found, const struct entry *entry)
{
    if (found->has_failed || !fits_filter(found->image, entry, found->filter))
        return;
    found->has_failed = !memory_reserve(&found->rows, 1);
    if (!found->has_failed)
        found->rows.at[found->rows.count++] = *entry;
}

static void find_of_message(struct found *found, const struct memory_message *message)
{
    for (uint32_t number = message->first_entry; number != MEMORY_NONE;
         number = found->image->entries.at[number].next)
        find(found, &found->image->entries.at[number].row);
}

static void find_of_dossier(struct found *found)
{
    const struct store_memory_image *image = found->image;
    const struct memory_dossier *dossier = memory_find_dossier(image, found->filter->dossier_code);
    for (uint32_t number = dossier == NULL ? MEMORY_NONE : dossier->first; number != MEMORY_NONE;
         number = image->messages.at[number].next)
        find_of_message(found, &image->messages.at[number]);
}

static void find_live(struct found *found)
{
    const struct store_memory_image *image = found->image;
    for (size_t i = 0; i < image->participants.count; i++) {
        const struct memory_participant *participant = &image->participants.at[i];
        if (!key_is_none(&found->filter->destination) &&
            !key_equal(&found->filter->destination, &participant->key))
            continue;
        for (const struct memory_entry *live = first_live(image, participant); live != NULL;
             live = entry_at(image, live->live_next))
            find(found, &live->row);
    }
}

/* Messages in their order, until there are enough. */
static void find_ended(struct found *found, size_t limit)
{
    const struct store_memory_image *image = found->image;
    uint64_t after = found->filter->after_seq;
    for (uint64_t seq = after > 0 ? after : 1;
         seq <= image->messages.count && found->rows.count < limit; seq++)
        find_of_message(found, &image->messages.at[seq - 1]);
}

static int by_seq(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    if (left->message_seq != right->message_seq)
        return left->message_seq < right->message_seq ? -1 : 1;
    return memcmp(&left->destination, &right->destination, sizeof left->destination);
}

enum reason memory_list(struct store *store, const struct store_filter *filter,
                        struct entry *ret_entries, size_t limit, size_t *ret_count)
{
    struct found found = {.image = memory_image_of(store), .filter = filter};
    if (filter->dossier_code.size > 0)
        find_of_dossier(&found);
    else if (filter->state == 0 || entry_state_is_live(filter->state))
        find_live(&found);
    else
        find_ended(&found, limit);
    if (found.rows.count > 0)
        qsort(found.rows.at, found.rows.count, sizeof *found.rows.at, by_seq);
    *ret_count = found.rows.count < limit ? found.rows.count : limit;
    if (*ret_count > 0)
        memcpy(ret_entries, found.rows.at, *ret_count * sizeof *ret_entries);
    free(found.rows.at);
    return found.has_failed ? REASON_OUT_OF_MEMORY : REASON_NONE;
}

static void count_live(const struct store_memory_image *image,
                       const struct memory_participant *participant, struct store_count *ret_count)
{
    *ret_count = (struct store_count){.destination = participant->key};
    for (const struct memory_entry *live = first_live(image, participant); live != NULL;
         live = entry_at(image, live->live_next)) {
        wall_t custody = image->messages.at[live->row.message_seq - 1].row.custody;
        ret_count->count[live->row.state]++;
        if (ret_count->oldest.ms == 0 || custody.ms < ret_count->oldest.ms)
            ret_count->oldest = custody;
    }
}

enum reason memory_counts(struct store *store, struct store_count *ret_counts, size_t limit,
                          size_t *ret_count)
{
    const struct store_memory_image *image = memory_image_of(store);
    size_t count = 0;
    for (size_t i = 0; i < image->participants.count && count < limit; i++) {
        if (image->participants.at[i].live_count > 0)
            count_live(image, &image->participants.at[i], &ret_counts[count++]);
    }
    *ret_count = count;
    return REASON_NONE;
}
