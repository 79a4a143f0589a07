/* The audit as it is read: newest first, by person and by what it was done to, page by page behind
 * the last entry. What is asked is asked of an index each. */
#include <stdio.h>
#include <string.h>

#include "adapters/desk/desk.h"

/* The columns of the four statements. */
enum {
    COLUMN_ENTRY,
    COLUMN_TIME,
    COLUMN_PERSON,
    COLUMN_FULL_NAME,
    COLUMN_ADDRESS,
    COLUMN_ACTION,
    COLUMN_OBJECT,
    COLUMN_BEFORE,
    COLUMN_AFTER,
    COLUMN_OUTCOME
};

enum { CURSOR_BYTES = 24 };

static const struct {
    const char *wire, *vietnamese, *english;
} words[] = {
#define WORD(wire, vietnamese, english) {wire, vietnamese, english},
#include "adapters/desk/audit_words.def"
#undef WORD
};

/* "action", "action_vi", "action_en"; a reason's code has the reason's own words, and what a newer
 * version wrote stands for itself. */
static bool put_words(json_t *object, const char *name, const char *wire)
{
    char vietnamese[32], english[32];
    const char *in_vietnamese = wire, *in_english = wire;
    enum reason reason;
    (void)snprintf(vietnamese, sizeof vietnamese, "%s_vi", name);
    (void)snprintf(english, sizeof english, "%s_en", name);
    if (reason_parse(bytes_of_text(wire), &reason)) {
        in_vietnamese = reason_vietnamese(reason);
        in_english = reason_english(reason);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].wire, wire) == 0) {
            in_vietnamese = words[i].vietnamese;
            in_english = words[i].english;
        }
    }
    return put_word(object, name, wire) && put_word(object, vietnamese, in_vietnamese) &&
           put_word(object, english, in_english);
}

static json_t *entry_json(sqlite3_stmt *row)
{
    json_t *object = json_object();
    bool ok = json_put(object, "entry", json_integer(sqlite3_column_int64(row, COLUMN_ENTRY))) &&
              put_ms(object, "time", sqlite3_column_int64(row, COLUMN_TIME)) &&
              json_put(object, "person", json_string(book_text(row, COLUMN_PERSON))) &&
              put_word(object, "full_name", book_text(row, COLUMN_FULL_NAME)) &&
              put_word(object, "address", book_text(row, COLUMN_ADDRESS)) &&
              put_words(object, "action", book_text(row, COLUMN_ACTION)) &&
              put_word(object, "object", book_text(row, COLUMN_OBJECT)) &&
              put_word(object, "before", book_text(row, COLUMN_BEFORE)) &&
              put_word(object, "after", book_text(row, COLUMN_AFTER)) &&
              put_words(object, "outcome", book_text(row, COLUMN_OUTCOME));
    return json_whole(object, ok);
}

static sqlite3_stmt *ask(struct api_request *request, int64_t before, int64_t limit)
{
    struct book *book = &desk_of(request)->book;
    const char *person = api_query(request, "person"), *object = api_query(request, "object");
    bool has_person = person != NULL && person[0] != 0,
         has_object = object != NULL && object[0] != 0;
    if (has_person && has_object)
        return book_ask(book, BOOK_AUDIT_OF_BOTH, "iitt", before, limit, object, person);
    if (has_object)
        return book_ask(book, BOOK_AUDIT_OF_OBJECT, "iit", before, limit, object);
    if (has_person)
        return book_ask(book, BOOK_AUDIT_OF_PERSON, "iit", before, limit, person);
    return book_ask(book, BOOK_AUDIT, "ii", before, limit);
}

void audit_get(struct api_request *request)
{
    struct book *book = &desk_of(request)->book;
    uint64_t after, limit, count = 0;
    char next[CURSOR_BYTES] = "";
    int64_t last = 0;
    if (!api_query_number(request, "after", INT64_MAX, INT64_MAX, &after) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    json_t *entries = json_array(), *object = json_object();
    bool ok = entries != NULL;
    sqlite3_stmt *row = ask(request, (int64_t)after, (int64_t)limit + 1);
    while (ok && book_next(book, row)) {
        if (count++ == limit) {
            (void)snprintf(next, sizeof next, "%lld", (long long)last);
            break;
        }
        last = sqlite3_column_int64(row, COLUMN_ENTRY);
        ok = json_array_append_new(entries, entry_json(row)) == 0;
    }
    book_end(row);
    ok = json_put(object, "entries", entries) && ok && put_word(object, "next", next);
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}
