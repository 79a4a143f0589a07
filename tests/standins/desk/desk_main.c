/* lienthong-sandbox-desk - the centre's desk of the sandbox province; see desk.h. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/workers/registry_directory.h"
#include "proto/seal/sha256.h"
#include "tests/standins/desk/desk.h"

static const struct argp_option option_table[] = {
    {"directory", 'd', "DIR", 0, "Where its database is.", 0},
    {"adapter", 'A', "DIR", 0, "State directory of the centre's adapter.", 0},
    {"registry", 'r', "DIR", 0, "The registry whose procedures its dossiers are of.", 0},
    {"dossiers", 'n', "N", 0, "Dossiers to forward in all.", 0},
    {"forward-delay-ms", 'f', "MS", 0, "Time between two dossiers; 0: none.", 0},
    {"file-bytes-min", 'm', "N", 0, "Smallest paper.", 0},
    {"file-bytes-max", 'M', "N", 0, "Largest paper.", 0},
    {0},
};

struct call {
    struct desk_options options;
    const char *registry;
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct call *call = state->input;
    switch (key) {
    case 'd':
        call->options.directory = argument;
        return 0;
    case 'A':
        call->options.adapter = argument;
        return 0;
    case 'r':
        call->registry = argument;
        return 0;
    case 'n':
        call->options.dossiers = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case 'f':
        call->options.forward_delay_ms = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case 'm':
        call->options.file_bytes_min = strtoull(argument, NULL, 10);
        return 0;
    case 'M':
        call->options.file_bytes_max = strtoull(argument, NULL, 10);
        return 0;
    case ARGP_KEY_END:
        if (call->options.directory == NULL || call->options.adapter == NULL ||
            call->registry == NULL || call->options.file_bytes_min > call->options.file_bytes_max)
            argp_error(state, "--directory, --adapter and --registry are required");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* True: it was told to end. */
static bool wait_or_end(const sigset_t *signals, uint32_t wait_ms)
{
    const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};
    return sigtimedwait(signals, NULL, &wait) > 0;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "The desk of the centre, for the sandbox province only.",
    };
    static struct faults faults;
    struct call call = {.options = {.dossiers = 200,
                                    .file_bytes_min = 20 * 1024,
                                    .file_bytes_max = 5 * 1024 * 1024}};
    struct registry *registry = NULL;
    struct desk *desk = NULL;
    sigset_t signals;
    if (argp_parse(&argp, argc, argv, 0, NULL, &call) != 0)
        return 2;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (registry_directory_load(call.registry, sha256_parts, &faults, &registry) != REASON_NONE) {
        (void)fprintf(stderr, "desk: no registry at %s\n", call.registry);
        return EXIT_FAILURE;
    }
    call.options.registry = registry;
    bool is_open = desk_open(&call.options, &desk);
    while (is_open && !wait_or_end(&signals, desk_work(desk)))
        continue;
    if (is_open)
        desk_close(&desk);
    registry_destroy(&registry);
    return is_open ? EXIT_SUCCESS : EXIT_FAILURE;
}
