/* The table of the ten states: what may follow what, written out again by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "routing/dossier/dossier_state.h"

/* One row a state: which states may follow it, besides itself. */
static const char *const followers[DOSSIER_STATES] = {
    [1] = "2357", [2] = "47", [3] = "", [4] = "56789", [5] = "478",
    [6] = "4789", [7] = "",   [8] = "", [9] = "4:",    [10] = "",
};

static bool is_listed(int from, int to)
{
    for (const char *at = followers[from]; *at != 0; at++) {
        if (*at - '0' == to)
            return true;
    }
    return false;
}

static void test_only_what_the_table_lists_may_follow(void **state)
{
    (void)state;
    for (int from = 1; from < DOSSIER_STATES; from++) {
        for (int to = 1; to < DOSSIER_STATES; to++)
            assert_int_equal(dossier_may_move((enum dossier_state)from, (enum dossier_state)to),
                             from == to || is_listed(from, to));
    }
}

static void test_a_dossier_may_be_first_seen_in_any_state(void **state)
{
    (void)state;
    for (int to = 1; to < DOSSIER_STATES; to++)
        assert_true(dossier_may_move(DOSSIER_UNKNOWN, (enum dossier_state)to));
    assert_false(dossier_may_move(DOSSIER_UNKNOWN, DOSSIER_UNKNOWN));
}

static void test_numbers_that_are_no_state(void **state)
{
    (void)state;
    assert_false(dossier_state_is_known(0));
    assert_false(dossier_state_is_known(11));
    assert_false(dossier_may_move(DOSSIER_PROCESSING, (enum dossier_state)11));
    assert_false(dossier_may_move((enum dossier_state)99, DOSSIER_PROCESSING));
    assert_string_equal(dossier_state_name((enum dossier_state)11, LANGUAGE_ENGLISH), "?");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(dossier_state_name(DOSSIER_HANDED_OVER, LANGUAGE_VIETNAMESE),
                        "Đã trả kết quả");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_what_the_table_lists_may_follow),
        cmocka_unit_test(test_a_dossier_may_be_first_seen_in_any_state),
        cmocka_unit_test(test_numbers_that_are_no_state),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("dossier_state", tests, NULL, NULL);
}
