#include "tests/support/cms_mutant.h"

#include <string.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "proto/seal/der.h"
#include "tests/support/cms_oracle.h"
#include "tests/support/cms_parts.h"

enum {
    SIGNATURE_VALUE_BYTES = 1024,
    SET_BYTES_MAX = 64 * 1024,
    CHANGES_MOST = 3,
    FILLER_BYTES_MOST = 40,
    CONSTRUCTED = 0x20,
};

/* Chances in a million. */
enum {
    SIGNS_AGAIN = 700000,
    SIGNS_AS_SENT = 500000,
    SPOILS_BYTES = 60000,
    IN_ATTRIBUTES = 600000,
};

int cms_signed_data_node(const struct der_tree *tree)
{
    return der_tree_find(tree, (const int[]){1, 0, DER_NO_NODE});
}

int cms_signer_node(const struct der_tree *tree)
{
    int content = cms_signed_data_node(tree);
    int last = DER_NO_NODE;
    for (int child = der_tree_child(tree, content, 0); child != DER_NO_NODE;
         child = tree->nodes[child].next)
        last = child;
    return der_tree_child(tree, last, 0);
}

static int child_with_tag(const struct der_tree *tree, int node, int from, uint8_t tag)
{
    int child = der_tree_child(tree, node, from);
    while (child != DER_NO_NODE && tree->nodes[child].tag != tag)
        child = tree->nodes[child].next;
    return child;
}

int cms_attributes_node(const struct der_tree *tree)
{
    return child_with_tag(tree, cms_signer_node(tree), 2, DER_CONTEXT_0);
}

static bool sign_bytes(const struct cms_base *base, struct bytes message, uint8_t *ret_value,
                       size_t *ret_size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    bool sound = context != NULL && EVP_DigestSignInit_ex(context, &key_context, base->hash, NULL,
                                                          NULL, base->key, NULL) == 1;
    if (sound && base->is_pss)
        sound = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1;
    *ret_size = SIGNATURE_VALUE_BYTES;
    sound = sound && EVP_DigestSign(context, ret_value, ret_size, message.data, message.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return sound;
}

/* The content of signedAttrs, as it will be sent. */
static bool write_attributes(const struct der_tree *tree, int node, struct buffer *ret_content)
{
    for (int child = tree->nodes[node].first; child != DER_NO_NODE;
         child = tree->nodes[child].next) {
        if (!der_tree_write(tree, child, ret_content))
            return false;
    }
    return ret_content->size > 0;
}

static bool write_signed_set(const struct der_tree *tree, int node, enum cms_signing how,
                             struct buffer *content, struct buffer *ret_set)
{
    if (!write_attributes(tree, node, content))
        return false;
    if (how == CMS_SIGN_AS_OPENSSL)
        return cms_oracle_attributes(buffer_view(content), ret_set);
    uint8_t header[8];
    uint8_t *end = header;
    ASN1_put_object(&end, 1, (int)content->size, V_ASN1_SET, V_ASN1_UNIVERSAL);
    return buffer_append(ret_set, (struct bytes){header, (size_t)(end - header)}) &&
           buffer_append(ret_set, buffer_view(content));
}

bool cms_mutant_sign(struct der_tree *tree, const struct cms_base *base, enum cms_signing how)
{
    uint8_t value[SIGNATURE_VALUE_BYTES];
    size_t size;
    struct buffer content;
    struct buffer set;
    int attributes = cms_attributes_node(tree);
    int place = child_with_tag(tree, cms_signer_node(tree), 3, DER_OCTET_STRING);
    if (attributes == DER_NO_NODE || place == DER_NO_NODE)
        return false;
    buffer_init(&content, SET_BYTES_MAX);
    buffer_init(&set, SET_BYTES_MAX);
    bool sound = write_signed_set(tree, attributes, how, &content, &set) &&
                 sign_bytes(base, buffer_view(&set), value, &size);
    if (sound) {
        tree->nodes[place].content = der_tree_keep(tree, (struct bytes){value, size});
        tree->nodes[place].first = DER_NO_NODE;
    }
    buffer_release(&set);
    buffer_release(&content);
    return sound;
}

/* --- changes -----------------------------------------------------------------------------------
 */

/* Any node; more often one of the attributes. */
static int choose(const struct der_tree *tree, struct dice *dice)
{
    int attributes = cms_attributes_node(tree);
    if (attributes == DER_NO_NODE || !dice_happens(dice, IN_ATTRIBUTES))
        return (int)dice_below(dice, (uint64_t)tree->count);
    /* Those behind it in the tree are its own, then what follows. */
    int behind = tree->count - attributes;
    return attributes + (int)dice_below(dice, (uint64_t)(behind < 24 ? behind : 24));
}

static void retag(struct der_tree *tree, int node, struct dice *dice)
{
    static const uint8_t tags[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17,
                                   0x18, 0x1e, 0x24, 0x30, 0x31, 0x80, 0xa0, 0xa1, 0xa2, 0x00};
    uint8_t *tag = &tree->nodes[node].tag;
    if (dice_below(dice, 3) == 0)
        *tag ^= (uint8_t)(1u << dice_below(dice, 8));
    else
        *tag = tags[dice_below(dice, sizeof tags)];
}

static void refill(struct der_tree *tree, int node, struct dice *dice)
{
    uint8_t bytes[FILLER_BYTES_MOST];
    struct bytes old = tree->nodes[node].content;
    size_t size = (size_t)dice_below(dice, sizeof bytes);
    dice_fill(dice, bytes, sizeof bytes);
    if (tree->nodes[node].first != DER_NO_NODE || old.size == 0 || old.size > sizeof bytes)
        return;
    switch (dice_below(dice, 4)) {
    case 0: /* one bit */
        memcpy(bytes, old.data, old.size);
        size = old.size;
        if (size > 0)
            bytes[dice_below(dice, size)] ^= (uint8_t)(1u << dice_below(dice, 8));
        break;
    case 1: /* shorter */
        memcpy(bytes, old.data, old.size);
        size = (size_t)dice_below(dice, old.size);
        break;
    case 2: /* a byte before */
        if (old.size < sizeof bytes) {
            bytes[0] = dice_below(dice, 2) == 0 ? 0 : 0xff;
            memcpy(bytes + 1, old.data, old.size);
            size = old.size + 1;
        }
        break;
    default:
        break;
    }
    tree->nodes[node].content = der_tree_keep(tree, (struct bytes){bytes, size});
}

static void lengthen_length(struct der_tree *tree, int node, struct dice *dice)
{
    if (tree->nodes[node].first != DER_NO_NODE && dice_below(dice, 2) == 0)
        tree->nodes[node].is_indefinite = true;
    else
        tree->nodes[node].length_bytes = (uint8_t)(1 + dice_below(dice, 4));
}

/* A string in two pieces. */
static void split(struct der_tree *tree, int node, struct dice *dice)
{
    uint8_t memory[FILLER_BYTES_MOST * 2];
    struct der_writer writer;
    struct bytes content = tree->nodes[node].content;
    if (tree->nodes[node].first != DER_NO_NODE || content.size == 0 ||
        content.size > FILLER_BYTES_MOST)
        return;
    size_t cut = (size_t)dice_below(dice, content.size);
    uint8_t tag =
        (tree->nodes[node].tag & 0xc0) != 0 ? (uint8_t)DER_OCTET_STRING : tree->nodes[node].tag;
    der_writer_init(&writer, memory, sizeof memory);
    der_write_element(&writer, tag, (struct bytes){content.data + cut, content.size - cut});
    der_write_element(&writer, tag, (struct bytes){content.data, cut});
    tree->nodes[node].tag |= CONSTRUCTED;
    tree->nodes[node].content = der_tree_keep(tree, der_written(&writer));
}

static void copy_element(struct der_tree *tree, int from, int to_parent, struct dice *dice)
{
    struct buffer copy;
    buffer_init(&copy, SET_BYTES_MAX);
    if (der_tree_write(tree, from, &copy))
        (void)der_tree_insert(tree, to_parent, (int)dice_below(dice, 6), buffer_view(&copy));
    buffer_release(&copy);
}

static void insert_attribute(struct der_tree *tree, struct dice *dice)
{
    uint8_t bytes[CMS_PART_BYTES_MAX];
    int signer = cms_signer_node(tree);
    int attributes = cms_attributes_node(tree);
    size_t size = cms_part_write(cms_attribute(dice_below(dice, cms_attribute_count())), bytes);
    struct bytes attribute = {bytes, size};
    if (signer == DER_NO_NODE || attributes == DER_NO_NODE)
        return;
    if (dice_below(dice, 5) > 0) {
        /* Often where DER wants it, by its length. */
        int place = 0;
        for (int child = tree->nodes[attributes].first; child != DER_NO_NODE;
             child = tree->nodes[child].next)
            place += tree->nodes[child].first != DER_NO_NODE && dice_below(dice, 3) > 0;
        (void)der_tree_insert(tree, attributes, place, attribute);
        return;
    }
    uint8_t unsigned_attributes[CMS_PART_BYTES_MAX + 8];
    struct der_writer writer;
    der_writer_init(&writer, unsigned_attributes, sizeof unsigned_attributes);
    der_write_element(&writer, DER_CONTEXT_1, attribute);
    (void)der_tree_insert(tree, signer, CHANGES_MOST * 10, der_written(&writer));
}

/* Signed attributes in the order of DER. */
static void sort_attributes(struct der_tree *tree)
{
    int attributes = cms_attributes_node(tree);
    struct buffer content;
    struct buffer set;
    struct bytes inside;
    buffer_init(&content, SET_BYTES_MAX);
    buffer_init(&set, SET_BYTES_MAX);
    if (attributes != DER_NO_NODE && write_attributes(tree, attributes, &content) &&
        cms_oracle_attributes(buffer_view(&content), &set) &&
        der_take_only(buffer_view(&set), DER_SET, &inside)) {
        tree->nodes[attributes].content = der_tree_keep(tree, inside);
        int first = DER_NO_NODE;
        tree->nodes[attributes].first = first;
        while (inside.size > 0) {
            const uint8_t *start = inside.data;
            if (!der_skip(&inside) ||
                !der_tree_insert(tree, attributes, DER_NODES_MAX,
                                 (struct bytes){start, (size_t)(inside.data - start)}))
                break;
        }
    }
    buffer_release(&set);
    buffer_release(&content);
}

static void change_algorithm(struct der_tree *tree, struct dice *dice)
{
    uint8_t bytes[CMS_PART_BYTES_MAX];
    int signer = cms_signer_node(tree);
    size_t size = cms_part_write(cms_algorithm(dice_below(dice, cms_algorithm_count())), bytes);
    int places[] = {der_tree_child(tree, signer, 2), der_tree_child(tree, signer, 4),
                    der_tree_find(tree, (const int[]){1, 0, 1, 0, DER_NO_NODE})};
    int place = places[dice_below(dice, 3)];
    if (place == DER_NO_NODE)
        return;
    int parent = tree->nodes[place].parent;
    int index = 0;
    for (int child = tree->nodes[parent].first; child != place && child != DER_NO_NODE;
         child = tree->nodes[child].next)
        index++;
    (void)der_tree_insert(tree, parent, index, (struct bytes){bytes, size});
    if (dice_below(dice, 4) > 0)
        der_tree_remove(tree, place);
}

static void insert_filling(struct der_tree *tree, const struct cms_fillings *fillings,
                           struct dice *dice)
{
    int content = cms_signed_data_node(tree);
    if (content == DER_NO_NODE || fillings->count == 0)
        return;
    (void)der_tree_insert(tree, content, (int)(3 + dice_below(dice, 2)),
                          fillings->elements[dice_below(dice, fillings->count)]);
}

static void change_once(struct der_tree *tree, const struct cms_fillings *fillings,
                        struct dice *dice)
{
    int node = choose(tree, dice);
    switch (dice_below(dice, 16)) {
    case 0:
        retag(tree, node, dice);
        break;
    case 1:
    case 2:
        refill(tree, node, dice);
        break;
    case 3:
        lengthen_length(tree, node, dice);
        break;
    case 4:
        split(tree, node, dice);
        break;
    case 5:
        der_tree_remove(tree, node);
        break;
    case 6:
        if (tree->nodes[node].parent != DER_NO_NODE)
            copy_element(tree, node, tree->nodes[node].parent, dice);
        break;
    case 7:
        copy_element(tree, node, choose(tree, dice), dice);
        break;
    case 8:
        change_algorithm(tree, dice);
        break;
    case 9:
        insert_filling(tree, fillings, dice);
        break;
    case 10:
        sort_attributes(tree);
        break;
    default:
        insert_attribute(tree, dice);
        if (dice_below(dice, 2) == 0)
            sort_attributes(tree);
        break;
    }
}

static void spoil(struct dice *dice, struct buffer *signature)
{
    uint8_t bytes[FILLER_BYTES_MOST];
    if (signature->size == 0)
        return;
    switch (dice_below(dice, 3)) {
    case 0:
        signature->size = (size_t)dice_below(dice, signature->size);
        break;
    case 1:
        dice_fill(dice, bytes, sizeof bytes);
        (void)buffer_append(signature,
                            (struct bytes){bytes, 1 + (size_t)dice_below(dice, sizeof bytes - 1)});
        break;
    default:
        signature->data[dice_below(dice, signature->size)] ^= (uint8_t)(1u << dice_below(dice, 8));
        break;
    }
}

void cms_mutant_make(struct der_tree *tree, const struct cms_base *base,
                     const struct cms_fillings *fillings, struct dice *dice,
                     struct buffer *ret_signature)
{
    buffer_clear(ret_signature);
    if (!der_tree_parse(tree, base->signature))
        return;
    for (uint64_t changes = 1 + dice_below(dice, CHANGES_MOST); changes > 0; changes--)
        change_once(tree, fillings, dice);
    if (dice_happens(dice, SIGNS_AGAIN))
        (void)cms_mutant_sign(
            tree, base, dice_happens(dice, SIGNS_AS_SENT) ? CMS_SIGN_AS_SENT : CMS_SIGN_AS_OPENSSL);
    (void)der_tree_write(tree, 0, ret_signature);
    if (dice_happens(dice, SPOILS_BYTES))
        spoil(dice, ret_signature);
}
