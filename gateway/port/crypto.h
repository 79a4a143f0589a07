/* crypto - hash, sign, verify, random: what the cores need of OpenSSL and the kernel, as a port.
 *
 * verify is pure in its arguments and the trust snapshot behind the context, and may be called from
 * any thread; sign and random are called by the core's thread only.
 */
#pragma once

#include "proto/base/digest.h"
#include "proto/base/key.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

struct crypto_port {
    void *context;
    hash_function *hash;
    /* Detached CMS over content by this process's own key; appended to ret_signature. */
    enum reason (*sign)(void *context, struct bytes content, wall_t signing_time,
                        struct buffer *ret_signature);
    /* REASON_NONE: signed over content by a registered, valid certificate of sender at now. */
    enum reason (*verify)(void *context, struct bytes content, struct bytes signature,
                          struct bytes certificate, const struct key *sender, wall_t now);
    /* SHA-256 of the certificate that sign belongs to. */
    void (*signer)(void *context, struct digest *ret_fingerprint);
    void (*random)(void *context, uint8_t *ret_data, size_t size_bytes);
};
