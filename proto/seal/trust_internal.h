/* trust_internal - the inside of a snapshot, for the files of this folder alone. */
#pragma once

#include "proto/seal/public_key.h"
#include "proto/seal/trust.h"

#include <stdatomic.h>
#include <openssl/x509.h>

struct trust_signer {
    struct key participant;
    struct digest fingerprint;
    X509 *certificate;
    uint8_t *der;
    size_t der_size;
    struct bytes issuer; /* these point into der */
    struct bytes serial;
    struct bytes key_identifier; /* into certificate; empty when it has none */
    struct public_key *key;      /* NULL when standing says so */

    enum reason standing; /* what no time can change */
    wall_t not_before;
    wall_t not_after;
    wall_t chain_not_before; /* all issuers together */
    wall_t chain_not_after;
    wall_t revoked_at; /* the certificate or an issuer; INT64_MAX when never */
    /* There are lists of its issuer, or of an issuer's issuer, and none that could clear it. */
    bool is_revocation_unknown;
    STACK_OF(X509) * chain;
};

/* A certificate of the trust folders: an anchor, or of an authority between. */
struct trust_authority {
    X509 *certificate;
    uint8_t *der;
    size_t der_size;
    bool is_anchor;
    /* The anchors, by their place among the authorities, that it is or stands below; whether in
     * date is not asked. */
    bool is_below[2 * TRUST_AUTHORITIES_MAX];
    bool is_trusted; /* below any */
    bool is_revoked; /* on some list: no way leads through it to what is_below says in the end */
};

struct trust_list; /* trust_lists.h */

enum { TRUST_NAME_BYTES = 256 };

struct trust {
    atomic_int holds;
    struct trust_authority *authorities;
    size_t authority_count;
    struct trust_list *lists;
    size_t list_count;
    struct trust_signer *signers;
    size_t count;
    /* Open addressing; a slot holds index + 1, 0 is free. slot_count is a power of two, at least
     * twice count. */
    uint32_t *by_issuer;
    uint32_t *by_fingerprint;
    size_t slot_count;
};

struct trust_builder {
    STACK_OF(X509) * anchors;
    STACK_OF(X509) * intermediates;
    STACK_OF(X509_CRL) * lists;
    struct trust *trust;
    size_t capacity; /* of trust->signers */
};

void trust_signer_release(struct trust_signer *signer);
bool trust_index(struct trust *trust);
/* Whether this certificate, DER, is one of the authorities'. */
bool trust_has_authority(const struct trust *trust, struct bytes certificate);
wall_t trust_time(const ASN1_TIME *time);
/* The end of that second: a notAfter is included (RFC 5280 §4.1.2.5). */
wall_t trust_time_end(const ASN1_TIME *time);
/* Fills in what its chain says about the signer: chain_check.c. REASON_OUT_OF_MEMORY. */
enum reason chain_check(const struct trust *trust, struct trust_signer *signer, wall_t now);
/* Below which anchors an authority stands, by ways without revoked ones. REASON_OUT_OF_MEMORY. */
enum reason chain_check_authority(const struct trust *trust, struct trust_authority *authority,
                                  wall_t now);
