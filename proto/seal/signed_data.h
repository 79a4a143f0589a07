/* signed_data - the shape of a detached CMS signature (RFC 5652 §5, RFC 5035 §3, DER).
 *
 * signed_data_parse only reads: every field of struct signed_data points into the input, nothing is
 * allocated, nothing is verified. It takes exactly this:
 *
 *   ContentInfo signedData
 *     version                  1, or 3 when the signer is named by key identifier
 *     digestAlgorithms         the one of the signer
 *     encapContentInfo         id-data without content (detached)
 *     certificates             not read here: seal_verify wants to know each of them
 *     crls                     none
 *     signerInfos              exactly one
 *       sid                    issuer and serial number, or subject key identifier
 *       digestAlgorithm        algorithm.h
 *       signedAttrs            in the order of DER; signed_attributes.c has the rules of each
 *       signatureAlgorithm     algorithm.h
 *       signature
 *       unsignedAttrs          none
 *
 * What is no signature at all is REASON_SIGNATURE_MALFORMED, which OpenSSL refuses as well; the
 * rest has names of its own, see seal.h. No byte of what passes is unread but the certificates.
 *
 * A parser of our own because it is ten times faster than OpenSSL's general one (half a microsecond
 * against six) on the path that every message takes. tests/unit/t_seal_differential.c and
 * tests/fuzz/fuzz_seal.c hold it against OpenSSL: what we accept, CMS_verify accepts. Pure code.
 */
#pragma once

#include "proto/base/time.h"
#include "proto/seal/algorithm.h"

enum {
    SIGNED_ATTRIBUTES_MAX = 32, /* CAdES profiles use under ten; bounds the work on hostile input */
    SIGNING_YEAR_MIN = 2000,    /* before there were such signatures here */
    SIGNING_YEAR_END = 2100,    /* a claim beyond is a mistake */
};

/* What a signing-certificate attribute says of the signer's certificate. */
struct certificate_reference {
    struct bytes digest; /* empty when there is no such attribute */
    struct bytes issuer; /* Name, whole element; empty when not said */
    struct bytes serial; /* content of the INTEGER */
};

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

    wall_t signing_time;                    /* as the signer claims, in seconds; 0 when absent */
    struct certificate_reference reference; /* of signing-certificate-v2 */
    enum hash_algorithm reference_hash;
    struct certificate_reference reference_v1; /* of signing-certificate, SHA-1 */

    struct bytes certificates; /* one after another, as they came; often empty */

    /* What stands before and after the certificates, so that an export can put some in. */
    struct bytes before_certificates;
    struct bytes after_certificates;
};

enum reason signed_data_parse(struct bytes der, struct signed_data *ret_data);

/* Reads data->attributes; data->algorithm is known. For signed_data.c. */
enum reason signed_attributes_parse(struct signed_data *data);

#define OID_SIGNED_DATA       "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
#define OID_DATA              "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_CONTENT_TYPE      "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"
#define OID_MESSAGE_DIGEST    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"
#define OID_SIGNING_TIME      "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"
#define OID_COUNTER_SIGNATURE "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x06"
#define OID_RECEIPT_REQUEST   "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x01"
#define OID_CERTIFICATE_V1    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c"
#define OID_CERTIFICATE_V2    "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f"
