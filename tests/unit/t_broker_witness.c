/* What a witness of the ledger is shown by the gateway. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/lone_gateway.h"

/* The last head that is here. */
static struct head_seen last_head(struct lone_gateway *gateway)
{
    static struct arena scratch;
    struct store_positions at;
    struct store_document found;
    struct envelope envelope;
    struct head_seen head = {.tree_size = 0};
    if (scratch.block == NULL)
        assert_true(arena_init(&scratch, ENVELOPE_ARENA_BYTES));
    arena_reset(&scratch);
    assert_int_equal(gateway->store->verbs->positions(gateway->store, &at), REASON_NONE);
    assert_int_equal(
        gateway->store->verbs->read_document(gateway->store, at.ledger_head_seq, &found),
        REASON_NONE);
    assert_int_equal(envelope_parse(found.document, &scratch, &envelope), REASON_NONE);
    memcpy(head.ledger_id, envelope.tree_head.ledger_id.data, LEDGER_ID_BYTES);
    head.tree_size = envelope.tree_head.tree_size;
    head.root = envelope.tree_head.root;
    return head;
}

/* One that has seen this. The heads that it is shown: how many, and from where they are proved. */
static void greet_as_witness(struct lone_gateway *gateway, const struct head_seen *seen)
{
    struct frame hello = {.kind = FRAME_HELLO,
                          .hello = {.version_min = LINK_VERSION,
                                    .version_max = LINK_VERSION,
                                    .participant = key_of("sxd"),
                                    .program = bytes_of_text("test"),
                                    .window_messages = 64,
                                    .clock = {gateway->now_ms},
                                    .head_seen = *seen}};
    lone_gateway_put(gateway, "sxd", &hello);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
}

static enum reason hash_reason;

static enum reason no_hash(struct store *store, uint64_t position, struct digest *ret_hash)
{
    (void)store;
    (void)position;
    (void)ret_hash;
    return hash_reason;
}

/* What would prove the ledger to a witness that was away for longer has gone: it is shown the head
 * without a proof, by which it knows, and the log names it; a store that fails says nothing. */
static void a_witness_that_was_away_too_long_is_told(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    for (int i = 0; i < 3; i++) {
        (void)lone_gateway_put_transfer(gateway, "2.000635", "H38.09-261124-0001");
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    }
    struct head_seen early = last_head(gateway);
    early.tree_size--;
    greet_as_witness(gateway, &early);
    assert_int_equal(gateway->heads, 1);
    assert_int_equal(gateway->head_from, early.tree_size);
    gateway->verbs.ledger_hash = no_hash;
    hash_reason = REASON_STORE_FAILED;
    greet_as_witness(gateway, &early);
    assert_int_equal(gateway->heads, 1);
    hash_reason = REASON_NOT_FOUND;
    greet_as_witness(gateway, &early);
    assert_int_equal(gateway->heads, 2);
    assert_int_equal(gateway->head_from, 0);
    lone_gateway_close(&gateway);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_witness_that_was_away_too_long_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
