/* Protobuf's wire format, one field at a time, without memory and without a copy: a view of the
 * input each. Writing goes from the end to the front, since the length of a message stands before
 * it and is known once it is written: so each field is written once, however deep it lies. */
#include "proto/codec/wire.h"

#include <string.h>

enum {
    TYPE_BITS = 3,
    VARINT_BYTES_MAX = 10,
    NUMBER_MAX = (1 << 29) - 1,
};

/* The tenth byte has one bit left of 64: more there is a number that some readers would cut. A last
 * byte of zero is padding. */
static bool take_long_varint(struct bytes *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < VARINT_BYTES_MAX && i < rest->size; i++) {
        uint8_t byte = rest->data[i];
        if (i == VARINT_BYTES_MAX - 1 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            if (byte == 0)
                return false;
            *rest = (struct bytes){rest->data + i + 1, rest->size - i - 1};
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* False when it is cut, does not fit into 64 bits, or is padded with zero groups: readers differ in
 * how much padding they take, and a field must not be there for one and absent for another. Most
 * have one octet, which is read in place. */
static inline bool take_varint(struct bytes *rest, uint64_t *ret_value)
{
    if (rest->size == 0 || rest->data[0] >= 0x80)
        return take_long_varint(rest, ret_value);
    *ret_value = rest->data[0];
    rest->data++;
    rest->size--;
    return true;
}

/* The size is compared before anything is added to a pointer: it is a stranger's and may be any
 * number of 64 bits. */
static bool take_bytes(struct bytes *rest, uint64_t size, struct bytes *ret_bytes)
{
    if (size > rest->size)
        return false;
    *ret_bytes = (struct bytes){rest->data, (size_t)size};
    *rest = (struct bytes){rest->data + size, rest->size - (size_t)size};
    return true;
}

/* Groups (types 3 and 4), which no program has written since proto2, and the types that do not
 * exist fall through the switch and are broken. */
enum wire_step wire_next(struct bytes *rest, struct wire_field *ret_field)
{
    uint64_t key;
    uint64_t size;
    bool taken = false;
    if (rest->size == 0)
        return WIRE_END;
    if (!take_varint(rest, &key) || key >> TYPE_BITS == 0 || key >> TYPE_BITS > NUMBER_MAX)
        return WIRE_BROKEN;
    struct wire_field field = {.number = (uint32_t)(key >> TYPE_BITS),
                               .type = (enum wire_type)(key & ((1 << TYPE_BITS) - 1))};
    switch (field.type) {
    case WIRE_VARINT:
        taken = take_varint(rest, &field.value);
        break;
    case WIRE_BYTES:
        taken = take_varint(rest, &size) && take_bytes(rest, size, &field.bytes);
        break;
    case WIRE_FIXED64:
        taken = take_bytes(rest, sizeof(uint64_t), &field.bytes);
        break;
    case WIRE_FIXED32:
        taken = take_bytes(rest, sizeof(uint32_t), &field.bytes);
        break;
    }
    if (!taken)
        return WIRE_BROKEN;
    *ret_field = field;
    return WIRE_FIELD;
}

int64_t wire_zigzag_decode(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (~(value & 1) + 1));
}

static uint64_t zigzag_encode(int64_t value)
{
    uint64_t sign = value < 0 ? UINT64_MAX : 0;
    return (uint64_t)value << 1 ^ sign;
}

size_t wire_varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static void put_varint(struct wire_writer *writer, uint64_t value)
{
    size_t size = value < 0x80 ? 1 : wire_varint_size(value);
    writer->size += size;
    if (writer->at == NULL)
        return;
    uint8_t *at = writer->at -= size;
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at = (uint8_t)value;
}

static void put_key(struct wire_writer *writer, uint32_t number, enum wire_type type)
{
    put_varint(writer, (uint64_t)number << TYPE_BITS | (uint64_t)type);
}

void wire_put_uint(struct wire_writer *writer, uint32_t number, uint64_t value)
{
    if (value == 0)
        return;
    put_varint(writer, value);
    put_key(writer, number, WIRE_VARINT);
}

void wire_put_sint(struct wire_writer *writer, uint32_t number, int64_t value)
{
    wire_put_uint(writer, number, zigzag_encode(value));
}

uint8_t *wire_put_room(struct wire_writer *writer, size_t size)
{
    writer->size += size;
    return writer->at == NULL ? NULL : (writer->at -= size);
}

void wire_put_bytes(struct wire_writer *writer, uint32_t number, struct bytes bytes)
{
    uint8_t *room = wire_put_room(writer, bytes.size);
    if (room != NULL && bytes.size > 0)
        memcpy(room, bytes.data, bytes.size);
    wire_end_message(writer, number, writer->size - bytes.size);
}

void wire_end_message(struct wire_writer *writer, uint32_t number, size_t behind)
{
    put_varint(writer, writer->size - behind);
    put_key(writer, number, WIRE_BYTES);
}
