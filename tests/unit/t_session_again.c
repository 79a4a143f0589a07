/* What came to nothing is sent again as a new message, unless the office itself said no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/job.h"
#include "tests/unit/session_fixture.h"

static void bring_end(struct fixture *fixture, const struct submitted *submitted,
                      const char *signer, uint32_t type, enum reason reason)
{
    const struct receipt_item item = {.message_id = submitted->id,
                                      .digest = submitted->digest,
                                      .destination = key_of("stp"),
                                      .reason = reason,
                                      .at = {now_ms}};
    begin(fixture);
    struct bytes document = receipt(fixture, signer, type, &item, 1);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->alarms, 0);
}

static struct submitted sent(struct fixture *fixture)
{
    begin(fixture);
    struct submitted submitted = submit(fixture);
    end(fixture);
    begin(fixture);
    bring_custody(fixture, &submitted, "stp");
    end(fixture);
    return submitted;
}

static enum reason again(struct fixture *fixture, const struct submitted *first,
                         struct submitted *ret_new)
{
    begin(fixture);
    enum reason reason = session_send_again(fixture->session, first->message_seq, ret_new);
    end(fixture);
    return reason;
}

/* The same content under a new id, found from each other; asked twice it is sent once. */
static void what_expired_is_sent_again_once(void **state)
{
    struct fixture *fixture = *state;
    struct submitted first = sent(fixture);
    struct submitted second = {0}, third = {0};
    struct store_message message;
    struct message_id other;
    assert_int_equal(again(fixture, &first, &second), REASON_NOT_ENDED);
    bring_end(fixture, &first, "gateway", MESSAGE_TYPE_RECEIPT_EXPIRED, REASON_LIFE_EXCEEDED);
    assert_int_equal(again(fixture, &first, &second), REASON_NONE);
    assert_false(second.is_repeated);
    assert_false(id_equal(&first.id, &second.id));
    assert_int_equal(again(fixture, &first, &third), REASON_NONE);
    assert_true(third.is_repeated);
    assert_true(id_equal(&second.id, &third.id));
    assert_int_equal(state_of(fixture, &second.id), ENTRY_QUEUED);
    struct key centre = key_of("centre");
    assert_int_equal(
        fixture->store->verbs->find_message(fixture->store, &centre, &second.id, &message),
        REASON_NONE);
    assert_int_equal(message.type, MESSAGE_TYPE_TRANSFER);
    assert_int_equal(message.sequence, 2);
    assert_int_equal(session_find_again(fixture->session, &first.id, &other), REASON_NONE);
    assert_true(id_equal(&other, &second.id));
    assert_int_equal(session_find_before(fixture->session, &second.id, &other), REASON_NONE);
    assert_true(id_equal(&other, &first.id));
    assert_int_equal(session_find_before(fixture->session, &first.id, &other), REASON_NOT_FOUND);
}

static void what_has_arrived_is_not(void **state)
{
    struct fixture *fixture = *state;
    struct submitted second;
    struct submitted first = sent(fixture);
    bring_end(fixture, &first, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, REASON_NONE);
    assert_int_equal(again(fixture, &first, &second), REASON_HAS_ENDED);
    assert_int_equal(again(fixture, &(struct submitted){.message_seq = 999}, &second),
                     REASON_NOT_FOUND);
}

/* The office's own word stays; what its adapter judged of the seal is nobody's word about it. */
static void what_the_office_refused_is_not(void **state)
{
    struct fixture *fixture = *state;
    struct submitted second;
    struct submitted first = sent(fixture);
    bring_end(fixture, &first, "stp", MESSAGE_TYPE_RECEIPT_REFUSED, REASON_OFFICE_REFUSED);
    assert_int_equal(again(fixture, &first, &second), REASON_OFFICE_HAS_REFUSED);
    first = sent(fixture);
    bring_end(fixture, &first, "stp", MESSAGE_TYPE_RECEIPT_REFUSED, REASON_CERTIFICATE_REVOKED);
    assert_int_equal(again(fixture, &first, &second), REASON_NONE);
}

static void look(struct fixture *fixture, uint64_t number, enum job_state state,
                 struct job *ret_job)
{
    for (int i = 0; i < 200; i++) {
        begin(fixture);
        end(fixture);
        assert_int_equal(jobs_find(session_jobs(fixture->session), number, ret_job), REASON_NONE);
        if (ret_job->state != state)
            return;
    }
}

/* A set of refused, expired and refused by the office: two are sent, and one says why not. */
static void a_set_is_sent_again(void **state)
{
    enum { EXPIRED = JOB_PAGE_MAX + 6 };
    struct fixture *fixture = *state;
    struct jobs *jobs = session_jobs(fixture->session);
    struct job_member members[JOB_PAGE_MAX];
    struct job job;
    size_t count;
    for (size_t i = 0; i < EXPIRED; i++) {
        struct submitted one = sent(fixture);
        bring_end(fixture, &one, "gateway", MESSAGE_TYPE_RECEIPT_EXPIRED, REASON_LIFE_EXCEEDED);
    }
    struct job_order order = {.operation = JOB_SEND_AGAIN,
                              .set = {.state = ENTRY_EXPIRED},
                              .why = bytes_of_text("the agency is back")};
    begin(fixture);
    assert_int_equal(
        jobs_plan(
            jobs,
            &(struct job_order){.operation = JOB_REDIRECT, .to = key_of("sxd"), .why = order.why},
            &job),
        REASON_FIELD_INVALID);
    assert_int_equal(jobs_plan(jobs, &order, &job), REASON_NONE);
    end(fixture);
    look(fixture, job.number, JOB_COUNTING, &job);
    assert_int_equal(job.count, EXPIRED);
    /* One of them was sent again by hand meanwhile: that is its new message. */
    struct submitted by_hand = {0};
    assert_int_equal(jobs_read_page(jobs, job.number, 0, members, &count), REASON_NONE);
    assert_int_equal(
        again(fixture, &(struct submitted){.message_seq = members[0].message_seq}, &by_hand),
        REASON_NONE);
    begin(fixture);
    const struct digest nothing = {{0}};
    assert_int_equal(jobs_start(jobs, job.number, EXPIRED, &nothing, &job), REASON_NONE);
    end(fixture);
    look(fixture, job.number, JOB_RUNNING, &job);
    assert_int_equal(job.state, JOB_DONE);
    assert_int_equal(job.done, EXPIRED);
    assert_int_equal(jobs_read_page(jobs, job.number, 0, members, &count), REASON_NONE);
    assert_true(id_equal(&members[0].created, &by_hand.id));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(state_of(fixture, &members[i].created), ENTRY_QUEUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_expired_is_sent_again_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_arrived_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_office_refused_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_set_is_sent_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
