/* lienthong portal catalogue - the portal's procedures and agencies beside the registry's, and a
 * registry that would follow. Nothing is applied: a person looks at the folder, and puts it into
 * place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/workers/program.h"
#include "gateway/workers/registry_directory.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/portal_proposal.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "proto/seal/sha256.h"

/* ---- asking ---------------------------------------------------------------------------------- */

/* An answer without rows is malformed and not an empty catalogue, which would propose to end every
 * procedure. */
static enum reason pull(struct portal_place *place, const char *service, json_t **ret_rows)
{
    struct portal_question question = {.service = service};
    struct portal_answer answer;
    enum reason reason = portal_place_ask(place, &question, &answer);
    if (reason == REASON_NONE)
        *ret_rows = json_incref(json_object_get(answer.json, "rows"));
    portal_answer_release(&answer);
    return reason == REASON_NONE && !json_is_array(*ret_rows) ? REASON_OFFICE_REPLY_MALFORMED
                                                              : reason;
}

/* ---- showing --------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {TEXT_COLUMN_DIFFERENCE, TABLE_TEXT},
    {TEXT_COLUMN_CODE, TABLE_TEXT},
    {TEXT_COLUMN_OURS, TABLE_TEXT},
    {TEXT_COLUMN_THEIRS, TABLE_NAME},
};

static void print_changes(enum language language, const json_t *changes)
{
    static const struct {
        const char *kind;
        enum text text;
    } names[] = {
        {"procedure_new", TEXT_PORTAL_PROCEDURE_NEW},
        {"procedure_gone", TEXT_PORTAL_PROCEDURE_GONE},
        {"procedure_renamed", TEXT_PORTAL_PROCEDURE_RENAMED},
        {"agency_new", TEXT_PORTAL_AGENCY_NEW},
        {"agency_gone", TEXT_PORTAL_AGENCY_GONE},
        {"agency_renamed", TEXT_PORTAL_AGENCY_RENAMED},
    };
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, columns, 4, terminal_width(stdout));
    json_array_foreach(changes, index, row)
    {
        enum text text = names[0].text;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strcmp(names[i].kind, json_text(row, "kind")) == 0)
                text = names[i].text;
        }
        const char *const cells[4] = {text_of(text, language), json_text(row, "code"),
                                      json_text(row, "ours"), json_text(row, "theirs")};
        (void)table_row(&table, cells);
    }
    table_end(&table, language);
}

/* A difference is the answer "no" to a script that asks whether the two agree. */
static int show(const struct invocation *invocation, const json_t *changes, const char *output,
                bool json)
{
    size_t count = json_array_size(changes);
    if (json) {
        json_print_new(
            json_pack("{s:O, s:s?}", "changes", changes, "proposal", count > 0 ? output : NULL));
    } else if (count == 0) {
        (void)fputs(text_of(TEXT_PORTAL_CATALOGUE_SAME, invocation->language), stdout);
    } else {
        print_changes(invocation->language, changes);
        if (output == NULL)
            say(stdout, text_of(TEXT_PORTAL_CATALOGUE_COUNT, invocation->language), count);
        else
            say(stdout, text_of(TEXT_PORTAL_CATALOGUE_DONE, invocation->language), count, output);
    }
    return count == 0 ? EXIT_CODE_OK : EXIT_CODE_NEGATIVE;
}

/* ---- the command ----------------------------------------------------------------------------- */

struct values {
    bool json;
    const char *adapter, *registry, *output;
};

/* Both lists are fetched before anything is written: a proposal of procedures alone would look like
 * one that has no changes of agencies. */
static int compare(const struct invocation *invocation, struct portal_place *place,
                   const struct values *values)
{
    static struct faults faults;
    const char *directory =
        values->registry != NULL ? values->registry : place->settings.registry_directory;
    struct portal_proposal proposal = {
        .directory = directory, .output = values->output, .today = program_wall()};
    struct registry *registry = NULL;
    json_t *procedures = NULL, *agencies = NULL, *changes = NULL;
    enum reason reason = registry_directory_load(directory, sha256_parts, &faults, &registry);
    int code =
        reason == REASON_NONE ? EXIT_CODE_OK : portal_complain(invocation, directory, reason);
    if (code == EXIT_CODE_OK) {
        reason = pull(place, "procedures", &procedures);
        if (reason == REASON_NONE)
            reason = pull(place, "agencies", &agencies);
        if (reason != REASON_NONE)
            code = portal_place_complain(invocation, place, "portal catalogue", reason);
    }
    if (code == EXIT_CODE_OK) {
        proposal.registry = registry;
        proposal.procedures = procedures;
        proposal.agencies = agencies;
        changes = portal_proposal_changes(&proposal);
        bool writes = values->output != NULL && json_array_size(changes) > 0;
        reason = writes ? portal_proposal_write(&proposal) : REASON_NONE;
        code = reason == REASON_NONE ? show(invocation, changes, values->output, values->json)
                                     : portal_complain(invocation, values->output, reason);
    }
    json_decref(changes);
    json_decref(procedures);
    json_decref(agencies);
    registry_destroy(&registry);
    return code;
}

int portal_catalogue_command(const struct invocation *invocation, int argc, char **argv)
{
    struct values values = {.json = false};
    const struct option_row rows[] = {
        {"registry", 0, OPTION_TEXT, &values.registry, VALUE_FOLDER, TEXT_OPTION_REGISTRY, 0, 0},
        {"output", 'o', OPTION_TEXT, &values.output, VALUE_FOLDER, TEXT_PORTAL_OUTPUT, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &values.adapter, VALUE_PATH, TEXT_PORTAL_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&values.json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_NONE}, 0, false}};
    const struct option_table table =
        OPTION_TABLE("portal catalogue", TEXT_PORTAL_CATALOGUE, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    struct portal_place place;
    code = portal_place_open(invocation, values.adapter, true, &place);
    if (code == EXIT_CODE_OK)
        code = compare(invocation, &place, &values);
    portal_place_close(&place);
    return code;
}
