/* Questions to the adapter, over adapters/http's client. */
#include "adapters/desk/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/api/json_text.h"
#include "gateway/workers/file_read.h"

enum {
    TOKEN_BYTES = 256,
    PORT_BYTES = 16,
    URL_BYTES = DESK_URL_BYTES + UPSTREAM_PATH_BYTES,
    HEADER_BYTES = 512,
    VALUES_MAX = 200000, /* of a page of two hundred messages with all that they say */
};

/* The client's context of a question; the asker's own stands behind it. */
struct asking {
    struct upstream *upstream;
    enum upstream_end end;
    upstream_done *done;
    void *context;
    http_give *give;
    http_take *take;
    struct asking *next;
};

struct upstream {
    const struct desk_settings *settings;
    struct http_client *client;
    struct asking *askings; /* under way; as many as the client has requests */
};

/* The settings are the desk's and outlive it. */
struct upstream *upstream_new(const struct desk_settings *settings)
{
    const struct http_client_options options = {.connect_timeout_ms = UPSTREAM_CONNECT_MS,
                                                .timeout_ms = UPSTREAM_TIMEOUT_MS};
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream == NULL)
        return NULL;
    upstream->settings = settings;
    if (http_client_new(&options, &upstream->client) != REASON_NONE) {
        free(upstream);
        return NULL;
    }
    return upstream;
}

/* Out of the list, which is short, and freed. */
static void forget(struct asking *asking)
{
    struct asking **at = &asking->upstream->askings;
    while (*at != asking)
        at = &(*at)->next;
    *at = asking->next;
    free(asking);
}

void upstream_destroy(struct upstream **upstream_pointer)
{
    struct upstream *upstream = *upstream_pointer;
    *upstream_pointer = NULL;
    if (upstream == NULL)
        return;
    http_client_destroy(&upstream->client);
    while (upstream->askings != NULL)
        forget(upstream->askings);
    free(upstream);
}

int upstream_fd(const struct upstream *upstream)
{
    return http_client_fd(upstream->client);
}

void upstream_run(struct upstream *upstream)
{
    http_client_run(upstream->client);
}

enum reason upstream_away(enum upstream_end end)
{
    return end == UPSTREAM_GATEWAY ? REASON_GATEWAY_UNREACHABLE : REASON_ADAPTER_UNREACHABLE;
}

static const char *folder_of(const struct upstream *upstream, enum upstream_end end)
{
    return end == UPSTREAM_GATEWAY ? upstream->settings->gateway_state
                                   : upstream->settings->adapter_state;
}

bool upstream_has(const struct upstream *upstream, enum upstream_end end)
{
    return folder_of(upstream, end)[0] != 0;
}

/* The first line of a file of an end's state folder. */
static bool read_line(const struct upstream *upstream, enum upstream_end end, const char *name,
                      char *ret_line, size_t capacity)
{
    char path[FILE_PATH_BYTES_MAX];
    FILE *file = file_path_join(folder_of(upstream, end), name, path) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    bool is_read = fgets(ret_line, (int)capacity, file) != NULL;
    (void)fclose(file);
    if (is_read)
        ret_line[strcspn(ret_line, "\r\n")] = 0;
    return is_read;
}

/* A port of loopback, or else its Unix socket (ret_door; "": none), which is there for who runs as
 * its user or in its group, and then needs no token. False: it has not been started yet, or a path
 * that is too long. */
static bool make_url(const struct upstream *upstream, enum upstream_end end, const char *path,
                     char ret_url[URL_BYTES], char ret_door[FILE_PATH_BYTES_MAX])
{
    char port[PORT_BYTES];
    const char *url =
        end == UPSTREAM_GATEWAY ? upstream->settings->gateway_url : upstream->settings->adapter_url;
    int size;
    ret_door[0] = 0;
    if (url[0] != 0)
        size = snprintf(ret_url, URL_BYTES, "%s%s", url, path);
    else if (read_line(upstream, end, "api.port", port, sizeof port))
        size = snprintf(ret_url, URL_BYTES, "http://127.0.0.1:%s%s", port, path);
    else if (file_path_join(folder_of(upstream, end), "api.socket", ret_door) &&
             access(ret_door, F_OK) == 0)
        size = snprintf(ret_url, URL_BYTES, "http://localhost%s", path);
    else
        return false;
    return size > 0 && size < URL_BYTES;
}

/* What the transfer met is one reason for people: that end does not answer. That a page was
 * too large is for the index to mend. */
static void finish(void *context, const struct http_reply *reply)
{
    struct asking asking = *(struct asking *)context;
    json_t *json = NULL;
    struct json_fault fault;
    forget(context);
    if (reply->reason == REASON_NONE && reply->body.size > 0)
        (void)json_text_read_within(reply->body, VALUES_MAX, &json, &fault);
    bool is_too_large = reply->reason == REASON_OFFICE_REPLY_TOO_LARGE;
    enum reason reason =
        reply->reason == REASON_NONE || is_too_large ? reply->reason : upstream_away(asking.end);
    asking.done(asking.context, reason, reply->status, json);
    json_decref(json);
}

/* The client knows the question by its own context, the asker by his. */
static size_t give_piece(void *context, uint8_t *ret_content, size_t capacity)
{
    const struct asking *asking = context;
    return asking->give(asking->context, ret_content, capacity);
}

static bool take_piece(void *context, struct bytes piece)
{
    const struct asking *asking = context;
    return asking->take(asking->context, piece);
}

static struct asking *note(struct upstream *upstream, const struct upstream_question *question,
                           upstream_done *done, void *context)
{
    struct asking *asking = malloc(sizeof *asking);
    if (asking == NULL)
        return NULL;
    *asking = (struct asking){upstream,       question->end,    done, context, question->give,
                              question->take, upstream->askings};
    upstream->askings = asking;
    return asking;
}

/* The texts are copied by the client, so that nothing here has to live until the answer. */
enum reason upstream_ask(struct upstream *upstream, const struct upstream_question *question,
                         upstream_done *done, void *context)
{
    char url[URL_BYTES], token[TOKEN_BYTES] = "", authority[HEADER_BYTES], key[HEADER_BYTES];
    char door[FILE_PATH_BYTES_MAX];
    const char *headers[3] = {authority, "Content-Type: application/json", key};
    if (!make_url(upstream, question->end, question->path, url, door) ||
        (!read_line(upstream, question->end, "api.token", token, sizeof token) && door[0] == 0))
        return upstream_away(question->end);
    (void)snprintf(authority, sizeof authority, "Authorization: Bearer %s", token);
    (void)snprintf(key, sizeof key, "Idempotency-Key: %s",
                   question->key == NULL ? "" : question->key);
    if (question->give != NULL)
        headers[1] = "Content-Type: application/octet-stream";
    char *text = question->body == NULL ? NULL : json_dumps(question->body, JSON_COMPACT);
    struct asking *asking = note(upstream, question, done, context);
    enum reason reason = REASON_OUT_OF_MEMORY;
    if (asking != NULL && (text != NULL || question->body == NULL)) {
        const struct http_request request = {.method = question->method,
                                             .url = url,
                                             .unix_socket = door[0] == 0 ? NULL : door,
                                             .headers = headers,
                                             .header_count = question->key == NULL ? 2 : 3,
                                             .body = text == NULL ? (struct bytes){NULL, 0}
                                                                  : bytes_of_text(text),
                                             .give = question->give == NULL ? NULL : give_piece,
                                             .give_bytes = question->give_bytes,
                                             .take = question->take == NULL ? NULL : take_piece};
        reason = http_client_start(upstream->client, &request, finish, asking);
    }
    if (reason != REASON_NONE && asking != NULL)
        forget(asking);
    free(text);
    return reason;
}

/* NULL: it has been answered meanwhile. */
static struct asking *find(const struct upstream *upstream, const void *context)
{
    struct asking *asking = upstream->askings;
    while (asking != NULL && asking->context != context)
        asking = asking->next;
    return asking;
}

void upstream_drop(struct upstream *upstream, const void *context)
{
    struct asking *asking = find(upstream, context);
    if (asking == NULL)
        return;
    http_client_drop(upstream->client, asking);
    forget(asking);
}

void upstream_go_on(struct upstream *upstream, const void *context)
{
    const struct asking *asking = find(upstream, context);
    if (asking != NULL)
        http_client_go_on(upstream->client, asking);
}
