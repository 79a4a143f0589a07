/* lienthong portal - load, compare, mend and count what the national portal shows. */
#include "ops/cli/portal_command.h"

#include <stdio.h>
#include <string.h>

#include "ops/cli/say.h"
#include "ops/cli/text.h"

enum { WORD_COLUMNS = 12 };

static const struct {
    const char *word;
    command_function *run;
    enum text summary;
} words[] = {
    {"worklist", portal_worklist_command, TEXT_PORTAL_WORKLIST},
    {"resend", portal_mend_command, TEXT_PORTAL_RESEND},
    {"close", portal_mend_command, TEXT_PORTAL_CLOSE},
    {"reconcile", portal_reconcile_command, TEXT_PORTAL_RECONCILE},
    {"backfill", portal_backfill_command, TEXT_PORTAL_BACKFILL},
    {"catalogue", portal_catalogue_command, TEXT_PORTAL_CATALOGUE},
    {"report", portal_report_command, TEXT_PORTAL_REPORT},
};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

static void print_help(enum language language, FILE *to)
{
    say(to, "%s lienthong portal %s …\n\n%s\n\n", text_of(TEXT_USAGE, language),
        text_of(TEXT_PORTAL_WORD, language), text_of(TEXT_COMMAND_PORTAL, language));
    for (size_t i = 0; i < WORD_COUNT; i++)
        say(to, "  %-*s %s\n", WORD_COLUMNS, words[i].word, text_of(words[i].summary, language));
}

int command_portal(const struct invocation *invocation, int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help(invocation->language, stdout);
        return EXIT_CODE_OK;
    }
    for (size_t i = 0; argc >= 2 && i < WORD_COUNT; i++) {
        if (strcmp(argv[1], words[i].word) == 0)
            return words[i].run(invocation, argc - 1, argv + 1);
    }
    print_help(invocation->language, stderr);
    return EXIT_CODE_USAGE;
}
