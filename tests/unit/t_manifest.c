#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/manifest.h"
#include "proto/seal/sha256.h"
#include "tests/unit/command.h"
#include "tests/unit/scratch.h"

static struct manifest_entry entries[PARCEL_MESSAGES_MAX + 1];
static struct manifest manifest;

static int make_entries(void **state)
{
    (void)state;
    struct id_maker maker = {0};
    for (int i = 0; i <= PARCEL_MESSAGES_MAX; i++) {
        uint8_t seed = (uint8_t)i;
        struct bytes content = {&seed, 1};
        sha256_parts(&content, 1, &entries[i].digest);
        id_make(&maker, (wall_t){1790000000000 + i}, (const uint8_t[ID_RANDOM_BYTES]){seed},
                &entries[i].id);
    }
    return 0;
}

static enum reason write_count(size_t count, struct buffer *text)
{
    buffer_init(text, MANIFEST_BYTES_MAX);
    return manifest_write(entries, count, text);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    const size_t counts[] = {1, 2, PARCEL_MESSAGES_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct buffer text;
        assert_int_equal(write_count(counts[i], &text), REASON_NONE);
        assert_int_equal(text.size, counts[i] * MANIFEST_LINE_BYTES);
        assert_int_equal(manifest_parse(buffer_view(&text), &manifest), REASON_NONE);
        assert_int_equal(manifest.count, counts[i]);
        for (size_t k = 0; k < counts[i]; k++) {
            const struct manifest_entry *found = manifest_find(&manifest, &entries[k].digest);
            assert_non_null(found);
            assert_true(id_equal(&found->id, &entries[k].id));
        }
        assert_null(manifest_find(&manifest, &entries[counts[i]].digest));
        buffer_release(&text);
    }
}

static void bad_entries_are_not_written(void **state)
{
    (void)state;
    struct buffer text;
    assert_int_equal(write_count(0, &text), REASON_MANIFEST_MALFORMED);
    assert_int_equal(write_count(PARCEL_MESSAGES_MAX + 1, &text), REASON_MANIFEST_MALFORMED);
    struct manifest_entry twice[2] = {entries[0], entries[0]};
    assert_int_equal(manifest_write(twice, 2, &text), REASON_MANIFEST_MALFORMED);
    twice[1].id = entries[1].id;
    assert_int_equal(manifest_write(twice, 2, &text), REASON_MANIFEST_MALFORMED);
    twice[1] = (struct manifest_entry){entries[1].digest, entries[0].id};
    assert_int_equal(manifest_write(twice, 2, &text), REASON_MANIFEST_MALFORMED);
    twice[1] = (struct manifest_entry){.digest = entries[1].digest};
    assert_int_equal(manifest_write(twice, 2, &text), REASON_MANIFEST_MALFORMED);
    buffer_init(&text, MANIFEST_LINE_BYTES);
    assert_int_equal(manifest_write(entries, 2, &text), REASON_OUT_OF_MEMORY);
    assert_int_equal(text.size, 0);
    buffer_release(&text);
}

static void assert_malformed(const void *text, size_t size)
{
    struct bytes copy = {malloc(size + (size == 0)), size}; /* exact, so that asan sees one more */
    assert_non_null(copy.data);
    memcpy((void *)copy.data, text, size);
    assert_int_equal(manifest_parse(copy, &manifest), REASON_MANIFEST_MALFORMED);
    free((void *)copy.data);
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    struct buffer text;
    assert_int_equal(write_count(2, &text), REASON_NONE);
    for (size_t size = 0; size < text.size; size++) {
        if (size != MANIFEST_LINE_BYTES)
            assert_malformed(text.data, size);
    }
    uint8_t longer[2 * MANIFEST_LINE_BYTES + 1];
    memcpy(longer, text.data, text.size);
    longer[text.size] = '\n';
    assert_malformed(longer, sizeof longer);
    memcpy(longer + MANIFEST_LINE_BYTES, longer, MANIFEST_LINE_BYTES);
    assert_malformed(longer, 2 * MANIFEST_LINE_BYTES);
    char line[MANIFEST_LINE_BYTES];
    const size_t fixed[] = {64, 65, 66 + 8, 66 + 13, 66 + 14, 66 + 36, 66 + 40, 111};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        memcpy(line, text.data, sizeof line);
        line[fixed[i]] = '*';
        assert_malformed(line, sizeof line);
    }
    memcpy(line, text.data, sizeof line);
    for (size_t i = 0; i < sizeof line; i++) {
        if (line[i] >= 'a' && line[i] <= 'f') {
            line[i] = (char)(line[i] - 'a' + 'A');
            assert_malformed(line, sizeof line);
            line[i] = (char)(line[i] - 'A' + 'a');
        }
    }
    buffer_release(&text);
}

static void too_many_lines_are_refused(void **state)
{
    (void)state;
    struct buffer text;
    assert_int_equal(write_count(PARCEL_MESSAGES_MAX, &text), REASON_NONE);
    text.limit_bytes += MANIFEST_LINE_BYTES;
    assert_int_equal(manifest_write(&entries[PARCEL_MESSAGES_MAX], 1, &text), REASON_NONE);
    assert_malformed(text.data, text.size);
    buffer_release(&text);
}

static const char *const check_sums[] = {"sha256sum", "--strict", "--status",
                                         "-c",        "manifest", NULL};

static void sha256sum_reads_it(void **state)
{
    (void)state;
    struct scratch scratch;
    char name[MESSAGE_ID_TEXT_BYTES + sizeof MANIFEST_NAME_SUFFIX];
    struct buffer text;
    assert_true(scratch_open(&scratch));
    assert_int_equal(write_count(3, &text), REASON_NONE);
    assert_true(scratch_write(&scratch, "manifest", buffer_view(&text)));
    for (uint8_t i = 0; i < 3; i++) {
        char id[MESSAGE_ID_TEXT_BYTES];
        id_format(&entries[i].id, id);
        snprintf(name, sizeof name, "%s" MANIFEST_NAME_SUFFIX, id);
        assert_true(scratch_write(&scratch, name, (struct bytes){&i, 1}));
    }
    int intact = run_command(scratch.folder, check_sums);
    assert_true(scratch_write(&scratch, name, bytes_of_text("altered")));
    int altered = run_command(scratch.folder, check_sums);
    scratch_close(&scratch);
    assert_int_equal(intact, 0);
    assert_int_equal(altered, 1);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(bad_entries_are_not_written),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(too_many_lines_are_refused),
        cmocka_unit_test(sha256sum_reads_it),
    };
    return cmocka_run_group_tests(tests, make_entries, NULL);
}
