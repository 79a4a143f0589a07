/* A store that is put back from a backup: an operator's mistake, or a disk's. The backup is a
 * second store that hears the same commits until it is finished. What was said after that is
 * forgotten; the world is then left without faults, and the run ends when those who must notice it
 * have. */
#include "tests/support/store_memory.h"
#include "proto/base/check.h"
#include "tests/sim/check.h"

enum { COPY_MAX_MS = 30 * 1000, LATER_MAX_MS = 40 * 1000 };

void rollback_open(struct node *node)
{
    struct sim *sim = node->sim;
    if (node->index != NODE_GATEWAY || node->power != NULL || sim->is_fairness ||
        !swarm_happens(&sim->swarm, MISHAP_ROLLED_BACK))
        return;
    node->copy_image = store_memory_image_new();
    check(node->copy_image != NULL &&
          store_memory_open(node->copy_image, &node->copy) == REASON_NONE);
    node->copied_until_ms = dice_between(&sim->dice, 1000, COPY_MAX_MS);
    node->put_back_at_ms = node->copied_until_ms + dice_between(&sim->dice, 1000, LATER_MAX_MS);
}

void rollback_close(struct node *node)
{
    if (node->copy != NULL)
        node->copy->verbs->close(node->copy);
    node->copy = NULL;
    store_memory_image_destroy(&node->copy_image);
}

void rollback_committed(struct node *node, const struct store_plan *plan)
{
    /* A start changes entries without a commit: the copy is what was before the first one. */
    bool is_first = node->sim->incarnations[node->index] == 1;
    if (node->copy != NULL && is_first && node->sim->now_ms < node->copied_until_ms)
        check(node->copy->verbs->commit(node->copy, plan) == REASON_NONE);
    else
        node->copied_until_ms = 0;
}

/* Somebody has seen more than the copy knows, and has it on disk: after a commit that failed a
 * witness shows a head until it has read its store again. */
static bool is_witnessed(const struct sim *sim, uint64_t copied_size)
{
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++) {
        struct session_status status;
        if (sim->nodes[i].session == NULL)
            continue;
        session_status(sim->nodes[i].session, &status);
        if (status.store == REASON_NONE && status.head.tree_size > copied_size)
            return true;
    }
    return false;
}

void rollback_turn(struct sim *sim)
{
    struct node *node = &sim->nodes[NODE_GATEWAY];
    struct store_positions positions;
    if (sim->swarm.is_calm || node->copy == NULL || sim->now_ms < node->put_back_at_ms ||
        !node->is_up)
        return;
    check(node->copy->verbs->positions(node->copy, &positions) == REASON_NONE);
    if (positions.ledger_size == 0 || !is_witnessed(sim, positions.ledger_size))
        return;
    node_crash(node, dice_between(&sim->dice, 50, 3000));
    node_put_back(node);
    sim_note(sim, node->index, "its store is an older copy", NULL, (int64_t)positions.ledger_size);
    sim->is_lost = true;
    sim->lost_node = node->index;
    sim->lost_ms = sim->now_ms;
}

bool rollback_is_noticed(const struct sim *sim)
{
    for (int i = NODE_CENTRE; i < NODE_HOSTILE; i++) {
        struct session_status status;
        if (sim->nodes[i].session == NULL)
            continue;
        session_status(sim->nodes[i].session, &status);
        if (status.ledger_alarm)
            return true;
    }
    return false;
}
