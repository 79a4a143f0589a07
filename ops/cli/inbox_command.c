/* lienthong inbox - what waits for a person, and a person's answer. For an agency without a system
 * of its own; the adapter signs what is said here. An accept that is repeated with another number
 * is refused by the adapter and not here. */
#include <stdio.h>
#include <string.h>

#include "gateway/api/api.h"
#include "ops/cli/asking.h"
#include "ops/cli/day_heads.h"
#include "ops/cli/field_label.h"
#include "ops/cli/names.h"
#include "ops/cli/options.h"
#include "ops/cli/route_tell.h"
#include "ops/cli/say.h"
#include "ops/cli/short_id.h"
#include "ops/cli/table.h"
#include "proto/base/time.h"

struct inbox_options {
    bool json;
    const char *adapter, *reference, *reason, *text, *person;
    int64_t limit;
};

static const struct table_column columns[] = {
    {TEXT_COLUMN_TIME, TABLE_TEXT},    {TEXT_COLUMN_TYPE, TABLE_NAME},
    {TEXT_COLUMN_FROM, TABLE_NAME},    {TEXT_COLUMN_DOSSIER, TABLE_TEXT},
    {TEXT_COLUMN_FILES, TABLE_NUMBER}, {TEXT_COLUMN_STATE, TABLE_TEXT},
    {TEXT_COLUMN_MESSAGE, TABLE_ID},
};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

/* In the inbox everything waits; whatever else it does is worth a column. */
static const char *standing_label(const json_t *message, enum language language)
{
    const char *state = json_text(message, "state");
    return strcmp(state, "leased") == 0 ? "" : state_label(state, language);
}

/* A heading for each day, so that the column of times stays narrow. */
static void print_list(const struct invocation *invocation, const struct names *names,
                       const json_t *page)
{
    const json_t *messages = json_object_get(page, "messages");
    if (json_array_size(messages) == 0) {
        fputs(text_of(TEXT_INBOX_EMPTY, invocation->language), stdout);
        return;
    }
    struct table table;
    struct day_heads heads = {.last = ""};
    table_init(&table, columns, COLUMN_COUNT, terminal_width(stdout));
    size_t index;
    const json_t *message;
    json_array_foreach(messages, index, message)
    {
        char time[32], files[32];
        size_t count = json_array_size(json_object_get(message, "attachments"));
        files[0] = 0;
        if (count > 0)
            snprintf(files, sizeof files, "%zu", count);
        const char *const cells[COLUMN_COUNT] = {
            day_heads_time(&heads, &table, json_text(message, "custody_time"), time),
            type_label(json_text(message, "type"), invocation->language),
            short_name_of(names, json_text(message, "sender")),
            json_text(message, "dossier_code"),
            files,
            standing_label(message, invocation->language),
            json_text(message, "message_id"),
        };
        table_row(&table, cells);
    }
    table_end(&table, invocation->language);
}

/* The document's leaves as rows; the path to each is kept in one place. */
struct leaves {
    struct table table;
    enum language language;
    char path[256];
};

/* A value as people read it: a moment as day and time, yes and no as words. */
static void add_leaf(struct leaves *leaves, const char *name, const json_t *value)
{
    enum language language = leaves->language;
    char number[32], moment[TIME_TEXT_BYTES], time[32];
    size_t size = strlen(name);
    bool is_moment = size > 3 && strcmp(name + size - 3, "_ms") == 0;
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    stamp_format((struct stamp){{json_integer_value(value)}, VIETNAM_OFFSET_MINUTES}, moment);
    const char *text = json_is_string(value)    ? time_label(json_string_value(value), time)
                       : json_is_integer(value) ? is_moment ? time_label(moment, time) : number
                       : json_is_true(value)    ? text_of(TEXT_YES, language)
                       : json_is_false(value)   ? text_of(TEXT_NO, language)
                                                : "";
    table_row(&leaves->table, (const char *const[]){leaves->path, text});
}

/* What is there in both languages is shown in one. */
static bool is_shown(const json_t *object, const char *name, enum language language)
{
    char other[64];
    size_t size = strlen(name);
    bool is_vietnamese = size > 3 && strcmp(name + size - 3, "_vi") == 0;
    bool is_english = size > 3 && strcmp(name + size - 3, "_en") == 0;
    if (language == LANGUAGE_ENGLISH)
        return !is_vietnamese;
    snprintf(other, sizeof other, "%s_vi", name);
    return !is_english && (json_object_get(object, other) == NULL || strcmp(name, "reason") == 0);
}

/* Every leaf of the document as one row, "Body / Owner / Name". */
static void add_fields(struct leaves *leaves, const char *name, const json_t *value)
{
    const char *key;
    size_t index, before = strlen(leaves->path);
    json_t *inner;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, inner)
        {
            if (!is_shown(value, key, leaves->language))
                continue;
            snprintf(leaves->path + before, sizeof leaves->path - before, "%s%s",
                     before > 0 ? " / " : "", field_label(key, leaves->language));
            add_fields(leaves, key, inner);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, index, inner)
        {
            snprintf(leaves->path + before, sizeof leaves->path - before, " %zu", index + 1);
            add_fields(leaves, name, inner);
        }
    } else {
        add_leaf(leaves, name, value);
    }
    leaves->path[before] = 0;
}

/* Without a width: a field is never cut here, since this is where people read the whole. */
static void print_message(const struct invocation *invocation, const json_t *message)
{
    static const struct table_column field_columns[] = {{TEXT_COLUMN_FIELD, TABLE_TEXT},
                                                        {TEXT_COLUMN_VALUE, TABLE_TEXT}};
    struct leaves leaves = {.language = invocation->language};
    table_init(&leaves.table, field_columns, 2, 0);
    add_fields(&leaves, "", message);
    table_end(&leaves.table, invocation->language);
}

/* A refusal always carries a reason, because the receipt that it becomes is signed and its reader
 * has nothing else; "office_refused" stands for a person who gave none. */
static int answer_message(const struct invocation *invocation, const struct inbox_options *options,
                          struct http *http, const char *word, const char *id)
{
    char path[128];
    bool accept = strcmp(word, "accept") == 0;
    json_t *body = json_object(), *answer = NULL;
    if (accept && options->reference != NULL)
        json_object_set_new(body, "office_reference", json_string(options->reference));
    if (!accept) {
        json_object_set_new(
            body, "reason",
            json_string(options->reason != NULL ? options->reason : "office_refused"));
        json_object_set_new(body, "text", json_string(options->text != NULL ? options->text : ""));
    }
    if (options->person != NULL)
        json_object_set_new(body, "acting_for", json_string(options->person));
    snprintf(path, sizeof path, "/v1/inbox/%s/%s", id, word);
    int code = asking_post(invocation, http, path, body, &answer);
    if (code == EXIT_CODE_OK && options->json)
        json_print(answer);
    else if (code == EXIT_CODE_OK)
        say(stdout,
            text_of(accept ? TEXT_INBOX_ACCEPTED : TEXT_INBOX_REFUSED, invocation->language), id);
    json_decref(answer);
    return code;
}

/* Of a message that the registry forbids the way is explained besides (route_tell.c). */
static int look(const struct invocation *invocation, const struct inbox_options *options,
                struct http *http, const char *id)
{
    char path[128];
    json_t *answer = NULL;
    if (id != NULL)
        snprintf(path, sizeof path, "/v1/messages/%s", id);
    else
        snprintf(path, sizeof path, "/v1/inbox?limit=%lld", (long long)options->limit);
    int code = adapter_ask(invocation, http, "GET", path, &answer);
    if (code == EXIT_CODE_OK && options->json)
        json_print(answer);
    else if (code == EXIT_CODE_OK) {
        struct names names;
        names_open_for(invocation, options->adapter, NULL, &names);
        if (id == NULL)
            print_list(invocation, &names, answer);
        else
            print_message(invocation, answer);
        route_tell(&names, answer);
        names_close(&names);
    }
    json_decref(answer);
    return code;
}

int command_inbox(const struct invocation *invocation, int argc, char **argv)
{
    struct inbox_options options = {.limit = API_PAGE_MAX};
    const struct option_row rows[] = {
        {"reference", 0, OPTION_TEXT, &options.reference, VALUE_TEXT, TEXT_INBOX_REFERENCE, 0, 0},
        {"reason", 0, OPTION_TEXT, &options.reason, VALUE_REASON, TEXT_INBOX_REASON, 0, 0},
        {"text", 0, OPTION_TEXT, &options.text, VALUE_TEXT, TEXT_INBOX_TEXT, 0, 0},
        {"acting-for", 0, OPTION_TEXT, &options.person, VALUE_TEXT, TEXT_ACTING_FOR, 0, 0},
        {"limit", 'n', OPTION_INTEGER, &options.limit, VALUE_NUMBER, TEXT_LIMIT, 1, API_PAGE_MAX},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    static const struct option_word words[] = {{"list", {VALUE_NONE}, 0, true},
                                               {"show", {VALUE_MESSAGE}, 1, false},
                                               {"accept", {VALUE_MESSAGE}, 1, false},
                                               {"refuse", {VALUE_MESSAGE}, 1, false}};
    const struct option_table table = OPTION_TABLE("inbox", TEXT_COMMAND_INBOX, words, rows, NULL);
    struct option_words given;
    struct http *http = NULL;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    code = program_open(invocation, options.adapter, NULL, &http);
    struct short_id id = {.found = ""};
    if (code == EXIT_CODE_OK && given.count == 1)
        code = adapter_find_id(invocation, http, given.values[0], &id);
    if (code == EXIT_CODE_OK && given.word <= 1)
        code = look(invocation, &options, http, given.count == 1 ? id.found : NULL);
    else if (code == EXIT_CODE_OK)
        code = answer_message(invocation, &options, http, words[given.word].name, id.found);
    http_destroy(&http);
    return code;
}
