/* Revocation lists (RFC 5280 §5 and §6.3): which of them are to be relied on, and what they say.
 *
 * Two different questions, answered with different care. That a certificate is revoked is believed
 * from every list that its authority signed, also an old or an incomplete one. That it is not
 * revoked is believed only from a list that is complete, whose scope covers the certificate, and
 * whose signer speaks for its issuer. */
#include "proto/seal/trust_lists.h"

#include "proto/seal/openssl_error.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>

static bool is_known_extension(X509_EXTENSION *extension)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    return nid == NID_issuing_distribution_point || nid == NID_authority_key_identifier ||
           nid == NID_delta_crl;
}

/* RFC 5280 §5.2: who does not know a critical extension must not rely on the list. */
static bool has_unknown_extension(const X509_CRL *list)
{
    for (int i = 0; i < X509_CRL_get_ext_count(list); i++) {
        X509_EXTENSION *extension = X509_CRL_get_ext(list, i);
        if (X509_EXTENSION_get_critical(extension) && !is_known_extension(extension))
            return true;
    }
    return false;
}

/* §5.3: the same for one entry spoils the list as a whole. */
static bool has_unknown_entry(X509_CRL *list)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        for (int k = 0; k < X509_REVOKED_get_ext_count(entry); k++) {
            X509_EXTENSION *extension = X509_REVOKED_get_ext(entry, k);
            if (X509_EXTENSION_get_critical(extension) &&
                OBJ_obj2nid(X509_EXTENSION_get_object(extension)) != NID_certificate_issuer)
                return true;
        }
    }
    return false;
}

static bool is_complete(const struct trust_list *judged)
{
    const ISSUING_DIST_POINT *scope = judged->scope;
    if (X509_CRL_get_ext_by_NID(judged->list, NID_delta_crl, -1) >= 0 ||
        has_unknown_extension(judged->list) || has_unknown_entry(judged->list))
        return false;
    /* A scope that cannot be read, or stands there twice, is one that nobody knows. */
    if (scope == NULL)
        return X509_CRL_get_ext_by_NID(judged->list, NID_issuing_distribution_point, -1) < 0;
    return scope->onlysomereasons == NULL && scope->indirectCRL <= 0 && scope->onlyattr <= 0;
}

/* An authority whose key may sign lists, and made this one. The cheap questions first; the
 * signature is checked only for an authority of that name. */
static bool signed_by(X509_CRL *list, const struct trust_authority *authority)
{
    X509 *certificate = authority->certificate;
    return authority->is_trusted &&
           X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(certificate)) == 0 &&
           (X509_get_key_usage(certificate) & KU_CRL_SIGN) != 0 &&
           X509_CRL_verify(list, X509_get0_pubkey(certificate)) == 1;
}

/* A list that nobody known has signed stays in the snapshot with its standing: an operator who put
 * it there is told why it does nothing (invariant 15). */
static enum reason judge_one(struct trust *trust, struct trust_list *judged)
{
    ERR_clear_error();
    judged->scope = X509_CRL_get_ext_d2i(judged->list, NID_issuing_distribution_point, NULL, NULL);
    judged->key_identifier =
        X509_CRL_get_ext_d2i(judged->list, NID_authority_key_identifier, NULL, NULL);
    for (size_t i = 0; judged->signer == NULL && i < trust->authority_count; i++) {
        if (signed_by(judged->list, &trust->authorities[i]))
            judged->signer = &trust->authorities[i];
    }
    X509_NAME_oneline(X509_CRL_get_issuer(judged->list), judged->issuer, sizeof judged->issuer);
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(judged->list);
    judged->has_next_update = next != NULL;
    judged->next_update = trust_time(next);
    judged->standing = judged->signer == NULL ? REASON_LIST_NOT_SIGNED
                       : !is_complete(judged) ? REASON_LIST_INCOMPLETE
                                              : REASON_NONE;
    bool is_memory_short = openssl_ran_out_of_memory();
    ERR_clear_error();
    return is_memory_short ? REASON_OUT_OF_MEMORY : REASON_NONE;
}

enum reason trust_lists_judge(struct trust *trust, STACK_OF(X509_CRL) * lists)
{
    size_t count = (size_t)sk_X509_CRL_num(lists);
    enum reason reason = REASON_NONE;
    trust->lists = calloc(count + 1, sizeof trust->lists[0]);
    if (trust->lists == NULL)
        return REASON_OUT_OF_MEMORY;
    for (size_t i = 0; reason == REASON_NONE && i < count; i++) {
        struct trust_list *judged = &trust->lists[trust->list_count++];
        judged->list = sk_X509_CRL_value(lists, (int)i);
        X509_CRL_up_ref(judged->list);
        reason = judge_one(trust, judged);
    }
    return reason;
}

/* The parsed lists are large, and no longer needed once every signer's standing is noted; name,
 * date and standing stay, for the operators. */
void trust_lists_close(struct trust *trust)
{
    for (size_t i = 0; i < trust->list_count; i++) {
        X509_CRL_free(trust->lists[i].list);
        ISSUING_DIST_POINT_free(trust->lists[i].scope);
        AUTHORITY_KEYID_free(trust->lists[i].key_identifier);
        trust->lists[i].key_identifier = NULL;
        trust->lists[i].list = NULL;
        trust->lists[i].scope = NULL;
    }
}

/* --- what they say of a certificate ------------------------------------------------------------
 */

static bool has_name(const GENERAL_NAMES *names, const X509_NAME *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type == GEN_DIRNAME && X509_NAME_cmp(one->d.directoryName, name) == 0)
            return true;
    }
    return false;
}

/* The certificate says that this authority's list speaks for its issuer (RFC 5280 §4.2.1.13). */
static bool delegates_to(const CRL_DIST_POINTS *points, const struct trust_list *judged)
{
    if (judged->scope == NULL || judged->scope->indirectCRL <= 0)
        return false;
    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        if (has_name(sk_DIST_POINT_value(points, i)->CRLissuer, X509_CRL_get_issuer(judged->list)))
            return true;
    }
    return false;
}

static bool share_a_name(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(a); i++) {
        for (int k = 0; k < sk_GENERAL_NAME_num(b); k++) {
            if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0)
                return true;
        }
    }
    return false;
}

/* A list of one place covers those whose certificates name the place in full. */
static bool place_covers(const DIST_POINT_NAME *place, const CRL_DIST_POINTS *points)
{
    if (place == NULL)
        return true;
    for (int i = 0; place->type == 0 && i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(points, i);
        if (point->distpoint != NULL && point->distpoint->type == 0 && point->reasons == NULL &&
            share_a_name(place->name.fullname, point->distpoint->name.fullname))
            return true;
    }
    return false;
}

static bool covers(const struct trust_list *judged, X509 *certificate,
                   const CRL_DIST_POINTS *points)
{
    const ISSUING_DIST_POINT *scope = judged->scope;
    if (scope == NULL)
        return true;
    bool is_authority = (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
    return (is_authority ? scope->onlyuser : scope->onlyCA) <= 0 &&
           place_covers(scope->distpoint, points);
}

static bool may_sign_as(const struct trust_list *judged, X509 *certificate)
{
    return (X509_get_key_usage(certificate) & KU_CRL_SIGN) != 0 &&
           X509_check_akid(certificate, judged->key_identifier) == X509_V_OK &&
           EVP_PKEY_eq(X509_get0_pubkey(certificate),
                       X509_get0_pubkey(judged->signer->certificate)) == 1;
}

/* By the issuer itself, or by another key of its name that the list itself tells apart from the
 * issuer's. Several certificates may be of one key, and lead to other anchors. */
static bool may_clear(const struct trust *trust, const struct trust_list *judged, X509 *issuer,
                      X509 *anchor)
{
    if (X509_check_akid(issuer, judged->key_identifier) == X509_V_OK)
        return may_sign_as(judged, issuer);
    for (size_t i = 0; i < trust->authority_count; i++) {
        const struct trust_authority *authority = &trust->authorities[i];
        if (!authority->is_trusted || !may_sign_as(judged, authority->certificate) ||
            X509_NAME_cmp(X509_get_subject_name(authority->certificate),
                          X509_CRL_get_issuer(judged->list)) != 0)
            continue;
        for (size_t k = 0; k < trust->authority_count; k++) {
            if (authority->is_below[k] && X509_cmp(trust->authorities[k].certificate, anchor) == 0)
                return true;
        }
    }
    return false;
}

/* Sooner of the two. */
static void bring_forward(wall_t *moment, wall_t other)
{
    if (other.ms < moment->ms)
        *moment = other;
}

/* A certificate that no list would speak of counts as covered: an authority that publishes no lists
 * is the registry's decision. Where there is one that would, and none that may be relied on,
 * revocation is unknown, and the certificate is refused for that (trust_judge). */
enum reason trust_lists_look_up(const struct trust *trust, X509 *certificate, X509 *issuer,
                                X509 *anchor, struct revocation *ret_revocation)
{
    struct revocation revocation = {.at = {INT64_MAX}};
    bool is_listed = false; /* there is a list that would speak of it */
    ERR_clear_error();
    CRL_DIST_POINTS *points =
        X509_get_ext_d2i(certificate, NID_crl_distribution_points, NULL, NULL);
    for (size_t i = 0; i < trust->list_count; i++) {
        const struct trust_list *judged = &trust->lists[i];
        X509_REVOKED *entry = NULL;
        bool is_own = X509_NAME_cmp(X509_CRL_get_issuer(judged->list),
                                    X509_get_issuer_name(certificate)) == 0;
        if (!is_own && !delegates_to(points, judged))
            continue;
        is_listed = true;
        if (is_own && judged->standing == REASON_NONE && !revocation.is_covered)
            revocation.is_covered =
                covers(judged, certificate, points) && may_clear(trust, judged, issuer, anchor);
        if (judged->signer != NULL && X509_CRL_get0_by_cert(judged->list, &entry, certificate) == 1)
            bring_forward(&revocation.at, trust_time(X509_REVOKED_get0_revocationDate(entry)));
    }
    CRL_DIST_POINTS_free(points);
    revocation.is_covered |= !is_listed;
    bool is_memory_short = openssl_ran_out_of_memory();
    ERR_clear_error();
    if (is_memory_short)
        return REASON_OUT_OF_MEMORY;
    *ret_revocation = revocation;
    return REASON_NONE;
}

enum reason trust_lists_note_revoked(const struct trust *trust, struct trust_authority *authority)
{
    struct revocation revocation;
    X509 *certificate = authority->certificate;
    enum reason reason =
        trust_lists_look_up(trust, certificate, certificate, certificate, &revocation);
    if (reason == REASON_NONE)
        authority->is_revoked = !authority->is_anchor && revocation.at.ms != INT64_MAX;
    return reason;
}
