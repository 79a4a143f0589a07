#include "tests/support/authority_ed25519.h"

#include "proto/seal/der.h"
#include "proto/seal/signed_data.h"

#include <openssl/evp.h>

enum { SHA512_BYTES = 64, VALUE_BYTES = 64, NAME_BYTES_MAX = 1024, MESSAGE_BYTES_MAX = 4096 };

static const uint8_t sha512[] = "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03";
static const uint8_t ed25519[] = "\x30\x05\x06\x03\x2b\x65\x70";

static struct bytes literal(const uint8_t *text, size_t size_with_terminator)
{
    return (struct bytes){text, size_with_terminator - 1};
}

static void write_attribute(struct der_writer *writer, const char *type, uint8_t tag,
                            struct bytes value)
{
    const uint8_t *mark = der_mark(writer);
    der_write_element(writer, tag, value);
    der_wrap(writer, DER_SET, mark);
    der_write_element(writer, DER_OBJECT, bytes_of_text(type));
    der_wrap(writer, DER_SEQUENCE, mark);
}

static bool sign_attributes(EVP_PKEY *key, struct bytes attributes, uint8_t *ret_value)
{
    size_t size = VALUE_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool sound = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                 EVP_DigestSign(context, ret_value, &size, attributes.data, attributes.size) == 1;
    EVP_MD_CTX_free(context);
    return sound;
}

static void write_signer_name(struct der_writer *writer, X509 *certificate)
{
    const uint8_t *issuer = NULL;
    size_t issuer_size = 0;
    uint8_t *serial = NULL;
    int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
    X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_size);
    const uint8_t *mark = der_mark(writer);
    der_write(writer, (struct bytes){serial, serial_size < 0 ? 0 : (size_t)serial_size});
    der_write(writer, (struct bytes){issuer, issuer_size});
    der_wrap(writer, DER_SEQUENCE, mark);
    OPENSSL_free(serial);
}

enum reason authority_sign_ed25519(EVP_PKEY *key, X509 *certificate, struct bytes content,
                                   struct buffer *ret_signature)
{
    static const uint8_t version_1 = 1;
    const struct bytes version = {&version_1, 1};
    uint8_t attributes_memory[NAME_BYTES_MAX];
    uint8_t memory[MESSAGE_BYTES_MAX];
    uint8_t digest[SHA512_BYTES];
    uint8_t value[VALUE_BYTES];
    struct der_writer writer;

    if (EVP_Digest(content.data, content.size, digest, NULL, EVP_sha512(), NULL) != 1)
        return REASON_OUT_OF_MEMORY;
    der_writer_init(&writer, attributes_memory, sizeof attributes_memory);
    const uint8_t *end = der_mark(&writer);
    write_attribute(&writer, OID_MESSAGE_DIGEST, DER_OCTET_STRING,
                    (struct bytes){digest, sizeof digest});
    write_attribute(&writer, OID_CONTENT_TYPE, DER_OBJECT, bytes_of_text(OID_DATA));
    struct bytes attributes = der_written(&writer);
    der_wrap(&writer, DER_SET, end);
    if (!sign_attributes(key, der_written(&writer), value))
        return REASON_OUT_OF_MEMORY;

    der_writer_init(&writer, memory, sizeof memory);
    end = der_mark(&writer);
    der_write_element(&writer, DER_OCTET_STRING, (struct bytes){value, sizeof value});
    der_write(&writer, literal(ed25519, sizeof ed25519));
    der_write_element(&writer, DER_CONTEXT_0, attributes);
    der_write(&writer, literal(sha512, sizeof sha512));
    write_signer_name(&writer, certificate);
    der_write_element(&writer, DER_INTEGER, version);
    der_wrap(&writer, DER_SEQUENCE, end);
    der_wrap(&writer, DER_SET, end);
    const uint8_t *mark = der_mark(&writer);
    der_write_element(&writer, DER_OBJECT, bytes_of_text(OID_DATA));
    der_wrap(&writer, DER_SEQUENCE, mark);
    der_write_element(&writer, DER_SET, literal(sha512, sizeof sha512));
    der_write_element(&writer, DER_INTEGER, version);
    der_wrap(&writer, DER_SEQUENCE, end);
    der_wrap(&writer, DER_CONTEXT_0, end);
    der_write_element(&writer, DER_OBJECT, bytes_of_text(OID_SIGNED_DATA));
    der_wrap(&writer, DER_SEQUENCE, end);
    return buffer_append(ret_signature, der_written(&writer)) ? REASON_NONE : REASON_OUT_OF_MEMORY;
}
