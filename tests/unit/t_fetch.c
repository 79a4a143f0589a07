/* Files alone: whatever peers send, in whichever order, ends no process and loses no message; and
 * what a peer brings that no message of its names is bounded (invariants 8, 13 and 14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gateway/custody/fetch.h"
#include "proto/seal/sha256.h"
#include "tests/sim/dice.h"
#include "tests/support/blobs_memory.h"

enum {
    PEERS = 3,
    FILES = 5,
    LARGEST = 2 * BLOB_CHUNK_BYTES_MAX + 1000,
    SIZE_MAX_BYTES = LARGEST + 1000,
    MESSAGES = 64,
    ROUNDS = 200000,
    REASONS_MAX = 512, /* their numbers are below */
};

static uint8_t content[FILES][LARGEST];
static const size_t sizes[FILES] = {1, 1000, BLOB_CHUNK_BYTES_MAX, BLOB_CHUNK_BYTES_MAX + 1,
                                    LARGEST};
static struct digest digests[FILES];
static const char *const names[PEERS] = {"centre", "stp", "sxd"};

struct message { /* a frame with one message */
    struct intake intake;
    struct sealed sealed;
    struct attachment attachments[ATTACHMENTS_MAX];
};

struct fixture {
    struct blobs *blobs;
    struct arena memory;
    struct fetch *fetch;
    struct dice dice;
    struct frame_blob wants[PEERS]; /* the last one of each */
    struct message messages[MESSAGES];
    bool is_entitled;
    mono_t now;
    size_t given_back[REASONS_MAX];
    size_t wanted, refused, chunks;
    uint8_t chunk[BLOB_CHUNK_BYTES_MAX];
};

static int peer_of(const struct key *key)
{
    int peer = 0;
    while (strcmp(names[peer], key->text) != 0)
        peer++;
    return peer;
}

static enum reason emit(void *context, const struct key *peer, const struct frame *frame)
{
    struct fixture *fixture = context;
    fixture->wanted += frame->kind == FRAME_BLOB_WANT;
    fixture->refused += frame->kind == FRAME_BLOB_REFUSED;
    fixture->chunks += frame->kind == FRAME_BLOB_CHUNK;
    if (frame->kind == FRAME_BLOB_WANT)
        fixture->wants[peer_of(peer)] = frame->blob;
    return dice_below(&fixture->dice, 20) == 0 ? REASON_BUSY : REASON_NONE;
}

static enum reason entitle(void *context, const struct key *peer, const struct frame_blob *want,
                           uint64_t *ret_size_bytes)
{
    const struct fixture *fixture = context;
    (void)peer;
    for (int file = 0; file < FILES; file++) {
        if (digest_equal(&want->digest, &digests[file]))
            *ret_size_bytes = sizes[file];
    }
    return fixture->is_entitled ? REASON_NONE : REASON_ATTACHMENT_FORBIDDEN;
}

static uint64_t draw(void *context)
{
    return dice_next(&((struct fixture *)context)->dice);
}

static int open_fixture(void **state, fetch_draw *draw_or_none)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->dice = (struct dice){7};
    dice_fill(&fixture->dice, content[0], sizeof content);
    for (int file = 0; file < FILES; file++) {
        struct bytes bytes = {content[file], sizes[file]};
        sha256_parts(&bytes, 1, &digests[file]);
    }
    fixture->blobs = blobs_memory_new(SIZE_MAX_BYTES);
    struct fetch_options options = {.blobs = fixture->blobs,
                                    .size_max_bytes = SIZE_MAX_BYTES,
                                    .peers_max = PEERS,
                                    .emit = emit,
                                    .entitle = entitle,
                                    .draw = draw_or_none,
                                    .hash = sha256_parts,
                                    .context = fixture};
    assert_true(arena_init(&fixture->memory, fetch_memory_bytes(&options)));
    fixture->fetch = fetch_new(&options, &fixture->memory);
    *state = fixture;
    return 0;
}

static int set_up(void **state)
{
    return open_fixture(state, draw);
}

/* Whose peers are gateways. */
static int set_up_adapter(void **state)
{
    return open_fixture(state, NULL);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fixture->blobs->verbs->close(fixture->blobs);
    arena_release(&fixture->memory);
    free(fixture);
    return 0;
}

/* ---- what peers do ---- */

static struct message *unused(struct fixture *fixture)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        if (fixture->messages[i].intake.references == 0)
            return &fixture->messages[i];
    }
    return NULL;
}

static enum fetch_answer offer(struct fixture *fixture, int peer, const struct attachment *files,
                               size_t count, enum reason *ret_reason)
{
    struct message *message = unused(fixture);
    if (message == NULL)
        return FETCH_REFUSED;
    *message = (struct message){.intake = {.peer = key_of(names[peer]), .bytes.size = 1000}};
    memcpy(message->attachments, files, count * sizeof *files);
    message->sealed.envelope = (struct envelope){.sender = message->intake.peer,
                                                 .attachments = message->attachments,
                                                 .attachment_count = count};
    return fetch_message(fixture->fetch, &message->intake, &message->sealed, fixture->now,
                         ret_reason);
}

static void say(struct fixture *fixture, int peer, const struct frame *frame)
{
    struct key key = key_of(names[peer]);
    (void)fetch_frame(fixture->fetch, &key, frame, fixture->now);
}

static void drain(struct fixture *fixture)
{
    struct intake *intake;
    struct sealed *sealed;
    enum reason reason;
    while (fetch_ready(fixture->fetch, &intake, &sealed, &reason)) {
        assert_int_equal(intake->references, 1);
        intake->references--;
        fixture->given_back[reason]++;
    }
}

/* What was asked for last, in one piece: of that file, or other bytes. */
static void answer(struct fixture *fixture, int peer, bool is_true)
{
    const struct frame_blob *want = &fixture->wants[peer];
    int file = 0;
    while (file < FILES && !digest_equal(&digests[file], &want->digest))
        file++;
    if (file == FILES || want->offset >= sizes[file])
        return;
    uint64_t size = sizes[file] - want->offset;
    size = size < BLOB_CHUNK_BYTES_MAX ? size : BLOB_CHUNK_BYTES_MAX;
    uint64_t credit = want->credit_until - want->offset;
    size = size < credit || dice_below(&fixture->dice, 8) == 0 ? size : credit;
    const uint8_t *from = is_true ? content[file] : content[(file + 1) % FILES];
    struct frame frame = {.kind = FRAME_BLOB_CHUNK,
                          .blob = {.digest = want->digest,
                                   .offset = want->offset,
                                   .content = {from + want->offset, (size_t)size}}};
    say(fixture, peer, &frame);
    fixture->wants[peer].offset += size;
}

static uint64_t odd_number(struct fixture *fixture)
{
    static const uint64_t odd[] = {0,       1,          999,        BLOB_CHUNK_BYTES_MAX,
                                   LARGEST, UINT64_MAX, 0x80000000, INT64_MAX};
    return odd[dice_below(&fixture->dice, sizeof odd / sizeof *odd)];
}

static void say_odd(struct fixture *fixture, int peer)
{
    static const enum frame_kind kinds[] = {FRAME_BLOB_CHUNK, FRAME_BLOB_WANT, FRAME_BLOB_REFUSED};
    static const enum reason reasons[] = {REASON_BUSY, REASON_ATTACHMENT_MISSING, REASON_NONE,
                                          REASON_ATTACHMENT_DIGEST, REASON_STORE_CORRUPT};
    int file = (int)dice_below(&fixture->dice, FILES);
    struct frame frame = {
        .kind = kinds[dice_below(&fixture->dice, 3)],
        .blob = {.digest = digests[file],
                 .offset = odd_number(fixture),
                 .credit_until = odd_number(fixture),
                 .sender = key_of(names[dice_below(&fixture->dice, PEERS)]),
                 .reason = reasons[dice_below(&fixture->dice, 5)],
                 .content = {content[file], dice_below(&fixture->dice, BLOB_CHUNK_BYTES_MAX + 1)}}};
    say(fixture, peer, &frame);
}

static void offer_some(struct fixture *fixture, int peer)
{
    struct attachment files[ATTACHMENTS_MAX];
    size_t count = 1 + dice_below(&fixture->dice, 3);
    enum reason reason = REASON_NONE;
    for (size_t i = 0; i < count; i++) {
        uint64_t file = dice_below(&fixture->dice, FILES);
        bool is_size_true = dice_below(&fixture->dice, 4) > 0;
        files[i] = (struct attachment){.digest = digests[file],
                                       .size_bytes = is_size_true ? sizes[file]
                                                     : dice_below(&fixture->dice, 4) > 0
                                                         ? dice_below(&fixture->dice, LARGEST)
                                                         : SIZE_MAX_BYTES + 1};
    }
    enum fetch_answer said = offer(fixture, peer, files, count, &reason);
    fixture->given_back[REASON_NONE] += said == FETCH_READY;
    fixture->given_back[reason] += said == FETCH_REFUSED;
}

/* The disk, the line and the other end in their worst moods. */
static void mishap(struct fixture *fixture, int peer)
{
    struct key key = key_of(names[peer]);
    const struct digest *digest = &digests[dice_below(&fixture->dice, FILES)];
    struct fetch_file file = {*digest, odd_number(fixture), key, {{0}}};
    switch (dice_below(&fixture->dice, 7)) {
    case 0:
        fetch_peer_lost(fixture->fetch, &key);
        break;
    case 1:
        (void)blobs_memory_damage(fixture->blobs, &key, digest);
        break;
    case 2:
        (void)blobs_memory_damage(fixture->blobs, NULL, digest);
        break;
    case 3:
        fixture->blobs->verbs->abandon(fixture->blobs, &key, digest);
        break;
    case 4:
        fixture->now.ms += dice_between(&fixture->dice, 0, FETCH_STALLED_MS);
        break;
    case 5:
        (void)fetch_again(fixture->fetch, &key, &file);
        break;
    default:
        fixture->is_entitled = !fixture->is_entitled;
    }
}

static void go_everywhere(struct fixture *fixture, const enum reason *ends, size_t count)
{
    for (int round = 0; round < ROUNDS; round++) {
        int peer = (int)dice_below(&fixture->dice, PEERS);
        uint64_t what = dice_below(&fixture->dice, 16);
        fixture->now.ms += 10;
        if (what < 2)
            offer_some(fixture, peer);
        else if (what < 10)
            answer(fixture, peer, dice_below(&fixture->dice, 10) > 0);
        else if (what < 13)
            say_odd(fixture, peer);
        else if (what < 14 && dice_below(&fixture->dice, 8) == 0)
            mishap(fixture, peer);
        fetch_tick(fixture->fetch, fixture->now);
        fetch_settle(fixture->fetch, fixture->now);
        drain(fixture);
        (void)fetch_serve(fixture->fetch, fixture->chunk);
    }
    for (size_t i = 0; i < count; i++) {
        if (fixture->given_back[ends[i]] == 0)
            fail_msg("nothing ended with %s", reason_code(ends[i]));
    }
    assert_true(fixture->chunks > 0 && fixture->refused > 0);
}

static void nothing_that_is_sent_ends_the_process(void **state)
{
    static const enum reason ends[] = {REASON_NONE,
                                       REASON_BUSY,
                                       REASON_LINK_LOST,
                                       REASON_LEASE_EXPIRED,
                                       REASON_ATTACHMENT_DIGEST,
                                       REASON_ATTACHMENT_LONG,
                                       REASON_ATTACHMENT_SHORT,
                                       REASON_ATTACHMENT_MISSING,
                                       REASON_ATTACHMENT_TOO_LARGE};
    go_everywhere(*state, ends, sizeof ends / sizeof *ends);
}

/* A gateway's word ends no message. */
static void nothing_that_a_gateway_sends_does(void **state)
{
    static const enum reason ends[] = {REASON_NONE, REASON_BUSY, REASON_LINK_LOST,
                                       REASON_LEASE_EXPIRED, REASON_ATTACHMENT_DAMAGED};
    const struct fixture *fixture = *state;
    go_everywhere(*state, ends, sizeof ends / sizeof *ends);
    assert_int_equal(fixture->given_back[REASON_ATTACHMENT_DIGEST], 0);
    assert_int_equal(fixture->given_back[REASON_ATTACHMENT_MISSING], 0);
}

/* One that goes on where it was cut, and then is longer than its message says: the place at the
 * receiver is gone with its word, and all of it is asked for again. */
static void a_resumed_file_that_is_too_long_begins_again(void **state)
{
    struct fixture *fixture = *state;
    struct key centre = key_of(names[0]);
    struct attachment file = {.digest = digests[4], .size_bytes = LARGEST};
    enum reason reason;
    for (int go = 0; go < 2; go++) {
        fetch_peer_lost(fixture->fetch, &centre);
        drain(fixture);
        assert_int_equal(offer(fixture, 0, &file, 1, &reason), FETCH_WAITS);
        assert_int_equal(fixture->wants[0].offset, go * BLOB_CHUNK_BYTES_MAX);
        if (go == 0)
            answer(fixture, 0, true);
    }
    static const uint8_t longer[LARGEST];
    struct frame frame = {.kind = FRAME_BLOB_CHUNK,
                          .blob = {.digest = file.digest,
                                   .offset = BLOB_CHUNK_BYTES_MAX,
                                   .content = {longer, sizeof longer}}};
    say(fixture, 0, &frame);
    assert_int_equal(fixture->wants[0].offset, 0);
    for (size_t at = 0; at < LARGEST; at += BLOB_CHUNK_BYTES_MAX) {
        fixture->wants[0].offset = at;
        answer(fixture, 0, true);
    }
    size_t before = fixture->given_back[REASON_NONE];
    drain(fixture);
    assert_int_equal(fixture->given_back[REASON_NONE], before + 1);
}

/* ---- what nobody names ---- */

/* One file of each message comes, and the other one never does. */
static enum fetch_answer leave_behind(struct fixture *fixture, int peer, uint8_t number,
                                      enum reason *ret_reason)
{
    uint8_t text[2] = {number, 'x'};
    struct bytes whole = {text, sizeof text};
    struct attachment files[2] = {{.size_bytes = sizeof text}, {.size_bytes = 10}};
    sha256_parts(&whole, 1, &files[0].digest);
    memset(files[1].digest.bytes, 0xee, DIGEST_BYTES);
    enum fetch_answer said = offer(fixture, peer, files, 2, ret_reason);
    if (said != FETCH_WAITS)
        return said;
    struct frame frame = {.kind = FRAME_BLOB_CHUNK,
                          .blob = {.digest = files[0].digest, .content = whole}};
    say(fixture, peer, &frame);
    frame =
        (struct frame){.kind = FRAME_BLOB_REFUSED,
                       .blob = {.digest = files[1].digest, .reason = REASON_ATTACHMENT_MISSING}};
    say(fixture, peer, &frame);
    drain(fixture);
    assert_int_equal(fixture->given_back[REASON_ATTACHMENT_MISSING], 1);
    fixture->given_back[REASON_ATTACHMENT_MISSING] = 0;
    /* The disk of the test is smaller than the quota. */
    blobs_memory_forget(fixture->blobs, &files[0].digest);
    return said;
}

static void files_that_no_message_names_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    enum reason reason = REASON_NONE;
    for (uint8_t i = 0; i < FETCH_PEER_UNCLAIMED_MAX; i++)
        assert_int_equal(leave_behind(fixture, 0, i, &reason), FETCH_WAITS);
    assert_int_equal(leave_behind(fixture, 0, FETCH_PEER_UNCLAIMED_MAX, &reason), FETCH_REFUSED);
    assert_int_equal(reason, REASON_ATTACHMENTS_UNCLAIMED);
    /* Nobody else's, */
    assert_int_equal(leave_behind(fixture, 1, 200, &reason), FETCH_WAITS);
    /* and one that a message names, which is then admitted, is the peer's no more: */
    uint8_t text[2] = {0, 'x'};
    struct bytes whole = {text, sizeof text};
    struct attachment file = {.size_bytes = sizeof text};
    sha256_parts(&whole, 1, &file.digest);
    assert_int_equal(offer(fixture, 0, &file, 1, &reason), FETCH_WAITS);
    struct frame frame = {.kind = FRAME_BLOB_CHUNK,
                          .blob = {.digest = file.digest, .content = whole}};
    say(fixture, 0, &frame);
    drain(fixture);
    struct message *message = &fixture->messages[0];
    message->sealed.has_files = true;
    assert_int_equal(
        fetch_message(fixture->fetch, &message->intake, &message->sealed, fixture->now, &reason),
        FETCH_READY);
    assert_int_equal(leave_behind(fixture, 0, FETCH_PEER_UNCLAIMED_MAX, &reason), FETCH_WAITS);
    assert_int_equal(leave_behind(fixture, 0, FETCH_PEER_UNCLAIMED_MAX + 1, &reason),
                     FETCH_REFUSED);
    /* and a day later all of it is forgotten. */
    fixture->now.ms += FETCH_UNCLAIMED_MS;
    assert_int_equal(leave_behind(fixture, 0, FETCH_PEER_UNCLAIMED_MAX + 1, &reason), FETCH_WAITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_that_is_sent_ends_the_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_that_a_gateway_sends_does, set_up_adapter,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_resumed_file_that_is_too_long_begins_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(files_that_no_message_names_are_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
