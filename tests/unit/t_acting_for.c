/* The person on whose word something was said: signed with the message and with the receipt, as
 * protobuf-c writes it, refused when its readers would see something else, and shown where people
 * ask who it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "schema/envelope.pb-c.h"
#include "tests/unit/api_gateway.h"

#define PERSON "Lê Thị Mẫu"
#define OTHER  "Trần Văn Mẫu"
/* "ê" in two characters, as some keyboards write it. */
#define PERSON_APART "Le\xcc\x82 Thi\xcc\xa3 Ma\xcc\x82\xcc\x83u"

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

static const char *submission(const char *person)
{
    static char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"type\":\"result\",\"recipient\":\"centre\",\"dossier_code\":\"" FEED_DOSSIER
                   "\",\"body\":{\"national_state\":9},\"acting_for\":%s}",
                   person);
    return text;
}

static void submit(const char *person, const char *key, struct api_reply *ret_reply)
{
    char header[96];
    (void)snprintf(header, sizeof header, "Idempotency-Key: %s\r\n", key);
    call(&fixture, "POST", "/v1/messages", header, submission(person), ret_reply);
    assert_int_equal(ret_reply->status, 202);
}

/* The newest message of the store. */
static void read_last(struct store_document *ret_document, struct envelope *ret_envelope)
{
    struct store_positions positions;
    assert_int_equal(fixture.store->verbs->positions(fixture.store, &positions), REASON_NONE);
    assert_int_equal(fixture.store->verbs->read_document(
                         fixture.store, positions.next_message_seq - 1, ret_document),
                     REASON_NONE);
    arena_reset(&scratch);
    assert_int_equal(envelope_parse(ret_document->document, &scratch, ret_envelope), REASON_NONE);
}

static void assert_text(struct bytes text, const char *expected)
{
    assert_true(bytes_equal(text, bytes_of_text(expected)));
}

/* ---- a message ------------------------------------------------------------------------------- */

/* The signed bytes are those of the schema, for whoever reads them with a library. */
static void the_sealed_bytes_have_it(void **state)
{
    (void)state;
    struct api_reply reply;
    struct store_document document;
    struct envelope envelope;
    uint8_t packed[1024];
    submit("\"" PERSON_APART "\"", "a", &reply);
    read_last(&document, &envelope);
    assert_text(envelope.acting_for, PERSON);
    Lienthong__V1__Envelope *unpacked =
        lienthong__v1__envelope__unpack(NULL, document.document.size, document.document.data);
    assert_non_null(unpacked);
    assert_string_equal(unpacked->acting_for, PERSON);
    assert_int_equal(lienthong__v1__envelope__get_packed_size(unpacked), document.document.size);
    assert_int_equal(lienthong__v1__envelope__pack(unpacked, packed), document.document.size);
    assert_memory_equal(packed, document.document.data, document.document.size);
    lienthong__v1__envelope__free_unpacked(unpacked, NULL);
    reply_release(&reply);
}

static void who_sent_it_is_shown(void **state)
{
    (void)state;
    struct api_reply submitted, reply;
    char path[128];
    submit("\"" PERSON "\"", "a", &submitted);
    (void)snprintf(path, sizeof path, "/v1/messages/%s", text_at(submitted.json, "message_id"));
    call(&fixture, "GET", path, "", "", &reply);
    assert_string_equal(text_at(reply.json, "acting_for"), PERSON);
    reply_release(&reply);
    call(&fixture, "GET", "/v1/dossiers/" FEED_DOSSIER, "", "", &reply);
    const json_t *event = json_array_get(json_object_get(reply.json, "events"), 0);
    assert_string_equal(text_at(event, "acting_for"), PERSON);
    reply_release(&reply);
    reply_release(&submitted);
}

/* Whoever asks again for an answer that was lost: the first one's name stays, and nothing is sent
 * twice. */
static void the_first_name_stays(void **state)
{
    (void)state;
    struct api_reply first, again;
    struct store_document document;
    struct envelope envelope;
    submit("\"" PERSON "\"", "a", &first);
    submit("\"" OTHER "\"", "a", &again);
    assert_true(json_is_true(json_object_get(again.json, "repeated")));
    assert_string_equal(text_at(again.json, "sha256"), text_at(first.json, "sha256"));
    read_last(&document, &envelope);
    assert_text(envelope.acting_for, PERSON);
    reply_release(&first);
    reply_release(&again);
}

/* Before anything is sealed, with the name of the field. */
static void what_hides_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"7",        "\" A\"",      "\"A\\u202eB\"",
                                      "\"A\\n\"", "\"\\u200b\"", "\"A\\u0007\""};
    struct api_reply reply;
    char name[2 * PERSON_NAME_CHARACTERS_MAX];
    char id[MESSAGE_ID_TEXT_BYTES], path[160];
    feed_welcome(&fixture, &scratch);
    struct message_id transfer = feed_transfer(&fixture, &scratch, 1, NULL, NULL);
    id_format(&transfer, id);
    memset(name, 'a', PERSON_NAME_CHARACTERS_MAX + 3);
    name[0] = name[PERSON_NAME_CHARACTERS_MAX + 2] = '"';
    name[PERSON_NAME_CHARACTERS_MAX + 3] = 0;
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        const char *person = i < sizeof bad / sizeof *bad ? bad[i] : name;
        char answer[2 * PERSON_NAME_CHARACTERS_MAX + 64];
        call(&fixture, "POST", "/v1/messages", "", submission(person), &reply);
        assert_int_equal(reply.status, 400);
        assert_string_equal(text_at(reply.json, "code"), "field_invalid");
        assert_non_null(strstr(text_at(reply.json, "detail"), "acting_for"));
        reply_release(&reply);
        (void)snprintf(answer, sizeof answer, "{\"acting_for\":%s}", person);
        for (int word = 0; word < 2; word++) {
            (void)snprintf(path, sizeof path, "/v1/inbox/%s/%s?sender=centre", id,
                           word ? "refuse" : "accept");
            assert_call(&fixture, "POST", path, "", answer, 400, "field_invalid");
        }
    }
    struct store_positions positions;
    assert_int_equal(fixture.store->verbs->positions(fixture.store, &positions), REASON_NONE);
    assert_int_equal(positions.next_message_seq, 2);
}

/* ---- a receipt ------------------------------------------------------------------------------- */

/* word: accept or refuse. The receipt says who it was, and so does the message. */
static void assert_answered(const char *word, const char *state)
{
    struct api_reply reply;
    struct store_document document;
    struct envelope envelope;
    char id[MESSAGE_ID_TEXT_BYTES], path[160];
    struct message_id transfer =
        feed_transfer(&fixture, &scratch, word[0] == 'a' ? 1 : 2, NULL, NULL);
    id_format(&transfer, id);
    (void)snprintf(path, sizeof path, "/v1/inbox/%s/%s?sender=centre", id, word);
    assert_call(&fixture, "POST", path, "", "{\"acting_for\":\"" PERSON "\"}", 200, NULL);
    assert_call(&fixture, "POST", path, "", "{\"acting_for\":\"" OTHER "\"}", 200, NULL);
    read_last(&document, &envelope);
    assert_int_equal(envelope.receipt.item_count, 1);
    assert_text(envelope.receipt.items[0].acting_for, PERSON);
    (void)snprintf(path, sizeof path, "/v1/messages/%s?sender=centre", id);
    call(&fixture, "GET", path, "", "", &reply);
    assert_string_equal(text_at(reply.json, "state"), state);
    assert_string_equal(text_at(reply.json, "answered_for"), PERSON);
    assert_null(json_object_get(reply.json, "acting_for"));
    reply_release(&reply);
}

static void a_receipt_says_who_took_or_refused(void **state)
{
    (void)state;
    feed_welcome(&fixture, &scratch);
    assert_answered("accept", "delivered");
    assert_answered("refuse", "refused");
}

/* Of a message of ours the other office's receipt says it. */
static void another_offices_person_is_shown(void **state)
{
    (void)state;
    struct api_reply submitted, reply;
    struct receipt_item item = {.at = {1791426601000}};
    char path[128];
    feed_welcome(&fixture, &scratch);
    submit("\"" PERSON "\"", "a", &submitted);
    assert_true(id_parse(bytes_of_text(text_at(submitted.json, "message_id")), &item.message_id));
    assert_true(digest_parse(bytes_of_text(text_at(submitted.json, "sha256")), &item.digest));
    feed_receipt(&fixture, &scratch, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    item.destination = key_of("centre");
    item.acting_for = bytes_of_text(OTHER);
    feed_receipt(&fixture, &scratch, "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    (void)snprintf(path, sizeof path, "/v1/messages/%s", text_at(submitted.json, "message_id"));
    call(&fixture, "GET", path, "", "", &reply);
    assert_string_equal(text_at(reply.json, "acting_for"), PERSON);
    assert_string_equal(text_at(reply.json, "answered_for"), OTHER);
    const json_t *receipts = json_object_get(reply.json, "receipts");
    assert_string_equal(text_at(json_array_get(receipts, 1), "answered_for"), OTHER);
    reply_release(&reply);
    reply_release(&submitted);
}

/* A receipt of many speaks for each in its item; for all of them together nobody does. */
static void a_receipt_itself_is_nobodys(void **state)
{
    (void)state;
    struct receipt_item item = {.at = {1791426601000}};
    struct envelope envelope = {.sender = key_of("centre"),
                                .recipient = key_of("stnmt"),
                                .type = MESSAGE_TYPE_RECEIPT_CUSTODY,
                                .created = {{fixture.now_ms}, 420},
                                .receipt = {.items = &item, .item_count = 1}};
    struct id_maker maker = {0};
    const uint8_t random[ID_RANDOM_BYTES] = {3};
    struct buffer document;
    id_make(&maker, (wall_t){fixture.now_ms}, random, &item.message_id);
    id_make(&maker, (wall_t){fixture.now_ms}, random, &envelope.id);
    item.digest.bytes[0] = 1;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    assert_int_equal(envelope_build(&envelope, NULL, &scratch, &document), REASON_NONE);
    envelope.acting_for = bytes_of_text(PERSON);
    assert_int_equal(envelope_build(&envelope, NULL, &scratch, &document), REASON_FIELD_INVALID);
    buffer_release(&document);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_sealed_bytes_have_it),
        T(who_sent_it_is_shown),
        T(the_first_name_stays),
        T(what_hides_is_refused),
        T(a_receipt_says_who_took_or_refused),
        T(another_offices_person_is_shown),
        T(a_receipt_itself_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
