/* authority - a certificate authority for the sandbox province. Never for real use: its keys lie in
 * memory and files without protection.
 *
 *     authority_new
 *     authority_issue       a key and a certificate
 *     authority_destroy
 *
 * All certificates and keys are PEM. Times are arguments; keys and serial numbers are drawn from
 * OpenSSL's generator. Functions that append leave the buffer as before on failure. Only one thing
 * goes wrong here, memory or OpenSSL itself: REASON_OUT_OF_MEMORY. What tests make beside it, bad
 * signatures and lists of the revoked: tests/support/test_authority.h.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

struct authority;

enum authority_key {
    AUTHORITY_RSA_2048,
    AUTHORITY_RSA_3072,
    AUTHORITY_P256,
    AUTHORITY_P384,
    AUTHORITY_RSA_1024, /* from here on: refused by name */
    AUTHORITY_P224,
    AUTHORITY_ED25519,
};

enum authority_hash { AUTHORITY_SHA256, AUTHORITY_SHA1, AUTHORITY_MD5 };

struct authority_request {
    const char *common_name; /* at most 64 bytes, UTF-8 (RFC 5280 ub-common-name) */
    enum authority_key key;
    enum authority_hash hash; /* that the authority signs the certificate with */
    wall_t not_before;
    wall_t not_after;
    bool may_not_sign; /* key usage: encryption only */
};

/* One file with a certificate, or a key, needs no more. */
enum { AUTHORITY_PEM_BYTES_MAX = 64 * 1024 };

/* A self-signed root. Of the request, may_not_sign does not count. */
enum reason authority_new(const struct authority_request *request,
                          struct authority **ret_authority);
void authority_destroy(struct authority **authority);

enum reason authority_key(const struct authority *authority, struct buffer *ret_key_pem);
enum reason authority_certificate(const struct authority *authority,
                                  struct buffer *ret_certificate_pem);

/* A new key and its certificate. */
enum reason authority_issue(struct authority *authority, const struct authority_request *request,
                            struct buffer *ret_key_pem, struct buffer *ret_certificate_pem);
