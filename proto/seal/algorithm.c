/* Which algorithms a signature may use, by their object identifiers: SHA-256, SHA-384 and SHA-512,
 * with RSA (PKCS #1 v1.5 and PSS) and ECDSA. Weak ones stand in the tables too, so that a refusal
 * says "SHA-1" and not "unknown".
 *
 * What OpenSSL accepts and these tables leave out is refused with a reason of its own; nothing is
 * accepted here that OpenSSL refuses (tests compare the two verdicts on the same bytes). */
#include "proto/seal/algorithm.h"

#include "proto/base/check.h"
#include "proto/seal/der.h"

enum {
    PSS_SALT_BYTES_MAX = 2048, /* what fits the largest key; OpenSSL signs with all that fits */
    PSS_SALT_BYTES_DEFAULT = 20,
};

#define OID(text)                                                                                  \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define OID_SHA256      "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
#define OID_RSA(last)   "\x2a\x86\x48\x86\xf7\x0d\x01\x01" last
#define OID_MGF1        OID_RSA("\x08")
#define OID_RSA_PSS     OID_RSA("\x0a")
#define OID_RSA_SHA256  OID_RSA("\x0b")
#define OID_ECDSA(last) "\x2a\x86\x48\xce\x3d\x04" last

static const struct {
    struct bytes oid;
    enum reason reason;
    enum hash_algorithm hash;
} hashes[] = {
    {OID(OID_SHA256), REASON_NONE, HASH_SHA256},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x02"), REASON_NONE, HASH_SHA384},
    {OID("\x60\x86\x48\x01\x65\x03\x04\x02\x03"), REASON_NONE, HASH_SHA512},
    {OID("\x2b\x0e\x03\x02\x1a"), REASON_ALGORITHM_SHA1, HASH_COUNT},
    {OID("\x2a\x86\x48\x86\xf7\x0d\x02\x05"), REASON_ALGORITHM_MD5, HASH_COUNT},
};

/* hash is HASH_COUNT when the identifier does not say which. */
static const struct {
    struct bytes oid;
    enum reason reason;
    enum signature_scheme scheme;
    enum hash_algorithm hash;
} signatures[] = {
    {OID(OID_RSA("\x01")), REASON_NONE, SCHEME_RSA_PKCS1, HASH_COUNT},
    {OID(OID_RSA_SHA256), REASON_NONE, SCHEME_RSA_PKCS1, HASH_SHA256},
    {OID(OID_RSA("\x0c")), REASON_NONE, SCHEME_RSA_PKCS1, HASH_SHA384},
    {OID(OID_RSA("\x0d")), REASON_NONE, SCHEME_RSA_PKCS1, HASH_SHA512},
    {OID(OID_RSA_PSS), REASON_NONE, SCHEME_RSA_PSS, HASH_COUNT},
    {OID(OID_ECDSA("\x03\x02")), REASON_NONE, SCHEME_ECDSA, HASH_SHA256},
    {OID(OID_ECDSA("\x03\x03")), REASON_NONE, SCHEME_ECDSA, HASH_SHA384},
    {OID(OID_ECDSA("\x03\x04")), REASON_NONE, SCHEME_ECDSA, HASH_SHA512},
    {OID(OID_RSA("\x04")), REASON_ALGORITHM_MD5, SCHEME_RSA_PKCS1, HASH_COUNT},
    {OID(OID_RSA("\x05")), REASON_ALGORITHM_SHA1, SCHEME_RSA_PKCS1, HASH_COUNT},
    {OID(OID_ECDSA("\x01")), REASON_ALGORITHM_SHA1, SCHEME_ECDSA, HASH_COUNT},
    {OID("\x2a\x86\x48\xce\x38\x04\x03"), REASON_ALGORITHM_SHA1, SCHEME_RSA_PKCS1, HASH_COUNT},
};

enum { HASHES = sizeof hashes / sizeof hashes[0] };
enum { SIGNATURES = sizeof signatures / sizeof signatures[0] };

size_t hash_size(enum hash_algorithm hash)
{
    static const size_t sizes[HASH_COUNT] = {32, 48, 64};
    check(hash < HASH_COUNT);
    return sizes[hash];
}

/* Absent or NULL (RFC 5754 §2 wants both understood). Others exist, OpenSSL passes over them. */
static enum reason expect_no_parameters(struct bytes parameters)
{
    struct bytes null;
    if (parameters.size == 0 || (der_take_only(parameters, DER_NULL, &null) && null.size == 0))
        return REASON_NONE;
    return REASON_ALGORITHM_NOT_LISTED;
}

/* A weak hash is named before its parameters are looked at, so that its owner hears of the
 * algorithm and not of a detail of it. */
enum reason algorithm_parse_hash(struct bytes identifier, enum hash_algorithm *ret_hash)
{
    struct bytes oid;
    if (!der_take(&identifier, DER_OBJECT, &oid))
        return REASON_SIGNATURE_MALFORMED;
    for (size_t i = 0; i < HASHES; i++) {
        if (!bytes_equal(hashes[i].oid, oid))
            continue;
        if (hashes[i].reason != REASON_NONE)
            return hashes[i].reason;
        enum reason reason = expect_no_parameters(identifier);
        if (reason == REASON_NONE)
            *ret_hash = hashes[i].hash;
        return reason;
    }
    return REASON_ALGORITHM_NOT_LISTED;
}

/* The hash inside [0] or inside the parameters of MGF1; it must be the expected one. */
static enum reason expect_hash(struct bytes identifier_element, enum hash_algorithm expected)
{
    struct bytes identifier;
    enum hash_algorithm hash;
    if (!der_take_only(identifier_element, DER_SEQUENCE, &identifier))
        return REASON_SIGNATURE_MALFORMED;
    enum reason reason = algorithm_parse_hash(identifier, &hash);
    if (reason == REASON_NONE && hash != expected)
        return REASON_ALGORITHM_MISMATCH;
    return reason;
}

/* MGF1 could use another hash than the signature itself. Nobody writes that, and no two strengths
 * in one signature means that there is one to judge. */
static enum reason expect_mask(struct bytes mask_element, enum hash_algorithm expected)
{
    static const struct bytes mgf1 = OID(OID_MGF1);
    struct bytes mask;
    struct bytes oid;
    if (!der_take_only(mask_element, DER_SEQUENCE, &mask) || !der_take(&mask, DER_OBJECT, &oid))
        return REASON_SIGNATURE_MALFORMED;
    return bytes_equal(oid, mgf1) ? expect_hash(mask, expected) : REASON_ALGORITHM_NOT_LISTED;
}

/* RSASSA-PSS-params (RFC 4055 §3.1). Where hash or mask is absent its default applies: SHA-1. */
static enum reason read_pss(struct bytes parameters, enum hash_algorithm expected,
                            int *ret_salt_bytes)
{
    struct bytes rest;
    struct bytes hash;
    struct bytes mask;
    struct bytes salt;
    int salt_bytes = PSS_SALT_BYTES_DEFAULT;
    if (!der_take_only(parameters, DER_SEQUENCE, &rest))
        return REASON_SIGNATURE_MALFORMED;
    bool has_hash = der_next_is(rest, DER_CONTEXT_0);
    if (has_hash && !der_take(&rest, DER_CONTEXT_0, &hash))
        return REASON_SIGNATURE_MALFORMED;
    bool has_mask = der_next_is(rest, DER_CONTEXT_1);
    if (has_mask && !der_take(&rest, DER_CONTEXT_1, &mask))
        return REASON_SIGNATURE_MALFORMED;
    if (!has_hash || !has_mask)
        return rest.size == 0 || der_next_is(rest, DER_CONTEXT_2) ? REASON_ALGORITHM_SHA1
                                                                  : REASON_SIGNATURE_MALFORMED;
    enum reason reason = expect_hash(hash, expected);
    if (reason == REASON_NONE)
        reason = expect_mask(mask, expected);
    if (reason != REASON_NONE)
        return reason;
    if (der_take(&rest, DER_CONTEXT_2, &salt) &&
        (!der_take_small(&salt, &salt_bytes) || salt.size != 0 || salt_bytes > PSS_SALT_BYTES_MAX))
        return REASON_SIGNATURE_MALFORMED;
    if (rest.size != 0) /* the trailer field has one value, which DER leaves out */
        return der_next_is(rest, DER_CONTEXT_3) ? REASON_SIGNATURE_NOT_DER
                                                : REASON_SIGNATURE_MALFORMED;
    *ret_salt_bytes = salt_bytes;
    return REASON_NONE;
}

/* What is no PSS at all OpenSSL passes over where the key is of another kind. */
static enum reason parse_pss(struct bytes parameters, enum hash_algorithm expected,
                             int *ret_salt_bytes)
{
    enum reason reason = read_pss(parameters, expected, ret_salt_bytes);
    return reason == REASON_SIGNATURE_MALFORMED ? REASON_ALGORITHM_NOT_LISTED : reason;
}

/* The hash is named twice in a signature, as digest algorithm and inside of this identifier; two
 * that differ would let each reader pick one. */
enum reason algorithm_parse_signature(struct bytes identifier, enum hash_algorithm expected,
                                      struct signature_algorithm *ret_algorithm)
{
    struct bytes oid;
    if (!der_take(&identifier, DER_OBJECT, &oid))
        return REASON_SIGNATURE_MALFORMED;
    size_t i = 0;
    while (i < SIGNATURES && !bytes_equal(signatures[i].oid, oid))
        i++;
    if (i == SIGNATURES)
        return REASON_ALGORITHM_NOT_LISTED;
    if (signatures[i].reason != REASON_NONE)
        return signatures[i].reason;
    struct signature_algorithm algorithm = {signatures[i].scheme, expected, 0};
    if (signatures[i].hash != HASH_COUNT && signatures[i].hash != expected)
        return REASON_ALGORITHM_MISMATCH;
    enum reason reason = algorithm.scheme == SCHEME_RSA_PSS
                             ? parse_pss(identifier, expected, &algorithm.salt_bytes)
                             : expect_no_parameters(identifier);
    if (reason == REASON_NONE)
        *ret_algorithm = algorithm;
    return reason;
}

struct bytes algorithm_hash_identifier(void)
{
    static const struct bytes identifier = OID("\x30\x0b\x06\x09" OID_SHA256);
    return identifier;
}

#define HASH_IDENTIFIER "\x30\x0d\x06\x09" OID_SHA256 "\x05\x00"

/* As text, since what we sign ourselves has no parameters to choose: the salt of PSS is as long as
 * the hash. */
struct bytes algorithm_signature_identifier(enum signature_scheme scheme)
{
    static const struct bytes identifiers[] = {
        [SCHEME_RSA_PKCS1] = OID("\x30\x0d\x06\x09" OID_RSA_SHA256 "\x05\x00"),
        [SCHEME_RSA_PSS] =
            OID("\x30\x41\x06\x09" OID_RSA_PSS "\x30\x34"
                "\xa0\x0f" HASH_IDENTIFIER "\xa1\x1c\x30\x1a\x06\x09" OID_MGF1 HASH_IDENTIFIER
                "\xa2\x03\x02\x01\x20"),
        [SCHEME_ECDSA] = OID("\x30\x0a\x06\x08" OID_ECDSA("\x03\x02")),
    };
    return identifiers[scheme];
}
