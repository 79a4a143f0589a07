/* UUID version 7 (RFC 9562 §5.7): the time in milliseconds, then random bits. In a sender's order
 * they ascend, which spares most look-ups for duplicates (gateway/core/broker_refuse.c). */
#include "proto/base/id.h"

#include <string.h>

enum {
    TIME_BYTES = 6,
    VERSION_BYTE = 6,
    VERSION_MASK = 0xf0,
    VERSION_7 = 0x70,
    VARIANT_BYTE = 8,
    VARIANT_MASK = 0xc0,
    VARIANT_RFC = 0x80,
};

/* Version and variant as RFC 9562 §4 places them; the random bits that stood there are lost. */
static void stamp_layout(struct message_id *id)
{
    id->bytes[VERSION_BYTE] = (uint8_t)((id->bytes[VERSION_BYTE] & 0x0f) | VERSION_7);
    id->bytes[VARIANT_BYTE] = (uint8_t)((id->bytes[VARIANT_BYTE] & 0x3f) | VARIANT_RFC);
}

/* Adds one to the 74 bits that are not version or variant, carrying into the time. */
static void increment(struct message_id *id)
{
    for (size_t i = MESSAGE_ID_BYTES; i-- > 0;) {
        uint8_t fixed = i == VERSION_BYTE ? VERSION_MASK : i == VARIANT_BYTE ? VARIANT_MASK : 0;
        uint8_t free_bits = (uint8_t)~fixed;
        uint8_t value = (uint8_t)((id->bytes[i] + 1) & free_bits);
        id->bytes[i] = (uint8_t)((id->bytes[i] & fixed) | value);
        if (value != 0)
            return;
    }
}

/* A clock that was set back, or many ids within a millisecond: the next one is the last one plus
 * one, so that they ascend whatever the clock does. */
void id_make(struct id_maker *maker, wall_t now, const uint8_t random[ID_RANDOM_BYTES],
             struct message_id *ret_id)
{
    struct message_id id;
    uint64_t ms = (uint64_t)now.ms;
    for (size_t i = 0; i < TIME_BYTES; i++)
        id.bytes[i] = (uint8_t)(ms >> (8 * (TIME_BYTES - 1 - i)));
    memcpy(id.bytes + TIME_BYTES, random, ID_RANDOM_BYTES);
    stamp_layout(&id);
    if (id_compare(&id, &maker->last) <= 0) {
        id = maker->last;
        increment(&id);
    }
    maker->last = id;
    *ret_id = id;
}

void id_make_named(struct id_maker *maker, wall_t now, const uint8_t random[ID_RANDOM_BYTES],
                   struct message_id *ret_id)
{
    enum { AHEAD_MAX_MS = 1000 };
    int64_t next_ms = id_time(&maker->last).ms + 1;
    if (next_ms > now.ms && next_ms - now.ms <= AHEAD_MAX_MS)
        now.ms = next_ms;
    id_make(maker, now, random, ret_id);
}

void id_name(const uint8_t random[ID_RANDOM_BYTES], uint8_t ret_name[ID_RANDOM_BYTES])
{
    struct message_id id = {{0}};
    memcpy(id.bytes + TIME_BYTES, random, ID_RANDOM_BYTES);
    stamp_layout(&id);
    memcpy(ret_name, id.bytes + TIME_BYTES, ID_RANDOM_BYTES);
}

const uint8_t *id_name_of(const struct message_id *id)
{
    return id->bytes + TIME_BYTES;
}

bool id_equal(const struct message_id *a, const struct message_id *b)
{
    return id_compare(a, b) == 0;
}

int id_compare(const struct message_id *a, const struct message_id *b)
{
    return memcmp(a->bytes, b->bytes, MESSAGE_ID_BYTES);
}

bool id_is_zero(const struct message_id *id)
{
    static const struct message_id zero;
    return id_equal(id, &zero);
}

bool id_is_valid(const struct message_id *id)
{
    return (id->bytes[VERSION_BYTE] & VERSION_MASK) == VERSION_7 &&
           (id->bytes[VARIANT_BYTE] & VARIANT_MASK) == VARIANT_RFC;
}

wall_t id_time(const struct message_id *id)
{
    uint64_t ms = 0;
    for (size_t i = 0; i < TIME_BYTES; i++)
        ms = ms << 8 | id->bytes[i];
    return (wall_t){(int64_t)ms};
}

void id_format(const struct message_id *id, char *ret_text)
{
    static const size_t group_bytes[] = {4, 2, 2, 2, 6};
    size_t from = 0;
    for (size_t group = 0; group < 5; group++) {
        hex_encode((struct bytes){id->bytes + from, group_bytes[group]}, ret_text);
        ret_text += 2 * group_bytes[group];
        *ret_text++ = '-';
        from += group_bytes[group];
    }
    ret_text[-1] = 0;
}

/* One form alone, with its four dashes in their places: an id is looked up by its bytes, and a form
 * that only some programs read would be found by only some of them. */
bool id_parse(struct bytes text, struct message_id *ret_id)
{
    enum { TEXT_SIZE = MESSAGE_ID_TEXT_BYTES - 1 };
    uint8_t digits[2 * MESSAGE_ID_BYTES];
    size_t count = 0;
    if (text.size != TEXT_SIZE)
        return false;
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text.data[i] == '-'))
            return false;
        if (!dash)
            digits[count++] = text.data[i];
    }
    return hex_decode((struct bytes){digits, count}, ret_id->bytes, MESSAGE_ID_BYTES);
}
