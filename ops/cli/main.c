/* lienthong - the command line of agency IT, staff and operators. */
#include <curl/curl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/cli/commands.h"
#include "ops/cli/say.h"
#include "ops/cli/text.h"
#include "proto/base/version.h"

enum { NAME_COLUMNS = 12 };

static const struct {
    const char *name;
    command_function *run;
    enum text summary;
} commands[] = {
    {"send", command_send, TEXT_COMMAND_SEND},
    {"track", command_track, TEXT_COMMAND_TRACK},
    {"inbox", command_inbox, TEXT_COMMAND_INBOX},
    {"queues", command_queues, TEXT_COMMAND_QUEUES},
    {"route", command_route, TEXT_COMMAND_ROUTE},
    {"registry", command_registry, TEXT_COMMAND_REGISTRY},
    {"portal", command_portal, TEXT_COMMAND_PORTAL},
    {"keys", command_keys, TEXT_COMMAND_KEYS},
    {"sandbox", command_sandbox, TEXT_COMMAND_SANDBOX},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(enum language language)
{
    say(stdout, "%s lienthong COMMAND …\n\n%s\n\n%s\n", text_of(TEXT_USAGE, language),
        text_of(TEXT_PROGRAM_SUMMARY, language), text_of(TEXT_PROGRAM_COMMANDS, language));
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        say(stdout, "  %-*s %s\n", NAME_COLUMNS, commands[i].name,
            text_of(commands[i].summary, language));
    say(stdout, "\n%s\n", text_of(TEXT_PROGRAM_END, language));
}

/* POSIX: LC_ALL over LC_MESSAGES over LANG. */
static enum language language_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0)
            return language_of(value);
    }
    return LANGUAGE_ENGLISH;
}

int main(int argc, char **argv)
{
    const struct invocation invocation = {.language = language_of_environment()};
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_help(invocation.language);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(invocation.language);
        return EXIT_CODE_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("lienthong " VERSION_TEXT);
        return EXIT_CODE_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        curl_global_init(CURL_GLOBAL_DEFAULT);
        int code = commands[i].run(&invocation, argc - 1, argv + 1);
        curl_global_cleanup();
        return fflush(stdout) == 0 ? code : EXIT_CODE_UNREACHABLE;
    }
    say(stderr, text_of(TEXT_COMMAND_UNKNOWN, invocation.language), argv[1]);
    return EXIT_CODE_USAGE;
}
