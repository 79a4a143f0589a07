/* One verdict with OpenSSL: mutated signatures through seal_verify and CMS_verify.
 * limit-seconds: 300
 * What we accept it accepts; what it accepts and we refuse is explained by the list in
 * proto/seal/seal.h. The same seed makes the same changes; keys are new each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/support/effort.h"
#include "tests/support/cms_bases.h"

enum { MUTANTS = 200000, MUTANTS_SANITIZED = 4000 };

enum { SHOWN_MOST = 10, SEED = 20261201 };

static struct cms_bases bases;
static struct der_tree tree;

struct counts {
    unsigned accepted;
    unsigned refused;
    unsigned explained;
    unsigned disagreements;
};

static void show(const char *what, enum reason ours, bool theirs, struct bytes signature)
{
    fprintf(stderr, "# %s: we say %s, OpenSSL %s\n# ", what, reason_code(ours),
            theirs ? "accepts" : "refuses");
    for (size_t i = 0; i < signature.size; i++)
        fprintf(stderr, "%02x", signature.data[i]);
    fprintf(stderr, "\n");
}

static void compare(const struct cms_sample *sample, struct bytes signature, struct counts *counts)
{
    enum reason ours = cms_bases_judge(&bases, sample->content, signature);
    bool theirs = cms_oracle_accepts(&bases.oracle, sample->content, signature, false);
    assert_int_not_equal(ours, REASON_OUT_OF_MEMORY);
    if (theirs == (ours == REASON_NONE)) {
        counts->accepted += theirs;
        counts->refused += !theirs;
    } else if (theirs && cms_oracle_explains(&bases.oracle, sample->content, signature, ours)) {
        counts->explained++;
    } else {
        if (counts->disagreements++ < SHOWN_MOST)
            show(sample->what, ours, theirs, signature);
    }
}

static void the_bases_are_accepted_by_both(void **state)
{
    (void)state;
    assert_int_equal(bases.count, CMS_BASES);
    for (size_t i = 0; i < bases.count; i++) {
        const struct cms_sample *sample = &bases.samples[i];
        assert_int_equal(cms_bases_judge(&bases, sample->content, sample->base.signature),
                         REASON_NONE);
        assert_true(
            cms_oracle_accepts(&bases.oracle, sample->content, sample->base.signature, true));
    }
}

static void mutants_have_one_verdict(void **state)
{
    (void)state;
    struct dice dice = {SEED};
    struct counts counts = {0};
    struct buffer signature;
    buffer_init(&signature, 4 * SIGNATURE_BYTES_MAX);
    unsigned mutants = effort(MUTANTS, MUTANTS_SANITIZED);
    for (unsigned i = 0; i < mutants; i++) {
        const struct cms_sample *sample = cms_bases_choose(&bases, &dice);
        cms_mutant_make(&tree, &sample->base, &bases.fillings, &dice, &signature);
        if (signature.size > 0)
            compare(sample, buffer_view(&signature), &counts);
    }
    buffer_release(&signature);
    printf("# mutants=%u accepted=%u refused=%u explained=%u disagreements=%u\n", mutants,
           counts.accepted, counts.refused, counts.explained, counts.disagreements);
    assert_int_equal(counts.disagreements, 0);
    /* All three happen often, or the mutants are too wild to say anything. */
    assert_true(counts.accepted > mutants / 50);
    assert_true(counts.explained > mutants / 50);
    assert_true(counts.refused > mutants / 50);
}

static int set_up(void **state)
{
    (void)state;
    return cms_bases_init(&bases) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    cms_bases_release(&bases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bases_are_accepted_by_both),
        cmocka_unit_test(mutants_have_one_verdict),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
