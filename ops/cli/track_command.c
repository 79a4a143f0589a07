/* lienthong track - what became of a dossier. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/table.h"
#include "proto/base/limits.h"

static const struct table_column columns[] = {
    {TEXT_COLUMN_TIME, false, false},   {TEXT_COLUMN_TYPE, false, false},
    {TEXT_COLUMN_FROM, false, false},   {TEXT_COLUMN_TO, false, false},
    {TEXT_COLUMN_STATE, false, false},  {TEXT_COLUMN_REASON, false, true},
    {TEXT_COLUMN_MESSAGE, false, true},
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static const char *reason_label(const json_t *event, enum language language)
{
    const char *code = json_text(event, "reason");
    enum reason reason;
    if (code[0] == 0 || !reason_parse(bytes_of_text(code), &reason))
        return code;
    if (reason == REASON_NONE)
        return "";
    return language == LANGUAGE_VIETNAMESE ? reason_vietnamese(reason) : reason_english(reason);
}

static int print_history(const struct invocation *invocation, const char *code,
                         const json_t *dossier)
{
    const json_t *events = json_object_get(dossier, "events");
    if (json_array_size(events) == 0) {
        printf(text_of(TEXT_TRACK_EMPTY, invocation->language), code);
        return EXIT_CODE_NEGATIVE;
    }
    struct table table;
    table_init(&table, columns, COLUMN_COUNT);
    size_t index;
    const json_t *event;
    json_array_foreach(events, index, event)
    {
        char time[32];
        const char *const cells[COLUMN_COUNT] = {
            time_label(json_text(event, "time"), time),
            type_label(json_text(event, "type"), invocation->language),
            json_text(event, "from"),
            json_text(event, "to"),
            state_label(json_text(event, "state"), invocation->language),
            reason_label(event, invocation->language),
            json_text(event, "message_id"),
        };
        table_row(&table, cells);
    }
    table_print(&table, invocation->language, terminal_width(stdout), stdout);
    table_release(&table);
    return EXIT_CODE_OK;
}

int command_track(const struct invocation *invocation, int argc, char **argv)
{
    const char *adapter = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {"adapter", 'a', OPTION_TEXT, &adapter, "PATH", TEXT_OPTION_ADAPTER, 0, 0},
        {"json", 'j', OPTION_FLAG, &json, NULL, TEXT_OPTION_JSON, 0, 0},
    };
    const struct option_table table = {"track", "DOSSIER", TEXT_COMMAND_TRACK, rows, 2};
    enum options_answer answer = options_parse(&table, invocation->language, &argc, &argv);
    if (answer != OPTIONS_GO)
        return answer == OPTIONS_HELP ? EXIT_CODE_OK : EXIT_CODE_USAGE;
    char code_text[3 * DOSSIER_CODE_BYTES_MAX + 1], path[sizeof code_text + 32];
    if (argc != 1 || !url_encode(argv[0], code_text, sizeof code_text)) {
        options_complain(&table, invocation->language);
        return EXIT_CODE_USAGE;
    }
    snprintf(path, sizeof path, "/v1/dossiers/%s", code_text);
    struct http *http = NULL;
    json_t *dossier = NULL;
    int code = adapter_open(invocation, adapter, &http);
    if (code == EXIT_CODE_OK)
        code = adapter_call(invocation, http, &(struct http_request){.method = "GET", .path = path},
                            &dossier);
    if (code == EXIT_CODE_OK && json)
        json_print(dossier);
    else if (code == EXIT_CODE_OK)
        code = print_history(invocation, argv[0], dossier);
    json_decref(dossier);
    http_destroy(&http);
    return code;
}
