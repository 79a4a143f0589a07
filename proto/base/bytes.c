/* Views, growing buffers with a bound, and hexadecimal. A buffer that is full, or finds no memory,
 * refuses what does not fit and stays as it was: callers may go on with what they have. */
#include "proto/base/bytes.h"

#include "proto/base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* As memcmp, and of two that begin alike the shorter one first. */
int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer){.limit_bytes = limit_bytes};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit_bytes);
}

/* The memory is kept for what comes next. */
void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

/* Doubling makes many small appends linear; the last doubling is cut at the limit. */
static bool reserve(struct buffer *buffer, size_t more)
{
    enum { FIRST_BYTES = 256 };
    if (more > buffer->limit_bytes - buffer->size)
        return false;
    size_t need = buffer->size + more;
    if (need <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity == 0 ? FIRST_BYTES : buffer->capacity;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity > buffer->limit_bytes)
        capacity = buffer->limit_bytes;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

/* The bytes are not set; the caller fills all of them. NULL leaves the buffer as it was. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size_bytes)
{
    if (!reserve(buffer, size_bytes))
        return NULL;
    uint8_t *room = buffer->data + buffer->size;
    buffer->size += size_bytes;
    return room;
}

/* more must not lie in the buffer itself: growing moves it. */
bool buffer_append(struct buffer *buffer, struct bytes more)
{
    if (more.size == 0)
        return true;
    uint8_t *room = buffer_extend(buffer, more.size);
    if (room == NULL)
        return false;
    memcpy(room, more.data, more.size);
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, bytes_of_text(text));
}

/* Measured first, so that what does not fit is not half there. */
bool buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    check(length >= 0);
    size_t size = (size_t)length;
    if (!reserve(buffer, size + 1))
        return false;
    va_start(arguments, format);
    (void)vsnprintf((char *)buffer->data + buffer->size, size + 1, format, arguments);
    va_end(arguments);
    buffer->size += size;
    return true;
}

struct bytes buffer_view(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->size};
}

/* The zero is not counted: appending goes on over it. Good until then. */
const char *buffer_text(struct buffer *buffer)
{
    if (!reserve(buffer, 1))
        return NULL;
    buffer->data[buffer->size] = 0;
    return (const char *)buffer->data;
}

void *rows_grow(void *rows, size_t count, size_t *capacity, size_t row_bytes)
{
    enum { FIRST = 64 };
    if (count < *capacity)
        return rows;
    size_t larger = *capacity == 0 ? FIRST : *capacity * 2;
    check(larger <= SIZE_MAX / row_bytes);
    void *grown = realloc(rows, larger * row_bytes);
    if (grown != NULL)
        *capacity = larger;
    return grown;
}

void hex_encode(struct bytes from, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < from.size; i++) {
        ret_text[2 * i] = digits[from.data[i] >> 4];
        ret_text[2 * i + 1] = digits[from.data[i] & 15];
    }
    ret_text[2 * from.size] = 0;
}

/* By hand, since isxdigit and strtoul depend on the locale and take signs and blanks. */
static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Everything is looked at before anything is written: a refusal leaves the caller's memory alone.
 */
bool hex_decode(struct bytes text, uint8_t *ret_data, size_t size_bytes)
{
    if (text.size != 2 * size_bytes)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (hex_value(text.data[i]) < 0)
            return false;
    }
    for (size_t i = 0; i < size_bytes; i++) {
        int high = hex_value(text.data[2 * i]);
        int low = hex_value(text.data[2 * i + 1]);
        ret_data[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}
