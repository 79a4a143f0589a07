/* portal_command - the words of `lienthong portal`, one function each. argv[0] is the word. */
#pragma once

#include <jansson.h>

#include "ops/cli/commands.h"

struct portal_ledger;

int portal_backfill_command(const struct invocation *invocation, int argc, char **argv);
int portal_reconcile_command(const struct invocation *invocation, int argc, char **argv);
int portal_catalogue_command(const struct invocation *invocation, int argc, char **argv);
int portal_report_command(const struct invocation *invocation, int argc, char **argv);
int portal_worklist_command(const struct invocation *invocation, int argc, char **argv);
/* resend and close: argv[0] says which. */
int portal_mend_command(const struct invocation *invocation, int argc, char **argv);

/* What the last reconciliations found and is not repaired: [{dossier_code, kind, ours, theirs}],
 * the caller's; also after a failure, when it is not whole. */
enum reason portal_differences(struct portal_ledger *ledger, json_t **ret_list);
void portal_print_differences(enum language language, const json_t *list);
