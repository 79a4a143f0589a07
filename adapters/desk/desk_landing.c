/* The first page: agencies by the age of what waits for them, and how many dossiers each saved view
 * has. */
#include "adapters/desk/desk.h"

#include <string.h>

#include "adapters/desk/dossier_search.h"
#include "adapters/desk/message_row.h"
#include "gateway/workers/program.h"
#include "routing/registry/registry.h"

enum { HOUR_MS = 60 * 60 * 1000, DAY_MS = 24 * HOUR_MS, BUCKETS = 5 };

/* Two dozen agencies: a walk is faster than a table. */
static json_t *find(json_t *agencies, const char *key)
{
    json_t *agency;
    size_t i;
    json_array_foreach(agencies, i, agency)
    {
        const char *name = json_string_value(json_object_get(agency, "key"));
        if (name != NULL && strcmp(name, key) == 0)
            return agency;
    }
    return NULL;
}

/* In words, with a name for programs: no state is told by a colour alone. */
static bool put_state(json_t *agency, const char *state)
{
    static const struct {
        const char *name, *vietnamese, *english;
    } states[] = {{"idle", "Không có gì chờ", "Nothing waits"},
                  {"moving", "Đang chuyển", "Moving"},
                  {"waiting", "Có việc chờ lâu", "Something waits long"},
                  {"held", "Đang tạm giữ", "Held"},
                  {"stuck", "Tắc", "Stuck"}};
    bool ok = true;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(states[i].name, state) == 0)
            ok = put_word(agency, "state", state) &&
                 put_word(agency, "state_vi", states[i].vietnamese) &&
                 put_word(agency, "state_en", states[i].english);
    }
    return ok;
}

/* An agency for which nothing waits is a row too: that nothing is missing must be seen, not
 * concluded. */
static json_t *empty_agency(const struct desk *desk, const struct agency *agency)
{
    json_t *object = json_object();
    bool ok = put_word(object, "key", agency->key.text) &&
              put_agency_name(object, "name", desk->registry, agency->key.text) &&
              put_state(object, "idle") && json_put(object, "waiting", json_integer(0)) &&
              json_put(object, "buckets", json_pack("[i,i,i,i,i]", 0, 0, 0, 0, 0)) &&
              json_put(object, "failed_today", json_integer(0));
    return json_whole(object, ok);
}

/* Those of the registry that are in force today, in its order. One that ended has no row, and
 * what still waits for it is in the list of dossiers. */
static json_t *agencies_json(const struct desk *desk, wall_t now)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < registry_agency_count(desk->registry); i++) {
        const struct agency *agency = registry_agency_at(desk->registry, i);
        bool is_shown = agency->role == ROLE_AGENCY && agency_in_force(agency, day_of(now));
        ok = !is_shown || json_array_append_new(list, empty_agency(desk, agency)) == 0;
    }
    return json_whole(list, ok);
}

/* Columns: recipient, count, oldest, five buckets, held. */
static bool put_waiting(json_t *agency, sqlite3_stmt *row, wall_t now)
{
    int64_t oldest_ms = sqlite3_column_int64(row, 2);
    json_t *buckets = json_array();
    bool ok = buckets != NULL;
    for (int i = 0; ok && i < BUCKETS; i++)
        ok = json_array_append_new(buckets, json_integer(sqlite3_column_int64(row, 3 + i))) == 0;
    const char *state = now.ms - oldest_ms >= 4 * HOUR_MS ? "waiting" : "moving";
    if (sqlite3_column_int64(row, 3 + BUCKETS) > 0)
        state = "held";
    return json_put(agency, "buckets", buckets) && ok &&
           json_put(agency, "waiting", json_integer(sqlite3_column_int64(row, 1))) &&
           put_ms(agency, "oldest", oldest_ms) && put_state(agency, state);
}

/* One statement for all agencies, over what waits alone: the index has no ended messages in it,
 * so that it does not grow with history. */
static bool put_all_waiting(struct desk *desk, json_t *agencies, wall_t now)
{
    bool ok = true;
    sqlite3_stmt *row =
        book_ask(&desk->book, BOOK_WAITING, "iiii", now.ms - HOUR_MS, now.ms - 4 * HOUR_MS,
                 now.ms - DAY_MS, now.ms - INT64_C(3) * DAY_MS);
    while (ok && book_next(&desk->book, row)) {
        json_t *agency = find(agencies, book_text(row, 0));
        ok = agency == NULL || put_waiting(agency, row, now);
    }
    book_end(row);
    return ok;
}

/* Since midnight in Vietnam: what came to nothing today is what somebody has to look at today. */
static bool put_all_failed(struct desk *desk, json_t *agencies, wall_t now)
{
    int64_t local_ms = now.ms + VIETNAM_OFFSET_MINUTES * INT64_C(60000);
    bool ok = true;
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_FAILED_SINCE, "i", now.ms - local_ms % DAY_MS);
    while (ok && book_next(&desk->book, row)) {
        json_t *agency = find(agencies, book_text(row, 0));
        ok = agency == NULL ||
             json_put(agency, "failed_today", json_integer(sqlite3_column_int64(row, 1)));
    }
    book_end(row);
    return ok;
}

/* Why the oldest waits, and whose turn it is; what it heard from them last. */
static bool put_cause(struct desk *desk, json_t *agency)
{
    const char *key = json_string_value(json_object_get(agency, "key"));
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_WAITING_OLDEST, "t", key);
    bool ok = true;
    if (book_next(&desk->book, row))
        ok = put_reason_code(agency, book_text(row, 0)) && put_turn(agency, book_text(row, 1)) &&
             (strcmp(book_text(row, 2), "deferred") != 0 || put_state(agency, "stuck"));
    book_end(row);
    row = book_ask(&desk->book, BOOK_LAST_RECEIPT, "t", key);
    if (ok && book_next(&desk->book, row))
        ok = put_ms(agency, "last_receipt", sqlite3_column_int64(row, 0));
    book_end(row);
    return ok;
}

/* Each count is bounded (DOSSIER_COUNT_MAX + 1) and by an index. */
static json_t *views_json(struct desk *desk, wall_t now)
{
    json_t *views = json_object();
    bool ok = views != NULL;
    for (int i = 0; ok && i < DOSSIER_VIEWS; i++) {
        struct dossier_query query;
        dossier_query_init(&query);
        (void)dossier_query_view(&query, dossier_views[i], now);
        (void)dossier_query_sort(&query, "last", "");
        ok = json_put(views, dossier_views[i],
                      json_integer(dossier_search_count(&desk->book, &query)));
    }
    return json_whole(views, ok);
}

json_t *desk_agencies_json(struct desk *desk, wall_t now)
{
    json_t *agencies = agencies_json(desk, now), *agency;
    size_t i;
    bool ok = agencies != NULL && put_all_waiting(desk, agencies, now) &&
              put_all_failed(desk, agencies, now);
    json_array_foreach(agencies, i, agency)
    {
        ok = ok && put_cause(desk, agency);
    }
    return json_whole(agencies, ok);
}

void landing_get(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    wall_t now = program_wall();
    json_t *object = json_object();
    bool ok = json_put(object, "agencies", desk_agencies_json(desk, now));
    ok = ok && json_put(object, "views", views_json(desk, now)) &&
         json_put(object, "has_gateway",
                  json_boolean(upstream_has(desk->upstream, UPSTREAM_GATEWAY))) &&
         json_put(object, "adapter", desk_adapter_json(desk));
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
