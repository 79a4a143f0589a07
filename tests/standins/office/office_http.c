/* The operations that the centre calls. A message is accepted in one transaction: its row, the
 * dossier, its papers and the work that follows. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "ops/sandbox/database.h"
#include "tests/standins/office/office.h"

enum { REQUEST_BYTES_MAX = 1024 * 1024, PAPERS_MAX = 64, NUMBER_BYTES = 64 };

struct request {
    struct buffer body;
};

struct answer {
    unsigned int status;
    bool is_yes;               /* Result */
    char number[NUMBER_BYTES]; /* SoBienNhan */
    const char *message;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* ---- papers ---------------------------------------------------------------------------------- */

static const char *link_of(const json_t *paper)
{
    const char *link = text_of(paper, "LinkFile");
    return link[0] != 0 ? link : text_of(json_object_get(paper, "TapTin"), "LinkFile");
}

/* Downloads one paper and checks it against the digest that came with it. */
static bool fetch_paper(struct http *http, const json_t *paper, uint64_t *ret_size_bytes)
{
    const char *link = link_of(paper);
    struct digest expected;
    struct digest actual;
    long status = 0;
    return link[0] != 0 && digest_parse(bytes_of_text(text_of(paper, "MaBam")), &expected) &&
           http_get_file(http, link, -1, &status, &actual, ret_size_bytes) == REASON_NONE &&
           status == 200 && digest_equal(&expected, &actual);
}

static bool fetch_papers(struct office *office, const json_t *papers, uint64_t *ret_sizes)
{
    struct http *http = NULL;
    size_t index;
    const json_t *paper;
    if (json_array_size(papers) == 0)
        return true;
    if (json_array_size(papers) > PAPERS_MAX || !office_connect(office, &http))
        return false;
    bool fetched = true;
    json_array_foreach(papers, index, paper)
    {
        fetched = fetched && fetch_paper(http, paper, &ret_sizes[index]);
    }
    http_destroy(&http);
    return fetched;
}

static bool keep_papers(struct office *office, const char *message_id, const json_t *papers,
                        const uint64_t *sizes)
{
    size_t index;
    const json_t *paper;
    bool kept = true;
    json_array_foreach(papers, index, paper)
    {
        kept = kept && database_do(office->database,
                                   "INSERT INTO paper(message_id, name, size_bytes, link) "
                                   "VALUES(?1, ?2, ?3, ?4)",
                                   "ttit", message_id, text_of(paper, "TenGiayTo"),
                                   (int64_t)sizes[index], link_of(paper));
    }
    return kept;
}

/* ---- operations ------------------------------------------------------------------------------ */

static bool find_number(struct office *office, const char *message_id, char *ret_number)
{
    sqlite3_stmt *row = database_prepare(
        office->database, "SELECT number FROM accepted WHERE message_id = ?1 LIMIT 1", "t",
        message_id);
    bool found = row != NULL && sqlite3_step(row) == SQLITE_ROW;
    if (found)
        (void)snprintf(ret_number, NUMBER_BYTES, "%s", (const char *)sqlite3_column_text(row, 0));
    (void)sqlite3_finalize(row);
    return found;
}

enum manner { MANNER_GOOD, MANNER_BREAKS, MANNER_REFUSES, MANNER_WAITS };

/* How that dossier is treated; the lock is held. */
static enum manner manner_of(struct office *office, const char *dossier_code)
{
    return (enum manner)database_number(
        office->database, MANNER_GOOD,
        "SELECT 1 + (manner <> 'breaks') + (manner = 'waits') FROM manners WHERE dossier_code = ?1",
        "t", dossier_code);
}

/* The same once it no longer waits. */
static enum manner await_manner(struct office *office, const char *dossier_code)
{
    enum { LOOK_MS = 50 };
    enum manner manner = manner_of(office, dossier_code);
    while (manner == MANNER_WAITS && !office->is_stopping) {
        office_wait(office, LOOK_MS);
        manner = manner_of(office, dossier_code);
    }
    return manner;
}

static bool record(struct office *office, const char *operation, const json_t *request,
                   const char *number)
{
    const char *code = text_of(request, "MaHoSoMotCua");
    const char *message_id = text_of(request, "MaThongDiep");
    if (!database_do(office->database,
                     "INSERT INTO accepted(message_id, operation, dossier_code, number, at_ms) "
                     "VALUES(?1, ?2, ?3, ?4, ?5)",
                     "tttti", message_id, operation, code, number, office_wall_ms()))
        return false;
    if (strcmp(operation, "TiepNhanHoSo") == 0)
        return database_do(office->database,
                           "INSERT OR IGNORE INTO dossier(dossier_code, message_id, "
                           "received_ms, state) VALUES(?1, ?2, ?3, 'received')",
                           "tti", code, message_id, office_wall_ms()) &&
               office_plan_work(office, code);
    if (strcmp(operation, "CapNhatTrangThaiBoSungHoSo") == 0)
        return office_plan_result(office, code);
    return true;
}

static struct answer accept_message(struct office *office, const char *operation,
                                    const json_t *request)
{
    struct answer answer = {.status = MHD_HTTP_OK, .is_yes = true, .message = "OK"};
    uint64_t sizes[PAPERS_MAX] = {0};
    const char *message_id = text_of(request, "MaThongDiep");
    const json_t *papers = json_object_get(request, "DanhSachGiayToDinhKem");
    if (papers == NULL)
        papers = json_object_get(request, "DanhSachGiayToBoSung");
    if (message_id[0] == 0 || text_of(request, "MaHoSoMotCua")[0] == 0)
        return (struct answer){.status = MHD_HTTP_BAD_REQUEST, .message = "MaThongDiep?"};
    pthread_mutex_lock(&office->lock);
    enum manner manner = await_manner(office, text_of(request, "MaHoSoMotCua"));
    bool known = find_number(office, message_id, answer.number);
    pthread_mutex_unlock(&office->lock);
    if (manner == MANNER_REFUSES)
        return (struct answer){.status = MHD_HTTP_OK, .message = "Thiếu chữ ký của chủ hồ sơ"};
    if (manner != MANNER_GOOD)
        return (struct answer){.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .message = "NULL"};
    if (known) {
        answer.status = MHD_HTTP_CONFLICT;
        answer.is_yes = false;
        return answer;
    }
    if (!fetch_papers(office, papers, sizes))
        return (struct answer){.status = MHD_HTTP_SERVICE_UNAVAILABLE, .message = "LinkFile?"};
    pthread_mutex_lock(&office->lock);
    int64_t last = database_number(office->database, 0, "SELECT count(*) FROM accepted", "");
    (void)snprintf(answer.number, sizeof answer.number, "BN-%s-%06lld", office->options.agency,
                   (long long)last + 1);
    bool kept = database_run(office->database, "BEGIN IMMEDIATE") &&
                record(office, operation, request, answer.number) &&
                keep_papers(office, message_id, papers, sizes) &&
                database_run(office->database, "COMMIT");
    if (!kept)
        (void)database_run(office->database, "ROLLBACK");
    pthread_cond_broadcast(&office->work);
    pthread_mutex_unlock(&office->lock);
    if (!kept)
        answer = (struct answer){.status = MHD_HTTP_INTERNAL_SERVER_ERROR, .message = "store"};
    return answer;
}

static struct answer look_up(struct office *office, const char *message_id)
{
    struct answer answer = {.status = MHD_HTTP_OK, .is_yes = true, .message = "OK"};
    pthread_mutex_lock(&office->lock);
    answer.is_yes = find_number(office, message_id, answer.number);
    pthread_mutex_unlock(&office->lock);
    return answer;
}

static struct answer serve(struct office *office, struct MHD_Connection *connection,
                           const char *url, const char *method, struct bytes body)
{
    static const char *const operations[] = {"TiepNhanHoSo",
                                             "CapNhatTrangThaiBoSungHoSo",
                                             "CapNhatKetQuaTraHoSo",
                                             "PhanHoiHoSoSaiKetQua",
                                             "RutHoSo",
                                             "ThongDiep"};
    const char *operation = strrchr(url, '/') == NULL ? url : strrchr(url, '/') + 1;
    if (strcmp(operation, "TraCuuHoSo") == 0) {
        const char *id =
            MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "MaThongDiep");
        return look_up(office, id == NULL ? "" : id);
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operation, operations[i]) != 0 || strcmp(method, "POST") != 0)
            continue;
        json_t *request = json_loadb((const char *)body.data, body.size, 0, NULL);
        struct answer answer =
            request == NULL ? (struct answer){.status = MHD_HTTP_BAD_REQUEST, .message = "JSON?"}
                            : accept_message(office, operation, request);
        json_decref(request);
        return answer;
    }
    return (struct answer){.status = MHD_HTTP_NOT_FOUND, .message = "?"};
}

/* ---- libmicrohttpd --------------------------------------------------------------------------- */

static enum MHD_Result reply(struct MHD_Connection *connection, const struct answer *answer)
{
    json_t *document = json_pack("{s:i, s:s, s:s}", "Result", answer->is_yes ? 1 : 0, "Message",
                                 answer->message, "SoBienNhan", answer->number);
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (text == NULL)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    struct request *request = *state;
    (void)version;
    if (request == NULL) {
        request = calloc(1, sizeof *request);
        if (request == NULL)
            return MHD_NO;
        buffer_init(&request->body, REQUEST_BYTES_MAX);
        *state = request;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        bool fits =
            buffer_append(&request->body, (struct bytes){(const uint8_t *)upload, *upload_size});
        *upload_size = 0;
        return fits ? MHD_YES : MHD_NO;
    }
    struct answer answer = serve(context, connection, url, method, buffer_view(&request->body));
    return reply(connection, &answer);
}

static void completed(void *context, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct request *request = *state;
    if (request == NULL)
        return;
    buffer_release(&request->body);
    free(request);
    *state = NULL;
}

bool office_http_start(struct office *office)
{
    enum { THREADS = 4, IDLE_SECONDS = 60 };
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(office->options.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    office->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, office->options.port, NULL, NULL, handle, office,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned int)THREADS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_SECONDS,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    return office->daemon != NULL;
}

void office_http_stop(struct office *office)
{
    if (office->daemon != NULL)
        MHD_stop_daemon(office->daemon);
    office->daemon = NULL;
}
