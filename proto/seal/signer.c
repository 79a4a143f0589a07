/* Signing: one fixed form of CMS, written by hand into memory of a known size, with OpenSSL for
 * the signature itself. Four attributes: content-type, signing-time, message-digest, and the
 * signer's certificate by its digest (RFC 5035), which ties the signature to this certificate and
 * not to another with the same key.
 *
 * It is used by the loop's thread alone; see crypto_openssl.c. */
#include "proto/seal/der.h"
#include "proto/seal/pem.h"
#include "proto/seal/public_key.h"
#include "proto/seal/seal.h"
#include "proto/seal/sha256.h"
#include "proto/seal/signed_data.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum {
    NAME_BYTES_MAX = 4096,            /* issuer and serial number; real ones are under 400 */
    SIGNATURE_VALUE_BYTES_MAX = 2048, /* RSA of 16384 bits, the most that OpenSSL takes */
    ATTRIBUTES_BYTES = 256,           /* the four that we write take under 180 */
    TIME_TEXT_SIZE = 16,              /* "20500101000000Z" and its terminator */
    UTC_TIME_YEAR_END = 2050,         /* RFC 5652 §11.3 */
};

struct signer {
    EVP_PKEY *key;
    enum signature_scheme scheme;
    struct digest fingerprint;
    uint8_t name[NAME_BYTES_MAX]; /* IssuerAndSerialNumber stands at its end */
    struct bytes sid;
};

/* The issuer's bytes as they stand in the certificate: a name that was encoded again may differ,
 * and then nobody finds the certificate by it. */
static bool note_name(struct signer *signer, X509 *certificate)
{
    const uint8_t *issuer;
    size_t issuer_size;
    uint8_t *serial = NULL;
    int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
    if (serial_size <= 0 ||
        X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_size) != 1) {
        OPENSSL_free(serial);
        return false;
    }
    struct der_writer writer;
    der_writer_init(&writer, signer->name, sizeof signer->name);
    const uint8_t *mark = der_mark(&writer);
    der_write(&writer, (struct bytes){serial, (size_t)serial_size});
    der_write(&writer, (struct bytes){issuer, issuer_size});
    der_wrap(&writer, DER_SEQUENCE, mark);
    OPENSSL_free(serial);
    signer->sid = der_written(&writer);
    return signer->sid.size > 0;
}

static enum reason fill(struct signer *signer, X509 *certificate, enum signer_padding padding)
{
    if (X509_check_private_key(certificate, signer->key) != 1)
        return REASON_CERTIFICATE_MISMATCH;
    enum reason reason = public_key_judge(signer->key);
    if (reason != REASON_NONE)
        return reason;
    signer->scheme = public_key_scheme(signer->key);
    if (signer->scheme == SCHEME_RSA_PKCS1 && padding == SIGNER_PADDING_PSS)
        signer->scheme = SCHEME_RSA_PSS;
    size_t size;
    uint8_t *der = pem_certificate_der(certificate, &size);
    if (der == NULL)
        return REASON_OUT_OF_MEMORY;
    sha256_parts(&(struct bytes){der, size}, 1, &signer->fingerprint);
    free(der);
    return note_name(signer, certificate) ? REASON_NONE : REASON_KEY_UNREADABLE;
}

/* Key and certificate are held against one another at the start: a pair that does not match would
 * be found out by every recipient of the first message. */
enum reason signer_new(struct bytes key_pem, struct bytes certificate, enum signer_padding padding,
                       struct signer **ret_signer)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    struct signer *signer = calloc(1, sizeof *signer);
    enum reason reason =
        certificates == NULL || signer == NULL ? REASON_OUT_OF_MEMORY : REASON_NONE;
    if (reason == REASON_NONE)
        reason = pem_read_key(key_pem, &signer->key);
    /* A file may hold the chain as well; the signer's own certificate stands first. */
    if (reason == REASON_NONE)
        reason = pem_read_certificates(certificate, certificates);
    if (reason == REASON_REGISTRY_INVALID)
        reason = REASON_KEY_UNREADABLE;
    if (reason == REASON_NONE)
        reason = fill(signer, sk_X509_value(certificates, 0), padding);
    sk_X509_pop_free(certificates, X509_free);
    ERR_clear_error();
    if (reason == REASON_NONE)
        *ret_signer = signer;
    else
        signer_destroy(&signer);
    return reason;
}

void signer_destroy(struct signer **signer)
{
    if (*signer == NULL)
        return;
    EVP_PKEY_free((*signer)->key);
    free(*signer);
    *signer = NULL;
}

const struct digest *signer_fingerprint(const struct signer *signer)
{
    return &signer->fingerprint;
}

/* SEQUENCE { type, SET { what was written since the mark } } */
static void wrap_attribute(struct der_writer *writer, const char *type, const uint8_t *mark)
{
    der_wrap(writer, DER_SET, mark);
    der_write_element(writer, DER_OBJECT, bytes_of_text(type));
    der_wrap(writer, DER_SEQUENCE, mark);
}

/* UTCTime up to 2049 and GeneralizedTime from 2050, as RFC 5652 §11.3 wants it. */
static void write_time(struct der_writer *writer, wall_t time)
{
    char text[TIME_TEXT_SIZE];
    struct tm parts;
    time_t seconds = (time_t)(time.ms / 1000);
    gmtime_r(&seconds, &parts);
    bool two_digits = parts.tm_year + 1900 < UTC_TIME_YEAR_END;
    size_t size =
        strftime(text, sizeof text, two_digits ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &parts);
    der_write_element(writer, two_digits ? DER_UTC_TIME : DER_GENERALIZED_TIME,
                      (struct bytes){(const uint8_t *)text, size});
}

/* The content of signedAttrs, last first. DER sorts a SET OF by its elements' bytes: with these
 * lengths that is content-type, signing-time, message-digest, signing-certificate-v2. */
static void write_attributes(struct der_writer *writer, const struct signer *signer,
                             const struct digest *content, wall_t signing_time)
{
    const uint8_t *mark = der_mark(writer);
    der_write_element(writer, DER_OCTET_STRING,
                      (struct bytes){signer->fingerprint.bytes, DIGEST_BYTES});
    der_wrap(writer, DER_SEQUENCE, mark); /* ESSCertIDv2, SHA-256 by default */
    der_wrap(writer, DER_SEQUENCE, mark);
    der_wrap(writer, DER_SEQUENCE, mark); /* SigningCertificateV2 */
    wrap_attribute(writer, OID_CERTIFICATE_V2, mark);
    mark = der_mark(writer);
    der_write_element(writer, DER_OCTET_STRING, (struct bytes){content->bytes, DIGEST_BYTES});
    wrap_attribute(writer, OID_MESSAGE_DIGEST, mark);
    mark = der_mark(writer);
    write_time(writer, signing_time);
    wrap_attribute(writer, OID_SIGNING_TIME, mark);
    mark = der_mark(writer);
    der_write_element(writer, DER_OBJECT, bytes_of_text(OID_DATA));
    wrap_attribute(writer, OID_CONTENT_TYPE, mark);
}

/* A context for each signature: the thread that signs is one, and a context that a failure left in
 * some state must not sign the next message. */
static bool sign_digest(const struct signer *signer, const struct digest *digest,
                        uint8_t *ret_value, size_t *ret_size)
{
    const EVP_MD *hash = hash_evp(HASH_SHA256);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, signer->key, NULL);
    bool sound = hash != NULL && context != NULL && EVP_PKEY_sign_init(context) == 1;
    if (sound && signer->scheme != SCHEME_ECDSA)
        sound = EVP_PKEY_CTX_set_rsa_padding(context, signer->scheme == SCHEME_RSA_PSS
                                                          ? RSA_PKCS1_PSS_PADDING
                                                          : RSA_PKCS1_PADDING) == 1;
    sound = sound && EVP_PKEY_CTX_set_signature_md(context, hash) == 1;
    if (sound && signer->scheme == SCHEME_RSA_PSS)
        sound = EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(context, DIGEST_BYTES) == 1;
    *ret_size = SIGNATURE_VALUE_BYTES_MAX;
    sound = sound && EVP_PKEY_sign(context, ret_value, ret_size, digest->bytes, DIGEST_BYTES) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return sound;
}

/* ContentInfo, from its last byte to its first. */
static void write_signed_data(struct der_writer *writer, const struct signer *signer,
                              struct bytes attributes, struct bytes value)
{
    static const uint8_t version_1 = 1;
    const struct bytes version = {&version_1, 1};
    const uint8_t *end = der_mark(writer);
    der_write_element(writer, DER_OCTET_STRING, value);
    der_write(writer, algorithm_signature_identifier(signer->scheme));
    der_write_element(writer, DER_CONTEXT_0, attributes);
    der_write(writer, algorithm_hash_identifier());
    der_write(writer, signer->sid);
    der_write_element(writer, DER_INTEGER, version);
    der_wrap(writer, DER_SEQUENCE, end); /* SignerInfo */
    der_wrap(writer, DER_SET, end);
    const uint8_t *mark = der_mark(writer);
    der_write_element(writer, DER_OBJECT, bytes_of_text(OID_DATA));
    der_wrap(writer, DER_SEQUENCE, mark);
    der_write_element(writer, DER_SET, algorithm_hash_identifier());
    der_write_element(writer, DER_INTEGER, version);
    der_wrap(writer, DER_SEQUENCE, end); /* SignedData */
    der_wrap(writer, DER_CONTEXT_0, end);
    der_write_element(writer, DER_OBJECT, bytes_of_text(OID_SIGNED_DATA));
    der_wrap(writer, DER_SEQUENCE, end);
}

/* A clock that was never set would write a time that every recipient refuses: SIGNING_YEAR_MIN is
 * what our own parser asks for (signed_attributes.c). */
static bool signing_time_is_sane(wall_t time)
{
    struct tm parts;
    time_t seconds = (time_t)(time.ms / 1000);
    return gmtime_r(&seconds, &parts) != NULL && parts.tm_year + 1900 >= SIGNING_YEAR_MIN &&
           parts.tm_year + 1900 < SIGNING_YEAR_END;
}

/* A signing that fails is reported as a lack of memory, which passes: the key was tried when it
 * was read. */
enum reason seal_sign(const struct signer *signer, struct bytes content, wall_t signing_time,
                      struct buffer *ret_signature)
{
    uint8_t attributes_memory[ATTRIBUTES_BYTES];
    uint8_t value[SIGNATURE_VALUE_BYTES_MAX];
    uint8_t memory[SIGNATURE_BYTES_MAX];
    struct der_writer writer;
    struct digest digest;
    size_t value_size;

    if (!signing_time_is_sane(signing_time))
        return REASON_SIGNING_TIME_INVALID;
    sha256_parts(&content, 1, &digest);
    der_writer_init(&writer, attributes_memory, sizeof attributes_memory);
    const uint8_t *end = der_mark(&writer);
    write_attributes(&writer, signer, &digest, signing_time);
    struct bytes attributes = der_written(&writer);
    der_wrap(&writer, DER_SET, end);
    struct bytes signed_set = der_written(&writer);
    sha256_parts(&signed_set, 1, &digest);
    if (!sign_digest(signer, &digest, value, &value_size))
        return REASON_OUT_OF_MEMORY;

    der_writer_init(&writer, memory, sizeof memory);
    write_signed_data(&writer, signer, attributes, (struct bytes){value, value_size});
    return buffer_append(ret_signature, der_written(&writer)) ? REASON_NONE : REASON_OUT_OF_MEMORY;
}
