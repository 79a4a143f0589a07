/* The receivers: they acknowledge what arrives, and sign receipts for it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"
#include "tests/bench/traffic_parts.h"

enum { GREET_MS = 20000 };

/* ---- what a receiver does ---- */

/* The id is the first field of every document that protobuf-c wrote. */
static bool document_id(struct bytes document, struct message_id *ret_id)
{
    if (document.size < 2 + MESSAGE_ID_BYTES || document.data[0] != 0x0a ||
        document.data[1] != MESSAGE_ID_BYTES)
        return false;
    memcpy(ret_id->bytes, document.data + 2, MESSAGE_ID_BYTES);
    return true;
}

static struct open_receipt *free_receipt(struct receiver *receiver)
{
    for (size_t i = 0; i < OPEN_RECEIPTS_MAX; i++) {
        if (receiver->open[i].count == 0)
            return &receiver->open[i];
    }
    return NULL;
}

static bool sign_and_send(struct traffic *traffic, struct receiver *receiver,
                          const struct envelope *draft)
{
    struct peer *peer = &receiver->peer;
    struct buffer document;
    struct buffer signature;
    buffer_init(&document, ENVELOPE_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    arena_reset(&peer->scratch);
    bool made = envelope_build(draft, NULL, &peer->scratch, &document) == REASON_NONE &&
                peer_sign(peer, buffer_view(&document), &signature);
    if (made) {
        struct bytes bytes = buffer_view(&document);
        struct parcel parcel = {
            .documents = &bytes, .document_count = 1, .signature = buffer_view(&signature)};
        traffic_send(traffic, peer,
                     &(struct frame){.kind = FRAME_PARCELS, .parcels = {&parcel, 1}});
    }
    buffer_release(&document);
    buffer_release(&signature);
    return made;
}

/* One signed receipt for the oldest messages that have none. */
static void send_receipt(struct traffic *traffic, struct receiver *receiver)
{
    static struct receipt_item items[RECEIPT_ITEMS_MAX];
    const struct corpus *corpus = traffic->options.corpus;
    struct open_receipt *open = free_receipt(receiver);
    if (open == NULL)
        return;
    size_t count = receiver->waiting_count < traffic->options.receipt_items
                       ? receiver->waiting_count
                       : traffic->options.receipt_items;
    struct stamp now = {peer_now(), VIETNAM_OFFSET_MINUTES};
    uint8_t random[ID_RANDOM_BYTES];
    check(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
    struct envelope draft = {
        .sender = receiver->peer.key,
        .recipient = traffic->sender.key,
        .type = MESSAGE_TYPE_RECEIPT_DELIVERED,
        .source_time = now,
        .created = now,
        .receipt = {.items = items, .item_count = count},
    };
    id_make(&receiver->peer.maker, now.at, random, &draft.id);
    for (size_t i = 0; i < count; i++) {
        const struct corpus_message *message = &corpus->messages[receiver->waiting[i]];
        items[i] = (struct receipt_item){.message_id = message->id,
                                         .digest = message->digest,
                                         .destination = receiver->peer.key,
                                         .at = now.at};
        open->messages[i] = receiver->waiting[i];
    }
    open->id = draft.id;
    open->count = (uint32_t)count;
    receiver->waiting_count -= count;
    memmove(receiver->waiting, receiver->waiting + count,
            receiver->waiting_count * sizeof *receiver->waiting);
    receiver->waiting_since_us = traffic_now_us();
    if (!sign_and_send(traffic, receiver, &draft))
        traffic_fail(traffic, "a receipt cannot be made");
}

void traffic_flush_receipts(struct traffic *traffic, int64_t now)
{
    for (size_t i = 0; i < traffic->receiver_count; i++) {
        struct receiver *receiver = &traffic->receivers[i];
        while (receiver->waiting_count >= traffic->options.receipt_items &&
               free_receipt(receiver) != NULL)
            send_receipt(traffic, receiver);
        if (receiver->waiting_count > 0 &&
            now - receiver->waiting_since_us >= traffic->options.receipt_delay_us)
            send_receipt(traffic, receiver);
    }
}

/* The gateway has fsynced this receipt: now its messages count. */
static void receipt_taken(struct traffic *traffic, struct receiver *receiver,
                          const struct message_id *id, int64_t now)
{
    for (size_t i = 0; i < OPEN_RECEIPTS_MAX; i++) {
        struct open_receipt *open = &receiver->open[i];
        if (open->count == 0 || !id_equal(&open->id, id))
            continue;
        for (uint32_t j = 0; j < open->count; j++) {
            uint32_t message = open->messages[j];
            if (traffic->options.messages[message].is_settled)
                continue;
            traffic->options.messages[message].is_settled = true;
            traffic->settled++;
            histogram_record(&traffic->result->settled,
                             (uint64_t)(now - traffic->sent_us[message]));
        }
        open->count = 0;
        traffic->receipts++;
        return;
    }
}

static void take_delivery(struct traffic *traffic, struct receiver *receiver, int64_t now)
{
    static struct message_id ids[MESSAGE_WINDOW_MAX];
    const struct frame *frame = &receiver->peer.frame;
    size_t count = 0;
    for (size_t i = 0; i < frame->parcels.count; i++) {
        const struct parcel *parcel = &frame->parcels.parcels[i];
        for (size_t j = 0; j < parcel->document_count; j++) {
            if (!document_id(parcel->documents[j], &ids[count]))
                traffic_fail(traffic, "a delivered document cannot be read");
            size_t message = corpus_find(traffic->options.corpus, &ids[count]);
            if (message == SIZE_MAX || receiver->waiting_count == MESSAGE_WINDOW_MAX) {
                traffic_fail(traffic, "more was delivered than was sent");
                return;
            }
            if (receiver->waiting_count == 0)
                receiver->waiting_since_us = now;
            count++;
            struct traffic_message *known = &traffic->options.messages[message];
            if (known->receiver != 0)
                continue; /* again, after its lease or a death: it has a receipt or gets one */
            known->receiver = (uint16_t)(receiver - traffic->receivers + 1);
            receiver->waiting[receiver->waiting_count++] = (uint32_t)message;
        }
    }
    traffic_send_taken(traffic, &receiver->peer, ids, count);
}

static void take_frame(struct traffic *traffic, struct receiver *receiver)
{
    struct peer *peer = &receiver->peer;
    int64_t now = traffic_now_us();
    if (peer->frame.kind == FRAME_WELCOME && !receiver->is_welcome) {
        receiver->is_welcome = true;
        traffic->welcome_count++;
    }
    if (peer->frame.kind == FRAME_GOODBYE)
        traffic_fail(traffic, "the gateway took leave of a receiver");
    if (peer->frame.kind == FRAME_PARCELS)
        take_delivery(traffic, receiver, now);
    for (size_t i = 0; peer->frame.kind == FRAME_TAKEN && i < peer->frame.taken.count; i++)
        receipt_taken(traffic, receiver, &peer->frame.taken.ids[i], now);
}

/* "a0007" is the seventh; NULL: none that is open. */
static struct receiver *receiver_of(struct traffic *traffic, const struct key *key)
{
    size_t number = strtoul(key->text + 1, NULL, 10);
    if (number < 1 || number > traffic->receiver_count)
        return NULL;
    struct receiver *receiver = &traffic->receivers[number - 1];
    return key_equal(&receiver->peer.key, key) ? receiver : NULL;
}

/* What has come over one connection: a receiver's own, or (NULL) a carrier's. */
static bool receive_over(struct traffic *traffic, struct link_client *link,
                         struct receiver *receiver)
{
    struct link_event event;
    bool any = false;
    for (int round = 0; round < RECEIVE_ROUND_MAX && link_client_receive(link, &event); round++) {
        struct receiver *to = receiver != NULL ? receiver : receiver_of(traffic, &event.peer);
        any = true;
        if (to == NULL)
            traffic_fail(traffic, "a frame for nobody came over a carrier, or it broke");
        else if (traffic_read(traffic, &to->peer, &event))
            take_frame(traffic, to);
        if (traffic->failed)
            break;
    }
    return any;
}

bool traffic_receive(struct traffic *traffic)
{
    bool any = false;
    for (size_t i = 0; i < traffic->carrier_count; i++)
        any = receive_over(traffic, traffic->carriers[i], NULL) || any;
    for (size_t i = 0; traffic->carrier_count == 0 && i < traffic->receiver_count; i++) {
        struct receiver *receiver = &traffic->receivers[i];
        any = receive_over(traffic, receiver->peer.link, receiver) || any;
    }
    return any;
}

/* ---- opening ---- */

static bool prepare(struct receiver *receiver)
{
    receiver->open = calloc(OPEN_RECEIPTS_MAX, sizeof *receiver->open);
    return receiver->open != NULL;
}

static bool open_alone(struct traffic *traffic)
{
    const struct traffic_options *options = &traffic->options;
    struct receiver *receiver = &traffic->receivers[traffic->receiver_count++];
    struct key name = province_agency(traffic->receiver_count);
    if (!prepare(receiver) ||
        !peer_open_beside(&receiver->peer, options->province, name.text, options->endpoint,
                          &traffic->sender) ||
        !peer_greet(&receiver->peer, MESSAGE_WINDOW_MAX, GREET_MS))
        return false;
    receiver->is_welcome = true;
    traffic->welcome_count++;
    return traffic_watch(traffic, receiver->peer.link);
}

static bool await_welcomes(struct traffic *traffic, struct link_client *link)
{
    int64_t until_us = traffic_now_us() + (int64_t)GREET_MS * 1000;
    while (traffic->welcome_count < traffic->receiver_count && !traffic->failed) {
        struct pollfd wait = {.fd = link_client_fd(link), .events = POLLIN};
        if (!receive_over(traffic, link, NULL) && poll(&wait, 1, 100) == 0 &&
            traffic_now_us() > until_us)
            return false;
    }
    return !traffic->failed;
}

/* A carrier's connection, and its receivers: all say hello before the first one is answered, as
 * adapters beside each other do. */
static bool open_carried(struct traffic *traffic)
{
    const struct traffic_options *options = &traffic->options;
    size_t left = options->agencies - traffic->receiver_count;
    size_t count = left < options->carried ? left : options->carried;
    struct key name = province_carrier(traffic->carrier_count + 1);
    struct link_client *link = peer_open_carrier(options->province, name.text, options->endpoint,
                                                 traffic->sender.link, GREET_MS);
    if (link == NULL)
        return false;
    traffic->carriers[traffic->carrier_count++] = link;
    for (size_t i = 0; i < count; i++) {
        struct receiver *receiver = &traffic->receivers[traffic->receiver_count++];
        struct key agency = province_agency(traffic->receiver_count);
        if (!prepare(receiver) ||
            !peer_open_carried(&receiver->peer, options->province, agency.text, link) ||
            peer_hello(&receiver->peer, MESSAGE_WINDOW_MAX) != REASON_NONE)
            return false;
    }
    return await_welcomes(traffic, link) && traffic_watch(traffic, link);
}

bool traffic_open_receivers(struct traffic *traffic)
{
    const struct traffic_options *options = &traffic->options;
    bool opened = true;
    traffic->carriers = calloc(options->agencies, sizeof(struct link_client *));
    check(traffic->carriers != NULL);
    while (opened && traffic->receiver_count < options->agencies) {
        opened = options->carried > 0 ? open_carried(traffic) : open_alone(traffic);
        /* Thousands take longer to open than a silent peer is kept. */
        if (opened)
            traffic_send_heartbeats(traffic, traffic_now_us());
    }
    return opened;
}

void traffic_close_receivers(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->receiver_count; i++) {
        peer_close(&traffic->receivers[i].peer);
        free(traffic->receivers[i].open);
    }
    for (size_t i = 0; i < traffic->carrier_count; i++)
        link_client_destroy(&traffic->carriers[i]);
    free(traffic->carriers);
}
