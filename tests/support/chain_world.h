/* chain_world - certificates and revocation lists of every kind, good and bad, for tests of trust.
 * What OpenSSL's memory allows is not tested: everything ends in assert(3)-like checks. */
#pragma once

#include <openssl/x509v3.h>

#include "proto/base/time.h"

/* 2026-10-08T02:30:00Z */
extern const wall_t chain_world_now;

struct made_certificate {
    const char *subject; /* common names */
    const char *issuer;
    EVP_PKEY *key;
    EVP_PKEY *issuer_key;
    long serial;
    bool is_authority;
    bool has_no_constraints; /* basicConstraints left out */
    bool has_no_key_id;      /* neither key identifier */
    int path_length;         /* of an authority; 0: none is said, n: n - 1 */
    const char *usage;       /* "critical,keyCertSign,cRLSign"; NULL: left out */
    const char *place;       /* "URI:…" of its CRL; NULL */
    const char *list_issuer; /* common name of whose list it is on; NULL: its issuer's */
    bool has_unknown_critical;
    int from_days; /* from now */
    int until_days;
};

X509 *chain_world_certificate(const struct made_certificate *made);

struct made_entry {
    long serial;
    const char *issuer; /* certificateIssuer; NULL */
    int reason;         /* CRL_REASON_…; -1: not said */
    bool has_unknown_critical;
    int at_days;
};

struct made_list {
    const char *issuer;
    EVP_PKEY *key;
    bool has_no_key_id;
    const char *scope; /* issuingDistributionPoint, "critical,onlyuser:TRUE"; NULL */
    long number;
    long base; /* of a delta; 0: complete */
    bool has_unknown_critical;
    int from_days;
    int until_days;
    const struct made_entry *entries;
    size_t entry_count;
};

X509_CRL *chain_world_list(const struct made_list *made);
