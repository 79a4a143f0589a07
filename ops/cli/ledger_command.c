/* lienthong ledger - the gateway's ledger as this participant has witnessed it, and its breaks. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/asking.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"

struct ledger_options {
    bool json;
    const char *adapter, *explanation; /* NULL: none is given */
};

static void print_head(enum language language, enum text text, const json_t *head)
{
    char size[32];
    say(stdout, text_of(text, language), json_text(head, "ledger_id"),
        json_number(head, "size", size), json_text(head, "root"));
}

static int ask(const struct invocation *invocation, struct http *http, void *context,
               json_t **ret_answer)
{
    const struct ledger_options *options = context;
    return options->explanation == NULL
               ? adapter_ask(invocation, http, "GET", "/v1/ledger", ret_answer)
               : asking_post(invocation, http, "/v1/ledger/explain",
                             json_pack("{s:s}", "text", options->explanation), ret_answer);
}

static int show(const struct names *names, void *context, const json_t *ledger)
{
    enum language language = names->language;
    size_t index;
    const json_t *row;
    (void)context;
    print_head(language, TEXT_LEDGER_HEAD, json_object_get(ledger, "head"));
    json_array_foreach(json_object_get(ledger, "breaks"), index, row)
    {
        char moment[32];
        bool is_open = json_is_true(json_object_get(row, "open"));
        say(stdout, text_of(TEXT_LEDGER_BREAK, language),
            time_label(json_text(row, "time"), moment));
        print_head(language, TEXT_LEDGER_BEFORE, json_object_get(row, "before"));
        print_head(language, TEXT_LEDGER_AFTER, json_object_get(row, "after"));
        if (is_open)
            (void)fputs(text_of(TEXT_LEDGER_OPEN, language), stdout);
        else
            say(stdout, text_of(TEXT_LEDGER_CLOSED, language),
                time_label(json_text(row, "closed"), moment), json_text(row, "explanation"));
    }
    return EXIT_CODE_OK;
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
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    options.explanation = given.values[0];
    return asking_run(invocation,
                      &(struct asking){options.adapter, NULL, options.json, ask, show, &options});
}
