/* Memory with one lifetime and an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/base/arena.h"

static void test_pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    assert_true(arena_init(&arena, 1024));
    uint8_t *last_end = NULL;
    for (size_t size = 1; size <= 33; size += 8) {
        uint8_t *piece = arena_take(&arena, size);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
        assert_true(last_end == NULL || piece >= last_end);
        memset(piece, 0xff, size);
        last_end = piece + size;
    }
    arena_release(&arena);
}

static void test_the_end_is_answered_with_null(void **state)
{
    (void)state;
    struct arena arena;
    assert_true(arena_init(&arena, 64));
    assert_null(arena_take(&arena, 65));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_non_null(arena_take(&arena, 64));
    assert_null(arena_take(&arena, 1));
    assert_null(arena_copy(&arena, bytes_of_text("x")).data);
    arena_reset(&arena);
    assert_non_null(arena_take(&arena, 64));
    arena_release(&arena);
}

static void test_a_copy_outlives_what_it_was_made_of(void **state)
{
    (void)state;
    struct arena arena;
    char text[] = "abc";
    assert_true(arena_init(&arena, 64));
    struct bytes copy = arena_copy(&arena, bytes_of_text(text));
    memset(text, 0, sizeof text);
    assert_true(bytes_equal(copy, bytes_of_text("abc")));
    assert_non_null(arena_copy(&arena, (struct bytes){0}).data);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_aligned_and_apart),
        cmocka_unit_test(test_the_end_is_answered_with_null),
        cmocka_unit_test(test_a_copy_outlives_what_it_was_made_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
