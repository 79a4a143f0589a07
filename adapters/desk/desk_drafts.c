/* Drafts: what a person has begun to write, kept at each pause, so that a reload or a crash loses
 * nothing. His alone. Who writes over what another tab has written since hears so (stale). */
#include "adapters/desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/desk/dossier_row.h"
#include "gateway/workers/program.h"

enum { DRAFTS_MAX = 200, DRAFT_BYTES_MAX = 256 * 1024, TITLE_BYTES = 801, CODE_BYTES = 65 };

/* As it was sent; the content is the page's own, and is kept as it came, within its bound. */
struct draft {
    char code[CODE_BYTES], title[TITLE_BYTES];
    char *content; /* JSON; for free */
};

/* Columns: draft, version, code, title, changed_ms, content (only of one). */
static json_t *draft_json(sqlite3_stmt *row, bool has_content)
{
    json_t *object = json_object();
    bool ok = json_put(object, "draft", json_integer(sqlite3_column_int64(row, 0))) &&
              json_put(object, "version", json_integer(sqlite3_column_int64(row, 1))) &&
              put_word(object, "dossier_code", book_text(row, 2)) &&
              put_word(object, "title", book_text(row, 3)) &&
              put_ms(object, "changed", sqlite3_column_int64(row, 4)) &&
              (!has_content || json_put(object, "content", json_loads(book_text(row, 5), 0, NULL)));
    return json_whole(object, ok);
}

/* What is no number of a draft is a draft that is not there: nothing more is told of what others
 * have. */
static bool read_number(struct api_request *request, int64_t *ret_draft)
{
    char *end;
    const char *text = api_argument(request);
    *ret_draft = strtoll(text, &end, 10);
    if (*end == 0 && *ret_draft > 0)
        return true;
    api_answer_reason(request, REASON_NOT_FOUND, "draft");
    return false;
}

/* Always as it stands in the book after the change, so that a page knows the version that it has
 * to name next. */
static void answer_draft(struct api_request *request, unsigned status, int64_t draft)
{
    struct desk *desk = desk_of(request);
    sqlite3_stmt *row =
        book_ask(&desk->book, BOOK_DRAFT, "ti", desk_call(request)->person.name, draft);
    if (book_next(&desk->book, row))
        api_answer_json(request, status, draft_json(row, true));
    else
        api_answer_reason(request, REASON_NOT_FOUND, "draft");
    book_end(row);
}

/* Shorter than its room, or refused with its name: a text that was cut would be saved over the
 * whole one. */
static bool take(struct api_request *request, const char *name, char *ret_text, size_t capacity)
{
    struct bytes text = {NULL, 0};
    if (!json_take_text(api_json(request), name, &text) || text.size >= capacity) {
        api_answer_reason(request, REASON_FIELD_INVALID, name);
        return false;
    }
    if (text.size > 0)
        memcpy(ret_text, text.data, text.size);
    ret_text[text.size] = 0;
    return true;
}

/* False: answered. */
static bool read_draft(struct api_request *request, struct draft *ret_draft)
{
    const json_t *content = json_object_get(api_json(request), "content");
    if (!take(request, "dossier_code", ret_draft->code, sizeof ret_draft->code) ||
        !take(request, "title", ret_draft->title, sizeof ret_draft->title))
        return false;
    ret_draft->content = json_is_object(content) ? json_dumps(content, JSON_COMPACT) : NULL;
    if (ret_draft->content != NULL && strlen(ret_draft->content) <= DRAFT_BYTES_MAX)
        return true;
    bool is_large = ret_draft->content != NULL;
    free(ret_draft->content);
    api_answer_reason(request, is_large ? REASON_FIELD_TOO_LONG : REASON_FIELD_INVALID, "content");
    return false;
}

/* Newest first, without contents: a list is for choosing. Nobody else's can be in it, because
 * the person is part of the question. */
void drafts_get(struct api_request *request)
{
    struct desk *desk = desk_of(request);
    uint64_t after, limit;
    json_t *list, *object;
    if (!api_query_number(request, "after", INT64_MAX, INT64_MAX, &after) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    list = json_array();
    sqlite3_stmt *row = book_ask(&desk->book, BOOK_DRAFTS, "tii", desk_call(request)->person.name,
                                 (int64_t)after, (int64_t)limit);
    bool ok = list != NULL;
    while (ok && book_next(&desk->book, row))
        ok = json_array_append_new(list, draft_json(row, false)) == 0;
    book_end(row);
    object = json_object();
    ok = json_put(object, "drafts", list) && ok;
    api_answer_json(request, HTTP_OK, json_whole(object, ok));
}

void draft_get(struct api_request *request)
{
    int64_t draft;
    if (read_number(request, &draft))
        answer_draft(request, HTTP_OK, draft);
}

/* A person has so many at most; a page that makes one at each key would meet this bound and not
 * the disk's. */
static bool has_room(struct api_request *request)
{
    struct book *book = &desk_of(request)->book;
    sqlite3_stmt *row = book_ask(book, BOOK_DRAFT_COUNT, "t", desk_call(request)->person.name);
    bool is_full = book_next(book, row) && sqlite3_column_int(row, 0) >= DRAFTS_MAX;
    book_end(row);
    if (is_full)
        api_answer_reason(request, REASON_BUSY, "drafts");
    return !is_full;
}

void draft_post(struct api_request *request)
{
    struct book *book = &desk_of(request)->book;
    struct draft draft;
    if (!has_room(request) || !read_draft(request, &draft))
        return;
    enum reason reason = book_run(book, BOOK_DRAFT_ADD, "tttti", desk_call(request)->person.name,
                                  draft.code, draft.title, draft.content, program_wall().ms);
    free(draft.content);
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        answer_draft(request, HTTP_CREATED, book_last_row(book));
}

/* Whether an update that changed nothing met a newer version, or nothing at all. */
static bool is_there(struct api_request *request, int64_t draft)
{
    struct book *book = &desk_of(request)->book;
    sqlite3_stmt *row = book_ask(book, BOOK_DRAFT, "ti", desk_call(request)->person.name, draft);
    bool is_found = book_next(book, row);
    book_end(row);
    return is_found;
}

/* The version is compared and raised in one statement: of two tabs that save at once, one is
 * told. */
void draft_put(struct api_request *request)
{
    struct book *book = &desk_of(request)->book;
    struct draft draft;
    int64_t number;
    int64_t version = json_integer_value(json_object_get(api_json(request), "version"));
    if (!read_number(request, &number) || !read_draft(request, &draft))
        return;
    enum reason reason =
        book_run(book, BOOK_DRAFT_PUT, "titttii", desk_call(request)->person.name, number,
                 draft.code, draft.title, draft.content, program_wall().ms, version);
    free(draft.content);
    if (reason == REASON_NONE && book_changes(book) == 0)
        reason = is_there(request, number) ? REASON_STALE : REASON_NOT_FOUND;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, "version");
    else
        answer_draft(request, HTTP_OK, number);
}

void draft_delete(struct api_request *request)
{
    struct book *book = &desk_of(request)->book;
    int64_t draft;
    if (!read_number(request, &draft))
        return;
    enum reason reason =
        book_run(book, BOOK_DRAFT_DROP, "ti", desk_call(request)->person.name, draft);
    if (reason == REASON_NONE && book_changes(book) == 0)
        reason = REASON_NOT_FOUND;
    if (reason != REASON_NONE)
        api_answer_reason(request, reason, NULL);
    else
        api_answer_nothing(request);
}
