/* The one time that a registered certificate's chain is looked at: OpenSSL builds it and checks
 * signatures, constraints and revocation; what depends on time is written down, not decided. */
#include "proto/seal/openssl_error.h"
#include "proto/seal/trust_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Sooner of the two. */
static void bring_forward(wall_t *moment, wall_t other)
{
    if (other.ms < moment->ms)
        *moment = other;
}

/* OpenSSL found the certificate on a list; which one, it has forgotten when that list is past its
 * nextUpdate. So the earliest date on any list of that issuer counts. */
static void note_revocation(struct trust_signer *signer, X509_STORE_CTX *context)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    STACK_OF(X509_CRL) *lists =
        X509_STORE_CTX_get1_crls(context, X509_get_issuer_name(certificate));
    wall_t at = {INT64_MAX};
    for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
        X509_REVOKED *entry = NULL;
        if (X509_CRL_get0_by_cert(sk_X509_CRL_value(lists, i), &entry, certificate) == 1)
            bring_forward(&at, trust_time(X509_REVOKED_get0_revocationDate(entry)));
    }
    if (at.ms == INT64_MAX) /* no memory for the search: revoked all the same */
        at.ms = INT64_MIN;
    bring_forward(&signer->revoked_at, at);
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

/* OpenSSL asks at each fault whether to go on. */
static int at_fault(int sound, X509_STORE_CTX *context)
{
    if (sound)
        return 1;
    bool anchor = X509_STORE_CTX_get_error_depth(context) + 1 ==
                  sk_X509_num(X509_STORE_CTX_get0_chain(context));
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CERT_HAS_EXPIRED: /* trust_judge compares the moments */
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED: /* the header says why */
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return 1;
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER: /* an anchor is trusted by decision, not by a list */
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        return anchor;
    case X509_V_ERR_CERT_REVOKED:
        if (!anchor)
            note_revocation(X509_STORE_CTX_get_app_data(context), context);
        return 1;
    default:
        return 0;
    }
}

/* How a certificate was signed by its issuer. */
static enum reason judge_signature(X509 *certificate)
{
    int hash = NID_undef;
    if (X509_get_signature_info(certificate, &hash, NULL, NULL, NULL) != 1)
        return REASON_ALGORITHM_NOT_LISTED;
    switch (hash) {
    case NID_sha256:
    case NID_sha384:
    case NID_sha512:
        return REASON_NONE;
    case NID_sha1:
        return REASON_ALGORITHM_SHA1;
    case NID_md5:
        return REASON_ALGORITHM_MD5;
    default:
        return REASON_ALGORITHM_NOT_LISTED;
    }
}

static bool may_sign(X509 *certificate)
{
    /* All bits are set when the certificate does not restrict its use. */
    return (X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

/* Strength and validity of the issuers. An anchor's own signature is not relied on. */
static enum reason judge_issuers(struct trust_signer *signer)
{
    int count = sk_X509_num(signer->chain);
    for (int i = 1; i < count; i++) {
        X509 *issuer = sk_X509_value(signer->chain, i);
        enum reason reason = public_key_judge(X509_get0_pubkey(issuer));
        if (reason == REASON_NONE && i + 1 < count)
            reason = judge_signature(issuer);
        if (reason != REASON_NONE)
            return reason;
        wall_t not_before = trust_time(X509_get0_notBefore(issuer));
        if (not_before.ms > signer->chain_not_before.ms)
            signer->chain_not_before = not_before;
        bring_forward(&signer->chain_not_after, trust_time_end(X509_get0_notAfter(issuer)));
    }
    return REASON_NONE;
}

static bool prepare(X509_STORE_CTX *context, struct trust_signer *signer, X509_STORE *store,
                    STACK_OF(X509) * intermediates, wall_t now)
{
    if (X509_STORE_CTX_init(context, store, signer->certificate, intermediates) != 1 ||
        X509_STORE_CTX_set_app_data(context, signer) != 1)
        return false;
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    /* We name weak algorithms ourselves; OpenSSL's levels would only say "untrusted". */
    X509_VERIFY_PARAM_set_auth_level(parameters, 0);
    X509_VERIFY_PARAM_set_depth(parameters, TRUST_CHAIN_MAX - 2);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(now.ms / 1000));
    X509_STORE_CTX_set_verify_cb(context, at_fault);
    return X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK |
                                                       X509_V_FLAG_CRL_CHECK_ALL |
                                                       X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

/* Sets signer->standing. False when memory is short. */
static bool walk(struct trust_signer *signer, X509_STORE_CTX *context)
{
    ERR_clear_error();
    int trusted = X509_verify_cert(context);
    /* OpenSSL may take a certificate for untrusted because it had no memory to look. */
    bool is_memory_short = openssl_ran_out_of_memory();
    if (X509_STORE_CTX_get_error(context) == X509_V_ERR_OUT_OF_MEM ||
        (trusted != 1 && is_memory_short))
        return false;
    if (trusted != 1) {
        signer->standing = REASON_CERTIFICATE_UNTRUSTED;
        return true;
    }
    signer->chain = X509_STORE_CTX_get1_chain(context);
    if (signer->chain == NULL)
        return false;
    signer->standing = judge_issuers(signer);
    return true;
}

enum reason chain_check(struct trust_signer *signer, X509_STORE *store,
                        STACK_OF(X509) * intermediates, wall_t now)
{
    signer->revoked_at = (wall_t){INT64_MAX};
    signer->chain_not_before = (wall_t){INT64_MIN};
    signer->chain_not_after = (wall_t){INT64_MAX};
    signer->standing = public_key_judge(X509_get0_pubkey(signer->certificate));
    if (signer->standing == REASON_NONE)
        signer->standing = judge_signature(signer->certificate);
    if (signer->standing == REASON_NONE && !may_sign(signer->certificate))
        signer->standing = REASON_CERTIFICATE_UNTRUSTED;
    if (signer->standing != REASON_NONE)
        return REASON_NONE;
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool done = context != NULL && prepare(context, signer, store, intermediates, now) &&
                walk(signer, context);
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return done ? REASON_NONE : REASON_OUT_OF_MEMORY;
}
