/* A registered signer's key, ready to verify: setting up OpenSSL's context costs about as much as
 * an ECDSA verification, so contexts are kept and lent to whichever worker comes. They are taken
 * and given back by one atomic exchange each; a worker that finds none makes another. */
#include "proto/seal/public_key.h"

#include "proto/seal/openssl_error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

enum {
    RSA_BITS_MIN = 2048,
    LENT_MAX = 4, /* more workers than this rarely verify one signer at one moment */
    GROUP_NAME_BYTES = 64,
};

struct context {
    EVP_PKEY_CTX *evp;
    struct signature_algorithm algorithm; /* what evp is set up for */
};

struct public_key {
    EVP_PKEY *key;
    _Atomic(struct context *) idle[LENT_MAX];
};

static EVP_MD *fetched[HASH_COUNT];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Once for the process: by name OpenSSL would look through its providers, under a lock, at every
 * verification. */
static void fetch(void)
{
    static const char *const names[HASH_COUNT] = {"SHA256", "SHA384", "SHA512"};
    for (int i = 0; i < HASH_COUNT; i++)
        fetched[i] = EVP_MD_fetch(NULL, names[i], NULL);
}

const EVP_MD *hash_evp(enum hash_algorithm hash)
{
    pthread_once(&once, fetch);
    return fetched[hash];
}

/* By the group's number, since OpenSSL knows P-256 by three names. A key with explicit parameters
 * has no name and is not listed. */
static bool curve_is_listed(EVP_PKEY *key)
{
    char name[GROUP_NAME_BYTES];
    size_t size;
    if (EVP_PKEY_get_group_name(key, name, sizeof name, &size) != 1)
        return false;
    int nid = OBJ_txt2nid(name);
    return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1;
}

/* Once for each certificate, when the registry is read. */
enum reason public_key_judge(EVP_PKEY *key)
{
    if (key == NULL)
        return REASON_ALGORITHM_NOT_LISTED;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return EVP_PKEY_get_bits(key) < RSA_BITS_MIN ? REASON_KEY_TOO_SHORT : REASON_NONE;
    case EVP_PKEY_EC:
        return curve_is_listed(key) ? REASON_NONE : REASON_ALGORITHM_NOT_LISTED;
    default:
        return REASON_ALGORITHM_NOT_LISTED;
    }
}

enum signature_scheme public_key_scheme(EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return SCHEME_RSA_PKCS1;
    case EVP_PKEY_RSA_PSS:
        return SCHEME_RSA_PSS;
    default:
        return SCHEME_ECDSA;
    }
}

/* No context yet: a registry has hundreds of signers, and few of them send at one time. */
bool public_key_new(EVP_PKEY *key, struct public_key **ret_key)
{
    struct public_key *made = calloc(1, sizeof *made);
    if (made == NULL)
        return false;
    EVP_PKEY_up_ref(key);
    made->key = key;
    *ret_key = made;
    return true;
}

static void context_free(struct context *context)
{
    if (context == NULL)
        return;
    EVP_PKEY_CTX_free(context->evp);
    free(context);
}

/* By the last holder of the trust snapshot (trust.c), so that no worker has a context of it. */
void public_key_destroy(struct public_key **key)
{
    if (*key == NULL)
        return;
    for (int i = 0; i < LENT_MAX; i++)
        context_free(atomic_load(&(*key)->idle[i]));
    EVP_PKEY_free((*key)->key);
    free(*key);
    *key = NULL;
}

/* The context keeps its parameters for every signature that follows with the same algorithm, which
 * a signer mostly has. */
static bool set_up(struct context *context, const struct signature_algorithm *algorithm)
{
    const EVP_MD *hash = hash_evp(algorithm->hash);
    if (hash == NULL || EVP_PKEY_verify_init(context->evp) != 1)
        return false;
    if (algorithm->scheme != SCHEME_ECDSA) {
        int padding =
            algorithm->scheme == SCHEME_RSA_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
        if (EVP_PKEY_CTX_set_rsa_padding(context->evp, padding) != 1)
            return false;
    }
    if (EVP_PKEY_CTX_set_signature_md(context->evp, hash) != 1)
        return false;
    if (algorithm->scheme == SCHEME_RSA_PSS &&
        (EVP_PKEY_CTX_set_rsa_mgf1_md(context->evp, hash) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context->evp, algorithm->salt_bytes) != 1))
        return false;
    context->algorithm = *algorithm;
    return true;
}

/* A copy of the key: OpenSSL's own locks and caches in a shared one would make the workers wait
 * for one another. */
static struct context *context_new(const struct public_key *key,
                                   const struct signature_algorithm *algorithm)
{
    struct context *context = calloc(1, sizeof *context);
    EVP_PKEY *copy = context == NULL ? NULL : EVP_PKEY_dup(key->key);
    if (copy != NULL)
        context->evp = EVP_PKEY_CTX_new_from_pkey(NULL, copy, NULL);
    EVP_PKEY_free(copy); /* the context holds it */
    if (context != NULL && context->evp != NULL && set_up(context, algorithm))
        return context;
    context_free(context);
    return NULL;
}

/* Member by member, since a comparison as memory would compare the padding too. */
static bool same_algorithm(const struct signature_algorithm *a, const struct signature_algorithm *b)
{
    return a->scheme == b->scheme && a->hash == b->hash && a->salt_bytes == b->salt_bytes;
}

/* Whichever is idle: all of them are of the same key, and only a change of algorithm costs
 * something. */
static struct context *borrow(struct public_key *key, const struct signature_algorithm *algorithm)
{
    struct context *context = NULL;
    for (int i = 0; i < LENT_MAX && context == NULL; i++)
        context = atomic_exchange_explicit(&key->idle[i], NULL, memory_order_acquire);
    if (context == NULL)
        return context_new(key, algorithm);
    if (!same_algorithm(&context->algorithm, algorithm) && !set_up(context, algorithm)) {
        context_free(context);
        return NULL;
    }
    return context;
}

/* One that finds no place is freed: more than LENT_MAX at once were lent, which passes. */
static void give_back(struct public_key *key, struct context *context)
{
    for (int i = 0; i < LENT_MAX && context != NULL; i++) {
        struct context *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&key->idle[i], &none, context,
                                                    memory_order_release, memory_order_relaxed))
            context = NULL;
    }
    context_free(context);
}

/* A plain RSA key may sign with either padding; one of the kind RSASSA-PSS with that one alone. */
static bool scheme_fits(EVP_PKEY *key, enum signature_scheme scheme)
{
    enum signature_scheme own = public_key_scheme(key);
    return own == scheme || (own == SCHEME_RSA_PKCS1 && scheme == SCHEME_RSA_PSS);
}

enum reason public_key_verify(struct public_key *key, const struct signature_algorithm *algorithm,
                              struct bytes digest, struct bytes signature)
{
    if (!scheme_fits(key->key, algorithm->scheme))
        return REASON_ALGORITHM_MISMATCH;
    if (ERR_peek_error() != 0) /* clearing an empty queue costs more than the rest of this call */
        ERR_clear_error();
    struct context *context = borrow(key, algorithm);
    /* A key of kind RSASSA-PSS may forbid these parameters: then the set-up fails. */
    if (context == NULL)
        return openssl_ran_out_of_memory() || public_key_scheme(key->key) != SCHEME_RSA_PSS
                   ? REASON_OUT_OF_MEMORY
                   : REASON_SIGNATURE_WRONG;
    int right =
        EVP_PKEY_verify(context->evp, signature.data, signature.size, digest.data, digest.size);
    if (right == 1) {
        give_back(key, context);
        return REASON_NONE;
    }
    context_free(context); /* OpenSSL does not say in which state a failure leaves it */
    return openssl_ran_out_of_memory() ? REASON_OUT_OF_MEMORY : REASON_SIGNATURE_WRONG;
}
