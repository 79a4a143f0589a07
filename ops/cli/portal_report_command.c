/* lienthong portal report - the figures of the service-quality index (QĐ 766), by agency and
 * period. They are counted over the portal adapter's ledger (adapters/portal/portal_index.c), one
 * row for each agency, in whole days of Vietnam. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/portal/portal_index.h"
#include "ops/cli/adapter_call.h"
#include "ops/cli/names.h"
#include "ops/cli/options.h"
#include "ops/cli/portal_command.h"
#include "ops/cli/portal_place.h"
#include "ops/cli/say.h"
#include "ops/cli/table.h"
#include "proto/base/day.h"

enum {
    AGENCIES_MAX = PARTICIPANTS_MAX + 1, /* and one row for all beyond them */
    PERIOD_DEFAULT_DAYS = 30,
};

struct report_row {
    char agency[PARTICIPANT_KEY_BYTES_MAX + 1];
    struct portal_index index;
};

struct report {
    struct report_row rows[AGENCIES_MAX];
    size_t count;
    struct portal_index total;
};

/* Each agency has its row; the last of all is everybody's who finds none left, so that the rows add
 * up to the total. */
static bool add(void *context, const struct portal_dossier_view *view)
{
    struct report *report = context;
    size_t at = 0;
    while (at < report->count && strcmp(report->rows[at].agency, view->agency) != 0)
        at++;
    if (at == AGENCIES_MAX)
        at--;
    if (at == report->count) {
        const char *name = at == AGENCIES_MAX - 1 ? "…" : view->agency;
        (void)snprintf(report->rows[at].agency, sizeof report->rows[at].agency, "%s", name);
        report->count++;
    }
    portal_index_add(&report->rows[at].index, view);
    portal_index_add(&report->total, view);
    return true;
}

/* A share of nothing is not nought: null. */
static json_t *share_json(int tenths)
{
    return tenths < 0 ? json_null() : json_real(tenths / 10.0);
}

/* The counts stand beside the shares: a share of three dossiers says something else than one of
 * three thousand. */
static json_t *index_json(const char *agency, const struct portal_index *index)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "agency", agency,
                     "dossiers", (json_int_t)index->dossiers, "accepted",
                     (json_int_t)index->accepted, "ended", (json_int_t)index->ended, "on_time",
                     (json_int_t)index->on_time, "online", (json_int_t)index->online,
                     "sync_percent", share_json(portal_index_sync(index)), "on_time_percent",
                     share_json(portal_index_on_time(index)), "online_percent",
                     share_json(portal_index_online(index)), "digitised_percent",
                     share_json(portal_index_digitised(index)));
}

static void print_json(const struct report *report, const char *from, const char *to, bool asked)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < report->count; i++)
        (void)json_array_append_new(rows,
                                    index_json(report->rows[i].agency, &report->rows[i].index));
    json_t *shown = asked ? json_integer((json_int_t)report->total.shown) : json_null();
    json_print_new(json_pack("{s:s, s:s, s:o, s:o, s:o}", "from", from, "to", to, "agencies", rows,
                             "total", index_json("", &report->total), "shown_by_portal", shown));
}

static const struct table_column columns[] = {
    {TEXT_COLUMN_AGENCY, TABLE_NAME},     {TEXT_COLUMN_DOSSIERS, TABLE_NUMBER},
    {TEXT_COLUMN_ACCEPTED, TABLE_NUMBER}, {TEXT_COLUMN_SYNC, TABLE_NUMBER},
    {TEXT_COLUMN_ENDED, TABLE_NUMBER},    {TEXT_COLUMN_ON_TIME, TABLE_NUMBER},
    {TEXT_COLUMN_ONLINE, TABLE_NUMBER},   {TEXT_COLUMN_DIGITISED, TABLE_NUMBER},
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

/* Tenths of a percent as whole numbers: the same rounding in table and JSON. */
static const char *share_text(int tenths, char scratch[16])
{
    if (tenths < 0)
        return "-";
    (void)snprintf(scratch, 16, "%d.%d%%", tenths / 10, tenths % 10);
    return scratch;
}

static void add_table_row(struct table *table, const char *name, const struct portal_index *index)
{
    char numbers[3][24], shares[4][16];
    (void)snprintf(numbers[0], sizeof numbers[0], "%llu", (unsigned long long)index->dossiers);
    (void)snprintf(numbers[1], sizeof numbers[1], "%llu", (unsigned long long)index->accepted);
    (void)snprintf(numbers[2], sizeof numbers[2], "%llu", (unsigned long long)index->ended);
    const char *const cells[COLUMN_COUNT] = {
        name,
        numbers[0],
        numbers[1],
        share_text(portal_index_sync(index), shares[0]),
        numbers[2],
        share_text(portal_index_on_time(index), shares[1]),
        share_text(portal_index_online(index), shares[2]),
        share_text(portal_index_digitised(index), shares[3]),
    };
    (void)table_row(table, cells);
}

/* Who is furthest from being known at the portal comes first, then who is late most often. */
static int compare_rows(const void *a, const void *b)
{
    const struct report_row *left = a;
    const struct report_row *right = b;
    int sync[] = {portal_index_sync(&left->index), portal_index_sync(&right->index)};
    int on_time[] = {portal_index_on_time(&left->index), portal_index_on_time(&right->index)};
    if (sync[0] != sync[1])
        return sync[0] < sync[1] ? -1 : 1;
    if (on_time[0] != on_time[1])
        return on_time[0] < on_time[1] ? -1 : 1;
    return strcmp(left->agency, right->agency);
}

/* The total is a row of the table and stands last, whatever the order of the others. */
static void print_table(const struct invocation *invocation, const struct portal_place *place,
                        struct report *report)
{
    struct names names;
    struct table table;
    names_open(invocation, place->settings_path, &names);
    table_init(&table, columns, COLUMN_COUNT, terminal_width(stdout));
    qsort(report->rows, report->count, sizeof *report->rows, compare_rows);
    for (size_t i = 0; i < report->count; i++)
        add_table_row(&table, short_name_of(&names, report->rows[i].agency),
                      &report->rows[i].index);
    add_table_row(&table, text_of(TEXT_PORTAL_TOTAL, invocation->language), &report->total);
    table_end(&table, invocation->language);
    names_close(&names);
}

/* How many the portal itself shows, which is the other half of the sync rate. */
struct showing {
    struct portal_place *place;
    uint64_t *shown;
};

static enum reason ask_shown(void *context, const struct portal_question *question,
                             struct portal_answer *ret_answer)
{
    return portal_place_ask(((struct showing *)context)->place, question, ret_answer);
}

static enum reason count_shown(void *context, const json_t *row)
{
    (void)row;
    (*((struct showing *)context)->shown)++;
    return REASON_NONE;
}

/* From the ledger alone unless --ask-portal is given, so that a report can be made while the portal
 * is down. */
int portal_report_command(const struct invocation *invocation, int argc, char **argv)
{
    static struct report report;
    bool json = false, asks = false;
    const char *adapter = NULL, *from_text = NULL, *to_text = NULL;
    const struct option_row rows[] = {
        {"from", 'f', OPTION_TEXT, &from_text, VALUE_DAY, TEXT_PORTAL_FROM, 0, 0},
        {"to", 't', OPTION_TEXT, &to_text, VALUE_DAY, TEXT_PORTAL_TO, 0, 0},
        {"ask-portal", 0, OPTION_FLAG, &asks, VALUE_NONE, TEXT_PORTAL_ASK, 0, 0},
        {"adapter", 'a', OPTION_TEXT, &adapter, VALUE_PATH, TEXT_PORTAL_ADAPTER, 0, 0},
        OPTION_ROW_JSON(&json),
    };
    static const struct option_word words[] = {{NULL, {VALUE_NONE}, 0, false}};
    const struct option_table table =
        OPTION_TABLE("portal report", TEXT_PORTAL_REPORT, words, rows, NULL);
    struct option_words given;
    int code;
    if (!options_read(&table, invocation, argc, argv, &given, &code))
        return code;
    wall_t from, to;
    if (!portal_period(invocation, from_text, to_text, PERIOD_DEFAULT_DAYS, &from, &to))
        return EXIT_CODE_USAGE;
    struct portal_place place;
    report = (struct report){.count = 0};
    code = portal_place_open(invocation, adapter, asks, &place);
    enum reason reason = REASON_NONE;
    if (code == EXIT_CODE_OK)
        reason = portal_ledger_dossiers(place.ledger, from, to, "", -1, add, &report);
    if (code == EXIT_CODE_OK && reason == REASON_NONE && asks)
        reason = portal_listing(from, to, ask_shown, count_shown,
                                &(struct showing){&place, &report.total.shown});
    if (code == EXIT_CODE_OK && reason != REASON_NONE)
        code = portal_place_complain(invocation, &place, "portal report", reason);
    if (code == EXIT_CODE_OK && json) {
        char first[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
        day_format(day_of(from), first);
        day_format(day_of((wall_t){to.ms - 1}), last);
        print_json(&report, first, last, asks);
    } else if (code == EXIT_CODE_OK) {
        print_table(invocation, &place, &report);
        if (asks)
            say(stdout, text_of(TEXT_PORTAL_SHOWN, invocation->language),
                (unsigned long long)report.total.shown);
    }
    portal_place_close(&place);
    return code;
}
