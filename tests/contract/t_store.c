/* One contract, every implementation of gateway/port/store.h: memory, SQLite, and SQLite on a disk
 * that loses power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/contract/store_fixture.h"

enum { PAGE = 64 };

/* ---- plans of one message ---- */

struct one {
    struct bytes document;
    struct store_parcel parcel;
    struct store_message message;
    struct entry entry;
    struct store_plan plan;
    char text[64];
    char dossier[32];
};

static struct message_id id_of(uint64_t number)
{
    struct message_id id = {.bytes = {[6] = 0x70, [8] = 0x80}};
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(number >> (8 * (5 - i)));
    return id;
}

/* Message seq `seq` from centre to destination about dossier; queued, due at once. */
static void make_one(struct one *one, uint64_t seq, const char *destination, const char *dossier)
{
    *one = (struct one){0};
    (void)snprintf(one->text, sizeof one->text, "document %llu", (unsigned long long)seq);
    (void)snprintf(one->dossier, sizeof one->dossier, "%s", dossier);
    one->document = bytes_of_text(one->text);
    one->parcel = (struct store_parcel){.seq = seq,
                                        .signature = bytes_of_text("signature"),
                                        .documents = &one->document,
                                        .document_count = 1};
    one->message = (struct store_message){.seq = seq,
                                          .parcel_seq = seq,
                                          .sender = key_of("centre"),
                                          .recipient = key_of(destination),
                                          .id = id_of(seq),
                                          .digest.bytes = {(uint8_t)seq, 7},
                                          .type = 1,
                                          .dossier_code = bytes_of_text(one->dossier),
                                          .procedure_code = bytes_of_text("1.000001"),
                                          .sequence = 1,
                                          .custody = {1000 + (int64_t)seq}};
    one->entry = (struct entry){.message_seq = seq,
                                .destination = key_of(destination),
                                .order = hash_bytes(one->message.dossier_code),
                                .state = ENTRY_QUEUED,
                                .due = {100},
                                .size_bytes = 10};
    one->plan = (struct store_plan){.parcels = &one->parcel,
                                    .parcel_count = 1,
                                    .messages = &one->message,
                                    .message_count = 1,
                                    .entries = &one->entry,
                                    .entry_count = 1};
}

static void put(struct fixture *fixture, uint64_t seq, const char *destination, const char *dossier)
{
    struct one one;
    make_one(&one, seq, destination, dossier);
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &one.plan), REASON_NONE);
}

static void move(struct fixture *fixture, uint64_t seq, const char *destination,
                 enum entry_state state, int64_t due_ms, uint32_t attempts)
{
    struct store_move change = {.message_seq = seq,
                                .destination = key_of(destination),
                                .state = state,
                                .due = {due_ms},
                                .attempts = attempts};
    struct store_plan plan = {.moves = &change, .move_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

/* The seqs that are due, as digits: "13" means messages 1 and 3 in that order. */
static const char *due_now(struct fixture *fixture, const char *destination, int64_t now_ms,
                           int64_t *ret_next_due_ms)
{
    static char digits[PAGE + 1];
    struct entry entries[PAGE];
    size_t count;
    struct key key = key_of(destination);
    wall_t next_due;
    assert_int_equal(fixture->store->verbs->due(fixture->store, &key, (wall_t){now_ms},
                                                &(struct key){""}, entries, PAGE, &count,
                                                &next_due),
                     REASON_NONE);
    for (size_t i = 0; i < count; i++)
        digits[i] = (char)('0' + entries[i].message_seq);
    digits[count] = 0;
    if (ret_next_due_ms != NULL)
        *ret_next_due_ms = next_due.ms;
    return digits;
}

/* ---- messages ---- */

static void messages_are_found_again(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    struct store_message message;
    struct store_document document;
    struct message_id last;
    struct key centre = key_of("centre");
    struct message_id id = id_of(2);
    put(fixture, 1, "a", "D1");
    put(fixture, 2, "b", "D2");
    reopen(fixture);
    verbs = fixture->store->verbs;
    assert_int_equal(verbs->find_message(fixture->store, &centre, &id, &message), REASON_NONE);
    assert_int_equal(message.seq, 2);
    assert_int_equal(message.digest.bytes[0], 2);
    assert_true(bytes_equal(message.dossier_code, bytes_of_text("D2")));
    assert_string_equal(message.recipient.text, "b");
    assert_int_equal(verbs->read_document(fixture->store, 1, &document), REASON_NONE);
    assert_true(bytes_equal(document.document, bytes_of_text("document 1")));
    assert_true(bytes_equal(document.signature, bytes_of_text("signature")));
    assert_int_equal(document.manifest.size, 0);
    assert_int_equal(verbs->last_id(fixture->store, &centre, &last), REASON_NONE);
    assert_true(id_equal(&last, &id));
    struct key nobody = key_of("nobody");
    assert_int_equal(verbs->find_message(fixture->store, &nobody, &id, &message), REASON_NOT_FOUND);
    assert_int_equal(verbs->last_id(fixture->store, &nobody, &last), REASON_NONE);
    assert_true(id_is_zero(&last));
    assert_int_equal(verbs->read_message(fixture->store, 9, &message), REASON_NOT_FOUND);
}

static void a_manifest_seals_several(void **state)
{
    struct fixture *fixture = *state;
    struct one one[2];
    struct bytes documents[2];
    struct store_message messages[2];
    for (int i = 0; i < 2; i++) {
        make_one(&one[i], (uint64_t)i + 1, "a", "D");
        documents[i] = one[i].document;
        messages[i] = one[i].message;
        messages[i].parcel_seq = 1;
        messages[i].document_index = (uint32_t)i;
    }
    struct store_parcel parcel = one[0].parcel;
    parcel.manifest = bytes_of_text("manifest");
    parcel.certificate = bytes_of_text("certificate");
    parcel.documents = documents;
    parcel.document_count = 2;
    struct store_plan plan = {
        .parcels = &parcel, .parcel_count = 1, .messages = messages, .message_count = 2};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    struct store_document document;
    assert_int_equal(fixture->store->verbs->read_document(fixture->store, 2, &document),
                     REASON_NONE);
    assert_true(bytes_equal(document.document, bytes_of_text("document 2")));
    assert_true(bytes_equal(document.manifest, bytes_of_text("manifest")));
    assert_true(bytes_equal(document.certificate, bytes_of_text("certificate")));
}

static void history_pages(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    uint64_t seqs[2];
    size_t count;
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(fixture, seq, seq == 2 ? "b" : "a", seq == 4 ? "other" : "D");
    static const struct {
        uint64_t from;
        bool is_backwards;
        size_t count;
        uint64_t first, last;
    } pages[] = {{0, false, 2, 1, 2}, {2, false, 2, 3, 5}, {5, false, 0, 0, 0},
                 {0, true, 2, 5, 3},  {3, true, 2, 2, 1},  {1, true, 0, 0, 0}};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        assert_int_equal(verbs->history(fixture->store, bytes_of_text("D"), pages[i].from,
                                        pages[i].is_backwards, seqs, 2, &count),
                         REASON_NONE);
        assert_int_equal(count, pages[i].count);
        if (count > 0) {
            assert_int_equal(seqs[0], pages[i].first);
            assert_int_equal(seqs[1], pages[i].last);
        }
    }
}

/* ---- entries ---- */

static void one_dossier_is_delivered_in_order(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, 1, "a", "D1");
    put(fixture, 2, "a", "D1");
    put(fixture, 3, "a", "D2");
    put(fixture, 4, "b", "D1");
    put(fixture, 5, "a", "D1");
    assert_string_equal(due_now(fixture, "a", 100, NULL), "13");
    assert_string_equal(due_now(fixture, "b", 100, NULL), "4");
    move(fixture, 1, "a", ENTRY_LEASED, 900, 1);
    assert_string_equal(due_now(fixture, "a", 100, NULL), "3");
    move(fixture, 1, "a", ENTRY_DEFERRED, 500, 1);
    int64_t next_due;
    assert_string_equal(due_now(fixture, "a", 100, &next_due), "3");
    assert_int_equal(next_due, 500);
    assert_string_equal(due_now(fixture, "a", 500, NULL), "31"); /* by due: 100, 500 */
    move(fixture, 1, "a", ENTRY_HELD, 0, 1);
    assert_string_equal(due_now(fixture, "a", 9999, NULL), "3"); /* the held one blocks its own */
    move(fixture, 1, "a", ENTRY_REFUSED, 0, 1);
    assert_string_equal(due_now(fixture, "a", 100, NULL), "23");
    move(fixture, 2, "a", ENTRY_DELIVERED, 0, 1);
    assert_string_equal(due_now(fixture, "a", 100, NULL), "35");
}

static void a_class_of_zero_has_no_order(void **state)
{
    struct fixture *fixture = *state;
    struct one one;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        make_one(&one, seq, "a", "");
        one.entry.order = 0;
        assert_int_equal(fixture->store->verbs->commit(fixture->store, &one.plan), REASON_NONE);
    }
    assert_string_equal(due_now(fixture, "a", 100, NULL), "123");
}

static void a_new_entry_may_be_leased_and_moved_in_one_plan(void **state)
{
    struct fixture *fixture = *state;
    struct one one;
    struct entry entry;
    struct key a = key_of("a");
    make_one(&one, 1, "a", "D1");
    one.entry.state = ENTRY_LEASED;
    one.entry.attempts = 1;
    one.entry.due = (wall_t){900};
    struct store_move change = {
        .message_seq = 1, .destination = a, .state = ENTRY_QUEUED, .due = {50}, .attempts = 1};
    one.plan.moves = &change;
    one.plan.move_count = 1;
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &one.plan), REASON_NONE);
    assert_int_equal(fixture->store->verbs->read_entry(fixture->store, 1, &a, &entry), REASON_NONE);
    assert_int_equal(entry.state, ENTRY_QUEUED);
    assert_int_equal(entry.due.ms, 50);
    assert_string_equal(due_now(fixture, "a", 100, NULL), "1");
}

static void leases_end_when_their_owner_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct one one;
    struct entry entry;
    struct key a = key_of("a");
    uint64_t recovered;
    make_one(&one, 1, "a", "D1");
    one.entry.state = ENTRY_LEASED;
    one.entry.attempts = 1;
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &one.plan), REASON_NONE);
    put(fixture, 2, "a", "D1");
    move(fixture, 1, "a", ENTRY_QUEUED, 100, 1);
    move(fixture, 1, "a", ENTRY_LEASED, 900, 2);
    reopen(fixture);
    assert_int_equal(fixture->store->verbs->recover(fixture->store, &recovered), REASON_NONE);
    assert_int_equal(recovered, 1);
    assert_int_equal(fixture->store->verbs->read_entry(fixture->store, 1, &a, &entry), REASON_NONE);
    assert_int_equal(entry.state, ENTRY_QUEUED);
    assert_int_equal(entry.attempts, 2);
    assert_string_equal(due_now(fixture, "a", 1, NULL), "1");
    assert_int_equal(fixture->store->verbs->recover(fixture->store, &recovered), REASON_NONE);
    assert_int_equal(recovered, 0);
}

static void an_entry_keeps_all_that_is_known(void **state)
{
    struct fixture *fixture = *state;
    struct one one;
    struct entry entry;
    struct key a = key_of("a");
    make_one(&one, 1, "a", "D1");
    one.entry.expires = (wall_t){777};
    one.entry.size_bytes = 1234;
    one.entry.is_receipt = true;
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &one.plan), REASON_NONE);
    struct store_move change = {.message_seq = 1,
                                .destination = a,
                                .state = ENTRY_DELIVERED,
                                .due = {5},
                                .attempts = 3,
                                .reason = REASON_BUSY,
                                .receipt_seq = 42};
    struct store_plan plan = {.moves = &change, .move_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    reopen(fixture);
    assert_int_equal(fixture->store->verbs->read_entry(fixture->store, 1, &a, &entry), REASON_NONE);
    assert_int_equal(entry.state, ENTRY_DELIVERED);
    assert_int_equal(entry.expires.ms, 777);
    assert_int_equal(entry.size_bytes, 1234);
    assert_true(entry.is_receipt);
    assert_int_equal(entry.attempts, 3);
    assert_int_equal(entry.reason, REASON_BUSY);
    assert_int_equal(entry.receipt_seq, 42);
    assert_string_equal(due_now(fixture, "a", 9999, NULL), "");
    struct entry entries[4];
    size_t count;
    assert_int_equal(fixture->store->verbs->entries_of(fixture->store, 1, entries, 4, &count),
                     REASON_NONE);
    assert_int_equal(count, 1);
    struct key b = key_of("b");
    assert_int_equal(fixture->store->verbs->read_entry(fixture->store, 1, &b, &entry),
                     REASON_NOT_FOUND);
}

static void put_with_life(struct fixture *fixture, uint64_t seq, int64_t expires_ms)
{
    struct one one;
    char dossier[8];
    (void)snprintf(dossier, sizeof dossier, "D%d", (int)seq);
    make_one(&one, seq, "a", dossier);
    one.entry.expires = (wall_t){expires_ms};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &one.plan), REASON_NONE);
}

static void lives_end(void **state)
{
    struct fixture *fixture = *state;
    struct entry entries[PAGE];
    size_t count;
    put_with_life(fixture, 1, 500); /* never sent */
    put_with_life(fixture, 2, 400); /* never sent, earlier */
    put_with_life(fixture, 3, 300); /* sent: counts against the other moment */
    put_with_life(fixture, 4, 300); /* sent and held: a person decides */
    put_with_life(fixture, 5, 0);   /* lives for ever */
    put_with_life(fixture, 6, 200); /* under way */
    move(fixture, 3, "a", ENTRY_LEASED, 0, 1);
    move(fixture, 3, "a", ENTRY_DEFERRED, 0, 1);
    move(fixture, 4, "a", ENTRY_LEASED, 0, 1);
    move(fixture, 4, "a", ENTRY_HELD, 0, 1);
    move(fixture, 6, "a", ENTRY_LEASED, 0, 1);
    const struct store_verbs *verbs = fixture->store->verbs;
    assert_int_equal(
        verbs->expired(fixture->store, (wall_t){450}, (wall_t){299}, entries, PAGE, &count),
        REASON_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(entries[0].message_seq, 2);
    assert_int_equal(
        verbs->expired(fixture->store, (wall_t){500}, (wall_t){300}, entries, PAGE, &count),
        REASON_NONE);
    assert_int_equal(count, 3);
    assert_int_equal(entries[0].message_seq, 3);
    assert_int_equal(entries[1].message_seq, 2);
    assert_int_equal(entries[2].message_seq, 1);
}

static void queues_are_listed_and_counted(void **state)
{
    struct fixture *fixture = *state;
    const struct store_verbs *verbs = fixture->store->verbs;
    struct entry entries[PAGE];
    struct store_count counts[PAGE];
    size_t count;
    for (uint64_t seq = 1; seq <= 6; seq++)
        put(fixture, seq, seq % 2 == 0 ? "a" : "b", seq == 5 ? "X" : "D");
    move(fixture, 2, "a", ENTRY_LEASED, 9, 1);
    move(fixture, 4, "a", ENTRY_HELD, 9, 0);
    move(fixture, 1, "b", ENTRY_LEASED, 9, 1);
    move(fixture, 1, "b", ENTRY_DELIVERED, 9, 1);
    struct store_filter all_of_a = {.destination = key_of("a")};
    assert_int_equal(verbs->list(fixture->store, &all_of_a, entries, PAGE, &count), REASON_NONE);
    assert_int_equal(count, 3);
    struct store_filter held = {.state = ENTRY_HELD};
    assert_int_equal(verbs->list(fixture->store, &held, entries, PAGE, &count), REASON_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(entries[0].message_seq, 4);
    struct store_filter of_dossier = {.dossier_code = bytes_of_text("X")};
    assert_int_equal(verbs->list(fixture->store, &of_dossier, entries, PAGE, &count), REASON_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(entries[0].message_seq, 5);
    struct store_filter page = {0};
    size_t total = 0;
    do {
        assert_int_equal(verbs->list(fixture->store, &page, entries, 2, &count), REASON_NONE);
        total += count;
        if (count > 0) {
            page.after_seq = entries[count - 1].message_seq;
            page.after_destination = entries[count - 1].destination;
        }
    } while (count > 0);
    assert_int_equal(total, 5);
    assert_int_equal(verbs->counts(fixture->store, counts, PAGE, &count), REASON_NONE);
    assert_int_equal(count, 2);
    const struct store_count *of_a = counts[0].destination.text[0] == 'a' ? &counts[0] : &counts[1];
    assert_int_equal(of_a->count[ENTRY_LEASED], 1);
    assert_int_equal(of_a->count[ENTRY_HELD], 1);
    assert_int_equal(of_a->count[ENTRY_QUEUED], 1);
    assert_int_equal(of_a->oldest.ms, 1002);
}

/* ---- ledger ---- */

static void the_ledger_grows_by_segments(void **state)
{
    struct fixture *fixture = *state;
    struct bytes entries[] = {bytes_of_text("entry 0"), bytes_of_text("entry 1"),
                              bytes_of_text("entry 2")};
    struct digest hashes[4];
    for (uint8_t i = 0; i < 4; i++)
        hashes[i] = (struct digest){.bytes = {i, 99}};
    struct one head;
    make_one(&head, 1, "a", "");
    struct store_segment segment = {
        .entries = entries, .entry_count = 2, .hashes = hashes, .hash_count = 3, .head_seq = 1};
    head.plan.segment = &segment;
    head.plan.entry_count = 0;
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &head.plan), REASON_NONE);
    segment = (struct store_segment){.first_index = 2,
                                     .entries = &entries[2],
                                     .entry_count = 1,
                                     .first_hash = 3,
                                     .hashes = &hashes[3],
                                     .hash_count = 1,
                                     .head_seq = 1};
    struct store_plan plan = {.segment = &segment};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    reopen(fixture);
    const struct store_verbs *verbs = fixture->store->verbs;
    struct store_positions positions;
    assert_int_equal(verbs->positions(fixture->store, &positions), REASON_NONE);
    assert_int_equal(positions.ledger_size, 3);
    assert_int_equal(positions.ledger_hashes, 4);
    assert_int_equal(positions.ledger_head_seq, 1);
    assert_int_equal(positions.next_message_seq, 2);
    assert_int_equal(positions.next_parcel_seq, 2);
    for (uint64_t i = 0; i < 3; i++) {
        struct bytes entry;
        assert_int_equal(verbs->ledger_entry(fixture->store, i, &entry), REASON_NONE);
        assert_true(bytes_equal(entry, entries[i]));
    }
    for (uint64_t i = 0; i < 4; i++) {
        struct digest hash;
        assert_int_equal(verbs->ledger_hash(fixture->store, i, &hash), REASON_NONE);
        assert_true(digest_equal(&hash, &hashes[i]));
    }
    struct digest hash;
    struct bytes entry;
    assert_int_equal(verbs->ledger_hash(fixture->store, 4, &hash), REASON_NOT_FOUND);
    assert_int_equal(verbs->ledger_entry(fixture->store, 3, &entry), REASON_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(messages_are_found_again),
        CASE(a_manifest_seals_several),
        CASE(history_pages),
        CASE(one_dossier_is_delivered_in_order),
        CASE(a_class_of_zero_has_no_order),
        CASE(a_new_entry_may_be_leased_and_moved_in_one_plan),
        CASE(leases_end_when_their_owner_is_gone),
        CASE(an_entry_keeps_all_that_is_known),
        CASE(lives_end),
        CASE(queues_are_listed_and_counted),
        CASE(the_ledger_grows_by_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
