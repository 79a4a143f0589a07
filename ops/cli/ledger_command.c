/* lienthong ledger - the gateway's ledger as this participant has witnessed it, and its breaks. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"

struct ledger_options {
    bool json;
    const char *adapter;
};

static void print_head(const struct invocation *invocation, enum text text, const json_t *head)
{
    char size[32];
    say(stdout, text_of(text, invocation->language), json_text(head, "ledger_id"),
        json_number(head, "size", size), json_text(head, "root"));
}

static void print_ledger(const struct invocation *invocation, const json_t *ledger)
{
    size_t index;
    const json_t *row;
    print_head(invocation, TEXT_LEDGER_HEAD, json_object_get(ledger, "head"));
    json_array_foreach(json_object_get(ledger, "breaks"), index, row)
    {
        char moment[32];
        bool is_open = json_is_true(json_object_get(row, "open"));
        say(stdout, text_of(TEXT_LEDGER_BREAK, invocation->language),
            time_label(json_text(row, "time"), moment));
        print_head(invocation, TEXT_LEDGER_BEFORE, json_object_get(row, "before"));
        print_head(invocation, TEXT_LEDGER_AFTER, json_object_get(row, "after"));
        if (is_open)
            (void)fputs(text_of(TEXT_LEDGER_OPEN, invocation->language), stdout);
        else
            say(stdout, text_of(TEXT_LEDGER_CLOSED, invocation->language),
                time_label(json_text(row, "closed"), moment), json_text(row, "explanation"));
    }
}

int command_ledger(const struct invocation *invocation, int argc, char **argv)
{
    struct ledger_options options = {0};
    const struct option_row rows[] = {
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    static const struct option_word words[] = {{"show", {VALUE_NONE}, 0, true},
                                               {"explain", {VALUE_TEXT}, 1, false}};
    const struct option_table table =
        OPTION_TABLE("ledger", TEXT_COMMAND_LEDGER, words, rows, NULL);
    struct option_words given;
    struct http *http = NULL;
    json_t *answer = NULL;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    bool explains = given.values[0] != NULL;
    json_t *body = explains ? json_pack("{s:s}", "text", given.values[0]) : NULL;
    const struct api_call call = {.method = explains ? "POST" : "GET",
                                  .path = explains ? "/v1/ledger/explain" : "/v1/ledger",
                                  .body = body};
    code = program_open(invocation, options.adapter, NULL, &http);
    if (code == EXIT_CODE_OK)
        code = adapter_call(invocation, http, &call, &answer);
    http_destroy(&http);
    if (code == EXIT_CODE_OK && options.json)
        json_print(answer);
    else if (code == EXIT_CODE_OK)
        print_ledger(invocation, answer);
    json_decref(answer);
    json_decref(body);
    return code;
}
