/* store_memory_image - what stands for the disk of a store_memory. For store_memory*.c only. */
#pragma once

#include "tests/support/store_memory.h"

enum { MEMORY_BUCKETS = 4096 };
#define MEMORY_NONE UINT32_MAX

struct named_file {
    struct digest digest;
    uint64_t message_seq;
};

struct store_memory_image {
    struct store_parcel *parcels; /* in order of seq; documents and bytes are copies */
    size_t parcel_count, parcel_room;
    struct store_message *messages; /* seq - 1 is the index */
    uint32_t *next_message;         /* chain of the id table */
    size_t message_count, message_room;
    struct entry *entries;
    uint32_t *next_entry; /* chain of the entry table */
    size_t entry_count, entry_room;
    uint32_t *live; /* indexes of live entries, in order of arrival */
    size_t live_count, live_room;
    struct store_route *routes;
    size_t route_count, route_room;
    struct store_deadline *deadlines; /* one for each dossier, by code */
    size_t deadline_count, deadline_room;
    struct store_note *notes;
    uint32_t *next_note;
    size_t note_count, note_room;
    struct named_file *files; /* by message; of 0: no message names it any more */
    size_t file_count, file_room;
    struct bytes *ledger_entries;
    size_t ledger_entry_count, ledger_entry_room;
    struct digest *hashes;
    size_t hash_count, hash_room;
    uint64_t head_seq;
    uint32_t by_id[MEMORY_BUCKETS], by_entry[MEMORY_BUCKETS], by_note[MEMORY_BUCKETS];
    uint8_t **blocks; /* memory of all copied bytes, freed with the image */
    size_t block_count, block_room;
    size_t block_used, block_size; /* of the last block */
};

struct store_memory_image *memory_image_of(struct store *store);

/* store_memory_forgotten.c */
/* A row goes last of its message, and never that of the last message. */
void memory_check_row(const struct store_memory_image *image, const struct store_message *message);
enum reason memory_next_message(struct store *store, uint64_t after_seq, uint64_t *ret_seq);
enum reason memory_forgotten_id(struct store *store, const struct key *sender,
                                struct message_id *ret_id);

/* store_memory_deadline.c */
enum reason memory_read_deadline(struct store *store, struct bytes dossier_code,
                                 struct store_deadline *ret_deadline);
enum reason memory_list_deadlines(struct store *store, const struct store_deadline_filter *filter,
                                  struct store_deadline *ret_deadlines, size_t limit,
                                  size_t *ret_count);
enum reason memory_count_deadlines(struct store *store, wall_t now,
                                   struct deadline_count *ret_counts, size_t limit,
                                   size_t *ret_count);

/* Room for everything that the plan adds, bytes included. False: nothing has changed. */
bool memory_make_room(struct store_memory_image *image, const struct store_plan *plan);
/* Room for its bytes alone, in one block. */
bool memory_make_room_of_bytes(struct store_memory_image *image, const struct store_plan *plan);
/* Both need that room. */
struct bytes memory_copy(struct store_memory_image *image, struct bytes from);
struct bytes *memory_take_documents(struct store_memory_image *image, size_t count);
/* Cannot fail after memory_make_room. */
void memory_apply(struct store_memory_image *image, const struct store_plan *plan);

/* It was put here, and is not forgotten. */
static inline bool memory_has_row(const struct store_memory_image *image, uint64_t seq)
{
    return seq > 0 && seq <= image->message_count &&
           (image->messages[seq - 1].gone & STORE_PART_ROW) == 0;
}

const struct store_message *memory_find_message(const struct store_memory_image *image,
                                                const struct key *sender,
                                                const struct message_id *id);
const struct store_parcel *memory_find_parcel(const struct store_memory_image *image, uint64_t seq);
struct entry *memory_find_entry(const struct store_memory_image *image, uint64_t message_seq,
                                const struct key *destination);
struct store_note *memory_find_note(const struct store_memory_image *image, struct bytes name);
/* An earlier live entry of the same destination and order class is ahead. */
bool memory_is_behind(const struct store_memory_image *image, const struct entry *entry);
