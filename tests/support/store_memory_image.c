#include "tests/support/store_memory_image.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"

enum { BLOCK_BYTES = 1024 * 1024, ALIGNMENT = 16, FIRST_ROOM = 64 };

struct memory_block {
    size_t references; /* images that have it */
    size_t used, size;
    _Alignas(ALIGNMENT) uint8_t data[];
};

/* ---- life cycle ---- */

struct store_memory_image *store_memory_image_new(void)
{
    return calloc(1, sizeof(struct store_memory_image));
}

static void give_back(struct memory_block **block)
{
    if (*block != NULL && --(*block)->references == 0)
        free(*block);
    *block = NULL;
}

static void give_back_all(struct memory_blocks *blocks)
{
    for (size_t i = 0; i < blocks->shares.count; i++)
        give_back(&blocks->shares.at[i].block);
    free(blocks->shares.at);
}

void store_memory_image_destroy(struct store_memory_image **image)
{
    struct store_memory_image *gone = *image;
    *image = NULL;
    if (gone == NULL)
        return;
    give_back_all(&gone->contents);
    give_back_all(&gone->texts);
    for (size_t i = 0; i < gone->participants.count; i++)
        free(gone->participants.at[i].ids.at);
    void *arrays[] = {gone->parcels.at,       gone->messages.at,
                      gone->entries.at,       gone->classes.at,
                      gone->participants.at,  gone->dossiers.at,
                      gone->routes.at,        gone->deadlines.at,
                      gone->notes.at,         gone->files.at,
                      gone->names.at,         gone->ledger_entries.at,
                      gone->hashes.at,        gone->by_id.slots,
                      gone->by_class.slots,   gone->by_participant.slots,
                      gone->by_dossier.slots, gone->by_note.slots,
                      gone->by_file.slots};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(gone);
}

/* ---- rows ---- */

bool memory_grow(void *array_of_pointer, size_t row_bytes, size_t count, size_t more, size_t *room)
{
    void **array = array_of_pointer;
    if (count + more <= *room)
        return true;
    size_t wanted = *room == 0 ? (size_t)FIRST_ROOM : *room;
    while (wanted < count + more)
        wanted *= 2;
    void *larger = realloc(*array, wanted * row_bytes);
    if (larger == NULL)
        return false;
    *array = larger;
    *room = wanted;
    return true;
}

/* ---- bytes ---- */

static size_t contents_of_plan(const struct store_plan *plan)
{
    size_t total = 0;
    for (size_t i = 0; i < plan->parcel_count; i++) {
        const struct store_parcel *parcel = &plan->parcels[i];
        total += parcel->manifest.size + parcel->signature.size + parcel->certificate.size;
        total += parcel->document_count * sizeof(struct bytes) + ALIGNMENT;
        for (size_t j = 0; j < parcel->document_count; j++)
            total += parcel->documents[j].size;
    }
    return total;
}

static size_t texts_of_plan(const struct store_plan *plan)
{
    size_t total = 0;
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

static struct memory_block *last_block(const struct memory_blocks *blocks)
{
    return blocks->shares.count == 0 || blocks->is_closed
               ? NULL
               : blocks->shares.at[blocks->shares.count - 1].block;
}

static bool make_block(struct memory_blocks *blocks, size_t bytes)
{
    const struct memory_block *last = last_block(blocks);
    if (last != NULL && last->size - last->used >= bytes)
        return true;
    size_t size = bytes > BLOCK_BYTES ? bytes : (size_t)BLOCK_BYTES;
    if (!memory_reserve(&blocks->shares, 1))
        return false;
    struct memory_block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return false;
    *block = (struct memory_block){.references = 1, .size = size};
    blocks->shares.at[blocks->shares.count++] = (struct memory_share){.block = block};
    blocks->is_closed = false;
    return true;
}

static struct bytes put(struct memory_blocks *blocks, struct bytes from)
{
    struct memory_block *block = last_block(blocks);
    check(block != NULL && block->size - block->used >= from.size);
    uint8_t *room = block->data + block->used;
    block->used += from.size;
    if (from.size > 0)
        memcpy(room, from.data, from.size);
    return (struct bytes){room, from.size};
}

struct bytes memory_copy(struct store_memory_image *image, struct bytes from)
{
    return put(&image->texts, from);
}

struct bytes memory_copy_content(struct store_memory_image *image, struct bytes from)
{
    return put(&image->contents, from);
}

struct bytes *memory_take_documents(struct store_memory_image *image, size_t count)
{
    struct memory_block *block = last_block(&image->contents);
    check(block != NULL);
    block->used = (block->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    check(block->size - block->used >= count * sizeof(struct bytes));
    struct bytes *documents = (struct bytes *)(void *)(block->data + block->used);
    block->used += count * sizeof(struct bytes);
    return documents;
}

void memory_drop_content(struct store_memory_image *image, struct memory_parcel *parcel)
{
    if (parcel->block == MEMORY_NONE)
        return;
    struct memory_share *share = &image->contents.shares.at[parcel->block];
    bool is_last = parcel->block == image->contents.shares.count - 1;
    parcel->block = MEMORY_NONE;
    parcel->row.manifest = parcel->row.signature = parcel->row.certificate =
        (struct bytes){NULL, 0};
    check(share->parcels > 0);
    if (--share->parcels == 0 && !is_last)
        give_back(&share->block);
}

void memory_share_blocks(struct memory_blocks *own, const struct memory_blocks *blocks)
{
    own->is_closed = true;
    for (size_t i = 0; i < blocks->shares.count; i++) {
        if (blocks->shares.at[i].block != NULL)
            blocks->shares.at[i].block->references++;
    }
}

/* ---- room ---- */

static size_t files_of_plan(const struct store_plan *plan)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->message_count; i++)
        count += plan->messages[i].attachment_count;
    return count;
}

static bool make_room_of_messages(struct store_memory_image *image, const struct store_plan *plan)
{
    const size_t files = files_of_plan(plan);
    const size_t dossiers = plan->message_count + plan->route_count;
    return memory_reserve(&image->parcels, plan->parcel_count) &&
           memory_reserve(&image->messages, plan->message_count) &&
           memory_table_reserve(&image->by_id, plan->message_count) &&
           memory_reserve(&image->dossiers, dossiers) &&
           memory_table_reserve(&image->by_dossier, dossiers) &&
           memory_reserve(&image->files, files) && memory_reserve(&image->names, files) &&
           memory_table_reserve(&image->by_file, files) &&
           memory_reserve(&image->routes, plan->route_count) &&
           memory_reserve(&image->deadlines, plan->deadline_count);
}

static bool make_room_of_the_rest(struct store_memory_image *image, const struct store_plan *plan)
{
    const struct store_segment *segment = plan->segment;
    return memory_reserve(&image->entries, plan->entry_count) &&
           memory_reserve(&image->classes, plan->entry_count) &&
           memory_table_reserve(&image->by_class, plan->entry_count) &&
           memory_reserve(&image->notes, plan->note_count) &&
           memory_table_reserve(&image->by_note, plan->note_count) &&
           (segment == NULL || (memory_reserve(&image->ledger_entries, segment->entry_count) &&
                                memory_reserve(&image->hashes, segment->hash_count)));
}

bool memory_make_room(struct store_memory_image *image, const struct store_plan *plan)
{
    return make_block(&image->contents, contents_of_plan(plan)) &&
           make_block(&image->texts, texts_of_plan(plan)) && make_room_of_messages(image, plan) &&
           make_room_of_the_rest(image, plan) && memory_know_participants(image, plan);
}
