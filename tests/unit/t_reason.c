/* The table of reasons: unique, complete, and stable at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/reason.h"

struct row {
    enum reason reason;
    const char *code;
};

static const struct row rows[] = {
#define REASON(name, number, code, class, turn, vi, en, hint) {REASON_##name, code},
#include "proto/base/reason.def"
#undef REASON
};
enum { ROWS = sizeof rows / sizeof *rows };

static void test_numbers_and_codes_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(rows[i].reason, rows[k].reason);
            assert_string_not_equal(rows[i].code, rows[k].code);
        }
    }
}

static void test_codes_are_words_that_parse_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        enum reason reason = REASON_NONE;
        assert_string_equal(reason_code(rows[i].reason), rows[i].code);
        assert_int_equal(strspn(rows[i].code, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                         strlen(rows[i].code));
        assert_true(reason_parse(bytes_of_text(rows[i].code), &reason));
        assert_int_equal(reason, rows[i].reason);
        assert_true(reason_is_known((uint32_t)rows[i].reason));
    }
}

static void test_every_reason_has_texts_in_both_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        enum reason reason = rows[i].reason;
        assert_true(strlen(reason_vietnamese(reason)) > 0);
        assert_true(strlen(reason_english(reason)) > 0);
        assert_string_not_equal(reason_vietnamese(reason), reason_english(reason));
        bool has_hint = strlen(reason_hint(reason)) > 0;
        assert_int_equal(strlen(reason_hint_vietnamese(reason)) > 0, has_hint);
        if (has_hint)
            assert_string_not_equal(reason_hint(reason), reason_hint_vietnamese(reason));
    }
}

static void test_only_success_and_a_hold_are_no_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        bool fine = rows[i].reason == REASON_NONE || rows[i].reason == REASON_HELD_BY_OPERATOR;
        assert_int_equal(reason_class(rows[i].reason) == REASON_CLASS_OK, fine);
    }
}

static void test_a_number_that_the_table_does_not_have_still_answers(void **state)
{
    (void)state;
    enum reason stranger = (enum reason)99999;
    enum reason untouched = REASON_BUSY;
    assert_false(reason_is_known(99999));
    assert_false(reason_is_known(UINT32_MAX));
    assert_string_equal(reason_code(stranger), "unknown");
    assert_int_equal(reason_class(stranger), REASON_CLASS_UNKNOWN);
    assert_false(reason_parse(bytes_of_text("unknown"), &untouched));
    assert_false(reason_parse(bytes_of_text(""), &untouched));
    assert_int_equal(untouched, REASON_BUSY);
}

/* Invariant 15: whose turn it is follows from the reason and from whom it is about. */
static void test_who_must_act(void **state)
{
    (void)state;
    static const struct {
        enum reason reason;
        enum party party;
        enum actor actor;
    } cases[] = {
        {REASON_OFFICE_UNREACHABLE, PARTY_ADAPTER, ACTOR_OFFICE},
        {REASON_OFFICE_UNREACHABLE, PARTY_PORTAL, ACTOR_PORTAL},
        {REASON_STORE_FULL, PARTY_ADAPTER, ACTOR_AGENCY_IT},
        {REASON_STORE_FULL, PARTY_GATEWAY, ACTOR_GATEWAY},
        {REASON_CERTIFICATE_UNKNOWN, PARTY_ADAPTER, ACTOR_AGENCY_IT},
        {REASON_CERTIFICATE_UNKNOWN, PARTY_GATEWAY, ACTOR_CENTRE},
        {REASON_ADAPTER_AWAY, PARTY_ADAPTER, ACTOR_AGENCY_IT},
        {REASON_GATEWAY_UNREACHABLE, PARTY_GATEWAY, ACTOR_GATEWAY},
        {REASON_FIELD_MISSING, PARTY_GATEWAY, ACTOR_SENDER},
        {REASON_BEHIND_EARLIER, PARTY_GATEWAY, ACTOR_NOBODY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(actor_code(reason_actor(cases[i].reason, cases[i].party)),
                            actor_code(cases[i].actor));
    for (size_t i = 0; i < ROWS; i++) {
        enum actor actor = reason_actor(rows[i].reason, PARTY_PORTAL);
        assert_string_not_equal(actor_vietnamese(actor), actor_english(actor));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_and_codes_are_unique),
        cmocka_unit_test(test_codes_are_words_that_parse_back),
        cmocka_unit_test(test_every_reason_has_texts_in_both_languages),
        cmocka_unit_test(test_who_must_act),
        cmocka_unit_test(test_only_success_and_a_hold_are_no_failure),
        cmocka_unit_test(test_a_number_that_the_table_does_not_have_still_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
