/* public_key - a signer's public key, made ready once and used from any number of threads.
 *
 * OpenSSL needs a context per use; making one costs a tenth of an RSA verification, and contexts of
 * one key share its locks. So a key keeps a few contexts, each with a copy of the key, and lends
 * them out: a verification takes one with an atomic exchange and puts it back the same way. When
 * all are lent, one is made for the occasion.
 */
#pragma once

#include "proto/seal/algorithm.h"

#include <openssl/evp.h>

struct public_key;

/* REASON_NONE when the key is of an accepted kind and length; REASON_KEY_TOO_SHORT,
 * REASON_ALGORITHM_NOT_LISTED otherwise. NULL is not listed. */
enum reason public_key_judge(EVP_PKEY *key);
/* What the key signs with unless the signer asks for PSS. The key passed public_key_judge. */
enum signature_scheme public_key_scheme(EVP_PKEY *key);

/* Takes a reference of its own. False when memory is short. */
bool public_key_new(EVP_PKEY *key, struct public_key **ret_key);
void public_key_destroy(struct public_key **key);

/* digest is hash_size(algorithm->hash) bytes. REASON_NONE, REASON_SIGNATURE_WRONG,
 * REASON_ALGORITHM_MISMATCH (this key cannot sign so), REASON_OUT_OF_MEMORY. */
enum reason public_key_verify(struct public_key *key, const struct signature_algorithm *algorithm,
                              struct bytes digest, struct bytes signature);

/* The fetched OpenSSL algorithm, alive as long as the process; NULL when memory is short. */
const EVP_MD *hash_evp(enum hash_algorithm hash);
