/* Tables and chains by which rows are found. */
#include "proto/base/check.h"
#include "tests/support/store_memory_image.h"

#include <string.h>

static uint64_t hash_of_id(const struct key *sender, const struct message_id *id)
{
    return hash_bytes((struct bytes){id->bytes, MESSAGE_ID_BYTES}) ^ hash_bytes(key_bytes(sender));
}

static uint64_t hash_of_class(uint32_t participant, uint64_t order)
{
    return order ^ (participant + 1) * UINT64_C(0xc2b2ae3d27d4eb4f);
}

static uint64_t hash_of_digest(const struct digest *digest)
{
    return hash_bytes((struct bytes){digest->bytes, sizeof digest->bytes});
}

/* ---- participants ---- */

struct memory_participant *memory_find_participant(const struct store_memory_image *image,
                                                   const struct key *key)
{
    const uint64_t hash = hash_bytes(key_bytes(key));
    size_t probe = 0;
    uint32_t number = memory_table_next(&image->by_participant, hash, &probe);
    while (number != MEMORY_NONE && !key_equal(&image->participants.at[number].key, key))
        number = memory_table_next(&image->by_participant, hash, &probe);
    return number == MEMORY_NONE ? NULL : &image->participants.at[number];
}

static struct memory_participant *know(struct store_memory_image *image, const struct key *key)
{
    struct memory_participant *known = memory_find_participant(image, key);
    if (known != NULL)
        return known;
    if (!memory_reserve(&image->participants, 1) ||
        !memory_table_reserve(&image->by_participant, 1))
        return NULL;
    uint32_t number = (uint32_t)image->participants.count++;
    known = &image->participants.at[number];
    *known = (struct memory_participant){
        .key = *key, .first_live = MEMORY_NONE, .last_live = MEMORY_NONE};
    memory_table_add(&image->by_participant, hash_bytes(key_bytes(key)), number);
    return known;
}

bool memory_know_participants(struct store_memory_image *image, const struct store_plan *plan)
{
    for (size_t i = 0; i < plan->message_count; i++) {
        struct memory_participant *sender = know(image, &plan->messages[i].sender);
        if (sender == NULL || !memory_reserve(&sender->ids, plan->message_count))
            return false;
    }
    for (size_t i = 0; i < plan->entry_count; i++) {
        if (know(image, &plan->entries[i].destination) == NULL)
            return false;
    }
    return true;
}

/* ---- messages ---- */

const struct store_message *memory_find_message(const struct store_memory_image *image,
                                                const struct key *sender,
                                                const struct message_id *id)
{
    const uint64_t hash = hash_of_id(sender, id);
    size_t probe = 0;
    for (uint32_t number = memory_table_next(&image->by_id, hash, &probe); number != MEMORY_NONE;
         number = memory_table_next(&image->by_id, hash, &probe)) {
        const struct store_message *message = &image->messages.at[number].row;
        if (id_equal(&message->id, id) && key_equal(&message->sender, sender) &&
            memory_has_row(image, message->seq))
            return message;
    }
    return NULL;
}

size_t memory_after_id(const struct store_memory_image *image,
                       const struct memory_participant *sender, const struct message_id *id)
{
    size_t low = 0, high = sender->ids.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (id_compare(&image->messages.at[sender->ids.at[middle]].row.id, id) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void index_id(struct store_memory_image *image, uint32_t number)
{
    const struct store_message *message = &image->messages.at[number].row;
    struct memory_participant *sender = memory_find_participant(image, &message->sender);
    check(sender != NULL && sender->ids.count < sender->ids.room);
    size_t at = memory_after_id(image, sender, &message->id);
    memmove(&sender->ids.at[at + 1], &sender->ids.at[at],
            (sender->ids.count - at) * sizeof *sender->ids.at);
    sender->ids.at[at] = number;
    sender->ids.count++;
    if (id_compare(&message->id, &sender->last) > 0)
        sender->last = message->id;
    memory_table_add(&image->by_id, hash_of_id(&message->sender, &message->id), number);
}

void memory_index_message(struct store_memory_image *image, uint32_t number)
{
    struct memory_message *message = &image->messages.at[number];
    index_id(image, number);
    message->before = message->next = MEMORY_NONE;
    if (message->dossier == MEMORY_NONE)
        return;
    struct memory_dossier *dossier = &image->dossiers.at[message->dossier];
    message->before = dossier->last;
    if (dossier->last == MEMORY_NONE)
        dossier->first = number;
    else
        image->messages.at[dossier->last].next = number;
    dossier->last = number;
}

void memory_unlink_dossier(struct store_memory_image *image, struct memory_message *message)
{
    if (message->dossier == MEMORY_NONE)
        return;
    struct memory_dossier *dossier = &image->dossiers.at[message->dossier];
    if (message->before == MEMORY_NONE)
        dossier->first = message->next;
    else
        image->messages.at[message->before].next = message->next;
    if (message->next == MEMORY_NONE)
        dossier->last = message->before;
    else
        image->messages.at[message->next].before = message->before;
    message->dossier = message->before = message->next = MEMORY_NONE;
}

struct memory_parcel *memory_find_parcel(const struct store_memory_image *image, uint64_t seq)
{
    size_t low = 0, high = image->parcels.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (image->parcels.at[middle].row.seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->parcels.count && image->parcels.at[low].row.seq == seq
               ? &image->parcels.at[low]
               : NULL;
}

/* ---- dossiers, notes, files ---- */

struct memory_dossier *memory_find_dossier(const struct store_memory_image *image,
                                           struct bytes code)
{
    const uint64_t hash = hash_bytes(code);
    size_t probe = 0;
    uint32_t number = memory_table_next(&image->by_dossier, hash, &probe);
    while (number != MEMORY_NONE && !bytes_equal(image->dossiers.at[number].code, code))
        number = memory_table_next(&image->by_dossier, hash, &probe);
    return number == MEMORY_NONE ? NULL : &image->dossiers.at[number];
}

uint32_t memory_know_dossier(struct store_memory_image *image, struct bytes code)
{
    if (code.size == 0)
        return MEMORY_NONE;
    const struct memory_dossier *known = memory_find_dossier(image, code);
    if (known != NULL)
        return (uint32_t)(known - image->dossiers.at);
    check(image->dossiers.count < image->dossiers.room);
    uint32_t number = (uint32_t)image->dossiers.count++;
    image->dossiers.at[number] = (struct memory_dossier){.code = memory_copy(image, code),
                                                         .first = MEMORY_NONE,
                                                         .last = MEMORY_NONE,
                                                         .first_route = MEMORY_NONE};
    memory_table_add(&image->by_dossier, hash_bytes(code), number);
    return number;
}

size_t memory_deadline_at(const struct store_memory_image *image, struct bytes dossier_code)
{
    size_t low = 0, high = image->deadlines.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bytes_compare(image->deadlines.at[middle].dossier_code, dossier_code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct store_note *memory_find_note(const struct store_memory_image *image, struct bytes name)
{
    const uint64_t hash = hash_bytes(name);
    size_t probe = 0;
    uint32_t number = memory_table_next(&image->by_note, hash, &probe);
    while (number != MEMORY_NONE && !bytes_equal(image->notes.at[number].name, name))
        number = memory_table_next(&image->by_note, hash, &probe);
    return number == MEMORY_NONE ? NULL : &image->notes.at[number];
}

void memory_index_note(struct store_memory_image *image, uint32_t number)
{
    memory_table_add(&image->by_note, hash_bytes(image->notes.at[number].name), number);
}

struct memory_file *memory_find_file(const struct store_memory_image *image,
                                     const struct digest *digest)
{
    const uint64_t hash = hash_of_digest(digest);
    size_t probe = 0;
    uint32_t number = memory_table_next(&image->by_file, hash, &probe);
    while (number != MEMORY_NONE && !digest_equal(&image->files.at[number].digest, digest))
        number = memory_table_next(&image->by_file, hash, &probe);
    return number == MEMORY_NONE ? NULL : &image->files.at[number];
}

struct memory_file *memory_know_file(struct store_memory_image *image, const struct digest *digest)
{
    struct memory_file *known = memory_find_file(image, digest);
    if (known != NULL)
        return known;
    check(image->files.count < image->files.room);
    uint32_t number = (uint32_t)image->files.count++;
    image->files.at[number] = (struct memory_file){.digest = *digest};
    memory_table_add(&image->by_file, hash_of_digest(digest), number);
    return &image->files.at[number];
}

/* ---- entries ---- */

struct memory_entry *memory_find_entry(const struct store_memory_image *image, uint64_t message_seq,
                                       const struct key *destination)
{
    if (message_seq == 0 || message_seq > image->messages.count)
        return NULL;
    uint32_t number = image->messages.at[message_seq - 1].first_entry;
    while (number != MEMORY_NONE &&
           !key_equal(&image->entries.at[number].row.destination, destination))
        number = image->entries.at[number].next;
    return number == MEMORY_NONE ? NULL : &image->entries.at[number];
}

static uint32_t know_class(struct store_memory_image *image, uint32_t participant, uint64_t order)
{
    const uint64_t hash = hash_of_class(participant, order);
    size_t probe = 0;
    for (uint32_t number = memory_table_next(&image->by_class, hash, &probe); number != MEMORY_NONE;
         number = memory_table_next(&image->by_class, hash, &probe)) {
        const struct memory_class *known = &image->classes.at[number];
        if (known->participant == participant && known->order == order)
            return number;
    }
    check(image->classes.count < image->classes.room);
    uint32_t number = (uint32_t)image->classes.count++;
    image->classes.at[number] = (struct memory_class){
        .participant = participant, .order = order, .first = MEMORY_NONE, .last = MEMORY_NONE};
    memory_table_add(&image->by_class, hash, number);
    return number;
}

/* Most come behind all others. */
static void link_class(struct store_memory_image *image, uint32_t number, uint32_t participant)
{
    struct memory_entry *entries = image->entries.at;
    struct memory_entry *entry = &entries[number];
    entry->class = entry->class_before = entry->class_next = MEMORY_NONE;
    if (entry->row.order == 0)
        return;
    entry->class = know_class(image, participant, entry->row.order);
    struct memory_class *class = &image->classes.at[entry->class];
    uint32_t before = class->last;
    while (before != MEMORY_NONE && entries[before].row.message_seq > entry->row.message_seq)
        before = entries[before].class_before;
    entry->class_before = before;
    entry->class_next = before == MEMORY_NONE ? class->first : entries[before].class_next;
    *(before == MEMORY_NONE ? &class->first : &entries[before].class_next) = number;
    *(entry->class_next == MEMORY_NONE ? &class->last : &entries[entry->class_next].class_before) =
        number;
}

void memory_link_entry(struct store_memory_image *image, uint32_t number)
{
    struct memory_entry *entry = &image->entries.at[number];
    struct memory_participant *participant =
        memory_find_participant(image, &entry->row.destination);
    check(participant != NULL);
    entry->live_before = participant->last_live;
    entry->live_next = MEMORY_NONE;
    *(participant->last_live == MEMORY_NONE ? &participant->first_live
                                            : &image->entries.at[entry->live_before].live_next) =
        number;
    participant->last_live = number;
    participant->live_count++;
    link_class(image, number, (uint32_t)(participant - image->participants.at));
}

void memory_unlink_live(struct store_memory_image *image, uint32_t number)
{
    struct memory_entry *entries = image->entries.at;
    const struct memory_entry *entry = &entries[number];
    struct memory_participant *participant =
        memory_find_participant(image, &entry->row.destination);
    *(entry->live_before == MEMORY_NONE ? &participant->first_live
                                        : &entries[entry->live_before].live_next) =
        entry->live_next;
    *(entry->live_next == MEMORY_NONE ? &participant->last_live
                                      : &entries[entry->live_next].live_before) =
        entry->live_before;
    participant->live_count--;
    if (entry->class == MEMORY_NONE)
        return;
    struct memory_class *class = &image->classes.at[entry->class];
    *(entry->class_before == MEMORY_NONE ? &class->first
                                         : &entries[entry->class_before].class_next) =
        entry->class_next;
    *(entry->class_next == MEMORY_NONE ? &class->last : &entries[entry->class_next].class_before) =
        entry->class_before;
}
