#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "proto/ledger/merkle.h"
#include "proto/seal/sha256.h"

enum { LEAVES = 70, STREAM = 2 * LEAVES };

struct log {
    struct merkle_frontier frontier;
    struct digest stream[STREAM];
    size_t length;
    struct digest roots[LEAVES + 1];
    struct digest leaves[LEAVES];
};

static bool read_stream(void *context, uint64_t position, struct digest *ret_hash)
{
    const struct log *log = context;
    if (position >= log->length)
        return false;
    *ret_hash = log->stream[position];
    return true;
}

static void log_fill(struct log *log)
{
    memset(log, 0, sizeof *log);
    merkle_root(&log->frontier, sha256_parts, &log->roots[0]);
    for (unsigned int i = 0; i < LEAVES; i++) {
        uint8_t leaf = (uint8_t)i;
        struct bytes entry = {&leaf, 1};
        struct digest added[MERKLE_LEVELS_MAX];
        assert_int_equal(log->length, merkle_stream_length(i));
        size_t count = merkle_append(&log->frontier, sha256_parts, entry, added);
        memcpy(&log->stream[log->length], added, count * sizeof *added);
        log->length += count;
        merkle_leaf_hash(sha256_parts, entry, &log->leaves[i]);
        merkle_root(&log->frontier, sha256_parts, &log->roots[i + 1]);
    }
}

/* The definition of RFC 9162 §2.1.1, recursively, as the second opinion. */
static struct digest root_by_definition(const struct log *log, size_t from, size_t count)
{
    if (count == 1)
        return log->leaves[from];
    size_t split = 1;
    while (split * 2 < count)
        split *= 2;
    struct digest left = root_by_definition(log, from, split);
    struct digest right = root_by_definition(log, from + split, count - split);
    struct digest root;
    merkle_node_hash(sha256_parts, &left, &right, &root);
    return root;
}

static void test_roots_follow_the_definition(void **state)
{
    (void)state;
    struct log log;
    log_fill(&log);
    char text[DIGEST_TEXT_BYTES];
    digest_format(&log.roots[0], text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t n = 1; n <= LEAVES; n++) {
        struct digest expected = root_by_definition(&log, 0, n);
        assert_true(digest_equal(&expected, &log.roots[n]));
    }
}

static void test_frontier_can_be_read_back(void **state)
{
    (void)state;
    struct log log;
    log_fill(&log);
    for (size_t n = 0; n <= LEAVES; n++) {
        struct merkle_frontier frontier;
        struct digest root;
        assert_true(merkle_frontier_read(&frontier, n, read_stream, &log));
        merkle_root(&frontier, sha256_parts, &root);
        assert_true(digest_equal(&root, &log.roots[n]));
    }
}

static void test_every_consistency_proof(void **state)
{
    (void)state;
    struct log log;
    log_fill(&log);
    for (size_t first = 1; first <= LEAVES; first++) {
        for (size_t second = first; second <= LEAVES; second++) {
            struct digest proof[MERKLE_PROOF_MAX];
            size_t count;
            assert_true(merkle_consistency_prove(first, second, sha256_parts, read_stream, &log,
                                                 proof, &count));
            assert_true(merkle_consistency_verify(first, &log.roots[first], second,
                                                  &log.roots[second], proof, count, sha256_parts));
            struct digest wrong = log.roots[first];
            wrong.bytes[0] ^= 1;
            assert_false(merkle_consistency_verify(first, &wrong, second, &log.roots[second], proof,
                                                   count, sha256_parts));
            if (count > 0) {
                proof[count - 1].bytes[31] ^= 1;
                assert_false(merkle_consistency_verify(first, &log.roots[first], second,
                                                       &log.roots[second], proof, count,
                                                       sha256_parts));
                assert_false(merkle_consistency_verify(first, &log.roots[first], second,
                                                       &log.roots[second], proof, count - 1,
                                                       sha256_parts));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_follow_the_definition),
        cmocka_unit_test(test_frontier_can_be_read_back),
        cmocka_unit_test(test_every_consistency_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
