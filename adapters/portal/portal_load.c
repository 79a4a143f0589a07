/* The first load, batch by batch: what is marked LOADING is sent, looked up where an earlier run
 * may have sent it, and settled in the ledger before the next batch is read. The picture of the
 * states is in the header.
 *
 * Each answer is written down in one transaction per batch; between the portal's answer and that
 * commit the process may end, so everything that was marked and not settled is looked up before it
 * is created again. */
#include "adapters/portal/portal_load_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/outbox/backoff.h"

/* ---- time ------------------------------------------------------------------------------------ */

wall_t load_wall_now(const struct load *load)
{
    return portal_wait_wall(&load->wait);
}

static bool watch(void *context)
{
    const struct load *load = context;
    return load->options->watch(load->options->context, &load->figures);
}

/* Not faster than the rate, and not in a window. What the portal has already costs it as much. */
static bool pace(struct load *load)
{
    return portal_wait_for_window(&load->wait) &&
           portal_wait_pace(&load->wait, load->begun, load->options->rate);
}

/* After a failure: back-off, or as long as the portal said. False: patience is at its end. */
static bool wait_after_failure(struct load *load, const struct portal_answer *answer)
{
    int64_t now_ms = portal_wait_mono_ms(&load->wait);
    int64_t until = portal_closed_wait_ms(answer->until_ms, load_wall_now(load));
    int64_t asked = until > (int64_t)answer->retry_after_ms ? until : answer->retry_after_ms;
    uint32_t random = (uint32_t)now_ms * 2654435761u;
    int64_t patience = (int64_t)load->options->patience_seconds * 1000;
    load->failures++;
    if (until > 0)
        load->wait.last_success_ms = now_ms + until; /* it said when */
    if (now_ms - load->wait.last_success_ms > patience)
        return false;
    if (asked <= 0)
        asked = backoff_delay_ms(load->failures < 6 ? load->failures : 6, random, 0);
    if (until > 0)
        load->figures.paused_until_ms = load_wall_now(load).ms + until;
    load->figures.trouble = answer->reason;
    (void)portal_wait_ms(&load->wait, asked);
    load->figures.trouble = REASON_NONE;
    load->figures.paused_until_ms = 0;
    return !load->wait.is_ended;
}

/* ---- batches --------------------------------------------------------------------------------- */

void load_clear(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        json_decref(load->items[i].facts);
    load->count = 0;
}

/* The items that are not over, as the service wants them; ret_which: their places. When memory is
 * short, fewer: an answer is known by its place, and the rest goes with the next request. */
static json_t *open_items(struct load *load, bool with_code, size_t *ret_which)
{
    json_t *list = json_array();
    size_t count = 0;
    for (size_t i = 0; i < load->count; i++) {
        struct item *item = &load->items[i];
        if (item->is_over)
            continue;
        json_t *row = with_code ? json_pack("{s:s, s:O}", "code", item->code, "facts", item->facts)
                                : json_incref(item->facts);
        if (json_array_append_new(list, row) != 0)
            break;
        ret_which[count++] = i;
    }
    return list;
}

void load_id(const char *code, char ret_id[LOAD_ID_BYTES])
{
    (void)snprintf(ret_id, LOAD_ID_BYTES, PORTAL_LOAD_PREFIX "%s", code);
}

/* Under a message id of its own, made of the code, so that the same dossier refused twice is one
 * line of the work list. */
void load_put_refused(struct load *load, const struct item *item, enum reason reason,
                      const char *text)
{
    char id[LOAD_ID_BYTES];
    load_id(item->code, id);
    struct portal_row row = {
        .message_id = id,
        .code = item->code,
        .type = "load",
        .service = PORTAL_RECORD,
        .state = (enum dossier_state)portal_fact_number(item->facts, "state"),
        .at_ms = portal_fact_number(item->facts, "received_ms"),
        .outcome = PORTAL_REFUSED,
        .reason = reason,
        .text = text,
        .message = item->facts,
    };
    (void)portal_ledger_put_event(load->options->ledger, &row, load_wall_now(load));
}

/* ABSENT: the portal does not have it, so that a line that was mended may create it. */
static void note_refused(struct load *load, const struct item *item, enum reason reason,
                         const char *text)
{
    load_put_refused(load, item, reason, text);
    (void)portal_ledger_mark(load->options->ledger, item->code, PORTAL_ABSENT, load_wall_now(load));
    load->figures.refused++;
}

/* Some portals give a dossier a number of their own, and want it in every later call. */
static void keep_number(struct item *item, const json_t *said)
{
    json_t *number = json_object_get(said, "portal_id");
    if (json_string_length(number) > 0 && json_object_set(item->facts, "portal_id", number) == 0)
        item->has_number = true;
}

static void settle(struct load *load, struct item *item, uint64_t *figure)
{
    struct portal_ledger *ledger = load->options->ledger;
    char id[LOAD_ID_BYTES];
    load_id(item->code, id);
    if (item->has_number)
        (void)portal_ledger_put_dossier(ledger, item->code, PORTAL_PRESENT, item->facts,
                                        load_wall_now(load));
    else
        (void)portal_ledger_mark(ledger, item->code, PORTAL_PRESENT, load_wall_now(load));
    (void)portal_ledger_settle_load(ledger, id, load_wall_now(load));
    item->is_over = true;
    (*figure)++;
}

/* *ret_exists: it is there, but not known to be as it should: it is looked up, and updated. False:
 * it has no end, and is tried again after a while. */
static bool take_created(struct load *load, struct item *item, enum reason reason,
                         const json_t *said, bool *ret_exists)
{
    bool is_incomplete = json_is_true(json_object_get(said, "incomplete"));
    keep_number(item, said);
    if (reason == REASON_NONE && is_incomplete) {
        bool is_new = !item->was_created;
        *ret_exists = item->was_created = true;
        return is_new;
    }
    if (reason == REASON_NONE) {
        settle(load, item, &load->figures.sent);
    } else if (reason == REASON_OFFICE_DUPLICATE) {
        *ret_exists = true;
    } else if (reason_class(reason) == REASON_CLASS_PERMANENT) {
        note_refused(load, item, reason, portal_fact_text(said, "text"));
        item->is_over = true;
    }
    return item->is_over;
}

/* One request for all open items; REASON_NONE: the ledger has what was answered. *ret_failed: some
 * have no end yet. */
static enum reason tell(struct load *load, const char *service, bool *ret_failed, bool *ret_exists,
                        struct portal_answer *ret_answer)
{
    size_t which[PORTAL_LOAD_BATCH_MAX];
    json_t *items = open_items(load, false, which);
    struct portal_question question = {.service = service, .items = items};
    size_t count = json_array_size(items);
    (void)portal_client_ask(load->options->client, &question, ret_answer);
    enum reason begun = portal_ledger_begin(load->options->ledger);
    for (size_t i = 0; i < count && begun == REASON_NONE; i++) {
        const json_t *said;
        struct item *item = &load->items[which[i]];
        enum reason reason = portal_answer_item(ret_answer, i, &said).reason;
        *ret_failed = !take_created(load, item, reason, said, ret_exists) || *ret_failed;
    }
    json_decref(items);
    return begun == REASON_NONE ? portal_ledger_commit(load->options->ledger) : begun;
}

/* What is there already is PRESENT, if it shows what we know; if not, it is told by an update. */
static enum reason look(struct load *load, bool *ret_failed, struct portal_answer *ret_answer)
{
    size_t which[PORTAL_LOAD_BATCH_MAX];
    json_t *items = open_items(load, true, which);
    json_t *others = json_array();
    size_t other_places[PORTAL_LOAD_BATCH_MAX], other_count = 0;
    struct portal_question question = {.service = "lookup", .items = items};
    size_t count = json_array_size(items);
    enum reason asked = portal_client_ask(load->options->client, &question, ret_answer);
    *ret_failed = *ret_failed || asked != REASON_NONE;
    enum reason begun = portal_ledger_begin(load->options->ledger);
    for (size_t i = 0; i < count && asked == REASON_NONE && begun == REASON_NONE; i++) {
        const json_t *said;
        struct item *item = &load->items[which[i]];
        enum reason found = portal_answer_item(ret_answer, i, &said).reason;
        *ret_failed = *ret_failed || (found != REASON_NONE && found != REASON_NOT_FOUND);
        if (found != REASON_NONE)
            continue; /* not there: to be created; not known: to be looked up again */
        keep_number(item, said);
        if (json_is_true(json_object_get(said, "matches"))) {
            settle(load, item, &load->figures.present);
        } else if (json_array_append(others, item->facts) == 0) {
            other_places[other_count++] = which[i];
        } else {
            *ret_failed = true; /* to be looked up again */
        }
    }
    if (begun == REASON_NONE)
        begun = portal_ledger_commit(load->options->ledger);
    json_decref(items);
    if (begun == REASON_NONE && other_count > 0) {
        portal_answer_release(ret_answer);
        struct portal_question update = {.service = "update", .items = others};
        (void)portal_client_ask(load->options->client, &update, ret_answer);
        begun = portal_ledger_begin(load->options->ledger);
        for (size_t i = 0; i < other_count && begun == REASON_NONE; i++) {
            const json_t *said;
            bool ignored = false;
            struct item *item = &load->items[other_places[i]];
            enum reason reason = portal_answer_item(ret_answer, i, &said).reason;
            *ret_failed = !take_created(load, item, reason, said, &ignored) || *ret_failed;
        }
        if (begun == REASON_NONE)
            begun = portal_ledger_commit(load->options->ledger);
    }
    json_decref(others);
    return begun;
}

/* A batch is small (PORTAL_LOAD_BATCH_MAX), so that it is looked through after each request. */
static bool all_over(const struct load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        if (!load->items[i].is_over)
            return false;
    }
    return true;
}

/* Until every item of the batch has its end. must_look: an earlier run may have sent them. */
static enum reason send(struct load *load, bool must_look)
{
    enum reason last = REASON_NONE;
    load->begun += load->count;
    while (!all_over(load)) {
        struct portal_answer answer = {.reason = REASON_NONE};
        bool failed = false, exists = false;
        if (!portal_wait_for_window(&load->wait))
            return REASON_SHUTDOWN;
        enum reason reason = must_look ? look(load, &failed, &answer) : REASON_NONE;
        if (reason == REASON_NONE && !failed && !all_over(load)) {
            portal_answer_release(&answer);
            reason = tell(load, "create", &failed, &exists, &answer);
        }
        must_look = failed || exists;
        last = answer.reason != REASON_NONE ? answer.reason : REASON_OFFICE_ERROR;
        bool passed_over = false;
        if (reason == REASON_NONE && failed && reason_class(last) == REASON_CLASS_UNKNOWN)
            reason = load_pass_over(load, &passed_over);
        bool goes_on =
            reason == REASON_NONE && (!failed || passed_over || wait_after_failure(load, &answer));
        portal_answer_release(&answer);
        if (reason != REASON_NONE)
            return reason;
        if (!goes_on)
            return load->wait.is_ended ? REASON_SHUTDOWN : last;
        if (!failed) {
            load->failures = 0;
            load->wait.last_success_ms = portal_wait_mono_ms(&load->wait);
        }
    }
    return REASON_NONE;
}

/* ---- what an earlier run left ---------------------------------------------------------------- */

/* Only what was a dossier was marked LOADING. Anything else is the ledger's damage, and nothing of
 * it is sent. */
static bool keep_loading(void *context, const char *code, const char *facts)
{
    struct load *load = context;
    struct item item = {.facts = json_loads(facts, 0, NULL)};
    const char *field;
    load->is_damaged = load_judge(item.facts, &field) != REASON_NONE ||
                       strcmp(portal_fact_text(item.facts, "code"), code) != 0;
    if (load->is_damaged) {
        json_decref(item.facts);
        return false;
    }
    (void)snprintf(item.code, sizeof item.code, "%s", code);
    load->items[load->count++] = item;
    return load->count < load->options->batch;
}

/* Round by round, the first dossiers by code. Each round takes its own from LOADING, so that the
 * next begins with another one; if it does not, the ledger does not keep what it is told, and there
 * would be no end. */
static enum reason finish_earlier(struct load *load)
{
    char first[PORTAL_CODE_BYTES] = "";
    enum reason reason = REASON_NONE;
    do {
        load_clear(load);
        if (!pace(load))
            return REASON_SHUTDOWN;
        reason = portal_ledger_loading(load->options->ledger, keep_loading, load);
        if (load->is_damaged || (load->count > 0 && strcmp(load->items[0].code, first) == 0))
            reason = REASON_STORE_CORRUPT;
        if (load->count > 0)
            memcpy(first, load->items[0].code, sizeof first);
        if (reason == REASON_NONE && load->count > 0)
            reason = send(load, true);
    } while (reason == REASON_NONE && load->count > 0 && portal_wait_watch(&load->wait));
    load_clear(load);
    return load->wait.is_ended ? REASON_SHUTDOWN : reason;
}

enum reason portal_load(const struct portal_load_options *options,
                        struct portal_load_figures *ret_figures)
{
    int64_t now_ms = portal_clock_mono_ms(options->clock);
    struct load load = {.options = options,
                        .wait = {.clock = options->clock,
                                 .windows = &options->windows,
                                 .watch = watch,
                                 .context = &load,
                                 .paused_until_ms = &load.figures.paused_until_ms,
                                 .last_success_ms = now_ms,
                                 .began_ms = now_ms}};
    bool is_end = false;
    enum reason reason = load_open_file(&load) ? REASON_NONE : REASON_FILE_UNREADABLE;
    if (reason == REASON_NONE)
        reason = finish_earlier(&load);
    while (reason == REASON_NONE && !is_end) {
        reason = pace(&load) ? load_read_batch(&load, &is_end) : REASON_SHUTDOWN;
        if (reason == REASON_NONE)
            reason = send(&load, false);
        if (reason == REASON_NONE && !portal_wait_watch(&load.wait) && !is_end)
            reason = REASON_SHUTDOWN;
    }
    load_clear(&load);
    free(load.line);
    if (load.file != NULL)
        (void)fclose(load.file);
    *ret_figures = load.figures;
    return reason;
}
