/* authority_ed25519 - a CMS signature by an Ed25519 key (RFC 8419), which OpenSSL 3.0 cannot make.
 * For authority_sign. */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

#include <openssl/x509.h>

/* Detached, with content-type and message-digest. REASON_OUT_OF_MEMORY. */
enum reason authority_sign_ed25519(EVP_PKEY *key, X509 *certificate, struct bytes content,
                                   struct buffer *ret_signature);
