/* Certificates that end, and are revoked, while a message is on its way: its seal is judged at the
 * time that is proven (adapters/core/session_proof.c). The real cores of three programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/support/trio.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, ENDS_MS = 2 * SECOND, RENEWED_MS = 5 * SECOND };

static void run(struct trio *trio)
{
    char text[300];
    bool is_done = trio_run(trio);
    trio_describe(trio, text, sizeof text);
    if (!is_done)
        print_error("%s\n", text);
    assert_true(is_done);
    assert_int_equal(trio_office_count(trio, TRIO_AGENCY), TRIO_TRANSFERS);
    assert_int_equal(trio_office_count(trio, TRIO_CENTRE), TRIO_TRANSFERS);
}

/* All of it is in custody; the agency's adapter is off while the centre renews its certificate. */
static void taken_before_the_end_is_good(const char *word)
{
    struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
    trio_certify(trio, TRIO_CENTRE, word, ENDS_MS, RENEWED_MS);
    trio_stay_away(trio, TRIO_AGENCY, 0, 10 * MINUTE);
    run(trio);
    assert_int_equal(trio_proven_count(trio, TRIO_CENTRE), TRIO_TRANSFERS);
    assert_int_equal(trio_proven_count(trio, TRIO_AGENCY), 0);
    trio_close(&trio);
}

static void a_certificate_ends_after_custody(void **state)
{
    (void)state;
    taken_before_the_end_is_good("ended");
}

static void a_certificate_is_revoked_after_custody(void **state)
{
    (void)state;
    taken_before_the_end_is_good("recalled");
}

static void an_issuer_ends_after_custody(void **state)
{
    (void)state;
    taken_before_the_end_is_good("orphaned");
}

/* Nothing of it is in custody: the sender seals the same bytes again. */
static void sealed_again_is_good(const char *word)
{
    struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
    trio_certify(trio, TRIO_CENTRE, word, ENDS_MS, RENEWED_MS);
    trio_stay_away(trio, TRIO_CENTRE, 0, 10 * MINUTE);
    run(trio);
    assert_int_equal(trio_proven_count(trio, TRIO_CENTRE), 0);
    trio_close(&trio);
}

static void a_certificate_ends_in_its_senders_queue(void **state)
{
    (void)state;
    sealed_again_is_good("ended");
}

static void a_certificate_is_revoked_before_custody(void **state)
{
    (void)state;
    sealed_again_is_good("recalled");
}

/* The authority has a new key: its old one ends, and what was issued under it is not trusted. */
static void an_issuer_ends_before_custody(void **state)
{
    (void)state;
    sealed_again_is_good("orphaned");
}

/* What the agency has sealed, its receipts among it, waits at the gateway for the centre. */
static void receipts_and_results_wait_too(void **state)
{
    (void)state;
    struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
    trio_certify(trio, TRIO_AGENCY, "ended", ENDS_MS, RENEWED_MS);
    trio_stay_away(trio, TRIO_CENTRE, 200, 10 * MINUTE);
    run(trio);
    trio_close(&trio);
}

/* The gateway's own: its receipts are on their way when its certificate ends. */
static void the_gateways_certificate_ends(void **state)
{
    (void)state;
    struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
    trio_certify(trio, TRIO_GATEWAY, "ended", ENDS_MS, RENEWED_MS);
    trio_stay_away(trio, TRIO_CENTRE, 60, 10 * MINUTE);
    run(trio);
    trio_close(&trio);
}

/* Without a new certificate the messages wait where they are; nobody ends them. */
static void nothing_is_refused_before_a_renewal(void **state)
{
    (void)state;
    struct trio *trio = trio_open(NULL, TRIO_GATEWAY);
    trio_certify(trio, TRIO_CENTRE, "ended", ENDS_MS, 20 * MINUTE);
    trio_stay_away(trio, TRIO_CENTRE, 0, 10 * MINUTE);
    run(trio);
    assert_true(trio_elapsed_ms(trio) > 20 * MINUTE);
    trio_close(&trio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_ends_after_custody),
        cmocka_unit_test(a_certificate_is_revoked_after_custody),
        cmocka_unit_test(a_certificate_ends_in_its_senders_queue),
        cmocka_unit_test(a_certificate_is_revoked_before_custody),
        cmocka_unit_test(an_issuer_ends_after_custody),
        cmocka_unit_test(an_issuer_ends_before_custody),
        cmocka_unit_test(receipts_and_results_wait_too),
        cmocka_unit_test(the_gateways_certificate_ends),
        cmocka_unit_test(nothing_is_refused_before_a_renewal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
