#include "tests/support/cms_subject.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/ess.h>

static size_t count_elements(struct bytes rest)
{
    size_t count = 0;
    while (der_skip(&rest))
        count++;
    return count;
}

static void read_certificates(struct cms_shape *shape)
{
    struct bytes rest = shape->certificates;
    struct bytes certificate;
    while (der_take(&rest, DER_SEQUENCE, &certificate))
        shape->certificate_count++;
    shape->has_odd_certificate = rest.size > 0;
}

static bool read_signer(struct cms_shape *shape, struct bytes version, struct bytes signer)
{
    struct bytes own_version;
    struct bytes skipped;
    if (!der_take(&signer, DER_INTEGER, &own_version))
        return false;
    shape->is_named_by_key = !der_take_whole(&signer, DER_SEQUENCE, &shape->name);
    if (shape->is_named_by_key && !der_take(&signer, DER_CONTEXT_0_PRIMITIVE, &skipped))
        return false;
    uint8_t usual = shape->is_named_by_key ? 3 : 1;
    shape->are_versions_usual = bytes_equal(version, (struct bytes){&usual, 1}) &&
                                bytes_equal(own_version, (struct bytes){&usual, 1});
    if (!der_take(&signer, DER_SEQUENCE, &skipped))
        return false;
    shape->has_attributes = der_take(&signer, DER_CONTEXT_0, &skipped);
    if (!der_take(&signer, DER_SEQUENCE, &skipped) ||
        !der_take(&signer, DER_OCTET_STRING, &skipped))
        return false;
    shape->has_unsigned_attributes = signer.size > 0;
    return true;
}

static bool read_shape(struct bytes der, struct cms_shape *shape)
{
    static const uint8_t detached_data[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                            0xf7, 0x0d, 0x01, 0x07, 0x01};
    struct bytes rest, content, version, hashes, info, signers, signer;
    if (!der_take(&der, DER_SEQUENCE, &content) || !der_take(&content, DER_OBJECT, &info) ||
        !der_take(&content, DER_CONTEXT_0, &info) || !der_take(&info, DER_SEQUENCE, &rest) ||
        !der_take(&rest, DER_INTEGER, &version) || !der_take(&rest, DER_SET, &hashes) ||
        !der_take(&rest, DER_SEQUENCE, &info))
        return false;
    shape->hash_count = count_elements(hashes);
    (void)der_take_whole(&hashes, DER_SEQUENCE, &shape->announced_hash);
    shape->is_detached_data =
        bytes_equal(info, (struct bytes){detached_data, sizeof detached_data});
    (void)der_take(&rest, DER_CONTEXT_0, &shape->certificates);
    read_certificates(shape);
    shape->has_lists = der_take(&rest, DER_CONTEXT_1, &info);
    if (!der_take(&rest, DER_SET, &signers))
        return false;
    shape->signer_count = count_elements(signers);
    return der_take(&signers, DER_SEQUENCE, &signer) && read_signer(shape, version, signer);
}

bool cms_subject_open(struct cms_subject *subject, const struct cms_oracle *oracle,
                      struct bytes content, struct bytes signature)
{
    const uint8_t *at = signature.data;
    *subject = (struct cms_subject){.oracle = oracle, .signature = signature};
    subject->message = d2i_CMS_ContentInfo(NULL, &at, (long)signature.size);
    BIO *bio =
        BIO_new_mem_buf(content.size > 0 ? (const void *)content.data : "", (int)content.size);
    bool accepted = subject->message != NULL && bio != NULL &&
                    CMS_verify(subject->message, oracle->signers, NULL, bio, NULL,
                               CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;
    BIO_free(bio);
    ERR_clear_error();
    if (accepted) {
        subject->first = (struct bytes){signature.data, (size_t)(at - signature.data)};
        subject->has_more_behind = subject->first.size < signature.size;
        subject->signer_info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(subject->message), 0);
        CMS_SignerInfo_get0_algs(subject->signer_info, NULL, &subject->signer, NULL, NULL);
        int size = i2d_CMS_ContentInfo(subject->message, &subject->written);
        subject->again = (struct bytes){subject->written, size > 0 ? (size_t)size : 0};
        accepted = read_shape(subject->again, &subject->shape);
    }
    if (!accepted)
        cms_subject_release(subject);
    return accepted;
}

void cms_subject_release(struct cms_subject *subject)
{
    CMS_ContentInfo_free(subject->message);
    OPENSSL_free(subject->written);
    *subject = (struct cms_subject){0};
}

static int type_of_attribute(X509_ATTRIBUTE *attribute)
{
    return OBJ_obj2nid(X509_ATTRIBUTE_get0_object(attribute));
}

/* One of those that OpenSSL has rules for, as it should be. */
static bool is_sound(const struct cms_subject *subject, int nid)
{
    switch (nid) {
    case NID_pkcs9_messageDigest:
        return true;
    case NID_pkcs9_contentType:
        return !cms_subject_has_odd_attribute(subject);
    case NID_pkcs9_signingTime:
        return cms_subject_has_real_time(subject);
    case NID_id_smime_aa_signingCertificate:
    case NID_id_smime_aa_signingCertificateV2:
        return cms_subject_refers_to_signer(subject);
    default:
        return false;
    }
}

bool cms_subject_has_unread_attribute(const struct cms_subject *subject)
{
    for (int i = 0; i < CMS_signed_get_attr_count(subject->signer_info); i++) {
        X509_ATTRIBUTE *attribute = CMS_signed_get_attr(subject->signer_info, i);
        if (is_sound(subject, type_of_attribute(attribute)))
            continue;
        for (int k = 0; k < X509_ATTRIBUTE_count(attribute); k++) {
            int type = ASN1_TYPE_get(X509_ATTRIBUTE_get0_type(attribute, k));
            if (type <= 0 || type == V_ASN1_BOOLEAN || type == V_ASN1_SEQUENCE ||
                type == V_ASN1_SET || type == V_ASN1_OTHER || type > 30 ||
                type == V_ASN1_EXTERNAL || type == V_ASN1_REAL || type == V_ASN1_OBJECT_DESCRIPTOR)
                return true;
        }
    }
    return false;
}

/* A type number that takes more than one byte. */
static bool is_far_type(const ASN1_TYPE *value)
{
    uint8_t *der = NULL;
    int size = i2d_ASN1_TYPE(value, &der);
    bool is_far = size > 0 && (der[0] & 0x1f) == 0x1f;
    OPENSSL_free(der);
    return is_far;
}

bool cms_subject_has_odd_attribute(const struct cms_subject *subject)
{
    for (int i = 0; i < CMS_signed_get_attr_count(subject->signer_info); i++) {
        X509_ATTRIBUTE *attribute = CMS_signed_get_attr(subject->signer_info, i);
        int count = X509_ATTRIBUTE_count(attribute);
        if (count == 0)
            return true;
        const ASN1_TYPE *first = X509_ATTRIBUTE_get0_type(attribute, 0);
        if (type_of_attribute(attribute) == NID_pkcs9_contentType &&
            (ASN1_TYPE_get(first) != V_ASN1_OBJECT ||
             OBJ_obj2nid(first->value.object) != NID_pkcs7_data))
            return true;
        for (int k = 0; k < count; k++) {
            if (is_far_type(X509_ATTRIBUTE_get0_type(attribute, k)))
                return true;
        }
    }
    return false;
}

static const ASN1_TYPE *value_of(const struct cms_subject *subject, int nid)
{
    int at = CMS_signed_get_attr_by_NID(subject->signer_info, nid, -1);
    return at < 0 ? NULL
                  : X509_ATTRIBUTE_get0_type(CMS_signed_get_attr(subject->signer_info, at), 0);
}

bool cms_subject_has_real_time(const struct cms_subject *subject)
{
    const ASN1_TYPE *value = value_of(subject, NID_pkcs9_signingTime);
    struct tm parts;
    if (value == NULL)
        return true;
    int type = ASN1_TYPE_get(value);
    if (type != V_ASN1_UTCTIME && type != V_ASN1_GENERALIZEDTIME)
        return false;
    const ASN1_TIME *time = value->value.asn1_string;
    bool is_whole = ASN1_STRING_length(time) == (type == V_ASN1_UTCTIME ? 13 : 15) &&
                    ASN1_STRING_get0_data(time)[ASN1_STRING_length(time) - 1] == 'Z';
    if (!is_whole || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    int year = parts.tm_year + 1900;
    return year >= 2000 && year < 2100 && (year < 2050) == (type == V_ASN1_UTCTIME);
}

static bool is_certificate(X509 *expected, struct bytes certificate)
{
    uint8_t *der = NULL;
    int size = i2d_X509(expected, &der);
    bool is = size > 0 && bytes_equal((struct bytes){der, (size_t)size}, certificate);
    OPENSSL_free(der);
    return is;
}

static bool is_one_of(STACK_OF(X509) * certificates, struct bytes certificate)
{
    bool found = false;
    for (int i = 0; !found && i < sk_X509_num(certificates); i++)
        found = is_certificate(sk_X509_value(certificates, i), certificate);
    return found;
}

bool cms_subject_knows(const struct cms_subject *subject, struct bytes certificate)
{
    return is_certificate(subject->signer, certificate) ||
           is_one_of(subject->oracle->authorities, certificate);
}
