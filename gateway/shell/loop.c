/* The loop: wait, take what arrived, one step, one plan; its frames leave when the disk has it.
 *
 *   link ─▶ intake pool ─▶ step N+1 ─▶ store apply ─▶ release ─▶ link
 *                             while the disk writes step N  ┘
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/api/transition_json.h"
#include "gateway/shell/gateway.h"
#include "gateway/custody/sweep.h"
#include "gateway/workers/program.h"
#include "gateway/workers/program_log.h"

enum {
    WAIT_MAX_MS = 500,
    /* Frames that one round takes from the link before it looks at anything else. */
    RECEIVE_ROUND_MAX = 512,
    /* While the disk writes, a step begins early only for so many frames: fewer had better share
     * the next write, and the next signature, with what comes meanwhile. */
    EARLY_STEP_FRAMES = 64,
    /* Whoever knocks at the API's doors, with or without a token, has a part of the loop's time: a
     * run of it accepts some twenty connections, a millisecond's work at most. */
    API_EVERY_MS = 10,
    API_AT_LEAST_MS = 100, /* its connections have time limits */
};

/* No participant: events for those who listen at the API. */
static const struct key to_listeners;

/* ---- effects --------------------------------------------------------------------------------- */

/* Once a peer: one that is owed thousands of frames must not take the place of another. */
static void remember_gone(struct gateway *gateway, const struct key *peer)
{
    for (size_t i = gateway->gone_count; i-- > 0;) {
        if (key_equal(&gateway->gone[i], peer))
            return;
    }
    if (gateway->gone_count < GATEWAY_GONE_MAX)
        gateway->gone[gateway->gone_count++] = *peer;
}

static enum reason hold_frame(void *context, const struct key *peer, struct bytes frame)
{
    struct gateway *gateway = context;
    enum reason reason = release_hold(gateway->release, peer, frame);
    if (reason != REASON_NONE)
        remember_gone(gateway, peer); /* no memory: missed like one that finds a full queue */
    return reason;
}

/* Pieces of files pass the held steps by: they promise nothing that is not already on disk, and
 * holding them would copy each megabyte once more. */
static enum reason send_file_frame(void *context, const struct key *peer, struct bytes frame)
{
    struct gateway *gateway = context;
    return link_server_send(gateway->link, peer, frame);
}

/* A peer whose queue is full, or whose connection is gone, has missed this frame: the next step
 * takes its connection for lost, and both sides begin again from what they have. */
void gateway_send(void *context, const struct key *peer, struct bytes frame)
{
    struct gateway *gateway = context;
    if (key_equal(peer, &to_listeners))
        api_publish(operators_api_server(gateway->api), frame);
    else if (link_server_send(gateway->link, peer, frame) != REASON_NONE)
        remember_gone(gateway, peer);
}

/* To the log at once; to those who listen when the disk has it, as the step's frames. */
static void log_transition(void *context, const struct transition *transition)
{
    struct gateway *gateway = context;
    struct api *api = operators_api_server(gateway->api);
    struct buffer event;
    program_log_transition(&gateway->log, transition);
    metrics_count(&gateway->metrics, transition);
    if (!api_wants_events(api))
        return;
    buffer_init(&event, API_EVENT_BYTES_MAX);
    if (!transition_json_write(transition, program_wall(), &event) ||
        release_hold(gateway->release, &to_listeners, buffer_view(&event)) != REASON_NONE)
        api_publish(api, (struct bytes){NULL, 0});
    buffer_release(&event);
}

static void intake_done(void *context, struct intake *intake)
{
    struct gateway *gateway = context;
    intake_pool_release(gateway->pool, intake);
}

/* ---- one step -------------------------------------------------------------------------------- */

/* Those who are gone before frames: what they sent before stands in the queue of a session that has
 * ended, and is passed over by its connection's number. */
static void feed(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->gone_count; i++)
        broker_peer_gone(gateway->broker, &gateway->gone[i]);
    gateway->gone_count = 0;
    while (broker_has_room(gateway->broker)) {
        struct intake *intake = intake_pool_take(gateway->pool);
        if (intake == NULL)
            break;
        broker_intake(gateway->broker, intake);
    }
}

/* Frames whose step is on disk leave. */
static void release(struct gateway *gateway, bool wait)
{
    enum reason reason = wait ? release_drain(gateway->release) : release_run(gateway->release);
    if (reason == REASON_NONE)
        return;
    gateway_log(gateway, LOG_ERROR, "sync_failed", reason, gateway->settings.state_directory);
    gateway->has_failed = gateway->is_stopping = true;
}

/* Behind the traffic: while nothing waits for the disk, some in a second. Its sync is the disk's
 * own time, and no frame's. */
static void sweep(struct gateway *gateway)
{
    size_t count = 0;
    mono_t now = program_mono();
    if (now.ms < gateway->sweep_due.ms || !release_is_idle(gateway->release))
        return;
    gateway->sweep_due.ms = now.ms + SWEEP_EVERY_MS;
    if (sweep_files(gateway->store, gateway->blobs, &count) != REASON_STORE_FAILED)
        return; /* a full disk: later */
    gateway_log(gateway, LOG_ERROR, "sync_failed", REASON_STORE_FAILED,
                gateway->settings.state_directory);
    gateway->has_failed = gateway->is_stopping = true;
}

/* more: there may be frames that were not received yet. */
static void step(struct gateway *gateway, bool more)
{
    const struct step_effects effects = {.context = gateway,
                                         .send = hold_frame,
                                         .transition = log_transition,
                                         .intake_done = intake_done,
                                         .send_file = send_file_frame};
    const struct store_plan *plan = NULL;
    broker_begin(gateway->broker, program_mono(), program_wall());
    feed(gateway);
    bool was_asked = api_has_changes(operators_api_server(gateway->api));
    api_step(operators_api_server(gateway->api));
    enum reason reason = broker_end(gateway->broker, &plan);
    if (reason == REASON_NONE && plan != NULL)
        reason = gateway->store->verbs->apply(gateway->store, plan);
    if (reason == REASON_NONE)
        broker_committed(gateway->broker, &effects);
    else
        broker_aborted(gateway->broker, reason, &effects);
    bool is_alone = !more && intake_pool_count(gateway->pool) == 0 &&
                    broker_deadline(gateway->broker).ms > program_mono().ms;
    release_step(gateway->release, reason == REASON_NONE && plan != NULL, is_alone);
    if (was_asked) {
        release(gateway, true); /* an operator hears of what is on disk */
        api_settle(operators_api_server(gateway->api),
                   gateway->has_failed ? REASON_STORE_FAILED : reason);
    }
}

/* ---- what arrives ---------------------------------------------------------------------------- */

/* False: the pool is full. The frame is held, and nothing more is received until there is room: the
 * senders feel it as back-pressure, and nothing is dropped. */
static bool take_frame(struct gateway *gateway, const struct link_event *event)
{
    struct intake_way way = {event->peer, event->connection, event->carrier};
    enum reason reason =
        intake_pool_submit(gateway->pool, &way, event->bytes,
                           broker_time(gateway->broker, program_mono(), program_wall()));
    if (reason == REASON_BUSY && intake_pool_is_resting(gateway->pool, &event->peer)) {
        remember_gone(gateway, &event->peer); /* nobody waits for who sends what comes to nothing */
        return true;
    }
    gateway->is_frame_held = reason == REASON_BUSY || reason == REASON_OUT_OF_MEMORY;
    if (gateway->is_frame_held)
        gateway->held = *event;
    return !gateway->is_frame_held;
}

static void take_event(struct gateway *gateway, const struct link_event *event)
{
    if (event->kind == LINK_PEER_REFUSED) {
        char detail[LINK_REFUSAL_TEXT_BYTES];
        link_refusal_print(event, detail);
        struct log_line line = {.level = LOG_WARNING,
                                .event = "link_refused",
                                .from = key_bytes(&event->peer),
                                .reason = event->reason,
                                .detail = bytes_of_text(detail)};
        log_write(&gateway->log, program_wall(), &line);
        log_stream_flush(&gateway->log_stream);
    }
    /* LINK_PEER_GONE: what it had sent may still be in the pool, and its session lives until that
     * is judged; whatever is sent to it meanwhile says that it is gone. */
}

/* True when there may be more. */
static bool receive(struct gateway *gateway)
{
    if (gateway->is_frame_held && !take_frame(gateway, &gateway->held))
        return false; /* the workers wake us */
    for (int i = 0; i < RECEIVE_ROUND_MAX; i++) {
        struct link_event event;
        if (!link_server_receive(gateway->link, &event))
            return false;
        if (event.kind != LINK_FRAME)
            take_event(gateway, &event);
        else if (!take_frame(gateway, &event))
            return false;
    }
    return true;
}

/* SIGHUP reads the registry and trust again; a registry at fault leaves the one that is in use. */
static void take_signals(struct gateway *gateway)
{
    struct signalfd_siginfo info;
    while (read(gateway->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            (void)gateway_reload(gateway);
        else
            gateway->is_stopping = true;
    }
}

static bool may_step(const struct gateway *gateway)
{
    return release_is_idle(gateway->release) ||
           (release_has_room(gateway->release) &&
            intake_pool_count(gateway->pool) >= EARLY_STEP_FRAMES);
}

/* Of the broker, or of a peer whose frames rest in the pool. */
static mono_t deadline(struct gateway *gateway)
{
    mono_t broker = broker_deadline(gateway->broker);
    mono_t pool = intake_pool_deadline(gateway->pool);
    return broker.ms < pool.ms ? broker : pool;
}

/* How long the API has no need of the loop; -1: until its descriptor says so. */
static int64_t api_wait_ms(const struct gateway *gateway)
{
    int64_t rests_ms = gateway->api_due.ms - program_mono().ms;
    int needs_ms = api_timeout_ms(operators_api_server(gateway->api));
    return rests_ms > needs_ms ? rests_ms : needs_ms;
}

static void run_api(struct gateway *gateway, bool is_called)
{
    struct api *api = operators_api_server(gateway->api);
    mono_t now = program_mono();
    if (!is_called && api_timeout_ms(api) != 0 && now.ms - gateway->api_due.ms < API_AT_LEAST_MS)
        return;
    api_run(api, now);
    gateway->api_due = (mono_t){program_mono().ms + API_EVERY_MS};
}

static int wait_ms(struct gateway *gateway, bool more)
{
    if (more)
        return 0;
    if (!may_step(gateway))
        return WAIT_MAX_MS; /* the disk wakes us, or a frame */
    int64_t wait = deadline(gateway).ms - program_mono().ms;
    int64_t api = api_wait_ms(gateway);
    if (api >= 0 && wait > api)
        wait = api;
    if (wait <= 0)
        return 0;
    return wait < WAIT_MAX_MS ? (int)wait : WAIT_MAX_MS;
}

/* A commit costs an fsync and a signature whatever is in it: a moment's patience shares both. */
static void gather(struct gateway *gateway)
{
    int64_t until = program_mono().ms + gateway->settings.batch_delay_ms;
    for (;;) {
        int64_t left = until - program_mono().ms;
        if (left <= 0 || intake_pool_count(gateway->pool) >= BROKER_STEP_INTAKES_MAX)
            return;
        struct pollfd wait = {.fd = link_server_fd(gateway->link), .events = POLLIN};
        if (poll(&wait, 1, (int)left) > 0)
            (void)receive(gateway);
    }
}

/* Waits for one of everything that may make work. True: a step has something to do. */
static bool wait_for_work(struct gateway *gateway, bool *more)
{
    bool steps = may_step(gateway);
    struct api *api = operators_api_server(gateway->api);
    bool serves = program_mono().ms >= gateway->api_due.ms;
    struct pollfd waits[] = {
        /* While a frame waits for the pool nothing is received; the pool's own tells of room. */
        {.fd = gateway->is_frame_held ? -1 : link_server_fd(gateway->link), .events = POLLIN},
        {.fd = steps ? intake_pool_fd(gateway->pool) : -1, .events = POLLIN},
        {.fd = gateway->signals, .events = POLLIN},
        {.fd = serves ? api_fd(api) : -1, .events = POLLIN},
        {.fd = release_fd(gateway->release), .events = POLLIN},
        {.fd = steps ? gateway->blobs->verbs->fd(gateway->blobs) : -1, .events = POLLIN},
    };
    (void)poll(waits, sizeof waits / sizeof *waits, wait_ms(gateway, *more));
    if (waits[2].revents != 0)
        take_signals(gateway);
    if (waits[4].revents != 0)
        release(gateway, false);
    /* Sending may have swallowed ZeroMQ's edge: always look. */
    *more = receive(gateway);
    if (serves)
        run_api(gateway, waits[3].revents != 0);
    if (!steps)
        return false;
    if (waits[1].revents != 0 && gateway->settings.batch_delay_ms > 0 &&
        release_is_idle(gateway->release))
        gather(gateway);
    if (waits[5].revents != 0)
        gateway->blobs->verbs->settle(gateway->blobs);
    return waits[1].revents != 0 || api_has_changes(api) || waits[5].revents != 0 ||
           gateway->gone_count > 0 || deadline(gateway).ms <= program_mono().ms;
}

bool gateway_run(struct gateway *gateway)
{
    bool more = false;
    while (!gateway->is_stopping) {
        if (!wait_for_work(gateway, &more))
            continue;
        step(gateway, more);
        release(gateway, false); /* what had nothing to wait for, or was synced */
        sweep(gateway);
        log_stream_flush(&gateway->log_stream);
        more = true;
    }
    if (!gateway->has_failed)
        release(gateway, true);
    gateway_log(gateway, LOG_INFO, "stopped", REASON_NONE, NULL);
    return !gateway->has_failed;
}
