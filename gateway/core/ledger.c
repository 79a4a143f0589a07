/* The evidence as it grows: an append-only Merkle tree of RFC 6962's form, whose entries leave
 * with the step's plan (invariant 7).
 *
 * `frontier` is what the tree is with this step's entries, `committed` what the store has. A step
 * that is thrown away begins again from `committed`. Of the tree only the frontier is in memory,
 * one hash a level; a proof reads its other hashes from the store, where they stand in the order
 * in which they were computed. */
#include "gateway/core/ledger.h"

#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/wire.h"

/* Two hashes per leaf on average; a single leaf may finish up to MERKLE_LEVELS_MAX subtrees. */
enum { STEP_HASHES_MAX = 2 * LEDGER_STEP_ENTRIES_MAX + MERKLE_LEVELS_MAX };

size_t ledger_memory_bytes(void)
{
    enum { ALIGNMENT_SLACK = 128 };
    return LEDGER_STEP_ENTRIES_MAX * sizeof(struct bytes) +
           STEP_HASHES_MAX * sizeof(struct digest) + ALIGNMENT_SLACK;
}

void ledger_init(struct ledger *ledger, hash_function *hash, struct plan *plan,
                 struct arena *memory)
{
    *ledger = (struct ledger){
        .hash = hash,
        .plan = plan,
        .entries = arena_take(memory, LEDGER_STEP_ENTRIES_MAX * sizeof(struct bytes)),
        .hashes = arena_take(memory, STEP_HASHES_MAX * sizeof(struct digest)),
    };
    check(ledger->entries != NULL && ledger->hashes != NULL);
}

struct reader {
    struct store *store;
    enum reason reason; /* why the last hash could not be read */
};

static bool read_hash(void *context, uint64_t position, struct digest *ret_hash)
{
    struct reader *reader = context;
    reader->reason = reader->store->verbs->ledger_hash(reader->store, position, ret_hash);
    return reader->reason == REASON_NONE;
}

/* A hash that is missing, or a size that no frontier belongs to, is a store that is damaged: a
 * ledger that began anew would be found out by every witness. */
enum reason ledger_load(struct ledger *ledger, struct store *store,
                        const struct store_positions *positions)
{
    struct merkle_frontier frontier = {0};
    struct reader reader = {.store = store};
    if (!merkle_frontier_read(&frontier, positions->ledger_size, read_hash, &reader))
        return REASON_STORE_CORRUPT;
    ledger->committed = frontier;
    ledger_begin(ledger);
    return REASON_NONE;
}

void ledger_begin(struct ledger *ledger)
{
    ledger->frontier = ledger->committed;
    ledger->entry_count = 0;
    ledger->hash_count = 0;
}

static void put_text(struct wire_writer *writer, uint32_t number, struct bytes text)
{
    if (text.size > 0)
        wire_put_bytes(writer, number, text);
}

/* By the numbers of schema/ledger.proto, the last first. Codes, keys and digests; nothing of what
 * the message says (invariant 11). */
static void put_fact(struct wire_writer *writer, const struct ledger_fact *fact)
{
    wire_put_uint(writer, 12, fact->tree_size);
    wire_put_sint(writer, 11, fact->judged.number);
    if (!digest_is_zero(&fact->evidence))
        wire_put_bytes(writer, 10, (struct bytes){fact->evidence.bytes, DIGEST_BYTES});
    if (fact->registry_version != NULL)
        put_text(writer, 9, bytes_of_text(fact->registry_version));
    wire_put_uint(writer, 8, (uint64_t)fact->reason);
    wire_put_uint(writer, 7, fact->type);
    wire_put_bytes(writer, 6, (struct bytes){fact->digest.bytes, DIGEST_BYTES});
    if (!id_is_zero(&fact->message_id))
        wire_put_bytes(writer, 5, (struct bytes){fact->message_id.bytes, MESSAGE_ID_BYTES});
    put_text(writer, 4, key_bytes(&fact->destination));
    put_text(writer, 3, key_bytes(&fact->sender));
    wire_put_sint(writer, 2, fact->at.ms);
    wire_put_uint(writer, 1, (uint64_t)fact->kind);
}

/* The bytes are hashed and kept as they are made here, and are never made again. */
static struct bytes pack(struct ledger *ledger, const struct ledger_fact *fact)
{
    struct wire_writer writer = {0};
    put_fact(&writer, fact);
    size_t size = writer.size;
    uint8_t *bytes = plan_take(ledger->plan, size);
    writer = (struct wire_writer){.at = bytes + size};
    put_fact(&writer, fact);
    return (struct bytes){bytes, size};
}

uint64_t ledger_append(struct ledger *ledger, const struct ledger_fact *fact)
{
    check(ledger->entry_count < LEDGER_STEP_ENTRIES_MAX);
    check(ledger->hash_count + MERKLE_LEVELS_MAX <= STEP_HASHES_MAX);
    struct bytes entry = pack(ledger, fact);
    uint64_t index = ledger->frontier.size;
    ledger->entries[ledger->entry_count++] = entry;
    ledger->hash_count +=
        merkle_append(&ledger->frontier, ledger->hash, entry, &ledger->hashes[ledger->hash_count]);
    return index;
}

bool ledger_has_news(const struct ledger *ledger)
{
    return ledger->entry_count > 0;
}

/* What the manifest's signature covers: who has this head has signed evidence of everything
 * before. */
void ledger_head(const struct ledger *ledger, wall_t now, struct tree_head *ret_head)
{
    *ret_head = (struct tree_head){
        .ledger_id = {ledger->id, LEDGER_ID_BYTES},
        .tree_size = ledger->frontier.size,
        .at = now,
    };
    merkle_root(&ledger->frontier, ledger->hash, &ret_head->root);
}

void ledger_finish(struct ledger *ledger, uint64_t head_seq)
{
    ledger->segment = (struct store_segment){
        .first_index = ledger->committed.size,
        .entries = ledger->entries,
        .entry_count = ledger->entry_count,
        .first_hash = merkle_stream_length(ledger->committed.size),
        .hashes = ledger->hashes,
        .hash_count = ledger->hash_count,
        .head_seq = head_seq,
    };
    ledger->plan->store.segment = &ledger->segment;
}

void ledger_adopt(struct ledger *ledger)
{
    ledger->committed = ledger->frontier;
    ledger->entry_count = 0;
    ledger->hash_count = 0;
}

/* From nothing, every tree goes on: no hash proves it and none is needed. */
enum reason ledger_prove(struct ledger *ledger, struct store *store, uint64_t from_size,
                         uint64_t to_size, struct digest *ret_proof, size_t *ret_count)
{
    struct reader reader = {.store = store};
    *ret_count = 0;
    bool is_proved =
        from_size == 0 || merkle_consistency_prove(from_size, to_size, ledger->hash, read_hash,
                                                   &reader, ret_proof, ret_count);
    return is_proved ? REASON_NONE
                     : (reader.reason == REASON_NOT_FOUND ? REASON_LEDGER_PROOF_GONE
                                                          : REASON_STORE_FAILED);
}
