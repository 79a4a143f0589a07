/* Frames through worker threads: order is kept, bounds answer busy, memory comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gateway/workers/intake_pool.h"
#include "proto/base/limits.h"
#include "tests/support/patience.h"

enum { WAIT_MS = 10000 };

/* A frame of parcels begins with a quotation mark (the tag of its kind), and goes to the workers;
 * what begins with anything else here has nothing to verify. */
#define PARCELS "\""

/* Garbage is hashed, so that its refusal can name it: here the test steps in. The hash of "wait"
 * comes back only after that of "go" began: impossible unless both are under way at once. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate = PTHREAD_COND_INITIALIZER;
static bool gate_is_open;

static void gated_hash(const struct bytes *parts, size_t part_count, struct digest *ret_digest)
{
    memset(ret_digest, 0, sizeof *ret_digest);
    if (part_count == 0)
        return;
    pthread_mutex_lock(&gate_lock);
    if (bytes_equal(parts[0], bytes_of_text(PARCELS "go"))) {
        gate_is_open = true;
        pthread_cond_broadcast(&gate);
    }
    while (bytes_equal(parts[0], bytes_of_text(PARCELS "wait")) && !gate_is_open)
        pthread_cond_wait(&gate, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static const struct crypto_port crypto = {.hash = gated_hash};

static struct intake_pool *pool_of(uint32_t threads, uint32_t frames_max, size_t bytes_max)
{
    struct intake_pool *pool = NULL;
    struct intake_pool_options options = {.threads = threads,
                                          .frames_max = frames_max,
                                          .bytes_max = bytes_max,
                                          .spare_bytes = 256 * 1024,
                                          .crypto = &crypto};
    assert_int_equal(intake_pool_new(&options, &pool), REASON_NONE);
    return pool;
}

static enum reason submit(struct intake_pool *pool, struct bytes bytes, uint64_t connection)
{
    struct key peer = key_of("stnmt");
    return intake_pool_submit(pool, &(struct intake_way){.peer = peer, .connection = connection},
                              bytes, (wall_t){1000});
}

/* Over a carrier's connection; NULL: over its own. */
static enum reason submit_of(struct intake_pool *pool, const struct key *peer,
                             const struct key *carrier)
{
    struct intake_way way = {.peer = *peer, .connection = 1};
    if (carrier != NULL)
        way.carrier = *carrier;
    return intake_pool_submit(pool, &way, bytes_of_text("x"), (wall_t){0});
}

static struct intake *take(struct intake_pool *pool)
{
    struct intake *intake;
    while ((intake = intake_pool_take(pool)) == NULL) {
        struct pollfd wait = {.fd = intake_pool_fd(pool), .events = POLLIN};
        assert_int_equal(poll(&wait, 1, patience_ms(WAIT_MS)), 1);
    }
    return intake;
}

static void a_slow_frame_holds_the_later_ones_back(void **state)
{
    (void)state;
    gate_is_open = false;
    struct intake_pool *pool = pool_of(2, 8, 64 * 1024 * 1024);
    assert_int_equal(submit(pool, bytes_of_text(PARCELS "wait"), 1), REASON_NONE);
    assert_int_equal(submit(pool, bytes_of_text(PARCELS "go"), 2), REASON_NONE);
    for (uint64_t expected = 1; expected <= 2; expected++) {
        struct intake *intake = take(pool);
        assert_int_equal(intake->connection, expected);
        assert_int_equal(intake->reason, REASON_FRAME_MALFORMED);
        assert_int_equal(intake->arrived.ms, 1000);
        assert_string_equal(intake->peer.text, "stnmt");
        intake_pool_release(pool, intake);
    }
    assert_null(intake_pool_take(pool));
    assert_int_equal(intake_pool_count(pool), 0);
    intake_pool_destroy(&pool);
    assert_null(pool);
}

/* Every third has nothing to verify and is done when it comes: it waits for those before it. */
static void frame_text(uint64_t number, char text[32])
{
    snprintf(text, 32, "%sframe %llu", number % 3 == 0 ? "" : PARCELS, (unsigned long long)number);
}

static void many_frames_keep_their_order(void **state)
{
    (void)state;
    enum { FRAMES = 5000, UNDER_WAY = 32 };
    struct intake_pool *pool = pool_of(3, UNDER_WAY, 64 * 1024 * 1024);
    uint64_t submitted = 0;
    for (uint64_t taken = 0; taken < FRAMES; taken++) {
        char text[32];
        while (submitted < FRAMES) {
            frame_text(submitted, text);
            enum reason reason = submit(pool, bytes_of_text(text), submitted);
            if (reason == REASON_BUSY)
                break;
            assert_int_equal(reason, REASON_NONE);
            submitted++;
        }
        assert_true(submitted - taken <= UNDER_WAY);
        struct intake *intake = take(pool);
        frame_text(taken, text);
        assert_int_equal(intake->connection, taken);
        assert_true(bytes_equal(intake->bytes, bytes_of_text(text)));
        intake_pool_release(pool, intake);
    }
    intake_pool_destroy(&pool);
}

/* Pieces of files are done when they come, and wait for their turn all the same. */
static void pieces_of_files_keep_their_order(void **state)
{
    (void)state;
    static uint8_t chunk[128 * 1024] = {0x4a}; /* malformed: nothing else is needed here */
    const struct bytes piece = {chunk, sizeof chunk};
    gate_is_open = false;
    struct intake_pool *pool = pool_of(2, 8, 9 * 1024 * 1024);
    for (uint64_t i = 1; i <= 3; i++) { /* none of these needs a worker */
        assert_int_equal(submit(pool, piece, i), REASON_NONE);
        struct intake *intake = take(pool);
        assert_int_equal(intake->connection, i);
        assert_int_equal(intake->reason, REASON_FRAME_MALFORMED);
        intake_pool_release(pool, intake);
    }
    assert_int_equal(submit(pool, bytes_of_text(PARCELS "wait"), 1), REASON_NONE);
    assert_int_equal(submit(pool, piece, 2), REASON_NONE);
    assert_int_equal(submit(pool, piece, 3), REASON_NONE);
    assert_null(intake_pool_take(pool));
    assert_int_equal(submit(pool, bytes_of_text(PARCELS "go"), 4), REASON_NONE);
    for (uint64_t expected = 1; expected <= 4; expected++) {
        struct intake *intake = take(pool);
        assert_int_equal(intake->connection, expected);
        intake_pool_release(pool, intake);
    }
    assert_int_equal(intake_pool_count(pool), 0);
    intake_pool_destroy(&pool);
}

/* Nobody has more of what is free than it leaves to the others, and each comes out in its turn. */
static void a_peer_leaves_places_to_the_others(void **state)
{
    (void)state;
    struct intake_pool *pool = NULL;
    struct intake_pool_options options = {.threads = 1,
                                          .frames_max = 16,
                                          .bytes_max = 64 * 1024 * 1024,
                                          .is_shared = true,
                                          .crypto = &crypto};
    struct key loud = key_of("stnmt");
    struct key quiet = key_of("stp");
    uint64_t submitted = 0;
    assert_int_equal(intake_pool_new(&options, &pool), REASON_NONE);
    while (submit_of(pool, &loud, NULL) == REASON_NONE)
        assert_true(++submitted <= options.frames_max / 2);
    assert_false(intake_pool_has_room(pool, &loud, 1));
    assert_true(intake_pool_has_room(pool, &quiet, FRAME_BYTES_MAX));
    assert_int_equal(submit_of(pool, &quiet, NULL), REASON_NONE);
    for (int i = 0; i < 2; i++) { /* the quiet one is the second at the latest */
        struct intake *intake = take(pool);
        bool is_quiet = key_equal(&intake->peer, &quiet);
        intake_pool_release(pool, intake);
        assert_true(is_quiet || i == 0);
    }
    intake_pool_destroy(&pool);
}

static mono_t still_now;

static mono_t still_clock(void)
{
    return still_now;
}

/* A frame in which so many pieces came to nothing. */
static void waste(struct intake_pool *pool, const struct key *peer, const struct key *carrier,
                  uint32_t pieces)
{
    assert_int_equal(submit_of(pool, peer, carrier), REASON_NONE);
    struct intake *intake = take(pool);
    assert_true(key_equal(&intake->carrier, carrier));
    intake->wasted = pieces;
    intake_pool_release(pool, intake);
}

/* All names of one carrier waste as much as two participants may; who wastes little among them, and
 * who has a connection of its own, goes on. */
static void those_of_a_carrier_share_what_they_may_waste(void **state)
{
    (void)state;
    enum { CROWD = 100, STEP = 400, STEPS_MAX = 100 };
    struct intake_pool *pool = NULL;
    struct intake_pool_options options = {.threads = 1,
                                          .frames_max = 16,
                                          .bytes_max = 64 * 1024 * 1024,
                                          .clock = still_clock,
                                          .crypto = &crypto};
    struct key carrier = key_of("h0002"), quiet = key_of("quiet");
    struct key crowd[CROWD];
    int64_t wasted_ns = 0;
    still_now = (mono_t){1000};
    assert_int_equal(intake_pool_new(&options, &pool), REASON_NONE);
    for (int i = 0; i < CROWD; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "c%d", i);
        crowd[i] = key_of(name);
        for (int n = 0; n < STEPS_MAX && !intake_pool_is_resting(pool, &crowd[i]); n++) {
            waste(pool, &crowd[i], &carrier, STEP);
            wasted_ns += (int64_t)STEP * INTAKE_POOL_WASTED_NS;
        }
        assert_true(intake_pool_is_resting(pool, &crowd[i]));
        if (i == 0)
            waste(pool, &quiet, &carrier, 1);
        assert_false(intake_pool_is_resting(pool, &quiet));
    }
    int64_t steps_ns = (int64_t)CROWD * STEP * INTAKE_POOL_WASTED_NS; /* the last of each */
    assert_true(wasted_ns <= INTAKE_POOL_LINE_WASTE_NS + steps_ns);
    while (intake_pool_is_resting(pool, &crowd[0])) { /* each deadline brings it nearer */
        assert_true(intake_pool_deadline(pool).ms > still_now.ms);
        still_now = intake_pool_deadline(pool);
        assert_null(intake_pool_take(pool));
    }
    intake_pool_destroy(&pool);
}

static void bounds_are_refusals(void **state)
{
    (void)state;
    static uint8_t frame[FRAME_BYTES_MAX + 1];
    struct intake_pool *pool = pool_of(1, 8, 9 * 1024 * 1024);
    assert_int_equal(submit(pool, (struct bytes){frame, sizeof frame}, 1), REASON_FRAME_TOO_LARGE);
    assert_int_equal(submit(pool, (struct bytes){frame, FRAME_BYTES_MAX}, 1), REASON_NONE);
    assert_int_equal(submit(pool, (struct bytes){frame, FRAME_BYTES_MAX}, 2), REASON_BUSY);
    struct intake *intake = take(pool);
    assert_int_equal(submit(pool, (struct bytes){frame, FRAME_BYTES_MAX}, 2), REASON_BUSY);
    intake_pool_release(pool, intake);
    assert_int_equal(submit(pool, (struct bytes){frame, FRAME_BYTES_MAX}, 2), REASON_NONE);
    /* What is still inside is freed with the pool. */
    intake_pool_destroy(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_frame_holds_the_later_ones_back),
        cmocka_unit_test(many_frames_keep_their_order),
        cmocka_unit_test(pieces_of_files_keep_their_order),
        cmocka_unit_test(a_peer_leaves_places_to_the_others),
        cmocka_unit_test(those_of_a_carrier_share_what_they_may_waste),
        cmocka_unit_test(bounds_are_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
