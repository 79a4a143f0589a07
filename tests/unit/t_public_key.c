/* A public key's prepared contexts: right answers, and a bound over all keys of a cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "proto/seal/public_key.h"

enum { KEYS = 3 * PUBLIC_KEY_KEPT_MAX, SIGNATURE_MAX = 128 };

static long live_pieces; /* of OpenSSL; one thread */

static void *counting_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    void *piece = malloc(size);
    live_pieces += piece != NULL;
    return piece;
}

static void *counting_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    void *piece = realloc(old, size);
    live_pieces += old == NULL && piece != NULL;
    return piece;
}

static void counting_free(void *piece, const char *file, int line)
{
    (void)file;
    (void)line;
    live_pieces -= piece != NULL;
    free(piece);
}

static const struct signature_algorithm ecdsa = {.scheme = SCHEME_ECDSA, .hash = HASH_SHA256};
static const uint8_t digest[32] = {1, 2, 3};
static uint8_t signature[SIGNATURE_MAX];
static size_t signature_size = sizeof signature;
static EVP_PKEY *pair;
static uint8_t *info;
static size_t info_size;

static int make_pair(void **state)
{
    (void)state;
    pair = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair, NULL);
    bool made = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_sign(context, signature, &signature_size, digest, sizeof digest) == 1;
    EVP_PKEY_CTX_free(context);
    int size = i2d_PUBKEY(pair, &info);
    info_size = size > 0 ? (size_t)size : 0;
    return made && info_size > 0 ? 0 : -1;
}

static int drop_pair(void **state)
{
    (void)state;
    OPENSSL_free(info);
    EVP_PKEY_free(pair);
    return 0;
}

static enum reason verify(struct public_key *key, struct bytes of)
{
    return public_key_verify(key, &ecdsa, of, (struct bytes){signature, signature_size});
}

static void keys_of_a_cache_keep_no_more_than_its_bound(void **state)
{
    (void)state;
    static struct public_key *keys[KEYS];
    struct public_key_cache *cache;
    const struct bytes right = {digest, sizeof digest};
    assert_true(public_key_cache_new(&cache));
    for (size_t i = 0; i < KEYS; i++)
        assert_true(public_key_new(cache, pair, (struct bytes){info, info_size}, &keys[i]));
    assert_int_equal(verify(keys[0], right), REASON_NONE);
    long before = live_pieces;
    for (size_t i = 1; i < PUBLIC_KEY_KEPT_MAX; i++)
        assert_int_equal(verify(keys[i], right), REASON_NONE);
    long full = live_pieces;
    assert_true(full > before);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < KEYS; i++)
            assert_int_equal(verify(keys[i], right), REASON_NONE);
    }
    /* What OpenSSL itself keeps for later may differ by a few pieces. */
    assert_true(live_pieces <= full + (full - before) / 10);
    for (size_t i = 0; i < KEYS; i++)
        public_key_destroy(&keys[i]);
    public_key_cache_destroy(&cache);
}

static void a_wrong_digest_is_refused_and_the_key_still_works(void **state)
{
    (void)state;
    static const uint8_t other[32] = {9};
    struct public_key_cache *cache;
    struct public_key *key;
    assert_true(public_key_cache_new(&cache));
    assert_true(public_key_new(cache, pair, (struct bytes){info, info_size}, &key));
    for (int i = 0; i < 2 * PUBLIC_KEY_KEPT_MAX; i++) {
        assert_int_equal(verify(key, (struct bytes){other, sizeof other}), REASON_SIGNATURE_WRONG);
        assert_int_equal(verify(key, (struct bytes){digest, sizeof digest}), REASON_NONE);
    }
    public_key_destroy(&key);
    public_key_cache_destroy(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_a_cache_keep_no_more_than_its_bound),
        cmocka_unit_test(a_wrong_digest_is_refused_and_the_key_still_works),
    };
    if (CRYPTO_set_mem_functions(counting_malloc, counting_realloc, counting_free) != 1)
        return 1;
    return cmocka_run_group_tests(tests, make_pair, drop_pair);
}
