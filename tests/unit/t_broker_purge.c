/* Purges at the gateway: what is over is counted, and goes page by page when the digest of the set
 * is said; what is owed, held or new in its dossier stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/custody/job.h"
#include "gateway/custody/retention.h"
#include "proto/codec/message_type.h"
#include "proto/seal/sha256.h"
#include "tests/support/lone_gateway.h"

#define TO_STP "2.000635"

enum { MANY = JOB_PAGE_MAX + 20, STEPS_MAX = 400, DAY_MS = 24 * 3600 * 1000 };

static struct lone_message messages[MANY];

static struct lone_gateway *open_with_transfers(size_t count)
{
    struct lone_gateway *gateway = lone_gateway_open();
    char dossier[32];
    lone_gateway_keep_days(gateway, ",bodies,10\n,metadata,20\n");
    lone_gateway_hello(gateway, "centre", 64);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(dossier, sizeof dossier, "H38.09-261124-%04zu", i + 1);
        messages[i] = lone_gateway_put_transfer(gateway, TO_STP, dossier);
        if (i % 32 == 31)
            assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

/* By an operator, so that all is over without an agency's word. */
static void end(struct lone_gateway *gateway, size_t first, size_t count)
{
    const struct key stp = {"stp"};
    for (size_t i = first; i < first + count; i++) {
        struct store_message message;
        assert_int_equal(gateway->store->verbs->find_message(gateway->store, &messages[i].sender,
                                                             &messages[i].id, &message),
                         REASON_NONE);
        lone_gateway_begin(gateway);
        assert_int_equal(broker_operate(gateway->broker, message.seq, &stp, BROKER_WITHDRAW),
                         REASON_NONE);
        assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    }
}

static enum reason read(struct lone_gateway *gateway, size_t i, struct store_message *ret_message)
{
    struct store_document document;
    enum reason reason = gateway->store->verbs->find_message(gateway->store, &messages[i].sender,
                                                             &messages[i].id, ret_message);
    assert_int_equal(reason, REASON_NONE);
    return gateway->store->verbs->read_document(gateway->store, ret_message->seq, &document);
}

static size_t purged(struct lone_gateway *gateway, size_t count)
{
    struct store_message message;
    size_t gone = 0;
    for (size_t i = 0; i < count; i++)
        gone += read(gateway, i, &message) == REASON_CONTENT_PURGED;
    return gone;
}

static struct job look(struct lone_gateway *gateway, uint64_t number)
{
    struct job job = {0};
    assert_int_equal(jobs_find(broker_jobs(gateway->broker), number, &job), REASON_NONE);
    return job;
}

static struct job step_while(struct lone_gateway *gateway, uint64_t number, enum job_state state)
{
    for (int i = 0; i < STEPS_MAX && look(gateway, number).state == state; i++) {
        lone_gateway_wait(gateway, JOB_REST_MS);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    return look(gateway, number);
}

static struct job plan(struct lone_gateway *gateway)
{
    const struct job_order order = {.operation = JOB_PURGE, .why = bytes_of_text("by the table")};
    struct job job = {0};
    lone_gateway_begin(gateway);
    assert_int_equal(jobs_plan(broker_jobs(gateway->broker), &order, &job), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    return step_while(gateway, job.number, JOB_COUNTING);
}

static enum reason start(struct lone_gateway *gateway, const struct job *job,
                         const struct digest *archived)
{
    struct job started;
    lone_gateway_begin(gateway);
    enum reason reason =
        jobs_start(broker_jobs(gateway->broker), job->number, job->count, archived, &started);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    return reason;
}

/* As who reads the whole set says it. */
static struct digest digest_of_set(struct lone_gateway *gateway, const struct job *job)
{
    struct job_member members[JOB_PAGE_MAX];
    struct digest digest = {{0}};
    size_t count = JOB_PAGE_MAX;
    for (uint64_t page = 0; jobs_read_page(broker_jobs(gateway->broker), job->number, page, members,
                                           &count) == REASON_NONE;
         page++) {
        for (size_t i = 0; i < count; i++) {
            struct store_message message;
            assert_int_equal(gateway->store->verbs->read_message(gateway->store,
                                                                 members[i].message_seq, &message),
                             REASON_NONE);
            job_add_digest(sha256_parts, &digest, &message.digest);
        }
    }
    return digest;
}

static void what_is_over_goes_when_its_archive_is_named(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    struct store_message message;
    end(gateway, 0, MANY - 2);
    assert_int_equal(plan(gateway).count, 0);
    lone_gateway_wait(gateway, INT64_C(11) * DAY_MS);
    struct job job = plan(gateway);
    assert_int_equal(job.count, MANY - 2);
    assert_int_equal(start(gateway, &job, &(struct digest){{0}}), REASON_SET_CHANGED);
    struct digest digest = digest_of_set(gateway, &job);
    assert_int_equal(start(gateway, &job, &digest), REASON_NONE);
    struct job done = step_while(gateway, job.number, JOB_RUNNING);
    assert_int_equal(done.state, JOB_DONE);
    assert_int_equal(done.done, MANY - 2);
    assert_int_equal(purged(gateway, MANY), MANY - 2);
    assert_int_equal(read(gateway, MANY - 1, &message), REASON_NONE); /* it is owed */
    /* A repeat is still one. */
    assert_int_equal(plan(gateway).count, 0);
    lone_gateway_close(&gateway);
}

/* Killed after any step it goes on; what changed meanwhile stays. */
static void a_kill_does_nothing_twice(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    char name[RETENTION_HOLD_NAME_BYTES];
    end(gateway, 0, MANY);
    lone_gateway_wait(gateway, INT64_C(11) * DAY_MS);
    struct job job = plan(gateway);
    struct digest digest = digest_of_set(gateway, &job);
    const struct store_note held = {retention_hold_name(bytes_of_text("H38.09-261124-0070"), name),
                                    bytes_of_text("a court")};
    const struct store_plan note = {.notes = &held, .note_count = 1};
    assert_int_equal(gateway->store->verbs->commit(gateway->store, &note), REASON_NONE);
    assert_int_equal(start(gateway, &job, &digest), REASON_NONE);
    for (int i = 0; i < STEPS_MAX && look(gateway, job.number).state == JOB_RUNNING; i++) {
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        struct job now = look(gateway, job.number);
        assert_int_equal(purged(gateway, MANY), now.done);
        lone_gateway_restart(gateway);
    }
    job = look(gateway, job.number);
    assert_int_equal(job.state, JOB_DONE);
    assert_int_equal(job.done, MANY - 1);
    assert_int_equal(job.left, 1);
    lone_gateway_close(&gateway);
}

/* The disk is full in the middle: nothing of that page has gone, and it goes on later. */
static void a_full_disk_loses_no_page(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    end(gateway, 0, MANY);
    lone_gateway_wait(gateway, INT64_C(11) * DAY_MS);
    struct job job = plan(gateway);
    struct digest digest = digest_of_set(gateway, &job);
    assert_int_equal(start(gateway, &job, &digest), REASON_NONE);
    gateway->commit_reason = REASON_STORE_FULL;
    (void)lone_gateway_step(gateway);
    assert_int_equal(purged(gateway, MANY), 0);
    gateway->commit_reason = REASON_NONE;
    lone_gateway_wait(gateway, 2000);
    job = step_while(gateway, job.number, JOB_RUNNING);
    assert_int_equal(job.done, MANY);
    assert_int_equal(purged(gateway, MANY), MANY);
    lone_gateway_close(&gateway);
}

static void trust_clock(struct lone_gateway *gateway)
{
    lone_gateway_begin(gateway);
    assert_int_equal(broker_trust_clock(gateway->broker), REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
}

/* A clock that is set 400 days ahead, while the gateway runs or before it begins anew, makes
 * nothing over, and the job says why it ends; an operator who says that it is right does. */
static void a_clock_in_doubt_makes_nothing_over(void **state)
{
    (void)state;
    for (int restarts = 0; restarts < 2; restarts++) {
        struct lone_gateway *gateway = open_with_transfers(2);
        end(gateway, 0, 2);
        lone_gateway_wait(gateway, 1000);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        gateway->wall_step_ms = INT64_C(400) * DAY_MS;
        if (restarts != 0)
            lone_gateway_restart(gateway);
        struct job job = plan(gateway);
        assert_int_equal(job.count, 0);
        assert_int_equal(job.state, JOB_STOPPED);
        assert_int_equal(job.reason, REASON_CLOCK_IN_DOUBT);
        lone_gateway_restart(gateway);
        assert_int_equal(look(gateway, job.number).reason, REASON_CLOCK_IN_DOUBT);
        trust_clock(gateway);
        job = plan(gateway);
        assert_int_equal(job.count, 2);
        assert_int_equal(job.reason, REASON_NONE);
        lone_gateway_close(&gateway);
    }
}

/* What has gone stays gone; the rest has no result, and is the next job's. */
static void a_purge_ends_when_the_clock_comes_in_doubt(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(MANY);
    end(gateway, 0, MANY);
    lone_gateway_wait(gateway, INT64_C(11) * DAY_MS);
    struct job job = plan(gateway);
    struct digest digest = digest_of_set(gateway, &job);
    assert_int_equal(job.count, MANY);
    assert_int_equal(start(gateway, &job, &digest), REASON_NONE);
    gateway->wall_step_ms = INT64_C(400) * DAY_MS;
    job = step_while(gateway, job.number, JOB_RUNNING);
    assert_int_equal(job.state, JOB_STOPPED);
    assert_int_equal(job.reason, REASON_CLOCK_IN_DOUBT);
    assert_true(job.done < MANY);
    assert_int_equal(job.left, 0);
    assert_int_equal(purged(gateway, MANY), job.done);
    gateway->wall_step_ms = 0;
    trust_clock(gateway);
    assert_int_equal(plan(gateway).count, MANY - job.done);
    lone_gateway_close(&gateway);
}

/* ---- who comes again when its receipt has gone ---- */

static void purge_all(struct lone_gateway *gateway)
{
    struct job job = plan(gateway);
    struct digest digest = digest_of_set(gateway, &job);
    assert_true(job.count > 0);
    assert_int_equal(start(gateway, &job, &digest), REASON_NONE);
    assert_int_equal(step_while(gateway, job.number, JOB_RUNNING).state, JOB_DONE);
}

/* The same bytes as the first transfer that was ever put. */
static void put_first_again(struct lone_gateway *gateway, int64_t first_ms)
{
    uint64_t ids = gateway->ids;
    int64_t now_ms = gateway->now_ms;
    gateway->ids = 0;
    gateway->now_ms = first_ms;
    struct lone_message again = lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0001");
    gateway->ids = ids;
    gateway->now_ms = now_ms;
    assert_memory_equal(&again.digest, &messages[0].digest, sizeof again.digest);
}

/* The item about the first message in what the step made for the centre; false: it is told
 * nothing. */
static bool find_told(struct lone_gateway *gateway, uint64_t from_seq, uint32_t *ret_type,
                      struct receipt_item *ret_item)
{
    static struct arena scratch;
    struct store_positions end;
    struct store_document found;
    struct envelope envelope;
    struct store *store = gateway->store;
    if (scratch.block == NULL)
        assert_true(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    assert_int_equal(store->verbs->positions(store, &end), REASON_NONE);
    for (uint64_t seq = from_seq; seq < end.next_message_seq; seq++) {
        assert_int_equal(store->verbs->read_document(store, seq, &found), REASON_NONE);
        arena_reset(&scratch);
        assert_int_equal(envelope_parse(found.document, &scratch, &envelope), REASON_NONE);
        if (envelope.receipt.item_count == 0)
            continue;
        assert_int_equal(envelope.receipt.item_count, 1);
        assert_true(id_equal(&envelope.receipt.items[0].message_id, &messages[0].id));
        *ret_type = envelope.type;
        *ret_item = envelope.receipt.items[0];
        return true;
    }
    return false;
}

/* Its evidence is over; what it was, and when, is said anew, and nobody has it a second time. When
 * it is still owed, its sender hears by whom, as on the first day. */
static void a_repeat_without_its_receipt_is_answered(void **state)
{
    (void)state;
    for (int is_over = 0; is_over < 2; is_over++) {
        struct lone_gateway *gateway = open_with_transfers(1);
        int64_t first_ms = gateway->now_ms;
        struct store_positions before;
        struct receipt_item item = {.reason = REASON_BUSY};
        uint32_t type = 0;
        lone_gateway_keep_days(gateway, ",bodies,1\n,evidence,1\n,metadata,1\n");
        if (is_over != 0)
            end(gateway, 0, 1);
        lone_gateway_wait(gateway, INT64_C(3) * DAY_MS);
        purge_all(gateway);
        lone_gateway_hello(gateway, "centre", 64);
        lone_gateway_hello(gateway, "stp", 64);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        lone_gateway_put_taken(gateway, "stp", &messages[0].id, 1);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->store->verbs->positions(gateway->store, &before), REASON_NONE);
        put_first_again(gateway, first_ms);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->sent_to_stp, 0);
        assert_true(find_told(gateway, before.next_message_seq, &type, &item));
        assert_int_equal(type, MESSAGE_TYPE_RECEIPT_CUSTODY);
        assert_true(bytes_equal(item.text, bytes_of_text(is_over != 0 ? "content_purged" : "")));
        assert_true(key_is_none(&item.destination));
        assert_int_equal(item.at.ms, first_ms);
        assert_memory_equal(&item.digest, &messages[0].digest, sizeof item.digest);
        assert_int_equal(item.recipients.size, is_over != 0 ? 0 : strlen("stp"));
        lone_gateway_close(&gateway);
    }
}

/* Its row has gone too: it is refused by name, as every id of its time; what is later is not. */
static void a_repeat_whose_row_has_gone_is_too_old(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_with_transfers(1);
    int64_t first_ms = gateway->now_ms;
    struct store_positions before;
    struct receipt_item item = {.reason = REASON_NONE};
    struct store_message message;
    uint32_t type = 0;
    lone_gateway_keep_days(gateway, ",bodies,1\n,evidence,1\n,metadata,1\n,ids,90\n");
    end(gateway, 0, 1);
    lone_gateway_wait(gateway, INT64_C(91) * DAY_MS);
    purge_all(gateway);
    assert_int_equal(gateway->store->verbs->find_message(gateway->store, &messages[0].sender,
                                                         &messages[0].id, &message),
                     REASON_NOT_FOUND);
    lone_gateway_restart(gateway);
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->store->verbs->positions(gateway->store, &before), REASON_NONE);
    for (int again = 0; again < 2; again++) {
        put_first_again(gateway, first_ms);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->sent_to_stp, 0);
        assert_true(find_told(gateway, before.next_message_seq, &type, &item));
        assert_int_equal(type, MESSAGE_TYPE_RECEIPT_REFUSED);
        assert_int_equal(item.reason, REASON_ID_TOO_OLD);
    }
    (void)lone_gateway_put_transfer(gateway, TO_STP, "H38.09-261124-0002");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->sent_to_stp, 1);
    lone_gateway_close(&gateway);
}

/* Who asks where it stands hears that too, and not nothing: only its signer could say it again. */
static void ask_for_what_has_gone(const char *keep)
{
    struct lone_gateway *gateway = open_with_transfers(1);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    const struct receipt_item item = {.message_id = messages[0].id,
                                      .digest = messages[0].digest,
                                      .destination = key_of("stp"),
                                      .at = {gateway->now_ms}};
    struct lone_message receipt = lone_gateway_put_receipt(
        gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_put_taken(gateway, "centre", &receipt.id, 1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_keep_days(gateway, keep);
    lone_gateway_wait(gateway, INT64_C(3) * DAY_MS);
    purge_all(gateway);
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_put(
        gateway, "centre",
        &(struct frame){.kind = FRAME_ASK, .taken = {.ids = &messages[0].id, .count = 1}});
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->standing_count, 2);
    assert_int_equal(gateway->standing[1].reason, REASON_CONTENT_PURGED);
    assert_true(key_equal(&gateway->standing[1].destination, &(struct key){"stp"}));
    lone_gateway_close(&gateway);
}

/* Its places are still there, or have gone with it. */
static void who_asks_for_a_receipt_that_has_gone_hears_so(void **state)
{
    (void)state;
    ask_for_what_has_gone(",bodies,1\n,evidence,1\n,metadata,9\n");
    ask_for_what_has_gone(",bodies,1\n,evidence,1\n,metadata,1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_goes_when_its_archive_is_named),
        cmocka_unit_test(a_kill_does_nothing_twice),
        cmocka_unit_test(a_full_disk_loses_no_page),
        cmocka_unit_test(a_clock_in_doubt_makes_nothing_over),
        cmocka_unit_test(a_purge_ends_when_the_clock_comes_in_doubt),
        cmocka_unit_test(a_repeat_without_its_receipt_is_answered),
        cmocka_unit_test(a_repeat_whose_row_has_gone_is_too_old),
        cmocka_unit_test(who_asks_for_a_receipt_that_has_gone_hears_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
