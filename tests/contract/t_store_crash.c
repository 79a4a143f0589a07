/* SQLite on a disk that loses power: a scripted workload is cut at its first, second, third …
 * operation that changes the disk. What was answered is there whole, what was not is there whole or
 * not at all (invariants 1, 7), and what rots later is refused, never served.
 * limit-seconds: 200 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/store/store_sqlite.h"
#include "tests/support/crash_vfs.h"
#include "tests/support/effort.h"

enum {
    SESSIONS = 3, /* the store is opened, used and closed so often */
    COMMITS = 5,  /* in each of them */
    MESSAGES = SESSIONS * COMMITS,
    DOCUMENT_BYTES_MAX = 40 * 1024,
    OPERATIONS_MAX = 2000, /* more than the workload makes */
    SEEDS = 3,
    SANITIZED_STRIDE = 5, /* of the operations at which the power goes */
    RECOVERY_OPERATIONS_MAX = 12,
    ROT_PLACES = 300,
    BEFORE_LARGE_DOCUMENT = 7, /* the next one has pages of its own */
    LOG_SEEDS = 8,
    UNSYNCED = 12, /* messages over the old log */
    RUN_SECTORS = 256,
    LOG_MESSAGES_MAX = 250, /* more than fill a log; message seq has one byte in its id */
};
#define PATH "store.sqlite"

static uint8_t document[DOCUMENT_BYTES_MAX];

/* Some documents fill several pages, most are small. */
static struct bytes document_of(uint64_t seq)
{
    size_t size = seq % 4 == 0 ? DOCUMENT_BYTES_MAX - seq * 100 : 300 + seq * 50;
    for (size_t i = 0; i < size; i++)
        document[i] = (uint8_t)(seq * 31 + i * 7 + i / 251);
    return (struct bytes){document, size};
}

static struct digest hash_of(uint64_t seq)
{
    return (struct digest){.bytes = {(uint8_t)seq, 99}};
}

static enum reason open_store(struct crash_vfs *disk, struct store **ret_store)
{
    const struct store_sqlite_options options = {.vfs_name = crash_vfs_name(disk)};
    return store_sqlite_open(PATH, &options, ret_store);
}

typedef enum reason write_plan(struct store *store, const struct store_plan *plan);

/* Message seq with its entry, a ledger entry and a note; the entry before it moves on. */
static enum reason put(struct store *store, uint64_t seq, write_plan *write)
{
    struct bytes content = document_of(seq);
    struct digest hash = hash_of(seq);
    struct bytes ledger = {hash.bytes, sizeof hash.bytes};
    struct bytes note = {(const uint8_t *)&seq, sizeof seq};
    struct store_parcel parcel = {.seq = seq,
                                  .signature = bytes_of_text("signature"),
                                  .documents = &content,
                                  .document_count = 1};
    struct store_message message = {.seq = seq,
                                    .parcel_seq = seq,
                                    .sender = key_of("centre"),
                                    .recipient = key_of("a"),
                                    .id.bytes = {[5] = (uint8_t)seq, [6] = 0x70, [8] = 0x80},
                                    .digest = hash,
                                    .type = 1,
                                    .dossier_code = bytes_of_text("D"),
                                    .procedure_code = bytes_of_text("1.000001"),
                                    .sequence = seq,
                                    .custody = {1000}};
    struct entry entry = {
        .message_seq = seq, .destination = key_of("a"), .state = ENTRY_QUEUED, .due = {1}};
    struct store_move move = {
        .message_seq = seq - 1, .destination = key_of("a"), .state = ENTRY_DELIVERED};
    struct store_segment segment = {.first_index = seq - 1,
                                    .entries = &ledger,
                                    .entry_count = 1,
                                    .first_hash = seq - 1,
                                    .hashes = &hash,
                                    .hash_count = 1,
                                    .head_seq = seq};
    struct store_note last = {.name = bytes_of_text("last"), .value = note};
    struct store_plan plan = {.parcels = &parcel,
                              .parcel_count = 1,
                              .messages = &message,
                              .message_count = 1,
                              .entries = &entry,
                              .entry_count = 1,
                              .moves = &move,
                              .move_count = seq > 1,
                              .segment = &segment,
                              .notes = &last,
                              .note_count = 1};
    return write(store, &plan);
}

struct work {
    bool applies;      /* and syncs every second time; otherwise it commits */
    uint64_t written;  /* the last message that the store took */
    uint64_t answered; /* the last that could have been answered */
};

static enum reason work_once(struct store *store, struct work *work, bool syncs)
{
    const struct store_verbs *verbs = store->verbs;
    enum reason reason =
        put(store, work->written + 1, work->applies ? verbs->apply : verbs->commit);
    if (reason != REASON_NONE)
        return reason;
    work->written++;
    if (work->applies && (!syncs || verbs->sync(store) != REASON_NONE))
        return REASON_NONE;
    work->answered = work->written;
    return REASON_NONE;
}

/* Goes on until all is done or the disk is dead. */
static void do_work(struct crash_vfs *disk, struct work *work)
{
    for (int session = 0; session < SESSIONS && !crash_vfs_is_dead(disk); session++) {
        struct store *store = NULL;
        if (open_store(disk, &store) != REASON_NONE)
            break;
        for (int i = 0; i < COMMITS && !crash_vfs_is_dead(disk); i++) {
            if (work_once(store, work, i % 2 == 1 || i == COMMITS - 1) != REASON_NONE)
                break;
        }
        store->verbs->close(store);
    }
}

/* NONE: all of message seq, its entry, its ledger entry and hash are there and right. Any other
 * reason: that is what the store said of one of them. */
static enum reason read_whole(struct store *store, uint64_t seq, uint64_t last)
{
    const struct store_verbs *verbs = store->verbs;
    struct store_document found;
    struct entry entry;
    struct digest hash;
    struct digest expected = hash_of(seq);
    struct bytes ledger;
    struct key destination = key_of("a");
    enum reason reason = verbs->read_document(store, seq, &found);
    if (reason != REASON_NONE)
        return reason;
    assert_true(bytes_equal(found.document, document_of(seq)));
    assert_true(bytes_equal(found.signature, bytes_of_text("signature")));
    assert_true(digest_equal(&found.message.digest, &expected));
    assert_int_equal(found.message.sequence, seq);
    reason = verbs->read_entry(store, seq, &destination, &entry);
    if (reason != REASON_NONE)
        return reason;
    assert_int_equal(entry.state, seq == last ? ENTRY_QUEUED : ENTRY_DELIVERED);
    reason = verbs->ledger_entry(store, seq - 1, &ledger);
    if (reason != REASON_NONE)
        return reason;
    assert_true(bytes_equal(ledger, (struct bytes){expected.bytes, sizeof expected.bytes}));
    reason = verbs->ledger_hash(store, seq - 1, &hash);
    if (reason == REASON_NONE)
        assert_true(digest_equal(&hash, &expected));
    return reason;
}

/* Everything up to a last message is there, nothing after it. The last message. The plan after the
 * last one that was written may have been cut on its way back. */
static uint64_t check_survivors(struct store *store, const struct work *work)
{
    struct store_positions positions;
    struct store_message message;
    struct entry entries[4];
    size_t count = 0;
    struct bytes note;
    assert_int_equal(store->verbs->positions(store, &positions), REASON_NONE);
    uint64_t last = positions.next_message_seq - 1;
    assert_in_range(last, work->answered, work->written + 1);
    assert_int_equal(positions.next_parcel_seq, last + 1);
    assert_int_equal(positions.ledger_size, last);
    assert_int_equal(positions.ledger_hashes, last);
    assert_int_equal(positions.ledger_head_seq, last);
    for (uint64_t seq = 1; seq <= last; seq++)
        assert_int_equal(read_whole(store, seq, last), REASON_NONE);
    assert_int_equal(store->verbs->read_message(store, last + 1, &message), REASON_NOT_FOUND);
    assert_int_equal(store->verbs->entries_of(store, last + 1, entries, 4, &count), REASON_NONE);
    assert_int_equal(count, 0);
    enum reason reason = store->verbs->read_note(store, bytes_of_text("last"), &note);
    assert_int_equal(reason, last == 0 ? REASON_NOT_FOUND : REASON_NONE);
    if (last > 0)
        assert_memory_equal(note.data, &last, sizeof last);
    return last;
}

/* The power goes again while the store is opened on what survived. */
static void crash_in_recovery(struct crash_vfs *disk)
{
    struct store *store = NULL;
    crash_vfs_die_at(disk, 1 + crash_vfs_draw(disk, RECOVERY_OPERATIONS_MAX));
    if (open_store(disk, &store) == REASON_NONE)
        store->verbs->close(store);
    crash_vfs_cut_power(disk);
    crash_vfs_restart(disk);
}

/* True: the workload ended before its n-th operation. */
static bool crash_at(uint64_t n, uint64_t seed, bool applies)
{
    struct work work = {.applies = applies};
    struct crash_vfs *disk = crash_vfs_new(seed * 1000003 + n);
    struct store *store = NULL;
    crash_vfs_die_at(disk, n);
    do_work(disk, &work);
    bool is_through = !crash_vfs_is_dead(disk);
    assert_true(!is_through || work.answered == MESSAGES);
    crash_vfs_cut_power(disk);
    crash_vfs_restart(disk);
    if (seed % 2 != 0)
        crash_in_recovery(disk);
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    uint64_t last = check_survivors(store, &work);
    assert_int_equal(put(store, last + 1, store->verbs->commit), REASON_NONE);
    store->verbs->close(store);
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    struct work after = {.written = last + 1, .answered = last + 1};
    assert_int_equal(check_survivors(store, &after), last + 1);
    store->verbs->close(store);
    crash_vfs_destroy(&disk);
    return is_through;
}

static void crash_everywhere(bool applies)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t n = 1;
        while (n < OPERATIONS_MAX && !crash_at(n, seed, applies))
            n += effort_stride(1, SANITIZED_STRIDE);
        assert_in_range(n, 50, OPERATIONS_MAX - 1); /* the workload is what it was meant to be */
    }
}

static void every_crash_keeps_what_was_answered(void **state)
{
    (void)state;
    crash_everywhere(false);
}

static void every_crash_keeps_what_was_synced(void **state)
{
    (void)state;
    crash_everywhere(true);
}

/* Once the log is copied into the file it begins anew over its old pages, which must not come back:
 * not even when the disk wrote some of the new ones and not the others. */
static void crash_as_the_log_begins_anew(uint64_t seed)
{
    struct crash_vfs *disk = crash_vfs_new(seed);
    struct store *store = NULL;
    struct work work = {.applies = true};
    crash_vfs_tear_in_runs(disk, RUN_SECTORS);
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    uint64_t bytes = crash_vfs_file_bytes(disk, PATH);
    while (crash_vfs_file_bytes(disk, PATH) == bytes) {
        assert_in_range(work.written, 0, LOG_MESSAGES_MAX);
        assert_int_equal(work_once(store, &work, true), REASON_NONE);
    }
    for (uint64_t i = 0; i < UNSYNCED; i++)
        assert_int_equal(work_once(store, &work, false), REASON_NONE);
    crash_vfs_cut_power(disk);
    store->verbs->close(store);
    crash_vfs_restart(disk);
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    (void)check_survivors(store, &work);
    store->verbs->close(store);
    crash_vfs_destroy(&disk);
}

static void a_log_that_begins_anew_keeps_what_was_synced(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < LOG_SEEDS; seed++)
        crash_as_the_log_begins_anew(seed);
}

/* A sync fails once, and the disk is well again: what was applied and is gone must not be copied
 * from the log into the file, neither by the next plan nor by closing the store. */
static void what_a_failed_sync_lost_does_no_harm(void **state)
{
    (void)state;
    struct crash_vfs *disk = crash_vfs_new(1);
    struct store *store = NULL;
    struct work work = {.applies = true};
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    while (work.written < BEFORE_LARGE_DOCUMENT)
        assert_int_equal(work_once(store, &work, true), REASON_NONE);
    assert_int_equal(work_once(store, &work, false), REASON_NONE);
    crash_vfs_lose_sync(disk);
    assert_int_equal(store->verbs->sync(store), REASON_STORE_FAILED);
    assert_int_not_equal(put(store, work.written + 1, store->verbs->apply), REASON_NONE);
    assert_int_equal(store->verbs->sync(store), REASON_STORE_FAILED);
    store->verbs->close(store);
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    (void)check_survivors(store, &work);
    store->verbs->close(store);
    crash_vfs_destroy(&disk);
}

/* The sync of a checkpoint fails, which takes the failure away from the deferred sync after it. */
static void a_sync_does_not_forget_what_a_checkpoint_lost(void **state)
{
    (void)state;
    struct crash_vfs *disk = crash_vfs_new(1);
    struct store *store = NULL;
    struct work work = {.applies = true};
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    assert_int_equal(work_once(store, &work, true), REASON_NONE);
    crash_vfs_lose_sync(disk);
    while (work.written < LOG_MESSAGES_MAX && work_once(store, &work, false) == REASON_NONE)
        ;
    assert_int_equal(store->verbs->sync(store), REASON_STORE_FAILED);
    store->verbs->close(store);
    assert_int_equal(open_store(disk, &store), REASON_NONE);
    (void)check_survivors(store, &work);
    store->verbs->close(store);
    crash_vfs_destroy(&disk);
}

/* A disk that answers "synced" and is right about nothing: the test must notice, or it proves
 * nothing. Stands for every store that speaks before it commits. */
static void an_answer_before_the_commit_would_be_noticed(void **state)
{
    (void)state;
    size_t lost = 0;
    for (uint64_t n = 20; n < 60; n++) {
        struct crash_vfs *disk = crash_vfs_new(n);
        struct store *store = NULL;
        struct store_positions positions = {0};
        crash_vfs_die_at(disk, n);
        struct work work = {0};
        do_work(disk, &work);
        uint64_t answered = work.answered + 1; /* as if the commit that failed had been answered */
        crash_vfs_restart(disk);
        if (open_store(disk, &store) == REASON_NONE) {
            (void)store->verbs->positions(store, &positions);
            store->verbs->close(store);
        }
        lost += positions.next_message_seq <= answered;
        crash_vfs_destroy(&disk);
    }
    assert_true(lost > 10);
}

static void what_rots_after_a_crash_is_refused(void **state)
{
    (void)state;
    struct crash_vfs *disk = crash_vfs_new(7);
    struct store *store = NULL;
    struct work work = {0};
    do_work(disk, &work);
    assert_int_equal(work.answered, MESSAGES);
    crash_vfs_cut_power(disk);
    crash_vfs_restart(disk);
    size_t refused = 0;
    uint64_t size = crash_vfs_file_bytes(disk, PATH);
    for (uint64_t place = 0; place < ROT_PLACES; place++) {
        uint64_t offset = crash_vfs_draw(disk, size);
        uint8_t mask = (uint8_t)(1U << crash_vfs_draw(disk, 8));
        assert_true(crash_vfs_flip(disk, PATH, offset, mask));
        enum reason reason = open_store(disk, &store);
        if (reason == REASON_NONE) {
            for (uint64_t seq = 1; seq <= MESSAGES && reason == REASON_NONE; seq++)
                reason = read_whole(store, seq, MESSAGES);
            store->verbs->close(store);
        }
        assert_true(reason == REASON_NONE || reason == REASON_STORE_CORRUPT);
        refused += reason == REASON_STORE_CORRUPT;
        assert_true(crash_vfs_flip(disk, PATH, offset, mask));
    }
    assert_true(refused > ROT_PLACES / 4);
    crash_vfs_destroy(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_crash_keeps_what_was_answered),
        cmocka_unit_test(every_crash_keeps_what_was_synced),
        cmocka_unit_test(a_log_that_begins_anew_keeps_what_was_synced),
        cmocka_unit_test(what_a_failed_sync_lost_does_no_harm),
        cmocka_unit_test(a_sync_does_not_forget_what_a_checkpoint_lost),
        cmocka_unit_test(an_answer_before_the_commit_would_be_noticed),
        cmocka_unit_test(what_rots_after_a_crash_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
