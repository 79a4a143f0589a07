/* A file from the adapter to a browser.
 *
 *   ASK the message ─▶ is the file one of its? ─▶ ASK the file ─first piece─▶ ANSWER ─▶ pieces …
 *
 * Between the two stands one buffer: when it is full nothing more is read from the adapter, when it
 * is empty the browser waits. What comes is never shown as a page of ours, whatever it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/desk.h"
#include "proto/base/digest.h"

enum {
    URL_BYTES = 256,
    NAME_BYTES = 3 * ATTACHMENT_NAME_CHARACTERS_MAX * UTF8_BYTES_MAX + 64,
};

struct download {
    struct desk *desk;
    struct api_stream *stream; /* NULL: not answered yet */
    char person[PERSON_NAME_BYTES];
    char disposition[NAME_BYTES]; /* attachment; filename*=… */
    uint64_t size_bytes;          /* as the message says */
    size_t start, size;           /* of what is in the buffer */
    bool is_paused;               /* the adapter's end */
    bool is_ended;                /* nothing more comes: */
    enum reason reason;
    long status;
    json_t *refusal; /* ours; NULL: none */
    struct download *next;
    uint8_t buffer[DOWNLOAD_BYTES];
};

json_t *file_url_json(const json_t *message, const json_t *file)
{
    const char *id = json_string_value(json_object_get(message, "message_id"));
    const char *sender = json_string_value(json_object_get(message, "sender"));
    const char *sha256 = json_string_value(json_object_get(file, "sha256"));
    return json_sprintf("/v1/files/%s?message=%s&sender=%s", sha256 == NULL ? "" : sha256,
                        id == NULL ? "" : id, sender == NULL ? "" : sender);
}

/* ---- between the two ---- */

/* Before the answer it is the request that waits, and the loop asks it anyway. */
static void wake(struct download *download)
{
    if (download->stream != NULL)
        api_stream_wake(download->stream);
}

/* The client's pieces have 16 KiB at most, so that an empty buffer takes any. */
static bool take(void *context, struct bytes piece)
{
    struct download *download = context;
    if (piece.size > sizeof download->buffer - download->size) {
        download->is_paused = true;
        return false;
    }
    if (download->start + download->size + piece.size > sizeof download->buffer) {
        memmove(download->buffer, download->buffer + download->start, download->size);
        download->start = 0;
    }
    memcpy(download->buffer + download->start + download->size, piece.data, piece.size);
    download->size += piece.size;
    wake(download);
    return true;
}

/* Also of a transfer that was cut: what is missing then is what the browser was promised and does
 * not get. */
static void ended(void *context, enum reason reason, long status, json_t *json)
{
    struct download *download = context;
    download->is_ended = true;
    download->reason = reason;
    download->status = status;
    download->refusal = json_incref(json);
    wake(download);
}

/* Half empty is soon enough: the adapter is near, and each pause costs a turn of the loop. */
static ssize_t read_piece(void *context, uint64_t position, char *ret_content, size_t capacity)
{
    struct download *download = context;
    (void)position;
    size_t size = download->size < capacity ? download->size : capacity;
    if (size == 0)
        return download->is_ended ? -1 : 0;
    memcpy(ret_content, download->buffer + download->start, size);
    download->start += size;
    download->size -= size;
    if (download->is_paused && download->size <= sizeof download->buffer / 2) {
        download->is_paused = false;
        upstream_go_on(download->desk->upstream, download);
    }
    return (ssize_t)size;
}

/* At the desk's end the upstream client has gone before. */
void download_release(void *context)
{
    struct download *download = context;
    struct download **at = &download->desk->downloads;
    while (*at != download)
        at = &(*at)->next;
    *at = download->next;
    if (download->desk->upstream != NULL)
        upstream_drop(download->desk->upstream, download);
    json_decref(download->refusal);
    free(download);
}

/* Nobody takes all places, and nobody's slow line holds up the index. */
static struct download *download_new(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    const char *person = desk_call(request)->person.name;
    int all = 0, own = 0;
    for (const struct download *at = desk->downloads; at != NULL; at = at->next) {
        all++;
        own += strcmp(at->person, person) == 0;
    }
    bool is_full = all >= DOWNLOADS_MAX || own >= DOWNLOADS_OF_ONE_MAX;
    struct download *download = is_full ? NULL : malloc(sizeof *download);
    if (download == NULL)
        return NULL;
    memset(download, 0, offsetof(struct download, buffer));
    (void)snprintf(download->person, sizeof download->person, "%s", person);
    download->desk = desk;
    download->next = desk->downloads;
    desk->downloads = download;
    return download;
}

/* ---- which file ---- */

/* The adapter knows which files a message has; the page's word for it would open every file whose
 * digest somebody knows. False: answered. */
static bool ask_message(struct api_request *request)
{
    char path[UPSTREAM_PATH_BYTES];
    struct message_id id;
    struct digest digest;
    struct key sender = {0};
    const char *message = api_query(request, "message");
    if (!digest_parse(bytes_of_text(api_argument(request)), &digest) || message == NULL ||
        !id_parse(bytes_of_text(message), &id)) {
        api_answer_reason(request, REASON_FIELD_INVALID, message == NULL ? "message" : "sha256");
        return false;
    }
    if (!api_query_key(request, "sender", &sender))
        return false;
    (void)snprintf(path, sizeof path, "/v1/messages/%s%s%s", message,
                   key_is_none(&sender) ? "" : "?sender=", sender.text);
    const struct upstream_question question = {.method = "GET", .path = path};
    return desk_ask(request, &question);
}

/* NULL: the message has no such file. */
static const json_t *find_file(const json_t *message, const char *sha256)
{
    json_t *file;
    size_t i;
    json_array_foreach(json_object_get(message, "attachments"), i, file)
    {
        const char *digest = json_string_value(json_object_get(file, "sha256"));
        if (digest != NULL && strcmp(digest, sha256) == 0)
            return file;
    }
    return NULL;
}

/* RFC 6266 and RFC 8187: all but letters, digits and "._-" as %XX, so that no name can end the
 * header or turn the direction of what is shown. */
static void print_disposition(const char *name, char ret_text[NAME_BYTES])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t size = (size_t)snprintf(ret_text, NAME_BYTES, "attachment; filename*=UTF-8''");
    for (; *name != 0 && size + 4 < NAME_BYTES; name++) {
        bool is_plain = strchr(plain, *name) != NULL;
        size += (size_t)snprintf(ret_text + size, NAME_BYTES - size, is_plain ? "%c" : "%%%02X",
                                 (unsigned char)*name);
    }
}

/* Who took what stands in the audit before it leaves. */
static void ask_file(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    char path[UPSTREAM_PATH_BYTES];
    const char *sha256 = api_argument(request);
    const json_t *file = find_file(call->answer, sha256);
    const struct desk_action action = {
        .action = "download", .object = api_query(request, "message"), .after = sha256};
    if (file == NULL) {
        api_answer_reason(request, REASON_NOT_FOUND, "sha256");
        return;
    }
    call->download = download_new(request);
    enum reason reason =
        call->download == NULL ? REASON_BUSY : desk_audit(request, &call->person, &action);
    if (reason == REASON_NONE) {
        const char *name = json_string_value(json_object_get(file, "name"));
        print_disposition(name == NULL ? sha256 : name, call->download->disposition);
        call->download->size_bytes =
            (uint64_t)json_integer_value(json_object_get(file, "size_bytes"));
        (void)snprintf(path, sizeof path, "/v1/attachments/%s", sha256);
        const struct upstream_question question = {.method = "GET", .path = path, .take = take};
        reason = upstream_ask(desk_of(request)->upstream, &question, ended, call->download);
    }
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, "downloads");
}

/* With the first bytes, or at the end of an empty one. A refusal is the adapter's own. */
static void answer_file(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    struct download *download = call->download;
    if (download->is_ended && (download->reason != REASON_NONE || download->status != HTTP_OK)) {
        json_decref(call->answer);
        call->answer = json_incref(download->refusal);
        call->reason = download->reason;
        call->status = (unsigned)download->status;
        (void)desk_pass_refusal(request);
        return;
    }
    char disposition[NAME_BYTES];
    (void)snprintf(disposition, sizeof disposition, "%s", download->disposition);
    call->download = NULL; /* the answer's, from here on */
    struct api_stream *stream = api_answer_slowly(request, HTTP_OK, download->size_bytes,
                                                  read_piece, download, download_release);
    if (stream == NULL)
        return;
    download->stream = stream;
    api_answer_header(request, "Content-Disposition", disposition);
    api_answer_header(request, "Content-Type", "application/octet-stream");
    api_answer_header(request, "Content-Security-Policy", "sandbox; default-src 'none'");
    api_answer_header(request, "Cache-Control", "private, no-store");
}

void file_apply(struct api_request *request)
{
    struct desk_call *call = desk_call(request);
    struct download *download = call->download;
    if (!call->person.sees_content)
        api_answer_reason(request, REASON_NOT_ALLOWED, NULL);
    else if (!call->is_begun)
        (void)ask_message(request);
    else if (download == NULL && call->is_answered && !desk_pass_refusal(request))
        ask_file(request);
    else if (download != NULL && (download->size > 0 || download->is_ended))
        answer_file(request);
}
