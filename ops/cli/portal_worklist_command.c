/* lienthong portal worklist - what a person must look at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/table.h"

/* ---- worklist -------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {TEXT_COLUMN_DOSSIER, false, false}, {TEXT_COLUMN_TYPE, false, false},
    {TEXT_COLUMN_STATE, false, false},   {TEXT_COLUMN_TIME, false, false},
    {TEXT_COLUMN_REASON, false, true},   {TEXT_COLUMN_MESSAGE, false, false},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

static bool keep(void *context, const struct portal_event_view *view)
{
    char time[TIME_TEXT_BYTES];
    json_t *list = context;
    stamp_format((struct stamp){{view->changed_ms}, VIETNAM_OFFSET_MINUTES}, time);
    return json_array_append_new(
               list,
               json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "message_id",
                         view->message_id, "dossier_code", view->code, "type", view->type, "state",
                         view->state, "outcome",
                         view->outcome == PORTAL_REFUSED ? "refused" : "waiting", "since", time,
                         "reason", reason_code(view->reason), "reason_vi",
                         reason_vietnamese(view->reason), "reason_en", reason_english(view->reason),
                         "hint", reason_hint(view->reason), "text", view->text)) == 0;
}

static bool keep_difference(void *context, const struct portal_difference_view *view)
{
    static const char *const kinds[] = {"", "missing", "extra", "state", "time"};
    json_t *list = context;
    return json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:b}", "dossier_code",
                                                 view->code, "kind", kinds[view->kind], "ours",
                                                 view->ours, "theirs", view->theirs,
                                                 "is_being_repaired", view->repair != 0)) == 0;
}

static void print_list(enum language language, const json_t *list)
{
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, columns, COLUMN_COUNT);
    json_array_foreach(list, index, row)
    {
        char time[32], reason[640];
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
            time_label(json_text(row, "since"), time),
            reason,
            json_text(row, "message_id"),
        };
        (void)table_row(&table, cells);
    }
    table_print(&table, language, terminal_width(stdout), stdout);
    table_release(&table);
}

static const struct table_column difference_columns[] = {
    {TEXT_COLUMN_DOSSIER, false, false},
    {TEXT_COLUMN_DIFFERENCE, false, false},
    {TEXT_COLUMN_OURS, false, false},
    {TEXT_COLUMN_THEIRS, false, false},
};

void portal_print_differences(enum language language, const json_t *list)
{
    static const enum text names[] = {TEXT_PORTAL_MISSING, TEXT_PORTAL_EXTRA, TEXT_PORTAL_STATE,
                                      TEXT_PORTAL_TIME};
    static const char *const kinds[] = {"missing", "extra", "state", "time"};
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, difference_columns, 4);
    json_array_foreach(list, index, row)
    {
        enum text name = names[0];
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            if (strcmp(kinds[i], json_text(row, "kind")) == 0)
                name = names[i];
        }
        const char *const cells[4] = {
            json_text(row, "dossier_code"), text_of(name, language),
            dossier_state_name((enum dossier_state)json_integer_value(json_object_get(row, "ours")),
                               language),
            dossier_state_name(
                (enum dossier_state)json_integer_value(json_object_get(row, "theirs")), language)};
        (void)table_row(&table, cells);
    }
    table_print(&table, language, terminal_width(stdout), stdout);
    table_release(&table);
}

json_t *portal_differences(struct portal_ledger *ledger)
{
    json_t *list = json_array();
    if (portal_ledger_differences(ledger, "", keep_difference, list) == REASON_NONE)
        return list;
    json_decref(list);
    return NULL;
}

static int print_worklist(const struct invocation *invocation, struct portal_place *place,
                          bool json)
{
    json_t *events = json_array();
    json_t *differences = portal_differences(place->ledger);
    enum reason reason = portal_ledger_worklist(place->ledger, keep, events);
    if (differences == NULL || reason != REASON_NONE) {
        json_decref(events);
        json_decref(differences);
        return portal_complain(invocation, "portal worklist", reason);
    }
    size_t count = json_array_size(events) + json_array_size(differences);
    if (json) {
        json_t *document = json_pack("{s:O, s:O}", "events", events, "differences", differences);
        json_print(document);
        json_decref(document);
    } else if (count == 0) {
        (void)fputs(text_of(TEXT_PORTAL_WORKLIST_EMPTY, invocation->language), stdout);
    } else {
        if (json_array_size(events) > 0)
            print_list(invocation->language, events);
        if (json_array_size(differences) > 0)
            portal_print_differences(invocation->language, differences);
    }
    json_decref(events);
    json_decref(differences);
    return count == 0 ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

int portal_worklist_command(const struct invocation *invocation, int argc, char **argv)
{
    bool json = false;
    const char *adapter = NULL;
    const struct option_row rows[] = {
        {"adapter", 'a', OPTION_TEXT, &adapter, "FILE", TEXT_PORTAL_ADAPTER, 0, 0},
        {"json", 'j', OPTION_FLAG, &json, NULL, TEXT_OPTION_JSON, 0, 0},
    };
    const struct option_table table = {"portal worklist", "", TEXT_PORTAL_WORKLIST, rows, 2};
    int code;
    if (!options_take(&table, invocation->language, NULL, &argc, &argv, &code))
        return code;
    struct portal_place place;
    code = portal_place_open(invocation, adapter, false, &place);
    if (code == EXIT_CODE_OK)
        code = print_worklist(invocation, &place, json);
    portal_place_close(&place);
    return code;
}
