/* When dossiers are due: filled in and checked where a message is made, and shown. The rules are
 * those of routing/deadline, with the law that they come from; the clock itself is kept by
 * core/session_deadline.c. Nothing here is written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/api/local_api_parts.h"
#include "gateway/workers/program.h"
#include "routing/registry/registry.h"
#include "schema/body.pb-c.h"

/* ---- where a message is made ---- */

/* The appointment that the law gives, where the draft leaves it out; never one that is later. Of a
 * procedure that is made up (sample) nobody knows the law. */
static enum reason fill_transfer(const struct registry *registry, const struct envelope *draft,
                                 Lienthong__V1__Transfer *transfer, const char **ret_field)
{
    const struct procedure *procedure = registry_procedure(registry, draft->procedure_code);
    const struct calendar *calendar = registry_calendar(registry);
    wall_t law;
    *ret_field = "body.due_ms";
    if (transfer->received_ms == 0)
        transfer->received_ms =
            draft->source_time.at.ms != 0 ? draft->source_time.at.ms : program_wall().ms;
    if (transfer->due_ms != 0 && transfer->due_ms < transfer->received_ms)
        return REASON_DUE_BEFORE_RECEPTION;
    if (procedure == NULL || !deadline_by_law(calendar, (wall_t){transfer->received_ms},
                                              procedure->processing_days, &law))
        return REASON_NONE;
    if (transfer->due_ms == 0)
        transfer->due_ms = law.ms;
    bool is_later =
        deadline_is_later(law, (wall_t){transfer->due_ms}) && calendar_knows(calendar, day_of(law));
    return is_later && !procedure->sample ? REASON_DUE_LATER_THAN_LAW : REASON_NONE;
}

/* As the clock will stand when this message has been sent. */
static wall_t due_after(const struct registry *registry, const struct deadline *before,
                        enum message_type type, int64_t happened_ms)
{
    struct deadline after = *before;
    const struct deadline_event event = {
        .type = type, .moments = {.happened = {happened_ms}}, .at = program_wall()};
    (void)deadline_apply(&after, registry_calendar(registry), NULL, &event);
    return after.due;
}

/* Only what the sender left out is filled in, for what he wrote is signed in his name; a
 * contradiction is refused here, where he can still mend it. */
enum reason local_fill_deadline(const struct local_api *api, const struct envelope *draft,
                                struct Lienthong__V1__Body *body, const char **ret_field)
{
    const struct registry *registry = api->options.registry;
    struct store *store = api->options.store;
    struct store_deadline row;
    *ret_field = "body.due_ms";
    if (draft->type == MESSAGE_TYPE_TRANSFER)
        return registry == NULL ? REASON_NONE
                                : fill_transfer(registry, draft, body->transfer, ret_field);
    bool is_extension = draft->type == MESSAGE_TYPE_EXTENSION;
    bool is_end_of_pause =
        draft->type == MESSAGE_TYPE_SUPPLEMENT || draft->type == MESSAGE_TYPE_RESUME;
    if ((!is_extension && !is_end_of_pause) ||
        store->verbs->read_deadline(store, draft->dossier_code, &row) != REASON_NONE)
        return REASON_NONE;
    if (is_extension) {
        if (body->extension->due_before_ms == 0)
            body->extension->due_before_ms = row.deadline.due.ms;
        return deadline_check_extension(&row.deadline, (wall_t){body->extension->due_ms});
    }
    if (registry == NULL || row.deadline.state != DEADLINE_PAUSED)
        return REASON_NONE;
    if (draft->type == MESSAGE_TYPE_RESUME && body->resume->due_ms == 0)
        body->resume->due_ms = due_after(registry, &row.deadline, MESSAGE_TYPE_RESUME, 0).ms;
    if (draft->type == MESSAGE_TYPE_SUPPLEMENT && body->supplement->due_ms == 0) {
        body->supplement->due_before_ms = row.deadline.due.ms;
        body->supplement->due_ms = due_after(registry, &row.deadline, MESSAGE_TYPE_SUPPLEMENT,
                                             body->supplement->received_ms)
                                       .ms;
    }
    return REASON_NONE;
}

/* ---- as people see it ---- */

/* In the order of their bits (routing/deadline/deadline.h). */
static json_t *marks_json(uint32_t marks)
{
    static const char *const names[] = {"provisional", "later_than_law", "extension_late",
                                        "extension_repeated", "supplement_repeated"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((marks & (1U << i)) != 0)
            (void)json_array_append_new(list, json_string(names[i]));
    }
    return list;
}

/* The standing is of the moment of the answer: the store keeps the clock and never what time has
 * made of it. */
json_t *local_deadline_json(const struct store_deadline *row)
{
    const struct deadline *deadline = &row->deadline;
    json_t *json = json_object();
    bool ok = json_put_text(json, "dossier_code", row->dossier_code) &&
              json_put_text(json, "procedure_code", row->procedure_code) &&
              json_put_text(json, "agency", key_bytes(&row->agency)) &&
              json_put(json, "standing",
                       json_string(
                           deadline_standing_name(deadline_standing(deadline, program_wall())))) &&
              json_put_moment(json, "received", deadline->received) &&
              json_put_moment(json, "appointed", deadline->appointed) &&
              json_put_moment(json, "due", deadline->due) &&
              json_put_moment(json, "paused", deadline->paused) &&
              json_put_moment(json, "finished", deadline->finished) &&
              json_put(json, "supplements", json_integer(deadline->supplements)) &&
              json_put(json, "extensions", json_integer(deadline->extensions)) &&
              json_put(json, "marks", marks_json(deadline->marks));
    return json_whole(json, ok);
}

static json_t *count_json(const struct deadline_count *count)
{
    json_t *json = json_object();
    return json_whole(json,
                      json_put_text(json, "agency", key_bytes(&count->agency)) &&
                          json_put(json, "open", json_integer((json_int_t)count->open)) &&
                          json_put(json, "overdue", json_integer((json_int_t)count->overdue)) &&
                          json_put(json, "due_today", json_integer((json_int_t)count->due_today)) &&
                          json_put(json, "paused", json_integer((json_int_t)count->paused)));
}

/* Over all dossiers, whatever page is asked for, because the totals stand above the list. */
static enum reason read_counts(const struct local_api *api, json_t *list)
{
    struct store *store = api->options.store;
    struct deadline_count *counts = calloc(PARTICIPANTS_MAX, sizeof *counts);
    size_t count = 0;
    enum reason reason = counts == NULL
                             ? REASON_OUT_OF_MEMORY
                             : store->verbs->count_deadlines(store, program_wall(), counts,
                                                             PARTICIPANTS_MAX, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        if (json_array_append_new(list, count_json(&counts[i])) != 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    free(counts);
    return reason;
}

/* The standing that is asked for bounds the time of the due date; STANDING_COUNT: any. */
static bool read_standing(struct api_request *request, struct store_deadline_filter *filter,
                          enum deadline_standing *ret_standing)
{
    const char *text = api_query(request, "standing");
    wall_t now = program_wall();
    wall_t tomorrow = day_start((civil_day_t){day_of(now).number + 1});
    *ret_standing = STANDING_COUNT;
    if (text == NULL)
        return true;
    if (!deadline_standing_parse(bytes_of_text(text), ret_standing)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "standing");
        return false;
    }
    if (*ret_standing == STANDING_OVERDUE)
        filter->due_before = now;
    if (*ret_standing == STANDING_DUE_TODAY) {
        filter->after_due = now;
        filter->due_before = tomorrow;
    }
    return true;
}

/* "MS DOSSIER": behind that one. */
static bool read_cursor(struct api_request *request, struct store_deadline_filter *filter)
{
    const char *text = api_query(request, "after");
    char *end = NULL;
    if (text == NULL || text[0] == 0)
        return true;
    long long due = strtoll(text, &end, 10);
    if (due >= 0 && end != text && *end == ' ') {
        filter->after_due.ms = due;
        filter->after_dossier = bytes_of_text(end + 1);
        return true;
    }
    api_answer_reason(request, REASON_FIELD_INVALID, "after");
    return false;
}

enum { CURSOR_BYTES = 32 + DOSSIER_CODE_BYTES_MAX };

/* A page may come out shorter than its limit, or empty, with a cursor: standings that the store
 * cannot select are sorted out here. The cursor is the last row that was looked at, shown or not;
 * a page of none (limit 0: the totals alone) has looked at none. */
static enum reason read_page(const struct local_api *api,
                             const struct store_deadline_filter *filter,
                             enum deadline_standing standing, size_t limit, json_t *list,
                             char ret_next[CURSOR_BYTES])
{
    struct store *store = api->options.store;
    struct store_deadline rows[API_PAGE_MAX];
    size_t count = 0;
    enum reason reason = store->verbs->list_deadlines(store, filter, rows, limit, &count);
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        bool is_wanted = standing == STANDING_COUNT ||
                         deadline_standing(&rows[i].deadline, program_wall()) == standing;
        if (is_wanted && json_array_append_new(list, local_deadline_json(&rows[i])) != 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    if (reason == REASON_NONE && count > 0 && count == limit)
        (void)snprintf(ret_next, CURSOR_BYTES, "%lld %.*s",
                       (long long)rows[count - 1].deadline.due.ms,
                       (int)rows[count - 1].dossier_code.size,
                       (const char *)rows[count - 1].dossier_code.data);
    return reason;
}

void deadlines_get(struct api_request *request)
{
    const struct local_api *api = api_context(request);
    const struct registry *registry = api->options.registry;
    struct store_deadline_filter filter = {.due_before = {0}};
    enum deadline_standing standing;
    char next[CURSOR_BYTES] = "", known_to[DAY_TEXT_BYTES] = "";
    uint64_t limit;
    if (!api_query_key(request, "agency", &filter.agency) ||
        !read_standing(request, &filter, &standing) || !read_cursor(request, &filter) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    if (registry != NULL)
        day_format(calendar_known_to(registry_calendar(registry)), known_to);
    json_t *counts = json_array(), *rows = json_array();
    enum reason reason = read_counts(api, counts);
    if (reason == REASON_NONE)
        reason = read_page(api, &filter, standing, (size_t)limit, rows, next);
    json_t *json = json_pack("{s:o, s:o, s:s, s:s}", "agencies", counts, "deadlines", rows,
                             "calendar_known_to", known_to, "next", next);
    if (reason == REASON_NONE) {
        api_answer_json(request, HTTP_OK, json);
    } else {
        json_decref(json);
        api_answer_reason(request, reason, NULL);
    }
}
