/* sha256 - SHA-256 (FIPS 180-4) by OpenSSL: the hash_function that shells hand to pure code, and an
 * incremental one for files.
 *
 * Safe on any number of threads. Every thread keeps one OpenSSL context of its own, made at its
 * first hash and freed when it ends. A hash cannot fail: without the memory for it (OpenSSL 3 takes
 * some hundred bytes each time, whatever is kept) the process ends, as by kill -9, having said
 * nothing that is not kept. sha256_prepare_thread meets a lack of memory for the context as a
 * value.
 */
#pragma once

#include "proto/base/digest.h"

/* False when this thread's context cannot be had. */
bool sha256_prepare_thread(void);

/* The port of proto/base/digest.h. */
void sha256_parts(const struct bytes *parts, size_t part_count, struct digest *ret_digest);

/* One hash made piece by piece: init, update any number of times, final, release. After final, init
 * may follow again without a release. */
struct sha256 {
    void *context; /* EVP_MD_CTX, owned */
};

/* Zero-initialise before the first init. False when memory is short. */
bool sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, struct bytes more);
void sha256_final(struct sha256 *hash, struct digest *ret_digest);
/* Any number of times, also after a failed init. */
void sha256_release(struct sha256 *hash);
