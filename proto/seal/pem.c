#include "proto/seal/pem.h"

#include <stdlib.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* Without this OpenSSL would ask for a password at the terminal. */
static int no_password(char *password, int size, int writing, void *argument)
{
    (void)password;
    (void)size;
    (void)writing;
    (void)argument;
    return -1;
}

static BIO *open_bytes(struct bytes content)
{
    if (content.size == 0 || content.size > PEM_BYTES_MAX)
        return NULL;
    return BIO_new_mem_buf(content.data, (int)content.size);
}

/* True when reading stopped because there are no more blocks, not because one is broken. */
static bool reached_end(void)
{
    unsigned long error = ERR_peek_last_error();
    bool end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return end;
}

static bool is_der(struct bytes content)
{
    return content.size > 0 && content.data[0] == 0x30;
}

enum reason pem_read_certificates(struct bytes content, STACK_OF(X509) * certificates)
{
    BIO *bio = open_bytes(content);
    X509 *certificate = NULL;
    int before = sk_X509_num(certificates);
    bool sound = bio != NULL;
    if (sound && is_der(content)) {
        certificate = d2i_X509_bio(bio, NULL);
        sound = certificate != NULL && BIO_pending(bio) == 0 &&
                sk_X509_push(certificates, certificate) > 0;
        if (!sound)
            X509_free(certificate);
    } else if (sound) {
        while (sound && (certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
            sound = sk_X509_push(certificates, certificate) > 0;
            if (!sound)
                X509_free(certificate);
        }
        sound = sound && reached_end() && sk_X509_num(certificates) > before;
    }
    BIO_free(bio);
    ERR_clear_error();
    return sound ? REASON_NONE : REASON_REGISTRY_INVALID;
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
    BIO_free(bio);
    ERR_clear_error();
    return sound ? REASON_NONE : REASON_REGISTRY_INVALID;
}

enum reason pem_read_key(struct bytes content, EVP_PKEY **ret_key)
{
    BIO *bio = open_bytes(content);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (key == NULL)
        return REASON_KEY_UNREADABLE;
    *ret_key = key;
    return REASON_NONE;
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
