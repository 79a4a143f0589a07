/* lienthong portal reconcile - both sides, dossier by dossier: what the portal shows against what
 * our ledger says that it was told. The comparison is adapters/portal/portal_reconcile.c; here are
 * its options, its progress and its figures. */
#include <stdio.h>

#include "adapters/portal/portal_reconcile.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/progress_bar.h"
#include "ops/cli/say.h"

enum { RATE_DEFAULT = 200, WAIT_DEFAULT_SECONDS = 60, PERIOD_DEFAULT_DAYS = 7 };

struct watching {
    const struct invocation *invocation;
    uint64_t total;
};

/* Counted beforehand for the progress bar alone; dossiers that come meanwhile make it end a little
 * late. */
static bool count_one(void *context, const struct portal_dossier_view *view)
{
    (void)view;
    ((struct watching *)context)->total++;
    return true;
}

static bool watch(void *context, const struct portal_reconcile_figures *figures)
{
    const struct watching *watching = context;
    unsigned long long different =
        figures->missing + figures->extra + figures->state + figures->time;
    char label[128];
    (void)snprintf(label, sizeof label,
                   text_of(TEXT_PORTAL_RECONCILE_LABEL, watching->invocation->language),
                   (unsigned long long)figures->compared, different);
    portal_wait_label(watching->invocation, figures->paused_until_ms, figures->trouble, label,
                      sizeof label);
    progress_bar_show(figures->compared, watching->total, label);
    return !portal_is_interrupted();
}

static enum reason print(const struct invocation *invocation, struct portal_place *place, bool json,
                         const struct portal_reconcile_figures *figures)
{
    json_t *differences = NULL;
    enum reason reason = portal_differences(place->ledger, &differences);
    if (reason != REASON_NONE) {
        json_decref(differences);
        return reason;
    }
    if (json) {
        json_print_new(
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "compared",
                      (json_int_t)figures->compared, "equal", (json_int_t)figures->equal, "missing",
                      (json_int_t)figures->missing, "extra", (json_int_t)figures->extra, "state",
                      (json_int_t)figures->state, "time", (json_int_t)figures->time, "not_sent",
                      (json_int_t)figures->not_sent, "repaired", (json_int_t)figures->repaired,
                      "remaining", (json_int_t)figures->remaining, "differences", differences));
    } else {
        if (json_array_size(differences) > 0)
            portal_print_differences(invocation->language, differences);
        say(stdout, text_of(TEXT_PORTAL_RECONCILE_DONE, invocation->language),
            (unsigned long long)figures->compared, (unsigned long long)figures->equal,
            (unsigned long long)figures->missing, (unsigned long long)figures->extra,
            (unsigned long long)figures->state, (unsigned long long)figures->time,
            (unsigned long long)figures->not_sent, (unsigned long long)figures->repaired,
            (unsigned long long)figures->remaining);
    }
    json_decref(differences);
    return REASON_NONE;
}

/* What may be repaired without a person is set by the operator, kind by kind; --no-repair only
 * ever takes away from that. Whatever is left different makes the command's exit code negative, so
 * that a timer can tell somebody. */
static int run(const struct invocation *invocation, struct portal_place *place,
               struct portal_reconcile_options *options, bool json, bool repairs)
{
    struct watching watching = {.invocation = invocation};
    struct portal_reconcile_figures figures;
    portal_interrupts_watch();
    options->ledger = place->ledger;
    options->client = place->client;
    (void)portal_windows_parse(place->portal->maintenance, &options->windows);
    options->batch = (uint32_t)place->portal->batch;
    options->repairs_missing = repairs && place->portal->repair_missing;
    options->repairs_state = repairs && place->portal->repair_state;
    options->repairs_time = repairs && place->portal->repair_time;
    options->watch = watch;
    options->context = &watching;
    (void)portal_ledger_dossiers(place->ledger, options->from, options->to, "", -1, count_one,
                                 &watching);
    enum reason reason = portal_reconcile(options, &figures);
    progress_bar_end();
    if (reason == REASON_NONE)
        reason = print(invocation, place, json, &figures);
    if (reason != REASON_NONE)
        return portal_complain(invocation, "portal reconcile", reason);
    return figures.remaining + figures.not_sent > 0 ? EXIT_CODE_NEGATIVE : EXIT_CODE_OK;
}

int portal_reconcile_command(const struct invocation *invocation, int argc, char **argv)
{
    bool json = false, keeps = false;
    const char *adapter = NULL, *from_text = NULL, *to_text = NULL;
    int64_t rate = RATE_DEFAULT, wait = WAIT_DEFAULT_SECONDS;
    const struct option_row rows[] = {
        {"from", 'f', OPTION_TEXT, &from_text, VALUE_DAY, TEXT_PORTAL_FROM, 0, 0},
        {"to", 't', OPTION_TEXT, &to_text, VALUE_DAY, TEXT_PORTAL_TO, 0, 0},
        {"rate", 'r', OPTION_INTEGER, &rate, VALUE_NUMBER, TEXT_PORTAL_RATE, 0, 100000},
        {"no-repair", 0, OPTION_FLAG, &keeps, VALUE_NONE, TEXT_PORTAL_NO_REPAIR, 0, 0},
        {"wait", 'w', OPTION_INTEGER, &wait, VALUE_SECONDS, TEXT_PORTAL_WAIT, 0, 24 * 3600},
        {"adapter", 'a', OPTION_TEXT, &adapter, VALUE_PATH, TEXT_PORTAL_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_NONE}, 0, false}};
    const struct option_table table =
        OPTION_TABLE("portal reconcile", TEXT_PORTAL_RECONCILE, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    struct portal_reconcile_options options = {.rate = (uint32_t)rate,
                                               .wait_seconds = (uint32_t)wait};
    if (!portal_period(invocation, from_text, to_text, PERIOD_DEFAULT_DAYS, &options.from,
                       &options.to))
        return EXIT_CODE_USAGE;
    struct portal_place place;
    code = portal_place_open(invocation, adapter, true, &place);
    if (code == EXIT_CODE_OK)
        code = run(invocation, &place, &options, json, !keeps);
    portal_place_close(&place);
    return code;
}
