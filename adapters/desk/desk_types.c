/* GET /v1/types: the fields of each message type, from the schema's own description, so that a new
 * field is asked for as soon as it has a label. What is needed: proto/schema/body_needs.def. */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <string.h>

#include "adapters/desk/dossier_row.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

enum { PATH_BYTES = 64, DEPTH_MAX = 4, LONG = 1, PLAIN = 0 };

static const struct {
    const char *name;
    int is_long;
    const char *vietnamese, *english;
} labels[] = {
#define FIELD(name, kind, vietnamese, english) {name, kind, vietnamese, english},
#include "adapters/desk/field_labels.def"
#undef FIELD
};

static const struct {
    const char *field;
    int value;
    const char *vietnamese, *english;
} choices[] = {
#define CHOICE(field, value, vietnamese, english) {field, value, vietnamese, english},
#include "adapters/desk/field_labels.def"
#undef CHOICE
};

static const struct {
    enum message_type type;
    const char *path;
} needs[] = {
#define NEED(type, path) {MESSAGE_TYPE_##type, path},
#include "proto/schema/body_needs.def"
#undef NEED
};

/* The path itself, or something within it. Of alternatives neither is needed by itself. */
static bool is_needed(enum message_type type, const char *path)
{
    size_t size = strlen(path);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (needs[i].type == type && strncmp(needs[i].path, path, size) == 0 &&
            (needs[i].path[size] == 0 || needs[i].path[size] == '.'))
            return true;
    }
    return false;
}

/* NULL: it has none. */
static json_t *choices_json(const char *field)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < sizeof choices / sizeof *choices; i++) {
        if (strcmp(choices[i].field, field) == 0)
            ok = json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "value", choices[i].value,
                                                       "label_vi", choices[i].vietnamese,
                                                       "label_en", choices[i].english)) == 0;
    }
    if (ok && json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}

/* What a form makes of it. Moments are named by their unit; numbers that stand for words have
 * their words. */
static const char *kind_of(const ProtobufCFieldDescriptor *field, bool is_long, bool has_choices)
{
    size_t size = strlen(field->name);
    bool is_moment = size > 3 && strcmp(field->name + size - 3, "_ms") == 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return "object";
    case PROTOBUF_C_TYPE_BOOL:
        return "flag";
    case PROTOBUF_C_TYPE_STRING:
        return is_long ? "long_text" : "text";
    default:
        return is_moment ? "moment" : (has_choices ? "choice" : "number");
    }
}

static json_t *fields_json(enum message_type type, const ProtobufCMessageDescriptor *of,
                           const char *path, int depth);

/* A field without a label is shown by its name: a test holds the table against the schema. */
static json_t *field_json(enum message_type type, const ProtobufCFieldDescriptor *field,
                          const char *prefix, int depth)
{
    char path[PATH_BYTES];
    const char *vietnamese = field->name, *english = field->name;
    bool is_long = false;
    json_t *object = json_object(), *list = choices_json(field->name);
    (void)snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] == 0 ? "" : ".", field->name);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(labels[i].name, field->name) == 0) {
            vietnamese = labels[i].vietnamese;
            english = labels[i].english;
            is_long = labels[i].is_long == LONG;
        }
    }
    bool ok = put_word(object, "name", field->name) &&
              put_word(object, "kind", kind_of(field, is_long, list != NULL)) &&
              put_word(object, "label_vi", vietnamese) && put_word(object, "label_en", english) &&
              json_put(object, "is_needed", json_boolean(is_needed(type, path))) &&
              json_put(object, "is_list", json_boolean(field->label == PROTOBUF_C_LABEL_REPEATED));
    if (ok && field->type == PROTOBUF_C_TYPE_MESSAGE && depth < DEPTH_MAX)
        ok = json_put(object, "fields", fields_json(type, field->descriptor, path, depth + 1));
    if (list != NULL)
        ok = json_put(object, "choices", list) && ok;
    return json_whole(object, ok);
}

/* Bounded in depth: the schema has no message within itself, and would be caught here if it had. */
static json_t *fields_json(enum message_type type, const ProtobufCMessageDescriptor *of,
                           const char *path, int depth)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (unsigned i = 0; ok && i < of->n_fields; i++)
        ok = json_array_append_new(list, field_json(type, &of->fields[i], path, depth)) == 0;
    return json_whole(list, ok);
}

/* The body's field of a type has the type's number (schema/body.proto). */
void types_get(struct api_request *request)
{
    json_t *list = json_array(), *object = json_object();
    bool ok = list != NULL;
    for (unsigned i = 1; ok && i <= MESSAGE_TYPE_BUSINESS_COUNT; i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(&lienthong__v1__body__descriptor, i);
        json_t *type = json_object();
        ok = field != NULL && put_type_name(type, "type", (int64_t)i) &&
             json_put(type, "fields", fields_json((enum message_type)i, field->descriptor, "", 0));
        ok = json_array_append_new(list, json_whole(type, ok)) == 0;
    }
    ok = json_put(object, "types", list) && ok;
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
