/* authority - a certificate authority for the sandbox province and for tests. Never for real use:
 * its keys lie in memory and files without protection.
 *
 *     authority_new, or authority_load from what authority_key and authority_certificate gave
 *     authority_issue       a key and a certificate, good ones and bad ones of each kind
 *     authority_revoke, authority_list
 *     authority_destroy
 *
 * All certificates and keys are PEM. Times are arguments; keys and serial numbers are drawn from
 * OpenSSL's generator. Functions that append leave the buffer as before on failure. Only one thing
 * goes wrong here, memory or OpenSSL itself: REASON_OUT_OF_MEMORY, unless said otherwise.
 */
#ifndef OPS_SANDBOX_AUTHORITY_H
#define OPS_SANDBOX_AUTHORITY_H

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
/* An authority below another, whose certificate is the parent's. */
enum reason authority_new_below(struct authority *parent, const struct authority_request *request,
                                struct authority **ret_authority);
/* REASON_KEY_UNREADABLE. Revocations are not in there: give them again. */
enum reason authority_load(struct bytes key_pem, struct bytes certificate_pem,
                           struct authority **ret_authority);
void authority_destroy(struct authority **authority);

enum reason authority_key(const struct authority *authority, struct buffer *ret_key_pem);
enum reason authority_certificate(const struct authority *authority,
                                  struct buffer *ret_certificate_pem);

/* A new key and its certificate. */
enum reason authority_issue(struct authority *authority, const struct authority_request *request,
                            struct buffer *ret_key_pem, struct buffer *ret_certificate_pem);

/* Puts the certificate on the next lists. REASON_KEY_UNREADABLE when it cannot be read. */
enum reason authority_revoke(struct authority *authority, struct bytes certificate_pem, wall_t at);
/* A certificate revocation list, PEM. */
enum reason authority_list(struct authority *authority, wall_t this_update, wall_t next_update,
                           struct buffer *ret_list_pem);

struct authority_signature {
    enum authority_hash hash;
    bool pss;
    bool embedded_content;
    bool embedded_certificate;
    bool no_attributes;
    bool by_key_identifier;
    bool twice; /* two signers */
};

/* What any program with OpenSSL's CMS_sign makes, also such as proto/seal never would: for tests of
 * refusals and of what others send. Signing time is OpenSSL's own clock. DER. An Ed25519 key signs
 * with SHA-512, detached, whatever how says.
 * REASON_KEY_UNREADABLE when OpenSSL will not sign with that key. */
enum reason authority_sign(struct bytes key_pem, struct bytes certificate_pem, struct bytes content,
                           const struct authority_signature *how, struct buffer *ret_signature);

#endif
