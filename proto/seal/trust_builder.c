/* From files to a snapshot of trust. In this order, because each needs the one before:
 * certificates, ways of the authorities to anchors, lists by those authorities, authorities that
 * are revoked by the lists, and last the signers. */
#include "proto/base/check.h"
#include "proto/seal/der.h"
#include "proto/seal/pem.h"
#include "proto/seal/sha256.h"
#include "proto/seal/trust_internal.h"
#include "proto/seal/trust_lists.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

enum reason trust_builder_new(struct trust_builder **ret_builder)
{
    struct trust_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL)
        return REASON_OUT_OF_MEMORY;
    builder->anchors = sk_X509_new_null();
    builder->intermediates = sk_X509_new_null();
    builder->lists = sk_X509_CRL_new_null();
    builder->trust = calloc(1, sizeof *builder->trust);
    if (builder->anchors == NULL || builder->intermediates == NULL || builder->lists == NULL ||
        builder->trust == NULL) {
        trust_builder_destroy(&builder);
        return REASON_OUT_OF_MEMORY;
    }
    atomic_init(&builder->trust->holds, 1);
    *ret_builder = builder;
    return REASON_NONE;
}

void trust_builder_destroy(struct trust_builder **builder)
{
    if (*builder == NULL)
        return;
    sk_X509_pop_free((*builder)->anchors, X509_free);
    sk_X509_pop_free((*builder)->intermediates, X509_free);
    sk_X509_CRL_pop_free((*builder)->lists, X509_CRL_free);
    trust_drop(&(*builder)->trust);
    free(*builder);
    *builder = NULL;
}

/* The bound is on what is verified with: each authority is looked at for each way that a chain may
 * take. */
static enum reason add_certificates(STACK_OF(X509) * certificates, struct bytes content)
{
    enum reason reason = pem_read_certificates(content, certificates);
    if (reason == REASON_NONE && sk_X509_num(certificates) > TRUST_AUTHORITIES_MAX)
        return REASON_REGISTRY_INVALID;
    return reason;
}

enum reason trust_builder_add_anchors(struct trust_builder *builder, struct bytes certificates)
{
    return add_certificates(builder->anchors, certificates);
}

enum reason trust_builder_add_intermediates(struct trust_builder *builder,
                                            struct bytes certificates)
{
    return add_certificates(builder->intermediates, certificates);
}

/* The bound is met by one file with many lists as well as by many files. */
enum reason trust_builder_add_lists(struct trust_builder *builder, struct bytes lists)
{
    enum reason reason = pem_read_lists(lists, builder->lists);
    if (reason == REASON_NONE && sk_X509_CRL_num(builder->lists) > TRUST_LISTS_MAX)
        return REASON_REGISTRY_INVALID;
    return reason;
}

wall_t trust_time(const ASN1_TIME *time)
{
    struct tm parts;
    /* A time that cannot be read lies before everything: not_after then refuses. */
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return (wall_t){INT64_MIN};
    return (wall_t){(int64_t)timegm(&parts) * 1000};
}

/* The whole last second counts (RFC 5280 §4.1.2.5: the moment is included). */
wall_t trust_time_end(const ASN1_TIME *time)
{
    wall_t start = trust_time(time);
    return (wall_t){start.ms == INT64_MIN ? INT64_MIN : start.ms + 999};
}

/* TBSCertificate (RFC 5280 §4.1): [0] version, serial number, algorithm, issuer, … */
static bool read_names(struct trust_signer *signer)
{
    struct bytes der = {signer->der, signer->der_size};
    struct bytes certificate;
    struct bytes rest;
    struct bytes skipped;
    if (!der_take_only(der, DER_SEQUENCE, &certificate) ||
        !der_take(&certificate, DER_SEQUENCE, &rest))
        return false;
    (void)der_take(&rest, DER_CONTEXT_0, &skipped);
    return der_take(&rest, DER_INTEGER, &signer->serial) &&
           der_take(&rest, DER_SEQUENCE, &skipped) &&
           der_take_whole(&rest, DER_SEQUENCE, &signer->issuer);
}

/* What is compared with each signature is taken out once, since parsing a certificate costs more
 * than a look-up. */
static enum reason describe(struct trust_signer *signer)
{
    signer->der = pem_certificate_der(signer->certificate, &signer->der_size);
    if (signer->der == NULL)
        return REASON_OUT_OF_MEMORY;
    if (!read_names(signer))
        return REASON_REGISTRY_INVALID;
    struct bytes der = {signer->der, signer->der_size};
    sha256_parts(&der, 1, &signer->fingerprint);
    const ASN1_OCTET_STRING *identifier = X509_get0_subject_key_id(signer->certificate);
    if (identifier != NULL)
        signer->key_identifier = (struct bytes){ASN1_STRING_get0_data(identifier),
                                                (size_t)ASN1_STRING_length(identifier)};
    signer->not_before = trust_time(X509_get0_notBefore(signer->certificate));
    signer->not_after = trust_time_end(X509_get0_notAfter(signer->certificate));
    return REASON_NONE;
}

/* Signers move when the list grows; indexes to them are made only afterwards (trust_index). */
static bool make_room(struct trust_builder *builder)
{
    struct trust *trust = builder->trust;
    struct trust_signer *signers =
        rows_grow(trust->signers, trust->count, &builder->capacity, sizeof *signers);
    if (signers != NULL)
        trust->signers = signers;
    return signers != NULL;
}

/* Takes the certificate. */
static enum reason append(struct trust_builder *builder, const struct key *participant,
                          X509 *certificate)
{
    struct trust *trust = builder->trust;
    struct trust_signer signer = {.participant = *participant, .certificate = certificate};
    enum reason reason = trust->count == TRUST_SIGNERS_MAX ? REASON_REGISTRY_INVALID
                         : make_room(builder)              ? describe(&signer)
                                                           : REASON_OUT_OF_MEMORY;
    if (reason != REASON_NONE) {
        trust_signer_release(&signer);
        return reason;
    }
    trust->signers[trust->count++] = signer;
    return REASON_NONE;
}

/* Exactly one certificate a file: of two nobody could say which the row of the registry meant. */
enum reason trust_builder_register(struct trust_builder *builder, const struct key *participant,
                                   struct bytes certificate)
{
    check(!key_is_none(participant));
    STACK_OF(X509) *certificates = sk_X509_new_null();
    if (certificates == NULL)
        return REASON_OUT_OF_MEMORY;
    enum reason reason = pem_read_certificates(certificate, certificates);
    if (reason == REASON_NONE)
        reason = sk_X509_num(certificates) == 1
                     ? append(builder, participant, sk_X509_pop(certificates))
                     : REASON_REGISTRY_INVALID;
    sk_X509_pop_free(certificates, X509_free);
    return reason;
}

static enum reason check_authorities(struct trust *trust, wall_t now)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < trust->authority_count; i++)
        reason = chain_check_authority(trust, &trust->authorities[i], now);
    return reason;
}

/* A revoked authority's lists may revoke, and clear nothing: the ways are looked for again. */
static enum reason leave_out_revoked(struct trust *trust, wall_t now)
{
    enum reason reason = REASON_NONE;
    bool has_one = false;
    for (size_t i = 0; reason == REASON_NONE && i < trust->authority_count; i++) {
        reason = trust_lists_note_revoked(trust, &trust->authorities[i]);
        has_one |= trust->authorities[i].is_revoked;
    }
    return reason == REASON_NONE && has_one ? check_authorities(trust, now) : reason;
}

/* Contexts to verify are made ready only for those who may sign. */
static enum reason check_signers(struct trust *trust, wall_t now)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < trust->count; i++) {
        struct trust_signer *signer = &trust->signers[i];
        reason = chain_check(trust, signer, now);
        if (reason == REASON_NONE && signer->standing == REASON_NONE &&
            !public_key_new(X509_get0_pubkey(signer->certificate), &signer->key))
            reason = REASON_OUT_OF_MEMORY;
    }
    ERR_clear_error();
    return reason;
}

/* A certificate must say whose it is, and its name which certificate it is. Looked for once all are
 * in, by the index itself: the first with that name must be the only one. */
static bool names_are_unique(const struct trust *trust)
{
    for (size_t i = 0; i < trust->count; i++) {
        const struct trust_signer *signer = &trust->signers[i];
        if (trust_find_issued(trust, signer->issuer, signer->serial) != signer)
            return false;
    }
    return true;
}

static bool note_authorities(struct trust *trust, STACK_OF(X509) * certificates, bool are_anchors)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        struct trust_authority *authority = &trust->authorities[trust->authority_count];
        X509 *certificate = sk_X509_value(certificates, i);
        authority->der = pem_certificate_der(certificate, &authority->der_size);
        if (authority->der == NULL)
            return false;
        X509_up_ref(certificate);
        authority->certificate = certificate;
        authority->is_anchor = are_anchors;
        trust->authority_count++;
    }
    return true;
}

static bool gather_authorities(struct trust_builder *builder)
{
    struct trust *trust = builder->trust;
    size_t count = (size_t)(sk_X509_num(builder->anchors) + sk_X509_num(builder->intermediates));
    trust->authorities = calloc(count + 1, sizeof trust->authorities[0]);
    return trust->authorities != NULL && note_authorities(trust, builder->anchors, true) &&
           note_authorities(trust, builder->intermediates, false);
}

/* The builder is gone afterwards, whatever came of it. Until the end nobody else has seen the
 * snapshot, so that a failure leaves the trust of before in use. */
enum reason trust_freeze(struct trust_builder **builder, wall_t now, struct trust **ret_trust)
{
    struct trust *trust = (*builder)->trust;
    enum reason reason =
        trust_index(trust) && gather_authorities(*builder) ? REASON_NONE : REASON_OUT_OF_MEMORY;
    if (reason == REASON_NONE && !names_are_unique(trust))
        reason = REASON_REGISTRY_INVALID;
    if (reason == REASON_NONE)
        reason = check_authorities(trust, now);
    if (reason == REASON_NONE)
        reason = trust_lists_judge(trust, (*builder)->lists);
    if (reason == REASON_NONE)
        reason = leave_out_revoked(trust, now);
    if (reason == REASON_NONE)
        reason = check_signers(trust, now);
    trust_lists_close(trust);
    if (reason == REASON_NONE)
        *ret_trust = trust_hold(trust);
    trust_builder_destroy(builder);
    return reason;
}
