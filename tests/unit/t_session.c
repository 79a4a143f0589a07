/* What a gateway forwards in the wrong number or twice: the adapter answers and goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sim/world.h"
#include "tests/unit/session_fixture.h"

/* The gateway refused a message twice, and both receipts came together. */
static void a_message_is_refused_twice(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    struct receipt_item item = {.message_id = submitted.id,
                                .digest = submitted.digest,
                                .reason = REASON_ROUTE_MISSING,
                                .at = {now_ms}};
    begin(fixture);
    struct bytes documents[2];
    for (size_t i = 0; i < 2; i++)
        documents[i] = receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_REFUSED, &item, 1);
    bring(fixture, documents, 2, "seal");
    end(fixture);
    assert_int_equal(fixture->taken, 2);
}

/* An agency's receipts name one message 512 times each, eleven receipts in a frame. */
static void receipts_name_more_than_a_step_holds(void **state)
{
    enum { RECEIPTS = 11 };
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    struct fixture *fixture = *state;
    struct bytes documents[RECEIPTS];
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    begin(fixture);
    bring_custody(fixture, &submitted, "stp");
    end(fixture);
    begin(fixture);
    for (size_t i = 0; i < RECEIPT_ITEMS_MAX; i++)
        items[i] = (struct receipt_item){.message_id = submitted.id,
                                         .digest = submitted.digest,
                                         .destination = key_of("stp"),
                                         .at = {now_ms}};
    for (size_t i = 0; i < RECEIPTS; i++)
        documents[i] =
            receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, items, RECEIPT_ITEMS_MAX);
    bring(fixture, documents, RECEIPTS, "seal");
    end(fixture);
    size_t taken = fixture->taken;
    assert_true(taken > 0 && taken < RECEIPTS);
    assert_int_equal(fixture->not_taken, 0);
    begin(fixture); /* the rest has waited */
    end(fixture);
    assert_int_equal(taken + fixture->taken, RECEIPTS);
}

/* One frame puts off more than one step can write: nothing of it is forgotten. */
static void more_is_put_off_than_a_step_holds(void **state)
{
    enum { MESSAGES = 1200 };
    static struct message_id ids[MESSAGES];
    struct fixture *fixture = *state;
    struct session_status status;
    struct frame frame = {.kind = FRAME_WELCOME,
                          .welcome = {.version = LINK_VERSION,
                                      .gateway = key_of("gateway"),
                                      .window_messages = MESSAGE_WINDOW_MAX,
                                      .clock = {now_ms}}};
    begin(fixture);
    session_link_up(fixture->session);
    bring_frame(fixture, &frame);
    end(fixture);
    for (size_t i = 0; i < MESSAGES; i++) {
        begin(fixture);
        ids[i] = submit_about(fixture, i).id;
        end(fixture);
    }
    frame = (struct frame){
        .kind = FRAME_NOT_TAKEN,
        .taken = {
            .ids = ids, .count = MESSAGES, .reason = REASON_BUSY, .retry_after_ms = 3600 * 1000}};
    begin(fixture);
    bring_frame(fixture, &frame);
    end(fixture);
    for (size_t i = 0; i < 3; i++) {
        begin(fixture);
        end(fixture);
    }
    session_status(fixture->session, &status);
    assert_int_equal(status.to_gateway, MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++)
        assert_int_equal(state_of(fixture, &ids[i]), ENTRY_DEFERRED);
}

/* A receipt that cannot be verified is not taken, and the gateway hears so. */
static void a_receipt_cannot_be_verified(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    struct submitted submitted = submit(fixture);
    struct receipt_item item = {.message_id = submitted.id,
                                .digest = submitted.digest,
                                .destination = key_of("stp"),
                                .at = {now_ms}};
    end(fixture);
    begin(fixture);
    struct bytes document = receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    bring(fixture, &document, 1, "revoked");
    end(fixture);
    assert_int_equal(fixture->taken, 0);
    assert_int_equal(fixture->not_taken, 1);
}

/* Messages of 200 senders are refused in one step: 200 receipts. */
static void many_senders_are_answered_in_one_step(void **state)
{
    enum { FRAMES = 4, SENDERS = 50 };
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    begin(fixture);
    for (size_t frame = 0; frame < FRAMES; frame++) {
        struct bytes documents[SENDERS];
        for (size_t i = 0; i < SENDERS; i++) {
            char name[8];
            (void)snprintf(name, sizeof name, "a%03zu", frame * SENDERS + i);
            struct envelope envelope = {.sender = key_of(name),
                                        .type = MESSAGE_TYPE_RESULT,
                                        .sequence = 1,
                                        .expires = {{now_ms - 1}, VIETNAM_OFFSET_MINUTES},
                                        .dossier_code = bytes_of_text("H38.09-261124-0001")};
            documents[i] = build(fixture, &envelope, &body);
        }
        bring(fixture, documents, SENDERS, "seal");
    }
    end(fixture);
    assert_int_equal(fixture->taken, FRAMES * SENDERS);
}

/* In which line it waits for the office. */
static uint64_t line_of_result(struct fixture *fixture, const char *sender)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    struct store *store = fixture->store;
    struct key office = key_of(SESSION_OFFICE);
    struct store_message message;
    struct entry entry;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct envelope envelope = {.sender = key_of(sender),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text(fixture->dossier)};
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(store->verbs->find_message(store, &envelope.sender, &fixture->ids, &message),
                     REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, message.seq, &office, &entry), REASON_NONE);
    return entry.order;
}

/* Of a dossier that nobody transferred here an agency holds up nobody but itself; of one that was,
 * everything stands in one line. */
static void agencies_hold_up_nobody_with_a_code_that_they_guessed(void **state)
{
    struct fixture *fixture = *state;
    session_set_registry(fixture->session, catalogue_registry(0, 0));
    uint64_t line = line_of_result(fixture, "sxd");
    assert_int_not_equal(line, line_of_result(fixture, "stp"));
    assert_int_equal(line, line_of_result(fixture, "sxd"));
    begin(fixture);
    (void)submit_about(fixture, 2); /* its transfer, which is ours */
    end(fixture);
    line = line_of_result(fixture, "sxd");
    assert_int_equal(line, line_of_result(fixture, "stp"));
    catalogue_release();
}

/* Our clock was ahead: a message was refused as expired. Mended, it hears the same message again.
 */
static void what_was_refused_stays_refused(void **state)
{
    enum { LATER_MS = 5000 };
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .expires = {{now_ms + LATER_MS}, VIETNAM_OFFSET_MINUTES},
                                .dossier_code = bytes_of_text("H38.09-261124-0001")};
    uint8_t kept[1024];
    struct bytes built = build(fixture, &envelope, &body);
    check(built.size <= sizeof kept);
    memcpy(kept, built.data, built.size);
    struct bytes document = {kept, built.size};
    struct store_message message;
    struct entry entry;
    struct key office = key_of(SESSION_OFFICE);
    for (int64_t ahead_ms = 2 * LATER_MS; ahead_ms >= 0; ahead_ms -= 2 * LATER_MS) {
        fixture->taken = 0;
        session_begin(fixture->session, (mono_t){now_ms}, (wall_t){now_ms + ahead_ms});
        bring(fixture, &document, 1, "seal");
        bring(fixture, &document, 1, "seal"); /* twice in one step */
        end(fixture);
        assert_int_equal(fixture->taken, 2);
        assert_int_equal(
            verbs->find_message(fixture->store, &envelope.sender, &fixture->ids, &message),
            REASON_NONE);
        assert_int_equal(verbs->read_entry(fixture->store, message.seq, &office, &entry),
                         REASON_NONE);
        assert_int_equal(entry.state, ENTRY_REFUSED);
        assert_int_equal(entry.reason, REASON_EXPIRED);
    }
}

/* ---- files ---- */

static struct attachment keep_file(struct fixture *fixture, const char *text)
{
    const struct blobs_verbs *verbs = fixture->blobs->verbs;
    struct key uploader = {0};
    struct bytes content = bytes_of_text(text);
    struct attachment file = {.size_bytes = content.size, .name = bytes_of_text("a.pdf")};
    uint64_t at;
    sha256_parts(&content, 1, &file.digest);
    check(verbs->begin(fixture->blobs, &uploader, &file.digest, content.size, &at) == REASON_NONE);
    check(verbs->write(fixture->blobs, &uploader, &file.digest, 0, content) == REASON_NONE);
    check(blobs_finish(fixture->blobs, &uploader, &file.digest) == REASON_NONE);
    return file;
}

static bool is_served(struct fixture *fixture, const struct digest *file, const char *sender,
                      const struct message_id *id)
{
    struct frame want = {.kind = FRAME_BLOB_WANT,
                         .blob = {.digest = *file,
                                  .credit_until = BLOB_CHUNK_BYTES_MAX,
                                  .sender = key_of(sender),
                                  .message_id = *id}};
    begin(fixture);
    bring_frame(fixture, &want);
    end(fixture);
    if (fixture->chunks == 0) {
        assert_int_equal(fixture->file.reason, REASON_ATTACHMENT_MISSING);
        assert_int_equal(fixture->alarms, 1);
    }
    return fixture->chunks > 0;
}

/* The gateway gets the files of what we send it; not a draft's, nor what others sent us. */
static void the_gateway_gets_the_files_that_are_sent(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct attachment sent = keep_file(fixture, "sent");
    struct attachment draft = keep_file(fixture, "not sent");
    begin(fixture);
    struct submitted submitted = submit_with(fixture, &sent);
    end(fixture);
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text("H38.09-261124-0001"),
                                .attachments = &draft,
                                .attachment_count = 1};
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    struct message_id received = envelope.id;
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->taken, 1);
    assert_false(is_served(fixture, &draft.digest, "centre", &submitted.id));
    assert_false(is_served(fixture, &draft.digest, "stp", &received));
    assert_true(is_served(fixture, &sent.digest, "centre", &submitted.id));
}

/* What is missing is asked for in the name of the message that came. */
static void a_file_is_wanted_for_its_message(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct attachment file = {.size_bytes = 1000, .name = bytes_of_text("a.pdf")};
    memset(file.digest.bytes, 0x5a, DIGEST_BYTES);
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text("H38.09-261124-0001"),
                                .attachments = &file,
                                .attachment_count = 1};
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_true(digest_equal(&fixture->file.digest, &file.digest));
    assert_string_equal(fixture->file.sender.text, "stp");
    assert_true(id_equal(&fixture->file.message_id, &envelope.id));
    /* What the gateway says of the file, or sends for it, is not the message's fault. */
    static const uint8_t other[1000];
    const struct frame answers[] = {
        {.kind = FRAME_BLOB_REFUSED, .blob = {.digest = file.digest, .reason = REASON_BUSY}},
        {.kind = FRAME_BLOB_REFUSED,
         .blob = {.digest = file.digest, .reason = REASON_ATTACHMENT_MISSING}},
        {.kind = FRAME_BLOB_REFUSED,
         .blob = {.digest = file.digest, .reason = REASON_ATTACHMENT_DIGEST}},
        {.kind = FRAME_BLOB_CHUNK,
         .blob = {.digest = file.digest, .content = {other, sizeof other}}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        begin(fixture);
        bring_frame(fixture, &answers[i]);
        end(fixture);
        assert_int_equal(fixture->taken + fixture->not_taken, 1);
        assert_int_equal(fixture->not_taken, 1);
        begin(fixture);
        document = build(fixture, &envelope, &body);
        bring(fixture, &document, 1, "seal");
        end(fixture);
        assert_int_equal(fixture->taken + fixture->not_taken, 0);
    }
    begin(fixture); /* what still waits for its file is given back */
    bring_frame(fixture, &answers[0]);
    end(fixture);
    assert_int_equal(fixture->not_taken, 1);
}

/* A file of the inbox rots: it is fetched again from the gateway, for the message that waits;
 * nothing is asked for that no message names. */
static void a_damaged_file_comes_again(void **state)
{
    struct fixture *fixture = *state;
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    struct digest unknown = {{7}};
    uint64_t size_bytes;
    uint8_t text[16];
    size_t got;
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    struct attachment file = keep_file(fixture, "as it came");
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text("H38.09-261124-0001"),
                                .attachments = &file,
                                .attachment_count = 1};
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->taken, 1);
    assert_true(blobs_memory_damage(fixture->blobs, NULL, &file.digest));
    struct blobs *blobs = fixture->blobs;
    assert_int_equal(blobs->verbs->read(blobs, &file.digest, 0, text, sizeof text, &got),
                     REASON_STORE_CORRUPT);
    assert_int_equal(session_fetch_again(fixture->session, &unknown), REASON_NOT_FOUND);
    for (int i = 0; i < 2; i++)
        assert_int_equal(session_fetch_again(fixture->session, &file.digest),
                         REASON_ATTACHMENT_DAMAGED);
    begin(fixture);
    end(fixture);
    assert_true(digest_equal(&fixture->file.digest, &file.digest));
    assert_string_equal(fixture->file.sender.text, "stp");
    assert_true(id_equal(&fixture->file.message_id, &envelope.id));
    struct frame chunk = {.kind = FRAME_BLOB_CHUNK,
                          .blob = {.digest = file.digest, .content = bytes_of_text("as it came")}};
    begin(fixture);
    bring_frame(fixture, &chunk);
    end(fixture);
    assert_int_equal(blobs->verbs->find(blobs, &file.digest, &size_bytes), REASON_NONE);
    assert_int_equal(size_bytes, file.size_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_damaged_file_comes_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(agencies_hold_up_nobody_with_a_code_that_they_guessed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_is_refused_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(receipts_name_more_than_a_step_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_is_put_off_than_a_step_holds, set_small, tear_down),
        cmocka_unit_test_setup_teardown(a_receipt_cannot_be_verified, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_refused_stays_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_senders_are_answered_in_one_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_gateway_gets_the_files_that_are_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_is_wanted_for_its_message, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
