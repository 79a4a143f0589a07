#include "tests/bench/traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/check.h"
#include "proto/codec/message_type.h"

enum {
    GREET_MS = 20000,
    HEARTBEAT_US = HEARTBEAT_INTERVAL_MS * 1000,
    OPEN_RECEIPTS_MAX = 64, /* of one receiver, not yet taken by the gateway */
    RECEIVE_ROUND_MAX = 64,
};

/* A receipt that the gateway has not acknowledged yet. */
struct open_receipt {
    struct message_id id;
    uint32_t count;
    uint32_t messages[RECEIPT_ITEMS_MAX];
};

struct receiver {
    struct peer peer;
    uint32_t waiting[MESSAGE_WINDOW_MAX]; /* messages without a receipt */
    size_t waiting_count;
    int64_t waiting_since_us;
    struct open_receipt *open; /* OPEN_RECEIPTS_MAX; count 0: free */
};

struct traffic {
    struct traffic_options options;
    struct peer sender;
    struct receiver *receivers;
    size_t receiver_count;
    int epoll;
    size_t next_frame, sent, in_custody, settled, receipts;
    int64_t *sent_us; /* of each message */
    bool *has_custody;
    int64_t started_us, heartbeat_us;
    bool failed;
    struct traffic_result *result;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(struct traffic *traffic, const char *what)
{
    if (!traffic->failed)
        (void)fprintf(stderr, "traffic: %s (%zu sent, %zu in custody, %zu settled)\n", what,
                      traffic->sent, traffic->in_custody, traffic->settled);
    traffic->failed = true;
}

/* ---- opening ---- */

static void send_heartbeats(struct traffic *traffic, int64_t now);

static bool open_peer(struct traffic *traffic, struct peer *peer, const char *name)
{
    const struct traffic_options *options = &traffic->options;
    const struct peer *beside = peer == &traffic->sender ? NULL : &traffic->sender;
    if (!peer_open_beside(peer, options->province, name, options->endpoint, beside) ||
        !peer_greet(peer, MESSAGE_WINDOW_MAX, GREET_MS))
        return false;
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(traffic->epoll, EPOLL_CTL_ADD, link_client_fd(peer->link), &event) == 0;
}

/* What an earlier gateway may or may not have committed is said again: messages that a receiver has
 * and whose receipt was not acknowledged. */
static void resume(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->options.corpus->message_count; i++) {
        const struct traffic_message *message = &traffic->options.messages[i];
        traffic->settled += message->is_settled ? 1 : 0;
        if (message->is_settled || message->receiver == 0)
            continue;
        struct receiver *receiver = &traffic->receivers[message->receiver - 1];
        check(receiver->waiting_count < MESSAGE_WINDOW_MAX);
        receiver->waiting[receiver->waiting_count++] = (uint32_t)i;
    }
}

bool traffic_open(const struct traffic_options *options, struct traffic **ret_traffic)
{
    struct traffic *traffic = calloc(1, sizeof *traffic);
    check(traffic != NULL);
    traffic->options = *options;
    traffic->epoll = epoll_create1(EPOLL_CLOEXEC);
    traffic->receivers = calloc(options->agencies, sizeof *traffic->receivers);
    traffic->sent_us = calloc(options->corpus->message_count, sizeof *traffic->sent_us);
    traffic->has_custody = calloc(options->corpus->message_count, 1);
    check(traffic->receivers != NULL && traffic->sent_us != NULL && traffic->has_custody != NULL);
    bool opened = traffic->epoll >= 0 && open_peer(traffic, &traffic->sender, "centre");
    for (size_t i = 0; opened && i < options->agencies; i++) {
        struct receiver *receiver = &traffic->receivers[i];
        receiver->open = calloc(OPEN_RECEIPTS_MAX, sizeof *receiver->open);
        opened = receiver->open != NULL &&
                 open_peer(traffic, &receiver->peer, province_agency(i + 1).text);
        traffic->receiver_count++;
        /* Thousands take longer to open than a silent peer is kept. */
        if (opened)
            send_heartbeats(traffic, now_us());
    }
    if (opened)
        resume(traffic);
    *ret_traffic = traffic;
    if (!opened) {
        fail(traffic, "a peer cannot be opened");
        traffic_close(ret_traffic);
    }
    return opened;
}

void traffic_close(struct traffic **traffic)
{
    struct traffic *gone = *traffic;
    *traffic = NULL;
    if (gone == NULL)
        return;
    for (size_t i = 0; i < gone->receiver_count; i++) {
        peer_close(&gone->receivers[i].peer);
        free(gone->receivers[i].open);
    }
    peer_close(&gone->sender);
    if (gone->epoll >= 0)
        (void)close(gone->epoll);
    free(gone->receivers);
    free(gone->sent_us);
    free(gone->has_custody);
    free(gone);
}

/* ---- what both do ---- */

static void send_frame(struct traffic *traffic, struct peer *peer, const struct frame *frame)
{
    if (peer_send(peer, frame) != REASON_NONE)
        fail(traffic, "a frame cannot be sent");
}

static void send_taken(struct traffic *traffic, struct peer *peer, const struct message_id *ids,
                       size_t count)
{
    if (count > 0)
        send_frame(traffic, peer,
                   &(struct frame){.kind = FRAME_TAKEN, .taken = {.ids = ids, .count = count}});
}

static void send_heartbeats(struct traffic *traffic, int64_t now)
{
    if (now - traffic->heartbeat_us < HEARTBEAT_US)
        return;
    traffic->heartbeat_us = now;
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = peer_now(), .window_messages = MESSAGE_WINDOW_MAX}};
    send_frame(traffic, &traffic->sender, &frame);
    for (size_t i = 0; i < traffic->receiver_count; i++)
        send_frame(traffic, &traffic->receivers[i].peer, &frame);
}

/* The next frame of this peer, if there is one. Its views live until the next call. */
static bool next_frame(struct traffic *traffic, struct peer *peer)
{
    struct link_event event;
    while (!traffic->failed && link_client_receive(peer->link, &event)) {
        if (event.kind != LINK_FRAME) {
            fail(traffic, "a connection broke");
            break;
        }
        arena_reset(&peer->arena);
        if (frame_parse(event.bytes, &peer->arena, &peer->frame) == REASON_NONE)
            return true;
        fail(traffic, "a frame cannot be read");
    }
    return false;
}

/* The id is the first field of every document that protobuf-c wrote. */
static bool document_id(struct bytes document, struct message_id *ret_id)
{
    if (document.size < 2 + MESSAGE_ID_BYTES || document.data[0] != 0x0a ||
        document.data[1] != MESSAGE_ID_BYTES)
        return false;
    memcpy(ret_id->bytes, document.data + 2, MESSAGE_ID_BYTES);
    return true;
}

/* ---- the sender ---- */

static void take_custody_item(struct traffic *traffic, const struct receipt_item *item, int64_t now)
{
    size_t index = corpus_find(traffic->options.corpus, &item->message_id);
    if (index == SIZE_MAX || traffic->has_custody[index])
        return;
    traffic->has_custody[index] = true;
    traffic->in_custody++;
    histogram_record(&traffic->result->custody, (uint64_t)(now - traffic->sent_us[index]));
}

static void read_sender_document(struct traffic *traffic, struct bytes document, int64_t now,
                                 struct message_id *ids, size_t *count)
{
    struct envelope envelope;
    struct peer *peer = &traffic->sender;
    if (envelope_parse(document, &peer->arena, &envelope) != REASON_NONE) {
        fail(traffic, "a receipt cannot be read");
    } else if (envelope.type == MESSAGE_TYPE_RECEIPT_CUSTODY) {
        for (size_t i = 0; i < envelope.receipt.item_count; i++)
            take_custody_item(traffic, &envelope.receipt.items[i], now);
    } else if (envelope.type == MESSAGE_TYPE_RECEIPT_DELIVERED) {
        check(*count < MESSAGE_WINDOW_MAX);
        ids[(*count)++] = envelope.id;
    } else {
        fail(traffic, "a message was refused");
    }
}

static bool receive_as_sender(struct traffic *traffic)
{
    static struct message_id ids[MESSAGE_WINDOW_MAX];
    struct peer *peer = &traffic->sender;
    bool any = false;
    for (int round = 0; round < RECEIVE_ROUND_MAX && next_frame(traffic, peer); round++) {
        size_t count = 0;
        int64_t now = now_us();
        any = true;
        if (peer->frame.kind == FRAME_NOT_TAKEN || peer->frame.kind == FRAME_GOODBYE)
            fail(traffic, "the gateway would not take a message");
        for (size_t i = 0; peer->frame.kind == FRAME_PARCELS && i < peer->frame.parcels.count;
             i++) {
            const struct parcel *parcel = &peer->frame.parcels.parcels[i];
            for (size_t j = 0; j < parcel->document_count; j++)
                read_sender_document(traffic, parcel->documents[j], now, ids, &count);
        }
        send_taken(traffic, peer, ids, count);
    }
    return any;
}

/* When the first message of the next frame is due. */
static int64_t due_us(const struct traffic *traffic)
{
    const struct corpus_frame *frame = &traffic->options.corpus->frames[traffic->next_frame];
    double after = traffic->options.rate > 0 ? frame->first_message / traffic->options.rate : 0;
    return traffic->started_us + (int64_t)(after * 1e6);
}

static bool send_as_sender(struct traffic *traffic)
{
    const struct corpus *corpus = traffic->options.corpus;
    bool any = false;
    while (traffic->next_frame < corpus->frame_count) {
        const struct corpus_frame *frame = &corpus->frames[traffic->next_frame];
        int64_t now = now_us();
        int64_t due = due_us(traffic);
        bool is_scheduled = traffic->options.rate > 0;
        /* After a death a receipt names more than was sent again so far. */
        if (is_scheduled ? now < due
                         : traffic->sent + frame->message_count >
                               traffic->in_custody + traffic->options.window_messages)
            break;
        if (link_client_send(traffic->sender.link,
                             corpus_frame_bytes(corpus, traffic->next_frame)) != REASON_NONE)
            break;
        for (uint32_t i = 0; i < frame->message_count; i++)
            traffic->sent_us[frame->first_message + i] = is_scheduled ? due : now;
        traffic->sent += frame->message_count;
        traffic->next_frame++;
        any = true;
    }
    return any;
}

/* ---- a receiver ---- */

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
        send_frame(traffic, peer, &(struct frame){.kind = FRAME_PARCELS, .parcels = {&parcel, 1}});
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
    receiver->waiting_since_us = now_us();
    if (!sign_and_send(traffic, receiver, &draft))
        fail(traffic, "a receipt cannot be made");
}

static void flush_receipts(struct traffic *traffic, int64_t now)
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
                fail(traffic, "a delivered document cannot be read");
            size_t message = corpus_find(traffic->options.corpus, &ids[count]);
            if (message == SIZE_MAX || receiver->waiting_count == MESSAGE_WINDOW_MAX) {
                fail(traffic, "more was delivered than was sent");
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
    send_taken(traffic, &receiver->peer, ids, count);
}

static bool receive_as_receiver(struct traffic *traffic, struct receiver *receiver)
{
    struct peer *peer = &receiver->peer;
    bool any = false;
    for (int round = 0; round < RECEIVE_ROUND_MAX && next_frame(traffic, peer); round++) {
        int64_t now = now_us();
        any = true;
        if (peer->frame.kind == FRAME_PARCELS)
            take_delivery(traffic, receiver, now);
        for (size_t i = 0; peer->frame.kind == FRAME_TAKEN && i < peer->frame.taken.count; i++)
            receipt_taken(traffic, receiver, &peer->frame.taken.ids[i], now);
    }
    return any;
}

/* ---- both ---- */

/* Nothing to do now: until something arrives, a receipt or a message is due. */
static void rest(struct traffic *traffic)
{
    struct epoll_event event;
    (void)epoll_wait(traffic->epoll, &event, 1, 1);
}

bool traffic_run(struct traffic *traffic, struct traffic_result *ret_result)
{
    size_t all = traffic->options.stop_after > 0 ? traffic->options.stop_after
                                                 : traffic->options.corpus->message_count;
    *ret_result = (struct traffic_result){0};
    traffic->result = ret_result;
    traffic->started_us = now_us();
    int64_t progress_us = traffic->started_us;
    int64_t counted_us = traffic->started_us;
    size_t uncounted = traffic->settled;
    size_t warm = uncounted + traffic->options.warm_up_messages;
    while (traffic->settled < all && !traffic->failed) {
        size_t before = traffic->sent + traffic->in_custody + traffic->settled;
        bool any = receive_as_sender(traffic);
        any = send_as_sender(traffic) || any;
        for (size_t i = 0; i < traffic->receiver_count; i++)
            any = receive_as_receiver(traffic, &traffic->receivers[i]) || any;
        int64_t now = now_us();
        flush_receipts(traffic, now);
        send_heartbeats(traffic, now);
        if (traffic->sent + traffic->in_custody + traffic->settled > before)
            progress_us = now;
        else if (now - progress_us > (int64_t)traffic->options.timeout_ms * 1000)
            fail(traffic, "no progress");
        if (uncounted < warm && traffic->settled >= warm) {
            counted_us = now;
            uncounted = traffic->settled;
        }
        if (!any)
            rest(traffic);
    }
    ret_result->rate =
        (double)(traffic->settled - uncounted) / (double)(now_us() - counted_us) * 1e6;
    ret_result->seconds = (double)(now_us() - traffic->started_us) / 1e6;
    ret_result->delivered = traffic->settled;
    ret_result->receipts = traffic->receipts;
    return !traffic->failed;
}
