/* Certificates, lists and keys out of files, PEM or DER. OpenSSL's error queue decides between a
 * file that is broken, which its owner must mend, and memory that was short, which passes; a
 * mix-up would end in a refusal for good of what is sound (invariant 14). */
#include "proto/seal/pem.h"

#include "proto/seal/openssl_error.h"

#include <stdlib.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Without this OpenSSL would ask for a password at the terminal. */
static int no_password(char *password, int size, int writing, void *argument)
{
    (void)password;
    (void)size;
    (void)writing;
    (void)argument;
    return -1;
}

/* Before OpenSSL sees anything: the size of a file is the operator's, and BIO takes an int. */
static bool is_in_bounds(struct bytes content)
{
    return content.size > 0 && content.size <= PEM_BYTES_MAX;
}

/* NULL when out of bounds, or memory is short. */
static BIO *open_bytes(struct bytes content)
{
    ERR_clear_error();
    return is_in_bounds(content) ? BIO_new_mem_buf(content.data, (int)content.size) : NULL;
}

/* True when reading stopped because there are no more blocks, not because one is broken. */
static bool reached_end(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* Why it could not be read, from OpenSSL's errors; clears them. */
static enum reason outcome(struct bytes content, const BIO *bio, bool sound, enum reason otherwise)
{
    bool is_memory_short = openssl_ran_out_of_memory() || (bio == NULL && is_in_bounds(content));
    return sound ? REASON_NONE : is_memory_short ? REASON_OUT_OF_MEMORY : otherwise;
}

/* Key and extensions are decoded. */
static bool is_decoded(X509 *certificate)
{
    return X509_get0_pubkey(certificate) != NULL && X509_check_purpose(certificate, -1, -1) == 1;
}

/* OpenSSL had no memory to decode the certificate's key or extensions, and keeps it without them:
 * it would count as one that nobody accepts. A second reading tells. */
static bool is_damaged(X509 *certificate)
{
    if (is_decoded(certificate))
        return false;
    X509 *again = X509_dup(certificate);
    bool damaged = again == NULL || is_decoded(again);
    X509_free(again);
    return damaged;
}

/* 0x30 begins a SEQUENCE; PEM files begin with text, which may stand before the first block. */
static bool is_der(struct bytes content)
{
    return content.size > 0 && content.data[0] == 0x30;
}

/* Takes the certificate. False: no memory for it. */
static bool keep(STACK_OF(X509) * certificates, X509 *certificate)
{
    bool kept = !is_damaged(certificate) && sk_X509_push(certificates, certificate) > 0;
    if (!kept)
        X509_free(certificate);
    return kept;
}

/* A file is read to its end or refused: one broken block among ten would otherwise take away an
 * authority, or a revocation, without a word. What was read before a fault stays in the caller's
 * stack, which is given up with it. */
enum reason pem_read_certificates(struct bytes content, STACK_OF(X509) * certificates)
{
    BIO *bio = open_bytes(content);
    X509 *certificate = NULL;
    int before = sk_X509_num(certificates);
    bool sound = bio != NULL;
    bool kept = true;
    if (sound && is_der(content)) {
        certificate = d2i_X509_bio(bio, NULL);
        sound = certificate != NULL && BIO_pending(bio) == 0;
        if (sound)
            kept = keep(certificates, certificate);
        else
            X509_free(certificate);
    } else if (sound) {
        while (kept && (certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL)
            kept = keep(certificates, certificate);
        sound = !kept || (reached_end() && sk_X509_num(certificates) > before);
    }
    enum reason reason = outcome(content, bio, sound, REASON_REGISTRY_INVALID);
    BIO_free(bio);
    return kept ? reason : REASON_OUT_OF_MEMORY;
}

enum reason pem_read_lists(struct bytes content, STACK_OF(X509_CRL) * lists)
{
    BIO *bio = open_bytes(content);
    X509_CRL *list = NULL;
    int before = sk_X509_CRL_num(lists);
    bool sound = bio != NULL;
    if (sound && is_der(content)) {
        list = d2i_X509_CRL_bio(bio, NULL);
        sound = list != NULL && BIO_pending(bio) == 0 && sk_X509_CRL_push(lists, list) > 0;
        if (!sound)
            X509_CRL_free(list);
    } else if (sound) {
        while (sound && (list = PEM_read_bio_X509_CRL(bio, NULL, no_password, NULL)) != NULL) {
            sound = sk_X509_CRL_push(lists, list) > 0;
            if (!sound)
                X509_CRL_free(list);
        }
        sound = sound && reached_end() && sk_X509_CRL_num(lists) > before;
    }
    enum reason reason = outcome(content, bio, sound, REASON_REGISTRY_INVALID);
    BIO_free(bio);
    return reason;
}

enum reason pem_read_key(struct bytes content, EVP_PKEY **ret_key)
{
    BIO *bio = open_bytes(content);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    enum reason reason = outcome(content, bio, key != NULL, REASON_KEY_UNREADABLE);
    BIO_free(bio);
    if (key != NULL)
        *ret_key = key;
    return reason;
}

uint8_t *pem_certificate_der(X509 *certificate, size_t *ret_size)
{
    int size = i2d_X509(certificate, NULL);
    uint8_t *der = size <= 0 ? NULL : malloc((size_t)size);
    if (der == NULL)
        return NULL;
    uint8_t *end = der;
    i2d_X509(certificate, &end);
    *ret_size = (size_t)size;
    return der;
}
