/* All that this participant sent or received, for whoever keeps an index of it: pages in the order
 * of the store's own numbers, each message with what is known of it at the moment of the question.
 *
 * What ends a message is a message itself (a receipt, in or out, that names it), so a follower that
 * was away misses no end; what only changes where a message waits is read from /v1/queues, which
 * lists all that is live. adapters/openapi.yaml has the whole procedure.
 *
 * The adapter's commits are durable before they can be read (adapters/shell/adapter_loop.c), so a
 * crash takes back no number that a follower has seen; a backup that is put back does, and then the
 * epoch is another. */
#include "adapters/api/local_api_parts.h"

struct page {
    json_t *messages;
    uint64_t next; /* the last number that was looked at */
    size_t bytes;  /* of documents */
};

/* ---- whose numbers these are */

/* The first message that this store took, and when, is another in a store that was begun anew; the
 * row of a message outlives every purge. What `lienthong restore` puts back says when. */
static enum reason read_epoch(const struct local_api *api, struct digest *ret_epoch)
{
    struct store *store = api->options.store;
    struct store_message first;
    struct session_status status;
    enum reason reason = store->verbs->read_message(store, 1, &first);
    if (reason != REASON_NONE && reason != REASON_NOT_FOUND)
        return reason;
    if (reason == REASON_NOT_FOUND)
        first = (struct store_message){0}; /* an empty store: nobody has a position in it */
    session_status(api->options.session, &status);
    const struct bytes parts[] = {
        {first.digest.bytes, DIGEST_BYTES},
        {(const uint8_t *)&first.custody.ms, sizeof first.custody.ms},
        {(const uint8_t *)&status.last_put_back.ms, sizeof status.last_put_back.ms},
    };
    api->options.crypto->hash(parts, sizeof parts / sizeof *parts, ret_epoch);
    return REASON_NONE;
}

/* ---- one message */

/* "purged": which parts of it went when their time was over (enum store_part). */
static bool put_purged(json_t *object, uint32_t gone)
{
    static const struct {
        enum store_part part;
        const char *name;
    } parts[] = {
        {STORE_PART_DOCUMENT, "document"}, {STORE_PART_SEAL, "seal"}, {STORE_PART_NAMES, "names"}};
    json_t *list = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++) {
        if ((gone & parts[i].part) != 0)
            ok = json_array_append_new(list, json_string(parts[i].name)) == 0;
    }
    if (!ok || json_array_size(list) == 0) {
        json_decref(list);
        return ok;
    }
    return json_put(object, "purged", list);
}

/* Its bytes are gone, or damaged: one such message must not keep a follower from those behind it.
 * why: which of the two. */
static enum reason row_item(struct local_api *api, uint64_t seq, enum reason why,
                            struct store_message *ret_message, json_t **ret_item)
{
    struct store *store = api->options.store;
    enum reason reason = store->verbs->read_message(store, seq, ret_message);
    if (reason != REASON_NONE)
        return reason;
    json_t *missing = json_object();
    json_t *item = message_json_of_row(ret_message);
    bool ok = json_put_reason(missing, why);
    *ret_item = json_whole(item, json_put(item, "content_missing", missing) && ok);
    return REASON_NONE;
}

/* *ret_item stays NULL for a number that no message has, and when memory is short. */
static enum reason read_item(struct local_api *api, uint64_t seq, struct page *page,
                             struct store_message *ret_message, json_t **ret_item)
{
    struct store *store = api->options.store;
    struct store_document document;
    enum reason reason = store->verbs->read_document(store, seq, &document);
    if (reason == REASON_NONE) {
        page->bytes += document.document.size;
        *ret_message = document.message;
        *ret_item = message_json(&document, &api->own_links, MESSAGE_JSON_ITEMS, &api->arena);
        reason = *ret_item == NULL ? local_why_unread(api, &document) : REASON_NONE;
    }
    return reason == REASON_CONTENT_PURGED || reason == REASON_STORE_CORRUPT
               ? row_item(api, seq, reason, ret_message, ret_item)
               : reason;
}

static enum reason add_item(struct local_api *api, uint64_t seq, struct page *page)
{
    struct store_message message;
    json_t *item = NULL;
    enum reason reason = read_item(api, seq, page, &message, &item);
    if (reason == REASON_NOT_FOUND)
        return REASON_NONE;
    if (reason != REASON_NONE)
        return reason;
    bool ok = json_put(item, "seq", json_integer((json_int_t)seq)) &&
              put_purged(item, message.gone) && local_put_places(api, item, &message);
    return json_array_append_new(page->messages, json_whole(item, ok)) == 0 ? REASON_NONE
                                                                            : REASON_OUT_OF_MEMORY;
}

/* ---- the page */

/* Bounded in numbers and in bytes, as the inbox is, and never without the first. A position behind
 * the end is answered as it came: `last` tells that it is of another store. */
void feed_get(struct api_request *request)
{
    struct local_api *api = api_context(request);
    struct store *store = api->options.store;
    struct store_positions positions;
    struct page page = {0};
    struct digest epoch;
    char epoch_text[DIGEST_TEXT_BYTES] = "";
    uint64_t last = 0;
    uint64_t limit;
    if (!api_query_number(request, "after", 0, INT64_MAX, &page.next) ||
        !api_query_number(request, "limit", API_PAGE_DEFAULT, API_PAGE_MAX, &limit))
        return;
    page.messages = json_array();
    enum reason reason = store->verbs->positions(store, &positions);
    if (reason == REASON_NONE)
        reason = read_epoch(api, &epoch);
    if (reason == REASON_NONE) {
        last = positions.next_message_seq - 1;
        digest_format(&epoch, epoch_text);
    }
    for (uint64_t i = 0;
         reason == REASON_NONE && i < limit && page.next < last && page.bytes < API_PAGE_BYTES; i++)
        reason = add_item(api, ++page.next, &page);
    api_answer_read(request, reason,
                    json_pack("{s:o,s:I,s:I,s:s}", "messages", page.messages, "next",
                              (json_int_t)page.next, "last", (json_int_t)last, "epoch",
                              epoch_text));
}
