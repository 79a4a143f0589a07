/* Signing and verifying: every kind of key, and what is refused. */
#include "tests/unit/seal_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "proto/seal/sha256.h"

static void each_kind_of_key_signs_and_verifies(void **state)
{
    (void)state;
    const struct {
        enum member member;
        enum signer_padding padding;
        const char *participant;
    } kinds[] = {{RSA, SIGNER_PADDING_PKCS1, "desk"},        {RSA, SIGNER_PADDING_PSS, "desk"},
                 {RSA, SIGNER_PADDING_PKCS1, "desk"}, /* the key's context changes back */
                 {RSA_3072, SIGNER_PADDING_PKCS1, "office"}, {P256, SIGNER_PADDING_PKCS1, "desk"},
                 {P384, SIGNER_PADDING_PSS, "desk"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct buffer signature = sign_text(kinds[i].member, kinds[i].padding, content());
        struct signer *signer = signer_of(kinds[i].member, kinds[i].padding);
        struct key sender = key_of(kinds[i].participant);
        struct seal_verdict verdict;
        struct digest digest;
        struct bytes text = content();
        sha256_parts(&text, 1, &digest);
        assert_int_equal(
            seal_verify(trust, text, buffer_view(&signature),
                        trust_signer_certificate(trust_signer_at(trust, kinds[i].member)), &sender,
                        now, &verdict),
            REASON_NONE);
        assert_int_equal(verdict.reason, REASON_NONE);
        assert_true(key_equal(&verdict.participant, &sender));
        assert_true(digest_equal(&verdict.fingerprint, signer_fingerprint(signer)));
        assert_int_equal(verdict.signing_time.ms, now.ms);
        assert_true(digest_equal(&verdict.content, &digest));
        assert_int_equal(verify(bytes_of_text("another"), buffer_view(&signature)),
                         i == 3 ? REASON_SIGNER_NOT_SENDER : REASON_SIGNATURE_WRONG);
        signer_destroy(&signer);
        buffer_release(&signature);
    }
}

static void empty_content_and_far_times_are_signed_too(void **state)
{
    (void)state;
    const int64_t times[] = {946684800000, 2524607999000, 2524608000000}; /* two around 2050 */
    struct signer *signer = signer_of(P256, SIGNER_PADDING_PKCS1);
    for (int i = 0; i < 3; i++) {
        struct seal_verdict verdict;
        struct buffer signature;
        struct bytes nothing = {NULL, 0};
        buffer_init(&signature, SIGNATURE_BYTES_MAX);
        assert_int_equal(seal_sign(signer, nothing, (wall_t){times[i]}, &signature), REASON_NONE);
        assert_int_equal(
            seal_verify(trust, nothing, buffer_view(&signature), nothing, NULL, now, &verdict),
            REASON_NONE);
        assert_int_equal(verdict.signing_time.ms, times[i]);
        signature.limit_bytes = signature.size;
        assert_int_equal(seal_sign(signer, nothing, now, &signature), REASON_OUT_OF_MEMORY);
        assert_int_equal(signature.size, signature.limit_bytes);
        buffer_release(&signature);
    }
    signer_destroy(&signer);
}

static void what_openssl_signs_is_accepted(void **state)
{
    (void)state;
    const enum member signers[] = {RSA, P256, P384};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            verify_once(sign_with_openssl(signers[i], (struct authority_signature){0})),
            REASON_NONE);
        assert_int_equal(
            verify_once(sign_with_openssl(
                signers[i], (struct authority_signature){.embedded_certificate = true})),
            REASON_NONE);
        assert_int_equal(verify_once(sign_with_openssl(
                             signers[i], (struct authority_signature){.by_key_identifier = true})),
                         REASON_NONE);
    }
    assert_int_equal(verify_once(sign_with_openssl(RSA, (struct authority_signature){.pss = true})),
                     REASON_NONE);
}

static void missing_and_malformed_signatures_are_refused(void **state)
{
    (void)state;
    assert_int_equal(verify(content(), (struct bytes){NULL, 0}), REASON_SIGNATURE_MISSING);
    assert_int_equal(verify(content(), bytes_of_text("garbage")), REASON_SIGNATURE_MALFORMED);
    const struct authority_signature shapes[] = {
        {.embedded_content = true}, {.no_attributes = true}, {.twice = true}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(verify_once(sign_with_openssl(RSA, shapes[i])), REASON_SIGNATURE_PROFILE);
    struct buffer signature = sign_text(P256, SIGNER_PADDING_PKCS1, content());
    for (size_t size = 1; size < signature.size; size++) {
        uint8_t *copy = malloc(size); /* exact, so that asan sees one byte more */
        assert_non_null(copy);
        memcpy(copy, signature.data, size);
        assert_int_equal(verify(content(), (struct bytes){copy, size}), REASON_SIGNATURE_MALFORMED);
        free(copy);
    }
    assert_true(buffer_append_text(&signature, "x"));
    assert_int_equal(verify_once(signature), REASON_SIGNATURE_UNSIGNED_PART);
    uint8_t *large = calloc(1, SIGNATURE_BYTES_MAX + 1);
    assert_non_null(large);
    assert_int_equal(verify(content(), (struct bytes){large, SIGNATURE_BYTES_MAX + 1}),
                     REASON_SIGNATURE_TOO_LARGE);
    free(large);
}

static void refused_algorithms_are_named(void **state)
{
    (void)state;
    const struct authority_signature plain = {0};
    assert_int_equal(
        verify_once(sign_with_openssl(RSA, (struct authority_signature){.hash = AUTHORITY_SHA1})),
        REASON_ALGORITHM_SHA1);
    assert_int_equal(verify_once(sign_with_openssl(
                         RSA, (struct authority_signature){.hash = AUTHORITY_SHA1, .pss = true})),
                     REASON_ALGORITHM_SHA1);
    assert_int_equal(
        verify_once(sign_with_openssl(RSA, (struct authority_signature){.hash = AUTHORITY_MD5})),
        REASON_ALGORITHM_MD5);
    assert_int_equal(verify_once(sign_with_openssl(RSA_SHORT, plain)), REASON_KEY_TOO_SHORT);
    assert_int_equal(verify_once(sign_with_openssl(P224, plain)), REASON_ALGORITHM_NOT_LISTED);
    assert_int_equal(verify_once(sign_with_openssl(EDWARDS, plain)), REASON_ALGORITHM_NOT_LISTED);
    assert_int_equal(verify_once(sign_with_openssl(SHA1_ISSUED, plain)), REASON_ALGORITHM_SHA1);
}

static void refused_certificates_are_named(void **state)
{
    (void)state;
    const struct {
        enum member member;
        enum reason reason;
    } cases[] = {{EXPIRED, REASON_CERTIFICATE_EXPIRED},  {FUTURE, REASON_CERTIFICATE_NOT_YET_VALID},
                 {REVOKED, REASON_CERTIFICATE_REVOKED},  {FOREIGN, REASON_CERTIFICATE_UNTRUSTED},
                 {STRANGER, REASON_CERTIFICATE_UNKNOWN}, {RSA_3072, REASON_SIGNER_NOT_SENDER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer signature = sign_text(cases[i].member, SIGNER_PADDING_PKCS1, content());
        assert_int_equal(verify_once(signature), cases[i].reason);
    }
    /* Within the message it extends no trust. */
    assert_int_equal(verify_once(sign_with_openssl(
                         STRANGER, (struct authority_signature){.embedded_certificate = true})),
                     REASON_CERTIFICATE_UNKNOWN);
    assert_int_equal(verify_once(sign_with_openssl(
                         STRANGER, (struct authority_signature){.by_key_identifier = true})),
                     REASON_CERTIFICATE_UNKNOWN);
}

static void a_passed_certificate_must_be_the_signers(void **state)
{
    (void)state;
    struct buffer signature = sign_text(P256, SIGNER_PADDING_PKCS1, content());
    struct trust_builder *builder = builder_with_anchor(root);
    register_identity(builder, "desk", &members[STRANGER]);
    struct trust *others = freeze(builder);
    struct bytes own = trust_signer_certificate(trust_signer_at(trust, P256));
    struct bytes stranger = trust_signer_certificate(trust_signer_at(others, 0));
    struct seal_verdict verdict;
    assert_int_equal(
        seal_verify(trust, content(), buffer_view(&signature), own, NULL, now, &verdict),
        REASON_NONE);
    assert_int_equal(
        seal_verify(trust, content(), buffer_view(&signature), stranger, NULL, now, &verdict),
        REASON_CERTIFICATE_UNKNOWN);
    trust_drop(&others);
    buffer_release(&signature);
}

static enum reason try_signer(struct bytes key, struct bytes certificate)
{
    struct signer *signer = NULL;
    enum reason reason = signer_new(key, certificate, SIGNER_PADDING_PKCS1, &signer);
    assert_true((signer != NULL) == (reason == REASON_NONE));
    signer_destroy(&signer);
    return reason;
}

static void keys_that_nobody_accepts_do_not_sign(void **state)
{
    (void)state;
    const struct {
        enum member key;
        enum member certificate;
        enum reason reason;
    } cases[] = {{RSA, P256, REASON_CERTIFICATE_MISMATCH},
                 {RSA_SHORT, RSA_SHORT, REASON_KEY_TOO_SHORT},
                 {P224, P224, REASON_ALGORITHM_NOT_LISTED},
                 {EDWARDS, EDWARDS, REASON_ALGORITHM_NOT_LISTED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(try_signer(buffer_view(&members[cases[i].key].key),
                                    buffer_view(&members[cases[i].certificate].certificate)),
                         cases[i].reason);
    struct bytes certificate = buffer_view(&members[P256].certificate);
    assert_int_equal(try_signer(bytes_of_text("no key"), certificate), REASON_KEY_UNREADABLE);
    assert_int_equal(try_signer((struct bytes){NULL, 0}, certificate), REASON_KEY_UNREADABLE);
    assert_int_equal(try_signer(buffer_view(&members[P256].key), bytes_of_text("no certificate")),
                     REASON_KEY_UNREADABLE);
}

static void no_flipped_bit_verifies(void **state)
{
    (void)state;
    const struct {
        enum member member;
        enum signer_padding padding;
    } kinds[] = {
        {RSA, SIGNER_PADDING_PKCS1}, {RSA, SIGNER_PADDING_PSS}, {P256, SIGNER_PADDING_PKCS1}};
    for (int kind = 0; kind < 3; kind++) {
        struct buffer signature = sign_text(kinds[kind].member, kinds[kind].padding, content());
        assert_int_equal(verify(content(), buffer_view(&signature)), REASON_NONE);
        for (size_t bit = 0; bit < 8 * signature.size; bit++) {
            signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_not_equal(verify(content(), buffer_view(&signature)), REASON_NONE);
            signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        assert_int_equal(verify(content(), buffer_view(&signature)), REASON_NONE);
        buffer_release(&signature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_key_signs_and_verifies),
        cmocka_unit_test(empty_content_and_far_times_are_signed_too),
        cmocka_unit_test(what_openssl_signs_is_accepted),
        cmocka_unit_test(missing_and_malformed_signatures_are_refused),
        cmocka_unit_test(refused_algorithms_are_named),
        cmocka_unit_test(refused_certificates_are_named),
        cmocka_unit_test(a_passed_certificate_must_be_the_signers),
        cmocka_unit_test(keys_that_nobody_accepts_do_not_sign),
        cmocka_unit_test(no_flipped_bit_verifies),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
