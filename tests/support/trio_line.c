#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/support/trio_parts.h"

/* ---- what leaves ---- */

static bool has_message(const struct member *member, const struct key *sender,
                        const struct message_id *id, const struct digest *digest)
{
    struct store_message message;
    struct store *disk = member->disk;
    return disk->verbs->find_message(disk, sender, id, &message) == REASON_NONE &&
           (digest == NULL || digest_equal(&message.digest, digest));
}

static bool office_has(const struct office *office, const struct message_id *id)
{
    for (size_t i = 0; i < office->count; i++) {
        if (id_equal(&office->taken[i].id, id))
            return true;
    }
    return false;
}

static void check_receipt(const struct member *from, const struct key *to,
                          const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        if (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY)
            check(has_message(from, to, &item->message_id, &item->digest));
        else if (envelope->type == MESSAGE_TYPE_RECEIPT_DELIVERED)
            check(office_has(&from->trio->members[TRIO_CENTRE].office, &item->message_id) ||
                  office_has(&from->trio->members[TRIO_AGENCY].office, &item->message_id));
        else
            check(false); /* nothing here deserves a refusal or ends unsent */
    }
}

/* Commit, then speak. */
static void check_frame(const struct member *from, const struct key *to, struct bytes bytes)
{
    static struct arena arena;
    struct frame frame;
    struct envelope envelope;
    if (arena.block == NULL)
        check(arena_init(&arena, FRAME_ARENA_BYTES + ENVELOPE_ARENA_BYTES));
    arena_reset(&arena);
    check(frame_parse(bytes, &arena, &frame) == REASON_NONE);
    for (size_t i = 0; frame.kind == FRAME_TAKEN && i < frame.taken.count; i++) {
        bool is_there = false;
        for (size_t j = 0; j < TRIO_MEMBERS; j++)
            is_there = is_there ||
                       has_message(from, &from->trio->members[j].key, &frame.taken.ids[i], NULL);
        check(is_there);
    }
    for (size_t i = 0; frame.kind == FRAME_PARCELS && i < frame.parcels.count; i++) {
        for (size_t j = 0; j < frame.parcels.parcels[i].document_count; j++) {
            check(envelope_parse(frame.parcels.parcels[i].documents[j], &arena, &envelope) ==
                  REASON_NONE);
            if (message_type_is_receipt((enum message_type)envelope.type) &&
                key_equal(&envelope.sender, &from->key))
                check_receipt(from, to, &envelope);
        }
    }
}

static enum reason put_line(struct member *to, const struct member *from, struct bytes bytes)
{
    struct line *line = &to->line;
    if (line->count == TRIO_FRAMES_MAX)
        return REASON_BUSY;
    uint8_t *copy = malloc(bytes.size);
    check(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    line->frames[line->count].bytes = (struct bytes){copy, bytes.size};
    line->frames[line->count++].from = from->key;
    check_frame(from, &to->key, bytes);
    return REASON_NONE;
}

enum reason trio_send_from_gateway(void *context, const struct key *peer, struct bytes bytes)
{
    struct trio *trio = context;
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        if (key_equal(&trio->members[i].key, peer))
            return put_line(&trio->members[i], &trio->members[TRIO_GATEWAY], bytes);
    }
    return REASON_LINK_LOST;
}

enum reason trio_send_from_adapter(void *context, struct bytes bytes)
{
    struct member *member = context;
    return put_line(&member->trio->members[TRIO_GATEWAY], member, bytes);
}

/* ---- intakes ---- */

void trio_intake_done(void *context, struct intake *intake)
{
    (void)context;
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

struct intake *trio_take_frame(struct member *member)
{
    struct line *line = &member->line;
    struct intake *intake = calloc(1, sizeof *intake);
    check(intake != NULL && line->count > 0);
    intake->bytes = line->frames[0].bytes;
    intake->peer = line->frames[0].from;
    intake->connection = 1;
    intake->arrived = (wall_t){member->trio->now_ms};
    memmove(line->frames, line->frames + 1, --line->count * sizeof *line->frames);
    check(arena_init(&intake->arena, examine_memory_bytes(intake->bytes.size)));
    examine_frame(intake, member->crypto, intake->arrived);
    return intake;
}
