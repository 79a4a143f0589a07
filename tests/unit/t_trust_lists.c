/* Revocation, kind by kind, as NIST's PKITS has it in 4.4 (basic), 4.5 (renewed keys), 4.14
 * (distribution points, reasons, indirect lists) and 4.15 (deltas), with our answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "proto/seal/trust.h"
#include "tests/support/chain_world.h"

#define AUTHORITY_USAGE "critical,keyCertSign,cRLSign"
#define SIGNER_USAGE    "critical,digitalSignature,nonRepudiation"
#define HERE            "URI:http://ca.example/here.crl"
#define SCOPE_HERE      "critical,fullname:URI:http://ca.example/here.crl"
#define SCOPE_THERE     "critical,fullname:URI:http://ca.example/there.crl"

enum { ROOT_KEY, CA_KEY, CA_NEW_KEY, OTHER_KEY, SIGNER_KEY, KEYS };
static EVP_PKEY *keys[KEYS];

enum { ANCHORS_MOST = 3, BETWEEN_MOST = 4, LISTS_MOST = 4, SIGNER_SERIAL = 77, DER_BYTES = 16384 };

/* What is put together for one verdict. */
struct folder {
    X509 *anchors[ANCHORS_MOST];
    X509 *between[BETWEEN_MOST];
    X509 *signer;
    X509_CRL *lists[LISTS_MOST];
};

static X509 *make_authority(const char *subject, int key, const char *issuer, int issuer_key,
                            long serial)
{
    return chain_world_certificate(&(struct made_certificate){.subject = subject,
                                                              .issuer = issuer,
                                                              .key = keys[key],
                                                              .issuer_key = keys[issuer_key],
                                                              .serial = serial,
                                                              .is_authority = true,
                                                              .usage = AUTHORITY_USAGE,
                                                              .from_days = -900,
                                                              .until_days = 900});
}

static X509 *make_signer(int issuer_key, const char *place, const char *list_issuer)
{
    return chain_world_certificate(&(struct made_certificate){.subject = "desk",
                                                              .issuer = "CA",
                                                              .key = keys[SIGNER_KEY],
                                                              .issuer_key = keys[issuer_key],
                                                              .serial = SIGNER_SERIAL,
                                                              .usage = SIGNER_USAGE,
                                                              .place = place,
                                                              .list_issuer = list_issuer,
                                                              .from_days = -30,
                                                              .until_days = 300});
}

static struct folder usual(void)
{
    return (struct folder){.anchors = {make_authority("Root", ROOT_KEY, "Root", ROOT_KEY, 1)},
                           .between = {make_authority("CA", CA_KEY, "Root", ROOT_KEY, 2)},
                           .signer = make_signer(CA_KEY, NULL, NULL)};
}

static const struct made_list complete = {
    .issuer = "CA", .number = 5, .from_days = -1, .until_days = 7};

static const struct made_entry on_it[] = {{SIGNER_SERIAL, NULL, -1, false, -3}};

static void put_list(struct folder *folder, struct made_list made, int key, bool is_on_it)
{
    size_t i = 0;
    while (folder->lists[i] != NULL)
        i++;
    made.key = keys[key];
    if (is_on_it && made.entries == NULL) {
        made.entries = on_it;
        made.entry_count = 1;
    }
    folder->lists[i] = chain_world_list(&made);
}

static struct bytes der_of(int size, const uint8_t *der)
{
    assert_true(size > 0 && size <= DER_BYTES);
    return (struct bytes){der, (size_t)size};
}

static struct trust *freeze(const struct folder *folder)
{
    struct trust_builder *builder = NULL;
    struct trust *trust = NULL;
    struct key key = key_of("desk");
    uint8_t der[DER_BYTES];
    uint8_t *end;
    assert_int_equal(trust_builder_new(&builder), REASON_NONE);
    for (size_t i = 0; i < ANCHORS_MOST && folder->anchors[i] != NULL; i++) {
        end = der;
        assert_int_equal(
            trust_builder_add_anchors(builder, der_of(i2d_X509(folder->anchors[i], &end), der)),
            REASON_NONE);
    }
    for (size_t i = 0; i < BETWEEN_MOST && folder->between[i] != NULL; i++) {
        end = der;
        assert_int_equal(trust_builder_add_intermediates(
                             builder, der_of(i2d_X509(folder->between[i], &end), der)),
                         REASON_NONE);
    }
    for (size_t i = 0; i < LISTS_MOST && folder->lists[i] != NULL; i++) {
        end = der;
        assert_int_equal(
            trust_builder_add_lists(builder, der_of(i2d_X509_CRL(folder->lists[i], &end), der)),
            REASON_NONE);
    }
    end = der;
    assert_int_equal(
        trust_builder_register(builder, &key, der_of(i2d_X509(folder->signer, &end), der)),
        REASON_NONE);
    assert_int_equal(trust_freeze(&builder, chain_world_now, &trust), REASON_NONE);
    return trust;
}

/* Frees what is in the folder. ret_lists: what is said of each list, may be NULL. */
static enum reason judge(struct folder *folder, enum reason *ret_lists)
{
    struct trust *trust = freeze(folder);
    enum reason reason = trust_judge(trust_signer_at(trust, 0), chain_world_now);
    for (size_t i = 0; ret_lists != NULL && i < trust_list_count(trust); i++)
        ret_lists[i] = trust_judge_list(trust, i, chain_world_now);
    trust_drop(&trust);
    for (size_t i = 0; i < ANCHORS_MOST; i++)
        X509_free(folder->anchors[i]);
    for (size_t i = 0; i < BETWEEN_MOST; i++)
        X509_free(folder->between[i]);
    for (size_t i = 0; i < LISTS_MOST; i++)
        X509_CRL_free(folder->lists[i]);
    X509_free(folder->signer);
    return reason;
}

static void a_complete_list_clears_or_revokes(void **state)
{
    (void)state;
    struct folder folder = usual();
    assert_int_equal(judge(&folder, NULL), REASON_NONE); /* no list: header */
    for (int is_on_it = 0; is_on_it < 2; is_on_it++) {
        for (int is_old = 0; is_old < 2; is_old++) {
            struct made_list made = complete;
            enum reason lists[LISTS_MOST];
            folder = usual();
            if (is_old)
                made.from_days = -20, made.until_days = -10;
            put_list(&folder, made, CA_KEY, is_on_it);
            assert_int_equal(judge(&folder, lists),
                             is_on_it ? REASON_CERTIFICATE_REVOKED : REASON_NONE);
            assert_int_equal(lists[0], is_old ? REASON_LIST_OUT_OF_DATE : REASON_NONE);
        }
    }
}

/* Each beside nothing, beside a complete list without the certificate, and beside one with it. */
static void judge_beside(struct made_list made, int key, bool is_signed)
{
    for (int is_on_it = 0; is_on_it < 2; is_on_it++) {
        enum reason lists[LISTS_MOST];
        struct folder folder = usual();
        put_list(&folder, made, key, is_on_it);
        assert_int_equal(judge(&folder, lists), is_on_it && is_signed ? REASON_CERTIFICATE_REVOKED
                                                                      : REASON_REVOCATION_UNKNOWN);
        assert_int_equal(lists[0], is_signed ? REASON_LIST_INCOMPLETE : REASON_LIST_NOT_SIGNED);
        folder = usual();
        put_list(&folder, made, key, is_on_it);
        put_list(&folder, complete, CA_KEY, false);
        assert_int_equal(judge(&folder, NULL),
                         is_on_it && is_signed ? REASON_CERTIFICATE_REVOKED : REASON_NONE);
        folder = usual();
        put_list(&folder, complete, CA_KEY, true);
        put_list(&folder, made, key, is_on_it);
        assert_int_equal(judge(&folder, NULL), REASON_CERTIFICATE_REVOKED);
    }
}

static void a_list_that_cannot_be_used_makes_nothing_better(void **state)
{
    (void)state;
    struct made_list made = complete;
    made.base = 4;
    judge_beside(made, CA_KEY, true); /* 4.15 */
    made = complete;
    made.scope = "critical,onlysomereasons:keyCompromise";
    judge_beside(made, CA_KEY, true); /* 4.14.15-21 */
    made.scope = "critical,indirectCRL:TRUE";
    judge_beside(made, CA_KEY, true); /* 4.14.22 */
    made.scope = "critical,onlyAA:TRUE";
    judge_beside(made, CA_KEY, true); /* 4.14.14 */
    made = complete;
    made.has_unknown_critical = true;
    judge_beside(made, CA_KEY, true);         /* 4.4.9 */
    judge_beside(complete, OTHER_KEY, false); /* 4.4.2 */
    judge_beside(complete, ROOT_KEY, false);
}

static void an_entry_that_nobody_understands_spoils_the_list(void **state)
{
    (void)state; /* 4.4.8 */
    static const struct made_entry strange[] = {{5, NULL, -1, true, -3}};
    struct made_list made = complete;
    made.entries = strange;
    made.entry_count = 1;
    struct folder folder = usual();
    put_list(&folder, made, CA_KEY, false);
    assert_int_equal(judge(&folder, NULL), REASON_REVOCATION_UNKNOWN);
}

static void a_delta_takes_nothing_back(void **state)
{
    (void)state; /* 4.15.4 */
    static const struct made_entry back[] = {
        {SIGNER_SERIAL, NULL, CRL_REASON_REMOVE_FROM_CRL, false, -1}};
    struct made_list delta = complete;
    delta.base = 4;
    delta.entries = back;
    delta.entry_count = 1;
    struct folder folder = usual();
    put_list(&folder, complete, CA_KEY, true);
    put_list(&folder, delta, CA_KEY, false);
    assert_int_equal(judge(&folder, NULL), REASON_CERTIFICATE_REVOKED);
}

static void a_list_of_one_place_clears_who_names_it(void **state)
{
    (void)state; /* 4.14.1-9 */
    static const struct {
        const char *place;
        const char *scope;
        enum reason clear;
    } cases[] = {
        {HERE, SCOPE_HERE, REASON_NONE},
        {HERE, SCOPE_THERE, REASON_REVOCATION_UNKNOWN},
        {NULL, SCOPE_HERE, REASON_REVOCATION_UNKNOWN},
        {HERE, NULL, REASON_NONE},
        {HERE, "critical,onlyuser:TRUE", REASON_NONE},
        {HERE, "critical,onlyCA:TRUE", REASON_REVOCATION_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int is_on_it = 0; is_on_it < 2; is_on_it++) {
            struct folder folder = usual();
            struct made_list made = complete;
            X509_free(folder.signer);
            folder.signer = make_signer(CA_KEY, cases[i].place, NULL);
            made.scope = cases[i].scope;
            put_list(&folder, made, CA_KEY, is_on_it);
            assert_int_equal(judge(&folder, NULL),
                             is_on_it ? REASON_CERTIFICATE_REVOKED : cases[i].clear);
        }
    }
}

static void an_indirect_list_revokes_whom_the_certificate_lets_it(void **state)
{
    (void)state; /* 4.14.23-35 */
    static const struct made_entry of_ca[] = {{SIGNER_SERIAL, "CA", -1, false, -3}};
    for (int is_named = 0; is_named < 2; is_named++) {
        struct folder folder = usual();
        struct made_list made = complete;
        X509_free(folder.signer);
        folder.signer = make_signer(CA_KEY, NULL, is_named ? "Lists" : "Nobody");
        folder.between[1] = make_authority("Lists", OTHER_KEY, "Root", ROOT_KEY, 3);
        made.issuer = "Lists";
        made.scope = "critical,indirectCRL:TRUE";
        made.entries = of_ca;
        made.entry_count = 1;
        put_list(&folder, made, OTHER_KEY, false);
        assert_int_equal(judge(&folder, NULL), is_named ? REASON_CERTIFICATE_REVOKED : REASON_NONE);
    }
}

/* The CA renewed its key: two certificates by the root, of one name. */
static struct folder renewed(int signed_by)
{
    struct folder folder = usual();
    folder.between[1] = make_authority("CA", CA_NEW_KEY, "Root", ROOT_KEY, 4);
    X509_free(folder.signer);
    folder.signer = make_signer(signed_by, NULL, NULL);
    return folder;
}

static void an_authority_renews_its_key(void **state)
{
    (void)state; /* 4.4.19-21, 4.5 */
    for (int signed_by = CA_KEY; signed_by <= CA_NEW_KEY; signed_by++) {
        for (int listed_by = CA_KEY; listed_by <= CA_NEW_KEY; listed_by++) {
            struct folder folder = renewed(signed_by);
            put_list(&folder, complete, listed_by, false);
            assert_int_equal(judge(&folder, NULL), REASON_NONE);
            folder = renewed(signed_by);
            put_list(&folder, complete, listed_by, true);
            assert_int_equal(judge(&folder, NULL), REASON_CERTIFICATE_REVOKED);
            /* An empty list by the one key beside a revoking list by the other. */
            folder = renewed(signed_by);
            put_list(&folder, complete, CA_KEY + CA_NEW_KEY - listed_by, false);
            put_list(&folder, complete, listed_by, true);
            assert_int_equal(judge(&folder, NULL), REASON_CERTIFICATE_REVOKED);
        }
    }
}

static void another_anchor_of_the_name_clears_nothing(void **state)
{
    (void)state; /* RFC 5280 §6.3.3 f */
    struct folder folder = usual();
    folder.anchors[1] = make_authority("CA", OTHER_KEY, "CA", OTHER_KEY, 9);
    put_list(&folder, complete, OTHER_KEY, false);
    assert_int_equal(judge(&folder, NULL), REASON_REVOCATION_UNKNOWN);
    folder = usual();
    folder.anchors[1] = make_authority("CA", OTHER_KEY, "CA", OTHER_KEY, 9);
    put_list(&folder, complete, OTHER_KEY, true);
    assert_int_equal(judge(&folder, NULL), REASON_CERTIFICATE_REVOKED);
}

static void who_may_not_sign_lists_signs_none(void **state)
{
    (void)state; /* 4.7.4, 4.7.5 */
    struct folder folder = usual();
    X509_free(folder.between[0]);
    folder.between[0] =
        chain_world_certificate(&(struct made_certificate){.subject = "CA",
                                                           .issuer = "Root",
                                                           .key = keys[CA_KEY],
                                                           .issuer_key = keys[ROOT_KEY],
                                                           .serial = 2,
                                                           .is_authority = true,
                                                           .usage = "critical,keyCertSign",
                                                           .from_days = -900,
                                                           .until_days = 900});
    put_list(&folder, complete, CA_KEY, false);
    assert_int_equal(judge(&folder, NULL), REASON_REVOCATION_UNKNOWN);
}

static void a_name_of_many_authorities_ends(void **state)
{
    (void)state;
    struct folder folder = usual();
    /* Without key identifiers only the signatures tell them apart, and they certify each other. */
    for (size_t i = 1; i < BETWEEN_MOST; i++)
        folder.between[i] =
            chain_world_certificate(&(struct made_certificate){.subject = "CA",
                                                               .issuer = "CA",
                                                               .key = keys[CA_KEY],
                                                               .issuer_key = keys[CA_KEY],
                                                               .serial = 20 + (long)i,
                                                               .is_authority = true,
                                                               .has_no_key_id = true,
                                                               .usage = AUTHORITY_USAGE,
                                                               .from_days = -900,
                                                               .until_days = 900});
    assert_int_equal(judge(&folder, NULL), REASON_NONE);
}

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++)
        keys[i] = EVP_EC_gen("P-256");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++)
        EVP_PKEY_free(keys[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_list_clears_or_revokes),
        cmocka_unit_test(a_list_that_cannot_be_used_makes_nothing_better),
        cmocka_unit_test(an_entry_that_nobody_understands_spoils_the_list),
        cmocka_unit_test(a_delta_takes_nothing_back),
        cmocka_unit_test(a_list_of_one_place_clears_who_names_it),
        cmocka_unit_test(an_indirect_list_revokes_whom_the_certificate_lets_it),
        cmocka_unit_test(an_authority_renews_its_key),
        cmocka_unit_test(another_anchor_of_the_name_clears_nothing),
        cmocka_unit_test(who_may_not_sign_lists_signs_none),
        cmocka_unit_test(a_name_of_many_authorities_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
