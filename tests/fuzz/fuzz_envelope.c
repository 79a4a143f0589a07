/* Envelopes: any bytes are refused, or become an envelope within its bounds that is built and
 * parsed again without a difference (or refused as one that nobody makes today), and that the local
 * API can show. */
#include <stdlib.h>

#include "adapters/json/message_json.h"
#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"

static void check_bounds(const struct envelope *envelope)
{
    check(id_is_valid(&envelope->id) && message_type_is_known(envelope->type));
    check(!key_is_none(&envelope->sender) && envelope->created.at.ms != 0);
    check(envelope->dossier_code.size <= DOSSIER_CODE_BYTES_MAX);
    check(envelope->acting_for.size <= UTF8_BYTES_MAX * PERSON_NAME_CHARACTERS_MAX);
    check(envelope->acting_for.size == 0 || envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT);
    check(envelope->attachment_count <= ATTACHMENTS_MAX);
    check((envelope->body != NULL) == (envelope->type <= MESSAGE_TYPE_BUSINESS_COUNT));
    for (size_t i = 0; i < envelope->attachment_count; i++) {
        const struct attachment *attachment = &envelope->attachments[i];
        check(attachment->size_bytes <= BLOB_BYTES_HARD_MAX && attachment->name.size > 0);
    }
}

static void build_again(const struct envelope *envelope, struct arena *arena)
{
    struct buffer built;
    struct buffer again;
    struct envelope parsed;
    buffer_init(&built, ENVELOPE_BYTES_MAX);
    buffer_init(&again, ENVELOPE_BYTES_MAX);
    const char *field;
    enum reason content = envelope_check_content(envelope, envelope->body, &field);
    check(envelope_build(envelope, envelope->body, arena, &built) == content);
    if (content != REASON_NONE) {
        buffer_release(&built);
        return;
    }
    check(envelope_parse(buffer_view(&built), arena, &parsed) == REASON_NONE);
    check(envelope_build(&parsed, parsed.body, arena, &again) == REASON_NONE);
    check(bytes_equal(buffer_view(&built), buffer_view(&again)));
    buffer_release(&built);
    buffer_release(&again);
}

static void show(const struct envelope *envelope)
{
    static struct arena arena;
    const struct message_links links = {.base = "http://127.0.0.1:1", .token = "t"};
    struct store_document document = {.document = envelope->document};
    check(arena.block != NULL || arena_init(&arena, MESSAGE_JSON_ARENA_BYTES));
    document.message.id = envelope->id;
    document.message.type = envelope->type;
    json_t *json = message_json(&document, &links, MESSAGE_JSON_ITEMS, &arena);
    check(json != NULL);
    json_decref(json);
    json = message_json_for_office(&document, &links, NULL, &arena);
    check(json != NULL);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct envelope envelope;
    check(arena.block != NULL || arena_init(&arena, 4 * ENVELOPE_ARENA_BYTES));
    arena_reset(&arena);
    enum reason reason = envelope_parse((struct bytes){data, size}, &arena, &envelope);
    check(reason != REASON_OUT_OF_MEMORY && arena.used <= ENVELOPE_ARENA_BYTES);
    if (reason != REASON_NONE)
        return 0;
    check_bounds(&envelope);
    build_again(&envelope, &arena);
    show(&envelope);
    return 0;
}
