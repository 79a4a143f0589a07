/* fill - fills a custody store through its own port with messages that look like those of a
 * province: for measuring the store alone, and for making a long history or a backlog fast.
 *
 * Calling sequence: fill_init; fill_commit any number of times; fill_release. Every message has a
 * parcel of its own with a signature-sized value, a dossier of its own, a route and one entry.
 * The bytes are not signed: nothing of this is ever delivered. */
#pragma once

#include "gateway/port/store.h"

enum { FILL_COMMIT_MAX = 4096, FILL_SIGNATURE_BYTES = 600 };

struct fill_message {
    struct bytes document;
    struct store_parcel parcel;
    struct store_message message;
    struct entry entry;
    struct store_move move;
    struct store_route route;
    char dossier[24];
};

struct fill {
    struct store *store;
    struct store_positions positions;
    struct fill_message *messages; /* FILL_COMMIT_MAX */
    struct store_parcel *parcels;
    struct store_message *rows;
    struct entry *entries;
    struct store_move *moves;
    struct store_route *routes;
    uint8_t *bytes;
    size_t document_bytes;
    size_t agencies; /* destinations in turn: a0001 … */
    bool is_hashed;  /* digests are the documents', as who reads them again expects */
    struct key only; /* not none: the one destination */
    uint64_t random;
    wall_t wall;
};

bool fill_init(struct fill *fill, struct store *store, size_t document_bytes, size_t agencies);
void fill_release(struct fill *fill);
/* count messages in one commit, each owed to its destination: ENTRY_LEASED or ENTRY_QUEUED. */
enum reason fill_commit(struct fill *fill, size_t count, enum entry_state state);
/* The messages of the last fill_commit were delivered: one commit of their moves. */
enum reason fill_deliver(struct fill *fill, size_t count);
/* Both in one commit: history. */
enum reason fill_history(struct fill *fill, size_t count);
