/* The gateway whose store was put back from a backup, alone: what it believes of before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/core/broker_parts.h"
#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"

#define COPY "2.000635" /* of stp */

enum { HOUR_MS = 60 * 60 * 1000, DAY_MS = 24 * HOUR_MS };

static struct message_id last_own_id(const struct lone_gateway *gateway)
{
    struct key self = key_of("gateway");
    struct message_id id;
    assert_int_equal(gateway->store->verbs->last_id(gateway->store, &self, &id), REASON_NONE);
    return id;
}

static void take_transfer(struct lone_gateway *gateway, const char *dossier)
{
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    (void)lone_gateway_put_transfer(gateway, COPY, dossier);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

/* Adapters go through the gateway's receipts in the order of their ids: a later one is above all
 * before it, also of a process that began with a clock which was set back. */
static void own_ids_ascend_over_restarts(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    take_transfer(gateway, "H38.09-261124-0001");
    struct message_id before = last_own_id(gateway);
    gateway->now_ms -= HOUR_MS;
    lone_gateway_restart(gateway);
    take_transfer(gateway, "H38.09-261124-0002");
    struct message_id after = last_own_id(gateway);
    struct key self = key_of("gateway");
    uint64_t seqs[STORE_IDS_MAX];
    size_t count = 0;
    assert_true(id_compare(&after, &before) > 0);
    assert_int_equal(gateway->store->verbs->after_id(gateway->store, &self, &before, seqs,
                                                     STORE_IDS_MAX, &count),
                     REASON_NONE);
    assert_int_equal(count, 2); /* the receipt of custody, and the head */
    lone_gateway_close(&gateway);
}

static void put_back(struct lone_gateway *gateway, int64_t from_ms, int64_t until_ms)
{
    const int64_t gap[] = {from_ms, until_ms};
    const struct store_note note = {bytes_of_text("restored"), {(const uint8_t *)gap, sizeof gap}};
    const struct store_plan plan = {.notes = &note, .note_count = 1};
    assert_int_equal(gateway->store->verbs->commit(gateway->store, &plan), REASON_NONE);
    lone_gateway_restart(gateway);
}

/* How many alarms stp's word about a message of the centre's is, that was made then. */
static size_t alarms_about(struct lone_gateway *gateway, int64_t made_ms)
{
    static const uint8_t random[ID_RANDOM_BYTES] = {1, 2, 3};
    struct id_maker maker = {.last = {{0}}};
    struct receipt_item item = {.destination = key_of("stp"), .at = {gateway->now_ms}};
    id_make(&maker, (wall_t){made_ms}, random, &item.message_id);
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item,
                                   1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway->alarms;
}

/* It may have waited at its sender for weeks before it was taken, and was lost: its recipient says
 * how it ended, and is honest. Of what was made after the restore nothing was lost. */
static void nobody_is_blamed_for_what_was_lost(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    int64_t until_ms = gateway->now_ms;
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(alarms_about(gateway, until_ms - DAY_MS), 1); /* nothing was put back */
    put_back(gateway, until_ms - HOUR_MS, until_ms);
    gateway->now_ms += DAY_MS;
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(alarms_about(gateway, until_ms - INT64_C(20) * DAY_MS), 0);
    assert_int_equal(alarms_about(gateway, until_ms - HOUR_MS / 2), 0);
    assert_int_equal(alarms_about(gateway, until_ms + HOUR_MS), 1);
    lone_gateway_close(&gateway);
}

/* The centre offers a transfer of COPY again behind our receipt of then, which says that it went to
 * sxd; by the registry of today it would go to stp. */
static struct lone_message offer(struct lone_gateway *gateway, const char *dossier,
                                 const uint8_t *ledger_id, bool is_of_it)
{
    static struct arena scratch;
    struct buffer document;
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, dossier);
    const struct intake *last = gateway->frames[--gateway->frame_count];
    struct receipt_item item = {.message_id = message.id,
                                .digest = message.digest,
                                .at = {gateway->now_ms - HOUR_MS},
                                .recipients = bytes_of_text("sxd")};
    struct envelope envelope = {.id = message.id,
                                .sender = key_of("gateway"),
                                .recipient = key_of("centre"),
                                .type = MESSAGE_TYPE_RECEIPT_CUSTODY,
                                .created = {item.at, VIETNAM_OFFSET_MINUTES},
                                .source_time = {item.at, VIETNAM_OFFSET_MINUTES},
                                .receipt = {.items = &item,
                                            .item_count = 1,
                                            .ledger_id = {ledger_id, LEDGER_ID_BYTES},
                                            .registry_version = bytes_of_text("1")}};
    item.digest.bytes[0] ^= !is_of_it;
    if (scratch.block == NULL)
        assert_true(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    arena_reset(&scratch);
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    assert_int_equal(envelope_build(&envelope, NULL, &scratch, &document), REASON_NONE);
    const struct bytes view = buffer_view(&document);
    struct parcel parcels[] = {{.documents = &view,
                                .document_count = 1,
                                .signature = bytes_of_text("seal"),
                                .certificate = bytes_of_text("c")},
                               last->frame.parcels.parcels[0]};
    const struct frame frame = {.kind = FRAME_PARCELS, .parcels = {parcels, 2}};
    lone_gateway_put(gateway, "centre", &frame);
    buffer_release(&document);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return message;
}

static bool is_owed_to(const struct lone_gateway *gateway, const struct lone_message *message,
                       const char *destination, struct entry *ret_entry)
{
    struct store *store = gateway->store;
    struct store_message found;
    struct key key = key_of(destination);
    assert_int_equal(store->verbs->find_message(store, &message->sender, &message->id, &found),
                     REASON_NONE);
    return store->verbs->read_entry(store, found.seq, &key, ret_entry) == REASON_NONE;
}

/* By our own receipt of then, and by nothing that looks like it. It counts as sent before, so that
 * no heir gets it by itself, and that receipt is its receipt. */
static void what_comes_back_goes_where_it_went(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    static const uint8_t of_before[LEDGER_ID_BYTES] = {1, 2, 3};
    put_back(gateway, gateway->now_ms - DAY_MS, gateway->now_ms);
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message proven = offer(gateway, "H38.09-261124-0001", of_before, true);
    assert_int_equal(gateway->wasted, 0);
    struct lone_message other = offer(gateway, "H38.09-261124-0002", of_before, false);
    assert_int_equal(gateway->wasted, 1); /* a receipt that nothing follows costs its sender */
    struct lone_message now =
        offer(gateway, "H38.09-261124-0003", gateway->broker->ledger.id, true);
    struct store_message receipt;
    struct key self = key_of("gateway");
    struct entry entry;
    assert_false(is_owed_to(gateway, &proven, "stp", &entry));
    assert_true(is_owed_to(gateway, &proven, "sxd", &entry));
    assert_int_equal(entry.state, ENTRY_QUEUED);
    assert_int_equal(entry.attempts, 1);
    assert_int_equal(
        gateway->store->verbs->find_message(gateway->store, &self, &proven.id, &receipt),
        REASON_NONE);
    assert_true(is_owed_to(gateway, &other, "stp", &entry));
    assert_int_equal(entry.attempts, 0);
    assert_true(is_owed_to(gateway, &now, "stp", &entry));
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_back_goes_where_it_went),
        cmocka_unit_test(own_ids_ascend_over_restarts),
        cmocka_unit_test(nobody_is_blamed_for_what_was_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
