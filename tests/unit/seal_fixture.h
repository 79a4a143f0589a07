/* seal_fixture - what the tests of signing share: an authority, certificates good and bad, a trust
 * snapshot, and signatures made by us and by OpenSSL. */
#pragma once

#include "tests/unit/identities.h"

static struct authority *root;
static struct trust *trust;
static const struct key desk_key = {"desk"};

enum member {
    RSA,
    RSA_3072,
    P256,
    P384,
    RSA_SHORT,
    P224,
    EDWARDS,
    SHA1_ISSUED,
    EXPIRED,
    FUTURE,
    REVOKED,
    FOREIGN,
    STRANGER,
    MEMBERS
};
static struct identity members[MEMBERS];

static const char *const content_text = "Hồ sơ 000.00.15.H38-261008-0001";

static inline struct bytes content(void)
{
    return bytes_of_text(content_text);
}

static inline void issue_members(struct authority *foreign)
{
    const enum authority_key kinds[MEMBERS] = {
        [RSA] = AUTHORITY_RSA_2048,    [RSA_3072] = AUTHORITY_RSA_3072,  [P256] = AUTHORITY_P256,
        [P384] = AUTHORITY_P384,       [RSA_SHORT] = AUTHORITY_RSA_1024, [P224] = AUTHORITY_P224,
        [EDWARDS] = AUTHORITY_ED25519, [SHA1_ISSUED] = AUTHORITY_P256,   [EXPIRED] = AUTHORITY_P256,
        [FUTURE] = AUTHORITY_P256,     [REVOKED] = AUTHORITY_P256,       [FOREIGN] = AUTHORITY_P256,
        [STRANGER] = AUTHORITY_P256,
    };
    for (int i = 0; i < MEMBERS; i++) {
        struct authority_request request = request_of("member", kinds[i]);
        if (i == SHA1_ISSUED)
            request.hash = AUTHORITY_SHA1;
        if (i == EXPIRED)
            request.not_after = days_from_now(-1);
        if (i == FUTURE)
            request.not_before = days_from_now(1);
        identity_issue(&members[i], i == FOREIGN ? foreign : root, request);
    }
}

static inline int set_up(void **state)
{
    (void)state;
    struct authority *foreign = NULL;
    struct buffer list;
    struct authority_request request = request_of("Sandbox root", AUTHORITY_RSA_2048);
    request.not_before = days_from_now(-3650);
    request.not_after = days_from_now(3650);
    assert_int_equal(authority_new(&request, &root), REASON_NONE);
    request.key = AUTHORITY_P256;
    assert_int_equal(authority_new(&request, &foreign), REASON_NONE);
    issue_members(foreign);
    authority_destroy(&foreign);
    buffer_init(&list, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(
        authority_revoke(root, buffer_view(&members[REVOKED].certificate), days_from_now(-1)),
        REASON_NONE);
    assert_int_equal(authority_list(root, days_from_now(-1), days_from_now(7), &list), REASON_NONE);
    struct trust_builder *builder = builder_with_anchor(root);
    assert_int_equal(trust_builder_add_lists(builder, buffer_view(&list)), REASON_NONE);
    buffer_release(&list);
    for (int i = 0; i < STRANGER; i++)
        register_identity(builder, i == RSA_3072 ? "office" : "desk", &members[i]);
    trust = freeze(builder);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < MEMBERS; i++)
        identity_release(&members[i]);
    trust_drop(&trust);
    authority_destroy(&root);
    return 0;
}

static inline struct signer *signer_of(enum member member, enum signer_padding padding)
{
    struct signer *signer = NULL;
    assert_int_equal(signer_new(buffer_view(&members[member].key),
                                buffer_view(&members[member].certificate), padding, &signer),
                     REASON_NONE);
    return signer;
}

/* The caller releases the buffer. */
static inline struct buffer sign_text(enum member member, enum signer_padding padding,
                                      struct bytes text)
{
    struct buffer signature;
    struct signer *signer = signer_of(member, padding);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assert_int_equal(seal_sign(signer, text, now, &signature), REASON_NONE);
    signer_destroy(&signer);
    return signature;
}

static inline struct buffer sign_with_openssl(enum member member, struct authority_signature how)
{
    struct buffer signature;
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assert_int_equal(authority_sign(buffer_view(&members[member].key),
                                    buffer_view(&members[member].certificate), content(), &how,
                                    &signature),
                     REASON_NONE);
    return signature;
}

static inline enum reason verify(struct bytes text, struct bytes signature)
{
    struct seal_verdict verdict;
    return seal_verify(trust, text, signature, (struct bytes){NULL, 0}, &desk_key, now, &verdict);
}

/* Releases the signature. */
static inline enum reason verify_once(struct buffer signature)
{
    enum reason reason = verify(content(), buffer_view(&signature));
    buffer_release(&signature);
    return reason;
}
