/* cms_oracle - what OpenSSL says of a signature, and whether a refusal of ours that it does not
 * share is one of those that proto/seal/seal.h lists.
 *
 * Each line of that list is a rule here, told by OpenSSL's own parser: a reason of ours counts as
 * explained only where its rule holds for these bytes. */
#pragma once

#include <openssl/x509.h>

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

struct cms_oracle {
    STACK_OF(X509) * signers;     /* that are registered */
    STACK_OF(X509) * authorities; /* of the trust folders */
    X509_STORE *store;            /* the anchors, at the time of the test */
};

/* As `openssl cms -verify -binary -inform DER -content … -certfile SIGNERS -purpose any` would;
 * without is_chain_checked as with -noverify. */
bool cms_oracle_accepts(const struct cms_oracle *oracle, struct bytes content,
                        struct bytes signature, bool is_chain_checked);
/* OpenSSL accepts, we say reason: whether the rule of that reason holds. */
bool cms_oracle_explains(const struct cms_oracle *oracle, struct bytes content,
                         struct bytes signature, enum reason reason);
/* To read content from, and to be freed with BIO_free_all. Not a memory BIO itself: of such a one
 * CMS_verify makes a second, and loses it where it fails early. */
BIO *cms_oracle_content(struct bytes content);
/* What OpenSSL makes of signedAttrs (the content of [0]) before it verifies: appends the SET. */
bool cms_oracle_attributes(struct bytes attributes, struct buffer *ret_set);
