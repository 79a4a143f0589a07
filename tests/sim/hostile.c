/* A registered participant whose key was stolen, or whose software is broken: what it sends passes
 * the transport's gate and must be stopped by everything behind it. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "schema/body.pb-c.h"
#include "tests/sim/check.h"

enum { GOOD, EXPIRED, REVOKED, TURN_MAX_MS = 1500, FLOOD_FRAMES = 60 };

void hostile_open(struct sim *sim)
{
    struct node *node = &sim->nodes[NODE_HOSTILE];
    wall_t always = {INT64_MAX};
    wall_t ended = {WORLD_EPOCH_MS - 24 * 60 * 60 * 1000};
    sim->hostile_certificates[GOOD] = node->model.signs_with;
    sim->hostile_certificates[EXPIRED] =
        model_certify(&sim->authority, &node->key, (wall_t){0}, ended, 0, &sim->dice);
    sim->hostile_certificates[REVOKED] =
        model_certify(&sim->authority, &node->key, (wall_t){0}, always, 0, &sim->dice);
    sim->authority.certificates[sim->hostile_certificates[REVOKED]].revoked = ended;
    sim->hostile_at_ms = dice_between(&sim->dice, 0, TURN_MAX_MS);
}

void hostile_overhear(struct sim *sim, struct bytes frame)
{
    if (dice_below(&sim->dice, 8) != 0)
        return;
    uint8_t *copy = realloc(sim->overheard.data, frame.size + 1);
    check(copy != NULL);
    memcpy(copy, frame.data, frame.size);
    sim->overheard.data = copy;
    sim->overheard.size = frame.size;
}

/* ---- saying things ---- */

static void put(struct sim *sim, struct bytes frame)
{
    struct line *line = &sim->lines[NODE_HOSTILE];
    network_put(sim, &line->up, frame, line->connection, sim->now_ms + 1);
}

static void say(struct sim *sim, const struct frame *frame)
{
    struct buffer bytes;
    struct arena scratch;
    check(arena_init(&scratch, FRAME_ARENA_BYTES));
    buffer_init(&bytes, FRAME_BYTES_MAX);
    if (frame_build(frame, &scratch, &bytes) == REASON_NONE)
        put(sim, buffer_view(&bytes));
    buffer_release(&bytes);
    arena_release(&scratch);
}

static void say_hello(struct sim *sim)
{
    struct node *node = &sim->nodes[NODE_HOSTILE];
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = node->key,
                                    .program = bytes_of_text("hostile"),
                                    .window_messages = 4,
                                    .clock = node_wall(&sim->nodes[NODE_GATEWAY])}};
    say(sim, &hello);
}

static void make_id(struct sim *sim, uint64_t number, struct message_id *ret_id)
{
    struct id_maker maker = {0};
    uint8_t random[ID_RANDOM_BYTES] = {0};
    memcpy(random, &number, sizeof number);
    id_make(&maker, (wall_t){node_wall(&sim->nodes[NODE_GATEWAY]).ms}, random, ret_id);
}

/* Seals what the draft says and sends it. */
static void send_sealed(struct sim *sim, struct envelope *draft, const Lienthong__V1__Body *body,
                        size_t certificate, bool is_forged)
{
    struct buffer document;
    struct arena scratch;
    uint8_t signature[MODEL_SIGNATURE_BYTES];
    check(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    draft->sender = sim->nodes[NODE_HOSTILE].key;
    draft->created = (struct stamp){node_wall(&sim->nodes[NODE_GATEWAY]), VIETNAM_OFFSET_MINUTES};
    draft->source_time = draft->created;
    if (envelope_build(draft, body, &scratch, &document) == REASON_NONE) {
        struct bytes view = buffer_view(&document);
        model_sign(&sim->authority, certificate, view, is_forged, signature);
        struct parcel parcel = {&view, 1, {0}, {signature, sizeof signature}, {0}};
        struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
        say(sim, &frame);
    }
    buffer_release(&document);
    arena_release(&scratch);
}

static void send_message(struct sim *sim, const struct message_id *id, uint32_t type,
                         uint64_t sequence, size_t certificate, bool is_forged)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
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
                             .sequence = sequence};
    send_sealed(sim, &draft, &body, certificate, is_forged);
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
    make_id(sim, sim->hostile_ids++, &draft.id);
    send_sealed(sim, &draft, NULL, sim->hostile_certificates[GOOD], false);
}

static void acknowledge_others(struct sim *sim)
{
    if (sim->records.count == 0)
        return;
    const struct record *victim = &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
    struct frame frame = {.kind = dice_below(&sim->dice, 2) == 0 ? FRAME_TAKEN : FRAME_NOT_TAKEN,
                          .taken = {&victim->id, 1, REASON_OFFICE_REFUSED, 0}};
    say(sim, &frame);
}

static void send_garbage(struct sim *sim, size_t size)
{
    uint8_t *garbage = malloc(size + 1);
    check(garbage != NULL);
    dice_fill(&sim->dice, garbage, size < 64 ? size : 64);
    if (size > 64)
        memset(garbage + 64, 'x', size - 64);
    put(sim, (struct bytes){garbage, size});
    free(garbage);
}

static void flood(struct sim *sim)
{
    for (int i = 0; i < FLOOD_FRAMES; i++)
        send_garbage(sim, dice_below(&sim->dice, 40));
}

static void send_signed_turns(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    const size_t *certificates = sim->hostile_certificates;
    struct message_id id;
    make_id(sim, sim->hostile_ids++, &id);
    if (swarm_happens(swarm, MISHAP_HOSTILE_EXPIRED))
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[EXPIRED], false);
    if (swarm_happens(swarm, MISHAP_HOSTILE_REVOKED))
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[REVOKED], false);
    if (swarm_happens(swarm, MISHAP_HOSTILE_FORGED))
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[GOOD], true);
    if (swarm_happens(swarm, MISHAP_HOSTILE_FORBIDDEN))
        send_message(sim, &id, MESSAGE_TYPE_TRANSFER, 1, certificates[GOOD], false);
    make_id(sim, sim->hostile_ids++, &id);
    if (swarm_happens(swarm, MISHAP_HOSTILE_SAME_ID)) {
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 1, certificates[GOOD], false);
        send_message(sim, &id, MESSAGE_TYPE_RESULT, 2, certificates[GOOD], false);
    }
}

void hostile_turn(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    sim->hostile_at_ms = sim->now_ms + dice_between(&sim->dice, 20, TURN_MAX_MS);
    if (!sim->lines[NODE_HOSTILE].is_up || swarm->is_calm)
        return;
    if (dice_below(&sim->dice, 4) == 0)
        say_hello(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_GARBAGE))
        send_garbage(sim, dice_below(&sim->dice, 200));
    if (sim->overheard.size > 0 && swarm_happens(swarm, MISHAP_HOSTILE_REPLAY))
        put(sim, (struct bytes){sim->overheard.data, sim->overheard.size});
    if (sim->overheard.size > 0 && swarm_happens(swarm, MISHAP_HOSTILE_CUT))
        put(sim, (struct bytes){sim->overheard.data, dice_below(&sim->dice, sim->overheard.size)});
    if (swarm_happens(swarm, MISHAP_HOSTILE_OVERSIZE))
        send_garbage(sim, FRAME_BYTES_MAX + 1);
    if (swarm_happens(swarm, MISHAP_HOSTILE_RECEIPT))
        forge_receipt(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_ACKS))
        acknowledge_others(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_FLOOD))
        flood(sim);
    send_signed_turns(sim);
}
