#include "tests/bench/traffic_parts.h"

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
};

int64_t traffic_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void traffic_fail(struct traffic *traffic, const char *what)
{
    if (!traffic->failed)
        (void)fprintf(stderr, "traffic: %s (%zu sent, %zu in custody, %zu settled)\n", what,
                      traffic->sent, traffic->in_custody, traffic->settled);
    traffic->failed = true;
}

/* ---- opening ---- */

bool traffic_watch(struct traffic *traffic, const struct link_client *link)
{
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(traffic->epoll, EPOLL_CTL_ADD, link_client_fd(link), &event) == 0;
}

static bool open_sender(struct traffic *traffic)
{
    const struct traffic_options *options = &traffic->options;
    struct peer *sender = &traffic->sender;
    return peer_open(sender, options->province, "centre", options->endpoint) &&
           peer_greet(sender, MESSAGE_WINDOW_MAX, GREET_MS) && traffic_watch(traffic, sender->link);
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
    resume(traffic);
    bool opened = traffic->epoll >= 0 && open_sender(traffic) && traffic_open_receivers(traffic);
    *ret_traffic = traffic;
    if (!opened) {
        traffic_fail(traffic, "a peer cannot be opened");
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
    traffic_close_receivers(gone);
    peer_close(&gone->sender);
    if (gone->epoll >= 0)
        (void)close(gone->epoll);
    free(gone->receivers);
    free(gone->sent_us);
    free(gone->has_custody);
    free(gone);
}

/* ---- what both do ---- */

void traffic_send(struct traffic *traffic, struct peer *peer, const struct frame *frame)
{
    if (peer_send(peer, frame) != REASON_NONE)
        traffic_fail(traffic, "a frame cannot be sent");
}

void traffic_send_taken(struct traffic *traffic, struct peer *peer, const struct message_id *ids,
                        size_t count)
{
    if (count > 0)
        traffic_send(traffic, peer,
                     &(struct frame){.kind = FRAME_TAKEN, .taken = {.ids = ids, .count = count}});
}

void traffic_send_heartbeats(struct traffic *traffic, int64_t now)
{
    if (now - traffic->heartbeat_us < HEARTBEAT_US)
        return;
    traffic->heartbeat_us = now;
    struct frame frame = {
        .kind = FRAME_HEARTBEAT,
        .heartbeat = {.clock = peer_now(), .window_messages = MESSAGE_WINDOW_MAX}};
    traffic_send(traffic, &traffic->sender, &frame);
    for (size_t i = 0; i < traffic->welcome_count; i++)
        traffic_send(traffic, &traffic->receivers[i].peer, &frame);
}

bool traffic_read(struct traffic *traffic, struct peer *peer, const struct link_event *event)
{
    if (event->kind != LINK_FRAME) {
        traffic_fail(traffic, "a connection broke");
        return false;
    }
    arena_reset(&peer->arena);
    if (frame_parse(event->bytes, &peer->arena, &peer->frame) == REASON_NONE)
        return true;
    traffic_fail(traffic, "a frame cannot be read");
    return false;
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
        traffic_fail(traffic, "a receipt cannot be read");
    } else if (envelope.type == MESSAGE_TYPE_RECEIPT_CUSTODY) {
        for (size_t i = 0; i < envelope.receipt.item_count; i++)
            take_custody_item(traffic, &envelope.receipt.items[i], now);
    } else if (envelope.type == MESSAGE_TYPE_RECEIPT_DELIVERED) {
        check(*count < MESSAGE_WINDOW_MAX);
        ids[(*count)++] = envelope.id;
    } else {
        traffic_fail(traffic, "a message was refused");
    }
}

static bool receive_as_sender(struct traffic *traffic)
{
    static struct message_id ids[MESSAGE_WINDOW_MAX];
    struct peer *peer = &traffic->sender;
    struct link_event event;
    bool any = false;
    for (int round = 0; round < RECEIVE_ROUND_MAX && link_client_receive(peer->link, &event) &&
                        traffic_read(traffic, peer, &event);
         round++) {
        size_t count = 0;
        int64_t now = traffic_now_us();
        any = true;
        if (peer->frame.kind == FRAME_NOT_TAKEN || peer->frame.kind == FRAME_GOODBYE)
            traffic_fail(traffic, "the gateway would not take a message");
        for (size_t i = 0; peer->frame.kind == FRAME_PARCELS && i < peer->frame.parcels.count;
             i++) {
            const struct parcel *parcel = &peer->frame.parcels.parcels[i];
            for (size_t j = 0; j < parcel->document_count; j++)
                read_sender_document(traffic, parcel->documents[j], now, ids, &count);
        }
        traffic_send_taken(traffic, peer, ids, count);
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

/* As many as were asked for, within the bytes that a link lets be under way. */
static size_t window_messages(const struct traffic *traffic)
{
    const struct corpus *corpus = traffic->options.corpus;
    size_t message_bytes = corpus->byte_count / corpus->message_count;
    size_t fit = MESSAGE_WINDOW_BYTES_MAX / message_bytes;
    return fit < traffic->options.window_messages ? fit : traffic->options.window_messages;
}

static bool send_as_sender(struct traffic *traffic)
{
    const struct corpus *corpus = traffic->options.corpus;
    bool any = false;
    while (traffic->next_frame < corpus->frame_count) {
        const struct corpus_frame *frame = &corpus->frames[traffic->next_frame];
        int64_t now = traffic_now_us();
        int64_t due = due_us(traffic);
        bool is_scheduled = traffic->options.rate > 0;
        /* After a death a receipt names more than was sent again so far. */
        if (is_scheduled ? now < due
                         : traffic->sent + frame->message_count >
                               traffic->in_custody + window_messages(traffic))
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

/* ---- both ---- */

/* Nothing to do now: until something arrives, or the next frame of the timetable is due. Receipts
 * can wait a millisecond; a frame that left so late would be a latency of our own making. */
static void rest(struct traffic *traffic)
{
    struct epoll_event event;
    int64_t wait_us = 1000;
    if (traffic->options.rate > 0 && traffic->next_frame < traffic->options.corpus->frame_count) {
        int64_t left_us = due_us(traffic) - traffic_now_us();
        wait_us = left_us < 0 ? 0 : left_us < wait_us ? left_us : wait_us;
    }
    struct timespec wait = {.tv_nsec = (long)(wait_us * 1000)};
    (void)epoll_pwait2(traffic->epoll, &event, 1, &wait, NULL);
}

bool traffic_run(struct traffic *traffic, struct traffic_result *ret_result)
{
    size_t all = traffic->options.stop_after > 0 ? traffic->options.stop_after
                                                 : traffic->options.corpus->message_count;
    *ret_result = (struct traffic_result){0};
    traffic->result = ret_result;
    traffic->started_us = traffic_now_us();
    int64_t progress_us = traffic->started_us;
    int64_t counted_us = traffic->started_us;
    size_t uncounted = traffic->settled;
    size_t warm = uncounted + traffic->options.warm_up_messages;
    while (traffic->settled < all && !traffic->failed) {
        size_t before = traffic->sent + traffic->in_custody + traffic->settled;
        bool any = receive_as_sender(traffic);
        any = send_as_sender(traffic) || any;
        any = traffic_receive(traffic) || any;
        int64_t now = traffic_now_us();
        traffic_flush_receipts(traffic, now);
        traffic_send_heartbeats(traffic, now);
        if (traffic->sent + traffic->in_custody + traffic->settled > before)
            progress_us = now;
        else if (now - progress_us > (int64_t)traffic->options.timeout_ms * 1000)
            traffic_fail(traffic, "no progress");
        if (uncounted < warm && traffic->settled >= warm) {
            counted_us = now;
            uncounted = traffic->settled;
        }
        if (!any)
            rest(traffic);
    }
    ret_result->rate =
        (double)(traffic->settled - uncounted) / (double)(traffic_now_us() - counted_us) * 1e6;
    ret_result->seconds = (double)(traffic_now_us() - traffic->started_us) / 1e6;
    ret_result->delivered = traffic->settled;
    ret_result->receipts = traffic->receipts;
    return !traffic->failed;
}
