#include "ops/cli/send_body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ops/cli/say.h"
#include "ops/client/file.h"

enum {
    FIELD_NAME_BYTES_MAX = 128,
    FIELD_DEPTH_MAX = 4,
    BODY_BYTES_MAX = 512 * 1024, /* what the adapter takes (adapters/openapi.yaml) */
};

static json_t *value_of(const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(text[0] == 't');
    size_t digits = strspn(text[0] == '-' ? text + 1 : text, "0123456789");
    const char *first = text[0] == '-' ? text + 1 : text;
    /* Leading zeros belong to codes, and 18 digits always fit; other digits stay text. */
    bool number =
        digits > 0 && digits <= 18 && first[digits] == 0 && (*first != '0' || digits == 1);
    return number ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static bool set_field(json_t *body, const char *field)
{
    char name[FIELD_NAME_BYTES_MAX];
    const char *equals = strchr(field, '=');
    if (equals == NULL || equals == field || (size_t)(equals - field) >= sizeof name)
        return false;
    memcpy(name, field, (size_t)(equals - field));
    name[equals - field] = 0;
    json_t *object = body;
    char *part = name;
    for (size_t depth = 0; depth < FIELD_DEPTH_MAX; depth++) {
        char *dot = strchr(part, '.');
        if (dot == NULL)
            return part[0] != 0 && json_object_set_new(object, part, value_of(equals + 1)) == 0;
        *dot = 0;
        json_t *inner = json_object_get(object, part);
        if (inner == NULL) {
            inner = json_object();
            if (json_object_set_new(object, part, inner) != 0)
                return false;
        }
        if (!json_is_object(inner))
            return false;
        object = inner;
        part = dot + 1;
    }
    return false;
}

/* The body's text. "-": standard input; otherwise a regular file, so that nothing is waited for. */
static int load_body(const struct invocation *invocation, const char *path, struct buffer *text)
{
    int file = STDIN_FILENO;
    bool is_stdin = strcmp(path, "-") == 0;
    enum reason reason = REASON_NONE;
    if (!is_stdin)
        reason = file_open_regular(path, text->limit_bytes, &file);
    if (reason == REASON_NONE)
        reason = file_load_from(file, text);
    if (!is_stdin && file > STDIN_FILENO)
        close(file);
    if (reason == REASON_NONE)
        return EXIT_CODE_OK;
    say(stderr,
        text_of(reason == REASON_FILE_UNREADABLE ? TEXT_FILE_UNREADABLE : TEXT_SEND_BODY_LONG,
                invocation->language),
        path);
    return EXIT_CODE_UNREACHABLE;
}

static json_t *parse_body(struct bytes text, json_error_t *ret_error)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* some editors put it before UTF-8 */
    if (text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0) {
        text.data += sizeof mark;
        text.size -= sizeof mark;
    }
    return json_loadb(text.size == 0 ? "" : (const char *)text.data, text.size,
                      JSON_REJECT_DUPLICATES, ret_error);
}

/* "FF FE", "FE FF": what Windows calls Unicode. */
static bool is_utf16(struct bytes text)
{
    return text.size >= 2 && ((text.data[0] == 0xff && text.data[1] == 0xfe) ||
                              (text.data[0] == 0xfe && text.data[1] == 0xff));
}

static int read_body(const struct invocation *invocation, const char *path, json_t **ret_body)
{
    json_error_t error = {.line = 1, .column = 1};
    struct buffer text;
    buffer_init(&text, BODY_BYTES_MAX);
    int code = load_body(invocation, path, &text);
    json_t *body = code == EXIT_CODE_OK ? parse_body(buffer_view(&text), &error) : NULL;
    bool is_wide = is_utf16(buffer_view(&text));
    buffer_release(&text);
    if (code == EXIT_CODE_OK && !json_is_object(body)) {
        if (is_wide)
            say(stderr, text_of(TEXT_SEND_BODY_UTF16, invocation->language), path);
        else
            say(stderr, text_of(TEXT_SEND_BODY_WRONG, invocation->language), error.line,
                error.column);
        json_decref(body);
        return EXIT_CODE_USAGE;
    }
    *ret_body = body;
    return code;
}

int send_body_make(const struct invocation *invocation, const char *file,
                   const struct option_list *fields, json_t **ret_body)
{
    json_t *body = NULL;
    int code = EXIT_CODE_OK;
    if (file == NULL)
        body = json_object();
    else
        code = read_body(invocation, file, &body);
    if (code != EXIT_CODE_OK)
        return code;
    for (size_t i = 0; i < fields->count; i++) {
        if (set_field(body, fields->values[i]))
            continue;
        say(stderr, text_of(TEXT_SEND_SET_WRONG, invocation->language), fields->values[i]);
        json_decref(body);
        return EXIT_CODE_USAGE;
    }
    *ret_body = body;
    return EXIT_CODE_OK;
}

const char *send_media_type(const char *name)
{
    static const struct {
        const char *ending;
        const char *media_type;
    } known[] = {
        {".pdf", "application/pdf"},
        {".xml", "application/xml"},
        {".json", "application/json"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".png", "image/png"},
        {".tif", "image/tiff"},
        {".tiff", "image/tiff"},
        {".zip", "application/zip"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {".txt", "text/plain"},
    };
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(known[i].ending, dot) == 0)
            return known[i].media_type;
    return "application/octet-stream";
}
