/* One verdict with OpenSSL on certificates: made-up provinces of authorities, renewed keys and
 * lists of every kind through our trust and X509_verify_cert with extended lists and deltas.
 * limit-seconds: 300
 * What we accept it accepts, but for the lines of proto/seal/trust.h; the same the other way round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/seal/trust.h"
#include "tests/support/effort.h"
#include "tests/sim/dice.h"
#include "tests/support/chain_world.h"

enum { CHAINS = 800, CHAINS_SANITIZED = 120 };

enum { SEED = 20261202, KEYS = 6, BETWEEN_MOST = 4, LISTS_MOST = 4, SIGNER_SERIAL = 77 };
enum { DER_BYTES = 16384, SHOWN_MOST = 20 };
enum { ROOT_KEY, CA_KEY, NEW_KEY, OTHER_KEY, SIGNER_KEY, STRANGER_KEY };

static EVP_PKEY *keys[KEYS];

struct world {
    X509 *root;
    X509 *between[BETWEEN_MOST];
    X509 *signer;
    X509_CRL *lists[LISTS_MOST];
    struct made_list made[LISTS_MOST];
    size_t between_count;
    size_t list_count;
    bool is_usable[LISTS_MOST]; /* as we say */
};

/* --- making ------------------------------------------------------------------------------------
 */

static bool sometimes(struct dice *dice, unsigned one_in)
{
    return dice_below(dice, one_in) == 0;
}

static struct made_certificate authority_of(struct dice *dice, const char *subject, int key,
                                            const char *issuer, int issuer_key, long serial)
{
    struct made_certificate made = {.subject = subject,
                                    .issuer = issuer,
                                    .key = keys[key],
                                    .issuer_key = keys[issuer_key],
                                    .serial = serial,
                                    .is_authority = true,
                                    .usage = "critical,keyCertSign,cRLSign",
                                    .from_days = -900,
                                    .until_days = 900};
    if (sometimes(dice, 25))
        made.usage = sometimes(dice, 2) ? "critical,cRLSign" : "critical,keyCertSign";
    made.is_authority = !sometimes(dice, 40);
    made.has_no_constraints = sometimes(dice, 60);
    made.has_unknown_critical = sometimes(dice, 50);
    made.has_no_key_id = sometimes(dice, 10);
    made.path_length = sometimes(dice, 10) ? 1 : 0;
    if (sometimes(dice, 40))
        made.until_days = -1;
    return made;
}

static struct made_certificate signer_of(struct dice *dice, int issuer_key)
{
    static const char *const places[] = {NULL, NULL, "URI:http://ca.example/here.crl"};
    struct made_certificate made = {.subject = "desk",
                                    .issuer = "CA",
                                    .key = keys[SIGNER_KEY],
                                    .issuer_key = keys[issuer_key],
                                    .serial = SIGNER_SERIAL,
                                    .usage = "critical,digitalSignature",
                                    .from_days = -30,
                                    .until_days = 300};
    made.place = places[dice_below(dice, 3)];
    made.list_issuer = sometimes(dice, 8) ? "Lists" : NULL;
    made.has_unknown_critical = sometimes(dice, 50);
    made.has_no_key_id = sometimes(dice, 10);
    if (sometimes(dice, 40))
        made.until_days = -1;
    return made;
}

static struct made_list list_of(struct dice *dice, struct made_entry entries[2])
{
    static const char *const issuers[] = {"CA", "CA", "CA", "Root", "Lists"};
    static const int own_keys[] = {CA_KEY, CA_KEY, NEW_KEY, ROOT_KEY, OTHER_KEY};
    static const char *const scopes[] = {"critical,onlyuser:TRUE",
                                         "critical,onlyCA:TRUE",
                                         "critical,onlysomereasons:keyCompromise",
                                         "critical,indirectCRL:TRUE",
                                         "critical,fullname:URI:http://ca.example/here.crl",
                                         "critical,fullname:URI:http://ca.example/there.crl"};
    size_t which = (size_t)dice_below(dice, 5);
    struct made_list made = {.issuer = issuers[which],
                             .key = keys[own_keys[which]],
                             .number = 3 + (long)dice_below(dice, 6),
                             .from_days = -1 - (int)dice_below(dice, 5),
                             .until_days = 7,
                             .entries = entries};
    if (sometimes(dice, 10))
        made.key = keys[dice_below(dice, KEYS)];
    made.has_no_key_id = sometimes(dice, 8);
    if (sometimes(dice, 4))
        made.base = 3;
    if (sometimes(dice, 3))
        made.scope = scopes[dice_below(dice, 6)];
    made.has_unknown_critical = sometimes(dice, 30);
    if (sometimes(dice, 15))
        made.until_days = -1;
    bool is_indirect = made.scope == scopes[3] && sometimes(dice, 2);
    if (sometimes(dice, 3))
        entries[made.entry_count++] = (struct made_entry){
            .serial = which == 3 ? 2 : SIGNER_SERIAL,
            .issuer = is_indirect ? "CA" : NULL,
            .reason = sometimes(dice, 4) && made.base > 0 ? CRL_REASON_REMOVE_FROM_CRL : -1,
            .at_days = -3};
    if (sometimes(dice, 4))
        entries[made.entry_count++] = (struct made_entry){
            .serial = 5, .reason = -1, .has_unknown_critical = sometimes(dice, 8), .at_days = -3};
    return made;
}

static void make_world(struct dice *dice, struct world *world)
{
    struct made_certificate root = authority_of(dice, "Root", ROOT_KEY, "Root", ROOT_KEY, 1);
    struct made_certificate ca = authority_of(dice, "CA", CA_KEY, "Root", ROOT_KEY, 2);
    *world = (struct world){0};
    root.usage = "critical,keyCertSign,cRLSign";
    root.is_authority = true;
    root.has_no_constraints = root.has_unknown_critical = false;
    root.path_length = 0;
    root.until_days = 900;
    world->root = chain_world_certificate(&root);
    world->between[world->between_count++] = chain_world_certificate(&ca);
    bool is_renewed = sometimes(dice, 3);
    if (is_renewed) {
        struct made_certificate renewed = authority_of(dice, "CA", NEW_KEY, "Root", ROOT_KEY, 4);
        world->between[world->between_count++] = chain_world_certificate(&renewed);
    }
    if (sometimes(dice, 3)) {
        struct made_certificate lists = authority_of(dice, "Lists", OTHER_KEY, "Root", ROOT_KEY, 3);
        world->between[world->between_count++] = chain_world_certificate(&lists);
    }
    int issuer_key = sometimes(dice, 25)                ? STRANGER_KEY
                     : is_renewed && sometimes(dice, 2) ? NEW_KEY
                                                        : CA_KEY;
    struct made_certificate signer = signer_of(dice, issuer_key);
    world->signer = chain_world_certificate(&signer);
    for (uint64_t left = dice_below(dice, LISTS_MOST + 1); left > 0; left--) {
        struct made_entry entries[2];
        world->made[world->list_count] = list_of(dice, entries);
        world->lists[world->list_count] = chain_world_list(&world->made[world->list_count]);
        world->list_count++;
    }
}

static void release(struct world *world)
{
    X509_free(world->root);
    X509_free(world->signer);
    for (size_t i = 0; i < world->between_count; i++)
        X509_free(world->between[i]);
    for (size_t i = 0; i < world->list_count; i++)
        X509_CRL_free(world->lists[i]);
}

/* --- ours --------------------------------------------------------------------------------------
 */

static struct bytes der_of(int size, const uint8_t *der)
{
    assert_true(size > 0 && size <= DER_BYTES);
    return (struct bytes){der, (size_t)size};
}

static enum reason ours(struct world *world)
{
    struct trust_builder *builder = NULL;
    struct trust *trust = NULL;
    struct key key = key_of("desk");
    uint8_t der[DER_BYTES];
    uint8_t *end = der;
    assert_int_equal(trust_builder_new(&builder), REASON_NONE);
    assert_int_equal(trust_builder_add_anchors(builder, der_of(i2d_X509(world->root, &end), der)),
                     REASON_NONE);
    for (size_t i = 0; i < world->between_count; i++) {
        end = der;
        assert_int_equal(trust_builder_add_intermediates(
                             builder, der_of(i2d_X509(world->between[i], &end), der)),
                         REASON_NONE);
    }
    for (size_t i = 0; i < world->list_count; i++) {
        end = der;
        assert_int_equal(
            trust_builder_add_lists(builder, der_of(i2d_X509_CRL(world->lists[i], &end), der)),
            REASON_NONE);
    }
    end = der;
    assert_int_equal(
        trust_builder_register(builder, &key, der_of(i2d_X509(world->signer, &end), der)),
        REASON_NONE);
    assert_int_equal(trust_freeze(&builder, chain_world_now, &trust), REASON_NONE);
    enum reason reason = trust_judge(trust_signer_at(trust, 0), chain_world_now);
    for (size_t i = 0; i < world->list_count; i++) {
        enum reason standing = trust_judge_list(trust, i, chain_world_now);
        world->is_usable[i] = standing == REASON_NONE || standing == REASON_LIST_OUT_OF_DATE;
    }
    trust_drop(&trust);
    return reason;
}

/* --- OpenSSL's ---------------------------------------------------------------------------------
 */

static const struct world *asked;
static int first_error;

static bool has_list_of(const X509_NAME *issuer)
{
    for (size_t i = 0; i < asked->list_count; i++) {
        if (X509_NAME_cmp(X509_CRL_get_issuer(asked->lists[i]), issuer) == 0)
            return true;
    }
    return false;
}

/* The lines of trust.h where we accept and OpenSSL does not: an anchor, which is trusted by
 * decision; a list out of date; no list at all. */
static bool is_on_purpose(X509_STORE_CTX *context, int error)
{
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    if (error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID)
        return true;
    bool is_anchor = X509_cmp(certificate, asked->root) == 0;
    bool is_about_lists =
        error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER ||
        error == X509_V_ERR_CRL_SIGNATURE_FAILURE || error == X509_V_ERR_CERT_REVOKED ||
        error == X509_V_ERR_DIFFERENT_CRL_SCOPE ||
        error == X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION;
    if (is_anchor)
        return is_about_lists;
    return error == X509_V_ERR_UNABLE_TO_GET_CRL && !has_list_of(X509_get_issuer_name(certificate));
}

static int at_fault(int sound, X509_STORE_CTX *context)
{
    int error = X509_STORE_CTX_get_error(context);
    /* The way of a list's signer: out of date like the list. */
    bool is_signer_old =
        X509_STORE_CTX_get0_parent_ctx(context) != NULL && error == X509_V_ERR_CERT_HAS_EXPIRED;
    if (sound || is_signer_old || is_on_purpose(context, error))
        return 1;
    first_error = error;
    return 0;
}

static bool is_there(STACK_OF(X509_CRL) * lists, const X509_CRL *list)
{
    for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
        if (X509_NAME_cmp(X509_CRL_get_issuer(sk_X509_CRL_value(lists, i)),
                          X509_CRL_get_issuer(list)) == 0)
            return true;
    }
    return false;
}

/* first: which of those between it sees first, for it does not come back from a wrong choice. only:
 * all lists (LISTS_MOST), or one of each issuer's name that we call usable, from this one on. */
static bool ask_once(const struct world *world, size_t first, size_t only)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    X509_STORE_add_cert(store, world->root);
    for (size_t i = 0; i < world->between_count; i++)
        sk_X509_push(between, world->between[(first + i) % world->between_count]);
    for (size_t i = 0; i < world->list_count; i++) {
        size_t at = (only + i) % world->list_count;
        if (only == LISTS_MOST || (world->is_usable[at] && !is_there(lists, world->lists[at])))
            sk_X509_CRL_push(lists, world->lists[at]);
    }
    assert_int_equal(X509_STORE_CTX_init(context, store, world->signer, between), 1);
    X509_STORE_CTX_set0_crls(context, lists);
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)(chain_world_now.ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(parameters, 0);
    X509_VERIFY_PARAM_set_flags(
        parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                        X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS);
    X509_STORE_CTX_set_verify_cb(context, at_fault);
    asked = world;
    bool accepted = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    sk_X509_free(between);
    sk_X509_CRL_free(lists);
    return accepted;
}

static bool theirs(const struct world *world)
{
    for (size_t first = 0; first < world->between_count; first++) {
        if (ask_once(world, first, LISTS_MOST))
            return true;
    }
    return false;
}

/* It accepts by one of the lists of each issuer alone: which of several it prefers, and that it
 * stops at one that it cannot use, is not its verdict on the certificate. What others revoke we
 * asked. */
static bool theirs_by_one(const struct world *world)
{
    for (size_t first = 0; first < world->between_count; first++) {
        for (size_t only = 0; only < world->list_count; only++) {
            if (ask_once(world, first, only))
                return true;
        }
    }
    return false;
}

/* --- the lines where it accepts and we refuse ---------------------------------------------------
 */

static bool is_key_known(const struct world *world, size_t list)
{
    if (X509_CRL_verify(world->lists[list], X509_get0_pubkey(world->root)) == 1)
        return true;
    for (size_t i = 0; i < world->between_count; i++) {
        if (X509_CRL_verify(world->lists[list], X509_get0_pubkey(world->between[i])) == 1)
            return true;
    }
    return false;
}

/* Some list that somebody known signed names it, or its authority; OpenSSL preferred another. */
static bool is_on_some_list(const struct world *world)
{
    for (size_t i = 0; i < world->list_count; i++) {
        for (int k = 0; k < sk_X509_REVOKED_num(X509_CRL_get_REVOKED(world->lists[i])); k++) {
            long serial = ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(
                sk_X509_REVOKED_value(X509_CRL_get_REVOKED(world->lists[i]), k)));
            if ((serial == SIGNER_SERIAL || serial == 2) && is_key_known(world, i))
                return true;
        }
    }
    return false;
}

/* Nothing but lists that are not complete speaks of it, or of its authority. */
static bool is_without_complete_list(const struct world *world, const char *issuer)
{
    bool has_any = false;
    for (size_t i = 0; i < world->list_count; i++) {
        const struct made_list *made = &world->made[i];
        has_any = true;
        if (strcmp(made->issuer, issuer) == 0 && made->base == 0 && made->scope == NULL &&
            !made->has_unknown_critical && is_key_known(world, i))
            return false;
    }
    return has_any;
}

static bool is_explained(const struct world *world, enum reason reason)
{
    if (reason == REASON_CERTIFICATE_REVOKED)
        return is_on_some_list(world);
    /* The authority that signed the list may be the revoked one. */
    return reason == REASON_REVOCATION_UNKNOWN &&
           (is_without_complete_list(world, "CA") || is_without_complete_list(world, "Root") ||
            is_on_some_list(world));
}

static void show(const struct world *world, enum reason reason, int number)
{
    fprintf(stderr, "# chain %d: we say %s, OpenSSL %s (%s); between %zu\n", number,
            reason_code(reason), reason == REASON_NONE ? "refuses" : "accepts",
            X509_verify_cert_error_string(first_error), world->between_count);
    for (size_t i = 0; i < world->list_count; i++) {
        const struct made_list *made = &world->made[i];
        int key = 0;
        while (key < KEYS && keys[key] != made->key)
            key++;
        fprintf(stderr, "#   list of %s by key %d, base %ld, scope %s, critical %d, entries %d\n",
                made->issuer, key, made->base, made->scope == NULL ? "-" : made->scope,
                made->has_unknown_critical,
                sk_X509_REVOKED_num(X509_CRL_get_REVOKED(world->lists[i])));
    }
}

static void chains_have_one_verdict(void **state)
{
    (void)state;
    struct dice dice = {SEED};
    unsigned accepted = 0;
    unsigned refused = 0;
    unsigned explained = 0;
    unsigned disagreements = 0;
    unsigned chains = effort(CHAINS, CHAINS_SANITIZED);
    for (unsigned i = 0; i < chains; i++) {
        struct world world;
        make_world(&dice, &world);
        first_error = 0;
        enum reason reason = ours(&world);
        bool their = theirs(&world);
        if (their == (reason == REASON_NONE)) {
            accepted += their;
            refused += !their;
        } else if (their ? is_explained(&world, reason) : theirs_by_one(&world)) {
            explained++;
        } else if (disagreements++ < SHOWN_MOST) {
            show(&world, reason, (int)i);
        }
        release(&world);
    }
    printf("# chains=%u accepted=%u refused=%u explained=%u disagreements=%u\n", chains, accepted,
           refused, explained, disagreements);
    assert_int_equal(disagreements, 0);
    assert_true(accepted > chains / 20);
    assert_true(refused > chains / 20);
    assert_true(explained > chains / 100);
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
        cmocka_unit_test(chains_have_one_verdict),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
