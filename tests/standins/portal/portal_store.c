#include "tests/standins/portal/portal_store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/sandbox/database.h"
#include "proto/base/time.h"
#include "proto/seal/sha256.h"

enum { DATE_BYTES = 15, VALUE_BYTES = 16 };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS call(number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    " dialect INTEGER NOT NULL, service TEXT NOT NULL, entries INTEGER NOT NULL,"
    " error_code TEXT, misbehaviour TEXT);"
    "CREATE TABLE IF NOT EXISTS dossier(number INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE,"
    " dialect INTEGER NOT NULL, state INTEGER NOT NULL, received TEXT NOT NULL,"
    " body TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
    " updates INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS state_change(number INTEGER PRIMARY KEY, code TEXT NOT NULL,"
    " from_state INTEGER NOT NULL, to_state INTEGER NOT NULL, source_time TEXT NOT NULL,"
    " via TEXT NOT NULL, call INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS progress(number INTEGER PRIMARY KEY, code TEXT NOT NULL,"
    " state INTEGER NOT NULL, source_time TEXT NOT NULL, content TEXT NOT NULL,"
    " body TEXT NOT NULL, call INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS progress_code ON progress(code, number);"
    "CREATE TABLE IF NOT EXISTS record(code TEXT NOT NULL, service TEXT NOT NULL,"
    " digest BLOB NOT NULL, times INTEGER NOT NULL, PRIMARY KEY(code, service, digest))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS refusal(call INTEGER NOT NULL, entry INTEGER NOT NULL,"
    " code TEXT NOT NULL, error_code TEXT NOT NULL, field TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
    "PRAGMA synchronous=NORMAL;";

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    CALL_INSERT,
    CALL_END,
    DOSSIER_FIND,
    DOSSIER_INSERT,
    DOSSIER_UPDATE,
    DOSSIER_STATE,
    CHANGE_INSERT,
    PROGRESS_INSERT,
    PROGRESS_LIST,
    RECORD_COUNT,
    REFUSAL_INSERT,
    PERIOD_LIST,
    COUNTER_NEXT,
    STATEMENT_COUNT,
};

static const char *const texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [CALL_INSERT] = "INSERT INTO call(at_ms, dialect, service, entries) VALUES(?1, ?2, ?3, ?4)",
    [CALL_END] = "UPDATE call SET error_code = ?1, misbehaviour = ?2 WHERE number = ?3",
    [DOSSIER_FIND] = "SELECT state, number, body, received FROM dossier WHERE code = ?1",
    [DOSSIER_INSERT] = "INSERT INTO dossier(code, dialect, state, received, body, created_ms,"
                       " updated_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    [DOSSIER_UPDATE] = "UPDATE dossier SET state = ?1, body = ?2, received = ?3, updated_ms = ?4,"
                       " updates = updates + 1 WHERE code = ?5",
    [DOSSIER_STATE] = "UPDATE dossier SET state = ?1, updated_ms = ?2 WHERE code = ?3",
    [CHANGE_INSERT] = "INSERT INTO state_change(code, from_state, to_state, source_time, via, call)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [PROGRESS_INSERT] = "INSERT INTO progress(code, state, source_time, content, body, call)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [PROGRESS_LIST] = "SELECT body FROM progress WHERE code = ?1 ORDER BY number",
    [RECORD_COUNT] = "INSERT INTO record(code, service, digest, times) VALUES(?1, ?2, ?3, 1)"
                     " ON CONFLICT DO UPDATE SET times = times + 1",
    [REFUSAL_INSERT] = "INSERT INTO refusal(call, entry, code, error_code, field)"
                       " VALUES(?1, ?2, ?3, ?4, ?5)",
    [PERIOD_LIST] = "SELECT code, state, body FROM dossier WHERE code > ?1 AND received >= ?2"
                    " AND received <= ?3 ORDER BY code LIMIT ?4",
    [COUNTER_NEXT] = "INSERT INTO counter(name, value) VALUES(?1, 1)"
                     " ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
};

struct portal_store {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    pthread_mutex_t lock;
    enum portal_dialect dialect; /* of the call under way, here and below */
    char service[64];
    int64_t call;
    int64_t now_ms;
    bool is_broken; /* a statement failed: the call is rolled back at its end */
};

bool portal_store_open(const char *path, struct portal_store **ret_store)
{
    struct portal_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return false;
    bool opened = pthread_mutex_init(&store->lock, NULL) == 0 &&
                  database_open(path, schema, false, &store->database);
    for (int i = 0; opened && i < STATEMENT_COUNT; i++)
        opened = sqlite3_prepare_v3(store->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &store->statements[i], NULL) == SQLITE_OK;
    if (!opened) {
        portal_store_close(&store);
        return false;
    }
    *ret_store = store;
    return true;
}

void portal_store_close(struct portal_store **store)
{
    struct portal_store *gone = *store;
    *store = NULL;
    if (gone == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(gone->statements[i]);
    (void)sqlite3_close(gone->database);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

/* ---- statements --------------------------------------------------------------------------- */

static sqlite3_stmt *take(struct portal_store *store, enum statement which)
{
    sqlite3_stmt *statement = store->statements[which];
    (void)sqlite3_reset(statement);
    return statement;
}

static void bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
    (void)sqlite3_bind_text(statement, parameter, text, -1, SQLITE_TRANSIENT);
}

/* Runs a statement that gives no rows. */
static bool run(struct portal_store *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    if (result == SQLITE_DONE)
        return true;
    store->is_broken = true;
    (void)fprintf(stderr, "portal: database: %s\n", sqlite3_errmsg(store->database));
    return false;
}

/* ---- calls -------------------------------------------------------------------------------- */

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool portal_store_begin(struct portal_store *store, enum portal_dialect dialect,
                        const char *service, size_t entries)
{
    pthread_mutex_lock(&store->lock);
    store->dialect = dialect;
    store->is_broken = false;
    store->now_ms = wall_ms();
    (void)snprintf(store->service, sizeof store->service, "%s", service);
    if (run(store, take(store, BEGIN))) {
        sqlite3_stmt *statement = take(store, CALL_INSERT);
        (void)sqlite3_bind_int64(statement, 1, store->now_ms);
        (void)sqlite3_bind_int64(statement, 2, dialect);
        bind_text(statement, 3, store->service);
        (void)sqlite3_bind_int64(statement, 4, (int64_t)entries);
        if (run(store, statement)) {
            store->call = sqlite3_last_insert_rowid(store->database);
            return true;
        }
        (void)run(store, take(store, ROLLBACK));
    }
    pthread_mutex_unlock(&store->lock);
    return false;
}

bool portal_store_end(struct portal_store *store, const char *error_code, const char *misbehaviour)
{
    sqlite3_stmt *statement = take(store, CALL_END);
    bind_text(statement, 1, error_code);
    bind_text(statement, 2, misbehaviour);
    (void)sqlite3_bind_int64(statement, 3, store->call);
    bool kept = run(store, statement) && !store->is_broken && run(store, take(store, COMMIT));
    if (!kept)
        (void)run(store, take(store, ROLLBACK));
    pthread_mutex_unlock(&store->lock);
    return kept;
}

void portal_store_refuse(struct portal_store *store, size_t entry, const char *code,
                         const char *error_code, const char *field)
{
    sqlite3_stmt *statement = take(store, REFUSAL_INSERT);
    (void)sqlite3_bind_int64(statement, 1, store->call);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)entry);
    bind_text(statement, 3, code);
    bind_text(statement, 4, error_code);
    bind_text(statement, 5, field);
    (void)run(store, statement);
}

/* ---- entries ------------------------------------------------------------------------------ */

/* The present state; PORTAL_NONE when the dossier is not known. */
static int state_of(struct portal_store *store, const char *code)
{
    sqlite3_stmt *statement = take(store, DOSSIER_FIND);
    bind_text(statement, 1, code);
    int state =
        sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : PORTAL_NONE;
    (void)sqlite3_reset(statement);
    return state;
}

/* yyyyMMddHHmmss in local time, of either dialect's date. */
static void local_date(const char *text, char ret_date[DATE_BYTES])
{
    char moment[TIME_TEXT_BYTES];
    struct stamp stamp;
    size_t size = 0;
    if (stamp_parse(bytes_of_text(text), &stamp)) {
        stamp.offset_minutes = VIETNAM_OFFSET_MINUTES;
        stamp_format(stamp, moment);
        text = moment;
    }
    for (; *text != 0 && size < DATE_BYTES - 1; text++)
        if (*text >= '0' && *text <= '9')
            ret_date[size++] = *text;
    ret_date[size] = 0;
}

/* When the change happened at the sender, as far as the entry says so. */
static const char *source_time(const json_t *entry, int state)
{
    static const char *const dates[] = {
        [PORTAL_RECEIVED] = "NgayTiepNhan",
        [PORTAL_NOT_RECEIVED] = "NgayTuChoi",
        [PORTAL_DONE] = "NgayKetThucXuLy",
        [PORTAL_RETURNED] = "NgayTra",
    };
    const char *at = portal_text(entry, "ThoiDiemXuLy");
    if (at[0] == 0 && dates[state] != NULL)
        at = portal_text(entry, dates[state]);
    return at;
}

static void note_change(struct portal_store *store, const char *code, int from, int to,
                        const json_t *entry)
{
    if (from == to)
        return;
    sqlite3_stmt *statement = take(store, CHANGE_INSERT);
    bind_text(statement, 1, code);
    (void)sqlite3_bind_int64(statement, 2, from);
    (void)sqlite3_bind_int64(statement, 3, to);
    bind_text(statement, 4, source_time(entry, to));
    bind_text(statement, 5, store->service);
    (void)sqlite3_bind_int64(statement, 6, store->call);
    (void)run(store, statement);
}

/* Counts how often these very bytes were taken for this dossier. */
static void count_record(struct portal_store *store, const char *code, const char *text)
{
    struct digest digest;
    struct bytes part = bytes_of_text(text);
    sqlite3_stmt *statement = take(store, RECORD_COUNT);
    sha256_parts(&part, 1, &digest);
    bind_text(statement, 1, code);
    bind_text(statement, 2, store->service);
    (void)sqlite3_bind_blob(statement, 3, digest.bytes, sizeof digest.bytes, SQLITE_TRANSIENT);
    (void)run(store, statement);
}

static void put_record(struct portal_store *store, const char *code, bool is_new, int state,
                       const json_t *entry, const char *text)
{
    char received[DATE_BYTES];
    local_date(portal_text(entry, "NgayTiepNhan"), received);
    sqlite3_stmt *statement = take(store, is_new ? DOSSIER_INSERT : DOSSIER_UPDATE);
    int parameter = 1;
    if (is_new) {
        bind_text(statement, parameter++, code);
        (void)sqlite3_bind_int64(statement, parameter++, store->dialect);
        (void)sqlite3_bind_int64(statement, parameter++, state);
        bind_text(statement, parameter++, received);
        bind_text(statement, parameter++, text);
        (void)sqlite3_bind_int64(statement, parameter, store->now_ms);
    } else {
        (void)sqlite3_bind_int64(statement, parameter++, state);
        bind_text(statement, parameter++, text);
        bind_text(statement, parameter++, received);
        (void)sqlite3_bind_int64(statement, parameter++, store->now_ms);
        bind_text(statement, parameter, code);
    }
    (void)run(store, statement);
}

static void put_progress(struct portal_store *store, const char *code, int state,
                         const json_t *entry, const char *text)
{
    sqlite3_stmt *statement = take(store, PROGRESS_INSERT);
    bind_text(statement, 1, code);
    (void)sqlite3_bind_int64(statement, 2, state);
    bind_text(statement, 3, portal_text(entry, "ThoiDiemXuLy"));
    bind_text(statement, 4, portal_text(entry, "NoiDungXuLy"));
    bind_text(statement, 5, text);
    (void)sqlite3_bind_int64(statement, 6, store->call);
    (void)run(store, statement);
}

static void put_state(struct portal_store *store, const char *code, int state)
{
    sqlite3_stmt *statement = take(store, DOSSIER_STATE);
    (void)sqlite3_bind_int64(statement, 1, state);
    (void)sqlite3_bind_int64(statement, 2, store->now_ms);
    bind_text(statement, 3, code);
    (void)run(store, statement);
}

const char *portal_store_apply(struct portal_store *store, enum portal_action action,
                               const json_t *entry, int state)
{
    const char *code = portal_text(entry, "MaHoSo");
    int present = state_of(store, code);
    if (action == ACTION_CREATE && present != PORTAL_NONE)
        return PORTAL_EXISTS;
    if (action != ACTION_CREATE && present == PORTAL_NONE)
        return PORTAL_NOT_FOUND;
    if (state == PORTAL_NONE)
        state = present;
    if (!portal_may_go((enum portal_state)present, (enum portal_state)state))
        return PORTAL_TRANSITION;
    char *text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return PORTAL_INTERNAL;
    if (action == ACTION_CREATE || action == ACTION_UPDATE)
        put_record(store, code, action == ACTION_CREATE, state, entry, text);
    else if (state != present)
        put_state(store, code, state);
    if (action == ACTION_PROGRESS)
        put_progress(store, code, state, entry, text);
    note_change(store, code, present, state, entry);
    count_record(store, code, text);
    free(text);
    return PORTAL_OK;
}

/* ---- reading ------------------------------------------------------------------------------ */

static json_t *progress_of(struct portal_store *store, const char *code)
{
    json_t *list = json_array();
    sqlite3_stmt *statement = take(store, PROGRESS_LIST);
    bind_text(statement, 1, code);
    while (sqlite3_step(statement) == SQLITE_ROW)
        (void)json_array_append_new(
            list, json_loads((const char *)sqlite3_column_text(statement, 0), 0, NULL));
    (void)sqlite3_reset(statement);
    return list;
}

static json_t *state_text(int state)
{
    char text[VALUE_BYTES];
    (void)snprintf(text, sizeof text, "%d", state);
    return json_string(text);
}

json_t *portal_store_find(struct portal_store *store, const char *code)
{
    sqlite3_stmt *statement = take(store, DOSSIER_FIND);
    json_t *record = NULL;
    bind_text(statement, 1, code);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        record = json_loads((const char *)sqlite3_column_text(statement, 2), 0, NULL);
        (void)json_object_set_new(record, "TrangThaiHoSo",
                                  state_text(sqlite3_column_int(statement, 0)));
    }
    (void)sqlite3_reset(statement);
    if (record != NULL)
        (void)json_object_set_new(record, "DanhSachTienDo", progress_of(store, code));
    return record;
}

int64_t portal_store_number(struct portal_store *store, const char *code)
{
    sqlite3_stmt *statement = take(store, DOSSIER_FIND);
    bind_text(statement, 1, code);
    int64_t number = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 1) : 0;
    (void)sqlite3_reset(statement);
    return number;
}

int64_t portal_store_number_now(struct portal_store *store, const char *code)
{
    pthread_mutex_lock(&store->lock);
    int64_t number = portal_store_number(store, code);
    pthread_mutex_unlock(&store->lock);
    return number;
}

static json_t *row_of(sqlite3_stmt *statement)
{
    static const char *const kept[] = {"NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra"};
    json_t *row = json_object();
    json_t *record = json_loads((const char *)sqlite3_column_text(statement, 2), 0, NULL);
    (void)json_object_set_new(row, "MaHoSo",
                              json_string((const char *)sqlite3_column_text(statement, 0)));
    (void)json_object_set_new(row, "TrangThaiHoSo", state_text(sqlite3_column_int(statement, 1)));
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (portal_text(record, kept[i])[0] != 0)
            (void)json_object_set(row, kept[i], json_object_get(record, kept[i]));
    json_decref(record);
    return row;
}

json_t *portal_store_list(struct portal_store *store, const char *from, const char *to,
                          const char *after)
{
    json_t *list = json_array();
    sqlite3_stmt *statement = take(store, PERIOD_LIST);
    bind_text(statement, 1, after);
    bind_text(statement, 2, from);
    bind_text(statement, 3, to);
    (void)sqlite3_bind_int64(statement, 4, PORTAL_PAGE);
    while (sqlite3_step(statement) == SQLITE_ROW)
        (void)json_array_append_new(list, row_of(statement));
    (void)sqlite3_reset(statement);
    return list;
}

int64_t portal_store_next_value(struct portal_store *store, const char *counter)
{
    sqlite3_stmt *statement = take(store, COUNTER_NEXT);
    bind_text(statement, 1, counter);
    int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return value;
}

void portal_store_figures(struct portal_store *store, struct portal_figures *ret_figures)
{
    pthread_mutex_lock(&store->lock);
    sqlite3 *database = store->database;
    *ret_figures = (struct portal_figures){
        .dossiers = database_number(database, 0, "SELECT count(*) FROM dossier", ""),
        .state_changes = database_number(database, 0, "SELECT count(*) FROM state_change", ""),
        .progress = database_number(database, 0, "SELECT count(*) FROM progress", ""),
        .calls = database_number(database, 0, "SELECT count(*) FROM call", ""),
        .sent_twice = database_number(database, 0, "SELECT sum(times - 1) FROM record", ""),
    };
    pthread_mutex_unlock(&store->lock);
}
