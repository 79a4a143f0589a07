/* What goes of messages that are over, and what stays: on every store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/store_fixture.h"

enum { DOCUMENTS = 3 };

static const char *const texts[DOCUMENTS] = {"the first", "the second one", "and the third"};
static const struct message_id ids[DOCUMENTS] = {
    {.bytes = {1, [6] = 0x70}}, {.bytes = {2, [6] = 0x70}}, {.bytes = {3, [6] = 0x70}}};

/* Messages 1 to 3 of dossier D in one parcel, the first with a route; a parcel of its own for 4,
 * which lies behind them in the same block. */
static void put_all(struct fixture *fixture)
{
    struct bytes documents[DOCUMENTS + 1];
    struct store_message messages[DOCUMENTS + 1];
    struct entry entries[DOCUMENTS + 1];
    struct store_parcel parcels[2];
    for (uint64_t i = 0; i <= DOCUMENTS; i++) {
        documents[i] = bytes_of_text(i < DOCUMENTS ? texts[i] : "alone");
        messages[i] = (struct store_message){
            .seq = i + 1,
            .parcel_seq = i < DOCUMENTS ? 1 : 2,
            .document_index = i < DOCUMENTS ? (uint32_t)i : 0,
            .sender = key_of("centre"),
            .recipient = key_of("stp"),
            .id = i < DOCUMENTS ? ids[i] : (struct message_id){.bytes = {9, [6] = 0x70}},
            .digest.bytes = {(uint8_t)(i + 1)},
            .type = 1,
            .dossier_code = bytes_of_text(i < DOCUMENTS ? "D" : "E"),
            .procedure_code = bytes_of_text("1.000001"),
            .in_reply_to = {.bytes = {7, [6] = 0x70}},
            .custody = {1000}};
        entries[i] = (struct entry){
            .message_seq = i + 1, .destination = key_of("stp"), .state = ENTRY_QUEUED};
    }
    for (int i = 0; i < 2; i++)
        parcels[i] = (struct store_parcel){.seq = (uint64_t)i + 1,
                                           .manifest = bytes_of_text("manifest"),
                                           .signature = bytes_of_text("signature"),
                                           .certificate = bytes_of_text("certificate"),
                                           .documents = &documents[i * DOCUMENTS],
                                           .document_count = i == 0 ? DOCUMENTS : 1};
    const struct store_route route = {.dossier_code = bytes_of_text("D"),
                                      .agency = key_of("stp"),
                                      .registry_version = bytes_of_text("v"),
                                      .message_seq = 1};
    const struct store_deadline clock = {.dossier_code = bytes_of_text("D"),
                                         .procedure_code = bytes_of_text("1.000001"),
                                         .deadline = {.state = DEADLINE_FINISHED}};
    const struct store_plan plan = {.parcels = parcels,
                                    .parcel_count = 2,
                                    .messages = messages,
                                    .message_count = DOCUMENTS + 1,
                                    .routes = &route,
                                    .route_count = 1,
                                    .entries = entries,
                                    .entry_count = DOCUMENTS + 1,
                                    .deadlines = &clock,
                                    .deadline_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void end(struct fixture *fixture, uint64_t seq)
{
    const struct store_move move = {
        .message_seq = seq, .destination = key_of("stp"), .state = ENTRY_DELIVERED, .due = {2000}};
    const struct store_plan plan = {.moves = &move, .move_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void lease(struct fixture *fixture, uint64_t seq)
{
    const struct store_move move = {
        .message_seq = seq, .destination = key_of("stp"), .state = ENTRY_LEASED};
    const struct store_plan plan = {.moves = &move, .move_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void purge(struct fixture *fixture, uint64_t first, uint64_t last, uint32_t parts)
{
    struct store_purge purges[DOCUMENTS + 1];
    struct store_plan plan = {.purges = purges};
    for (uint64_t seq = first; seq <= last; seq++)
        purges[plan.purge_count++] = (struct store_purge){seq, parts};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

static void assert_has(struct fixture *fixture, uint64_t seq, const char *document,
                       const char *signature)
{
    struct store_document found;
    assert_int_equal(fixture->store->verbs->read_document(fixture->store, seq, &found),
                     REASON_NONE);
    assert_true(bytes_equal(found.document, bytes_of_text(document)));
    assert_true(bytes_equal(found.signature, bytes_of_text(signature)));
}

static void assert_purged(struct fixture *fixture, uint64_t seq)
{
    struct store_document found;
    assert_int_equal(fixture->store->verbs->read_document(fixture->store, seq, &found),
                     REASON_CONTENT_PURGED);
}

/* Its neighbours in the parcel and behind it stay as they were, and so does what it is known by. */
static void a_document_goes_alone(void **state)
{
    struct fixture *fixture = *state;
    const struct key centre = key_of("centre");
    struct store_message message;
    put_all(fixture);
    end(fixture, 2);
    purge(fixture, 2, 2, STORE_PART_DOCUMENT);
    for (int i = 0; i < 2; i++) {
        assert_has(fixture, 1, texts[0], "signature");
        assert_purged(fixture, 2);
        assert_has(fixture, 3, texts[2], "signature");
        assert_has(fixture, 4, "alone", "signature");
        assert_int_equal(
            fixture->store->verbs->find_message(fixture->store, &centre, &ids[1], &message),
            REASON_NONE);
        assert_int_equal(message.digest.bytes[0], 2);
        assert_int_equal(message.gone, STORE_PART_DOCUMENT);
        assert_true(bytes_equal(message.dossier_code, bytes_of_text("D")));
        reopen(fixture);
    }
}

/* What sealed several goes with the last of them. */
static void a_seal_goes_with_the_last_document(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t both = STORE_PART_DOCUMENT | STORE_PART_SEAL;
    put_all(fixture);
    for (uint64_t seq = 1; seq <= 4; seq++)
        end(fixture, seq);
    purge(fixture, 1, 2, both);
    assert_has(fixture, 3, texts[2], "signature");
    purge(fixture, 3, 3, STORE_PART_DOCUMENT);
    purge(fixture, 3, 3, STORE_PART_SEAL);
    purge(fixture, 1, 3, both); /* once more is no harm */
    reopen(fixture);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_purged(fixture, seq);
    assert_has(fixture, 4, "alone", "signature");
    struct store_positions positions;
    assert_int_equal(fixture->store->verbs->positions(fixture->store, &positions), REASON_NONE);
    assert_int_equal(positions.next_parcel_seq, 3);
    assert_int_equal(positions.next_message_seq, 5);
}

/* A store that has dropped all of them knows what it has purged, and where the next goes. */
static void what_lies_together_goes_with_the_last(void **state)
{
    struct fixture *fixture = *state;
    const uint32_t both = STORE_PART_DOCUMENT | STORE_PART_SEAL;
    const struct bytes document = bytes_of_text("later");
    const struct store_parcel parcel = {.seq = 3, .documents = &document, .document_count = 1};
    const struct store_message message = {
        .seq = 5, .parcel_seq = 3, .sender = key_of("centre"), .id = {.bytes = {10, [6] = 0x70}}};
    const struct store_plan plan = {
        .parcels = &parcel, .parcel_count = 1, .messages = &message, .message_count = 1};
    struct store_positions positions;
    put_all(fixture);
    for (uint64_t seq = 1; seq <= 4; seq++)
        end(fixture, seq);
    purge(fixture, 1, 4, STORE_PART_DOCUMENT);
    purge(fixture, 1, 1, STORE_PART_SEAL);
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    purge(fixture, 4, 4, STORE_PART_SEAL);
    for (int i = 0; i < 2; i++) {
        purge(fixture, 1, 4, both); /* what is left of them, and once more */
        for (uint64_t seq = 1; seq <= 4; seq++)
            assert_purged(fixture, seq);
        assert_has(fixture, 5, "later", "");
        reopen(fixture);
    }
    assert_int_equal(fixture->store->verbs->positions(fixture->store, &positions), REASON_NONE);
    assert_int_equal(positions.next_parcel_seq, 4);
}

/* The last of a dossier takes its clock with it; that the message was here stays. */
static void names_go_last(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    const struct key stp = key_of("stp");
    const struct key centre = key_of("centre");
    struct store_message message;
    struct store_route route;
    struct store_deadline clock;
    struct entry entry;
    uint64_t seqs[4];
    size_t count;
    put_all(fixture);
    for (uint64_t seq = 1; seq <= 3; seq++)
        end(fixture, seq);
    purge(fixture, 1, 2, STORE_PART_DOCUMENT | STORE_PART_NAMES);
    assert_int_equal(verbs->history(fixture->store, bytes_of_text("D"), 0, false, seqs, 4, &count),
                     REASON_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(seqs[0], 3);
    assert_int_equal(verbs->find_route(fixture->store, bytes_of_text("D"), &route),
                     REASON_NOT_FOUND);
    assert_int_equal(verbs->read_deadline(fixture->store, bytes_of_text("D"), &clock), REASON_NONE);
    assert_int_equal(verbs->read_entry(fixture->store, 1, &stp, &entry), REASON_NOT_FOUND);
    assert_int_equal(verbs->read_entry(fixture->store, 3, &stp, &entry), REASON_NONE);
    purge(fixture, 3, 3, STORE_PART_NAMES);
    assert_int_equal(verbs->read_deadline(fixture->store, bytes_of_text("D"), &clock),
                     REASON_NOT_FOUND);
    assert_int_equal(verbs->find_message(fixture->store, &centre, &ids[0], &message), REASON_NONE);
    assert_int_equal(message.dossier_code.size + message.procedure_code.size, 0);
    assert_true(id_is_zero(&message.in_reply_to));
    assert_int_equal(message.digest.bytes[0], 1);
    assert_has(fixture, 4, "alone", "signature");
}

/* A clock that nobody ended goes as well: whatever was said in its dossier has gone, so that it is
 * not listed as overdue for ever. */
static void an_open_clock_ends_with_the_last_message(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    const struct store_deadline clock = {.dossier_code = bytes_of_text("D"),
                                         .procedure_code = bytes_of_text("1.000001"),
                                         .deadline = {.state = DEADLINE_RUNNING, .due = {2000}}};
    const struct store_plan plan = {.deadlines = &clock, .deadline_count = 1};
    const struct store_deadline_filter all = {.due_before = {0}};
    struct store_deadline row;
    size_t count = 0;
    put_all(fixture);
    assert_int_equal(verbs->commit(fixture->store, &plan), REASON_NONE);
    for (uint64_t seq = 1; seq <= 3; seq++)
        end(fixture, seq);
    purge(fixture, 1, 2, STORE_PART_DOCUMENT | STORE_PART_NAMES);
    assert_int_equal(verbs->list_deadlines(fixture->store, &all, &row, 1, &count), REASON_NONE);
    assert_int_equal(count, 1);
    purge(fixture, 3, 3, STORE_PART_DOCUMENT | STORE_PART_NAMES);
    assert_int_equal(verbs->read_deadline(fixture->store, bytes_of_text("D"), &row),
                     REASON_NOT_FOUND);
    assert_int_equal(verbs->list_deadlines(fixture->store, &all, &row, 1, &count), REASON_NONE);
    assert_int_equal(count, 0);
}

/* From then on what is not above it is no new one; its neighbours are found as before. */
static void rows_go_at_the_very_end(void **state)
{
    struct fixture *fixture = *state;
    const struct key centre = key_of("centre"), stranger = key_of("nobody");
    const uint32_t all = STORE_PARTS_OF_CONTENT | STORE_PART_ROW;
    struct store_message message;
    struct message_id id;
    uint64_t seqs[4], seq = 0;
    size_t count;
    put_all(fixture);
    for (seq = 1; seq <= 3; seq++)
        end(fixture, seq);
    assert_int_equal(fixture->store->verbs->forgotten_id(fixture->store, &centre, &id),
                     REASON_NONE);
    assert_true(id_is_zero(&id));
    purge(fixture, 2, 2, STORE_PARTS_OF_CONTENT);
    purge(fixture, 2, 2, STORE_PART_ROW);
    purge(fixture, 1, 1, all);
    for (int i = 0; i < 2; i++) {
        const struct store_verbs *verbs = fixture->store->verbs;
        assert_int_equal(verbs->read_message(fixture->store, 1, &message), REASON_NOT_FOUND);
        for (int gone = 0; gone < 2; gone++)
            assert_int_equal(verbs->find_message(fixture->store, &centre, &ids[gone], &message),
                             REASON_NOT_FOUND);
        assert_int_equal(verbs->find_message(fixture->store, &centre, &ids[2], &message),
                         REASON_NONE);
        assert_int_equal(message.seq, 3);
        assert_has(fixture, 3, texts[2], "signature");
        assert_int_equal(verbs->next_message(fixture->store, 0, &seq), REASON_NONE);
        assert_int_equal(seq, 3);
        assert_int_equal(verbs->next_message(fixture->store, 4, &seq), REASON_NOT_FOUND);
        assert_int_equal(verbs->forgotten_id(fixture->store, &centre, &id), REASON_NONE);
        assert_true(id_equal(&id, &ids[1]));
        assert_int_equal(verbs->forgotten_id(fixture->store, &stranger, &id), REASON_NONE);
        assert_true(id_is_zero(&id));
        assert_int_equal(
            verbs->after_id(fixture->store, &centre, &(struct message_id){{0}}, seqs, 4, &count),
            REASON_NONE);
        assert_int_equal(count, 2);
        assert_int_equal(seqs[0], 3);
        reopen(fixture);
    }
}

/* The largest id of a sender is known when nothing of him is. */
static void a_sender_of_whom_nothing_is_left_has_his_last_id(void **state)
{
    struct fixture *fixture = *state;
    const struct key centre = key_of("centre");
    const struct bytes document = bytes_of_text("later");
    const struct store_parcel parcel = {.seq = 3, .documents = &document, .document_count = 1};
    const struct store_message message = {
        .seq = 5, .parcel_seq = 3, .sender = key_of("stp"), .id = {.bytes = {10, [6] = 0x70}}};
    const struct store_plan plan = {
        .parcels = &parcel, .parcel_count = 1, .messages = &message, .message_count = 1};
    struct message_id id;
    struct store_positions positions;
    put_all(fixture);
    for (uint64_t seq = 1; seq <= 4; seq++)
        end(fixture, seq);
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    purge(fixture, 1, 4, STORE_PARTS_OF_CONTENT | STORE_PART_ROW);
    reopen(fixture);
    assert_int_equal(fixture->store->verbs->last_id(fixture->store, &centre, &id), REASON_NONE);
    assert_int_equal(id.bytes[0], 9);
    assert_int_equal(fixture->store->verbs->positions(fixture->store, &positions), REASON_NONE);
    assert_int_equal(positions.next_message_seq, 6);
    assert_has(fixture, 5, "later", "");
}

/* Whoever decides may be wrong: what is still owed to somebody does not go. */
static void what_is_owed_cannot_go(void **state)
{
    struct fixture *fixture = *state;
    put_all(fixture);
    lease(fixture, 2);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        int status = 0;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)signal(SIGABRT, SIG_DFL);
            (void)close(STDERR_FILENO);
            purge(fixture, seq, seq, STORE_PART_DOCUMENT);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    reopen(fixture);
    assert_has(fixture, 1, texts[0], "signature");
    assert_has(fixture, 2, texts[1], "signature");
}

/* A file goes with the last message that names it, and not if one comes to name it again. */
static void files_are_unnamed_by_the_last(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    const struct attachment both[] = {{.digest.bytes = {7}}, {.digest.bytes = {8}}};
    const struct bytes document = bytes_of_text("x");
    struct digest files[4];
    size_t count = 9;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        const struct store_parcel parcel = {
            .seq = seq, .documents = &document, .document_count = 1};
        const struct store_message message = {.seq = seq,
                                              .parcel_seq = seq,
                                              .sender = key_of("centre"),
                                              .id = ids[seq - 1],
                                              .attachments = both,
                                              .attachment_count = seq == 2 ? 2 : 1};
        const struct store_plan plan = {
            .parcels = &parcel, .parcel_count = 1, .messages = &message, .message_count = 1};
        if (seq == 3) {
            purge(fixture, 1, 1, STORE_PART_DOCUMENT);
            assert_int_equal(verbs->unnamed_files(fixture->store, files, 4, &count), REASON_NONE);
            assert_int_equal(count, 0); /* the second names it too */
            purge(fixture, 2, 2, STORE_PART_DOCUMENT);
            assert_int_equal(verbs->unnamed_files(fixture->store, files, 4, &count), REASON_NONE);
            assert_int_equal(count, 2);
        }
        assert_int_equal(verbs->commit(fixture->store, &plan), REASON_NONE);
    }
    reopen(fixture);
    verbs = fixture->store->verbs;
    assert_int_equal(verbs->unnamed_files(fixture->store, files, 4, &count), REASON_NONE);
    assert_int_equal(count, 1); /* the third names the first again */
    assert_int_equal(files[0].bytes[0], 8);
    const struct store_plan forget = {.forgotten_files = files, .forgotten_file_count = 1};
    assert_int_equal(verbs->commit(fixture->store, &forget), REASON_NONE);
    assert_int_equal(verbs->unnamed_files(fixture->store, files, 4, &count), REASON_NONE);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rows_go_at_the_very_end),
        CASE(a_sender_of_whom_nothing_is_left_has_his_last_id),
        CASE(a_document_goes_alone),
        CASE(a_seal_goes_with_the_last_document),
        CASE(what_lies_together_goes_with_the_last),
        CASE(names_go_last),
        CASE(an_open_clock_ends_with_the_last_message),
        CASE(files_are_unnamed_by_the_last),
        CASE(what_is_owed_cannot_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
