/* What a form cannot do without, by type (proto/schema/body_needs.def). The wire has no required
 * fields, so that old and new versions read one another; what a business event must say is checked
 * where one is made, and by the receiver's API where it is shown. */
#include "proto/codec/body_needs.h"

#include <string.h>

#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

enum { FIELD_NAME_BYTES = 32 };

static const struct {
    enum message_type type;
    const char *field; /* "body.owner.name" */
} needs[] = {
#define NEED(type, field) {MESSAGE_TYPE_##type, "body." field},
#include "proto/schema/body_needs.def"
#undef NEED
};
enum { NEED_COUNT = sizeof needs / sizeof *needs };

static bool is_zero(const void *at, size_t size)
{
    static const uint8_t zero[sizeof(uint64_t)];
    return memcmp(at, zero, size) == 0;
}

/* proto3 has no presence for plain values: zero, empty and absent are the same on the wire and
 * here. */
bool body_field_is_set(const ProtobufCFieldDescriptor *field, const void *message)
{
    const uint8_t *at = (const uint8_t *)message + field->offset;
    const uint8_t *quantifier = (const uint8_t *)message + field->quantifier_offset;
    uint32_t which;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memcpy(&which, quantifier, sizeof which);
        return which == field->id;
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return !is_zero(quantifier, sizeof(size_t));
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len > 0;
    case PROTOBUF_C_TYPE_STRING:
        return *(char *const *)at != NULL && **(char *const *)at != 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at != NULL;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return !is_zero(at, sizeof(uint64_t));
    case PROTOBUF_C_TYPE_BOOL:
        return !is_zero(at, sizeof(protobuf_c_boolean));
    default:
        return !is_zero(at, sizeof(uint32_t));
    }
}

/* One path ("owner.name") up to its end or to a '|'. */
static bool has_path(const ProtobufCMessage *message, const char *path)
{
    char name[FIELD_NAME_BYTES];
    for (;;) {
        size_t size = strcspn(path, ".|");
        if (size >= sizeof name)
            return false;
        memcpy(name, path, size);
        name[size] = 0;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        if (field == NULL || !body_field_is_set(field, message))
            return false;
        if (path[size] != '.')
            return true;
        message = *(ProtobufCMessage *const *)((const uint8_t *)message + field->offset);
        path += size + 1;
    }
}

/* Alternatives, with a '|' between two: a progress may say a text, or a state of the national
 * list. */
static bool has_one_of(const ProtobufCMessage *message, const char *paths)
{
    while (paths != NULL) {
        paths += *paths == '|';
        if (has_path(message, paths))
            return true;
        paths = strchr(paths, '|');
    }
    return false;
}

/* The body's message of a business type; NULL: it has another. */
static const ProtobufCMessage *message_of(uint32_t type, const Lienthong__V1__Body *body)
{
    const ProtobufCFieldDescriptor *kind =
        protobuf_c_message_descriptor_get_field(&lienthong__v1__body__descriptor, type);
    if (type > MESSAGE_TYPE_BUSINESS_COUNT || kind == NULL || !body_field_is_set(kind, body))
        return NULL;
    return *(ProtobufCMessage *const *)((const uint8_t *)body + kind->offset);
}

/* A program that writes seconds for milliseconds names a moment in January 1970, and one that
 * writes microseconds a moment tens of thousands of years ahead. Both would be signed, stored and
 * shown as a date, so that moments outside of two centuries are refused. 0 is "not said". */
bool body_time_is_ms(int64_t time_ms)
{
    static const int64_t year_2000_ms = INT64_C(946684800000);
    static const int64_t year_2200_ms = INT64_C(7258118400000);
    return time_ms == 0 || (time_ms >= year_2000_ms && time_ms < year_2200_ms);
}

/* Every sint64 of a business body is a moment in milliseconds (schema/body.proto). A new field of
 * that type with another meaning would be judged as a moment here. */
const char *body_time_out_of_bounds(uint32_t type, const Lienthong__V1__Body *body)
{
    const ProtobufCMessage *message = message_of(type, body);
    for (unsigned i = 0; message != NULL && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        int64_t time_ms;
        if (field->type != PROTOBUF_C_TYPE_SINT64)
            continue;
        memcpy(&time_ms, (const uint8_t *)message + field->offset, sizeof time_ms);
        if (!body_time_is_ms(time_ms))
            return field->name;
    }
    return NULL;
}

const char *body_missing(uint32_t type, const Lienthong__V1__Body *body)
{
    const ProtobufCMessage *message = message_of(type, body);
    if (message == NULL)
        return NULL;
    for (size_t i = 0; i < NEED_COUNT; i++) {
        if (needs[i].type == (enum message_type)type &&
            !has_one_of(message, needs[i].field + strlen("body.")))
            return needs[i].field;
    }
    return NULL;
}
