/* One portal interface, run by its mapping: a question in our words becomes a request, a reply
 * becomes a verdict for the call and one for each item.
 *
 * The dialect keeps the session that the last login gave, and nothing else between two questions.
 * What the mapping says is judged by http/reply_judge.h, item by item: a batch is one HTTP answer
 * with many outcomes, and one item's refusal must not end its neighbours. */
#include "adapters/portal/portal_dialect.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_status.h"
#include "gateway/api/json_text.h"

struct portal_dialect {
    struct mapping *mapping;
    char *base_url;
    char *headers;
    json_t *settings;
    json_t *credentials;
    json_t *files;
    json_t *session; /* NULL: none */
};

/* ---- life cycle ------------------------------------------------------------------------------ */

static json_t *or_null(json_t *value)
{
    return value == NULL ? json_null() : value;
}

enum reason portal_dialect_new(const struct portal_dialect_options *options,
                               struct portal_dialect **ret_dialect,
                               char ret_fault[MAPPING_FAULT_BYTES])
{
    ret_fault[0] = 0;
    struct portal_dialect *dialect = calloc(1, sizeof *dialect);
    if (dialect == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = mapping_new(options->mapping, &dialect->mapping, ret_fault);
    dialect->base_url = strdup(options->base_url);
    dialect->headers = strdup(options->headers == NULL ? "" : options->headers);
    dialect->settings = json_deep_copy(options->settings);
    dialect->credentials = json_incref(options->credentials);
    dialect->files = json_pack("{s:s, s:s}", "base", options->files_base, "token",
                               options->files_token == NULL ? "" : options->files_token);
    if (reason == REASON_NONE &&
        (dialect->base_url == NULL || dialect->headers == NULL || dialect->files == NULL))
        reason = REASON_OUT_OF_MEMORY;
    if (reason != REASON_NONE) {
        portal_dialect_destroy(&dialect);
        return reason;
    }
    *ret_dialect = dialect;
    return REASON_NONE;
}

void portal_dialect_destroy(struct portal_dialect **dialect_pointer)
{
    struct portal_dialect *dialect = *dialect_pointer;
    *dialect_pointer = NULL;
    if (dialect == NULL)
        return;
    mapping_destroy(&dialect->mapping);
    json_decref(dialect->settings);
    json_decref(dialect->credentials);
    json_decref(dialect->files);
    json_decref(dialect->session);
    free(dialect->base_url);
    free(dialect->headers);
    free(dialect);
}

void portal_dialect_set_links(struct portal_dialect *dialect, const char *base, const char *token)
{
    const char *named = json_string_value(json_object_get(dialect->files, "base"));
    if (named == NULL || named[0] == 0)
        (void)json_object_set_new(dialect->files, "base", json_string(base));
    (void)json_object_set_new(dialect->files, "token", json_string(token));
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The setting's headers, "Name: value | Name: value". */
static bool add_settings_headers(const struct portal_dialect *dialect, struct said_request *request)
{
    char *copy = strdup(dialect->headers);
    char *rest = NULL;
    bool added = copy != NULL;
    for (char *line = added ? strtok_r(copy, "|", &rest) : NULL; line != NULL && added;
         line = strtok_r(NULL, "|", &rest)) {
        line += strspn(line, " ");
        size_t size = strlen(line);
        while (size > 0 && line[size - 1] == ' ')
            line[--size] = 0;
        added = line[0] == 0 || said_request_add_header(request, line);
    }
    free(copy);
    return added;
}

enum reason portal_dialect_ask(struct portal_dialect *dialect,
                               const struct portal_question *question,
                               struct said_request *ret_request)
{
    json_t *said = NULL;
    json_t *input = json_pack(
        "{s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:O}", "stage", "request", "service",
        question->service, "items", or_null(question->items), "filter", or_null(question->filter),
        "settings", or_null(dialect->settings), "credentials", or_null(dialect->credentials),
        "session", or_null(dialect->session), "files", dialect->files);
    if (input == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = mapping_run(dialect->mapping, input, &said);
    json_decref(input);
    if (reason != REASON_NONE)
        return reason;
    said_request_init(ret_request);
    if (json_is_null(said))
        reason = REASON_OFFICE_NOT_FOUND;
    else if (json_is_true(json_object_get(said, "login")))
        reason = REASON_OFFICE_LOGIN;
    else if (!said_request_read(said, dialect->base_url, ret_request) ||
             !add_settings_headers(dialect, ret_request))
        reason = REASON_OFFICE_UNKNOWN; /* a person must see it */
    json_decref(said);
    if (reason != REASON_NONE)
        said_request_release(ret_request);
    return reason;
}

/* A child that was stopped by its bound of time or memory has said nothing about the question: what
 * was too much once may be possible the next time. */
bool portal_dialect_can_say(struct portal_dialect *dialect, const struct portal_question *question)
{
    struct said_request said;
    enum reason reason = portal_dialect_ask(dialect, question, &said);
    if (reason == REASON_NONE)
        said_request_release(&said);
    return reason != REASON_OFFICE_UNKNOWN || !portal_dialect_has_answered(dialect);
}

bool portal_dialect_has_answered(const struct portal_dialect *dialect)
{
    return mapping_has_answered(dialect->mapping);
}

/* ---- answers --------------------------------------------------------------------------------- */

static json_t *interpret(struct portal_dialect *dialect, const struct portal_question *question,
                         long status, json_t *body)
{
    json_t *said = NULL;
    json_t *input =
        json_pack("{s:s, s:s, s:i, s:O, s:O}", "stage", "answer", "service", question->service,
                  "status", (int)status, "json", body, "items", or_null(question->items));
    if (input != NULL && mapping_run(dialect->mapping, input, &said) != REASON_NONE)
        said = NULL;
    json_decref(input);
    if (json_is_object(said))
        return said;
    json_decref(said);
    return NULL;
}

/* Accepted logins open the session; an answer of the class SESSION closes it, whatever was asked,
 * so that nobody goes on with a token that the portal has dropped. */
static void keep_session(struct portal_dialect *dialect, const struct portal_question *question,
                         const struct portal_answer *answer)
{
    bool is_login = strcmp(question->service, "login") == 0;
    if (is_login && answer->reason == REASON_NONE) {
        json_decref(dialect->session);
        dialect->session = json_incref(json_object_get(answer->json, "session"));
    } else if (reason_class(answer->reason) == REASON_CLASS_SESSION) {
        json_decref(dialect->session);
        dialect->session = NULL;
    }
}

static struct reply_judgement judge(long status, const json_t *object)
{
    const char *code = json_string_value(json_object_get(object, "reason"));
    enum reason word;
    bool is_word = code != NULL && reason_parse(bytes_of_text(code), &word);
    return reply_judge(status, is_word ? &word : NULL);
}

/* False: memory is short, and nothing is known of what was said. */
static bool read_answer(struct portal_dialect *dialect, const struct portal_question *question,
                        const struct http_reply *reply, struct portal_answer *answer)
{
    json_t *body = NULL;
    struct json_fault ignored; /* whose reply cannot be read is the mapping's to say */
    enum reason read = json_text_read_within(reply->body, PORTAL_REPLY_VALUES_MAX, &body, &ignored);
    if (read == REASON_NONE)
        answer->json = interpret(dialect, question, reply->status, body);
    json_decref(body);
    return read != REASON_OUT_OF_MEMORY;
}

void portal_dialect_answer(struct portal_dialect *dialect, const struct portal_question *question,
                           const struct http_reply *reply, struct portal_answer *ret_answer)
{
    struct portal_answer answer = {.reason = reply->reason,
                                   .ground = http_transfer_ground(reply->reason),
                                   .retry_after_ms = reply->retry_after_ms};
    if (reply->reason == REASON_NONE && !read_answer(dialect, question, reply, &answer)) {
        answer.reason = REASON_OUT_OF_MEMORY;
        answer.ground = FAILURE_OURS;
    } else if (reply->reason == REASON_NONE) {
        struct reply_judgement judgement = judge(reply->status, answer.json);
        answer.status = reply->status;
        answer.reason = judgement.reason;
        answer.ground = judgement.ground;
        answer.until_ms = (int64_t)json_integer_value(json_object_get(answer.json, "until_ms"));
    }
    keep_session(dialect, question, &answer);
    *ret_answer = answer;
}

void portal_answer_release(struct portal_answer *answer)
{
    json_decref(answer->json);
    answer->json = NULL;
}

struct reply_judgement portal_answer_item(const struct portal_answer *answer, size_t index,
                                          const json_t **ret_item)
{
    const json_t *item = json_array_get(json_object_get(answer->json, "items"), index);
    *ret_item = item;
    if (json_object_get(item, "reason") == NULL)
        return (struct reply_judgement){answer->reason, answer->ground};
    return judge(answer->status, item);
}
