/* All messages of a participant in the order of its store: a follower reads each once, sees what
 * became of those that it has, knows when its position means nothing, and is not stopped by what
 * was purged or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/api_gateway.h"
#include "tests/unit/registry_small.h"

enum { SEQS_MAX = 256 };

static struct api_fixture fixture;
static struct arena scratch;

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, 1024 * 1024);
    return arena_init(&scratch, 4 * 1024 * 1024) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&scratch);
    fixture_close(&fixture);
    return 0;
}

static uint64_t number_at(const json_t *object, const char *name)
{
    assert_true(json_is_integer(json_object_get(object, name)));
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

/* A page; reply is the caller's to release. */
static const json_t *page(uint64_t after, int limit, struct api_reply *reply)
{
    char path[96];
    (void)snprintf(path, sizeof path, "/v1/messages?after=%llu&limit=%d", (unsigned long long)after,
                   limit);
    call(&fixture, "GET", path, "", "", reply);
    assert_int_equal(reply->status, 200);
    return json_object_get(reply->json, "messages");
}

static void epoch_of(char ret_epoch[DIGEST_TEXT_BYTES])
{
    struct api_reply reply;
    (void)page(0, 1, &reply);
    (void)snprintf(ret_epoch, DIGEST_TEXT_BYTES, "%s", text_at(reply.json, "epoch"));
    assert_int_equal(strlen(ret_epoch), DIGEST_TEXT_BYTES - 1);
    reply_release(&reply);
}

static void submit_text(const char *text, struct receipt_item *ret_item)
{
    struct api_reply reply;
    call(&fixture, "POST", "/v1/messages", "", text, &reply);
    assert_int_equal(reply.status, 202);
    *ret_item = (struct receipt_item){.at = {1791426601000}};
    assert_true(id_parse(bytes_of_text(text_at(reply.json, "message_id")), &ret_item->message_id));
    assert_true(digest_parse(bytes_of_text(text_at(reply.json, "sha256")), &ret_item->digest));
    reply_release(&reply);
}

static void submit(struct receipt_item *ret_item)
{
    submit_text("{\"type\":\"result\",\"recipient\":\"centre\",\"dossier_code\":\"" FEED_DOSSIER
                "\",\"body\":{\"national_state\":9}}",
                ret_item);
}

/* One that the gateway finds the agency for. */
static void submit_routed(struct receipt_item *ret_item)
{
    submit_text("{\"type\":\"transfer\",\"procedure_code\":\"2.000635\",\"dossier_code\":"
                "\"H15.50.05.13-261008-0001\",\"body\":{\"owner\":{\"name\":\"A\"}}}",
                ret_item);
}

static void accept_transfer(const struct message_id *id)
{
    char text[MESSAGE_ID_TEXT_BYTES];
    char path[160];
    id_format(id, text);
    (void)snprintf(path, sizeof path, "/v1/inbox/%s/accept?sender=centre", text);
    assert_call(&fixture, "POST", path, "", "{\"office_reference\":\"BN-17\"}", 200, NULL);
}

/* ---- what a follower reads ------------------------------------------------------------------- */

/* A transfer, a result, its two receipts, our receipt of the transfer: five, in both directions. */
static struct message_id play_dossier(struct receipt_item *ret_item)
{
    feed_welcome(&fixture, &scratch);
    struct message_id transfer = feed_transfer(&fixture, &scratch, 1, NULL, NULL);
    submit(ret_item);
    feed_receipt(&fixture, &scratch, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, ret_item, 1);
    ret_item->destination = key_of("centre");
    ret_item->reason = REASON_OFFICE_REFUSED;
    ret_item->text = bytes_of_text("thiếu đơn");
    feed_receipt(&fixture, &scratch, "centre", MESSAGE_TYPE_RECEIPT_REFUSED, ret_item, 1);
    accept_transfer(&transfer);
    return transfer;
}

static void all_messages_come_in_the_order_of_the_store(void **state)
{
    static const char *const types[] = {"transfer", "result", "receipt_custody", "receipt_refused",
                                        "receipt_delivered"};
    (void)state;
    struct api_reply reply;
    struct receipt_item item;
    play_dossier(&item);
    const json_t *messages = page(0, 50, &reply);
    assert_int_equal(json_array_size(messages), 5);
    for (size_t i = 0; i < 5; i++) {
        const json_t *message = json_array_get(messages, i);
        assert_string_equal(text_at(message, "type"), types[i]);
        assert_int_equal(number_at(message, "seq"), i + 1);
        assert_null(json_object_get(message, "purged"));
    }
    assert_int_equal(number_at(reply.json, "next"), 5);
    assert_int_equal(number_at(reply.json, "last"), 5);
    reply_release(&reply);
    /* At the end, and there again. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(json_array_size(page(5, 50, &reply)), 0);
        assert_int_equal(number_at(reply.json, "next"), 5);
        assert_int_equal(number_at(reply.json, "last"), 5);
        reply_release(&reply);
    }
}

/* Each is what GET /v1/messages/{id} says of it, at that moment. */
static void each_is_as_its_own_address_has_it(void **state)
{
    (void)state;
    struct api_reply reply;
    struct api_reply one;
    struct receipt_item item;
    char path[128];
    play_dossier(&item);
    const json_t *messages = page(0, 50, &reply);
    assert_string_equal(text_at(json_array_get(messages, 0), "state"), "delivered");
    assert_string_equal(text_at(json_array_get(messages, 1), "state"), "refused");
    for (size_t i = 0; i < json_array_size(messages); i++) {
        json_t *message = json_array_get(messages, i);
        (void)snprintf(path, sizeof path, "/v1/messages/%s?sender=%s",
                       text_at(message, "message_id"), text_at(message, "sender"));
        call(&fixture, "GET", path, "", "", &one);
        assert_int_equal(one.status, 200);
        assert_int_equal(json_object_del(message, "seq"), 0);
        assert_true(json_equal(message, one.json));
        reply_release(&one);
    }
    reply_release(&reply);
}

/* Who was away finds the end of what he had in the receipt, by its digest, with its words. */
static void a_receipt_says_of_which_message_it_is(void **state)
{
    (void)state;
    struct api_reply reply;
    struct receipt_item item;
    char digest[DIGEST_TEXT_BYTES];
    play_dossier(&item);
    digest_format(&item.digest, digest);
    const json_t *messages = page(3, 1, &reply);
    assert_int_equal(json_array_size(messages), 1);
    const json_t *body = json_object_get(json_array_get(messages, 0), "body");
    const json_t *said = json_array_get(json_object_get(body, "items"), 0);
    assert_string_equal(text_at(said, "sha256"), digest);
    assert_string_equal(text_at(said, "reason"), "office_refused");
    assert_string_equal(text_at(said, "text"), "thiếu đơn");
    reply_release(&reply);
    messages = page(4, 1, &reply);
    body = json_object_get(json_array_get(messages, 0), "body");
    said = json_array_get(json_object_get(body, "items"), 0);
    assert_string_equal(text_at(said, "office_reference"), "BN-17");
    reply_release(&reply);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Follows to the end; gives how many pages that took. */
static size_t follow(int limit, uint64_t *ret_seqs, size_t *ret_count)
{
    struct api_reply reply;
    uint64_t next = 0;
    uint64_t last = 1;
    size_t pages = 0;
    for (*ret_count = 0; next < last; pages++) {
        const json_t *messages = page(next, limit, &reply);
        assert_true(number_at(reply.json, "next") > next); /* it always gets on */
        for (size_t i = 0; i < json_array_size(messages); i++) {
            assert_true(*ret_count < SEQS_MAX);
            ret_seqs[(*ret_count)++] = number_at(json_array_get(messages, i), "seq");
        }
        next = number_at(reply.json, "next");
        last = number_at(reply.json, "last");
        reply_release(&reply);
    }
    return pages;
}

static void assert_each_once(const uint64_t *seqs, size_t count, size_t expected)
{
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seqs[i], i + 1);
}

static void pages_give_each_message_once(void **state)
{
    (void)state;
    struct receipt_item item;
    uint64_t seqs[SEQS_MAX];
    size_t count;
    play_dossier(&item);
    for (int limit = 1; limit <= 6; limit++) {
        size_t pages = follow(limit, seqs, &count);
        assert_int_equal(pages, (5 + limit - 1) / limit);
        assert_each_once(seqs, count, 5);
    }
    assert_call(&fixture, "GET", "/v1/messages?limit=201", "", "", 400, "field_invalid");
    assert_call(&fixture, "GET", "/v1/messages?after=x", "", "", 400, "field_invalid");
}

static void commit(const struct store_plan *plan)
{
    assert_int_equal(fixture.store->verbs->commit(fixture.store, plan), REASON_NONE);
}

/* As if it had come: a message of its own parcel, with this document. */
static void keep(uint64_t seq, const struct envelope *envelope, struct bytes document)
{
    const struct store_parcel parcel = {.seq = seq,
                                        .signature = bytes_of_text("seal"),
                                        .documents = &document,
                                        .document_count = 1};
    const struct store_message message = {.seq = seq,
                                          .parcel_seq = seq,
                                          .sender = envelope->sender,
                                          .recipient = envelope->recipient,
                                          .id = envelope->id,
                                          .type = envelope->type,
                                          .custody = {fixture.now_ms}};
    commit(&(struct store_plan){
        .parcels = &parcel, .parcel_count = 1, .messages = &message, .message_count = 1});
}

/* Large ones fill a page by their bytes. */
static void a_page_has_a_bound_in_bytes(void **state)
{
    enum { RECEIPTS = 40, ITEMS = 256 };
    static struct receipt_item items[ITEMS];
    static char text[REASON_TEXT_BYTES_MAX];
    struct envelope envelope = {.sender = key_of("gateway"),
                                .recipient = key_of("stnmt"),
                                .type = MESSAGE_TYPE_RECEIPT_REFUSED,
                                .created = {{fixture.now_ms}, 420},
                                .receipt = {.items = items, .item_count = ITEMS}};
    struct id_maker maker = {0};
    const uint8_t random[ID_RANDOM_BYTES] = {3};
    (void)state;
    struct buffer document;
    uint64_t seqs[SEQS_MAX];
    size_t count;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (struct receipt_item){.reason = REASON_OFFICE_REFUSED,
                                         .text = {(uint8_t *)text, sizeof text},
                                         .at = {1791426601000}};
        id_make(&maker, (wall_t){fixture.now_ms}, random, &items[i].message_id);
    }
    for (uint64_t seq = 1; seq <= RECEIPTS; seq++) {
        id_make(&maker, (wall_t){fixture.now_ms}, random, &envelope.id);
        arena_reset(&scratch);
        buffer_clear(&document);
        assert_int_equal(envelope_build(&envelope, NULL, &scratch, &document), REASON_NONE);
        keep(seq, &envelope, buffer_view(&document));
    }
    assert_true(RECEIPTS * document.size > API_PAGE_BYTES);
    buffer_release(&document);
    assert_int_equal(follow(API_PAGE_MAX, seqs, &count), 2);
    assert_each_once(seqs, count, RECEIPTS);
}

/* ---- whose numbers these are ----------------------------------------------------------------- */

static void an_epoch_ends_when_the_store_is_another(void **state)
{
    (void)state;
    char before[DIGEST_TEXT_BYTES];
    char after[DIGEST_TEXT_BYTES];
    struct receipt_item item;
    play_dossier(&item);
    epoch_of(before);
    submit(&item);
    epoch_of(after);
    assert_string_equal(before, after);
    /* Put back from a backup: the note is the restore command's. */
    const int64_t moments[] = {fixture.now_ms - 1000, fixture.now_ms};
    const struct store_note note = {bytes_of_text("restored"),
                                    {(const uint8_t *)moments, sizeof moments}};
    commit(&(struct store_plan){.notes = &note, .note_count = 1});
    assert_int_equal(session_load(fixture.session, (wall_t){fixture.now_ms}), REASON_NONE);
    epoch_of(after);
    assert_string_not_equal(before, after);
    /* Begun anew, by messages that came a little later. */
    int64_t now_ms = fixture.now_ms;
    fixture_close(&fixture);
    fixture_open(&fixture, 1024 * 1024);
    fixture.now_ms = now_ms;
    play_dossier(&item);
    epoch_of(after);
    assert_string_not_equal(before, after);
}

/* A store that was rolled back behind our back: the position is beyond its end. */
static void a_position_beyond_the_end_is_seen(void **state)
{
    (void)state;
    struct api_reply reply;
    struct receipt_item item;
    play_dossier(&item);
    assert_int_equal(json_array_size(page(900, 50, &reply)), 0);
    assert_int_equal(number_at(reply.json, "next"), 900);
    assert_int_equal(number_at(reply.json, "last"), 5);
    reply_release(&reply);
}

/* ---- what a page costs ----------------------------------------------------------------------- */

static struct store_verbs counted;
static const struct store_verbs *inner;
static size_t notes_read;

static enum reason read_counted(struct store *store, struct bytes name, struct bytes *ret_value)
{
    notes_read++;
    return inner->read_note(store, name, ret_value);
}

/* A registry of so many agencies besides. */
static struct registry *registry_of(int more)
{
    struct buffer text;
    buffer_init(&text, 64 * 1024);
    assert_true(buffer_append(&text, bytes_of_text(good_agencies)));
    for (int i = 0; i < more; i++)
        assert_true(
            buffer_append_format(&text, "a%d,H38.%d,,Xã,Commune,agency,,,,,yes\n", i, 1000 + i));
    struct registry *registry = build(REGISTRY_FILE_AGENCIES, buffer_text(&text));
    assert_non_null(registry);
    buffer_release(&text);
    return registry;
}

/* Whom a message may have gone to is known from its custody: a page asks nobody else, however many
 * there are, and misses nothing that was said. */
static void a_page_does_not_ask_every_agency(void **state)
{
    (void)state;
    struct api_reply reply;
    struct receipt_item item;
    size_t reads[2];
    feed_welcome(&fixture, &scratch);
    submit_routed(&item);
    item.recipients = bytes_of_text("stp");
    feed_receipt(&fixture, &scratch, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    item.recipients = (struct bytes){NULL, 0};
    item.destination = key_of("stp");
    feed_receipt(&fixture, &scratch, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    submit_routed(&item); /* which nobody has heard of yet */
    inner = fixture.store->verbs;
    counted = *inner;
    counted.read_note = read_counted;
    fixture.store->verbs = &counted;
    for (int i = 0; i < 2; i++) {
        struct registry *registry = registry_of(i * 100);
        local_api_set_registry(fixture.api, registry);
        notes_read = 0;
        const json_t *messages = page(0, 50, &reply);
        reads[i] = notes_read;
        assert_int_equal(json_array_size(messages), 4);
        const json_t *first = json_array_get(messages, 0);
        const json_t *receipts = json_object_get(first, "receipts");
        assert_string_equal(text_at(first, "to"), "stp");
        assert_string_equal(text_at(first, "state"), "delivered");
        assert_int_equal(json_array_size(receipts), 2);
        assert_string_equal(text_at(json_array_get(receipts, 1), "signer"), "stp");
        reply_release(&reply);
        local_api_set_registry(fixture.api, NULL);
        registry_destroy(&registry);
    }
    fixture.store->verbs = inner;
    assert_int_equal(reads[0], reads[1]);
}

/* ---- what is not whole ----------------------------------------------------------------------- */

static void assert_missing(const json_t *message, const char *reason)
{
    const json_t *missing = json_object_get(message, "content_missing");
    assert_string_equal(text_at(missing, "reason"), reason);
    assert_null(json_object_get(message, "body"));
    assert_string_equal(text_at(message, "sender"), "centre");
    assert_int_equal(strlen(text_at(message, "sha256")), DIGEST_TEXT_BYTES - 1);
}

static void what_was_purged_is_said_as_such(void **state)
{
    (void)state;
    struct api_reply reply;
    struct receipt_item item;
    struct store_purge purge = {1, STORE_PART_DOCUMENT};
    const struct store_plan plan = {.purges = &purge, .purge_count = 1};
    play_dossier(&item);
    commit(&plan);
    const json_t *message = json_array_get(page(0, 50, &reply), 0);
    const json_t *purged = json_object_get(message, "purged");
    assert_missing(message, "content_purged");
    assert_int_equal(json_array_size(purged), 1);
    assert_string_equal(json_string_value(json_array_get(purged, 0)), "document");
    assert_string_equal(text_at(message, "dossier_code"), FEED_DOSSIER);
    assert_string_equal(text_at(message, "state"), "delivered");
    assert_int_equal(json_array_size(json_object_get(reply.json, "messages")), 5);
    reply_release(&reply);
    purge.parts = STORE_PART_SEAL | STORE_PART_NAMES;
    commit(&plan);
    message = json_array_get(page(0, 50, &reply), 0);
    assert_missing(message, "content_purged");
    assert_int_equal(json_array_size(json_object_get(message, "purged")), 3);
    assert_null(json_object_get(message, "dossier_code"));
    assert_int_equal(json_array_size(json_object_get(reply.json, "messages")), 5);
    reply_release(&reply);
}

/* One that cannot be read does not keep a follower from the next. */
static void what_is_damaged_stops_nobody(void **state)
{
    (void)state;
    struct api_reply reply;
    const struct envelope envelope = {.sender = key_of("centre"),
                                      .recipient = key_of("stnmt"),
                                      .id = {{1}},
                                      .type = MESSAGE_TYPE_PROGRESS};
    feed_welcome(&fixture, &scratch);
    keep(1, &envelope, bytes_of_text("\xff no envelope"));
    assert_int_equal(session_load(fixture.session, (wall_t){fixture.now_ms}), REASON_NONE);
    feed_welcome(&fixture, &scratch);
    feed_transfer(&fixture, &scratch, 1, NULL, NULL);
    const json_t *messages = page(0, 50, &reply);
    assert_int_equal(json_array_size(messages), 2);
    assert_missing(json_array_get(messages, 0), "store_corrupt");
    assert_string_equal(text_at(json_array_get(messages, 1), "type"), "transfer");
    reply_release(&reply);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(all_messages_come_in_the_order_of_the_store),
        T(each_is_as_its_own_address_has_it),
        T(a_receipt_says_of_which_message_it_is),
        T(pages_give_each_message_once),
        T(a_page_has_a_bound_in_bytes),
        T(an_epoch_ends_when_the_store_is_another),
        T(a_position_beyond_the_end_is_seen),
        T(a_page_does_not_ask_every_agency),
        T(what_was_purged_is_said_as_such),
        T(what_is_damaged_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
