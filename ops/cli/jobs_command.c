/* lienthong jobs - operations on sets: what is to be done is counted and shown first, and done when
 * its count is repeated. Adapter and gateway are asked by the same paths; which operation is whose
 * is theirs to say (gateway/custody/job.h). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/workers/program.h"
#include "ops/cli/asking.h"
#include "ops/cli/cause.h"
#include "ops/cli/jobs_command.h"
#include "ops/cli/options.h"
#include "ops/cli/progress_bar.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"

enum { POLL_MS = 100, WAIT_MS = 10 * 60 * 1000 /* then it is left to itself */ };

struct jobs_options {
    struct option_words given;
    bool json;
    const char *adapter, *gateway, *destination, *state, *reason, *after, *before, *to, *why;
    int64_t count, page; /* -1: not given */
};

enum work { LIST, SHOW, START, STOP, HOLD, RELEASE, WITHDRAW, EXPIRE, AGAIN, REDIRECT, WORKS };

static const struct option_word words[WORKS] = {
    [LIST] = {"list", {VALUE_NONE}, 0, true},
    [SHOW] = {"show", {VALUE_NUMBER}, 1, false},
    [START] = {"start", {VALUE_NUMBER}, 1, false},
    [STOP] = {"stop", {VALUE_NUMBER}, 1, false},
    [HOLD] = {"hold", {VALUE_NONE}, 0, false},
    [RELEASE] = {"release", {VALUE_NONE}, 0, false},
    [WITHDRAW] = {"withdraw", {VALUE_NONE}, 0, false},
    [EXPIRE] = {"expire", {VALUE_NONE}, 0, false},
    [AGAIN] = {"again", {VALUE_NONE}, 0, false},
    [REDIRECT] = {"redirect", {VALUE_NONE}, 0, false},
};

static const struct table_column job_columns[] = {
    {TEXT_COLUMN_JOB, TABLE_NUMBER},   {TEXT_COLUMN_OPERATION, TABLE_TEXT},
    {TEXT_COLUMN_TO, TABLE_NAME},      {TEXT_COLUMN_PROGRESS, TABLE_TEXT},
    {TEXT_COLUMN_COUNT, TABLE_NUMBER}, {TEXT_COLUMN_DONE, TABLE_NUMBER},
    {TEXT_COLUMN_LEFT, TABLE_NUMBER},  {TEXT_COLUMN_WHY, TABLE_NOTE},
};
static const struct table_column entry_columns[] = {
    {TEXT_COLUMN_TO, TABLE_NAME},    {TEXT_COLUMN_DOSSIER, TABLE_TEXT},
    {TEXT_COLUMN_MESSAGE, TABLE_ID}, {TEXT_COLUMN_OUTCOME, TABLE_TEXT},
    {TEXT_COLUMN_SENT_AS, TABLE_ID}, {TEXT_COLUMN_REASON, TABLE_NOTE},
};
enum {
    JOB_COLUMNS = sizeof job_columns / sizeof job_columns[0],
    ENTRY_COLUMNS = sizeof entry_columns / sizeof entry_columns[0],
};

static const struct word_text labels[] = {
    {"hold", TEXT_JOB_HOLD},         {"release", TEXT_JOB_RELEASE}, {"withdraw", TEXT_JOB_WITHDRAW},
    {"expire", TEXT_JOB_EXPIRE},     {"again", TEXT_JOB_AGAIN},     {"redirect", TEXT_JOB_REDIRECT},
    {"counting", TEXT_JOB_COUNTING}, {"counted", TEXT_JOB_COUNTED}, {"running", TEXT_JOB_RUNNING},
    {"purge", TEXT_JOB_PURGE},       {"done", TEXT_JOB_DONE},       {"stopped", TEXT_JOB_STOPPED},
    {"waiting", TEXT_JOB_WAITING},   {"left", TEXT_JOB_LEFT},
};

static bool is_in(const json_t *job, const char *progress)
{
    return strcmp(json_text(job, "progress"), progress) == 0;
}

/* ---- printing ---- */

static void print_jobs(const struct names *names, const json_t *jobs)
{
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, job_columns, JOB_COLUMNS, terminal_width(stdout));
    json_array_foreach(jobs, index, row)
    {
        char numbers[4][32];
        const char *const cells[JOB_COLUMNS] = {
            json_number(row, "job", numbers[0]),
            WORD_LABEL(labels, json_text(row, "operation"), names->language),
            name_of(names, json_text(row, "destination")),
            WORD_LABEL(labels, json_text(row, "progress"), names->language),
            json_number(row, "count", numbers[1]),
            json_number(row, "done", numbers[2]),
            json_number(row, "left", numbers[3]),
            json_text(row, "why"),
        };
        table_row(&table, cells);
    }
    table_end(&table, names->language);
}

static void print_entries(const struct names *names, const json_t *entries)
{
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, entry_columns, ENTRY_COLUMNS, terminal_width(stdout));
    json_array_foreach(entries, index, row)
    {
        char cause[CAUSE_BYTES];
        const char *const cells[ENTRY_COLUMNS] = {
            name_of(names, json_text(row, "destination")),
            json_text(row, "dossier_code"),
            json_text(row, "message_id"),
            WORD_LABEL(labels, json_text(row, "outcome"), names->language),
            json_text(row, "new_message_id"),
            cause_label(row, names->language, cause),
        };
        table_row(&table, cells);
    }
    table_end(&table, names->language);
}

/* A job that the program stopped by itself did not do what was asked. */
static int print_stop(enum language language, const json_t *job)
{
    const json_t *stop = json_object_get(job, "stopped");
    bool is_vietnamese = language == LANGUAGE_VIETNAMESE;
    if (stop == NULL)
        return EXIT_CODE_OK;
    say(stderr, text_of(TEXT_REFUSED, language),
        json_text(stop, is_vietnamese ? "reason_vi" : "reason_en"), json_text(stop, "reason"));
    say(stderr, text_of(TEXT_REFUSED_HINT, language),
        json_text(stop, is_vietnamese ? "hint_vi" : "hint"));
    return EXIT_CODE_REFUSED;
}

/* One job; and, while it waits for that, how it is started. */
static void print_job(const struct names *names, const json_t *job)
{
    enum language language = names->language;
    json_t *list = json_pack("[O]", job);
    print_jobs(names, list);
    json_decref(list);
    if (json_array_size(json_object_get(job, "entries")) > 0) {
        putchar('\n');
        print_entries(names, json_object_get(job, "entries"));
    }
    if (json_is_true(json_object_get(job, "has_more")))
        (void)fputs(text_of(TEXT_JOBS_HAS_MORE, language), stdout);
    (void)print_stop(language, job);
    if (is_in(job, "counted"))
        say(stdout, text_of(TEXT_JOBS_START_WITH, language), (long long)json_count(job, "job"),
            (long long)json_count(job, "count"));
}

/* ---- asking ---- */

int jobs_ask(const struct invocation *invocation, struct http *http, const char *number,
             int64_t page, json_t **ret_answer)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/jobs/%s?after=%lld", number,
                   (long long)(page < 0 ? 0 : page));
    return adapter_ask(invocation, http, "GET", path, ret_answer);
}

int jobs_wait(const struct invocation *invocation, struct http *http, const char *progress,
              json_t **answer)
{
    char number[32];
    const char *text = json_number(*answer, "job", number);
    int64_t until_ms = program_mono().ms + WAIT_MS;
    int code = EXIT_CODE_OK;
    while (code == EXIT_CODE_OK && is_in(*answer, progress) && program_mono().ms < until_ms) {
        const struct timespec pause = {0, POLL_MS * 1000000L};
        json_int_t over = json_count(*answer, "done") + json_count(*answer, "left");
        progress_bar_show((uint64_t)over, (uint64_t)json_count(*answer, "count"), "");
        (void)nanosleep(&pause, NULL);
        json_decref(*answer);
        *answer = NULL;
        code = jobs_ask(invocation, http, text, 0, answer);
    }
    progress_bar_end();
    return code == EXIT_CODE_OK ? print_stop(invocation->language, *answer) : code;
}

static int ask_start(const struct invocation *invocation, struct http *http, const char *number,
                     int64_t count, json_t **ret_answer)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/jobs/%s/start", number);
    int code = asking_post(invocation, http, path, json_pack("{s:I}", "count", (json_int_t)count),
                           ret_answer);
    return code == EXIT_CODE_OK ? jobs_wait(invocation, http, "running", ret_answer) : code;
}

static void set_text(json_t *body, const char *name, const char *text, const char *tail)
{
    char whole[256];
    if (text == NULL)
        return;
    (void)snprintf(whole, sizeof whole, "%s%s", text, tail);
    (void)json_object_set_new(body, name, json_string(whole));
}

/* Days are those of the wall clock in Viet Nam, like all times that are printed. */
static int ask_plan(const struct invocation *invocation, struct http *http,
                    const struct jobs_options *options, const char *operation, json_t **ret_answer)
{
    json_t *body = json_pack("{s:s}", "operation", operation);
    set_text(body, "destination", options->destination, "");
    set_text(body, "state", options->state, "");
    set_text(body, "reason", options->reason, "");
    set_text(body, "taken_after", options->after, "T00:00:00+07:00");
    set_text(body, "taken_before", options->before, "T00:00:00+07:00");
    set_text(body, "to", options->to, "");
    set_text(body, "why", options->why, "");
    int code = asking_post(invocation, http, "/v1/jobs", body, ret_answer);
    if (code == EXIT_CODE_OK)
        code = jobs_wait(invocation, http, "counting", ret_answer);
    if (code != EXIT_CODE_OK || options->count < 0)
        return code;
    char number[32], scratch[32];
    (void)snprintf(number, sizeof number, "%s", json_number(*ret_answer, "job", scratch));
    json_decref(*ret_answer);
    *ret_answer = NULL;
    return ask_start(invocation, http, number, options->count, ret_answer);
}

static int ask(const struct invocation *invocation, struct http *http, void *context,
               json_t **ret_answer)
{
    const struct jobs_options *options = context;
    const struct option_words *given = &options->given;
    char path[128];
    switch (given->word) {
    case LIST:
        return adapter_ask(invocation, http, "GET", "/v1/jobs", ret_answer);
    case SHOW:
        return jobs_ask(invocation, http, given->values[0], options->page, ret_answer);
    case START:
        return ask_start(invocation, http, given->values[0], options->count, ret_answer);
    case STOP:
        (void)snprintf(path, sizeof path, "/v1/jobs/%s/stop", given->values[0]);
        return adapter_ask(invocation, http, "POST", path, ret_answer);
    default:
        return ask_plan(invocation, http, options, words[given->word].name, ret_answer);
    }
}

static int show(const struct names *names, void *context, const json_t *answer)
{
    const struct jobs_options *options = context;
    if (options->given.word == LIST)
        print_jobs(names, json_object_get(answer, "jobs"));
    else
        print_job(names, answer);
    return EXIT_CODE_OK;
}

static bool is_number(const char *text)
{
    return text[0] != 0 && strlen(text) < 20 && strspn(text, "0123456789") == strlen(text);
}

/* What the table of options cannot say. NULL: nothing is missing. */
static const char *missing(const struct jobs_options *options)
{
    const struct option_words *given = &options->given;
    bool is_plan = given->word >= HOLD;
    if (given->word == START && options->count < 0)
        return "--count";
    if (is_plan && options->why == NULL)
        return "--why";
    if (given->word == REDIRECT && options->to == NULL)
        return "--to";
    return given->word == AGAIN && options->state == NULL ? "--state" : NULL;
}

int command_jobs(const struct invocation *invocation, int argc, char **argv)
{
    enum { COUNT_MAX = 1 << 20 };
    struct jobs_options options = {.count = -1, .page = -1};
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, VALUE_SOCKET, TEXT_QUEUES_GATEWAY, 0, 0},
        {"destination", 'd', OPTION_TEXT, &options.destination, VALUE_PARTY,
         TEXT_QUEUES_DESTINATION, 0, 0},
        {"state", 's', OPTION_TEXT, &options.state, VALUE_STATE, TEXT_QUEUES_STATE, 0, 0},
        {"reason", 'r', OPTION_TEXT, &options.reason, VALUE_CAUSE, TEXT_JOBS_REASON, 0, 0},
        {"taken-after", 0, OPTION_TEXT, &options.after, VALUE_DAY, TEXT_JOBS_AFTER, 0, 0},
        {"taken-before", 0, OPTION_TEXT, &options.before, VALUE_DAY, TEXT_JOBS_BEFORE, 0, 0},
        {"to", 't', OPTION_TEXT, &options.to, VALUE_PARTY, TEXT_JOBS_TO, 0, 0},
        {"why", 'w', OPTION_TEXT, &options.why, VALUE_TEXT, TEXT_JOBS_WHY, 0, 0},
        {"count", 'c', OPTION_INTEGER, &options.count, VALUE_NUMBER, TEXT_JOBS_COUNT, 0, COUNT_MAX},
        {"page", 'p', OPTION_INTEGER, &options.page, VALUE_NUMBER, TEXT_JOBS_PAGE, 0, COUNT_MAX},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    const struct option_table table = OPTION_TABLE("jobs", TEXT_COMMAND_JOBS, words, rows, NULL);
    int code;
    if (!options_read(&table, invocation, argc, argv, &options.given, &code))
        return code;
    const char *lacks = missing(&options);
    if (lacks != NULL)
        return options_wrong(&table, invocation->language, TEXT_JOBS_NEEDS, lacks);
    if (options.given.count == 1 && !is_number(options.given.values[0]))
        return options_wrong(&table, invocation->language, TEXT_JOBS_NUMBER,
                             options.given.values[0]);
    return asking_run(invocation, &(struct asking){options.adapter, options.gateway, options.json,
                                                   ask, show, &options});
}
