/* Parsing: the outer fields are read as views by the walk of codec/rules.h; the body is checked by
 * the same walk and only then unpacked by protobuf-c, into the caller's arena. */
#include "proto/codec/envelope.h"

#include "proto/base/dossier_code.h"
#include "proto/base/file_name.h"
#include "proto/base/limits.h"
#include "proto/codec/body.h"
#include "proto/codec/body_needs.h"
#include "proto/codec/envelope_fields.h"
#include "proto/codec/message_type.h"
#include "proto/codec/rules.h"

#include <string.h>

enum { COMPONENT_CODE_BYTES_MAX = 64 };

static const struct field_rule stamp_fields[STAMP_FIELD_COUNT] = {
    [STAMP_AT] = {.kind = FIELD_TIME},
    [STAMP_OFFSET] = {.kind = FIELD_OFFSET},
};
static const struct message_rule stamp_rule = {.fields = stamp_fields,
                                               .field_count = STAMP_FIELD_COUNT};

static const struct field_rule attachment_fields[ATTACHMENT_FIELD_COUNT] = {
    [ATTACHMENT_DIGEST] = {.kind = FIELD_BYTES, .min = DIGEST_BYTES, .max = DIGEST_BYTES},
    [ATTACHMENT_SIZE] = {.kind = FIELD_UINT, .max = UINT64_MAX},
    [ATTACHMENT_NAME] = {.kind = FIELD_TEXT,
                         .max = UTF8_BYTES_MAX * ATTACHMENT_NAME_CHARACTERS_MAX,
                         .characters_max = ATTACHMENT_NAME_CHARACTERS_MAX},
    [ATTACHMENT_MEDIA_TYPE] = {.kind = FIELD_TEXT, .max = MEDIA_TYPE_BYTES_MAX},
    [ATTACHMENT_COMPONENT] = {.kind = FIELD_TEXT, .max = COMPONENT_CODE_BYTES_MAX},
};
static const struct message_rule attachment_rule = {
    .fields = attachment_fields,
    .field_count = ATTACHMENT_FIELD_COUNT,
    .required = RULE_BIT(ATTACHMENT_DIGEST) | RULE_BIT(ATTACHMENT_NAME),
};

#define EXACTLY(size)                                                                              \
    {                                                                                              \
        .kind = FIELD_BYTES, .min = (size), .max = (size)                                          \
    }
#define ANY_BYTES                                                                                  \
    {                                                                                              \
        .kind = FIELD_BYTES, .max = ENVELOPE_BYTES_MAX                                             \
    }
#define TEXT(size_max)                                                                             \
    {                                                                                              \
        .kind = FIELD_TEXT, .max = (size_max)                                                      \
    }

static const struct field_rule envelope_fields[ENVELOPE_FIELD_COUNT] = {
    [FIELD_ID] = EXACTLY(MESSAGE_ID_BYTES),
    [FIELD_SENDER] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [FIELD_RECIPIENT] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [FIELD_TYPE] = {.kind = FIELD_UINT, .max = UINT64_MAX},
    [FIELD_DOSSIER_CODE] = TEXT(DOSSIER_CODE_BYTES_MAX),
    [FIELD_PROCEDURE_CODE] = TEXT(PROCEDURE_CODE_BYTES_MAX),
    [FIELD_SEQUENCE] = {.kind = FIELD_UINT, .max = INT64_MAX}, /* SQL has no larger number */
    [FIELD_SOURCE_TIME] = ANY_BYTES,
    [FIELD_CREATED] = ANY_BYTES,
    [FIELD_EXPIRES] = ANY_BYTES,
    [FIELD_REPLY_ID] = EXACTLY(MESSAGE_ID_BYTES),
    [FIELD_REPLY_DIGEST] = EXACTLY(DIGEST_BYTES),
    [FIELD_ATTACHMENTS] = {.kind = FIELD_BYTES,
                           .max = ENVELOPE_BYTES_MAX,
                           .repeated_max = ATTACHMENTS_MAX},
    [FIELD_BODY] = ANY_BYTES,
};
static const struct message_rule envelope_rule = {
    .fields = envelope_fields,
    .field_count = ENVELOPE_FIELD_COUNT,
    .required = RULE_BIT(FIELD_ID) | RULE_BIT(FIELD_SENDER) | RULE_BIT(FIELD_TYPE) |
                RULE_BIT(FIELD_CREATED),
};

/* True when every byte is printable US-ASCII: no space, no control character. */
static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    }
    return true;
}

/* A name that is safe as the last part of a path and on one line of a list. */
static bool is_file_name(struct bytes name)
{
    if (bytes_equal(name, bytes_of_text(".")) || bytes_equal(name, bytes_of_text("..")))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] < ' ' || name.data[i] == 0x7f || name.data[i] == '/')
            return false;
    }
    return true;
}

static enum reason parse_stamp(const struct field_value *field, struct stamp *ret_stamp)
{
    struct field_value values[STAMP_FIELD_COUNT] = {0};
    enum reason reason = rules_walk(field->bytes, &stamp_rule, values);
    if (reason != REASON_NONE)
        return reason;
    ret_stamp->at.ms = wire_zigzag_decode(values[STAMP_AT].value);
    ret_stamp->offset_minutes = (int32_t)wire_zigzag_decode(values[STAMP_OFFSET].value);
    return REASON_NONE;
}

static enum reason parse_times(const struct field_value *fields, struct envelope *envelope)
{
    enum reason reason = parse_stamp(&fields[FIELD_SOURCE_TIME], &envelope->source_time);
    if (reason == REASON_NONE)
        reason = parse_stamp(&fields[FIELD_CREATED], &envelope->created);
    if (reason == REASON_NONE)
        reason = parse_stamp(&fields[FIELD_EXPIRES], &envelope->expires);
    if (reason == REASON_NONE && envelope->created.at.ms == 0)
        reason = REASON_FIELD_MISSING;
    return reason;
}

static enum reason parse_key(struct bytes text, struct key *ret_key)
{
    return text.size == 0 || key_parse(text, ret_key) ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason parse_attachment(struct bytes message, struct attachment *ret_attachment)
{
    struct field_value values[ATTACHMENT_FIELD_COUNT] = {0};
    enum reason reason = rules_walk(message, &attachment_rule, values);
    if (reason != REASON_NONE)
        return reason;
    struct attachment attachment = {.size_bytes = values[ATTACHMENT_SIZE].value,
                                    .name = values[ATTACHMENT_NAME].bytes,
                                    .media_type = values[ATTACHMENT_MEDIA_TYPE].bytes,
                                    .component_code = values[ATTACHMENT_COMPONENT].bytes};
    if (attachment.size_bytes > BLOB_BYTES_HARD_MAX)
        return REASON_ATTACHMENT_TOO_LARGE;
    if (!is_file_name(attachment.name))
        return REASON_FIELD_INVALID;
    memcpy(attachment.digest.bytes, values[ATTACHMENT_DIGEST].bytes.data, DIGEST_BYTES);
    *ret_attachment = attachment;
    return REASON_NONE;
}

static enum reason parse_attachments(size_t count, struct arena *arena, struct envelope *envelope)
{
    if (count == 0)
        return REASON_NONE;
    struct bytes rest = envelope->document;
    struct bytes element;
    struct attachment *attachments = arena_take(arena, count * sizeof *attachments);
    if (attachments == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && rules_next_element(&rest, FIELD_ATTACHMENTS, &element); i++) {
        enum reason reason = parse_attachment(element, &attachments[i]);
        if (reason != REASON_NONE)
            return reason;
    }
    envelope->attachments = attachments;
    envelope->attachment_count = count;
    return REASON_NONE;
}

static enum reason parse_reply(const struct field_value *fields, struct envelope *envelope)
{
    struct bytes id = fields[FIELD_REPLY_ID].bytes;
    struct bytes digest = fields[FIELD_REPLY_DIGEST].bytes;
    if ((id.size == 0) != (digest.size == 0))
        return REASON_FIELD_MISSING;
    if (id.size == 0)
        return REASON_NONE;
    memcpy(envelope->in_reply_to.bytes, id.data, MESSAGE_ID_BYTES);
    memcpy(envelope->in_reply_to_digest.bytes, digest.data, DIGEST_BYTES);
    return id_is_valid(&envelope->in_reply_to) ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason parse_names(const struct field_value *fields, struct envelope *envelope)
{
    memcpy(envelope->id.bytes, fields[FIELD_ID].bytes.data, MESSAGE_ID_BYTES);
    if (!id_is_valid(&envelope->id))
        return REASON_FIELD_INVALID;
    enum reason reason = parse_key(fields[FIELD_SENDER].bytes, &envelope->sender);
    if (reason == REASON_NONE)
        reason = parse_key(fields[FIELD_RECIPIENT].bytes, &envelope->recipient);
    if (reason != REASON_NONE)
        return reason;
    envelope->dossier_code = fields[FIELD_DOSSIER_CODE].bytes;
    envelope->procedure_code = fields[FIELD_PROCEDURE_CODE].bytes;
    envelope->sequence = fields[FIELD_SEQUENCE].value;
    return is_printable(envelope->procedure_code) ? REASON_NONE : REASON_FIELD_INVALID;
}

static enum reason check_codes(const struct envelope *envelope, const char **ret_field)
{
    bool needs_procedure = envelope->type == MESSAGE_TYPE_TRANSFER;
    *ret_field = "dossier_code";
    if (envelope->dossier_code.size == 0)
        return REASON_FIELD_MISSING;
    if (!dossier_code_is_valid(envelope->dossier_code))
        return REASON_DOSSIER_CODE_INVALID;
    *ret_field = "procedure_code";
    if (needs_procedure && envelope->procedure_code.size == 0)
        return REASON_FIELD_MISSING;
    if (!is_printable(envelope->procedure_code))
        return REASON_FIELD_INVALID;
    return rules_check_text(&envelope_fields[FIELD_PROCEDURE_CODE], envelope->procedure_code);
}

/* What a dossier's message must have, and what a receipt or a head must not. */
static enum reason check_kind(const struct envelope *envelope)
{
    const char *ignored;
    bool has_code = envelope->dossier_code.size > 0;
    if (has_code && !dossier_code_is_valid(envelope->dossier_code))
        return REASON_DOSSIER_CODE_INVALID;
    if (envelope->type > MESSAGE_TYPE_BUSINESS_COUNT) {
        return envelope->sequence == 0 ? REASON_NONE : REASON_FIELD_INVALID;
    }
    return envelope->sequence == 0 ? REASON_FIELD_MISSING : check_codes(envelope, &ignored);
}

static enum reason parse_type(uint64_t number, struct envelope *envelope)
{
    if (number > UINT32_MAX || !message_type_is_known((uint32_t)number))
        return REASON_MESSAGE_TYPE_UNKNOWN;
    envelope->type = (uint32_t)number;
    return REASON_NONE;
}

static enum reason parse_body(const struct field_value *fields, struct arena *arena,
                              struct envelope *envelope)
{
    if (!fields[FIELD_BODY].is_present)
        return REASON_FIELD_MISSING;
    return body_parse(fields[FIELD_BODY].bytes, arena, envelope);
}

static bool is_media_type(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    }
    return true;
}

static enum reason check_attachment(const struct attachment *attachment, const char **ret_field)
{
    const struct {
        const char *name;
        enum attachment_field number;
        struct bytes text;
        bool is_good;
    } fields[] = {
        {"attachments.name", ATTACHMENT_NAME, attachment->name,
         file_name_is_safe(attachment->name)},
        {"attachments.media_type", ATTACHMENT_MEDIA_TYPE, attachment->media_type,
         is_media_type(attachment->media_type)},
        {"attachments.component_code", ATTACHMENT_COMPONENT, attachment->component_code, true},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        enum reason reason = rules_check_text(&attachment_fields[fields[i].number], fields[i].text);
        if (reason == REASON_NONE && !fields[i].is_good)
            reason = fields[i].text.size == 0 ? REASON_FIELD_MISSING : REASON_FIELD_INVALID;
        if (reason == REASON_NONE)
            continue;
        *ret_field = fields[i].name;
        return reason;
    }
    return REASON_NONE;
}

enum reason envelope_check_content(const struct envelope *envelope,
                                   const struct Lienthong__V1__Body *body, const char **ret_field)
{
    const char *field = NULL;
    enum reason reason = REASON_NONE;
    if (envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT)
        reason = check_codes(envelope, &field);
    for (size_t i = 0; reason == REASON_NONE && i < envelope->attachment_count; i++)
        reason = check_attachment(&envelope->attachments[i], &field);
    const char *missing =
        reason == REASON_NONE && body != NULL ? body_missing(envelope->type, body) : NULL;
    if (missing != NULL) {
        field = missing;
        reason = REASON_FIELD_MISSING;
    }
    if (reason != REASON_NONE)
        *ret_field = field;
    return reason;
}

enum reason envelope_parse(struct bytes document, struct arena *arena,
                           struct envelope *ret_envelope)
{
    struct field_value fields[ENVELOPE_FIELD_COUNT] = {0};
    struct envelope envelope = {.document = document};
    if (document.size > ENVELOPE_BYTES_MAX)
        return REASON_ENVELOPE_TOO_LARGE;
    enum reason reason = rules_walk(document, &envelope_rule, fields);
    if (reason == REASON_NONE)
        reason = parse_type(fields[FIELD_TYPE].value, &envelope);
    if (reason == REASON_NONE)
        reason = parse_names(fields, &envelope);
    if (reason == REASON_NONE)
        reason = parse_times(fields, &envelope);
    if (reason == REASON_NONE)
        reason = parse_reply(fields, &envelope);
    if (reason == REASON_NONE)
        reason = check_kind(&envelope);
    if (reason == REASON_NONE)
        reason = parse_attachments(fields[FIELD_ATTACHMENTS].count, arena, &envelope);
    if (reason == REASON_NONE)
        reason = parse_body(fields, arena, &envelope);
    if (reason == REASON_NONE)
        *ret_envelope = envelope;
    return reason;
}
