/* lienthong clock - what time a program goes by, and an operator's word that it is right. `trust`
 * ends a doubt (gateway/custody/clock_sense.c) and is written into the ledger; an adapter and a
 * gateway are asked by the same paths. */
#include <stdio.h>
#include <string.h>

#include "ops/cli/asking.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"

enum work { SHOW, TRUST, WORKS };

static const struct option_word words[WORKS] = {
    [SHOW] = {"show", {VALUE_NONE}, 0, true},
    [TRUST] = {"trust", {VALUE_NONE}, 0, false},
};

static const struct word_text states[] = {
    {"trusted", TEXT_CLOCK_STATE_TRUSTED},   {"stepped", TEXT_CLOCK_STATE_STEPPED},
    {"behind", TEXT_CLOCK_STATE_BEHIND},     {"ahead", TEXT_CLOCK_STATE_AHEAD},
    {"outvoted", TEXT_CLOCK_STATE_OUTVOTED},
};

struct clock_options {
    bool json;
    const char *adapter, *gateway;
    struct option_words given;
};

/* What time it is stands in each program's own summary. */
static int ask(const struct invocation *invocation, struct http *http, void *context,
               json_t **ret_answer)
{
    const struct clock_options *options = context;
    bool trusts = options->given.word == TRUST;
    return adapter_ask(invocation, http, trusts ? "POST" : "GET",
                       trusts                     ? "/v1/clock/trust"
                       : options->gateway == NULL ? "/v1/health"
                                                  : "/v1/status",
                       ret_answer);
}

/* EXIT_CODE_NEGATIVE: in doubt. Two times side by side: what the clock shows, and what the program
 * goes by instead. */
static int show(const struct names *names, void *context, const json_t *answer)
{
    enum language language = names->language;
    (void)context;
    char shows[32], goes_by[32];
    const char *state = json_text(answer, "clock");
    bool is_trusted = strcmp(state, "trusted") == 0;
    say(stdout, text_of(TEXT_CLOCK_SHOWN, language),
        time_label(json_text(answer, "clock_shows"), shows),
        time_label(json_text(answer, "clock_goes_by"), goes_by),
        WORD_LABEL(states, state, language));
    if (!is_trusted)
        say_wrapped(stdout, text_of(TEXT_CLOCK_DOUBT, language), 0);
    return is_trusted ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

int command_clock(const struct invocation *invocation, int argc, char **argv)
{
    struct clock_options options = {0};
    const struct option_row rows[] = {
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, VALUE_SOCKET, TEXT_QUEUES_GATEWAY, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    const struct option_table table = OPTION_TABLE("clock", TEXT_COMMAND_CLOCK, words, rows, NULL);
    int code;
    if (!options_read(&table, invocation, argc, argv, &options.given, &code))
        return code;
    return asking_run(invocation, &(struct asking){options.adapter, options.gateway, options.json,
                                                   ask, show, &options});
}
