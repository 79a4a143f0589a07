/* Adapters that were put back or run twice are noticed, by name, and no message ends by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/allowance.h"
#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"
#include "tests/support/open_crypto.h"

#define COPY "2.000635" /* of stp */

struct versions {
    uint32_t min, max; /* of the link, that a program speaks */
};

static void greet_as(struct lone_gateway *gateway, uint8_t incarnation, uint64_t tree_size,
                     struct versions versions)
{
    struct frame frame = {.kind = FRAME_HELLO,
                          .hello = {.version_min = versions.min,
                                    .version_max = versions.max,
                                    .participant = key_of("centre"),
                                    .program = bytes_of_text("test"),
                                    .window_messages = 64,
                                    .clock = {gateway->now_ms},
                                    .incarnation = {incarnation},
                                    .head_seen = {.tree_size = tree_size}}};
    lone_gateway_put(gateway, "centre", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

static void greet(struct lone_gateway *gateway, uint8_t incarnation, uint64_t tree_size)
{
    greet_as(gateway, incarnation, tree_size, (struct versions){LINK_VERSION, LINK_VERSION});
}

static struct broker_peer_status status_of_centre(const struct lone_gateway *gateway)
{
    struct broker_status status;
    struct broker_peer_status peer = {0};
    struct key centre = key_of("centre");
    broker_status(gateway->broker, &status);
    for (size_t i = 0; i < status.peer_count && !key_equal(&peer.key, &centre); i++)
        broker_peer_status(gateway->broker, i, &peer);
    return peer;
}

static enum reason alarm_of_centre(const struct lone_gateway *gateway)
{
    return status_of_centre(gateway).alarm;
}

/* The highest that both know is used, and who is behind is said by name. */
static void programs_of_other_versions_meet(void **state)
{
    static const struct {
        struct versions versions;
        uint32_t agreed; /* 0: none */
        const char *behind;
    } meetings[] = {
        {{LINK_VERSION_OLDEST, LINK_VERSION}, LINK_VERSION, ""},
        {{LINK_VERSION_OLDEST, LINK_VERSION_OLDEST}, LINK_VERSION_OLDEST, "centre"},
        {{LINK_VERSION, LINK_VERSION + 7}, LINK_VERSION, "gateway"},
        {{LINK_VERSION + 1, LINK_VERSION + 7}, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof meetings / sizeof *meetings; i++) {
        struct lone_gateway *gateway = lone_gateway_open();
        greet_as(gateway, 1, 0, meetings[i].versions);
        struct broker_peer_status peer = status_of_centre(gateway);
        assert_int_equal(peer.is_connected, meetings[i].agreed != 0);
        assert_int_equal(gateway->goodbyes, meetings[i].agreed == 0);
        assert_int_equal(peer.link_version, meetings[i].agreed);
        assert_string_equal(gateway->behind.text, meetings[i].behind);
        /* What its version does not have it is not sent, whatever it asks. */
        struct message_id id = {{9}};
        struct frame ask = {.kind = FRAME_ASK, .taken = {.ids = &id, .count = 1}};
        lone_gateway_put(gateway, "centre", &ask);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->standing_count > 0, meetings[i].agreed >= 2);
        lone_gateway_close(&gateway);
    }
}

/* ---- who has which registry ---- */

static void greet_with(struct lone_gateway *gateway, const char *version)
{
    struct frame frame = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = key_of("centre"),
                                    .program = bytes_of_text("test"),
                                    .window_messages = 64,
                                    .clock = {gateway->now_ms},
                                    .incarnation = {1},
                                    .registry_version = bytes_of_text(version)}};
    lone_gateway_put(gateway, "centre", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

static void beat_with(struct lone_gateway *gateway, const char *version)
{
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = {gateway->now_ms}, .registry_version = bytes_of_text(version)}};
    lone_gateway_wait(gateway, HEARTBEAT_INTERVAL_MS);
    lone_gateway_put(gateway, "centre", &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

static void the_registry_that_an_adapter_goes_by_is_known(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    greet_with(gateway, "2026-11-24.1+0123456789ab");
    int64_t first_ms = gateway->now_ms;
    assert_string_equal(status_of_centre(gateway).registry_version, "2026-11-24.1+0123456789ab");
    assert_int_equal(status_of_centre(gateway).registry_since.ms, first_ms);
    beat_with(gateway, "");                          /* as an older one's */
    beat_with(gateway, "2026-11-24.1+0123456789ab"); /* no news */
    assert_string_equal(status_of_centre(gateway).registry_version, "2026-11-24.1+0123456789ab");
    assert_int_equal(status_of_centre(gateway).registry_since.ms, first_ms);
    beat_with(gateway, "2026-11-24.2+ba9876543210"); /* read anew */
    assert_string_equal(status_of_centre(gateway).registry_version, "2026-11-24.2+ba9876543210");
    assert_int_equal(status_of_centre(gateway).registry_since.ms, gateway->now_ms);
    greet_with(gateway, ""); /* a program of before */
    assert_string_equal(status_of_centre(gateway).registry_version, "");
    assert_int_equal(status_of_centre(gateway).registry_since.ms, 0);
    lone_gateway_close(&gateway);
}

/* It is shown to people: nothing but a version comes through. */
static void what_is_no_version_is_not_shown(void **state)
{
    static const char *const others[] = {
        "2026-11-24.1",
        "2026-11-24.1+0123456789aB",
        "2026-11-24.1+0123456789abc",
        "2026-11-24.99999+0123456789ab",
        "2026-13-24.1+0123456789ab",
        "2026-11-24.1 0123456789ab",
        "+0123456789ab",
        "<b>11-24.1+0123456789ab",
        "2026-11-24.1+0123456789ab2026-11-24.1+0123456789ab",
    };
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        greet_with(gateway, "2026-11-24.9999+0123456789ab");
        assert_string_equal(status_of_centre(gateway).registry_version,
                            "2026-11-24.9999+0123456789ab");
        beat_with(gateway, others[i]);
        assert_string_equal(status_of_centre(gateway).registry_version, "");
    }
    lone_gateway_close(&gateway);
}

static void two_programs_with_one_key_are_named(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    size_t alarms = 0;
    greet(gateway, 1, 0);
    greet(gateway, 2, 0); /* a restart */
    assert_int_equal(alarm_of_centre(gateway), REASON_NONE);
    for (uint8_t turn = 0; turn < 20; turn++) {
        lone_gateway_wait(gateway, 2000);
        greet(gateway, 1 + turn % 2, 0);
        alarms += gateway->alarms;
        assert_int_equal(alarm_of_centre(gateway), REASON_TWO_PROGRAMS_ONE_KEY);
    }
    assert_int_equal(alarms, 1); /* in a minute */
    lone_gateway_close(&gateway);
}

static void restarts_are_no_alarm(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    for (uint8_t incarnation = 1; incarnation < 20; incarnation++) {
        greet(gateway, incarnation, incarnation);
        assert_int_equal(gateway->alarms, 0);
    }
    assert_int_equal(alarm_of_centre(gateway), REASON_NONE);
    lone_gateway_close(&gateway);
}

static void an_adapter_that_was_put_back_is_named(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    greet(gateway, 1, 40);
    greet(gateway, 2, 12);
    assert_int_equal(gateway->alarms, 1);
    assert_int_equal(alarm_of_centre(gateway), REASON_STORE_ROLLED_BACK);
    lone_gateway_close(&gateway);
}

/* A number that another message of the dossier has: taken, held for a person, and nothing ends. */
static void a_number_that_was_used_is_held(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 0);
    struct lone_message first = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    struct lone_message other = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0002");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message again = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->alarms, 1);
    assert_int_equal(gateway->parcels, 1); /* custody was given */
    assert_int_equal(lone_gateway_state(gateway, &first, "stp"), ENTRY_LEASED);
    assert_int_equal(lone_gateway_state(gateway, &other, "stp"), ENTRY_LEASED);
    assert_int_equal(lone_gateway_state(gateway, &again, "stp"), ENTRY_HELD);
    struct store_message stored;
    struct key stp = key_of("stp");
    assert_int_equal(
        gateway->store->verbs->find_message(gateway->store, &again.sender, &again.id, &stored),
        REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_RELEASE),
                     REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &again, "stp"), ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

static struct lone_message put_numbered(struct lone_gateway *gateway, uint64_t sequence)
{
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    gateway->frames[gateway->frame_count - 1]->messages[0].envelope.sequence = sequence;
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return message;
}

/* The gateway was started anew, and the adapter put back: each number that comes again is held, not
 * the first of them alone. */
static void numbers_that_were_used_are_held_one_after_another(void **state)
{
    enum { NUMBERS = 4 };
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 40);
    for (uint64_t sequence = 1; sequence <= NUMBERS; sequence++)
        (void)put_numbered(gateway, sequence);
    lone_gateway_restart(gateway);
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 40);
    greet(gateway, 2, 12);
    assert_int_equal(alarm_of_centre(gateway), REASON_STORE_ROLLED_BACK);
    for (uint64_t sequence = 1; sequence <= NUMBERS + 1; sequence++) {
        struct lone_message again = put_numbered(gateway, sequence);
        enum entry_state state_of_it = lone_gateway_state(gateway, &again, "stp");
        assert_int_equal(state_of_it == ENTRY_HELD, sequence <= NUMBERS);
    }
    lone_gateway_close(&gateway);
}

/* Number 1 is free, for its message was refused; number 2 behind it is not. */
static void behind_a_free_number_too(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 40);
    (void)put_numbered(gateway, 2);
    lone_gateway_restart(gateway);
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 40);
    greet(gateway, 2, 12);
    struct lone_message free = put_numbered(gateway, 1);
    struct lone_message used = put_numbered(gateway, 2);
    assert_int_equal(lone_gateway_state(gateway, &free, "stp"), ENTRY_QUEUED);
    assert_int_equal(lone_gateway_state(gateway, &used, "stp"), ENTRY_HELD);
    lone_gateway_close(&gateway);
}

/* In a dossier of hundreds of messages, too. */
static void behind_many_messages_too(void **state)
{
    enum { NUMBERS = 200 };
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    greet(gateway, 1, 40);
    for (uint64_t sequence = 1; sequence <= NUMBERS; sequence++)
        (void)put_numbered(gateway, sequence);
    greet(gateway, 2, 12);
    struct lone_message newest = put_numbered(gateway, NUMBERS);
    struct lone_message oldest = put_numbered(gateway, 1);
    assert_int_equal(lone_gateway_state(gateway, &newest, "stp"), ENTRY_HELD);
    assert_int_equal(lone_gateway_state(gateway, &oldest, "stp"), ENTRY_HELD);
    lone_gateway_close(&gateway);
}

/* What is done now and then is done. */
static void let_tick(struct lone_gateway *gateway)
{
    lone_gateway_wait(gateway, HEARTBEAT_INTERVAL_MS / 2);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

/* The gateway was away while the adapter was put back; and who gave reason once is looked at after
 * the gateway's next start as well. */
static void the_past_outlives_the_gateways_process(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    greet(gateway, 1, 40);
    (void)put_numbered(gateway, 1);
    let_tick(gateway);
    lone_gateway_restart(gateway);
    greet(gateway, 2, 12);
    assert_int_equal(gateway->alarms, 1);
    assert_int_equal(alarm_of_centre(gateway), REASON_STORE_ROLLED_BACK);
    let_tick(gateway);
    lone_gateway_restart(gateway);
    greet(gateway, 3, 13);
    assert_int_equal(gateway->alarms, 0); /* a restart is none */
    assert_int_equal(alarm_of_centre(gateway), REASON_NONE);
    struct lone_message again = put_numbered(gateway, 1);
    assert_int_equal(lone_gateway_state(gateway, &again, "stp"), ENTRY_HELD);
    lone_gateway_close(&gateway);
}

/* A note that another release wrote, with another shape, says nothing and stops nothing. */
static void a_note_of_another_shape_is_none(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    greet(gateway, 1, 40);
    let_tick(gateway);
    struct store_note note = {bytes_of_text("past/centre"), bytes_of_text("of another shape")};
    struct store_plan plan = {.notes = &note, .note_count = 1};
    assert_int_equal(gateway->store->verbs->commit(gateway->store, &plan), REASON_NONE);
    lone_gateway_restart(gateway);
    greet(gateway, 2, 40);
    struct lone_message message = put_numbered(gateway, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_QUEUED);
    lone_gateway_close(&gateway);
}

/* Each is for a person to look at: so many in a second, and the rest stays its sender's. */
static void used_numbers_have_a_share(void **state)
{
    (void)state;
    enum { MESSAGES = 300 };
    struct lone_gateway *gateway = lone_gateway_open();
    size_t put_off = 0;
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 0);
    for (size_t i = 0; i < MESSAGES; i++) {
        (void)lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        put_off += gateway->not_taken;
    }
    assert_in_range(put_off, MESSAGES - ALLOWANCE_PER_SECOND_MAX, MESSAGES - 2);
    lone_gateway_wait(gateway, ALLOWANCE_SECOND_MS);
    struct lone_message again = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &again, "stp"), ENTRY_HELD);
    lone_gateway_close(&gateway);
}

/* Also after a restart of the gateway, of one that gave reason to look. */
static void it_is_found_in_the_store_too(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    greet(gateway, 1, 40);
    (void)lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_restart(gateway);
    greet(gateway, 1, 40);
    greet(gateway, 2, 12);
    struct lone_message again = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &again, "stp"), ENTRY_HELD);
    lone_gateway_close(&gateway);
}

/* What a recipient let expire, its sender hears from the gateway. */
static void an_expiry_is_told_by_the_gateway(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "stp", 64);
    greet(gateway, 1, 0);
    struct lone_message message = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct receipt_item item = {.message_id = message.id,
                                .digest = message.digest,
                                .destination = key_of("stp"),
                                .reason = REASON_LIFE_EXCEEDED,
                                .at = {gateway->now_ms}};
    struct lone_message theirs =
        lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_EXPIRED, &item, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_EXPIRED);
    assert_int_equal(lone_gateway_state(gateway, &theirs, "centre"), 0); /* not passed on */
    assert_int_equal(gateway->parcels, 1);                               /* ours is */
    lone_gateway_close(&gateway);
}

static uint64_t ledger_size_after_start(struct lone_gateway *gateway, uint8_t signs_with)
{
    struct broker_status status;
    open_crypto_signs_with = signs_with;
    lone_gateway_restart(gateway);
    for (int i = 0; i < 2; i++)
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    broker_status(gateway->broker, &status);
    return status.ledger_size;
}

/* Nobody has to believe a head for ever whose certificate may end tomorrow. */
static void another_certificate_signs_a_new_head(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    struct broker_status status;
    assert_int_equal(ledger_size_after_start(gateway, 1), 0);
    assert_int_equal(ledger_size_after_start(gateway, 2), 0); /* nothing to speak for */
    lone_gateway_hello(gateway, "centre", 64);
    (void)lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0001");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    broker_status(gateway->broker, &status);
    uint64_t size = status.ledger_size;
    assert_true(size > 0);
    assert_int_equal(ledger_size_after_start(gateway, 2), size);
    assert_int_equal(ledger_size_after_start(gateway, 3), size + 1);
    assert_int_equal(ledger_size_after_start(gateway, 3), size + 1);
    assert_int_equal(ledger_size_after_start(gateway, 1), size + 2);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_were_used_are_held_one_after_another),
        cmocka_unit_test(behind_a_free_number_too),
        cmocka_unit_test(behind_many_messages_too),
        cmocka_unit_test(the_past_outlives_the_gateways_process),
        cmocka_unit_test(a_note_of_another_shape_is_none),
        cmocka_unit_test(programs_of_other_versions_meet),
        cmocka_unit_test(the_registry_that_an_adapter_goes_by_is_known),
        cmocka_unit_test(what_is_no_version_is_not_shown),
        cmocka_unit_test(two_programs_with_one_key_are_named),
        cmocka_unit_test(restarts_are_no_alarm),
        cmocka_unit_test(an_adapter_that_was_put_back_is_named),
        cmocka_unit_test(a_number_that_was_used_is_held),
        cmocka_unit_test(used_numbers_have_a_share),
        cmocka_unit_test(it_is_found_in_the_store_too),
        cmocka_unit_test(an_expiry_is_told_by_the_gateway),
        cmocka_unit_test(another_certificate_signs_a_new_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
