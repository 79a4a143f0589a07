/* lienthong track - what became of a dossier: every message about it, where each stands at each of
 * its recipients, why and since when. An adapter tells it from its participant's side, a gateway
 * with --gateway for all. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/age.h"
#include "ops/cli/cause.h"
#include "ops/cli/day_heads.h"
#include "ops/cli/names.h"
#include "ops/cli/options.h"
#include "ops/cli/route_tell.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "proto/base/limits.h"
#include "proto/codec/message_type.h"

static const struct table_column columns[] = {
    {TEXT_COLUMN_TIME, TABLE_TEXT},  {TEXT_COLUMN_TYPE, TABLE_NAME},
    {TEXT_COLUMN_FROM, TABLE_NAME},  {TEXT_COLUMN_TO, TABLE_NAME},
    {TEXT_COLUMN_STATE, TABLE_TEXT}, {TEXT_COLUMN_REASON, TABLE_NOTE},
    {TEXT_COLUMN_MESSAGE, TABLE_ID},
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

/* Where a message is, and how long after its own time. A receipt that an adapter was told is a fact
 * with a type and a time, and is nowhere. */
static const char *standing_label(const json_t *event, enum language language, char scratch[128])
{
    enum message_type type;
    bool is_fact = message_type_parse(bytes_of_text(json_text(event, "type")), &type) &&
                   message_type_is_receipt(type) && json_text(event, "destination")[0] == 0;
    if (is_fact)
        return "";
    enum { COLUMNS_FOR_BOTH = 100 };
    char after[AGE_BYTES], time[32];
    const char *label = state_label(json_text(event, "state"), language);
    const char *since = json_text(event, "state_time");
    size_t width = terminal_width(stdout);
    if (since[0] == 0 || (width > 0 && width < COLUMNS_FOR_BOTH))
        return label;
    if (width == 0)
        snprintf(scratch, 128, text_of(TEXT_TRACK_AT, language), label, time_label(since, time));
    else
        snprintf(scratch, 128, "%s, %s", label,
                 between_label(json_text(event, "time"), since, language, after));
    return scratch;
}

/* In brackets while only our copy of the registry says so. */
static const char *recipient_label(const struct names *names, const json_t *event,
                                   char scratch[256])
{
    bool is_expected = json_is_true(json_object_get(event, "to_is_expected"));
    snprintf(scratch, 256, is_expected ? "(%s)" : "%s",
             short_name_of(names, json_text(event, "to")));
    return scratch;
}

static int print_history(const struct invocation *invocation, const struct names *names,
                         const char *code, const json_t *dossier)
{
    const json_t *events = json_object_get(dossier, "events");
    if (json_array_size(events) == 0) {
        say(stdout, text_of(TEXT_TRACK_EMPTY, invocation->language), code);
        return EXIT_CODE_NEGATIVE;
    }
    struct table table;
    struct day_heads heads = {.last = ""};
    table_init(&table, columns, COLUMN_COUNT, terminal_width(stdout));
    size_t index;
    const json_t *event;
    json_array_foreach(events, index, event)
    {
        char time[32], type[64], to[256], standing[128], why[CAUSE_BYTES];
        const char *const cells[COLUMN_COUNT] = {
            day_heads_time(&heads, &table, json_text(event, "time"), time),
            type_label_short(json_text(event, "type"), invocation->language, type),
            short_name_of(names, json_text(event, "from")),
            recipient_label(names, event, to),
            standing_label(event, invocation->language, standing),
            cause_label(event, invocation->language, why),
            json_text(event, "message_id"),
        };
        table_row(&table, cells);
    }
    table_end(&table, invocation->language);
    return EXIT_CODE_OK;
}

/* One line per place that a message is owed to, as an adapter's answer has it. */
static json_t *rows_of_gateway(const json_t *dossier)
{
    json_t *rows = json_array();
    size_t index, place;
    const json_t *event, *entry;
    json_array_foreach(json_object_get(dossier, "events"), index, event)
    {
        json_array_foreach(json_object_get(event, "destinations"), place, entry)
        {
            json_t *row = json_deep_copy(event);
            json_object_del(row, "destinations");
            json_object_update(row, (json_t *)(uintptr_t)entry);
            json_object_set_new(row, "to", json_string(json_text(entry, "destination")));
            json_array_append_new(rows, row);
        }
    }
    return json_pack("{s:s, s:o}", "dossier_code", json_text(dossier, "dossier_code"), "events",
                     rows);
}

/* Both programs know dossiers by the same path. The gateway's answer has one event with its
 * destinations in it, which becomes one row for each. */
static int ask(const struct invocation *invocation, const char *adapter, const char *gateway,
               const char *code, json_t **ret_dossier)
{
    char code_text[3 * DOSSIER_CODE_BYTES_MAX + 1], path[sizeof code_text + 32];
    struct http *http = NULL;
    json_t *answer = NULL;
    (void)url_encode(code, code_text, sizeof code_text);
    snprintf(path, sizeof path, "/v1/dossiers/%s", code_text);
    int outcome = program_open(invocation, adapter, gateway, &http);
    if (outcome == EXIT_CODE_OK)
        outcome = adapter_ask(invocation, http, "GET", path, &answer);
    if (outcome == EXIT_CODE_OK)
        *ret_dossier = gateway != NULL ? rows_of_gateway(answer) : json_incref(answer);
    json_decref(answer);
    http_destroy(&http);
    return outcome;
}

/* Of the last message that the registry turned away: how it came to that. */
static void tell_route(const struct invocation *invocation, const char *adapter,
                       const struct names *names, const json_t *dossier)
{
    char path[128] = "";
    struct http *http = NULL;
    json_t *message = NULL;
    size_t index;
    const json_t *event;
    json_array_foreach(json_object_get(dossier, "events"), index, event)
    {
        if (route_is_told(event))
            snprintf(path, sizeof path, "/v1/messages/%s", json_text(event, "message_id"));
    }
    if (path[0] != 0 && program_open(invocation, adapter, NULL, &http) == EXIT_CODE_OK &&
        adapter_ask(invocation, http, "GET", path, &message) == EXIT_CODE_OK)
        route_tell(names, message);
    json_decref(message);
    http_destroy(&http);
}

int command_track(const struct invocation *invocation, int argc, char **argv)
{
    const char *adapter = NULL, *gateway = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {"adapter", 'a', OPTION_TEXT, &adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        {"gateway", 'g', OPTION_MAYBE, &gateway, VALUE_SOCKET, TEXT_TRACK_GATEWAY, 0, 0},
        OPTION_ROW_JSON(&json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_DOSSIER}, 1, false}};
    const struct option_table table = OPTION_TABLE("track", TEXT_COMMAND_TRACK, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    json_t *dossier = NULL;
    code = ask(invocation, adapter, gateway, given.values[0], &dossier);
    if (code == EXIT_CODE_OK && json)
        json_print(dossier);
    else if (code == EXIT_CODE_OK) {
        struct names names;
        names_open_for(invocation, adapter, gateway, &names);
        code = print_history(invocation, &names, given.values[0], dossier);
        if (gateway == NULL)
            tell_route(invocation, adapter, &names, dossier);
        names_close(&names);
    }
    json_decref(dossier);
    return code;
}
