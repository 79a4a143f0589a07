/* Retention at an adapter: what is over goes by the table of our registry, the notes about it too;
 * and whoever comes again for it is answered, once and for all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/hold.h"
#include "gateway/custody/job.h"
#define build build_registry /* the next two have one of that name each */
#include "tests/unit/registry_small.h"
#undef build
#include "tests/unit/session_fixture.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum { STEPS_MAX = 200 };

static const struct key centre = {"centre"}, stp = {"stp"}, office = {SESSION_OFFICE};
static struct registry *registry;
static int64_t day;

static int open_with_days(void **state)
{
    day = 0;
    int failed = set_up(state);
    struct fixture *fixture = *state;
    registry =
        build_registry(REGISTRY_FILE_RETENTION, "procedure,kind,days\n,bodies,10\n,evidence,10\n"
                                                ",metadata,20\n,ids,90\n");
    session_set_registry(fixture->session, registry);
    return failed;
}

static int close_all(void **state)
{
    int failed = tear_down(state);
    registry_destroy(&registry);
    return failed;
}

static void begin_today(struct fixture *fixture)
{
    int64_t at_ms = now_ms + day * DAY_MS;
    fixture->taken = fixture->not_taken = fixture->alarms = fixture->events = 0;
    session_begin(fixture->session, (mono_t){at_ms}, (wall_t){at_ms});
}

static enum reason submit_under(struct fixture *fixture, const char *reference,
                                struct submitted *ret_submitted)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Person owner = LIENTHONG__V1__PERSON__INIT;
    Lienthong__V1__Transfer transfer = LIENTHONG__V1__TRANSFER__INIT;
    owner.name = (char *)(uintptr_t) "Nguyễn Văn Mẫu";
    transfer.owner = &owner;
    body.kind_case = LIENTHONG__V1__BODY__KIND_TRANSFER;
    body.transfer = &transfer;
    struct submission submission = {.draft = {.type = MESSAGE_TYPE_TRANSFER,
                                              .dossier_code = bytes_of_text(fixture->dossier),
                                              .procedure_code = bytes_of_text("2.000635")},
                                    .body = &body,
                                    .reference = bytes_of_text(reference)};
    begin_today(fixture);
    enum reason reason = session_submit(fixture->session, &submission, ret_submitted);
    end(fixture);
    return reason;
}

/* Taken into custody for stp, and delivered there. */
static struct submitted delivered(struct fixture *fixture, const char *reference)
{
    struct submitted submitted = {0};
    assert_int_equal(submit_under(fixture, reference, &submitted), REASON_NONE);
    assert_false(submitted.is_repeated);
    begin_today(fixture);
    bring_custody(fixture, &submitted, "stp");
    end(fixture);
    const struct receipt_item item = {
        .message_id = submitted.id, .digest = submitted.digest, .destination = stp, .at = {now_ms}};
    begin_today(fixture);
    struct bytes document = receipt(fixture, "stp", MESSAGE_TYPE_RECEIPT_DELIVERED, &item, 1);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->alarms, 0);
    return submitted;
}

static struct job step_while(struct fixture *fixture, uint64_t number, enum job_state state)
{
    struct job job = {0};
    for (int i = 0; i < STEPS_MAX; i++) {
        assert_int_equal(jobs_find(session_jobs(fixture->session), number, &job), REASON_NONE);
        if (job.state != state)
            break;
        begin_today(fixture);
        end(fixture);
    }
    return job;
}

static struct digest digest_of_set(struct fixture *fixture, uint64_t number)
{
    struct job_member members[JOB_PAGE_MAX];
    struct digest digest = {{0}};
    size_t count;
    for (uint64_t page = 0; jobs_read_page(session_jobs(fixture->session), number, page, members,
                                           &count) == REASON_NONE;
         page++) {
        for (size_t i = 0; i < count; i++) {
            struct store_message message;
            assert_int_equal(fixture->store->verbs->read_message(fixture->store,
                                                                 members[i].message_seq, &message),
                             REASON_NONE);
            job_add_digest(open_crypto.hash, &digest, &message.digest);
        }
    }
    return digest;
}

/* As an operator does it, today: how many messages lost something. */
static uint64_t purge(struct fixture *fixture)
{
    const struct job_order order = {.operation = JOB_PURGE, .why = bytes_of_text("by the table")};
    struct jobs *jobs = session_jobs(fixture->session);
    struct job job = {0};
    begin_today(fixture);
    assert_int_equal(jobs_plan(jobs, &order, &job), REASON_NONE);
    end(fixture);
    job = step_while(fixture, job.number, JOB_COUNTING);
    assert_int_equal(job.state, JOB_COUNTED);
    struct digest digest = digest_of_set(fixture, job.number);
    begin_today(fixture);
    assert_int_equal(jobs_start(jobs, job.number, job.count, &digest, &job), REASON_NONE);
    end(fixture);
    job = step_while(fixture, job.number, JOB_RUNNING);
    assert_int_equal(job.state, JOB_DONE);
    assert_int_equal(job.left, 0);
    return job.done;
}

static enum reason find_content(struct fixture *fixture, const struct key *sender,
                                const struct message_id *id)
{
    struct store_message message;
    struct store_document document;
    enum reason reason = fixture->store->verbs->find_message(fixture->store, sender, id, &message);
    return reason != REASON_NONE
               ? reason
               : fixture->store->verbs->read_document(fixture->store, message.seq, &document);
}

/* Its outcome goes with its names, its reference with its row: until then the same reference is the
 * same message, also when there is no content left to compare it with. */
static void a_reference_goes_with_its_message(void **state)
{
    struct fixture *fixture = *state;
    struct submitted first = delivered(fixture, "R1");
    struct submitted again = {0};
    struct outcome outcome;
    assert_int_equal(purge(fixture), 0);
    day = 11;
    assert_true(purge(fixture) > 0);
    assert_int_equal(find_content(fixture, &centre, &first.id), REASON_CONTENT_PURGED);
    assert_int_equal(session_outcome(fixture->session, &first.id, &stp, &outcome), REASON_NONE);
    assert_int_equal(submit_under(fixture, "R1", &again), REASON_NONE);
    assert_true(again.is_repeated);
    assert_true(id_equal(&again.id, &first.id));
    day = 21;
    assert_true(purge(fixture) > 0);
    assert_int_equal(session_outcome(fixture->session, &first.id, &stp, &outcome),
                     REASON_NOT_FOUND);
    assert_int_equal(submit_under(fixture, "R1", &again), REASON_NONE);
    assert_true(again.is_repeated);
    day = 91;
    (void)delivered(fixture, "R2"); /* the last message tells the next number, and stays */
    assert_true(purge(fixture) > 0);
    assert_int_equal(find_content(fixture, &centre, &first.id), REASON_NOT_FOUND);
    assert_int_equal(submit_under(fixture, "R1", &again), REASON_NONE);
    assert_false(again.is_repeated);
}

/* Numbers within a dossier go on while anything of it is known, and begin anew after that. */
static void a_dossier_that_is_over_has_no_number(void **state)
{
    struct fixture *fixture = *state;
    struct store_message message;
    (void)delivered(fixture, "R1");
    day = 11;
    (void)purge(fixture);
    struct submitted second = delivered(fixture, "R2");
    assert_int_equal(
        fixture->store->verbs->find_message(fixture->store, &centre, &second.id, &message),
        REASON_NONE);
    assert_int_equal(message.sequence, 2);
    day = 40;
    assert_true(purge(fixture) > 0);
    struct submitted third = delivered(fixture, "R3");
    assert_int_equal(
        fixture->store->verbs->find_message(fixture->store, &centre, &third.id, &message),
        REASON_NONE);
    assert_int_equal(message.sequence, 1);
}

static void a_held_dossier_stays(void **state)
{
    struct fixture *fixture = *state;
    struct submitted first = delivered(fixture, "R1");
    struct hold hold = {.dossier_code = bytes_of_text(fixture->dossier),
                        .is_held = true,
                        .by = "Judge B",
                        .why = "case 12/2026"};
    begin_today(fixture);
    assert_int_equal(session_hold_dossier(fixture->session, &hold), REASON_NONE);
    end(fixture);
    day = 11;
    (void)purge(fixture); /* receipts name no dossier */
    assert_int_equal(find_content(fixture, &centre, &first.id), REASON_NONE);
    hold.is_held = false;
    begin_today(fixture);
    assert_int_equal(session_hold_dossier(fixture->session, &hold), REASON_NONE);
    end(fixture);
    assert_int_equal(purge(fixture), 1);
    assert_int_equal(find_content(fixture, &centre, &first.id), REASON_CONTENT_PURGED);
}

/* ---- what the gateway brings again, put back from an old copy ---- */

static struct bytes result_of_stp(struct fixture *fixture)
{
    Lienthong__V1__Body body = LIENTHONG__V1__BODY__INIT;
    Lienthong__V1__Result result = LIENTHONG__V1__RESULT__INIT;
    struct envelope envelope = {.sender = stp,
                                .recipient = centre,
                                .type = MESSAGE_TYPE_RESULT,
                                .sequence = 1,
                                .dossier_code = bytes_of_text(fixture->dossier)};
    body.kind_case = LIENTHONG__V1__BODY__KIND_RESULT;
    body.result = &result;
    result.national_state = 9;
    return build(fixture, &envelope, &body);
}

/* Brought, and accepted by our office; the gateway took the receipt. Its bytes are in kept. */
static struct bytes accepted(struct fixture *fixture, uint8_t kept[1024], struct message_id *ret_id)
{
    struct store_message message;
    struct entry entry;
    begin_today(fixture);
    struct bytes document = result_of_stp(fixture);
    assert_true(document.size <= 1024);
    memcpy(kept, document.data, document.size);
    document.data = kept;
    *ret_id = fixture->ids;
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->store->verbs->find_message(fixture->store, &stp, ret_id, &message),
                     REASON_NONE);
    uint64_t seq = message.seq;
    const struct office_answer answer = {.message_seq = seq, .ground = FAILURE_SPOKEN};
    begin_today(fixture);
    assert_int_equal(session_office_answer(fixture->session, &answer), REASON_NONE);
    end(fixture);
    assert_int_equal(fixture->store->verbs->read_entry(fixture->store, seq, &office, &entry),
                     REASON_NONE);
    const struct store_move taken = {
        entry.receipt_seq, key_of("gateway"), ENTRY_DELIVERED, {now_ms}, 1, REASON_NONE, {0}, 0};
    const struct store_plan plan = {.moves = &taken, .move_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    return document;
}

/* Brings it again today: the type of the receipt that its sender is told; 0: none. */
static uint32_t bring_again(struct fixture *fixture, struct bytes document, enum reason *ret_reason)
{
    static struct arena scratch;
    struct store_positions before, after;
    struct store_document found;
    struct envelope envelope;
    if (scratch.block == NULL)
        check(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    (void)fixture->store->verbs->positions(fixture->store, &before);
    begin_today(fixture);
    bring(fixture, &document, 1, "seal");
    end(fixture);
    assert_int_equal(fixture->taken, 1);
    assert_int_equal(fixture->not_taken, 0);
    (void)fixture->store->verbs->positions(fixture->store, &after);
    if (after.next_message_seq == before.next_message_seq)
        return 0;
    assert_int_equal(after.next_message_seq, before.next_message_seq + 1);
    assert_int_equal(
        fixture->store->verbs->read_document(fixture->store, before.next_message_seq, &found),
        REASON_NONE);
    arena_reset(&scratch);
    assert_int_equal(envelope_parse(found.document, &scratch, &envelope), REASON_NONE);
    assert_int_equal(envelope.receipt.item_count, 1);
    *ret_reason = envelope.receipt.items[0].reason;
    return envelope.type;
}

/* As long as its end is known it is told again; then that nobody knows it any more; and at last it
 * is refused by name. Our office never has it a second time. */
static void what_comes_again_is_answered(void **state)
{
    struct fixture *fixture = *state;
    uint8_t kept[1024];
    struct message_id id;
    enum reason reason = REASON_BUSY;
    struct bytes document = accepted(fixture, kept, &id);
    day = 11;
    assert_true(purge(fixture) > 0);
    assert_int_equal(find_content(fixture, &stp, &id), REASON_CONTENT_PURGED);
    assert_int_equal(bring_again(fixture, document, &reason), MESSAGE_TYPE_RECEIPT_DELIVERED);
    assert_int_equal(reason, REASON_NONE);
    day = 40;
    assert_true(purge(fixture) > 0);
    assert_int_equal(bring_again(fixture, document, &reason), MESSAGE_TYPE_RECEIPT_REFUSED);
    assert_int_equal(reason, REASON_CONTENT_PURGED);
    day = 131;
    assert_true(purge(fixture) > 0);
    assert_int_equal(find_content(fixture, &stp, &id), REASON_NOT_FOUND);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bring_again(fixture, document, &reason), MESSAGE_TYPE_RECEIPT_REFUSED);
        assert_int_equal(reason, REASON_ID_TOO_OLD);
    }
    struct session_status status;
    session_status(fixture->session, &status);
    assert_int_equal(status.to_office, 0);
}

/* A file that a message of ours names stays, whoever else named it and has gone. */
static void a_file_stays_while_a_message_of_ours_names_it(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t page[100];
    struct attachment file = {.name = bytes_of_text("page.pdf"), .size_bytes = sizeof page};
    const struct bytes content = {page, sizeof page};
    struct digest unnamed;
    size_t count = 1;
    blobs_memory_put(fixture->blobs, content, &file.digest);
    begin_today(fixture);
    struct submitted submitted = submit_with(fixture, &file);
    end(fixture);
    assert_int_equal(fixture->store->verbs->unnamed_files(fixture->store, &unnamed, 1, &count),
                     REASON_NONE);
    assert_int_equal(count, 0);
    const struct store_move ended = {
        submitted.message_seq, key_of("gateway"), ENTRY_REFUSED, {now_ms}, 1, REASON_NONE, {0}, 0};
    const struct store_plan plan = {.moves = &ended, .move_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    day = 11;
    assert_int_equal(purge(fixture), 1);
    assert_int_equal(fixture->store->verbs->unnamed_files(fixture->store, &unnamed, 1, &count),
                     REASON_NONE);
    assert_int_equal(count, 1);
    assert_true(digest_equal(&unnamed, &file.digest));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_with_days, close_all)
    const struct CMUnitTest tests[] = {
        TEST(a_reference_goes_with_its_message),
        TEST(a_dossier_that_is_over_has_no_number),
        TEST(a_held_dossier_stays),
        TEST(what_comes_again_is_answered),
        TEST(a_file_stays_while_a_message_of_ours_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
