/* failing_ports - a store, blobs and crypto in front of real ones, that fail at a chosen call.
 *
 * All ports of one struct port_faults count together: calls number fail_at to fail_at + fail_count
 * - 1 (from 1) answer as a broken disk or a full memory would, and do nothing. Verbs that cannot
 * fail (close, abandon, hash, random) are not counted. */
#pragma once

#include "gateway/port/blobs.h"
#include "gateway/port/crypto.h"
#include "gateway/port/store.h"

struct port_faults {
    uint64_t calls;
    uint64_t fail_at; /* 0: never */
    uint64_t fail_count;
    uint64_t failures;
    const char *last; /* the verb that failed */
};

struct failing_store {
    struct store port;
    struct store *inner;
    struct port_faults *faults;
};

struct failing_blobs {
    struct blobs port;
    struct blobs *inner;
    struct port_faults *faults;
};

struct failing_crypto {
    struct crypto_port port;
    const struct crypto_port *inner;
    struct port_faults *faults;
};

/* The inner ones stay the caller's; closing these does nothing. */
void failing_store_init(struct failing_store *store, struct store *inner,
                        struct port_faults *faults);
void failing_blobs_init(struct failing_blobs *blobs, struct blobs *inner,
                        struct port_faults *faults);
void failing_crypto_init(struct failing_crypto *crypto, const struct crypto_port *inner,
                         struct port_faults *faults);
