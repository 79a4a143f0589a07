#include "proto/seal/signed_data.h"

#include "proto/seal/der.h"

#include <string.h>
#include <time.h>

enum {
    ATTRIBUTES_MAX = 32, /* CAdES profiles use under ten; bounds the work on hostile input */
    VERSION_BY_ISSUER = 1,
    VERSION_BY_KEY = 3,
};

static bool oid_is(struct bytes oid, const char *expected)
{
    return bytes_equal(oid, bytes_of_text(expected));
}

static bool take_digits(struct bytes *rest, int count, int *ret_value)
{
    int value = 0;
    if (rest->size < (size_t)count)
        return false;
    for (int i = 0; i < count; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9')
            return false;
        value = value * 10 + rest->data[i] - '0';
    }
    rest->data += count;
    rest->size -= (size_t)count;
    *ret_value = value;
    return true;
}

/* UTCTime until 2049, GeneralizedTime from 2050 (RFC 5652 §11.3); seconds and Z are required. */
static bool parse_time(struct bytes element, wall_t *ret_time)
{
    struct bytes text;
    struct tm parts = {0};
    bool two_digits = der_next_is(element, DER_UTC_TIME);
    if (!der_take_only(element, two_digits ? DER_UTC_TIME : DER_GENERALIZED_TIME, &text) ||
        !take_digits(&text, two_digits ? 2 : 4, &parts.tm_year) ||
        !take_digits(&text, 2, &parts.tm_mon) || !take_digits(&text, 2, &parts.tm_mday) ||
        !take_digits(&text, 2, &parts.tm_hour) || !take_digits(&text, 2, &parts.tm_min) ||
        !take_digits(&text, 2, &parts.tm_sec) || text.size != 1 || text.data[0] != 'Z')
        return false;
    if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 ||
        parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 59)
        return false;
    if (two_digits)
        parts.tm_year += parts.tm_year < 50 ? 100 : 0;
    else
        parts.tm_year -= 1900;
    parts.tm_mon--;
    *ret_time = (wall_t){(int64_t)timegm(&parts) * 1000};
    return true;
}

/* SigningCertificateV2: the first ESSCertIDv2 names the signer's certificate. Its optional
 * issuerSerial says nothing that the digest does not. */
static enum reason parse_certificate_v2(struct bytes element, struct signed_data *data)
{
    struct bytes attribute;
    struct bytes list;
    struct bytes first;
    struct bytes identifier;
    enum hash_algorithm hash = HASH_SHA256;
    if (!der_take_only(element, DER_SEQUENCE, &attribute) ||
        !der_take(&attribute, DER_SEQUENCE, &list) || !der_take(&list, DER_SEQUENCE, &first))
        return REASON_SIGNATURE_MALFORMED;
    if (der_take(&first, DER_SEQUENCE, &identifier)) {
        enum reason reason = algorithm_parse_hash(identifier, &hash);
        if (reason != REASON_NONE)
            return reason;
    }
    if (!der_take(&first, DER_OCTET_STRING, &data->certificate_digest) ||
        data->certificate_digest.size != hash_size(hash))
        return REASON_SIGNATURE_MALFORMED;
    data->certificate_hash = hash;
    return REASON_NONE;
}

struct attributes_seen {
    bool content_type;
    bool message_digest;
    bool signing_time;
    bool certificate_v2;
};

/* False when the attribute was there before. */
static bool first_time(bool *seen)
{
    bool first = !*seen;
    *seen = true;
    return first;
}

static enum reason parse_attribute(struct bytes oid, struct bytes values, struct signed_data *data,
                                   struct attributes_seen *seen)
{
    struct bytes content;
    bool sound = true;
    if (oid_is(oid, OID_CONTENT_TYPE)) {
        sound = first_time(&seen->content_type) && der_take_only(values, DER_OBJECT, &content) &&
                oid_is(content, OID_DATA);
    } else if (oid_is(oid, OID_MESSAGE_DIGEST)) {
        sound = first_time(&seen->message_digest) &&
                der_take_only(values, DER_OCTET_STRING, &data->message_digest) &&
                data->message_digest.size == hash_size(data->algorithm.hash);
    } else if (oid_is(oid, OID_SIGNING_TIME)) {
        sound = first_time(&seen->signing_time) && parse_time(values, &data->signing_time);
    } else if (oid_is(oid, OID_CERTIFICATE_V2)) {
        if (first_time(&seen->certificate_v2))
            return parse_certificate_v2(values, data);
        sound = false;
    } else {
        data->has_unread_parts = true;
    }
    return sound ? REASON_NONE : REASON_SIGNATURE_MALFORMED;
}

static enum reason parse_attributes(struct signed_data *data)
{
    struct bytes rest = data->attributes;
    struct attributes_seen seen = {0};
    for (int i = 0; rest.size > 0; i++) {
        struct bytes attribute;
        struct bytes oid;
        struct bytes values;
        if (i == ATTRIBUTES_MAX || !der_take(&rest, DER_SEQUENCE, &attribute) ||
            !der_take(&attribute, DER_OBJECT, &oid) || !der_take_only(attribute, DER_SET, &values))
            return REASON_SIGNATURE_MALFORMED;
        enum reason reason = parse_attribute(oid, values, data, &seen);
        if (reason != REASON_NONE)
            return reason;
    }
    return seen.content_type && seen.message_digest ? REASON_NONE : REASON_SIGNATURE_MALFORMED;
}

/* The signature is over the attributes with the header of a SET, not over the [0] that stands in
 * the message (RFC 5652 §5.4). */
static bool take_attributes(struct bytes *rest, struct signed_data *data)
{
    struct bytes whole = *rest;
    if (!der_take(rest, DER_CONTEXT_0, &data->attributes))
        return false;
    data->attributes_header_size = (size_t)(data->attributes.data - whole.data);
    memcpy(data->attributes_header, whole.data, data->attributes_header_size);
    data->attributes_header[0] = DER_SET;
    return true;
}

static bool take_signer_name(struct bytes *rest, int version, struct signed_data *data)
{
    struct bytes name;
    if (version == VERSION_BY_KEY)
        return der_take(rest, DER_CONTEXT_0_PRIMITIVE, &data->key_identifier) &&
               data->key_identifier.size > 0;
    return version == VERSION_BY_ISSUER && der_take(rest, DER_SEQUENCE, &name) &&
           der_take_whole(&name, DER_SEQUENCE, &data->issuer) &&
           der_take(&name, DER_INTEGER, &data->serial) && data->serial.size > 0 && name.size == 0;
}

static enum reason parse_signer(struct bytes signer, int expected_version,
                                struct bytes expected_hash, struct signed_data *data)
{
    int version;
    struct bytes hash;
    struct bytes algorithm;
    struct bytes skipped;
    if (!der_take_small(&signer, &version) || version != expected_version ||
        !take_signer_name(&signer, version, data) || !der_take(&signer, DER_SEQUENCE, &hash))
        return REASON_SIGNATURE_MALFORMED;
    enum reason reason = algorithm_parse_hash(hash, &data->algorithm.hash);
    if (reason != REASON_NONE)
        return reason;
    enum hash_algorithm announced;
    if (algorithm_parse_hash(expected_hash, &announced) != REASON_NONE ||
        announced != data->algorithm.hash || !take_attributes(&signer, data) ||
        !der_take(&signer, DER_SEQUENCE, &algorithm))
        return REASON_SIGNATURE_MALFORMED;
    reason = algorithm_parse_signature(algorithm, data->algorithm.hash, &data->algorithm);
    if (reason != REASON_NONE)
        return reason;
    if (!der_take(&signer, DER_OCTET_STRING, &data->signature) || data->signature.size == 0)
        return REASON_SIGNATURE_MALFORMED;
    if (der_take(&signer, DER_CONTEXT_1, &skipped))
        data->has_unread_parts = true;
    return signer.size == 0 ? parse_attributes(data) : REASON_SIGNATURE_MALFORMED;
}

/* ContentInfo down to the content of SignedData. */
static bool open_content_info(struct bytes der, struct bytes *ret_content)
{
    struct bytes info;
    struct bytes type;
    struct bytes explicit;
    return der_take_only(der, DER_SEQUENCE, &info) && der_take(&info, DER_OBJECT, &type) &&
           oid_is(type, OID_SIGNED_DATA) && der_take_only(info, DER_CONTEXT_0, &explicit) &&
           der_take_only(explicit, DER_SEQUENCE, ret_content);
}

static bool is_detached_data(struct bytes content_info)
{
    struct bytes type;
    return der_take_only(content_info, DER_OBJECT, &type) && oid_is(type, OID_DATA);
}

enum reason signed_data_parse(struct bytes der, struct signed_data *ret_data)
{
    struct signed_data data = {0};
    struct bytes rest;
    struct bytes hashes;
    struct bytes hash;
    struct bytes content_info;
    struct bytes skipped;
    struct bytes signers;
    struct bytes signer;
    int version;
    if (!open_content_info(der, &rest))
        return REASON_SIGNATURE_MALFORMED;
    data.before_certificates.data = rest.data;
    if (!der_take_small(&rest, &version) || !der_take(&rest, DER_SET, &hashes) ||
        !der_take_only(hashes, DER_SEQUENCE, &hash) ||
        !der_take(&rest, DER_SEQUENCE, &content_info) || !is_detached_data(content_info))
        return REASON_SIGNATURE_MALFORMED;
    data.before_certificates.size = (size_t)(rest.data - data.before_certificates.data);
    data.has_unread_parts = der_take(&rest, DER_CONTEXT_0, &skipped);
    data.after_certificates = rest;
    if (der_take(&rest, DER_CONTEXT_1, &skipped))
        data.has_unread_parts = true;
    if (!der_take_only(rest, DER_SET, &signers) || !der_take_only(signers, DER_SEQUENCE, &signer))
        return REASON_SIGNATURE_MALFORMED;
    enum reason reason = parse_signer(signer, version, hash, &data);
    if (reason == REASON_NONE)
        *ret_data = data;
    return reason;
}
