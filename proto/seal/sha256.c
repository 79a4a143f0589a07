/* SHA-256 of OpenSSL with a context for each thread that lives as long as the thread: making one
 * costs more than hashing a small message. A failure here is one of memory at the first use, which
 * sha256_prepare_thread brings forward to the start of the thread. */
#include "proto/seal/sha256.h"

#include "proto/base/check.h"

#include <pthread.h>
#include <openssl/evp.h>

/* A fetched algorithm: EVP_sha256() would be fetched anew by OpenSSL 3 at every init. It lives as
 * long as the process. */
static EVP_MD *algorithm;
static pthread_key_t thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Owned by the thread; thread_end frees it. Static as well, because reading a thread-local is
 * several times cheaper than pthread_getspecific. */
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

/* Once for the process. A failure leaves algorithm NULL for good, and every hashing thread then
 * refuses to start (sha256_prepare_thread). */
static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (algorithm != NULL && pthread_key_create(&thread_end, free_context) != 0) {
        EVP_MD_free(algorithm);
        algorithm = NULL;
    }
}

static EVP_MD_CTX *new_context(void)
{
    pthread_once(&once, fetch);
    if (algorithm == NULL)
        return NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestInit_ex2(context, algorithm, NULL) != 1) {
        EVP_MD_CTX_free(context);
        context = NULL;
    }
    return context;
}

bool sha256_prepare_thread(void)
{
    if (thread_context != NULL)
        return true;
    EVP_MD_CTX *context = new_context();
    if (context == NULL)
        return false;
    if (pthread_setspecific(thread_end, context) != 0) {
        EVP_MD_CTX_free(context);
        return false;
    }
    thread_context = context;
    return true;
}

/* A context that was set up does not fail any more: it has all the memory that it needs. */
static void finish(EVP_MD_CTX *context, struct digest *ret_digest)
{
    unsigned size = 0;
    check(EVP_DigestFinal_ex(context, ret_digest->bytes, &size) == 1);
    check(size == DIGEST_BYTES);
}

void sha256_parts(const struct bytes *parts, size_t part_count, struct digest *ret_digest)
{
    check(sha256_prepare_thread());
    check(EVP_DigestInit_ex2(thread_context, NULL, NULL) == 1);
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > 0)
            check(EVP_DigestUpdate(thread_context, parts[i].data, parts[i].size) == 1);
    }
    finish(thread_context, ret_digest);
}

bool sha256_init(struct sha256 *hash)
{
    if (hash->context != NULL)
        return EVP_DigestInit_ex2(hash->context, NULL, NULL) == 1;
    hash->context = new_context();
    return hash->context != NULL;
}

void sha256_update(struct sha256 *hash, struct bytes more)
{
    check(hash->context != NULL);
    if (more.size > 0)
        check(EVP_DigestUpdate(hash->context, more.data, more.size) == 1);
}

void sha256_final(struct sha256 *hash, struct digest *ret_digest)
{
    check(hash->context != NULL);
    finish(hash->context, ret_digest);
}

void sha256_release(struct sha256 *hash)
{
    EVP_MD_CTX_free(hash->context);
    hash->context = NULL;
}
