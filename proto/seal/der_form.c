/* Whether bytes that nobody reads are DER: a walk over types and lengths, to a bounded depth. DER
 * has one encoding for a value and BER many; OpenSSL reads much BER, so that loose bytes are told
 * apart from broken ones: their writer has a setting to change, and the reason says so. Nothing is
 * decoded here (der.c does that), and no memory is taken. */
#include "proto/seal/der.h"

enum {
    TAG_CLASS_MASK = 0xc0,
    TAG_CONSTRUCTED = 0x20,
    TAG_NUMBER_MASK = 0x1f,
    TAG_NUMBER_BYTES_MAX = 4,
    MORE_FOLLOWS = 0x80,
    LENGTH_INDEFINITE = 0x80,
    LENGTH_BYTES_MAX = 8,
    TRUE_BYTE = 0xff,
    UNUSED_BITS_MAX = 7,
};

/* Universal types (X.680 §8.6). */
enum {
    TYPE_END = 0,
    TYPE_BOOLEAN = 1,
    TYPE_INTEGER = 2,
    TYPE_BIT_STRING = 3,
    TYPE_OCTET_STRING = 4,
    TYPE_NULL = 5,
    TYPE_OBJECT = 6,
    TYPE_ENUMERATED = 10,
    TYPE_UTF8_STRING = 12,
    TYPE_SEQUENCE = 16,
    TYPE_SET = 17,
    TYPE_NUMERIC_STRING = 18, /* from here to TYPE_UNIVERSAL_STRING: texts and times */
    TYPE_UNIVERSAL_STRING = 28,
    TYPE_BMP_STRING = 30,
};

struct element {
    bool is_universal;
    bool is_constructed;
    bool is_indefinite;
    bool is_loose; /* its header has a shorter form */
    uint32_t type;
    struct bytes content; /* all that follows when the length is indefinite */
};

static uint8_t next_byte(struct bytes *rest)
{
    uint8_t byte = rest->data[0];
    rest->data++;
    rest->size--;
    return byte;
}

/* False: not a header that anybody reads, as with more than TAG_NUMBER_BYTES_MAX bytes of number.
 */
static bool read_type(struct bytes *rest, struct element *element)
{
    if (rest->size == 0)
        return false;
    uint8_t first = next_byte(rest);
    element->is_universal = (first & TAG_CLASS_MASK) == 0;
    element->is_constructed = (first & TAG_CONSTRUCTED) != 0;
    element->type = first & TAG_NUMBER_MASK;
    if (element->type != TAG_NUMBER_MASK)
        return true;
    element->type = 0;
    for (int i = 0; i < TAG_NUMBER_BYTES_MAX && rest->size > 0; i++) {
        uint8_t byte = next_byte(rest);
        element->is_loose |= i == 0 && byte == MORE_FOLLOWS;
        element->type = element->type << 7 | (byte & (MORE_FOLLOWS - 1u));
        if ((byte & MORE_FOLLOWS) == 0) {
            element->is_loose |= element->type < TAG_NUMBER_MASK;
            return true;
        }
    }
    return false;
}

/* Moves past the element; past its header alone when the length is indefinite. */
static bool read_content(struct bytes *rest, struct element *element)
{
    if (rest->size == 0)
        return false;
    size_t length = next_byte(rest);
    if (length == LENGTH_INDEFINITE) {
        element->is_indefinite = true;
        element->content = *rest;
        return element->is_constructed;
    }
    if (length > LENGTH_INDEFINITE) {
        size_t count = length - LENGTH_INDEFINITE;
        if (count > LENGTH_BYTES_MAX || count > rest->size)
            return false;
        element->is_loose |= rest->data[0] == 0;
        length = 0;
        for (size_t i = 0; i < count; i++)
            length = length << 8 | next_byte(rest);
        element->is_loose |= length < LENGTH_INDEFINITE;
    }
    if (length > rest->size)
        return false;
    element->content = (struct bytes){rest->data, length};
    rest->data += length;
    rest->size -= length;
    return true;
}

/* What was seen on the way. */
struct findings {
    bool is_broken;
    bool is_loose;
};

/* In its shortest form (X.690, section 8.3.2), which OpenSSL insists on as well. */
static bool is_integer(struct bytes content)
{
    if (content.size < 2)
        return content.size == 1;
    bool is_padded = (content.data[0] == 0 && content.data[1] <= INT8_MAX) ||
                     (content.data[0] == TRUE_BYTE && content.data[1] > INT8_MAX);
    return !is_padded;
}

/* Numbers of seven bits a byte, each in its shortest form. */
static bool is_object(struct bytes content)
{
    bool at_start = true;
    for (size_t i = 0; i < content.size; i++) {
        if (at_start && content.data[i] == MORE_FOLLOWS)
            return false;
        at_start = (content.data[i] & MORE_FOLLOWS) == 0;
    }
    return content.size > 0 && at_start;
}

/* Unused bits that are not zero are BER: OpenSSL reads them, so that they are loose and not broken.
 */
static bool is_bit_string(struct bytes content, struct findings *findings)
{
    if (content.size == 0 || content.data[0] > UNUSED_BITS_MAX ||
        (content.size == 1 && content.data[0] != 0))
        return false;
    unsigned unused = (1u << content.data[0]) - 1;
    findings->is_loose |= content.size > 1 && (content.data[content.size - 1] & unused) != 0;
    return true;
}

/* DER has one byte for true; BER has 255 of them. */
static bool is_boolean(struct bytes content, struct findings *findings)
{
    if (content.size != 1)
        return false;
    findings->is_loose |= content.data[0] != 0 && content.data[0] != TRUE_BYTE;
    return true;
}

static bool is_string(uint32_t type)
{
    return type == TYPE_OCTET_STRING || type == TYPE_UTF8_STRING || type == TYPE_BMP_STRING ||
           (type >= TYPE_NUMERIC_STRING && type <= TYPE_UNIVERSAL_STRING);
}

/* Of a type that is not listed here only strings may be primitive; everything else that OpenSSL
 * would refuse is broken. */
static bool is_primitive(uint32_t type, struct bytes content, struct findings *findings)
{
    switch (type) {
    case TYPE_BOOLEAN:
        return is_boolean(content, findings);
    case TYPE_INTEGER:
    case TYPE_ENUMERATED:
        return is_integer(content);
    case TYPE_BIT_STRING:
        return is_bit_string(content, findings);
    case TYPE_NULL:
        return content.size == 0;
    case TYPE_OBJECT:
        return is_object(content);
    case TYPE_UNIVERSAL_STRING:
        return content.size % 4 == 0;
    case TYPE_BMP_STRING:
        return content.size % 2 == 0;
    case TYPE_SET: /* OpenSSL reads a SET OF whose header calls it primitive, and mends it */
        findings->is_loose = true;
        return true;
    default:
        return is_string(type);
    }
}

/* Recursion is bounded by depth; BER may nest without an end in a few bytes each. */
static bool walk(struct bytes *rest, bool until_end, int depth, struct findings *findings);

/* False: where it ends is not known. */
static bool walk_constructed(struct element *element, struct bytes *rest, int depth,
                             struct findings *findings)
{
    if (element->is_universal) {
        bool in_pieces = is_string(element->type) || element->type == TYPE_BIT_STRING;
        findings->is_loose |= in_pieces;
        findings->is_broken |=
            !in_pieces && element->type != TYPE_SEQUENCE && element->type != TYPE_SET;
    }
    if (element->is_indefinite) {
        findings->is_loose = true;
        return walk(rest, true, depth + 1, findings);
    }
    if (!walk(&element->content, false, depth + 1, findings))
        findings->is_broken = true;
    return true;
}

/* False: broken, since it does not come to the end. What is only loose is noted, and the walk goes
 * on. */
static bool walk(struct bytes *rest, bool until_end, int depth, struct findings *findings)
{
    if (depth > DER_DEPTH_MAX)
        return false;
    while (rest->size > 0) {
        struct element element = {0};
        if (!read_type(rest, &element) || !read_content(rest, &element))
            return false;
        if (until_end && element.is_universal && element.type == TYPE_END)
            return element.content.size == 0 && !element.is_constructed;
        findings->is_loose |= element.is_loose;
        if (element.is_constructed && !walk_constructed(&element, rest, depth, findings))
            return false;
        if (!element.is_constructed && element.is_universal &&
            !is_primitive(element.type, element.content, findings))
            findings->is_broken = true;
    }
    return !until_end;
}

/* Broken counts before loose: of bytes that cannot be read to their end nothing else can be said.
 */
enum der_form der_form(struct bytes elements)
{
    struct findings findings = {0};
    if (!walk(&elements, false, 0, &findings) || findings.is_broken)
        return DER_FORM_BROKEN;
    return findings.is_loose ? DER_FORM_LOOSE : DER_FORM_STRICT;
}

bool der_has_loose(struct bytes elements)
{
    struct findings findings = {0};
    (void)walk(&elements, false, 0, &findings);
    return findings.is_loose;
}
