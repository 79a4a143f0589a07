/* bad_input DIR GATEWAY-PROGRAM - everything wrong that can be sent to a gateway, against the real
 * one.
 *
 * Every case says what must come back: a signed receipt with that reason code, or a refusal of the
 * connection. After each one a good message must still be taken. Prints one line per case. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"
#include "tests/support/bad_input.h"
#include "tests/support/patience.h"

/* ---- frames ---- */

static void test_frames(struct peer *peer)
{
    static const struct message_id no_id;
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x13};
    check(peer_send_bytes(peer, (struct bytes){garbage, sizeof garbage}) == REASON_NONE);
    bad_expect_receipt(peer, "garbage", &no_id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_FRAME_MALFORMED);

    struct frame heartbeat = {.kind = FRAME_HEARTBEAT,
                              .heartbeat = {.clock = peer_now(), .window_messages = 64}};
    struct buffer bytes;
    buffer_init(&bytes, FRAME_BYTES_MAX);
    arena_reset(&peer->scratch);
    check(frame_build(&heartbeat, &peer->scratch, &bytes) == REASON_NONE);
    struct bytes cut = {bytes.data, bytes.size - 1};
    check(peer_send_bytes(peer, cut) == REASON_NONE);
    bad_expect_receipt(peer, "truncated frame", &no_id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_FRAME_MALFORMED);
    buffer_release(&bytes);

    struct frame welcome = {.kind = FRAME_WELCOME,
                            .welcome = {.version = 1,
                                        .gateway = peer->key,
                                        .window_messages = 1,
                                        .clock = peer_now(),
                                        .registry_version = bytes_of_text("x")}};
    check(peer_send(peer, &welcome) == REASON_NONE);
    bad_expect_receipt(peer, "a frame that only a gateway may send", &no_id,
                       MESSAGE_TYPE_RECEIPT_REFUSED, REASON_FRAME_MALFORMED);

    struct bytes document = bytes_of_text("this is no envelope");
    bad_send_document(peer, document, bytes_of_text("nor is this a signature"));
    bad_expect_receipt(peer, "garbage in a parcel", &no_id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_ENVELOPE_MALFORMED);
    bad_expect_still_well(peer);
}

static void test_oversized(void)
{
    struct peer peer;
    if (!bad_open_peer(&peer, GOOD))
        return;
    size_t size = FRAME_BYTES_MAX + 1;
    uint8_t *big = calloc(1, size);
    check(big != NULL);
    (void)peer_send_bytes(&peer, (struct bytes){big, size});
    free(big);
    struct link_event event;
    bool is_cut = false;
    for (int rounds = 0; rounds < 200 && !is_cut; rounds++) {
        while (link_client_receive(peer.link, &event))
            is_cut = is_cut || event.kind == LINK_PEER_GONE || event.kind == LINK_PEER_REFUSED;
        struct pollfd wait = {.fd = link_client_fd(peer.link), .events = POLLIN};
        (void)poll(&wait, 1, 100);
    }
    bad_report("oversized frame: connection cut", is_cut, "still connected");
    peer_close(&peer);
}

static void test_unknown_version(void)
{
    struct peer peer;
    if (!bad_open_peer(&peer, GOOD))
        return;
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = 900,
                                    .version_max = 901,
                                    .participant = peer.key,
                                    .program = bytes_of_text("from the future"),
                                    .window_messages = 1,
                                    .clock = peer_now()}};
    check(peer_send(&peer, &hello) == REASON_NONE);
    bool refused = peer_receive_kind(&peer, FRAME_GOODBYE, patience_ms(WAIT_MS)) &&
                   peer.frame.goodbye == REASON_VERSION_UNSUPPORTED;
    bad_report("unknown version", refused, "no goodbye");
    hello.hello.version_min = hello.hello.version_max = LINK_VERSION;
    hello.hello.clock.ms -= 2 * CLOCK_SKEW_MAX_MS;
    check(peer_send(&peer, &hello) == REASON_NONE);
    refused = peer_receive_kind(&peer, FRAME_GOODBYE, patience_ms(WAIT_MS)) &&
              peer.frame.goodbye == REASON_CLOCK_SKEW;
    bad_report("a clock that is far off", refused, "no goodbye");
    peer_close(&peer);
}

static void test_unknown_key(void)
{
    struct curve_pair pair;
    struct peer peer;
    check(curve_pair_make(&pair) == REASON_NONE);
    char name[64];
    (void)snprintf(name, sizeof name, "keys/%s.curve", province_agency(STRANGER).text);
    check(province_write(&bad_province, name, bytes_of_text(pair.secret_key.text)));
    check(peer_open(&peer, &bad_province, province_agency(STRANGER).text, bad_endpoint));
    bad_report("unknown CURVE key", !peer_greet(&peer, 1, 5000), "a welcome");
    peer_close(&peer);
}

/* ---- signatures ---- */

/* What time alone has made worse is nobody's final word: its sender may seal it again. */
static void expect_answer(struct peer *peer, const char *name, const struct message_id *id,
                          enum reason expected)
{
    if (expected != REASON_CERTIFICATE_EXPIRED && expected != REASON_CERTIFICATE_REVOKED) {
        bad_expect_receipt(peer, name, id, MESSAGE_TYPE_RECEIPT_REFUSED, expected);
        return;
    }
    bool is_put_off = peer_receive_kind(peer, FRAME_NOT_TAKEN, patience_ms(WAIT_MS)) &&
                      peer->frame.taken.count == 1 && id_equal(&peer->frame.taken.ids[0], id) &&
                      peer->frame.taken.reason == expected;
    bad_report(name, is_put_off, "not put off with that reason");
}

/* With a signature that OpenSSL makes as told, which proto/seal never would. */
static void send_signed_by(struct peer *peer, const char *name, const char *key_name,
                           const struct authority_signature *how, enum reason expected)
{
    struct buffer document;
    struct buffer signature;
    struct buffer key;
    struct buffer certificate;
    struct envelope draft;
    char path[64];
    buffer_init(&document, DOCUMENT_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    buffer_init(&key, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&certificate, AUTHORITY_PEM_BYTES_MAX);
    bad_progress_draft(peer, &draft);
    check(peer_build(peer, &draft, &document));
    (void)snprintf(path, sizeof path, "keys/%s.pem", key_name);
    check(province_read(&bad_province, path, &key));
    (void)snprintf(path, sizeof path, "keys/%s.crt", key_name);
    check(province_read(&bad_province, path, &certificate));
    check(authority_sign(buffer_view(&key), buffer_view(&certificate), buffer_view(&document), how,
                         &signature) == REASON_NONE);
    bad_send_document(peer, buffer_view(&document), buffer_view(&signature));
    expect_answer(peer, name, &draft.id, expected);
    buffer_release(&document);
    buffer_release(&signature);
    buffer_release(&key);
    buffer_release(&certificate);
}

static void test_certificates(void)
{
    static const struct {
        size_t agency;
        const char *name;
        enum reason expected;
    } cases[] = {
        {EXPIRED, "expired certificate", REASON_CERTIFICATE_EXPIRED},
        {FUTURE, "certificate not yet valid", REASON_CERTIFICATE_NOT_YET_VALID},
        {REVOKED, "revoked certificate", REASON_CERTIFICATE_REVOKED},
        {SHORT, "RSA of 1024 bits", REASON_KEY_TOO_SHORT},
        {EDWARD, "Ed25519", REASON_ALGORITHM_NOT_LISTED},
    };
    const struct authority_signature plain = {.hash = AUTHORITY_SHA256};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer peer;
        if (!bad_open_peer(&peer, cases[i].agency))
            continue;
        send_signed_by(&peer, cases[i].name, province_agency(cases[i].agency).text, &plain,
                       cases[i].expected);
        peer_close(&peer);
    }
}

static void test_signatures(struct peer *peer)
{
    const struct authority_signature sha1 = {.hash = AUTHORITY_SHA1};
    const struct authority_signature plain = {.hash = AUTHORITY_SHA256};
    const char *self = province_agency(GOOD).text;
    char own[PARTICIPANT_KEY_BYTES_MAX + 1];
    (void)snprintf(own, sizeof own, "%s", self);
    send_signed_by(peer, "SHA-1", own, &sha1, REASON_ALGORITHM_SHA1);
    send_signed_by(peer, "signer is not the sender", "centre", &plain, REASON_SIGNER_NOT_SENDER);

    struct buffer document;
    struct buffer signature;
    struct envelope draft;
    buffer_init(&document, DOCUMENT_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    bad_progress_draft(peer, &draft);
    check(peer_build(peer, &draft, &document));
    check(peer_sign(peer, bytes_of_text("something else"), &signature));
    bad_send_document(peer, buffer_view(&document), buffer_view(&signature));
    bad_expect_receipt(peer, "wrong signature", &draft.id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_SIGNATURE_WRONG);
    bad_send_document(peer, buffer_view(&document), (struct bytes){0});
    bad_expect_receipt(peer, "no signature", &draft.id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_SIGNATURE_MISSING);
    struct bytes half = {signature.data, signature.size / 2};
    bad_send_document(peer, buffer_view(&document), half);
    bad_expect_receipt(peer, "half a signature", &draft.id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_SIGNATURE_MALFORMED);
    buffer_release(&document);
    buffer_release(&signature);
    bad_expect_still_well(peer);
}

static void test_manifest(struct peer *peer)
{
    struct buffer documents[2];
    struct buffer manifest;
    struct buffer signature;
    struct envelope draft;
    struct manifest_entry entry;
    buffer_init(&manifest, MANIFEST_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    for (int i = 0; i < 2; i++) {
        buffer_init(&documents[i], DOCUMENT_BYTES_MAX);
        bad_progress_draft(peer, &draft);
        check(peer_build(peer, &draft, &documents[i]));
        struct bytes view = buffer_view(&documents[i]);
        if (i == 0) {
            entry.id = draft.id;
            sha256_parts(&view, 1, &entry.digest);
        }
    }
    check(manifest_write(&entry, 1, &manifest) == REASON_NONE);
    check(peer_sign(peer, buffer_view(&manifest), &signature));
    struct bytes views[2] = {buffer_view(&documents[0]), buffer_view(&documents[1])};
    struct parcel parcel = {views, 2, buffer_view(&manifest), buffer_view(&signature), {0}};
    bad_send_parcel(peer, &parcel);
    bad_expect_receipt(peer, "a document that the manifest does not list", &draft.id,
                       MESSAGE_TYPE_RECEIPT_REFUSED, REASON_MANIFEST_MISMATCH);
    buffer_release(&documents[0]);
    buffer_release(&documents[1]);
    buffer_release(&manifest);
    buffer_release(&signature);
}

/* ---- admission ---- */

static void test_replay(struct peer *peer)
{
    struct envelope draft;
    bad_progress_draft(peer, &draft);
    bad_send_draft(peer, "first time", &draft, REASON_NONE);
    bad_send_draft(peer, "replay: the original receipt", &draft, REASON_NONE);
    draft.dossier_code = bytes_of_text("H99-261124-9999");
    bad_send_draft(peer, "same id, other digest", &draft, REASON_ID_REUSED);

    struct peer other;
    if (!bad_open_peer(&other, STRANGER))
        return;
    struct buffer document;
    struct buffer signature;
    buffer_init(&document, DOCUMENT_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    bad_progress_draft(peer, &draft);
    check(peer_build(peer, &draft, &document));
    check(peer_sign(peer, buffer_view(&document), &signature));
    bad_send_document(&other, buffer_view(&document), buffer_view(&signature));
    bad_expect_receipt(&other, "somebody else's message", &draft.id, MESSAGE_TYPE_RECEIPT_REFUSED,
                       REASON_SENDER_NOT_PEER);
    peer_close(&other);
    buffer_release(&document);
    buffer_release(&signature);
}

static void test_policy(struct peer *peer)
{
    struct envelope draft;
    peer_draft(peer, &draft, "1.000001", "H99-261124-8001");
    bad_send_draft(peer, "an agency may not send a transfer", &draft, REASON_POLICY_FORBIDDEN);
    bad_progress_draft(peer, &draft);
    draft.recipient = key_of("nobody");
    bad_send_draft(peer, "unknown agency", &draft, REASON_AGENCY_UNKNOWN);
    bad_progress_draft(peer, &draft);
    draft.created.at.ms += 2 * CLOCK_SKEW_MAX_MS;
    /* Its sender's clock is right by now, as the hello said: the message is taken. */
    bad_send_draft(peer, "created in the future", &draft, REASON_NONE);
    bad_progress_draft(peer, &draft);
    draft.expires = draft.created;
    draft.created.at.ms -= 1000;
    draft.expires.at.ms -= 500;
    bad_send_draft(peer, "expired", &draft, REASON_EXPIRED);
    bad_progress_draft(peer, &draft);
    draft.in_reply_to = draft.id;
    draft.in_reply_to.bytes[15] ^= 1;
    draft.in_reply_to_digest.bytes[0] = 1;
    bad_send_draft(peer, "a reply to nothing", &draft, REASON_REPLY_UNKNOWN);
}

static void test_centre(void)
{
    struct peer centre;
    struct envelope draft;
    if (!peer_open(&centre, &bad_province, "centre", bad_endpoint) ||
        !peer_greet(&centre, 64, patience_ms(WAIT_MS))) {
        bad_report("centre connects", false, "no welcome");
        return;
    }
    peer_draft(&centre, &draft, "9.999999", "H99-261124-7001");
    bad_send_draft(&centre, "unknown procedure", &draft, REASON_PROCEDURE_UNKNOWN);
    peer_draft(&centre, &draft, "1.000001", "H99-261124-7002");
    bad_send_draft(&centre, "a transfer", &draft, REASON_NONE);
    peer_close(&centre);
}

/* ---- attachments ---- */

static void answer_want(struct peer *peer, const struct digest *digest, struct bytes content)
{
    if (!peer_receive_kind(peer, FRAME_BLOB_WANT, patience_ms(WAIT_MS))) {
        bad_report("the gateway asks for the attachment", false, "nothing");
        return;
    }
    struct frame answer = {.kind = FRAME_BLOB_CHUNK,
                           .blob = {.digest = *digest, .offset = 0, .content = content}};
    if (content.size == 0) {
        answer.kind = FRAME_BLOB_REFUSED;
        answer.blob.reason = REASON_ATTACHMENT_MISSING;
    }
    check(peer_send(peer, &answer) == REASON_NONE);
}

/* Declares size_bytes of text, sends content. The id of its message. */
static struct message_id send_attachment(struct peer *peer, const char *name, const char *text,
                                         uint64_t size_bytes, struct bytes content,
                                         enum reason expected)
{
    struct envelope draft;
    struct attachment attachment = {.size_bytes = size_bytes,
                                    .name = bytes_of_text("a.pdf"),
                                    .media_type = bytes_of_text("application/pdf")};
    struct bytes declared = bytes_of_text(text);
    struct buffer document;
    struct buffer signature;
    sha256_parts(&declared, 1, &attachment.digest);
    buffer_init(&document, DOCUMENT_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    bad_progress_draft(peer, &draft);
    draft.attachments = &attachment;
    draft.attachment_count = 1;
    check(peer_build(peer, &draft, &document));
    check(peer_sign(peer, buffer_view(&document), &signature));
    bad_send_document(peer, buffer_view(&document), buffer_view(&signature));
    bool is_asked_for = content.size > 0 ? expected != REASON_ATTACHMENT_TOO_LARGE
                                         : expected == REASON_ATTACHMENT_MISSING;
    if (is_asked_for)
        answer_want(peer, &attachment.digest, content);
    bad_expect_receipt(peer, name, &draft.id,
                       expected == REASON_NONE ? MESSAGE_TYPE_RECEIPT_CUSTODY
                                               : MESSAGE_TYPE_RECEIPT_REFUSED,
                       expected);
    buffer_release(&document);
    buffer_release(&signature);
    return draft.id;
}

/* Asks for text as an attachment of that message; what comes back is in peer->frame. */
static bool ask_for(struct peer *peer, const struct key *sender, const struct message_id *id,
                    const char *text)
{
    struct frame want = {
        .kind = FRAME_BLOB_WANT,
        .blob = {.credit_until = BLOB_CHUNK_BYTES_MAX, .sender = *sender, .message_id = *id}};
    struct bytes content = bytes_of_text(text);
    sha256_parts(&content, 1, &want.blob.digest);
    check(peer_send(peer, &want) == REASON_NONE);
    while (peer_receive(peer, WAIT_MS)) {
        if (peer->frame.kind == FRAME_BLOB_CHUNK || peer->frame.kind == FRAME_BLOB_REFUSED)
            return true;
    }
    return false;
}

static void expect_missing(struct peer *peer, const char *name, const struct key *sender,
                           const struct message_id *id, const char *text)
{
    bool answered = ask_for(peer, sender, id, text);
    bool is_refused = answered && peer->frame.kind == FRAME_BLOB_REFUSED &&
                      peer->frame.blob.reason == REASON_ATTACHMENT_MISSING;
    bad_report(name, is_refused, answered ? "another answer" : "nothing");
}

/* text is kept, for the centre, as a file of that message. */
static void test_stolen_digest(const struct peer *owner, const struct message_id *id,
                               const char *text)
{
    struct peer peer;
    struct message_id own;
    if (!bad_open_peer(&peer, STRANGER))
        return;
    expect_missing(&peer, "a file that somebody else sent", &owner->key, id, text);
    expect_missing(&peer, "a file that nobody sent", &owner->key, id, "nobody's");
    own = send_attachment(&peer, "a message that names a digest it was told", text, strlen(text),
                          (struct bytes){0}, REASON_ATTACHMENT_MISSING);
    expect_missing(&peer, "a file by that message", &peer.key, &own, text);
    (void)send_attachment(&peer, "the same with a file that was made up", text, strlen(text),
                          bytes_of_text("FIVE"), REASON_ATTACHMENT_DIGEST);
    own = send_attachment(&peer, "the same with the file", text, strlen(text), bytes_of_text(text),
                          REASON_NONE);
    expect_missing(&peer, "a file by a message of one's own", &peer.key, &own, text);
    bad_expect_still_well(&peer);
    peer_close(&peer);
    if (!peer_open(&peer, &bad_province, "centre", bad_endpoint) ||
        !peer_greet(&peer, 64, patience_ms(WAIT_MS))) {
        bad_report("centre connects", false, "no welcome");
        return;
    }
    bool arrived = ask_for(&peer, &owner->key, id, text) && peer.frame.kind == FRAME_BLOB_CHUNK &&
                   bytes_equal(peer.frame.blob.content, bytes_of_text(text));
    bad_report("the recipient gets the file", arrived, "not the file");
    peer_close(&peer);
}

static void test_attachments(struct peer *peer)
{
    (void)send_attachment(peer, "attachment missing", "one", 3, (struct bytes){0},
                          REASON_ATTACHMENT_MISSING);
    (void)send_attachment(peer, "attachment other than its digest", "two", 3, bytes_of_text("TWO"),
                          REASON_ATTACHMENT_DIGEST);
    (void)send_attachment(peer, "attachment longer than declared", "three", 4,
                          bytes_of_text("three"), REASON_ATTACHMENT_LONG);
    (void)send_attachment(peer, "attachment larger than allowed", "four", 2 * 1024 * 1024,
                          bytes_of_text("four"), REASON_ATTACHMENT_TOO_LARGE);
    struct message_id id = send_attachment(peer, "attachment as declared", "five", 4,
                                           bytes_of_text("five"), REASON_NONE);
    /* The file is known by its digest, and has fewer bytes than this message says. */
    (void)send_attachment(peer, "attachment shorter than declared", "five", 9, (struct bytes){0},
                          REASON_ATTACHMENT_SHORT);
    test_stolen_digest(peer, &id, "five");
}

int main(int argc, char **argv)
{
    struct peer peer;
    if (argc != 3 || !bad_make_province(argv[1]))
        return EXIT_FAILURE;
    int gateway = province_start_gateway(&bad_province, argv[2], bad_endpoint);
    if (gateway < 0 || !bad_open_peer(&peer, GOOD))
        return EXIT_FAILURE;
    test_frames(&peer);
    test_signatures(&peer);
    test_manifest(&peer);
    test_replay(&peer);
    test_policy(&peer);
    test_attachments(&peer);
    peer_close(&peer);
    test_certificates();
    test_unknown_version();
    test_oversized();
    test_centre();
    test_unknown_key();
    if (bad_open_peer(&peer, GOOD)) {
        bad_expect_still_well(&peer);
        peer_close(&peer);
    }
    int status = 0;
    (void)kill(gateway, SIGTERM);
    (void)waitpid(gateway, &status, 0);
    bad_report("the gateway stops cleanly", WIFEXITED(status) && WEXITSTATUS(status) == 0,
               "a crash");
    province_release(&bad_province);
    (void)printf("%d passed, %d failed\n", bad_passes, bad_failures);
    return bad_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
