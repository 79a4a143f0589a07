/* Files on their way into the gateway: what one peer does to them never reaches another's, nothing
 * is refused for good on what a disk or a stranger did, and what nobody asked for costs nothing
 * (invariants 13 and 14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/fetch.h"
#include "tests/support/blobs_memory.h"
#include "tests/support/lone_gateway.h"

static const char dossier[] = "H38.09-261124-0001";
static const uint8_t zeros[LONE_FILE_BYTES];
static const uint8_t ones[LONE_FILE_BYTES] = {1, 1, 1, 1};

static struct lone_gateway *open_all(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

static void put_part(struct lone_gateway *gateway, const char *peer, const struct digest *file,
                     const uint8_t *content, size_t from, size_t size)
{
    struct frame frame = {
        .kind = FRAME_BLOB_CHUNK,
        .blob = {.digest = *file, .offset = from, .content = {content + from, size}}};
    lone_gateway_put(gateway, peer, &frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

/* The centre's message to stp; the gateway asks for its file from that byte on. */
static struct lone_message ask_from(struct lone_gateway *gateway, uint64_t offset,
                                    struct digest *ret_file)
{
    struct lone_message message =
        lone_gateway_put_with_real_file(gateway, "centre", "stp", dossier, false, ret_file);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->wants, 1);
    assert_int_equal(gateway->want_offset, offset);
    return message;
}

/* The centre's line was cut in the middle of a file, and the disk changed what was here. */
static struct lone_message resume_damaged(struct lone_gateway *gateway, struct digest *ret_file)
{
    struct key centre = key_of("centre");
    (void)ask_from(gateway, 0, ret_file);
    put_part(gateway, "centre", ret_file, zeros, 0, 500);
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_true(blobs_memory_damage(gateway->blobs, &centre, ret_file));
    struct lone_message message = ask_from(gateway, 500, ret_file);
    put_part(gateway, "centre", ret_file, zeros, 500, 500);
    /* Its end does not fit: all of it is asked for again, and nobody is refused. */
    assert_int_equal(gateway->wants, 1);
    assert_int_equal(gateway->want_offset, 0);
    assert_int_equal(gateway->not_taken, 0);
    assert_int_equal(gateway->parcels, 0);
    return message;
}

static void a_damaged_part_is_fetched_again_whole(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct lone_message message = resume_damaged(gateway, &file);
    put_part(gateway, "centre", &file, zeros, 0, LONE_FILE_BYTES);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* Once: what came in one go and is still another file is the sender's. */
static void other_bytes_in_one_go_are_refused(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct lone_message message = resume_damaged(gateway, &file);
    put_part(gateway, "centre", &file, ones, 0, LONE_FILE_BYTES);
    assert_int_equal(gateway->files_refused, 1);
    assert_int_equal(gateway->file_reason, REASON_ATTACHMENT_DIGEST);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->wants, 0);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), 0);
    lone_gateway_close(&gateway);
}

/* Another agency names the digest first, sends other bytes for it, or a byte and then nothing. */
static void nobody_spoils_or_holds_anothers_file(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 500; size += 250) {
        struct lone_gateway *gateway = open_all();
        struct key sxd = key_of("sxd");
        struct digest file;
        (void)lone_gateway_put_with_real_file(gateway, "sxd", "stp", "H38.09-261124-0009", false,
                                              &file);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        if (size > 0)
            put_part(gateway, "sxd", &file, ones, 0, size);
        struct lone_message message = ask_from(gateway, 0, &file);
        put_part(gateway, "centre", &file, zeros, 0, LONE_FILE_BYTES);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_LEASED);
        assert_int_equal(blobs_memory_partials(gateway->blobs, &sxd), 1);
        lone_gateway_close(&gateway);
    }
}

static bool is_served(struct lone_gateway *gateway, const struct lone_message *message,
                      const struct digest *file)
{
    lone_gateway_put_want(gateway, "stp", message, file);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->chunks + gateway->files_refused, 1);
    return gateway->chunks == 1;
}

/* The gateway's own copy rotted: who is owed it hears "not now", and it comes again from its
 * author. */
static void a_damaged_copy_comes_again_from_its_author(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct lone_message message = ask_from(gateway, 0, &file);
    put_part(gateway, "centre", &file, zeros, 0, LONE_FILE_BYTES);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_true(blobs_memory_damage(gateway->blobs, NULL, &file));
    for (int i = 0; i < 3; i++) {
        assert_false(is_served(gateway, &message, &file));
        assert_int_equal(gateway->file_reason, REASON_ATTACHMENT_DAMAGED);
        assert_int_equal(gateway->wants, i == 1); /* once */
        assert_int_equal(gateway->alarms, 0);
    }
    put_part(gateway, "centre", &file, zeros, 0, LONE_FILE_BYTES);
    assert_true(is_served(gateway, &message, &file));
    lone_gateway_close(&gateway);
}

/* The same when its size changed: a message that names the true one is not refused. */
static void a_damaged_copy_refuses_nobody(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    (void)ask_from(gateway, 0, &file);
    put_part(gateway, "centre", &file, zeros, 0, LONE_FILE_BYTES);
    assert_true(blobs_memory_damage(gateway->blobs, NULL, &file));
    struct lone_message next = lone_gateway_put_with_real_file(gateway, "centre", "stp",
                                                               "H38.09-261124-0002", false, &file);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->wants, 1);
    put_part(gateway, "centre", &file, zeros, 0, LONE_FILE_BYTES);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &next, "stp"), ENTRY_LEASED);
    lone_gateway_close(&gateway);
}

/* Two copies of one message wait for a file that its sender then does not have: one refusal, and
 * the other copy is its duplicate. */
static void copies_that_wait_are_refused_once(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct lone_message message =
        lone_gateway_put_with_real_file(gateway, "centre", "stp", dossier, false, &file);
    lone_gateway_put(gateway, "centre", &gateway->frames[gateway->frame_count - 1]->frame);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->wants, 1);
    struct frame refusal = {.kind = FRAME_BLOB_REFUSED,
                            .blob = {.digest = file, .reason = REASON_ATTACHMENT_MISSING}};
    lone_gateway_put(gateway, "centre", &refusal);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->parcels, 1);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), 0);
    lone_gateway_close(&gateway);
}

/* ---- what it costs ---- */

static size_t looks;
static const struct store_verbs *real_store;
static const struct blobs_verbs *real_blobs;

static enum reason count_find_message(struct store *store, const struct key *sender,
                                      const struct message_id *id,
                                      struct store_message *ret_message)
{
    looks++;
    return real_store->find_message(store, sender, id, ret_message);
}

static enum reason count_find(struct blobs *blobs, const struct digest *digest,
                              uint64_t *ret_size_bytes)
{
    looks++;
    return real_blobs->find(blobs, digest, ret_size_bytes);
}

static enum reason count_begin(struct blobs *blobs, const struct key *source,
                               const struct digest *digest, uint64_t size_bytes,
                               uint64_t *ret_offset)
{
    looks++;
    return real_blobs->begin(blobs, source, digest, size_bytes, ret_offset);
}

static void step_all(struct lone_gateway *gateway, size_t *ret_alarms)
{
    *ret_alarms = 0;
    while (gateway->frame_count > 0) {
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        *ret_alarms += gateway->alarms;
    }
}

/* Refusals, pieces and empty wants of files that are nothing to us: not one look at store or disk.
 * Wants of what is not the peer's: so many looks a second. */
static void what_nobody_asked_for_costs_nothing(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct blobs_verbs blobs_verbs = *gateway->blobs->verbs;
    struct digest unknown = {{7}};
    struct lone_message nobodys = {.sender = key_of("centre"), .id = {{1}}};
    size_t alarms;
    real_store = gateway->real;
    real_blobs = gateway->blobs->verbs;
    gateway->verbs.find_message = count_find_message;
    blobs_verbs.find = count_find;
    blobs_verbs.begin = count_begin;
    gateway->blobs->verbs = &blobs_verbs;
    looks = 0;
    for (uint8_t i = 0; i < 150; i++) {
        struct frame frames[] = {
            {.kind = FRAME_BLOB_REFUSED, .blob = {.digest = {{i}}, .reason = REASON_BUSY}},
            {.kind = FRAME_BLOB_CHUNK, .blob = {.digest = {{i}}, .content = {ones, 10}}},
            {.kind = FRAME_BLOB_WANT,
             .blob = {.digest = {{i}}, .sender = nobodys.sender, .message_id = nobodys.id}}};
        for (size_t j = 0; j < 3; j++)
            lone_gateway_put(gateway, "sxd", &frames[j]);
    }
    step_all(gateway, &alarms);
    assert_int_equal(looks, 0);
    assert_int_equal(alarms, 0);
    for (int i = 0; i < 400; i++)
        lone_gateway_put_want(gateway, "sxd", &nobodys, &unknown);
    step_all(gateway, &alarms);
    assert_int_equal(looks, FETCH_LOOKS_PER_S / FETCH_LOOK_FORBIDDEN);
    assert_int_equal(alarms, looks);
    /* Everybody else's share is whole, and a second later its own is. */
    lone_gateway_put_want(gateway, "stp", &nobodys, &unknown);
    step_all(gateway, &alarms);
    assert_int_equal(alarms, 1);
    lone_gateway_wait(gateway, 1000);
    lone_gateway_put_want(gateway, "sxd", &nobodys, &unknown);
    step_all(gateway, &alarms);
    assert_int_equal(alarms, 1);
    gateway->blobs->verbs = real_blobs;
    lone_gateway_close(&gateway);
}

/* Messages with fresh digests whose files never come leave no partial file. */
static void files_that_never_come_leave_nothing(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct key sxd = key_of("sxd");
    for (int round = 0; round < 4; round++) {
        for (uint8_t i = 0; i < 60; i++)
            (void)lone_gateway_put_with_file(gateway, "sxd", dossier, (uint8_t)(round * 60 + i));
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_in_range(blobs_memory_partials(gateway->blobs, &sxd), 0, BLOBS_SOURCE_PARTIALS_MAX);
        lone_gateway_hello(gateway, "sxd", 64);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_part_is_fetched_again_whole),
        cmocka_unit_test(other_bytes_in_one_go_are_refused),
        cmocka_unit_test(nobody_spoils_or_holds_anothers_file),
        cmocka_unit_test(a_damaged_copy_comes_again_from_its_author),
        cmocka_unit_test(a_damaged_copy_refuses_nobody),
        cmocka_unit_test(copies_that_wait_are_refused_once),
        cmocka_unit_test(what_nobody_asked_for_costs_nothing),
        cmocka_unit_test(files_that_never_come_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
