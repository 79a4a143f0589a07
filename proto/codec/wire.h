/* wire - the protobuf wire format: fields read as views, messages written in place.
 *
 * The reader knows no schema: it yields one field after another and refuses what no well-made
 * writer produces (cut fields, padded varints or above 64 bits, groups). Its views point into the
 * message.
 *
 * The writer has two modes, so that one function per message both measures and writes. It writes
 * from the end to the front: **the last field first**, of a list the last element first.
 *
 *     struct wire_writer writer = {0};        measuring: nothing is written
 *     put_x(&writer, &x);
 *     uint8_t *room = buffer_extend(buffer, writer.size);
 *     writer = (struct wire_writer){.at = room + writer.size};
 *     put_x(&writer, &x);                     writing: there must be room for what was measured
 *
 *     size_t behind = writer->size;           a sub-message:
 *     put_x(writer, &outer->x);               its fields, the last one first,
 *     wire_end_message(writer, 4, behind);    then its length and its number
 *
 * The number 0 is left out, as proto3 says; whether an empty text is, the caller decides.
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */
#pragma once

#include "proto/base/bytes.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_field {
    uint32_t number; /* 1 to 2^29 - 1 */
    enum wire_type type;
    uint64_t value;     /* VARINT */
    struct bytes bytes; /* BYTES */
};

enum wire_step { WIRE_FIELD, WIRE_END, WIRE_BROKEN };

/* Takes the next field off the front of rest. After BROKEN rest must not be used. */
enum wire_step wire_next(struct bytes *rest, struct wire_field *ret_field);

/* The value of a sint32 or sint64 field. */
int64_t wire_zigzag_decode(uint64_t value);

struct wire_writer {
    uint8_t *at; /* NULL: measuring. Otherwise what was written begins here; at first the end */
    size_t size; /* bytes measured or written */
};

size_t wire_varint_size(uint64_t value);
void wire_put_uint(struct wire_writer *writer, uint32_t number, uint64_t value);
void wire_put_sint(struct wire_writer *writer, uint32_t number, int64_t value);
/* Written even when they are empty. */
void wire_put_bytes(struct wire_writer *writer, uint32_t number, struct bytes bytes);
/* Room for bytes that the caller fills; NULL while measuring. */
uint8_t *wire_put_room(struct wire_writer *writer, size_t size);
/* behind: the writer's size before the first of the message's fields. */
void wire_end_message(struct wire_writer *writer, uint32_t number, size_t behind);
