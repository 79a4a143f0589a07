/* The catalogue, found by typing: words of the name (folded), or how the code begins; and what a
 * forward of now would mean, before it is sent. */
#include "adapters/desk/desk.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/desk/dossier_row.h"
#include "adapters/desk/fold.h"
#include "gateway/workers/program.h"
#include "proto/base/day.h"
#include "routing/deadline/deadline.h"
#include "routing/registry/registry.h"

enum { WORDS_BYTES = 512 };

/* Every word of `words` begins a word of `text`; both folded. */
static bool has_words(const char *text, const char *words)
{
    while (*words != 0) {
        size_t size = strcspn(words, " ");
        const char *at = size == 0 ? text : strstr(text, words);
        bool is_found = size == 0;
        for (at = text; !is_found && *at != 0; at += strcspn(at, " "), at += *at == ' ')
            is_found = strncmp(at, words, size) == 0;
        if (!is_found)
            return false;
        words += size + (words[size] == ' ');
    }
    return true;
}

/* Without an agency of its own the area decides, and the form asks for the area. */
static json_t *procedure_json(const struct procedure *procedure, const struct registry *registry)
{
    const char *agency = procedure->agency == NULL ? "" : procedure->agency->key.text;
    json_t *object = json_object();
    bool ok = put_word(object, "code", procedure->code) &&
              put_word(object, "name_vi", procedure->name_vi) &&
              put_word(object, "name_en", procedure->name_en) &&
              put_word(object, "agency", agency) &&
              put_agency_name(object, "agency_name", registry, agency) &&
              json_put(object, "days", json_integer(procedure->processing_days)) &&
              json_put(object, "area_needed", json_boolean(procedure->agency == NULL));
    return json_whole(object, ok);
}

/* The code as it was typed, from its beginning; or all words, each the beginning of a word of
 * the name, in any order. */
static bool matches(const struct procedure *procedure, const char *typed, const char *words)
{
    struct buffer name;
    bool is_one = strncmp(procedure->code, typed, strlen(typed)) == 0;
    if (is_one)
        return true;
    buffer_init(&name, WORDS_BYTES);
    (void)fold_text(bytes_of_text(procedure->name_vi), &name); /* a long name: as far as it fits */
    const char *text = buffer_text(&name);
    is_one = text != NULL && has_words(text, words);
    buffer_release(&name);
    return is_one;
}

/* Some two thousand names: folded anew for each question, in a few milliseconds. */
void procedures_get(struct api_request *request)
{
    const struct registry *registry = desk_of(request)->registry;
    const char *typed = api_query(request, "q");
    civil_day_t today = day_of(program_wall());
    struct buffer folded;
    uint64_t limit;
    if (!api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    typed = typed == NULL ? "" : typed;
    buffer_init(&folded, WORDS_BYTES);
    (void)fold_text(bytes_of_text(typed), &folded);
    const char *words = buffer_text(&folded);
    json_t *list = json_array();
    bool ok = list != NULL && words != NULL;
    for (size_t i = 0; ok && i < registry_procedure_count(registry); i++) {
        const struct procedure *procedure = registry_procedure_at(registry, i);
        if (json_array_size(list) == limit)
            break;
        if (procedure_in_force(procedure, today) && matches(procedure, typed, words))
            ok = json_array_append_new(list, procedure_json(procedure, registry)) == 0;
    }
    buffer_release(&folded);
    json_t *object = json_object();
    ok = json_put(object, "procedures", list) && ok;
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}

/* The adapter fills in the same appointment when the form leaves it out. */
void procedure_get(struct api_request *request)
{
    const struct registry *registry = desk_of(request)->registry;
    const struct procedure *procedure =
        registry_procedure(registry, bytes_of_text(api_argument(request)));
    const struct calendar *calendar = registry_calendar(registry);
    const char *text = api_query(request, "received");
    struct stamp received = {.at = program_wall()};
    wall_t due;
    if (procedure == NULL) {
        api_answer_reason(request, REASON_PROCEDURE_UNKNOWN, "code");
        return;
    }
    if (text != NULL && !stamp_parse(bytes_of_text(text), &received)) {
        api_answer_reason(request, REASON_FIELD_INVALID, "received");
        return;
    }
    json_t *object = procedure_json(procedure, registry);
    bool ok = put_ms(object, "received", received.at.ms) &&
              put_word(object, "registry_version", registry_version(registry));
    if (ok && deadline_by_law(calendar, received.at, procedure->processing_days, &due))
        ok = put_ms(object, "due", due.ms) &&
             json_put(object, "due_is_provisional",
                      json_boolean(!calendar_knows(calendar, day_of(due))));
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
