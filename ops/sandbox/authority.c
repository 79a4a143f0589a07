/* Real certificates, so that the programs under test verify what they will verify in life; also
 * such as they must refuse, by key or by hash. For the sandbox and for tests alone: keys lie
 * unprotected beside the certificates. */
#include "ops/sandbox/authority_parts.h"

#include <stdlib.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum { SERIAL_BYTES = 16, VERSION_3 = 2 };

static EVP_PKEY *new_key(enum authority_key kind)
{
    switch (kind) {
    case AUTHORITY_RSA_2048:
        return EVP_RSA_gen(2048);
    case AUTHORITY_RSA_3072:
        return EVP_RSA_gen(3072);
    case AUTHORITY_RSA_1024:
        return EVP_RSA_gen(1024);
    case AUTHORITY_P256:
        return EVP_EC_gen("P-256");
    case AUTHORITY_P384:
        return EVP_EC_gen("P-384");
    case AUTHORITY_P224:
        return EVP_EC_gen("P-224");
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
}

/* SHA-1 and MD5 are here to be refused (proto/seal/algorithm.c). */
const EVP_MD *authority_hash_for(EVP_PKEY *key, enum authority_hash hash)
{
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
        return NULL; /* hashes by itself */
    return hash == AUTHORITY_SHA1 ? EVP_sha1() : hash == AUTHORITY_MD5 ? EVP_md5() : EVP_sha256();
}

static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x3f) | 0x40; /* positive, of constant length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool sound =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return sound;
}

/* The same country and organization for all, so that only the common name tells them apart, as in a
 * list of one ministry. */
static bool set_name(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "C", MBSTRING_UTF8, (const uint8_t *)"VN", -1, -1, 0) ==
               1 &&
           X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"Sandbox province",
                                      -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1,
                                      -1, 0) == 1;
}

static bool set_times(X509 *certificate, const struct authority_request *request)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate),
                         (time_t)(request->not_before.ms / 1000)) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(request->not_after.ms / 1000)) !=
               NULL;
}

/* The context tells OpenSSL both keys, from which it computes "hash" and "keyid". */
static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool sound = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return sound;
}

/* An authority is marked as such and signs certificates and lists alone; whoever is under test has
 * to refuse the one that may not sign documents. */
static bool add_extensions(X509 *certificate, X509 *issuer, bool is_authority, bool may_not_sign)
{
    const char *usage = is_authority   ? "critical,keyCertSign,cRLSign"
                        : may_not_sign ? "critical,keyEncipherment"
                                       : "critical,digitalSignature,nonRepudiation";
    return add_extension(certificate, issuer, NID_basic_constraints,
                         is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, usage) &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
}

/* authority NULL: self-signed. */
static X509 *new_certificate(EVP_PKEY *key, const struct authority *authority,
                             const struct authority_request *request, bool is_authority)
{
    X509 *certificate = X509_new();
    X509 *issuer = authority == NULL ? certificate : authority->certificate;
    EVP_PKEY *issuer_key = authority == NULL ? key : authority->key;
    if (certificate == NULL)
        return NULL;
    if (X509_set_version(certificate, VERSION_3) == 1 && set_serial(certificate) &&
        set_name(certificate, request->common_name) && set_times(certificate, request) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
        X509_set_pubkey(certificate, key) == 1 &&
        add_extensions(certificate, issuer, is_authority, request->may_not_sign) &&
        X509_sign(certificate, issuer_key, authority_hash_for(issuer_key, request->hash)) > 0)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* Takes over key and certificate, also when it fails. */
static struct authority *new_authority(EVP_PKEY *key, X509 *certificate)
{
    struct authority *authority = calloc(1, sizeof *authority);
    STACK_OF(X509_REVOKED) *revoked = sk_X509_REVOKED_new_null();
    ERR_clear_error();
    if (key == NULL || certificate == NULL || authority == NULL || revoked == NULL) {
        EVP_PKEY_free(key);
        X509_free(certificate);
        sk_X509_REVOKED_free(revoked);
        free(authority);
        return NULL;
    }
    *authority = (struct authority){key, certificate, revoked, 1};
    return authority;
}

enum reason authority_make(struct authority *parent, const struct authority_request *request,
                           struct authority **ret_authority)
{
    EVP_PKEY *key = new_key(request->key);
    X509 *certificate = key == NULL ? NULL : new_certificate(key, parent, request, true);
    struct authority *authority = new_authority(key, certificate);
    if (authority == NULL)
        return REASON_OUT_OF_MEMORY;
    *ret_authority = authority;
    return REASON_NONE;
}

enum reason authority_new(const struct authority_request *request, struct authority **ret_authority)
{
    return authority_make(NULL, request, ret_authority);
}

void authority_destroy(struct authority **authority)
{
    if (*authority == NULL)
        return;
    EVP_PKEY_free((*authority)->key);
    X509_free((*authority)->certificate);
    sk_X509_REVOKED_pop_free((*authority)->revoked, X509_REVOKED_free);
    free(*authority);
    *authority = NULL;
}

/* Frees the BIO; written says whether all went into it. */
enum reason authority_drain(BIO *bio, bool written, struct buffer *ret_text)
{
    char *data = NULL;
    long size = written ? BIO_get_mem_data(bio, &data) : 0;
    bool sound =
        size > 0 && buffer_append(ret_text, (struct bytes){(const uint8_t *)data, (size_t)size});
    BIO_free(bio);
    ERR_clear_error();
    return sound ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

static enum reason write_key(EVP_PKEY *key, struct buffer *ret_key_pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool written =
        bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    return authority_drain(bio, written, ret_key_pem);
}

static enum reason write_certificate(X509 *certificate, struct buffer *ret_certificate_pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    return authority_drain(bio, bio != NULL && PEM_write_bio_X509(bio, certificate) == 1,
                           ret_certificate_pem);
}

enum reason authority_key(const struct authority *authority, struct buffer *ret_key_pem)
{
    return write_key(authority->key, ret_key_pem);
}

enum reason authority_certificate(const struct authority *authority,
                                  struct buffer *ret_certificate_pem)
{
    return write_certificate(authority->certificate, ret_certificate_pem);
}

/* Both texts or none: what was already appended of the key is taken back. */
enum reason authority_issue(struct authority *authority, const struct authority_request *request,
                            struct buffer *ret_key_pem, struct buffer *ret_certificate_pem)
{
    size_t key_size_before = ret_key_pem->size;
    enum reason reason = REASON_OUT_OF_MEMORY;
    EVP_PKEY *key = new_key(request->key);
    X509 *certificate = key == NULL ? NULL : new_certificate(key, authority, request, false);
    if (certificate != NULL)
        reason = write_key(key, ret_key_pem);
    if (reason == REASON_NONE)
        reason = write_certificate(certificate, ret_certificate_pem);
    if (reason != REASON_NONE)
        ret_key_pem->size = key_size_before;
    EVP_PKEY_free(key);
    X509_free(certificate);
    ERR_clear_error();
    return reason;
}
