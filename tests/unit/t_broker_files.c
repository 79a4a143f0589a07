/* Who gets a file, and who must show one: to know a digest is not enough (invariant 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/codec/message_type.h"
#include "tests/support/lone_gateway.h"

#define COPY "2.000635" /* of stp */

static struct receipt_item about(const struct lone_message *message)
{
    return (struct receipt_item){.message_id = message->id,
                                 .digest = message->digest,
                                 .destination = key_of("stp"),
                                 .at = {1795500000000}};
}

/* One want in a step of its own: what its sender hears is a chunk, or that there is no such file.
 */
static bool is_served(struct lone_gateway *gateway, const char *peer,
                      const struct lone_message *message, const struct digest *file)
{
    lone_gateway_put_want(gateway, peer, message, file);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->chunks + gateway->files_refused, 1);
    if (gateway->files_refused == 1)
        assert_int_equal(gateway->file_reason, REASON_ATTACHMENT_MISSING);
    return gateway->chunks == 1;
}

static struct lone_gateway *open_all(void)
{
    struct lone_gateway *gateway = lone_gateway_open();
    lone_gateway_hello(gateway, "centre", 64);
    lone_gateway_hello(gateway, "stp", 64);
    lone_gateway_hello(gateway, "sxd", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return gateway;
}

/* A message with a file that the gateway keeps: its sender shows that it has it. */
static struct lone_message send_kept(struct lone_gateway *gateway, const char *sender,
                                     const char *recipient, const char *dossier,
                                     struct digest *ret_file)
{
    struct lone_message message =
        lone_gateway_put_with_real_file(gateway, sender, recipient, dossier, true, ret_file);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->wants, 1);
    lone_gateway_put_piece(gateway, sender, ret_file, true);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    return message;
}

/* Somebody knows the digest of a file that another agency has, and perhaps the message too. */
static void a_digest_does_not_open_a_file(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct digest unknown = {{7}};
    struct lone_message message = send_kept(gateway, "centre", "", "H38.09-261124-0001", &file);
    assert_int_equal(gateway->sent_to_stp, 1);
    struct lone_message nobodys = message;
    nobodys.id.bytes[15] ^= 1;
    assert_false(is_served(gateway, "sxd", &message, &file));
    assert_int_equal(gateway->alarms, 1);
    assert_false(is_served(gateway, "sxd", &nobodys, &file));
    /* The same of a file that is not here: who asks learns nothing. */
    assert_false(is_served(gateway, "sxd", &message, &unknown));
    assert_int_equal(gateway->alarms, 1);
    /* Nor does a message of one's own that names it, to whomever it goes: its sender has the file.
     */
    for (int i = 0; i < 2; i++) {
        const char *to = i == 0 ? "centre" : "sxd";
        const char *dossier = i == 0 ? "H38.09-261124-0002" : "H38.09-261124-0003";
        struct lone_message own = send_kept(gateway, "sxd", to, dossier, &file);
        assert_int_equal(lone_gateway_state(gateway, &own, to), ENTRY_LEASED);
        assert_false(is_served(gateway, "sxd", &own, &file));
    }
    assert_true(is_served(gateway, "stp", &message, &file));
    lone_gateway_close(&gateway);
}

/* It opens for whom the message goes to, before and after its receipt, and only what it lists. */
static void a_message_opens_its_files_to_its_recipient(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct lone_message message = send_kept(gateway, "centre", "", "H38.09-261124-0001", &file);
    struct lone_message plain = lone_gateway_put_transfer(gateway, COPY, "H38.09-261124-0002");
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_false(is_served(gateway, "stp", &plain, &file));
    assert_int_equal(gateway->alarms, 1);
    assert_true(is_served(gateway, "stp", &message, &file));
    assert_int_equal(gateway->alarms, 0);
    struct receipt_item item = about(&message);
    (void)lone_gateway_put_receipt(gateway, "stp", "centre", MESSAGE_TYPE_RECEIPT_DELIVERED, &item,
                                   1);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &message, "stp"), ENTRY_DELIVERED);
    lone_gateway_hello(gateway, "stp", 64); /* nothing is under way any more */
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_true(is_served(gateway, "stp", &message, &file));
    lone_gateway_close(&gateway);
}

/* What was withdrawn before it was ever sent stays with the gateway. */
static void a_withdrawn_message_opens_nothing(void **state)
{
    (void)state;
    struct lone_gateway *gateway = lone_gateway_open();
    struct key stp = key_of("stp");
    struct store_message stored;
    struct digest file;
    lone_gateway_hello(gateway, "centre", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    struct lone_message message = send_kept(gateway, "centre", "", "H38.09-261124-0001", &file);
    assert_int_equal(
        gateway->store->verbs->find_message(gateway->store, &message.sender, &message.id, &stored),
        REASON_NONE);
    lone_gateway_begin(gateway);
    assert_int_equal(broker_operate(gateway->broker, stored.seq, &stp, BROKER_WITHDRAW),
                     REASON_NONE);
    assert_int_equal(lone_gateway_end(gateway), REASON_NONE);
    lone_gateway_hello(gateway, "stp", 64);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_false(is_served(gateway, "stp", &message, &file));
    assert_int_equal(gateway->alarms, 1);
    lone_gateway_close(&gateway);
}

/* Two who work together: one names a digest in a message to the other, and has not the file. */
static void a_digest_does_not_send_a_file(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    for (int i = 0; i < 2; i++) {
        struct lone_message message = lone_gateway_put_with_real_file(
            gateway, "sxd", "stp", "H38.09-261124-0001", true, &file);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->wants, 1);
        assert_int_equal(lone_gateway_state(gateway, &message, "stp"), 0);
        lone_gateway_put_piece(gateway, "sxd", &file, i == 1);
        assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
        assert_int_equal(gateway->files_refused, i == 0);
        assert_int_equal(lone_gateway_state(gateway, &message, "stp"), i == 0 ? 0 : ENTRY_LEASED);
    }
    lone_gateway_close(&gateway);
}

/* One of two files is shown, and shown again for another message: that shows nothing of the other.
 */
static void a_file_shown_twice_is_one_file(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest files[2];
    struct lone_message both =
        lone_gateway_put_with_two_files(gateway, "sxd", "stp", "H38.09-261124-0001", files);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    lone_gateway_put_piece(gateway, "sxd", &files[0], true);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &both, "stp"), 0);
    struct lone_message one = send_kept(gateway, "sxd", "stp", "H38.09-261124-0002", &files[0]);
    assert_int_equal(lone_gateway_state(gateway, &one, "stp"), ENTRY_LEASED);
    assert_int_equal(lone_gateway_state(gateway, &both, "stp"), 0);
    lone_gateway_close(&gateway);
}

/* Two name one file that is not here yet: that one of them sends it proves nothing of the other. */
static void a_file_that_comes_is_not_everybodys(void **state)
{
    (void)state;
    struct lone_gateway *gateway = open_all();
    struct digest file;
    struct lone_message honest =
        lone_gateway_put_with_real_file(gateway, "centre", "", "H38.09-261124-0001", false, &file);
    struct lone_message other =
        lone_gateway_put_with_real_file(gateway, "sxd", "stp", "H38.09-261124-0002", false, &file);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->wants, 2);
    lone_gateway_put_piece(gateway, "centre", &file, true);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(lone_gateway_state(gateway, &honest, "stp"), ENTRY_LEASED);
    lone_gateway_put_piece(gateway, "sxd", &file, false);
    assert_int_equal(lone_gateway_step(gateway), REASON_NONE);
    assert_int_equal(gateway->files_refused, 1);
    assert_int_equal(lone_gateway_state(gateway, &other, "stp"), 0);
    lone_gateway_close(&gateway);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_does_not_open_a_file),
        cmocka_unit_test(a_message_opens_its_files_to_its_recipient),
        cmocka_unit_test(a_withdrawn_message_opens_nothing),
        cmocka_unit_test(a_digest_does_not_send_a_file),
        cmocka_unit_test(a_file_shown_twice_is_one_file),
        cmocka_unit_test(a_file_that_comes_is_not_everybodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
