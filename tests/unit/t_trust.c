#include "tests/unit/identities.h"

#include "proto/seal/sha256.h"

#include <string.h>

static struct authority *root;
static struct authority *other_root; /* same name, another key */
static struct identity desk;
static struct identity office;

static int set_up(void **state)
{
    (void)state;
    struct authority_request request = request_of("Sandbox root", AUTHORITY_P256);
    request.not_after = days_from_now(3650);
    assert_int_equal(authority_new(&request, &root), REASON_NONE);
    assert_int_equal(authority_new(&request, &other_root), REASON_NONE);
    identity_issue(&desk, root, request_of("desk", AUTHORITY_P256));
    identity_issue(&office, root, request_of("office", AUTHORITY_RSA_2048));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    identity_release(&desk);
    identity_release(&office);
    authority_destroy(&root);
    authority_destroy(&other_root);
    return 0;
}

static void add_list(struct trust_builder *builder, struct authority *authority, int from_days,
                     int until_days)
{
    struct buffer pem;
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(
        authority_list(authority, days_from_now(from_days), days_from_now(until_days), &pem),
        REASON_NONE);
    assert_int_equal(trust_builder_add_lists(builder, buffer_view(&pem)), REASON_NONE);
    buffer_release(&pem);
}

/* The verdict on one certificate under the root, at a day. */
static enum reason judge_at(struct trust_builder *builder, const struct identity *identity,
                            int days)
{
    register_identity(builder, "desk", identity);
    struct trust *trust = freeze(builder);
    enum reason reason = trust_judge(trust_signer_at(trust, 0), days_from_now(days));
    trust_drop(&trust);
    return reason;
}

static enum reason judge_request(struct authority_request request, int days)
{
    struct identity identity;
    identity_issue(&identity, root, request);
    enum reason reason = judge_at(builder_with_anchor(root), &identity, days);
    identity_release(&identity);
    return reason;
}

static struct digest fingerprint_of(const struct trust_signer *signer)
{
    struct bytes der = trust_signer_certificate(signer);
    struct digest digest;
    sha256_parts(&der, 1, &digest);
    return digest;
}

static void registered_certificates_are_found(void **state)
{
    (void)state;
    struct trust_builder *builder = builder_with_anchor(root);
    register_identity(builder, "desk", &desk);
    register_identity(builder, "office", &office);
    struct trust *trust = freeze(builder);
    assert_int_equal(trust_signer_count(trust), 2);
    const struct trust_signer *found = trust_signer_at(trust, 1);
    struct digest digest = fingerprint_of(found);
    assert_string_equal(trust_signer_participant(found)->text, "office");
    assert_ptr_equal(trust_find(trust, &digest), found);
    digest.bytes[9] ^= 1;
    assert_null(trust_find(trust, &digest));
    assert_null(trust_find_issued(trust, bytes_of_text("nobody"), bytes_of_text("1")));
    assert_int_equal(trust_signer_not_after(found).ms, days_from_now(335).ms + 999);
    assert_int_equal(trust_judge(found, now), REASON_NONE);

    struct trust *held = trust_hold(trust);
    trust_drop(&trust);
    assert_null(trust);
    assert_int_equal(trust_judge(trust_signer_at(held, 0), now), REASON_NONE);
    trust_drop(&held);
    trust_drop(&held);
}

static void an_empty_snapshot_knows_nobody(void **state)
{
    (void)state;
    struct trust *trust = freeze(builder_with_anchor(root));
    assert_int_equal(trust_signer_count(trust), 0);
    assert_null(trust_find(trust, &(struct digest){0}));
    trust_drop(&trust);
}

static void validity_is_judged_at_the_given_time(void **state)
{
    (void)state;
    struct trust_builder *builder = builder_with_anchor(root);
    register_identity(builder, "desk", &desk);
    struct trust *trust = freeze(builder);
    const struct trust_signer *signer = trust_signer_at(trust, 0);
    wall_t first = days_from_now(-30);
    wall_t last = {days_from_now(335).ms + 999};
    assert_int_equal(trust_judge(signer, first), REASON_NONE);
    assert_int_equal(trust_judge(signer, last), REASON_NONE);
    assert_int_equal(trust_judge(signer, (wall_t){last.ms + 1}), REASON_CERTIFICATE_EXPIRED);
    trust_drop(&trust);
    /* The root itself began that day. */
    struct authority_request request = request_of("future", AUTHORITY_P256);
    request.not_before = days_from_now(1);
    assert_int_equal(judge_request(request, 0), REASON_CERTIFICATE_NOT_YET_VALID);
    assert_int_equal(judge_request(request, 1), REASON_NONE);
    request = request_of("past", AUTHORITY_P256);
    request.not_after = days_from_now(-1);
    assert_int_equal(judge_request(request, 0), REASON_CERTIFICATE_EXPIRED);
    assert_int_equal(judge_request(request, -2), REASON_NONE);
}

static void weak_keys_and_hashes_are_named(void **state)
{
    (void)state;
    assert_int_equal(judge_request(request_of("x", AUTHORITY_RSA_1024), 0), REASON_KEY_TOO_SHORT);
    assert_int_equal(judge_request(request_of("x", AUTHORITY_P224), 0),
                     REASON_ALGORITHM_NOT_LISTED);
    assert_int_equal(judge_request(request_of("x", AUTHORITY_ED25519), 0),
                     REASON_ALGORITHM_NOT_LISTED);
    assert_int_equal(judge_request(request_of("x", AUTHORITY_P384), 0), REASON_NONE);
    struct authority_request request = request_of("x", AUTHORITY_P256);
    request.hash = AUTHORITY_SHA1;
    assert_int_equal(judge_request(request, 0), REASON_ALGORITHM_SHA1);
    request.hash = AUTHORITY_SHA256;
    request.may_not_sign = true;
    assert_int_equal(judge_request(request, 0), REASON_CERTIFICATE_UNTRUSTED);
}

static void other_anchors_are_not_trusted(void **state)
{
    (void)state;
    assert_int_equal(judge_at(builder_with_anchor(other_root), &desk, 0),
                     REASON_CERTIFICATE_UNTRUSTED);
    struct trust_builder *builder = NULL;
    assert_int_equal(trust_builder_new(&builder), REASON_NONE);
    assert_int_equal(judge_at(builder, &desk, 0), REASON_CERTIFICATE_UNTRUSTED);
}

static void revocation_counts_from_its_date(void **state)
{
    (void)state;
    struct identity identity;
    identity_issue(&identity, root, request_of("revoked", AUTHORITY_P256));
    assert_int_equal(authority_revoke(root, buffer_view(&identity.certificate), days_from_now(-3)),
                     REASON_NONE);
    for (int expired = 0; expired < 2; expired++) {
        const int days[] = {-4, -3, 0};
        const enum reason expected[] = {REASON_NONE, REASON_CERTIFICATE_REVOKED,
                                        REASON_CERTIFICATE_REVOKED};
        for (int i = 0; i < 3; i++) {
            struct trust_builder *builder = builder_with_anchor(root);
            add_list(builder, root, -2, expired ? -1 : 7);
            assert_int_equal(judge_at(builder, &identity, days[i]), expected[i]);
        }
    }
    struct trust_builder *builder = builder_with_anchor(root);
    add_list(builder, root, -2, 7);
    assert_int_equal(judge_at(builder, &desk, 0), REASON_NONE);
    /* A list in its authority's name by nobody known makes us careful. */
    builder = builder_with_anchor(root);
    add_list(builder, other_root, -2, 7);
    assert_int_equal(judge_at(builder, &desk, 0), REASON_REVOCATION_UNKNOWN);
    identity_release(&identity);
}

static void the_newest_of_several_lists_counts(void **state)
{
    (void)state;
    struct authority *authority = NULL;
    struct identity identity;
    struct authority_request request = request_of("Lists", AUTHORITY_P256);
    assert_int_equal(authority_new(&request, &authority), REASON_NONE);
    identity_issue(&identity, authority, request_of("x", AUTHORITY_P256));
    struct trust_builder *builder = builder_with_anchor(authority);
    add_list(builder, authority, -3, 5);
    assert_int_equal(
        authority_revoke(authority, buffer_view(&identity.certificate), days_from_now(-2)),
        REASON_NONE);
    add_list(builder, authority, -2, 6);
    register_identity(builder, "desk", &identity);
    struct trust *trust = freeze(builder);
    assert_int_equal(trust_judge(trust_signer_at(trust, 0), now), REASON_CERTIFICATE_REVOKED);
    trust_drop(&trust);
    identity_release(&identity);
    authority_destroy(&authority);
}

/* What is said of a certificate below an intermediate that was made as requested. */
static enum reason judge_below(struct authority_request request, bool give_intermediate,
                               bool revoke_intermediate, int days)
{
    struct authority *middle = NULL;
    struct authority *top = NULL;
    struct identity identity;
    struct buffer pem;
    struct authority_request top_request = request_of("Top", AUTHORITY_P256);
    top_request.not_before = days_from_now(-3650);
    top_request.not_after = days_from_now(3650);
    assert_int_equal(authority_new(&top_request, &top), REASON_NONE);
    assert_int_equal(authority_new_below(top, &request, &middle), REASON_NONE);
    struct authority_request leaf = request_of("leaf", AUTHORITY_P256);
    leaf.not_after = days_from_now(3000);
    identity_issue(&identity, middle, leaf);
    struct trust_builder *builder = builder_with_anchor(top);
    buffer_init(&pem, AUTHORITY_PEM_BYTES_MAX);
    assert_int_equal(authority_certificate(middle, &pem), REASON_NONE);
    if (give_intermediate)
        assert_int_equal(trust_builder_add_intermediates(builder, buffer_view(&pem)), REASON_NONE);
    if (revoke_intermediate)
        assert_int_equal(authority_revoke(top, buffer_view(&pem), days_from_now(-1)), REASON_NONE);
    add_list(builder, top, 0, 1);
    add_list(builder, middle, 0, 1);
    enum reason reason = judge_at(builder, &identity, days);
    buffer_release(&pem);
    identity_release(&identity);
    authority_destroy(&middle);
    authority_destroy(&top);
    return reason;
}

static void intermediates_are_checked_like_signers(void **state)
{
    (void)state;
    struct authority_request request = request_of("Middle", AUTHORITY_P256);
    assert_int_equal(judge_below(request, true, false, 0), REASON_NONE);
    assert_int_equal(judge_below(request, false, false, 0), REASON_CERTIFICATE_UNTRUSTED);
    assert_int_equal(judge_below(request, true, true, 0), REASON_CERTIFICATE_REVOKED);
    assert_int_equal(judge_below(request, true, true, -2), REASON_NONE);
    assert_int_equal(judge_below(request, true, false, 336), REASON_CERTIFICATE_UNTRUSTED);
    request.hash = AUTHORITY_SHA1;
    assert_int_equal(judge_below(request, true, false, 0), REASON_ALGORITHM_SHA1);
    request = request_of("Middle", AUTHORITY_RSA_1024);
    assert_int_equal(judge_below(request, true, false, 0), REASON_KEY_TOO_SHORT);
}

static void an_intermediate_may_be_the_anchor(void **state)
{
    (void)state;
    struct authority *middle = NULL;
    struct identity identity;
    struct authority_request request = request_of("Middle", AUTHORITY_P256);
    assert_int_equal(authority_new_below(root, &request, &middle), REASON_NONE);
    identity_issue(&identity, middle, request_of("leaf", AUTHORITY_P256));
    struct trust_builder *builder = builder_with_anchor(middle);
    add_list(builder, middle, 0, 1);
    add_list(builder, root, 0, 1); /* whose signer is not known here */
    assert_int_equal(judge_at(builder, &identity, 0), REASON_NONE);
    identity_release(&identity);
    authority_destroy(&middle);
}

static void a_certificate_is_registered_once(void **state)
{
    (void)state;
    struct trust_builder *builder = builder_with_anchor(root);
    struct trust *trust = NULL;
    register_identity(builder, "desk", &desk);
    register_identity(builder, "office", &desk);
    assert_int_equal(trust_freeze(&builder, now, &trust), REASON_REGISTRY_INVALID);
    assert_null(builder);
    assert_null(trust);
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    struct trust_builder *builder = builder_with_anchor(root);
    struct key key = key_of("desk");
    struct buffer broken;
    buffer_init(&broken, AUTHORITY_PEM_BYTES_MAX);
    assert_true(buffer_append(&broken, buffer_view(&desk.certificate)));
    struct bytes whole = buffer_view(&broken);
    broken.data[broken.size / 2] = '!';
    const struct bytes bad[] = {{NULL, 0},
                                bytes_of_text("no certificate in here"),
                                bytes_of_text("\x30\x03\x02\x01\x01"),
                                buffer_view(&desk.key),
                                whole};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(trust_builder_add_anchors(builder, bad[i]), REASON_REGISTRY_INVALID);
        assert_int_equal(trust_builder_add_intermediates(builder, bad[i]), REASON_REGISTRY_INVALID);
        assert_int_equal(trust_builder_add_lists(builder, bad[i]), REASON_REGISTRY_INVALID);
        assert_int_equal(trust_builder_register(builder, &key, bad[i]), REASON_REGISTRY_INVALID);
    }
    buffer_clear(&broken);
    assert_true(buffer_append(&broken, buffer_view(&desk.certificate)));
    assert_true(buffer_append(&broken, buffer_view(&office.certificate)));
    assert_int_equal(trust_builder_register(builder, &key, buffer_view(&broken)),
                     REASON_REGISTRY_INVALID);
    assert_int_equal(trust_builder_add_intermediates(builder, buffer_view(&broken)), REASON_NONE);
    buffer_release(&broken);
    trust_builder_destroy(&builder);
    trust_builder_destroy(&builder);
}

static void der_is_read_as_well_as_pem(void **state)
{
    (void)state;
    struct trust_builder *builder = builder_with_anchor(root);
    register_identity(builder, "desk", &desk);
    struct trust *trust = freeze(builder);
    struct key key = key_of("desk");
    builder = builder_with_anchor(root);
    assert_int_equal(
        trust_builder_register(builder, &key, trust_signer_certificate(trust_signer_at(trust, 0))),
        REASON_NONE);
    struct trust *again = freeze(builder);
    struct digest digest = fingerprint_of(trust_signer_at(trust, 0));
    assert_ptr_equal(trust_find(again, &digest), trust_signer_at(again, 0));
    trust_drop(&trust);
    trust_drop(&again);
}

static void many_certificates_are_all_found(void **state)
{
    (void)state;
    enum { MANY = 100 };
    static struct identity identities[MANY];
    struct trust_builder *builder = builder_with_anchor(root);
    for (int i = 0; i < MANY; i++) {
        identity_issue(&identities[i], root, request_of("many", AUTHORITY_P256));
        register_identity(builder, "desk", &identities[i]);
    }
    struct trust *trust = freeze(builder);
    for (size_t i = 0; i < MANY; i++) {
        const struct trust_signer *signer = trust_signer_at(trust, i);
        struct digest digest = fingerprint_of(signer);
        assert_ptr_equal(trust_find(trust, &digest), signer);
        assert_int_equal(trust_judge(signer, now), REASON_NONE);
        identity_release(&identities[i]);
    }
    trust_drop(&trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_certificates_are_found),
        cmocka_unit_test(an_empty_snapshot_knows_nobody),
        cmocka_unit_test(validity_is_judged_at_the_given_time),
        cmocka_unit_test(weak_keys_and_hashes_are_named),
        cmocka_unit_test(other_anchors_are_not_trusted),
        cmocka_unit_test(revocation_counts_from_its_date),
        cmocka_unit_test(the_newest_of_several_lists_counts),
        cmocka_unit_test(intermediates_are_checked_like_signers),
        cmocka_unit_test(an_intermediate_may_be_the_anchor),
        cmocka_unit_test(a_certificate_is_registered_once),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(der_is_read_as_well_as_pem),
        cmocka_unit_test(many_certificates_are_all_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
