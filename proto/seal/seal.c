/* Verifying a detached CMS signature (RFC 5652) by what is registered and by nothing else.
 *
 * Order matters: what costs little comes first, and what depends on nothing outside. The signer is
 * found by the name in the signature, his standing was judged when the registry was read
 * (chain_check.c), and only what then remains is arithmetic. The reasons are told apart because
 * different people must act on them (invariant 15).
 *
 * OpenSSL's CMS_verify is not used: it accepts forms that cannot be kept as evidence for decades,
 * and builds a tree of objects for each message. decisions/own-signed-data.md has the comparison;
 * a differential test holds the two verdicts against one another. */
#include "proto/seal/seal.h"

#include "proto/seal/der.h"
#include "proto/seal/sha256.h"
#include "proto/seal/signed_data.h"
#include "proto/seal/trust_internal.h"

#include <string.h>
#include <openssl/evp.h>

/* False when memory is short. */
static bool hash_parts(enum hash_algorithm hash, const struct bytes *parts, size_t count,
                       uint8_t ret_digest[HASH_BYTES_MAX])
{
    if (hash == HASH_SHA256) {
        struct digest digest;
        sha256_parts(parts, count, &digest);
        memcpy(ret_digest, digest.bytes, DIGEST_BYTES);
        return true;
    }
    const EVP_MD *algorithm = hash_evp(hash);
    EVP_MD_CTX *context = algorithm == NULL ? NULL : EVP_MD_CTX_new();
    bool sound = context != NULL && EVP_DigestInit_ex2(context, algorithm, NULL) == 1;
    for (size_t i = 0; sound && i < count; i++)
        sound = EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1;
    sound = sound && EVP_DigestFinal_ex(context, ret_digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    return sound;
}

/* REASON_SIGNATURE_WRONG unless the parts hash to the expected value. */
static enum reason expect_digest(enum hash_algorithm hash, const struct bytes *parts, size_t count,
                                 struct bytes expected)
{
    uint8_t digest[HASH_BYTES_MAX];
    if (!hash_parts(hash, parts, count, digest))
        return REASON_OUT_OF_MEMORY;
    return bytes_equal((struct bytes){digest, hash_size(hash)}, expected) ? REASON_NONE
                                                                          : REASON_SIGNATURE_WRONG;
}

/* REASON_NONE with the signer, who may also be nobody that is registered. */
static enum reason find_signer(const struct trust *trust, const struct signed_data *data,
                               const struct trust_signer **ret_signer)
{
    *ret_signer = NULL;
    if (data->issuer.size > 0) {
        *ret_signer = trust_find_issued(trust, data->issuer, data->serial);
        return REASON_NONE;
    }
    /* Named by key identifier: a renewed certificate has the same, the digest tells which. */
    struct digest fingerprint;
    if (data->reference.digest.size == 0 || data->reference_hash != HASH_SHA256)
        return REASON_SIGNER_NOT_NAMED;
    memcpy(fingerprint.bytes, data->reference.digest.data, DIGEST_BYTES);
    const struct trust_signer *signer = trust_find(trust, &fingerprint);
    if (signer != NULL && !bytes_equal(signer->key_identifier, data->key_identifier))
        return REASON_SIGNING_CERTIFICATE_WRONG;
    *ret_signer = signer;
    return REASON_NONE;
}

/* Certificates inside extend no trust. Whoever holds the signature can put in more of them, and a
 * verifier that looks for issuers there may take the wrong one: they are those that are known. */
static enum reason check_certificates(const struct trust *trust, const struct trust_signer *signer,
                                      struct bytes certificates)
{
    struct bytes certificate;
    for (int i = 0; certificates.size > 0; i++) {
        if (!der_take_whole(&certificates, DER_SEQUENCE, &certificate))
            return der_form(certificates) == DER_FORM_LOOSE ? REASON_SIGNATURE_NOT_DER
                                                            : REASON_SIGNATURE_PROFILE;
        if (i == SEAL_EXPORT_CERTIFICATES_MAX)
            return REASON_SIGNATURE_TOO_LARGE;
        if (!bytes_equal(certificate, trust_signer_certificate(signer)) &&
            !trust_has_authority(trust, certificate))
            return REASON_CERTIFICATE_UNKNOWN;
    }
    return REASON_NONE;
}

static enum reason check_reference(const struct trust_signer *signer,
                                   const struct certificate_reference *reference,
                                   const EVP_MD *hash)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size;
    if (reference->digest.size == 0)
        return REASON_NONE;
    if (hash == NULL || EVP_Digest(signer->der, signer->der_size, digest, &size, hash, NULL) != 1)
        return REASON_OUT_OF_MEMORY;
    bool names_it =
        bytes_equal((struct bytes){digest, size}, reference->digest) &&
        (reference->issuer.size == 0 || (bytes_equal(reference->issuer, signer->issuer) &&
                                         bytes_equal(reference->serial, signer->serial)));
    return names_it ? REASON_NONE : REASON_SIGNING_CERTIFICATE_WRONG;
}

/* signing-certificate-v2 guards against another certificate with the same key (RFC 5035 §5). */
static enum reason check_references(const struct trust_signer *signer,
                                    const struct signed_data *data)
{
    const struct certificate_reference *reference = &data->reference;
    const struct bytes fingerprint = {signer->fingerprint.bytes, DIGEST_BYTES};
    /* What everybody writes: there is nothing to hash for it. */
    bool is_usual = data->reference_hash == HASH_SHA256 && reference->issuer.size == 0;
    enum reason reason = REASON_NONE;
    if (reference->digest.size > 0 && is_usual)
        reason = bytes_equal(reference->digest, fingerprint) ? REASON_NONE
                                                             : REASON_SIGNING_CERTIFICATE_WRONG;
    else if (reference->digest.size > 0)
        reason = check_reference(signer, reference, hash_evp(data->reference_hash));
    if (reason == REASON_NONE && data->reference_v1.digest.size > 0)
        reason = check_reference(signer, &data->reference_v1, EVP_sha1());
    return reason;
}

/* RFC 5652 §5.6: the content hashes to message-digest, and the attributes are signed. */
static enum reason check_signature(const struct trust_signer *signer,
                                   const struct signed_data *data, struct bytes content)
{
    enum hash_algorithm hash = data->algorithm.hash;
    enum reason reason = expect_digest(hash, &content, 1, data->message_digest);
    if (reason != REASON_NONE)
        return reason;
    struct bytes attributes[] = {{data->attributes_header, data->attributes_header_size},
                                 data->attributes};
    uint8_t digest[HASH_BYTES_MAX];
    if (!hash_parts(hash, attributes, 2, digest))
        return REASON_OUT_OF_MEMORY;
    return public_key_verify(signer->key, &data->algorithm, (struct bytes){digest, hash_size(hash)},
                             data->signature);
}

/* The content was just hashed for the signature; with SHA-256, which nearly everybody uses, that is
 * the digest by which a message is known everywhere else. */
static void note_content_digest(const struct signed_data *data, struct bytes content,
                                struct digest *ret_digest)
{
    if (data->algorithm.hash == HASH_SHA256)
        memcpy(ret_digest->bytes, data->message_digest.data, DIGEST_BYTES);
    else
        sha256_parts(&content, 1, ret_digest);
}

/* The verdict is filled as far as it is known, also for a refusal: who it would have been is what
 * the operator asks first. */
static enum reason judge(const struct trust *trust, struct bytes content, struct bytes signature,
                         struct bytes certificate, const struct key *expected_sender, wall_t now,
                         struct seal_verdict *verdict)
{
    struct signed_data data;
    if (signature.size == 0)
        return REASON_SIGNATURE_MISSING;
    if (signature.size > SIGNATURE_BYTES_MAX)
        return REASON_SIGNATURE_TOO_LARGE;
    enum reason reason = signed_data_parse(signature, &data);
    if (reason != REASON_NONE)
        return reason;
    verdict->signing_time = data.signing_time;
    const struct trust_signer *signer;
    reason = find_signer(trust, &data, &signer);
    if (reason != REASON_NONE)
        return reason;
    if (signer == NULL)
        return der_has_loose(data.issuer) ? REASON_SIGNATURE_NOT_DER : REASON_CERTIFICATE_UNKNOWN;
    verdict->participant = signer->participant;
    verdict->fingerprint = signer->fingerprint;
    if (certificate.size > 0 && !bytes_equal(certificate, trust_signer_certificate(signer)))
        return REASON_CERTIFICATE_UNKNOWN;
    reason = trust_judge(signer, now);
    if (reason != REASON_NONE)
        return reason;
    if (expected_sender != NULL && !key_equal(expected_sender, &signer->participant))
        return REASON_SIGNER_NOT_SENDER;
    reason = check_certificates(trust, signer, data.certificates);
    if (reason == REASON_NONE)
        reason = check_references(signer, &data);
    if (reason == REASON_NONE)
        reason = check_signature(signer, &data, content);
    if (reason == REASON_NONE)
        note_content_digest(&data, content, &verdict->content);
    return reason;
}

enum reason seal_verify(const struct trust *trust, struct bytes content, struct bytes signature,
                        struct bytes certificate, const struct key *expected_sender, wall_t now,
                        struct seal_verdict *ret_verdict)
{
    struct seal_verdict verdict = {0};
    verdict.reason = judge(trust, content, signature, certificate, expected_sender, now, &verdict);
    *ret_verdict = verdict;
    return verdict.reason;
}
