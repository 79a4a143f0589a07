/* What is sealed together, what goes out of the house, and who verifies at once. */
#include "tests/unit/seal_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"
#include "tests/support/seal_export.h"
#include "tests/unit/command.h"
#include "tests/unit/scratch.h"

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
        cmocka_unit_test(a_manifest_seals_several_envelopes),
        cmocka_unit_test(openssl_verifies_an_export),
        cmocka_unit_test(an_export_carries_the_chain),
        cmocka_unit_test(bad_exports_are_refused),
        cmocka_unit_test(threads_verify_side_by_side),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
