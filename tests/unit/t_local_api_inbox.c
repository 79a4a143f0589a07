/* What the gateway brought: messages are read, accepted or refused, once; receipts say where a
 * message of ours is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/unit/api_gateway.h"

static struct api_fixture fixture;
static struct arena scratch;
static struct message_id last_id;
static const struct attachment *next_file; /* of the next transfer; NULL: none */
static const struct message_id *next_id;   /* NULL: a fresh one */

static int setup(void **state)
{
    (void)state;
    fixture_open(&fixture, 1024 * 1024);
    return arena_init(&scratch, 1024 * 1024) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&scratch);
    fixture_close(&fixture);
    return 0;
}

/* A transfer from the centre, as the gateway delivers it. */
static void deliver(uint64_t sequence, char ret_id[MESSAGE_ID_TEXT_BYTES])
{
    last_id = feed_transfer(&fixture, &scratch, sequence, next_id, next_file);
    id_format(&last_id, ret_id);
}

static void link_up(void)
{
    feed_welcome(&fixture, &scratch);
}

static const json_t *inbox(struct api_reply *reply, const char *path)
{
    call(&fixture, "GET", path, "", "", reply);
    assert_int_equal(reply->status, 200);
    return json_object_get(reply->json, "messages");
}

static void what_came_in_is_read_in_order(void **state)
{
    (void)state;
    struct api_reply reply;
    char first[MESSAGE_ID_TEXT_BYTES];
    char second[MESSAGE_ID_TEXT_BYTES];
    char path[128];
    link_up();
    deliver(1, first);
    deliver(2, second);
    const json_t *messages = inbox(&reply, "/v1/inbox?limit=1");
    assert_int_equal(json_array_size(messages), 1);
    const json_t *message = json_array_get(messages, 0);
    assert_string_equal(text_at(message, "message_id"), first);
    assert_string_equal(text_at(message, "type"), "transfer");
    assert_string_equal(text_at(message, "type_vi"), "Chuyển hồ sơ");
    assert_string_equal(text_at(message, "sender"), "centre");
    assert_string_equal(text_at(message, "procedure_code"), "1.011443");
    assert_string_equal(text_at(message, "state"), "queued");
    const json_t *owner = json_object_get(json_object_get(message, "body"), "owner");
    assert_string_equal(text_at(owner, "name"), "Nguyễn Văn A");
    snprintf(path, sizeof path, "/v1/inbox?after=%lld",
             (long long)json_integer_value(json_object_get(reply.json, "next")));
    reply_release(&reply);
    messages = inbox(&reply, path);
    assert_int_equal(json_array_size(messages), 1);
    assert_string_equal(text_at(json_array_get(messages, 0), "message_id"), second);
    reply_release(&reply);
}

/* A file of the inbox is gone from the disk: it will come again from the gateway, and does. */
static void a_lost_file_comes_again(void **state)
{
    (void)state;
    struct api_reply reply;
    struct bytes content = bytes_of_text("hello");
    struct attachment file = {.size_bytes = content.size, .name = bytes_of_text("a.pdf")};
    char id[MESSAGE_ID_TEXT_BYTES];
    char hex[DIGEST_TEXT_BYTES];
    char path[512];
    char name[512];
    sha256_parts(&content, 1, &file.digest);
    digest_format(&file.digest, hex);
    (void)snprintf(path, sizeof path, "/v1/attachments/%s", hex);
    assert_call(&fixture, "PUT", path, "", "hello", 201, NULL);
    link_up();
    next_file = &file;
    deliver(1, id);
    next_file = NULL;
    assert_int_equal(json_array_size(inbox(&reply, "/v1/inbox")), 1);
    reply_release(&reply);
    assert_call(&fixture, "GET", path, "", "", 200, NULL);
    (void)snprintf(name, sizeof name, "%s/blobs/%.2s/%s", fixture.scratch.folder, hex, hex + 2);
    assert_int_equal(unlink(name), 0);
    fixture.blobs->verbs->doubt(fixture.blobs, &file.digest); /* nor is it open any more */
    assert_call(&fixture, "GET", path, "", "", 503, "attachment_damaged");
    fixture_step(&fixture, NULL);
    arena_reset(&scratch);
    feed_frame(&fixture, &scratch,
               &(struct frame){.kind = FRAME_BLOB_CHUNK,
                               .blob = {.digest = file.digest, .content = content}});
    uint64_t size_bytes;
    while (fixture.blobs->verbs->find(fixture.blobs, &file.digest, &size_bytes) != REASON_NONE) {
        fixture.blobs->verbs->wait(fixture.blobs);
        fixture_step(&fixture, NULL);
    }
    assert_call(&fixture, "GET", path, "", "", 200, NULL);
    /* What no message names will not come. */
    path[strlen(path) - 1] ^= 1;
    assert_call(&fixture, "GET", path, "", "", 404, "not_found");
}

static void accepting_is_said_once(void **state)
{
    (void)state;
    struct api_reply reply;
    char id[MESSAGE_ID_TEXT_BYTES];
    char path[160];
    link_up();
    deliver(1, id);
    snprintf(path, sizeof path, "/v1/inbox/%s/accept?sender=centre", id);
    for (int i = 0; i < 2; i++) {
        call(&fixture, "POST", path, "", "{\"office_reference\":\"BN-17\"}", &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(text_at(reply.json, "state"), "delivered");
        reply_release(&reply);
    }
    /* Another number for what has one is said, with the first. */
    call(&fixture, "POST", path, "", "{\"office_reference\":\"BN-18\"}", &reply);
    assert_int_equal(reply.status, 409);
    assert_string_equal(text_at(reply.json, "code"), "duplicate");
    assert_string_equal(text_at(reply.json, "detail"), "office_reference: BN-17");
    reply_release(&reply);
    assert_int_equal(json_array_size(inbox(&reply, "/v1/inbox")), 0);
    reply_release(&reply);
    /* One receipt is owed to the gateway, and one alone. */
    call(&fixture, "GET", "/v1/queues?destination=gateway", "", "", &reply);
    const json_t *entries = json_object_get(reply.json, "entries");
    assert_int_equal(json_array_size(entries), 1);
    assert_string_equal(text_at(json_array_get(entries, 0), "type"), "receipt_delivered");
    reply_release(&reply);
    snprintf(path, sizeof path, "/v1/inbox/%s/refuse?sender=centre", id);
    assert_call(&fixture, "POST", path, "", "{\"text\":\"no\"}", 409, "duplicate");
}

static void refusing_names_a_reason_that_ends_it(void **state)
{
    (void)state;
    struct api_reply reply;
    char id[MESSAGE_ID_TEXT_BYTES];
    char path[160];
    link_up();
    deliver(1, id);
    snprintf(path, sizeof path, "/v1/inbox/%s/refuse?sender=centre", id);
    assert_call(&fixture, "POST", path, "", "{\"reason\":\"office_timeout\"}", 400,
                "field_invalid");
    assert_call(&fixture, "POST", path, "", "{\"reason\":\"nonsense\"}", 400, "field_invalid");
    assert_call(&fixture, "POST", path, "", "{\"wrong\":1}", 400, "field_unknown");
    call(&fixture, "POST", path, "", "{\"reason\":\"office_refused\",\"text\":\"thiếu đơn\"}",
         &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "state"), "refused");
    reply_release(&reply);
    call(&fixture, "GET", "/v1/dossiers/H15.50.05.13-261008-0975", "", "", &reply);
    const json_t *event = json_array_get(json_object_get(reply.json, "events"), 0);
    assert_string_equal(text_at(event, "state"), "refused");
    assert_string_equal(text_at(event, "reason"), "office_refused");
    reply_release(&reply);
    snprintf(path, sizeof path, "/v1/inbox/%s/accept?sender=centre", id);
    assert_call(&fixture, "POST", path, "", "", 409, "office_refused");
}

static void an_answer_may_name_what_it_answers(void **state)
{
    (void)state;
    struct api_reply reply;
    char id[MESSAGE_ID_TEXT_BYTES];
    char body[512];
    struct store_message message;
    struct key centre = key_of("centre");
    char digest[DIGEST_TEXT_BYTES];
    link_up();
    deliver(1, id);
    assert_int_equal(fixture.store->verbs->find_message(fixture.store, &centre, &last_id, &message),
                     REASON_NONE);
    digest_format(&message.digest, digest);
    /* Its digest may be given by the caller, who has read it in the inbox. */
    snprintf(
        body, sizeof body,
        "{\"type\":\"result\",\"dossier_code\":\"H15.50.05.13-261008-0975\","
        "\"in_reply_to\":\"%s\",\"in_reply_to_sha256\":\"%s\",\"body\":{\"national_state\":9}}",
        id, digest);
    call(&fixture, "POST", "/v1/messages", "", body, &reply);
    assert_int_equal(reply.status, 202);
    char path[128];
    snprintf(path, sizeof path, "/v1/messages/%s", text_at(reply.json, "message_id"));
    reply_release(&reply);
    call(&fixture, "GET", path, "", "", &reply);
    assert_string_equal(text_at(reply.json, "in_reply_to"), id);
    assert_string_equal(text_at(reply.json, "in_reply_to_sha256"), digest);
    reply_release(&reply);
}

/* ---- receipts -------------------------------------------------------------------------------- */

/* A result for the centre. */
static void submit(struct receipt_item *ret_item, char ret_id[MESSAGE_ID_TEXT_BYTES])
{
    struct api_reply reply;
    call(&fixture, "POST", "/v1/messages", "",
         "{\"type\":\"result\",\"recipient\":\"centre\","
         "\"dossier_code\":\"H15.50.05.13-261008-0975\",\"body\":{\"national_state\":9}}",
         &reply);
    assert_int_equal(reply.status, 202);
    *ret_item = (struct receipt_item){0};
    assert_true(id_parse(bytes_of_text(text_at(reply.json, "message_id")), &ret_item->message_id));
    assert_true(digest_parse(bytes_of_text(text_at(reply.json, "sha256")), &ret_item->digest));
    snprintf(ret_id, MESSAGE_ID_TEXT_BYTES, "%s", text_at(reply.json, "message_id"));
    reply_release(&reply);
}

struct shown {
    const char *state, *state_vi, *time, *reason, *text;
};

/* The message, and its line in the dossier's history, say the same. */
static void assert_standing(const char *id, const struct shown *standing)
{
    struct api_reply message, dossier;
    char path[128];
    snprintf(path, sizeof path, "/v1/messages/%s", id);
    call(&fixture, "GET", path, "", "", &message);
    call(&fixture, "GET", "/v1/dossiers/H15.50.05.13-261008-0975", "", "", &dossier);
    const json_t *event = json_array_get(json_object_get(dossier.json, "events"), 0);
    assert_string_equal(text_at(event, "type"), "result");
    const json_t *const places[] = {event, message.json};
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(text_at(places[i], "state"), standing->state);
        assert_string_equal(text_at(places[i], "state_vi"), standing->state_vi);
        assert_string_equal(text_at(places[i], "state_time"), standing->time);
        assert_string_equal(text_at(places[i], "reason"), standing->reason);
        assert_string_equal(text_at(places[i], "text"), standing->text);
    }
    reply_release(&dossier);
    reply_release(&message);
}

/* In custody until a receipt ends it; then what that receipt says, when and why (4, 9). */
static void assert_ends(const char *sender, enum message_type type, enum reason reason,
                        const struct shown *end)
{
    struct receipt_item item;
    char id[MESSAGE_ID_TEXT_BYTES];
    link_up();
    submit(&item, id);
    assert_standing(id, &(struct shown){"leased", "đang gửi", "", "", ""});
    item.at = (wall_t){1791426601000};
    feed_receipt(&fixture, &scratch, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    assert_standing(
        id, &(struct shown){"custody", "cổng tiếp quản", "2026-10-08T09:30:01.000+07:00", "", ""});
    item.at = (wall_t){1791426662000};
    item.destination = key_of("centre");
    item.reason = reason;
    item.text = bytes_of_text(end->text);
    feed_receipt(&fixture, &scratch, sender, type, &item, 1);
    assert_standing(id, end);
}

#define END_TIME "2026-10-08T09:31:02.000+07:00"

/* Ids are their senders' own: who takes the id of a message of ours is shown nothing of what became
 * of it, neither in his message nor in the dossier. */
static void a_borrowed_id_borrows_no_receipts(void **state)
{
    static const struct {
        const char *sender;
        size_t receipts;
    } shown[] = {{"stnmt", 2}, {"centre", 0}};
    (void)state;
    struct receipt_item item;
    struct api_reply reply;
    char id[MESSAGE_ID_TEXT_BYTES], path[128];
    link_up();
    submit(&item, id);
    feed_receipt(&fixture, &scratch, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    item.destination = key_of("centre");
    feed_receipt(&fixture, &scratch, "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    next_id = &item.message_id;
    deliver(1, id);
    next_id = NULL;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        snprintf(path, sizeof path, "/v1/messages/%s?sender=%s", id, shown[i].sender);
        call(&fixture, "GET", path, "", "", &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(text_at(reply.json, "sender"), shown[i].sender);
        assert_int_equal(json_array_size(json_object_get(reply.json, "receipts")),
                         shown[i].receipts);
        reply_release(&reply);
    }
}

static void what_is_delivered_is_no_longer_in_custody(void **state)
{
    (void)state;
    assert_ends("centre", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE,
                &(struct shown){"delivered", "đã giao", END_TIME, "", ""});
}

static void what_is_refused_says_why(void **state)
{
    (void)state;
    assert_ends("centre", MESSAGE_TYPE_RECEIPT_REFUSED, REASON_OFFICE_REFUSED,
                &(struct shown){"refused", "bị từ chối", END_TIME, "office_refused", "thiếu đơn"});
}

static void what_expired_at_the_gateway_has_expired(void **state)
{
    (void)state;
    assert_ends("gateway", MESSAGE_TYPE_RECEIPT_EXPIRED, REASON_LIFE_EXCEEDED,
                &(struct shown){"expired", "hết hạn", END_TIME, "life_exceeded", ""});
}

static void what_was_withdrawn_at_the_gateway_is_withdrawn(void **state)
{
    (void)state;
    assert_ends("gateway", MESSAGE_TYPE_RECEIPT_WITHDRAWN, REASON_WITHDRAWN,
                &(struct shown){"withdrawn", "đã rút", END_TIME, "withdrawn", ""});
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_came_in_is_read_in_order),
        T(a_lost_file_comes_again),
        T(accepting_is_said_once),
        T(refusing_names_a_reason_that_ends_it),
        T(an_answer_may_name_what_it_answers),
        T(a_borrowed_id_borrows_no_receipts),
        T(what_is_delivered_is_no_longer_in_custody),
        T(what_is_refused_says_why),
        T(what_expired_at_the_gateway_has_expired),
        T(what_was_withdrawn_at_the_gateway_is_withdrawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
