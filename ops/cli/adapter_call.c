/* How commands talk to a daemon and show what it said. Everything from outside is cleaned before
 * it reaches the terminal, also in JSON, where it is escaped instead: a name in a message must not
 * move somebody's cursor.
 *
 * Exit codes: what the daemon refused, what it has not got, and that it cannot be reached are
 * three different things for a script. */
#include "ops/cli/adapter_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/cli/asking.h"
#include "ops/cli/say.h"
#include "ops/cli/text.h"
#include "ops/client/adapter_address.h"
#include "ops/terminal/terminal.h"
#include "proto/base/printable.h"
#include "proto/base/time.h"
#include "proto/base/utf8.h"
#include "proto/codec/message_type.h"

/* A door that is not there and one that may not be opened are told apart: the one is mended by
 * starting the program, the other by a group of the operating system. */
int program_open(const struct invocation *invocation, const char *adapter, const char *gateway,
                 struct http **ret_http)
{
    enum language language = invocation->language;
    struct adapter_address address;
    enum reason reason = gateway != NULL
                             ? gateway_locate(gateway, &address)
                             : adapter_locate(adapter, getenv("LIENTHONG_ADAPTER"), &address);
    if (reason == REASON_FILE_UNREADABLE && gateway != NULL)
        reason = REASON_OFFICE_UNREACHABLE; /* no door: it has not been started */
    if (reason != REASON_NONE && gateway != NULL)
        say(stderr, text_of(TEXT_UNREACHABLE, language), address.state_directory,
            unreachable_text(reason, language));
    else if (reason != REASON_NONE)
        say(stderr,
            text_of(reason == REASON_ACCESS_DENIED ? TEXT_ADAPTER_FORBIDDEN : TEXT_ADAPTER_MISSING,
                    language),
            address.state_directory);
    if (reason != REASON_NONE)
        return EXIT_CODE_UNREACHABLE;
    const struct http_options options = {
        .base_url = address.base_url,
        .socket = address.socket,
        .token = address.token[0] != 0 ? address.token : NULL,
    };
    if (http_new(&options, ret_http) == REASON_NONE)
        return EXIT_CODE_OK;
    fputs(text_of(TEXT_OUT_OF_MEMORY, language), stderr);
    return EXIT_CODE_UNREACHABLE;
}

/* Title, what it is about, and what helps: three lines at most, in the reader's language. The code
 * in the first stays as it is in every language, so that it can be searched for. */
static void error_print(enum language language, const json_t *error)
{
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    const char *hint = json_text(error, is_vietnamese ? "hint_vi" : "hint");
    const char *detail = json_text(error, "detail");
    say(stderr, text_of(TEXT_REFUSED, language),
        json_text(error, is_vietnamese ? "title_vi" : "title"), json_text(error, "code"));
    if (detail[0] != 0)
        say(stderr, text_of(TEXT_REFUSED_HINT, language), state_label(detail, language));
    if (hint[0] != 0)
        say(stderr, text_of(TEXT_REFUSED_HINT, language), hint);
}

const char *unreachable_text(enum reason reason, enum language language)
{
    if (reason == REASON_OFFICE_UNREACHABLE)
        return text_of(TEXT_PROGRAM_SILENT, language);
    if (reason == REASON_OFFICE_TIMEOUT)
        return text_of(TEXT_PROGRAM_SLOW, language);
    return reason_text(reason, language);
}

/* A problem document is shown as such; a status alone comes from something that is none of our
 * programs, and only its number can be told. */
int adapter_judge(const struct invocation *invocation, const struct http *http, enum reason reason,
                  struct api_reply *reply, json_t **ret_body)
{
    enum language language = invocation->language;
    if (reason != REASON_NONE) {
        say(stderr, text_of(TEXT_UNREACHABLE, language), http_where(http),
            unreachable_text(reason, language));
        return EXIT_CODE_UNREACHABLE;
    }
    int code = EXIT_CODE_OK;
    if (reply->status >= 200 && reply->status < 300) {
        *ret_body = json_incref(reply->body);
    } else {
        if (json_object_get(reply->body, "code") != NULL)
            error_print(language, reply->body);
        else
            say(stderr, text_of(TEXT_REFUSED_STATUS, language), reply->status);
        code = reply->status == 404 ? EXIT_CODE_NEGATIVE : EXIT_CODE_REFUSED;
    }
    api_reply_release(reply);
    return code;
}

int adapter_call(const struct invocation *invocation, struct http *http,
                 const struct api_call *request, json_t **ret_body)
{
    struct api_reply reply = {0};
    enum reason reason = http_call(http, request, &reply);
    return adapter_judge(invocation, http, reason, &reply, ret_body);
}

int adapter_ask(const struct invocation *invocation, struct http *http, const char *method,
                const char *path, json_t **ret_body)
{
    return adapter_call(invocation, http, &(struct api_call){.method = method, .path = path},
                        ret_body);
}

void path_add(char *path, size_t size, const char *name, const char *value)
{
    size_t used = strlen(path);
    if (value != NULL)
        (void)snprintf(path + used, size - used, "%s%s=%s", strchr(path, '?') != NULL ? "&" : "?",
                       name, value);
}

/* A page may be short, or empty, with more behind it: the end is where no new place is named. */
int adapter_ask_pages(const struct invocation *invocation, struct http *http, const char *path,
                      const char *name, int64_t limit, json_t **ret_answer)
{
    enum { PAGE = 200, CURSOR_BYTES = 128 };
    char whole[512 + 3 * CURSOR_BYTES], scratch[32];
    char next[3 * CURSOR_BYTES] = "", last[sizeof next];
    json_t *rows = json_array();
    int code = EXIT_CODE_OK;
    for (bool more = true; more && code == EXIT_CODE_OK;) {
        json_t *page = NULL;
        int64_t left = limit - (int64_t)json_array_size(rows);
        (void)snprintf(scratch, sizeof scratch, "%lld", (long long)(left < PAGE ? left : PAGE));
        (void)snprintf(whole, sizeof whole, "%s", path);
        path_add(whole, sizeof whole, "limit", scratch);
        path_add(whole, sizeof whole, "after", next[0] != 0 ? next : NULL);
        code = adapter_ask(invocation, http, "GET", whole, &page);
        (void)json_array_extend(rows, json_object_get(page, name));
        memcpy(last, next, sizeof last);
        (void)url_encode(json_number(page, "next", scratch), next, sizeof next);
        more = next[0] != 0 && strcmp(next, last) != 0 && (int64_t)json_array_size(rows) < limit;
        if (*ret_answer == NULL)
            *ret_answer = json_incref(page);
        json_decref(page);
    }
    if (*ret_answer != NULL)
        (void)json_object_set(*ret_answer, name, rows);
    json_decref(rows);
    return code;
}

/* All pages are looked at even after one fits: a second one that fits makes the short id ambiguous,
 * and acting on the wrong dossier cannot be undone. */
int adapter_find_id(const struct invocation *invocation, struct http *http, const char *text,
                    struct short_id *ret_id)
{
    enum { PAGE = 200, AFTER_BYTES = 64 };
    char path[128], after[AFTER_BYTES] = "", after_text[3 * AFTER_BYTES] = "";
    int code = EXIT_CODE_OK;
    short_id_init(ret_id, text);
    for (bool more = !short_id_is_whole(ret_id); more && code == EXIT_CODE_OK;) {
        json_t *page = NULL;
        (void)url_encode(after, after_text, sizeof after_text);
        snprintf(path, sizeof path, "/v1/queues?limit=%d%s%s", PAGE, after[0] != 0 ? "&after=" : "",
                 after_text);
        code = adapter_ask(invocation, http, "GET", path, &page);
        short_id_look(ret_id, json_object_get(page, "entries"));
        snprintf(after, sizeof after, "%s", json_text(page, "next"));
        more = after[0] != 0 && json_array_size(json_object_get(page, "entries")) == PAGE;
        json_decref(page);
    }
    return code == EXIT_CODE_OK ? short_id_judge(ret_id, invocation) : code;
}

enum { REAL_DIGITS = 6 /* enough for a tenth of a percent, and no more digits than were meant */ };

/* What is not printable stands in a string of the document, where it may be escaped. */
static void put_escaped(uint32_t character)
{
    if (character > 0xffff)
        (void)printf("\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10),
                     0xdc00 + (character & 0x3ff));
    else
        (void)printf("\\u%04x", character);
}

void json_print(const json_t *document)
{
    char *text = document == NULL
                     ? NULL
                     : json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
    struct bytes rest = bytes_of_text(text == NULL ? "" : text);
    while (rest.size > 0) {
        uint32_t character;
        size_t size = utf8_next(rest, &character);
        if (size == 0)
            break; /* jansson gives UTF-8 */
        if (character == '\n' || printable_is_character(character))
            (void)fwrite(rest.data, 1, size, stdout);
        else
            put_escaped(character);
        rest.data += size;
        rest.size -= size;
    }
    if (text != NULL)
        putchar('\n');
    free(text);
}

void json_print_new(json_t *document)
{
    json_print(document);
    json_decref(document);
}

/* The document keeps the cleaned text, so that it lives as long as the document. */
const char *json_text(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    if (text == NULL)
        return "";
    if (printable_is_text(bytes_of_text(text)))
        return text;
    char *clean = printable_new(bytes_of_text(text));
    bool is_kept = clean != NULL && json_string_set(value, clean) == 0;
    free(clean);
    return is_kept ? json_string_value(value) : "?";
}

const char *json_number(const json_t *object, const char *name, char scratch[32])
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value))
        return json_text(object, name);
    snprintf(scratch, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return scratch;
}

const char *state_label(const char *state, enum language language)
{
    static const struct word_text states[] = {
        {"queued", TEXT_STATE_QUEUED},       {"leased", TEXT_STATE_LEASED},
        {"deferred", TEXT_STATE_DEFERRED},   {"held", TEXT_STATE_HELD},
        {"custody", TEXT_STATE_CUSTODY},     {"delivered", TEXT_STATE_DELIVERED},
        {"refused", TEXT_STATE_REFUSED},     {"expired", TEXT_STATE_EXPIRED},
        {"withdrawn", TEXT_STATE_WITHDRAWN}, {"awaited", TEXT_STATE_AWAITED},
    };
    return WORD_LABEL(states, state, language);
}

const char *type_label(const char *type, enum language language)
{
    enum message_type parsed;
    return message_type_parse(bytes_of_text(type), &parsed) ? message_type_label(parsed, language)
                                                            : type;
}

/* Only at a terminal, where "Receipt:" in each second row would take the place of what differs. */
const char *type_label_short(const char *type, enum language language, char scratch[64])
{
    static const char *const beginnings[] = {"Receipt: ", "Biên nhận "};
    const char *label = type_label(type, language);
    if (terminal_width(stdout) == 0)
        return label;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t size = strlen(beginnings[i]);
        if (strncmp(label, beginnings[i], size) != 0)
            continue;
        snprintf(scratch, 64, "↳ %s", label + size);
        return scratch;
    }
    return label;
}

/* In Vietnam's time with its offset, whatever zone the daemon wrote: two rows of one table in two
 * zones would be read as seven hours of delay. */
const char *time_label(const char *time, char scratch[32])
{
    struct stamp stamp;
    char local[TIME_TEXT_BYTES];
    if (!stamp_parse(bytes_of_text(time), &stamp))
        return time;
    stamp_format((struct stamp){stamp.at, VIETNAM_OFFSET_MINUTES}, local);
    snprintf(scratch, 32, "%.2s/%.2s/%.4s %.8s %s", local + 8, local + 5, local, local + 11,
             local + strlen(local) - 6);
    return scratch;
}
