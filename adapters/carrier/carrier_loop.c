/* The loop of the carrier, one thread: wait, take from both ends, say what changed. It decides
 * nothing about a frame, which is carry.c's; it keeps at most one frame, the one that found no room
 * on the line. Starting, and the registry: carrier_start.c. */
#include "adapters/carrier/carrier.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/workers/program.h"

enum {
    WAIT_MAX_MS = 500,
    UNREACHED_SAID_MS = 5000, /* after the start; later every loss is a line of its own */
    RECEIVE_ROUND_MAX = 64,   /* frames taken from one end before the other one has its turn */
};

/* ---- the ports of carry ---------------------------------------------------------------------- */

static enum reason to_gateway(void *context, const struct key *participant, struct bytes frame)
{
    struct carrier_program *program = context;
    return link_client_send_for(program->client, participant, frame);
}

static enum reason to_adapter(void *context, const struct key *participant, struct bytes frame)
{
    struct carrier_program *program = context;
    return link_server_send(program->server, participant, frame);
}

static void log_transition(void *context, const struct carry_transition *transition)
{
    static const char *const events[] = {
        [CARRY_LINE_UP] = "gateway_reached",       [CARRY_LINE_DOWN] = "gateway_unreachable",
        [CARRY_ADAPTER_UP] = "adapter_connected",  [CARRY_ADAPTER_DOWN] = "adapter_gone",
        [CARRY_FRAMES_DROPPED] = "frames_dropped",
    };
    struct carrier_program *program = context;
    char detail[96] = "";
    if (transition->event == CARRY_FRAMES_DROPPED)
        (void)snprintf(detail, sizeof detail, "to_gateway=%llu to_adapters=%llu",
                       (unsigned long long)transition->to_gateway,
                       (unsigned long long)transition->to_adapters);
    bool is_trouble =
        transition->event == CARRY_FRAMES_DROPPED || transition->reason != REASON_NONE;
    bool is_line = transition->event == CARRY_LINE_UP || transition->event == CARRY_LINE_DOWN;
    carrier_log(program,
                &(struct log_line){.level = is_trouble ? LOG_WARNING : LOG_INFO,
                                   .event = events[transition->event],
                                   .from = key_bytes(&transition->participant),
                                   .reason = transition->reason,
                                   .detail = bytes_of_text(
                                       is_line ? program->settings.gateway.endpoint : detail)});
}

const struct carry_ports carrier_ports = {
    .to_gateway = to_gateway, .to_adapter = to_adapter, .transition = log_transition};

/* ---- what arrives ---------------------------------------------------------------------------- */

static void log_refused(struct carrier_program *program, const char *event, enum reason reason,
                        const char *detail)
{
    carrier_log(program, &(struct log_line){.level = LOG_WARNING,
                                            .event = event,
                                            .reason = reason,
                                            .detail = bytes_of_text(detail)});
}

static void log_adapter_refused(struct carrier_program *program, const struct link_event *event)
{
    char detail[LINK_REFUSAL_TEXT_BYTES];
    link_refusal_print(event, detail);
    log_refused(program, "adapter_refused", event->reason, detail);
}

bool carrier_wants(void *context, const struct key *participant, size_t frame_bytes)
{
    struct carrier_program *program = context;
    (void)frame_bytes;
    return carry_may(&program->carry, participant, program_mono()) &&
           link_client_has_room(program->client);
}

/* False: the gateway's queue is full; the frame is held, and nothing more is taken from adapters
 * until it has room. */
static bool take_from_adapter(struct carrier_program *program, const struct link_event *event)
{
    bool is_held =
        !carry_from_adapter(&program->carry, &event->peer, event->connection, event->bytes);
    if (is_held)
        program->held = *event;
    program->is_held = is_held;
    return !is_held;
}

/* True when there may be more at once. */
static bool receive_from_adapters(struct carrier_program *program)
{
    if (program->is_held && !take_from_adapter(program, &program->held))
        return false;
    for (int i = 0; i < RECEIVE_ROUND_MAX; i++) {
        struct link_event event;
        if (!link_server_receive(program->server, &event))
            return false;
        if (event.kind == LINK_PEER_REFUSED)
            log_adapter_refused(program, &event);
        else if (event.kind == LINK_FRAME && !take_from_adapter(program, &event))
            return false;
    }
    return true;
}

static void take_from_gateway(struct carrier_program *program, const struct link_event *event)
{
    switch (event->kind) {
    case LINK_FRAME:
        carry_from_gateway(&program->carry, &event->peer, event->bytes);
        break;
    case LINK_PEER_CONNECTED:
        /* Also when the end of the connection before was not told of. */
        carry_line_down(&program->carry);
        carry_line_up(&program->carry);
        program->has_reached = true;
        break;
    case LINK_PEER_GONE:
        carry_line_down(&program->carry);
        break;
    case LINK_PEER_REFUSED:
        carry_line_down(&program->carry);
        log_refused(program, "link_refused", event->reason, program->settings.gateway.endpoint);
        break;
    }
}

static bool receive_from_gateway(struct carrier_program *program)
{
    for (int i = 0; i < RECEIVE_ROUND_MAX; i++) {
        struct link_event event;
        if (!link_client_receive(program->client, &event))
            return false;
        take_from_gateway(program, &event);
    }
    return true;
}

/* A gateway that was never reached: the loss of a line that stood is carry's to say. */
static void say_unreached(struct carrier_program *program)
{
    if (program->has_reached || program_mono().ms < program->unreached_due.ms)
        return;
    program->has_reached = true;
    log_transition(
        program, &(struct carry_transition){.event = CARRY_LINE_DOWN, .reason = REASON_LINK_LOST});
}

static void take_signals(struct carrier_program *program)
{
    struct signalfd_siginfo info;
    while (read(program->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            (void)carrier_reload(program);
        else
            program->is_stopping = true;
    }
}

/* Sending may have taken a descriptor's edge with it: both ends are asked again until neither has
 * anything, and only then is there a wait. */
void carrier_run(struct carrier_program *program)
{
    bool more = true;
    program->unreached_due = (mono_t){program_mono().ms + UNREACHED_SAID_MS};
    while (!program->is_stopping) {
        struct pollfd waits[] = {
            /* While a frame waits for room on the line nothing is read here; the line's own
             * descriptor tells of the room. */
            {.fd = program->is_held ? -1 : link_server_fd(program->server), .events = POLLIN},
            {.fd = link_client_fd(program->client), .events = POLLIN},
            {.fd = program->signals, .events = POLLIN},
        };
        uint64_t before = program->carry.moved;
        int wait_ms = more ? 0 : carry_wait_ms(&program->carry, program_mono(), WAIT_MAX_MS);
        (void)poll(waits, sizeof waits / sizeof *waits, wait_ms);
        if (waits[2].revents != 0)
            take_signals(program);
        /* The gateway's side first: a frame belongs to the line that was told of. */
        more = receive_from_gateway(program);
        more = receive_from_adapters(program) || more;
        more = more || program->carry.moved != before;
        say_unreached(program);
        link_client_tick(program->client, program_mono());
        carry_tick(&program->carry, program_mono());
    }
    carrier_log(program, &(struct log_line){.level = LOG_INFO, .event = "stopped"});
}
