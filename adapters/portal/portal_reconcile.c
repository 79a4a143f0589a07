/* Both sides compared. Pages of our own dossiers are looked up at the portal; then the portal's
 * list is read for what only it has; then the repairs that were asked for are awaited.
 *
 * What differs is looked at twice, a second apart, because a dossier that moves just now shows at
 * one side first; only what differs twice is written down. The place of the comparison is a note
 * in the ledger, so that a run that was ended goes on. */
#include <stdio.h>
#include <string.h>

#include "adapters/portal/portal_reconcile_parts.h"

enum {
    SECOND_LOOK_MS = 1000, /* longer than an answer of the portal and its commit */
    REPAIR_POLL_MS = 200,
};

static bool watch(void *context)
{
    const struct reconcile *reconcile = context;
    return reconcile->options->watch(reconcile->options->context, &reconcile->figures);
}

static json_t *codes_of(const struct reconcile *reconcile)
{
    json_t *items = json_array();
    for (size_t i = 0; i < reconcile->count; i++)
        (void)json_array_append_new(items, json_pack("{s:s}", "code", reconcile->page[i].code));
    return items;
}

/* ---- what to repair, and how ----------------------------------------------------------------- */

/* The events of a dossier, as far as a repair needs them. */
struct story {
    int theirs;
    int64_t first, last; /* accepted ones */
    int64_t behind;      /* the first after the last one that left the state that they show */
    bool begins;         /* with the transfer: the whole story can be told again */
};

static bool hear(void *context, const struct portal_event_view *view)
{
    struct story *story = context;
    if (view->outcome != PORTAL_ACCEPTED || view->service == 0 || strcmp(view->type, "load") == 0)
        return true;
    if (story->first == 0) {
        story->first = view->number;
        story->begins = strcmp(view->type, "transfer") == 0;
    }
    story->last = view->number;
    if (view->state == story->theirs)
        story->behind = 0;
    else if (story->behind == 0)
        story->behind = view->number;
    return true;
}

/* False: a person's. *ret_first, *ret_last: what is told again; 0: the present facts. */
static bool plan_repair(const struct reconcile *reconcile, const struct compared *ours,
                        enum portal_difference kind, int theirs, int64_t *ret_first,
                        int64_t *ret_last)
{
    const struct portal_reconcile_options *options = reconcile->options;
    struct story story = {.theirs = theirs};
    *ret_first = *ret_last = 0;
    if (kind == PORTAL_TIME)
        return options->repairs_time;
    if (portal_ledger_events(options->ledger, ours->code, 0, hear, &story) != REASON_NONE)
        return false;
    if (kind == PORTAL_MISSING) {
        if (story.begins && story.first != story.last) {
            *ret_first = story.first;
            *ret_last = story.last;
        }
        return options->repairs_missing;
    }
    bool was_there = story.begins && story.behind != 0 && story.behind != story.first;
    if (was_there && story.behind != story.last) {
        *ret_first = story.behind;
        *ret_last = story.last;
        return options->repairs_state;
    }
    return options->repairs_state &&
           dossier_may_move((enum dossier_state)theirs, (enum dossier_state)ours->state);
}

/* A difference that is repaired is written down as well: it stays until the repair has been seen to
 * work. */
static enum reason note(struct reconcile *reconcile, const struct compared *ours,
                        enum portal_difference kind, int theirs)
{
    struct portal_ledger *ledger = reconcile->options->ledger;
    struct portal_difference_view difference = {
        .code = ours->code, .kind = kind, .ours = ours->state, .theirs = theirs};
    int64_t first, last;
    enum reason reason = REASON_NONE;
    if (kind != PORTAL_EXTRA && plan_repair(reconcile, ours, kind, theirs, &first, &last)) {
        reason = portal_ledger_ask_repair(ledger, ours->code, first, last,
                                          portal_wait_wall(&reconcile->wait));
        difference.repair = portal_ledger_last_repair(ledger);
    }
    if (reason == REASON_NONE)
        reason =
            portal_ledger_put_difference(ledger, &difference, portal_wait_wall(&reconcile->wait));
    return reason;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* The portal's dates have seconds. */
static bool same_second(int64_t ours_ms, const json_t *item, const char *name)
{
    return ours_ms / 1000 == portal_fact_number(item, name) / 1000;
}

/* 0: equal. */
static enum portal_difference compare(const struct compared *ours, enum reason found,
                                      const json_t *item)
{
    if (found != REASON_NONE)
        return PORTAL_MISSING;
    if (portal_fact_number(item, "state") != ours->state)
        return PORTAL_STATE;
    bool same = (ours->state == DOSSIER_NOT_ACCEPTED ||
                 same_second(ours->received_ms, item, "received_ms")) &&
                same_second(ours->due_ms, item, "due_ms") &&
                same_second(ours->finished_ms, item, "finished_ms") &&
                same_second(ours->handed_ms, item, "handed_ms");
    return same ? 0 : PORTAL_TIME;
}

/* One figure each, which the command prints; what was not sent has its own and is no difference. */
static uint64_t *figure_of(struct portal_reconcile_figures *figures, enum portal_difference kind)
{
    switch (kind) {
    case PORTAL_MISSING:
        return &figures->missing;
    case PORTAL_EXTRA:
        return &figures->extra;
    case PORTAL_STATE:
        return &figures->state;
    default:
        return &figures->time;
    }
}

/* As the ledger has it now; the first look may have been at a dossier in the middle of a message.
 */
static void read_again(const struct reconcile *reconcile, struct compared *ours)
{
    struct portal_dossier now = {.facts = NULL};
    if (portal_ledger_dossier(reconcile->options->ledger, ours->code, &now) != REASON_NONE)
        return;
    ours->presence = now.presence;
    ours->state = (int)now.state;
    ours->due_ms = portal_fact_number(now.facts, "due_ms");
    ours->finished_ms = portal_fact_number(now.facts, "finished_ms");
    ours->handed_ms = portal_fact_number(now.facts, "handed_ms");
    json_decref(now.facts);
}

/* Equal as of the moment when our side was read: an event that came later takes it away again
 * (portal_ledger_mark_equal). */
static void settle_equal(struct reconcile *reconcile, const struct compared *ours)
{
    reconcile->figures.equal++;
    (void)portal_ledger_drop_difference(reconcile->options->ledger, ours->code);
    (void)portal_ledger_mark_equal(reconcile->options->ledger, ours->code, reconcile->read,
                                   portal_wait_wall(&reconcile->wait));
}

/* Looks up the page. In the first round those that differ stay in it; in the second they count. */
static enum reason look_at_page(struct reconcile *reconcile, bool is_second)
{
    struct portal_ledger *ledger = reconcile->options->ledger;
    json_t *items = codes_of(reconcile);
    struct portal_question question = {.service = "lookup", .items = items};
    struct portal_answer answer;
    size_t kept = 0;
    enum reason reason = reconcile_ask(reconcile, &question, &answer);
    if (reason == REASON_NONE)
        reason = portal_ledger_begin(ledger);
    for (size_t i = 0; i < reconcile->count && reason == REASON_NONE; i++) {
        struct compared *ours = &reconcile->page[i];
        const json_t *item;
        enum reason found = portal_answer_item(&answer, i, &item).reason;
        enum portal_difference kind = compare(ours, found, item);
        if (ours->presence == PORTAL_ABSENT) {
            reconcile->figures.not_sent++; /* it is on the work list */
        } else if (kind == 0) {
            settle_equal(reconcile, ours);
        } else if (is_second) {
            (*figure_of(&reconcile->figures, kind))++;
            (void)note(reconcile, ours, kind, (int)portal_fact_number(item, "state"));
        } else {
            reconcile->page[kept++] = *ours;
        }
    }
    if (reason == REASON_NONE)
        reason = portal_ledger_commit(ledger);
    reconcile->count = kept;
    portal_answer_release(&answer);
    json_decref(items);
    return reason;
}

/* A dossier that moves just now shows at one side first: what differs is looked at twice. */
static enum reason compare_page(struct reconcile *reconcile)
{
    char last[PORTAL_CODE_BYTES];
    memcpy(last, reconcile->page[reconcile->count - 1].code, sizeof last);
    reconcile->figures.compared += reconcile->count;
    enum reason reason = look_at_page(reconcile, false);
    if (reason == REASON_NONE && reconcile->count > 0) {
        if (!portal_wait_ms(&reconcile->wait, SECOND_LOOK_MS))
            return REASON_SHUTDOWN;
        reconcile->read = portal_wait_wall(&reconcile->wait);
        for (size_t i = 0; i < reconcile->count; i++)
            read_again(reconcile, &reconcile->page[i]);
        reason = look_at_page(reconcile, true);
    }
    if (reason == REASON_NONE)
        reason = portal_ledger_put_note(reconcile->options->ledger, reconcile->note, last);
    memcpy(reconcile->last, last, sizeof last);
    return reason;
}

static bool add_to_page(void *context, const struct portal_dossier_view *view)
{
    struct reconcile *reconcile = context;
    struct compared *ours = &reconcile->page[reconcile->count++];
    *ours = (struct compared){.presence = view->presence,
                              .state = view->state,
                              .received_ms = view->received_ms,
                              .due_ms = view->due_ms,
                              .finished_ms = view->finished_ms,
                              .handed_ms = view->handed_ms};
    (void)snprintf(ours->code, sizeof ours->code, "%s", view->code);
    return reconcile->count < reconcile->options->batch;
}

/* By code, page after page, because dossiers come and go while this runs, for hours in a large
 * province. */
static enum reason compare_ours(struct reconcile *reconcile)
{
    const struct portal_reconcile_options *options = reconcile->options;
    char note[PORTAL_NOTE_BYTES], after[PORTAL_CODE_BYTES];
    enum reason noted = portal_ledger_note(options->ledger, reconcile->note, note);
    if (noted != REASON_NONE)
        return noted;
    (void)snprintf(after, sizeof after, "%.*s", (int)sizeof after - 1, note);
    for (;;) {
        reconcile->count = 0;
        (void)portal_wait_pace(&reconcile->wait, reconcile->figures.compared, options->rate);
        reconcile->read = portal_wait_wall(&reconcile->wait);
        enum reason reason =
            portal_ledger_dossiers(options->ledger, options->from, options->to, after,
                                   (int)options->batch, add_to_page, reconcile);
        if (reason != REASON_NONE || reconcile->count == 0)
            return reason;
        reason = compare_page(reconcile);
        if (reason == REASON_NONE && !portal_wait_watch(&reconcile->wait))
            reason = REASON_SHUTDOWN;
        if (reason != REASON_NONE)
            return reason;
        memcpy(after, reconcile->last, sizeof after);
    }
}

/* ---- what only the portal has ---------------------------------------------------------------- */

/* A code that is none, or too long to be kept, is the portal's own matter and cannot be one of
 * ours. */
static enum reason take_listed(void *context, const json_t *row)
{
    struct reconcile *reconcile = context;
    struct portal_dossier known = {.facts = NULL};
    struct compared theirs = {.presence = PORTAL_ABSENT};
    const char *code = portal_fact_text(row, "code");
    (void)snprintf(theirs.code, sizeof theirs.code, "%s", code);
    if (code[0] == 0 || strlen(code) >= PORTAL_CODE_BYTES)
        return REASON_NONE;
    enum reason reason = portal_ledger_dossier(reconcile->options->ledger, code, &known);
    json_decref(known.facts);
    if (reason != REASON_NOT_FOUND)
        return reason;
    reconcile->figures.extra++;
    return note(reconcile, &theirs, PORTAL_EXTRA, (int)portal_fact_number(row, "state"));
}

static enum reason ask_listing(void *context, const struct portal_question *question,
                               struct portal_answer *ret_answer)
{
    struct reconcile *reconcile = context;
    enum reason reason = reconcile_ask(reconcile, question, ret_answer);
    return reason == REASON_NONE && !portal_wait_watch(&reconcile->wait) ? REASON_SHUTDOWN : reason;
}

static bool keep_extra(void *context, const struct portal_difference_view *view)
{
    struct reconcile *reconcile = context;
    (void)snprintf(reconcile->last, sizeof reconcile->last, "%s", view->code);
    if (view->kind == PORTAL_EXTRA)
        (void)snprintf(reconcile->page[reconcile->count++].code, PORTAL_CODE_BYTES, "%s",
                       view->code);
    return reconcile->count < reconcile->options->batch;
}

/* The page's extra ones that the portal has no more, or that we have meanwhile, are extra no more.
 */
static enum reason look_at_extra(struct reconcile *reconcile)
{
    struct portal_ledger *ledger = reconcile->options->ledger;
    json_t *items = codes_of(reconcile);
    struct portal_question question = {.service = "lookup", .items = items};
    struct portal_answer answer;
    enum reason reason = reconcile_ask(reconcile, &question, &answer);
    for (size_t i = 0; i < reconcile->count && reason == REASON_NONE; i++) {
        const json_t *item;
        const char *code = reconcile->page[i].code;
        struct portal_dossier known = {.facts = NULL};
        bool is_known = portal_ledger_dossier(ledger, code, &known) == REASON_NONE;
        json_decref(known.facts);
        if (is_known || portal_answer_item(&answer, i, &item).reason == REASON_NOT_FOUND)
            reason = portal_ledger_drop_difference(ledger, code);
    }
    portal_answer_release(&answer);
    json_decref(items);
    return reason;
}

/* What an earlier run found extra, over whatever days. */
static enum reason drop_extra(struct reconcile *reconcile)
{
    enum reason reason = REASON_NONE;
    reconcile->last[0] = 0;
    do {
        char after[PORTAL_CODE_BYTES];
        memcpy(after, reconcile->last, sizeof after);
        reconcile->count = 0;
        reason =
            portal_ledger_differences(reconcile->options->ledger, after, keep_extra, reconcile);
        if (reason == REASON_NONE && reconcile->count > 0)
            reason = look_at_extra(reconcile);
        if (reason == REASON_NONE && !portal_wait_watch(&reconcile->wait))
            reason = REASON_SHUTDOWN;
    } while (reason == REASON_NONE && reconcile->count > 0);
    return reason;
}

/* ---- after the repairs ----------------------------------------------------------------------- */

struct remaining {
    char code[PORTAL_CODE_BYTES];
    int64_t repair;
    bool found;
};

static bool take_first(void *context, const struct portal_difference_view *view)
{
    struct remaining *remaining = context;
    (void)snprintf(remaining->code, sizeof remaining->code, "%s", view->code);
    remaining->repair = view->repair;
    remaining->found = true;
    return false;
}

/* Until the repair is done, or the time is over, in which a window of maintenance does not count:
 * the adapter sends nothing then. */
static bool is_repaired(struct reconcile *reconcile, int64_t repair, int64_t *until_ms)
{
    for (;;) {
        bool is_done = false;
        enum reason reason = REASON_NONE;
        if (portal_ledger_repair_state(reconcile->options->ledger, repair, &is_done, &reason) !=
            REASON_NONE)
            return false;
        if (is_done)
            return reason == REASON_NONE;
        int64_t closed_from = portal_wait_mono_ms(&reconcile->wait);
        if (!portal_wait_for_window(&reconcile->wait))
            return false;
        *until_ms += portal_wait_mono_ms(&reconcile->wait) - closed_from;
        if (portal_wait_mono_ms(&reconcile->wait) >= *until_ms ||
            !portal_wait_ms(&reconcile->wait, REPAIR_POLL_MS))
            return false;
    }
}

/* The adapter looked at the portal before it called the repair done. */
static enum reason check_repairs(struct reconcile *reconcile)
{
    struct portal_ledger *ledger = reconcile->options->ledger;
    struct remaining remaining = {.code = ""};
    int64_t until =
        portal_wait_mono_ms(&reconcile->wait) + (int64_t)reconcile->options->wait_seconds * 1000;
    reconcile->figures.remaining = 0;
    for (;;) {
        remaining.found = false;
        enum reason reason =
            portal_ledger_differences(ledger, remaining.code, take_first, &remaining);
        if (reason != REASON_NONE || !remaining.found)
            return reason;
        bool is_over = remaining.repair != 0 && is_repaired(reconcile, remaining.repair, &until);
        reconcile->figures.repaired += is_over;
        reconcile->figures.remaining += !is_over;
        if (is_over)
            reason = portal_ledger_drop_difference(ledger, remaining.code);
        if (reason != REASON_NONE)
            return reason;
    }
}

enum reason portal_reconcile(const struct portal_reconcile_options *options,
                             struct portal_reconcile_figures *ret_figures)
{
    struct reconcile reconcile = {
        .options = options,
        .wait = {.clock = options->clock,
                 .windows = &options->windows,
                 .watch = watch,
                 .context = &reconcile,
                 .paused_until_ms = &reconcile.figures.paused_until_ms,
                 .began_ms = portal_clock_mono_ms(options->clock)},
    };
    (void)snprintf(reconcile.note, sizeof reconcile.note, "reconcile %lld %lld",
                   (long long)options->from.ms, (long long)options->to.ms);
    enum reason reason = compare_ours(&reconcile);
    if (reason == REASON_NONE)
        reason = drop_extra(&reconcile);
    if (reason == REASON_NONE)
        reason = portal_listing(options->from, options->to, ask_listing, take_listed, &reconcile);
    if (reason == REASON_NONE)
        reason = check_repairs(&reconcile);
    if (reason == REASON_NONE) /* the next run over these days begins anew */
        reason = portal_ledger_put_note(options->ledger, reconcile.note, "");
    *ret_figures = reconcile.figures;
    return reason;
}
