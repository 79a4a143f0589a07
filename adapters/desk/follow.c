/* Following the adapter. One question at a time; its answer is one transaction of the book. */
#include "adapters/desk/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/workers/program.h"

enum { NUMBER_BYTES = 24, EVENT_BYTES = 256 };

/* "" where there is none: the first start, or a book that was made anew. */
static void read_note(struct follow *follow, const char *name, char *ret_text, size_t capacity)
{
    sqlite3_stmt *row = book_ask(follow->index.book, BOOK_NOTE, "t", name);
    ret_text[0] = 0;
    if (book_next(follow->index.book, row))
        (void)snprintf(ret_text, capacity, "%s", book_text(row, 0));
    book_end(row);
}

void follow_init(struct follow *follow, const struct index *index, struct upstream *upstream)
{
    char position[NUMBER_BYTES];
    *follow = (struct follow){.index = *index, .upstream = upstream, .page = FOLLOW_PAGE};
    read_note(follow, "feed_position", position, sizeof position);
    read_note(follow, "feed_epoch", follow->epoch, sizeof follow->epoch);
    follow->position = strtoll(position, NULL, 10);
}

void follow_hasten(struct follow *follow)
{
    follow->due = follow->queues_due = (mono_t){0};
}

/* To who listens now; nothing is kept for who does not. A page then asks for the row, with the
 * rights of its viewer. */
static void tell(struct follow *follow, const char *kind, const char *id)
{
    char text[EVENT_BYTES];
    json_t *event = json_pack("{s:s, s:s}", "kind", kind, "id", id);
    size_t size = event == NULL ? 0 : json_dumpb(event, text, sizeof text, JSON_COMPACT);
    json_decref(event);
    if (size < sizeof text)
        api_publish(follow->api, (struct bytes){(uint8_t *)text, size});
}

/* Told once when it begins and once when it ends, not at each attempt. */
static void set_trouble(struct follow *follow, enum reason reason)
{
    if (reason == follow->trouble)
        return;
    follow->trouble = reason;
    follow->trouble_since = program_wall();
    tell(follow, "adapter", reason_code(reason));
}

/* ---- messages ---- */

/* The page and the position behind it in one transaction: after a crash the same page is asked
 * for again, or the next, and never one between. */
static enum reason index_page(struct follow *follow, json_t *page)
{
    char position[NUMBER_BYTES];
    json_t *item;
    size_t i;
    struct book *book = follow->index.book;
    (void)snprintf(position, sizeof position, "%lld",
                   (long long)json_integer_value(json_object_get(page, "next")));
    enum reason reason = book_begin(book);
    json_array_foreach(json_object_get(page, "messages"), i, item)
    {
        if (reason == REASON_NONE)
            reason = index_message(&follow->index, item);
    }
    if (reason == REASON_NONE)
        reason = book_run(book, BOOK_NOTE_PUT, "tt", "feed_position", position);
    if (reason == REASON_NONE)
        reason = book_run(book, BOOK_NOTE_PUT, "tt", "feed_epoch", follow->epoch);
    return book_finish(book, reason);
}

/* After the commit: who hears of it and asks finds it there (invariant 1). */
static void tell_page(struct follow *follow, const json_t *page)
{
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(page, "messages"), i, item)
    {
        const char *code = json_string_value(json_object_get(item, "dossier_code"));
        const char *id = json_string_value(json_object_get(item, "message_id"));
        const char *type = json_string_value(json_object_get(item, "type"));
        const char *sender = json_string_value(json_object_get(item, "sender"));
        bool is_receipt = type != NULL && strncmp(type, "receipt_", 8) == 0;
        bool came_in = sender != NULL && strcmp(sender, follow->index.self.text) != 0;
        if (came_in && !is_receipt && id != NULL)
            tell(follow, "inbox", id); /* it waits to be taken */
        if (code != NULL)
            tell(follow, "dossier", code);
        else if (id != NULL)
            tell(follow, is_receipt ? "receipt" : "message", id);
    }
}

/* The rows of people, sessions and the audit stay: they are nobody else's. */
static bool begin_anew(struct follow *follow, const char *epoch)
{
    struct book *book = follow->index.book;
    enum reason reason = book_begin(book);
    if (reason == REASON_NONE)
        reason = index_clear(&follow->index);
    if (reason == REASON_NONE)
        reason = book_run(book, BOOK_NOTE_PUT, "tt", "feed_position", "0");
    if (book_finish(book, reason) != REASON_NONE)
        return false;
    follow->position = 0;
    (void)snprintf(follow->epoch, sizeof follow->epoch, "%s", epoch);
    return true;
}

/* A position beyond the end, or another epoch, are of another store: the adapter was put back
 * from a backup, or begun anew. */
static void take_page(struct follow *follow, json_t *page)
{
    const char *epoch = json_string_value(json_object_get(page, "epoch"));
    int64_t next = json_integer_value(json_object_get(page, "next"));
    int64_t last = json_integer_value(json_object_get(page, "last"));
    epoch = epoch == NULL ? "" : epoch;
    bool is_another = follow->epoch[0] != 0 && strcmp(follow->epoch, epoch) != 0;
    if (is_another || last < follow->position) {
        (void)begin_anew(follow, epoch);
        return;
    }
    (void)snprintf(follow->epoch, sizeof follow->epoch, "%s", epoch);
    if (next > follow->position) {
        if (index_page(follow, page) != REASON_NONE)
            return; /* the book's trouble is shown; the page is asked for again */
        follow->position = next;
        tell_page(follow, page);
    }
    follow->page = follow->page * 2 < FOLLOW_PAGE ? follow->page * 2 : FOLLOW_PAGE;
    follow->has_caught_up = next >= last;
    if (follow->has_caught_up)
        follow->indexed_to = program_wall();
    follow->due = (mono_t){program_mono().ms + (follow->has_caught_up ? FOLLOW_MS : 0)};
}

/* A page that is too large for the client is asked for again at half the size; a page of one
 * message always fits. */
static void feed_done(void *context, enum reason reason, long status, json_t *json)
{
    struct follow *follow = context;
    follow->is_asking = false;
    follow->due = (mono_t){program_mono().ms + FOLLOW_AWAY_MS};
    if (reason == REASON_OFFICE_REPLY_TOO_LARGE && follow->page > 1) {
        follow->page /= 2;
        follow->due = (mono_t){0};
        return;
    }
    bool is_page = reason == REASON_NONE && status == HTTP_OK && json_is_object(json);
    set_trouble(follow, is_page ? REASON_NONE : REASON_ADAPTER_UNREACHABLE);
    if (is_page)
        take_page(follow, json);
}

/* ---- why something waits ---- */

/* A page of all that waits. The last page, or enough of them, ends the round; what was not
 * reached keeps the cause that it had. */
static void queues_done(void *context, enum reason reason, long status, json_t *json)
{
    struct follow *follow = context;
    json_t *entry;
    size_t i;
    follow->is_asking = false;
    const char *next = json_string_value(json_object_get(json, "next"));
    bool has_more = reason == REASON_NONE && status == HTTP_OK && next != NULL && next[0] != 0 &&
                    strcmp(next, follow->queues_after) != 0 &&
                    json_array_size(json_object_get(json, "entries")) > 0 &&
                    ++follow->queue_pages < FOLLOW_QUEUE_PAGES_MAX;
    enum reason written = reason == REASON_NONE ? book_begin(follow->index.book) : reason;
    json_array_foreach(json_object_get(json, "entries"), i, entry)
    {
        if (written == REASON_NONE)
            written = index_entry(&follow->index, entry);
    }
    if (reason == REASON_NONE)
        (void)book_finish(follow->index.book, written);
    (void)snprintf(follow->queues_after, sizeof follow->queues_after, "%s", has_more ? next : "");
    if (has_more)
        return;
    follow->queue_pages = 0;
    follow->queues_due = (mono_t){program_mono().ms + FOLLOW_QUEUES_MS};
}

/* ---- asking ---- */

/* Where it cannot even be asked (no token, no port yet) the adapter is as good as away. */
static void ask(struct follow *follow, const char *path, upstream_done *done)
{
    const struct upstream_question question = {.method = "GET", .path = path};
    enum reason reason = upstream_ask(follow->upstream, &question, done, follow);
    follow->is_asking = reason == REASON_NONE;
    if (reason == REASON_NONE)
        return;
    set_trouble(follow, REASON_ADAPTER_UNREACHABLE);
    follow->due = follow->queues_due = (mono_t){program_mono().ms + FOLLOW_AWAY_MS};
}

int follow_run(struct follow *follow, mono_t now)
{
    char path[UPSTREAM_PATH_BYTES];
    if (follow->is_asking)
        return -1;
    if (now.ms >= follow->due.ms) {
        (void)snprintf(path, sizeof path, "/v1/messages?after=%lld&limit=%u",
                       (long long)follow->position, follow->page);
        ask(follow, path, feed_done);
    } else if (now.ms >= follow->queues_due.ms && follow->has_caught_up &&
               follow->trouble == REASON_NONE) {
        (void)snprintf(path, sizeof path, "/v1/queues?limit=200%s%s",
                       follow->queues_after[0] != 0 ? "&after=" : "", follow->queues_after);
        ask(follow, path, queues_done);
    }
    if (follow->is_asking)
        return -1;
    int64_t left_ms = follow->due.ms - now.ms;
    return left_ms < 0 ? 0 : (int)left_ms;
}
