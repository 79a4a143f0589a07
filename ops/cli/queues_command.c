/* lienthong queues - what waits for whom, and an operator's hand on it. Adapter and gateway are
 * asked by the same paths; what only a gateway can do is refused before anybody is asked. What may
 * be done now is the daemon's to decide (gateway/core/broker_operate.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/api/api.h"
#include "ops/cli/age.h"
#include "ops/cli/asking.h"
#include "ops/cli/cause.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "routing/outbox/entry.h"

enum { LIMIT_MAX = 10000 /* rows, by as many pages as that takes */ };

struct queues_options {
    bool json, sent_too;
    const char *adapter, *gateway, *destination, *state;
    int64_t limit;
    struct option_words given;
    struct short_id id; /* the message that is meant, once it has been looked up */
};

static const struct table_column destination_columns[] = {
    {TEXT_COLUMN_TO, TABLE_NAME},       {TEXT_COLUMN_QUEUED, TABLE_NUMBER},
    {TEXT_COLUMN_LEASED, TABLE_NUMBER}, {TEXT_COLUMN_DEFERRED, TABLE_NUMBER},
    {TEXT_COLUMN_HELD, TABLE_NUMBER},   {TEXT_COLUMN_AWAITED, TABLE_NUMBER},
    {TEXT_COLUMN_OLDEST, TABLE_TEXT},
};
static const struct table_column entry_columns[] = {
    {TEXT_COLUMN_TO, TABLE_NAME},         {TEXT_COLUMN_STATE, TABLE_TEXT},
    {TEXT_COLUMN_ATTEMPTS, TABLE_NUMBER}, {TEXT_COLUMN_DUE, TABLE_TEXT},
    {TEXT_COLUMN_TYPE, TABLE_NAME},       {TEXT_COLUMN_DOSSIER, TABLE_TEXT},
    {TEXT_COLUMN_MESSAGE, TABLE_ID},      {TEXT_COLUMN_REASON, TABLE_NOTE},
};
enum {
    DESTINATION_COLUMN_COUNT = sizeof destination_columns / sizeof destination_columns[0],
    ENTRY_COLUMN_COUNT = sizeof entry_columns / sizeof entry_columns[0],
};

/* A number as people read it, and blank for none. */
static const char *count_label(const json_t *row, const char *name, char scratch[32])
{
    return json_count(row, name) == 0 ? "" : json_number(row, name, scratch);
}

/* Those of an array in another order: more trouble first, else as they stand. */
typedef json_int_t trouble_of(const json_t *row);

struct ranked {
    const json_t *row;
    json_int_t trouble;
    size_t place;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->trouble != right->trouble)
        return left->trouble > right->trouble ? -1 : 1;
    return (left->place > right->place) - (left->place < right->place);
}

/* The caller's to free; NULL: memory, or an empty array. */
static struct ranked *rank(const json_t *rows, trouble_of *trouble)
{
    size_t index;
    const json_t *row;
    struct ranked *ranked = calloc(json_array_size(rows) + 1, sizeof *ranked);
    if (ranked == NULL)
        return NULL;
    json_array_foreach(rows, index, row) ranked[index] = (struct ranked){row, trouble(row), index};
    qsort(ranked, json_array_size(rows), sizeof *ranked, compare_ranked);
    return ranked;
}

static json_int_t trouble_of_destination(const json_t *row)
{
    return json_count(row, "deferred") + json_count(row, "held");
}

/* Trouble first: a page of thirty agencies that are well hides the one that is not. */
static void print_destinations(const struct names *names, const json_t *destinations)
{
    struct table table;
    struct ranked *ranked = rank(destinations, trouble_of_destination);
    table_init(&table, destination_columns, DESTINATION_COLUMN_COUNT, terminal_width(stdout));
    for (size_t i = 0; ranked != NULL && i < json_array_size(destinations); i++) {
        const json_t *row = ranked[i].row;
        char numbers[5][32], age[AGE_BYTES];
        const char *const cells[DESTINATION_COLUMN_COUNT] = {
            name_of(names, json_text(row, "destination")),
            count_label(row, "queued", numbers[0]),
            count_label(row, "leased", numbers[1]),
            count_label(row, "deferred", numbers[2]),
            count_label(row, "held", numbers[3]),
            count_label(row, "awaited", numbers[4]),
            age_label(json_text(row, "oldest"), names->language, age),
        };
        table_row(&table, cells);
    }
    table_end(&table, names->language);
    free(ranked);
}

/* Who is owed something as a heading above what is owed to him, for all who are owed more. */
static void add_entry(struct table *table, const struct names *names, const json_t *row)
{
    enum language language = names->language;
    bool is_fitted = table->width_columns > 0;
    char attempts[32], age[AGE_BYTES], cause[CAUSE_BYTES];
    const char *const cells[ENTRY_COLUMN_COUNT] = {
        is_fitted ? "" : name_of(names, json_text(row, "destination")),
        state_label(json_text(row, "state"), language),
        count_label(row, "attempts", attempts),
        future_label(json_text(row, "due"), language, age),
        type_label(json_text(row, "type"), language),
        json_text(row, "dossier_code"),
        json_text(row, "message_id"),
        cause_label(row, language, cause),
    };
    table_row(table, cells);
}

static json_int_t trouble_of_entry(const json_t *row)
{
    const char *state = json_text(row, "state");
    return strcmp(state, "held") == 0 ? 2 : strcmp(state, "deferred") == 0;
}

/* Grouped by who is owed something, in the order of the first trouble of each. The search through
 * what was said before is quadratic and bounded by LIMIT_MAX. */
static void print_entries(const struct names *names, const json_t *entries)
{
    struct table table;
    struct ranked *ranked = rank(entries, trouble_of_entry);
    size_t count = ranked == NULL ? 0 : json_array_size(entries);
    table_init(&table, entry_columns, ENTRY_COLUMN_COUNT, terminal_width(stdout));
    for (size_t i = 0; i < count; i++) {
        const char *destination = json_text(ranked[i].row, "destination");
        bool is_said = false;
        for (size_t j = 0; j < i && !is_said; j++)
            is_said = strcmp(destination, json_text(ranked[j].row, "destination")) == 0;
        if (is_said)
            continue;
        if (table.width_columns > 0)
            table_heading(&table, name_of(names, destination));
        for (size_t j = i; j < count; j++) {
            if (strcmp(destination, json_text(ranked[j].row, "destination")) == 0)
                add_entry(&table, names, ranked[j].row);
        }
    }
    table_end(&table, names->language);
    free(ranked);
}

static void print_queues(const struct names *names, const json_t *queues)
{
    const json_t *destinations = json_object_get(queues, "destinations");
    const json_t *entries = json_object_get(queues, "entries");
    if (json_array_size(destinations) == 0 && json_array_size(entries) == 0) {
        fputs(text_of(TEXT_QUEUES_EMPTY, names->language), stdout);
        return;
    }
    print_destinations(names, destinations);
    if (json_array_size(entries) > 0) {
        putchar('\n');
        print_entries(names, entries);
    }
}

static const struct table_column peer_columns[] = {
    {TEXT_COLUMN_PARTICIPANT, TABLE_NAME}, {TEXT_COLUMN_CONNECTED, TABLE_TEXT},
    {TEXT_COLUMN_CARRIER, TABLE_TEXT},     {TEXT_COLUMN_HEARD, TABLE_TEXT},
    {TEXT_COLUMN_BACKLOG, TABLE_NUMBER},   {TEXT_COLUMN_LEASED, TABLE_NUMBER},
    {TEXT_COLUMN_BREAKER, TABLE_TEXT},
};
enum { PEER_COLUMN_COUNT = sizeof peer_columns / sizeof peer_columns[0] };

static bool is_so(const json_t *row, const char *name)
{
    return json_is_true(json_object_get(row, name));
}

/* The carrier that it comes through. */
static const char *way_label(const json_t *peer, enum language language)
{
    const char *carrier = json_text(peer, "carrier");
    if (carrier[0] != 0 || !is_so(peer, "connected"))
        return carrier;
    return text_of(TEXT_CARRIER_NONE, language);
}

/* Who is not connected and waited for, who is paused, who is not connected, who is waited for. */
static json_int_t trouble_of_peer(const json_t *row)
{
    enum { WAITS = 1, ABSENT = 2, PAUSED = 4 };
    json_int_t waits = json_count(row, "backlog") + json_count(row, "under_way") > 0 ? WAITS : 0;
    return waits + (is_so(row, "connected") ? 0 : ABSENT) +
           (is_so(row, "breaker_open") ? PAUSED : 0);
}

/* "ok", or the code of what keeps it from committing. */
static const char *store_words(const json_t *status, enum language language)
{
    enum reason reason;
    const char *code = json_text(status, "store");
    if (!reason_parse(bytes_of_text(code), &reason))
        return code;
    return reason == REASON_NONE ? text_of(TEXT_QUEUES_STORE_WORKS, language)
                                 : reason_text(reason, language);
}

/* Who has still to read the gateway's: nobody is named when all have. */
static void print_registries(const struct names *names, const json_t *status)
{
    const char *ours = json_text(status, "registry_version");
    size_t index;
    const json_t *row;
    json_array_foreach(json_object_get(status, "peers"), index, row)
    {
        const char *version = json_text(row, "registry_version");
        if (is_so(row, "connected") && version[0] != 0 && strcmp(version, ours) != 0)
            say(stdout, text_of(TEXT_QUEUES_OTHER_REGISTRY, names->language),
                name_of(names, json_text(row, "participant")), version);
    }
}

/* The carriers' column is there only when somebody comes through one, or for a program that counts
 * columns. */
static void print_status(const struct names *names, const json_t *status)
{
    enum language language = names->language;
    struct table table;
    const json_t *peers = json_object_get(status, "peers");
    const json_t *ledger = json_object_get(status, "ledger");
    const char *const words[] = {text_of(TEXT_NO, language), text_of(TEXT_YES, language)};
    struct ranked *ranked = rank(peers, trouble_of_peer);
    bool has_carriers = terminal_width(stdout) == 0;
    for (size_t i = 0; i < json_array_size(peers); i++)
        has_carriers = has_carriers || json_text(json_array_get(peers, i), "carrier")[0] != 0;
    say(stdout, text_of(TEXT_QUEUES_STATUS, language), store_words(status, language),
        (long long)json_count(ledger, "size"), json_text(status, "registry_version"),
        (long long)json_count(status, "refused_handshakes"));
    table_init(&table, peer_columns, PEER_COLUMN_COUNT, terminal_width(stdout));
    for (size_t i = 0; ranked != NULL && i < json_array_size(peers); i++) {
        const json_t *row = ranked[i].row;
        char numbers[2][32], age[AGE_BYTES];
        const char *const cells[PEER_COLUMN_COUNT] = {
            name_of(names, json_text(row, "participant")),
            words[is_so(row, "connected")],
            has_carriers ? way_label(row, language) : "",
            age_label(json_text(row, "last_heard"), language, age),
            count_label(row, "backlog", numbers[0]),
            count_label(row, "under_way", numbers[1]),
            is_so(row, "breaker_open") ? words[1] : "",
        };
        table_row(&table, cells);
    }
    table_end(&table, language);
    free(ranked);
    print_registries(names, status);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int ask_queues(const struct invocation *invocation, struct http *http,
                      const struct queues_options *options, json_t **ret_answer)
{
    char path[256] = "/v1/queues";
    path_add(path, sizeof path, "destination", options->destination);
    path_add(path, sizeof path, "state", options->state);
    return adapter_ask_pages(invocation, http, path, "entries", options->limit, ret_answer);
}

/* Its figures, and its connections beside them. */
static int ask_status(const struct invocation *invocation, struct http *http, json_t **ret_answer)
{
    enum { CONNECTIONS_MAX = 100000 };
    json_t *connections = NULL;
    int code = adapter_ask(invocation, http, "GET", "/v1/status", ret_answer);
    if (code == EXIT_CODE_OK)
        code = adapter_ask_pages(invocation, http, "/v1/connections", "connections",
                                 CONNECTIONS_MAX, &connections);
    if (code == EXIT_CODE_OK)
        json_object_set(*ret_answer, "peers", json_object_get(connections, "connections"));
    json_decref(connections);
    return code;
}

/* The daemon answers once it is on disk. */
static int ask_work(const struct invocation *invocation, struct http *http,
                    const struct queues_options *options, const char *word, const char *id,
                    json_t **ret_answer)
{
    char path[256];
    snprintf(path, sizeof path, "/v1/queues/%s/%s", id, word);
    path_add(path, sizeof path, "destination", options->destination);
    return adapter_ask(invocation, http, "POST", path, ret_answer);
}

enum work { LIST, HOLD, RELEASE, WITHDRAW, EXPIRE, AGAIN, REDIRECT, STATUS, WORKS };

static const struct option_word words[WORKS] = {
    [LIST] = {"list", {VALUE_NONE}, 0, true},
    [HOLD] = {"hold", {VALUE_MESSAGE}, 1, false},
    [RELEASE] = {"release", {VALUE_MESSAGE}, 1, false},
    [WITHDRAW] = {"withdraw", {VALUE_MESSAGE}, 1, false},
    [EXPIRE] = {"expire", {VALUE_MESSAGE}, 1, false},
    [AGAIN] = {"again", {VALUE_MESSAGE}, 1, false},
    [REDIRECT] = {"redirect", {VALUE_PARTY, VALUE_PARTY}, 1, false},
    [STATUS] = {"status", {VALUE_NONE}, 0, false},
};
static const enum text done[WORKS] = {
    [HOLD] = TEXT_QUEUES_HELD,          [RELEASE] = TEXT_QUEUES_RELEASED,
    [WITHDRAW] = TEXT_QUEUES_WITHDRAWN, [EXPIRE] = TEXT_QUEUES_EXPIRED,
    [AGAIN] = TEXT_QUEUES_AGAIN,
};

static void print_answer(const struct names *names, size_t work, const char *id,
                         const json_t *answer)
{
    if (id != NULL)
        say(stdout, text_of(done[work], names->language),
            work == AGAIN ? json_text(answer, "message_id") : id);
    else if (work == STATUS)
        print_status(names, answer);
    else
        print_queues(names, answer);
}

/* FROM TO: what is for the one goes to the other. FROM alone: no longer. */
static int ask_redirect(const struct invocation *invocation, struct http *http,
                        const struct queues_options *options, const struct option_words *given,
                        json_t **ret_answer)
{
    json_t *json =
        json_pack("{s:s, s:s, s:b}", "from", given->values[0], "to",
                  given->count > 1 ? given->values[1] : "", "sent_too", options->sent_too);
    return asking_post(invocation, http, "/v1/redirects", json, ret_answer);
}

static void print_redirect(const struct names *names, const struct option_words *given)
{
    if (given->count > 1)
        say(stdout, text_of(TEXT_QUEUES_REDIRECTED, names->language),
            name_of(names, given->values[0]), name_of(names, given->values[1]));
    else
        say(stdout, text_of(TEXT_QUEUES_REDIRECT_ENDED, names->language),
            name_of(names, given->values[0]));
}

static int ask(const struct invocation *invocation, struct http *http, void *context,
               json_t **ret_answer)
{
    struct queues_options *options = context;
    const struct option_words *given = &options->given;
    if (given->word == REDIRECT)
        return ask_redirect(invocation, http, options, given, ret_answer);
    if (given->count == 0)
        return given->word == STATUS ? ask_status(invocation, http, ret_answer)
                                     : ask_queues(invocation, http, options, ret_answer);
    int code = adapter_find_id(invocation, http, given->values[0], &options->id);
    return code != EXIT_CODE_OK ? code
                                : ask_work(invocation, http, options, words[given->word].name,
                                           options->id.found, ret_answer);
}

static int show(const struct names *names, void *context, const json_t *answer)
{
    const struct queues_options *options = context;
    const struct option_words *given = &options->given;
    if (given->word == REDIRECT)
        print_redirect(names, given);
    else
        print_answer(names, given->word, given->count == 1 ? options->id.found : NULL, answer);
    return EXIT_CODE_OK;
}

int command_queues(const struct invocation *invocation, int argc, char **argv)
{
    struct queues_options options = {.limit = API_PAGE_MAX};
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, VALUE_SOCKET, TEXT_QUEUES_GATEWAY, 0, 0},
        {"destination", 'd', OPTION_TEXT, &options.destination, VALUE_PARTY,
         TEXT_QUEUES_DESTINATION, 0, 0},
        {"state", 's', OPTION_TEXT, &options.state, VALUE_STATE, TEXT_QUEUES_STATE, 0, 0},
        {"limit", 'n', OPTION_INTEGER, &options.limit, VALUE_NUMBER, TEXT_LIMIT, 1, LIMIT_MAX},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        {"sent-too", 0, OPTION_FLAG, &options.sent_too, VALUE_NONE, TEXT_QUEUES_SENT_TOO, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    const struct option_table table =
        OPTION_TABLE("queues", TEXT_COMMAND_QUEUES, words, rows, NULL);
    int code;
    if (!options_read(&table, invocation, argc, argv, &options.given, &code))
        return code;
    size_t word = options.given.word;
    if ((word == EXPIRE || word == REDIRECT || word == STATUS) && options.gateway == NULL)
        return options_wrong(&table, invocation->language, TEXT_QUEUES_ONLY_GATEWAY,
                             words[word].name);
    return asking_run(invocation, &(struct asking){options.adapter, options.gateway, options.json,
                                                   ask, show, &options});
}
