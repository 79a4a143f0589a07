/* portal_place - what the words of `lienthong portal` work on: the settings of the portal's
 * adapter, its ledger, and the portal itself.
 *
 * --adapter names the settings file here, because the portal's address and credentials stand in it;
 * a sandbox's or an adapter's state directory will do when the settings file lies beside it. */
#pragma once

#include "adapters/portal/portal_client.h"
#include "adapters/portal/portal_ledger.h"
#include "adapters/portal/portal_settings.h"
#include "adapters/shell/adapter_settings.h"
#include "ops/cli/commands.h"
#include "ops/client/file.h"

struct portal_place {
    struct adapter_settings settings;
    const struct portal_settings *portal; /* in settings */
    char settings_path[PATH_BYTES_MAX];
    struct portal_ledger *ledger;
    struct portal_client *client; /* NULL unless it was asked for */
    int64_t closed_until_ms;      /* why the last question was not answered: a maintenance; or 0 */
};

/* EXIT_CODE_OK, or it was printed why not. To be closed in any case. */
int portal_place_open(const struct invocation *invocation, const char *where, bool with_client,
                      struct portal_place *ret_place);
void portal_place_close(struct portal_place *place);

/* Days of reception (VALUE_DAY), the last one included: [*ret_from, *ret_to). NULL: so many days
 * before today; today. False: it was printed what is wrong. */
bool portal_period(const struct invocation *invocation, const char *first, const char *last,
                   int64_t days, wall_t *ret_from, wall_t *ret_to);
/* From here on Ctrl-C and SIGTERM only end what is waited for, so that its state is told. */
void portal_interrupts_watch(void);
bool portal_is_interrupted(void);
/* The reason in the invocation's language, to standard error; the exit code that goes with it. */
int portal_complain(const struct invocation *invocation, const char *what, enum reason reason);
/* For commands whose user waits for the answer: one question, which is not asked while a
 * maintenance window of the settings is open (REASON_PORTAL_CLOSED). ret_answer is always to be
 * released. */
enum reason portal_place_ask(struct portal_place *place, const struct portal_question *question,
                             struct portal_answer *ret_answer);
/* portal_complain of a question; of a maintenance: until when it lasts. */
int portal_place_complain(const struct invocation *invocation, const struct portal_place *place,
                          const char *what, enum reason reason);
/* For a progress bar: until when the portal is closed, or why it is tried again; else untouched. */
void portal_wait_label(const struct invocation *invocation, int64_t until_ms, enum reason trouble,
                       char *ret_label, size_t capacity);
