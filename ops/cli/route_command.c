/* lienthong route explain - where a message would go, and which lines of the registry say so. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/api/route_json.h"
#include "ops/cli/options.h"
#include "ops/cli/registry_access.h"
#include "ops/cli/say.h"

struct route_options {
    bool json;
    const char *registry, *type, *sender, *recipient, *procedure, *dossier, *agency, *day;
};

static bool complain(const struct invocation *invocation, const char *value)
{
    say(stderr, text_of(TEXT_ROUTE_VALUE_WRONG, invocation->language), value);
    return false;
}

static bool read_key(const struct invocation *invocation, const char *text, struct key *ret_key)
{
    return text == NULL || key_parse(bytes_of_text(text), ret_key) || complain(invocation, text);
}

static bool read_day(const struct invocation *invocation, const char *text, wall_t *ret_at)
{
    civil_day_t day;
    if (text == NULL) {
        ret_at->ms = (int64_t)time(NULL) * 1000;
        return true;
    }
    if (!day_parse(bytes_of_text(text), &day))
        return complain(invocation, text);
    *ret_at = day_start(day);
    return true;
}

static struct bytes text_or_none(const char *text)
{
    return text == NULL ? (struct bytes){NULL, 0} : bytes_of_text(text);
}

static bool read_question(const struct invocation *invocation, const struct route_options *options,
                          struct route_question *ret_question)
{
    *ret_question = (struct route_question){
        .type = MESSAGE_TYPE_TRANSFER,
        .procedure_code = text_or_none(options->procedure),
        .dossier_code = text_or_none(options->dossier),
    };
    if (options->type != NULL &&
        !message_type_parse(bytes_of_text(options->type), &ret_question->type))
        return complain(invocation, options->type);
    return read_key(invocation, options->sender, &ret_question->sender) &&
           read_key(invocation, options->recipient, &ret_question->recipient) &&
           read_key(invocation, options->agency, &ret_question->agency_of_dossier) &&
           read_day(invocation, options->day, &ret_question->at);
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
        registry_print_document(route_json(&decision));
    else
        print_explanation(invocation, registry, question, &decision);
    registry_destroy(&registry);
    return decision.reason == REASON_NONE ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

int command_route(const struct invocation *invocation, int argc, char **argv)
{
    struct route_options options = {0};
    struct route_question question;
    const struct option_row rows[] = {
        {"type", 't', OPTION_TEXT, &options.type, "TYPE", TEXT_SEND_TYPE, 0, 0},
        {"procedure", 'p', OPTION_TEXT, &options.procedure, "CODE", TEXT_SEND_PROCEDURE, 0, 0},
        {"sender", 's', OPTION_TEXT, &options.sender, "KEY", TEXT_ROUTE_SENDER, 0, 0},
        {"recipient", 'r', OPTION_TEXT, &options.recipient, "KEY", TEXT_SEND_RECIPIENT, 0, 0},
        {"dossier", 'd', OPTION_TEXT, &options.dossier, "CODE", TEXT_SEND_DOSSIER, 0, 0},
        {"agency", 'a', OPTION_TEXT, &options.agency, "KEY", TEXT_ROUTE_AGENCY, 0, 0},
        {"day", 0, OPTION_TEXT, &options.day, "YYYY-MM-DD", TEXT_ROUTE_DAY, 0, 0},
        {"registry", 0, OPTION_TEXT, &options.registry, "DIRECTORY", TEXT_OPTION_REGISTRY, 0, 0},
        {"json", 'j', OPTION_FLAG, &options.json, NULL, TEXT_OPTION_JSON, 0, 0},
    };
    const struct option_table table = {"route", "explain", TEXT_COMMAND_ROUTE, rows,
                                       sizeof rows / sizeof rows[0]};
    enum options_answer answer = options_parse(&table, invocation->language, &argc, &argv);
    if (answer != OPTIONS_GO)
        return answer == OPTIONS_HELP ? EXIT_CODE_OK : EXIT_CODE_USAGE;
    if (argc != 1 || strcmp(argv[0], "explain") != 0) {
        options_complain(&table, invocation->language);
        return EXIT_CODE_USAGE;
    }
    if (options.procedure == NULL && options.recipient == NULL && options.type == NULL)
        return options_wrong(&table, invocation->language, TEXT_WORD_MISSING, "--procedure");
    if (!read_question(invocation, &options, &question))
        return EXIT_CODE_USAGE;
    return explain(invocation, &options, &question);
}
