/* What only a store on a disk can get wrong: a crash, a full disk, a newer schema, rotten bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/store/sqlite_vfs.h"
#include "gateway/store/store_sqlite.h"
#include "tests/unit/scratch.h"

enum { DOCUMENT_BYTES = 900, MESSAGES = 40 };

struct fixture {
    struct scratch scratch;
    char path[96];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(scratch_open(&fixture->scratch));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/store.sqlite", fixture->scratch.folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    scratch_close(&fixture->scratch);
    free(fixture);
    return 0;
}

static struct store *open_store(const struct fixture *fixture)
{
    struct store *store = NULL;
    assert_int_equal(store_sqlite_open(fixture->path, NULL, &store), REASON_NONE);
    return store;
}

/* The document of message seq: known bytes that differ from message to message. */
static void fill(uint64_t seq, uint8_t document[DOCUMENT_BYTES])
{
    for (size_t i = 0; i < DOCUMENT_BYTES; i++)
        document[i] = (uint8_t)(seq * 31 + i * 7);
}

static enum reason put(struct store *store, uint64_t seq)
{
    uint8_t document[DOCUMENT_BYTES];
    fill(seq, document);
    struct bytes view = {document, sizeof document};
    struct store_parcel parcel = {.seq = seq,
                                  .signature = bytes_of_text("signature"),
                                  .documents = &view,
                                  .document_count = 1};
    struct store_message message = {
        .seq = seq,
        .parcel_seq = seq,
        .sender = key_of("centre"),
        .recipient = key_of("a"),
        .id.bytes = {[4] = (uint8_t)(seq >> 8), [5] = (uint8_t)seq, [6] = 0x70, [8] = 0x80},
        .digest.bytes = {(uint8_t)seq},
        .type = 1,
        .dossier_code = bytes_of_text("D"),
        .procedure_code = bytes_of_text("1.000001"),
        .sequence = seq,
        .custody = {1000}};
    struct entry entry = {
        .message_seq = seq, .destination = key_of("a"), .state = ENTRY_QUEUED, .due = {1}};
    struct store_plan plan = {.parcels = &parcel,
                              .parcel_count = 1,
                              .messages = &message,
                              .message_count = 1,
                              .entries = &entry,
                              .entry_count = 1};
    return store->verbs->commit(store, &plan);
}

static void a_commit_survives_the_process(void **state)
{
    struct fixture *fixture = *state;
    pid_t child = fork();
    if (child == 0) {
        struct store *store = open_store(fixture);
        bool committed = put(store, 1) == REASON_NONE && put(store, 2) == REASON_NONE;
        (void)kill(getpid(), committed ? SIGKILL : SIGTERM);
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct store *store = open_store(fixture);
    struct store_positions positions;
    struct store_document document;
    uint8_t expected[DOCUMENT_BYTES];
    assert_int_equal(store->verbs->positions(store, &positions), REASON_NONE);
    assert_int_equal(positions.next_message_seq, 3);
    assert_int_equal(store->verbs->read_document(store, 2, &document), REASON_NONE);
    fill(2, expected);
    assert_true(bytes_equal(document.document, (struct bytes){expected, sizeof expected}));
    assert_int_equal(put(store, 3), REASON_NONE);
    store->verbs->close(store);
}

/* Through the store's own layer: bytes that anything else writes are taken for rot. */
static void execute(const struct fixture *fixture, const char *text)
{
    sqlite3 *database = NULL;
    struct sqlite_vfs *layer = sqlite_vfs_new(NULL);
    assert_int_equal(
        sqlite3_open_v2(fixture->path, &database, SQLITE_OPEN_READWRITE, sqlite_vfs_name(layer)),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    sqlite_vfs_destroy(&layer);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = open_store(fixture);
    store->verbs->close(store);
    execute(fixture, "PRAGMA user_version = 9999");
    assert_int_equal(store_sqlite_open(fixture->path, NULL, &store), REASON_STORE_NEWER);
}

static int64_t number_of(const struct fixture *fixture, const char *query)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    struct sqlite_vfs *layer = sqlite_vfs_new(NULL);
    assert_int_equal(
        sqlite3_open_v2(fixture->path, &database, SQLITE_OPEN_READWRITE, sqlite_vfs_name(layer)),
        SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    sqlite_vfs_destroy(&layer);
    return number;
}

static int64_t pages_of_parcels(const struct fixture *fixture)
{
    return number_of(fixture, "SELECT count(*) FROM dbstat WHERE name = 'parcel_block'");
}

/* Without a vacuum: a store that is purged every year stays as large as what it keeps. Of blocks
 * with nothing in them the last stays, which tells the next parcel's number. */
static void a_purge_gives_its_pages_back(void **state)
{
    enum { ROWS = 200 };
    struct fixture *fixture = *state;
    struct store *store = open_store(fixture);
    for (uint64_t seq = 1; seq <= ROWS; seq++)
        assert_int_equal(put(store, seq), REASON_NONE);
    store->verbs->close(store);
    int64_t before = pages_of_parcels(fixture);
    store = open_store(fixture);
    for (uint64_t seq = 1; seq <= ROWS; seq++) {
        const struct store_purge purge = {seq, STORE_PART_DOCUMENT | STORE_PART_SEAL};
        const struct store_move end = {
            .message_seq = seq, .destination = key_of("a"), .state = ENTRY_DELIVERED, .due = {2}};
        const struct store_plan plan = {
            .moves = &end, .move_count = 1, .purges = &purge, .purge_count = 1};
        assert_int_equal(store->verbs->commit(store, &plan), REASON_NONE);
    }
    store->verbs->close(store);
    assert_true(pages_of_parcels(fixture) * 4 < before);
    assert_int_equal(number_of(fixture, "SELECT count(*) FROM parcel_block"), 1);
}

static void another_file_is_not_touched(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "this is no database, and it must stay what it is";
    int fd = open(fixture->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, sizeof text), (ssize_t)sizeof text);
    assert_int_equal(close(fd), 0);
    struct store *store = NULL;
    assert_int_equal(store_sqlite_open(fixture->path, NULL, &store), REASON_STORE_CORRUPT);
    char again[sizeof text];
    fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, again, sizeof again), (ssize_t)sizeof again);
    assert_int_equal(close(fd), 0);
    assert_memory_equal(text, again, sizeof text);
}

/* No file may grow: what the disk says when it is full, without filling one. */
static void a_full_disk_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = open_store(fixture);
    struct rlimit before;
    struct stat log;
    char log_path[112];
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(put(store, 1), REASON_NONE);
    (void)snprintf(log_path, sizeof log_path, "%s-wal", fixture->path);
    assert_int_equal(stat(log_path, &log), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit tight = {(rlim_t)log.st_size + 100, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    enum reason reason = put(store, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(reason_class(reason), REASON_CLASS_TRANSIENT);
    assert_int_not_equal(reason, REASON_NONE);
    struct store_message message;
    assert_int_equal(store->verbs->read_message(store, 2, &message), REASON_NOT_FOUND);
    assert_int_equal(store->verbs->read_message(store, 1, &message), REASON_NONE);
    assert_int_equal(put(store, 2), REASON_NONE);
    assert_int_equal(store->verbs->read_message(store, 2, &message), REASON_NONE);
    store->verbs->close(store);
}

/* ---- rot ---- */

/* Every message reads as it was written or not at all. How many could not be read. */
static size_t read_all(struct store *store)
{
    size_t refused = 0;
    for (uint64_t seq = 1; seq <= MESSAGES; seq++) {
        struct store_document document;
        uint8_t expected[DOCUMENT_BYTES];
        enum reason reason = store->verbs->read_document(store, seq, &document);
        fill(seq, expected);
        if (reason != REASON_NONE) {
            refused++;
            continue;
        }
        assert_true(bytes_equal(document.document, (struct bytes){expected, sizeof expected}));
        assert_true(bytes_equal(document.signature, bytes_of_text("signature")));
        assert_int_equal(document.message.digest.bytes[0], (uint8_t)seq);
        assert_string_equal(document.message.sender.text, "centre");
        assert_string_equal(document.message.recipient.text, "a");
        assert_int_equal(document.message.sequence, seq);
    }
    return refused;
}

static bool finds_by_id(struct store *store, uint64_t seq)
{
    struct store_message message;
    struct key centre = key_of("centre");
    struct message_id id = {.bytes = {[5] = (uint8_t)seq, [6] = 0x70, [8] = 0x80}};
    return store->verbs->find_message(store, &centre, &id, &message) == REASON_NONE &&
           message.seq == seq;
}

/* A file as version 1 wrote it: a row for each parcel, a row for each id. */
static void an_older_schema_is_migrated(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = open_store(fixture);
    for (uint64_t seq = 1; seq <= MESSAGES; seq++)
        assert_int_equal(put(store, seq), REASON_NONE);
    store->verbs->close(store);
    execute(fixture, "BEGIN;"
                     "CREATE TABLE parcel(seq INTEGER PRIMARY KEY, content BLOB NOT NULL);"
                     "INSERT INTO parcel SELECT first, substr(content, 9) FROM parcel_block;"
                     "DROP TABLE parcel_block;"
                     "CREATE TABLE message_id(sender INTEGER NOT NULL, id BLOB NOT NULL,"
                     " seq INTEGER NOT NULL, PRIMARY KEY(sender, id)) WITHOUT ROWID;"
                     "INSERT INTO message_id SELECT sender, id, seq FROM message;"
                     "DROP TABLE id_range; DROP TABLE id_record; DROP TABLE late_id;"
                     "DROP TABLE route; DROP TABLE deadline; DROP INDEX ledger_segment_head;"
                     "ALTER TABLE participant DROP COLUMN forgotten;"
                     "ALTER TABLE message DROP COLUMN gone; DROP TABLE file;"
                     "DELETE FROM note;"
                     "DROP INDEX waiting_turn; ALTER TABLE waiting DROP COLUMN sender;"
                     "CREATE INDEX waiting_due ON waiting(destination, due, place)"
                     " WHERE behind = 0 AND state <> 4;"
                     "PRAGMA user_version = 1;"
                     "COMMIT");
    store = open_store(fixture);
    struct store_positions positions;
    assert_int_equal(store->verbs->positions(store, &positions), REASON_NONE);
    assert_int_equal(positions.next_parcel_seq, MESSAGES + 1);
    assert_int_equal(put(store, MESSAGES + 1), REASON_NONE);
    assert_int_equal(read_all(store), 0);
    for (uint64_t seq = 1; seq <= MESSAGES + 1; seq++)
        assert_true(finds_by_id(store, seq));
    assert_false(finds_by_id(store, MESSAGES + 2));
    store->verbs->close(store);
    execute(fixture, "CREATE TEMP TABLE wrong(count CHECK(count = 0));"
                     "INSERT INTO wrong SELECT count(*) FROM waiting WHERE sender <>"
                     " (SELECT sender FROM message WHERE seq = place >> 16)");
}

static void flip(const struct fixture *fixture, off_t offset, uint8_t mask)
{
    uint8_t byte;
    int fd = open(fixture->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    byte ^= mask;
    assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
    assert_int_equal(close(fd), 0);
}

static void rotten_bytes_are_never_served(void **state)
{
    enum { PLACES = 400 };
    struct fixture *fixture = *state;
    struct stat status;
    size_t noticed = 0;
    struct store *store = open_store(fixture);
    for (uint64_t seq = 1; seq <= MESSAGES; seq++)
        assert_int_equal(put(store, seq), REASON_NONE);
    store->verbs->close(store);
    assert_int_equal(stat(fixture->path, &status), 0);
    for (off_t place = 0; place < PLACES; place++) {
        off_t offset = place * (status.st_size / PLACES) + place % 97;
        uint8_t mask = (uint8_t)(1U << (place % 8));
        flip(fixture, offset, mask);
        if (store_sqlite_open(fixture->path, NULL, &store) == REASON_NONE) {
            noticed += read_all(store) > 0;
            store->verbs->close(store);
        } else {
            noticed++;
        }
        flip(fixture, offset, mask);
    }
    assert_true(noticed > PLACES / 4); /* the test touches what matters */
    store = open_store(fixture);
    assert_int_equal(read_all(store), 0);
    store->verbs->close(store);
}

static void copy_file(const char *from, const char *to)
{
    uint8_t piece[4096];
    size_t got;
    FILE *source = fopen(from, "rbe");
    FILE *target = fopen(to, "wbe"); /* the same file with another content, when it exists */
    assert_non_null(source);
    assert_non_null(target);
    while ((got = fread(piece, 1, sizeof piece, source)) > 0)
        assert_int_equal(fwrite(piece, 1, got, target), got);
    (void)fclose(source);
    assert_int_equal(fclose(target), 0);
}

/* While the store is open an older copy comes into its place: as another file, or into the same. */
static void an_older_copy_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    char backup[sizeof fixture->path + 8];
    (void)snprintf(backup, sizeof backup, "%s.backup", fixture->path);
    for (uint64_t way = 0; way < 2; way++) {
        struct store *store = open_store(fixture);
        uint64_t count;
        uint64_t seq = 1 + way * MESSAGES;
        for (; seq < (way + 1) * MESSAGES; seq++)
            assert_int_equal(put(store, seq), REASON_NONE);
        store->verbs->close(store);
        copy_file(fixture->path, backup);
        store = open_store(fixture);
        assert_int_equal(put(store, seq), REASON_NONE);
        if (way == 0)
            copy_file(backup, fixture->path);
        else
            assert_int_equal(rename(backup, fixture->path), 0);
        /* Nothing is promised, and nobody begins anew from what may be of two files. */
        for (int i = 0; i < 2; i++) {
            assert_int_equal(put(store, seq + 1), REASON_STORE_ROLLED_BACK);
            assert_int_equal(store->verbs->recover(store, &count), REASON_STORE_ROLLED_BACK);
        }
        store->verbs->close(store);
    }
}

/* The file changes by our own hand when the log is copied into it, also aside. */
static void our_own_changes_are_no_alarm(void **state)
{
    enum { MANY = 600 }; /* more than one log */
    struct fixture *fixture = *state;
    struct store_sqlite_options options = {.has_checkpointer = false};
    for (uint64_t way = 0; way < 2; way++) {
        struct store *store = NULL;
        options.has_checkpointer = way == 1;
        assert_int_equal(store_sqlite_open(fixture->path, &options, &store), REASON_NONE);
        for (uint64_t seq = way * MANY + 1; seq <= (way + 1) * MANY; seq++)
            assert_int_equal(put(store, seq), REASON_NONE);
        store->verbs->close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_older_copy_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(our_own_changes_are_no_alarm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_commit_survives_the_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newer_schema_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_older_schema_is_migrated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_purge_gives_its_pages_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_file_is_not_touched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rotten_bytes_are_never_served, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
