/* What goes of a ledger on a disk: the entries of a head, and the hashes before one whose row goes.
 * Every proof from there on is what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gateway/store/packed.h"
#include "gateway/store/store_sqlite.h"
#include "proto/codec/message_type.h"
#include "proto/ledger/merkle.h"
#include "proto/seal/sha256.h"
#include "tests/unit/scratch.h"

/* Commits of 1 to PER_COMMIT_MAX entries each in turn; rows of the last ROWS_KEPT heads stay. */
enum {
    COMMITS = 40,
    PER_COMMIT_MAX = 5,
    ROWS_KEPT = 7,
    ENTRIES_MAX = (COMMITS + 1) * PER_COMMIT_MAX,
};

struct world {
    struct scratch scratch;
    char path[96];
    struct store *store;
    struct merkle_frontier frontier;
    uint64_t sizes[COMMITS + 2]; /* of the tree with head number i */
    struct digest roots[ENTRIES_MAX + 1];
};

static void put_commit(struct world *world, uint64_t number)
{
    char texts[PER_COMMIT_MAX][32];
    struct bytes entries[PER_COMMIT_MAX];
    struct digest hashes[PER_COMMIT_MAX * MERKLE_LEVELS_MAX];
    struct store_segment segment = {.first_index = world->frontier.size,
                                    .entries = entries,
                                    .entry_count = 1 + number % PER_COMMIT_MAX,
                                    .first_hash = merkle_stream_length(world->frontier.size),
                                    .hashes = hashes,
                                    .head_seq = number};
    for (size_t i = 0; i < segment.entry_count; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "entry %llu",
                       (unsigned long long)world->frontier.size);
        entries[i] = bytes_of_text(texts[i]);
        segment.hash_count +=
            merkle_append(&world->frontier, sha256_parts, entries[i], hashes + segment.hash_count);
        merkle_root(&world->frontier, sha256_parts, &world->roots[world->frontier.size]);
    }
    world->sizes[number] = world->frontier.size;
    const struct bytes document = bytes_of_text("a head");
    const struct store_parcel parcel = {.seq = number, .documents = &document, .document_count = 1};
    const struct store_message message = {.seq = number,
                                          .parcel_seq = number,
                                          .sender = key_of("gateway"),
                                          .id.bytes = {[5] = (uint8_t)number, [6] = 0x70},
                                          .type = MESSAGE_TYPE_LEDGER_HEAD};
    const struct store_plan plan = {.parcels = &parcel,
                                    .parcel_count = 1,
                                    .messages = &message,
                                    .message_count = 1,
                                    .segment = &segment};
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
}

static void purge(struct world *world, uint64_t head, uint32_t parts)
{
    const struct store_purge row = {head, parts};
    const struct store_plan plan = {.purges = &row, .purge_count = 1};
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
}

static void open_again(struct world *world)
{
    if (world->store != NULL)
        world->store->verbs->close(world->store);
    assert_int_equal(store_sqlite_open(world->path, NULL, &world->store), REASON_NONE);
}

static bool read_hash(void *context, uint64_t position, struct digest *ret_hash)
{
    struct store *store = context;
    return store->verbs->ledger_hash(store, position, ret_hash) == REASON_NONE;
}

/* From each size to each larger one, or to the last alone. */
static void assert_proofs_from(struct world *world, uint64_t first_size, bool is_to_all)
{
    struct digest proof[MERKLE_PROOF_MAX];
    uint64_t size = world->frontier.size;
    size_t count = 0;
    for (uint64_t from = first_size; from <= size; from++) {
        for (uint64_t to = is_to_all ? from : size; to <= size; to++) {
            assert_true(merkle_consistency_prove(from, to, sha256_parts, read_hash, world->store,
                                                 proof, &count));
            assert_true(merkle_consistency_verify(from, &world->roots[from], to, &world->roots[to],
                                                  proof, count, sha256_parts));
        }
    }
}

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.store = NULL};
    if (!scratch_open(&world.scratch))
        return -1;
    (void)snprintf(world.path, sizeof world.path, "%s/store.sqlite", world.scratch.folder);
    open_again(&world);
    for (uint64_t number = 1; number <= COMMITS; number++)
        put_commit(&world, number);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    world->store->verbs->close(world->store);
    scratch_close(&world->scratch);
    return 0;
}

/* With it, and of no other; an archive reads them before. */
static void entries_go_with_their_head(void **state)
{
    struct world *world = *state;
    struct bytes entry, entries;
    uint64_t first = 0;
    size_t count = 0;
    enum { HEAD = 9 };
    assert_int_equal(store_sqlite_entries_of_head(world->store, HEAD, &first, &entries),
                     REASON_NONE);
    assert_int_equal(first, world->sizes[HEAD - 1]);
    assert_true(packed_count(entries, &count) && count == world->sizes[HEAD] - first);
    purge(world, HEAD, STORE_PART_DOCUMENT | STORE_PART_SEAL | STORE_PART_ENTRIES);
    for (int i = 0; i < 2; i++) {
        for (uint64_t index = 0; index < world->frontier.size; index++) {
            bool is_gone = index >= world->sizes[HEAD - 1] && index < world->sizes[HEAD];
            assert_int_equal(world->store->verbs->ledger_entry(world->store, index, &entry),
                             is_gone ? REASON_NOT_FOUND : REASON_NONE);
        }
        assert_int_equal(store_sqlite_entries_of_head(world->store, HEAD, &first, &entries),
                         REASON_NOT_FOUND);
        assert_proofs_from(world, 1, false);
        open_again(world);
    }
}

/* One head after another: whatever size the tree had then. */
static void proofs_from_what_is_kept_stay(void **state)
{
    struct world *world = *state;
    const uint64_t end = COMMITS - ROWS_KEPT;
    struct store_positions positions;
    struct merkle_frontier frontier = {0};
    struct digest hash, root;
    for (uint64_t head = 1; head <= end; head++) {
        purge(world, head, STORE_PARTS_OF_CONTENT | STORE_PART_ENTRIES | STORE_PART_ROW);
        assert_proofs_from(world, world->sizes[head], false);
    }
    open_again(world);
    assert_proofs_from(world, world->sizes[end], true);
    size_t kept = 0;
    for (uint64_t i = 0; i < merkle_stream_length(world->sizes[end]); i++)
        kept += read_hash(world->store, i, &hash);
    assert_int_equal(kept, __builtin_popcountll(world->sizes[end]));
    /* The ledger goes on. */
    assert_int_equal(world->store->verbs->positions(world->store, &positions), REASON_NONE);
    assert_int_equal(positions.ledger_size, world->frontier.size);
    assert_int_equal(positions.ledger_head_seq, COMMITS);
    assert_true(merkle_frontier_read(&frontier, positions.ledger_size, read_hash, world->store));
    merkle_root(&frontier, sha256_parts, &root);
    assert_true(digest_equal(&root, &world->roots[positions.ledger_size]));
    put_commit(world, COMMITS + 1);
    assert_proofs_from(world, world->sizes[end], true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_go_with_their_head, set_up, tear_down),
        cmocka_unit_test_setup_teardown(proofs_from_what_is_kept_stay, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
