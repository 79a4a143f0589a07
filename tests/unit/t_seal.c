#include "tests/unit/identities.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"
#include "tests/unit/command.h"
#include "tests/unit/scratch.h"

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

static struct bytes content(void)
{
    return bytes_of_text(content_text);
}

static void issue_members(struct authority *foreign)
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

static int set_up(void **state)
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

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < MEMBERS; i++)
        identity_release(&members[i]);
    trust_drop(&trust);
    authority_destroy(&root);
    return 0;
}

static struct signer *signer_of(enum member member, enum signer_padding padding)
{
    struct signer *signer = NULL;
    assert_int_equal(signer_new(buffer_view(&members[member].key),
                                buffer_view(&members[member].certificate), padding, &signer),
                     REASON_NONE);
    return signer;
}

/* The caller releases the buffer. */
static struct buffer sign_text(enum member member, enum signer_padding padding, struct bytes text)
{
    struct buffer signature;
    struct signer *signer = signer_of(member, padding);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assert_int_equal(seal_sign(signer, text, now, &signature), REASON_NONE);
    signer_destroy(&signer);
    return signature;
}

static struct buffer sign_with_openssl(enum member member, struct authority_signature how)
{
    struct buffer signature;
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    assert_int_equal(authority_sign(buffer_view(&members[member].key),
                                    buffer_view(&members[member].certificate), content(), &how,
                                    &signature),
                     REASON_NONE);
    return signature;
}

static enum reason verify(struct bytes text, struct bytes signature)
{
    struct seal_verdict verdict;
    return seal_verify(trust, text, signature, (struct bytes){NULL, 0}, &desk_key, now, &verdict);
}

/* Releases the signature. */
static enum reason verify_once(struct buffer signature)
{
    enum reason reason = verify(content(), buffer_view(&signature));
    buffer_release(&signature);
    return reason;
}

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
        assert_int_equal(seal_verify(trust, text, buffer_view(&signature),
                                     signer_certificate(signer), &sender, now, &verdict),
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
    struct signer *own = signer_of(P256, SIGNER_PADDING_PKCS1);
    struct signer *stranger = signer_of(STRANGER, SIGNER_PADDING_PKCS1);
    struct seal_verdict verdict;
    assert_int_equal(seal_verify(trust, content(), buffer_view(&signature), signer_certificate(own),
                                 NULL, now, &verdict),
                     REASON_NONE);
    assert_int_equal(seal_verify(trust, content(), buffer_view(&signature),
                                 signer_certificate(stranger), NULL, now, &verdict),
                     REASON_CERTIFICATE_UNKNOWN);
    signer_destroy(&own);
    signer_destroy(&stranger);
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

static void a_manifest_seals_several_envelopes(void **state)
{
    (void)state;
    const struct bytes envelopes[] = {bytes_of_text("one"), bytes_of_text("two")};
    struct manifest_entry entries[2];
    struct id_maker maker = {0};
    struct manifest manifest;
    struct buffer text;
    for (int i = 0; i < 2; i++) {
        sha256_parts(&envelopes[i], 1, &entries[i].digest);
        id_make(&maker, now, (const uint8_t[ID_RANDOM_BYTES]){7}, &entries[i].id);
    }
    buffer_init(&text, MANIFEST_BYTES_MAX);
    assert_int_equal(manifest_write(entries, 2, &text), REASON_NONE);
    struct buffer signature = sign_text(RSA, SIGNER_PADDING_PKCS1, buffer_view(&text));
    assert_int_equal(verify(buffer_view(&text), buffer_view(&signature)), REASON_NONE);
    assert_int_equal(manifest_parse(buffer_view(&text), &manifest), REASON_NONE);
    struct digest digest;
    sha256_parts(&envelopes[1], 1, &digest);
    assert_true(id_equal(&manifest_find(&manifest, &digest)->id, &entries[1].id));
    text.data[0] = text.data[0] == '0' ? '1' : '0';
    assert_int_equal(verify(buffer_view(&text), buffer_view(&signature)), REASON_SIGNATURE_WRONG);
    buffer_release(&text);
    buffer_release(&signature);
}

static const struct trust_signer *registered(enum member member)
{
    return trust_signer_at(trust, (size_t)member);
}

/* What openssl says of the exported files. */
static int openssl_verifies(struct bytes signature, struct bytes text)
{
    static const char *const command[] = {
        "openssl",  "cms",     "-verify", "-binary", "-inform",    "DER",  "-in", "sig", "-content",
        "document", "-CAfile", "ca.pem",  "-attime", "1791426600", "-out", "out", NULL};
    struct scratch scratch;
    struct buffer pem;
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_certificate(root, &pem), REASON_NONE);
    assert_true(scratch_open(&scratch));
    assert_true(scratch_write(&scratch, "sig", signature));
    assert_true(scratch_write(&scratch, "document", text));
    assert_true(scratch_write(&scratch, "ca.pem", buffer_view(&pem)));
    buffer_release(&pem);
    int status = run_command(scratch.folder, command);
    scratch_close(&scratch);
    return status;
}

static void openssl_verifies_an_export(void **state)
{
    (void)state;
    const struct {
        enum member member;
        enum signer_padding padding;
    } kinds[] = {{RSA, SIGNER_PADDING_PKCS1},
                 {RSA, SIGNER_PADDING_PSS},
                 {P256, SIGNER_PADDING_PKCS1},
                 {P384, SIGNER_PADDING_PKCS1}};
    for (int i = 0; i < 4; i++) {
        struct buffer exported;
        struct buffer signature = sign_text(kinds[i].member, kinds[i].padding, content());
        struct bytes certificate = trust_signer_certificate(registered(kinds[i].member));
        buffer_init(&exported, SIGNATURE_BYTES_MAX);
        assert_int_equal(seal_export(buffer_view(&signature), &certificate, 1, &exported),
                         REASON_NONE);
        assert_int_equal(openssl_verifies(buffer_view(&exported), content()), 0);
        assert_int_not_equal(openssl_verifies(buffer_view(&exported), bytes_of_text("x")), 0);
        assert_int_equal(verify(content(), buffer_view(&exported)), REASON_NONE);
        buffer_release(&exported);
        buffer_release(&signature);
    }
}

static void an_export_carries_the_chain(void **state)
{
    (void)state;
    struct authority *middle = NULL;
    struct identity leaf;
    struct buffer pem, signature, exported, der[2];
    struct authority_request request = request_of("Middle", AUTHORITY_P256);
    assert_int_equal(authority_new_below(root, &request, &middle), REASON_NONE);
    identity_issue(&leaf, middle, request_of("leaf", AUTHORITY_P256));
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    buffer_init(&signature, SIGNATURE_BYTES_MAX);
    buffer_init(&exported, SIGNATURE_BYTES_MAX);
    assert_int_equal(authority_certificate(middle, &pem), REASON_NONE);
    struct trust_builder *builder = builder_with_anchor(root);
    assert_int_equal(trust_builder_add_intermediates(builder, buffer_view(&pem)), REASON_NONE);
    register_identity(builder, "desk", &leaf);
    struct trust *own = freeze(builder);
    const struct authority_signature how = {.embedded_certificate = true};
    assert_int_equal(authority_sign(buffer_view(&leaf.key), buffer_view(&leaf.certificate),
                                    content(), &how, &signature),
                     REASON_NONE);
    struct bytes chain[2];
    for (size_t i = 0; i < 2; i++) {
        buffer_init(&der[i], SIGNATURE_BYTES_MAX);
        assert_int_equal(trust_signer_chain(trust_signer_at(own, 0), i, &der[i]), REASON_NONE);
        chain[i] = buffer_view(&der[i]);
    }
    assert_int_equal(trust_signer_chain(trust_signer_at(own, 0), 2, &pem), REASON_NOT_FOUND);
    assert_int_not_equal(openssl_verifies(buffer_view(&signature), content()), 0);
    assert_int_equal(seal_export(buffer_view(&signature), chain, 2, &exported), REASON_NONE);
    assert_int_equal(openssl_verifies(buffer_view(&exported), content()), 0);
    for (int i = 0; i < 2; i++)
        buffer_release(&der[i]);
    buffer_release(&pem);
    buffer_release(&signature);
    buffer_release(&exported);
    identity_release(&leaf);
    trust_drop(&own);
    authority_destroy(&middle);
}

static void bad_exports_are_refused(void **state)
{
    (void)state;
    struct buffer signature = sign_text(P256, SIGNER_PADDING_PKCS1, content());
    struct bytes certificate = trust_signer_certificate(registered(P256));
    struct bytes garbage = bytes_of_text("garbage");
    struct buffer exported;
    buffer_init(&exported, SIGNATURE_BYTES_MAX);
    assert_int_equal(seal_export(garbage, &certificate, 1, &exported), REASON_SIGNATURE_MALFORMED);
    assert_int_equal(seal_export(buffer_view(&signature), &garbage, 1, &exported),
                     REASON_SIGNATURE_MALFORMED);
    assert_int_equal(seal_export(buffer_view(&signature), &certificate, 0, &exported),
                     REASON_SIGNATURE_MALFORMED);
    exported.limit_bytes = 100;
    assert_int_equal(seal_export(buffer_view(&signature), &certificate, 1, &exported),
                     REASON_OUT_OF_MEMORY);
    assert_int_equal(exported.size, 0);
    buffer_release(&exported);
    buffer_release(&signature);
}

struct worker {
    struct trust *trust; /* held */
    struct bytes good, pss, bad;
    int wrong;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    const struct bytes none = {NULL, 0};
    for (int i = 0; i < 300; i++) {
        const struct bytes signatures[] = {worker->good, worker->pss, worker->bad};
        const enum reason expected[] = {REASON_NONE, REASON_NONE, REASON_SIGNATURE_WRONG};
        struct seal_verdict verdict;
        worker->wrong += seal_verify(worker->trust, content(), signatures[i % 3], none, &desk_key,
                                     now, &verdict) != expected[i % 3];
    }
    trust_drop(&worker->trust);
    return NULL;
}

static void threads_verify_side_by_side(void **state)
{
    (void)state;
    enum { THREADS = 8 }; /* more than a key keeps contexts */
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    struct buffer good = sign_text(RSA, SIGNER_PADDING_PKCS1, content());
    struct buffer pss = sign_text(RSA, SIGNER_PADDING_PSS, content());
    struct buffer bad = sign_text(RSA, SIGNER_PADDING_PKCS1, bytes_of_text("another"));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){trust_hold(trust), buffer_view(&good), buffer_view(&pss),
                                     buffer_view(&bad), 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    buffer_release(&good);
    buffer_release(&pss);
    buffer_release(&bad);
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
        cmocka_unit_test(a_manifest_seals_several_envelopes),
        cmocka_unit_test(openssl_verifies_an_export),
        cmocka_unit_test(an_export_carries_the_chain),
        cmocka_unit_test(bad_exports_are_refused),
        cmocka_unit_test(threads_verify_side_by_side),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
