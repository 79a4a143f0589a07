/* lienthong portal worklist - what a person must look at: messages that the portal refused or may
 * not have taken, differences that a comparison found, and how many messages still wait at the
 * adapter. Ledger and adapter are read only; portal_mend_command.c acts on an item. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/core/session.h"
#include "ops/cli/asking.h"
#include "ops/cli/age.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "ops/client/adapter_address.h"

/* ---- worklist -------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {TEXT_COLUMN_DOSSIER, TABLE_TEXT}, {TEXT_COLUMN_TYPE, TABLE_NAME},
    {TEXT_COLUMN_STATE, TABLE_TEXT},   {TEXT_COLUMN_SINCE, TABLE_TEXT},
    {TEXT_COLUMN_MESSAGE, TABLE_ID},   {TEXT_COLUMN_REASON, TABLE_NOTE},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

/* Rows of the ledger, all of them: a list that is cut short would look like less to do. */
struct listing {
    json_t *rows;
    enum reason reason;
};

static bool add_row(struct listing *listing, json_t *row)
{
    if (json_array_append_new(listing->rows, row) != 0)
        listing->reason = REASON_OUT_OF_MEMORY;
    return listing->reason == REASON_NONE;
}

static bool keep(void *context, const struct portal_event_view *view)
{
    char time[TIME_TEXT_BYTES];
    stamp_format((struct stamp){{view->changed_ms}, VIETNAM_OFFSET_MINUTES}, time);
    return add_row(context, json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
                                      "message_id", view->message_id, "dossier_code", view->code,
                                      "type", view->type, "state", view->state, "outcome",
                                      view->outcome == PORTAL_REFUSED ? "refused" : "waiting",
                                      "since", time, "reason", reason_code(view->reason),
                                      "reason_vi", reason_vietnamese(view->reason), "reason_en",
                                      reason_english(view->reason), "hint",
                                      reason_hint(view->reason), "text", view->text));
}

static bool keep_difference(void *context, const struct portal_difference_view *view)
{
    static const char *const kinds[] = {"", "missing", "extra", "state", "time"};
    return add_row(context, json_pack("{s:s, s:s, s:i, s:i, s:b}", "dossier_code", view->code,
                                      "kind", kinds[view->kind], "ours", view->ours, "theirs",
                                      view->theirs, "is_being_repaired", view->repair != 0));
}

/* What the portal said stands behind the reason, since only its own words tell a clerk which field
 * was meant. */
static void print_list(enum language language, const json_t *list)
{
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, columns, COLUMN_COUNT, terminal_width(stdout));
    json_array_foreach(list, index, row)
    {
        char age[AGE_BYTES], reason[640];
        const char *said = json_text(row, "text");
        (void)snprintf(reason, sizeof reason, "%s%s%s",
                       json_text(row, language == LANGUAGE_VIETNAMESE ? "reason_vi" : "reason_en"),
                       said[0] != 0 ? ": " : "", said);
        const char *const cells[COLUMN_COUNT] = {
            json_text(row, "dossier_code"),
            strcmp(json_text(row, "type"), "load") == 0
                ? text_of(TEXT_PORTAL_LOAD, language)
                : type_label(json_text(row, "type"), language),
            text_of(strcmp(json_text(row, "outcome"), "refused") == 0 ? TEXT_PORTAL_NOT_SENT
                                                                      : TEXT_PORTAL_TRIED,
                    language),
            age_label(json_text(row, "since"), language, age),
            json_text(row, "message_id"),
            reason,
        };
        (void)table_row(&table, cells);
    }
    table_end(&table, language);
}

static const struct table_column difference_columns[] = {
    {TEXT_COLUMN_DOSSIER, TABLE_TEXT},
    {TEXT_COLUMN_DIFFERENCE, TABLE_NAME},
    {TEXT_COLUMN_OURS, TABLE_NAME},
    {TEXT_COLUMN_THEIRS, TABLE_NAME},
};

/* Both states side by side: which of the two is right is for the person to say. */
void portal_print_differences(enum language language, const json_t *list)
{
    static const enum text names[] = {TEXT_PORTAL_MISSING, TEXT_PORTAL_EXTRA, TEXT_PORTAL_STATE,
                                      TEXT_PORTAL_TIME};
    static const char *const kinds[] = {"missing", "extra", "state", "time"};
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, difference_columns, 4, terminal_width(stdout));
    json_array_foreach(list, index, row)
    {
        enum text name = names[0];
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (strcmp(kinds[i], json_text(row, "kind")) == 0)
                name = names[i];
        }
        const char *const cells[4] = {
            json_text(row, "dossier_code"), text_of(name, language),
            dossier_state_name((enum dossier_state)json_count(row, "ours"), language),
            dossier_state_name((enum dossier_state)json_count(row, "theirs"), language)};
        (void)table_row(&table, cells);
    }
    table_end(&table, language);
}

enum reason portal_differences(struct portal_ledger *ledger, json_t **ret_list)
{
    struct listing listing = {.rows = json_array()};
    enum reason reason = portal_ledger_differences(ledger, "", keep_difference, &listing);
    *ret_list = listing.rows;
    return reason == REASON_NONE ? listing.reason : reason;
}

/* ---- what waits -------------------------------------------------------------------------------
 * Messages that the portal has not been asked about yet stand in the adapter's queue, not in the
 * ledger: with nothing on the list there may still be hundreds of them. */

struct waiting {
    bool is_known; /* the adapter answered */
    json_int_t count;
    char oldest[TIME_TEXT_BYTES]; /* "": none */
    enum reason trouble;          /* what the portal said last, when it was nothing good */
};

/* NULL: the adapter does not run, or has nothing to say. The list is printed all the same. */
static json_t *ask(struct http *http, const char *path)
{
    struct api_reply reply = {0};
    json_t *body = NULL;
    const struct api_call request = {.method = "GET", .path = path};
    if (http_call(http, &request, &reply) == REASON_NONE && reply.status == 200)
        body = json_incref(reply.body);
    api_reply_release(&reply);
    return body;
}

static void count_waiting(struct http *http, struct waiting *waiting)
{
    static const char *const states[] = {"queued", "leased", "deferred", "held"};
    json_t *health = ask(http, "/v1/health");
    json_t *queues = ask(http, "/v1/queues?limit=1");
    size_t index;
    const json_t *row;
    json_array_foreach(json_object_get(queues, "destinations"), index, row)
    {
        if (strcmp(json_text(row, "destination"), SESSION_OFFICE) != 0)
            continue; /* the other one is the gateway */
        for (size_t i = 0; i < sizeof states / sizeof *states; i++)
            waiting->count += json_count(row, states[i]);
        (void)snprintf(waiting->oldest, sizeof waiting->oldest, "%s", json_text(row, "oldest"));
    }
    waiting->is_known = queues != NULL;
    (void)reason_parse(bytes_of_text(json_text(health, "office")), &waiting->trouble);
    json_decref(health);
    json_decref(queues);
}

/* An adapter that does not run is no failure of this command, and no "nothing waits" either. */
static struct waiting read_waiting(const struct portal_place *place)
{
    struct waiting waiting = {.trouble = REASON_NONE};
    struct adapter_address address;
    struct http *http = NULL;
    if (adapter_locate(place->settings_path, NULL, &address) != REASON_NONE)
        return waiting;
    const struct http_options options = {.base_url = address.base_url,
                                         .socket = address.socket,
                                         .token = address.token[0] != 0 ? address.token : NULL};
    if (http_new(&options, &http) == REASON_NONE)
        count_waiting(http, &waiting);
    http_destroy(&http);
    return waiting;
}

static void print_waiting(enum language language, const struct waiting *waiting)
{
    char age[AGE_BYTES];
    if (!waiting->is_known) {
        (void)fputs(text_of(TEXT_PORTAL_WAITING_UNKNOWN, language), stdout);
        return;
    }
    if (waiting->count > 0)
        say(stdout, text_of(TEXT_PORTAL_WAITING, language), (long long)waiting->count,
            age_label(waiting->oldest, language, age));
    if (waiting->count > 0 && waiting->trouble != REASON_NONE)
        say(stdout, "  %s (%s)\n",
            language_pick(language, reason_vietnamese(waiting->trouble),
                          reason_english(waiting->trouble)),
            reason_code(waiting->trouble));
}

/* ---- the command ----------------------------------------------------------------------------- */

static void print_lists(enum language language, const json_t *events, const json_t *differences,
                        const struct waiting *waiting)
{
    if (json_array_size(events) > 0)
        print_list(language, events);
    if (json_array_size(differences) > 0)
        portal_print_differences(language, differences);
    if (json_array_size(events) + json_array_size(differences) == 0 && waiting->is_known &&
        waiting->count == 0)
        (void)fputs(text_of(TEXT_PORTAL_WORKLIST_EMPTY, language), stdout);
    print_waiting(language, waiting);
}

static void print_document(json_t *events, json_t *differences, const struct waiting *waiting)
{
    json_print_new(json_pack("{s:O, s:O, s:{s:o, s:s, s:s}}", "events", events, "differences",
                             differences, "waiting", "count",
                             waiting->is_known ? json_integer(waiting->count) : json_null(),
                             "oldest", waiting->oldest, "reason",
                             waiting->trouble == REASON_NONE ? "" : reason_code(waiting->trouble)));
}

static int print_worklist(const struct invocation *invocation, struct portal_place *place,
                          bool json)
{
    struct listing listing = {.rows = json_array()};
    json_t *differences = NULL, *events = listing.rows;
    enum reason reason = portal_ledger_worklist(place->ledger, keep, &listing);
    if (reason == REASON_NONE)
        reason = listing.reason;
    if (reason == REASON_NONE)
        reason = portal_differences(place->ledger, &differences);
    struct waiting waiting = read_waiting(place);
    bool is_empty =
        json_array_size(events) + json_array_size(differences) == 0 && waiting.count == 0;
    if (reason == REASON_NONE) {
        if (json)
            print_document(events, differences, &waiting);
        else
            print_lists(invocation->language, events, differences, &waiting);
    }
    json_decref(events);
    json_decref(differences);
    if (reason != REASON_NONE)
        return portal_complain(invocation, "portal worklist", reason);
    return is_empty ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

int portal_worklist_command(const struct invocation *invocation, int argc, char **argv)
{
    bool json = false;
    const char *adapter = NULL;
    const struct option_row rows[] = {
        {"adapter", 'a', OPTION_TEXT, &adapter, VALUE_PATH, TEXT_PORTAL_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_NONE}, 0, false}};
    const struct option_table table =
        OPTION_TABLE("portal worklist", TEXT_PORTAL_WORKLIST, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    struct portal_place place;
    code = portal_place_open(invocation, adapter, false, &place);
    if (code == EXIT_CODE_OK)
        code = print_worklist(invocation, &place, json);
    portal_place_close(&place);
    return code;
}
