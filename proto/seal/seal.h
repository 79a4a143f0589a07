/* seal - detached signatures over bytes that are kept: make one, judge one, export one.
 *
 * A signature is an ordinary CMS SignedData in DER (RFC 5652) with the attributes of CAdES-BES
 * (ETSI EN 319 122-1: content-type, message-digest, signing-time, signing-certificate-v2). What is
 * signed is one envelope, or one manifest (manifest.h). It carries no certificate: the registry has
 * it, and the digest in signing-certificate-v2 says which. seal_export puts it in, and then
 *     openssl cms -verify -binary -inform DER -in SIGNATURE -content FILE -CAfile ANCHORS
 * says "successful". (That command asks of a certificate with extended key usages that e-mail
 * protection is among them; for others add "-purpose any".)
 *
 * Accepted: RSA of 2048 bits or more by PKCS#1 v1.5 or PSS, ECDSA on P-256 and P-384, with SHA-256,
 * SHA-384 or SHA-512; exactly the shape of signed_data.h. Everything here is safe on any number of
 * threads.
 *
 * One verdict with OpenSSL: what is accepted here that command accepts, and nobody on the way can
 * change its mind, for there is no byte that the signer did not sign, but certificates that are
 * known here. The other way round, OpenSSL accepts and we refuse, on purpose and by name, these and
 * no others (tests/unit/t_seal_differential.c):
 *     SIGNATURE_NOT_DER          BER, a SET out of order, stray bits: two writings of one signature
 *                                would be two digests in the ledger. To be written anew
 *     SIGNATURE_PROFILE          embedded content, another content type, several signers, no signed
 *                                attributes, other versions, certificates that are not X.509, an
 *                                attribute without a value: one shape is enough for everybody
 *     SIGNATURE_UNSIGNED_PART    unsigned attributes (also counter-signatures and time-stamps),
 *                                CRLs and OCSP answers inside, bytes after the end: whoever passes
 *                                the signature on can add them, and make OpenSSL refuse it
 *     SIGNATURE_TOO_LARGE        over SIGNATURE_BYTES_MAX, over 32 signed attributes, over 8
 *                                certificates: bounded (invariant 8)
 *     SIGNING_TIME_INVALID       no day and time, or not of the years 2000 to 2099: it is shown to
 *                                people as when it was signed
 *     SIGNING_CERTIFICATE_WRONG  signing-certificate or -v2 names another certificate (digest,
 *                                issuer or serial number), more than one, or policies. OpenSSL
 *                                looks only when told "-cades"
 *     SIGNER_NOT_NAMED           a key identifier without signing-certificate-v2 by SHA-256: a
 *                                renewed certificate has the same, and which one counts is open
 *     CERTIFICATE_UNKNOWN        the issuer is not written byte by byte as in the certificate; a
 *                                certificate inside that is neither the signer's nor in the trust
 *                                folders
 *     ALGORITHM_SHA1, _MD5, _NOT_LISTED, KEY_TOO_SHORT   the law's list (algorithm.h)
 *     ALGORITHM_MISMATCH         the signature algorithm names another digest or kind of key
 *     SIGNATURE_MALFORMED        an attribute that nobody here knows holds what is no ASN.1 at all,
 *                                or lies deeper than 24 levels: OpenSSL does not look inside
 *     and whatever trust.h says of the certificate (its chain, its key usage, its revocation).
 */
#pragma once

#include "proto/base/bytes.h"
#include "proto/base/digest.h"
#include "proto/base/key.h"
#include "proto/base/reason.h"
#include "proto/base/time.h"

struct trust;

/* A private key and its certificate. */
struct signer;

enum signer_padding {
    SIGNER_PADDING_PKCS1, /* what every validator takes: the default */
    SIGNER_PADDING_PSS,
};

/* The padding matters to RSA keys only. REASON_KEY_UNREADABLE: one of the two cannot be read.
 * REASON_CERTIFICATE_MISMATCH: they do not belong together. REASON_KEY_TOO_SHORT,
 * REASON_ALGORITHM_NOT_LISTED: nobody would accept its signatures. REASON_OUT_OF_MEMORY. */
enum reason signer_new(struct bytes key_pem, struct bytes certificate, enum signer_padding padding,
                       struct signer **ret_signer);
void signer_destroy(struct signer **signer);
/* SHA-256 of the certificate's DER. */
const struct digest *signer_fingerprint(const struct signer *signer);

/* Appends the signature. Always with SHA-256. REASON_OUT_OF_MEMORY; REASON_SIGNING_TIME_INVALID: a
 * clock of the years before 2000 or after 2099. ret_signature is then as before. */
enum reason seal_sign(const struct signer *signer, struct bytes content, wall_t signing_time,
                      struct buffer *ret_signature);

struct seal_verdict {
    enum reason reason;
    /* Known from there on where a registered certificate was found, otherwise zero; proven only
     * when reason is REASON_NONE. */
    struct key participant;
    struct digest fingerprint; /* of the signer's certificate */
    wall_t signing_time;       /* as the signer claims, whole seconds; 0 when not claimed */
    struct digest content;     /* SHA-256 of the content, with REASON_NONE only: hash it once */
};

/* Whether signature is a signature over content by a registered certificate of expected_sender that
 * counts at now. expected_sender may be NULL: whoever is registered. certificate, DER, may be
 * empty; if not, it must be the registered certificate that the signature names. Neither it nor
 * anything inside the signature extends trust.
 *
 * A pure function of its arguments. Answers ret_verdict->reason, in this order:
 *     SIGNATURE_MISSING                              empty
 *     SIGNATURE_TOO_LARGE, _MALFORMED, _NOT_DER, _PROFILE, _UNSIGNED_PART, ALGORITHM_SHA1, _MD5,
 *     _NOT_LISTED, _MISMATCH, SIGNING_TIME_INVALID, SIGNING_CERTIFICATE_WRONG
 *                                                    its shape: signed_data.h and above
 *     SIGNER_NOT_NAMED
 *     CERTIFICATE_UNKNOWN                            not registered, or not the one passed
 *     KEY_TOO_SHORT … CERTIFICATE_EXPIRED            see trust_judge
 *     SIGNER_NOT_SENDER
 *     SIGNATURE_NOT_DER, _PROFILE, _TOO_LARGE, CERTIFICATE_UNKNOWN     of certificates inside
 *     SIGNING_CERTIFICATE_WRONG                      the signer's is not the one that it names
 *     SIGNATURE_WRONG, ALGORITHM_MISMATCH            content, attributes or signature do not match
 *     OUT_OF_MEMORY                                  nothing is known; try again
 */
enum reason seal_verify(const struct trust *trust, struct bytes content, struct bytes signature,
                        struct bytes certificate, const struct key *expected_sender, wall_t now,
                        struct seal_verdict *ret_verdict);

enum { SEAL_EXPORT_CERTIFICATES_MAX = 8 };
