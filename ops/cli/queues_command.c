/* lienthong queues - what waits for whom, and an operator's hand on it. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/table.h"
#include "ops/client/control_socket.h"
#include "proto/base/id.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, CONTROL_TIMEOUT_MS = 10 * 1000 };

#define GATEWAY_SOCKET_DEFAULT "/run/lienthong/gateway.socket"

struct queues_options {
    bool json;
    const char *adapter, *gateway, *destination, *state;
    int64_t limit;
};

static const struct table_column destination_columns[] = {
    {TEXT_COLUMN_TO, false, false},    {TEXT_COLUMN_QUEUED, true, false},
    {TEXT_COLUMN_LEASED, true, false}, {TEXT_COLUMN_DEFERRED, true, false},
    {TEXT_COLUMN_HELD, true, false},   {TEXT_COLUMN_OLDEST, false, false},
};
static const struct table_column entry_columns[] = {
    {TEXT_COLUMN_TO, false, false},      {TEXT_COLUMN_STATE, false, false},
    {TEXT_COLUMN_ATTEMPTS, true, false}, {TEXT_COLUMN_DUE, false, false},
    {TEXT_COLUMN_TYPE, false, false},    {TEXT_COLUMN_DOSSIER, false, false},
    {TEXT_COLUMN_MESSAGE, false, false}, {TEXT_COLUMN_REASON, false, true},
};
enum {
    DESTINATION_COLUMN_COUNT = sizeof destination_columns / sizeof destination_columns[0],
    ENTRY_COLUMN_COUNT = sizeof entry_columns / sizeof entry_columns[0],
};

static void print_destinations(enum language language, const json_t *destinations)
{
    struct table table;
    table_init(&table, destination_columns, DESTINATION_COLUMN_COUNT);
    size_t index;
    const json_t *row;
    json_array_foreach(destinations, index, row)
    {
        char numbers[4][32], time[32];
        const char *const cells[DESTINATION_COLUMN_COUNT] = {
            json_text(row, "destination"),          json_number(row, "queued", numbers[0]),
            json_number(row, "leased", numbers[1]), json_number(row, "deferred", numbers[2]),
            json_number(row, "held", numbers[3]),   time_label(json_text(row, "oldest"), time),
        };
        table_row(&table, cells);
    }
    table_print(&table, language, terminal_width(stdout), stdout);
    table_release(&table);
}

static void print_entries(enum language language, const json_t *entries)
{
    struct table table;
    table_init(&table, entry_columns, ENTRY_COLUMN_COUNT);
    size_t index;
    const json_t *row;
    json_array_foreach(entries, index, row)
    {
        char attempts[32], time[32];
        const char *const cells[ENTRY_COLUMN_COUNT] = {
            json_text(row, "destination"),
            state_label(json_text(row, "state"), language),
            json_number(row, "attempts", attempts),
            time_label(json_text(row, "due"), time),
            type_label(json_text(row, "type"), language),
            json_text(row, "dossier_code"),
            json_text(row, "message_id"),
            json_text(row, language == LANGUAGE_VIETNAMESE ? "reason_vi" : "reason_en"),
        };
        table_row(&table, cells);
    }
    table_print(&table, language, terminal_width(stdout), stdout);
    table_release(&table);
}

static void print_queues(enum language language, const json_t *queues)
{
    const json_t *destinations = json_object_get(queues, "destinations");
    const json_t *entries = json_object_get(queues, "entries");
    if (json_array_size(destinations) == 0 && json_array_size(entries) == 0) {
        fputs(text_of(TEXT_QUEUES_EMPTY, language), stdout);
        return;
    }
    print_destinations(language, destinations);
    if (json_array_size(entries) > 0) {
        putchar('\n');
        print_entries(language, entries);
    }
}

/* --- the gateway
 * ---------------------------------------------------------------------------------- */

static int ask_gateway(const struct invocation *invocation, const struct queues_options *options,
                       const char *word, const char *id, json_t **ret_answer)
{
    enum language language = invocation->language;
    const char *path = options->gateway[0] != 0 ? options->gateway : GATEWAY_SOCKET_DEFAULT;
    json_t *request = json_object();
    const struct {
        const char *name;
        const char *value;
    } members[] = {{"command", word},
                   {"message_id", id},
                   {"destination", options->destination},
                   {"state", options->state}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (members[i].value != NULL)
            json_object_set_new(request, members[i].name, json_string(members[i].value));
    json_object_set_new(request, "limit", json_integer(options->limit));
    enum reason reason = control_ask(path, request, CONTROL_TIMEOUT_MS, ret_answer);
    json_decref(request);
    if (reason != REASON_NONE) {
        fprintf(stderr, text_of(TEXT_UNREACHABLE, language), path,
                language == LANGUAGE_VIETNAMESE ? reason_vietnamese(reason)
                                                : reason_english(reason));
        return EXIT_CODE_UNREACHABLE;
    }
    if (json_is_true(json_object_get(*ret_answer, "ok")))
        return EXIT_CODE_OK;
    const json_t *error = json_object_get(*ret_answer, "error");
    const char *code = json_text(error, "code");
    fprintf(stderr, text_of(TEXT_REFUSED, language),
            json_text(error, language == LANGUAGE_VIETNAMESE ? "message_vi" : "message_en"), code);
    return strcmp(code, "not_found") == 0 ? EXIT_CODE_NEGATIVE : EXIT_CODE_REFUSED;
}

/* --- an adapter
 * ----------------------------------------------------------------------------------- */

static int ask_adapter(const struct invocation *invocation, const struct queues_options *options,
                       const char *word, const char *id, json_t **ret_answer)
{
    char destination[64] = "", state[64] = "", path[256];
    if ((options->destination != NULL &&
         !url_encode(options->destination, destination, sizeof destination)) ||
        (options->state != NULL && !url_encode(options->state, state, sizeof state)))
        return EXIT_CODE_USAGE;
    if (id == NULL)
        snprintf(path, sizeof path, "/v1/queues?limit=%lld%s%s%s%s", (long long)options->limit,
                 destination[0] != 0 ? "&destination=" : "", destination,
                 state[0] != 0 ? "&state=" : "", state);
    else
        snprintf(path, sizeof path, "/v1/queues/%s/%s%s%s", id, word,
                 destination[0] != 0 ? "?destination=" : "", destination);
    struct http *http = NULL;
    int code = adapter_open(invocation, options->adapter, &http);
    if (code == EXIT_CODE_OK)
        code = adapter_call(
            invocation, http,
            &(struct http_request){.method = id == NULL ? "GET" : "POST", .path = path},
            ret_answer);
    http_destroy(&http);
    return code;
}

static bool words_good(int argc, char **argv)
{
    struct message_id id;
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "list") == 0))
        return true;
    return argc == 2 && id_parse(bytes_of_text(argv[1]), &id) &&
           (strcmp(argv[0], "hold") == 0 || strcmp(argv[0], "release") == 0 ||
            strcmp(argv[0], "withdraw") == 0);
}

int command_queues(const struct invocation *invocation, int argc, char **argv)
{
    struct queues_options options = {.limit = LIMIT_DEFAULT};
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, "SOCKET", TEXT_QUEUES_GATEWAY, 0, 0},
        {"destination", 'd', OPTION_TEXT, &options.destination, "KEY", TEXT_QUEUES_DESTINATION, 0,
         0},
        {"state", 's', OPTION_TEXT, &options.state, "STATE", TEXT_QUEUES_STATE, 0, 0},
        {"limit", 'n', OPTION_INTEGER, &options.limit, "N", TEXT_LIMIT, 1, LIMIT_MAX},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, "PATH", TEXT_OPTION_ADAPTER, 0, 0},
        {"json", 'j', OPTION_FLAG, &options.json, NULL, TEXT_OPTION_JSON, 0, 0},
    };
    const struct option_table table = {"queues", "[list | hold ID | release ID | withdraw ID]",
                                       TEXT_COMMAND_QUEUES, rows, sizeof rows / sizeof rows[0]};
    enum options_answer parsed = options_parse(&table, invocation->language, &argc, &argv);
    if (parsed != OPTIONS_GO)
        return parsed == OPTIONS_HELP ? EXIT_CODE_OK : EXIT_CODE_USAGE;
    if (!words_good(argc, argv)) {
        options_complain(&table, invocation->language);
        return EXIT_CODE_USAGE;
    }
    const char *word = argc == 2 ? argv[0] : "queues", *id = argc == 2 ? argv[1] : NULL;
    json_t *answer = NULL;
    int code = options.gateway != NULL ? ask_gateway(invocation, &options, word, id, &answer)
                                       : ask_adapter(invocation, &options, word, id, &answer);
    if (code == EXIT_CODE_OK && options.json)
        json_print(answer);
    else if (code == EXIT_CODE_OK && id != NULL)
        printf(text_of(TEXT_QUEUES_DONE, invocation->language), word, id);
    else if (code == EXIT_CODE_OK)
        print_queues(invocation->language, answer);
    json_decref(answer);
    return code;
}
