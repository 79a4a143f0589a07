/* The one time that a registered certificate's chain is looked at: chain_path.c finds the ways to
 * an anchor, OpenSSL checks constraints, uses and signatures of one, trust_lists.c what is revoked;
 * what depends on time is written down, not decided. */
#include "proto/seal/chain_path.h"
#include "proto/seal/openssl_error.h"
#include "proto/seal/trust_lists.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Sooner of the two. */
static void bring_forward(wall_t *moment, wall_t other)
{
    if (other.ms < moment->ms)
        *moment = other;
}

/* OpenSSL asks at each fault whether to go on: trust_judge compares the moments. */
static int at_fault(int sound, X509_STORE_CTX *context)
{
    int error = X509_STORE_CTX_get_error(context);
    return sound || error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

/* How a certificate was signed by its issuer. By the hash alone: whether key and scheme are strong
 * enough is judged with the key that signed (public_key_judge of the issuer). */
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
static enum reason judge_issuers(const struct chain_path *path, wall_t *not_before,
                                 wall_t *not_after)
{
    for (int i = 1; i < path->count; i++) {
        X509 *issuer = path->certificates[i];
        enum reason reason = public_key_judge(X509_get0_pubkey(issuer));
        if (reason == REASON_NONE && i + 1 < path->count)
            reason = judge_signature(issuer);
        if (reason != REASON_NONE)
            return reason;
        wall_t from = trust_time(X509_get0_notBefore(issuer));
        if (from.ms > not_before->ms)
            *not_before = from;
        bring_forward(not_after, trust_time_end(X509_get0_notAfter(issuer)));
    }
    return REASON_NONE;
}

/* Of one way to an anchor, whether OpenSSL has anything against it but time. */
enum verdict { PATH_TRUSTED, PATH_UNTRUSTED, PATH_NO_MEMORY };

static bool prepare(X509_STORE_CTX *context, X509_STORE *store, STACK_OF(X509) * anchors,
                    STACK_OF(X509) * between, X509 *certificate, wall_t now)
{
    if (X509_STORE_CTX_init(context, store, certificate, between) != 1)
        return false;
    X509_STORE_CTX_set0_trusted_stack(context, anchors);
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    /* We name weak algorithms ourselves; OpenSSL's levels would only say "untrusted". */
    X509_VERIFY_PARAM_set_auth_level(parameters, 0);
    X509_VERIFY_PARAM_set_depth(parameters, TRUST_CHAIN_MAX - 2);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(now.ms / 1000));
    X509_STORE_CTX_set_verify_cb(context, at_fault);
    return X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

/* One path at a time, with its end as the only anchor: OpenSSL would otherwise choose a path
 * itself, and which one it takes depends on the order of what it was given. */
static enum verdict ask_openssl(const struct chain_path *path, wall_t now)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *anchors = sk_X509_new_null();
    STACK_OF(X509) *between = sk_X509_new_null();
    enum verdict verdict = PATH_NO_MEMORY;
    bool sound = context != NULL && store != NULL && anchors != NULL && between != NULL &&
                 sk_X509_push(anchors, path->certificates[path->count - 1]) > 0;
    for (int i = 1; sound && i + 1 < path->count; i++)
        sound = sk_X509_push(between, path->certificates[i]) > 0;
    ERR_clear_error();
    if (sound && prepare(context, store, anchors, between, path->certificates[0], now)) {
        bool trusted = X509_verify_cert(context) == 1;
        /* OpenSSL may take a certificate for untrusted because it had no memory to look. */
        bool no_memory = openssl_ran_out_of_memory() ||
                         X509_STORE_CTX_get_error(context) == X509_V_ERR_OUT_OF_MEM;
        verdict = trusted ? PATH_TRUSTED : no_memory ? PATH_NO_MEMORY : PATH_UNTRUSTED;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_free(anchors);
    sk_X509_free(between);
    ERR_clear_error();
    return verdict;
}

/* --- one way ---------------------------------------------------------------------------------- */

/* What a way says; the best is kept. */
struct standing {
    enum reason reason;
    wall_t not_before;
    wall_t not_after;
    wall_t revoked_at;
    bool is_revocation_unknown;
    int rank;
};

struct judgement {
    const struct trust *trust;
    wall_t now;
    struct standing best;
    struct chain_path path; /* the best's */
    bool no_memory;
};

/* Everybody on the way but the anchor, which is trusted by decision, not by a list. */
static bool note_revocations(const struct trust *trust, const struct chain_path *path,
                             struct standing *standing)
{
    for (int i = 0; i + 1 < path->count; i++) {
        struct revocation revocation;
        if (trust_lists_look_up(trust, path->certificates[i], path->certificates[i + 1],
                                path->certificates[path->count - 1], &revocation) != REASON_NONE)
            return false;
        bring_forward(&standing->revoked_at, revocation.at);
        standing->is_revocation_unknown |= !revocation.is_covered;
    }
    return true;
}

/* Of several ways to an anchor the best one counts, as for any verifier that looks for one that
 * holds: cross-certificates come and go, and an old way that has ended must not hide a new one. */
static int rank_of(const struct standing *standing, wall_t now)
{
    if (standing->reason != REASON_NONE)
        return 1;
    if (now.ms >= standing->revoked_at.ms)
        return 2;
    if (now.ms < standing->not_before.ms || now.ms > standing->not_after.ms)
        return 3;
    return standing->is_revocation_unknown ? 4 : 5;
}

enum { RANK_BEST = 5 };

/* False ends the search: nothing better can come, or there was no memory to judge by. */
static bool judge_path(void *context, const struct chain_path *path)
{
    struct judgement *judgement = context;
    struct standing standing = {REASON_NONE, {INT64_MIN}, {INT64_MAX}, {INT64_MAX}, false, 0};
    enum verdict verdict = ask_openssl(path, judgement->now);
    if (verdict == PATH_UNTRUSTED)
        return true;
    if (verdict == PATH_NO_MEMORY || !note_revocations(judgement->trust, path, &standing)) {
        judgement->no_memory = true;
        return false;
    }
    standing.reason = judge_issuers(path, &standing.not_before, &standing.not_after);
    standing.rank = rank_of(&standing, judgement->now);
    if (standing.rank > judgement->best.rank) {
        judgement->best = standing;
        judgement->path = *path;
    }
    return judgement->best.rank < RANK_BEST;
}

/* The chain is kept for exported evidence, which has to stand without this installation's files.
 * What a failure leaves is freed with the signer. */
static bool keep_chain(struct trust_signer *signer, const struct chain_path *path)
{
    signer->chain = sk_X509_new_null();
    for (int i = 0; signer->chain != NULL && i < path->count; i++) {
        X509_up_ref(path->certificates[i]);
        if (sk_X509_push(signer->chain, path->certificates[i]) <= 0) {
            X509_free(path->certificates[i]);
            return false;
        }
    }
    return signer->chain != NULL;
}

static enum reason check_paths(const struct trust *trust, struct trust_signer *signer, wall_t now)
{
    struct judgement judgement = {.trust = trust, .now = now};
    enum reason reason = chain_paths_visit(trust, signer->certificate, judge_path, &judgement);
    if (reason != REASON_NONE || judgement.no_memory)
        return REASON_OUT_OF_MEMORY;
    const struct standing *best = &judgement.best;
    if (best->rank == 0) {
        signer->standing = REASON_CERTIFICATE_UNTRUSTED;
        return REASON_NONE;
    }
    signer->standing = best->reason;
    signer->chain_not_before = best->not_before;
    signer->chain_not_after = best->not_after;
    signer->revoked_at = best->revoked_at;
    signer->is_revocation_unknown = best->is_revocation_unknown;
    return keep_chain(signer, &judgement.path) ? REASON_NONE : REASON_OUT_OF_MEMORY;
}

/* A certificate that may not sign is a standing and no error of the reading: it is refused by its
 * reason at each use, and every other participant's registration stays good (invariant 13). An
 * error is only that memory was short, and then the registry is not taken at all. */
enum reason chain_check(const struct trust *trust, struct trust_signer *signer, wall_t now)
{
    signer->revoked_at = (wall_t){INT64_MAX};
    signer->chain_not_before = (wall_t){INT64_MIN};
    signer->chain_not_after = (wall_t){INT64_MAX};
    signer->standing = public_key_judge(X509_get0_pubkey(signer->certificate));
    if (signer->standing == REASON_NONE)
        signer->standing = judge_signature(signer->certificate);
    if (signer->standing == REASON_NONE && !may_sign(signer->certificate))
        signer->standing = REASON_CERTIFICATE_UNTRUSTED;
    return signer->standing == REASON_NONE ? check_paths(trust, signer, now) : REASON_NONE;
}

/* --- authorities -------------------------------------------------------------------------------
 */

struct authority_search {
    const struct trust *trust;
    struct trust_authority *authority;
    wall_t now;
    bool no_memory;
};

static bool is_revoked(const struct trust *trust, const X509 *certificate)
{
    for (size_t i = 0; i < trust->authority_count; i++) {
        if (trust->authorities[i].certificate == certificate && trust->authorities[i].is_revoked)
            return true;
    }
    return false;
}

static bool note_anchor(void *context, const struct chain_path *path)
{
    struct authority_search *search = context;
    for (int i = 0; i + 1 < path->count; i++) {
        if (is_revoked(search->trust, path->certificates[i]))
            return true;
    }
    enum verdict verdict = ask_openssl(path, search->now);
    search->no_memory = verdict == PATH_NO_MEMORY;
    for (size_t i = 0; verdict == PATH_TRUSTED && i < search->trust->authority_count; i++) {
        if (search->trust->authorities[i].certificate == path->certificates[path->count - 1])
            search->authority->is_below[i] = search->authority->is_trusted = true;
    }
    return !search->no_memory;
}

/* Whose revocation lists count: an authority that leads to an anchor without passing one that is
 * revoked. */
enum reason chain_check_authority(const struct trust *trust, struct trust_authority *authority,
                                  wall_t now)
{
    struct authority_search search = {.trust = trust, .authority = authority, .now = now};
    memset(authority->is_below, 0, sizeof authority->is_below);
    authority->is_trusted = false;
    enum reason reason = chain_paths_visit(trust, authority->certificate, note_anchor, &search);
    return search.no_memory ? REASON_OUT_OF_MEMORY : reason;
}
