/* lienthong-sandbox-portal - a stand-in for the national portal; see portal.h. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/workers/registry_directory.h"
#include "ops/client/file.h"
#include "tests/standins/portal/portal.h"

static const struct argp_option option_table[] = {
    {"directory", 'd', "DIR", 0, "Where its database is.", 0},
    {"port", 'p', "PORT", 0, "HTTP port on 127.0.0.1; 0: a free one. It stands in DIR/portal.port.",
     0},
    {"user", 'u', "NAME", 0, "Who may log in (lienthong).", 0},
    {"password", 'w', "WORD", 0, "With which password (sandbox-portal).", 0},
    {"dstcode", 'D', "CODE", 0, "What the header dstcode must say (VN/GOV/DVCQG/sandbox).", 0},
    {"unit", 'm', "CODE", 0, "What madonvi must say; without: anything.", 0},
    {"session-seconds", 's', "N", 0, "How long a session lasts (1800).", 0},
    {"catalogue", 'c', "DIR", 0, "A registry whose procedures and agencies it tells.", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct portal_options *options = state->input;
    switch (key) {
    case 'd':
        options->directory = argument;
        return 0;
    case 'p':
        options->port = (uint16_t)strtoul(argument, NULL, 10);
        return 0;
    case 'u':
        options->user = argument;
        return 0;
    case 'w':
        options->password = argument;
        return 0;
    case 'D':
        options->destination = argument;
        return 0;
    case 'm':
        options->unit = argument;
        return 0;
    case 's':
        options->session_seconds = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case 'c':
        options->catalogue = argument;
        return 0;
    case ARGP_KEY_END:
        if (options->directory == NULL)
            argp_error(state, "--directory is required");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool load_catalogue(struct portal *portal)
{
    struct faults faults;
    if (portal->options.catalogue == NULL)
        return true;
    enum reason reason = registry_directory_load(portal->options.catalogue, sha256_parts, &faults,
                                                 &portal->registry);
    if (reason != REASON_NONE)
        (void)fprintf(stderr, "portal: the catalogue %s cannot be read\n",
                      portal->options.catalogue);
    return reason == REASON_NONE;
}

static bool open_portal(struct portal *portal)
{
    char path[PATH_BYTES_MAX];
    return pthread_mutex_init(&portal->lock, NULL) == 0 &&
           pthread_cond_init(&portal->stop, NULL) == 0 &&
           path_make(path, "%s/portal.sqlite", portal->options.directory) &&
           folder_make(portal->options.directory, 0700) == REASON_NONE &&
           portal_store_open(path, &portal->store) && load_catalogue(portal);
}

int main(int argc, char **argv)
{
    static struct portal portal;
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "A stand-in for the national public service portal, for the sandbox province and "
               "tests only.",
    };
    sigset_t signals;
    portal.options = (struct portal_options){.user = "lienthong",
                                             .password = "sandbox-portal",
                                             .destination = "VN/GOV/DVCQG/sandbox",
                                             .session_seconds = 1800};
    if (argp_parse(&argp, argc, argv, 0, NULL, &portal.options) != 0)
        return 2;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    bool serving = open_portal(&portal) && portal_http_start(&portal);
    if (serving) {
        int signal_number;
        (void)sigwait(&signals, &signal_number);
    } else {
        (void)fprintf(stderr, "portal: it cannot be started in %s\n", portal.options.directory);
    }
    portal_http_stop(&portal);
    portal_store_close(&portal.store);
    registry_destroy(&portal.registry);
    return serving ? EXIT_SUCCESS : EXIT_FAILURE;
}
