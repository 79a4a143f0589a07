#include <stdlib.h>

#include "tests/support/store_memory.h"
#include "gateway/store/store_sqlite.h"
#include "proto/base/check.h"
#include "proto/log/log.h"
#include "tests/sim/check.h"
#include "tests/sim/world.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/crash_vfs.h"

enum {
    BLOBS_BYTES_MAX = 1024 * 1024,
    SQLITE_EVERY = 8, /* one seed in so many has the real store under it, which takes its time */
};

/* ---- the disk and the ports: as long as the run ---- */

static void open_disk(struct node *node)
{
    struct store_sqlite_options options = {0};
    enum reason reason;
    if (node->power != NULL) {
        options.vfs_name = crash_vfs_name(node->power);
        reason = store_sqlite_open("store.sqlite", &options, &node->disk);
    } else {
        reason = store_memory_open(node->image, &node->disk);
    }
    check(reason == REASON_NONE);
    node_store_open(node);
    failing_store_init(&node->store, node->disk, &node->port_faults);
}

/* What was answered is synced, and what is synced survives. */
static void lose_power(struct node *node)
{
    if (node->power == NULL)
        return;
    crash_vfs_cut_power(node->power);
    node->disk->verbs->close(node->disk);
    crash_vfs_restart(node->power);
    open_disk(node);
}

void node_put_back(struct node *node)
{
    node->disk->verbs->close(node->disk);
    node->copy->verbs->close(node->copy);
    store_memory_image_destroy(&node->image);
    node->image = node->copy_image;
    node->copy_image = NULL;
    node->copy = NULL;
    open_disk(node);
}

void node_open(struct sim *sim, int index)
{
    struct node *node = &sim->nodes[index];
    struct arena memory = node->memory; /* kept from run to run */
    *node = (struct node){.sim = sim, .index = index, .memory = memory, .is_used = true};
    node->key = key_of(sim_node_name(index));
    node->image = store_memory_image_new();
    node->kept = blobs_memory_new(BLOBS_BYTES_MAX);
    check(node->image != NULL && node->kept != NULL);
    if (sim->options.uses_sqlite || (!sim->is_decade && sim->seed % SQLITE_EVERY == 0))
        node->power = crash_vfs_new(sim->seed + (uint64_t)index);
    open_disk(node);
    size_t certificate =
        model_certify(&sim->authority, &node->key, (wall_t){WORLD_EPOCH_MS - CERTIFICATE_OLD_MS},
                      (wall_t){WORLD_EPOCH_MS + CERTIFICATE_LEFT_MS}, 0, &sim->dice);
    model_crypto_init(&node->model, &sim->authority, &sim->dice, certificate);
    failing_blobs_init(&node->blobs, node->kept, &node->port_faults);
    failing_crypto_init(&node->crypto, &node->model.port, &node->port_faults);
    if (swarm_happens(&sim->swarm, MISHAP_CLOCK_DRIFT))
        node->drift_ppm = (int32_t)dice_between(&sim->dice, -500, 500);
    if (index == NODE_HOSTILE)
        return;
    node->restart_at_ms = dice_between(&sim->dice, 0, 500);
    rollback_open(node);
}

static void free_intakes(struct node *node)
{
    while (node->intake_count > 0)
        node_intake_done(node, node->intakes[node->intake_count - 1]);
}

static void end_process(struct node *node)
{
    if (node->session != NULL)
        session_release(node->session);
    if (node->broker != NULL)
        broker_release(node->broker);
    node->session = NULL;
    node->broker = NULL;
    free_intakes(node);
    node->is_up = node->is_dying = false;
    node->crash = CRASH_NONE;
}

void node_close(struct node *node)
{
    if (!node->is_used)
        return;
    end_process(node);
    node->disk->verbs->close(node->disk);
    node->kept->verbs->close(node->kept);
    if (node->power != NULL)
        crash_vfs_destroy(&node->power);
    store_memory_image_destroy(&node->image);
    rollback_close(node);
    node->is_used = false;
}

/* ---- the process ---- */

void node_start(struct node *node)
{
    struct sim *sim = node->sim;
    arena_reset(&node->memory);
    node->started_ms = sim->now_ms;
    node->is_up = true;
    node->port_faults.fail_at = 0;
    node->forks = node->forks_ahead = 0;
    sim->incarnations[node->index]++;
    sim_note(sim, node->index, "starts", NULL, 0);
    if (node->index == NODE_GATEWAY)
        gateway_new(node);
    else
        adapter_new(node);
    node->next_ms = sim->now_ms;
}

/* What was written of a file but never finished may not be on the disk, or not as it was. */
static void lose_partial_files(struct node *node)
{
    struct sim *sim = node->sim;
    if (swarm_happens(&sim->swarm, MISHAP_FILE_LOST))
        blobs_memory_lose_partials(node->kept);
    if (!swarm_happens(&sim->swarm, MISHAP_FILE_DAMAGED))
        return;
    for (int source = 0; source < NODES; source++) {
        for (int file = 0; file < FILES; file++) {
            struct key key = key_of(sim_node_name(source));
            struct digest digest;
            (void)workload_file(file, &digest);
            (void)blobs_memory_damage(node->kept, &key, &digest);
        }
    }
}

static void forget_calls(struct node *node)
{
    struct sim *sim = node->sim;
    size_t kept = 0;
    for (size_t i = 0; i < sim->answer_count; i++) {
        if (sim->answers[i].node != node->index)
            sim->answers[kept++] = sim->answers[i];
    }
    sim->answer_count = kept;
}

void node_crash(struct node *node, int64_t restart_after_ms)
{
    struct sim *sim = node->sim;
    sim_note(sim, node->index, "crashes", NULL, restart_after_ms);
    end_process(node);
    lose_power(node);
    lose_partial_files(node);
    node->restart_at_ms = sim->now_ms + restart_after_ms;
    if (node->index == NODE_GATEWAY) {
        for (int line = NODE_CENTRE; line < LINES; line++)
            network_cut(sim, line);
        return;
    }
    forget_calls(node);
    network_cut(sim, node->index);
}

wall_t node_wall(const struct node *node)
{
    int64_t now = node->sim->now_ms;
    return (wall_t){WORLD_EPOCH_MS + now + node->clock_offset_ms +
                    now * node->drift_ppm / DICE_MILLION};
}

mono_t node_mono(const struct node *node)
{
    return (mono_t){node->sim->now_ms - node->started_ms};
}

/* ---- a step ---- */

void node_log(struct node *node, const struct log_line *line, const struct message_id *id)
{
    char text[LOG_LINE_BYTES_MAX];
    size_t size;
    if (node->is_dying)
        return;
    log_line_format(line, LOG_TEXT, (struct stamp){node_wall(node), VIETNAM_OFFSET_MINUTES}, text,
                    &size);
    sim_note(node->sim, node->index, line->event, id, (int)line->reason);
    checkers_logged(node, line, (struct bytes){(const uint8_t *)text, size});
}

void node_draw_faults(struct node *node)
{
    struct sim *sim = node->sim;
    node->crash = CRASH_NONE;
    if (sim->swarm.is_calm)
        node->port_faults.fail_at = 0;
    else if (swarm_happens(&sim->swarm, MISHAP_PORT_FAILS)) {
        node->port_faults.fail_at = node->port_faults.calls + 1 + dice_below(&sim->dice, 12);
        node->port_faults.fail_count = 1 + dice_below(&sim->dice, PORTS_FAIL_MAX);
    }
}

void node_set_next(struct node *node, mono_t next)
{
    enum { TURN_MS = 10 * 60 * 1000 };
    const struct sim *sim = node->sim;
    int64_t earliest = sim->now_ms + TURN_MS;
    node->next_ms = next.ms == INT64_MAX ? INT64_MAX : next.ms + node->started_ms;
    if (earliest < sim->outage_until_ms && node->next_ms < earliest)
        node->next_ms = earliest;
}

bool node_is_dead_after(struct node *node)
{
    if (!node->is_dying && node->crash != CRASH_SENDING)
        return false;
    struct sim *sim = node->sim;
    node_crash(node, dice_below(&sim->dice, 4) == 0 ? dice_between(&sim->dice, 5000, 40000)
                                                    : dice_between(&sim->dice, 50, 3000));
    return true;
}

struct intake *node_examine(struct node *node, struct pipe_frame *frame, const struct key *peer)
{
    struct intake *intake = calloc(1, sizeof *intake);
    check(intake != NULL && node->intake_count < NODE_INTAKES_MAX);
    intake->bytes = (struct bytes){frame->data, frame->size};
    intake->peer = *peer;
    intake->connection = frame->connection;
    intake->arrived = node->broker != NULL
                          ? broker_time(node->broker, node_mono(node), node_wall(node))
                          : session_time(node->session, node_mono(node), node_wall(node));
    check(arena_init(&intake->arena, examine_memory_bytes(intake->bytes.size)));
    examine_frame(intake, &node->crypto.port, intake->arrived);
    node->intakes[node->intake_count++] = intake;
    return intake;
}

void node_intake_done(void *context, struct intake *intake)
{
    struct node *node = context;
    size_t at = 0;
    while (at < node->intake_count && node->intakes[at] != intake)
        at++;
    check(at < node->intake_count);
    node->intakes[at] = node->intakes[--node->intake_count];
    arena_release(&intake->arena);
    free((void *)(uintptr_t)intake->bytes.data);
    free(intake);
}
