/* carried DIR GATEWAY-PROGRAM - participants behind one carrier's connection, against the real
 * gateway: they greet, send, receive and acknowledge as by themselves; after a reload without one
 * of them that one comes with a connection of its own. Prints one line a step; ends at the first
 * that fails. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/support/patience.h"
#include "tests/support/peer.h"

enum { WAIT_MS = 20000, WINDOW = 64, BYTES_MAX = 1024 * 1024 };

static void must(bool done, const char *what)
{
    (void)printf("%s %s\n", done ? "ok" : "FAILED", what);
    (void)fflush(stdout);
    if (!done)
        exit(EXIT_FAILURE); /* the gateway ends with this process */
}

/* Until the gateway's log has this text. */
static void await_log(const struct province *province, const char *text)
{
    enum { ROUND_MS = 20 };
    bool found = false;
    for (int i = 0; !found && i < patience_ms(WAIT_MS) / ROUND_MS; i++) {
        struct buffer log;
        buffer_init(&log, BYTES_MAX);
        found =
            province_read(province, "gateway.log", &log) && strstr(buffer_text(&log), text) != NULL;
        buffer_release(&log);
        if (!found)
            (void)poll(NULL, 0, ROUND_MS);
    }
    must(found, text);
}

/* Signs and sends. ret_digest: of the document; NULL: not wanted. */
static void send_signed(struct peer *peer, const struct envelope *draft, struct digest *ret_digest)
{
    struct buffer document;
    struct buffer signature;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    must(peer_build(peer, draft, &document) && peer_sign(peer, buffer_view(&document), &signature),
         "a message is signed");
    struct bytes bytes = buffer_view(&document);
    struct parcel parcel = {
        .documents = &bytes, .document_count = 1, .signature = buffer_view(&signature)};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    must(peer_send(peer, &frame) == REASON_NONE, "and sent");
    if (ret_digest != NULL)
        sha256_parts(&bytes, 1, ret_digest);
    buffer_release(&document);
    buffer_release(&signature);
}

static void expect_receipt(struct peer *peer, const struct message_id *id, enum message_type type,
                           const char *what)
{
    uint32_t got = 0;
    must(peer_await_receipt(peer, id, &got, patience_ms(WAIT_MS)) != NULL && got == type, what);
}

struct sent {
    struct message_id id;
    struct digest digest;
};

/* A transfer of the centre to one agency, taken into custody. */
static struct sent forward(struct peer *centre, size_t agency)
{
    static int number;
    struct sent sent;
    struct envelope draft;
    char procedure[16];
    char code[64];
    province_procedure(agency, procedure);
    (void)snprintf(code, sizeof code, "H99-261124-%04d", ++number);
    peer_draft(centre, &draft, procedure, code);
    sent.id = draft.id;
    send_signed(centre, &draft, &sent.digest);
    expect_receipt(centre, &sent.id, MESSAGE_TYPE_RECEIPT_CUSTODY, "custody of a transfer");
    return sent;
}

static bool brings(struct peer *peer, const struct message_id *id)
{
    for (size_t i = 0; i < peer->frame.parcels.count; i++) {
        const struct parcel *parcel = &peer->frame.parcels.parcels[i];
        for (size_t j = 0; j < parcel->document_count; j++) {
            struct envelope envelope;
            if (envelope_parse(parcel->documents[j], &peer->arena, &envelope) == REASON_NONE &&
                id_equal(&envelope.id, id))
                return true;
        }
    }
    return false;
}

/* The agency gets it, acknowledges it and signs for it; the centre learns that. */
static void accept(struct peer *agency, struct peer *centre, const struct sent *sent)
{
    do
        must(peer_receive_kind(agency, FRAME_PARCELS, patience_ms(WAIT_MS)),
             "something is delivered");
    while (!brings(agency, &sent->id));
    struct frame taken = {.kind = FRAME_TAKEN, .taken = {.ids = &sent->id, .count = 1}};
    must(peer_send(agency, &taken) == REASON_NONE, "the transfer, and it is taken");
    struct envelope draft;
    peer_draft(agency, &draft, "", "");
    struct receipt_item item = {.message_id = sent->id,
                                .digest = sent->digest,
                                .destination = agency->key,
                                .at = peer_now()};
    draft.recipient = centre->key;
    draft.type = MESSAGE_TYPE_RECEIPT_DELIVERED;
    draft.sequence = 0;
    draft.receipt.items = &item;
    draft.receipt.item_count = 1;
    send_signed(agency, &draft, NULL);
    do
        must(peer_receive_kind(agency, FRAME_TAKEN, patience_ms(WAIT_MS)),
             "the gateway takes something");
    while (!id_equal(&agency->frame.taken.ids[0], &draft.id));
    expect_receipt(centre, &sent->id, MESSAGE_TYPE_RECEIPT_DELIVERED,
                   "delivered, says its receipt");
}

static void send_progress(struct peer *agency)
{
    struct envelope draft;
    peer_draft(agency, &draft, "", "H99-261124-9001");
    draft.type = MESSAGE_TYPE_PROGRESS;
    send_signed(agency, &draft, NULL);
    expect_receipt(agency, &draft.id, MESSAGE_TYPE_RECEIPT_CUSTODY, "custody of its progress");
}

/* carriers.csv without one agency, under another version; read again. */
static void take_away(const struct province *province, size_t agency, int gateway)
{
    struct buffer text;
    char name[PARTICIPANT_KEY_BYTES_MAX + 2];
    (void)snprintf(name, sizeof name, "%s;", province_agency(agency).text);
    buffer_init(&text, BYTES_MAX);
    must(province_read(province, "registry/carriers.csv", &text), "carriers.csv");
    const char *whole = buffer_text(&text);
    const char *at = strstr(whole, name);
    must(at != NULL, "has the agency");
    struct buffer left;
    buffer_init(&left, BYTES_MAX);
    must(buffer_append_format(&left, "%.*s%s", (int)(at - whole), whole, at + strlen(name)) &&
             province_write(province, "registry/carriers.csv", buffer_view(&left)) &&
             province_write(province, "registry/version", bytes_of_text("2026-11-24.2\n")) &&
             kill(gateway, SIGHUP) == 0,
         "and is left without it");
    buffer_release(&left);
    buffer_release(&text);
    await_log(province, "event=registry_loaded");
}

static void run(struct province *province, int gateway, const char *endpoint)
{
    struct peer centre, first, second, foreign;
    must(peer_open(&centre, province, "centre", endpoint) &&
             peer_greet(&centre, WINDOW, patience_ms(WAIT_MS)),
         "the centre greets");
    struct link_client *carrier =
        peer_open_carrier(province, "h0001", endpoint, NULL, patience_ms(WAIT_MS));
    must(carrier != NULL, "the carrier connects");
    must(peer_open_carried(&foreign, province, "a0003", carrier) &&
             peer_hello(&foreign, WINDOW) == REASON_NONE,
         "it speaks for an agency that it does not carry");
    must(peer_open_carried(&first, province, "a0001", carrier) &&
             peer_greet(&first, WINDOW, patience_ms(WAIT_MS)),
         "the first agency greets over it");
    must(peer_open_carried(&second, province, "a0002", carrier) &&
             peer_greet(&second, WINDOW, patience_ms(WAIT_MS)),
         "the second agency greets over it");
    struct sent sent = forward(&centre, 1);
    accept(&first, &centre, &sent);
    sent = forward(&centre, 2);
    accept(&second, &centre, &sent);
    send_progress(&first);

    take_away(province, 2, gateway);
    sent = forward(&centre, 2);
    await_log(province, "event=peer_down from=a0002");
    must(peer_hello(&second, WINDOW) == REASON_NONE, "the second agency tries over it again");
    struct sent beside = forward(&centre, 1);
    accept(&first, &centre, &beside);
    peer_close(&second);
    must(peer_open(&second, province, "a0002", endpoint) &&
             peer_greet(&second, WINDOW, patience_ms(WAIT_MS)),
         "the second agency greets by itself");
    accept(&second, &centre, &sent);
    peer_close(&second);
    peer_close(&first);
    peer_close(&foreign);
    link_client_destroy(&carrier);
    peer_close(&centre);
}

int main(int argc, char **argv)
{
    struct province province;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    struct province_options options = {.agencies = 3,
                                       .carried = 2,
                                       .key = AUTHORITY_P256,
                                       .gateway_key = AUTHORITY_P256,
                                       .window_messages = WINDOW};
    if (argc != 3)
        return EXIT_FAILURE;
    options.directory = argv[1];
    must(province_make(&province, &options), "a province with two carriers");
    int gateway = province_start_gateway(&province, argv[2], endpoint);
    must(gateway > 0, "the gateway listens");
    run(&province, gateway, endpoint);
    int status = 0;
    (void)kill(gateway, SIGTERM);
    (void)waitpid(gateway, &status, 0);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the gateway stops cleanly");
    province_release(&province);
    return EXIT_SUCCESS;
}
