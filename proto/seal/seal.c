#include "proto/seal/seal.h"

#include "proto/seal/sha256.h"
#include "proto/seal/signed_data.h"
#include "proto/seal/trust_internal.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <string.h>

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

static const struct trust_signer *find_signer(const struct trust *trust,
                                              const struct signed_data *data)
{
    if (data->issuer.size > 0)
        return trust_find_issued(trust, data->issuer, data->serial);
    /* Named by key identifier: several certificates may have it, the digest tells which. */
    struct digest fingerprint;
    if (data->certificate_digest.size != DIGEST_BYTES || data->certificate_hash != HASH_SHA256)
        return NULL;
    memcpy(fingerprint.bytes, data->certificate_digest.data, DIGEST_BYTES);
    const struct trust_signer *signer = trust_find(trust, &fingerprint);
    return signer != NULL && bytes_equal(signer->key_identifier, data->key_identifier) ? signer
                                                                                       : NULL;
}

/* signing-certificate-v2 guards against another certificate with the same key (RFC 5035 §5). */
static enum reason check_certificate_digest(const struct trust_signer *signer,
                                            const struct signed_data *data)
{
    struct bytes expected = data->certificate_digest;
    if (expected.size == 0)
        return REASON_NONE;
    if (data->certificate_hash == HASH_SHA256)
        return bytes_equal((struct bytes){signer->fingerprint.bytes, DIGEST_BYTES}, expected)
                   ? REASON_NONE
                   : REASON_SIGNATURE_WRONG;
    struct bytes certificate = trust_signer_certificate(signer);
    return expect_digest(data->certificate_hash, &certificate, 1, expected);
}

/* RFC 5652 §5.6: the content hashes to message-digest, and the attributes are signed. */
static enum reason check_signature(const struct trust_signer *signer,
                                   const struct signed_data *data, struct bytes content)
{
    enum hash_algorithm hash = data->algorithm.hash;
    enum reason reason = check_certificate_digest(signer, data);
    if (reason == REASON_NONE)
        reason = expect_digest(hash, &content, 1, data->message_digest);
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

/* A signature is evidence for others, who check it with a general tool: one that only we can read
 * because we skip what is broken in it proves nothing. Most signatures have no such parts. */
static enum reason check_unread_parts(const struct signed_data *data, struct bytes signature)
{
    if (!data->has_unread_parts)
        return REASON_NONE;
    const uint8_t *at = signature.data;
    CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)signature.size);
    bool is_read = message != NULL && at == signature.data + signature.size;
    bool is_memory_short = false;
    CMS_ContentInfo_free(message);
    for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error())
        is_memory_short = is_memory_short || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    if (is_read)
        return REASON_NONE;
    return is_memory_short ? REASON_OUT_OF_MEMORY : REASON_SIGNATURE_MALFORMED;
}

static void note_content_digest(const struct signed_data *data, struct bytes content,
                                struct digest *ret_digest)
{
    if (data->algorithm.hash == HASH_SHA256)
        memcpy(ret_digest->bytes, data->message_digest.data, DIGEST_BYTES);
    else
        sha256_parts(&content, 1, ret_digest);
}

static enum reason judge(const struct trust *trust, struct bytes content, struct bytes signature,
                         struct bytes certificate, const struct key *expected_sender, wall_t now,
                         struct seal_verdict *verdict)
{
    struct signed_data data;
    if (signature.size == 0)
        return REASON_SIGNATURE_MISSING;
    if (signature.size > SIGNATURE_BYTES_MAX)
        return REASON_SIGNATURE_MALFORMED;
    enum reason reason = signed_data_parse(signature, &data);
    if (reason != REASON_NONE)
        return reason;
    verdict->signing_time = data.signing_time;
    const struct trust_signer *signer = find_signer(trust, &data);
    if (signer == NULL)
        return REASON_CERTIFICATE_UNKNOWN;
    verdict->participant = signer->participant;
    verdict->fingerprint = signer->fingerprint;
    if (certificate.size > 0 && !bytes_equal(certificate, trust_signer_certificate(signer)))
        return REASON_CERTIFICATE_UNKNOWN;
    reason = trust_judge(signer, now);
    if (reason != REASON_NONE)
        return reason;
    if (expected_sender != NULL && !key_equal(expected_sender, &signer->participant))
        return REASON_SIGNER_NOT_SENDER;
    reason = check_signature(signer, &data, content);
    if (reason == REASON_NONE)
        reason = check_unread_parts(&data, signature);
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
