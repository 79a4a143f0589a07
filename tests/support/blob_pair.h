/* blob_pair - both ends of a blob exchange in memory, and between them a line that a test makes as
 * bad as it likes.
 *
 *   blob_pair_init(sizes)
 *   blob_pair_offer, blob_pair_send     frames go onto the line
 *   blob_pair_drop, _repeat, _swap      what a bad line does to the frame at its front
 *   blob_pair_deliver                   the frame at the front arrives
 *   blob_pair_drain                     a good line again: true when everything arrives
 *
 * What must hold at every moment is checked inside: bytes are written in order and within the size;
 * no chunk goes past the credit; the sender hears "complete" only of what the receiver finished. */
#pragma once

#include "proto/blob/exchange.h"

enum { BLOB_PAIR_ITEMS = 7, BLOB_PAIR_LINE = 64 };

enum blob_pair_end { BLOB_PAIR_TO_RECEIVER = 0, BLOB_PAIR_TO_SENDER };

struct blob_pair {
    struct blob_sender sender;
    struct blob_receiver receiver;
    struct {
        uint64_t size_bytes;
        uint64_t have; /* durable at the receiver */
        bool is_finished;
        bool is_complete; /* the sender knows */
        unsigned failures;
    } items[BLOB_PAIR_ITEMS];
    size_t item_count;
    struct {
        struct frame frames[BLOB_PAIR_LINE];
        size_t count;
    } lines[2];
    bool is_hostile; /* frames were forged: the receiver's word counts no more */
    uint64_t chunks_sent;
};

void blob_pair_init(struct blob_pair *pair, const uint64_t *sizes, size_t count,
                    uint64_t size_max_bytes);
struct digest blob_pair_digest(size_t item);
/* False: the sender has no place for it now. */
bool blob_pair_offer(struct blob_pair *pair, size_t item);
/* False: nothing has credit. */
bool blob_pair_send(struct blob_pair *pair);
bool blob_pair_deliver(struct blob_pair *pair, enum blob_pair_end end);
void blob_pair_drop(struct blob_pair *pair, enum blob_pair_end end);
void blob_pair_repeat(struct blob_pair *pair, enum blob_pair_end end);
void blob_pair_swap(struct blob_pair *pair, enum blob_pair_end end);
/* A frame that the other end never sent. */
void blob_pair_forge(struct blob_pair *pair, enum blob_pair_end end, const struct frame *frame);
/* The connection is gone: both ends begin again, what is durable stays. */
void blob_pair_cut(struct blob_pair *pair);
/* Offers what is not complete and delivers, at most rounds times. */
bool blob_pair_drain(struct blob_pair *pair, unsigned rounds);
