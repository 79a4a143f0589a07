/* The contract of gateway/port/store.h for plans of many messages: several senders, ids that come
 * in any order and late, parcels of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/contract/store_fixture.h"

enum {
    MANY = 300,
    LONGEST_BYTES = 40000,
    STRIDE = 7, /* has no factor of MANY: every place is reached once */
};

struct many {
    struct bytes documents[MANY];
    struct store_parcel parcels[MANY];
    struct store_message messages[MANY];
    uint8_t bytes[LONGEST_BYTES];
};

static struct message_id id_of(uint64_t number)
{
    struct message_id id = {.bytes = {[6] = 0x70, [8] = 0x80}};
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(number >> (8 * (5 - i)));
    return id;
}

static const char *sender_of(size_t index)
{
    return index % 3 == 0 ? "a" : "centre";
}

/* In the order of a plan the numbers of the ids jump about; only even ones are taken. */
static uint64_t id_number(size_t index)
{
    return 1000 + 2 * (index * STRIDE % MANY);
}

static uint64_t seq_of(size_t index)
{
    return index + 1;
}

static size_t size_of(size_t index)
{
    return index % 40 == 39 ? LONGEST_BYTES : 1 + index * 5;
}

static void make_many(struct many *many)
{
    *many = (struct many){0};
    for (size_t i = 0; i < LONGEST_BYTES; i++)
        many->bytes[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t i = 0; i < MANY; i++) {
        size_t size = size_of(i);
        many->documents[i] = (struct bytes){many->bytes + LONGEST_BYTES - size, size};
        many->parcels[i] = (struct store_parcel){.seq = seq_of(i),
                                                 .signature = bytes_of_text("signature"),
                                                 .documents = &many->documents[i],
                                                 .document_count = 1};
        many->messages[i] = (struct store_message){.seq = seq_of(i),
                                                   .parcel_seq = seq_of(i),
                                                   .sender = key_of(sender_of(i)),
                                                   .recipient = key_of("b"),
                                                   .id = id_of(id_number(i)),
                                                   .type = 1,
                                                   .sequence = 1};
    }
}

static void commit(struct fixture *fixture, const struct many *many, size_t first, size_t count)
{
    struct store_plan plan = {.parcels = many->parcels + first,
                              .parcel_count = count,
                              .messages = many->messages + first,
                              .message_count = count};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

/* 0: none. */
static uint64_t find(struct fixture *fixture, const char *sender, uint64_t number)
{
    struct store_message message;
    struct key key = key_of(sender);
    struct message_id id = id_of(number);
    enum reason reason = fixture->store->verbs->find_message(fixture->store, &key, &id, &message);
    if (reason == REASON_NOT_FOUND)
        return 0;
    assert_int_equal(reason, REASON_NONE);
    assert_true(id_equal(&message.id, &id));
    assert_true(key_equal(&message.sender, &key));
    return message.seq;
}

static bool last_is(struct fixture *fixture, const char *sender, uint64_t number)
{
    struct key key = key_of(sender);
    struct message_id expected = id_of(number);
    struct message_id last;
    assert_int_equal(fixture->store->verbs->last_id(fixture->store, &key, &last), REASON_NONE);
    return id_equal(&last, &expected);
}

static void check_all(struct fixture *fixture, const struct many *many)
{
    for (size_t i = 0; i < MANY; i++) {
        struct store_document document;
        const char *other = i % 3 == 0 ? "centre" : "a";
        assert_int_equal(find(fixture, sender_of(i), id_number(i)), seq_of(i));
        assert_int_equal(find(fixture, sender_of(i), id_number(i) + 1), 0);
        assert_int_equal(find(fixture, other, id_number(i)), 0);
        assert_int_equal(fixture->store->verbs->read_document(fixture->store, seq_of(i), &document),
                         REASON_NONE);
        assert_true(bytes_equal(document.document, many->documents[i]));
        assert_true(bytes_equal(document.signature, bytes_of_text("signature")));
    }
}

static void one_commit_takes_many(void **state)
{
    struct fixture *fixture = *state;
    static struct many many;
    struct store_positions positions;
    make_many(&many);
    commit(fixture, &many, 0, MANY);
    check_all(fixture, &many);
    reopen(fixture);
    check_all(fixture, &many);
    assert_int_equal(fixture->store->verbs->positions(fixture->store, &positions), REASON_NONE);
    assert_int_equal(positions.next_message_seq, MANY + 1);
    assert_int_equal(positions.next_parcel_seq, MANY + 1);
}

static void many_commits_take_few(void **state)
{
    enum { FEW = 4 };
    struct fixture *fixture = *state;
    static struct many many;
    make_many(&many);
    for (size_t i = 0; i < MANY; i += FEW) {
        commit(fixture, &many, i, FEW);
        if (i == MANY / 2)
            reopen(fixture);
    }
    check_all(fixture, &many);
    reopen(fixture);
    check_all(fixture, &many);
}

static void put_id(struct fixture *fixture, struct many *many, size_t index, uint64_t number)
{
    many->messages[index].sender = key_of("centre");
    many->messages[index].id = id_of(number);
    commit(fixture, many, index, 1);
}

static void an_id_may_come_late(void **state)
{
    struct fixture *fixture = *state;
    static struct many many;
    make_many(&many);
    put_id(fixture, &many, 0, 100);
    put_id(fixture, &many, 1, 200);
    put_id(fixture, &many, 2, 150);
    put_id(fixture, &many, 3, 50);
    assert_true(last_is(fixture, "centre", 200));
    reopen(fixture);
    assert_true(last_is(fixture, "centre", 200));
    put_id(fixture, &many, 4, 300);
    put_id(fixture, &many, 5, 151);
    assert_true(last_is(fixture, "centre", 300));
    static const uint64_t numbers[] = {100, 200, 150, 50, 300, 151};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_int_equal(find(fixture, "centre", numbers[i]), seq_of(i));
    assert_int_equal(find(fixture, "centre", 49), 0);
    assert_int_equal(find(fixture, "centre", 152), 0);
    assert_int_equal(find(fixture, "centre", 301), 0);
}

/* The ids of one plan lie on both sides of the largest so far. */
static void late_ones_come_among_others(void **state)
{
    struct fixture *fixture = *state;
    static struct many many;
    make_many(&many);
    for (size_t i = 0; i < MANY; i++)
        many.messages[i].sender = key_of("centre");
    size_t middle = 1;
    while (id_number(middle) != 1000 + MANY)
        middle++;
    struct message_id id = many.messages[1].id;
    many.messages[1].id = many.messages[middle].id;
    many.messages[middle].id = id;
    commit(fixture, &many, 0, 2);
    assert_true(last_is(fixture, "centre", 1000 + MANY));
    commit(fixture, &many, 2, MANY - 2);
    assert_true(last_is(fixture, "centre", 1000 + 2 * (MANY - 1)));
    reopen(fixture);
    for (size_t i = 0; i < MANY; i++) {
        size_t at = i == 1 ? middle : i == middle ? 1 : i;
        assert_int_equal(find(fixture, "centre", id_number(at)), seq_of(i));
        assert_int_equal(find(fixture, "centre", id_number(at) + 1), 0);
    }
}

/* Why an entry is where it is, and since when, outlives all that it goes through; what is awaited
 * is live and never due. */
static void since_when_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct many *many = calloc(1, sizeof *many);
    assert_non_null(many);
    make_many(many);
    struct entry entries[] = {
        {.message_seq = 1, .destination = {"b"}, .state = ENTRY_QUEUED},
        {.message_seq = 2, .destination = {"b"}, .state = ENTRY_LEASED, .since = {1500}},
        {.message_seq = 3, .destination = {"b"}, .state = ENTRY_AWAITED, .since = {1600}}};
    struct store_move move = {.message_seq = 1,
                              .destination = {"b"},
                              .state = ENTRY_HELD,
                              .due = {9000},
                              .attempts = 1,
                              .reason = REASON_OFFICE_TIMEOUT,
                              .since = {1700}};
    struct store_plan plan = {.parcels = many->parcels,
                              .parcel_count = MANY,
                              .messages = many->messages,
                              .message_count = MANY,
                              .entries = entries,
                              .entry_count = 3,
                              .moves = &move,
                              .move_count = 1};
    assert_int_equal(store->verbs->commit(store, &plan), REASON_NONE);
    reopen(fixture);
    store = fixture->store;
    const int64_t sinces[] = {1700, 1500, 1600};
    for (uint64_t seq = 1; seq <= 3; seq++) {
        struct entry entry;
        assert_int_equal(store->verbs->read_entry(store, seq, &entries[0].destination, &entry),
                         REASON_NONE);
        assert_int_equal(entry.since.ms, sinces[seq - 1]);
        assert_int_equal(entry.receipt_seq, 0);
    }
    struct entry found[4];
    size_t count = 0;
    wall_t next_due;
    struct store_filter filter = {.state = ENTRY_AWAITED};
    assert_int_equal(store->verbs->list(store, &filter, found, 4, &count), REASON_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].message_seq, 3);
    move = (struct store_move){
        .message_seq = 3, .destination = {"b"}, .state = ENTRY_DELIVERED, .receipt_seq = 7};
    plan = (struct store_plan){.moves = &move, .move_count = 1};
    assert_int_equal(store->verbs->commit(store, &plan), REASON_NONE);
    assert_int_equal(store->verbs->list(store, &filter, found, 4, &count), REASON_NONE);
    assert_int_equal(count, 0);
    assert_int_equal(store->verbs->due(store, &move.destination, (wall_t){99999}, &(struct key){""},
                                       found, 4, &count, &next_due),
                     REASON_NONE);
    for (size_t i = 0; i < count; i++)
        assert_int_not_equal(found[i].message_seq, 3);
    free(many);
}

/* ---- whose turn it is ---- */

static void put_from(struct fixture *fixture, struct many *many, uint64_t seq, const char *sender)
{
    struct store_message *message = &many->messages[seq - 1];
    const struct entry entry = {.message_seq = seq,
                                .destination = {"b"},
                                .order = seq,
                                .state = ENTRY_QUEUED,
                                .due = {100}};
    message->sender = key_of(sender);
    struct store_plan plan = {.parcels = &many->parcels[seq - 1],
                              .parcel_count = 1,
                              .messages = message,
                              .message_count = 1,
                              .entries = &entry,
                              .entry_count = 1};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
}

/* So many of the seqs that are due, as digits. */
static const char *due_after(struct fixture *fixture, const char *after, size_t limit,
                             int64_t *ret_next_due_ms)
{
    enum { PAGE = 16 };
    static char digits[PAGE + 1];
    struct entry entries[PAGE];
    size_t count = 0;
    wall_t next_due = {0};
    struct key key = {0};
    (void)key_parse(bytes_of_text(after), &key);
    assert_true(limit <= PAGE);
    assert_int_equal(fixture->store->verbs->due(fixture->store, &(struct key){"b"}, (wall_t){100},
                                                &key, entries, limit, &count, &next_due),
                     REASON_NONE);
    for (size_t i = 0; i < count; i++)
        digits[i] = (char)('0' + entries[i].message_seq);
    digits[count] = 0;
    *ret_next_due_ms = next_due.ms;
    return digits;
}

/* Nobody's many keep another's few waiting. */
static void senders_take_turns(void **state)
{
    enum { OF_A = 6, OF_X = 7, OF_Y = 8, SENDERS = 3 };
    struct fixture *fixture = *state;
    static const char *const senders[SENDERS] = {"a", "x", "y"};
    static const char *const first[SENDERS] = {"1", "7", "8"};
    struct many *many = calloc(1, sizeof *many);
    unsigned followers = 0;
    int64_t next_due_ms;
    assert_non_null(many);
    make_many(many);
    for (uint64_t seq = 1; seq <= OF_A; seq++)
        put_from(fixture, many, seq, "a");
    put_from(fixture, many, OF_X, "x");
    put_from(fixture, many, OF_Y, "y");
    reopen(fixture);
    /* Each one is followed by another, and all have their turn. */
    for (size_t i = 0; i < SENDERS; i++) {
        const char *next = due_after(fixture, senders[i], 1, &next_due_ms);
        assert_string_not_equal(next, first[i]);
        for (size_t j = 0; j < SENDERS; j++)
            followers |= strcmp(next, first[j]) == 0 ? 1U << j : 0;
    }
    assert_int_equal(followers, (1U << SENDERS) - 1);
    /* What the others do not use is one's own, and keeps its order. */
    const char *five = due_after(fixture, "", 5, &next_due_ms);
    assert_int_equal(strlen(five), 5);
    assert_true(strchr(five, '7') != NULL && strchr(five, '8') != NULL);
    assert_true(strchr(five, '1') < strchr(five, '2') && strchr(five, '2') < strchr(five, '3'));
    struct store_move moves[] = {
        {.message_seq = OF_X, .destination = {"b"}, .state = ENTRY_LEASED, .attempts = 1},
        {.message_seq = OF_Y, .destination = {"b"}, .state = ENTRY_QUEUED, .due = {700}}};
    struct store_plan plan = {.moves = moves, .move_count = 2};
    assert_int_equal(fixture->store->verbs->commit(fixture->store, &plan), REASON_NONE);
    assert_string_equal(due_after(fixture, "x", 4, &next_due_ms), "1234");
    assert_string_equal(due_after(fixture, "nobody", 16, &next_due_ms), "123456");
    assert_int_equal(next_due_ms, 700);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_commit_takes_many), CASE(many_commits_take_few),       CASE(an_id_may_come_late),
        CASE(since_when_is_kept),    CASE(late_ones_come_among_others), CASE(senders_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
