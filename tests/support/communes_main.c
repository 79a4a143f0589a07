/* communes DIR GATEWAY-PROGRAM - a province of 130 participants: the centre, the gateway, 29
 * departments and 99 communes, which all handle one procedure, each in its area. Departments and
 * communes are behind carriers. Each commune gets the dossier of its own area, that of another area
 * code which the commune's area had before, and nobody else's. Ends at the first that fails. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/support/patience.h"
#include "tests/support/peer.h"

enum {
    WAIT_MS = 30000,
    WINDOW = 512, /* what the centre does not acknowledge stays under way */
    BYTES_MAX = 1024 * 1024,
    COMMUNES = 99,
    DEPARTMENTS = 29,
    AGENCIES = COMMUNES + DEPARTMENTS,
    CARRIED = 64,
};

static const char procedure[] = "2.000001"; /* of every commune */

static void must(bool done, const char *what, size_t index)
{
    if (done)
        return;
    (void)printf("FAILED %s: %zu\n", what, index);
    exit(EXIT_FAILURE); /* the gateway ends with this process */
}

/* Of today; of before July 2025, when the communes were others. */
static void area_of(size_t commune, bool is_former, char ret_code[16])
{
    (void)snprintf(ret_code, 16, is_former ? "%05zuX" : "%05zu", commune + 2600);
}

static void append(const struct province *province, const char *name, const char *text)
{
    struct buffer whole;
    buffer_init(&whole, BYTES_MAX);
    must(province_read(province, name, &whole) && buffer_append_text(&whole, text) &&
             province_write(province, name, buffer_view(&whole)),
         name, 0);
    buffer_release(&whole);
}

static void write_units(const struct province *province)
{
    struct buffer areas, units;
    buffer_init(&areas, BYTES_MAX);
    buffer_init(&units, BYTES_MAX);
    bool made =
        buffer_append_text(&areas, "code,name_vi,name_en,valid_from,valid_to,successor\n") &&
        buffer_append_text(&units, "procedure,area,agency,valid_from,valid_to\n");
    for (size_t i = 1; made && i <= COMMUNES; i++) {
        char now[16], before[16];
        area_of(i, false, now);
        area_of(i, true, before);
        made =
            buffer_append_format(&areas, "%s,Xã %zu,,2025-07-01,,\n%s,Xã cũ %zu,,,2025-06-30,%s\n",
                                 now, i, before, i, now) &&
            buffer_append_format(&units, ",%s,%s,2025-07-01,\n", now, province_agency(i).text);
    }
    must(made && province_write(province, "registry/areas.csv", buffer_view(&areas)) &&
             province_write(province, "registry/competence.csv", buffer_view(&units)),
         "areas and units", 0);
    append(province, "registry/procedures.csv",
           "2.000001,Thủ tục cấp xã,Communal,,,full,5,,,yes\n");
    buffer_release(&areas);
    buffer_release(&units);
}

/* ---- dossiers ---- */

struct sent {
    struct message_id id;
    struct digest digest;
};

static void send_signed(struct peer *peer, const struct envelope *draft, struct digest *ret_digest)
{
    struct buffer document, signature;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    must(peer_build(peer, draft, &document) && peer_sign(peer, buffer_view(&document), &signature),
         "a message is signed", 0);
    struct bytes bytes = buffer_view(&document);
    struct parcel parcel = {
        .documents = &bytes, .document_count = 1, .signature = buffer_view(&signature)};
    struct frame frame = {.kind = FRAME_PARCELS, .parcels = {&parcel, 1}};
    must(peer_send(peer, &frame) == REASON_NONE, "and sent", 0);
    sha256_parts(&bytes, 1, ret_digest);
    buffer_release(&document);
    buffer_release(&signature);
}

/* Who says nothing for long is taken for gone: the others wait while one is served. */
static void beat(struct peer *peer)
{
    struct frame frame = {.kind = FRAME_HEARTBEAT,
                          .heartbeat = {.clock = peer_now(), .window_messages = WINDOW}};
    must(peer_send(peer, &frame) == REASON_NONE, "a heartbeat", 0);
}

/* Of that area; what the gateway says of it must be of this type. */
static struct sent forward(struct peer *centre, const char *area, enum message_type answer)
{
    static size_t number;
    struct sent sent;
    struct envelope draft;
    char code[64];
    uint32_t got = 0;
    (void)snprintf(code, sizeof code, "H99-261124-%04zu", ++number);
    peer_draft(centre, &draft, procedure, code);
    centre->area_code = area;
    sent.id = draft.id;
    send_signed(centre, &draft, &sent.digest);
    must(peer_await_receipt(centre, &sent.id, &got, patience_ms(WAIT_MS)) != NULL && got == answer,
         "the gateway's word on a transfer", number);
    return sent;
}

/* The next message that is delivered to it is this one; it is signed for. */
static void accept(struct peer *commune, struct peer *centre, const struct sent *sent, size_t index)
{
    struct envelope envelope, draft;
    struct digest ignored;
    uint32_t got = 0;
    must(peer_receive_kind(commune, FRAME_PARCELS, patience_ms(WAIT_MS)), "something is delivered",
         index);
    must(envelope_parse(commune->frame.parcels.parcels[0].documents[0], &commune->arena,
                        &envelope) == REASON_NONE &&
             id_equal(&envelope.id, &sent->id),
         "the dossier of its own area", index);
    struct frame taken = {.kind = FRAME_TAKEN, .taken = {.ids = &sent->id, .count = 1}};
    must(peer_send(commune, &taken) == REASON_NONE, "it is taken", index);
    struct receipt_item item = {.message_id = sent->id,
                                .digest = sent->digest,
                                .destination = commune->key,
                                .at = peer_now()};
    peer_draft(commune, &draft, "", "");
    draft.recipient = centre->key;
    draft.type = MESSAGE_TYPE_RECEIPT_DELIVERED;
    draft.sequence = 0;
    draft.receipt.items = &item;
    draft.receipt.item_count = 1;
    send_signed(commune, &draft, &ignored);
    must(peer_await_receipt(centre, &sent->id, &got, patience_ms(WAIT_MS)) != NULL &&
             got == MESSAGE_TYPE_RECEIPT_DELIVERED,
         "delivered, says its receipt", index);
}

static void run(struct province *province, const char *endpoint)
{
    static struct peer centre, agencies[AGENCIES];
    struct link_client *carriers[AGENCIES / CARRIED + 1] = {NULL};
    size_t carrier_count = (AGENCIES + CARRIED - 1) / CARRIED;
    char area[16];
    must(peer_open(&centre, province, "centre", endpoint) &&
             peer_greet(&centre, WINDOW, patience_ms(WAIT_MS)),
         "the centre greets", 0);
    for (size_t i = 0; i < carrier_count; i++) {
        struct key key = province_carrier(i + 1);
        carriers[i] = peer_open_carrier(province, key.text, endpoint, NULL, patience_ms(WAIT_MS));
        must(carriers[i] != NULL, "a carrier connects", i);
    }
    for (size_t i = 1; i <= AGENCIES; i++) {
        struct key key = province_agency(i);
        struct peer *agency = &agencies[i - 1];
        beat(&centre);
        for (size_t j = 0; j + 1 < i; j++)
            beat(&agencies[j]);
        must(peer_open_carried(agency, province, key.text, carriers[(i - 1) / CARRIED]) &&
                 peer_greet(agency, WINDOW, patience_ms(WAIT_MS)),
             "an agency greets over its carrier", i);
        for (int is_former = 0; i <= COMMUNES && is_former < 2; is_former++) {
            area_of(i, is_former, area);
            struct sent sent = forward(&centre, area, MESSAGE_TYPE_RECEIPT_CUSTODY);
            accept(agency, &centre, &sent, i);
        }
    }
    (void)forward(&centre, NULL, MESSAGE_TYPE_RECEIPT_REFUSED);    /* no area */
    (void)forward(&centre, "99999", MESSAGE_TYPE_RECEIPT_REFUSED); /* no such area */
    (void)printf("communes: %d participants, %d dossiers each at its own commune\n", AGENCIES + 2,
                 2 * COMMUNES);
    for (size_t i = 0; i < AGENCIES; i++)
        peer_close(&agencies[i]);
    for (size_t i = 0; i < carrier_count; i++)
        link_client_destroy(&carriers[i]);
    peer_close(&centre);
}

int main(int argc, char **argv)
{
    struct province province;
    char endpoint[LINK_ENDPOINT_BYTES_MAX + 1];
    struct province_options options = {.agencies = AGENCIES,
                                       .carried = CARRIED,
                                       .key = AUTHORITY_P256,
                                       .gateway_key = AUTHORITY_P256,
                                       .window_messages = WINDOW};
    if (argc != 3)
        return EXIT_FAILURE;
    options.directory = argv[1];
    must(province_make(&province, &options), "a province", 0);
    write_units(&province);
    int gateway = province_start_gateway(&province, argv[2], endpoint);
    must(gateway > 0, "the gateway listens", 0);
    run(&province, endpoint);
    int status = 0;
    (void)kill(gateway, SIGTERM);
    (void)waitpid(gateway, &status, 0);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the gateway stops cleanly", 0);
    province_release(&province);
    return EXIT_SUCCESS;
}
