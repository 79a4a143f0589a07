/* What receipts say counts from those who may say it, item by item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/session_fixture.h"

static struct receipt_item about(const struct submitted *submitted, const char *destination)
{
    return (struct receipt_item){.message_id = submitted->id,
                                 .digest = submitted->digest,
                                 .destination = key_of(destination),
                                 .at = {now_ms}};
}

static struct submitted sent_to(struct fixture *fixture, const char *recipients)
{
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    begin(fixture);
    bring_custody(fixture, &submitted, recipients);
    end(fixture);
    assert_int_equal(fixture->alarms, 0);
    return submitted;
}

static uint32_t told(struct fixture *fixture, const struct submitted *submitted, const char *who)
{
    struct outcome outcome;
    struct key key = key_of(who);
    return session_outcome(fixture->session, &submitted->id, &key, &outcome) == REASON_NONE
               ? outcome.receipt_type
               : 0;
}

static void bring_sealed(struct fixture *fixture, const char *signer, uint32_t type,
                         const struct receipt_item *items, size_t count, const char *seal)
{
    begin(fixture);
    struct bytes document = receipt(fixture, signer, type, items, count);
    bring(fixture, &document, 1, seal);
    end(fixture);
}

static void bring_receipt(struct fixture *fixture, const char *signer, uint32_t type,
                          const struct receipt_item *items, size_t count)
{
    bring_sealed(fixture, signer, type, items, count, "seal");
}

static void delivered_is_the_recipients_to_say(void **state)
{
    struct fixture *fixture = *state;
    struct submitted submitted = sent_to(fixture, "stp portal");
    struct receipt_item item = about(&submitted, "stp");
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    item.destination = key_of("sxd");
    bring_receipt(fixture, "sxd", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    item.destination = key_of("stp"); /* said in the name of stp */
    bring_receipt(fixture, "sxd", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    assert_int_equal(told(fixture, &submitted, "stp"), 0);
    assert_int_equal(told(fixture, &submitted, "sxd"), 0);
    bring_receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(fixture->alarms, 0);
    assert_int_equal(told(fixture, &submitted, "stp"), MESSAGE_TYPE_RECEIPT_DELIVERED);
    item.destination = key_of("portal"); /* of its copy */
    bring_receipt(fixture, "portal", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(told(fixture, &submitted, "portal"), MESSAGE_TYPE_RECEIPT_DELIVERED);
}

static void the_end_of_a_life_is_the_gateways_to_say(void **state)
{
    struct fixture *fixture = *state;
    static const uint32_t types[] = {MESSAGE_TYPE_RECEIPT_EXPIRED, MESSAGE_TYPE_RECEIPT_WITHDRAWN,
                                     MESSAGE_TYPE_RECEIPT_CUSTODY};
    struct submitted submitted = sent_to(fixture, "stp");
    struct receipt_item item = about(&submitted, "stp");
    for (size_t i = 0; i < 2; i++) {
        bring_receipt(fixture, "stp", types[i], &item, 1);
        assert_int_equal(fixture->alarms, 1);
        assert_int_equal(fixture->taken, 1);
        assert_int_equal(told(fixture, &submitted, "stp"), 0);
    }
    item.destination = key_of("sxd"); /* where it never went */
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_EXPIRED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    item.destination = key_of("stp");
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_EXPIRED, &item, 1);
    assert_int_equal(fixture->alarms, 0);
    assert_int_equal(told(fixture, &submitted, "stp"), MESSAGE_TYPE_RECEIPT_EXPIRED);
}

static void a_gateway_refuses_only_what_it_does_not_take(void **state)
{
    struct fixture *fixture = *state;
    struct submitted submitted = sent_to(fixture, "stp");
    struct receipt_item item = about(&submitted, "stp");
    item.reason = REASON_OFFICE_REFUSED;
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_REFUSED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    item.destination = (struct key){0}; /* it has given custody: this contradicts it */
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_REFUSED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    assert_int_equal(told(fixture, &submitted, "gateway"), MESSAGE_TYPE_RECEIPT_CUSTODY);
    item.destination = key_of("stp");
    bring_receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_REFUSED, &item, 1);
    assert_int_equal(fixture->alarms, 0);
    assert_int_equal(told(fixture, &submitted, "stp"), MESSAGE_TYPE_RECEIPT_REFUSED);
}

/* One item is the signer's to say and the other is not: the one counts, the other is an alarm. */
static void a_mixed_receipt_is_judged_item_by_item(void **state)
{
    struct fixture *fixture = *state;
    struct submitted own = sent_to(fixture, "stp");
    struct submitted others = sent_to(fixture, "sxd");
    struct receipt_item items[] = {about(&others, "stp"), about(&own, "stp")};
    bring_receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, items, 2);
    assert_int_equal(fixture->alarms, 1);
    assert_int_equal(told(fixture, &own, "stp"), MESSAGE_TYPE_RECEIPT_DELIVERED);
    assert_int_equal(told(fixture, &others, "stp"), 0);
    assert_int_equal(told(fixture, &others, "sxd"), 0);
}

/* No word about the word since when a message was held: that is given again with the message. */
static void a_statement_whose_certificate_ended_is_done(void **state)
{
    struct fixture *fixture = *state;
    struct submitted submitted = sent_to(fixture, "stp");
    struct receipt_item items[] = {about(&submitted, "centre"), about(&submitted, "stp")};
    bring_sealed(fixture, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, items, 1, "ended");
    assert_int_equal(fixture->taken, 1);
    assert_int_equal(fixture->not_taken, 0);
    bring_sealed(fixture, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, items, 2, "ended");
    assert_int_equal(fixture->not_taken, 1); /* it says something else too */
    bring_sealed(fixture, "stp", MESSAGE_TYPE_RECEIPT_CUSTODY, items, 1, "ended");
    assert_int_equal(fixture->not_taken, 1); /* not the gateway's */
}

/* It is said again only with its message, which does not keep its place in the window meanwhile:
 * what stands behind it would wait for its lease. */
static void a_message_whose_custody_is_put_off_gives_way(void **state)
{
    struct fixture *fixture = *state;
    const struct frame welcome = {.kind = FRAME_WELCOME,
                                  .welcome = {.version = LINK_VERSION,
                                              .gateway = key_of("gateway"),
                                              .window_messages = 1,
                                              .clock = {now_ms}}};
    begin(fixture);
    session_link_up(fixture->session);
    bring_frame(fixture, &welcome);
    end(fixture);
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    assert_int_equal(state_of(fixture, &submitted.id), ENTRY_LEASED);
    struct receipt_item item = {
        .message_id = submitted.id, .digest = submitted.digest, .at = {now_ms}};
    bring_sealed(fixture, "gateway", MESSAGE_TYPE_RECEIPT_WITHDRAWN,
                 &(struct receipt_item){.message_id = submitted.id,
                                        .digest = submitted.digest,
                                        .destination = key_of("sxd"),
                                        .reason = REASON_WITHDRAWN_BY_OPERATOR,
                                        .at = {now_ms},
                                        .sender = key_of("stp")},
                 1, "ended");
    assert_int_equal(fixture->not_taken, 1);
    assert_int_equal(state_of(fixture, &submitted.id), ENTRY_LEASED); /* another's of that id */
    bring_sealed(fixture, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1, "ended");
    assert_int_equal(fixture->not_taken, 1);
    assert_int_equal(state_of(fixture, &submitted.id), ENTRY_DEFERRED);
}

/* A receipt that overtakes the custody of its message is judged when that has come. */
static void a_receipt_before_custody_waits(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    struct receipt_item item = about(&submitted, "stp");
    bring_receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(fixture->not_taken, 1);
    assert_int_equal(fixture->alarms, 0);
    begin(fixture);
    bring_custody(fixture, &submitted, "stp");
    struct bytes document = receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    bring(fixture, &document, 1, "seal"); /* also in the same step */
    end(fixture);
    assert_int_equal(fixture->taken, 2);
    assert_int_equal(told(fixture, &submitted, "stp"), MESSAGE_TYPE_RECEIPT_DELIVERED);
}

/* ---- copies ---- */

/* Progress of stp, of which we have a copy. */
static struct receipt_item bring_copy(struct fixture *fixture)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Progress progress = LIENTHONG__V1__PROGRESS__INIT;
    struct envelope envelope = {.sender = key_of("stp"),
                                .type = MESSAGE_TYPE_PROGRESS,
                                .sequence = 1,
                                .dossier_code = bytes_of_text(fixture->dossier)};
    progress.content = (char *)(uintptr_t) "Đã phân công";
    progress.national_state = 4;
    body.kind_case = LIENTHONG__V1__BODY__KIND_PROGRESS;
    body.progress = &progress;
    begin(fixture);
    struct bytes document = build(fixture, &envelope, &body);
    struct receipt_item item = {.message_id = envelope.id,
                                .destination = key_of("sxd"),
                                .reason = REASON_WITHDRAWN_BY_OPERATOR,
                                .at = {now_ms},
                                .sender = key_of("stp")};
    sha256_parts(&document, 1, &item.digest);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    return item;
}

/* Receipts that our office is to hear of. */
static size_t owed(struct fixture *fixture, uint64_t *ret_seq)
{
    const struct store_filter filter = {.destination = key_of(SESSION_OFFICE)};
    struct entry entries[8];
    size_t count = 0, receipts = 0;
    assert_int_equal(fixture->store->verbs->list(fixture->store, &filter, entries, 8, &count),
                     REASON_NONE);
    for (size_t i = 0; i < count; i++) {
        receipts += entries[i].is_receipt;
        *ret_seq = entries[i].is_receipt ? entries[i].message_seq : *ret_seq;
    }
    return receipts;
}

static void what_a_copy_came_to_goes_to_the_office(void **state)
{
    struct fixture *fixture = *state;
    struct receipt_item item = bring_copy(fixture);
    struct store_positions before, after;
    uint64_t seq = 0;
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_WITHDRAWN, &item, 1);
    assert_int_equal(fixture->alarms, 0);
    assert_int_equal(fixture->taken, 1);
    assert_int_equal(owed(fixture, &seq), 1);
    /* Its answer is nobody else's affair. */
    const struct office_answer answer = {.message_seq = seq, .ground = FAILURE_SPOKEN};
    (void)fixture->store->verbs->positions(fixture->store, &before);
    begin(fixture);
    assert_int_equal(session_office_answer(fixture->session, &answer), REASON_NONE);
    end(fixture);
    (void)fixture->store->verbs->positions(fixture->store, &after);
    assert_int_equal(owed(fixture, &seq), 0);
    assert_int_equal(after.next_message_seq, before.next_message_seq);
}

static void what_a_copy_came_to_is_the_gateways_to_say(void **state)
{
    struct fixture *fixture = *state;
    struct receipt_item good = bring_copy(fixture);
    struct receipt_item items[] = {good, good, good, good};
    uint64_t seq = 0;
    bring_receipt(fixture, "sxd", MESSAGE_TYPE_RECEIPT_REFUSED, &good, 1);
    assert_int_equal(fixture->alarms, 1);
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_DELIVERED,
                  &(struct receipt_item){.message_id = good.message_id,
                                         .digest = good.digest,
                                         .destination = good.destination,
                                         .at = good.at,
                                         .sender = good.sender},
                  1);
    assert_int_equal(fixture->alarms, 1);
    items[0].sender = key_of("sxd");         /* a message that we do not have */
    items[1].destination = key_of("centre"); /* our own end is ours to say */
    items[2].digest.bytes[0] ^= 1;
    items[3].sender = key_of("centre");
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_WITHDRAWN, items, 4);
    assert_int_equal(fixture->alarms, 4);
    assert_int_equal(owed(fixture, &seq), 0);
}

/* Custody was before we hear of it, though a gateway's clock may have run ahead (invariant 14). */
static void custody_is_no_later_than_now(void **state)
{
    struct fixture *fixture = *state;
    struct session_proof proof;
    struct receipt_item item = {
        .message_id = {{1, 2, 3, 4, 5, 6, 0x70, 7, 0x80, 8, 9, 10, 11, 12, 13, 14}},
        .digest = {{1}},
        .destination = key_of("centre"),
        .at = {now_ms + 2 * CLOCK_SKEW_MAX_MS}};
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    assert_int_equal(session_proof(fixture->session, &item.digest, &proof), REASON_NONE);
    assert_int_equal(proof.at.ms, now_ms);
    item.at.ms = now_ms - 1000;
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_CUSTODY, &item, 1);
    assert_int_equal(session_proof(fixture->session, &item.digest, &proof), REASON_NONE);
    assert_int_equal(proof.at.ms, now_ms - 1000);
}

/* Each item says that its message goes on to another: two notes. */
static void redirections_without_end_fit_into_their_steps(void **state)
{
    enum { RECEIPTS = 6 };
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    struct fixture *fixture = *state;
    struct bytes documents[RECEIPTS];
    struct submitted submitted = sent_to(fixture, "stp");
    for (size_t i = 0; i < RECEIPT_ITEMS_MAX; i++) {
        items[i] = about(&submitted, "stp");
        items[i].reason = REASON_REDIRECTED;
        items[i].recipients = bytes_of_text("sxd stp");
    }
    begin(fixture);
    for (size_t i = 0; i < RECEIPTS; i++)
        documents[i] = receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_WITHDRAWN, items,
                               i == 0 ? 1 : RECEIPT_ITEMS_MAX);
    bring(fixture, documents, RECEIPTS, "seal");
    end(fixture);
    for (size_t taken = fixture->taken; taken < RECEIPTS; taken += fixture->taken) {
        begin(fixture);
        end(fixture);
        assert_true(fixture->taken > 0);
    }
    assert_int_equal(told(fixture, &submitted, "stp"), MESSAGE_TYPE_RECEIPT_WITHDRAWN);
}

/* Under these names the store keeps what waits for the gateway and for our own office: no word of
 * the gateway begins or ends anything there. */
static void local_queues_are_no_recipients(void **state)
{
    struct fixture *fixture = *state;
    struct key office = key_of(SESSION_OFFICE);
    struct store_message message;
    struct entry entry;
    struct key centre = key_of("centre");
    struct submitted submitted = sent_to(fixture, "stp gateway " SESSION_OFFICE);
    struct store *store = fixture->store;
    assert_int_equal(store->verbs->find_message(store, &centre, &submitted.id, &message),
                     REASON_NONE);
    assert_int_equal(store->verbs->read_entry(store, message.seq, &office, &entry),
                     REASON_NOT_FOUND);
    fixture->recipient = key_of("gateway");
    begin(fixture);
    submitted = submit_about(fixture, 2);
    end(fixture);
    struct receipt_item item = about(&submitted, "gateway");
    bring_receipt(fixture, "gateway", MESSAGE_TYPE_RECEIPT_EXPIRED, &item, 1);
    assert_int_equal(fixture->alarms, 1);
    assert_int_equal(told(fixture, &submitted, "gateway"), 0);
    assert_true(entry_state_is_live(state_of(fixture, &submitted.id)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(delivered_is_the_recipients_to_say),
        TEST(the_end_of_a_life_is_the_gateways_to_say),
        TEST(a_gateway_refuses_only_what_it_does_not_take),
        TEST(a_mixed_receipt_is_judged_item_by_item),
        TEST(a_statement_whose_certificate_ended_is_done),
        TEST(a_message_whose_custody_is_put_off_gives_way),
        TEST(a_receipt_before_custody_waits),
        TEST(what_a_copy_came_to_goes_to_the_office),
        TEST(what_a_copy_came_to_is_the_gateways_to_say),
        TEST(custody_is_no_later_than_now),
        TEST(redirections_without_end_fit_into_their_steps),
        TEST(local_queues_are_no_recipients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
