#include "tests/bench/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/support/province.h"

/* xorshift64*: filler that does not compress, the same in every run. */
static uint64_t next_random(struct fill *fill)
{
    fill->random ^= fill->random >> 12;
    fill->random ^= fill->random << 25;
    fill->random ^= fill->random >> 27;
    return fill->random * UINT64_C(2685821657736338717);
}

static void randomise(struct fill *fill, uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t value = next_random(fill);
        memcpy(data + i, &value, size - i < 8 ? size - i : 8);
    }
}

bool fill_init(struct fill *fill, struct store *store, size_t document_bytes, size_t agencies)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *fill = (struct fill){
        .store = store,
        .document_bytes = document_bytes,
        .agencies = agencies,
        .random = UINT64_C(88172645463325252),
        .wall = {(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000},
    };
    fill->messages = calloc(FILL_COMMIT_MAX, sizeof *fill->messages);
    fill->parcels = calloc(FILL_COMMIT_MAX, sizeof *fill->parcels);
    fill->rows = calloc(FILL_COMMIT_MAX, sizeof *fill->rows);
    fill->entries = calloc(FILL_COMMIT_MAX, sizeof *fill->entries);
    fill->moves = calloc(FILL_COMMIT_MAX, sizeof *fill->moves);
    fill->routes = calloc(FILL_COMMIT_MAX, sizeof *fill->routes);
    fill->bytes = malloc(FILL_COMMIT_MAX + document_bytes + FILL_SIGNATURE_BYTES);
    bool made = fill->messages != NULL && fill->parcels != NULL && fill->rows != NULL &&
                fill->entries != NULL && fill->moves != NULL && fill->routes != NULL &&
                fill->bytes != NULL &&
                store->verbs->positions(store, &fill->positions) == REASON_NONE;
    if (made)
        randomise(fill, fill->bytes, FILL_COMMIT_MAX + document_bytes + FILL_SIGNATURE_BYTES);
    return made;
}

void fill_release(struct fill *fill)
{
    free(fill->messages);
    free(fill->parcels);
    free(fill->rows);
    free(fill->entries);
    free(fill->moves);
    free(fill->routes);
    free(fill->bytes);
}

static void make_id(struct fill *fill, uint64_t seq, struct message_id *ret_id)
{
    /* Version 7: increasing, as a sender makes them. */
    uint64_t ms = (uint64_t)fill->wall.ms - UINT64_C(1000000000) + seq / 16;
    for (int i = 0; i < 6; i++)
        ret_id->bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    randomise(fill, ret_id->bytes + 6, MESSAGE_ID_BYTES - 6);
    ret_id->bytes[6] = (uint8_t)(0x70 | (seq & 15));
    ret_id->bytes[8] = (uint8_t)(0x80 | (ret_id->bytes[8] & 0x3f));
}

static void make_message(struct fill *fill, size_t index, enum entry_state state)
{
    struct fill_message *made = &fill->messages[index];
    uint64_t seq = fill->positions.next_message_seq + index;
    struct key destination =
        key_is_none(&fill->only) ? province_agency(1 + seq % fill->agencies) : fill->only;
    (void)snprintf(made->dossier, sizeof made->dossier, "H99-250101-%08llu",
                   (unsigned long long)(seq % 100000000));
    /* A window over the random bytes: no two documents are alike. */
    made->document = (struct bytes){fill->bytes + index, fill->document_bytes};
    fill->parcels[index] = (struct store_parcel){
        .seq = fill->positions.next_parcel_seq + index,
        .signature = {fill->bytes + index + fill->document_bytes, FILL_SIGNATURE_BYTES},
        .documents = &made->document,
        .document_count = 1,
    };
    struct store_message *row = &fill->rows[index];
    *row = (struct store_message){
        .seq = seq,
        .parcel_seq = fill->parcels[index].seq,
        .sender = key_of("centre"),
        .recipient = destination,
        .type = MESSAGE_TYPE_TRANSFER,
        .dossier_code = bytes_of_text(made->dossier),
        .procedure_code = bytes_of_text("1.000001"),
        .sequence = 1,
        .custody = fill->wall,
    };
    make_id(fill, seq, &row->id);
    if (fill->is_hashed)
        sha256_parts(&made->document, 1, &row->digest);
    else
        randomise(fill, row->digest.bytes, DIGEST_BYTES);
    fill->routes[index] = (struct store_route){.dossier_code = row->dossier_code,
                                               .agency = destination,
                                               .registry_version = bytes_of_text("2026-11-24.1"),
                                               .message_seq = seq};
    fill->entries[index] = (struct entry){
        .message_seq = seq,
        .destination = destination,
        .order = hash_bytes(row->dossier_code),
        .state = state,
        .due = fill->wall,
        .expires = {fill->wall.ms + INT64_C(7) * 24 * 3600 * 1000},
        .attempts = state == ENTRY_LEASED ? 1 : 0,
        .size_bytes = (uint32_t)fill->document_bytes,
    };
    fill->moves[index] = (struct store_move){.message_seq = seq,
                                             .destination = destination,
                                             .state = ENTRY_DELIVERED,
                                             .due = fill->wall,
                                             .attempts = 1};
}

static enum reason commit(struct fill *fill, size_t count, enum entry_state state, bool delivers)
{
    check(count <= FILL_COMMIT_MAX);
    for (size_t i = 0; i < count; i++)
        make_message(fill, i, state);
    struct store_plan plan = {
        .parcels = fill->parcels,
        .parcel_count = count,
        .messages = fill->rows,
        .message_count = count,
        .routes = fill->routes,
        .route_count = count,
        .entries = fill->entries,
        .entry_count = count,
        .moves = fill->moves,
        .move_count = delivers ? count : 0,
    };
    enum reason reason = fill->store->verbs->commit(fill->store, &plan);
    if (reason == REASON_NONE) {
        fill->positions.next_message_seq += count;
        fill->positions.next_parcel_seq += count;
    }
    return reason;
}

enum reason fill_commit(struct fill *fill, size_t count, enum entry_state state)
{
    return commit(fill, count, state, false);
}

enum reason fill_history(struct fill *fill, size_t count)
{
    return commit(fill, count, ENTRY_LEASED, true);
}

enum reason fill_deliver(struct fill *fill, size_t count)
{
    struct store_plan plan = {.moves = fill->moves, .move_count = count};
    return fill->store->verbs->commit(fill->store, &plan);
}
