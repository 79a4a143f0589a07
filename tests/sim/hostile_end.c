/* The hostile participant's end of the line: any frame of any kind in any order, connections at
 * will, and whatever answer to what it is sent, or none. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/sim/check.h"

enum {
    ODD_FRAMES = 12,     /* in one turn */
    MANY_HELLOS = 400,   /* more than a second's share */
    MANY_REPEATS = 400,  /* the same */
    UNKNOWN_ITEMS = 400, /* in one receipt */
};

/* ---- what it is sent ---- */

static void hear_document(struct sim *sim, struct bytes document, struct arena *arena)
{
    struct hostile *hostile = &sim->hostile;
    struct envelope envelope = {.receipt.item_count = 0};
    if (envelope_parse(document, arena, &envelope) != REASON_NONE)
        return;
    struct heard *heard = &hostile->heard[hostile->heard_count++ % HOSTILE_HEARD_MAX];
    *heard = (struct heard){.sender = envelope.sender, .id = envelope.id, .type = envelope.type};
    sim->nodes[NODE_HOSTILE].model.port.hash(&document, 1, &heard->digest);
    if (envelope.attachment_count > 0) {
        heard->has_file = true;
        heard->file = envelope.attachments[0].digest;
    }
}

/* Reads what has come, all of it or nothing. */
static void read_line(struct sim *sim)
{
    struct arena arena;
    struct pipe_frame bytes;
    struct frame frame;
    check(arena_init(&arena, FRAME_ARENA_BYTES + ENVELOPE_ARENA_BYTES));
    while (network_receive(sim, &sim->lines[NODE_HOSTILE].down, &bytes)) {
        arena_reset(&arena);
        if (frame_parse((struct bytes){bytes.data, bytes.size}, &arena, &frame) == REASON_NONE) {
            for (size_t i = 0; frame.kind == FRAME_PARCELS && i < frame.parcels.count; i++) {
                const struct parcel *parcel = &frame.parcels.parcels[i];
                for (size_t j = 0; j < parcel->document_count; j++)
                    hear_document(sim, parcel->documents[j], &arena);
            }
            hostile_file_frame(sim, &frame);
        }
        free(bytes.data);
    }
    arena_release(&arena);
}

static const struct heard *any_heard(struct sim *sim)
{
    struct hostile *hostile = &sim->hostile;
    uint64_t kept =
        hostile->heard_count < HOSTILE_HEARD_MAX ? hostile->heard_count : HOSTILE_HEARD_MAX;
    return kept == 0 ? NULL : &hostile->heard[dice_below(&sim->dice, kept)];
}

/* ---- any frame ---- */

static uint64_t odd_number(struct sim *sim)
{
    static const uint64_t odd[] = {0, 1, 2, 4096, UINT32_MAX, UINT64_MAX, (uint64_t)INT64_MAX};
    uint64_t at = dice_below(&sim->dice, sizeof odd / sizeof *odd + 1);
    return at < sizeof odd / sizeof *odd ? odd[at] : dice_next(&sim->dice);
}

static struct key odd_key(struct sim *sim)
{
    uint64_t at = dice_below(&sim->dice, NODES + 2);
    return at < NODES ? sim->nodes[at].key : at == NODES ? key_of("nobody") : (struct key){{0}};
}

static void odd_id(struct sim *sim, struct message_id *ret_id)
{
    const struct heard *heard = any_heard(sim);
    if (dice_below(&sim->dice, 3) == 0)
        hostile_make_id(sim, ret_id);
    else if (heard != NULL && dice_below(&sim->dice, 2) == 0)
        *ret_id = heard->id;
    else
        *ret_id = sim->hostile.ids[dice_below(&sim->dice, HEARD_IDS)];
}

static void odd_digest(struct sim *sim, struct digest *ret_digest)
{
    if (dice_below(&sim->dice, 2) == 0)
        (void)workload_file((int)dice_below(&sim->dice, FILES), ret_digest);
    else
        dice_fill(&sim->dice, ret_digest->bytes, DIGEST_BYTES);
}

static enum reason odd_reason(struct sim *sim)
{
    static const enum reason odd[] = {REASON_NONE,          REASON_BUSY,
                                      REASON_HELLO_MISSING, REASON_CERTIFICATE_UNKNOWN,
                                      REASON_STORE_CORRUPT, REASON_ATTACHMENT_DIGEST,
                                      REASON_OFFICE_LOGIN,  REASON_OFFICE_UNKNOWN,
                                      REASON_DUPLICATE,     REASON_OFFICE_REFUSED};
    return odd[dice_below(&sim->dice, sizeof odd / sizeof *odd)];
}

static struct head_seen odd_head(struct sim *sim)
{
    struct head_seen head = {.tree_size = odd_number(sim)};
    struct broker_status status;
    dice_fill(&sim->dice, head.root.bytes, DIGEST_BYTES);
    if (sim->nodes[NODE_GATEWAY].broker != NULL && dice_below(&sim->dice, 2) == 0) {
        broker_status(sim->nodes[NODE_GATEWAY].broker, &status);
        memcpy(head.ledger_id, status.ledger_id, LEDGER_ID_BYTES);
    }
    return head;
}

static struct frame_hello odd_hello(struct sim *sim)
{
    return (struct frame_hello){
        .version_min = (uint32_t)dice_below(&sim->dice, 3),
        .version_max = (uint32_t)dice_below(&sim->dice, 3),
        .participant = dice_below(&sim->dice, 4) > 0 ? sim->nodes[NODE_HOSTILE].key : odd_key(sim),
        .program = bytes_of_text("hostile"),
        .window_messages = (uint32_t)odd_number(sim),
        .clock = node_wall(&sim->nodes[NODE_GATEWAY]),
        .head_seen = odd_head(sim),
    };
}

static struct frame_blob odd_blob(struct sim *sim)
{
    static const uint8_t content[64] = "not what was promised";
    struct frame_blob blob = {
        .size_bytes = odd_number(sim),
        .offset = odd_number(sim),
        .credit_until = odd_number(sim),
        .sender = odd_key(sim),
        .content = {content, 1 + dice_below(&sim->dice, sizeof content)},
        .reason = odd_reason(sim),
    };
    odd_digest(sim, &blob.digest);
    odd_id(sim, &blob.message_id);
    return blob;
}

bool hostile_odd_frame(struct sim *sim, struct message_id ret_ids[HOSTILE_ODD_IDS],
                       struct frame *ret_frame)
{
    struct frame frame = {
        .kind = (enum frame_kind)dice_between(&sim->dice, FRAME_HELLO, FRAME_GOODBYE)};
    for (size_t i = 0; i < HOSTILE_ODD_IDS; i++)
        odd_id(sim, &ret_ids[i]);
    switch (frame.kind) {
    case FRAME_HELLO:
        frame.hello = odd_hello(sim);
        break;
    case FRAME_WELCOME:
        frame.welcome = (struct frame_welcome){.version = LINK_VERSION,
                                               .gateway = odd_key(sim),
                                               .window_messages = (uint32_t)odd_number(sim)};
        break;
    case FRAME_HEARTBEAT:
        frame.heartbeat = (struct frame_heartbeat){.window_messages = (uint32_t)odd_number(sim),
                                                   .head_seen = odd_head(sim)};
        break;
    case FRAME_TAKEN:
    case FRAME_NOT_TAKEN:
        frame.taken = (struct frame_taken){
            .ids = ret_ids,
            .count = dice_below(&sim->dice, HOSTILE_ODD_IDS + 1),
            .reason = odd_reason(sim),
            .retry_after_ms = (uint32_t)odd_number(sim),
        };
        break;
    case FRAME_PARCELS:
    case FRAME_LEDGER_HEAD:
        return false;
    case FRAME_GOODBYE:
        frame.goodbye = odd_reason(sim);
        break;
    default:
        frame.blob = odd_blob(sim);
        /* Other bytes as somebody's file are a fault of their own: HOSTILE_POISON. */
        if (frame.kind == FRAME_BLOB_CHUNK)
            dice_fill(&sim->dice, frame.blob.digest.bytes, DIGEST_BYTES);
    }
    *ret_frame = frame;
    return true;
}

static void say_odd(struct sim *sim)
{
    struct frame frame;
    struct message_id ids[HOSTILE_ODD_IDS];
    if (hostile_odd_frame(sim, ids, &frame))
        hostile_say(sim, &frame);
}

/* ---- connections ---- */

/* A second connection of the same key: what the first one says from now on is an older one's. */
static void change_connection(struct sim *sim)
{
    struct line *line = &sim->lines[NODE_HOSTILE];
    struct frame hello = {.kind = FRAME_HELLO, .hello = odd_hello(sim)};
    if (dice_below(&sim->dice, 2) == 0 && line->connection > 1) {
        line->connection--;
        hostile_say(sim, &hello);
        line->connection++;
    } else {
        line->connection++;
        if (dice_below(&sim->dice, 2) == 0)
            hostile_say(sim, &hello);
    }
}

/* A program of somebody else who has an agency's key, or a second copy of its own: the connection
 * that the gateway knows is no longer the adapter's. */
static void say_hello_as(struct sim *sim)
{
    int node = (int)dice_between(&sim->dice, NODE_CENTRE, NODE_PORTAL);
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = sim->nodes[node].key,
                                    .program = bytes_of_text("hostile"),
                                    .window_messages = sim->bounds.adapter_window,
                                    .clock = node_wall(&sim->nodes[NODE_GATEWAY])}};
    if (!sim->lines[node].is_up)
        return;
    dice_fill(&sim->dice, hello.hello.incarnation, INCARNATION_BYTES);
    sim_note(sim, node, "a second one with its key", NULL, 0);
    hostile_say_as(sim, node, &hello);
}

/* ---- answers ---- */

static void answer_frame(struct sim *sim, enum frame_kind kind)
{
    const struct heard *heard = any_heard(sim);
    if (heard == NULL)
        return;
    bool is_of_all = kind == FRAME_NOT_TAKEN && dice_below(&sim->dice, 3) == 0;
    struct frame frame = {.kind = kind,
                          .taken = {.ids = &heard->id,
                                    .count = is_of_all ? 0 : 1,
                                    .reason = odd_reason(sim),
                                    .retry_after_ms = (uint32_t)odd_number(sim)}};
    hostile_say(sim, &frame);
}

static struct receipt_item item_of(struct sim *sim, const struct message_id *id,
                                   const struct digest *digest)
{
    return (struct receipt_item){.message_id = *id,
                                 .digest = *digest,
                                 .destination = sim->nodes[NODE_HOSTILE].key,
                                 .reason = odd_reason(sim),
                                 .at = node_wall(&sim->nodes[NODE_GATEWAY])};
}

static void send_receipt(struct sim *sim, const struct key *to, struct receipt_item *items,
                         size_t count)
{
    static const uint32_t types[] = {MESSAGE_TYPE_RECEIPT_DELIVERED, MESSAGE_TYPE_RECEIPT_REFUSED,
                                     MESSAGE_TYPE_RECEIPT_EXPIRED};
    struct envelope draft = {.recipient = *to,
                             .type = types[dice_below(&sim->dice, 3)],
                             .receipt = {.items = items, .item_count = count}};
    if (draft.type == MESSAGE_TYPE_RECEIPT_DELIVERED) {
        for (size_t i = 0; i < count; i++)
            items[i].reason = REASON_NONE;
    }
    hostile_make_id(sim, &draft.id);
    hostile_seal(sim, &draft, NULL);
}

/* A receipt for what it was sent, which is its to give; mixed: and for what it was not. */
static void answer_receipt(struct sim *sim, bool is_mixed)
{
    enum { ITEMS = 4 };
    struct receipt_item items[ITEMS];
    const struct heard *heard = any_heard(sim);
    size_t count = 1;
    if (heard == NULL || heard->type > MESSAGE_TYPE_BUSINESS_COUNT)
        return;
    items[0] = item_of(sim, &heard->id, &heard->digest);
    int sender = sim_node_of(&heard->sender);
    for (int tries = 0; is_mixed && tries < 16 && count < ITEMS; tries++) {
        const struct record *other = &sim->records.rows[dice_below(&sim->dice, sim->records.count)];
        if (other->sender == sender)
            items[count++] = item_of(sim, &other->id, &other->digest);
    }
    send_receipt(sim, &heard->sender, items, count);
}

static void answer_unknown(struct sim *sim)
{
    static struct receipt_item items[UNKNOWN_ITEMS];
    for (size_t i = 0; i < UNKNOWN_ITEMS; i++) {
        struct message_id id;
        struct digest digest;
        hostile_make_id(sim, &id);
        dice_fill(&sim->dice, digest.bytes, DIGEST_BYTES);
        items[i] = item_of(sim, &id, &digest);
    }
    send_receipt(sim, &sim->nodes[NODE_CENTRE].key, items, UNKNOWN_ITEMS);
}

static void send_odd_sequence(struct sim *sim)
{
    struct message_id id;
    hostile_make_id(sim, &id);
    hostile_send_result(sim, &id, odd_number(sim), NULL);
}

void hostile_end_turn(struct sim *sim)
{
    struct swarm *swarm = &sim->swarm;
    if (swarm_happens(swarm, MISHAP_HOSTILE_READS))
        read_line(sim);
    if (sim->hostile.id_count >= HEARD_IDS && swarm_happens(swarm, MISHAP_HOSTILE_ODD)) {
        for (int i = 0; i < ODD_FRAMES; i++)
            say_odd(sim);
    }
    if (swarm_happens(swarm, MISHAP_HOSTILE_CONNECTION))
        change_connection(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_TWIN))
        say_hello_as(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_TAKES))
        answer_frame(sim, FRAME_TAKEN);
    if (swarm_happens(swarm, MISHAP_HOSTILE_PUTS_OFF))
        answer_frame(sim, FRAME_NOT_TAKEN);
    if (swarm_happens(swarm, MISHAP_HOSTILE_ANSWERS))
        answer_receipt(sim, false);
    if (sim->records.count > 0 && swarm_happens(swarm, MISHAP_HOSTILE_MIXED))
        answer_receipt(sim, true);
    if (swarm_happens(swarm, MISHAP_HOSTILE_UNKNOWN))
        answer_unknown(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_SEQUENCE))
        send_odd_sequence(sim);
    if (swarm_happens(swarm, MISHAP_HOSTILE_REPEATS)) {
        for (int i = 0; i < MANY_REPEATS; i++)
            hostile_put(sim, buffer_view(&sim->hostile.own));
    }
    if (swarm_happens(swarm, MISHAP_HOSTILE_HELLOS)) {
        struct frame hello = {.kind = FRAME_HELLO, .hello = odd_hello(sim)};
        for (int i = 0; i < MANY_HELLOS; i++)
            hostile_say(sim, &hello);
    }
}
