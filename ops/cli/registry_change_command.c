/* lienthong registry preview, apply, history, restore: one registry in the place of another. Two
 * persons are needed, and what waits at the gateway is asked first, so that nobody who is owed
 * something loses his way to it (routing/registry/registry_change.c). The folders:
 * registry_versions.c. */
#include "ops/cli/registry_change_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/cli/asking.h"
#include "ops/cli/registry_access.h"
#include "ops/cli/registry_versions.h"
#include "ops/cli/say.h"
#include "ops/cli/text.h"
#include "routing/registry/registry_change.h"

enum { SENTENCE_BYTES_MAX = 1024 };

/* A registry in use, another, and what is said about them. */
struct pair {
    struct registry *old, *other;
    struct registry_owed owed[PARTICIPANTS_MAX];
    size_t owed_count;
    bool queues_are_known;
    struct registry_changes changes;
};

static civil_day_t today(void)
{
    return day_of((wall_t){(int64_t)time(NULL) * 1000});
}

/* ---- what waits ---- */

/* NULL: a name that is no key, or more of them than a registry may have. */
static struct registry_owed *owed_to(struct pair *pair, const char *text)
{
    struct key key;
    if (!key_parse(bytes_of_text(text), &key))
        return NULL;
    for (size_t i = 0; i < pair->owed_count; i++) {
        if (key_equal(&pair->owed[i].destination, &key))
            return &pair->owed[i];
    }
    if (pair->owed_count == PARTICIPANTS_MAX)
        return NULL;
    pair->owed[pair->owed_count] = (struct registry_owed){.destination = key};
    return &pair->owed[pair->owed_count++];
}

/* What waits at the gateway, whatever its state: held messages are owed as well. */
static void take_queues(struct pair *pair, const json_t *answer)
{
    static const char *const states[] = {"queued", "leased", "deferred", "held"};
    size_t index;
    const json_t *row;
    json_array_foreach(json_object_get(answer, "destinations"), index, row)
    {
        struct registry_owed *owed = owed_to(pair, json_text(row, "destination"));
        for (size_t i = 0; owed != NULL && i < sizeof states / sizeof *states; i++)
            owed->waiting += (uint64_t)json_count(row, states[i]);
    }
}

static void take_dossiers(struct pair *pair, const json_t *answer)
{
    size_t index;
    const json_t *row;
    json_array_foreach(json_object_get(answer, "agencies"), index, row)
    {
        struct registry_owed *owed = owed_to(pair, json_text(row, "agency"));
        if (owed != NULL)
            owed->under_way = (uint64_t)json_count(row, "open");
    }
}

static int ask(const struct invocation *invocation, const char *adapter, const char *gateway,
               const char *method, const char *path, json_t **ret_answer)
{
    struct http *http = NULL;
    int code = program_open(invocation, adapter, gateway, &http);
    if (code == EXIT_CODE_OK)
        code = adapter_ask(invocation, http, method, path, ret_answer);
    http_destroy(&http);
    return code;
}

/* A preview goes on without the gateway; an apply does not. */
static int ask_all(const struct invocation *invocation,
                   const struct registry_change_options *options, struct pair *pair)
{
    json_t *queues = NULL, *dossiers = NULL;
    int code = ask(invocation, NULL, options->gateway, "GET", "/v1/queues?limit=1", &queues);
    pair->queues_are_known = code == EXIT_CODE_OK;
    if (code == EXIT_CODE_OK)
        take_queues(pair, queues);
    if (options->adapter != NULL)
        (void)ask(invocation, options->adapter, NULL, "GET", "/v1/deadlines?limit=1", &dossiers);
    take_dossiers(pair, dossiers);
    json_decref(queues);
    json_decref(dossiers);
    return code;
}

/* ---- comparing ---- */

static int open_one(const struct invocation *invocation, const char *folder,
                    struct registry **ret_registry)
{
    static struct faults faults;
    int code = registry_open(invocation, folder, &faults, ret_registry);
    if (code == EXIT_CODE_NEGATIVE)
        registry_print_faults(invocation, &faults, stdout);
    return code;
}

static int open_pair(const struct invocation *invocation, const char *place, const char *other,
                     struct pair **ret_pair)
{
    struct pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL)
        return EXIT_CODE_UNREACHABLE;
    int code = open_one(invocation, place, &pair->old);
    if (code == EXIT_CODE_OK)
        code = open_one(invocation, other, &pair->other);
    *ret_pair = pair;
    return code;
}

static void close_pair(struct pair **pair)
{
    if (*pair == NULL)
        return;
    registry_destroy(&(*pair)->old);
    registry_destroy(&(*pair)->other);
    free(*pair);
    *pair = NULL;
}

/* Both languages, because the document is kept and read by others than the one who made it. */
static json_t *change_json(const struct registry_change *change)
{
    struct buffer texts[2];
    for (int i = 0; i < 2; i++) {
        buffer_init(&texts[i], SENTENCE_BYTES_MAX);
        (void)registry_change_print(change, i == 0 ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH,
                                    &texts[i]);
    }
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:b, s:s, s:s}", "from", change->from.text, "to",
                  change->to.text, "count", (json_int_t)change->count, "under_way",
                  (json_int_t)change->under_way, "refused", registry_change_refuses(change->kind),
                  "text_vi", buffer_text(&texts[0]), "text_en", buffer_text(&texts[1]));
    buffer_release(&texts[0]);
    buffer_release(&texts[1]);
    return json;
}

static void print_json(const struct pair *pair)
{
    json_t *list = json_array();
    for (size_t i = 0; i < pair->changes.count; i++)
        (void)json_array_append_new(list, change_json(&pair->changes.items[i]));
    json_print_new(json_pack(
        "{s:s, s:s, s:b, s:s, s:b, s:o, s:i}", "old", registry_version(pair->old), "new",
        registry_version(pair->other), "may", pair->changes.reason == REASON_NONE, "reason",
        reason_code(pair->changes.reason), "queues_known", pair->queues_are_known, "changes", list,
        "left_out", (int)pair->changes.left_out));
}

static void print_changes(const struct invocation *invocation, const struct pair *pair)
{
    enum language language = invocation->language;
    for (size_t i = 0; i < pair->changes.count; i++) {
        const struct registry_change *change = &pair->changes.items[i];
        struct buffer text;
        buffer_init(&text, SENTENCE_BYTES_MAX);
        if (registry_change_print(change, language, &text))
            say(stdout,
                registry_change_refuses(change->kind)
                    ? text_of(TEXT_REGISTRY_REFUSED_CHANGE, language)
                    : "%s\n",
                buffer_text(&text));
        buffer_release(&text);
    }
    if (pair->changes.count == 0)
        say(stdout, "%s", text_of(TEXT_REGISTRY_NO_CHANGE, language));
    if (!pair->queues_are_known)
        say(stderr, "%s", text_of(TEXT_REGISTRY_QUEUES_UNKNOWN, language));
    enum reason reason = pair->changes.reason;
    if (reason == REASON_NONE)
        say(stdout, text_of(TEXT_REGISTRY_MAY, language), registry_version(pair->other),
            registry_version(pair->old));
    else
        say(stdout, text_of(TEXT_REGISTRY_MAY_NOT, language), reason_text(reason, language),
            reason_code(reason),
            language == LANGUAGE_VIETNAMESE ? reason_hint_vietnamese(reason) : reason_hint(reason));
}

/* EXIT_CODE_REFUSED: it may not take the place. */
static int compare(const struct invocation *invocation,
                   const struct registry_change_options *options, struct pair *pair)
{
    registry_compare(pair->old, pair->other, pair->owed, pair->owed_count, today(), &pair->changes);
    if (options->json)
        print_json(pair);
    else
        print_changes(invocation, pair);
    return pair->changes.reason == REASON_NONE ? EXIT_CODE_OK : EXIT_CODE_REFUSED;
}

/* As they would be put in use: without knowing what waits nothing is compared. */
static int compare_proposed(const struct invocation *invocation,
                            const struct registry_change_options *options,
                            const struct versions *versions, struct pair **ret_pair)
{
    char proposed[PATH_BYTES_MAX];
    versions_proposed(versions, proposed);
    int code = open_pair(invocation, versions->place, proposed, ret_pair);
    if (code == EXIT_CODE_OK)
        code = ask_all(invocation, options, *ret_pair);
    return code == EXIT_CODE_OK ? compare(invocation, options, *ret_pair) : code;
}

/* What could not be asked is said and the comparison goes on: a preview decides nothing. */
int registry_preview(const struct invocation *invocation,
                     const struct registry_change_options *options, const char *folder)
{
    struct pair *pair = NULL;
    int code = open_pair(invocation, registry_place(options->place), folder, &pair);
    if (code == EXIT_CODE_OK) {
        (void)ask_all(invocation, options, pair);
        code = compare(invocation, options, pair);
    }
    close_pair(&pair);
    return code;
}

/* ---- two persons ---- */

/* That a second person is needed, or another is at it, is an answer; everything else is a failure.
 */
static int fail(const struct invocation *invocation, const char *what, enum reason reason)
{
    enum language language = invocation->language;
    say(stderr, text_of(TEXT_REGISTRY_FAILED, language), what, reason_text(reason, language),
        reason_code(reason));
    return reason == REASON_SECOND_PERSON_NEEDED || reason == REASON_BUSY ? EXIT_CODE_REFUSED
                                                                          : EXIT_CODE_UNREACHABLE;
}

static int open_versions(const struct invocation *invocation,
                         const struct registry_change_options *options,
                         struct versions *ret_versions)
{
    const char *place = registry_place(options->place);
    enum reason reason = versions_open(place, ret_versions);
    return reason == REASON_NONE ? EXIT_CODE_OK : fail(invocation, place, reason);
}

/* Copied first and compared then: what is compared is what another person will put in use, not a
 * folder that may change meanwhile. */
static int propose(const struct invocation *invocation,
                   const struct registry_change_options *options, const struct versions *versions,
                   const char *folder, const char *version)
{
    struct pair *pair = NULL;
    enum reason reason =
        versions_propose(versions, folder, version, options->why == NULL ? "" : options->why);
    if (reason != REASON_NONE)
        return fail(invocation, folder, reason);
    int code = compare_proposed(invocation, options, versions, &pair);
    if (code == EXIT_CODE_OK && !options->json)
        say(stdout, text_of(TEXT_REGISTRY_PROPOSED, invocation->language),
            registry_version(pair->other));
    if (code != EXIT_CODE_OK)
        versions_withdraw(versions);
    close_pair(&pair);
    return code;
}

/* A reload that was not answered may have been done all the same: the gateway itself says which
 * registry it has. *ret_answers: it said so. */
static bool has_read(const struct invocation *invocation,
                     const struct registry_change_options *options, const char *version,
                     bool *ret_answers)
{
    json_t *answer = NULL;
    *ret_answers =
        ask(invocation, NULL, options->gateway, "GET", "/v1/registry", &answer) == EXIT_CODE_OK;
    bool has = strcmp(json_text(answer, "version"), version) == 0;
    json_decref(answer);
    return has;
}

/* In use at once, or as before: the gateway has read it, or the old one is back. */
static int put_in_use(const struct invocation *invocation,
                      const struct registry_change_options *options,
                      const struct versions *versions, const struct pair *pair)
{
    json_t *answer = NULL;
    const char *old = registry_version(pair->old), *other = registry_version(pair->other);
    enum reason reason = versions_apply(versions, old, other);
    if (reason != REASON_NONE)
        return fail(invocation, other, reason);
    int code = ask(invocation, NULL, options->gateway, "POST", "/v1/registry/reload", &answer);
    json_decref(answer);
    bool is_known = code != EXIT_CODE_UNREACHABLE;
    if (!is_known && has_read(invocation, options, other, &is_known))
        code = EXIT_CODE_OK;
    if (code != EXIT_CODE_OK) {
        reason = versions_undo(versions, old, other);
        say(stderr, "%s",
            text_of(is_known ? TEXT_REGISTRY_UNDONE : TEXT_REGISTRY_UNSURE, invocation->language));
        return reason == REASON_NONE ? EXIT_CODE_REFUSED : fail(invocation, old, reason);
    }
    say(options->json ? stderr : stdout, text_of(TEXT_REGISTRY_APPLIED, invocation->language),
        other, old);
    return EXIT_CODE_OK;
}

/* Compared once more: queues have changed since it was proposed. */
static int approve(const struct invocation *invocation,
                   const struct registry_change_options *options, const struct versions *versions)
{
    struct pair *pair = NULL;
    json_t *proposal = versions_proposal(versions);
    bool waits = proposal != NULL;
    json_decref(proposal);
    if (!waits) {
        say(stderr, "%s", text_of(TEXT_REGISTRY_NONE_PROPOSED, invocation->language));
        return EXIT_CODE_NEGATIVE;
    }
    int code = compare_proposed(invocation, options, versions, &pair);
    if (code == EXIT_CODE_OK)
        code = put_in_use(invocation, options, versions, pair);
    close_pair(&pair);
    return code;
}

/* With a folder it proposes; without one it puts in use what another person proposed. */
int registry_apply(const struct invocation *invocation,
                   const struct registry_change_options *options, const char *folder)
{
    struct versions versions;
    int code = open_versions(invocation, options, &versions);
    if (code != EXIT_CODE_OK)
        return code;
    code = folder != NULL ? propose(invocation, options, &versions, folder, NULL)
                          : approve(invocation, options, &versions);
    versions_close(&versions);
    return code;
}

/* An old version is proposed like any other content, under a new version: there is no way around
 * the second person, and versions only go forward. */
int registry_restore(const struct invocation *invocation,
                     const struct registry_change_options *options, const char *version)
{
    struct versions versions;
    struct registry *registry = NULL;
    char folder[PATH_BYTES_MAX], next[REGISTRY_VERSION_TEXT_BYTES];
    int code = open_versions(invocation, options, &versions);
    if (code != EXIT_CODE_OK)
        return code;
    if (!versions_find(&versions, version, folder)) {
        say(stderr, text_of(TEXT_REGISTRY_VERSION_UNKNOWN, invocation->language), version);
        code = EXIT_CODE_NEGATIVE;
    }
    if (code == EXIT_CODE_OK)
        code = open_one(invocation, versions.place, &registry);
    if (code == EXIT_CODE_OK) {
        registry_version_next(registry, today(), next);
        code = propose(invocation, options, &versions, folder, next);
    }
    registry_destroy(&registry);
    versions_close(&versions);
    return code;
}

int registry_history(const struct invocation *invocation,
                     const struct registry_change_options *options)
{
    struct versions versions;
    size_t index;
    const json_t *row;
    int code = open_versions(invocation, options, &versions);
    if (code != EXIT_CODE_OK)
        return code;
    json_t *log = versions_log(&versions);
    versions_close(&versions);
    if (options->json) {
        json_print_new(log);
        return EXIT_CODE_OK;
    }
    json_array_foreach(log, index, row)
    {
        char moment[32];
        say(stdout, text_of(TEXT_REGISTRY_HISTORY_LINE, invocation->language),
            time_label(json_text(row, "at"), moment), json_text(row, "what"),
            json_text(row, "version"), json_text(row, "by"), json_text(row, "why"));
    }
    json_decref(log);
    return EXIT_CODE_OK;
}
