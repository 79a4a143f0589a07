/* lienthong queues - what waits for whom, and an operator's hand on it. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/gateway_call.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "proto/base/id.h"
#include "routing/outbox/entry.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

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

/* Why an entry waits: what went wrong with it, or what it waits for. */
static const char *cause_label(const json_t *row, enum language language, char scratch[256])
{
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    const json_t *cause = json_object_get(row, "cause");
    const char *reason = json_text(row, is_vietnamese ? "reason_vi" : "reason_en");
    char time[32];
    snprintf(scratch, 256, "%s%s%s%s%s", json_text(cause, is_vietnamese ? "vi" : "en"),
             json_text(cause, "at")[0] != 0 ? " " : "", time_label(json_text(cause, "at"), time),
             cause != NULL && reason[0] != 0 ? "; " : "", reason);
    return scratch;
}

static void print_entries(enum language language, const json_t *entries)
{
    struct table table;
    table_init(&table, entry_columns, ENTRY_COLUMN_COUNT);
    size_t index;
    const json_t *row;
    json_array_foreach(entries, index, row)
    {
        char attempts[32], time[32], cause[256];
        const char *const cells[ENTRY_COLUMN_COUNT] = {
            json_text(row, "destination"),
            state_label(json_text(row, "state"), language),
            json_number(row, "attempts", attempts),
            time_label(json_text(row, "due"), time),
            type_label(json_text(row, "type"), language),
            json_text(row, "dossier_code"),
            json_text(row, "message_id"),
            cause_label(row, language, cause),
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

static const struct table_column peer_columns[] = {
    {TEXT_COLUMN_PARTICIPANT, false, false}, {TEXT_COLUMN_CONNECTED, false, false},
    {TEXT_COLUMN_CARRIER, false, false},     {TEXT_COLUMN_HEARD, false, false},
    {TEXT_COLUMN_BACKLOG, true, false},      {TEXT_COLUMN_LEASED, true, false},
    {TEXT_COLUMN_BREAKER, false, false},
};
enum { PEER_COLUMN_COUNT = sizeof peer_columns / sizeof peer_columns[0] };

/* The carrier that it comes through. */
static const char *way_label(const json_t *peer, enum language language)
{
    const char *carrier = json_text(peer, "carrier");
    if (carrier[0] != 0 || !json_is_true(json_object_get(peer, "connected")))
        return carrier;
    return text_of(TEXT_CARRIER_NONE, language);
}

static void print_status(enum language language, const json_t *status)
{
    struct table table;
    size_t index;
    const json_t *row;
    const char *const words[] = {text_of(TEXT_NO, language), text_of(TEXT_YES, language)};
    const json_t *ledger = json_object_get(status, "ledger");
    say(stdout, text_of(TEXT_QUEUES_STATUS, language), json_text(status, "store"),
        (long long)json_integer_value(json_object_get(ledger, "size")),
        json_text(status, "registry_version"),
        (long long)json_integer_value(json_object_get(status, "refused_handshakes")));
    table_init(&table, peer_columns, PEER_COLUMN_COUNT);
    json_array_foreach(json_object_get(status, "peers"), index, row)
    {
        char numbers[2][32], time[32];
        const char *const cells[PEER_COLUMN_COUNT] = {
            json_text(row, "participant"),
            words[json_is_true(json_object_get(row, "connected"))],
            way_label(row, language),
            time_label(json_text(row, "last_heard"), time),
            json_number(row, "backlog", numbers[0]),
            json_number(row, "under_way", numbers[1]),
            words[json_is_true(json_object_get(row, "breaker_open"))],
        };
        table_row(&table, cells);
    }
    table_print(&table, language, terminal_width(stdout), stdout);
    table_release(&table);
}

/* --- the gateway
 * ---------------------------------------------------------------------------------- */

static int ask_gateway(const struct invocation *invocation, const struct queues_options *options,
                       const char *word, const char *id, json_t **ret_answer)
{
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
    int code = gateway_call(invocation, options->gateway, request, ret_answer);
    json_decref(request);
    return code;
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

static const struct {
    const char *word;
    bool takes_id, only_gateway;
    enum text done;
} works[] = {
    {"list", false, false, TEXT_QUEUES_EMPTY},
    {"hold", true, false, TEXT_QUEUES_HELD},
    {"release", true, false, TEXT_QUEUES_RELEASED},
    {"withdraw", true, false, TEXT_QUEUES_WITHDRAWN},
    {"expire", true, true, TEXT_QUEUES_EXPIRED},
    {"status", false, true, TEXT_QUEUES_EMPTY},
};
enum { WORKS = sizeof works / sizeof works[0] };

/* EXIT_CODE_USAGE: it was said what is wrong. */
static int check_words(const struct option_table *table, enum language language, int argc,
                       char **argv, const struct queues_options *options, size_t *ret_work)
{
    struct message_id id;
    struct key key;
    size_t work = 0;
    while (argc > 0 && work < WORKS && strcmp(works[work].word, argv[0]) != 0)
        work++;
    if (work == WORKS)
        return options_wrong(table, language, TEXT_WORD_UNKNOWN, argv[0]);
    int wanted = works[work].takes_id ? 2 : argc > 0;
    if (argc < wanted)
        return options_wrong(table, language, TEXT_WORD_MISSING, "ID");
    if (argc > wanted)
        return options_wrong(table, language, TEXT_WORD_TOO_MANY, argv[wanted]);
    if (works[work].takes_id && !id_parse(bytes_of_text(argv[1]), &id))
        return options_wrong(table, language, TEXT_ID_WRONG, argv[1]);
    if (works[work].only_gateway && options->gateway == NULL)
        return options_wrong(table, language, TEXT_QUEUES_ONLY_GATEWAY, argv[0]);
    enum entry_state state = ENTRY_QUEUED;
    if (options->state != NULL &&
        (!entry_state_parse(bytes_of_text(options->state), &state) || !entry_state_is_live(state)))
        return options_wrong(table, language, TEXT_STATE_WRONG, options->state);
    if (options->destination != NULL && !key_parse(bytes_of_text(options->destination), &key))
        return options_wrong(table, language, TEXT_DESTINATION_WRONG, options->destination);
    *ret_work = work;
    return EXIT_CODE_OK;
}

static void print_answer(enum language language, size_t work, const char *id, const json_t *answer)
{
    if (works[work].takes_id)
        say(stdout, text_of(works[work].done, language), id);
    else if (works[work].only_gateway)
        print_status(language, answer);
    else
        print_queues(language, answer);
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
    const struct option_table table = {
        "queues", "[list | hold ID | release ID | withdraw ID | expire ID | status]",
        TEXT_COMMAND_QUEUES, rows, sizeof rows / sizeof rows[0]};
    enum options_answer parsed = options_parse(&table, invocation->language, &argc, &argv);
    if (parsed != OPTIONS_GO)
        return parsed == OPTIONS_HELP ? EXIT_CODE_OK : EXIT_CODE_USAGE;
    size_t work = 0;
    int code = check_words(&table, invocation->language, argc, argv, &options, &work);
    if (code != EXIT_CODE_OK)
        return code;
    const char *id = works[work].takes_id ? argv[1] : NULL;
    const char *word = work == 0 ? "queues" : works[work].word;
    json_t *answer = NULL;
    code = options.gateway != NULL ? ask_gateway(invocation, &options, word, id, &answer)
                                   : ask_adapter(invocation, &options, word, id, &answer);
    if (code == EXIT_CODE_OK && options.json)
        json_print(answer);
    else if (code == EXIT_CODE_OK)
        print_answer(invocation->language, work, id, answer);
    json_decref(answer);
    return code;
}
