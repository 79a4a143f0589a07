/* lienthong - the command line of agency IT, staff and operators. Each command is a file of its own
 * and a row of the table here; help and completion are made of that row (command_list.c). Exit
 * codes: commands.h. */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/workers/program.h"
#include "ops/cli/command_list.h"
#include "proto/base/version.h"

static const struct command_row commands[] = {
    {"send", command_send, TEXT_COMMAND_SEND},
    {"track", command_track, TEXT_COMMAND_TRACK},
    {"inbox", command_inbox, TEXT_COMMAND_INBOX},
    {"queues", command_queues, TEXT_COMMAND_QUEUES},
    {"jobs", command_jobs, TEXT_COMMAND_JOBS},
    {"retention", command_retention, TEXT_COMMAND_RETENTION},
    {"deadlines", command_deadlines, TEXT_COMMAND_DEADLINES},
    {"clock", command_clock, TEXT_COMMAND_CLOCK},
    {"route", command_route, TEXT_COMMAND_ROUTE},
    {"registry", command_registry, TEXT_COMMAND_REGISTRY},
    {"portal", command_portal, TEXT_COMMAND_PORTAL},
    {"keys", command_keys, TEXT_COMMAND_KEYS},
    {"ledger", command_ledger, TEXT_COMMAND_LEDGER},
    {"backup", command_backup, TEXT_COMMAND_BACKUP},
    {"restore", command_restore, TEXT_COMMAND_RESTORE},
    {"sandbox", command_sandbox, TEXT_COMMAND_SANDBOX},
};
static const struct command_list list = {"",
                                         TEXT_PROGRAM_WORD,
                                         TEXT_PROGRAM_SUMMARY,
                                         TEXT_PROGRAM_END,
                                         commands,
                                         sizeof commands / sizeof *commands};

static bool is_word(int argc, char **argv, const char *word)
{
    return argc >= 2 && strcmp(argv[1], word) == 0;
}

/* lienthong --complete WORD...: what the last of the words may become, one a line. A shell that
 * splits at "=" gives the sign as a word of its own. */
static int complete(struct invocation invocation, int argc, char **argv)
{
    int count = 1;
    invocation.is_completing = true;
    for (int i = 2; i < argc; i++) {
        bool is_sign = strcmp(argv[i], "=") == 0;
        if (!is_sign)
            argv[count++] = argv[i];
        else if (i == argc - 1)
            argv[count++] = (char[]){""};
    }
    return command_choose(&list, &invocation, count, argv);
}

/* SIGPIPE is ignored, so that `lienthong … | head` ends with a code and not by a signal. A result
 * that could not be written out is a failure, whatever the daemon has done. */
int main(int argc, char **argv)
{
    const struct invocation invocation = {.language = program_language()};
    signal(SIGPIPE, SIG_IGN);
    if (is_word(argc, argv, "--version")) {
        puts("lienthong " VERSION_TEXT);
        return EXIT_CODE_OK;
    }
    if (is_word(argc, argv, "--complete"))
        return complete(invocation, argc, argv);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int code = command_choose(&list, &invocation, argc, argv);
    curl_global_cleanup();
    return fflush(stdout) == 0 ? code : EXIT_CODE_UNREACHABLE;
}
