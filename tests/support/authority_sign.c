#include "tests/support/test_authority.h"
#include "tests/support/authority_ed25519.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

static const EVP_MD *hash_of(enum authority_hash hash)
{
    return hash == AUTHORITY_SHA1 ? EVP_sha1() : hash == AUTHORITY_MD5 ? EVP_md5() : EVP_sha256();
}

static bool add_signer(CMS_ContentInfo *message, X509 *certificate, EVP_PKEY *key,
                       const struct authority_signature *how)
{
    unsigned flags = CMS_BINARY | CMS_NOSMIMECAP | CMS_KEY_PARAM;
    flags |= how->embedded_certificate ? 0u : CMS_NOCERTS;
    flags |= how->no_attributes ? CMS_NOATTR : CMS_CADES;
    flags |= how->by_key_identifier ? CMS_USE_KEYID : 0u;
    CMS_SignerInfo *signer = CMS_add1_signer(message, certificate, key, hash_of(how->hash), flags);
    if (signer == NULL)
        return false;
    return !how->pss || EVP_PKEY_CTX_set_rsa_padding(CMS_SignerInfo_get0_pkey_ctx(signer),
                                                     RSA_PKCS1_PSS_PADDING) == 1;
}

static CMS_ContentInfo *sign(X509 *certificate, EVP_PKEY *key, BIO *content,
                             const struct authority_signature *how)
{
    unsigned flags = CMS_BINARY | CMS_PARTIAL | (how->embedded_content ? 0u : CMS_DETACHED);
    CMS_ContentInfo *message = CMS_sign(NULL, NULL, NULL, NULL, flags);
    if (message != NULL && add_signer(message, certificate, key, how) &&
        (!how->twice || add_signer(message, certificate, key, how)) &&
        CMS_final(message, content, NULL, flags) == 1)
        return message;
    CMS_ContentInfo_free(message);
    return NULL;
}

static bool append(CMS_ContentInfo *message, struct buffer *ret_signature)
{
    int size = i2d_CMS_ContentInfo(message, NULL);
    uint8_t *room = size <= 0 ? NULL : buffer_extend(ret_signature, (size_t)size);
    return room != NULL && i2d_CMS_ContentInfo(message, &room) > 0;
}

enum reason authority_sign(struct bytes key_pem, struct bytes certificate_pem, struct bytes content,
                           const struct authority_signature *how, struct buffer *ret_signature)
{
    BIO *key_bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.size);
    BIO *certificate_bio = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.size);
    BIO *content_bio = BIO_new_mem_buf(content.data, (int)content.size);
    EVP_PKEY *key =
        key_bio == NULL ? NULL : PEM_read_bio_PrivateKey(key_bio, NULL, NULL, (void *)"");
    X509 *certificate =
        certificate_bio == NULL ? NULL : PEM_read_bio_X509(certificate_bio, NULL, NULL, (void *)"");
    enum reason reason = REASON_KEY_UNREADABLE;
    CMS_ContentInfo *message = NULL;
    if (key != NULL && certificate != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        reason = authority_sign_ed25519(key, certificate, content, ret_signature);
    else if (key != NULL && certificate != NULL && content_bio != NULL)
        message = sign(certificate, key, content_bio, how);
    if (message != NULL)
        reason = append(message, ret_signature) ? REASON_NONE : REASON_OUT_OF_MEMORY;
    CMS_ContentInfo_free(message);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(content_bio);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    ERR_clear_error();
    return reason;
}
