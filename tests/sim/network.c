/* Lines between adapters and the gateway. Within one connection frames keep their order, as over
 * TCP; what the old connection still had on its way may arrive behind the first frames of the new
 * one. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/check.h"
#include "tests/sim/check.h"

/* ---- pipes ---- */

static void pipe_drop(struct pipe *pipe)
{
    for (; pipe->count > 0; pipe->count--) {
        free(pipe->frames[pipe->first].data);
        pipe->first = (pipe->first + 1) % PIPE_FRAMES_MAX;
    }
}

static void pipe_push(struct pipe *pipe, const struct pipe_frame *frame)
{
    check(pipe->count < PIPE_FRAMES_MAX);
    pipe->frames[(pipe->first + pipe->count++) % PIPE_FRAMES_MAX] = *frame;
    if (frame->at_ms > pipe->last_at_ms)
        pipe->last_at_ms = frame->at_ms;
}

void network_put(struct sim *sim, struct pipe *pipe, struct bytes frame, uint64_t connection,
                 int64_t at_ms)
{
    if (pipe->count == PIPE_FRAMES_MAX)
        return;
    struct pipe_frame copy = {malloc(frame.size + 1), frame.size, at_ms, connection};
    check(copy.data != NULL);
    if (frame.size > 0)
        memcpy(copy.data, frame.data, frame.size);
    if (copy.at_ms < pipe->last_at_ms)
        copy.at_ms = pipe->last_at_ms;
    pipe_push(pipe, &copy);
    sim->frames++;
}

void network_say(struct sim *sim, struct pipe *pipe, const struct frame *frame, uint64_t connection)
{
    struct buffer bytes;
    struct arena scratch;
    check(arena_init(&scratch, FRAME_ARENA_BYTES));
    buffer_init(&bytes, FRAME_BYTES_MAX);
    if (frame_build(frame, &scratch, &bytes) == REASON_NONE)
        network_put(sim, pipe, buffer_view(&bytes), connection, sim->now_ms + 1);
    buffer_release(&bytes);
    arena_release(&scratch);
}

static int64_t pipe_next_ms(const struct pipe *pipe)
{
    if (pipe->count == 0)
        return INT64_MAX;
    int64_t at = pipe->frames[pipe->first].at_ms;
    return at > pipe->blocked_until_ms ? at : pipe->blocked_until_ms;
}

bool network_receive(struct sim *sim, struct pipe *pipe, struct pipe_frame *ret_frame)
{
    if (pipe_next_ms(pipe) > sim->now_ms)
        return false;
    *ret_frame = pipe->frames[pipe->first];
    pipe->first = (pipe->first + 1) % PIPE_FRAMES_MAX;
    pipe->count--;
    return true;
}

/* ---- sending ---- */

enum reason network_send(struct sim *sim, int number, bool is_up, struct bytes frame)
{
    enum { LATENCY_MAX_MS = 20, LATE_MAX_MS = 20000, DOUBLE_MAX_MS = 5000, ROOM = 2 };
    struct line *line = &sim->lines[number];
    struct pipe *pipe = is_up ? &line->up : &line->down;
    checkers_sent(sim, is_up ? number : NODE_GATEWAY, is_up ? NODE_GATEWAY : number, frame);
    if (!line->is_up)
        return REASON_LINK_LOST;
    if (pipe->count + ROOM > PIPE_FRAMES_MAX || swarm_happens(&sim->swarm, MISHAP_LINE_FULL))
        return REASON_BUSY;
    if (is_up && sim->has_hostile)
        hostile_overhear(sim, frame);
    if (is_up && usurper_hear(sim, number))
        return REASON_NONE;
    if (swarm_happens(&sim->swarm, MISHAP_FRAME_LOST))
        return REASON_NONE;
    int64_t at = sim->now_ms + dice_between(&sim->dice, 1, LATENCY_MAX_MS);
    if (swarm_happens(&sim->swarm, MISHAP_FRAME_LATE))
        at += dice_between(&sim->dice, 100, LATE_MAX_MS);
    network_put(sim, pipe, frame, line->connection, at);
    if (swarm_happens(&sim->swarm, MISHAP_FRAME_DOUBLED))
        network_put(
            sim, pipe, frame, line->connection,
            at + (dice_below(&sim->dice, 2) == 0 ? dice_between(&sim->dice, 1, DOUBLE_MAX_MS) : 0));
    return REASON_NONE;
}

/* ---- connections ---- */

static void keep_late(struct sim *sim, struct line *line)
{
    int64_t at = sim->now_ms + dice_between(&sim->dice, 100, 8000);
    struct pipe_frame frame;
    line->up.blocked_until_ms = 0;
    for (size_t i = 0; i < line->up.count; i++)
        line->up.frames[(line->up.first + i) % PIPE_FRAMES_MAX].at_ms = 0;
    while (network_receive(sim, &line->up, &frame)) {
        frame.at_ms = at;
        if (line->late.count < PIPE_FRAMES_MAX)
            pipe_push(&line->late, &frame);
        else
            free(frame.data);
    }
}

void network_cut(struct sim *sim, int number)
{
    struct line *line = &sim->lines[number];
    if (!line->is_up)
        return;
    sim_note(sim, number, "line cut", NULL, (int64_t)line->connection);
    if (sim->nodes[NODE_GATEWAY].is_up && swarm_happens(&sim->swarm, MISHAP_OLD_LATE))
        keep_late(sim, line);
    pipe_drop(&line->up);
    pipe_drop(&line->down);
    line->up.last_at_ms = line->down.last_at_ms = 0;
    line->is_up = false;
    line->has_gone_down = true;
    line->has_come_up = false;
    line->is_gone_noticed = !swarm_happens(&sim->swarm, MISHAP_GONE_UNSEEN);
    line->reconnect_at_ms = sim->now_ms + dice_between(&sim->dice, 100, 5000);
}

void network_forget_late(struct sim *sim, int number)
{
    pipe_drop(&sim->lines[number].late);
}

static bool is_partitioned(const struct sim *sim, const struct line *line)
{
    return line->up.blocked_until_ms > sim->now_ms || line->down.blocked_until_ms > sim->now_ms;
}

static void connect(struct sim *sim, int number)
{
    struct line *line = &sim->lines[number];
    line->is_up = true;
    line->connection++;
    line->has_come_up = true;
    sim_note(sim, number, "line up", NULL, (int64_t)line->connection);
    if (number == NODE_HOSTILE)
        line->has_come_up = line->has_gone_down = false;
}

static void partition(struct sim *sim)
{
    struct line *line = &sim->lines[NODE_CENTRE + dice_below(&sim->dice, LINES - NODE_CENTRE)];
    int64_t until = sim->now_ms + dice_between(&sim->dice, 500, 30000);
    bool is_both = swarm_happens(&sim->swarm, MISHAP_PARTITION_BOTH);
    if (is_both || swarm_happens(&sim->swarm, MISHAP_PARTITION_UP))
        line->up.blocked_until_ms = until;
    if (is_both || swarm_happens(&sim->swarm, MISHAP_PARTITION_DOWN))
        line->down.blocked_until_ms = until;
}

void network_step(struct sim *sim)
{
    partition(sim);
    if (swarm_happens(&sim->swarm, MISHAP_LINE_CUT))
        network_cut(sim, (int)(NODE_CENTRE + dice_below(&sim->dice, LINES - NODE_CENTRE)));
    for (int number = NODE_CENTRE; number < LINES; number++) {
        const struct node *node = &sim->nodes[number];
        bool may = node->is_used && (node->is_up || number == NODE_HOSTILE);
        if (may && !sim->lines[number].is_up && sim->nodes[NODE_GATEWAY].is_up &&
            sim->now_ms >= sim->lines[number].reconnect_at_ms &&
            !is_partitioned(sim, &sim->lines[number]))
            connect(sim, number);
    }
}

void network_calm(struct sim *sim)
{
    for (int number = NODE_CENTRE; number < LINES; number++) {
        struct line *line = &sim->lines[number];
        line->up.blocked_until_ms = line->down.blocked_until_ms = 0;
        line->late.blocked_until_ms = 0;
    }
}

int64_t network_next_ms(const struct sim *sim, int node)
{
    int64_t next = INT64_MAX;
    if (node != NODE_GATEWAY) {
        const struct line *line = &sim->lines[node];
        return line->has_gone_down || line->has_come_up ? sim->now_ms : pipe_next_ms(&line->down);
    }
    for (int number = NODE_CENTRE; number < LINES; number++) {
        const struct line *line = &sim->lines[number];
        int64_t up = pipe_next_ms(&line->up);
        int64_t late = pipe_next_ms(&line->late);
        next = up < next ? up : next;
        next = late < next ? late : next;
        next = line->is_gone_noticed ? sim->now_ms : next;
    }
    return next;
}

void network_clear(struct sim *sim)
{
    for (int number = 0; number < LINES; number++) {
        struct line *line = &sim->lines[number];
        line->is_up = line->has_gone_down = line->has_come_up = line->is_gone_noticed = false;
        line->connection = 0;
        line->reconnect_at_ms = 0;
        struct pipe *pipes[] = {&line->up, &line->down, &line->late};
        for (size_t i = 0; i < 3; i++) {
            pipe_drop(pipes[i]);
            pipes[i]->last_at_ms = pipes[i]->blocked_until_ms = 0;
        }
    }
}

void network_release(struct sim *sim)
{
    network_clear(sim);
}
