#include "tests/support/der_tree.h"

#include <string.h>

#include "proto/seal/der.h"

enum { CONSTRUCTED = 0x20, LENGTH_LONG = 0x80, LENGTH_BYTES_MOST = 8 };

static int new_node(struct der_tree *tree, int parent, uint8_t tag)
{
    if (tree->count == DER_NODES_MAX)
        return DER_NO_NODE;
    tree->nodes[tree->count] =
        (struct der_node){.tag = tag, .parent = parent, .first = DER_NO_NODE, .next = DER_NO_NODE};
    return tree->count++;
}

static bool parse_into(struct der_tree *tree, int parent, struct bytes rest, int *link)
{
    while (rest.size > 0) {
        struct bytes content;
        uint8_t tag = rest.data[0];
        if (!der_take(&rest, tag, &content))
            return false;
        int node = new_node(tree, parent, tag);
        if (node == DER_NO_NODE)
            return false;
        *link = node;
        link = &tree->nodes[node].next;
        tree->nodes[node].content = content;
        if ((tag & CONSTRUCTED) != 0 && !parse_into(tree, node, content, &tree->nodes[node].first))
            return false;
    }
    return true;
}

bool der_tree_parse(struct der_tree *tree, struct bytes der)
{
    int root = DER_NO_NODE;
    tree->count = 0;
    tree->scratch_used = 0;
    return parse_into(tree, DER_NO_NODE, der, &root) && tree->count > 0 &&
           tree->nodes[0].next == DER_NO_NODE;
}

int der_tree_child(const struct der_tree *tree, int node, int index)
{
    int child = node == DER_NO_NODE ? DER_NO_NODE : tree->nodes[node].first;
    for (; child != DER_NO_NODE && index > 0; index--)
        child = tree->nodes[child].next;
    return child;
}

int der_tree_find(const struct der_tree *tree, const int *path)
{
    int node = 0;
    for (; *path != DER_NO_NODE; path++)
        node = der_tree_child(tree, node, *path);
    return node;
}

size_t der_tree_children(const struct der_tree *tree, int node)
{
    size_t count = 0;
    for (int child = tree->nodes[node].first; child != DER_NO_NODE; child = tree->nodes[child].next)
        count++;
    return count;
}

struct bytes der_tree_keep(struct der_tree *tree, struct bytes bytes)
{
    if (bytes.size == 0 || bytes.size > DER_SCRATCH_BYTES - tree->scratch_used)
        return (struct bytes){NULL, 0};
    uint8_t *at = tree->scratch + tree->scratch_used;
    memcpy(at, bytes.data, bytes.size);
    tree->scratch_used += bytes.size;
    return (struct bytes){at, bytes.size};
}

bool der_tree_insert(struct der_tree *tree, int parent, int index, struct bytes element)
{
    struct bytes content;
    struct bytes rest = der_tree_keep(tree, element);
    uint8_t tag = rest.size > 0 ? rest.data[0] : 0;
    if (!der_take_only(rest, tag, &content))
        return false;
    int node = new_node(tree, parent, tag);
    if (node == DER_NO_NODE)
        return false;
    int count = tree->count;
    tree->nodes[node].content = content;
    if ((tag & CONSTRUCTED) != 0 && !parse_into(tree, node, content, &tree->nodes[node].first)) {
        tree->nodes[node].first = DER_NO_NODE; /* no DER inside: it stays closed */
        tree->count = count;
    }
    int *link = &tree->nodes[parent].first;
    for (; *link != DER_NO_NODE && index > 0; index--)
        link = &tree->nodes[*link].next;
    tree->nodes[node].next = *link;
    *link = node;
    return true;
}

void der_tree_remove(struct der_tree *tree, int node)
{
    int parent = tree->nodes[node].parent;
    if (parent == DER_NO_NODE)
        return;
    int *link = &tree->nodes[parent].first;
    while (*link != node && *link != DER_NO_NODE)
        link = &tree->nodes[*link].next;
    if (*link == node)
        *link = tree->nodes[node].next;
    if (tree->nodes[parent].first == DER_NO_NODE)
        tree->nodes[parent].content = (struct bytes){NULL, 0};
}

static bool write_header(const struct der_node *node, size_t length, struct buffer *ret_bytes)
{
    uint8_t header[2 + LENGTH_BYTES_MOST] = {node->tag};
    size_t size = 1;
    size_t needed = 0;
    for (size_t rest = length; rest > 0; rest >>= 8)
        needed++;
    if (node->is_indefinite) {
        header[size++] = LENGTH_LONG;
    } else if (node->length_bytes == 0 && length < LENGTH_LONG) {
        header[size++] = (uint8_t)length;
    } else {
        size_t count = node->length_bytes > needed ? node->length_bytes : needed;
        header[size++] = (uint8_t)(LENGTH_LONG | count);
        for (size_t i = count; i-- > 0;)
            header[size++] = (uint8_t)(i < sizeof length ? length >> (8 * i) : 0);
    }
    return buffer_append(ret_bytes, (struct bytes){header, size});
}

static bool write_node(const struct der_tree *tree, int node, struct buffer *ret_bytes);

static bool write_children(const struct der_tree *tree, int node, struct buffer *ret_bytes)
{
    int child = tree->nodes[node].first;
    if (child == DER_NO_NODE)
        return buffer_append(ret_bytes, tree->nodes[node].content);
    for (; child != DER_NO_NODE; child = tree->nodes[child].next) {
        if (!write_node(tree, child, ret_bytes))
            return false;
    }
    return true;
}

/* The content is written where it will stand but for the header, which then moves it. */
static bool write_node(const struct der_tree *tree, int node, struct buffer *ret_bytes)
{
    static const uint8_t end[2] = {0, 0};
    const struct der_node *written = &tree->nodes[node];
    size_t start = ret_bytes->size;
    if (!write_children(tree, node, ret_bytes))
        return false;
    size_t length = ret_bytes->size - start;
    size_t before = ret_bytes->size;
    if (!write_header(written, length, ret_bytes))
        return false;
    uint8_t header[2 + LENGTH_BYTES_MOST];
    size_t header_size = ret_bytes->size - before;
    memcpy(header, ret_bytes->data + before, header_size);
    memmove(ret_bytes->data + start + header_size, ret_bytes->data + start, length);
    memcpy(ret_bytes->data + start, header, header_size);
    return !written->is_indefinite || buffer_append(ret_bytes, (struct bytes){end, sizeof end});
}

bool der_tree_write(const struct der_tree *tree, int node, struct buffer *ret_bytes)
{
    size_t before = ret_bytes->size;
    if (write_node(tree, node, ret_bytes))
        return true;
    ret_bytes->size = before;
    return false;
}
