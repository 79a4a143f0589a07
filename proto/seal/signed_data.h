/* signed_data - the shape of a detached CMS signature (RFC 5652 §5, RFC 5035 §3, DER).
 *
 * signed_data_parse only reads: every field of struct signed_data points into the input, nothing is
 * allocated, nothing is verified. It takes exactly this, all else is REASON_SIGNATURE_MALFORMED:
 *
 *   ContentInfo signedData
 *     version                  1, or 3 when the signer is named by key identifier
 *     digestAlgorithms         the one of the signer
 *     encapContentInfo         id-data without content (detached)
 *     certificates, crls       skipped: they never extend trust; has_unread_parts
 *     signerInfos              exactly one
 *       sid                    issuer and serial number, or subject key identifier
 *       digestAlgorithm        algorithm.h
 *       signedAttrs            content-type = id-data, message-digest; signing-time and
 *                              signing-certificate-v2 if present; each known one once, one value
 *       signatureAlgorithm     algorithm.h
 *       signature
 *       unsignedAttrs          skipped (time-stamps of others may stand here); has_unread_parts
 *
 * A parser of our own because it is ten times faster than OpenSSL's general one (half a microsecond
 * against six) on the path that every message takes. tests/fuzz/fuzz_seal.c holds it, with what
 * seal_verify asks besides, against OpenSSL: what we accept, CMS_verify accepts. Pure code.
 */
#ifndef PROTO_SEAL_SIGNED_DATA_H
#define PROTO_SEAL_SIGNED_DATA_H

#include "proto/base/time.h"
#include "proto/seal/algorithm.h"

struct signed_data {
    struct bytes issuer;         /* Name, whole element; empty when named by key identifier */
    struct bytes serial;         /* content of the INTEGER */
    struct bytes key_identifier; /* empty when named by issuer and serial */

    struct signature_algorithm algorithm;
    struct bytes attributes; /* content of signedAttrs: signed as a SET, see attributes_header */
    uint8_t attributes_header[5];
    size_t attributes_header_size;
    struct bytes message_digest; /* hash_size(algorithm.hash) bytes */
    struct bytes signature;

    wall_t signing_time; /* as the signer claims, in seconds; 0 when absent */
    /* Of signing-certificate-v2: digest of the signer's certificate; empty when absent. */
    struct bytes certificate_digest;
    enum hash_algorithm certificate_hash;

    /* There are certificates, CRLs, unsigned attributes or attributes that nobody here knows: their
     * content was not looked at. Whoever keeps the signature as evidence asks OpenSSL. */
    bool has_unread_parts;

    /* What stands before and after the certificates, so that an export can put some in. */
    struct bytes before_certificates;
    struct bytes after_certificates;
};

enum reason signed_data_parse(struct bytes der, struct signed_data *ret_data);

#define OID_SIGNED_DATA    "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_DATA           "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_CONTENT_TYPE   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_TIME   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
#define OID_CERTIFICATE_V2 "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"

#endif
