/* A backup of an image: all that it has, in memory of its own. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/support/store_memory_image.h"

/* An array of its own with the same rows; of none, none. */
static void *twin(const void *rows, size_t count, size_t row_bytes)
{
    if (count == 0)
        return NULL;
    void *own = malloc(count * row_bytes);
    check(own != NULL);
    memcpy(own, rows, count * row_bytes);
    return own;
}

#define TWIN(array, count) twin(array, count, sizeof *(array))

/* Tables of look-up hold indexes, which are right as they are. Views still show the other's
 * bytes. */
static void copy_rows(struct store_memory_image *own, const struct store_memory_image *image)
{
    *own = *image;
    own->blocks = NULL;
    own->block_count = own->block_room = own->block_used = own->block_size = 0;
    own->parcels = TWIN(image->parcels, image->parcel_count);
    own->messages = TWIN(image->messages, image->message_count);
    own->next_message = TWIN(image->next_message, image->message_count);
    own->entries = TWIN(image->entries, image->entry_count);
    own->next_entry = TWIN(image->next_entry, image->entry_count);
    own->live = TWIN(image->live, image->live_count);
    own->routes = TWIN(image->routes, image->route_count);
    own->deadlines = TWIN(image->deadlines, image->deadline_count);
    own->notes = TWIN(image->notes, image->note_count);
    own->next_note = TWIN(image->next_note, image->note_count);
    own->files = TWIN(image->files, image->file_count);
    own->ledger_entries = TWIN(image->ledger_entries, image->ledger_entry_count);
    own->hashes = TWIN(image->hashes, image->hash_count);
    own->parcel_room = image->parcel_count;
    own->message_room = image->message_count;
    own->entry_room = image->entry_count;
    own->live_room = image->live_count;
    own->route_room = image->route_count;
    own->deadline_room = image->deadline_count;
    own->note_room = image->note_count;
    own->file_room = image->file_count;
    own->ledger_entry_room = image->ledger_entry_count;
    own->hash_room = image->hash_count;
}

static void own_documents(struct store_memory_image *own, struct store_parcel *parcel)
{
    struct bytes *documents = memory_take_documents(own, parcel->document_count);
    for (size_t i = 0; i < parcel->document_count; i++)
        documents[i] = memory_copy(own, parcel->documents[i]);
    parcel->documents = documents;
    parcel->manifest = memory_copy(own, parcel->manifest);
    parcel->signature = memory_copy(own, parcel->signature);
    parcel->certificate = memory_copy(own, parcel->certificate);
}

static void own_bytes(struct store_memory_image *own)
{
    for (size_t i = 0; i < own->parcel_count; i++)
        own_documents(own, &own->parcels[i]);
    for (size_t i = 0; i < own->message_count; i++) {
        struct store_message *message = &own->messages[i];
        message->dossier_code = memory_copy(own, message->dossier_code);
        message->procedure_code = memory_copy(own, message->procedure_code);
    }
    for (size_t i = 0; i < own->route_count; i++) {
        struct store_route *route = &own->routes[i];
        route->dossier_code = memory_copy(own, route->dossier_code);
        route->registry_version = memory_copy(own, route->registry_version);
    }
    for (size_t i = 0; i < own->deadline_count; i++) {
        struct store_deadline *deadline = &own->deadlines[i];
        deadline->dossier_code = memory_copy(own, deadline->dossier_code);
        deadline->procedure_code = memory_copy(own, deadline->procedure_code);
    }
    for (size_t i = 0; i < own->note_count; i++) {
        own->notes[i].name = memory_copy(own, own->notes[i].name);
        own->notes[i].value = memory_copy(own, own->notes[i].value);
    }
    for (size_t i = 0; i < own->ledger_entry_count; i++)
        own->ledger_entries[i] = memory_copy(own, own->ledger_entries[i]);
}

struct store_memory_image *store_memory_image_copy(const struct store_memory_image *image)
{
    struct store_memory_image *own = calloc(1, sizeof *own);
    check(own != NULL);
    copy_rows(own, image);
    const struct store_segment segment = {.entries = own->ledger_entries,
                                          .entry_count = own->ledger_entry_count};
    const struct store_plan all = {
        .parcels = own->parcels,
        .parcel_count = own->parcel_count,
        .messages = own->messages,
        .message_count = own->message_count,
        .routes = own->routes,
        .route_count = own->route_count,
        .deadlines = own->deadlines,
        .deadline_count = own->deadline_count,
        .notes = own->notes,
        .note_count = own->note_count,
        .segment = &segment,
    };
    check(memory_make_room_of_bytes(own, &all));
    own_bytes(own);
    return own;
}
