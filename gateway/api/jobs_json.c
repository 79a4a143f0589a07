/* Jobs in JSON. What may be done and how far it is, is decided in gateway/custody/job.c; here are
 * the words alone. */
#include "gateway/api/jobs_json.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/api/json_member.h"
#include "gateway/custody/job.h"
#include "gateway/custody/retention.h"

const char *const jobs_members[] = {"operation",    "destination", "state", "reason", "taken_after",
                                    "taken_before", "to",          "why",   NULL};
const char *const jobs_start_members[] = {"count", "archived", NULL};

/* ---- one as JSON ---- */

static bool put_number(json_t *json, const char *name, uint64_t number)
{
    return json_put(json, name, json_integer((json_int_t)number));
}

static bool put_set(json_t *json, const struct job *job)
{
    const struct job_set *set = &job->set;
    return json_put_text(json, "destination", key_bytes(&set->destination)) &&
           (set->state == 0 ||
            json_put(json, "state", json_string(entry_state_name(set->state)))) &&
           (set->reason == REASON_NONE ||
            json_put(json, "reason", json_string(reason_code(set->reason)))) &&
           json_put_moment(json, "taken_after", set->taken_after) &&
           json_put_moment(json, "taken_before", set->taken_before) &&
           json_put_text(json, "to", key_bytes(&job->to)) &&
           json_put_text(json, "why", bytes_of_text(job->why));
}

/* Its own, beside that of its set. */
static bool put_stop(json_t *json, enum reason reason)
{
    json_t *stop = reason == REASON_NONE ? NULL : json_object();
    return reason == REASON_NONE ||
           json_put(json, "stopped", json_whole(stop, json_put_reason(stop, reason)));
}

static json_t *job_json(const struct job *job)
{
    json_t *json = json_object();
    bool ok = put_number(json, "job", job->number) &&
              json_put(json, "operation", json_string(job_operation_name(job->operation))) &&
              json_put(json, "progress", json_string(job_state_name(job->state))) &&
              put_set(json, job) && put_number(json, "looked", job->looked) &&
              put_number(json, "count", job->count) &&
              json_put(json, "has_more", json_boolean(job->has_more)) &&
              put_number(json, "done", job->done) && put_number(json, "left", job->left) &&
              json_put_moment(json, "oldest", job->oldest) &&
              json_put_moment(json, "planned", job->planned) &&
              json_put_moment(json, "counted", job->counted) &&
              json_put_moment(json, "started", job->started) &&
              json_put_moment(json, "ended", job->ended) && put_stop(json, job->reason);
    return json_whole(json, ok);
}

static void answer_job(struct api_request *request, enum reason reason, const struct job *job,
                       const char *detail)
{
    if (reason == REASON_NONE)
        api_answer_json(request, HTTP_OK, job_json(job));
    else
        api_answer_reason(request, reason, detail);
}

void jobs_list_answer(struct api_request *request)
{
    json_t *list = json_array();
    struct job job;
    bool ok = list != NULL;
    for (size_t i = 0; ok && jobs_at(api_jobs(request), i, &job); i++)
        ok = json_array_append_new(list, job_json(&job)) == 0;
    api_answer_json(request, HTTP_OK, json_whole(json_pack("{s:o}", "jobs", list), ok));
}

/* ---- its set, and what became of each ---- */

/* False: answered. */
static bool read_number(struct api_request *request, uint64_t *ret_number)
{
    const char *text = api_argument(request);
    char *end;
    *ret_number = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == 0)
        return true;
    api_answer_reason(request, REASON_NOT_FOUND, "job");
    return false;
}

/* What of it would go, or goes, by kind: of a purge, until it has its result. */
static json_t *kinds_json(uint32_t type, uint32_t parts)
{
    json_t *list = json_array();
    uint32_t kinds = retention_kinds(type, parts);
    bool ok = list != NULL;
    for (unsigned int kind = 0; kind < RETENTION_KINDS && ok; kind++) {
        if ((kinds >> kind & 1) != 0)
            ok = json_array_append_new(
                     list, json_string(retention_kind_name((enum retention_kind)kind))) == 0;
    }
    return json_whole(list, ok);
}

static json_t *member_json(const struct job_member *member, const struct store_message *message,
                           uint32_t parts)
{
    json_t *json = json_object();
    const char *outcome = !member->has_result             ? "waiting"
                          : member->reason == REASON_NONE ? "done"
                                                          : "left";
    return json_whole(
        json, json_put_id(json, "message_id", &message->id) &&
                  json_put_text(json, "sender", key_bytes(&message->sender)) &&
                  json_put_text(json, "destination", key_bytes(&member->destination)) &&
                  json_put_type(json, message->type) &&
                  json_put_text(json, "dossier_code", message->dossier_code) &&
                  json_put_text(json, "procedure_code", message->procedure_code) &&
                  (parts == 0 || json_put(json, "goes", kinds_json(message->type, parts))) &&
                  json_put(json, "outcome", json_string(outcome)) &&
                  (member->reason == REASON_NONE || json_put_reason(json, member->reason)) &&
                  (id_is_zero(&member->created) ||
                   json_put_id(json, "new_message_id", &member->created)));
}

static enum reason add_members(struct api_request *request, const struct job *job,
                               const struct job_member *members, size_t count, json_t *list)
{
    struct store *store = api_store(request);
    enum reason reason = REASON_NONE;
    for (size_t i = 0; i < count && reason == REASON_NONE; i++) {
        struct store_message message;
        /* Before its row: what that has of texts lives until the store's next call. */
        uint32_t parts = job->operation == JOB_PURGE && !members[i].has_result
                             ? jobs_judge(api_jobs(request), members[i].message_seq)
                             : 0;
        reason = store->verbs->read_message(store, members[i].message_seq, &message);
        if (reason == REASON_NOT_FOUND) {
            reason = REASON_NONE; /* a purge took its row as well */
            continue;
        }
        if (reason == REASON_NONE &&
            json_array_append_new(list, member_json(&members[i], &message, parts)) != 0)
            reason = REASON_OUT_OF_MEMORY;
    }
    return reason;
}

/* The cursor is the number of a page. A set that is still being counted has those that are full. */
void jobs_one_answer(struct api_request *request)
{
    struct job_member members[JOB_PAGE_MAX];
    struct job job;
    uint64_t number, page;
    size_t count = 0;
    if (!read_number(request, &number) ||
        !api_query_number(request, "after", 0, JOB_PAGES_MAX, &page))
        return;
    enum reason reason = jobs_find(api_jobs(request), number, &job);
    if (reason != REASON_NONE) {
        api_answer_reason(request, reason, "job");
        return;
    }
    json_t *list = json_array();
    reason = jobs_read_page(api_jobs(request), number, page, members, &count);
    if (reason == REASON_NOT_FOUND)
        reason = REASON_NONE;
    if (reason == REASON_NONE)
        reason = add_members(request, &job, members, count, list);
    json_t *json = job_json(&job);
    bool ok = json_put(json, "entries", list) && put_number(json, "next", page + (count > 0));
    api_answer_read(request, reason, json_whole(json, ok));
}

/* ---- an operator ---- */

/* False: it is there, and not of its kind; *field says so. */
static bool take_word(const json_t *json, const char *name, struct bytes *ret_word,
                      const char **field)
{
    *field = name;
    *ret_word = (struct bytes){NULL, 0};
    return json_take_text(json, name, ret_word);
}

static bool take_key(const json_t *json, const char *name, struct key *ret_key, const char **field)
{
    struct bytes word;
    return take_word(json, name, &word, field) && (word.size == 0 || key_parse(word, ret_key));
}

static bool take_moment(const json_t *json, const char *name, wall_t *ret_moment,
                        const char **field)
{
    struct bytes word;
    struct stamp stamp = {{0}, 0};
    bool ok = take_word(json, name, &word, field) && (word.size == 0 || stamp_parse(word, &stamp));
    *ret_moment = stamp.at;
    return ok;
}

static bool take_order(const json_t *json, struct job_order *order, const char **field)
{
    struct bytes word;
    return take_word(json, "operation", &word, field) &&
           job_operation_parse(word, &order->operation) &&
           take_key(json, "destination", &order->set.destination, field) &&
           take_word(json, "state", &word, field) &&
           (word.size == 0 || entry_state_parse(word, &order->set.state)) &&
           take_word(json, "reason", &word, field) &&
           (word.size == 0 || reason_parse(word, &order->set.reason)) &&
           take_moment(json, "taken_after", &order->set.taken_after, field) &&
           take_moment(json, "taken_before", &order->set.taken_before, field) &&
           take_key(json, "to", &order->to, field) && take_word(json, "why", &order->why, field);
}

/* Without a word why nobody can say later what it was for. */
void jobs_plan_answer(struct api_request *request)
{
    struct job_order order = {0};
    struct job job;
    const char *field = NULL;
    if (!take_order(api_json(request), &order, &field))
        api_answer_reason(request, REASON_FIELD_INVALID, field);
    else if (order.why.size == 0)
        api_answer_reason(request, REASON_FIELD_MISSING, "why");
    else
        answer_job(request, jobs_plan(api_jobs(request), &order, &job), &job, "operation");
}

void jobs_start_answer(struct api_request *request)
{
    const json_t *count = json_object_get(api_json(request), "count");
    struct bytes digits;
    struct digest archived = {{0}};
    struct job job = {0};
    uint64_t number;
    if (!read_number(request, &number))
        return;
    if (!json_take_text(api_json(request), "archived", &digits) ||
        (digits.size > 0 && !digest_parse(digits, &archived))) {
        api_answer_reason(request, REASON_FIELD_INVALID, "archived");
        return;
    }
    if (!json_is_integer(count) || json_integer_value(count) < 0) {
        api_answer_reason(request, count == NULL ? REASON_FIELD_MISSING : REASON_FIELD_INVALID,
                          "count");
        return;
    }
    if (digits.size == 0 && jobs_find(api_jobs(request), number, &job) == REASON_NONE &&
        job.operation == JOB_PURGE) {
        api_answer_reason(request, REASON_FIELD_MISSING, "archived");
        return;
    }
    enum reason reason =
        jobs_start(api_jobs(request), number, (uint64_t)json_integer_value(count), &archived, &job);
    answer_job(request, reason, &job, "job");
}

void jobs_stop_answer(struct api_request *request)
{
    struct job job;
    uint64_t number;
    if (read_number(request, &number))
        answer_job(request, jobs_stop(api_jobs(request), number, &job), &job, "job");
}
