/* Who pays when a carrier's line has brought more than it may keep (proto/link/inbox.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "proto/link/inbox.h"

enum { LINE = 1, OTHER_LINE = 2, FRAMES = 8, FRAME_BYTES = 1000 };

static const struct key large = {"stp"}, small = {"sxd"};

/* line 0: of a connection of its own, or no frame but news of it. */
static void put(struct inboxes *inboxes, struct inbox *inbox, size_t count, uint16_t line)
{
    for (size_t i = 0; i < count; i++) {
        zmq_msg_t frame;
        assert_int_equal(zmq_msg_init_size(&frame, FRAME_BYTES), 0);
        struct inbox_entry *entry = inbox_put(inboxes, inbox, LINK_FRAME, 1, false, &frame);
        assert_non_null(entry);
        (void)zmq_msg_close(&frame);
        if (line != 0)
            inbox_count_carried(inboxes, inbox, entry, line);
    }
}

/* What came over the line is counted, and not what came last. */
static void the_fullest_of_a_line_is_whose_frames_it_has_most(void **state)
{
    (void)state;
    struct inboxes inboxes = {0};
    struct inbox *much = inbox_new(&large);
    struct inbox *little = inbox_new(&small);
    put(&inboxes, little, 1, LINE);
    put(&inboxes, much, FRAMES, LINE);
    assert_ptr_equal(inboxes_fullest(&inboxes, LINE), much);
    assert_non_null(inbox_put(&inboxes, much, LINK_PEER_GONE, 1, false, NULL));
    assert_ptr_equal(inboxes_fullest(&inboxes, LINE), much);
    /* And who has more of another line is none of this one's. */
    put(&inboxes, little, 2 * FRAMES, OTHER_LINE);
    put(&inboxes, little, 1, LINE);
    assert_ptr_equal(inboxes_fullest(&inboxes, LINE), much);
    assert_ptr_equal(inboxes_fullest(&inboxes, OTHER_LINE), little);
    assert_ptr_equal(inboxes_fullest(&inboxes, 0), little);
    inbox_clear(&inboxes, much);
    assert_ptr_equal(inboxes_fullest(&inboxes, LINE), little);
    inbox_drop(&inboxes, &little);
    assert_null(inboxes_fullest(&inboxes, LINE));
    assert_int_equal(inboxes.carried[LINE] + inboxes.carried[OTHER_LINE], 0);
    inbox_drop(&inboxes, &much);
    inboxes_release(&inboxes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fullest_of_a_line_is_whose_frames_it_has_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
