/* commands - what `lienthong` can be told to do: one function for each first word.
 *
 * A command gets its own words (argv[0] is the command's name), reads its options with
 * ops/cli/options.h, prints to standard output what was asked for and to standard error what went
 * wrong, and answers the exit code. Texts for people come from ops/cli/texts.def, in the language
 * of the invocation. With --json, standard output is one JSON document.
 */
#pragma once

#include <stdbool.h>

#include "proto/base/language.h"

/* Exit codes of the program, the same for all commands (lienthong(1)). */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_NEGATIVE = 1,    /* not found, faults found, not reached in time, figures off */
    EXIT_CODE_USAGE = 2,       /* the command line cannot be understood */
    EXIT_CODE_UNREACHABLE = 3, /* the adapter, the gateway or a file cannot be reached or read */
    EXIT_CODE_REFUSED = 4,     /* it was reached, and refused */
};

struct invocation {
    enum language language;
    bool is_completing; /* a shell asks what the last word may become (lienthong --complete) */
};

typedef int command_function(const struct invocation *invocation, int argc, char **argv);

command_function command_send;
command_function command_track;
command_function command_inbox;
command_function command_queues;
command_function command_jobs;
command_function command_retention;
command_function command_deadlines;
command_function command_clock;
command_function command_route;
command_function command_registry;
command_function command_keys;
command_function command_portal;
command_function command_ledger;
command_function command_backup;
command_function command_restore;
command_function command_sandbox;
