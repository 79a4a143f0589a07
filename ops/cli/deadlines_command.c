/* lienthong deadlines - which dossiers are due, overdue or wait for papers, and at whose desk. An
 * adapter answers from the dossiers that passed through it, the centre's from all of the province;
 * the reckoning is in routing/deadline, and here are tables alone. */
#include <stdio.h>
#include <string.h>

#include "gateway/api/api.h"
#include "ops/cli/asking.h"
#include "ops/cli/options.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "routing/deadline/deadline.h"

struct deadlines_options {
    bool json;
    const char *adapter, *agency, *standing;
    int64_t limit;
};

static const struct table_column agency_columns[] = {
    {TEXT_COLUMN_AGENCY, TABLE_NAME},    {TEXT_COLUMN_OPEN, TABLE_NUMBER},
    {TEXT_COLUMN_OVERDUE, TABLE_NUMBER}, {TEXT_COLUMN_DUE_TODAY, TABLE_NUMBER},
    {TEXT_COLUMN_PAUSED, TABLE_NUMBER},
};
static const struct table_column dossier_columns[] = {
    {TEXT_COLUMN_DOSSIER, TABLE_TEXT},     {TEXT_COLUMN_AGENCY, TABLE_NAME},
    {TEXT_COLUMN_APPOINTMENT, TABLE_TEXT}, {TEXT_COLUMN_STANDING, TABLE_TEXT},
    {TEXT_COLUMN_MARKS, TABLE_NOTE},
};
enum {
    AGENCY_COLUMNS = sizeof agency_columns / sizeof agency_columns[0],
    DOSSIER_COLUMNS = sizeof dossier_columns / sizeof dossier_columns[0],
};

static const struct word_text words[] = {
    {"in_time", TEXT_DEADLINE_IN_TIME},
    {"due_today", TEXT_DEADLINE_DUE_TODAY},
    {"overdue", TEXT_DEADLINE_OVERDUE},
    {"paused", TEXT_DEADLINE_PAUSED},
    {"provisional", TEXT_DEADLINE_PROVISIONAL},
    {"later_than_law", TEXT_DEADLINE_LATER_THAN_LAW},
    {"extension_late", TEXT_DEADLINE_EXTENSION_LATE},
    {"extension_repeated", TEXT_DEADLINE_EXTENSION_REPEATED},
    {"supplement_repeated", TEXT_DEADLINE_SUPPLEMENT_REPEATED},
};

/* Dossiers that went to nobody yet have no agency; they are counted under "?". */
static void print_agencies(const struct names *names, const json_t *agencies)
{
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, agency_columns, AGENCY_COLUMNS, terminal_width(stdout));
    json_array_foreach(agencies, index, row)
    {
        char numbers[4][32];
        const char *key = json_text(row, "agency");
        const char *const cells[AGENCY_COLUMNS] = {
            key[0] == 0 ? "?" : name_of(names, key), json_number(row, "open", numbers[0]),
            json_number(row, "overdue", numbers[1]), json_number(row, "due_today", numbers[2]),
            json_number(row, "paused", numbers[3]),
        };
        table_row(&table, cells);
    }
    table_end(&table, names->language);
}

/* What does not fit is left off whole, so that no mark is cut into another one's name. */
static const char *marks_label(const json_t *row, enum language language, char scratch[256])
{
    size_t index, used = 0;
    const json_t *mark;
    scratch[0] = 0;
    json_array_foreach(json_object_get(row, "marks"), index, mark)
    {
        int size = snprintf(scratch + used, 256 - used, "%s%s", used == 0 ? "" : "; ",
                            WORD_LABEL(words, json_string_value(mark), language));
        if (size < 0 || used + (size_t)size >= 256)
            break;
        used += (size_t)size;
    }
    return scratch;
}

static void print_dossiers(const struct names *names, const json_t *dossiers)
{
    struct table table;
    size_t index;
    const json_t *row;
    table_init(&table, dossier_columns, DOSSIER_COLUMNS, terminal_width(stdout));
    json_array_foreach(dossiers, index, row)
    {
        char due[32], marks[256];
        const char *const cells[DOSSIER_COLUMNS] = {
            json_text(row, "dossier_code"),
            name_of(names, json_text(row, "agency")),
            time_label(json_text(row, "due"), due),
            WORD_LABEL(words, json_text(row, "standing"), names->language),
            marks_label(row, names->language, marks),
        };
        table_row(&table, cells);
    }
    table_end(&table, names->language);
}

/* Agencies without an open dossier are not in the answer, so that an empty list means that nothing
 * is open anywhere. How far the calendar knows holidays stands last, because due days behind it are
 * guesses. */
static int show(const struct names *names, void *context, const json_t *answer)
{
    const json_t *agencies = json_object_get(answer, "agencies");
    const json_t *dossiers = json_object_get(answer, "deadlines");
    (void)context;
    if (json_array_size(agencies) == 0) {
        fputs(text_of(TEXT_DEADLINES_EMPTY, names->language), stdout);
        return EXIT_CODE_OK;
    }
    print_agencies(names, agencies);
    if (json_array_size(dossiers) > 0) {
        putchar('\n');
        print_dossiers(names, dossiers);
    }
    if (json_text(answer, "calendar_known_to")[0] != 0)
        say(stdout, text_of(TEXT_DEADLINES_KNOWN_TO, names->language),
            json_text(answer, "calendar_known_to"));
    return EXIT_CODE_OK;
}

static int ask(const struct invocation *invocation, struct http *http, void *context,
               json_t **ret_answer)
{
    const struct deadlines_options *options = context;
    char path[512] = "/v1/deadlines";
    path_add(path, sizeof path, "agency", options->agency);
    path_add(path, sizeof path, "standing", options->standing);
    return adapter_ask_pages(invocation, http, path, "deadlines", options->limit, ret_answer);
}

int command_deadlines(const struct invocation *invocation, int argc, char **argv)
{
    enum { LIMIT_MAX = 10000 };
    struct deadlines_options options = {.limit = API_PAGE_MAX};
    const struct option_row rows[] = {
        {"standing", 's', OPTION_TEXT, &options.standing, VALUE_STANDING, TEXT_DEADLINES_STANDING,
         0, 0},
        {"agency", 0, OPTION_TEXT, &options.agency, VALUE_PARTY, TEXT_DEADLINES_AGENCY, 0, 0},
        {"limit", 'n', OPTION_INTEGER, &options.limit, VALUE_NUMBER, TEXT_LIMIT, 1, LIMIT_MAX},
        {"adapter", 'a', OPTION_TEXT, &options.adapter, VALUE_PATH, TEXT_OPTION_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&options.json),
    };
    static const struct option_word none[] = {{NULL, {VALUE_NONE}, 0, false}};
    const struct option_table table =
        OPTION_TABLE("deadlines", TEXT_COMMAND_DEADLINES, none, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    return asking_run(invocation,
                      &(struct asking){options.adapter, NULL, options.json, ask, show, &options});
}
