/* One message that the mapping fails on: it is named, and the states of the others are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/portal_play.h"

static json_t *faulty_body(void)
{
    json_t *body = transfer_body();
    assert_int_equal(json_object_set_new(body, "owner", json_string("Mẫu")), 0);
    return body;
}

struct listed {
    size_t count;
    enum reason reason;
    char code[PORTAL_CODE_BYTES], text[REASON_TEXT_BYTES_MAX + 1];
};

static bool keep_listed(void *context, const struct portal_event_view *view)
{
    struct listed *listed = context;
    listed->count++;
    listed->reason = view->reason;
    (void)snprintf(listed->code, sizeof listed->code, "%s", view->code);
    (void)snprintf(listed->text, sizeof listed->text, "%s", view->text);
    return true;
}

static void read_worklist(const struct play *play, struct listed *ret_listed)
{
    struct portal_ledger *ledger;
    char path[300];
    *ret_listed = (struct listed){.count = 0};
    (void)snprintf(path, sizeof path, "%s/portal.sqlite", play->scratch.folder);
    assert_int_equal(portal_ledger_open(path, &ledger), REASON_NONE);
    assert_int_equal(portal_ledger_worklist(ledger, keep_listed, ret_listed), REASON_NONE);
    portal_ledger_close(&ledger);
}

static void assert_named(const struct play *play, const char *code, const char *field)
{
    struct listed listed;
    read_worklist(play, &listed);
    assert_int_equal(listed.count, 1);
    assert_int_equal(listed.reason, REASON_FIELD_INVALID);
    assert_string_equal(listed.code, code);
    assert_string_equal(listed.text, field);
}

#define TWO_TAKEN                                                                                  \
    "{\"error_code\":\"16\",\"result\":[{\"MaHoSo\":\"A-261125-0001\",\"error_code\":\"0\"},"      \
    "{\"MaHoSo\":\"A-261125-0003\",\"error_code\":\"0\"}]}"

static void the_others_of_its_batch_are_told(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, TWO_TAKEN);
    begin(play);
    give(play, 1, 1, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 1, "transfer", "A-261125-0002", faulty_body());
    give(play, 3, 1, "transfer", "A-261125-0003", transfer_body());
    wait_for(play, 3);
    assert_int_equal(play->answers[1], REASON_NONE);
    assert_int_equal(play->answers[2], REASON_FIELD_INVALID);
    assert_int_equal(play->answers[3], REASON_NONE);
    assert_int_equal(scripted_server_requests(play->server), 2);
    assert_named(play, "A-261125-0002", "owner");
    end(play);
}

/* A later attempt looks first, and it is the answer's comparison that fails. */
static void the_others_of_its_lookup_are_told(void **state)
{
    (void)state;
    struct play *play = new_play();
    const char *shown = "{\"error_code\":\"0\",\"result\":[{\"MaHoSo\":\"A-261125-0001\"},"
                        "{\"MaHoSo\":\"A-261125-0002\"},{\"MaHoSo\":\"A-261125-0003\"}]}";
    says(play, LOGGED_IN);
    says(play, shown);
    says(play, shown);
    begin(play);
    give(play, 1, 2, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 2, "transfer", "A-261125-0002", faulty_body());
    give(play, 3, 2, "transfer", "A-261125-0003", transfer_body());
    wait_for(play, 3);
    assert_int_equal(play->answers[1], REASON_NONE);
    assert_int_equal(play->answers[2], REASON_FIELD_INVALID);
    assert_int_equal(play->answers[3], REASON_NONE);
    assert_false(asked(play, 2, "A-261125-0002"));
    assert_named(play, "A-261125-0002", "owner");
    end(play);
}

static void a_step_is_named_too(void **state)
{
    (void)state;
    struct play *play = new_play();
    says(play, LOGGED_IN);
    says(play, ONE("0"));
    says(play, ONE("0"));
    begin(play);
    assert_int_equal(deliver(play, 1, 1, "transfer", transfer_body()), REASON_NONE);
    assert_int_equal(deliver(play, 2, 1, "progress",
                             json_pack("{s:i, s:s}", "national_state", 4, "due_ms", "soon")),
                     REASON_FIELD_INVALID);
    assert_named(play, CODE, "due_ms");
    assert_int_equal(deliver(play, 3, 1, "progress", progress_body(4)), REASON_NONE);
    end(play);
}

/* Then no message is at fault: it waits for a person who mends the mapping. */
static void a_mapping_that_fails_on_everything_blames_no_message(void **state)
{
    (void)state;
    struct play *play = new_play();
    struct scratch folder;
    char mapping[300];
    assert_true(scratch_open(&folder));
    assert_true(scratch_write(&folder, "mapping.jq",
                              bytes_of_text("if .service == \"create\" then error(\"no\")"
                                            " else {login: true} end")));
    (void)snprintf(mapping, sizeof mapping, "%s/mapping.jq", folder.folder);
    says(play, LOGGED_IN);
    begin_with(play, mapping);
    give(play, 1, 1, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 1, "transfer", "A-261125-0002", faulty_body());
    wait_for(play, 2);
    assert_int_equal(play->answers[1], REASON_OFFICE_UNKNOWN);
    assert_int_equal(play->answers[2], REASON_OFFICE_UNKNOWN);
    end(play);
    scratch_close(&folder);
}

/* The mapping takes each, but not two at once: a bound that it passes only with both. */
static void what_is_too_much_together_goes_one_by_one(void **state)
{
    (void)state;
    struct play *play = new_play();
    struct scratch folder;
    char mapping[300];
    assert_true(scratch_open(&folder));
    assert_true(scratch_write(
        &folder, "mapping.jq",
        bytes_of_text("if .stage == \"answer\" then {reason: \"ok\"}"
                      " elif (.items | length) > 1 then error(\"too much\")"
                      " else {method: \"POST\", path: \"/one\", json: .items[0].code} end")));
    (void)snprintf(mapping, sizeof mapping, "%s/mapping.jq", folder.folder);
    says(play, "{}");
    says(play, "{}");
    play->script[0].closes = true; /* the two come over a line each, and it serves one at a time */
    begin_with(play, mapping);
    give(play, 1, 1, "transfer", "A-261125-0001", transfer_body());
    give(play, 2, 1, "transfer", "A-261125-0002", transfer_body());
    wait_for(play, 2);
    assert_int_equal(play->answers[1], REASON_NONE);
    assert_int_equal(play->answers[2], REASON_NONE);
    assert_int_equal(scripted_server_requests(play->server), 2);
    end(play);
    scratch_close(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_others_of_its_batch_are_told),
        cmocka_unit_test(the_others_of_its_lookup_are_told),
        cmocka_unit_test(a_step_is_named_too),
        cmocka_unit_test(a_mapping_that_fails_on_everything_blames_no_message),
        cmocka_unit_test(what_is_too_much_together_goes_one_by_one),
    };
    return cmocka_run_group_tests_name("portal_blame", tests, NULL, NULL);
}
