/* Merkle trees of RFC 6962 (§2.1), with a leaf's prefix 0 and a node's prefix 1, so that no node
 * can be shown for a leaf.
 *
 * Hashes are stored in the order in which appending computes them: a leaf, then each subtree that
 * it completes. merkle_position gives the place of any complete subtree, so a proof reads some
 * tens of hashes, and nothing that was written changes when the tree grows. */
#include "proto/ledger/merkle.h"

#include "proto/base/check.h"

void merkle_leaf_hash(hash_function *hash, struct bytes entry, struct digest *ret_hash)
{
    static const uint8_t prefix = 0x00;
    struct bytes parts[] = {{&prefix, 1}, entry};
    hash(parts, 2, ret_hash);
}

void merkle_node_hash(hash_function *hash, const struct digest *left, const struct digest *right,
                      struct digest *ret_hash)
{
    static const uint8_t prefix = 0x01;
    struct bytes parts[] = {
        {&prefix, 1}, {left->bytes, DIGEST_BYTES}, {right->bytes, DIGEST_BYTES}};
    hash(parts, 3, ret_hash);
}

uint64_t merkle_stream_length(uint64_t index)
{
    return 2 * index - (uint64_t)__builtin_popcountll(index);
}

/* Of the complete subtree of 2^level leaves that begins at leaf index * 2^level. */
static uint64_t merkle_position(unsigned int level, uint64_t index)
{
    uint64_t last_leaf = ((index + 1) << level) - 1;
    return merkle_stream_length(last_leaf) + level;
}

/* The frontier has a root for each bit of the size: appending carries like adding one. */
size_t merkle_append(struct merkle_frontier *frontier, hash_function *hash, struct bytes entry,
                     struct digest *ret_hashes)
{
    size_t count = 1;
    unsigned int level = 0;
    merkle_leaf_hash(hash, entry, &ret_hashes[0]);
    for (; (frontier->size >> level & 1) != 0; level++) {
        merkle_node_hash(hash, &frontier->roots[level], &ret_hashes[count - 1], &ret_hashes[count]);
        count++;
    }
    frontier->roots[level] = ret_hashes[count - 1];
    frontier->size++;
    return count;
}

void merkle_root(const struct merkle_frontier *frontier, hash_function *hash,
                 struct digest *ret_root)
{
    bool started = false;
    struct digest root;
    hash(NULL, 0, &root);
    for (unsigned int level = 0; level < MERKLE_LEVELS_MAX; level++) {
        if ((frontier->size >> level & 1) == 0)
            continue;
        if (started)
            merkle_node_hash(hash, &frontier->roots[level], &root, &root);
        else
            root = frontier->roots[level];
        started = true;
    }
    *ret_root = root;
}

/* After a restart: one read for each bit of the size, and not one for each leaf. */
bool merkle_frontier_read(struct merkle_frontier *frontier, uint64_t size, merkle_read *read,
                          void *context)
{
    uint64_t start = 0;
    for (unsigned int level = MERKLE_LEVELS_MAX; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        if (!read(context, merkle_position(level, start >> level), &frontier->roots[level]))
            return false;
        start += UINT64_C(1) << level;
    }
    frontier->size = size;
    return true;
}

/* The largest power of two smaller than n; n > 1. */
static uint64_t split_point(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* MTH of leaves [start, end). Complete subtrees are read, the rest is folded from the right. */
static bool range_hash(uint64_t start, uint64_t end, hash_function *hash, merkle_read *read,
                       void *context, struct digest *ret_hash)
{
    struct digest parts[MERKLE_LEVELS_MAX];
    size_t count = 0;
    while (start < end) {
        uint64_t width = UINT64_C(1) << (63 - __builtin_clzll(end - start));
        unsigned int level = (unsigned int)__builtin_ctzll(width);
        check(count < MERKLE_LEVELS_MAX && start % width == 0);
        if (!read(context, merkle_position(level, start >> level), &parts[count++]))
            return false;
        start += width;
    }
    while (count > 1) {
        merkle_node_hash(hash, &parts[count - 2], &parts[count - 1], &parts[count - 2]);
        count--;
    }
    *ret_hash = parts[0];
    return true;
}

/* A proof is gathered from the root down, and stands in the other order. */
static void reverse(struct digest *hashes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct digest swapped = hashes[i];
        hashes[i] = hashes[count - 1 - i];
        hashes[count - 1 - i] = swapped;
    }
}

/* SUBPROOF of RFC 6962 §2.1.2 as a loop: recursion there goes down one side only, and the depth of
 * a loop needs no stack. */
bool merkle_consistency_prove(uint64_t first, uint64_t second, hash_function *hash,
                              merkle_read *read, void *context, struct digest *ret_proof,
                              size_t *ret_count)
{
    check(first > 0 && first <= second);
    uint64_t start = 0;
    uint64_t end = second;
    bool is_whole = true; /* b of the RFC: the old tree itself need not be in the proof */
    size_t count = 0;
    while (first != end) {
        uint64_t middle = start + split_point(end - start);
        check(count < MERKLE_PROOF_MAX - 1);
        if (first <= middle) {
            if (!range_hash(middle, end, hash, read, context, &ret_proof[count++]))
                return false;
            end = middle;
        } else {
            if (!range_hash(start, middle, hash, read, context, &ret_proof[count++]))
                return false;
            start = middle;
            is_whole = false;
        }
    }
    if (!is_whole && !range_hash(start, end, hash, read, context, &ret_proof[count++]))
        return false;
    reverse(ret_proof, count);
    *ret_count = count;
    return true;
}

/* RFC 9162 §2.1.4.2: both roots are rebuilt from the same hashes, the old one from those that
 * belong to it. Equal roots then mean that the old tree's leaves are the first ones of the new
 * tree. */
bool merkle_consistency_verify(uint64_t first, const struct digest *first_root, uint64_t second,
                               const struct digest *second_root, const struct digest *proof,
                               size_t count, hash_function *hash)
{
    if (first > second)
        return false;
    if (first == second)
        return count == 0 && digest_equal(first_root, second_root);
    if (first == 0)
        return count == 0;
    size_t used = 0;
    uint64_t old_node = first - 1;
    uint64_t new_node = second - 1;
    for (; (old_node & 1) != 0; new_node >>= 1)
        old_node >>= 1;
    struct digest old_root;
    if (old_node == 0) {
        old_root = *first_root;
    } else {
        if (count == 0)
            return false;
        old_root = proof[used++];
    }
    struct digest new_root = old_root;
    for (; used < count; used++) {
        if (new_node == 0)
            return false;
        if ((old_node & 1) != 0 || old_node == new_node) {
            merkle_node_hash(hash, &proof[used], &old_root, &old_root);
            merkle_node_hash(hash, &proof[used], &new_root, &new_root);
            while ((old_node & 1) == 0 && old_node != 0) {
                old_node >>= 1;
                new_node >>= 1;
            }
        } else {
            merkle_node_hash(hash, &new_root, &proof[used], &new_root);
        }
        old_node >>= 1;
        new_node >>= 1;
    }
    return new_node == 0 && digest_equal(&old_root, first_root) &&
           digest_equal(&new_root, second_root);
}
