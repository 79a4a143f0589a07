/* algorithm - the signature algorithms that are accepted, and the names of those that are not.
 *
 * Source of the list: TT 15/2025/TT-BKHCN (RSA of 2048 bits or more by PKCS#1 v1.5 or PSS, ECDSA of
 * 256 bits or more, SHA-2). Encodings: RFC 3370, 4055, 5754 (CMS), 5753 (ECDSA). Pure code.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/reason.h"

enum hash_algorithm { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_COUNT };

enum signature_scheme { SCHEME_RSA_PKCS1, SCHEME_RSA_PSS, SCHEME_ECDSA };

enum { HASH_BYTES_MAX = 64 };

struct signature_algorithm {
    enum signature_scheme scheme;
    enum hash_algorithm hash;
    int salt_bytes; /* of PSS, 0 otherwise */
};

size_t hash_size(enum hash_algorithm hash);

/* Both read the content of an AlgorithmIdentifier and answer REASON_SIGNATURE_MALFORMED,
 * REASON_ALGORITHM_SHA1, REASON_ALGORITHM_MD5, REASON_ALGORITHM_NOT_LISTED, or
 * REASON_ALGORITHM_MISMATCH when two digest algorithms are named. */
enum reason algorithm_parse_hash(struct bytes identifier, enum hash_algorithm *ret_hash);
/* expected is the signer's digest algorithm, which a signature algorithm must agree with. */
enum reason algorithm_parse_signature(struct bytes identifier, enum hash_algorithm expected,
                                      struct signature_algorithm *ret_algorithm);

/* The whole AlgorithmIdentifier that we write; SHA-256 only. Static. */
struct bytes algorithm_hash_identifier(void);
struct bytes algorithm_signature_identifier(enum signature_scheme scheme);
