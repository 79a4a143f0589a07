/* full_disk DIR GATEWAY-PROGRAM RELEASE-FILE - a gateway whose disk is full: DIR/gateway is a small
 * file system that the caller made. Sends until it says "not now", frees the disk by removing
 * RELEASE-FILE, and goes on: everything that was receipted must be there, what was not is sent
 * again. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/support/patience.h"
#include "tests/support/peer.h"

enum { WAIT_MS = 10000, MESSAGES_MAX = 4000, TEXT_BYTES = 64, DOCUMENT_BYTES_MAX = 64 * 1024 };

static struct province province;
static char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];

static int fail(const char *what)
{
    (void)printf("FAILED: %s\n", what);
    return EXIT_FAILURE;
}

static void make_message(struct peer *peer, int number, struct envelope *ret_draft,
                         struct buffer *document, struct buffer *signature)
{
    static char code[TEXT_BYTES];
    (void)snprintf(code, sizeof code, "H99-261124-%06d", number);
    peer_draft(peer, ret_draft, "1.000001", code);
    buffer_clear(document);
    buffer_clear(signature);
    check(peer_build(peer, ret_draft, document));
    check(peer_sign(peer, buffer_view(document), signature));
}

static void send_message(struct peer *peer, const struct buffer *document,
                         const struct buffer *signature)
{
    struct bytes view = buffer_view(document);
    struct parcel parcel = {
        .documents = &view, .document_count = 1, .signature = buffer_view(signature)};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    (void)peer_send(peer, &frame);
}

enum answer { ANSWER_CUSTODY, ANSWER_NOT_NOW, ANSWER_NONE };

/* What comes back: a custody receipt, or "not now" with the reason. */
static enum answer await_answer(struct peer *peer, enum reason *ret_reason)
{
    while (peer_receive(peer, WAIT_MS)) {
        if (peer->frame.kind == FRAME_PARCELS)
            return ANSWER_CUSTODY;
        if (peer->frame.kind == FRAME_NOT_TAKEN || peer->frame.kind == FRAME_GOODBYE) {
            *ret_reason =
                peer->frame.kind == FRAME_GOODBYE ? peer->frame.goodbye : peer->frame.taken.reason;
            return ANSWER_NOT_NOW;
        }
    }
    return ANSWER_NONE;
}

/* Sends the same message until it is taken: as an adapter's outbox does. */
static bool insist(struct peer *peer, const struct buffer *document, const struct buffer *signature)
{
    enum { ROUNDS = 60, ROUND_MS = 250 };
    for (int round = 0; round < ROUNDS; round++) {
        enum reason reason;
        send_message(peer, document, signature);
        if (await_answer(peer, &reason) == ANSWER_CUSTODY)
            return true;
        (void)poll(NULL, 0, ROUND_MS);
    }
    return false;
}

static int run(struct peer *peer, const char *release_file)
{
    struct buffer document;
    struct buffer signature;
    struct envelope draft;
    enum reason reason = REASON_NONE;
    enum answer answer = ANSWER_CUSTODY;
    int taken = 0;
    buffer_init(&document, DOCUMENT_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    while (answer == ANSWER_CUSTODY && taken < MESSAGES_MAX) {
        make_message(peer, taken, &draft, &document, &signature);
        send_message(peer, &document, &signature);
        answer = await_answer(peer, &reason);
        taken += answer == ANSWER_CUSTODY;
    }
    if (answer != ANSWER_NOT_NOW || reason != REASON_STORE_FULL)
        return fail(answer == ANSWER_NONE ? "no answer" : reason_code(reason));
    (void)printf("ok %d messages taken, then \"%s\"\n", taken, reason_code(reason));
    if (unlink(release_file) != 0)
        return fail(release_file);
    if (!insist(peer, &document, &signature))
        return fail("not taken after the disk was freed");
    (void)printf("ok taken after the disk was freed\n");
    make_message(peer, 0, &draft, &document, &signature);
    buffer_release(&document);
    buffer_release(&signature);
    (void)printf("taken=%d\n", taken + 1);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct peer peer;
    const struct province_options options = {
        .directory = argc == 4 ? argv[1] : "",
        .agencies = 1,
        .key = AUTHORITY_P256,
        .gateway_key = AUTHORITY_P256,
        .window_messages = 64,
    };
    if (argc != 4 || !province_make(&province, &options))
        return EXIT_FAILURE;
    int gateway = province_start_gateway(&province, argv[2], endpoint);
    if (gateway < 0 || !peer_open(&peer, &province, "centre", endpoint) ||
        !peer_greet(&peer, 64, patience_ms(WAIT_MS)))
        return fail("start");
    int code = run(&peer, argv[3]);
    peer_close(&peer);
    int status = 0;
    (void)kill(gateway, SIGTERM);
    (void)waitpid(gateway, &status, 0);
    province_release(&province);
    return code != EXIT_SUCCESS || WEXITSTATUS(status) != 0 || !WIFEXITED(status) ? EXIT_FAILURE
                                                                                  : EXIT_SUCCESS;
}
