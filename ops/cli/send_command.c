/* lienthong send - one message, its files first: the adapter takes a message only when it has every
 * file that the message names. Files and message may be sent again at any time; the reference makes
 * the second time harmless (invariant 5). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "gateway/workers/program.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/route_tell.h"
#include "ops/cli/say.h"
#include "ops/cli/send_body.h"
#include "ops/client/file.h"
#include "proto/base/id.h"
#include "proto/base/limits.h"
#include "proto/base/time.h"
#include "proto/seal/sha256.h"

enum {
    WAIT_SECONDS_DEFAULT = 60,
    WAIT_SECONDS_MAX = 24 * 3600,
    POLL_FIRST_MS = 50,
    POLL_MAX_MS = 1000,
    READ_BYTES = 64 * 1024,
};

struct send_options {
    bool json;
    const char *adapter, *type, *dossier, *procedure, *recipient;
    const char *body, *in_reply_to, *reference, *person, *wait;
    struct option_list attachments, fields;
    int64_t timeout_seconds;
};

/* A fresh reference, for a person who gave none: a version 7 id, so that it sorts by time. */
static bool make_reference(char ret_text[MESSAGE_ID_TEXT_BYTES])
{
    uint8_t random[ID_RANDOM_BYTES];
    struct id_maker maker = {0};
    struct message_id id;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    id_make(&maker, program_wall(), random, &id);
    id_format(&id, ret_text);
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool hash_file(int file, struct digest *ret_digest, uint64_t *ret_size_bytes)
{
    static uint8_t part[READ_BYTES];
    struct sha256 hash = {0};
    ssize_t size;
    uint64_t total = 0;
    if (!sha256_init(&hash))
        return false;
    while ((size = read(file, part, sizeof part)) > 0 || (size < 0 && errno == EINTR)) {
        if (size < 0)
            continue;
        sha256_update(&hash, (struct bytes){part, (size_t)size});
        total += (uint64_t)size;
        if (total > BLOB_BYTES_HARD_MAX)
            break; /* it grows while it is read */
    }
    sha256_final(&hash, ret_digest);
    sha256_release(&hash);
    *ret_size_bytes = total;
    return size == 0 && lseek(file, 0, SEEK_SET) == 0;
}

static int open_file(const char *path)
{
    int file = -1;
    (void)file_open_regular(path, BLOB_BYTES_HARD_MAX, &file);
    return file;
}

/* "FILE" or "FILE:NAME"; a colon belongs to the file when a file of the whole name exists. */
static int open_attachment(const char *option, const char **ret_name)
{
    int file = open_file(option);
    const char *slash = strrchr(option, '/');
    *ret_name = slash != NULL ? slash + 1 : option;
    const char *colon = strrchr(option, ':');
    if (file >= 0 || colon == NULL || colon[1] == 0)
        return file;
    char *path = strndup(option, (size_t)(colon - option));
    if (path == NULL)
        return -1;
    file = open_file(path);
    free(path);
    *ret_name = colon + 1;
    return file;
}

/* Hashed first and then sent from its beginning: the adapter compares, so that a file that changes
 * meanwhile is refused and not sent as another. */
static int send_file(const struct invocation *invocation, struct http *http, const char *option,
                     json_t *attachments)
{
    const char *name;
    struct digest digest;
    uint64_t size_bytes;
    int file = open_attachment(option, &name);
    if (file < 0 || !hash_file(file, &digest, &size_bytes)) {
        say(stderr, text_of(TEXT_SEND_ATTACH_WRONG, invocation->language), option);
        if (file >= 0)
            close(file);
        return EXIT_CODE_UNREACHABLE;
    }
    char text[DIGEST_TEXT_BYTES], path[128];
    digest_format(&digest, text);
    snprintf(path, sizeof path, "/v1/attachments/%s", text);
    struct api_reply reply = {0};
    json_t *answer = NULL;
    enum reason reason = http_put_file(http, path, file, size_bytes, &reply);
    close(file);
    int code = adapter_judge(invocation, http, reason, &reply, &answer);
    json_decref(answer);
    if (code == EXIT_CODE_OK)
        json_array_append_new(attachments, json_pack("{s:s,s:I,s:s,s:s}", "sha256", text,
                                                     "size_bytes", (json_int_t)size_bytes, "name",
                                                     name, "media_type", send_media_type(name)));
    return code;
}

/* --- the message --------------------------------------------------------------------------------
 */

static int make_message(const struct invocation *invocation, const struct send_options *options,
                        struct http *http, json_t *ret_message)
{
    json_t *body = NULL;
    enum message_type type = MESSAGE_TYPE_NONE;
    (void)message_type_parse(bytes_of_text(options->type), &type);
    int code = send_body_make(invocation, type, options->body, &options->fields, &body);
    if (code != EXIT_CODE_OK)
        return code;
    json_t *attachments = json_array();
    for (size_t i = 0; i < options->attachments.count && code == EXIT_CODE_OK; i++)
        code = send_file(invocation, http, options->attachments.values[i], attachments);
    json_object_set_new(ret_message, "type", json_string(options->type));
    json_object_set_new(ret_message, "dossier_code", json_string(options->dossier));
    json_object_set_new(ret_message, "body", body);
    json_object_set_new(ret_message, "attachments", attachments);
    const struct {
        const char *name;
        const char *value;
    } texts[] = {{"procedure_code", options->procedure},
                 {"recipient", options->recipient},
                 {"acting_for", options->person},
                 {"in_reply_to", options->in_reply_to}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].value != NULL)
            json_object_set_new(ret_message, texts[i].name, json_string(texts[i].value));
    return code;
}

/* --- waiting ------------------------------------------------------------------------------------
 */

/* Of the message at its recipient; "custody" is an end only for who asked to wait no longer. */
static bool is_end(const char *state)
{
    return strcmp(state, "delivered") == 0 || strcmp(state, "refused") == 0 ||
           strcmp(state, "expired") == 0 || strcmp(state, "withdrawn") == 0;
}

/* What it has come to, and why. */
static int print_state(const struct invocation *invocation, const struct send_options *options,
                       const json_t *message)
{
    enum language language = invocation->language;
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    const char *state = json_text(message, "state");
    bool custody_is_enough = strcmp(options->wait, "custody") == 0;
    bool good =
        strcmp(state, "delivered") == 0 || (custody_is_enough && strcmp(state, "custody") == 0);
    const char *label = state_label(state, language);
    const char *reason = json_text(message, is_vietnamese ? "reason_vi" : "reason_en");
    const char *hint = json_text(message, is_vietnamese ? "hint_vi" : "hint");
    const char *words = json_text(message, "text");
    if (good || is_end(state))
        say(options->json ? stderr : stdout, text_of(TEXT_SEND_REACHED, language), label);
    else
        say(stderr, text_of(TEXT_SEND_NOT_REACHED, language), (long long)options->timeout_seconds,
            label);
    if (reason[0] != 0)
        say(stderr, text_of(TEXT_SEND_WHY, language), reason, json_text(message, "reason"));
    if (words[0] != 0)
        say(stderr, text_of(TEXT_REFUSED_HINT, language), words);
    if (hint[0] != 0)
        say(stderr, text_of(TEXT_REFUSED_HINT, language), hint);
    struct names names;
    names_open_for(invocation, options->adapter, NULL, &names);
    route_tell(&names, message);
    names_close(&names);
    return good ? EXIT_CODE_OK : is_end(state) ? EXIT_CODE_REFUSED : EXIT_CODE_NEGATIVE;
}

/* Asked for instead of being told: the pause doubles up to a second, so that a quick answer is
 * seen quickly and a slow one costs little. The message goes on its way whether we wait or not. */
static int wait_for_state(const struct invocation *invocation, const struct send_options *options,
                          struct http *http, const char *message_id)
{
    char path[128];
    json_t *message = NULL;
    int64_t until_ms = program_mono().ms + options->timeout_seconds * 1000;
    snprintf(path, sizeof path, "/v1/messages/%s", message_id);
    for (long pause_ms = POLL_FIRST_MS;;
         pause_ms = pause_ms < POLL_MAX_MS ? pause_ms * 2 : pause_ms) {
        json_decref(message);
        message = NULL;
        int code = adapter_ask(invocation, http, "GET", path, &message);
        if (code != EXIT_CODE_OK)
            return code;
        const char *state = json_text(message, "state");
        bool custody = strcmp(options->wait, "custody") == 0 && strcmp(state, "custody") == 0;
        if (custody || is_end(state) || program_mono().ms >= until_ms)
            break;
        nanosleep(&(struct timespec){pause_ms / 1000, pause_ms % 1000 * 1000000}, NULL);
    }
    int code = print_state(invocation, options, message);
    json_decref(message);
    return code;
}

/* The reference makes the command safe to repeat: the adapter answers the same message again
 * instead of sending a second one. It is printed also when it was drawn here, because without it a
 * person could not repeat. */
static int send_message(const struct invocation *invocation, const struct send_options *options,
                        struct http *http)
{
    json_t *message = json_object(), *answer = NULL;
    int code = make_message(invocation, options, http, message);
    if (code == EXIT_CODE_OK) {
        const struct api_call request = {.method = "POST",
                                         .path = "/v1/messages",
                                         .body = message,
                                         .idempotency_key = options->reference};
        code = adapter_call(invocation, http, &request, &answer);
    }
    if (code == EXIT_CODE_OK && options->json) {
        json_object_set_new(answer, "reference", json_string(options->reference));
        json_print(answer);
    } else if (code == EXIT_CODE_OK) {
        bool repeated = json_is_true(json_object_get(answer, "repeated"));
        say(stdout, text_of(repeated ? TEXT_SEND_REPEATED : TEXT_SEND_QUEUED, invocation->language),
            json_text(answer, "message_id"), options->dossier, options->reference);
        fflush(stdout);
    }
    if (code == EXIT_CODE_OK && options->wait != NULL)
        code = wait_for_state(invocation, options, http, json_text(answer, "message_id"));
    json_decref(message);
    json_decref(answer);
    return code;
}

int command_send(const struct invocation *invocation, int argc, char **argv)
{
    struct send_options options = {.type = "transfer", .timeout_seconds = WAIT_SECONDS_DEFAULT};
    const struct option_row rows[] = {
        {"type", 't', OPTION_TEXT, &options.type, VALUE_TYPE, TEXT_SEND_TYPE, 0, 0},
        {"dossier", 'd', OPTION_TEXT, &options.dossier, VALUE_DOSSIER, TEXT_SEND_DOSSIER, 0, 0},
        {"procedure", 'p', OPTION_TEXT, &options.procedure, VALUE_PROCEDURE, TEXT_SEND_PROCEDURE, 0,
         0},
        {"recipient", 'r', OPTION_TEXT, &options.recipient, VALUE_PARTY, TEXT_SEND_RECIPIENT, 0, 0},
        {"body", 'b', OPTION_TEXT, &options.body, VALUE_FILE, TEXT_SEND_BODY, 0, 0},
        {"set", 's', OPTION_LIST, &options.fields, VALUE_FIELD, TEXT_SEND_SET, 0, 0},
        {"attach", 'f', OPTION_LIST, &options.attachments, VALUE_ATTACHMENT, TEXT_SEND_ATTACH, 0,
         0},
        {"in-reply-to", 0, OPTION_TEXT, &options.in_reply_to, VALUE_MESSAGE, TEXT_SEND_REPLY, 0, 0},
        {"reference", 0, OPTION_TEXT, &options.reference, VALUE_REFERENCE, TEXT_SEND_REFERENCE, 0,
         0},
        {"acting-for", 0, OPTION_TEXT, &options.person, VALUE_TEXT, TEXT_ACTING_FOR, 0, 0},
        {"wait", 'w', OPTION_MAYBE, &options.wait, VALUE_REACHED, TEXT_SEND_WAIT, 0, 0},
        {"timeout", 0, OPTION_INTEGER, &options.timeout_seconds, VALUE_SECONDS, TEXT_SEND_TIMEOUT,
         1, WAIT_SECONDS_MAX},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_NONE}, 0, false}};
    const struct option_table table =
        OPTION_TABLE("send", TEXT_COMMAND_SEND, words, rows, "dossier");
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    char reference[MESSAGE_ID_TEXT_BYTES];
    if (options.reference == NULL && make_reference(reference))
        options.reference = reference;
    struct http *http = NULL;
    code = program_open(invocation, options.adapter, NULL, &http);
    if (code == EXIT_CODE_OK)
        code = send_message(invocation, &options, http);
    http_destroy(&http);
    return code;
}
