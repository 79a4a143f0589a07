/* What cms_subject.h says of names, references and algorithms. */
#include <string.h>
#include <openssl/rsa.h>

#include "tests/support/cms_subject.h"

enum { REFERENCE_BYTES_MAX = 2048, HASHES = 4, PARAMETERS = 2 };

static bool write_name(struct der_writer *writer, X509 *certificate)
{
    uint8_t *serial = NULL;
    const uint8_t *issuer = NULL;
    size_t issuer_size = 0;
    int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
    bool sound = size > 0 &&
                 X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_size) == 1;
    if (sound) {
        der_write(writer, (struct bytes){serial, (size_t)size});
        der_write(writer, (struct bytes){issuer, issuer_size});
    }
    OPENSSL_free(serial);
    return sound;
}

bool cms_subject_is_named_exactly(const struct cms_subject *subject)
{
    for (int i = 0; i < sk_X509_num(subject->oracle->signers); i++) {
        uint8_t memory[REFERENCE_BYTES_MAX];
        struct der_writer writer;
        der_writer_init(&writer, memory, sizeof memory);
        const uint8_t *mark = der_mark(&writer);
        if (write_name(&writer, sk_X509_value(subject->oracle->signers, i))) {
            der_wrap(&writer, DER_SEQUENCE, mark);
            if (bytes_equal(der_written(&writer), subject->shape.name))
                return true;
        }
    }
    return false;
}

/* One way to write a reference: hash -1 is SHA-1 of the older attribute, 0 SHA-256 left out. */
struct writing {
    int hash;
    bool has_null;
    bool has_name;
};

static const EVP_MD *hash_of(int hash)
{
    return hash < 0    ? EVP_sha1()
           : hash < 2  ? EVP_sha256()
           : hash == 2 ? EVP_sha384()
                       : EVP_sha512();
}

static void write_algorithm(struct der_writer *writer, struct writing how)
{
    const uint8_t oid[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, (uint8_t)how.hash};
    const uint8_t *mark = der_mark(writer);
    if (how.has_null)
        der_write_element(writer, DER_NULL, (struct bytes){NULL, 0});
    der_write_element(writer, DER_OBJECT, (struct bytes){oid, sizeof oid});
    der_wrap(writer, DER_SEQUENCE, mark);
}

static struct bytes write_reference(struct der_writer *writer, X509 *certificate,
                                    struct writing how)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const uint8_t *end = der_mark(writer);
    if (how.has_name) {
        const uint8_t *issuer;
        size_t issuer_size;
        uint8_t *serial = NULL;
        int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
        X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_size);
        der_write(writer, (struct bytes){serial, (size_t)serial_size});
        const uint8_t *mark = der_mark(writer);
        der_write_element(writer, DER_CONTEXT_4, (struct bytes){issuer, issuer_size});
        der_wrap(writer, DER_SEQUENCE, mark);
        der_wrap(writer, DER_SEQUENCE, end);
        OPENSSL_free(serial);
    }
    X509_digest(certificate, hash_of(how.hash), digest, &size);
    der_write_element(writer, DER_OCTET_STRING, (struct bytes){digest, size});
    if (how.hash > 0)
        write_algorithm(writer, how);
    der_wrap(writer, DER_SEQUENCE, end);
    der_wrap(writer, DER_SEQUENCE, end);
    der_wrap(writer, DER_SEQUENCE, end);
    return der_written(writer);
}

static bool is_writing(X509 *certificate, const ASN1_TYPE *value, struct writing how)
{
    uint8_t memory[REFERENCE_BYTES_MAX];
    struct der_writer writer;
    der_writer_init(&writer, memory, sizeof memory);
    struct bytes expected = write_reference(&writer, certificate, how);
    const ASN1_STRING *given = value->value.asn1_string;
    return ASN1_TYPE_get(value) == V_ASN1_SEQUENCE &&
           bytes_equal(expected, (struct bytes){ASN1_STRING_get0_data(given),
                                                (size_t)ASN1_STRING_length(given)});
}

/* hashes: up to and without this one. */
static bool refers_to(X509 *certificate, const ASN1_TYPE *value, int first_hash, int hash_end)
{
    for (int hash = first_hash; hash < hash_end; hash++) {
        for (int rest = 0; rest < 2 * PARAMETERS; rest++) {
            struct writing how = {hash, rest % 2 == 1, rest / 2 == 1};
            if (is_writing(certificate, value, how))
                return true;
        }
    }
    return false;
}

static const ASN1_TYPE *attribute_value(const struct cms_subject *subject, int nid)
{
    int at = CMS_signed_get_attr_by_NID(subject->signer_info, nid, -1);
    return at < 0 ? NULL
                  : X509_ATTRIBUTE_get0_type(CMS_signed_get_attr(subject->signer_info, at), 0);
}

bool cms_subject_refers_to_signer(const struct cms_subject *subject)
{
    const ASN1_TYPE *v1 = attribute_value(subject, NID_id_smime_aa_signingCertificate);
    const ASN1_TYPE *v2 = attribute_value(subject, NID_id_smime_aa_signingCertificateV2);
    return (v1 == NULL || refers_to(subject->signer, v1, -1, 0)) &&
           (v2 == NULL || refers_to(subject->signer, v2, 0, HASHES));
}

bool cms_subject_is_referred_to(const struct cms_subject *subject)
{
    const ASN1_TYPE *v2 = attribute_value(subject, NID_id_smime_aa_signingCertificateV2);
    for (int i = 0; v2 != NULL && i < sk_X509_num(subject->oracle->signers); i++) {
        if (refers_to(sk_X509_value(subject->oracle->signers, i), v2, 0, 2))
            return true;
    }
    return false;
}

/* --- algorithms --------------------------------------------------------------------------------
 */

static bool is_plain(const X509_ALGOR *algorithm)
{
    int type;
    X509_ALGOR_get0(NULL, &type, NULL, algorithm);
    return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
}

static int nid_of(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    return OBJ_obj2nid(object);
}

static bool is_listed_hash(const X509_ALGOR *algorithm)
{
    int nid = algorithm == NULL ? NID_sha1 : nid_of(algorithm);
    return (nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512) && is_plain(algorithm);
}

static RSA_PSS_PARAMS *pss_of(const struct cms_subject *subject)
{
    X509_ALGOR *signature;
    const void *value;
    int type;
    CMS_SignerInfo_get0_algs(subject->signer_info, NULL, NULL, NULL, &signature);
    X509_ALGOR_get0(NULL, &type, &value, signature);
    if (nid_of(signature) != NID_rsassaPss || type != V_ASN1_SEQUENCE)
        return NULL;
    return ASN1_item_unpack(value, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
}

/* The parameters of the mask are kept as they came. */
static bool mask_is_loose(const RSA_PSS_PARAMS *pss)
{
    const void *value;
    int type;
    uint8_t *again = NULL;
    if (pss->maskGenAlgorithm == NULL || pss->maskHash == NULL)
        return false;
    X509_ALGOR_get0(NULL, &type, &value, pss->maskGenAlgorithm);
    int size = i2d_X509_ALGOR(pss->maskHash, &again);
    bool differs = type != V_ASN1_SEQUENCE || size <= 0 ||
                   !bytes_equal((struct bytes){again, (size_t)size},
                                (struct bytes){ASN1_STRING_get0_data(value),
                                               (size_t)ASN1_STRING_length(value)});
    OPENSSL_free(again);
    return differs;
}

bool cms_subject_has_loose_pss(const struct cms_subject *subject)
{
    X509_ALGOR *signature;
    const void *value;
    int type;
    uint8_t *again = NULL;
    RSA_PSS_PARAMS *pss = pss_of(subject);
    CMS_SignerInfo_get0_algs(subject->signer_info, NULL, NULL, NULL, &signature);
    X509_ALGOR_get0(NULL, &type, &value, signature);
    if (pss == NULL) /* a key of another kind: OpenSSL does not look */
        return nid_of(signature) == NID_rsassaPss;
    bool is_loose = pss->trailerField != NULL || mask_is_loose(pss);
    int size = i2d_RSA_PSS_PARAMS(pss, &again);
    bool differs = size <= 0 || !bytes_equal((struct bytes){again, (size_t)size},
                                             (struct bytes){ASN1_STRING_get0_data(value),
                                                            (size_t)ASN1_STRING_length(value)});
    OPENSSL_free(again);
    RSA_PSS_PARAMS_free(pss);
    return is_loose || differs;
}

static bool announced_is_listed(const struct cms_subject *subject)
{
    const uint8_t *at = subject->shape.announced_hash.data;
    X509_ALGOR *announced = d2i_X509_ALGOR(NULL, &at, (long)subject->shape.announced_hash.size);
    bool listed = announced != NULL && is_listed_hash(announced);
    X509_ALGOR_free(announced);
    return listed;
}

static bool pss_is_listed(const struct cms_subject *subject)
{
    RSA_PSS_PARAMS *pss = pss_of(subject);
    bool listed = pss != NULL && is_listed_hash(pss->hashAlgorithm) &&
                  pss->maskGenAlgorithm != NULL && nid_of(pss->maskGenAlgorithm) == NID_mgf1 &&
                  pss->maskHash != NULL && is_listed_hash(pss->maskHash);
    RSA_PSS_PARAMS_free(pss);
    return listed;
}

bool cms_subject_algorithms_are_listed(const struct cms_subject *subject)
{
    static const int listed[] = {NID_rsaEncryption,           NID_sha256WithRSAEncryption,
                                 NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption,
                                 NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,
                                 NID_ecdsa_with_SHA512};
    X509_ALGOR *hash;
    X509_ALGOR *signature;
    CMS_SignerInfo_get0_algs(subject->signer_info, NULL, NULL, &hash, &signature);
    if (!is_listed_hash(hash) || !announced_is_listed(subject))
        return false;
    if (nid_of(signature) == NID_rsassaPss)
        return pss_is_listed(subject);
    for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
        if (nid_of(signature) == listed[i])
            return is_plain(signature);
    }
    return false;
}

bool cms_subject_algorithms_fit(const struct cms_subject *subject)
{
    X509_ALGOR *hash;
    X509_ALGOR *signature;
    int own_hash = NID_undef;
    int kind = NID_undef;
    CMS_SignerInfo_get0_algs(subject->signer_info, NULL, NULL, &hash, &signature);
    int expected = X509_get0_pubkey(subject->signer) != NULL
                       ? EVP_PKEY_get_base_id(X509_get0_pubkey(subject->signer))
                       : NID_undef;
    RSA_PSS_PARAMS *pss = pss_of(subject);
    if (pss != NULL) {
        bool fit = pss->maskHash != NULL && nid_of(pss->maskHash) == nid_of(hash) &&
                   pss->hashAlgorithm != NULL && nid_of(pss->hashAlgorithm) == nid_of(hash) &&
                   expected != EVP_PKEY_EC;
        RSA_PSS_PARAMS_free(pss);
        return fit;
    }
    if (nid_of(signature) == NID_rsaEncryption)
        return expected == EVP_PKEY_RSA;
    if (OBJ_find_sigid_algs(nid_of(signature), &own_hash, &kind) != 1)
        return false;
    bool is_ec = kind == NID_X9_62_id_ecPublicKey;
    return own_hash == nid_of(hash) && is_ec == (expected == EVP_PKEY_EC);
}
