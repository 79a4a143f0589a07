/* public_key - a signer's public key, made ready when needed and used from any number of threads.
 *
 * OpenSSL needs a context per use; making one costs up to an RSA verification, and contexts of one
 * key share its locks. So a key keeps a few contexts, each with a key object of its own, and lends
 * them out: a verification takes one with an atomic exchange and puts it back the same way. When
 * all are lent, one is made for the occasion.
 *
 * A context takes several kilobytes, and a registry may hold thousands of keys. So all keys of a
 * snapshot share one struct public_key_cache, which bounds what they keep in all: the oldest
 * context goes when one more is made. Beside that a key is a view of its SubjectPublicKeyInfo.
 */
#ifndef PROTO_SEAL_PUBLIC_KEY_H
#define PROTO_SEAL_PUBLIC_KEY_H

#include "proto/seal/algorithm.h"

#include <openssl/evp.h>

enum { PUBLIC_KEY_KEPT_MAX = 512 /* two workers' for each of 256 signers that are busy at once */ };

struct public_key;
struct public_key_cache;

/* REASON_NONE when the key is of an accepted kind and length; REASON_KEY_TOO_SHORT,
 * REASON_ALGORITHM_NOT_LISTED otherwise. NULL is not listed. */
enum reason public_key_judge(EVP_PKEY *key);
/* What the key signs with unless the signer asks for PSS. The key passed public_key_judge. */
enum signature_scheme public_key_scheme(EVP_PKEY *key);

/* False when memory is short. */
bool public_key_cache_new(struct public_key_cache **ret_cache);
void public_key_cache_destroy(struct public_key_cache **cache);

/* key passed public_key_judge; info is its DER SubjectPublicKeyInfo, which like the cache outlives
 * what is made here. False when memory is short. */
bool public_key_new(struct public_key_cache *cache, EVP_PKEY *key, struct bytes info,
                    struct public_key **ret_key);
/* Of all keys of a cache at once: none is used afterwards. */
void public_key_destroy(struct public_key **key);

/* digest is hash_size(algorithm->hash) bytes. REASON_NONE, REASON_SIGNATURE_WRONG,
 * REASON_OUT_OF_MEMORY. */
enum reason public_key_verify(struct public_key *key, const struct signature_algorithm *algorithm,
                              struct bytes digest, struct bytes signature);

/* The fetched OpenSSL algorithm, alive as long as the process; NULL when memory is short. */
const EVP_MD *hash_evp(enum hash_algorithm hash);

#endif
