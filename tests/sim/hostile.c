/* A registered participant whose key was stolen, or whose software is broken: what it sends passes
 * the transport's gate and must be stopped by everything behind it. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"
#include "tests/sim/check.h"

enum { GOOD, EXPIRED, REVOKED, TURN_MAX_MS = 1500, FLOOD_FRAMES = 450, GOOD_MESSAGES = 20 };

void hostile_open(struct sim *sim)
{
    struct node *node = &sim->nodes[NODE_HOSTILE];
    struct hostile *hostile = &sim->hostile;
    wall_t always = {INT64_MAX};
    wall_t ended = {WORLD_EPOCH_MS - 24 * 60 * 60 * 1000};
    *hostile = (struct hostile){.certificates = {node->model.signs_with}};
    buffer_init(&hostile->own, FRAME_BYTES_MAX);
    hostile->certificates[EXPIRED] =
        model_certify(&sim->authority, &node->key, (wall_t){0}, ended, 0, &sim->dice);
    hostile->certificates[REVOKED] =
        model_certify(&sim->authority, &node->key, (wall_t){0}, always, 0, &sim->dice);
    sim->authority.certificates[hostile->certificates[REVOKED]].revoked = ended;
    hostile->at_ms = dice_between(&sim->dice, 0, TURN_MAX_MS);
}

void hostile_close(struct sim *sim)
{
    if (!sim->has_hostile)
        return;
    free(sim->hostile.overheard.data);
    buffer_release(&sim->hostile.own);
}

void hostile_overhear(struct sim *sim, struct bytes frame)
{
    struct pipe_frame *overheard = &sim->hostile.overheard;
    struct frame parsed;
    if (dice_below(&sim->dice, 8) != 0)
        return;
    /* Who has overheard a file has it: what check_files.c says of it would not hold. */
    arena_reset(&sim->parse);
    if (frame_parse(frame, &sim->parse, &parsed) != REASON_NONE || parsed.kind == FRAME_BLOB_CHUNK)
        return;
    uint8_t *copy = realloc(overheard->data, frame.size + 1);
    check(copy != NULL);
    memcpy(copy, frame.data, frame.size);
    overheard->data = copy;
    overheard->size = frame.size;
}

/* ---- saying things ---- */

static void put(struct sim *sim, int node, struct bytes frame)
{
    struct line *line = &sim->lines[node];
    network_put(sim, &line->up, frame, line->connection, sim->now_ms + 1);
}

void hostile_put(struct sim *sim, struct bytes frame)
{
    put(sim, NODE_HOSTILE, frame);
}

void hostile_say_as(struct sim *sim, int node, const struct frame *frame)
{
    network_say(sim, &sim->lines[node].up, frame, sim->lines[node].connection);
}

void hostile_say(struct sim *sim, const struct frame *frame)
{
    hostile_say_as(sim, NODE_HOSTILE, frame);
}

static void say_hello(struct sim *sim)
{
    struct node *node = &sim->nodes[NODE_HOSTILE];
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = node->key,
                                    .program = bytes_of_text("hostile"),
                                    .window_messages = sim->bounds.adapter_window,
                                    .clock = node_wall(&sim->nodes[NODE_GATEWAY])}};
    hostile_say(sim, &hello);
}

void hostile_make_id(struct sim *sim, struct message_id *ret_id)
{
    struct id_maker maker = {0};
    uint8_t random[ID_RANDOM_BYTES] = {0};
    uint64_t number = sim->hostile.made_ids++;
    memcpy(random, &number, sizeof number);
    id_make(&maker, (wall_t){node_wall(&sim->nodes[NODE_GATEWAY]).ms}, random, ret_id);
}

/* The frame of what the draft says in that node's name; empty when the codec does not build it. */
static void seal(struct sim *sim, int node, struct envelope *draft, const Lienthong__V1__Body *body,
                 size_t certificate, bool is_forged, struct buffer *ret_frame)
{
    struct buffer document;
    struct arena scratch;
    uint8_t signature[MODEL_SIGNATURE_BYTES];
    check(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    draft->sender = sim->nodes[node].key;
    draft->created = (struct stamp){node_wall(&sim->nodes[NODE_GATEWAY]), VIETNAM_OFFSET_MINUTES};
    draft->source_time = draft->created;
    if (envelope_build(draft, body, &scratch, &document) == REASON_NONE) {
        struct bytes view = buffer_view(&document);
        model_sign(&sim->authority, certificate, view, is_forged, signature);
        struct parcel parcel = {&view, 1, {0}, {signature, sizeof signature}, {0}};
        struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
        arena_reset(&scratch);
        (void)frame_build(&frame, &scratch, ret_frame);
    }
    buffer_release(&document);
    arena_release(&scratch);
}

void hostile_seal_frame(struct sim *sim, int signer, size_t certificate, struct envelope *draft,
                        struct buffer *ret_frame)
{
    seal(sim, signer, draft, NULL, certificate, false, ret_frame);
}

static void send_sealed(struct sim *sim, int node, struct envelope *draft,
                        const Lienthong__V1__Body *body, size_t certificate, bool is_forged)
{
    struct buffer frame;
    buffer_init(&frame, FRAME_BYTES_MAX);
    seal(sim, node, draft, body, certificate, is_forged, &frame);
    struct bytes view = buffer_view(&frame);
    if (view.size > 0)
        put(sim, node, view);
    if (node == NODE_HOSTILE && !is_forged && view.size > 0) {
        buffer_clear(&sim->hostile.own);
        (void)buffer_append(&sim->hostile.own, view);
    }
    buffer_release(&frame);
}

void hostile_seal(struct sim *sim, struct envelope *draft, const Lienthong__V1__Body *body)
{
    send_sealed(sim, NODE_HOSTILE, draft, body, sim->hostile.certificates[GOOD], false);
}

static void send_message(struct sim *sim, const struct message_id *id, uint32_t type,
                         uint64_t sequence, size_t certificate, bool is_forged,
                         const struct attachment *file)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    owner.name = (char *)(uintptr_t) "Nobody";
    transfer.owner = &owner;
    result.national_state = 9;
    bool is_result = type == MESSAGE_TYPE_RESULT;
    body.kind_case =
        is_result ? LIENTHONG__V1__BODY__KIND_RESULT : LIENTHONG__V1__BODY__KIND_TRANSFER;
    if (is_result)
        body.result = &result;
    else
        body.transfer = &transfer;
    struct envelope draft = {.id = *id,
                             .type = type,
                             .dossier_code = bytes_of_text("H38.66-261124-6666"),
                             .procedure_code = bytes_of_text(catalogue_procedure(0)),
                             .sequence = sequence,
                             .attachments = file,
                             .attachment_count = file != NULL};
    send_sealed(sim, NODE_HOSTILE, &draft, &body, certificate, is_forged);
}

void hostile_send_result(struct sim *sim, const struct message_id *id, uint64_t sequence,
                         const struct attachment *file)
{
    send_message(sim, id, MESSAGE_TYPE_RESULT, sequence, sim->hostile.certificates[GOOD], false,
                 file);
}

/* ---- the turns ---- */

static void forge_receipt(struct sim *sim)
{
    if (sim->records.count == 0)
        return;
    const struct record *victim = &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
    struct receipt_item item = {.message_id = victim->id,
                                .digest = victim->digest,
                                .destination = sim->nodes[NODE_HOSTILE].key,
                                .at = node_wall(&sim->nodes[NODE_GATEWAY])};
    struct envelope draft = {.recipient = sim->nodes[victim->sender].key,
                             .type = dice_below(&sim->dice, 2) == 0 ? MESSAGE_TYPE_RECEIPT_DELIVERED
                                                                    : MESSAGE_TYPE_RECEIPT_CUSTODY,
                             .receipt = {.items = &item, .item_count = 1}};
    hostile_make_id(sim, &draft.id);
    send_sealed(sim, NODE_HOSTILE, &draft, NULL, sim->hostile.certificates[GOOD], false);
}

/* An agency's key in wrong hands: its signature is valid, and what it says is about other bytes. */
static void tell_other_digest(struct sim *sim)
{
    if (sim->records.count == 0)
        return;
    const struct record *victim = &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
    const struct place *place = victim->place_count == 0 ? NULL : &victim->places[0];
    if (place == NULL || !sim->lines[place->node].is_up)
        return;
    struct receipt_item item = {.message_id = victim->id,
                                .digest = victim->digest,
                                .destination = sim->nodes[place->node].key,
                                .at = node_wall(&sim->nodes[NODE_GATEWAY])};
    item.digest.bytes[0] ^= 1;
    struct envelope draft = {.recipient = sim->nodes[victim->sender].key,
                             .type = MESSAGE_TYPE_RECEIPT_DELIVERED,
                             .receipt = {.items = &item, .item_count = 1}};
    hostile_make_id(sim, &draft.id);
    send_sealed(sim, place->node, &draft, NULL, sim->nodes[place->node].model.signs_with, false);
}

static void acknowledge_others(struct sim *sim)
{
    if (sim->hostile.id_count < HEARD_IDS)
        return;
    struct frame frame = {
        .kind = dice_below(&sim->dice, 2) == 0 ? FRAME_TAKEN : FRAME_NOT_TAKEN,
        .taken = {.ids = sim->hostile.ids, .count = HEARD_IDS, .reason = REASON_OFFICE_REFUSED}};
    hostile_say(sim, &frame);
}

static void send_garbage(struct sim *sim, size_t size)
{
    uint8_t *garbage = malloc(size + 1);
    check(garbage != NULL);
    dice_fill(&sim->dice, garbage, size < 64 ? size : 64);
    if (size > 64)
        memset(garbage + 64, 'x', size - 64);
    put(sim, NODE_HOSTILE, (struct bytes){garbage, size});
    free(garbage);
}

static void flood(struct sim *sim)
{
    for (int i = 0; i < FLOOD_FRAMES; i++)
        send_garbage(sim, dice_below(&sim->dice, 40));
}

static void send_many(struct sim *sim)
{
    for (int i = 0; i < GOOD_MESSAGES; i++) {
        struct message_id id;
        hostile_make_id(sim, &id);
        hostile_send_result(sim, &id, sim->hostile.made_ids, NULL);
    }
}

/* A new certificate that the gateway knows and others will know with their next reload. */
static void enrol_at_gateway(struct sim *sim)
{
    struct hostile *hostile = &sim->hostile;
    if (hostile->is_unknown)
        return;
    hostile->is_unknown = true;
    hostile->certificates[GOOD] =
        model_certify(&sim->authority, &sim->nodes[NODE_HOSTILE].key, (wall_t){0},
                      (wall_t){INT64_MAX}, sim->now_ms, &sim->dice);
    sim->nodes[NODE_GATEWAY].reload_at_ms = sim->now_ms;
}

static void send_signed_turns(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    const size_t *certificates = sim->hostile.certificates;
    struct message_id id;
    hostile_make_id(sim, &id);
    if (swarm_happens(swarm, MISHAP_HOSTILE_EXPIRED))
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[EXPIRED], false, NULL);
    if (swarm_happens(swarm, MISHAP_HOSTILE_REVOKED))
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[REVOKED], false, NULL);
    if (swarm_happens(swarm, MISHAP_HOSTILE_FORGED))
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[GOOD], true, NULL);
    if (swarm_happens(swarm, MISHAP_HOSTILE_FORBIDDEN))
        send_message(sim, &id, MESSAGE_TYPE_TRANSFER, 1, certificates[GOOD], false, NULL);
    hostile_make_id(sim, &id);
    if (swarm_happens(swarm, MISHAP_HOSTILE_SAME_ID)) {
        hostile_send_result(sim, &id, 1, NULL);
        hostile_send_result(sim, &id, 2, NULL);
    }
}

void hostile_turn(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    sim->hostile.at_ms = sim->now_ms + dice_between(&sim->dice, 20, TURN_MAX_MS);
    if (!sim->lines[NODE_HOSTILE].is_up || swarm->is_calm)
        return;
    if (dice_below(&sim->dice, 4) == 0)
        say_hello(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_GARBAGE))
        send_garbage(sim, dice_below(&sim->dice, 200));
    if (sim->hostile.overheard.size > 0 && swarm_happens(swarm, MISHAP_HOSTILE_REPLAY))
        put(sim, NODE_HOSTILE,
            (struct bytes){sim->hostile.overheard.data, sim->hostile.overheard.size});
    if (sim->hostile.overheard.size > 0 && swarm_happens(swarm, MISHAP_HOSTILE_CUT))
        put(sim, NODE_HOSTILE,
            (struct bytes){sim->hostile.overheard.data,
                           dice_below(&sim->dice, sim->hostile.overheard.size)});
    if (swarm_happens(swarm, MISHAP_HOSTILE_OVERSIZE))
        send_garbage(sim, FRAME_BYTES_MAX + 1);
    if (swarm_happens(swarm, MISHAP_HOSTILE_RECEIPT))
        forge_receipt(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_DIGEST))
        tell_other_digest(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_ACKS))
        acknowledge_others(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_FLOOD))
        flood(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_UNKNOWN_YET))
        enrol_at_gateway(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_SENDS))
        send_many(sim);
    send_signed_turns(sim);
    hostile_end_turn(sim);
    hostile_files_turn(sim);
}
