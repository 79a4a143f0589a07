#include "ops/cli/send_body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { FIELD_NAME_BYTES_MAX = 128, FIELD_DEPTH_MAX = 4 };

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

int send_body_make(const struct invocation *invocation, const char *file,
                   const struct option_list *fields, json_t **ret_body)
{
    json_error_t error = {.line = 1, .column = 1};
    if (file != NULL && strcmp(file, "-") != 0 && access(file, R_OK) != 0) {
        fprintf(stderr, text_of(TEXT_FILE_UNREADABLE, invocation->language), file);
        return EXIT_CODE_UNREACHABLE;
    }
    json_t *body = file == NULL             ? json_object()
                   : strcmp(file, "-") == 0 ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                                            : json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(body)) {
        fprintf(stderr, text_of(TEXT_SEND_BODY_WRONG, invocation->language), error.line,
                error.column);
        json_decref(body);
        return EXIT_CODE_USAGE;
    }
    for (size_t i = 0; i < fields->count; i++) {
        if (set_field(body, fields->values[i]))
            continue;
        fprintf(stderr, text_of(TEXT_SEND_SET_WRONG, invocation->language), fields->values[i]);
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
