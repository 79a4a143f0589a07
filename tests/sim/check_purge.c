/* Retention, in a decade: what is over and was purged by its days is not lost, and all else is
 * there, whatever was put back meanwhile. Nothing goes whose days are not over, that was said of
 * late in its dossier, or whose dossier is held; what should go has gone when a purge is done. That
 * what is owed stays is the store's own rule (tests/contract/t_store_purge.c). */
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/sim/check.h"
#include "tests/sim/past.h"

enum { SAMPLE_STEPS = 8, MARGIN_DAYS = 2 };

struct state {
    uint64_t steps, next; /* the message of the past that is looked at next */
};

/* ---- what may go ---- */

/* The days that a part is kept, as catalogue.c has them in the registry. */
static int64_t kept_ms(uint32_t part)
{
    return DAY_MS * (part == STORE_PART_DOCUMENT ? (int64_t)KEEP_BODIES_DAYS
                     : part == STORE_PART_SEAL   ? (int64_t)KEEP_EVIDENCE_DAYS
                                                 : (int64_t)KEEP_METADATA_DAYS);
}

static void say(struct sim *sim, const struct message_id *id, const char *text)
{
    restored_violated(sim, 1, id, text);
}

/* Since that moment, a message that is evidence, or says something. */
static void check_age(struct sim *sim, const struct store_message *message, uint32_t parts,
                      int64_t since_ms)
{
    bool is_evidence = !is_business(message->type);
    for (uint32_t part = STORE_PART_DOCUMENT; part <= STORE_PART_NAMES; part <<= 1) {
        bool is_seal = is_evidence && part == STORE_PART_DOCUMENT;
        if ((parts & part) != 0 &&
            sim->now_ms - since_ms < kept_ms(is_seal ? (uint32_t)STORE_PART_SEAL : part))
            say(sim, &message->id, "it is purged before its days are over");
    }
}

/* Receipts, heads, and what was refused at the door are of no dossier's time. */
static void check_purged(struct sim *sim, const struct store_purge *purge)
{
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    struct store_message message;
    check(disk->verbs->read_message(disk, purge->message_seq, &message) == REASON_NONE);
    struct past_message *known = past_find(sim->past, &message.id);
    if (known == NULL || !is_business(message.type)) {
        check_age(sim, &message, purge->parts, message.custody.ms - WORLD_EPOCH_MS);
        return;
    }
    const struct past_dossier *dossier = &sim->past->dossiers[known->dossier];
    if (dossier->is_held)
        say(sim, &message.id, "it is purged, and its dossier is held");
    check_age(sim, &message, purge->parts, dossier->said_ms);
    known->gone |= purge->parts;
}

/* An adapter sees only what passes there: its own days count, since it took the message. */
static void check_purged_there(struct node *node, const struct store_purge *purge)
{
    struct store_message message;
    check(node->disk->verbs->read_message(node->disk, purge->message_seq, &message) == REASON_NONE);
    check_age(node->sim, &message, purge->parts, message.custody.ms - WORLD_EPOCH_MS);
}

/* ---- what happens in dossiers ---- */

/* Something is said in it, or an entry ends; of which one, and of no other, that one's days
 * count. */
static void touch(struct sim *sim, unsigned int number, bool is_said)
{
    struct past_dossier *dossier = &sim->past->dossiers[number];
    dossier->over_ms = sim->now_ms;
    if (is_said)
        dossier->said_ms = sim->now_ms;
}

static void see_holds(struct sim *sim, const struct store_plan *plan)
{
    static const char prefix[] = "hold/";
    const size_t size = sizeof prefix - 1;
    for (size_t i = 0; i < plan->note_count; i++) {
        struct bytes name = plan->notes[i].name;
        if (name.size > size && memcmp(name.data, prefix, size) == 0)
            sim->past->dossiers[past_dossier_number(name)].is_held = plan->notes[i].value.size > 0;
    }
}

static void committed(void *state, struct node *node, const struct store_plan *plan)
{
    (void)state;
    struct sim *sim = node->sim;
    bool is_adapter = node->index > NODE_GATEWAY && node->index < NODE_HOSTILE;
    for (size_t i = 0; sim->past != NULL && is_adapter && i < plan->purge_count; i++)
        check_purged_there(node, &plan->purges[i]);
    if (sim->past == NULL || node->index != NODE_GATEWAY)
        return;
    for (size_t i = 0; i < plan->purge_count; i++)
        check_purged(sim, &plan->purges[i]);
    see_holds(sim, plan);
    /* What comes back to a store that was put back was said before. */
    for (size_t i = 0; !sim->is_lost && i < plan->message_count; i++) {
        if (is_business(plan->messages[i].type))
            touch(sim, past_dossier_number(plan->messages[i].dossier_code), true);
    }
    for (size_t i = 0; !sim->is_lost && i < plan->move_count; i++) {
        const struct record *record = record_of_seq(&sim->records, plan->moves[i].message_seq);
        if (record != NULL && record->dossier != NOWHERE &&
            entry_state_is_terminal(plan->moves[i].state))
            touch(sim, past_dossier_number(bytes_of_text(sim->dossiers[record->dossier].code)),
                  false);
    }
}

/* ---- what is still there ---- */

static bool has(struct sim *sim, int node, const struct past_message *known,
                struct store_message *ret_message)
{
    struct store *disk = sim->nodes[node].disk;
    return disk->verbs->find_message(disk, &sim->nodes[known->sender].key, &known->id,
                                     ret_message) == REASON_NONE &&
           digest_equal(&ret_message->digest, &known->digest);
}

static void check_kept(struct sim *sim, struct past_message *known)
{
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    struct store_message message;
    struct store_document document;
    if (!has(sim, known->sender, known, &message))
        sim_violated(sim, 1, &known->id, "its sender has lost it in the years");
    if (!has(sim, NODE_GATEWAY, known, &message)) {
        sim_violated(sim, 1, &known->id, "the gateway has lost it in the years");
        return;
    }
    bool is_gone =
        disk->verbs->read_document(disk, message.seq, &document) == REASON_CONTENT_PURGED;
    if (is_gone && (known->gone & STORE_PART_DOCUMENT) == 0)
        sim_violated(sim, 1, &known->id, "its content is gone, and nobody purged it");
}

static void stepped(void *context, struct node *node)
{
    struct state *state = context;
    struct sim *sim = node->sim;
    if (sim->past != NULL && sim->past->count > 0 && state->steps++ % SAMPLE_STEPS == 0)
        check_kept(sim, &sim->past->messages[state->next++ % sim->past->count]);
}

/* ---- what should have gone ---- */

static void check_all_gone(struct sim *sim)
{
    struct past *past = sim->past;
    for (size_t i = 0; i < past->count && !sim->violation.is_set; i++) {
        const struct past_dossier *dossier = &past->dossiers[past->messages[i].dossier];
        bool is_over = sim->purge.done_ms - dossier->over_ms >
                       kept_ms(STORE_PART_DOCUMENT) + MARGIN_DAYS * DAY_MS;
        struct store_message message;
        if (is_over && !dossier->is_held && has(sim, NODE_GATEWAY, &past->messages[i], &message) &&
            (message.gone & STORE_PART_DOCUMENT) == 0)
            sim_violated(sim, 1, &message.id, "its days are over, and a purge has left it");
    }
}

/* The world after a store was put back: every message of all years is where it was. What was
 * purged since the backup is there again, and goes again; a hold since then is the operator's to
 * repeat. */
static void resume(void *context, struct sim *sim)
{
    struct past *past = sim->past;
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    const int64_t copied_ms = sim->nodes[NODE_GATEWAY].copied.ms - WORLD_EPOCH_MS;
    bool is_gateway = sim->lost_node == NODE_GATEWAY;
    (void)context;
    for (size_t i = 0; past != NULL && i < past->count && !sim->violation.is_set; i++)
        check_kept(sim, &past->messages[i]);
    if (!is_gateway && sim->purge.is_done)
        check_all_gone(sim);
    for (size_t i = 0; is_gateway && past != NULL && i < PAST_DOSSIERS_MAX; i++) {
        struct past_dossier *dossier = &past->dossiers[i];
        char name[DOSSIER_TEXT_BYTES + 8];
        struct bytes note;
        if (dossier->said_ms >= copied_ms)
            dossier->over_ms = sim->now_ms;
        if (!dossier->is_held)
            continue;
        purge_hold_name((unsigned int)i, name);
        dossier->is_held = disk->verbs->read_note(disk, bytes_of_text(name), &note) == REASON_NONE;
    }
}

/* ---- the end of a day ---- */

static void ended(void *context, struct sim *sim)
{
    (void)context;
    if (sim->past != NULL && sim->purge.is_done)
        check_all_gone(sim);
}

/* Nothing: its place among the messages of the past is for all days, and is not zeroed. */
static void forget(void *context)
{
    (void)context;
}

const struct checker check_purge = {.name = "purge",
                                    .state_bytes = sizeof(struct state),
                                    .sees_lost = true,
                                    .forget = forget,
                                    .resume = resume,
                                    .committed = committed,
                                    .stepped = stepped,
                                    .ended = ended};
