/* The tables whose keys outsiders choose: ids of messages, and dossiers. Keys that all meet in one
 * chain under one seed are spread under another one, which is drawn at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/store/lease_table.h"
#include "routing/outbox/outbox_parts.h"

enum { KEYS = 512, FLIGHTS = 4 * KEYS, CHAIN_MAX = 16 };

static size_t longest_chain(const struct outbox *outbox, const uint32_t *buckets, bool by_order)
{
    size_t longest = 0;
    for (uint32_t bucket = 0; bucket <= outbox->bucket_mask; bucket++) {
        size_t length = 0;
        for (uint32_t i = buckets[bucket]; i != NONE; i = by_order
                                                              ? outbox->flights[i].next_same_order
                                                              : outbox->flights[i].next_same_bucket)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* The chains of an outbox with that seed that has these keys under way. */
static void measure(uint64_t seed, const struct message_id *ids, const uint64_t *orders,
                    size_t *ret_of_ids, size_t *ret_of_orders)
{
    const struct outbox_options options = {
        .destinations_max = 1, .flights_max = FLIGHTS, .seed = seed};
    static const struct digest digest;
    struct key to = key_of("stp");
    struct arena memory;
    assert_true(arena_init(&memory, outbox_memory_bytes(&options)));
    struct outbox *outbox = outbox_new(&options, &memory);
    outbox_open(outbox, outbox_destination(outbox, &to), FLIGHTS);
    for (size_t i = 0; i < KEYS; i++) {
        struct entry entry = {
            .message_seq = i + 1, .destination = to, .order = orders[i], .state = ENTRY_QUEUED};
        assert_true(
            outbox_admit(outbox, 0, &entry, &to, &ids[i], &digest, (mono_t){1}, (wall_t){1}));
    }
    *ret_of_ids = longest_chain(outbox, outbox->id_buckets, false);
    *ret_of_orders = longest_chain(outbox, outbox->order_buckets, true);
    arena_release(&memory);
}

static void chosen_keys_meet_only_under_a_seed_that_is_known(void **state)
{
    (void)state;
    static struct message_id ids[KEYS];
    static uint64_t orders[KEYS];
    size_t of_ids, of_orders;
    uint64_t number = 0;
    for (size_t i = 0; i < KEYS; number++) {
        struct message_id id = {.bytes = {[6] = 0x70, [8] = 0x80}};
        memcpy(id.bytes + 9, &number, 7);
        uint64_t hash = hash_bytes_from(1, (struct bytes){id.bytes, MESSAGE_ID_BYTES});
        if ((hash >> 32 & (FLIGHTS - 1)) == 0)
            ids[i++] = id;
    }
    for (size_t i = 0; i < KEYS; number++) {
        uint64_t hash = (number ^ 1) * UINT64_C(0x9e3779b97f4a7c15);
        if ((hash >> 32 & (FLIGHTS - 1)) == 0)
            orders[i++] = number;
    }
    measure(1, ids, orders, &of_ids, &of_orders);
    assert_int_equal(of_ids, KEYS);
    assert_int_equal(of_orders, KEYS);
    measure(UINT64_C(0x7c3f1a9d5e2b8046), ids, orders, &of_ids, &of_orders);
    assert_in_range(of_ids, 1, CHAIN_MAX);
    assert_in_range(of_orders, 1, CHAIN_MAX);
}

/* ---- leases ---- */

static size_t longest_class(const struct lease_table *table)
{
    size_t longest = 0;
    for (uint32_t head = 0; head < table->capacity; head++) {
        size_t length = 0;
        for (uint32_t slot = table->heads_of_class[head]; slot != 0;
             slot = table->slots[slot].next_of_class)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

static size_t measure_classes(uint64_t seed, const uint64_t *orders)
{
    struct lease_table table;
    lease_table_init(&table, seed);
    for (uint64_t i = 0; i < KEYS; i++)
        assert_non_null(lease_table_add(&table, i + 1, 1, &(struct entry){.order = orders[i]}));
    size_t longest = longest_class(&table);
    lease_table_release(&table);
    return longest;
}

static void chosen_classes_too(void **state)
{
    (void)state;
    static uint64_t orders[KEYS];
    struct lease_table table;
    size_t count = 0;
    /* Those that share a chain with the first one, tried one by one. */
    for (uint64_t order = 1; count < KEYS; order++) {
        lease_table_init(&table, 1);
        for (uint64_t i = 0; i < KEYS; i++) /* so that it has grown to its size */
            assert_non_null(lease_table_add(&table, i + 1, 1, &(struct entry){.order = 0}));
        uint64_t last = order + UINT64_C(0x100000);
        for (; order < last && count < KEYS; order++) {
            struct leased *one =
                lease_table_add(&table, KEYS + 1, 1, &(struct entry){.order = order});
            assert_non_null(one);
            if (table.heads_of_class[0] != 0)
                orders[count++] = order;
            lease_table_remove(&table, one);
        }
        lease_table_release(&table);
    }
    assert_int_equal(measure_classes(1, orders), KEYS);
    assert_in_range(measure_classes(UINT64_C(0x7c3f1a9d5e2b8046), orders), 1, CHAIN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_keys_meet_only_under_a_seed_that_is_known),
        cmocka_unit_test(chosen_classes_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
