/* lienthong portal resend, close - a person's answer to the work list, and what became of it.
 *
 *   resend ─▶ a repair in the ledger ─▶ the adapter does it ─▶ done: what the portal said
 *                                                           └ not in time: how to look later
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "adapters/portal/portal_window.h"
#include "gateway/workers/program.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/say.h"

enum { WAIT_DEFAULT_SECONDS = 60, WAIT_MAX_SECONDS = 24 * 3600, POLL_MS = 200 };

struct mend_options {
    const char *adapter;
    bool json, asks_only;
    int64_t wait_seconds;
};

/* ---- which item ------------------------------------------------------------------------------ */

struct wanted {
    const char *id;
    char code[PORTAL_CODE_BYTES];
    int64_t number;
    bool is_load, is_message; /* named by its message id, not by its dossier */
};

/* The first item that fits, by message or by dossier; false ends the walk over the list. */
static bool is_wanted(void *context, const struct portal_event_view *view)
{
    struct wanted *wanted = context;
    bool is_message = strcmp(view->message_id, wanted->id) == 0;
    if (!is_message && strcmp(view->code, wanted->id) != 0)
        return true;
    (void)snprintf(wanted->code, sizeof wanted->code, "%s", view->code);
    wanted->number = view->number;
    wanted->is_load =
        strncmp(view->message_id, PORTAL_LOAD_PREFIX, strlen(PORTAL_LOAD_PREFIX)) == 0;
    wanted->is_message = is_message;
    return false;
}

static enum reason find(struct portal_place *place, const char *id, struct wanted *ret_wanted)
{
    struct wanted wanted = {.id = id};
    enum reason reason = portal_ledger_worklist(place->ledger, is_wanted, &wanted);
    if (reason == REASON_NONE && wanted.number == 0)
        return REASON_NOT_FOUND;
    *ret_wanted = wanted;
    return reason;
}

/* ---- what became of it ----------------------------------------------------------------------- */

/* Until the adapter has done it, or the time is over: *ret_is_done. */
static enum reason await_repair(struct portal_ledger *ledger, int64_t repair, int64_t wait_seconds,
                                bool *ret_is_done, enum reason *ret_outcome)
{
    int64_t until = program_mono().ms + wait_seconds * 1000;
    portal_interrupts_watch();
    for (;;) {
        enum reason reason = portal_ledger_repair_state(ledger, repair, ret_is_done, ret_outcome);
        if (reason != REASON_NONE || *ret_is_done || portal_is_interrupted() ||
            program_mono().ms >= until)
            return reason;
        const struct timespec pause = {0, POLL_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
}

static void print_json(const char *id, const char *outcome, enum reason reason)
{
    json_print_new(
        json_pack("{s:s, s:s, s:s}", "id", id, "outcome", outcome, "reason", reason_code(reason)));
}

/* Why it may be late: the portal is closed, or nobody sends. */
static void print_late(enum language language, const struct portal_place *place, const char *id)
{
    enum { MINUTE_MS = 60 * 1000 };
    struct portal_windows windows = {.count = 0};
    (void)portal_windows_parse(place->portal->maintenance, &windows);
    int64_t closed = portal_windows_wait_ms(&windows, program_wall());
    if (closed > 0)
        say(stderr, text_of(TEXT_PORTAL_RESEND_CLOSED, language), id,
            (long long)((closed + MINUTE_MS - 1) / MINUTE_MS));
    else
        say(stderr, text_of(TEXT_PORTAL_RESEND_LATE, language), id);
    (void)fputs(text_of(TEXT_PORTAL_RESEND_LOOK, language), stderr);
}

static int tell_outcome(const struct invocation *invocation, const struct portal_place *place,
                        const struct mend_options *options, const char *id, bool is_done,
                        enum reason outcome)
{
    if (options->json)
        print_json(id,
                   !is_done                                          ? "waiting"
                   : outcome == REASON_NONE                          ? "accepted"
                   : reason_class(outcome) == REASON_CLASS_PERMANENT ? "refused"
                                                                     : "unclear",
                   outcome);
    if (!is_done) {
        if (!options->json)
            print_late(invocation->language, place, id);
        return EXIT_CODE_NEGATIVE;
    }
    if (outcome != REASON_NONE) {
        int code = portal_complain(invocation, id, outcome);
        if (!options->json)
            (void)fputs(text_of(TEXT_PORTAL_RESEND_KEPT, invocation->language), stderr);
        return code;
    }
    if (!options->json)
        say(stdout, text_of(TEXT_PORTAL_RESENT, invocation->language), id);
    return EXIT_CODE_OK;
}

/* ---- resend, close --------------------------------------------------------------------------- */

/* Written into the ledger and done by the adapter: this command never sends to the portal itself,
 * or two programs would send about one dossier out of order (invariant 6). */
static int resend(const struct invocation *invocation, struct portal_place *place,
                  const struct mend_options *options, const struct wanted *wanted)
{
    bool is_done = false;
    enum reason outcome = REASON_NONE;
    int64_t number = wanted->is_load ? 0 : wanted->number; /* a load: the dossier's present facts */
    enum reason reason =
        portal_ledger_ask_repair(place->ledger, wanted->code, number, number, program_wall());
    if (reason != REASON_NONE)
        return portal_complain(invocation, wanted->id, reason);
    if (!options->json) {
        say(stdout, text_of(TEXT_PORTAL_ASKED, invocation->language), wanted->id);
        if (options->asks_only)
            (void)fputs(text_of(TEXT_PORTAL_RESEND_LOOK, invocation->language), stdout);
        (void)fflush(stdout);
    }
    if (options->asks_only) {
        if (options->json)
            print_json(wanted->id, "asked", REASON_NONE);
        return EXIT_CODE_OK;
    }
    reason = await_repair(place->ledger, portal_ledger_last_repair(place->ledger),
                          options->wait_seconds, &is_done, &outcome);
    if (reason != REASON_NONE)
        return portal_complain(invocation, wanted->id, reason);
    return tell_outcome(invocation, place, options, wanted->id, is_done, outcome);
}

/* By message id alone: a dossier may have several items, and closing says of one of them that a
 * person has dealt with it. */
static int close_item(const struct invocation *invocation, struct portal_place *place,
                      const struct wanted *wanted)
{
    enum reason reason = wanted->is_message
                             ? portal_ledger_close_event(place->ledger, wanted->id, program_wall())
                             : REASON_NOT_FOUND;
    if (reason == REASON_NONE)
        say(stdout, text_of(TEXT_PORTAL_CLOSED, invocation->language), wanted->id);
    else
        (void)portal_complain(invocation, wanted->id, reason);
    return reason == REASON_NONE        ? EXIT_CODE_OK
           : reason == REASON_NOT_FOUND ? EXIT_CODE_NEGATIVE
                                        : EXIT_CODE_UNREACHABLE;
}

static int mend(const struct invocation *invocation, const struct mend_options *options,
                const char *id, bool closes)
{
    struct portal_place place;
    struct wanted wanted;
    int code = portal_place_open(invocation, options->adapter, false, &place);
    if (code == EXIT_CODE_OK) {
        enum reason reason = find(&place, id, &wanted);
        if (reason != REASON_NONE)
            code = portal_complain(invocation, id, reason);
        if (reason == REASON_NOT_FOUND)
            code = EXIT_CODE_NEGATIVE;
        if (reason == REASON_NONE)
            code = closes ? close_item(invocation, &place, &wanted)
                          : resend(invocation, &place, options, &wanted);
    }
    portal_place_close(&place);
    return code;
}

int portal_mend_command(const struct invocation *invocation, int argc, char **argv)
{
    struct mend_options options = {.wait_seconds = WAIT_DEFAULT_SECONDS};
    bool closes = strcmp(argv[0], "close") == 0;
    const struct option_row rows[] = {
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_PORTAL_ADAPTER, 0, 0},
        /* of resend alone */
        {"wait", 'w', OPTION_INTEGER, &options.wait_seconds, VALUE_SECONDS, TEXT_PORTAL_RESEND_WAIT,
         0, WAIT_MAX_SECONDS},
        {"no-wait", 0, OPTION_FLAG, &options.asks_only, VALUE_NONE, TEXT_PORTAL_NO_WAIT, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    const struct option_word item = {
        NULL, {closes ? VALUE_ITEM : VALUE_MESSAGE_OR_DOSSIER}, 1, false};
    const struct option_table table = {closes ? "portal close" : "portal resend",
                                       closes ? TEXT_PORTAL_CLOSE : TEXT_PORTAL_RESEND,
                                       &item,
                                       1,
                                       rows,
                                       closes ? 1 : sizeof rows / sizeof *rows,
                                       NULL};
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    return mend(invocation, &options, given.values[0], closes);
}
