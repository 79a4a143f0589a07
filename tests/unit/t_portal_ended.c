/* What came to nothing at its recipient, after the portal was told of it, becomes a step there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/portal_play.h"

#define OTHER_CODE "H38.09-261125-0002"
/* The ids that give makes of its numbers. */
#define ID(number) "01997b6e-0000-7000-8000-0000000000" number

static json_t *item_of(const char *id)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "message_id", id, "sender", "centre",
                     "destination", "sxd", "reason", "withdrawn_by_operator", "at_ms",
                     (json_int_t)1764000500000);
}

static json_t *items_of(const char *first, const char *second)
{
    return json_pack("{s:[o, o]}", "items", item_of(first), item_of(second));
}

static enum portal_outcome outcome_of(struct play *play, const char *id)
{
    char path[300];
    struct portal_ledger *ledger = NULL;
    struct portal_known known = {.outcome = 0};
    (void)snprintf(path, sizeof path, "%s/portal.sqlite", play->scratch.folder);
    assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
    (void)portal_ledger_find(ledger, id, &known);
    portal_ledger_close(&ledger);
    return known.outcome;
}

/* Its name is not in the registry, of which there is none here: the key stands for it. */
static void each_end_is_a_step_and_the_state_stays(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says(play, "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" OTHER_CODE
               "\",\"error_code\":\"0\"}]}");
    says(play, ONE("0"));
    says(play, "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" OTHER_CODE
               "\",\"error_code\":\"0\"}]}");
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    give(play, 2, 1, "transfer", OTHER_CODE, transfer_body());
    wait_for(play, 2);
    assert_int_equal(deliver(play, 3, 1, "receipt_withdrawn", items_of(ID("01"), ID("02"))),
                     REASON_NONE);
    assert_int_equal(play->grounds[3], FAILURE_RULE);
    for (size_t i = 3; i < 5; i++) {
        assert_true(asked(play, i, "CapNhatTienDoHoSoMC"));
        assert_true(asked(play, i, "Chuyển hồ sơ đến sxd không thành"));
        assert_true(asked(play, i, "\"TrangThai\":\"2\""));
        assert_true(asked(play, i, i == 3 ? CODE : OTHER_CODE));
    }
    /* The same receipt again: answered from the ledger. */
    assert_int_equal(deliver(play, 3, 2, "receipt_withdrawn", items_of(ID("01"), ID("02"))),
                     REASON_NONE);
    assert_int_equal(outcome_of(play, ID("03") "#0"), PORTAL_ACCEPTED);
    assert_int_equal(outcome_of(play, ID("03") "#1"), PORTAL_ACCEPTED);
    end(play);
}

/* The portal fails at the second item: all of the receipt comes again, and only that is sent. */
static void a_receipt_goes_on_where_it_was(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says(play, ONE("0"));
    says(play, WHOLE("20")); /* not so fast */
    /* A later attempt looks first: the dossier is there, without this step. */
    says(play, "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"" CODE "\"}]}");
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 3, 1, "receipt_expired", items_of(ID("01"), ID("01"))),
                     REASON_OFFICE_THROTTLED);
    assert_int_equal(deliver(play, 3, 2, "receipt_expired", items_of(ID("01"), ID("01"))),
                     REASON_NONE);
    assert_true(asked(play, 4, "TraCuuHoSo"));
    assert_int_equal(outcome_of(play, ID("03") "#1"), PORTAL_ACCEPTED);
    end(play);
}

static void what_the_portal_was_not_told_is_passed_over_or_listed(void **state)
{
    (void)state;
    struct play *play = new_play();
    begin(play);
    /* A message before its dossier: refused by a rule, and on the work list. */
    assert_int_equal(deliver(play, 1, 1, "progress", progress_body(4)), REASON_PORTAL_DOSSIER);
    assert_int_equal(deliver(play, 3, 1, "receipt_refused", items_of(ID("01"), ID("09"))),
                     REASON_NONE);
    assert_int_equal(outcome_of(play, ID("03") "#0"), PORTAL_REFUSED); /* beside its message */
    assert_int_equal(outcome_of(play, ID("03") "#1"), 0);
    end(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_is_a_step_and_the_state_stays),
        cmocka_unit_test(a_receipt_goes_on_where_it_was),
        cmocka_unit_test(what_the_portal_was_not_told_is_passed_over_or_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
