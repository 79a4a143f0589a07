#include "tests/standins/desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/workers/program.h"
#include "ops/client/adapter_address.h"
#include "ops/sandbox/database.h"
#include "tests/standins/desk/desk_inbox.h"
#include "tests/standins/desk/pdf.h"
#include "tests/standins/desk/upload.h"
#include "routing/calendar/calendar.h"

enum {
    PAPERS_MAX = 3,
    IDLE_MS = 100,
    AT_ONCE = 4, /* dossiers forwarded between two looks into the inbox */
    CODE_BYTES = 64,
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS dossier(number INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE,"
    " agency TEXT NOT NULL, procedure TEXT NOT NULL, message_id TEXT, forwarded_ms INTEGER,"
    " result_ms INTEGER, results INTEGER NOT NULL DEFAULT 0,"
    " progress INTEGER NOT NULL DEFAULT 0, supplements INTEGER NOT NULL DEFAULT 0,"
    " last_sequence INTEGER NOT NULL DEFAULT 0, in_custody INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS dossier_sent ON dossier(forwarded_ms) WHERE in_custody = 0;"
    "CREATE TABLE IF NOT EXISTS event(message_id TEXT PRIMARY KEY, type TEXT NOT NULL,"
    " dossier_code TEXT NOT NULL, sender TEXT NOT NULL, sequence INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL, accepted_ms INTEGER, answer_id TEXT,"
    " answered_ms INTEGER, in_custody INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS event_answered ON event(answered_ms) WHERE in_custody = 0;"
    "CREATE TABLE IF NOT EXISTS fault(row INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
    " dossier_code TEXT NOT NULL);";

struct desk {
    struct desk_options options;
    sqlite3 *database;
    struct http *http;
    uint32_t forwarded;
};

/* ---- forwarding ------------------------------------------------------------------------------ */

/* The catalogue is walked in steps that visit every agency early on. */
static const struct procedure *procedure_of(const struct desk *desk, uint32_t number)
{
    enum { STEP = 137 }; /* prime to the catalogue's size: all are visited once a round */
    size_t count = registry_procedure_count(desk->options.registry);
    return registry_procedure_at(desk->options.registry, (size_t)number * STEP % count);
}

static void code_of(const struct procedure *procedure, uint32_t number, char ret_code[CODE_BYTES])
{
    const char *official = procedure->agency->official_code;
    (void)snprintf(ret_code, CODE_BYTES, "%s-261124-%04u", official[0] != 0 ? official : "H38",
                   number);
}

/* Sizes are spread evenly over their orders of magnitude: many small papers, few large scans. */
static size_t size_of(const struct desk *desk, uint64_t *seed)
{
    uint64_t low = desk->options.file_bytes_min;
    uint64_t high = desk->options.file_bytes_max;
    uint64_t size = low;
    while (size * 2 <= high && sandbox_draw(seed) % 8 != 0)
        size *= 2;
    uint64_t room = size * 2 <= high ? size : high - size;
    return (size_t)(size + (room > 0 ? sandbox_draw(seed) % room : 0));
}

static json_t *upload_papers(struct desk *desk, uint32_t number, const char *code)
{
    uint64_t seed = number;
    uint64_t papers = 1 + sandbox_draw(&seed) % PAPERS_MAX;
    json_t *list = json_array();
    struct buffer file;
    buffer_init(&file, (size_t)desk->options.file_bytes_max + 64 * 1024);
    for (uint64_t i = 0; i < papers; i++) {
        char digest[DIGEST_TEXT_BYTES];
        char name[CODE_BYTES + 16];
        buffer_clear(&file);
        (void)snprintf(name, sizeof name, "%s-%llu.pdf", code, (unsigned long long)i + 1);
        if (!pdf_make(&file, name, size_of(desk, &seed), sandbox_draw(&seed)) ||
            !sandbox_upload(desk->http, buffer_view(&file), digest)) {
            json_decref(list);
            list = NULL;
            break;
        }
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "sha256", digest, "name",
                                                    name, "media_type", "application/pdf"));
    }
    buffer_release(&file);
    return list;
}

/* By law: working days from when the clock of what is received now starts. */
static wall_t due_of(const struct desk *desk, const struct procedure *procedure, wall_t now)
{
    const struct calendar *calendar = registry_calendar(desk->options.registry);
    wall_t due = now;
    if (!calendar_processing_start(calendar, now, &due) ||
        !calendar_add_working_days(calendar, due, procedure->processing_days, &due))
        return now;
    return due;
}

static json_t *transfer_of(const struct desk *desk, const struct procedure *procedure,
                           const char *code, json_t *papers)
{
    wall_t now = program_wall();
    json_t *body = json_pack(
        "{s:s, s:{s:s, s:s, s:i, s:i, s:s}, s:s, s:i, s:I, s:I, s:{s:s}}", "procedure_name",
        procedure->name_vi, "owner", "name", "Nguyễn Văn Mẫu", "identity_number", "000000000000",
        "identity_kind", 1, "owner_kind", 1, "address", "Phường Mẫu, Lào Cai", "summary",
        "Hồ sơ mẫu", "channel", 2, "received_ms", (json_int_t)now.ms, "due_ms",
        (json_int_t)due_of(desk, procedure, now).ms, "received_by", "name", "Cán bộ một cửa");
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "type", "transfer", "dossier_code", code,
                     "procedure_code", procedure->code, "body", body, "attachments", papers);
}

static bool forward(struct desk *desk, uint32_t number)
{
    const struct procedure *procedure = procedure_of(desk, number);
    char code[CODE_BYTES];
    struct api_reply reply = {0};
    code_of(procedure, number, code);
    if (!database_do(desk->database,
                     "INSERT OR IGNORE INTO dossier(number, code, agency, procedure) "
                     "VALUES(?1, ?2, ?3, ?4)",
                     "ittt", (int64_t)number, code, procedure->agency->key.text, procedure->code))
        return false;
    json_t *papers = upload_papers(desk, number, code);
    if (papers == NULL)
        return false;
    json_t *transfer = transfer_of(desk, procedure, code, papers);
    struct api_call request = {
        .method = "POST", .path = "/v1/messages", .body = transfer, .idempotency_key = code};
    bool sent = transfer != NULL && http_call(desk->http, &request, &reply) == REASON_NONE &&
                reply.status == 202;
    if (sent)
        sent =
            database_do(desk->database,
                        "UPDATE dossier SET message_id = ?1, forwarded_ms = ?2 WHERE number = ?3",
                        "tii", json_string_value(json_object_get(reply.body, "message_id")),
                        program_wall().ms, (int64_t)number);
    api_reply_release(&reply);
    json_decref(transfer);
    return sent;
}

/* What went a while ago and is not known to be in custody: it is sent again when it is gone. */
static bool follow_up(struct desk *desk)
{
    enum { CUSTODY_MS = 1000 };
    char id[CODE_BYTES] = "";
    int64_t before = program_wall().ms - CUSTODY_MS;
    sqlite3_stmt *row = database_prepare(desk->database,
                                         "SELECT number, message_id FROM dossier WHERE in_custody "
                                         "= 0 AND forwarded_ms < ?1 ORDER BY forwarded_ms LIMIT 1",
                                         "i", before);
    int64_t number = 0;
    if (row != NULL && sqlite3_step(row) == SQLITE_ROW) {
        number = sqlite3_column_int64(row, 0);
        (void)snprintf(id, sizeof id, "%s", (const char *)sqlite3_column_text(row, 1));
    }
    (void)sqlite3_finalize(row);
    if (number == 0)
        return desk_follow_up(desk->database, desk->http, before);
    enum sandbox_custody custody = sandbox_ask_custody(desk->http, id);
    if (custody == SANDBOX_GONE)
        return forward(desk, (uint32_t)number);
    return custody != SANDBOX_UNREACHABLE &&
           database_do(desk->database,
                       "UPDATE dossier SET in_custody = ?1, forwarded_ms = forwarded_ms + ?2 "
                       "WHERE number = ?3",
                       "iii", (int64_t)(custody == SANDBOX_IN_CUSTODY),
                       (int64_t)(custody == SANDBOX_IN_CUSTODY ? 0 : CUSTODY_MS), number) &&
           desk_follow_up(desk->database, desk->http, before);
}

/* ---- a round --------------------------------------------------------------------------------- */

static bool connect_desk(struct desk *desk)
{
    struct adapter_address address;
    if (desk->http != NULL)
        return true;
    if (adapter_locate(desk->options.adapter, NULL, &address) != REASON_NONE)
        return false;
    struct http_options options = {
        .base_url = address.base_url, .socket = address.socket, .token = address.token};
    return http_new(&options, &desk->http) == REASON_NONE;
}

/* False: the adapter did not answer; connect again. ret_busy: there was something to do. */
static bool work(struct desk *desk, bool *ret_busy)
{
    bool found = false;
    int at_once = desk->options.forward_delay_ms > 0 ? 1 : (int)AT_ONCE;
    for (int i = 0; i < at_once && desk->forwarded < desk->options.dossiers; i++) {
        if (!forward(desk, desk->forwarded + 1))
            return false;
        desk->forwarded++;
        *ret_busy = desk->options.forward_delay_ms == 0;
    }
    bool read = desk_read_inbox(desk->database, desk->http, &found) && follow_up(desk);
    *ret_busy = *ret_busy || found;
    return read;
}

uint32_t desk_work(struct desk *desk)
{
    bool is_busy = false;
    if (!connect_desk(desk) || !work(desk, &is_busy))
        http_destroy(&desk->http); /* the adapter may come back at another port */
    if (is_busy)
        return 0;
    return desk->options.forward_delay_ms > 0 ? desk->options.forward_delay_ms : (uint32_t)IDLE_MS;
}

bool desk_open(const struct desk_options *options, struct desk **ret_desk)
{
    char path[PATH_BYTES_MAX];
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return false;
    desk->options = *options;
    if (!path_make(path, "%s/desk.sqlite", options->directory) ||
        folder_make(options->directory, 0700) != REASON_NONE ||
        !database_open(path, schema, false, &desk->database)) {
        free(desk);
        return false;
    }
    /* Numbers are forwarded in order: the first that was not is where to go on. */
    desk->forwarded = (uint32_t)database_number(
        desk->database, 0, "SELECT count(*) FROM dossier WHERE forwarded_ms IS NOT NULL", "");
    *ret_desk = desk;
    return true;
}

void desk_close(struct desk **desk)
{
    http_destroy(&(*desk)->http);
    (void)sqlite3_close((*desk)->database);
    free(*desk);
    *desk = NULL;
}
