/* One step of an adapter, as adapters/shell/adapter_loop.c makes it. */
#include <string.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/log/log.h"
#include "tests/sim/check.h"

void adapter_new(struct node *node)
{
    const struct bounds *bounds = &node->sim->bounds;
    struct session_options options = {.self = node->key,
                                      .gateway = key_of(sim_node_name(NODE_GATEWAY)),
                                      .offset_minutes = VIETNAM_OFFSET_MINUTES,
                                      .window_messages = bounds->adapter_window,
                                      .office_window = bounds->office_window,
                                      .attachment_bytes_max = bounds->adapter_file_bytes_max,
                                      .flights_max = bounds->flights_max,
                                      .step_max = bounds->is_step_small ? &bounds->step_max : NULL,
                                      .program = "simulated",
                                      .store = &node->store.port,
                                      .blobs = &node->blobs.port,
                                      .crypto = &node->crypto.port};
    if (node->memory.block == NULL)
        check(arena_init(&node->memory, NODE_ARENA_BYTES));
    check(session_memory_bytes(&options) <= NODE_ARENA_BYTES);
    node->session = session_new(&options, &node->memory);
    node->model.knows_until_ms = node->sim->now_ms;
    node->registry = node->sim->registry_newest;
    node->calendar = node->sim->calendar_newest;
    session_set_registry(node->session, catalogue_registry(node->registry, node->calendar));
    (void)session_load(node->session, node_wall(node));
}

/* ---- effects ---- */

static enum reason send_frame(void *context, const struct key *peer, struct bytes frame)
{
    (void)peer;
    struct node *node = context;
    if (node->is_dying)
        return REASON_LINK_LOST;
    if (node->crash == CRASH_SENDING && node->sends_left-- == 0) {
        node->is_dying = true;
        return REASON_LINK_LOST;
    }
    return network_send(node->sim, node->index, true, frame);
}

static void call_office(void *context, uint64_t message_seq, uint32_t attempt)
{
    struct node *node = context;
    if (!node->is_dying)
        office_call(node, message_seq, attempt);
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

/* A head of another history. One that continues what the adapter has seen, it can judge; one that
 * claims to continue more may be an honest one that is late, until that goes on for minutes. */
static void note_fork(struct node *node, const struct intake *intake)
{
    struct session_status status;
    if (intake->reason != REASON_NONE || intake->frame.kind != FRAME_LEDGER_HEAD ||
        intake->messages[0].verdict != REASON_NONE ||
        intake->messages[0].envelope.tree_head.root.bytes[0] != FORGED_ROOT_BYTE ||
        intake->messages[0].envelope.tree_head.root.bytes[1] != FORGED_ROOT_BYTE)
        return;
    session_status(node->session, &status);
    bool is_from_ours = intake->frame.ledger_head.from_tree_size == status.head.tree_size;
    if (status.store == REASON_NONE && is_from_ours)
        node->forks++;
    else
        node->forks_ahead++;
}

static void feed(struct node *node)
{
    struct line *line = &node->sim->lines[node->index];
    const struct key *gateway = &node->sim->nodes[NODE_GATEWAY].key;
    struct pipe_frame frame;
    if (line->has_gone_down)
        session_link_down(node->session);
    if (line->has_come_up)
        session_link_up(node->session);
    line->has_gone_down = line->has_come_up = false;
    while (session_wants_frame(node->session) && network_receive(node->sim, &line->down, &frame)) {
        struct intake *intake = node_examine(node, &frame, gateway);
        note_fork(node, intake);
        session_intake(node->session, intake);
    }
}

static void settle(struct node *node, bool is_committed)
{
    office_settle(node, is_committed);
    workload_settle(node, is_committed);
}

void adapter_step(struct node *node)
{
    const struct step_effects effects = {node,           send_frame,       call_office,
                                         log_transition, node_intake_done, NULL};
    const struct store_plan *plan = NULL;
    node_draw_faults(node);
    if (node->reload_at_ms != 0 && node->reload_at_ms <= node->sim->now_ms) {
        node->model.knows_until_ms = node->sim->now_ms;
        node->reload_at_ms = 0;
        node->registry = node->sim->registry_newest;
        node->calendar = node->sim->calendar_newest;
        session_set_registry(node->session, catalogue_registry(node->registry, node->calendar));
        session_registry_read(node->session);
    }
    session_begin(node->session, node_mono(node), node_wall(node));
    feed(node);
    office_give_answers(node);
    workload_submit(node);
    operator_step(node);
    purge_step_adapter(node);
    enum reason reason = session_end(node->session, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = node->store.port.verbs->commit(&node->store.port, plan);
    settle(node, reason == REASON_NONE && !node->is_dying);
    if (!node->is_dying) {
        if (reason == REASON_NONE)
            session_committed(node->session, &effects);
        else
            session_aborted(node->session, reason, &effects);
    }
    if (node_is_dead_after(node))
        return;
    node_set_next(node, session_deadline(node->session));
}
