/* One step of the gateway, as gateway/shell/loop.c makes it. */
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/log/log.h"
#include "tests/sim/check.h"

void gateway_new(struct node *node)
{
    const struct bounds *bounds = &node->sim->bounds;
    struct broker_options options = {.self = node->key,
                                     .offset_minutes = VIETNAM_OFFSET_MINUTES,
                                     .window_messages = bounds->gateway_window,
                                     .participants_max = bounds->participants_max,
                                     .flights_max = bounds->flights_max,
                                     .step_max = bounds->is_step_small ? &bounds->step_max : NULL,
                                     .attachment_bytes_max = bounds->file_bytes_max,
                                     .store = &node->store.port,
                                     .blobs = &node->blobs.port,
                                     .crypto = &node->crypto.port};
    if (node->memory.block == NULL)
        check(arena_init(&node->memory, NODE_ARENA_BYTES));
    check(broker_memory_bytes(&options) <= NODE_ARENA_BYTES);
    node->broker = broker_new(&options, &node->memory);
    node->registry = node->sim->registry_newest;
    node->calendar = node->sim->calendar_newest;
    node->model.knows_until_ms = node->sim->now_ms;
    broker_set_registry(node->broker, catalogue_registry(node->registry, node->calendar));
    (void)broker_load(node->broker, node_wall(node));
}

/* ---- effects ---- */

static enum reason send_frame(void *context, const struct key *peer, struct bytes frame)
{
    struct node *node = context;
    int line = sim_node_of(peer);
    if (node->is_dying || line < NODE_CENTRE)
        return REASON_LINK_LOST;
    if (node->crash == CRASH_SENDING && node->sends_left-- == 0) {
        node->is_dying = true;
        return REASON_LINK_LOST;
    }
    return network_send(node->sim, line, false, frame);
}

static void log_transition(void *context, const struct transition *transition)
{
    struct node *node = context;
    const struct log_line line = {
        .level = LOG_INFO,
        .event = transition->event,
        .message = id_is_zero(&transition->id) ? NULL : &transition->id,
        .dossier = transition->dossier_code,
        .from = key_bytes(&transition->from),
        .to = key_bytes(&transition->to),
        .type =
            transition->type == 0 ? NULL : message_type_name((enum message_type)transition->type),
        .state = transition->state == 0 ? NULL : entry_state_name(transition->state),
        .reason = transition->reason,
        .attempt = transition->attempt,
    };
    node_log(node, &line, &transition->id);
}

/* ---- the step ---- */

static void feed_pipe(struct node *node, struct pipe *pipe, const struct key *peer)
{
    struct pipe_frame frame;
    while (broker_has_room(node->broker) && network_receive(node->sim, pipe, &frame))
        broker_intake(node->broker, node_examine(node, &frame, peer));
}

static void feed(struct node *node)
{
    struct sim *sim = node->sim;
    int first = (int)dice_below(&sim->dice, LINES - NODE_CENTRE);
    for (int i = 0; i < LINES - NODE_CENTRE; i++) {
        int number = NODE_CENTRE + (first + i) % (LINES - NODE_CENTRE);
        struct line *line = &sim->lines[number];
        const struct key *peer = &sim->nodes[number].key;
        if (!sim->nodes[number].is_used)
            continue;
        if (line->is_gone_noticed)
            broker_peer_gone(node->broker, peer);
        line->is_gone_noticed = false;
        feed_pipe(node, &line->up, peer);
        feed_pipe(node, &line->late, peer);
    }
}

static void reload(struct node *node)
{
    struct sim *sim = node->sim;
    if (node->reload_at_ms == 0 || node->reload_at_ms > sim->now_ms)
        return;
    node->reload_at_ms = 0;
    node->registry = sim->registry_newest;
    node->calendar = sim->calendar_newest;
    node->model.knows_until_ms = sim->now_ms;
    broker_set_registry(node->broker, catalogue_registry(node->registry, node->calendar));
    sim_note(sim, node->index, "registry reloaded", NULL, node->registry);
}

void gateway_step(struct node *node)
{
    const struct step_effects effects = {.context = node,
                                         .send = send_frame,
                                         .transition = log_transition,
                                         .intake_done = node_intake_done};
    const struct store_plan *plan = NULL;
    node_draw_faults(node);
    reload(node);
    if (node->registry != 0)
        node->sim->was_registry_second = true;
    broker_begin(node->broker, node_mono(node), node_wall(node));
    feed(node);
    operator_step(node);
    purge_step(node);
    enum reason reason = broker_end(node->broker, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = node->store.port.verbs->commit(&node->store.port, plan);
    if (!node->is_dying) {
        if (reason == REASON_NONE)
            broker_committed(node->broker, &effects);
        else
            broker_aborted(node->broker, reason, &effects);
    }
    if (node_is_dead_after(node))
        return;
    node_set_next(node, broker_deadline(node->broker));
}
