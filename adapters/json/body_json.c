/* Business bodies between JSON and protobuf-c, driven by the generated descriptors: there is no
 * list of fields here, so a field that is added to the schema is read, bounded and shown without a
 * change. Bounds are those of codec/body_rules.h, found by field number.
 *
 * Reading keeps a path ("body.owner.name") while it descends, because whoever fills a form needs
 * the name of the field at fault, and a value is never named: it may be personal data (invariant
 * 11). All memory is the caller's arena, and texts are views into the JSON document, which must
 * outlive the body. */
#include "adapters/json/body_json.h"

#include <stdio.h>
#include <string.h>

#include "gateway/api/json_member.h"
#include "proto/base/check.h"
#include "proto/base/near.h"
#include "proto/codec/body_needs.h"
#include "proto/codec/body_rules.h"
#include "schema/body.pb-c.h"

/* ---- from JSON ------------------------------------------------------------------------------ */

struct reader {
    struct arena *arena;
    struct body_json_fault *fault;
    char path[BODY_JSON_PATH_BYTES];
};

static enum reason read_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                                const struct message_rule *rule, const json_t *object,
                                ProtobufCMessage **ret_message);

/* The path is copied, because the reader goes with the call. */
static enum reason fail(struct reader *reader, enum reason reason)
{
    reader->fault->reason = reason;
    memcpy(reader->fault->path, reader->path, sizeof reader->fault->path);
    return reason;
}

/* Appends a step to the path and says where it was before; a longer path is cut. */
static size_t path_enter(struct reader *reader, const char *format, const char *name, size_t index)
{
    size_t before = strlen(reader->path);
    (void)snprintf(reader->path + before, sizeof reader->path - before, format, name, index);
    return before;
}

/* A whole number within the field's bounds. */
static enum reason read_number(const struct field_rule *rule, const json_t *value,
                               uint64_t *ret_number)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0)
        return REASON_FIELD_INVALID;
    *ret_number = (uint64_t)number;
    return rules_check_uint(rule, (uint64_t)number);
}

/* A moment of another age was given in seconds or microseconds. */
static enum reason read_moment(const json_t *value, int64_t *ret_moment)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0)
        return REASON_FIELD_INVALID;
    *ret_moment = number;
    return body_time_is_ms(number) ? REASON_NONE : REASON_TIME_NOT_MS;
}

/* A number where a text is meant has a reason of its own, because spreadsheets and scripts drop the
 * zeros of codes that way. */
static enum reason read_string(const struct field_rule *rule, const json_t *value, char **ret_text)
{
    if (json_is_number(value))
        return REASON_FIELD_NOT_TEXT;
    if (!json_is_string(value))
        return REASON_FIELD_INVALID;
    /* protobuf-c's texts are not const; nobody writes to them. */
    *ret_text = (char *)(uintptr_t)json_string_value(value);
    return rules_check_text(rule, bytes_of_text(*ret_text));
}

/* One value into the place of one field, or of one item of a list. */
static enum reason read_value(struct reader *reader, const ProtobufCFieldDescriptor *field,
                              const struct field_rule *rule, const json_t *value, void *ret_field)
{
    enum reason reason = REASON_FIELD_INVALID;
    uint64_t number = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        reason = read_number(rule, value, &number);
        *(uint32_t *)ret_field = (uint32_t)number;
        break;
    case PROTOBUF_C_TYPE_UINT64:
        reason = read_number(rule, value, &number);
        *(uint64_t *)ret_field = number;
        break;
    case PROTOBUF_C_TYPE_SINT64:
        reason = read_moment(value, ret_field);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        reason = json_is_boolean(value) ? REASON_NONE : REASON_FIELD_INVALID;
        *(protobuf_c_boolean *)ret_field = json_is_true(value);
        break;
    case PROTOBUF_C_TYPE_STRING:
        reason = read_string(rule, value, ret_field);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(reader, field->descriptor, rule->message, value, ret_field);
    default:
        check(false); /* no business type has others: t_body_json reads every field */
    }
    return reason == REASON_NONE ? REASON_NONE : fail(reader, reason);
}

/* Of one element in a list, as protobuf-c lays lists out. */
static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return sizeof(void *);
    }
}

static enum reason read_list(struct reader *reader, const ProtobufCFieldDescriptor *field,
                             const struct field_rule *rule, const json_t *list, uint8_t *message)
{
    if (!json_is_array(list))
        return fail(reader, REASON_FIELD_INVALID);
    size_t count = json_array_size(list);
    if (count > rule->repeated_max)
        return fail(reader, REASON_FIELD_TOO_LONG);
    size_t item_bytes = size_of(field->type);
    uint8_t *items = arena_take(reader->arena, count * item_bytes + 1);
    if (items == NULL)
        return fail(reader, REASON_OUT_OF_MEMORY);
    memset(items, 0, count * item_bytes);
    for (size_t i = 0; i < count; i++) {
        size_t before = path_enter(reader, "%s[%zu]", "", i + 1);
        enum reason reason =
            read_value(reader, field, rule, json_array_get(list, i), items + i * item_bytes);
        if (reason != REASON_NONE)
            return reason;
        reader->path[before] = 0;
    }
    memcpy(message + field->quantifier_offset, &count, sizeof count);
    memcpy(message + field->offset, &items, sizeof items);
    return REASON_NONE;
}

/* Adds the name that was meant. */
static void suggest(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                    const char *name)
{
    struct near near = {.word = name};
    size_t size = strlen(reader->path);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        near_look(&near, descriptor->fields[i].name);
    if (near.meant != NULL)
        (void)snprintf(reader->path + size, sizeof reader->path - size, " (%s?)", near.meant);
}

/* null is the same as a member that is not there; in a list it is a fault, since it has a place. */
static enum reason read_member(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                               const struct message_rule *rule, const char *name,
                               const json_t *value, uint8_t *message)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, name);
    if (field == NULL) {
        suggest(reader, descriptor, name);
        return fail(reader, REASON_FIELD_UNKNOWN);
    }
    const struct field_rule *rules = &rule->fields[field->id];
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(reader, field, rules, value, message);
    return json_is_null(value) ? REASON_NONE
                               : read_value(reader, field, rules, value, message + field->offset);
}

static enum reason read_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                                const struct message_rule *rule, const json_t *object,
                                ProtobufCMessage **ret_message)
{
    if (!json_is_object(object))
        return fail(reader, REASON_FIELD_INVALID);
    uint8_t *message = arena_take(reader->arena, descriptor->sizeof_message);
    if (message == NULL)
        return fail(reader, REASON_OUT_OF_MEMORY);
    protobuf_c_message_init(descriptor, message);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t before = path_enter(reader, ".%s", name, 0);
        enum reason reason = read_member(reader, descriptor, rule, name, value, message);
        if (reason != REASON_NONE)
            return reason;
        reader->path[before] = 0;
    }
    *ret_message = (ProtobufCMessage *)message;
    return REASON_NONE;
}

enum reason body_json_read(enum message_type type, const json_t *object, struct arena *arena,
                           struct Lienthong__V1__Body **ret_body, struct body_json_fault *ret_fault)
{
    struct reader reader = {.arena = arena, .fault = ret_fault, .path = "body"};
    /* The numbers of the kinds in the schema are those of the message types. */
    if (message_type_is_receipt(type) || type == MESSAGE_TYPE_LEDGER_HEAD)
        return fail(&reader, REASON_MESSAGE_TYPE_UNKNOWN);
    const ProtobufCFieldDescriptor *kind =
        protobuf_c_message_descriptor_get_field(&lienthong__v1__body__descriptor, type);
    if (kind == NULL)
        return fail(&reader, REASON_MESSAGE_TYPE_UNKNOWN);
    Lienthong__V1__Body *body = arena_take(arena, sizeof *body);
    if (body == NULL)
        return fail(&reader, REASON_OUT_OF_MEMORY);
    lienthong__v1__body__init(body);
    ProtobufCMessage *inner = NULL;
    enum reason reason =
        read_message(&reader, kind->descriptor, body_rule.fields[kind->id].message, object, &inner);
    if (reason != REASON_NONE)
        return reason;
    body->kind_case = (Lienthong__V1__Body__KindCase)kind->id;
    *(ProtobufCMessage **)((uint8_t *)body + kind->offset) = inner;
    *ret_body = body;
    return REASON_NONE;
}

/* ---- to JSON -------------------------------------------------------------------------------- */

static json_t *write_message(const ProtobufCMessage *message);

static json_t *write_bytes(const ProtobufCBinaryData *data)
{
    char text[2 * 256 + 1]; /* ids and digests; the schema has no longer bytes */
    if (data->len > 256)
        return json_string("");
    hex_encode((struct bytes){data->data, data->len}, text);
    return json_string(text);
}

static json_t *write_value(ProtobufCType type, const void *field)
{
    const char *text;
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(*(const uint32_t *)field);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return json_integer(*(const int64_t *)field);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)field);
    case PROTOBUF_C_TYPE_STRING:
        text = *(char *const *)field;
        return json_string(text == NULL ? "" : text);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(field);
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(*(ProtobufCMessage *const *)field);
    default:
        check(false);
    }
}

static json_t *write_list(ProtobufCType type, const uint8_t *items, size_t count)
{
    json_t *list = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = json_array_append_new(list, write_value(type, items + i * size_of(type))) == 0;
    return json_whole(list, ok);
}

static json_t *write_field(const ProtobufCFieldDescriptor *field, const uint8_t *message)
{
    const uint8_t *items;
    size_t count;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return write_value(field->type, message + field->offset);
    memcpy(&count, message + field->quantifier_offset, sizeof count);
    memcpy(&items, message + field->offset, sizeof items);
    return write_list(field->type, items, count);
}

/* What is not set is left out, so that a body that is read back is the same. */
static json_t *write_message(const ProtobufCMessage *message)
{
    json_t *object = json_object();
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    bool ok = true;
    for (size_t i = 0; ok && i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        ok = !body_field_is_set(field, message) ||
             json_put(object, field->name, write_field(field, (const uint8_t *)message));
    }
    return json_whole(object, ok);
}

/* A kind that this program does not know yet is an empty object: the envelope beside it can still
 * be shown. */
json_t *body_json_write(const struct Lienthong__V1__Body *body)
{
    const ProtobufCFieldDescriptor *kind = protobuf_c_message_descriptor_get_field(
        &lienthong__v1__body__descriptor, (unsigned)body->kind_case);
    if (kind == NULL)
        return json_object();
    return write_value(kind->type, (const uint8_t *)body + kind->offset);
}
