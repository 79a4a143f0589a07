/* lienthong-sandbox-office - a back-office system of the sandbox province; see office.h. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/sandbox/database.h"
#include "tests/standins/office/office.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS accepted(row INTEGER PRIMARY KEY, message_id TEXT NOT NULL,"
    " operation TEXT NOT NULL, dossier_code TEXT NOT NULL, number TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS accepted_message ON accepted(message_id);"
    "CREATE TABLE IF NOT EXISTS dossier(dossier_code TEXT PRIMARY KEY, message_id TEXT NOT NULL,"
    " received_ms INTEGER NOT NULL, state TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS paper(row INTEGER PRIMARY KEY, message_id TEXT NOT NULL,"
    " name TEXT NOT NULL, size_bytes INTEGER NOT NULL, link TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS manners(dossier_code TEXT PRIMARY KEY, manner TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS work(number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " dossier_code TEXT NOT NULL, kind TEXT NOT NULL, due_ms INTEGER NOT NULL,"
    " done_ms INTEGER, sent_id TEXT, in_custody INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS work_sent ON work(done_ms) WHERE in_custody = 0;"
    "CREATE INDEX IF NOT EXISTS work_due ON work(due_ms, number) WHERE done_ms IS NULL;";

static const struct argp_option option_table[] = {
    {"agency", 'a', "KEY", 0, "Whose office this is.", 0},
    {"directory", 'd', "DIR", 0, "Where its database is.", 0},
    {"adapter", 'A', "DIR", 0, "State directory of its adapter.", 0},
    {"port", 'p', "PORT", 0, "HTTP port on 127.0.0.1.", 0},
    {"step-delay-ms", 's', "MS", 0, "Time between two steps of the work.", 0},
    {"supplement-every", 'e', "N", 0, "One dossier in N lacks a paper; 0: none.", 0},
    {0},
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct office_options *options = state->input;
    switch (key) {
    case 'a':
        options->agency = argument;
        return 0;
    case 'd':
        options->directory = argument;
        return 0;
    case 'A':
        options->adapter = argument;
        return 0;
    case 'p':
        options->port = (uint16_t)strtoul(argument, NULL, 10);
        return 0;
    case 's':
        options->step_delay_ms = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case 'e':
        options->supplement_every = (uint32_t)strtoul(argument, NULL, 10);
        return 0;
    case ARGP_KEY_END:
        if (options->agency == NULL || options->directory == NULL || options->adapter == NULL ||
            options->port == 0)
            argp_error(state, "--agency, --directory, --adapter and --port are required");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static struct office office;
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "An agency's back-office system, for the sandbox province only.",
    };
    char path[PATH_BYTES_MAX];
    office.options = (struct office_options){.step_delay_ms = 200, .supplement_every = 7};
    if (argp_parse(&argp, argc, argv, 0, NULL, &office.options) != 0)
        return 2;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!path_make(path, "%s/office.sqlite", office.options.directory) ||
        folder_make(office.options.directory, 0700) != REASON_NONE ||
        !database_open(path, schema, false, &office.database) ||
        pthread_mutex_init(&office.lock, NULL) != 0 || pthread_cond_init(&office.work, NULL) != 0)
        return EXIT_FAILURE;
    if (!office_work_start(&office))
        return EXIT_FAILURE;
    bool serving = office_http_start(&office);
    if (serving) {
        int signal_number;
        (void)sigwait(&signals, &signal_number);
    } else {
        (void)fprintf(stderr, "office: port %u cannot be had\n", (unsigned)office.options.port);
    }
    office_http_stop(&office);
    office_work_stop(&office);
    (void)sqlite3_close(office.database);
    return serving ? EXIT_SUCCESS : EXIT_FAILURE;
}
