#include "tests/support/store_memory_image.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"

enum { BLOCK_BYTES = 1024 * 1024 };

struct store_memory_image *store_memory_image_new(void)
{
    struct store_memory_image *image = calloc(1, sizeof *image);
    if (image == NULL)
        return NULL;
    memset(image->by_id, 0xff, sizeof image->by_id);
    memset(image->by_entry, 0xff, sizeof image->by_entry);
    memset(image->by_note, 0xff, sizeof image->by_note);
    return image;
}

void store_memory_image_destroy(struct store_memory_image **image)
{
    struct store_memory_image *gone = *image;
    *image = NULL;
    if (gone == NULL)
        return;
    for (size_t i = 0; i < gone->block_count; i++)
        free(gone->blocks[i]);
    void *arrays[] = {gone->parcels,    gone->messages,       gone->next_message, gone->entries,
                      gone->next_entry, gone->live,           gone->routes,       gone->notes,
                      gone->next_note,  gone->ledger_entries, gone->hashes,       gone->blocks,
                      gone->deadlines,  gone->files};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(gone);
}

/* ---- room ---- */

/* Grows an array to hold more; false leaves it as it is. */
static bool grow(void *array_of_pointer, size_t item_bytes, size_t count, size_t more, size_t *room)
{
    void **array = array_of_pointer;
    if (count + more <= *room)
        return true;
    size_t wanted = *room == 0 ? 64 : *room;
    while (wanted < count + more)
        wanted *= 2;
    void *larger = realloc(*array, wanted * item_bytes);
    if (larger == NULL)
        return false;
    *array = larger;
    *room = wanted;
    return true;
}

/* Arrays that grow in step share one room. */
static bool grow_two(void *first, size_t first_bytes, void *second, size_t second_bytes,
                     size_t count, size_t more, size_t *room)
{
    size_t second_room = *room;
    return grow(second, second_bytes, count, more, &second_room) &&
           grow(first, first_bytes, count, more, room);
}

static size_t bytes_of_plan(const struct store_plan *plan)
{
    size_t total = 0;
    for (size_t i = 0; i < plan->parcel_count; i++) {
        const struct store_parcel *parcel = &plan->parcels[i];
        total += parcel->manifest.size + parcel->signature.size + parcel->certificate.size;
        total += parcel->document_count * (sizeof(struct bytes) + 16);
        for (size_t j = 0; j < parcel->document_count; j++)
            total += parcel->documents[j].size;
    }
    for (size_t i = 0; i < plan->message_count; i++)
        total += plan->messages[i].dossier_code.size + plan->messages[i].procedure_code.size;
    for (size_t i = 0; i < plan->route_count; i++)
        total += plan->routes[i].dossier_code.size + plan->routes[i].registry_version.size;
    for (size_t i = 0; i < plan->deadline_count; i++)
        total += plan->deadlines[i].dossier_code.size + plan->deadlines[i].procedure_code.size;
    for (size_t i = 0; i < plan->note_count; i++)
        total += plan->notes[i].name.size + plan->notes[i].value.size;
    for (size_t i = 0; plan->segment != NULL && i < plan->segment->entry_count; i++)
        total += plan->segment->entries[i].size;
    return total;
}

static bool make_block(struct store_memory_image *image, size_t bytes)
{
    if (image->block_count > 0 && image->block_size - image->block_used >= bytes)
        return true;
    size_t size = bytes > BLOCK_BYTES ? bytes : (size_t)BLOCK_BYTES;
    if (!grow(&image->blocks, sizeof *image->blocks, image->block_count, 1, &image->block_room))
        return false;
    uint8_t *block = malloc(size);
    if (block == NULL)
        return false;
    image->blocks[image->block_count++] = block;
    image->block_size = size;
    image->block_used = 0;
    return true;
}

static size_t files_of_plan(const struct store_plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->message_count; i++)
        count += plan->messages[i].attachment_count;
    return count;
}

bool memory_make_room(struct store_memory_image *image, const struct store_plan *plan)
{
    const struct store_segment *segment = plan->segment;
    return memory_make_room_of_bytes(image, plan) &&
           grow(&image->parcels, sizeof *image->parcels, image->parcel_count, plan->parcel_count,
                &image->parcel_room) &&
           grow_two(&image->messages, sizeof *image->messages, &image->next_message,
                    sizeof *image->next_message, image->message_count, plan->message_count,
                    &image->message_room) &&
           grow_two(&image->entries, sizeof *image->entries, &image->next_entry,
                    sizeof *image->next_entry, image->entry_count, plan->entry_count,
                    &image->entry_room) &&
           grow(&image->live, sizeof *image->live, image->live_count, plan->entry_count,
                &image->live_room) &&
           grow(&image->files, sizeof *image->files, image->file_count, files_of_plan(plan),
                &image->file_room) &&
           grow(&image->routes, sizeof *image->routes, image->route_count, plan->route_count,
                &image->route_room) &&
           grow(&image->deadlines, sizeof *image->deadlines, image->deadline_count,
                plan->deadline_count, &image->deadline_room) &&
           grow_two(&image->notes, sizeof *image->notes, &image->next_note,
                    sizeof *image->next_note, image->note_count, plan->note_count,
                    &image->note_room) &&
           (segment == NULL ||
            (grow(&image->ledger_entries, sizeof *image->ledger_entries, image->ledger_entry_count,
                  segment->entry_count, &image->ledger_entry_room) &&
             grow(&image->hashes, sizeof *image->hashes, image->hash_count, segment->hash_count,
                  &image->hash_room)));
}

static uint8_t *take(struct store_memory_image *image, size_t size)
{
    check(image->block_size - image->block_used >= size);
    uint8_t *room = image->blocks[image->block_count - 1] + image->block_used;
    image->block_used += size;
    return room;
}

struct bytes memory_copy(struct store_memory_image *image, struct bytes from)
{
    uint8_t *room = take(image, from.size);
    if (from.size > 0)
        memcpy(room, from.data, from.size);
    return (struct bytes){room, from.size};
}

struct bytes *memory_take_documents(struct store_memory_image *image, size_t count)
{
    enum { ALIGNMENT = 16 };
    image->block_used = (image->block_used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return (struct bytes *)(void *)take(image, count * sizeof(struct bytes));
}

bool memory_make_room_of_bytes(struct store_memory_image *image, const struct store_plan *plan)
{
    return make_block(image, bytes_of_plan(plan));
}

/* ---- look-ups ---- */

static size_t bucket_of_id(const struct key *sender, const struct message_id *id)
{
    uint64_t hash =
        hash_bytes((struct bytes){id->bytes, MESSAGE_ID_BYTES}) ^ hash_bytes(key_bytes(sender));
    return (size_t)(hash >> 20) % MEMORY_BUCKETS;
}

static size_t bucket_of_entry(uint64_t message_seq, const struct key *destination)
{
    return (size_t)((hash_bytes(key_bytes(destination)) ^
                     message_seq * UINT64_C(0x9e3779b97f4a7c15)) >>
                    20) %
           MEMORY_BUCKETS;
}

static size_t bucket_of_note(struct bytes name)
{
    return (size_t)(hash_bytes(name) >> 20) % MEMORY_BUCKETS;
}

const struct store_message *memory_find_message(const struct store_memory_image *image,
                                                const struct key *sender,
                                                const struct message_id *id)
{
    for (uint32_t i = image->by_id[bucket_of_id(sender, id)]; i != MEMORY_NONE;
         i = image->next_message[i]) {
        const struct store_message *message = &image->messages[i];
        if (id_equal(&message->id, id) && key_equal(&message->sender, sender) &&
            memory_has_row(image, message->seq))
            return message;
    }
    return NULL;
}

const struct store_parcel *memory_find_parcel(const struct store_memory_image *image, uint64_t seq)
{
    size_t low = 0, high = image->parcel_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (image->parcels[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < image->parcel_count && image->parcels[low].seq == seq ? &image->parcels[low]
                                                                       : NULL;
}

struct entry *memory_find_entry(const struct store_memory_image *image, uint64_t message_seq,
                                const struct key *destination)
{
    for (uint32_t i = image->by_entry[bucket_of_entry(message_seq, destination)]; i != MEMORY_NONE;
         i = image->next_entry[i]) {
        struct entry *entry = &image->entries[i];
        if (entry->message_seq == message_seq && key_equal(&entry->destination, destination))
            return entry;
    }
    return NULL;
}

struct store_note *memory_find_note(const struct store_memory_image *image, struct bytes name)
{
    for (uint32_t i = image->by_note[bucket_of_note(name)]; i != MEMORY_NONE;
         i = image->next_note[i]) {
        if (bytes_equal(image->notes[i].name, name))
            return &image->notes[i];
    }
    return NULL;
}

bool memory_is_behind(const struct store_memory_image *image, const struct entry *entry)
{
    if (entry->order == 0)
        return false;
    for (size_t i = 0; i < image->live_count; i++) {
        const struct entry *other = &image->entries[image->live[i]];
        if (other->message_seq < entry->message_seq && other->order == entry->order &&
            key_equal(&other->destination, &entry->destination))
            return true;
    }
    return false;
}

/* ---- applying ---- */

static void add_parcel(struct store_memory_image *image, const struct store_parcel *parcel)
{
    struct bytes *documents = memory_take_documents(image, parcel->document_count);
    for (size_t i = 0; i < parcel->document_count; i++)
        documents[i] = memory_copy(image, parcel->documents[i]);
    image->parcels[image->parcel_count++] = (struct store_parcel){
        .seq = parcel->seq,
        .manifest = memory_copy(image, parcel->manifest),
        .signature = memory_copy(image, parcel->signature),
        .certificate = memory_copy(image, parcel->certificate),
        .documents = documents,
        .document_count = parcel->document_count,
    };
}

static void forget_file(struct store_memory_image *image, const struct digest *digest)
{
    for (size_t i = 0; i < image->file_count; i++) {
        if (image->files[i].message_seq == 0 && digest_equal(&image->files[i].digest, digest))
            image->files[i--] = image->files[--image->file_count];
    }
}

static void add_file(struct store_memory_image *image, const struct digest *digest, uint64_t seq)
{
    forget_file(image, digest);
    image->files[image->file_count++] = (struct named_file){*digest, seq};
}

/* Each stays as one that nobody names, unless somebody else does. */
static void unname_files(struct store_memory_image *image, uint64_t seq)
{
    for (size_t i = 0; i < image->file_count; i++) {
        struct named_file *file = &image->files[i];
        bool is_named = file->message_seq != seq;
        for (size_t j = 0; j < image->file_count && !is_named; j++)
            is_named = j != i && digest_equal(&image->files[j].digest, &file->digest);
        if (file->message_seq != seq)
            continue;
        file->message_seq = 0;
        if (is_named)
            image->files[i--] = image->files[--image->file_count];
    }
}

static void add_message(struct store_memory_image *image, const struct store_message *message)
{
    check(message->seq == image->message_count + 1);
    check(memory_find_message(image, &message->sender, &message->id) == NULL);
    uint32_t index = (uint32_t)image->message_count++;
    struct store_message *kept = &image->messages[index];
    *kept = *message;
    kept->dossier_code = memory_copy(image, message->dossier_code);
    kept->procedure_code = memory_copy(image, message->procedure_code);
    kept->attachments = NULL;
    kept->attachment_count = 0;
    for (size_t i = 0; i < message->attachment_count; i++)
        add_file(image, &message->attachments[i].digest, message->seq);
    uint32_t *bucket = &image->by_id[bucket_of_id(&message->sender, &message->id)];
    image->next_message[index] = *bucket;
    *bucket = index;
}

static void set_seal(struct store_memory_image *image, const struct store_seal *seal)
{
    check(seal->message_seq > 0 && seal->message_seq <= image->message_count);
    struct store_message *message = &image->messages[seal->message_seq - 1];
    message->parcel_seq = seal->parcel_seq;
    message->document_index = seal->document_index;
}

static void add_route(struct store_memory_image *image, const struct store_route *route)
{
    size_t at = 0;
    while (at < image->route_count &&
           (image->routes[at].message_seq != route->message_seq ||
            !bytes_equal(image->routes[at].dossier_code, route->dossier_code)))
        at++;
    image->route_count += at == image->route_count;
    image->routes[at] = (struct store_route){
        .dossier_code = memory_copy(image, route->dossier_code),
        .agency = route->agency,
        .registry_version = memory_copy(image, route->registry_version),
        .message_seq = route->message_seq,
    };
}

static void set_deadline(struct store_memory_image *image, const struct store_deadline *deadline)
{
    size_t at = 0;
    while (at < image->deadline_count &&
           bytes_compare(image->deadlines[at].dossier_code, deadline->dossier_code) < 0)
        at++;
    bool is_known = at < image->deadline_count &&
                    bytes_equal(image->deadlines[at].dossier_code, deadline->dossier_code);
    if (!is_known) {
        memmove(&image->deadlines[at + 1], &image->deadlines[at],
                (image->deadline_count - at) * sizeof *image->deadlines);
        image->deadline_count++;
    }
    image->deadlines[at] = *deadline;
    image->deadlines[at].dossier_code = memory_copy(image, deadline->dossier_code);
    image->deadlines[at].procedure_code = memory_copy(image, deadline->procedure_code);
}

static void add_entry(struct store_memory_image *image, const struct entry *entry)
{
    check(entry_state_is_live(entry->state));
    check(memory_find_entry(image, entry->message_seq, &entry->destination) == NULL);
    uint32_t index = (uint32_t)image->entry_count++;
    image->entries[index] = *entry;
    uint32_t *bucket = &image->by_entry[bucket_of_entry(entry->message_seq, &entry->destination)];
    image->next_entry[index] = *bucket;
    *bucket = index;
    image->live[image->live_count++] = index;
}

static void move_entry(struct store_memory_image *image, const struct store_move *move)
{
    struct entry *entry = memory_find_entry(image, move->message_seq, &move->destination);
    check(entry != NULL);
    check(entry_state_is_live(entry->state));
    if (entry->state != move->state)
        entry_move(entry, move->state);
    entry->due = move->due;
    entry->attempts = move->attempts;
    entry->reason = move->reason;
    bool is_live = entry_state_is_live(entry->state);
    entry->since = is_live ? move->since : (wall_t){0};
    entry->receipt_seq = is_live ? 0 : move->receipt_seq;
    if (is_live)
        return;
    uint32_t index = (uint32_t)(entry - image->entries);
    size_t at = 0;
    while (image->live[at] != index)
        at++;
    image->live_count--;
    memmove(&image->live[at], &image->live[at + 1], (image->live_count - at) * sizeof *image->live);
}

static void add_segment(struct store_memory_image *image, const struct store_segment *segment)
{
    check(segment->first_index == image->ledger_entry_count);
    check(segment->first_hash == image->hash_count);
    for (size_t i = 0; i < segment->entry_count; i++)
        image->ledger_entries[image->ledger_entry_count++] =
            memory_copy(image, segment->entries[i]);
    memcpy(&image->hashes[image->hash_count], segment->hashes,
           segment->hash_count * sizeof *segment->hashes);
    image->hash_count += segment->hash_count;
    image->head_seq = segment->head_seq;
}

static void set_note(struct store_memory_image *image, const struct store_note *note)
{
    struct store_note *known = memory_find_note(image, note->name);
    struct bytes value = memory_copy(image, note->value);
    if (known != NULL) {
        known->value = value;
        return;
    }
    uint32_t index = (uint32_t)image->note_count++;
    image->notes[index] = (struct store_note){memory_copy(image, note->name), value};
    uint32_t *bucket = &image->by_note[bucket_of_note(note->name)];
    image->next_note[index] = *bucket;
    *bucket = index;
}

/* What is left of an entry is found by nobody. */
static void forget_names(struct store_memory_image *image, struct store_message *message)
{
    struct bytes dossier = message->dossier_code;
    bool is_last = true;
    for (size_t i = 0; i < image->entry_count; i++) {
        if (image->entries[i].message_seq == message->seq)
            image->entries[i] = (struct entry){.state = image->entries[i].state};
    }
    for (size_t i = 0; i < image->route_count; i++) {
        if (image->routes[i].message_seq == message->seq)
            image->routes[i].agency = (struct key){{0}};
    }
    message->dossier_code = message->procedure_code = (struct bytes){NULL, 0};
    message->in_reply_to = (struct message_id){{0}};
    for (size_t i = 0; i < image->message_count && dossier.size > 0; i++)
        is_last = is_last && !bytes_equal(image->messages[i].dossier_code, dossier);
    for (size_t i = 0; i < image->deadline_count && is_last; i++) {
        struct store_deadline *row = &image->deadlines[i];
        if (row->deadline.state != DEADLINE_FINISHED || !bytes_equal(row->dossier_code, dossier))
            continue;
        memmove(row, row + 1, (--image->deadline_count - i) * sizeof *row);
        break;
    }
}

static void purge(struct store_memory_image *image, const struct store_purge *purge)
{
    check(memory_has_row(image, purge->message_seq));
    struct store_message *message = &image->messages[purge->message_seq - 1];
    for (size_t i = 0; i < image->live_count; i++)
        check(image->entries[image->live[i]].message_seq != message->seq);
    struct store_parcel *parcel =
        &image->parcels[memory_find_parcel(image, message->parcel_seq) - image->parcels];
    struct bytes *documents = (struct bytes *)(uintptr_t)parcel->documents;
    size_t size = 0;
    if ((purge->parts & STORE_PART_DOCUMENT) != 0)
        documents[message->document_index].size = 0;
    if ((purge->parts & STORE_PART_DOCUMENT) != 0)
        unname_files(image, message->seq);
    for (size_t i = 0; i < parcel->document_count; i++)
        size += documents[i].size;
    if ((purge->parts & STORE_PART_SEAL) != 0 && size == 0)
        parcel->manifest.size = parcel->signature.size = parcel->certificate.size = 0;
    if ((purge->parts & STORE_PART_NAMES) != 0)
        forget_names(image, message);
    message->gone |= purge->parts;
    memory_check_row(image, message);
}

void memory_apply(struct store_memory_image *image, const struct store_plan *plan)
{
    for (size_t i = 0; i < plan->parcel_count; i++)
        add_parcel(image, &plan->parcels[i]);
    for (size_t i = 0; i < plan->message_count; i++)
        add_message(image, &plan->messages[i]);
    for (size_t i = 0; i < plan->seal_count; i++)
        set_seal(image, &plan->seals[i]);
    for (size_t i = 0; i < plan->route_count; i++)
        add_route(image, &plan->routes[i]);
    for (size_t i = 0; i < plan->deadline_count; i++)
        set_deadline(image, &plan->deadlines[i]);
    for (size_t i = 0; i < plan->entry_count; i++)
        add_entry(image, &plan->entries[i]);
    for (size_t i = 0; i < plan->move_count; i++)
        move_entry(image, &plan->moves[i]);
    for (size_t i = 0; i < plan->purge_count; i++)
        purge(image, &plan->purges[i]);
    for (size_t i = 0; i < plan->forgotten_file_count; i++)
        forget_file(image, &plan->forgotten_files[i]);
    if (plan->segment != NULL)
        add_segment(image, plan->segment);
    for (size_t i = 0; i < plan->note_count; i++)
        set_note(image, &plan->notes[i]);
}
