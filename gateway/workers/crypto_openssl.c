/* The crypto port on OpenSSL. Called from the loop and from all workers at once: the signer is
 * used by the loop alone, and a trust snapshot is never changed once it is shared, so that all
 * that needs a lock is the pointer to it. */
#include "gateway/workers/crypto_openssl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "proto/base/check.h"
#include "proto/seal/seal.h"
#include "proto/seal/sha256.h"
#include "proto/seal/trust.h"

struct crypto_openssl {
    struct crypto_port port;
    struct signer *signer;
    pthread_mutex_t lock; /* of the pointer, not of what it points at */
    struct trust *trust;
};

static struct trust *hold_trust(struct crypto_openssl *crypto)
{
    pthread_mutex_lock(&crypto->lock);
    struct trust *trust = trust_hold(crypto->trust);
    pthread_mutex_unlock(&crypto->lock);
    return trust;
}

static enum reason sign_content(void *context, struct bytes content, wall_t signing_time,
                                struct buffer *ret_signature)
{
    struct crypto_openssl *crypto = context;
    return seal_sign(crypto->signer, content, signing_time, ret_signature);
}

/* One snapshot from beginning to end, whatever a reload does meanwhile. */
static enum reason verify_content(void *context, struct bytes content, struct bytes signature,
                                  struct bytes certificate, const struct key *sender, wall_t now)
{
    struct seal_verdict verdict;
    struct trust *trust = hold_trust(context);
    enum reason reason = seal_verify(trust, content, signature, certificate, sender, now, &verdict);
    trust_drop(&trust);
    return reason;
}

static void name_signer(void *context, struct digest *ret_fingerprint)
{
    const struct crypto_openssl *crypto = context;
    *ret_fingerprint = *signer_fingerprint(crypto->signer);
}

/* The kernel's generator never fails once it is seeded, which it is before any service starts. */
static void draw_random(void *context, uint8_t *ret_data, size_t size_bytes)
{
    (void)context;
    size_t drawn = 0;
    while (drawn < size_bytes) {
        ssize_t count = getrandom(ret_data + drawn, size_bytes - drawn, 0);
        check(count > 0 || errno == EINTR);
        drawn += count > 0 ? (size_t)count : 0;
    }
}

enum reason crypto_openssl_new(struct signer *signer, struct trust *trust,
                               struct crypto_openssl **ret_crypto)
{
    struct crypto_openssl *crypto = calloc(1, sizeof *crypto);
    if (crypto == NULL)
        return REASON_OUT_OF_MEMORY;
    crypto->port = (struct crypto_port){.context = crypto,
                                        .hash = sha256_parts,
                                        .sign = sign_content,
                                        .verify = verify_content,
                                        .signer = name_signer,
                                        .random = draw_random};
    crypto->signer = signer;
    crypto->trust = trust;
    pthread_mutex_init(&crypto->lock, NULL);
    *ret_crypto = crypto;
    return REASON_NONE;
}

void crypto_openssl_destroy(struct crypto_openssl **crypto_pointer)
{
    struct crypto_openssl *crypto = *crypto_pointer;
    *crypto_pointer = NULL;
    if (crypto == NULL)
        return;
    signer_destroy(&crypto->signer);
    trust_drop(&crypto->trust);
    pthread_mutex_destroy(&crypto->lock);
    free(crypto);
}

const struct crypto_port *crypto_openssl_port(const struct crypto_openssl *crypto)
{
    return &crypto->port;
}

const struct trust *crypto_openssl_trust(const struct crypto_openssl *crypto)
{
    return crypto->trust;
}

/* The old snapshot goes with its last verification that is under way, and not here. */
void crypto_openssl_set_trust(struct crypto_openssl *crypto, struct trust *trust)
{
    pthread_mutex_lock(&crypto->lock);
    struct trust *previous = crypto->trust;
    crypto->trust = trust;
    pthread_mutex_unlock(&crypto->lock);
    trust_drop(&previous);
}
