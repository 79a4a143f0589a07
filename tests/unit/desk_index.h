/* desk_index - a desk's book of a test's own, and items of GET /v1/messages for it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "adapters/desk/index.h"
#include "proto/codec/message_type.h"
#include "tests/unit/scratch.h"

#define DOSSIER "H38.01-261201-0001"

struct desk_index {
    struct scratch scratch;
    struct book book;
    struct index index;
    char path[256];
    int64_t seq;
    int64_t clock_ms; /* of the next message */
};

static inline void desk_index_open(struct desk_index *desk, bool is_centre)
{
    *desk = (struct desk_index){.clock_ms = 1796000000000};
    assert_true(scratch_open(&desk->scratch));
    snprintf(desk->path, sizeof desk->path, "%s/desk.sqlite", desk->scratch.folder);
    assert_int_equal(book_open(desk->path, &desk->book), REASON_NONE);
    desk->index = (struct index){&desk->book, key_of(is_centre ? "centre" : "stnmt"), is_centre};
}

static inline void desk_index_close(struct desk_index *desk)
{
    book_close(&desk->book);
    scratch_close(&desk->scratch);
}

static inline void set_moment(json_t *item, const char *name, int64_t ms)
{
    char text[TIME_TEXT_BYTES];
    stamp_format((struct stamp){{ms}, VIETNAM_OFFSET_MINUTES}, text);
    assert_int_equal(json_object_set_new(item, name, json_string(text)), 0);
}

/* An item as the feed has it, a second after the one before; body is taken over (NULL: none). */
static inline json_t *desk_item(struct desk_index *desk, const char *type, const char *code,
                                json_t *body)
{
    char id[64], digest[96];
    bool is_from_agency = strcmp(type, "transfer") != 0 && strcmp(type, "supplement") != 0 &&
                          strcmp(type, "handed_over") != 0 && strcmp(type, "withdrawal") != 0;
    desk->seq++;
    desk->clock_ms += 1000;
    snprintf(id, sizeof id, "01997b6e-0000-7000-8000-%012lld", (long long)desk->seq);
    snprintf(digest, sizeof digest, "%064lld", (long long)desk->seq);
    json_t *item =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "seq",
                  (json_int_t)desk->seq, "message_id", id, "sha256", digest, "type", type, "sender",
                  is_from_agency ? "stnmt" : "centre", "to", is_from_agency ? "centre" : "stnmt",
                  "dossier_code", code, "procedure_code", "1.011441", "state", "custody", "body",
                  body == NULL ? json_object() : body);
    assert_non_null(item);
    set_moment(item, "custody_time", desk->clock_ms);
    return item;
}

static inline json_t *transfer_body(const char *owner, const char *summary)
{
    return json_pack("{s:{s:s}, s:s, s:I, s:I, s:i}", "owner", "name", owner, "summary", summary,
                     "received_ms", (json_int_t)1796000000000, "due_ms", (json_int_t)1796900000000,
                     "channel", 2);
}

/* Takes item over. */
static inline void put_item(struct desk_index *desk, json_t *item)
{
    assert_int_equal(book_begin(&desk->book), REASON_NONE);
    enum reason reason = index_message(&desk->index, item);
    assert_int_equal(book_finish(&desk->book, reason), REASON_NONE);
    json_decref(item);
}

/* A receipt about the message with this number. */
static inline json_t *receipt_item_of(struct desk_index *desk, const char *type, int64_t about,
                                      const char *reason, const char *destination)
{
    char digest[96];
    snprintf(digest, sizeof digest, "%064lld", (long long)about);
    json_t *item = desk_item(desk, type, "", NULL);
    json_object_del(item, "dossier_code");
    json_object_set_new(item, "body",
                        json_pack("{s:[{s:s, s:s, s:s, s:I, s:s}]}", "items", "sha256", digest,
                                  "reason", reason, "destination", destination, "at_ms",
                                  (json_int_t)desk->clock_ms, "text", "lời của đơn vị"));
    return item;
}

/* One number of the book. */
static inline int64_t ask_number(struct desk_index *desk, const char *question)
{
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_prepare_v2(desk->book.database, question, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return number;
}
