/* The signed attributes of a signature, each by its rules (RFC 5652 §11, RFC 2634, RFC 5035):
 *
 *   content-type           once, id-data
 *   message-digest         once, as long as the digest algorithm says
 *   signing-time           at most once, a day and time that exist
 *   signing-certificate    at most once; names the signer's certificate and nothing else
 *   signing-certificate-v2 the same
 *   receipt-request        at most once, one value
 *   countersignature       never: it belongs among the unsigned ones
 *   any other              as often as it likes, with values that are DER and in order
 *
 * Those above that OpenSSL knows it refuses under the same rules (crypto/cms/cms_att.c); where it
 * looks less closely the reason has a name of its own.
 */
#include "proto/seal/der.h"
#include "proto/seal/signed_data.h"

#include <time.h>

enum {
    SHA1_BYTES = 20,
    TWO_DIGIT_YEARS_FROM = 1950, /* of a UTCTime (RFC 5652 §11.3) */
    TWO_DIGIT_YEARS_END = 2050,
};

enum known_attribute {
    ATTRIBUTE_CONTENT_TYPE,
    ATTRIBUTE_MESSAGE_DIGEST,
    ATTRIBUTE_SIGNING_TIME,
    ATTRIBUTE_CERTIFICATE_V1,
    ATTRIBUTE_CERTIFICATE_V2,
    ATTRIBUTE_RECEIPT_REQUEST,
    ATTRIBUTE_COUNTER_SIGNATURE,
    ATTRIBUTE_OTHER,
};

struct attribute {
    struct bytes content; /* type and values */
    struct bytes values;
    enum known_attribute type;
};

/* Any other type is passed on to check_values; nothing that we do not know is refused for that. */
static enum known_attribute type_of(struct bytes oid)
{
    static const char *const known[ATTRIBUTE_OTHER] = {
        [ATTRIBUTE_CONTENT_TYPE] = OID_CONTENT_TYPE,
        [ATTRIBUTE_MESSAGE_DIGEST] = OID_MESSAGE_DIGEST,
        [ATTRIBUTE_SIGNING_TIME] = OID_SIGNING_TIME,
        [ATTRIBUTE_CERTIFICATE_V1] = OID_CERTIFICATE_V1,
        [ATTRIBUTE_CERTIFICATE_V2] = OID_CERTIFICATE_V2,
        [ATTRIBUTE_RECEIPT_REQUEST] = OID_RECEIPT_REQUEST,
        [ATTRIBUTE_COUNTER_SIGNATURE] = OID_COUNTER_SIGNATURE,
    };
    enum known_attribute type = ATTRIBUTE_CONTENT_TYPE;
    while (type < ATTRIBUTE_OTHER && !bytes_equal(oid, bytes_of_text(known[type])))
        type++;
    return type;
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

/* Takes YY or YYYY; the one is required until 2049, the other from 2050. */
static bool take_year(struct bytes *text, bool two_digits, int *ret_year)
{
    int year;
    if (!take_digits(text, two_digits ? 2 : 4, &year))
        return false;
    if (two_digits)
        year += year < TWO_DIGIT_YEARS_FROM % 100 ? 2000 : 1900;
    *ret_year = year;
    return two_digits == (year < TWO_DIGIT_YEARS_END) && year >= SIGNING_YEAR_MIN &&
           year < SIGNING_YEAR_END;
}

/* Seconds and Z are required. */
static enum reason parse_time(struct bytes element, wall_t *ret_time)
{
    struct bytes text;
    struct tm parts = {0};
    int year;
    bool two_digits = der_next_is(element, DER_UTC_TIME);
    if (!der_take_only(element, two_digits ? DER_UTC_TIME : DER_GENERALIZED_TIME, &text) ||
        !take_year(&text, two_digits, &year) || !take_digits(&text, 2, &parts.tm_mon) ||
        !take_digits(&text, 2, &parts.tm_mday) || !take_digits(&text, 2, &parts.tm_hour) ||
        !take_digits(&text, 2, &parts.tm_min) || !take_digits(&text, 2, &parts.tm_sec) ||
        text.size != 1 || text.data[0] != 'Z')
        return REASON_SIGNING_TIME_INVALID;
    parts.tm_year = year - 1900;
    parts.tm_mon--;
    /* timegm brings what does not exist, such as 31 February or 24:00, to what does. */
    struct tm real = parts;
    int64_t seconds = timegm(&real);
    if (real.tm_year != parts.tm_year || real.tm_mon != parts.tm_mon ||
        real.tm_mday != parts.tm_mday || real.tm_hour != parts.tm_hour ||
        real.tm_min != parts.tm_min || real.tm_sec != parts.tm_sec)
        return REASON_SIGNING_TIME_INVALID;
    *ret_time = (wall_t){seconds * 1000};
    return REASON_NONE;
}

/* IssuerSerial: SEQUENCE { GeneralNames with one directoryName, serial number }. */
static bool parse_issuer_serial(struct bytes content, struct certificate_reference *reference)
{
    struct bytes names;
    struct bytes name;
    return der_take(&content, DER_SEQUENCE, &names) && der_take_only(names, DER_CONTEXT_4, &name) &&
           der_take_whole(&name, DER_SEQUENCE, &reference->issuer) && name.size == 0 &&
           der_take_only(content, DER_INTEGER, &reference->serial) && reference->serial.size > 0;
}

/* SigningCertificate and SigningCertificateV2: a list with one entry and no policies. The entry is
 * [hash algorithm, SHA-256 when absent,] digest, [issuer and serial number]. */
static enum reason parse_reference(struct bytes element, bool is_v2, enum hash_algorithm *hash,
                                   struct certificate_reference *reference)
{
    struct bytes attribute;
    struct bytes list;
    struct bytes entry;
    struct bytes part;
    size_t digest_size = SHA1_BYTES;
    if (!der_take_only(element, DER_SEQUENCE, &attribute) ||
        !der_take_only(attribute, DER_SEQUENCE, &list) ||
        !der_take_only(list, DER_SEQUENCE, &entry))
        return REASON_SIGNING_CERTIFICATE_WRONG;
    if (is_v2) {
        *hash = HASH_SHA256;
        if (der_take(&entry, DER_SEQUENCE, &part) &&
            algorithm_parse_hash(part, hash) != REASON_NONE)
            return REASON_SIGNING_CERTIFICATE_WRONG;
        digest_size = hash_size(*hash);
    }
    if (!der_take(&entry, DER_OCTET_STRING, &reference->digest) ||
        reference->digest.size != digest_size)
        return REASON_SIGNING_CERTIFICATE_WRONG;
    if (der_take(&entry, DER_SEQUENCE, &part) && !parse_issuer_serial(part, reference))
        return REASON_SIGNING_CERTIFICATE_WRONG;
    return entry.size == 0 ? REASON_NONE : REASON_SIGNING_CERTIFICATE_WRONG;
}

/* A SET with two values is two statements, of which each reader may take another. */
static bool is_one_value(struct bytes values)
{
    return values.size > 0 && der_skip(&values) && values.size == 0;
}

/* What a verifier decodes it encodes again: only DER comes out as it went in. */
static enum reason check_values(struct bytes content, struct bytes values)
{
    enum der_form form = der_form(content);
    if (form != DER_FORM_STRICT)
        return form == DER_FORM_LOOSE ? REASON_SIGNATURE_NOT_DER : REASON_SIGNATURE_MALFORMED;
    if (values.size == 0)
        return REASON_SIGNATURE_PROFILE;
    struct bytes previous = {NULL, 0};
    while (values.size > 0) {
        const uint8_t *start = values.data;
        if (!der_skip(&values))
            return REASON_SIGNATURE_PROFILE; /* a type number beyond 30 */
        struct bytes value = {start, (size_t)(values.data - start)};
        if (bytes_compare(previous, value) > 0)
            return REASON_SIGNATURE_NOT_DER;
        previous = value;
    }
    return REASON_NONE;
}

/* Of those that are there once at most, with one value each. */
static enum reason parse_single(const struct attribute *attribute, struct signed_data *data)
{
    struct bytes content;
    switch (attribute->type) {
    case ATTRIBUTE_CONTENT_TYPE:
        return der_take_only(attribute->values, DER_OBJECT, &content) &&
                       bytes_equal(content, bytes_of_text(OID_DATA))
                   ? REASON_NONE
                   : REASON_SIGNATURE_PROFILE;
    case ATTRIBUTE_MESSAGE_DIGEST:
        return der_take_only(attribute->values, DER_OCTET_STRING, &data->message_digest) &&
                       data->message_digest.size == hash_size(data->algorithm.hash)
                   ? REASON_NONE
                   : REASON_SIGNATURE_MALFORMED;
    case ATTRIBUTE_SIGNING_TIME:
        return parse_time(attribute->values, &data->signing_time);
    case ATTRIBUTE_CERTIFICATE_V1:
        return parse_reference(attribute->values, false, NULL, &data->reference_v1);
    case ATTRIBUTE_CERTIFICATE_V2:
        return parse_reference(attribute->values, true, &data->reference_hash, &data->reference);
    default:
        return check_values(attribute->content, attribute->values);
    }
}

static enum reason parse_attribute(const struct attribute *attribute, unsigned *seen,
                                   struct signed_data *data)
{
    unsigned bit = 1u << attribute->type;
    if (attribute->type == ATTRIBUTE_OTHER)
        return check_values(attribute->content, attribute->values);
    if ((*seen & bit) != 0 || attribute->type == ATTRIBUTE_COUNTER_SIGNATURE ||
        !is_one_value(attribute->values))
        return REASON_SIGNATURE_MALFORMED;
    *seen |= bit;
    return parse_single(attribute, data);
}

/* The next one, which must not come before previous in the order of DER. */
static enum reason take_attribute(struct bytes *rest, struct bytes *previous,
                                  struct attribute *ret_attribute)
{
    struct bytes oid;
    struct bytes content;
    struct bytes whole;
    if (!der_take_whole(rest, DER_SEQUENCE, &whole) ||
        !der_take_only(whole, DER_SEQUENCE, &content))
        return REASON_SIGNATURE_MALFORMED;
    if (previous->size > 0 && bytes_compare(*previous, whole) > 0)
        return REASON_SIGNATURE_NOT_DER;
    *previous = whole;
    ret_attribute->content = content;
    if (!der_take(&content, DER_OBJECT, &oid) ||
        !der_take_only(content, DER_SET, &ret_attribute->values))
        return REASON_SIGNATURE_MALFORMED;
    ret_attribute->type = type_of(oid);
    return REASON_NONE;
}

enum reason signed_attributes_parse(struct signed_data *data)
{
    const unsigned required = 1u << ATTRIBUTE_CONTENT_TYPE | 1u << ATTRIBUTE_MESSAGE_DIGEST;
    struct bytes rest = data->attributes;
    struct bytes previous = {NULL, 0};
    unsigned seen = 0;
    for (int i = 0; rest.size > 0; i++) {
        struct attribute attribute;
        if (i == SIGNED_ATTRIBUTES_MAX)
            return REASON_SIGNATURE_TOO_LARGE;
        enum reason reason = take_attribute(&rest, &previous, &attribute);
        if (reason == REASON_NONE)
            reason = parse_attribute(&attribute, &seen, data);
        if (reason != REASON_NONE)
            return reason;
    }
    return (seen & required) == required ? REASON_NONE : REASON_SIGNATURE_MALFORMED;
}
