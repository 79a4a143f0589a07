/* merkle - the hash tree of RFC 9162 §2.1: roots, the stream of finished hashes, proofs.
 *
 * A log of n entries is kept as a stream of hashes in order of completion: when leaf i arrives, its
 * leaf hash is appended, then the hash of every subtree that it completes, smallest first. So the
 * hash of any complete subtree stands at a position that can be computed, and a proof over 10^7
 * entries reads a few dozen hashes.
 *
 * Pure: hashing is the caller's hash_function.
 */
#pragma once

#include "proto/base/digest.h"

enum { MERKLE_LEVELS_MAX = 64, MERKLE_PROOF_MAX = 128 };

/* HASH(0x00 || entry) and HASH(0x01 || left || right). */
void merkle_leaf_hash(hash_function *hash, struct bytes entry, struct digest *ret_hash);
void merkle_node_hash(hash_function *hash, const struct digest *left, const struct digest *right,
                      struct digest *ret_hash);

/* Position in the stream of the first hash that leaf `index` adds; also the stream's length when
 * the tree has `index` leaves. */
uint64_t merkle_stream_length(uint64_t index);

/* The roots of the complete subtrees that a tree of `size` leaves consists of. */
struct merkle_frontier {
    uint64_t size;
    struct digest roots[MERKLE_LEVELS_MAX]; /* [level]: used where size has that bit */
};

/* Adds one leaf. ret_hashes (MERKLE_LEVELS_MAX) gets what goes to the stream; answers how many. */
size_t merkle_append(struct merkle_frontier *frontier, hash_function *hash, struct bytes entry,
                     struct digest *ret_hashes);
/* MTH of the whole tree; of nothing: HASH(). */
void merkle_root(const struct merkle_frontier *frontier, hash_function *hash,
                 struct digest *ret_root);

/* Reads one hash of the stream; false ends the proof with failure. */
typedef bool merkle_read(void *context, uint64_t position, struct digest *ret_hash);

/* Rebuilds the frontier of a tree of that size from its stream. */
bool merkle_frontier_read(struct merkle_frontier *frontier, uint64_t size, merkle_read *read,
                          void *context);
/* PROOF(first, D[second]), RFC 9162 §2.1.4.1; 0 < first <= second. ret_proof: MERKLE_PROOF_MAX. */
bool merkle_consistency_prove(uint64_t first, uint64_t second, hash_function *hash,
                              merkle_read *read, void *context, struct digest *ret_proof,
                              size_t *ret_count);
/* RFC 9162 §2.1.4.2. first 0 is consistent with everything. */
bool merkle_consistency_verify(uint64_t first, const struct digest *first_root, uint64_t second,
                               const struct digest *second_root, const struct digest *proof,
                               size_t count, hash_function *hash);
