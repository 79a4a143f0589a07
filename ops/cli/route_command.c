/* lienthong route explain - where a message would go, and which lines of the registry say so.
 * Nothing is sent and no daemon is asked: the registry at hand is read, and the same function
 * decides that routes messages at the gateway (routing/registry/route.c). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/api/route_json.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/registry_access.h"
#include "ops/cli/say.h"

struct route_options {
    bool json;
    const char *registry, *type, *sender, *recipient, *procedure, *dossier, *agency, *day;
};

/* The options were read as keys and days before. */
static struct key key_or_none(const char *text)
{
    struct key key = {{0}};
    if (text != NULL)
        (void)key_parse(bytes_of_text(text), &key);
    return key;
}

static wall_t day_or_now(const char *text)
{
    civil_day_t day;
    return text != NULL && day_parse(bytes_of_text(text), &day)
               ? day_start(day)
               : (wall_t){(int64_t)time(NULL) * 1000};
}

static struct bytes text_or_none(const char *text)
{
    return text == NULL ? (struct bytes){NULL, 0} : bytes_of_text(text);
}

static struct route_question question_of(const struct route_options *options)
{
    struct route_question question = {
        .type = MESSAGE_TYPE_TRANSFER,
        .sender = key_or_none(options->sender),
        .recipient = key_or_none(options->recipient),
        .agency_of_dossier = key_or_none(options->agency),
        .procedure_code = text_or_none(options->procedure),
        .dossier_code = text_or_none(options->dossier),
        .at = day_or_now(options->day),
    };
    if (options->type != NULL)
        (void)message_type_parse(bytes_of_text(options->type), &question.type);
    return question;
}

static void print_explanation(const struct invocation *invocation, const struct registry *registry,
                              const struct route_question *question,
                              const struct route_decision *decision)
{
    enum { EXPLANATION_BYTES_MAX = 32 * 1024 };
    struct buffer text;
    buffer_init(&text, EXPLANATION_BYTES_MAX);
    (void)route_explain(registry, question, decision, invocation->language, &text);
    say_lines(stdout, buffer_view(&text));
    buffer_release(&text);
}

/* A registry at fault cannot explain anything, so that its faults are a failure here. */
static int explain(const struct invocation *invocation, const struct route_options *options,
                   struct route_question *question)
{
    static struct faults faults;
    struct registry *registry = NULL;
    struct route_decision decision;
    int code = registry_open(invocation, registry_place(options->registry), &faults, &registry);
    if (code == EXIT_CODE_NEGATIVE) {
        registry_print_faults(invocation, &faults, stderr);
        return EXIT_CODE_UNREACHABLE;
    }
    if (code != EXIT_CODE_OK)
        return code;
    if (key_is_none(&question->sender))
        question->sender = registry_centre(registry)->key;
    (void)route_resolve(registry, question, &decision);
    if (options->json)
        json_print_new(route_json(&decision));
    else
        print_explanation(invocation, registry, question, &decision);
    registry_destroy(&registry);
    return decision.reason == REASON_NONE ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

int command_route(const struct invocation *invocation, int argc, char **argv)
{
    struct route_options options = {0};
    const struct option_row rows[] = {
        {"type", 't', OPTION_TEXT, &options.type, VALUE_TYPE, TEXT_SEND_TYPE, 0, 0},
        {"procedure", 'p', OPTION_TEXT, &options.procedure, VALUE_PROCEDURE, TEXT_SEND_PROCEDURE, 0,
         0},
        {"sender", 's', OPTION_TEXT, &options.sender, VALUE_PARTY, TEXT_ROUTE_SENDER, 0, 0},
        {"recipient", 'r', OPTION_TEXT, &options.recipient, VALUE_PARTY, TEXT_SEND_RECIPIENT, 0, 0},
        {"dossier", 'd', OPTION_TEXT, &options.dossier, VALUE_DOSSIER, TEXT_SEND_DOSSIER, 0, 0},
        {"agency", 'a', OPTION_TEXT, &options.agency, VALUE_PARTY, TEXT_ROUTE_AGENCY, 0, 0},
        {"day", 0, OPTION_TEXT, &options.day, VALUE_DAY, TEXT_ROUTE_DAY, 0, 0},
        {"registry", 0, OPTION_TEXT, &options.registry, VALUE_FOLDER, TEXT_OPTION_REGISTRY, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    static const struct option_word words[] = {{"explain", {VALUE_NONE}, 0, false}};
    const struct option_table table = OPTION_TABLE("route", TEXT_COMMAND_ROUTE, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    if (options.procedure == NULL && options.recipient == NULL && options.type == NULL)
        return options_wrong(&table, invocation->language, TEXT_WORD_MISSING, "--procedure");
    struct route_question question = question_of(&options);
    return explain(invocation, &options, &question);
}
