/* lienthong registry - are its files good, and if not, everything that is wrong with them; and the
 * words for putting another one in its place (registry_change_command.h). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/workers/registry_check.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/registry_access.h"
#include "ops/cli/registry_change_command.h"
#include "ops/cli/say.h"
#include "proto/seal/trust.h"

enum { TEXT_BYTES_LIMIT = 4096 };

static json_t *faults_document(const struct faults *faults, enum language language)
{
    json_t *list = json_array();
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:s?, s:s, s:s, s:s}", "file",
                                              fault->file, "line", (int)fault->line, "column",
                                              fault->column, "kind", fault_name(fault->kind),
                                              "text", fault_text(fault->kind, language), "detail",
                                              fault->detail));
    }
    return list;
}

/* A finding that is no fault is a warning, such as a certificate that soon ends; a script tells
 * them apart by "fault". */
static json_t *findings_document(const struct registry_findings *findings, enum language language)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct registry_finding *finding = &findings->items[i];
        struct buffer text;
        buffer_init(&text, TEXT_BYTES_LIMIT);
        (void)registry_finding_print(finding, language, &text);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:s, s:s?}", "of",
                                        finding->is_list ? "list" : "certificate", "name",
                                        finding->name, "fault", finding->is_fault, "reason",
                                        reason_code(finding->reason), "text", buffer_text(&text)));
        buffer_release(&text);
    }
    return list;
}

/* Also of a registry that is not good: its faults are what the caller asked for. Counts are there
 * only when it could be read. */
static void print_document(const struct invocation *invocation, const char *directory,
                           const struct registry *registry, const struct faults *faults,
                           const struct registry_findings *findings, bool good)
{
    json_t *document = json_pack("{s:s, s:b, s:o, s:i, s:o, s:i}", "directory", directory, "good",
                                 good, "faults", faults_document(faults, invocation->language),
                                 "faults_left_out", (int)faults->left_out, "findings",
                                 findings_document(findings, invocation->language),
                                 "findings_left_out", (int)findings->left_out);
    if (document != NULL && registry != NULL) {
        char known_to[DAY_TEXT_BYTES];
        day_format(calendar_known_to(registry_calendar(registry)), known_to);
        json_object_set_new(document, "calendar_known_to", json_string(known_to));
        json_t *counts = json_pack(
            "{s:s, s:i, s:i, s:i, s:i, s:i}", "version", registry_version(registry), "agencies",
            (int)registry_agency_count(registry), "participants",
            (int)registry_participant_count(registry), "carriers",
            (int)registry_carrier_count(registry), "procedures",
            (int)registry_procedure_count(registry), "rules", (int)registry_policy_count(registry));
        json_object_update_missing(document, counts);
        json_decref(counts);
    }
    json_print_new(document);
}

/* Carriers have a line of their own, because most provinces have none. */
static void print_good(const struct invocation *invocation, const struct registry *registry)
{
    say(stdout, text_of(TEXT_REGISTRY_GOOD, invocation->language), registry_agency_count(registry),
        registry_participant_count(registry), registry_procedure_count(registry),
        registry_policy_count(registry), registry_version(registry));
    size_t carriers = registry_carrier_count(registry);
    size_t carried = 0;
    for (size_t i = 0; i < carriers; i++)
        carried += registry_carrier_at(registry, i)->participant_count;
    if (carriers > 0)
        say(stdout, text_of(TEXT_REGISTRY_CARRIERS, invocation->language), carriers, carried);
}

static void print_findings(const struct registry_findings *findings, enum language language)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct registry_finding *finding = &findings->items[i];
        struct buffer text;
        buffer_init(&text, TEXT_BYTES_LIMIT);
        if (registry_finding_print(finding, language, &text))
            say(stdout, finding->is_fault ? "%s\n" : text_of(TEXT_REGISTRY_NOTE, language),
                buffer_text(&text));
        buffer_release(&text);
    }
    if (findings->faults > 0)
        say(stdout, text_of(TEXT_REGISTRY_FAULTS, language), findings->faults);
}

/* The certificates, anchors and lists beside the files, as gateway and adapters will judge them. A
 * folder of data alone, without participants, has none. */
static int check_trust(const struct invocation *invocation, const char *directory,
                       const struct registry *registry, bool json,
                       struct registry_findings *ret_findings)
{
    char culprit[FILE_PATH_BYTES_MAX];
    struct trust *trust = NULL;
    wall_t now = {(int64_t)time(NULL) * 1000};
    if (registry_participant_count(registry) == 0)
        return EXIT_CODE_OK;
    enum reason reason =
        registry_check_trust(directory, registry, now, &trust, culprit, ret_findings);
    if (reason == REASON_NONE) {
        trust_drop(&trust);
        if (!json)
            print_findings(ret_findings, invocation->language);
        return ret_findings->faults > 0 ? EXIT_CODE_NEGATIVE : EXIT_CODE_OK;
    }
    say(json ? stderr : stdout, text_of(TEXT_REGISTRY_TRUST, invocation->language),
        culprit[0] != 0 ? culprit : directory, reason_text(reason, invocation->language),
        reason_code(reason));
    return EXIT_CODE_NEGATIVE;
}

/* Agencies that dossiers go to and that cannot fetch them. No fault: they may follow. */
static void print_not_enrolled(const struct invocation *invocation, const struct registry *registry)
{
    if (registry_participant_count(registry) == 0)
        return;
    for (size_t i = 0; i < registry_agency_count(registry); i++) {
        const struct agency *agency = registry_agency_at(registry, i);
        size_t count = 0;
        for (size_t j = 0; j < registry_procedure_count(registry); j++)
            count += registry_procedure_at(registry, j)->agency == agency;
        if (count > 0 && registry_participant(registry, &agency->key) == NULL)
            say(stderr, text_of(TEXT_REGISTRY_NOT_ENROLLED, invocation->language), agency->key.text,
                count);
    }
}

/* Two months before its end, and when it names no day at all. */
static void print_calendar(const struct invocation *invocation, const struct registry *registry)
{
    char day[DAY_TEXT_BYTES];
    civil_day_t known_to = calendar_known_to(registry_calendar(registry));
    civil_day_t today = day_of((wall_t){(int64_t)time(NULL) * 1000});
    day_format(known_to, day);
    if (day[0] == 0)
        say(stderr, "%s", text_of(TEXT_REGISTRY_CALENDAR_NONE, invocation->language));
    else if (known_to.number - today.number < CALENDAR_WARNING_DAYS)
        say(stderr, text_of(TEXT_REGISTRY_CALENDAR_ENDS, invocation->language), day);
}

/* The tables first: what a certificate is for can be judged only when the participants are known.
 * Hints about the calendar and about who is not enrolled go to standard error and change no code.
 */
static int check_registry(const struct invocation *invocation, const char *given, bool json)
{
    static struct faults faults;
    static struct registry_findings findings;
    struct registry *registry = NULL;
    const char *directory = registry_place(given);
    int code = registry_open(invocation, directory, &faults, &registry);
    if (code == EXIT_CODE_OK) {
        print_not_enrolled(invocation, registry);
        if (!json)
            print_calendar(invocation, registry);
        code = check_trust(invocation, directory, registry, json, &findings);
    }
    bool is_trust = code == EXIT_CODE_NEGATIVE && registry != NULL;
    if (json && code != EXIT_CODE_UNREACHABLE)
        print_document(invocation, directory, registry, &faults, &findings, code == EXIT_CODE_OK);
    else if (code == EXIT_CODE_OK)
        print_good(invocation, registry);
    else if (code == EXIT_CODE_NEGATIVE && !is_trust)
        registry_print_faults(invocation, &faults, stdout);
    registry_destroy(&registry);
    return code;
}

enum { CHECK, PREVIEW, APPLY, RESTORE, HISTORY, WORKS };

static const struct option_word words[WORKS] = {
    [CHECK] = {"check", {VALUE_FOLDER}, 0, false},
    [PREVIEW] = {"preview", {VALUE_FOLDER}, 1, false},
    [APPLY] = {"apply", {VALUE_FOLDER}, 0, false},
    [RESTORE] = {"restore", {VALUE_VERSION}, 1, false},
    [HISTORY] = {"history", {VALUE_NONE}, 0, false},
};

int command_registry(const struct invocation *invocation, int argc, char **argv)
{
    struct registry_change_options options = {.gateway = ""};
    const struct option_row rows[] = {
        {"registry", 'r', OPTION_TEXT, &options.place, VALUE_FOLDER, TEXT_REGISTRY_PLACE, 0, 0},
        {"why", 'w', OPTION_TEXT, &options.why, VALUE_TEXT, TEXT_REGISTRY_WHY, 0, 0},
        {"gateway", 'g', OPTION_MAYBE, &options.gateway, VALUE_SOCKET, TEXT_REGISTRY_GATEWAY, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_REGISTRY_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    const struct option_table table =
        OPTION_TABLE("registry", TEXT_COMMAND_REGISTRY, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    const char *value = given.count > 0 ? given.values[0] : NULL;
    switch (given.word) {
    case PREVIEW:
        return registry_preview(invocation, &options, value);
    case APPLY:
        return registry_apply(invocation, &options, value);
    case RESTORE:
        return registry_restore(invocation, &options, value);
    case HISTORY:
        return registry_history(invocation, &options);
    default:
        return check_registry(invocation, value != NULL ? value : options.place, options.json);
    }
}
