/* The structure of a CMS signature (RFC 5652), exactly one of its possible forms: detached, one
 * signer, with signed attributes, without unsigned ones, without revocation lists. What else
 * exists in the standard is a part that nobody signed, or a choice that two verifiers may make
 * differently; each is refused under its own reason.
 *
 * All fields are views of the input. */
#include "proto/seal/signed_data.h"

#include "proto/seal/der.h"

#include <string.h>

static bool oid_is(struct bytes oid, const char *expected)
{
    return bytes_equal(oid, bytes_of_text(expected));
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

/* Neither expected nor absent: OpenSSL reads such a SET OF also when its header calls it primitive.
 */
static enum reason refuse_tag(struct bytes rest, uint8_t expected)
{
    return der_next_is(rest, (uint8_t)(expected & ~DER_CONSTRUCTED)) ? REASON_SIGNATURE_NOT_DER
                                                                     : REASON_SIGNATURE_MALFORMED;
}

static enum reason take_signer_name(struct bytes *rest, struct signed_data *data)
{
    struct bytes name;
    if (der_take(rest, DER_SEQUENCE, &name)) {
        const uint8_t *start = name.data;
        if (!der_skip(&name) || !der_take_only(name, DER_INTEGER, &data->serial))
            return REASON_SIGNATURE_MALFORMED;
        /* Whatever it is: it will be that of a registered certificate, or unknown. */
        data->issuer = (struct bytes){start, (size_t)(name.data - start)};
        return data->serial.size > 0 ? REASON_NONE : REASON_SIGNATURE_MALFORMED;
    }
    if (der_take(rest, DER_CONTEXT_0_PRIMITIVE, &data->key_identifier))
        return data->key_identifier.size > 0 ? REASON_NONE : REASON_SIGNATURE_MALFORMED;
    /* An OCTET STRING in pieces has this tag. */
    return der_next_is(*rest, DER_CONTEXT_0) ? REASON_SIGNATURE_NOT_DER
                                             : REASON_SIGNATURE_MALFORMED;
}

/* RFC 5652 §5.1 and §5.3, with neither revocation lists nor attribute certificates. */
static bool is_version(struct bytes content, const struct signed_data *data)
{
    return content.size == 1 && content.data[0] == (data->issuer.size > 0 ? 1 : 3);
}

/* The hash is announced outside of what is signed and named again beside the signature; the two
 * must agree, for a verifier may use either. */
static enum reason parse_algorithms(struct bytes announced_hash, struct bytes hash,
                                    struct bytes signature, struct signed_data *data)
{
    enum hash_algorithm announced;
    enum reason reason = algorithm_parse_hash(hash, &data->algorithm.hash);
    if (reason == REASON_NONE)
        reason = algorithm_parse_hash(announced_hash, &announced);
    if (reason == REASON_NONE && announced != data->algorithm.hash)
        reason = REASON_ALGORITHM_MISMATCH;
    if (reason == REASON_NONE)
        reason = algorithm_parse_signature(signature, data->algorithm.hash, &data->algorithm);
    return reason;
}

/* SignerInfo, in the order of its fields. Without signed attributes the content itself would be
 * signed, and a signature of one kind could be shown as one of the other; with unsigned ones there
 * would be parts that nobody vouches for. */
static enum reason parse_signer(struct bytes signer, struct bytes outer_version,
                                struct bytes announced_hash, struct signed_data *data)
{
    struct bytes version;
    struct bytes hash;
    struct bytes algorithm;
    if (!der_take(&signer, DER_INTEGER, &version))
        return REASON_SIGNATURE_MALFORMED;
    enum reason reason = take_signer_name(&signer, data);
    if (reason != REASON_NONE)
        return reason;
    if (!der_take(&signer, DER_SEQUENCE, &hash))
        return REASON_SIGNATURE_MALFORMED;
    if (!take_attributes(&signer, data))
        return der_next_is(signer, DER_SEQUENCE) ? REASON_SIGNATURE_PROFILE
                                                 : refuse_tag(signer, DER_CONTEXT_0);
    if (!der_take(&signer, DER_SEQUENCE, &algorithm) ||
        !der_take(&signer, DER_OCTET_STRING, &data->signature))
        return REASON_SIGNATURE_MALFORMED;
    if (der_next_is(signer, DER_CONTEXT_1))
        return REASON_SIGNATURE_UNSIGNED_PART;
    if (signer.size != 0)
        return refuse_tag(signer, DER_CONTEXT_1);
    reason = parse_algorithms(announced_hash, hash, algorithm, data);
    if (reason == REASON_NONE && !(is_version(outer_version, data) && is_version(version, data)))
        reason = REASON_SIGNATURE_PROFILE;
    return reason == REASON_NONE ? signed_attributes_parse(data) : reason;
}

/* ContentInfo down to the content of SignedData. */
static enum reason open_content_info(struct bytes der, struct bytes *ret_content)
{
    struct bytes info;
    struct bytes type;
    struct bytes explicit;
    if (!der_take(&der, DER_SEQUENCE, &info) || !der_take(&info, DER_OBJECT, &type) ||
        !oid_is(type, OID_SIGNED_DATA) || !der_take_only(info, DER_CONTEXT_0, &explicit) ||
        !der_take_only(explicit, DER_SEQUENCE, ret_content))
        return REASON_SIGNATURE_MALFORMED;
    return der.size == 0 ? REASON_NONE : REASON_SIGNATURE_UNSIGNED_PART;
}

/* id-data and no content: the signature is detached, so that what it covers exists once. */
static enum reason check_content_info(struct bytes content_info)
{
    struct bytes type;
    if (!der_take(&content_info, DER_OBJECT, &type))
        return REASON_SIGNATURE_MALFORMED;
    return oid_is(type, OID_DATA) && content_info.size == 0 ? REASON_NONE
                                                            : REASON_SIGNATURE_PROFILE;
}

/* The parts before and after the certificates are remembered as they stand, for export.c puts
 * certificates between the two without touching either. */
static enum reason parse(struct bytes der, struct signed_data *data)
{
    struct bytes rest;
    struct bytes version;
    struct bytes hashes;
    struct bytes hash;
    struct bytes content_info;
    struct bytes signers;
    struct bytes signer;
    enum reason reason = open_content_info(der, &rest);
    if (reason != REASON_NONE)
        return reason;
    data->before_certificates.data = rest.data;
    if (!der_take(&rest, DER_INTEGER, &version) || !der_take(&rest, DER_SET, &hashes) ||
        !der_take(&rest, DER_SEQUENCE, &content_info))
        return REASON_SIGNATURE_MALFORMED;
    reason = check_content_info(content_info);
    if (reason != REASON_NONE)
        return reason;
    data->before_certificates.size = (size_t)(rest.data - data->before_certificates.data);
    if (der_next_is(rest, DER_CONTEXT_0) && !der_take(&rest, DER_CONTEXT_0, &data->certificates))
        return REASON_SIGNATURE_MALFORMED;
    data->after_certificates = rest;
    if (der_next_is(rest, DER_CONTEXT_1))
        return REASON_SIGNATURE_UNSIGNED_PART;
    if (!der_take_only(rest, DER_SET, &signers))
        return der_next_is(rest, DER_CONTEXT_0 & ~DER_CONSTRUCTED)
                   ? REASON_SIGNATURE_NOT_DER
                   : refuse_tag(rest, DER_CONTEXT_1);
    if (!der_take_only(hashes, DER_SEQUENCE, &hash) ||
        !der_take_only(signers, DER_SEQUENCE, &signer))
        return REASON_SIGNATURE_PROFILE;
    return parse_signer(signer, version, hash, data);
}

/* Whoever writes BER has one thing to mend first, whatever else it led us to say. Certificates are
 * others' writing, and may be as they like. */
static bool is_loose(struct bytes der, const struct signed_data *data)
{
    if (data->after_certificates.size == 0)
        return der_has_loose(der);
    return der_has_loose(data->before_certificates) || der_has_loose(data->after_certificates);
}

static bool may_be_for_looseness(enum reason reason)
{
    return reason == REASON_SIGNATURE_MALFORMED || reason == REASON_SIGNATURE_PROFILE ||
           reason == REASON_ALGORITHM_NOT_LISTED || reason == REASON_SIGNING_TIME_INVALID ||
           reason == REASON_SIGNING_CERTIFICATE_WRONG;
}

/* When the form is loose somewhere, that is the reason that is told, whatever else was found: a
 * signing program that writes BER has one thing to mend, and other faults often follow from it. */
enum reason signed_data_parse(struct bytes der, struct signed_data *ret_data)
{
    struct signed_data data = {0};
    enum reason reason = parse(der, &data);
    if (reason == REASON_NONE)
        *ret_data = data;
    else if (may_be_for_looseness(reason) && is_loose(der, &data))
        reason = REASON_SIGNATURE_NOT_DER;
    return reason;
}
