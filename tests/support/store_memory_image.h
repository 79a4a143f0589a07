/* store_memory_image - what stands for the disk of a store_memory. For store_memory*.c only.
 *
 * Rows stand in arrays, in the order in which they came, and are known by their numbers there:
 * uint32_t, MEMORY_NONE for none. Every look-up has a table or a chain of numbers, so that no
 * verb's cost grows with history, as on disk (gateway/port/store.h); a copy of the arrays is a copy
 * of all of it. */
#pragma once

#include "tests/support/store_memory.h"
#include "tests/support/store_memory_table.h"

/* An array of rows that grows; see memory_reserve. */
#define MEMORY_ROWS(type)                                                                          \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t count, room;                                                                        \
    }

struct memory_parcel {
    struct store_parcel row;
    uint32_t left;  /* documents that are not purged */
    uint32_t block; /* of contents, that its bytes stand in; MEMORY_NONE: they are gone */
};

struct memory_message {
    struct store_message row;
    uint32_t dossier;      /* while it has one */
    uint32_t before, next; /* messages of that dossier */
    uint32_t first_entry, last_entry;
    uint32_t first_name; /* of its files */
};

struct memory_entry {
    struct entry row;
    uint32_t next; /* of its message */
    /* Live ones: of their destination, in order of arrival, and of their order class there, in
     * order of seq. */
    uint32_t live_before, live_next;
    uint32_t class, class_before, class_next;
};

/* Entries of one destination that are delivered in order. */
struct memory_class {
    uint32_t participant;
    uint64_t order;
    uint32_t first, last; /* live entries */
};

/* Who sends, or is sent to. */
struct memory_participant {
    struct key key;
    struct message_id last, forgotten;
    MEMORY_ROWS(uint32_t) ids; /* its messages, by id; owned */
    uint32_t first_live, last_live;
    size_t live_count;
};

struct memory_dossier {
    struct bytes code;
    uint32_t first, last; /* messages */
    uint32_t first_route;
};

struct memory_route {
    struct store_route row;
    uint32_t next; /* of its dossier */
};

struct memory_file {
    struct digest digest;
    uint32_t names;  /* by messages that are here */
    bool is_unnamed; /* it was named, and is not any more */
};

struct memory_name {
    uint32_t file;
    uint32_t next; /* of the same message */
};

/* Bytes that never change, and may be shared by an image and its copies. */
struct memory_block;

struct memory_blocks {
    MEMORY_ROWS(struct memory_share) shares;
    bool is_closed; /* nothing is added to the last one: it is another image's, too */
};

struct memory_share {
    struct memory_block *block; /* NULL: given back */
    uint32_t parcels;           /* of this image, whose bytes stand in it */
};

struct store_memory_image {
    MEMORY_ROWS(struct memory_parcel) parcels;   /* in order of seq */
    MEMORY_ROWS(struct memory_message) messages; /* seq - 1 is the number */
    MEMORY_ROWS(struct memory_entry) entries;
    MEMORY_ROWS(struct memory_class) classes;
    MEMORY_ROWS(struct memory_participant) participants;
    MEMORY_ROWS(struct memory_dossier) dossiers;
    MEMORY_ROWS(struct memory_route) routes;
    MEMORY_ROWS(struct store_deadline) deadlines; /* one for each dossier, by code */
    MEMORY_ROWS(struct store_note) notes;
    MEMORY_ROWS(struct memory_file) files;
    MEMORY_ROWS(struct memory_name) names;
    MEMORY_ROWS(struct bytes) ledger_entries;
    MEMORY_ROWS(struct digest) hashes;
    uint64_t head_seq;
    struct memory_table by_id, by_class, by_participant, by_dossier, by_note, by_file;
    struct memory_blocks contents; /* of parcels: given back when all of them are purged */
    struct memory_blocks texts;    /* all else */
};

struct store_memory_image *memory_image_of(struct store *store);

/* ---- store_memory_image.c: room */
/* Room for more rows behind those that are there; false leaves all as it is. */
#define memory_reserve(rows, more)                                                                 \
    memory_grow(&(rows)->at, sizeof *(rows)->at, (rows)->count, more, &(rows)->room)
bool memory_grow(void *array_of_pointer, size_t row_bytes, size_t count, size_t more, size_t *room);
/* Room for everything that the plan adds, bytes included. False: nothing has changed. */
bool memory_make_room(struct store_memory_image *image, const struct store_plan *plan);
/* These need that room. */
struct bytes memory_copy(struct store_memory_image *image, struct bytes from);
struct bytes memory_copy_content(struct store_memory_image *image, struct bytes from);
struct bytes *memory_take_documents(struct store_memory_image *image, size_t count);
/* The bytes of a parcel are read by nobody any more. */
void memory_drop_content(struct store_memory_image *image, struct memory_parcel *parcel);
/* Shares all blocks of the other one. */
void memory_share_blocks(struct memory_blocks *own, const struct memory_blocks *blocks);

/* ---- store_memory_apply.c */
/* Cannot fail after memory_make_room. */
void memory_apply(struct store_memory_image *image, const struct store_plan *plan);

/* ---- store_memory_index.c: look-ups; NULL, MEMORY_NONE: there is none */
/* It was put here, and is not forgotten. */
static inline bool memory_has_row(const struct store_memory_image *image, uint64_t seq)
{
    return seq > 0 && seq <= image->messages.count &&
           (image->messages.at[seq - 1].row.gone & STORE_PART_ROW) == 0;
}
const struct store_message *memory_find_message(const struct store_memory_image *image,
                                                const struct key *sender,
                                                const struct message_id *id);
struct memory_parcel *memory_find_parcel(const struct store_memory_image *image, uint64_t seq);
struct memory_entry *memory_find_entry(const struct store_memory_image *image, uint64_t message_seq,
                                       const struct key *destination);
struct store_note *memory_find_note(const struct store_memory_image *image, struct bytes name);
struct memory_participant *memory_find_participant(const struct store_memory_image *image,
                                                   const struct key *key);
struct memory_dossier *memory_find_dossier(const struct store_memory_image *image,
                                           struct bytes code);
struct memory_file *memory_find_file(const struct store_memory_image *image,
                                     const struct digest *digest);
/* The first whose code is not before this one. */
size_t memory_deadline_at(const struct store_memory_image *image, struct bytes dossier_code);
/* The place among the sender's ids of the first that is larger. */
size_t memory_after_id(const struct store_memory_image *image,
                       const struct memory_participant *sender, const struct message_id *id);

/* ---- store_memory_index.c: rows of look-up; adding needs the room of the plan */
/* Before the plan's other rows, which are found by them. False: no memory. */
bool memory_know_participants(struct store_memory_image *image, const struct store_plan *plan);
uint32_t memory_know_dossier(struct store_memory_image *image, struct bytes code);
struct memory_file *memory_know_file(struct store_memory_image *image, const struct digest *digest);
void memory_index_message(struct store_memory_image *image, uint32_t number);
void memory_index_note(struct store_memory_image *image, uint32_t number);
/* Behind the live ones of its destination, and among those of its class. */
void memory_link_entry(struct store_memory_image *image, uint32_t number);
void memory_unlink_live(struct store_memory_image *image, uint32_t number);
void memory_unlink_dossier(struct store_memory_image *image, struct memory_message *message);

/* ---- store_memory_forgotten.c */
/* A row goes last of its message, and never that of the last message. */
void memory_check_row(const struct store_memory_image *image, const struct store_message *message);
enum reason memory_next_message(struct store *store, uint64_t after_seq, uint64_t *ret_seq);
enum reason memory_forgotten_id(struct store *store, const struct key *sender,
                                struct message_id *ret_id);

/* ---- store_memory_entry.c */
enum reason memory_recover(struct store *store, uint64_t *ret_count);
enum reason memory_due(struct store *store, const struct key *destination, wall_t now,
                       const struct key *after, struct entry *ret_entries, size_t limit,
                       size_t *ret_count, wall_t *ret_next_due);
enum reason memory_expired(struct store *store, wall_t now, wall_t sent_now,
                           struct entry *ret_entries, size_t limit, size_t *ret_count);
enum reason memory_read_entry(struct store *store, uint64_t message_seq,
                              const struct key *destination, struct entry *ret_entry);
enum reason memory_entries_of(struct store *store, uint64_t message_seq, struct entry *ret_entries,
                              size_t limit, size_t *ret_count);
enum reason memory_list(struct store *store, const struct store_filter *filter,
                        struct entry *ret_entries, size_t limit, size_t *ret_count);
enum reason memory_counts(struct store *store, struct store_count *ret_counts, size_t limit,
                          size_t *ret_count);

/* ---- store_memory_deadline.c */
enum reason memory_read_deadline(struct store *store, struct bytes dossier_code,
                                 struct store_deadline *ret_deadline);
enum reason memory_list_deadlines(struct store *store, const struct store_deadline_filter *filter,
                                  struct store_deadline *ret_deadlines, size_t limit,
                                  size_t *ret_count);
enum reason memory_count_deadlines(struct store *store, wall_t now,
                                   struct deadline_count *ret_counts, size_t limit,
                                   size_t *ret_count);
