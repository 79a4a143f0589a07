#include "tests/support/cms_oracle.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/cms.h>
#include <openssl/err.h>

#include "tests/support/cms_subject.h"

BIO *cms_oracle_content(struct bytes content)
{
    BIO *filter = BIO_new(BIO_f_null());
    return BIO_push(filter, BIO_new_mem_buf(content.size > 0 ? (const void *)content.data : "",
                                            (int)content.size));
}

static bool verifies(const struct cms_oracle *oracle, struct bytes content,
                     CMS_ContentInfo *message, unsigned flags)
{
    BIO *bio = cms_oracle_content(content);
    bool accepted = bio != NULL && CMS_verify(message, oracle->signers, oracle->store, bio, NULL,
                                              CMS_BINARY | flags) == 1;
    BIO_free_all(bio);
    ERR_clear_error();
    return accepted;
}

bool cms_oracle_accepts(const struct cms_oracle *oracle, struct bytes content,
                        struct bytes signature, bool is_chain_checked)
{
    const uint8_t *at = signature.data;
    CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)signature.size);
    bool accepted =
        message != NULL && OBJ_obj2nid(CMS_get0_type(message)) == NID_pkcs7_signed &&
        verifies(oracle, content, message, is_chain_checked ? 0 : CMS_NO_SIGNER_CERT_VERIFY);
    CMS_ContentInfo_free(message);
    ERR_clear_error();
    return accepted;
}

/* --- the rules -------------------------------------------------------------------------------- */

static bool is_of_another_shape(const struct cms_subject *subject)
{
    const struct cms_shape *shape = &subject->shape;
    return shape->signer_count != 1 || shape->hash_count != 1 || !shape->is_detached_data ||
           shape->has_odd_certificate || !shape->has_attributes || !shape->are_versions_usual ||
           cms_subject_has_odd_attribute(subject);
}

static bool has_unsigned_part(const struct cms_subject *subject)
{
    return subject->shape.has_lists || subject->shape.has_unsigned_attributes ||
           subject->has_more_behind;
}

static bool is_too_large(const struct cms_subject *subject)
{
    return subject->signature.size > SIGNATURE_BYTES_MAX ||
           CMS_signed_get_attr_count(subject->signer_info) > 32 ||
           subject->shape.certificate_count > 8;
}

static bool has_unknown_certificate(const struct cms_subject *subject)
{
    struct bytes rest = subject->shape.certificates;
    struct bytes certificate;
    while (der_take_whole(&rest, DER_SEQUENCE, &certificate)) {
        if (!cms_subject_knows(subject, certificate))
            return true;
    }
    return false;
}

static bool is_unknown(const struct cms_subject *subject)
{
    return has_unknown_certificate(subject) || !bytes_equal(subject->again, subject->first) ||
           (subject->shape.is_named_by_key ? !cms_subject_is_referred_to(subject)
                                           : !cms_subject_is_named_exactly(subject));
}

static bool names_another(const struct cms_subject *subject)
{
    return !cms_subject_refers_to_signer(subject);
}

static bool is_not_named(const struct cms_subject *subject)
{
    return subject->shape.is_named_by_key && !cms_subject_is_referred_to(subject);
}

static bool has_no_real_time(const struct cms_subject *subject)
{
    return !cms_subject_has_real_time(subject);
}

static bool has_unread_attribute(const struct cms_subject *subject)
{
    return cms_subject_has_unread_attribute(subject);
}

static bool has_unlisted_algorithm(const struct cms_subject *subject)
{
    return !cms_subject_algorithms_are_listed(subject);
}

/* Or it is refused for something else besides, and OpenSSL keeps unread what is BER there. */
static bool is_written_otherwise(const struct cms_subject *subject)
{
    return !bytes_equal(subject->again, subject->first) || /* OpenSSL keeps a name as it came */
           (!subject->shape.is_named_by_key && !cms_subject_is_named_exactly(subject)) ||
           cms_subject_has_unread_attribute(subject) || cms_subject_has_loose_pss(subject) ||
           is_of_another_shape(subject) || has_unlisted_algorithm(subject) ||
           has_no_real_time(subject) || names_another(subject);
}

static bool has_mismatch(const struct cms_subject *subject)
{
    return !cms_subject_algorithms_fit(subject);
}

static const struct {
    enum reason reason;
    bool (*holds)(const struct cms_subject *subject);
} rules[] = {
    {REASON_SIGNATURE_NOT_DER, is_written_otherwise},
    {REASON_SIGNATURE_PROFILE, is_of_another_shape},
    {REASON_SIGNATURE_UNSIGNED_PART, has_unsigned_part},
    {REASON_SIGNATURE_TOO_LARGE, is_too_large},
    {REASON_SIGNING_TIME_INVALID, has_no_real_time},
    {REASON_SIGNING_CERTIFICATE_WRONG, names_another},
    {REASON_SIGNER_NOT_NAMED, is_not_named},
    {REASON_CERTIFICATE_UNKNOWN, is_unknown},
    {REASON_ALGORITHM_SHA1, has_unlisted_algorithm},
    {REASON_ALGORITHM_MD5, has_unlisted_algorithm},
    {REASON_ALGORITHM_NOT_LISTED, has_unlisted_algorithm},
    {REASON_ALGORITHM_MISMATCH, has_mismatch},
    {REASON_SIGNATURE_MALFORMED, has_unread_attribute},
};

bool cms_oracle_explains(const struct cms_oracle *oracle, struct bytes content,
                         struct bytes signature, enum reason reason)
{
    struct cms_subject subject;
    bool holds = false;
    if (!cms_subject_open(&subject, oracle, content, signature))
        return false;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].reason == reason)
            holds = rules[i].holds(&subject);
    }
    cms_subject_release(&subject);
    return holds;
}

/* --- attributes as OpenSSL signs and verifies them ---------------------------------------------
 */

enum { ATTRIBUTES_MAX = 64 };

static int compare(const void *a, const void *b)
{
    const struct bytes *left = a;
    const struct bytes *right = b;
    return bytes_compare(*left, *right);
}

bool cms_oracle_attributes(struct bytes attributes, struct buffer *ret_set)
{
    struct bytes written[ATTRIBUTES_MAX];
    size_t count = 0;
    size_t size = 0;
    const uint8_t *at = attributes.data;
    const uint8_t *end = attributes.data + attributes.size;
    bool sound = true;
    while (sound && at < end) {
        uint8_t *again = NULL;
        X509_ATTRIBUTE *attribute = d2i_X509_ATTRIBUTE(NULL, &at, end - at);
        int length = attribute == NULL ? -1 : i2d_X509_ATTRIBUTE(attribute, &again);
        X509_ATTRIBUTE_free(attribute);
        sound = length > 0 && count < ATTRIBUTES_MAX;
        if (sound) {
            written[count++] = (struct bytes){again, (size_t)length};
            size += (size_t)length;
        } else {
            OPENSSL_free(again);
        }
    }
    qsort(written, count, sizeof written[0], compare);
    uint8_t header[8];
    uint8_t *to = header;
    ASN1_put_object(&to, 1, (int)size, V_ASN1_SET, V_ASN1_UNIVERSAL);
    sound = sound && buffer_append(ret_set, (struct bytes){header, (size_t)(to - header)});
    for (size_t i = 0; i < count; i++) {
        sound = sound && buffer_append(ret_set, written[i]);
        OPENSSL_free((void *)(uintptr_t)written[i].data);
    }
    ERR_clear_error();
    return sound;
}
