/* How long what is over is kept: retention.csv, and the decision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/custody/retention.h"
#include "proto/codec/message_type.h"
#include "tests/support/store_memory.h"
#include "tests/unit/registry_small.h"

#define HEADER "procedure,kind,days\n"
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static const struct key stp = {"stp"}, centre = {"centre"};
static const wall_t begin = {1000 * DAY_MS};
static struct message_id next_id; /* of what is put next; zero: any */

struct world {
    struct store_memory_image *image;
    struct store *store;
    struct registry *registry;
};

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){.image = store_memory_image_new()};
    assert_int_equal(store_memory_open(world.image, &world.store), REASON_NONE);
    world.registry = build(REGISTRY_FILE_RETENTION, HEADER ",bodies,30\n"
                                                           ",metadata,300\n,ids,400\n"
                                                           "2.000635,bodies,10\n"
                                                           ",evidence,200\n");
    assert_non_null(world.registry);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    world->store->verbs->close(world->store);
    store_memory_image_destroy(&world->image);
    registry_destroy(&world->registry);
    return 0;
}

/* The next message, queued for stp; taken so many days after the beginning. */
static uint64_t put(struct world *world, uint32_t type, const char *dossier, const char *procedure,
                    int day)
{
    static const struct bytes document = {(const uint8_t *)"text", 4};
    struct store_positions at;
    assert_int_equal(world->store->verbs->positions(world->store, &at), REASON_NONE);
    uint64_t seq = at.next_message_seq;
    const struct store_parcel parcel = {.seq = seq, .documents = &document, .document_count = 1};
    struct store_message message = {.seq = seq,
                                    .parcel_seq = seq,
                                    .sender = centre,
                                    .id.bytes = {[5] = (uint8_t)seq},
                                    .type = type,
                                    .dossier_code = bytes_of_text(dossier),
                                    .procedure_code = bytes_of_text(procedure),
                                    .custody = {begin.ms + day * DAY_MS}};
    if (!id_is_zero(&next_id))
        message.id = next_id;
    next_id = (struct message_id){{0}};
    const struct entry entry = {.message_seq = seq, .destination = stp, .state = ENTRY_QUEUED};
    const struct store_plan plan = {.parcels = &parcel,
                                    .parcel_count = 1,
                                    .messages = &message,
                                    .message_count = 1,
                                    .entries = &entry,
                                    .entry_count = 1};
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
    return seq;
}

static void end(struct world *world, uint64_t seq, int day)
{
    const struct store_move move = {.message_seq = seq,
                                    .destination = stp,
                                    .state = ENTRY_WITHDRAWN,
                                    .due = {begin.ms + day * DAY_MS}};
    const struct store_plan plan = {.moves = &move, .move_count = 1};
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
}

static uint32_t judge_with_head(struct world *world, uint64_t seq, int day, uint64_t head_seq)
{
    uint32_t parts = 99;
    assert_int_equal(retention_judge(world->store, world->registry,
                                     (wall_t){begin.ms + day * DAY_MS}, head_seq, seq, &parts),
                     REASON_NONE);
    return parts;
}

static uint32_t judge(struct world *world, uint64_t seq, int day)
{
    return judge_with_head(world, seq, day, 0);
}

static void purge(struct world *world, uint64_t seq, uint32_t parts)
{
    const struct store_purge row = {seq, parts};
    const struct store_plan plan = {.purges = &row, .purge_count = 1};
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
}

/* Counted from its end, by its procedure; each kind for its own time, what it says first. */
static void each_kind_has_its_time(void **state)
{
    struct world *world = *state;
    uint64_t other = put(world, MESSAGE_TYPE_TRANSFER, "D", "1.000001", 0);
    uint64_t own = put(world, MESSAGE_TYPE_TRANSFER, "E", "2.000635", 0);
    end(world, other, 5);
    end(world, own, 5);
    assert_int_equal(judge(world, other, 34), 0);
    assert_int_equal(judge(world, other, 35), STORE_PART_DOCUMENT);
    assert_int_equal(judge(world, own, 14), 0);
    assert_int_equal(judge(world, own, 15), STORE_PART_DOCUMENT);
    assert_int_equal(judge(world, own, 205), STORE_PART_DOCUMENT | STORE_PART_SEAL);
    purge(world, own, STORE_PART_DOCUMENT);
    assert_int_equal(judge(world, own, 204), 0);
    assert_int_equal(judge(world, own, 205), STORE_PART_SEAL);
    purge(world, own, STORE_PART_SEAL);
    assert_int_equal(judge(world, own, 304), 0);
    assert_int_equal(judge(world, own, 305), STORE_PART_NAMES);
    purge(world, own, STORE_PART_NAMES);
    assert_int_equal(judge(world, own, 399), 0);
    assert_int_equal(judge(world, own, 400), 0); /* it is the last: its number is not given again */
    (void)put(world, MESSAGE_TYPE_TRANSFER, "F", "2.000635", 0);
    assert_int_equal(judge(world, own, 400), STORE_PART_ROW);
    assert_int_equal(judge(world, other, 9999), STORE_PARTS_OF_CONTENT | STORE_PART_ROW);
    purge(world, own, STORE_PART_ROW);
    assert_int_equal(judge(world, own, 9999), 0);
}

/* Its id says a day that had not come: its sender could say nothing until then, were it forgotten
 * by it. */
static void an_id_of_another_day_stays(void **state)
{
    struct world *world = *state;
    for (int late = 0; late < 2; late++) {
        uint64_t ms = (uint64_t)(begin.ms + DAY_MS + late);
        next_id = (struct message_id){.bytes = {[6] = 0x70}};
        for (int i = 0; i < 6; i++)
            next_id.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
        uint64_t seq = put(world, MESSAGE_TYPE_TRANSFER, "D", "2.000635", 0);
        end(world, seq, 1);
        (void)put(world, MESSAGE_TYPE_TRANSFER, "F", "2.000635", 0);
        assert_int_equal(judge(world, seq, 9999) & STORE_PART_ROW, late != 0 ? 0 : STORE_PART_ROW);
    }
}

/* However old it is. */
static void what_somebody_waits_for_stays(void **state)
{
    struct world *world = *state;
    uint64_t seq = put(world, MESSAGE_TYPE_TRANSFER, "D", "2.000635", 0);
    assert_int_equal(judge(world, seq, 9999), 0);
    end(world, seq, 9000);
    assert_int_equal(judge(world, seq, 9009), 0);
    assert_int_equal(judge(world, seq, 9010) & STORE_PART_DOCUMENT, STORE_PART_DOCUMENT);
}

static void a_dossier_is_over_as_a_whole(void **state)
{
    struct world *world = *state;
    uint64_t seq = put(world, MESSAGE_TYPE_TRANSFER, "D", "2.000635", 0);
    uint64_t other = put(world, MESSAGE_TYPE_TRANSFER, "E", "2.000635", 0);
    uint64_t later = put(world, MESSAGE_TYPE_RESULT, "D", "2.000635", 50);
    struct store_deadline clock = {
        .dossier_code = bytes_of_text("E"),
        .deadline = {.state = DEADLINE_RUNNING, .due = {begin.ms + 80 * DAY_MS}}};
    const struct store_plan plan = {.deadlines = &clock, .deadline_count = 1};
    end(world, seq, 1);
    end(world, other, 1);
    end(world, later, 51);
    assert_int_equal(judge(world, seq, 59), 0);
    assert_int_equal(judge(world, seq, 60), STORE_PART_DOCUMENT);
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
    assert_int_equal(judge(world, other, 89), 0);
    assert_int_equal(judge(world, other, 90), STORE_PART_DOCUMENT);
}

static void a_held_dossier_stays(void **state)
{
    struct world *world = *state;
    char name[RETENTION_HOLD_NAME_BYTES];
    uint64_t seq = put(world, MESSAGE_TYPE_TRANSFER, "D", "2.000635", 0);
    struct store_note note = {retention_hold_name(bytes_of_text("D"), name), bytes_of_text("why")};
    const struct store_plan plan = {.notes = &note, .note_count = 1};
    end(world, seq, 1);
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
    assert_int_equal(judge(world, seq, 9999), 0);
    note.value = (struct bytes){NULL, 0};
    assert_int_equal(world->store->verbs->commit(world->store, &plan), REASON_NONE);
    assert_int_not_equal(judge(world, seq, 9999), 0);
}

/* All of a receipt is evidence; the head that speaks for the ledger now never goes. */
static void evidence_goes_by_its_own_time(void **state)
{
    struct world *world = *state;
    uint64_t receipt = put(world, MESSAGE_TYPE_RECEIPT_DELIVERED, "", "", 0);
    uint64_t head = put(world, MESSAGE_TYPE_LEDGER_HEAD, "", "", 0);
    end(world, receipt, 0);
    end(world, head, 0);
    assert_int_equal(judge(world, receipt, 199), 0);
    assert_int_equal(judge(world, receipt, 200), STORE_PART_DOCUMENT | STORE_PART_SEAL);
    assert_int_equal(judge_with_head(world, head, 9999, head), 0);
    assert_int_equal(judge(world, head, 299),
                     STORE_PART_DOCUMENT | STORE_PART_SEAL | STORE_PART_ENTRIES);
}

/* ---- the file ---- */

static void without_rows_all_is_kept(void **state)
{
    (void)state;
    static const char *const files[] = {NULL, HEADER, HEADER ",bodies,for_ever\n"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct registry *registry = build(REGISTRY_FILE_RETENTION, files[i]);
        assert_non_null(registry);
        for (int kind = 0; kind < RETENTION_KINDS; kind++)
            assert_int_equal(
                registry_keep_days(registry, bytes_of_text("2.000635"), (enum retention_kind)kind),
                RETENTION_FOR_EVER);
        registry_destroy(&registry);
    }
}

/* A procedure whose results are kept for ever keeps the evidence of all. */
static void evidence_is_kept_as_long_as_anybody_asks(void **state)
{
    (void)state;
    struct registry *registry = build(REGISTRY_FILE_RETENTION, HEADER ",bodies,1\n,evidence,5\n"
                                                                      "2.000635,evidence,for_ever\n"
                                                                      "2.000635,bodies,3\n");
    assert_non_null(registry);
    assert_int_equal(registry_keep_days(registry, bytes_of_text(""), RETENTION_EVIDENCE),
                     RETENTION_FOR_EVER);
    assert_int_equal(registry_keep_days(registry, bytes_of_text("2.000635.H38"), RETENTION_BODIES),
                     3);
    assert_int_equal(registry_keep_days(registry, bytes_of_text("9.999999"), RETENTION_BODIES), 1);
    registry_destroy(&registry);
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fault_kind fault;
        unsigned line;
        const char *column;
    } cases[] = {
        {HEADER "9.999999,bodies,1\n", FAULT_PROCEDURE_UNKNOWN, 2, "procedure"},
        {HEADER ",letters,1\n", FAULT_CHOICE_INVALID, 2, "kind"},
        {HEADER ",bodies,-1\n", FAULT_NUMBER_INVALID, 2, "days"},
        {HEADER ",bodies,36526\n", FAULT_NUMBER_INVALID, 2, "days"},
        {HEADER ",bodies,\n", FAULT_VALUE_MISSING, 2, "days"},
        {HEADER ",bodies,1\n,bodies,2\n", FAULT_RULE_REPEATED, 3, "kind"},
        {HEADER ",ids,89\n", FAULT_NUMBER_INVALID, 2, "days"},
        {HEADER ",bodies,1\n,evidence,1\n,metadata,91\n,ids,90\n", FAULT_RETENTION_REVERSED, 0,
         "days"},
        {HEADER ",bodies,1\n,evidence,91\n,metadata,1\n,ids,90\n", FAULT_RETENTION_REVERSED, 0,
         "days"},
        {HEADER ",bodies,10\n,metadata,9\n", FAULT_RETENTION_REVERSED, 0, "days"},
        {HEADER ",bodies,10\n,evidence,20\n2.000635,evidence,9\n", FAULT_RETENTION_REVERSED, 0,
         "days"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(build(REGISTRY_FILE_RETENTION, cases[i].text));
        assert_true(has_fault(cases[i].fault, "retention.csv", cases[i].line, cases[i].column));
    }
}

/* What people are told goes is what goes: the document of a receipt is evidence. */
static void parts_are_of_kinds(void **state)
{
    static const struct {
        uint32_t type, parts, kinds;
    } cases[] = {
        {MESSAGE_TYPE_TRANSFER, STORE_PART_DOCUMENT, 1U << RETENTION_BODIES},
        {MESSAGE_TYPE_TRANSFER, STORE_PART_DOCUMENT | STORE_PART_SEAL,
         1U << RETENTION_BODIES | 1U << RETENTION_EVIDENCE},
        {MESSAGE_TYPE_TRANSFER, STORE_PART_NAMES, 1U << RETENTION_METADATA},
        {MESSAGE_TYPE_TRANSFER, STORE_PART_ROW, 1U << RETENTION_IDS},
        {MESSAGE_TYPE_RECEIPT_CUSTODY, STORE_PART_DOCUMENT, 1U << RETENTION_EVIDENCE},
        {MESSAGE_TYPE_LEDGER_HEAD, STORE_PART_ENTRIES, 1U << RETENTION_EVIDENCE},
        {MESSAGE_TYPE_TRANSFER, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(retention_kinds(cases[i].type, cases[i].parts), cases[i].kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_has_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_somebody_waits_for_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dossier_is_over_as_a_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_held_dossier_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(evidence_goes_by_its_own_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_id_of_another_day_stays, set_up, tear_down),
        cmocka_unit_test(without_rows_all_is_kept),
        cmocka_unit_test(evidence_is_kept_as_long_as_anybody_asks),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(parts_are_of_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
