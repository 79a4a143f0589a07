/* Invariant 7, evidence: every fact is an entry of its own commit, what was written never changes,
 * every head is signed and is the root of just those entries, and no witness has reason to alarm.
 * The tree is computed here a second time, from the entries alone. */
#include <string.h>

#include "tests/sim/check.h"

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/ledger/merkle.h"
#include "schema/ledger.pb-c.h"

enum { ENTRIES_MAX = 32768, FORKS_SEEN = 3 }; /* entries: the last ones are kept here */

struct state {
    struct merkle_frontier frontier;
    struct digest leaves[ENTRIES_MAX]; /* a ring, by index */
    struct digest roots[ENTRIES_MAX];  /* the same by size, where a head was made; else zero */
    uint64_t next;                     /* leaf that is looked at again after the next step */
    bool is_refused[RECORDS_MAX];      /* at the gateway's door */
};

static void check_head(struct state *state, struct node *node, const struct store_plan *plan)
{
    struct sim *sim = node->sim;
    const struct store_segment *segment = plan->segment;
    struct envelope envelope;
    struct digest root;
    const struct store_parcel *parcel = NULL;
    for (size_t i = 0; i < plan->message_count; i++) {
        if (plan->messages[i].seq != segment->head_seq)
            continue;
        struct bytes document = plan_document(plan, &plan->messages[i], &parcel);
        arena_reset(&sim->parse);
        if (envelope_parse(document, &sim->parse, &envelope) != REASON_NONE)
            break;
        merkle_root(&state->frontier, node->model.port.hash, &root);
        if (envelope.tree_head.tree_size != state->frontier.size ||
            !digest_equal(&envelope.tree_head.root, &root))
            sim_violated(sim, 7, &envelope.id, "a head is not the root of its entries");
        state->roots[state->frontier.size % ENTRIES_MAX] = root;
        struct bytes content = parcel->manifest.size > 0 ? parcel->manifest : document;
        const struct model_certificate *by =
            model_signer(&sim->authority, content, parcel->signature);
        if (by == NULL || !key_equal(&by->owner, &node->key))
            sim_violated(sim, 7, &envelope.id, "a head is not signed by the gateway");
        return;
    }
    sim_violated(sim, 7, NULL, "entries of the ledger are committed without a head");
}

/* Whether the commit's entries tell one fact. */
static bool tells(const struct store_segment *segment, uint32_t kind, const struct message_id *id,
                  const struct digest *digest)
{
    bool found = false;
    for (size_t i = 0; segment != NULL && i < segment->entry_count && !found; i++) {
        Lienthong__V1__LedgerEntry *entry = lienthong__v1__ledger_entry__unpack(
            NULL, segment->entries[i].size, segment->entries[i].data);
        if (entry == NULL)
            continue;
        found = (uint32_t)entry->kind == kind &&
                bytes_equal((struct bytes){entry->message_id.data, entry->message_id.len},
                            (struct bytes){id->bytes, MESSAGE_ID_BYTES}) &&
                bytes_equal((struct bytes){entry->sha256.data, entry->sha256.len},
                            (struct bytes){digest->bytes, DIGEST_BYTES});
        lienthong__v1__ledger_entry__free_unpacked(entry, NULL);
    }
    return found;
}

/* What was refused at the door is not taken in later, nor the other way round (invariant 4). */
static void check_door(struct state *state, struct sim *sim, struct bytes bytes)
{
    struct message_id id;
    Lienthong__V1__LedgerEntry *entry =
        lienthong__v1__ledger_entry__unpack(NULL, bytes.size, bytes.data);
    if (entry == NULL)
        return;
    bool is_custody = entry->kind == LIENTHONG__V1__ENTRY_KIND__CUSTODY;
    bool is_refusal = entry->kind == LIENTHONG__V1__ENTRY_KIND__REFUSED &&
                      entry->destination[0] == 0 && entry->message_id.len == MESSAGE_ID_BYTES;
    if (is_custody || is_refusal) {
        memcpy(id.bytes, entry->message_id.data, MESSAGE_ID_BYTES);
        const struct record *record = record_find(&sim->records, &id);
        if (record != NULL && bytes_equal(bytes_of_text(entry->sender),
                                          bytes_of_text(sim_node_name(record->sender)))) {
            bool *is_refused = &state->is_refused[record - sim->records.rows];
            if (is_custody ? *is_refused : record->gateway_seq != 0)
                sim_violated(sim, 4, &id, "the gateway takes it and refuses it");
            *is_refused = is_refusal;
        }
    }
    lienthong__v1__ledger_entry__free_unpacked(entry, NULL);
}

static void check_facts(struct node *node, const struct store_plan *plan)
{
    static const uint32_t kinds[ENTRY_STATES] = {
        [ENTRY_DELIVERED] = LIENTHONG__V1__ENTRY_KIND__DELIVERED,
        [ENTRY_REFUSED] = LIENTHONG__V1__ENTRY_KIND__REFUSED,
        [ENTRY_EXPIRED] = LIENTHONG__V1__ENTRY_KIND__EXPIRED,
        [ENTRY_WITHDRAWN] = LIENTHONG__V1__ENTRY_KIND__WITHDRAWN,
    };
    struct sim *sim = node->sim;
    for (size_t i = 0; i < plan->message_count; i++) {
        const struct store_message *message = &plan->messages[i];
        uint32_t kind = key_is_none(&message->recipient) ? LIENTHONG__V1__ENTRY_KIND__REFUSED
                                                         : LIENTHONG__V1__ENTRY_KIND__CUSTODY;
        if (is_business(message->type) &&
            !tells(plan->segment, kind, &message->id, &message->digest))
            sim_violated(sim, 7, &message->id,
                         "it is taken or refused without an entry of the ledger");
    }
    for (size_t i = 0; i < plan->move_count; i++) {
        const struct store_move *move = &plan->moves[i];
        const struct record *record = record_of_seq(&sim->records, move->message_seq);
        if (record != NULL && kinds[move->state] != 0 &&
            !tells(plan->segment, kinds[move->state], &record->id, &record->digest))
            sim_violated(sim, 7, &record->id, "it ends %s without an entry of the ledger",
                         entry_state_name(move->state));
    }
}

static void committed(void *context, struct node *node, const struct store_plan *plan)
{
    struct state *state = context;
    const struct store_segment *segment = plan->segment;
    if (node->index != NODE_GATEWAY)
        return;
    check_facts(node, plan);
    if (segment == NULL)
        return;
    if (segment->first_index != state->frontier.size) {
        sim_violated(node->sim, 7, NULL, "the ledger goes on at %llu instead of %llu",
                     (unsigned long long)segment->first_index,
                     (unsigned long long)state->frontier.size);
        return;
    }
    for (size_t i = 0; i < segment->entry_count; i++) {
        struct digest ignored[MERKLE_LEVELS_MAX];
        merkle_leaf_hash(node->model.port.hash, segment->entries[i],
                         &state->leaves[state->frontier.size % ENTRIES_MAX]);
        (void)merkle_append(&state->frontier, node->model.port.hash, segment->entries[i], ignored);
        state->roots[state->frontier.size % ENTRIES_MAX] = (struct digest){{0}};
        check_door(state, node->sim, segment->entries[i]);
    }
    check_head(state, node, plan);
}

/* Who was shown another history says so. One that came with an honest head, or in a step that could
 * not be committed, is late: the next one is not. */
static void ended(void *context, struct sim *sim)
{
    (void)context;
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++) {
        struct session_status status;
        session_status(sim->nodes[i].session, &status);
        if (sim->nodes[i].forks >= FORKS_SEEN && !status.ledger_alarm)
            sim_violated(sim, 7, NULL, "%s was shown another history, and is silent",
                         sim_node_name(i));
    }
}

/* One from before the ring is as it was when it was looked at last. */
static bool was_made(const struct state *state, const struct head_seen *head)
{
    if (head->tree_size > state->frontier.size)
        return false;
    return head->tree_size + ENTRIES_MAX <= state->frontier.size ||
           digest_equal(&head->root, &state->roots[head->tree_size % ENTRIES_MAX]);
}

/* One old entry after another is read again; and every witness's head is one that was made. */
static void stepped(void *context, struct node *node)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    if (node->index == NODE_GATEWAY && state->frontier.size > 0) {
        uint64_t size = state->frontier.size;
        uint64_t kept = size < ENTRIES_MAX ? size : ENTRIES_MAX;
        uint64_t index = size - kept + state->next++ % kept;
        struct bytes entry;
        struct digest leaf;
        if (node->disk->verbs->ledger_entry(node->disk, index, &entry) != REASON_NONE) {
            sim_violated(sim, 7, NULL, "entry %llu is gone", (unsigned long long)index);
            return;
        }
        merkle_leaf_hash(node->model.port.hash, entry, &leaf);
        if (!digest_equal(&leaf, &state->leaves[index % ENTRIES_MAX]))
            sim_violated(sim, 7, NULL, "entry %llu has changed", (unsigned long long)index);
    }
    if (node->session == NULL)
        return;
    struct session_status status;
    session_status(node->session, &status);
    if (status.ledger_alarm && node->forks == 0 && node->forks_ahead == 0)
        sim_violated(sim, 7, NULL, "%s sees an honest ledger as rewritten",
                     sim_node_name(node->index));
    if (status.head.tree_size > 0 && !was_made(state, &status.head))
        sim_violated(sim, 7, NULL, "%s keeps a head that was never made",
                     sim_node_name(node->index));
}

/* The tree goes on. */
static void forget(void *context)
{
    struct state *state = context;
    memset(state->is_refused, 0, sizeof state->is_refused);
}

/* Leaf number index, as it is on the disk, behind those before it. What the copy had of the ledger
 * is as it was. */
static void add_again(struct state *state, struct sim *sim, uint64_t size, uint64_t old_size)
{
    struct node *gateway = &sim->nodes[NODE_GATEWAY];
    struct digest leaf, ignored[MERKLE_LEVELS_MAX];
    struct bytes entry;
    uint64_t index = state->frontier.size;
    if (gateway->disk->verbs->ledger_entry(gateway->disk, index, &entry) != REASON_NONE) {
        sim_violated(sim, 7, NULL, "entry %llu is gone", (unsigned long long)index);
        return;
    }
    (void)merkle_append(&state->frontier, gateway->model.port.hash, entry, ignored);
    if (index + ENTRIES_MAX < size)
        return;
    merkle_leaf_hash(gateway->model.port.hash, entry, &leaf);
    bool is_known = index < sim->kept_ledger_size && index + ENTRIES_MAX >= old_size;
    if (is_known && !digest_equal(&leaf, &state->leaves[index % ENTRIES_MAX]))
        sim_violated(sim, 7, NULL, "entry %llu has changed", (unsigned long long)index);
    state->leaves[index % ENTRIES_MAX] = leaf;
    merkle_root(&state->frontier, gateway->model.port.hash,
                &state->roots[state->frontier.size % ENTRIES_MAX]);
}

/* The tree of before has another end: it is made again from the entries on the disk, whose last
 * heads are then taken as made. */
static void resume(void *context, struct sim *sim)
{
    struct state *state = context;
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    struct store_positions positions;
    uint64_t old_size = state->frontier.size;
    if (sim->lost_node != NODE_GATEWAY && sim->kept_ledger_size < old_size)
        sim_violated(sim, 7, NULL, "the ledger has lost entries");
    check(disk->verbs->positions(disk, &positions) == REASON_NONE);
    state->frontier = (struct merkle_frontier){.size = 0};
    while (state->frontier.size < positions.ledger_size && !sim->violation.is_set)
        add_again(state, sim, positions.ledger_size, old_size);
}

const struct checker check_ledger = {.name = "ledger",
                                     .state_bytes = sizeof(struct state),
                                     .forget = forget,
                                     .resume = resume,
                                     .committed = committed,
                                     .stepped = stepped,
                                     .ended = ended};
