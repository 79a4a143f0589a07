/* lienthong portal backfill FILE - the first load of dossiers that were there before. It works on
 * the ledger of the portal's adapter, which may run beside it; where it got to stands there, so
 * that an interrupt costs nothing (adapters/portal/portal_load.c). */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/portal/portal_load.h"
#include "adapters/portal/portal_office.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/progress_bar.h"
#include "ops/cli/say.h"

enum { PATIENCE_DEFAULT_SECONDS = 600 };

/* Called at least once a second by the load, so that an interrupt ends it between two requests and
 * not inside of one. */
static bool watch(void *context, const struct portal_load_figures *figures)
{
    const struct invocation *invocation = context;
    char label[128];
    (void)snprintf(label, sizeof label, text_of(TEXT_PORTAL_BACKFILL_LABEL, invocation->language),
                   (unsigned long long)figures->sent, (unsigned long long)figures->present,
                   (unsigned long long)figures->refused);
    portal_wait_label(invocation, figures->paused_until_ms, figures->trouble, label, sizeof label);
    progress_bar_show(figures->bytes, figures->bytes_total, label);
    return !portal_is_interrupted();
}

static size_t fault_count(const struct portal_load_figures *figures)
{
    return figures->faulty < PORTAL_LOAD_FAULTS_MAX ? (size_t)figures->faulty
                                                    : PORTAL_LOAD_FAULTS_MAX;
}

/* Line, code and the field's name, never its value: the document may be sent to somebody who helps.
 */
static json_t *faults_json(const struct portal_load_figures *figures)
{
    json_t *list = json_array();
    for (size_t i = 0; i < fault_count(figures); i++) {
        const struct portal_load_fault *fault = &figures->faults[i];
        (void)json_array_append_new(
            list,
            json_pack("{s:I, s:s, s:s, s:s}", "line", (json_int_t)fault->line, "dossier_code",
                      fault->code, "reason", reason_code(fault->reason), "field", fault->field));
    }
    return list;
}

/* Which lines were passed over, and why: to standard error. */
static void print_faults(enum language language, const struct portal_load_figures *figures)
{
    for (size_t i = 0; i < fault_count(figures); i++) {
        const struct portal_load_fault *fault = &figures->faults[i];
        bool is_json = fault->reason != REASON_REQUEST_MALFORMED;
        const char *why = !is_json ? text_of(TEXT_PORTAL_FAULT_NO_DOSSIER, language)
                                   : language_pick(language, reason_vietnamese(fault->reason),
                                                   reason_english(fault->reason));
        const char *between = fault->field[0] != 0 ? ": " : "";
        if (fault->line > 0)
            say(stderr, text_of(TEXT_PORTAL_FAULT, language), (unsigned long long)fault->line, why,
                between, fault->field, reason_code(fault->reason));
        else
            say(stderr, text_of(TEXT_PORTAL_FAULT_EARLIER, language), fault->code, why, between,
                fault->field, reason_code(fault->reason));
    }
    if (figures->faulty > PORTAL_LOAD_FAULTS_MAX)
        say(stderr, text_of(TEXT_PORTAL_FAULTS_MORE, language),
            (unsigned long long)(figures->faulty - PORTAL_LOAD_FAULTS_MAX));
}

static void print(const struct invocation *invocation, bool json, enum reason reason,
                  const struct portal_load_figures *figures)
{
    if (json) {
        json_print_new(json_pack(
            "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "reason", reason_code(reason), "lines",
            (json_int_t)figures->lines, "sent", (json_int_t)figures->sent, "present",
            (json_int_t)figures->present, "refused", (json_int_t)figures->refused, "faulty",
            (json_int_t)figures->faulty, "first_faulty_line",
            figures->faulty > 0 ? (json_int_t)figures->faults[0].line : (json_int_t)0, "faults",
            faults_json(figures)));
        return;
    }
    say(stdout, text_of(TEXT_PORTAL_BACKFILL_DONE, invocation->language),
        (unsigned long long)figures->sent, (unsigned long long)figures->present,
        (unsigned long long)figures->refused, (unsigned long long)figures->faulty);
    print_faults(invocation->language, figures);
}

/* Figures are printed also when the load was cut short: it goes on from there at the next call. */
static int run(const struct invocation *invocation, struct portal_place *place,
               struct portal_load_options *options, bool json)
{
    struct portal_load_figures figures;
    portal_interrupts_watch();
    options->ledger = place->ledger;
    options->client = place->client;
    if (options->batch > PORTAL_LOAD_BATCH_MAX || options->batch == 0)
        options->batch = (uint32_t)place->portal->batch;
    (void)portal_windows_parse(place->portal->maintenance, &options->windows);
    options->watch = watch;
    options->context = (void *)(uintptr_t)invocation;
    enum reason reason = portal_load(options, &figures);
    progress_bar_end();
    print(invocation, json, reason, &figures);
    bool is_ledger = reason >= REASON_STORE_FULL && reason <= REASON_STORE_NEWER;
    if (reason != REASON_NONE)
        return portal_complain(invocation, is_ledger ? PORTAL_LEDGER_NAME : options->path, reason);
    return figures.refused + figures.faulty > 0 ? EXIT_CODE_NEGATIVE : EXIT_CODE_OK;
}

int portal_backfill_command(const struct invocation *invocation, int argc, char **argv)
{
    bool json = false;
    const char *adapter = NULL;
    int64_t rate = 0, limit = 0, patience = PATIENCE_DEFAULT_SECONDS, batch = 0;
    const struct option_row rows[] = {
        {"rate", 'r', OPTION_INTEGER, &rate, VALUE_NUMBER, TEXT_PORTAL_RATE, 0, 100000},
        {"limit", 'n', OPTION_INTEGER, &limit, VALUE_NUMBER, TEXT_PORTAL_LIMIT, 0,
         INT64_C(1) << 40},
        {"batch", 'b', OPTION_INTEGER, &batch, VALUE_NUMBER, TEXT_PORTAL_BATCH, 1,
         PORTAL_LOAD_BATCH_MAX},
        {"patience", 0, OPTION_INTEGER, &patience, VALUE_SECONDS, TEXT_PORTAL_PATIENCE, 1,
         7 * 24 * 3600},
        {"adapter", 'a', OPTION_TEXT, &adapter, VALUE_PATH, TEXT_PORTAL_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_FILE}, 1, false}};
    const struct option_table table =
        OPTION_TABLE("portal backfill", TEXT_PORTAL_BACKFILL, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    struct portal_load_options options = {.path = given.values[0],
                                          .rate = (uint32_t)rate,
                                          .limit = (uint64_t)limit,
                                          .batch = (uint32_t)batch,
                                          .patience_seconds = (uint32_t)patience};
    struct portal_place place;
    code = portal_place_open(invocation, adapter, true, &place);
    if (code == EXIT_CODE_OK)
        code = run(invocation, &place, &options, json);
    portal_place_close(&place);
    return code;
}
