/* lienthong portal - load, compare, mend and count what the national portal shows. Each word is a
 * file portal_…_command.c; `resend` and `close` share one, for both answer an item of the work
 * list. */
#include "ops/cli/portal_command.h"

#include "ops/cli/command_list.h"

static const struct command_row words[] = {
    {"worklist", portal_worklist_command, TEXT_PORTAL_WORKLIST},
    {"resend", portal_mend_command, TEXT_PORTAL_RESEND},
    {"close", portal_mend_command, TEXT_PORTAL_CLOSE},
    {"reconcile", portal_reconcile_command, TEXT_PORTAL_RECONCILE},
    {"backfill", portal_backfill_command, TEXT_PORTAL_BACKFILL},
    {"catalogue", portal_catalogue_command, TEXT_PORTAL_CATALOGUE},
    {"report", portal_report_command, TEXT_PORTAL_REPORT},
};

int command_portal(const struct invocation *invocation, int argc, char **argv)
{
    static const struct command_list list = {
        "portal", TEXT_PROGRAM_WORD,           TEXT_COMMAND_PORTAL, TEXT_COUNT,
        words,    sizeof words / sizeof *words};
    return command_choose(&list, invocation, argc, argv);
}
