/* Several strings in one blob: their number, their sizes, their bytes, little-endian. The layout
 * is part of the file's format (store_sqlite_schema.c makes it in SQL as well), so it never
 * changes; everything is checked when it is read, as a damaged page may say anything. */
#include "gateway/store/packed.h"

#include <string.h>

enum { NUMBER_BYTES = 4 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are kept as they lie");

static void put_number(uint8_t *data, size_t number)
{
    const uint32_t little = (uint32_t)number;
    memcpy(data, &little, NUMBER_BYTES);
}

static size_t get_number(const uint8_t *data)
{
    uint32_t little;
    memcpy(&little, data, NUMBER_BYTES);
    return little;
}

static size_t total_size(const struct bytes *strings, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += strings[i].size;
    return size;
}

size_t packed_size(const struct bytes *first, size_t first_count, const struct bytes *second,
                   size_t second_count)
{
    return NUMBER_BYTES * (1 + first_count + second_count) + total_size(first, first_count) +
           total_size(second, second_count);
}

size_t packed_size_empty(size_t count)
{
    return NUMBER_BYTES * (1 + count);
}

/* For one who appends the strings himself, in exactly these sizes. */
bool packed_begin(struct buffer *buffer, const size_t *sizes, size_t count)
{
    uint8_t *numbers = buffer_extend(buffer, NUMBER_BYTES * (1 + count));
    if (numbers == NULL)
        return false;
    put_number(numbers, count);
    for (size_t i = 0; i < count; i++)
        put_number(numbers + NUMBER_BYTES * (1 + i), sizes[i]);
    return true;
}

bool packed_append(struct buffer *buffer, const struct bytes *first, size_t first_count,
                   const struct bytes *second, size_t second_count)
{
    size_t count = first_count + second_count;
    size_t header = NUMBER_BYTES * (1 + count);
    size_t content = total_size(first, first_count) + total_size(second, second_count);
    if (count > UINT32_MAX || content > UINT32_MAX)
        return false;
    uint8_t *sizes = buffer_extend(buffer, header + content);
    if (sizes == NULL)
        return false;
    uint8_t *string = sizes + header;
    put_number(sizes, count);
    for (size_t i = 0; i < count; i++) {
        const struct bytes *from = i < first_count ? &first[i] : &second[i - first_count];
        put_number(sizes + NUMBER_BYTES * (1 + i), from->size);
        if (from->size != 0)
            memcpy(string, from->data, from->size);
        string += from->size;
    }
    return true;
}

bool packed_count(struct bytes packed, size_t *ret_count)
{
    if (packed.size < NUMBER_BYTES)
        return false;
    size_t count = get_number(packed.data);
    if (count > (packed.size - NUMBER_BYTES) / NUMBER_BYTES)
        return false;
    *ret_count = count;
    return true;
}

/* Sums of at most 2^32 numbers of 32 bits cannot wrap in 64; the result is compared with the
 * blob. */
bool packed_get(struct bytes packed, size_t index, struct bytes *ret_string)
{
    size_t count = 0;
    if (!packed_count(packed, &count) || index >= count)
        return false;
    size_t at = NUMBER_BYTES * (1 + count);
    for (size_t i = 0; i < index; i++)
        at += get_number(packed.data + NUMBER_BYTES * (1 + i));
    size_t size = get_number(packed.data + NUMBER_BYTES * (1 + index));
    if (at > packed.size || size > packed.size - at)
        return false;
    *ret_string = (struct bytes){packed.data + at, size};
    return true;
}

bool packed_shrink(uint8_t *packed, size_t *size, size_t index, size_t by)
{
    struct bytes string;
    if (!packed_get((struct bytes){packed, *size}, index, &string) || string.size < by)
        return false;
    size_t end = (size_t)(string.data - packed) + string.size;
    memmove(packed + end - by, packed + end, *size - end);
    put_number(packed + NUMBER_BYTES * (1 + index), string.size - by);
    *size -= by;
    return true;
}
