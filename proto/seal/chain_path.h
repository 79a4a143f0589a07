/* chain_path - the ways from a certificate to an anchor, one after another. For this folder alone.
 */
#pragma once

#include "proto/seal/trust_internal.h"

enum {
    /* Ways that are looked at. A renewed or cross-certified authority doubles them. */
    CHAIN_PATHS_MAX = 16,
    /* Signatures that are checked for it: authorities that certify each other in a ring, or many of
     * one name, must not hold a reload up. Every way of 16 through chains of 8 is 128. */
    CHAIN_SIGNATURES_MAX = 256,
};

struct chain_path {
    X509 *certificates[TRUST_CHAIN_MAX]; /* the certificate, its issuers, the anchor */
    int count;
};

/* Called with each way. False ends the search. */
typedef bool chain_path_found(void *context, const struct chain_path *path);

/* By names, key identifiers and signatures; nothing else is judged. REASON_OUT_OF_MEMORY. */
enum reason chain_paths_visit(const struct trust *trust, X509 *certificate, chain_path_found *found,
                              void *context);
