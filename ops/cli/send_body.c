/* The body of `send`: a JSON file, or fields one by one (--set), or both, where fields win. The
 * schema's descriptors decide whether "0123" is a text or a number. */
#include "ops/cli/send_body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "gateway/api/json_text.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/say.h"
#include "ops/client/file.h"
#include "schema/body.pb-c.h"

enum {
    FIELD_NAME_BYTES_MAX = 128,
    FIELD_DEPTH_MAX = 4,
    BODY_BYTES_MAX = 512 * 1024, /* what the adapter takes (adapters/openapi.yaml) */
};

/* ---- one field ------------------------------------------------------------------------------- */

/* As the field takes it: "0123" is a text for one and a number for another. A value that does not
 * fit stays text, and the adapter says what it should have been. */
static json_t *value_of(const ProtobufCFieldDescriptor *field, const char *text)
{
    char *end = NULL;
    if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING)
        return json_string(text);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(text[0] == 't');
    bool is_number = text[strspn(text, "-0123456789")] == 0 && strlen(text) <= 18;
    long long number = strtoll(text, &end, 10);
    return is_number && end != text && *end == 0 ? json_integer(number) : json_string(text);
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *message,
                                                const char *name)
{
    return message == NULL ? NULL : protobuf_c_message_descriptor_get_field_by_name(message, name);
}

/* Objects on the way are made as they are named. A name that the schema does not have is kept: the
 * adapter names the near one, and its schema may be newer. */
static bool set_field(const ProtobufCMessageDescriptor *message, json_t *body, const char *text)
{
    char name[FIELD_NAME_BYTES_MAX];
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof name)
        return false;
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = 0;
    json_t *object = body;
    char *part = name;
    for (size_t depth = 0; depth < FIELD_DEPTH_MAX; depth++) {
        char *dot = strchr(part, '.');
        if (dot != NULL)
            *dot = 0;
        const ProtobufCFieldDescriptor *field = field_of(message, part);
        if (dot == NULL)
            return part[0] != 0 &&
                   json_object_set_new(object, part, value_of(field, equals + 1)) == 0;
        json_t *inner = json_object_get(object, part);
        if (inner == NULL) {
            inner = json_object();
            if (json_object_set_new(object, part, inner) != 0)
                return false;
        }
        if (!json_is_object(inner))
            return false;
        bool is_message = field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE;
        message = is_message ? field->descriptor : NULL;
        object = inner;
        part = dot + 1;
    }
    return false;
}

/* ---- the file -------------------------------------------------------------------------------- */

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

static int read_body(const struct invocation *invocation, const char *path, json_t **ret_body)
{
    enum language language = invocation->language;
    struct json_fault fault = {REASON_NONE, 1, 1};
    json_t *body = NULL;
    struct buffer text;
    buffer_init(&text, BODY_BYTES_MAX);
    int code = load_body(invocation, path, &text);
    if (code == EXIT_CODE_OK)
        (void)json_text_read_within(buffer_view(&text), JSON_VALUES_MAX, &body, &fault);
    buffer_release(&text);
    if (code == EXIT_CODE_OK && !json_is_object(body)) {
        enum reason reason = fault.reason != REASON_NONE ? fault.reason : REASON_JSON_NOT_OBJECT;
        say(stderr, text_of(TEXT_SEND_BODY_WRONG, language), path, fault.line, fault.column,
            reason_text(reason, language), reason_code(reason));
        say(stderr, text_of(TEXT_REFUSED_HINT, language), reason_hint_text(reason, language));
        json_decref(body);
        return EXIT_CODE_USAGE;
    }
    *ret_body = body;
    return code;
}

int send_body_make(const struct invocation *invocation, enum message_type type, const char *file,
                   const struct option_list *fields, json_t **ret_body)
{
    const ProtobufCFieldDescriptor *kind =
        protobuf_c_message_descriptor_get_field(&lienthong__v1__body__descriptor, type);
    json_t *body = NULL;
    int code = EXIT_CODE_OK;
    if (file == NULL)
        body = json_object();
    else
        code = read_body(invocation, file, &body);
    if (code != EXIT_CODE_OK)
        return code;
    for (size_t i = 0; i < fields->count; i++) {
        if (set_field(kind == NULL ? NULL : kind->descriptor, body, fields->values[i]))
            continue;
        say(stderr, text_of(TEXT_SEND_SET_WRONG, invocation->language), fields->values[i]);
        json_decref(body);
        return EXIT_CODE_USAGE;
    }
    *ret_body = body;
    return EXIT_CODE_OK;
}

/* By the ending alone, as web servers do it; a wrong guess changes no byte of the file. */
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
