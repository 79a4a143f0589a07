/* authority_parts - the inside of an authority, for the tests' additions to it
 * (tests/support/test_authority.h). */
#pragma once

#include <openssl/x509v3.h>

#include "ops/sandbox/authority.h"

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
    STACK_OF(X509_REVOKED) * revoked;
    long lists; /* issued so far; the next one's number */
};

/* parent NULL: a root. */
enum reason authority_make(struct authority *parent, const struct authority_request *request,
                           struct authority **ret_authority);
/* NULL: the key hashes by itself. */
const EVP_MD *authority_hash_for(EVP_PKEY *key, enum authority_hash hash);
/* Frees the BIO; written says whether all went into it. */
enum reason authority_drain(BIO *bio, bool written, struct buffer *ret_text);
