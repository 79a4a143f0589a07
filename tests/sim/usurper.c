/* A gateway in wrong hands: what it puts into an honest adapter's line, signed with the gateway's
 * own key where a signature is wanted. It can always stop everything; it is not believed beyond its
 * office, and what it does wrong is seen. The real gateway goes on beside it. */
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/sim/check.h"

enum {
    TURN_MAX_MS = 3000,
    GOODBYES = 450,      /* more than two seconds' share of log lines */
    UNKNOWN_ITEMS = 450, /* the same, of rows */
    FORKED_ENTRIES = 3,
    ODD_FRAMES = 6,
};

static void say(struct sim *sim, int node, const struct frame *frame)
{
    struct line *line = &sim->lines[node];
    network_say(sim, &line->down, frame, line->connection);
}

/* A document that the signer seals, to that node's adapter. */
static void send_sealed(struct sim *sim, int node, int signer, struct envelope *draft)
{
    struct line *line = &sim->lines[node];
    struct buffer frame;
    hostile_make_id(sim, &draft->id);
    buffer_init(&frame, FRAME_BYTES_MAX);
    hostile_seal_frame(sim, signer, sim->nodes[signer].model.signs_with, draft, &frame);
    check(buffer_view(&frame).size > 0); /* a usurper that says nothing proves nothing */
    network_put(sim, &line->down, buffer_view(&frame), line->connection, sim->now_ms + 1);
    buffer_release(&frame);
}

static bool is_open(const struct sim *sim, int node)
{
    return sim->lines[node].is_up && sim->nodes[node].session != NULL;
}

/* ---- receipts that it may not give ---- */

/* "Delivered to", of a message that its office does not have, signed by anybody else than it. */
static void tell_delivered(struct sim *sim, int signer)
{
    if (sim->records.count == 0)
        return;
    const struct record *record = &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
    const struct place *place = record->place_count == 0 ? NULL : &record->places[0];
    if (!is_open(sim, record->sender) || (place != NULL && place->is_at_office) ||
        (place != NULL && place->node == signer))
        return;
    struct receipt_item item = {.message_id = record->id,
                                .digest = record->digest,
                                .destination =
                                    sim->nodes[place != NULL ? place->node : NODE_AGENCY].key,
                                .at = node_wall(&sim->nodes[NODE_GATEWAY])};
    struct envelope draft = {.recipient = sim->nodes[record->sender].key,
                             .type = MESSAGE_TYPE_RECEIPT_DELIVERED,
                             .receipt = {.items = &item, .item_count = 1}};
    send_sealed(sim, record->sender, signer, &draft);
}

static void tell_unknown(struct sim *sim, int node)
{
    static struct receipt_item items[UNKNOWN_ITEMS];
    struct envelope draft = {.recipient = sim->nodes[node].key,
                             .type = MESSAGE_TYPE_RECEIPT_EXPIRED,
                             .receipt = {.items = items, .item_count = UNKNOWN_ITEMS}};
    for (size_t i = 0; i < UNKNOWN_ITEMS; i++) {
        items[i] = (struct receipt_item){.destination = sim->nodes[NODE_CENTRE].key,
                                         .reason = REASON_LIFE_EXCEEDED,
                                         .at = node_wall(&sim->nodes[NODE_GATEWAY])};
        hostile_make_id(sim, &items[i].message_id);
        dice_fill(&sim->dice, items[i].digest.bytes, DIGEST_BYTES);
    }
    send_sealed(sim, node, NODE_GATEWAY, &draft);
}

/* ---- heads of another history ---- */

/* is_from_ours: it claims to continue what the adapter has seen; otherwise what it has not. */
static void fork_ledger(struct sim *sim, int node, bool is_from_ours)
{
    struct session_status status;
    struct digest proof[2];
    session_status(sim->nodes[node].session, &status);
    if (status.head.tree_size == 0)
        return; /* it believes the first head that it sees */
    struct envelope draft = {.type = MESSAGE_TYPE_LEDGER_HEAD,
                             .tree_head = {.ledger_id = {status.head.ledger_id, LEDGER_ID_BYTES},
                                           .tree_size = status.head.tree_size + FORKED_ENTRIES,
                                           .at = node_wall(&sim->nodes[NODE_GATEWAY])}};
    hostile_make_id(sim, &draft.id);
    memset(draft.tree_head.root.bytes, FORGED_ROOT_BYTE, DIGEST_BYTES);
    dice_fill(&sim->dice, proof[0].bytes, sizeof proof);
    struct buffer sealed;
    struct frame frame;
    buffer_init(&sealed, FRAME_BYTES_MAX);
    hostile_seal_frame(sim, NODE_GATEWAY, sim->nodes[NODE_GATEWAY].model.signs_with, &draft,
                       &sealed);
    arena_reset(&sim->parse);
    check(frame_parse(buffer_view(&sealed), &sim->parse, &frame) == REASON_NONE);
    const struct parcel *parcel = &frame.parcels.parcels[0];
    struct frame head = {
        .kind = FRAME_LEDGER_HEAD,
        .ledger_head = {.parcel = *parcel,
                        .consistency = proof,
                        .consistency_count = 2,
                        .from_tree_size =
                            status.head.tree_size + (is_from_ours ? 0 : FORKED_ENTRIES - 1)}};
    say(sim, node, &head);
    buffer_release(&sealed);
}

/* ---- unsigned ---- */

static void put_off(struct sim *sim, int node)
{
    static const uint32_t waits_ms[] = {0, 60 * 1000, 60 * 60 * 1000, UINT32_MAX};
    struct message_id ids[2];
    size_t count = 0;
    for (size_t i = 0; i < sim->records.count && count < 2; i++) {
        const struct record *record = &sim->records.rows[sim->records.count - 1 - i];
        if (record->sender == node)
            ids[count++] = record->id;
    }
    struct frame frame = {.kind = FRAME_NOT_TAKEN,
                          .taken = {.ids = ids,
                                    .count = dice_below(&sim->dice, count + 1),
                                    .reason = REASON_BUSY,
                                    .retry_after_ms = waits_ms[dice_below(&sim->dice, 4)]}};
    say(sim, node, &frame);
}

bool usurper_hear(struct sim *sim, int node)
{
    if (node == NODE_HOSTILE || !swarm_happens(&sim->swarm, MISHAP_GATEWAY_SENDS_BACK))
        return false;
    put_off(sim, node);
    return true;
}

static void say_goodbyes(struct sim *sim, int node)
{
    struct frame frame = {.kind = FRAME_GOODBYE, .goodbye = REASON_SHUTDOWN};
    for (int i = 0; i < GOODBYES; i++)
        say(sim, node, &frame);
}

/* "I do not have that file": of one that it may be asked for just now. */
static void refuse_file(struct sim *sim, int node)
{
    struct frame frame = {.kind = FRAME_BLOB_REFUSED,
                          .blob = {.reason = REASON_ATTACHMENT_MISSING}};
    (void)workload_file((int)dice_below(&sim->dice, FILES), &frame.blob.digest);
    say(sim, node, &frame);
}

/* Anybody's file. What the adapter answers, the real gateway hears: see check_terminal.c. */
static void want_file(struct sim *sim, int node)
{
    if (sim->records.count == 0)
        return;
    const struct record *record = &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
    struct frame frame = {.kind = FRAME_BLOB_WANT,
                          .blob = {.credit_until = BLOB_CHUNK_BYTES_MAX,
                                   .sender = sim->nodes[record->sender].key,
                                   .message_id = record->id}};
    (void)workload_file((int)dice_below(&sim->dice, FILES), &frame.blob.digest);
    say(sim, node, &frame);
}

static void say_odd(struct sim *sim, int node)
{
    struct frame frame;
    struct message_id ids[HOSTILE_ODD_IDS];
    if (!hostile_odd_frame(sim, ids, &frame))
        return;
    switch (frame.kind) {
    case FRAME_WELCOME:      /* a window of nothing: it can always stop everything */
    case FRAME_TAKEN:        /* what it says to have taken is nobody else's any more */
    case FRAME_NOT_TAKEN:    /* put_off */
    case FRAME_GOODBYE:      /* say_goodbyes */
    case FRAME_BLOB_REFUSED: /* refuse_file */
    case FRAME_BLOB_WANT:    /* want_file */
        return;
    default:
        say(sim, node, &frame);
    }
}

void usurper_turn(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    int node = (int)dice_between(&sim->dice, NODE_CENTRE, NODE_PORTAL);
    sim->usurper_at_ms = sim->now_ms + dice_between(&sim->dice, 100, TURN_MAX_MS);
    if (swarm->is_calm || sim->nodes[NODE_GATEWAY].disk == NULL || !is_open(sim, node))
        return;
    if (swarm_happens(swarm, MISHAP_GATEWAY_DELIVERED))
        tell_delivered(sim, NODE_GATEWAY);
    if (swarm_happens(swarm, MISHAP_GATEWAY_RELAYS))
        tell_delivered(sim, NODE_AGENCY + (int)dice_below(&sim->dice, AGENCIES));
    if (swarm_happens(swarm, MISHAP_GATEWAY_UNKNOWN))
        tell_unknown(sim, node);
    if (is_open(sim, NODE_CENTRE) && swarm_happens(swarm, MISHAP_GATEWAY_FORKS))
        fork_ledger(sim, NODE_CENTRE, true);
    if (is_open(sim, NODE_CENTRE) && swarm_happens(swarm, MISHAP_GATEWAY_FORKS_AHEAD))
        fork_ledger(sim, NODE_CENTRE, false);
    if (swarm_happens(swarm, MISHAP_GATEWAY_PUTS_OFF))
        put_off(sim, node);
    if (swarm_happens(swarm, MISHAP_GATEWAY_GOODBYES))
        say_goodbyes(sim, node);
    if (swarm_happens(swarm, MISHAP_GATEWAY_FILE_GONE))
        refuse_file(sim, node);
    if (swarm_happens(swarm, MISHAP_GATEWAY_WANTS))
        want_file(sim, node);
    if (swarm_happens(swarm, MISHAP_GATEWAY_ODD)) {
        for (int i = 0; i < ODD_FRAMES; i++)
            say_odd(sim, node);
    }
}
