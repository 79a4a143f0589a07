/* A store that is put back from a backup: an operator's mistake, or a disk's. The backup is a
 * second store that hears the same commits until it is finished. What was said after that is
 * forgotten. The world is then left without faults; of the gateway's store the run ends when those
 * who must notice it have, of an adapter's when the gateway has said so and the adapter has done
 * all its work from there (check_past.c). The gateway may be started anew at the same time, as
 * after a power cut.
 *
 * In a decade the copy is made whole at the end of one day, and put back on a later one: what it
 * does not know is months old.
 *
 * In worlds whose clocks are right and where nothing is revoked, it is put
 * back by the restore command (ops/backup), which leaves a note in the copy: then nothing may be
 * lost or handed to an office twice, and all comes to its end (restored.c). What was lost is found
 * by the gateway's receipts, and goes where these say. */
#include <stdio.h>
#include <string.h>

#include "gateway/core/broker_parts.h"
#include "proto/base/check.h"
#include "tests/sim/check.h"
#include "tests/support/store_memory.h"

enum {
    COPY_MAX_MS = 30 * 1000,
    LATER_MAX_MS = 40 * 1000,
    AFTERWARDS_MS = 2 * 60 * 1000, /* of an adapter's work after it was put back */
};

void rollback_open(struct node *node)
{
    struct sim *sim = node->sim;
    bool is_gateway = node->index == NODE_GATEWAY;
    if (node->power != NULL || sim->is_fairness ||
        !swarm_happens(&sim->swarm, is_gateway ? MISHAP_ROLLED_BACK : MISHAP_ADAPTER_BACK))
        return;
    node->copy_image = store_memory_image_new();
    check(node->copy_image != NULL &&
          store_memory_open(node->copy_image, &node->copy) == REASON_NONE);
    node->copied_until_ms = dice_between(&sim->dice, 1000, COPY_MAX_MS);
    node->put_back_at_ms = node->copied_until_ms + dice_between(&sim->dice, 1000, LATER_MAX_MS);
    node->is_put_back_with_gateway = !is_gateway && sim->seed % 2 == 0;
}

void rollback_close(struct node *node)
{
    if (node->copy != NULL)
        node->copy->verbs->close(node->copy);
    node->copy = NULL;
    store_memory_image_destroy(&node->copy_image);
}

static void finish_copy(struct node *node)
{
    node->copied_until_ms = 0;
    node->copied = node_wall(node);
    if (node->session != NULL) {
        struct session_status status;
        session_status(node->session, &status);
        node->copied_head = status.head.tree_size;
    }
}

void rollback_copy(struct node *node)
{
    if (node->power != NULL) /* its disk is no image */
        return;
    rollback_close(node);
    node->copy_image = store_memory_image_copy(node->image);
    check(store_memory_open(node->copy_image, &node->copy) == REASON_NONE);
    finish_copy(node);
    node->put_back_at_ms = INT64_MAX;
}

void rollback_committed(struct node *node, const struct store_plan *plan)
{
    /* A start changes entries without a commit: the copy is what was before the first one. */
    bool is_first = node->sim->incarnations[node->index] == 1;
    if (node->copy == NULL || node->copied_until_ms == 0)
        return;
    if (is_first && node->sim->now_ms < node->copied_until_ms) {
        check(node->copy->verbs->commit(node->copy, plan) == REASON_NONE);
        return;
    }
    finish_copy(node);
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

/* The head that the gateway has last heard of from it. Nothing but the gateway's own memory knows
 * that: what was said may be lost, come too late, or be forgotten with a step. */
static uint64_t heard_head(const struct sim *sim, const struct node *node)
{
    struct broker *broker = sim->nodes[NODE_GATEWAY].broker;
    const struct peer *peer = broker == NULL ? NULL : step_find_peer(&broker->step, &node->key);
    return peer == NULL ? 0 : adapter_of(broker, peer)->head.tree_size;
}

/* What the gateway knows of it after a start of its own. */
static uint64_t noted_head(const struct sim *sim, const struct node *node)
{
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    char name[PARTICIPANT_KEY_BYTES_MAX + 8];
    struct past_note past;
    struct bytes note;
    (void)snprintf(name, sizeof name, "past/%s", node->key.text);
    if (disk->verbs->read_note(disk, bytes_of_text(name), &note) != REASON_NONE)
        return 0;
    memcpy(&past, note.data, sizeof past);
    return past.head.tree_size;
}

/* Whether who must notice it can: the gateway has heard of more than the copy knows. */
static bool can_be_noticed(const struct sim *sim, struct node *node)
{
    struct store_positions positions;
    if (node->copied_until_ms != 0)
        return false;
    /* Somebody else who has its key says that it has seen nothing. */
    if (node->index != NODE_GATEWAY)
        return sim->swarm.count[MISHAP_HOSTILE_TWIN] == 0 &&
               (sim->is_restored ||
                (node->is_put_back_with_gateway ? noted_head(sim, node) : heard_head(sim, node)) >
                    node->copied_head);
    check(node->copy->verbs->positions(node->copy, &positions) == REASON_NONE);
    return positions.ledger_size > 0 && is_witnessed(sim, positions.ledger_size);
}

/* Numbers that the gateway gave since the copy it gives to other messages. */
static void forget_custody(struct node *node)
{
    struct records *records = &node->sim->records;
    struct store_positions positions;
    check(node->disk->verbs->positions(node->disk, &positions) == REASON_NONE);
    for (size_t i = 0; i < records->count; i++) {
        struct record *record = &records->rows[i];
        if (record->gateway_seq < positions.next_message_seq)
            continue;
        (void)record_set_seq(records, record->gateway_seq, NULL);
        record->gateway_seq = 0;
        record->is_to_go_back = record->sent == ENTRY_DELIVERED && record->place_count > 0;
    }
    records_give_again(records, positions.next_message_seq);
}

static uint64_t ledger_size(const struct sim *sim)
{
    struct store *disk = sim->nodes[NODE_GATEWAY].disk;
    struct store_positions positions;
    check(disk->verbs->positions(disk, &positions) == REASON_NONE);
    return positions.ledger_size;
}

/* As the restore command does it: the program finds out by this note. */
static void note_restored(struct node *node)
{
    int64_t moments[2] = {node->copied.ms, node_wall(node).ms};
    const struct store_note note = {bytes_of_text("restored"),
                                    {(const uint8_t *)moments, sizeof moments}};
    const struct store_plan plan = {.notes = &note, .note_count = 1};
    check(node->commit(node->disk, &plan) == REASON_NONE);
    if (node->index == NODE_GATEWAY)
        forget_custody(node);
    else
        workload_repeat(node->sim, node->index);
}

void rollback_turn(struct sim *sim)
{
    for (int i = 0; i < NODE_HOSTILE && !sim->swarm.is_calm && !sim->is_lost; i++) {
        struct node *node = &sim->nodes[i];
        if (node->copy == NULL || sim->now_ms < node->put_back_at_ms || !node->is_up ||
            !can_be_noticed(sim, node))
            continue;
        node_crash(node, dice_between(&sim->dice, 50, 3000));
        node_put_back(node);
        sim->kept_ledger_size = ledger_size(sim);
        if (sim->is_restored)
            note_restored(node);
        if (node->is_put_back_with_gateway)
            node_crash(&sim->nodes[NODE_GATEWAY], dice_between(&sim->dice, 50, 3000));
        /* A hello of before would be heard behind it: the gateway would know nothing to miss. */
        network_forget_late(sim, i);
        sim_note(sim, i, "its store is an older copy", NULL, 0);
        sim->is_lost = true;
        sim->lost_node = i;
        sim->lost_ms = sim->now_ms;
    }
}

bool rollback_is_noticed(const struct sim *sim)
{
    if (sim->lost_node != NODE_GATEWAY)
        return sim->alarms_about[sim->lost_node] > 0;
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

bool rollback_is_over(const struct sim *sim)
{
    return rollback_is_noticed(sim) &&
           (sim->lost_node == NODE_GATEWAY || sim->now_ms > sim->lost_ms + AFTERWARDS_MS);
}
