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

/* By whomever it was sent. */
static bool is_kept(const struct member *from, const struct receipt_item *item)
{
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        if (has_message(from, &from->trio->members[i].key, &item->message_id, &item->digest))
            return true;
    }
    return false;
}

static void check_receipt(const struct member *from, const struct key *to,
                          const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->receipt.item_count; i++) {
        const struct receipt_item *item = &envelope->receipt.items[i];
        if (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY && key_is_none(&item->destination))
            check(has_message(from, to, &item->message_id, &item->digest));
        else if (envelope->type == MESSAGE_TYPE_RECEIPT_CUSTODY)
            check(is_kept(from, item));
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

bool trio_enqueue(struct line *line, const struct key *from, uint64_t way, struct bytes bytes)
{
    if (line->count == TRIO_FRAMES_MAX)
        return false;
    uint8_t *copy = malloc(bytes.size);
    check(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    line->frames[line->count].bytes = (struct bytes){copy, bytes.size};
    line->frames[line->count].way = way;
    line->frames[line->count++].from = *from;
    return true;
}

void trio_drop_line(struct line *line)
{
    for (size_t i = 0; i < line->count; i++)
        free((void *)(uintptr_t)line->frames[i].bytes.data);
    line->count = 0;
}

struct member *trio_member_of(struct trio *trio, const struct key *key)
{
    for (size_t i = 0; i < TRIO_MEMBERS; i++) {
        if (key_equal(&trio->members[i].key, key))
            return &trio->members[i];
    }
    return NULL;
}

bool trio_bind(struct trio *trio, struct bound *bound, uint64_t way)
{
    if (bound->way == way)
        return false;
    *bound = (struct bound){way, ++trio->connections};
    return true;
}

enum reason trio_send_from_gateway(void *context, const struct key *peer, struct bytes bytes)
{
    struct trio *trio = context;
    const struct member *gateway = &trio->members[TRIO_GATEWAY];
    struct member *to = trio_member_of(trio, peer);
    if (to == NULL || to == gateway)
        return REASON_LINK_LOST;
    uint64_t way = to->bound.way;
    bool is_direct = way != 0 && way == to->way && !to->is_carried;
    bool is_sent = is_direct ? trio_enqueue(&to->line, &gateway->key, way, bytes)
                             : way != 0 && way == trio->carrier.way &&
                                   trio_enqueue(&trio->carrier.back, peer, way, bytes);
    to->is_gone = to->is_gone || !is_sent;
    check_frame(gateway, peer, bytes);
    return is_sent ? REASON_NONE : REASON_LINK_LOST;
}

enum reason trio_send_from_adapter(void *context, const struct key *peer, struct bytes bytes)
{
    (void)peer;
    struct member *member = context;
    struct trio *trio = member->trio;
    struct line *line = member->is_carried ? &trio->carrier.in : &trio->members[TRIO_GATEWAY].line;
    if (!trio_enqueue(line, &member->key, member->way, bytes))
        return REASON_BUSY;
    check_frame(member, &trio->members[TRIO_GATEWAY].key, bytes);
    return REASON_NONE;
}

/* ---- intakes ---- */

/* Whoever stops at any moment leaves some behind. */
static struct {
    struct intake *intake;
    const struct member *of;
} alive[TRIO_FRAMES_MAX * 2];
static size_t alive_count;

static void free_intake(struct intake *intake)
{
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}

void trio_intake_done(void *context, struct intake *intake)
{
    (void)context;
    size_t at = 0;
    while (at < alive_count && alive[at].intake != intake)
        at++;
    check(at < alive_count);
    alive[at] = alive[--alive_count];
    free_intake(intake);
}

void trio_drop_intakes(const struct member *member)
{
    for (size_t i = alive_count; i-- > 0;) {
        if (alive[i].of != member)
            continue;
        free_intake(alive[i].intake);
        alive[i] = alive[--alive_count];
    }
}

struct intake *trio_take_frame(struct member *member)
{
    struct line *line = &member->line;
    struct trio *trio = member->trio;
    struct intake *intake = calloc(1, sizeof *intake);
    check(intake != NULL && line->count > 0 && alive_count < sizeof alive / sizeof *alive);
    intake->bytes = line->frames[0].bytes;
    intake->peer = line->frames[0].from;
    intake->connection = 1;
    if (member == &trio->members[TRIO_GATEWAY]) {
        struct bound *bound = &trio_member_of(trio, &intake->peer)->bound;
        (void)trio_bind(trio, bound, line->frames[0].way);
        intake->connection = bound->connection;
    }
    intake->arrived = (wall_t){trio->now_ms};
    memmove(line->frames, line->frames + 1, --line->count * sizeof *line->frames);
    check(arena_init(&intake->arena, examine_memory_bytes(intake->bytes.size)));
    examine_frame(intake, member->crypto, intake->arrived);
    alive[alive_count].intake = intake;
    alive[alive_count++].of = member;
    return intake;
}
