/* The loop, one thread: wait, drain what arrived, one step, one commit, and only then anything is
 * said (invariant 1). Verification runs on the pool's threads, files are synced on the blobs' own;
 * both tell the loop by a descriptor. Nothing here decides: session.c does. The start:
 * adapter_start.c. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapters/shell/adapter.h"
#include "gateway/api/transition_json.h"
#include "gateway/custody/sweep.h"
#include "gateway/workers/program.h"
#include "gateway/workers/program_log.h"

enum {
    WAIT_MAX_MS = 500,
    DOWN_SAID_MS = 5000,    /* a gateway that restarts is back by then */
    RECEIVE_ROUND_MAX = 64, /* frames taken from the link before anything else is looked at */
};

/* ---- effects --------------------------------------------------------------------------------- */

/* An adapter has one peer, the gateway: the key that the step names needs no look-up. */
static enum reason send_frame(void *context, const struct key *peer, struct bytes frame)
{
    struct adapter *adapter = context;
    (void)peer; /* there is one */
    return link_client_send(adapter->link, frame);
}

static void call_office(void *context, uint64_t message_seq, uint32_t attempt)
{
    adapter_office_call(context, message_seq, attempt);
}

static void log_transition(void *context, const struct transition *transition)
{
    struct adapter *adapter = context;
    struct api *api = local_api_server(adapter->api);
    struct buffer event;
    program_log_transition(&adapter->log, transition);
    metrics_count(&adapter->metrics, transition);
    if (!api_wants_events(api))
        return;
    buffer_init(&event, API_EVENT_BYTES_MAX);
    bool is_whole = transition_json_write(transition, program_wall(), &event);
    api_publish(api, is_whole ? buffer_view(&event) : (struct bytes){NULL, 0});
    buffer_release(&event);
}

static void intake_done(void *context, struct intake *intake)
{
    struct adapter *adapter = context;
    intake_pool_release(adapter->pool, intake);
}

/* ---- one step -------------------------------------------------------------------------------- */

/* Frames of a connection that is gone are dropped unread: the gateway sends again on the new one
 * what was not acknowledged, and answers to the old one would go nowhere. */
static void feed_link(struct adapter *adapter)
{
    if (adapter->has_gone_down)
        session_link_down(adapter->session);
    if (adapter->has_come_up)
        session_link_up(adapter->session);
    adapter->has_gone_down = adapter->has_come_up = false;
    while (session_wants_frame(adapter->session)) {
        struct intake *intake = intake_pool_take(adapter->pool);
        if (intake == NULL)
            return;
        /* What an earlier connection brought is sent again on this one. */
        if (intake->connection == adapter->connection && adapter->is_connected)
            session_intake(adapter->session, intake);
        else
            intake_pool_release(adapter->pool, intake);
    }
}

static void step(struct adapter *adapter)
{
    const struct step_effects effects = {.context = adapter,
                                         .send = send_frame,
                                         .call_office = call_office,
                                         .transition = log_transition,
                                         .intake_done = intake_done};
    const struct store_plan *plan = NULL;
    session_begin(adapter->session, program_mono(), program_wall());
    feed_link(adapter);
    adapter_office_step(adapter);
    api_step(local_api_server(adapter->api));
    enum reason reason = session_end(adapter->session, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = adapter->store->verbs->commit(adapter->store, plan);
    /* Before the effects: an office call that cannot be started is an answer for the next step. */
    adapter_office_settle(adapter, reason);
    if (reason == REASON_NONE)
        session_committed(adapter->session, &effects);
    else
        session_aborted(adapter->session, reason, &effects);
    api_settle(local_api_server(adapter->api), reason);
    log_stream_flush(&adapter->log_stream);
}

/* ---- what arrives ---------------------------------------------------------------------------- */

/* False: the pool is full; the frame is held, and nothing more is received until it has room. */
static bool take_frame(struct adapter *adapter, const struct link_event *event)
{
    struct intake_way way = {.peer = key_of(adapter->settings.gateway.participant),
                             .connection = adapter->connection};
    enum reason reason =
        intake_pool_submit(adapter->pool, &way, event->bytes,
                           session_time(adapter->session, program_mono(), program_wall()));
    adapter->is_frame_held = reason == REASON_BUSY || reason == REASON_OUT_OF_MEMORY;
    if (adapter->is_frame_held)
        adapter->held = *event;
    return !adapter->is_frame_held;
}

static bool take_event(struct adapter *adapter, const struct link_event *event)
{
    switch (event->kind) {
    case LINK_FRAME:
        return take_frame(adapter, event);
    case LINK_PEER_CONNECTED:
        adapter->has_gone_down = adapter->has_gone_down || adapter->is_connected;
        adapter->has_come_up = adapter->is_connected = true;
        adapter->connection++;
        if (adapter->is_down_said)
            adapter_log(adapter, LOG_INFO, "gateway_reached", REASON_NONE,
                        adapter->settings.gateway.endpoint);
        adapter->is_down_said = false;
        break;
    case LINK_PEER_GONE:
        adapter->has_gone_down = true;
        adapter->has_come_up = adapter->is_connected = false;
        adapter->down_since = program_mono();
        break;
    case LINK_PEER_REFUSED:
        session_link_refused(adapter->session, event->reason);
        adapter->metrics.refused_handshakes++;
        adapter_log(adapter, LOG_WARNING, "link_refused", event->reason,
                    adapter->settings.gateway.endpoint);
        break;
    }
    return true;
}

/* True when there may be more at once. */
static bool receive(struct adapter *adapter)
{
    if (adapter->is_frame_held && !take_frame(adapter, &adapter->held))
        return false;
    for (int i = 0; i < RECEIVE_ROUND_MAX; i++) {
        struct link_event event;
        if (!link_client_receive(adapter->link, &event) || !take_event(adapter, &event))
            return false;
    }
    return true;
}

static void say_down(struct adapter *adapter)
{
    if (adapter->is_connected || adapter->is_down_said ||
        program_mono().ms - adapter->down_since.ms < DOWN_SAID_MS)
        return;
    adapter->is_down_said = true;
    adapter_log(adapter, LOG_WARNING, "gateway_unreachable", REASON_LINK_LOST,
                adapter->settings.gateway.endpoint);
}

static void take_signals(struct adapter *adapter)
{
    struct signalfd_siginfo info;
    while (read(adapter->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            (void)adapter_reload(adapter);
        else
            adapter->is_stopping = true;
    }
}

/* Some in a second, between steps: what a purge left unnamed. A store that fails says so in the
 * next step, and they stay for later. */
static void sweep(struct adapter *adapter)
{
    size_t count = 0;
    mono_t now = program_mono();
    if (now.ms < adapter->sweep_due.ms)
        return;
    adapter->sweep_due.ms = now.ms + SWEEP_EVERY_MS;
    (void)sweep_files(adapter->store, adapter->blobs, &count);
}

static bool is_due(const struct adapter *adapter)
{
    return session_deadline(adapter->session).ms <= program_mono().ms;
}

/* Until the session's next deadline, the API's, or half a second: clocks are read anew often
 * enough that a machine that slept is noticed. */
static int wait_ms(const struct adapter *adapter)
{
    int64_t wait = session_deadline(adapter->session).ms - program_mono().ms;
    int api = api_timeout_ms(local_api_server(adapter->api));
    if (wait > WAIT_MAX_MS)
        wait = WAIT_MAX_MS;
    if (api >= 0 && wait > api)
        wait = api;
    return wait > 0 ? (int)wait : 0;
}

/* Sending may have taken the descriptor's edge with it, so the link is always asked again before
 * anything waits. */
void adapter_run(struct adapter *adapter)
{
    bool more = true;
    while (!adapter->is_stopping) {
        struct pollfd waits[] = {
            {.fd = link_client_fd(adapter->link), .events = POLLIN},
            {.fd = intake_pool_fd(adapter->pool), .events = POLLIN},
            {.fd = adapter->signals, .events = POLLIN},
            {.fd = api_fd(local_api_server(adapter->api)), .events = POLLIN},
            {.fd = adapter->office == NULL ? -1 : adapter->office->verbs->fd(adapter->office),
             .events = POLLIN},
            {.fd = adapter->blobs->verbs->fd(adapter->blobs), .events = POLLIN},
        };
        (void)poll(waits, sizeof waits / sizeof *waits, more ? 0 : wait_ms(adapter));
        if (waits[2].revents != 0)
            take_signals(adapter);
        more = receive(adapter);
        link_client_tick(adapter->link, program_mono());
        say_down(adapter);
        sweep(adapter);
        api_run(local_api_server(adapter->api), program_mono());
        if (waits[4].revents != 0)
            adapter_office_run(adapter);
        if (waits[5].revents != 0)
            adapter->blobs->verbs->settle(adapter->blobs);
        if (waits[1].revents == 0 && waits[5].revents == 0 && !adapter->has_come_up &&
            !adapter->has_gone_down && !api_has_changes(local_api_server(adapter->api)) &&
            !adapter_office_has_answers(adapter) && !is_due(adapter))
            continue;
        step(adapter);
        more = receive(adapter) || more;
    }
    adapter_log(adapter, LOG_INFO, "stopped", REASON_NONE, NULL);
}
