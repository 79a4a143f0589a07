/* cms_subject - one signature as OpenSSL reads it, and what can be said of it: for cms_oracle.c. */
#pragma once

#include <openssl/cms.h>

#include "proto/base/limits.h"
#include "proto/seal/der.h"
#include "tests/support/cms_oracle.h"

/* Of OpenSSL's writing of it. */
struct cms_shape {
    size_t signer_count;
    size_t hash_count;
    bool is_detached_data;
    bool has_odd_certificate; /* one that is not an X.509 certificate */
    bool has_lists;
    bool has_attributes;
    bool has_unsigned_attributes;
    bool are_versions_usual; /* 1, or 3 when named by key identifier, in both places */
    bool is_named_by_key;
    size_t certificate_count;
    struct bytes certificates;
    struct bytes announced_hash; /* AlgorithmIdentifier, whole */
    struct bytes name;           /* IssuerAndSerialNumber, whole */
};

struct cms_subject {
    const struct cms_oracle *oracle;
    struct bytes signature;
    struct bytes first; /* of it, what OpenSSL reads */
    bool has_more_behind;
    CMS_ContentInfo *message;
    CMS_SignerInfo *signer_info;
    X509 *signer; /* that OpenSSL verified it by */
    uint8_t *written;
    struct bytes again; /* what OpenSSL writes */
    struct cms_shape shape;
};

/* False: OpenSSL does not accept it. */
bool cms_subject_open(struct cms_subject *subject, const struct cms_oracle *oracle,
                      struct bytes content, struct bytes signature);
void cms_subject_release(struct cms_subject *subject);

/* A signed attribute without rules in OpenSSL, with a value that it keeps as it came. */
bool cms_subject_has_unread_attribute(const struct cms_subject *subject);
/* content-type of something else; a value of a type beyond 30; an attribute without values. */
bool cms_subject_has_odd_attribute(const struct cms_subject *subject);
/* True without the attribute. */
bool cms_subject_has_real_time(const struct cms_subject *subject);

/* Is the signer's or one of the authorities'. */
bool cms_subject_knows(const struct cms_subject *subject, struct bytes certificate);
/* Issuer and serial number are those of a signer, byte by byte. */
bool cms_subject_is_named_exactly(const struct cms_subject *subject);
/* signing-certificate and -v2, where they are, are one of the writings of a reference to the
 * signer's certificate alone. */
bool cms_subject_refers_to_signer(const struct cms_subject *subject);
/* signing-certificate-v2 refers to one of the signers by SHA-256. */
bool cms_subject_is_referred_to(const struct cms_subject *subject);

/* The law's list, with absent or NULL parameters, or with plain ones of PSS. */
bool cms_subject_algorithms_are_listed(const struct cms_subject *subject);
/* One digest algorithm throughout, and the kind of the signer's key. */
bool cms_subject_algorithms_fit(const struct cms_subject *subject);
/* Parameters of PSS that are no DER. */
bool cms_subject_has_loose_pss(const struct cms_subject *subject);
