/* traffic - what the gateway is loaded with: one sender with a window and N receivers, over the
 * real link, in one thread. It does what must be done and nothing more, because it shares the
 * processors with the gateway that is measured:
 *
 *   sender     sends frames that were built and signed before; reads custody receipts; takes the
 *              delivered receipts that the gateway forwards. It does not verify the gateway's
 *              signatures, as a broker's client would not.
 *   receivers  acknowledge what arrives (Taken), and sign receipts that name it by id and digest:
 *              one receipt for up to receipt_items messages, or for what receipt_delay_us brought.
 *              Each has a connection, or so many share a carrier's: then the driver is the carrier
 *              and its adapters at once.
 *
 * A message counts when the gateway has acknowledged its delivered receipt, which it does after the
 * fsync of the commit that holds it (invariant 1).
 *
 * Calling sequence: traffic_open; traffic_run; traffic_close. Receivers listed as dead are never
 * opened. */
#pragma once

#include "tests/bench/corpus.h"
#include "tests/bench/histogram.h"
#include "tests/support/peer.h"

struct traffic_message {
    uint16_t receiver; /* that has it: number + 1; 0: none yet */
    bool is_settled;   /* its receipt was acknowledged */
};

struct traffic_options {
    const struct province *province;
    const char *endpoint;
    const struct corpus *corpus;
    size_t agencies;
    size_t carried;         /* receivers behind each carrier; 0: a connection each */
    size_t window_messages; /* sent and without custody receipt */
    size_t receipt_items;   /* 1 to RECEIPT_ITEMS_MAX */
    int64_t receipt_delay_us;
    double rate; /* messages per second, by a timetable; 0: as fast as the window lets */
    /* What is known of each message of the corpus, kept here across a gateway's death. The
     * caller's; zeroed before the first run. */
    struct traffic_message *messages;
    size_t stop_after; /* delivered messages, with the rest under way; 0: all */
    /* So many delivered messages are not in the rate: caches of a gateway that has just started
     * are filled by them, as they are in one that has run for a day. */
    size_t warm_up_messages;
    int timeout_ms; /* without any progress */
};

struct traffic_result {
    double seconds; /* first frame sent to last delivered receipt acknowledged */
    double rate;    /* delivered messages a second, those of the warm-up left out */
    size_t delivered;
    size_t receipts;          /* delivered receipts, signed and taken */
    struct histogram custody; /* sent, or due by the timetable, to custody receipt */
    struct histogram settled; /* the same to delivered receipt acknowledged */
};

struct traffic;

bool traffic_open(const struct traffic_options *options, struct traffic **ret_traffic);
/* False: refused, or stuck; standard error says why. Once per traffic. */
bool traffic_run(struct traffic *traffic, struct traffic_result *ret_result);
void traffic_close(struct traffic **traffic);
