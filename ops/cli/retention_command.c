/* lienthong retention - what is over and may go by retention.csv: shown, archived, purged; and
 * dossiers that nothing is purged of. What may go is the program's to say
 * (gateway/custody/retention.h); the archive is written and read back here, before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/workers/program.h"
#include "ops/cli/asking.h"
#include "ops/cli/jobs_command.h"
#include "ops/cli/options.h"
#include "ops/cli/retention_archive.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "ops/client/adapter_address.h"
#include "routing/registry/registry.h"

struct retention_options {
    bool json;
    const char *adapter, *gateway, *archive, *why, *by;
};

enum work { PLAN, RUN, HOLDS, HOLD, RELEASE, WORKS };

static const struct option_word words[WORKS] = {
    [PLAN] = {"plan", {VALUE_NONE}, 0, true},
    [RUN] = {"run", {VALUE_NONE}, 0, false},
    [HOLDS] = {"holds", {VALUE_NONE}, 0, false},
    [HOLD] = {"hold", {VALUE_DOSSIER}, 1, false},
    [RELEASE] = {"release", {VALUE_DOSSIER}, 1, false},
};

static const struct table_column hold_columns[] = {
    {TEXT_COLUMN_DOSSIER, TABLE_TEXT},
    {TEXT_COLUMN_SINCE, TABLE_TEXT},
    {TEXT_COLUMN_BY, TABLE_TEXT},
    {TEXT_COLUMN_WHY, TABLE_NOTE},
};
enum { HOLD_COLUMNS = sizeof hold_columns / sizeof hold_columns[0] };

/* In the order of enum retention_kind. */
static const struct table_column kind_columns[] = {
    {TEXT_RETENTION_COLUMN_PROCEDURE, TABLE_TEXT},
    {TEXT_COLUMN_BODIES, TABLE_NUMBER},
    {TEXT_COLUMN_METADATA, TABLE_NUMBER},
    {TEXT_COLUMN_EVIDENCE, TABLE_NUMBER},
    {TEXT_COLUMN_IDS, TABLE_NUMBER},
};
enum { KIND_COLUMNS = 1 + RETENTION_KINDS };
_Static_assert(sizeof kind_columns / sizeof kind_columns[0] == KIND_COLUMNS, "one for each kind");

/* Counted, and nothing done yet. */
static int plan(const struct invocation *invocation, struct http *http, const char *why,
                json_t **ret_job)
{
    int code = asking_post(invocation, http, "/v1/jobs",
                           json_pack("{s:s, s:s}", "operation", "purge", "why", why), ret_job);
    return code == EXIT_CODE_OK ? jobs_wait(invocation, http, "counting", ret_job) : code;
}

static int ask_about(const struct invocation *invocation, struct http *http, const json_t *job,
                     const char *verb, json_t *body, json_t **ret_job)
{
    char path[128], scratch[32];
    (void)snprintf(path, sizeof path, "/v1/jobs/%s/%s", json_number(job, "job", scratch), verb);
    return asking_post(invocation, http, path, body, ret_job);
}

/* ---- what would go ---- */

/* By type, and by procedure and kind: what a person asks before it goes. */
struct tally {
    json_t *types;      /* type: number */
    json_t *procedures; /* code: {kind: number} */
};

static void count_up(json_t *counts, const char *name)
{
    (void)json_object_set_new(counts, name, json_integer(json_count(counts, name) + 1));
}

static void tally_row(struct tally *tally, const json_t *row)
{
    const char *code = json_text(row, "procedure_code");
    json_t *kinds = json_object_get(tally->procedures, code);
    size_t index;
    const json_t *kind;
    count_up(tally->types, json_text(row, "type"));
    if (kinds == NULL) {
        kinds = json_object();
        (void)json_object_set_new(tally->procedures, code, kinds);
    }
    json_array_foreach(json_object_get(row, "goes"), index, kind)
        count_up(kinds, json_string_value(kind));
}

/* All pages of the set. */
static int tally_set(const struct invocation *invocation, struct http *http, const json_t *job,
                     struct tally *tally)
{
    json_int_t left = json_count(job, "count");
    int code = EXIT_CODE_OK;
    char scratch[32];
    const char *number = json_number(job, "job", scratch);
    *tally = (struct tally){json_object(), json_object()};
    for (int64_t page = 0; left > 0 && code == EXIT_CODE_OK; page++) {
        json_t *answer = NULL;
        size_t index;
        const json_t *row;
        code = jobs_ask(invocation, http, number, page, &answer);
        json_array_foreach(json_object_get(answer, "entries"), index, row)
        {
            tally_row(tally, row);
            left--;
        }
        left = json_array_size(json_object_get(answer, "entries")) == 0 ? 0 : left;
        json_decref(answer);
    }
    return code;
}

static void print_tally(const struct invocation *invocation, const struct tally *tally)
{
    struct table table;
    const char *name;
    json_t *counts;
    json_object_foreach(tally->types, name, counts)
        say(stdout, "%8lld  %s\n", (long long)json_integer_value(counts),
            type_label(name, invocation->language));
    if (json_object_size(tally->procedures) == 0)
        return;
    (void)putchar('\n');
    table_init(&table, kind_columns, KIND_COLUMNS, terminal_width(stdout));
    json_object_foreach(tally->procedures, name, counts)
    {
        char numbers[RETENTION_KINDS][32];
        const char *cells[KIND_COLUMNS] = {
            name[0] != 0 ? name : text_of(TEXT_RETENTION_NO_PROCEDURE, invocation->language)};
        for (int kind = 0; kind < RETENTION_KINDS; kind++)
            cells[1 + kind] =
                json_number(counts, retention_kind_name((enum retention_kind)kind), numbers[kind]);
        table_row(&table, cells);
    }
    table_end(&table, invocation->language);
}

/* What does not go, and why: without it people would look for a fault. */
static void print_holds(const struct invocation *invocation, const json_t *holds)
{
    struct table table;
    size_t index;
    const json_t *row;
    if (json_array_size(holds) == 0)
        return;
    (void)putchar('\n');
    (void)fputs(text_of(TEXT_RETENTION_HELD, invocation->language), stdout);
    table_init(&table, hold_columns, HOLD_COLUMNS, terminal_width(stdout));
    json_array_foreach(holds, index, row)
    {
        char label[32];
        const char *const cells[HOLD_COLUMNS] = {
            json_text(row, "dossier_code"),
            time_label(json_text(row, "at"), label),
            json_text(row, "by"),
            json_text(row, "why"),
        };
        table_row(&table, cells);
    }
    table_end(&table, invocation->language);
}

/* The job that counted is stopped at once: a look is no order, and leaves its place to the next. */
static int show_plan(const struct invocation *invocation, struct http *http,
                     const struct retention_options *options)
{
    json_t *job = NULL, *stopped = NULL, *holds = NULL;
    struct tally tally = {NULL, NULL};
    char label[32];
    int code = plan(invocation, http, options->why != NULL ? options->why : "plan", &job);
    if (code == EXIT_CODE_OK)
        code = tally_set(invocation, http, job, &tally);
    if (code == EXIT_CODE_OK)
        code = ask_about(invocation, http, job, "stop", json_object(), &stopped);
    if (code == EXIT_CODE_OK)
        code = adapter_ask(invocation, http, "GET", "/v1/holds", &holds);
    if (code == EXIT_CODE_OK && options->json)
        json_print_new(json_pack("{s:O, s:O, s:O}", "job", job, "by_procedure", tally.procedures,
                                 "holds", json_object_get(holds, "holds")));
    else if (code == EXIT_CODE_OK) {
        say(stdout, text_of(TEXT_RETENTION_PLAN, invocation->language),
            (long long)json_count(job, "count"), (long long)json_count(job, "looked"),
            time_label(json_text(job, "oldest"), label));
        print_tally(invocation, &tally);
        if (json_is_true(json_object_get(job, "has_more")))
            (void)fputs(text_of(TEXT_RETENTION_MORE, invocation->language), stdout);
        print_holds(invocation, json_object_get(holds, "holds"));
    }
    json_decref(job);
    json_decref(stopped);
    json_decref(holds);
    json_decref(tally.types);
    json_decref(tally.procedures);
    return code;
}

/* ---- archive, then purge ---- */

/* Where the store and its files are, for the archive. */
static int find_state(const struct retention_options *options, char ret_path[PATH_BYTES_MAX])
{
    struct adapter_address address;
    enum reason reason =
        options->gateway != NULL
            ? gateway_locate(options->gateway, &address)
            : adapter_locate(options->adapter, getenv("LIENTHONG_ADAPTER"), &address);
    return reason == REASON_NONE && path_make(ret_path, "%s", address.state_directory)
               ? EXIT_CODE_OK
               : EXIT_CODE_UNREACHABLE;
}

/* One job: *ret_job is it when it is over. Without anything to go there is no archive. */
static int purge_some(const struct invocation *invocation, struct http *http,
                      const struct retention_options *options, const char *state, json_t **ret_job)
{
    char path[PATH_BYTES_MAX], scratch[32], digits[DIGEST_TEXT_BYTES];
    struct retention_archive archive = {.state_directory = state, .path = path};
    json_t *job = NULL;
    int code = plan(invocation, http, options->why, &job);
    json_int_t count = json_count(job, "count");
    if (code == EXIT_CODE_OK && count > 0 &&
        !path_make(path, "%s/purge-%s-%lld.tar", options->archive, json_number(job, "job", scratch),
                   (long long)program_wall().ms))
        code = EXIT_CODE_UNREACHABLE;
    archive.job = job;
    if (code == EXIT_CODE_OK && count > 0)
        code = retention_archive_write(invocation, http, &archive);
    if (job != NULL && (code != EXIT_CODE_OK || count == 0)) {
        int stopped = ask_about(invocation, http, job, "stop", json_object(), ret_job);
        json_decref(job);
        return code != EXIT_CODE_OK ? code : stopped;
    }
    if (code != EXIT_CODE_OK)
        return code;
    if (!options->json)
        say(stdout, text_of(TEXT_RETENTION_ARCHIVED, invocation->language), (long long)count, path,
            (long long)archive.bytes);
    digest_format(&archive.digest, digits);
    code = ask_about(invocation, http, job, "start",
                     json_pack("{s:I, s:s}", "count", count, "archived", digits), ret_job);
    json_decref(job);
    return code == EXIT_CODE_OK ? jobs_wait(invocation, http, "running", ret_job) : code;
}

/* A job has an end; what is behind it is for the next. */
static int run(const struct invocation *invocation, struct http *http,
               const struct retention_options *options)
{
    char state[PATH_BYTES_MAX];
    json_int_t done = 0, left = 0;
    bool has_more = true;
    int code = find_state(options, state);
    (void)umask(S_IRWXG | S_IRWXO); /* what is written holds personal data */
    (void)nice(10);                 /* behind the program, on a machine of two processors too */
    if (code == EXIT_CODE_OK && folder_make(options->archive, 0700) != REASON_NONE) {
        say(stderr, text_of(TEXT_FILE_UNREADABLE, invocation->language), options->archive);
        return EXIT_CODE_UNREACHABLE;
    }
    while (code == EXIT_CODE_OK && has_more) {
        json_t *job = NULL;
        code = purge_some(invocation, http, options, state, &job);
        has_more = json_is_true(json_object_get(job, "has_more"));
        done += json_count(job, "done");
        left += json_count(job, "left");
        json_decref(job);
    }
    if (code == EXIT_CODE_OK && options->json)
        json_print_new(json_pack("{s:I, s:I}", "done", done, "left", left));
    else if (code == EXIT_CODE_OK)
        say(stdout, text_of(TEXT_RETENTION_DONE, invocation->language), (long long)done,
            (long long)left);
    return code;
}

/* ---- holds ---- */

/* Both ways are one question: who, why, and from now on or no more. */
static int hold(const struct invocation *invocation, struct http *http,
                const struct retention_options *options, const char *dossier, bool is_held)
{
    json_t *answer = NULL;
    int code = asking_post(invocation, http, "/v1/holds",
                           json_pack("{s:s, s:b, s:s, s:s}", "dossier_code", dossier, "held",
                                     is_held, "by", options->by, "why", options->why),
                           &answer);
    if (code == EXIT_CODE_OK && options->json)
        json_print(answer);
    else if (code == EXIT_CODE_OK)
        say(stdout,
            text_of(is_held ? TEXT_RETENTION_HELD_NOW : TEXT_RETENTION_RELEASED,
                    invocation->language),
            dossier);
    json_decref(answer);
    return code;
}

static int list_holds(const struct invocation *invocation, struct http *http, bool json)
{
    json_t *answer = NULL;
    int code = adapter_ask(invocation, http, "GET", "/v1/holds", &answer);
    if (code == EXIT_CODE_OK && json)
        json_print(answer);
    else if (code == EXIT_CODE_OK)
        print_holds(invocation, json_object_get(answer, "holds"));
    json_decref(answer);
    return code;
}

/* What the table of options cannot say. NULL: nothing is missing. */
static const char *missing(const struct retention_options *options,
                           const struct option_words *given)
{
    bool is_hold = given->word == HOLD || given->word == RELEASE;
    if ((is_hold || given->word == RUN) && options->why == NULL)
        return "--why";
    if (is_hold && options->by == NULL)
        return "--by";
    return given->word == RUN && options->archive == NULL ? "--archive" : NULL;
}

int command_retention(const struct invocation *invocation, int argc, char **argv)
{
    struct retention_options options = {0};
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, VALUE_SOCKET, TEXT_QUEUES_GATEWAY, 0, 0},
        {"archive", 0, OPTION_TEXT, &options.archive, VALUE_FOLDER, TEXT_RETENTION_ARCHIVE, 0, 0},
        {"why", 'w', OPTION_TEXT, &options.why, VALUE_TEXT, TEXT_JOBS_WHY, 0, 0},
        {"by", 'b', OPTION_TEXT, &options.by, VALUE_NAME, TEXT_RETENTION_BY, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    const struct option_table table =
        OPTION_TABLE("retention", TEXT_COMMAND_RETENTION, words, rows, NULL);
    struct option_words given;
    struct http *http = NULL;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    const char *lacks = missing(&options, &given);
    if (lacks != NULL)
        return options_wrong(&table, invocation->language, TEXT_JOBS_NEEDS, lacks);
    code = program_open(invocation, options.adapter, options.gateway, &http);
    if (code != EXIT_CODE_OK)
        return code;
    if (given.word == PLAN)
        code = show_plan(invocation, http, &options);
    else if (given.word == RUN)
        code = run(invocation, http, &options);
    else if (given.word == HOLDS)
        code = list_holds(invocation, http, options.json);
    else
        code = hold(invocation, http, &options, given.values[0], given.word == HOLD);
    http_destroy(&http);
    return code;
}
