/* A store that was put back by the restore command (rollback.c). All other checkers are silent from
 * then on, for their records are of what was forgotten; this is what must be true of it. */
#include "proto/base/check.h"
#include "tests/sim/check.h"

void restored_violated(struct sim *sim, int invariant, const struct message_id *id,
                       const char *text)
{
    sim->is_lost = false; /* so that it is seen */
    sim_violated(sim, invariant, id, "%s", text);
}

bool restored_is_settled(const struct sim *sim)
{
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++) {
        struct session_status status;
        session_status(sim->nodes[i].session, &status);
        if (status.put_back.ms != 0 || status.is_offering || status.has_open_break)
            return false;
    }
    return true;
}

static bool has(struct node *node, const struct record *record)
{
    struct store_message message;
    return node->disk->verbs->find_message(node->disk, &node->sim->nodes[record->sender].key,
                                           &record->id, &message) == REASON_NONE &&
           digest_equal(&message.digest, &record->digest);
}

/* What had an end of its own, by a short life or an operator's hand, may have another one now. */
static bool may_end_otherwise(const struct record *record)
{
    return record->has_life || record->was_withdrawn || record->was_expired;
}

static void check_record(struct sim *sim, struct record *record)
{
    struct node *sender = &sim->nodes[record->sender];
    struct outcome outcome;
    if (!has(sender, record)) {
        /* It was on that disk alone, and its office has submitted it again. */
        if (sim->lost_node != record->sender || record->gateway_seq != 0)
            restored_violated(sim, 1, &record->id, "its sender has lost it");
        return;
    }
    if (record->sent != ENTRY_DELIVERED || may_end_otherwise(record))
        return;
    if (!has(&sim->nodes[NODE_GATEWAY], record))
        restored_violated(sim, 1, &record->id, "the gateway has lost it");
    for (size_t i = 0; i < record->place_count; i++) {
        const struct place *place = &record->places[i];
        const struct key *key = &sim->nodes[place->node].key;
        if (place->node == NODE_HOSTILE)
            continue;
        if (place->state == ENTRY_DELIVERED && !place->is_at_office)
            restored_violated(sim, 9, &record->id, "delivered, and its office has it not");
        if (session_outcome(sender->session, &record->id, key, &outcome) != REASON_NONE)
            restored_violated(sim, 1, &record->id, "its sender does not know how it ended");
    }
}

void restored_check(struct sim *sim)
{
    for (size_t i = 0; i < sim->records.count && !sim->violation.is_set; i++)
        check_record(sim, &sim->records.rows[i]);
}
