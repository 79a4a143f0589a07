/* Questions for dossiers as SQL. */
#include "adapters/desk/dossier_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/fold.h"
#include "proto/base/day.h"

enum { WORD_BYTES = 200, DAY_MS = 24 * 60 * 60 * 1000 };

const char *const dossier_views[DOSSIER_VIEWS] = {
    "waiting_me", "waiting_agency", "waiting_handover", "due_today", "overdue",
    "supplement", "refused",        "results",          "all",
};

void dossier_query_init(struct dossier_query *query)
{
    *query = (struct dossier_query){.is_whole = true};
}

/* A condition and its value, or neither: a text that was cut would ask something else. What is
 * too much makes the question one that is refused. */
static void add(struct dossier_query *query, const char *condition,
                const struct dossier_value *value)
{
    size_t size = strlen(query->conditions);
    int more = snprintf(query->conditions + size, sizeof query->conditions - size, "%s", condition);
    if (more < 0 || size + (size_t)more >= sizeof query->conditions ||
        query->value_count == DOSSIER_VALUES_MAX) {
        query->conditions[size] = 0;
        query->is_whole = false;
        return;
    }
    if (value != NULL)
        query->values[query->value_count++] = *value;
}

void dossier_query_text_is(struct dossier_query *query, const char *condition, const char *text)
{
    struct dossier_value value = {.is_text = true};
    if (snprintf(value.text, sizeof value.text, "%s", text) >= (int)sizeof value.text)
        query->is_whole = false;
    add(query, condition, &value);
}

void dossier_query_number_is(struct dossier_query *query, const char *condition, int64_t number)
{
    add(query, condition, &(struct dossier_value){.number = number});
}

/* ---- views ---- */

#define OPEN_CLOCK " AND finished_ms = 0 AND due_ms > 0 AND state NOT IN (4, 5)"
_Static_assert(DESK_STATE_SUPPLEMENT == 4 && DESK_STATE_SUSPENDED == 5, "the paused states");

/* The last moment of a Vietnamese day. */
static int64_t end_of_day(wall_t now)
{
    int64_t local_ms = now.ms + VIETNAM_OFFSET_MINUTES * INT64_C(60000);
    return now.ms - local_ms % DAY_MS + DAY_MS - 1;
}

/* Saved views are few and fixed; their names stand in addresses that people keep. */
bool dossier_query_view(struct dossier_query *query, const char *view, wall_t now)
{
    if (strcmp(view, "waiting_me") == 0) {
        dossier_query_number_is(query, " AND waits_for = ?", WAITS_US);
    } else if (strcmp(view, "waiting_agency") == 0) {
        dossier_query_number_is(query, " AND waits_for = ?", WAITS_AGENCY);
    } else if (strcmp(view, "waiting_handover") == 0) {
        dossier_query_number_is(query, " AND state = ?", DESK_STATE_FORWARDED);
    } else if (strcmp(view, "due_today") == 0) {
        dossier_query_number_is(query, OPEN_CLOCK " AND due_ms >= ?", now.ms);
        dossier_query_number_is(query, " AND due_ms <= ?", end_of_day(now));
    } else if (strcmp(view, "overdue") == 0) {
        dossier_query_number_is(query, OPEN_CLOCK " AND due_ms < ?", now.ms);
    } else if (strcmp(view, "supplement") == 0) {
        dossier_query_number_is(query, " AND state = ?", DESK_STATE_SUPPLEMENT);
    } else if (strcmp(view, "refused") == 0) {
        dossier_query_number_is(query, " AND state = ?", DESK_STATE_REFUSED);
    } else if (strcmp(view, "results") == 0) {
        dossier_query_number_is(query, " AND state = ?", DESK_STATE_RESULT);
    } else {
        return strcmp(view, "all") == 0;
    }
    return true;
}

/* ---- words ---- */

/* Each must be a word of the dossier's, in any order; the last one may be the beginning of one, as
 * somebody who types it sees. (The beginnings of all would take the index ten times as long.) */
static void add_words(struct dossier_query *query, const char *words)
{
    struct buffer folded;
    size_t used = strlen(query->words);
    buffer_init(&folded, DOSSIER_VALUE_BYTES);
    bool ok = fold_text(bytes_of_text(words), &folded);
    const char *text = ok ? buffer_text(&folded) : NULL;
    if (text != NULL && text[0] != 0) {
        int more = snprintf(query->words + used, sizeof query->words - used, "%s%s",
                            used > 0 ? " " : "", text);
        ok = more > 0 && used + (size_t)more < sizeof query->words;
    }
    if (!ok) {
        query->words[used] = 0;
        query->is_whole = false;
    }
    buffer_release(&folded);
}

/* Names are folded before they come here, so that "Chủ:", "chủ:" and "chu:" are one operator.
 * False: there is none of that name. */
static bool add_operator(struct dossier_query *query, const char *name, const char *value)
{
    static const struct {
        const char *name, *condition; /* condition NULL: words */
    } operators[] = {
        {"chu", NULL},
        {"owner", NULL},
        {"tep", NULL},
        {"file", NULL},
        {"tt", " AND procedure = ?"},
        {"procedure", " AND procedure = ?"},
        {"cq", " AND agency = ?"},
        {"agency", " AND agency = ?"},
    };
    enum desk_state state;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (strcmp(operators[i].name, name) != 0)
            continue;
        if (operators[i].condition == NULL)
            add_words(query, value);
        else
            dossier_query_text_is(query, operators[i].condition, value);
        return true;
    }
    if (strcmp(name, "state") != 0 || !desk_state_parse(value, &state))
        return false;
    dossier_query_number_is(query, " AND state = ?", (int64_t)state);
    return true;
}

/* One word, or `name:value`, or `name:"some words"`; answers how long it was. */
static size_t take_word(const char *at, char ret_name[WORD_BYTES], char ret_value[WORD_BYTES])
{
    size_t size = strcspn(at, " \"");
    const char *colon = memchr(at, ':', size);
    struct buffer folded;
    ret_name[0] = 0;
    if (colon == NULL || colon == at) {
        size += at[size] == '"';
        (void)snprintf(ret_value, WORD_BYTES, "%.*s", (int)size, at);
        return size;
    }
    buffer_init(&folded, WORD_BYTES);
    if (fold_text((struct bytes){(const uint8_t *)at, (size_t)(colon - at)}, &folded))
        (void)snprintf(ret_name, WORD_BYTES, "%s", buffer_text(&folded));
    buffer_release(&folded);
    const char *value = colon + 1;
    bool is_quoted = *value == '"';
    value += is_quoted;
    size_t length = strcspn(value, is_quoted ? "\"" : " ");
    (void)snprintf(ret_value, WORD_BYTES, "%.*s", (int)length, value);
    return (size_t)(value - at) + length + (is_quoted && value[length] == '"');
}

/* What is no operator of ours is a word as any: "12:30" is looked for. */
void dossier_query_words(struct dossier_query *query, const char *words)
{
    char name[WORD_BYTES], value[WORD_BYTES], text[2 * WORD_BYTES];
    while (*words != 0) {
        words += strspn(words, " ");
        size_t size = take_word(words, name, value);
        if (size == 0)
            break;
        words += size;
        if (name[0] != 0 && add_operator(query, name, value))
            continue;
        (void)snprintf(text, sizeof text, "%s %s", name, value);
        add_words(query, text);
    }
}

/* ---- order ---- */

/* The row number breaks ties, so that a page never repeats or skips one of two with the same
 * time. A cursor of another order would be taken as one of this: it is the page's own, and a
 * wrong one only shows another place. */
bool dossier_query_sort(struct dossier_query *query, const char *sort, const char *after)
{
    static const struct {
        const char *name, *column;
        bool is_down;
    } sorts[] = {{"last", "last_ms", true},
                 {"due", "due_ms", false},
                 {"received", "received_ms", true},
                 {"code", "number", true}};
    query->filter_count = query->value_count;
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        if (strcmp(sorts[i].name, sort) != 0)
            continue;
        const char *direction = sorts[i].is_down ? "DESC" : "ASC";
        query->column = sorts[i].column;
        (void)snprintf(query->order, sizeof query->order, " ORDER BY %s %s, number %s",
                       query->column, direction, direction);
        if (after[0] == 0)
            return true;
        char *end;
        int64_t value = strtoll(after, &end, 10);
        if (end == after || *end != '~' || end[1] < '0' || end[1] > '9')
            return false;
        (void)snprintf(query->cursor, sizeof query->cursor, " AND (%s, number) %s (?, ?)",
                       query->column, sorts[i].is_down ? "<" : ">");
        add(query, "", &(struct dossier_value){.number = value});
        add(query, "", &(struct dossier_value){.number = strtoll(end + 1, &end, 10)});
        return *end == 0;
    }
    return false;
}

int64_t dossier_query_walk_max(const struct dossier_query *query)
{
    return query->conditions[0] == 0 ? DOSSIER_WALK_MAX : DOSSIER_WALK_FILTERED_MAX;
}

/* The pieces of a question. A count leaves the cursor out: how many there are does not depend on
 * which page is shown. */
void dossier_query_print(const struct dossier_query *query, enum dossier_question question,
                         int64_t limit, char ret_text[DOSSIER_QUERY_BYTES])
{
    const char *by_index =
        query->words[0] == 0 ? ""
                             : " AND number IN (SELECT rowid FROM words WHERE words MATCH :words)";
    switch (question) {
    case QUESTION_PAGE:
        (void)snprintf(ret_text, DOSSIER_QUERY_BYTES,
                       "SELECT " DOSSIER_COLUMNS ", %s FROM dossiers WHERE 1%s%s%s%s LIMIT %lld",
                       query->column, query->conditions, query->cursor, by_index, query->order,
                       (long long)limit);
        break;
    case QUESTION_COUNT:
        (void)snprintf(ret_text, DOSSIER_QUERY_BYTES,
                       "SELECT count(*) FROM (SELECT 1 FROM dossiers WHERE 1%s%s LIMIT %d)",
                       query->conditions, by_index, DOSSIER_COUNT_MAX + 1);
        break;
    case QUESTION_WALK_PAGE:
        (void)snprintf(ret_text, DOSSIER_QUERY_BYTES,
                       "SELECT " DOSSIER_COLUMNS ", %s FROM (SELECT * FROM dossiers WHERE 1%s%s%s"
                       " LIMIT %lld) WHERE has_words(folded, :words)%s LIMIT %lld",
                       query->column, query->conditions, query->cursor, query->order,
                       (long long)dossier_query_walk_max(query), query->order, (long long)limit);
        break;
    case QUESTION_WALK_COUNT:
        (void)snprintf(ret_text, DOSSIER_QUERY_BYTES,
                       "SELECT count(*), total(has) FROM (SELECT has_words(folded, :words) AS has"
                       " FROM dossiers WHERE 1%s%s LIMIT %lld)",
                       query->conditions, query->order, (long long)dossier_query_walk_max(query));
        break;
    }
}

/* "nguyen van" as "nguyen" "van"* of FTS5: what a person typed is no language. */
static void bind_words(const struct dossier_query *query, enum dossier_question question, int at,
                       sqlite3_stmt *row)
{
    char text[5 * DOSSIER_VALUE_BYTES] = "";
    size_t used = 0;
    bool is_walk = question == QUESTION_WALK_PAGE || question == QUESTION_WALK_COUNT;
    for (const char *word = query->words; *word != 0;) {
        size_t size = strcspn(word, " ");
        used += (size_t)snprintf(text + used, sizeof text - used, "\"%.*s\"%s ", (int)size, word,
                                 word[size] == 0 ? "*" : "");
        word += size + (word[size] == ' ');
    }
    (void)sqlite3_bind_text(row, at, is_walk ? query->words : text, -1, SQLITE_TRANSIENT);
}

/* Values have the numbers of their places; the words stand before or behind them all. */
void dossier_query_bind(const struct dossier_query *query, enum dossier_question question,
                        sqlite3_stmt *row)
{
    bool has_cursor = question == QUESTION_PAGE || question == QUESTION_WALK_PAGE;
    size_t count = has_cursor ? query->value_count : query->filter_count;
    int words_at = sqlite3_bind_parameter_index(row, ":words");
    for (size_t i = 0; i < count; i++) {
        const struct dossier_value *value = &query->values[i];
        int at = (int)i + 1 + (words_at == 1);
        if (value->is_text)
            (void)sqlite3_bind_text(row, at, value->text, -1, SQLITE_STATIC);
        else
            (void)sqlite3_bind_int64(row, at, value->number);
    }
    if (words_at > 0)
        bind_words(query, question, words_at, row);
}
