/* der_tree - a signature or certificate as a tree of elements that a test changes and writes again.
 *
 *     der_tree_parse; der_tree_find, der_tree_child; change nodes; der_tree_write
 *
 * A node points at its bytes or has children; the nodes of a tree lie in it, and are gone with the
 * next parse. Nothing checks what a change means: broken trees are what this is for. */
#pragma once

#include "proto/base/bytes.h"

enum {
    DER_NODES_MAX = 4096,
    DER_SCRATCH_BYTES = 128 * 1024,
    DER_NO_NODE = -1,
};

struct der_node {
    uint8_t tag;
    bool is_indefinite;   /* written so; has children */
    uint8_t length_bytes; /* of its length, more than needed; 0: as few as possible */
    int parent;
    int first;            /* child, or DER_NO_NODE */
    int next;             /* sibling, or DER_NO_NODE */
    struct bytes content; /* while it has no children */
};

struct der_tree {
    struct der_node nodes[DER_NODES_MAX]; /* 0 is the root */
    int count;
    uint8_t scratch[DER_SCRATCH_BYTES]; /* contents that were made */
    size_t scratch_used;
};

/* False: no single DER element, or too many nodes. Opens constructed elements only. */
bool der_tree_parse(struct der_tree *tree, struct bytes der);
/* Child number index, or DER_NO_NODE. */
int der_tree_child(const struct der_tree *tree, int node, int index);
/* Child of child: path ends with DER_NO_NODE. */
int der_tree_find(const struct der_tree *tree, const int *path);
size_t der_tree_children(const struct der_tree *tree, int node);
/* Copies bytes to where they live as long as the tree; empty when there is no room. */
struct bytes der_tree_keep(struct der_tree *tree, struct bytes bytes);
/* Puts element in as child number index (or last); opened when all of it is DER. False: no room, or
 * not even its header is. */
bool der_tree_insert(struct der_tree *tree, int parent, int index, struct bytes element);
void der_tree_remove(struct der_tree *tree, int node);
/* False when it does not fit. */
bool der_tree_write(const struct der_tree *tree, int node, struct buffer *ret_bytes);
