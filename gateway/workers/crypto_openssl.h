/* crypto_openssl - the crypto port of a running program: seals by proto/seal, the kernel's
 * randomness, and a trust snapshot that can be swapped while threads verify.
 *
 * The contract of the verbs is gateway/port/crypto.h. A verification uses the snapshot that was set
 * when it began. Everything but the port's hash and verify is called by one thread.
 */
#pragma once

#include "gateway/port/crypto.h"

struct signer;
struct trust;
struct crypto_openssl;

/* Takes over the signer and one hold of the snapshot on success. REASON_OUT_OF_MEMORY. */
enum reason crypto_openssl_new(struct signer *signer, struct trust *trust,
                               struct crypto_openssl **ret_crypto);
/* No thread may be verifying. */
void crypto_openssl_destroy(struct crypto_openssl **crypto);
/* Lives as long as crypto. */
const struct crypto_port *crypto_openssl_port(const struct crypto_openssl *crypto);
/* As it is now, until the next is set: for the thread that sets it. */
const struct trust *crypto_openssl_trust(const struct crypto_openssl *crypto);
/* Takes over one hold; the previous snapshot is dropped. */
void crypto_openssl_set_trust(struct crypto_openssl *crypto, struct trust *trust);
