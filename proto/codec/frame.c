/* Parsing. The wire format is read directly and yields views: unpacking would copy every document
 * and every chunk once more. */
#include "proto/codec/frame.h"

#include "proto/codec/frame_fields.h"
#include "proto/codec/rules.h"

#include <string.h>

/* clang-format off */
#define EXACTLY(size)         {.kind = FIELD_BYTES, .min = (size), .max = (size)}
#define REPEATED(size, count) \
    {.kind = FIELD_BYTES, .min = (size), .max = (size), .repeated_max = (count)}
#define ANY_BYTES             {.kind = FIELD_BYTES, .max = FRAME_BYTES_MAX}
#define BYTES_TO(size_max)    {.kind = FIELD_BYTES, .max = (size_max)}
#define TEXT(size_max)        {.kind = FIELD_TEXT, .max = (size_max)}
#define UINT(from, to)        {.kind = FIELD_UINT, .min = (from), .max = (to)}
#define TIME                  {.kind = FIELD_TIME}
#define WINDOW_BYTES          UINT(MESSAGE_WINDOW_BYTES_MIN, MESSAGE_WINDOW_BYTES_MAX)
/* clang-format on */
#define RULE(name, count, needs)                                                                   \
    static const struct message_rule name##_rule = {                                               \
        .fields = name##_fields, .field_count = (count), .required = (needs)}

static const struct field_rule frame_fields[FRAME_FIELD_COUNT] = {
    [FRAME_HELLO] = ANY_BYTES,       [FRAME_WELCOME] = ANY_BYTES,
    [FRAME_HEARTBEAT] = ANY_BYTES,   [FRAME_PARCELS] = ANY_BYTES,
    [FRAME_TAKEN] = ANY_BYTES,       [FRAME_NOT_TAKEN] = ANY_BYTES,
    [FRAME_BLOB_OFFER] = ANY_BYTES,  [FRAME_BLOB_WANT] = ANY_BYTES,
    [FRAME_BLOB_CHUNK] = ANY_BYTES,  [FRAME_BLOB_REFUSED] = ANY_BYTES,
    [FRAME_LEDGER_HEAD] = ANY_BYTES, [FRAME_GOODBYE] = ANY_BYTES,
    [FRAME_STANDING] = ANY_BYTES,    [FRAME_ASK] = ANY_BYTES,
};
static const struct message_rule frame_rule = {
    .fields = frame_fields, .field_count = FRAME_FIELD_COUNT, .is_choice = true};

static const struct field_rule hello_fields[HELLO_FIELD_COUNT] = {
    [HELLO_VERSION_MIN] = UINT(1, UINT32_MAX),
    [HELLO_VERSION_MAX] = UINT(1, UINT32_MAX),
    [HELLO_PARTICIPANT] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [HELLO_PROGRAM] = TEXT(FRAME_NAME_BYTES_MAX),
    [HELLO_WINDOW] = UINT(1, MESSAGE_WINDOW_MAX),
    [HELLO_CLOCK] = TIME,
    [HELLO_INCARNATION] = EXACTLY(INCARNATION_BYTES),
    [HELLO_HEAD_SEEN] = ANY_BYTES,
    [HELLO_WINDOW_BYTES] = WINDOW_BYTES,
};
RULE(hello, HELLO_FIELD_COUNT,
     RULE_BIT(HELLO_VERSION_MIN) | RULE_BIT(HELLO_VERSION_MAX) | RULE_BIT(HELLO_PARTICIPANT) |
         RULE_BIT(HELLO_WINDOW) | RULE_BIT(HELLO_INCARNATION));

static const struct field_rule seen_fields[SEEN_FIELD_COUNT] = {
    [SEEN_LEDGER_ID] = EXACTLY(LEDGER_ID_BYTES),
    [SEEN_TREE_SIZE] = UINT(0, UINT64_MAX),
    [SEEN_ROOT] = EXACTLY(DIGEST_BYTES),
};
RULE(seen, SEEN_FIELD_COUNT,
     RULE_BIT(SEEN_LEDGER_ID) | RULE_BIT(SEEN_TREE_SIZE) | RULE_BIT(SEEN_ROOT));

static const struct field_rule welcome_fields[WELCOME_FIELD_COUNT] = {
    [WELCOME_VERSION] = UINT(1, UINT32_MAX),
    [WELCOME_GATEWAY] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [WELCOME_WINDOW] = UINT(1, MESSAGE_WINDOW_MAX),
    [WELCOME_CLOCK] = TIME,
    [WELCOME_REGISTRY_VERSION] = TEXT(FRAME_NAME_BYTES_MAX),
    [WELCOME_ATTACHMENT_MAX] = UINT(0, BLOB_BYTES_HARD_MAX),
    [WELCOME_WINDOW_BYTES] = WINDOW_BYTES,
};
RULE(welcome, WELCOME_FIELD_COUNT,
     RULE_BIT(WELCOME_VERSION) | RULE_BIT(WELCOME_GATEWAY) | RULE_BIT(WELCOME_WINDOW));

static const struct field_rule heartbeat_fields[HEARTBEAT_FIELD_COUNT] = {
    [HEARTBEAT_CLOCK] = TIME,
    [HEARTBEAT_WINDOW] = UINT(0, MESSAGE_WINDOW_MAX),
    [HEARTBEAT_HEAD_SEEN] = ANY_BYTES,
    [HEARTBEAT_READINGS] = UINT(0, UINT32_MAX),
    [HEARTBEAT_WINDOW_BYTES] = WINDOW_BYTES,
};
RULE(heartbeat, HEARTBEAT_FIELD_COUNT, 0);

/* A document that is too large is refused by envelope_parse, with a receipt of its own. */
static const struct field_rule parcel_fields[PARCEL_FIELD_COUNT] = {
    [PARCEL_DOCUMENTS] = {.kind = FIELD_BYTES,
                          .min = 1,
                          .max = FRAME_BYTES_MAX,
                          .repeated_max = PARCEL_MESSAGES_MAX},
    [PARCEL_MANIFEST] = BYTES_TO(MANIFEST_BYTES_MAX),
    [PARCEL_SIGNATURE] = BYTES_TO(SIGNATURE_BYTES_MAX),
    [PARCEL_CERTIFICATE] = BYTES_TO(CERTIFICATE_BYTES_MAX),
};
RULE(parcel, PARCEL_FIELD_COUNT, RULE_BIT(PARCEL_DOCUMENTS));

static const struct field_rule parcels_fields[PARCELS_FIELD_COUNT] = {
    [PARCELS_PARCELS] = {.kind = FIELD_BYTES,
                         .max = FRAME_BYTES_MAX,
                         .repeated_max = FRAME_PARCELS_MAX},
};
RULE(parcels, PARCELS_FIELD_COUNT, RULE_BIT(PARCELS_PARCELS));

static const struct field_rule taken_fields[TAKEN_FIELD_COUNT] = {
    [TAKEN_IDS] = REPEATED(MESSAGE_ID_BYTES, MESSAGE_WINDOW_MAX),
    [TAKEN_REASON] = UINT(0, UINT32_MAX), /* NotTaken; in Taken these are fields of the future */
    [TAKEN_RETRY_AFTER] = UINT(0, UINT32_MAX),
};
RULE(taken, TAKEN_REASON, 0);
static const struct message_rule not_taken_rule = {.fields = taken_fields,
                                                   .field_count = TAKEN_FIELD_COUNT};

static const struct field_rule offer_fields[OFFER_FIELD_COUNT] = {
    [OFFER_DIGEST] = EXACTLY(DIGEST_BYTES),
    [OFFER_SIZE] = UINT(0, UINT64_MAX),
};
RULE(offer, OFFER_FIELD_COUNT, RULE_BIT(OFFER_DIGEST));

static const struct field_rule want_fields[WANT_FIELD_COUNT] = {
    [WANT_DIGEST] = EXACTLY(DIGEST_BYTES),         [WANT_OFFSET] = UINT(0, UINT64_MAX),
    [WANT_CREDIT_UNTIL] = UINT(0, UINT64_MAX),     [WANT_SENDER] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [WANT_MESSAGE_ID] = EXACTLY(MESSAGE_ID_BYTES),
};
RULE(want, WANT_FIELD_COUNT,
     RULE_BIT(WANT_DIGEST) | RULE_BIT(WANT_SENDER) | RULE_BIT(WANT_MESSAGE_ID));

static const struct field_rule chunk_fields[CHUNK_FIELD_COUNT] = {
    [CHUNK_DIGEST] = EXACTLY(DIGEST_BYTES),
    [CHUNK_OFFSET] = UINT(0, UINT64_MAX),
    [CHUNK_CONTENT] = BYTES_TO(BLOB_CHUNK_BYTES_MAX),
};
RULE(chunk, CHUNK_FIELD_COUNT, RULE_BIT(CHUNK_DIGEST) | RULE_BIT(CHUNK_CONTENT));

static const struct field_rule refused_fields[REFUSED_FIELD_COUNT] = {
    [REFUSED_DIGEST] = EXACTLY(DIGEST_BYTES),
    [REFUSED_REASON] = UINT(0, UINT32_MAX),
};
RULE(refused, REFUSED_FIELD_COUNT, RULE_BIT(REFUSED_DIGEST) | RULE_BIT(REFUSED_REASON));

static const struct field_rule ledger_head_fields[LEDGER_HEAD_FIELD_COUNT] = {
    [LEDGER_HEAD_PARCEL] = ANY_BYTES,
    [LEDGER_HEAD_CONSISTENCY] = REPEATED(DIGEST_BYTES, CONSISTENCY_HASHES_MAX),
    [LEDGER_HEAD_FROM] = UINT(0, UINT64_MAX),
};
RULE(ledger_head, LEDGER_HEAD_FIELD_COUNT, RULE_BIT(LEDGER_HEAD_PARCEL));

static const struct field_rule goodbye_fields[GOODBYE_FIELD_COUNT] = {
    [GOODBYE_REASON] = UINT(0, UINT32_MAX),
};
RULE(goodbye, GOODBYE_FIELD_COUNT, 0);

static const struct field_rule standing_item_fields[STANDING_ITEM_FIELD_COUNT] = {
    [STANDING_ITEM_ID] = EXACTLY(MESSAGE_ID_BYTES),
    [STANDING_ITEM_DESTINATION] = TEXT(PARTICIPANT_KEY_BYTES_MAX),
    [STANDING_ITEM_REASON] = UINT(0, UINT32_MAX),
    [STANDING_ITEM_SINCE] = TIME,
    [STANDING_ITEM_OF_GATEWAY] = UINT(0, 1),
};
RULE(standing_item, STANDING_ITEM_FIELD_COUNT, 0);

static const struct field_rule standing_fields[STANDING_FIELD_COUNT] = {
    [STANDING_ITEMS] = {.kind = FIELD_BYTES,
                        .max = FRAME_BYTES_MAX,
                        .repeated_max = STANDING_ITEMS_MAX},
};
RULE(standing, STANDING_FIELD_COUNT, 0);

static const struct field_rule ask_fields[ASK_FIELD_COUNT] = {
    [ASK_IDS] = REPEATED(MESSAGE_ID_BYTES, STANDING_ASK_MAX),
};
static const struct message_rule ask_rule = {.fields = ask_fields, .field_count = ASK_FIELD_COUNT};

static bool walk(struct bytes message, const struct message_rule *rule, struct field_value *values)
{
    return rules_walk(message, rule, values) == REASON_NONE;
}

static enum reason parse_seen(const struct field_value *field, struct head_seen *ret_seen)
{
    struct field_value values[SEEN_FIELD_COUNT] = {0};
    if (field->bytes.size == 0)
        return REASON_NONE;
    if (!walk(field->bytes, &seen_rule, values))
        return REASON_FRAME_MALFORMED;
    memcpy(ret_seen->ledger_id, values[SEEN_LEDGER_ID].bytes.data, LEDGER_ID_BYTES);
    memcpy(ret_seen->root.bytes, values[SEEN_ROOT].bytes.data, DIGEST_BYTES);
    ret_seen->tree_size = values[SEEN_TREE_SIZE].value;
    return REASON_NONE;
}

/* Of a Hello and a Welcome. */
static uint32_t window_bytes_of(const struct field_value *field)
{
    return field->is_present ? (uint32_t)field->value : (uint32_t)MESSAGE_WINDOW_BYTES_MAX;
}

static enum reason parse_hello(struct bytes message, struct frame_hello *hello)
{
    struct field_value values[HELLO_FIELD_COUNT] = {0};
    if (!walk(message, &hello_rule, values))
        return REASON_FRAME_MALFORMED;
    hello->version_min = (uint32_t)values[HELLO_VERSION_MIN].value;
    hello->version_max = (uint32_t)values[HELLO_VERSION_MAX].value;
    hello->program = values[HELLO_PROGRAM].bytes;
    hello->window_messages = (uint32_t)values[HELLO_WINDOW].value;
    hello->window_bytes = window_bytes_of(&values[HELLO_WINDOW_BYTES]);
    hello->clock.ms = wire_zigzag_decode(values[HELLO_CLOCK].value);
    memcpy(hello->incarnation, values[HELLO_INCARNATION].bytes.data, INCARNATION_BYTES);
    if (hello->version_min > hello->version_max ||
        !key_parse(values[HELLO_PARTICIPANT].bytes, &hello->participant))
        return REASON_FRAME_MALFORMED;
    return parse_seen(&values[HELLO_HEAD_SEEN], &hello->head_seen);
}

static enum reason parse_welcome(struct bytes message, struct frame_welcome *welcome)
{
    struct field_value values[WELCOME_FIELD_COUNT] = {0};
    if (!walk(message, &welcome_rule, values) ||
        !key_parse(values[WELCOME_GATEWAY].bytes, &welcome->gateway))
        return REASON_FRAME_MALFORMED;
    welcome->version = (uint32_t)values[WELCOME_VERSION].value;
    welcome->window_messages = (uint32_t)values[WELCOME_WINDOW].value;
    welcome->window_bytes = window_bytes_of(&values[WELCOME_WINDOW_BYTES]);
    welcome->clock.ms = wire_zigzag_decode(values[WELCOME_CLOCK].value);
    welcome->registry_version = values[WELCOME_REGISTRY_VERSION].bytes;
    welcome->attachment_bytes_max = values[WELCOME_ATTACHMENT_MAX].value;
    return REASON_NONE;
}

static enum reason parse_heartbeat(struct bytes message, struct frame_heartbeat *heartbeat)
{
    struct field_value values[HEARTBEAT_FIELD_COUNT] = {0};
    if (!walk(message, &heartbeat_rule, values))
        return REASON_FRAME_MALFORMED;
    heartbeat->clock.ms = wire_zigzag_decode(values[HEARTBEAT_CLOCK].value);
    heartbeat->window_messages = (uint32_t)values[HEARTBEAT_WINDOW].value;
    heartbeat->readings = (uint32_t)values[HEARTBEAT_READINGS].value;
    heartbeat->window_bytes = (uint32_t)values[HEARTBEAT_WINDOW_BYTES].value;
    return parse_seen(&values[HEARTBEAT_HEAD_SEEN], &heartbeat->head_seen);
}

static enum reason parse_parcel(struct bytes message, struct arena *arena,
                                struct parcel *ret_parcel)
{
    struct field_value values[PARCEL_FIELD_COUNT] = {0};
    if (!walk(message, &parcel_rule, values))
        return REASON_FRAME_MALFORMED;
    size_t count = values[PARCEL_DOCUMENTS].count;
    struct bytes *documents = arena_take(arena, count * sizeof *documents);
    if (documents == NULL)
        return REASON_OUT_OF_MEMORY;
    struct bytes rest = message;
    for (size_t i = 0; i < count; i++)
        (void)rules_next_element(&rest, PARCEL_DOCUMENTS, &documents[i]);
    *ret_parcel = (struct parcel){
        .documents = documents,
        .document_count = count,
        .manifest = values[PARCEL_MANIFEST].bytes,
        .signature = values[PARCEL_SIGNATURE].bytes,
        .certificate = values[PARCEL_CERTIFICATE].bytes,
    };
    return REASON_NONE;
}

static enum reason parse_parcels(struct bytes message, struct arena *arena,
                                 struct frame_parcels *ret_parcels)
{
    struct field_value values[PARCELS_FIELD_COUNT] = {0};
    struct bytes rest = message;
    struct bytes element;
    if (!walk(message, &parcels_rule, values))
        return REASON_FRAME_MALFORMED;
    size_t count = values[PARCELS_PARCELS].count;
    struct parcel *parcels = arena_take(arena, count * sizeof *parcels);
    if (parcels == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && rules_next_element(&rest, PARCELS_PARCELS, &element); i++) {
        enum reason reason = parse_parcel(element, arena, &parcels[i]);
        if (reason != REASON_NONE)
            return reason;
    }
    *ret_parcels = (struct frame_parcels){parcels, count};
    return REASON_NONE;
}

static enum reason parse_taken(struct bytes message, const struct message_rule *rule,
                               struct arena *arena, struct frame_taken *ret_taken)
{
    struct field_value values[TAKEN_FIELD_COUNT] = {0};
    struct bytes rest = message;
    struct bytes element;
    if (!walk(message, rule, values))
        return REASON_FRAME_MALFORMED;
    size_t count = values[TAKEN_IDS].count;
    struct message_id *ids = arena_take(arena, count * sizeof *ids);
    if (ids == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && rules_next_element(&rest, TAKEN_IDS, &element); i++)
        memcpy(ids[i].bytes, element.data, MESSAGE_ID_BYTES);
    *ret_taken = (struct frame_taken){
        .ids = ids,
        .count = count,
        .reason = (enum reason)values[TAKEN_REASON].value,
        .retry_after_ms = (uint32_t)values[TAKEN_RETRY_AFTER].value,
    };
    return REASON_NONE;
}

static enum reason parse_blob(enum frame_kind kind, struct bytes message, struct frame_blob *blob)
{
    struct field_value values[WANT_FIELD_COUNT] = {0}; /* the most of the four */
    const struct message_rule *rule = kind == FRAME_BLOB_OFFER   ? &offer_rule
                                      : kind == FRAME_BLOB_WANT  ? &want_rule
                                      : kind == FRAME_BLOB_CHUNK ? &chunk_rule
                                                                 : &refused_rule;
    if (!walk(message, rule, values))
        return REASON_FRAME_MALFORMED;
    memcpy(blob->digest.bytes, values[OFFER_DIGEST].bytes.data, DIGEST_BYTES);
    if (kind == FRAME_BLOB_OFFER)
        blob->size_bytes = values[OFFER_SIZE].value;
    if (kind == FRAME_BLOB_WANT || kind == FRAME_BLOB_CHUNK)
        blob->offset = values[WANT_OFFSET].value;
    if (kind == FRAME_BLOB_WANT) {
        blob->credit_until = values[WANT_CREDIT_UNTIL].value;
        memcpy(blob->message_id.bytes, values[WANT_MESSAGE_ID].bytes.data, MESSAGE_ID_BYTES);
        if (!key_parse(values[WANT_SENDER].bytes, &blob->sender))
            return REASON_FRAME_MALFORMED;
    }
    if (kind == FRAME_BLOB_CHUNK)
        blob->content = values[CHUNK_CONTENT].bytes;
    if (kind == FRAME_BLOB_REFUSED)
        blob->reason = (enum reason)values[REFUSED_REASON].value;
    return REASON_NONE;
}

static enum reason parse_ledger_head(struct bytes message, struct arena *arena,
                                     struct frame_ledger_head *head)
{
    struct field_value values[LEDGER_HEAD_FIELD_COUNT] = {0};
    struct bytes rest = message;
    struct bytes element;
    if (!walk(message, &ledger_head_rule, values))
        return REASON_FRAME_MALFORMED;
    size_t count = values[LEDGER_HEAD_CONSISTENCY].count;
    struct digest *path = arena_take(arena, count * sizeof *path);
    if (path == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && rules_next_element(&rest, LEDGER_HEAD_CONSISTENCY, &element);
         i++)
        memcpy(path[i].bytes, element.data, DIGEST_BYTES);
    head->consistency = path;
    head->consistency_count = count;
    head->from_tree_size = values[LEDGER_HEAD_FROM].value;
    enum reason reason = parse_parcel(values[LEDGER_HEAD_PARCEL].bytes, arena, &head->parcel);
    bool has_several = reason == REASON_NONE && head->parcel.document_count != 1;
    return has_several ? REASON_FRAME_MALFORMED : reason;
}

static enum reason parse_goodbye(struct bytes message, enum reason *ret_goodbye)
{
    struct field_value values[GOODBYE_FIELD_COUNT] = {0};
    if (!walk(message, &goodbye_rule, values))
        return REASON_FRAME_MALFORMED;
    *ret_goodbye = (enum reason)values[GOODBYE_REASON].value;
    return REASON_NONE;
}

static enum reason parse_standing(struct bytes message, struct arena *arena,
                                  struct frame_standing *ret_standing)
{
    struct field_value values[STANDING_FIELD_COUNT] = {0};
    struct bytes rest = message;
    struct bytes element;
    if (!walk(message, &standing_rule, values))
        return REASON_FRAME_MALFORMED;
    size_t count = values[STANDING_ITEMS].count;
    struct standing_item *items = arena_take(arena, count * sizeof *items);
    if (items == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < count && rules_next_element(&rest, STANDING_ITEMS, &element); i++) {
        struct field_value item[STANDING_ITEM_FIELD_COUNT] = {0};
        items[i] = (struct standing_item){0};
        if (!walk(element, &standing_item_rule, item) ||
            (item[STANDING_ITEM_DESTINATION].bytes.size > 0 &&
             !key_parse(item[STANDING_ITEM_DESTINATION].bytes, &items[i].destination)))
            return REASON_FRAME_MALFORMED;
        if (item[STANDING_ITEM_ID].bytes.size > 0)
            memcpy(items[i].id.bytes, item[STANDING_ITEM_ID].bytes.data, MESSAGE_ID_BYTES);
        items[i].reason = (enum reason)item[STANDING_ITEM_REASON].value;
        items[i].is_of_gateway = item[STANDING_ITEM_OF_GATEWAY].value != 0;
        items[i].since.ms = wire_zigzag_decode(item[STANDING_ITEM_SINCE].value);
    }
    *ret_standing = (struct frame_standing){items, count};
    return REASON_NONE;
}

static enum reason parse_kind(struct bytes message, struct arena *arena, struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_HELLO:
        return parse_hello(message, &frame->hello);
    case FRAME_WELCOME:
        return parse_welcome(message, &frame->welcome);
    case FRAME_HEARTBEAT:
        return parse_heartbeat(message, &frame->heartbeat);
    case FRAME_PARCELS:
        return parse_parcels(message, arena, &frame->parcels);
    case FRAME_TAKEN:
        return parse_taken(message, &taken_rule, arena, &frame->taken);
    case FRAME_NOT_TAKEN:
        return parse_taken(message, &not_taken_rule, arena, &frame->taken);
    case FRAME_BLOB_OFFER:
    case FRAME_BLOB_WANT:
    case FRAME_BLOB_CHUNK:
    case FRAME_BLOB_REFUSED:
        return parse_blob(frame->kind, message, &frame->blob);
    case FRAME_LEDGER_HEAD:
        return parse_ledger_head(message, arena, &frame->ledger_head);
    case FRAME_GOODBYE:
        return parse_goodbye(message, &frame->goodbye);
    case FRAME_STANDING:
        return parse_standing(message, arena, &frame->standing);
    case FRAME_ASK:
        return parse_taken(message, &ask_rule, arena, &frame->taken);
    }
    return REASON_FRAME_MALFORMED;
}

enum reason frame_parse(struct bytes bytes, struct arena *arena, struct frame *ret_frame)
{
    struct field_value kinds[FRAME_FIELD_COUNT] = {0};
    if (bytes.size > FRAME_BYTES_MAX)
        return REASON_FRAME_TOO_LARGE;
    if (!walk(bytes, &frame_rule, kinds))
        return REASON_FRAME_MALFORMED;
    uint32_t number = FRAME_HELLO;
    while (!kinds[number].is_present) /* the rule says that one is there */
        number++;
    struct frame frame;
    memset(&frame, 0, sizeof frame);
    frame.kind = (enum frame_kind)number;
    enum reason reason = parse_kind(kinds[number].bytes, arena, &frame);
    if (reason == REASON_NONE)
        *ret_frame = frame;
    return reason;
}
