/* test_authority - what tests want of a certificate authority beyond ops/sandbox/authority.h: one
 * below another, lists of the revoked, and signatures that proto/seal never would make. */
#pragma once

#include "ops/sandbox/authority.h"

/* An authority below another, whose certificate is the parent's. */
enum reason authority_new_below(struct authority *parent, const struct authority_request *request,
                                struct authority **ret_authority);

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

/* What any program with OpenSSL's CMS_sign makes, also such as proto/seal never would. DER. Signing
 * time is OpenSSL's own clock. An Ed25519 key signs with SHA-512, detached, whatever how says.
 * REASON_KEY_UNREADABLE when OpenSSL will not sign with that key. */
enum reason authority_sign(struct bytes key_pem, struct bytes certificate_pem, struct bytes content,
                           const struct authority_signature *how, struct buffer *ret_signature);
