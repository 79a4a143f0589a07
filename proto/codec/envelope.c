/* What schema/envelope.proto says of the outer fields, as tables of codec/rules.h, and the rules
 * that depend on several fields. The body is checked by the same walk and only then unpacked by
 * protobuf-c, into the caller's arena; a business body is packed by protobuf-c as well.
 *
 * A unit test compares what is built here with what protobuf-c packs. */
#include "proto/codec/envelope.h"

#include <string.h>

#include "proto/base/dossier_code.h"
#include "proto/base/file_name.h"
#include "proto/base/limits.h"
#include "proto/base/person_name.h"
#include "proto/codec/body.h"
#include "proto/codec/body_needs.h"
#include "proto/codec/body_rules.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"

enum { COMPONENT_CODE_BYTES_MAX = 64 };

/* An envelope on its way from or to bytes: with what has another form there. */
struct parts {
    struct envelope envelope;
    uint64_t type; /* any number */
    struct bytes body;
    struct bytes acting_for; /* as it came; on its way out the envelope's own is put */
    const Lienthong__V1__Body *business_body; /* to be packed in the place of .body */
};

enum {
    ATTACHMENT_NAME = 3,
    ATTACHMENT_MEDIA_TYPE,
    ATTACHMENT_COMPONENT,
    ENVELOPE_PROCEDURE_CODE = 6,
    ENVELOPE_BODY = 15,
    ENVELOPE_ACTING_FOR = 17,
};

/* clang-format off */
/* Marked by its moment: an offset alone says nothing. */
RULE_MARKED(stamp, 0, 1,
    [1] = RULE_TIME(struct stamp, at),
    [2] = {.kind = FIELD_OFFSET, .form = FORM_NUMBER, RULE_AT(struct stamp, offset_minutes)});

RULE(attachment, RULE_BIT(1) | RULE_BIT(ATTACHMENT_NAME),
    [1] = RULE_ARRAY(struct attachment, digest),
    [2] = RULE_UPTO(struct attachment, size_bytes, UINT64_MAX),
    [ATTACHMENT_NAME] = {.kind = FIELD_TEXT, .form = FORM_VIEW, RULE_AT(struct attachment, name),
                         .max = UTF8_BYTES_MAX * ATTACHMENT_NAME_CHARACTERS_MAX,
                         .characters_max = ATTACHMENT_NAME_CHARACTERS_MAX},
    [ATTACHMENT_MEDIA_TYPE] = RULE_TEXT(struct attachment, media_type, MEDIA_TYPE_BYTES_MAX),
    [ATTACHMENT_COMPONENT] = RULE_TEXT(struct attachment, component_code,
                                       COMPONENT_CODE_BYTES_MAX));

RULE(envelope, RULE_BIT(1) | RULE_BIT(2) | RULE_BIT(4) | RULE_BIT(9),
    [1] = RULE_ID(struct parts, envelope.id),
    [2] = RULE_KEY(struct parts, envelope.sender),
    [3] = RULE_KEY(struct parts, envelope.recipient),
    [4] = RULE_UPTO(struct parts, type, UINT64_MAX),
    [5] = RULE_TEXT(struct parts, envelope.dossier_code, DOSSIER_CODE_BYTES_MAX),
    [ENVELOPE_PROCEDURE_CODE] = RULE_TEXT(struct parts, envelope.procedure_code,
                                          PROCEDURE_CODE_BYTES_MAX),
    [7] = RULE_UPTO(struct parts, envelope.sequence, INT64_MAX), /* SQL has no larger number */
    [8] = RULE_STRUCT(struct parts, envelope.source_time, stamp_rule),
    [9] = RULE_STRUCT(struct parts, envelope.created, stamp_rule),
    [10] = RULE_STRUCT(struct parts, envelope.expires, stamp_rule),
    [11] = RULE_ID(struct parts, envelope.in_reply_to),
    [12] = RULE_ID(struct parts, envelope.in_reply_to_digest),
    [13] = RULE_STRUCTS(struct parts, envelope.attachments, envelope.attachment_count,
                        attachment_rule, ATTACHMENTS_MAX),
    [ENVELOPE_BODY] = RULE_VIEW(struct parts, body, 0, ENVELOPE_BYTES_MAX),
    [ENVELOPE_ACTING_FOR] = {.kind = FIELD_TEXT, .form = FORM_VIEW,
                             RULE_AT(struct parts, acting_for),
                             .max = UTF8_BYTES_MAX * PERSON_NAME_CHARACTERS_MAX,
                             .characters_max = PERSON_NAME_CHARACTERS_MAX});
/* clang-format on */

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

/* The size is held against the hard bound of the format alone. What an installation takes is a
 * setting, and judged by whoever fetches the file. */
static enum reason check_attachments(const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->attachment_count; i++) {
        if (envelope->attachments[i].size_bytes > BLOB_BYTES_HARD_MAX)
            return REASON_ATTACHMENT_TOO_LARGE;
        if (!is_file_name(envelope->attachments[i].name))
            return REASON_FIELD_INVALID;
    }
    return REASON_NONE;
}

/* Its own id, and the one that it answers, with that message's digest. An answer without the digest
 * could be held against another message of the same id, so that both are there or neither is. */
static enum reason check_ids(const struct envelope *envelope)
{
    bool is_reply = !id_is_zero(&envelope->in_reply_to);
    if (!id_is_valid(&envelope->id))
        return REASON_FIELD_INVALID;
    if (is_reply == digest_is_zero(&envelope->in_reply_to_digest))
        return REASON_FIELD_MISSING;
    return !is_reply || id_is_valid(&envelope->in_reply_to) ? REASON_NONE : REASON_FIELD_INVALID;
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
    return rules_check_text(&envelope_fields[ENVELOPE_PROCEDURE_CODE], envelope->procedure_code);
}

/* What a dossier's message must have, and what a receipt or a head must not: of a receipt each item
 * says who acted. */
static enum reason check_kind(const struct envelope *envelope)
{
    const char *ignored;
    if (envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT)
        return envelope->sequence == 0 ? REASON_FIELD_MISSING : check_codes(envelope, &ignored);
    bool has_code = envelope->dossier_code.size > 0;
    if (has_code && !dossier_code_is_valid(envelope->dossier_code))
        return REASON_DOSSIER_CODE_INVALID;
    return envelope->sequence == 0 && envelope->acting_for.size == 0 ? REASON_NONE
                                                                     : REASON_FIELD_INVALID;
}

static bool is_media_type(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    }
    return true;
}

/* Stricter than is_file_name, which the parser asks: the parser also reads what was signed long
 * ago, while this look is at a name that its sender can still change. */
static enum reason check_attachment(const struct attachment *attachment, const char **ret_field)
{
    const struct {
        const char *name;
        uint32_t number;
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

/* What a message must say to be of use, with the field's name for the program that made it. It is
 * no part of envelope_parse: a signed message stays readable for ever (invariant 2), and what is
 * asked for here may become more from version to version. */
enum reason envelope_check_content(const struct envelope *envelope,
                                   const struct Lienthong__V1__Body *body, const char **ret_field)
{
    const char *field = NULL;
    enum reason reason = REASON_NONE;
    if (envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT)
        reason = check_codes(envelope, &field);
    for (size_t i = 0; reason == REASON_NONE && i < envelope->attachment_count; i++)
        reason = check_attachment(&envelope->attachments[i], &field);
    if (reason == REASON_NONE && envelope->acting_for.size > 0 &&
        !acting_for_is_valid(envelope->acting_for)) {
        field = "acting_for";
        reason = REASON_FIELD_INVALID;
    }
    const char *missing =
        reason == REASON_NONE && body != NULL ? body_missing(envelope->type, body) : NULL;
    if (missing != NULL) {
        field = missing;
        reason = REASON_FIELD_MISSING;
    }
    const char *moment = reason == REASON_NONE && body != NULL
                             ? body_time_out_of_bounds(envelope->type, body)
                             : NULL;
    if (moment != NULL) {
        field = moment;
        reason = REASON_TIME_NOT_MS;
    }
    if (reason != REASON_NONE)
        *ret_field = field;
    return reason;
}

/* ---- parsing ---- */

/* What no table says, in the order in which faults are named. The type comes first: every rule
 * behind it depends on it. */
static enum reason check_outer(struct parts *parts)
{
    struct envelope *envelope = &parts->envelope;
    if (parts->type > UINT32_MAX || !message_type_is_known((uint32_t)parts->type))
        return REASON_MESSAGE_TYPE_UNKNOWN;
    envelope->type = (uint32_t)parts->type;
    enum reason reason = check_ids(envelope);
    if (reason == REASON_NONE && !is_printable(envelope->procedure_code))
        reason = REASON_FIELD_INVALID;
    if (reason == REASON_NONE && envelope->created.at.ms == 0)
        reason = REASON_FIELD_MISSING;
    if (reason == REASON_NONE)
        reason = check_kind(envelope);
    return reason == REASON_NONE ? check_attachments(envelope) : reason;
}

enum reason envelope_parse(struct bytes document, struct arena *arena,
                           struct envelope *ret_envelope)
{
    struct parts parts = {.envelope = {.document = document}};
    if (document.size > ENVELOPE_BYTES_MAX)
        return REASON_ENVELOPE_TOO_LARGE;
    enum reason reason = rules_read(document, &envelope_rule, arena, &parts);
    parts.envelope.acting_for = parts.acting_for;
    if (reason == REASON_NONE)
        reason = check_outer(&parts);
    if (reason == REASON_NONE)
        reason = body_parse(parts.body, arena, &parts.envelope);
    if (reason == REASON_NONE)
        *ret_envelope = parts.envelope;
    return reason;
}

/* ---- building ---- */

/* While the writer only measures it gives no room (wire.h), and nothing is packed. */
static void put_business_body(struct wire_writer *writer, const Lienthong__V1__Body *body)
{
    uint8_t *room = wire_put_room(writer, lienthong__v1__body__get_packed_size(body));
    if (room != NULL)
        (void)lienthong__v1__body__pack(body, room);
}

/* The highest numbers first: who acted, then the body, and the rest by the table. */
static void put_envelope(struct wire_writer *writer, const struct parts *parts)
{
    if (parts->envelope.acting_for.size > 0)
        wire_put_bytes(writer, ENVELOPE_ACTING_FOR, parts->envelope.acting_for);
    size_t behind = writer->size;
    bool is_ours = parts->envelope.type > MESSAGE_TYPE_BUSINESS_COUNT;
    if (is_ours)
        body_write(writer, &parts->envelope);
    else if (parts->business_body != NULL)
        put_business_body(writer, parts->business_body);
    if (is_ours || parts->business_body != NULL)
        wire_end_message(writer, ENVELOPE_BODY, behind);
    rules_write(writer, &envelope_rule, parts);
}

/* Nothing may be sealed that a recipient would refuse. */
static enum reason check_built(struct bytes document, struct arena *scratch)
{
    struct envelope parsed;
    size_t used = scratch->used;
    const char *ignored;
    enum reason reason = envelope_parse(document, scratch, &parsed);
    if (reason == REASON_NONE)
        reason = envelope_check_content(&parsed, parsed.body, &ignored);
    scratch->used = used;
    return reason;
}

/* Measured, written into the buffer at its exact size, and read back with the checks of a
 * recipient. After a refusal the buffer is as long as it was before, so that half a document is
 * never signed. */
enum reason envelope_build(const struct envelope *envelope, const struct Lienthong__V1__Body *body,
                           struct arena *scratch, struct buffer *ret_document)
{
    struct parts parts = {.envelope = *envelope, .type = envelope->type, .business_body = body};
    struct wire_writer writer = {0};
    put_envelope(&writer, &parts);
    size_t size = writer.size;
    size_t start = ret_document->size;
    if (size > ENVELOPE_BYTES_MAX)
        return REASON_ENVELOPE_TOO_LARGE;
    uint8_t *room = buffer_extend(ret_document, size);
    if (room == NULL)
        return REASON_OUT_OF_MEMORY;
    writer = (struct wire_writer){.at = room + size};
    put_envelope(&writer, &parts);
    enum reason reason = check_built((struct bytes){room, size}, scratch);
    if (reason != REASON_NONE)
        ret_document->size = start;
    return reason;
}
