/* DER, the part of it that CMS needs: elements with a one-byte tag and a definite length of at
 * most three bytes, in their shortest form. Reading gives views of the input; what is longer or
 * looser is no DER to us, and der_form.c tells which of the two it is.
 *
 * Writing goes from the end to the beginning, so that each length is known when its header is due.
 */
#include "proto/seal/der.h"

#include <string.h>

enum { TAG_NUMBER_MASK = 0x1f, LENGTH_LONG = 0x80, LENGTH_BYTES_MAX = 3 };

/* Reads the header at the front; false unless header and content are within rest. */
static bool read_header(struct bytes rest, size_t *ret_header_size, size_t *ret_content_size)
{
    if (rest.size < 2 || (rest.data[0] & TAG_NUMBER_MASK) == TAG_NUMBER_MASK)
        return false;
    size_t header_size = 2;
    size_t content_size = rest.data[1];
    if (content_size >= LENGTH_LONG) {
        size_t length_bytes = content_size - LENGTH_LONG;
        if (length_bytes == 0 || length_bytes > LENGTH_BYTES_MAX || rest.size < 2 + length_bytes)
            return false;
        content_size = 0;
        for (size_t i = 0; i < length_bytes; i++)
            content_size = content_size << 8 | rest.data[2 + i];
        size_t least = length_bytes == 1 ? LENGTH_LONG : (size_t)1 << (8 * (length_bytes - 1));
        if (content_size < least)
            return false;
        header_size += length_bytes;
    }
    if (content_size > rest.size - header_size)
        return false;
    *ret_header_size = header_size;
    *ret_content_size = content_size;
    return true;
}

/* For optional elements. It looks at the tag alone: der_take may still refuse what follows. */
bool der_next_is(struct bytes rest, uint8_t tag)
{
    return rest.size > 0 && rest.data[0] == tag;
}

/* After false rest is unchanged, so that a caller may try another tag. */
bool der_take(struct bytes *rest, uint8_t tag, struct bytes *ret_content)
{
    size_t header_size;
    size_t content_size;
    if (!der_next_is(*rest, tag) || !read_header(*rest, &header_size, &content_size))
        return false;
    *ret_content = (struct bytes){rest->data + header_size, content_size};
    rest->data += header_size + content_size;
    rest->size -= header_size + content_size;
    return true;
}

bool der_skip(struct bytes *rest)
{
    struct bytes content;
    return rest->size > 0 && der_take(rest, rest->data[0], &content);
}

bool der_take_whole(struct bytes *rest, uint8_t tag, struct bytes *ret_element)
{
    const uint8_t *start = rest->data;
    struct bytes content;
    if (!der_take(rest, tag, &content))
        return false;
    *ret_element = (struct bytes){start, (size_t)(rest->data - start)};
    return true;
}

bool der_take_only(struct bytes all, uint8_t tag, struct bytes *ret_content)
{
    struct bytes content;
    if (!der_take(&all, tag, &content) || all.size != 0)
        return false;
    *ret_content = content;
    return true;
}

bool der_take_small(struct bytes *rest, int *ret_value)
{
    struct bytes after = *rest;
    struct bytes content;
    if (!der_take(&after, DER_INTEGER, &content) || content.size == 0 || content.size > 2 ||
        content.data[0] > INT8_MAX)
        return false;
    int value = content.data[0];
    if (content.size == 2) {
        value = value << 8 | content.data[1];
        if (value <= INT8_MAX)
            return false; /* would have fitted into one byte */
    }
    *ret_value = value;
    *rest = after;
    return true;
}

void der_writer_init(struct der_writer *writer, uint8_t *memory, size_t size_bytes)
{
    *writer = (struct der_writer){memory, memory + size_bytes, memory + size_bytes, false};
}

const uint8_t *der_mark(const struct der_writer *writer)
{
    return writer->at;
}

/* When the memory is full that is noted, and all that follows is passed over: callers ask once, at
 * the end, by der_written. */
void der_write(struct der_writer *writer, struct bytes raw)
{
    if (writer->full || raw.size > (size_t)(writer->at - writer->start)) {
        writer->full = true;
        return;
    }
    if (raw.size == 0)
        return;
    writer->at -= raw.size;
    memcpy(writer->at, raw.data, raw.size);
}

/* The content is all that was written since the mark, which lies behind it. */
void der_wrap(struct der_writer *writer, uint8_t tag, const uint8_t *mark)
{
    size_t content_size = (size_t)(mark - writer->at);
    uint8_t header[2 + LENGTH_BYTES_MAX];
    size_t header_size = 0;
    header[header_size++] = tag;
    if (content_size < LENGTH_LONG) {
        header[header_size++] = (uint8_t)content_size;
    } else {
        size_t length_bytes = content_size < 0x100 ? 1 : content_size < 0x10000 ? 2 : 3;
        if (content_size >= (size_t)1 << (8 * LENGTH_BYTES_MAX))
            writer->full = true;
        header[header_size++] = (uint8_t)(LENGTH_LONG + length_bytes);
        for (size_t i = length_bytes; i-- > 0;)
            header[header_size++] = (uint8_t)(content_size >> (8 * i));
    }
    der_write(writer, (struct bytes){header, header_size});
}

void der_write_element(struct der_writer *writer, uint8_t tag, struct bytes content)
{
    const uint8_t *mark = der_mark(writer);
    der_write(writer, content);
    der_wrap(writer, tag, mark);
}

struct bytes der_written(const struct der_writer *writer)
{
    if (writer->full)
        return (struct bytes){NULL, 0};
    return (struct bytes){writer->at, (size_t)(writer->end - writer->at)};
}
