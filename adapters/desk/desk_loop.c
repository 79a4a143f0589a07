/* The loop: wait for whatever comes first, serve it, then ask each request that waits whether it
 * can be answered. There are at most a few hundred, and asking costs nothing. */
#include "adapters/desk/desk.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "gateway/workers/program.h"

enum { WAIT_MAX_MS = 1000 };

static void take_signals(struct desk *desk)
{
    struct signalfd_siginfo info;
    while (read(desk->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            (void)desk_reload(desk);
        else
            desk->is_stopping = true;
    }
}

/* Sessions that are over are refused without this; it keeps their rows from piling up. */
static void prune(struct desk *desk)
{
    if (desk->now.ms < desk->prune_due.ms)
        return;
    desk->prune_due = (mono_t){desk->now.ms + DESK_PRUNE_MS};
    ended_settle(&desk->ended, &desk->book);
    sessions_prune(&desk->book, program_wall());
    uploads_prune(desk, program_wall());
}

/* Twice: what was read in the first turn is asked in the second, before there is a wait. */
static void serve(struct desk *desk)
{
    api_run(desk->api, desk->now);
    upstream_run(desk->upstream);
    (void)hasher_take(desk->hasher);
    if (api_has_changes(desk->api)) {
        api_step(desk->api);
        api_settle(desk->api, REASON_NONE);
    }
}

/* -1 is for ever. */
static int sooner(int left_ms, int right_ms)
{
    int wait_ms = WAIT_MAX_MS;
    wait_ms = left_ms >= 0 && left_ms < wait_ms ? left_ms : wait_ms;
    return right_ms >= 0 && right_ms < wait_ms ? right_ms : wait_ms;
}

void desk_run(struct desk *desk)
{
    while (!desk->is_stopping) {
        struct pollfd waits[] = {
            {.fd = api_fd(desk->api), .events = POLLIN},
            {.fd = hasher_fd(desk->hasher), .events = POLLIN},
            {.fd = desk->signals, .events = POLLIN},
            {.fd = upstream_fd(desk->upstream), .events = POLLIN},
        };
        int wait_ms = sooner(api_timeout_ms(desk->api), follow_run(&desk->follow, desk->now));
        (void)poll(waits, sizeof waits / sizeof *waits, wait_ms);
        desk->now = program_mono();
        if (waits[2].revents != 0)
            take_signals(desk);
        serve(desk);
        prune(desk);
        desk_part(desk);
    }
    desk_say(desk, LOG_INFO, "stopped", REASON_NONE, NULL);
}
