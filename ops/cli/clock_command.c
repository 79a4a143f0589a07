/* lienthong clock - what time a program goes by, and an operator's word that it is right. `trust`
 * ends a doubt (gateway/custody/clock_sense.c) and is written into the ledger; an adapter and a
 * gateway are asked by the same paths. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"

enum work { SHOW, TRUST, WORKS };

static const struct option_word words[WORKS] = {
    [SHOW] = {"show", {VALUE_NONE}, 0, true},
    [TRUST] = {"trust", {VALUE_NONE}, 0, false},
};

static const char *clock_label(const char *state, enum language language)
{
    static const struct {
        const char *name;
        enum text text;
    } states[] = {
        {"trusted", TEXT_CLOCK_STATE_TRUSTED},   {"stepped", TEXT_CLOCK_STATE_STEPPED},
        {"behind", TEXT_CLOCK_STATE_BEHIND},     {"ahead", TEXT_CLOCK_STATE_AHEAD},
        {"outvoted", TEXT_CLOCK_STATE_OUTVOTED},
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].name, state) == 0)
            return text_of(states[i].text, language);
    }
    return state;
}

/* EXIT_CODE_NEGATIVE: in doubt. Two times side by side: what the clock shows, and what the program
 * goes by instead. */
static int print_clock(enum language language, const json_t *answer)
{
    char shows[32], goes_by[32];
    const char *state = json_text(answer, "clock");
    bool is_trusted = strcmp(state, "trusted") == 0;
    say(stdout, text_of(TEXT_CLOCK_SHOWN, language),
        time_label(json_text(answer, "clock_shows"), shows),
        time_label(json_text(answer, "clock_goes_by"), goes_by), clock_label(state, language));
    if (!is_trusted)
        say_wrapped(stdout, text_of(TEXT_CLOCK_DOUBT, language), 0);
    return is_trusted ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

int command_clock(const struct invocation *invocation, int argc, char **argv)
{
    const char *adapter = NULL, *gateway = NULL;
    bool json = false;
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &gateway, VALUE_SOCKET, TEXT_QUEUES_GATEWAY, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&json),
    };
    const struct option_table table = OPTION_TABLE("clock", TEXT_COMMAND_CLOCK, words, rows, NULL);
    struct option_words given;
    struct http *http = NULL;
    json_t *answer = NULL;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    code = program_open(invocation, adapter, gateway, &http);
    if (code == EXIT_CODE_OK)
        code = given.word == TRUST
                   ? adapter_ask(invocation, http, "POST", "/v1/clock/trust", &answer)
                   : adapter_ask(invocation, http, "GET",
                                 gateway == NULL ? "/v1/health" : "/v1/status", &answer);
    http_destroy(&http);
    if (code == EXIT_CODE_OK && json)
        json_print(answer);
    else if (code == EXIT_CODE_OK)
        code = print_clock(invocation->language, answer);
    json_decref(answer);
    return code;
}
