/* traffic_parts - the inside of the traffic, shared by its files. Not for others. */
#pragma once

#include "tests/bench/traffic.h"

enum {
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
    bool is_welcome;
    uint32_t waiting[MESSAGE_WINDOW_MAX]; /* messages without a receipt */
    size_t waiting_count;
    int64_t waiting_since_us;
    struct open_receipt *open; /* OPEN_RECEIPTS_MAX; count 0: free */
};

struct traffic {
    struct traffic_options options;
    struct peer sender;
    struct receiver *receivers;
    size_t receiver_count; /* opened */
    size_t welcome_count;
    struct link_client **carriers;
    size_t carrier_count;
    int epoll;
    size_t next_frame, sent, in_custody, settled, receipts;
    int64_t *sent_us; /* of each message */
    bool *has_custody;
    int64_t started_us, heartbeat_us;
    bool failed;
    struct traffic_result *result;
};

int64_t traffic_now_us(void);
/* The run fails; the first reason is told. */
void traffic_fail(struct traffic *traffic, const char *what);
void traffic_send(struct traffic *traffic, struct peer *peer, const struct frame *frame);
void traffic_send_taken(struct traffic *traffic, struct peer *peer, const struct message_id *ids,
                        size_t count);
/* Whether the event is a frame that could be read into peer->frame; any other one fails the run.
 * Its views live until the next call with this peer. */
bool traffic_read(struct traffic *traffic, struct peer *peer, const struct link_event *event);

/* Adds a link to what traffic_run waits for. */
bool traffic_watch(struct traffic *traffic, const struct link_client *link);
/* Opens and greets all receivers, each over a connection of its own or its carrier's. */
bool traffic_open_receivers(struct traffic *traffic);
void traffic_close_receivers(struct traffic *traffic);
/* Takes what has come for them; true when something had. */
bool traffic_receive(struct traffic *traffic);
/* Signs the receipts that are due. */
void traffic_flush_receipts(struct traffic *traffic, int64_t now_us);
void traffic_send_heartbeats(struct traffic *traffic, int64_t now_us);
