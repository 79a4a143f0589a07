/* trust - who may sign for whom: one immutable snapshot, shared by all threads that verify.
 *
 * It is built from bytes that the caller read (no file, no clock in here), then frozen:
 *     trust_builder_new
 *     trust_builder_add_anchors, _add_intermediates, _add_lists    any number of times, any order
 *     trust_builder_register                                       each signer's certificate
 *     trust_freeze                                                 ends the builder
 *     trust_hold / trust_drop                                      one per thread or owner
 * When a certificate, a revocation list or the registry changes, build another snapshot and swap.
 *
 * At the freeze every registered certificate is parsed and its chain checked once, revocation lists
 * included. What is kept per certificate is a verdict that does not depend on time, and moments:
 * its own validity, that of its chain, its revocation. trust_judge then only compares moments with
 * the time that it is given; nobody asks the ambient clock.
 *
 * Revocation. A certificate (or an authority below the anchor) that stands on any list which its
 * issuer signed is revoked from that list's date on: complete lists and deltas, lists of some
 * reasons, of a place or of other authorities' certificates (where the certificate says so), old
 * lists beside new ones. Nothing takes it back but the list's leaving the folder: not a delta that
 * says so, not an empty list by another key of the issuer.
 * That it is on none counts only where a complete list of its issuer covers it. Lists of its issuer
 * that are none of that (changes, some reasons, a place that the certificate does not name, other
 * authorities', critical extensions that nobody here knows, no trusted signer) leave it unknown:
 * REVOCATION_UNKNOWN. Without any list of its issuer it counts as not revoked, and a list past its
 * nextUpdate still counts, because no news must not stop intake (invariant 10).
 * Who signs: any authority of the issuer's name that may (key usage cRLSign) and stands below an
 * anchor, whichever its key, so that an authority may renew its key. A list by another key than the
 * issuer's clears only when its key identifier says so, both stand below one anchor, and nobody on
 * the way to it is revoked.
 *
 * OpenSSL (X509_verify_cert with CRL_CHECK_ALL, EXTENDED_CRL_SUPPORT, USE_DELTAS) accepts what is
 * accepted here but, on purpose: certificates without a list; lists out of date, or by a
 * key whose certificate is. It accepts and we
 * refuse, on purpose: what only a newer list or a delta clears; what covers every reason or place
 * only together; lists indirect for everybody. tests/unit/t_trust_differential.c.
 *
 * Sources: RFC 5280 §6; TT 15/2025/TT-BKHCN for algorithms and key lengths.
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/digest.h"
#include "proto/base/key.h"
#include "proto/base/limits.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

enum {
    /* Each participant: the current certificate, the next one, and old ones whose messages are
     * still checked. */
    TRUST_SIGNERS_MAX = 4 * PARTICIPANTS_MAX,
    TRUST_AUTHORITIES_MAX = 256, /* anchors, intermediates: Vietnam has some twenty of each */
    TRUST_LISTS_MAX = 256,
    TRUST_CHAIN_MAX = 8, /* certificates from signer to anchor, both included */
};

struct trust_builder;
struct trust;
struct trust_signer; /* lives as long as the snapshot */

/* REASON_OUT_OF_MEMORY. */
enum reason trust_builder_new(struct trust_builder **ret_builder);
void trust_builder_destroy(struct trust_builder **builder);

/* PEM with any number of blocks, or one DER. REASON_REGISTRY_INVALID when it cannot be read, has
 * none, or a bound above is reached; REASON_OUT_OF_MEMORY. Destroy the builder then. */
enum reason trust_builder_add_anchors(struct trust_builder *builder, struct bytes certificates);
enum reason trust_builder_add_intermediates(struct trust_builder *builder,
                                            struct bytes certificates);
enum reason trust_builder_add_lists(struct trust_builder *builder, struct bytes lists);

/* Binds one certificate (PEM or DER, exactly one) to a participant, who may have several.
 * When that certificate, or another with the same issuer and serial number, is registered twice,
 * trust_freeze answers REASON_REGISTRY_INVALID. A bad certificate (expired, untrusted, short key)
 * is registered with its verdict, so that its refusals are named. */
enum reason trust_builder_register(struct trust_builder *builder, const struct key *participant,
                                   struct bytes certificate);

/* Destroys the builder in any case. now only helps to choose between several possible chains (a
 * renewed authority). On success the caller holds the snapshot. */
enum reason trust_freeze(struct trust_builder **builder, wall_t now, struct trust **ret_trust);

struct trust *trust_hold(struct trust *trust);
/* Drops one hold and sets the pointer to NULL; the last one frees. */
void trust_drop(struct trust **trust);

/* NULL when not registered. Names as they stand in the certificate: issuer as the whole DER Name,
 * serial as the content of its INTEGER. */
const struct trust_signer *trust_find_issued(const struct trust *trust, struct bytes issuer,
                                             struct bytes serial);
/* fingerprint: SHA-256 of the certificate's DER. */
const struct trust_signer *trust_find(const struct trust *trust, const struct digest *fingerprint);

/* All registered certificates in the order of registration, for checks and lists. */
size_t trust_signer_count(const struct trust *trust);
const struct trust_signer *trust_signer_at(const struct trust *trust, size_t index);

/* Whether its signatures count at that time: REASON_NONE, or REASON_KEY_TOO_SHORT, _ALGORITHM_SHA1,
 * _ALGORITHM_MD5, _ALGORITHM_NOT_LISTED (its own key, or how it or its chain was signed),
 * _CERTIFICATE_UNTRUSTED (also: an issuer is out of date), _CERTIFICATE_REVOKED,
 * _CERTIFICATE_NOT_YET_VALID, _CERTIFICATE_EXPIRED, _REVOCATION_UNKNOWN. The first that applies, in
 * this order. */
enum reason trust_judge(const struct trust_signer *signer, wall_t now);

const struct key *trust_signer_participant(const struct trust_signer *signer);
struct bytes trust_signer_certificate(const struct trust_signer *signer); /* DER */
/* Last moment of the certificate's own validity. */
wall_t trust_signer_not_after(const struct trust_signer *signer);

/* The earliest nextUpdate among the lists; false when there is no list with one. */
bool trust_oldest_list(const struct trust *trust, wall_t *ret_next_update);

/* The lists, in the order in which they were added. What can be said of one: REASON_NONE,
 * REASON_LIST_NOT_SIGNED, _LIST_INCOMPLETE, _LIST_OUT_OF_DATE. */
size_t trust_list_count(const struct trust *trust);
enum reason trust_judge_list(const struct trust *trust, size_t index, wall_t now);
/* Its name on one line, "/C=VN/O=…"; lives as long as the snapshot. */
const char *trust_list_issuer(const struct trust *trust, size_t index);
